// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The builder's JSON: suggestions from the language's schema and the server's tools, by the keyboard; what a word means.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard } from '../lib/window.mjs';

const BIDI = 'safe\u202etxt.exe';
const TOOLS = [
  tool('read_file', { path: { type: 'string' } }, { annotations: { readOnlyHint: true } }),
  tool('write_file', { path: { type: 'string', description: 'which file' }, mode: { type: 'string', enum: ['append', 'replace'] } }),
  tool(BIDI, {}),
];
const DOCUMENT = '{\n  "version": "1",\n  "default": "deny",\n  "tools": {\n    \n  }\n}\n';

// A policy's JSON before a gateway whose catalogue knows the tools of "files", because an agent has listed them.
async function editor(t) {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return null;
  await grantFor(here.gateway, here.api, 'lister', here.server);
  const session = await Session.open(here.gateway, { server: 'files', label: 'lister' });
  await session.request('tools/list');
  await eventually(async () => (await here.api.call('GET', '/catalogue/servers?text=files')).body.items[0]?.tools === TOOLS.length, 'the catalogue knows the tools');
  const { id } = (await here.api.must(201, 'POST', '/policies', { name: 'written', document: DOCUMENT })).body;
  const page = await here.open({ at: `/policies/${id}?server=files` });
  await page.getByLabel('Outcome for read_file', { exact: true }).waitFor(); // the tools are known
  await page.getByText('JSON', { exact: true }).click();
  const text = page.getByRole('textbox', { name: 'JSON' });
  await text.click();
  const list = page.getByRole('listbox', { name: 'Suggestions' });
  const selected = name => list.locator('[aria-selected="true"]').getByText(name, { exact: true });
  // Types what begins a word, and takes it when it is what is selected.
  const take = async (begin, name) => {
    await page.keyboard.type(begin);
    await selected(name).waitFor();
    await page.keyboard.press('Enter');
  };
  return { ...here, page, text, list, selected, take };
}

async function toEmptyLine(page) {
  await page.keyboard.press('Control+Home');
  for (let line = 0; line < 4; line++) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
}

test('a rule written with suggestions, by the keyboard', async t => {
  const here = await editor(t);
  if (!here) return;
  const { page, text, list, selected, take } = here;
  await toEmptyLine(page);
  await page.keyboard.type('"');
  await list.getByText('\u27e8U+202E\u27e9').waitFor(); // what nobody would see is shown by its number
  await page.look('builder-suggestions');
  await take('wri', 'write_file');
  await take('"de', 'deny_if');
  await take('{"con', 'conditions');
  await take('{"pa', 'path');
  await selected('args.path').waitFor(); // at once, of the tool's own arguments
  await list.getByText('tool.category', { exact: true }).waitFor();
  await take('args.m', 'args.mode');
  await take(', "o', 'op');
  await take('eq', 'eq');
  await take(', "va', 'value');
  await take('"', 'append');
  await list.waitFor({ state: 'detached' });
  const written = JSON.parse((await text.innerText()).replaceAll('\u00a0', ' '));
  assert.deepEqual(written.tools, { write_file: { deny_if: [{ conditions: [{ path: 'args.mode', op: 'eq', value: 'append' }] }] } });
  await page.getByText('No mistakes').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.closest('.cm-editor') === null), true, 'Tab leaves the editor');
  assert.deepEqual(page.complaints, []);
});

test('the pointer over a word says what it means; Ctrl+Space asks for suggestions, Escape puts them away, Tab leaves', async t => {
  const here = await editor(t);
  if (!here) return;
  const { page, text, list, selected } = here;
  await page.getByText('No mistakes').waitFor(); // nothing moves any more
  await page.locator('.cm-line span').getByText('"default"', { exact: true }).hover();
  await page.locator('.cm-about').getByText('What happens to a tool, resource, prompt or method').waitFor();
  await toEmptyLine(page);
  await page.keyboard.press('Control+Space');
  await list.getByText('read_file', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await list.waitFor({ state: 'detached' });
  assert.equal(await text.evaluate(e => e === document.activeElement), true);
  await page.keyboard.type('"@des');
  await selected('@destructive').waitFor();
  await page.keyboard.press('Tab'); // is no way to take it
  await list.waitFor({ state: 'detached' });
  assert.match(await text.innerText(), /"@des"/);
  assert.deepEqual(page.complaints, []);
});
