// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Many tools of a policy at once: what would change is told before it does.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard } from '../lib/window.mjs';

const TOOLS = [
  tool('list_files', {}, { annotations: { readOnlyHint: true } }),
  tool('read_file', {}, { annotations: { readOnlyHint: true } }),
  tool('write_file', { path: { type: 'string' } }),
  tool('update_file', { path: { type: 'string' } }),
  tool('delete_file', { path: { type: 'string' } }, { annotations: { destructiveHint: true } }),
];
const DOCUMENT = { version: '1', default: 'deny', tools: { write_file: { require: [{ conditions: [{ path: 'args.path', op: 'exists', value: true }] }] } } };

test('all tools of a category or a severity, after what changes was read', async t => {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return;
  const { api, gateway } = here;
  await grantFor(gateway, api, 'lister', here.server);
  await (await Session.open(gateway, { server: 'files', label: 'lister' })).request('tools/list');
  await eventually(async () => (await api.call('GET', '/catalogue/servers?text=files')).body.items[0]?.tools === TOOLS.length, 'the catalogue knows the tools');
  const { id } = (await api.must(201, 'POST', '/policies', { name: 'files', document: DOCUMENT })).body;
  const page = await here.open({ at: `/policies/${id}?server=files` });
  const outcome = name => page.getByLabel(`Outcome for ${name}`, { exact: true });
  const question = page.getByRole('dialog', { name: 'Set many tools at once' });
  await outcome('read_file').waitFor();
  const pick = async (where, label, option) => {
    await where.getByRole('combobox', { name: label, exact: true }).click();
    await page.getByRole('listbox', { name: label, exact: true }).getByRole('option', { name: option, exact: true }).click();
  };
  await pick(page, 'Severity', 'Low');
  await page.getByText('2 of 5 tools').waitFor();
  assert.match(page.url(), /severity=low/);
  await page.look('many-severity');
  await page.getByRole('button', { name: 'Set many' }).focus();
  await page.keyboard.press('Enter');
  await question.getByText('2 entries would change:').waitFor();
  assert.equal(await question.getByRole('combobox', { name: 'All tools of' }).inputValue(), 'Low (2 tools)');
  await pick(question, 'To', 'Allow');
  const list = question.getByRole('region', { name: 'What would change' });
  await list.getByText('Deny \u2192 Allow').first().waitFor();
  assert.match(await list.innerText(), /list_files: Deny \u2192 Allow\s+read_file: Deny \u2192 Allow/);
  assert.equal(await outcome('read_file').inputValue(), 'deny'); // nothing is done yet
  await question.getByRole('button', { name: 'Set them' }).focus();
  await page.keyboard.press('Enter');
  await question.waitFor({ state: 'detached' });
  assert.equal(await outcome('read_file').inputValue(), 'allow');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Set many');

  await page.getByRole('button', { name: 'Set many' }).click();
  await pick(question, 'All tools of', 'Write (2 tools)');
  await question.getByText('2 entries would change:').waitFor();
  await question.getByText('Its conditions and limits are replaced.').waitFor();
  await page.look('many');
  await question.getByLabel('One rule for the category').check();
  await list.getByText('@write').waitFor();
  await question.getByText('1 tool stays as it is.').waitFor();
  assert.equal(await question.getByText('Its conditions and limits are replaced.').count(), 0);
  await question.getByRole('button', { name: 'Set them' }).click();
  await question.waitFor({ state: 'detached' });
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved as version 2.').waitFor();
  const { document } = (await api.must(200, 'GET', `/policies/${id}/versions/2`)).body;
  assert.deepEqual(document.tools, { ...DOCUMENT.tools, list_files: {}, read_file: {}, '@write': { action: 'require_approval' } });
  assert.deepEqual(page.complaints, []);
});
