// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server that the database names is reached at public addresses only, unless the operator allows more.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway, writeWhole } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';

const INITIALIZE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
const initialize = (gateway, label) => exchange(gateway.port, 'POST', '/mcp/files', { ...gateway.auth(label), 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }, INITIALIZE);
const allow = (gateway, ranges) => writeWhole(gateway.configFile, JSON.stringify({ ...JSON.parse(fs.readFileSync(gateway.configFile, 'utf8')), outside: { allow: ranges } }));

for (const workers of [1, 3])
  test(`an address of this machine is refused until the operator allows it, with ${workers} workers`, async t => {
    const { gateway, api, fake } = await controlled(t, { workers, outside: [] });
    await grantFor(gateway, api, 'agent');
    const refused = await initialize(gateway, 'agent');
    assert.equal(refused.status, 502);
    assert.match(JSON.parse(refused.text).error.message, /the gateway's operator has not allowed its address/);
    assert.doesNotMatch(refused.text, /127\.0\.0\.1/);
    const [row] = await gateway.waitRows(r => r.method === 'initialize');
    assert.match(row.reason, /127\.0\.0\.1:\d+ is a loopback address.*outside\.allow/);
    assert.equal(fake.requests.length, 0);
    allow(gateway, ['10.0.0.0/8', '127.0.0.1']);
    await eventually(async () => (await initialize(gateway, 'agent')).status === 200, 'the address is allowed now');
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    await session.call('echo', {});
  });

test('a name is judged by where it leads, and no spelling of an address gets through', async t => {
  const { gateway, api, server } = await controlled(t, { outside: ['--allow-outside', '127.0.0.9,10.0.0.0/8'], url: 'http://localhost:1/mcp' });
  await grantFor(gateway, api, 'agent');
  for (const url of ['http://localhost:1/mcp', 'http://[::1]:1/mcp', 'http://[::ffff:127.0.0.1]:1/mcp', 'http://[64:ff9b::7f00:1]:1/mcp', 'http://169.254.169.254/mcp']) {
    await api.must(200, 'PATCH', '/servers/' + server, { url }, { 'If-Match': '*' });
    const answer = await initialize(gateway, 'agent');
    assert.match(JSON.parse(answer.text).error.message, /has not allowed its address/, url);
  }
});

test('an SSE server of the database is judged too', async t => {
  const { gateway, api, fake, server } = await controlled(t, { outside: [] });
  await grantFor(gateway, api, 'agent');
  await api.must(200, 'PATCH', '/servers/' + server, { transport: 'sse', url: fake.url }, { 'If-Match': '*' });
  assert.match(JSON.parse((await initialize(gateway, 'agent')).text).error.message, /has not allowed its address/);
  assert.equal(fake.requests.length, 0);
});

test('a server of the file goes where the file says', async t => {
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, { servers: { files: { url: fake.url } }, policies: { all: ALLOW_ALL }, grants: { a: { servers: { files: 'all' } } } }, { args: ['--data', path.join(scratch(t), 'data')] });
  await Session.open(gateway, { label: 'a', server: 'files' });
});

test('a range that is none stops the start', t => {
  const folder = scratch(t), environment = { PATH: process.env.PATH, HOME: folder, ...sanitizerOptions() };
  const start = ranges => spawnSync(BINARY, ['serve', '--data', path.join(folder, 'data'), '--allow-outside', ranges], { encoding: 'utf8', env: environment, cwd: folder, timeout: 20000 });
  const bad = start('10.0.0.0/8,10.0.0.1/8');
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /'10\.0\.0\.1\/8' has bits behind its first 8/);
  assert.equal(start(',').status, 2);
  assert.equal(start(Array(65).fill('10.0.0.0/8').join(',')).status, 2);
});

test('links begin with the public address, whose host is answered', async t => {
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { public_url: 'https://gateway.example.com/' } }, { args: ['--data', path.join(scratch(t), 'data')] });
  await gateway.waitLog(/\n {4}https:\/\/gateway\.example\.com\/setup#sp_/);
  const ask = Host => exchange(gateway.port, 'GET', '/api/v1/openapi.json', { Host });
  assert.equal((await ask('gateway.example.com')).status, 200);
  assert.equal((await ask('other.example.com')).status, 403);
});
