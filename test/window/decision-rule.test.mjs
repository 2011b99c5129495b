// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a decision to a rule about calls like it, and to a file of cases that "sallyport policy test" takes.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const PASSWORD = 'a long sentence is best';
const LIMIT = { rate_limit: { max: 100, window: 'minute' } };
const DOCUMENT = { version: '1', default: 'deny', tools: { 'pa*': LIMIT } };
const PAID = { amount: 500, to: 'a\u202eb', 'odd.key': [null, { deep: '' }], password: 'hunter2' };

async function decided(t) {
  const here = await dashboard(t, { upstream: { tools: [tool('pay'), tool('drop')] } });
  if (!here) return null;
  const { api, gateway } = here;
  await api.must(200, 'PATCH', '/organisation', { log_arguments: { names: ['password'] } }, { 'If-Match': '*' });
  const { id } = (await api.must(201, 'POST', '/policies', { name: 'careful', document: DOCUMENT })).body;
  const grant = await api.must(201, 'POST', '/grants', { label: 'ada', servers: [{ server: 'files', policy: 'careful' }] });
  gateway.tokens.ada = grant.body.token;
  const agent = await Session.open(gateway, { label: 'ada', server: 'files' });
  assert.ok(!(await agent.call('pay', PAID)).result.isError);
  assert.ok((await agent.call('drop', { id: 7 })).result.isError);
  const rowOf = async name => (await api.must(200, 'GET', `/decisions?method=tools/call&tool=${name}`)).body.items[0];
  await eventually(async () => (await rowOf('drop')) !== undefined, 'the decisions can be found');
  return { ...here, id, agent, paid: (await rowOf('pay')).seq, dropped: (await rowOf('drop')).seq };
}

const saved = async (page, number) => {
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText(`Saved as version ${number}.`).waitFor();
};

test('a rule about calls like one that passed keeps what was said of the tool, and waits to be saved', async t => {
  const here = await decided(t);
  if (!here) return;
  const { api, agent, id } = here;
  const page = await here.open({ at: `/decisions/${here.paid}` });
  const story = page.getByRole('dialog');
  const like = story.getByRole('group', { name: 'Like this means' });
  await like.getByRole('checkbox', { name: 'args.amount = 500' }).waitFor();
  assert.equal(await like.getByRole('checkbox').count(), 4);
  assert.doesNotMatch(await like.innerText(), /redacted|hunter2/);
  await like.getByText('args.to = "a\\u202eb"').waitFor();
  await page.look('decision-rule');
  await like.getByRole('checkbox', { name: 'args.to' }).uncheck();
  await story.getByRole('button', { name: 'Open it in the builder' }).focus();
  await page.keyboard.press('Enter');
  const rule = page.getByRole('dialog', { name: 'Rule for pay' });
  await rule.getByRole('group', { name: 'Denied if' }).getByRole('group', { name: 'Condition 3' }).waitFor();
  assert.equal(await rule.getByRole('combobox', { name: 'What is looked at' }).first().inputValue(), 'args.amount');
  await page.look('decision-rule-builder');
  await page.keyboard.press('Escape');
  await rule.waitFor({ state: 'detached' });
  await page.getByText('Unsaved changes').waitFor();
  assert.equal((await api.must(200, 'GET', `/policies/${id}`)).body.latest, 1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('No changes').waitFor();
  await page.getByRole('button', { name: 'Redo' }).click();
  await saved(page, 2);
  const { document } = (await api.must(200, 'GET', `/policies/${id}/versions/2`)).body;
  const conditions = [['args.amount', 500], ['args["odd.key"][0]', null], ['args["odd.key"][1].deep', '']].map(([at, value]) => ({ path: at, op: 'eq', value }));
  assert.deepEqual(document.tools, { 'pa*': LIMIT, pay: { ...LIMIT, deny_if: [{ conditions }] } });
  await eventually(async () => (await agent.call('pay', PAID)).result.isError === true, 'the same call is denied');
  assert.ok(!(await agent.call('pay', { ...PAID, amount: 501 })).result.isError);
  assert.deepEqual(page.complaints, []);
});

test('a rule from a denial lets such calls pass and no others; its cases hold', async t => {
  const here = await decided(t);
  if (!here) return;
  const { api, agent, id } = here;
  const page = await here.open({ at: `/decisions/${here.dropped}` });
  const story = page.getByRole('dialog');
  const coming = page.waitForEvent('download');
  await story.getByRole('button', { name: 'Download the file of cases' }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), `decision-${here.dropped}.cases.json`);
  const folder = scratch(t);
  const [cases, policy] = ['cases.json', 'policy.json'].map(name => path.join(folder, name));
  fs.copyFileSync(await download.path(), cases);
  const tried = document => {
    fs.writeFileSync(policy, JSON.stringify(document));
    return spawnSync(BINARY, ['policy', 'test', cases, '--policy', policy], { encoding: 'utf8' });
  };
  const first = tried(DOCUMENT);
  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.ok(await story.getByRole('radio', { name: 'may pass, and no others of this tool' }).isChecked());
  await story.getByRole('button', { name: 'Open it in the builder' }).click();
  await page.getByRole('dialog', { name: 'Rule for drop' }).getByRole('group', { name: 'Must hold' }).getByRole('group', { name: 'Condition 1' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await saved(page, 2);
  const { document } = (await api.must(200, 'GET', `/policies/${id}/versions/2`)).body;
  assert.deepEqual(document.tools.drop, { require: [{ conditions: [{ path: 'args.id', op: 'eq', value: 7 }] }] });
  await eventually(async () => (await agent.call('drop', { id: 7 })).result.isError !== true, 'the same call passes');
  assert.ok((await agent.call('drop', { id: 8 })).result.isError);
  assert.notEqual(tried(document).status, 0); // the case expects the denial of then
  assert.deepEqual(page.complaints, []);

  const { token } = (await api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' })).body;
  await api.must(201, 'POST', '/invitations/accept', { token, name: 'V', password: PASSWORD });
  const viewer = await here.open({ cookie: await cookieOf(api, 'v@example.com', PASSWORD), at: `/decisions/${here.dropped}` });
  await viewer.getByRole('button', { name: 'Download the file of cases' }).waitFor();
  assert.equal(await viewer.getByRole('button', { name: 'Open it in the builder' }).count(), 0);
  assert.deepEqual(viewer.complaints, []);
});
