// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may come in, from where, and whose credentials travel.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { filesOnly } from '../lib/database.mjs';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { newToken, sha256 } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';

const INITIALIZE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
const JSON_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
const initialize = (gateway, headers, target = '/mcp/fake') => exchange(gateway.port, 'POST', target, { ...JSON_HEADERS, ...headers }, INITIALIZE);

test('401 with a Bearer challenge for a missing, malformed, unknown or doubled token', async t => {
  const { fake, gateway } = await scene(t);
  const good = gateway.tokens.agent;
  for (const [what, headers] of Object.entries({
    missing: {}, unknown: { Authorization: 'Bearer ' + newToken() }, empty: { Authorization: 'Bearer ' }, basic: { Authorization: 'Basic ' + good },
    bare: { Authorization: good }, longer: { Authorization: `Bearer ${good}x` }, shorter: { Authorization: 'Bearer ' + good.slice(0, -1) },
    hash: { Authorization: 'Bearer ' + sha256(good) }, huge: { Authorization: 'Bearer ' + 'a'.repeat(6000) },
  })) {
    const answer = await initialize(gateway, headers);
    assert.equal(answer.status, 401, what);
    assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer\b/, what);
    assert.doesNotMatch(answer.text, new RegExp(good), what);
  }
  const pairs = [...Object.entries(JSON_HEADERS), ['Authorization', 'Bearer ' + good], ['Authorization', 'Bearer ' + newToken()]];
  const doubled = await exchange(gateway.port, 'POST', '/mcp/fake', pairs, INITIALIZE);
  assert.ok([400, 401].includes(doubled.status), `doubled: ${doubled.status}`);
  assert.equal(fake.requests.length, 0);
  await gateway.waitRows(row => row.outcome === 'refused', 9);
});

test('the token is not taken from the query', async t => {
  const { gateway, fake } = await scene(t);
  for (const name of ['token', 'access_token', 'authorization']) {
    assert.equal((await initialize(gateway, {}, `/mcp/fake?${name}=${gateway.tokens.agent}`)).status, 401);
  }
  assert.equal(fake.requests.length, 0);
});

test('the scheme is case-insensitive', async t => {
  const { gateway } = await scene(t);
  assert.equal((await initialize(gateway, { Authorization: 'bearer ' + gateway.tokens.agent })).status, 200);
});

test('401 for an expired grant', async t => {
  const { gateway, fake } = await scene(t, { grant: { expires: '2020-01-01T00:00:00Z' } });
  const answer = await initialize(gateway, gateway.auth());
  assert.equal(answer.status, 401);
  assert.match(answer.headers['www-authenticate'], /error="invalid_token"/);
  assert.equal(fake.requests.length, 0);
});

test('404 for a server that the grant does not reach, the same as for one that does not exist', async t => {
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, {
    servers: { fake: { url: fake.url }, other: { url: fake.url } },
    policies: { main: ALLOW_ALL },
    grants: { agent: { servers: { fake: 'main' } }, second: { servers: { other: 'main' } } },
  });
  const other = await initialize(gateway, gateway.auth('agent'), '/mcp/other');
  const missing = await initialize(gateway, gateway.auth('agent'), '/mcp/nowhere');
  assert.equal(other.status, 404);
  assert.equal(missing.status, 404);
  assert.equal(other.text.replaceAll('other', 'nowhere'), missing.text);
  assert.equal(fake.requests.length, 0);
  for (const target of ['/mcp/fake/', '/mcp/Fake', '/mcp/fake%00', '/mcp/%66ake', '/mcp//fake', '/mcp/../mcp/fake', '/mcp/fake/../other']) {
    const answer = await initialize(gateway, gateway.auth('agent'), target);
    assert.ok([400, 404].includes(answer.status), `${target}: ${answer.status}`);
  }
  assert.equal(fake.requests.length, 0);
});

test('403 for a foreign Host or Origin, before the token is even looked at', async t => {
  const { gateway, fake } = await scene(t);
  for (const headers of [
    { Host: 'evil.example' }, { Host: 'evil.example:80' }, { Host: '127.0.0.1.evil.example' }, { Host: 'localhost.evil.example' }, { Host: '127.0.0.1@evil.example' },
    { Origin: 'http://evil.example' }, { Origin: 'null' }, { Origin: 'http://127.0.0.1.evil.example' }, { Origin: 'https://localhost.evil.example:1' },
  ]) {
    const answer = await initialize(gateway, { ...headers, ...gateway.auth() });
    assert.ok(answer.status === 403 || (answer.status === 400 && headers.Host?.includes('@')), `${JSON.stringify(headers)}: ${answer.status}`);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
  assert.equal(fake.requests.length, 0);
  for (const headers of [{ Host: 'localhost' }, { Host: `localhost:${gateway.port}` }, { Host: '127.0.0.1' }, { Host: `[::1]:${gateway.port}` }, { Origin: `http://localhost:${gateway.port}` }, { Origin: 'http://127.0.0.1:3000' }]) {
    assert.equal((await initialize(gateway, { ...headers, ...gateway.auth() })).status, 200, JSON.stringify(headers));
  }
});

test('allowed_hosts and allowed_origins widen exactly that', async t => {
  const { gateway } = await scene(t, { extra: { allowed_hosts: ['gate.example'], allowed_origins: ['https://app.example'] } });
  assert.equal((await initialize(gateway, { Host: 'gate.example', ...gateway.auth() })).status, 200);
  assert.equal((await initialize(gateway, { Host: 'sub.gate.example', ...gateway.auth() })).status, 403);
  assert.equal((await initialize(gateway, { Origin: 'https://app.example', ...gateway.auth() })).status, 200);
  assert.equal((await initialize(gateway, { Origin: 'http://app.example', ...gateway.auth() })).status, 403);
});

test('a missing or doubled Host is a bad request', async t => {
  const { gateway } = await scene(t);
  for (const hosts of ['', 'Host: localhost\r\nHost: evil.example\r\n']) {
    const raw = await Raw.connect(gateway.port);
    raw.write(`POST /mcp/fake HTTP/1.1\r\n${hosts}Authorization: Bearer ${gateway.tokens.agent}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`);
    assert.equal((await raw.answer()).status, 400);
    raw.close();
  }
});

test('credentials and hop-by-hop headers of the client never reach the upstream; configured ones do', async t => {
  const { gateway, fake, open } = await scene(t, {
    server: { headers: { Authorization: 'Bearer ${UPSTREAM_SECRET}', 'X-Team': 'blue' } },
    options: { env: { UPSTREAM_SECRET: 'upstream-secret-1' } },
  });
  const session = await open();
  await session.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo' } }, {
    Cookie: 'a=b', 'Proxy-Authorization': 'Basic abc', 'X-Team': 'red', 'X-Api-Key': 'mine', Connection: 'keep-alive, X-Drop', 'X-Drop': '1',
    'X-Forwarded-For': '10.0.0.1', Forwarded: 'for=10.0.0.1', Te: 'trailers', 'Accept-Encoding': 'gzip, br', Origin: 'http://localhost:1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  assert.ok(fake.requests.length >= 3);
  for (const { headers } of fake.requests) {
    assert.equal(headers.authorization, 'Bearer upstream-secret-1');
    assert.equal(headers['x-team'], 'blue');
    for (const name of ['cookie', 'proxy-authorization', 'x-drop', 'te', 'origin', 'x-api-key']) assert.equal(headers[name], undefined, name);
    assert.ok(!JSON.stringify(headers).includes(gateway.tokens.agent));
    assert.ok([undefined, 'identity'].includes(headers['accept-encoding']), headers['accept-encoding']);
    assert.equal(headers.host, `127.0.0.1:${fake.port}`);
  }
  assert.match(fake.calls()[0].headers.traceparent ?? '', /^00-0af7651916cd43dd8448eb211c80319c-/, 'the trace goes on');
  assert.doesNotMatch(gateway.stderr + JSON.stringify(gateway.rows()), /upstream-secret-1/);
});

test("a 401 of the upstream is not passed on as the client's own", async t => {
  const { open } = await scene(t, { upstream: { onRequest: c => { c.raw(401, { 'www-authenticate': 'Bearer realm="up"', 'set-cookie': 'a=b' }, 'no'); return true; } } });
  const gatewayAnswer = await open().then(s => s.first, e => e);
  const status = gatewayAnswer.status ?? Number(/initialize: (\d+)/.exec(gatewayAnswer.message)[1]);
  assert.notEqual(status, 401, 'the client would start to log in at the gateway');
  assert.doesNotMatch(String(gatewayAnswer.message ?? ''), /realm="up"/);
});

test('/healthz and /readyz need no token, other paths are 404, other methods 405', async t => {
  const { gateway } = await scene(t);
  assert.equal((await exchange(gateway.port, 'GET', '/healthz')).status, 200);
  assert.equal((await exchange(gateway.port, 'GET', '/readyz')).status, 200);
  assert.equal((await exchange(gateway.port, 'GET', '/nowhere')).status, 404);
  for (const method of ['PUT', 'PATCH', 'HEAD', 'OPTIONS']) {
    const raw = await Raw.connect(gateway.port);
    raw.write(requestBytes(method, '/mcp/fake', gateway.auth(), method === 'PUT' || method === 'PATCH' ? '{}' : undefined, gateway.port));
    assert.equal((await raw.head()).status, 405, method);
    raw.close();
  }
});

test('/metrics counts decisions and names no secret', async t => {
  const { gateway, open } = await scene(t);
  const session = await open();
  await session.call('echo');
  const answer = await exchange(gateway.port, 'GET', '/metrics');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^text\/plain/);
  assert.match(answer.text, /^sallyport_\w+(\{[^}]*\})? [1-9]/m);
  assert.ok(!answer.text.includes(gateway.tokens.agent));
});

test('two grants with the same token, or an unset variable, are refused at start', { skip: filesOnly('tokens of the database are its own') }, async t => {
  const fake = await FakeUpstream.start(t);
  const { Gateway } = await import('../lib/gateway.mjs');
  const { scratch } = await import('../lib/scratch.mjs');
  const gateway = new Gateway(t, scratch(t));
  gateway.tokens = { one: 'sp_same', two: 'sp_same' };
  gateway.configure({ servers: { fake: { url: fake.url } }, policies: { main: ALLOW_ALL }, grants: { one: { servers: { fake: 'main' } }, two: { servers: { fake: 'main' } } } });
  await assert.rejects(gateway.start(), /ended at once/);
  assert.notEqual(gateway.exit.code, 0);
  assert.match(gateway.stderr, /sallyport\.json:\d+:\d+: error: /);
  gateway.configure({ servers: { fake: { url: fake.url, headers: { 'X-Key': '${NOT_SET_ANYWHERE}' } } }, policies: { main: ALLOW_ALL }, grants: { one: { servers: { fake: 'main' } } } });
  gateway.stderr = ''; gateway.exit = undefined;
  await assert.rejects(gateway.start(), /ended at once/);
  assert.match(gateway.stderr, /NOT_SET_ANYWHERE/);
  gateway.stopped = true;
});

test('a session belongs to its grant: another token with its id is a stranger', async t => {
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, {
    servers: { fake: { url: fake.url }, copy: { url: fake.url } }, policies: { main: ALLOW_ALL },
    grants: { agent: { servers: { fake: 'main', copy: 'main' } }, thief: { servers: { fake: 'main' } } },
  });
  const session = await Session.open(gateway, { server: 'fake', label: 'agent' });
  const before = fake.requests.length;
  const stolen = await session.post({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo' } }, gateway.auth('thief'));
  assert.equal(stolen.status, 404);
  const elsewhere = await exchange(gateway.port, 'POST', '/mcp/copy', session.headers(), '{"jsonrpc":"2.0","id":3,"method":"ping"}');
  assert.equal(elsewhere.status, 404);
  assert.equal((await exchange(gateway.port, 'DELETE', '/mcp/fake', { ...session.headers(), ...gateway.auth('thief') })).status, 404);
  assert.equal((await exchange(gateway.port, 'GET', '/mcp/fake', { ...session.headers(), ...gateway.auth('thief'), Accept: 'text/event-stream' })).status, 404);
  assert.equal(fake.requests.length, before);
  assert.deepEqual((await session.request('ping')).result, {});
});
