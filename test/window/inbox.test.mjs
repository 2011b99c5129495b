// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait are answered in the browser, while a real client waits for them.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { asks } from '../lib/waiting.mjs';
import { NARROW, cookieOf, dashboard } from '../lib/window.mjs';

const require = createRequire(fileURLToPath(new URL('../e2e/package.json', import.meta.url)));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
const PASSWORD = 'a long sentence is best';

// dashboard() with a policy that asks about "pay", a grant and its client, and member(role) -> cookie.
async function desk(t, { rule = {}, ...options } = {}) {
  const here = await dashboard(t, { upstream: { tools: [tool('pay'), tool('free')] }, ...options });
  if (!here) return undefined;
  const { api, gateway } = here;
  await api.must(201, 'POST', '/policies', { name: 'asks', document: asks({ approval: { wait: '60s' }, ...rule }) });
  const grant = (await api.must(201, 'POST', '/grants', { label: 'ci-runner', servers: [{ server: 'files', policy: 'asks' }] })).body;
  gateway.tokens['ci-runner'] = grant.token;
  const client = await connect(t, here, grant.token);
  const call = (args, name = 'pay') => client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 });
  const member = async role => {
    const email = `${role}@example.com`;
    const { token } = (await api.must(201, 'POST', '/invitations', { email, role })).body;
    await api.must(201, 'POST', '/invitations/accept', { token, name: role, password: PASSWORD });
    return cookieOf(api, email, PASSWORD);
  };
  const questions = async () => (await api.must(200, 'GET', '/approvals?state=asked')).body.items;
  const asked = async count => {
    let items = [];
    await eventually(async () => (items = await questions()).length === count, () => `${count} questions; there are ${items.length}`);
    return items;
  };
  return { ...here, grant, client, call, member, asked };
}

async function connect(t, here, token) {
  const client = new Client({ name: 'agent', version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${here.base}/mcp/files`), { requestInit }));
  t.after(() => client.close().catch(() => {}));
  return client;
}

const answerIn = page => page.getByRole('dialog');

test('a call waits, is approved in the browser, and gets its result; the next is denied by keyboard', async t => {
  const here = await desk(t);
  if (!here) return;
  const page = await here.open({ at: '/inbox' });
  await page.getByText('Nothing waits for you.').waitFor();
  await page.look('inbox-empty');
  const first = here.call({ to: 'Example Ltd', amount: 80, lines: ['a', 'b'] });
  await page.getByRole('link', { name: /pay/ }).click();
  await page.getByRole('heading', { name: /ci-runner wants to call pay on files/ }).waitFor();
  assert.match(await page.getByRole('table', { name: 'Arguments' }).innerText(), /args\.amount\s+80[^]*args\.lines\[0\]/);
  await page.getByRole('button', { name: 'Approve…' }).click();
  await answerIn(page).getByLabel('Reason').fill('A known supplier.');
  await page.look('inbox-approve');
  await answerIn(page).getByRole('button', { name: 'Approve once' }).click();
  const result = await first;
  assert.ok(!result.isError, JSON.stringify(result));
  await page.getByText('It was approved and has run.').waitFor();
  assert.equal(here.fake.calls().length, 1);

  const second = here.call({ to: 'Example Ltd', amount: 90071992547409931, urgent: true });
  await here.asked(1);
  await page.getByText('Waiting (1)').waitFor();
  await page.locator('body').press('j');
  await page.getByText('was 80').waitFor();
  const values = await page.getByRole('table', { name: 'Arguments' }).innerText();
  assert.match(values, /args\.amount\s+\d+[^]*was 80/);
  assert.match(values, /args\.urgent\s+true[^]*new/);
  assert.match(values, /args\.lines\[0\]\s+not there any more/);
  await page.look('inbox-question');
  await page.keyboard.press('d');
  await answerIn(page).getByLabel('Reason').fill('Too much.');
  await page.keyboard.press('Control+Enter');
  const denied = await second;
  assert.equal(denied.isError, true);
  await page.getByText('It was denied.').waitFor();
  assert.equal(here.fake.calls().length, 1);
  await page.look('inbox-denied');
  assert.deepEqual(page.complaints, []);
});
