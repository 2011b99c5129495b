// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy tried before it is saved: what lint finds, sentences that lead to their rules, a call, and the calls of the log.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard } from '../lib/window.mjs';

const TOOLS = [
  tool('list_files', {}, { annotations: { readOnlyHint: true } }),
  tool('pay', { amount: { type: 'number', description: 'how much' }, to: { type: 'string' }, currency: { type: 'string', enum: ['EUR', 'USD'] }, urgent: { type: 'boolean' } }),
  tool('merge', { parts: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } } }),
];
const IN_FORCE = { version: '1', default: 'deny', tools: { list_files: {}, pay: {}, merge: {} } };
const DRAFT = {
  version: '1',
  default: 'deny',
  tools: {
    list_files: {},
    pay: {
      deny_if: [{ id: 'cap', conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'At most 100.' }],
      approve_if: [{ conditions: [{ path: 'args.currency', op: 'eq', value: 'USD' }] }],
      limits: [{ counter: 'paid', window: 'day', max: 500, increment_from: 'args.amount' }],
    },
  },
};

// A gateway whose catalogue knows the tools of "files", where "ada" is under the policy "spending".
async function scene(t, document = IN_FORCE) {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return null;
  const { api, gateway } = here;
  await api.must(200, 'PATCH', '/organisation', { log_arguments: {} }, { 'If-Match': '*' });
  const id = (await api.must(201, 'POST', '/policies', { name: 'spending', document })).body.id;
  const grant = await api.must(201, 'POST', '/grants', { label: 'ada', tags: ['trusted'], servers: [{ server: 'files', policy: 'spending' }] });
  gateway.tokens.ada = grant.body.token;
  const session = await Session.open(gateway, { server: 'files', label: 'ada' });
  await session.request('tools/list');
  await eventually(async () => (await api.call('GET', '/catalogue/servers?text=files')).body.items[0]?.tools === TOOLS.length, 'the catalogue knows the tools');
  return { ...here, id, session };
}

const view = (page, name) => page.getByRole('radiogroup', { name: 'Shown as' }).getByText(name, { exact: true }).click();
const write = async (page, document) => {
  await view(page, 'JSON');
  await page.getByRole('textbox', { name: 'JSON' }).fill(JSON.stringify(document, null, 2));
};

test('what lint finds stands beside the policy and leads to its place, and so does each sentence', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}?server=files` });
  const findings = page.getByRole('region', { name: 'Worth a look' });
  await findings.getByText('Nothing looks unintended.').waitFor();
  await findings.getByText('Held against the tools of files.').waitFor();
  const pay = { require: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 5 }, { path: 'args.amount', op: 'lt', value: 5 }] }] };
  await write(page, { ...DRAFT, tools: { ...DRAFT.tools, pay, list_file: {} } });
  await findings.getByText('Serious').waitFor();
  await findings.getByText('Doubtful').waitFor();
  await page.look('lint');
  await findings.getByRole('button', { name: '/tools/list_file', exact: true }).click();
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')).then(name => name === 'JSON'), 'the cursor is in the text');
  assert.match(await page.locator('.cm-activeLine').innerText(), /list_file/);
  await view(page, 'Form');
  await findings.getByRole('button', { name: '/tools/pay', exact: true }).press('Enter');
  await page.getByRole('dialog', { name: 'Rule for pay' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await write(page, DRAFT);
  await view(page, 'Form');
  const meaning = page.getByRole('region', { name: 'In plain words' });
  await meaning.getByRole('button', { name: /At most 500 in sum of/ }).click();
  const limit = page.getByRole('dialog').getByRole('group', { name: /^At most 500/ });
  await limit.waitFor();
  await eventually(() => limit.evaluate(group => group === document.activeElement), 'the limit has the focus');
  await page.look('lint-to-limit');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await meaning.getByRole('button', { name: /nothing below speaks of is denied/ }).click();
  await page.getByRole('combobox', { name: 'What no rule speaks of' }).waitFor();
  await write(page, { version: '1', toolz: {} });
  await findings.getByText('Looked for when the mistakes are mended.').waitFor();
  assert.deepEqual(page.complaints, []);
});
