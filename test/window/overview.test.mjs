// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The overview: what waits, what is in trouble, which grants are risky, what changed; and what strangers wrote by the contact form.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const ANY = { 'If-Match': '*' };
const HOSTILE = '<b>Ada</b>\u202Egnp.exe';
const PASSWORD = 'a long sentence is best';
const TOOLS = [
  tool('read_inbox', {}, { description: 'Reads the newest e-mail messages of the inbox.' }),
  tool('send_email', { to: { type: 'string' }, body: { type: 'string' } }, { description: 'Sends an e-mail to any address.' }),
  tool('pay', { amount: { type: 'number' } }, { description: 'Transfers money to a bank account.' }),
  tool('drop_table', { name: { type: 'string' } }, { description: 'Deletes a table and all of its rows for good.' }),
];
const POLICY = {
  ...ALLOW_ALL,
  tools: { pay: { action: 'require_approval', approval: { wait: '1s' } }, drop_table: { action: 'deny' } },
  runaway: { identical_calls: { max: 3, window: 'hour' }, reason: 'it is stuck' },
};
const part = (page, name) => page.getByRole('region', { name });

async function viewerOf(here) {
  const { token } = (await here.api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' })).body;
  const open = new Api(here.gateway.port);
  await open.must(201, 'POST', '/invitations/accept', { token, name: 'V', password: PASSWORD });
  return cookieOf(open, 'v@example.com', PASSWORD);
}

// Something of everything that the page speaks of.
async function busy(t) {
  const here = await dashboard(t, { upstream: { tools: TOOLS }, extra: { catalogue: { public: true, contact: true } } });
  if (!here) return undefined;
  const { api, gateway, fake, server } = here;
  await api.must(200, 'POST', `/servers/${server}/test`);
  await api.must(200, 'PATCH', '/servers/' + server, { settings: { pinning: 'warn' } }, ANY);
  await api.must(201, 'POST', '/policies', { name: 'careful', document: POLICY });
  for (const label of ['ci-runner', 'stuck'])
    gateway.tokens[label] = (await api.must(201, 'POST', '/grants', { label, servers: [{ server, policy: 'careful' }] })).body.token;
  const agent = await Session.open(gateway, { label: 'ci-runner', server: 'files' });
  await agent.call('pay', { amount: 80 });
  for (let i = 0; i < 3; i++) await agent.call('drop_table', { name: 't' + i });
  const stuck = await Session.open(gateway, { label: 'stuck', server: 'files' });
  for (let i = 0; i < 4; i++) await stuck.call('read_inbox', {});
  fake.options.tools = [...TOOLS, tool('new_one', {}, { description: 'Says hello.' })];
  await agent.request('tools/list');
  const body = new URLSearchParams({ name: HOSTILE, email: 'ada@example.com', text: 'How do I begin?\n' + HOSTILE });
  assert.equal((await fetch(here.base + '/contact', { method: 'POST', redirect: 'manual', body })).status, 303);
  await fake.stop();
  for (let i = 0; i < 6; i++) await agent.call('read_inbox', { i });
  return here;
}

test('before there is anything the overview leads to it', async t => {
  const here = await dashboard(t);
  if (!here) return;
  await here.api.must(204, 'DELETE', '/servers/' + here.server, undefined, ANY);
  const page = await here.open({ at: '/' });
  await page.getByRole('heading', { name: 'There are no servers yet.' }).waitFor();
  await part(page, 'What waits for people').getByText('Nothing waits.').waitFor();
  await part(page, 'Riskiest grants').getByText('No active grant reaches').waitFor();
  await page.look('overview-first');
  const viewer = await here.open({ at: '/', cookie: await viewerOf(here) });
  await viewer.getByText('An admin sets up servers and grants.').waitFor();
  assert.equal(await viewer.getByRole('link', { name: 'Set up the first server' }).count(), 0);
  await page.getByRole('link', { name: 'Set up the first server' }).click();
  await page.getByRole('heading', { name: 'First run', level: 1 }).waitFor();
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});

test('what waits, what is in trouble, who is risky, what changed; each line leads to its page', async t => {
  const here = await busy(t);
  if (!here) return;
  const page = await here.open({ at: '/' });
  const waits = part(page, 'What waits for people');
  await waits.getByRole('link', { name: '1 call waits for an answer' }).waitFor();
  await waits.getByRole('link', { name: 'stuck' }).waitFor();
  await waits.getByRole('listitem').filter({ hasText: 'files' }).getByText('1 definition to look at').waitFor();
  await waits.getByRole('link', { name: '1 message by the contact form' }).waitFor();
  await part(page, 'What is in trouble').getByRole('listitem').filter({ hasText: 'In trouble' }).getByRole('link', { name: 'files' }).waitFor();
  const risks = part(page, 'Riskiest grants');
  await risks.getByRole('listitem').filter({ hasText: 'ci-runner' }).getByText(/dangerous combinations? possible/).waitFor();
  assert.equal(await risks.getByRole('link', { name: 'stuck' }).count(), 0, 'a paused grant can do nothing');
  await part(page, 'What changed lately').getByRole('link', { name: 'Policy careful added by a@example.com' }).waitFor();
  await part(page, 'What changed lately').getByRole('link', { name: 'Grant stuck changed by The gateway' }).waitFor();
  await part(page, 'Most denied tools').getByRole('listitem').filter({ hasText: 'drop_table' }).getByText('3', { exact: true }).waitFor();
  await page.getByRole('img', { name: /messages, 4 of them denied; 1 questions to people/ }).waitFor();
  await page.look('overview');

  // It follows what happens.
  const [question] = (await here.api.must(200, 'GET', '/approvals?state=asked')).body.items;
  await here.api.must(200, 'POST', `/approvals/${question.id}/deny`, {});
  await waits.getByRole('link', { name: '1 call waits for an answer' }).waitFor({ state: 'detached' });

  await part(page, 'Most denied tools').getByRole('link', { name: 'drop_table' }).click();
  await page.getByRole('heading', { name: 'Decisions', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'drop_table' }).first().waitFor();
  assert.match(decodeURIComponent(page.url()), /tool="?drop_table"?&outcome=denied,hidden/);
  await page.goBack();
  await risks.getByRole('link', { name: 'ci-runner' }).click();
  await page.getByRole('heading', { name: 'What agents can do', level: 1 }).waitFor();
  await page.goBack();
  await waits.getByRole('link', { name: 'files' }).click();
  await page.getByText('new_one').first().waitFor();
  await page.goBack();
  await waits.getByRole('link', { name: '1 message by the contact form' }).click();
  const message = page.getByRole('article');
  await message.getByText('How do I begin?').waitFor();
  await page.look('settings-contacts');
  await message.getByRole('button', { name: 'It is answered' }).click();
  await message.getByText(/Answered, says a@example\.com/).waitFor();
  await message.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('heading', { name: 'Nobody has written yet.' }).waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await waits.getByRole('link', { name: 'stuck' }).waitFor();
  assert.equal(await waits.getByRole('link', { name: /contact form/ }).count(), 0);

  // Who may not read the audit, the messages of strangers and stacks sees the rest.
  const viewer = await here.open({ at: '/', cookie: await viewerOf(here) });
  const asked = [];
  viewer.on('response', answer => { if (answer.status() === 403) asked.push(answer.url()); });
  await viewer.reload();
  await part(viewer, 'What waits for people').getByRole('link', { name: 'stuck' }).waitFor();
  await part(viewer, 'Riskiest grants').getByRole('link', { name: 'ci-runner' }).waitFor();
  await part(viewer, 'What is in trouble').getByRole('link', { name: 'files' }).waitFor();
  assert.equal(await part(viewer, 'What changed lately').count(), 0);
  await viewer.getByRole('img', { name: /messages, 4 of them denied/ }).waitFor();
  await viewer.look('overview-viewer');
  assert.deepEqual(asked, []);
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});

test('messages are counted as they come, by one connection for events; without it they are asked for', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const { api, gateway, server } = here;
  await api.must(201, 'POST', '/policies', { name: 'careful', document: { ...ALLOW_ALL, tools: { ask: { action: 'require_approval', approval: { wait: '1s' } } } } });
  gateway.tokens.runner = (await api.must(201, 'POST', '/grants', { label: 'runner', servers: [{ server, policy: 'careful' }] })).body.token;
  const agent = await Session.open(gateway, { label: 'runner', server: 'files' });
  await agent.call('echo', { n: 0 });
  await eventually(async () => (await api.must(200, 'GET', '/decisions?tool=echo')).body.items.length === 1, 'what was called is found');
  const before = (await api.must(200, 'GET', '/decisions/summary?by=nothing')).body.count;
  const [page, polling] = [await here.open(), await here.open()];
  const streams = new Set(), figure = (where, label) => where.getByRole('main').getByText(label, { exact: true }).locator('xpath=..');
  const sumsOf = where => where.waitForResponse(answer => /summary\?by=outcome/.test(answer.url()) && answer.ok());
  page.on('request', request => { if (/stream/.test(request.url())) streams.add(new URL(request.url()).pathname + new URL(request.url()).search); });
  await Promise.all([page.waitForResponse(answer => /stream/.test(answer.url())), sumsOf(page), page.goto(here.base + '/')]);
  await figure(page, 'Calls').getByText(String(before), { exact: true }).waitFor();
  await page.route('**/decisions/summary?by=outcome**', () => {}); // from here on the sums are not answered
  for (let n = 1; n <= 3; n++) await agent.call('echo', { n });
  await figure(page, 'Calls').getByText(String(before + 3), { exact: true }).waitFor();
  await agent.call('ask', {});
  await figure(page, 'Calls').getByText(String(before + 4), { exact: true }).waitFor();
  await part(page, 'What waits for people').getByRole('link', { name: '1 call waits for an answer' }).waitFor();
  assert.deepEqual([...streams], ['/api/v1/decisions/stream?beside=approvals']);

  await polling.route('**/stream*', route => route.fulfill({ status: 503, body: '' }));
  await polling.goto(here.base + '/');
  await figure(polling, 'Calls').getByText(String(before + 4), { exact: true }).waitFor();
  await agent.call('echo', { n: 4 });
  await figure(polling, 'Calls').getByText(String(before + 5), { exact: true }).waitFor();

  // Elsewhere questions alone are listened for.
  await page.getByRole('link', { name: 'Approvals' }).click();
  await page.getByRole('heading', { name: 'Approvals', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'ask' }).waitFor();
  assert.deepEqual([...streams].at(-1), '/api/v1/approvals/stream');
  assert.deepEqual([...page.complaints, ...polling.complaints], []);
});

test('of however many servers, what waits for somebody to look at it is found', async t => {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return;
  const { api, gateway, fake } = here;
  const settings = { pinning: 'warn' }, last = 'zz-last';
  for (let n = 10; n < 40; n++) await api.must(201, 'POST', '/servers', { name: 'quiet-' + n, transport: 'http', url: fake.url, settings });
  const { id } = (await api.must(201, 'POST', '/servers', { name: last, transport: 'http', url: fake.url, settings })).body;
  await api.must(201, 'POST', '/policies', { name: 'all', document: ALLOW_ALL });
  gateway.tokens.one = (await api.must(201, 'POST', '/grants', { label: 'one', servers: [{ server: id, policy: 'all' }] })).body.token;
  const agent = await Session.open(gateway, { label: 'one', server: last });
  await agent.request('tools/list');
  fake.options.tools = [...TOOLS, tool('new_one', {}, { description: 'Says hello.' })];
  await agent.request('tools/list');
  await eventually(async () => (await api.must(200, 'GET', `/servers/${id}/definitions`)).body.items.length === 1, 'a definition waits');
  const page = await here.open({ at: '/' });
  await part(page, 'What waits for people').getByRole('listitem').filter({ hasText: last }).getByText('1 definition to look at').waitFor();
  assert.deepEqual(page.complaints, []);
});
