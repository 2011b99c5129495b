// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The versions of a policy: the list, one of them beside another or beside what is not saved, and the way back.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard } from '../lib/window.mjs';

const FIRST = '{\n  "version": "1",\n  "default": "deny",\n  "tools": { "read_file": {} }\n}\n';
const SECOND = '{\n  "version": "1",\n  "default": "deny",\n  "tools": {\n    "read_file": {},\n    "write_file": { "rate_limit": { "max": 12.0, "window": "minute" } }\n  }\n}\n';

const add = async (here, id, document, note) => (await here.api.must(201, 'POST', `/policies/${id}/versions`, { document, note }, { 'If-Match': '*' })).body;
const textOf = async (api, id, number) => {
  const { text } = await api.must(200, 'GET', `/policies/${id}/versions/${number}`);
  return text.slice(text.indexOf('"document":') + 11, -1);
};

async function versioned(t) {
  const here = await dashboard(t, { upstream: { tools: [tool('read_file'), tool('write_file')] } });
  if (!here) return null;
  const { id } = (await here.api.must(201, 'POST', '/policies', { name: 'files', document: FIRST })).body;
  await add(here, id, SECOND, 'writing, a little <b>\u202eof it');
  return { ...here, id };
}

test('versions are listed, compared, opened and found again by their address', async t => {
  const here = await versioned(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}` });
  await page.getByRole('tab', { name: 'Versions' }).click();
  const list = page.getByRole('table', { name: 'Versions of the policy' });
  await list.getByRole('row', { name: /Version 2 newest .*writing, a little <b>U\+202E/ }).waitFor();
  assert.equal(await list.getByRole('row').count(), 3);
  await page.look('versions');
  await list.getByRole('link', { name: 'Version 1' }).click();
  await page.getByRole('heading', { name: 'Version 1 \u2192 Version 2' }).waitFor();
  const changes = page.getByRole('list', { name: 'What differs for those who call' });
  await changes.getByText(/write_file/).first().waitFor();
  await page.getByText('1 loosens').waitFor();
  assert.match(await changes.innerText(), /Loosens\s+.*write_file/);
  assert.match(await page.getByRole('region', { name: 'The text, line by line' }).innerText(), /\+\s+"write_file": \{ "rate_limit": \{ "max": 12\.0/);
  await page.look('versions-one');
  await page.getByText('Document', { exact: true }).click();
  await page.getByText('Read only').waitFor();
  await page.getByText('JSON', { exact: true }).click();
  await page.getByRole('textbox', { name: 'JSON' }).waitFor();
  assert.doesNotMatch(await page.getByRole('textbox', { name: 'JSON' }).innerText(), /write_file/);
  await page.look('versions-document');
  const deep = page.url();
  await page.goBack();
  await list.waitFor();
  await page.goto(deep);
  await page.getByText('Read only').waitFor();
  await page.getByRole('textbox', { name: 'JSON' }).waitFor();
  await page.goto(`${here.base}/policies/${here.id}?tab=versions&version=7`);
  await page.getByText('There is no such version.').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('what is not saved is compared with any version, and is still there afterwards', async t => {
  const here = await versioned(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}` });
  await page.getByLabel('Outcome for write_file', { exact: true }).selectOption('deny');
  await page.getByText('Unsaved changes').waitFor();
  await page.getByRole('tab', { name: 'Versions' }).click();
  await page.getByRole('link', { name: 'Version 2' }).click();
  await page.getByRole('heading', { name: 'Version 2 \u2192 What is not saved' }).waitFor();
  await page.getByText('1 tightens').waitFor();
  await page.getByRole('combobox', { name: 'Compared with' }).click();
  await page.getByRole('option', { name: 'Version 1', exact: true }).click();
  await page.getByRole('heading', { name: 'Version 1 \u2192 Version 2' }).waitFor();
  await page.getByText('1 loosens').waitFor();
  await page.getByRole('tab', { name: 'Edit' }).click();
  await page.getByText('Unsaved changes').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('No changes').waitFor();
  assert.equal(await page.getByLabel('Outcome for write_file', { exact: true }).inputValue(), 'limit');
  assert.deepEqual(page.complaints, []);
});

// Focus by Tab alone, as somebody without a mouse comes there.
async function tabTo(page, name) {
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent ?? '')).trim() === name) return;
  }
  throw new Error('Tab does not come to ' + name);
}

test('going back shows first what it changes, waits for nobody else, and needs no mouse', async t => {
  const here = await versioned(t);
  if (!here) return;
  const { api, gateway, id } = here;
  const grant = await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'files' }] });
  gateway.tokens.agent = grant.body.token;
  const agent = await Session.open(gateway, { server: 'files', label: 'agent' });
  assert.ok(!(await agent.call('write_file', {})).result.isError);
  const page = await here.open({ at: `/policies/${id}?tab=versions&version=1` });
  await page.getByRole('heading', { name: 'Version 1', exact: true }).waitFor();
  await tabTo(page, 'Go back to this version');
  await page.keyboard.press('Enter');
  const question = page.getByRole('dialog', { name: 'Go back to version 1?' });
  const effect = question.getByRole('list', { name: 'What differs for those who call' });
  await effect.getByText('Tightens', { exact: true }).waitFor();
  assert.match(await effect.innerText(), /write_file/);
  await page.look('versions-back');
  await add(here, id, SECOND.replace('12.0', '7.0'), 'meanwhile');
  await question.getByLabel('What changed and why').fill('too much was written');
  await question.getByRole('button', { name: 'Go back', exact: true }).click();
  await question.getByText('Somebody saved version 3 meanwhile.').waitFor();
  assert.equal((await api.must(200, 'GET', `/policies/${id}`)).body.latest, 3);
  await page.look('versions-overtaken');
  await question.getByRole('button', { name: 'Look at the difference from the newest' }).click();
  await question.getByText('What that changes, from version 3').waitFor();
  await effect.getByText('Tightens', { exact: true }).waitFor();
  assert.equal(await question.getByLabel('What changed and why').inputValue(), 'too much was written');
  await question.getByLabel('What changed and why').focus();
  await tabTo(page, 'Go back');
  await page.keyboard.press('Enter');
  await page.getByText('Version 1 is the newest again, as version 4.').waitFor();
  await question.waitFor({ state: 'detached' });
  assert.equal((await page.evaluate(() => document.activeElement?.textContent ?? '')).trim(), 'Go back to this version');
  await page.getByRole('link', { name: 'All versions' }).click();
  await page.getByRole('row', { name: /Version 4 newest .*too much was written/ }).waitFor();
  assert.equal(await textOf(api, id, 4), await textOf(api, id, 1));
  await eventually(async () => (await agent.call('write_file', {})).result.isError === true, 'the older version is obeyed');
  await page.getByRole('tab', { name: 'Edit' }).click();
  await page.getByText('No changes').waitFor();
  assert.equal(await page.getByText('meanwhile.').count(), 0);
  assert.equal(await page.getByLabel('Outcome for write_file', { exact: true }).count(), 0);
  assert.deepEqual(page.complaints, []);
});
