// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The first run: from a pasted text to the first call of a real client, seen as it comes.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Api } from '../lib/api.mjs';
import { FakeUpstream, tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard, NARROW } from '../lib/window.mjs';

const require = createRequire(fileURLToPath(new URL('../e2e/package.json', import.meta.url)));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
const BANK = [
  tool('get_balance', {}, { description: 'Reads the balance of an account.', annotations: { readOnlyHint: true } }),
  tool('send_payment', { amount: { type: 'number' } }, { description: 'Sends money to an account.' }),
  tool('delete_account', {}, { description: 'Deletes an account for good.', annotations: { destructiveHint: true } }),
];

async function agent(t, base, server, token) {
  const client = new Client({ name: 'first-agent', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${base}/mcp/${server}`), { requestInit: { headers: { Authorization: 'Bearer ' + token } } }));
  t.after(() => client.close());
  return client;
}

test('from a URL to the first call in six clicks, and a refresh keeps the place', async t => {
  const here = await dashboard(t, { upstream: { tools: BANK } });
  if (!here) return;
  const bank = await FakeUpstream.start(t, { tools: BANK });
  const page = await here.open({ at: '/start' });
  await page.getByLabel('URL, command').fill(bank.url);
  await page.getByLabel('Name at the gateway').fill('bank');
  await page.look('start-server');
  await page.getByRole('button', { name: 'Register it' }).click(); // 1
  await page.getByText('It answers, speaks the').waitFor();
  await page.getByRole('row', { name: /delete_account/ }).getByText('Destructive').waitFor();
  await page.getByText('1 asks a person on each call').waitFor();
  await page.look('start-tools');
  await page.reload();
  await page.getByText('1 asks a person on each call').waitFor();
  await page.getByRole('button', { name: 'Use this' }).click(); // 2
  await page.getByLabel('Who is it for?').fill('robot');
  await page.getByText('It reaches bank under bank-starter.').waitFor();
  await page.look('start-grant');
  await page.getByRole('button', { name: 'Make the grant' }).click(); // 3
  const token = await page.getByRole('region', { name: 'The grant\u2019s token', exact: true }).textContent();
  assert.match(token, /^sp_[\w-]{43}$/);
  await page.getByText('Waiting for the first call').waitFor();
  assert.match(await page.getByRole('region', { name: /claude_desktop_config/ }).textContent(), new RegExp(`${here.base}/mcp/bank[^]*${token}`), 'the token stands in its place');
  await page.getByRole('combobox', { name: 'Client' }).click(); // 4
  await page.getByRole('option', { name: 'Claude Code' }).click(); // 5
  assert.ok(!(await page.getByRole('region', { name: /\.mcp\.json/ }).textContent()).includes(token), 'where the client reads a variable');
  await page.look('start-connect');
  const client = await agent(t, here.base, 'bank', token);
  await page.getByText('The first call arrived.').waitFor();
  assert.deepEqual((await client.listTools()).tools.map(each => each.name).sort(), ['get_balance', 'send_payment']);
  await client.callTool({ name: 'get_balance', arguments: {} });
  await page.getByRole('row', { name: /tools\/call get_balance/ }).getByText('Allowed').waitFor();
  await page.look('start-done');
  await page.reload();
  await page.getByText('The first call arrived.').waitFor();
  assert.equal(await page.getByText(token).count(), 0, 'it was shown once');
  await page.getByText('The token was shown once').waitFor();
  await page.getByRole('link', { name: 'What can this agent do?' }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'Skip this' }).waitFor();
  await page.goForward();
  await page.getByRole('button', { name: 'To the overview' }).or(page.getByRole('link', { name: 'To the overview' })).click(); // 6
  await page.waitForURL(here.base + '/');
  assert.deepEqual(page.complaints, []);
});

test('a whole configuration: what is in it, secrets kept, what the gateway does not take, on a phone', async t => {
  const here = await dashboard(t, { upstream: { tools: BANK } });
  if (!here) return;
  const page = await here.open({ at: '/start', viewport: NARROW });
  const field = page.getByLabel('URL, command');
  await field.fill('{"mcpServers": {');
  await page.getByText('This begins like JSON and is none.').waitFor();
  await field.fill(JSON.stringify({ mcpServers: {
    bank: { url: here.fake.url, headers: { 'X-Key': 'hush-hush', 'X-Other': '${env:OTHER}' } },
    local: { command: 'npx', args: ['-y', 'notes-mcp'], env: { TOKEN: 'also-hush' } },
    files: { url: here.fake.url },
    odd: 7,
  } }));
  await page.getByText('Not understood, and left out: odd').waitFor();
  await page.getByText('Its value is not in what was pasted.').waitFor();
  await page.getByText('This organisation does not allow them').waitFor();
  await page.look('start-configuration');
  assert.equal(await page.getByLabel('Variable TOKEN').getAttribute('type'), 'password');
  await page.getByRole('checkbox', { name: 'Take files' }).uncheck();
  await page.getByRole('button', { name: 'Register 2 servers' }).click();
  await page.getByText('local was not registered').waitFor();
  await page.getByRole('checkbox', { name: 'Take local' }).uncheck();
  const servers = (await here.api.must(200, 'GET', '/servers')).body.items;
  assert.deepEqual(servers.map(server => server.name).sort(), ['bank', 'files']);
  const { id } = servers.find(server => server.name === 'bank');
  assert.deepEqual((await here.api.must(200, 'GET', `/servers/${id}/credentials`)).body.items.map(each => [each.place, each.name]), [['header', 'X-Key']]);
  await page.goto(here.base + '/start');
  await page.getByRole('button', { name: 'Go on with bank' }).click();
  await page.getByText('It answers, speaks the').waitFor();
  await page.getByRole('radio', { name: /Watch only/ }).check();
  await page.getByRole('button', { name: 'Use this' }).click();
  await page.getByRole('button', { name: 'Make the grant' }).click();
  await page.getByText('Waiting for the first call').waitFor();
  const [grant] = (await here.api.must(200, 'GET', '/grants')).body.items;
  assert.deepEqual([grant.label, grant.mode], ['my-agent', 'observe']);
  assert.deepEqual(page.complaints, []);
});

test('a server that cannot be reached, one that wants to know who asks, and a reader who may not', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const locked = await FakeUpstream.start(t, { tools: BANK, onRequest: context => context.req.headers.authorization === 'Bearer key' ? false : (context.res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end(), true) });
  const page = await here.open({ at: '/start' });
  await page.getByLabel('URL, command').fill(locked.url);
  await page.keyboard.press('Enter');
  await page.getByText('The server wants to know who asks.').waitFor();
  await page.look('start-locked');
  await page.getByLabel('Value').fill('Bearer key');
  await page.getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByText('It answers, speaks the').waitFor();
  await here.api.must(201, 'POST', '/servers', { name: 'gone', transport: 'http', url: 'http://127.0.0.1:1/mcp' });
  await page.goto(here.base + '/start');
  await page.getByRole('button', { name: 'Go on with gone' }).click();
  await page.getByText('The server cannot be used as it is.').waitFor();
  await page.getByText('Its tools could not be listed.').waitFor();
  assert.ok(await page.getByRole('radio', { name: /starter policy/ }).first().isDisabled());
  const { token } = (await here.api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' })).body;
  const open = new Api(here.gateway.port);
  await open.must(201, 'POST', '/invitations/accept', { token, name: 'V', password: 'correct horse battery' });
  const viewer = await here.open({ cookie: await cookieOf(open, 'v@example.com', 'correct horse battery'), at: '/start' });
  await viewer.getByText('Setting up servers and grants is for admins.').waitFor();
  await viewer.look('start-viewer');
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});

test('a starter policy that was asked for before the tools were known is asked for again', async t => {
  const here = await dashboard(t, { upstream: { tools: BANK } });
  if (!here) return;
  const page = await here.open({ at: '/start' });
  let asked = 0;
  await page.route('**/api/v1/catalogue/servers/files/starter', async route => {
    if (asked++ > 0) return route.continue();
    await page.getByText('It answers, speaks the').waitFor();
    await route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"type":"urn:sallyport:problem:not-found","title":"Not Found","status":404,"detail":"no such server"}' }).catch(() => {});
  });
  await page.getByRole('button', { name: 'Go on with files' }).click();
  await page.getByText('It answers, speaks the').waitFor();
  await page.getByText('1 asks a person on each call').waitFor();
  assert.ok(await page.getByRole('radio', { name: /Watch only/ }).isEnabled());
  assert.ok(asked >= 2);
  assert.deepEqual(page.complaints, []);
});
