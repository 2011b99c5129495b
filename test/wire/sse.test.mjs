// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers with the HTTP+SSE transport of 2024-11-05, well-behaved and not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { BINARY, sanitizerOptions, startGateway, writeWhole } from '../lib/gateway.mjs';
import { modern, modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, toolRow } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow', hide: ['secret'], tools: { cancel_order: { action: 'deny', reason: 'No.' } } };

async function sseScene(t, { upstream = {}, server = {}, extra = {}, options = {}, url } = {}) {
  const fake = await FakeSse.start(t, upstream);
  const gateway = await startGateway(t, {
    servers: { old: { url: url ?? fake.url, transport: 'sse', ...server } },
    policies: { main: POLICY }, grants: { agent: { servers: { old: 'main' } } }, extra,
  }, options);
  return { fake, gateway, open: (more = {}) => Session.open(gateway, { server: 'old', ...more }) };
}
const initialize = gateway => new Session(gateway, 'old').post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
const CALL = { jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'echo' } };
function assertFailed(answer, pattern, status = 502) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.messages.at(-1).error.message, pattern);
}
// The gateway says to the operator why; the agent learns less.
async function refusedToOpen(t, upstream, agent, operator, more = {}) {
  const { gateway, fake } = await sseScene(t, { upstream, ...more });
  assertFailed(await initialize(gateway), agent, more.status);
  await gateway.waitLog(operator);
  const [row] = await gateway.waitRows(r => r.method === 'initialize');
  assert.equal(row.outcome, 'failed');
  await eventually(() => fake.open.length === 0, 'no stream is left open');
  return { gateway, fake };
}

test('allowed, denied, hidden, filtered', async t => {
  const { fake, open } = await sseScene(t);
  const session = await open();
  assert.equal(session.initialize.serverInfo.name, 'fake-sse');
  assert.deepEqual(await session.toolNames(), ['echo']);
  assertAllowed(await session.call('echo', { n: 1 }), 'echo {"n":1}');
  assertDenied(await session.call('cancel_order', {}), { text: 'No.', rule: '/tools/cancel_order/action' });
  assertUnknownTool(await session.call('secret'), 'secret');
  assert.deepEqual(fake.posts.map(p => p.message.params?.name).filter(Boolean), ['echo']);
  assert.ok(fake.posts.every(p => p.url === '/base/messages?id=1-secret'), 'resolved against the URL of the stream');
});

test('configured headers are sent with GET and POST, the client’s token with neither', async t => {
  const { gateway, fake, open } = await sseScene(t, { server: { headers: { Authorization: 'Bearer for-the-server', 'X-Team': 'a' } } });
  const session = await open();
  await session.call('echo');
  for (const { headers } of [fake.last, ...fake.posts]) {
    assert.equal(headers.authorization, 'Bearer for-the-server');
    assert.equal(headers['x-team'], 'a');
    assert.equal(headers['accept-encoding'], 'identity');
    assert.doesNotMatch(JSON.stringify(headers), new RegExp(gateway.tokens.agent));
  }
  assert.equal(fake.last.headers.accept, 'text/event-stream');
  assert.equal(fake.posts[0].headers['content-type'], 'application/json');
  assert.doesNotMatch(gateway.stderr + JSON.stringify(gateway.rows()), /for-the-server|1-secret/, 'no secret in logs');
});

test('the very bytes of the client reach the server', async t => {
  const { fake, open } = await sseScene(t);
  const session = await open();
  const body = '{ "jsonrpc":"2.0",\n "id":"\\u0041", "method":"tools/call","params":{"name":"echo","arguments":{"x":1.00}}}';
  assert.equal((await session.post(body)).messages.at(-1).id, 'A');
  assert.equal(fake.posts.at(-1).body, body);
});

test('one stream per session, and it ends with its session', async t => {
  const { gateway, fake, open } = await sseScene(t);
  const [one, two] = [await open(), await open()];
  assert.equal(fake.open.length, 2);
  await exchange(gateway.port, 'DELETE', '/mcp/old', one.headers());
  await eventually(() => fake.open.length === 1, 'its stream is closed');
  assertAllowed(await two.call('echo'));
});

test('share "server": one stream for all sessions, ids and progress do not mix', async t => {
  const { fake, open } = await sseScene(t, {
    server: { share: 'server' },
    upstream: { onMessage: (m, c) => {
      if (m.method !== 'tools/call') return false;
      c.say({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: m.params._meta.progressToken, progress: m.params.arguments.n } });
      return false;
    } },
  });
  const sessions = await Promise.all([open(), open(), open()]);
  const answers = await Promise.all(sessions.flatMap((s, i) => Array.from({ length: 10 }, (_, n) => s.post({ jsonrpc: '2.0', id: 100 + n, method: 'tools/call', params: { name: 'echo', arguments: { i, n }, _meta: { progressToken: 't' } } }))));
  answers.forEach((a, k) => {
    const [i, n] = [Math.floor(k / 10), k % 10];
    assert.deepEqual(a.messages[0].params, { progressToken: 't', progress: n });
    assert.equal(a.messages.at(-1).id, 100 + n);
    assertAllowed(a.messages.at(-1), `echo {"i":${i},"n":${n}}`);
  });
  assert.equal(fake.conversations.length, 1);
});

test('what the server says by itself: notifications and requests find the client, its answer finds the server', async t => {
  const { fake, open } = await sseScene(t);
  const session = await open({ capabilities: { roots: {} } });
  const stream = await session.stream();
  const events = stream.events();
  fake.last.say({ jsonrpc: '2.0', method: 'notifications/resources/list_changed' });
  assert.equal(JSON.parse((await events.next()).value.data).method, 'notifications/resources/list_changed');
  fake.last.say({ jsonrpc: '2.0', id: 'r1', method: 'roots/list' });
  assert.equal(JSON.parse((await events.next()).value.data).method, 'roots/list');
  assert.equal((await session.post({ jsonrpc: '2.0', id: 'r1', result: { roots: [] } })).status, 202);
  assert.deepEqual(fake.posts.at(-1).message, { jsonrpc: '2.0', id: 'r1', result: { roots: [] } });
  stream.close();
});

test('the modern era, as with a server on pipes: one stream per grant, cancelled by closing', async t => {
  const { gateway, fake } = await sseScene(t, { upstream: { onMessage: m => m.params?.name === 'never' } });
  assertAllowed((await modern(gateway, 'old', 'tools/call', { name: 'echo', arguments: { n: 2 } })).messages.at(-1), 'echo {"n":2}');
  const message = modernMessage(1, 'tools/call', { name: 'never' });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/old', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  await eventually(() => fake.posts.some(p => p.message.params?.name === 'never'), 'the call arrives');
  raw.close();
  const [cancelled] = await fake.waitFor('notifications/cancelled');
  assert.equal(cancelled.message.params.requestId, fake.posts.find(p => p.message.params?.name === 'never').message.id);
  assert.equal(fake.conversations.length, 1);
});

test('the stdio face: a stream that ended is opened again and greeted before the next call', async t => {
  const fake = await FakeSse.start(t);
  const folder = scratch(t);
  writeWhole(path.join(folder, 'main.json'), JSON.stringify(POLICY));
  const pipe = new Pipe(t, BINARY, ['run', '--policy', 'main.json', '--url', fake.url, '--sse'], { cwd: folder, env: sanitizerOptions() });
  await pipe.open();
  assertAllowed(await pipe.call('echo', { n: 1 }), 'echo {"n":1}');
  fake.last.res.end();
  await eventually(() => /closed its event stream/.test(pipe.stderr), 'the end is noticed');
  assertAllowed(await pipe.call('echo', { n: 2 }), 'echo {"n":2}');
  assert.deepEqual(fake.posts.filter(p => p.conversation === fake.last).map(p => p.message.method), ['initialize', 'notifications/initialized', 'tools/call']);
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
});

// ---- The order of messages

test('nothing overtakes notifications/initialized', async t => {
  let release;
  const { fake, open, gateway } = await sseScene(t, {
    upstream: { onPost: p => {
      if (p.message.method !== 'notifications/initialized' || p.conversation.id !== '1-secret') return false;
      release = () => p.res.writeHead(202).end();
      return true;
    } },
  });
  const session = new Session(gateway, 'old');
  session.version = '2025-11-25';
  session.id = (await initialize(gateway)).headers['mcp-session-id'];
  const initialized = session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await fake.waitFor('notifications/initialized');
  const call = session.post(CALL);
  assertAllowed(await (await open()).call('echo')); // another conversation is not held up; and time goes by
  assert.equal(fake.of('tools/call').length, 1);
  release();
  assert.equal((await initialized).status, 202);
  assertAllowed((await call).messages.at(-1));
});

test('an answer that comes before its POST is answered', async t => {
  const { fake, open } = await sseScene(t, { upstream: { onPost: p => {
    if (p.message.method !== 'tools/call') return false;
    fake.answer(p);
    setTimeout(() => p.res.writeHead(500).end(), 50); // nobody minds any more
    return true;
  } } });
  const session = await open();
  assertAllowed(await session.call('echo', { n: 1 }));
  assertAllowed(await session.call('echo', { n: 2 }));
});

// ---- The endpoint

for (const [name, endpoint, target] of [
  ['an absolute path', c => `/post/here?id=${c.id}`, '/post/here?id=1-secret'],
  ['a whole URL of the same origin', c => `HTTP://127.0.0.1:${c.req.socket.localPort}/m?id=${c.id}#part`, '/m?id=1-secret'],
  ['a path upwards', c => `../m?id=${c.id}`, '/m?id=1-secret'],
]) {
  test(`the endpoint as ${name}`, async t => {
    const { fake, open } = await sseScene(t, { upstream: { endpoint } });
    assertAllowed(await (await open()).call('echo'));
    assert.ok(fake.posts.every(p => p.url === target), fake.posts[0].url);
  });
}
for (const [name, endpoint, operator] of [
  ['of another host', () => 'http://localhost:1/x', /endpoint of another origin/],
  ['of another port', c => `http://127.0.0.1:${c.req.socket.localPort ^ 1}/x`, /endpoint of another origin/],
  ['without a scheme, of another host', () => '//evil.example/x', /endpoint of another origin/],
  ['of another scheme', c => `https://127.0.0.1:${c.req.socket.localPort}/x`, /endpoint of another origin/],
  ['with a user', c => `http://127.0.0.1:${c.req.socket.localPort}@evil.example/x`, /endpoint of another origin/],
  ['with a space', () => '/a b', /no URL/],
  ['that is empty', () => '', /no URL/],
]) {
  test(`an endpoint ${name} is refused, nothing is posted`, async t => {
    const { fake } = await refusedToOpen(t, { endpoint }, /its answer could not be understood/, operator);
    assert.equal(fake.posts.length, 0);
  });
}
test('a second endpoint is ignored', async t => {
  const { fake, gateway, open } = await sseScene(t);
  const session = await open();
  fake.last.event('endpoint', '/elsewhere');
  assertAllowed(await session.call('echo'));
  await gateway.waitLog(/second endpoint/);
  assert.ok(fake.posts.every(p => p.url === '/base/messages?id=1-secret'));
});

// ---- It does not open

test('connection refused', async t => {
  const fake = await FakeSse.start(null);
  await fake.stop();
  const { gateway } = await refusedToOpen(t, {}, /^Server '(default\/)?old': it cannot be reached$/, /connection refused/, { url: fake.url });
  // It heals by itself.
  await fake.listen(fake.port);
  t.after(() => fake.stop());
  assertAllowed(await (await Session.open(gateway, { server: 'old' })).call('echo'));
});
test('the GET is refused', async t => {
  await refusedToOpen(t, { onGet: c => { c.res.writeHead(405).end(); return true; } }, /could not be understood/, /GET of its event stream with HTTP status 405/);
});
test('the credentials are refused', async t => {
  await refusedToOpen(t, { onGet: c => { c.res.writeHead(401).end('who are you, for-the-server?'); return true; } }, /refused the gateway's credentials; ask its operator/, /HTTP 401/);
});
test('no event stream', async t => {
  await refusedToOpen(t, { onGet: c => { c.res.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello'); return true; } }, /could not be understood/, /is no event stream/);
});
test('a compressed stream', async t => {
  const onGet = c => {
    c.begin(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    c.res.write(zlib.gzipSync('event: endpoint\ndata: /x\n\n'));
    return true;
  };
  await refusedToOpen(t, { onGet }, /could not be understood/, /compressed its stream/);
});
test('the endpoint never comes', async t => {
  await refusedToOpen(t, { onGet: c => { c.begin(); c.res.write(': hello\n\n'); return true; } }, /did not answer in time/, /did not name its endpoint in time/, { server: { timeouts: { connect: '300ms' } }, status: 504 });
});
test('the head never comes', async t => {
  await refusedToOpen(t, { onGet: () => true }, /did not answer in time/, /no answer within 300 ms/, { server: { timeouts: { connect: '300ms' } }, status: 504 });
});
test('the stream ends before the endpoint', async t => {
  await refusedToOpen(t, { onGet: c => { c.begin(); c.res.end(': bye\n\n'); return true; } }, /closed the connection/, /before it named its endpoint/);
});
test('reset instead of an answer', async t => {
  const raw = net.createServer(s => { s.on('error', () => {}); s.on('data', () => s.resetAndDestroy()); });
  await new Promise(resolve => raw.listen(0, '127.0.0.1', resolve));
  t.after(() => raw.close());
  await refusedToOpen(t, {}, /^Server '(default\/)?old': it /, /old/, { url: `http://127.0.0.1:${raw.address().port}/sse` });
});

// ---- It breaks

for (const [name, breakIt, operator] of [
  ['ends', c => c.res.end(), /closed its event stream/],
  ['is reset', c => c.req.socket.resetAndDestroy(), /server 'old'/],
  ['ends inside a message', c => c.res.end('event: message\ndata: {"jsonrpc":"2.0","id":70,'), /inside a message/],
]) {
  test(`the stream ${name}: calls in flight end with a clear error, the session with 404, a new one works`, async t => {
    const { fake, gateway, open } = await sseScene(t, { upstream: { onMessage: m => m.params?.name === 'echo' && m.params.arguments === undefined } });
    const session = await open();
    const held = [70, 71, 72].map(id => session.post({ ...CALL, id }));
    await fake.waitFor('tools/call', 3);
    breakIt(fake.last);
    for (const answer of await Promise.all(held)) assertFailed(answer, /the call may or may not have run/, answer.status === 200 ? 200 : 502); // 200: its stream had begun
    await gateway.waitLog(operator);
    assert.equal((await gateway.waitRows(toolRow('echo', 'failed'), 3)).length, 3);
    assert.equal((await session.post(CALL)).status, 404);
    assertAllowed(await (await open()).call('echo', {}));
  });
}

test('a call whose answer never comes times out, the server is told, others go on', async t => {
  const { fake, open } = await sseScene(t, { server: { timeouts: { answer: '1s' } }, upstream: { onMessage: m => m.params?.name === 'echo' && m.params.arguments === undefined } });
  const session = await open();
  assertFailed(await session.post(CALL), /did not answer in time; the call may or may not have run/, 200); // in the stream that had begun
  assert.equal((await fake.waitFor('notifications/cancelled'))[0].message.params.requestId, 70);
  assertAllowed(await session.call('echo', {}));
});

test('a message larger than allowed ends the stream, with words', async t => {
  const { gateway, open } = await sseScene(t, { server: { max_message_bytes: '8KiB' }, upstream: { onMessage: (m, c) => m.params?.name === 'echo' && c.say({ jsonrpc: '2.0', id: m.id, result: 'x'.repeat(10000) }) === undefined } });
  assertFailed(await (await open()).post(CALL), /larger than allowed/);
  await gateway.waitLog(/too large/);
});

test('what is no message is skipped; other kinds of events too', async t => {
  const { fake, gateway, open } = await sseScene(t);
  const session = await open();
  for (const data of ['no json', '{"jsonrpc":"2.0"}', '[]', '{"jsonrpc":"2.0","id":99,"result":{}}']) fake.last.event('message', data);
  fake.last.event('weather', 'rain');
  fake.last.res.write('event: message\n\n: comment\n\nretry: 10\n\n');
  assertAllowed(await session.call('echo'));
  await gateway.waitLog(/was skipped/);
});

test('a flood of notifications does not grow the gateway, and calls still work', async t => {
  const { fake, gateway, open } = await sseScene(t);
  const session = await open();
  const line = 'event: message\ndata: ' + JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'y'.repeat(1000) } }) + '\n\n';
  const flood = line.repeat(1000);
  for (let i = 0; i < 60; i++) if (!fake.last.res.write(flood)) await new Promise(resolve => fake.last.res.once('drain', resolve));
  assertAllowed(await session.call('echo'));
  const resident = Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8'))[1]) / 1024;
  assert.ok(resident < 400, `${resident} MB`); // the sanitizer's own share is large
});

// ---- A POST fails

for (const status of [400, 401, 403, 404, 500, 503]) {
  test(`a POST answered ${status} ends that call alone`, async t => {
    const { gateway, open } = await sseScene(t, { upstream: { onPost: p => p.message.id === 70 && p.res.writeHead(status).end('inner words') } });
    const session = await open();
    const answer = await session.post(CALL);
    assertFailed(answer, status === 401 || status === 403 ? new RegExp(`refused the gateway's credentials \\(HTTP ${status}\\)`) : new RegExp(`HTTP status ${status}`));
    assert.doesNotMatch(answer.text, /inner words/);
    const [row] = await gateway.waitRows(toolRow('echo', 'failed'));
    assert.equal(row.upstream_status, status);
    assertAllowed(await session.call('echo'));
  });
}
test('a notification that is not taken: the client learns it', async t => {
  const { open } = await sseScene(t, { upstream: { onPost: p => p.message.method === 'notifications/roots/list_changed' && p.res.writeHead(500).end() } });
  const session = await open();
  assert.equal((await session.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })).status, 502);
  assertAllowed(await session.call('echo'));
});
test('a POST that is cut off ends that call alone', async t => {
  const { open } = await sseScene(t, { upstream: { onPost: p => p.message.id === 70 && (p.res.socket.resetAndDestroy(), true) } });
  const session = await open();
  assertFailed(await session.post(CALL), /may or may not have run/);
  assertAllowed(await session.call('echo'));
});
test('an endless answer to a POST is cut, the call is answered on the stream', async t => {
  let sent = 0;
  const { open } = await sseScene(t, { upstream: { onPost: p => {
    if (p.message.id !== 70) return false;
    p.res.writeHead(200);
    const pump = () => { while (!p.res.destroyed && p.res.write('z'.repeat(16384))) sent++; if (!p.res.destroyed) p.res.once('drain', pump); };
    p.res.once('close', () => p.conversation.say({ jsonrpc: '2.0', id: 70, result: { content: [] } }));
    pump();
    return true;
  } } });
  assertAllowed((await (await open()).post(CALL)).messages.at(-1));
  assert.ok(sent > 0);
});
test('a limit is given back when the server surely did not get the call', async t => {
  const fake = await FakeSse.start(null);
  await fake.stop();
  const policy = { version: '1', default: 'allow', tools: { echo: { rate_limit: { max: 1, window: 60 } } } };
  const gateway = await startGateway(t, { servers: { old: { url: fake.url, transport: 'sse' } }, policies: { main: policy }, grants: { agent: { servers: { old: 'main' } } } });
  assert.equal((await modern(gateway, 'old', 'tools/call', { name: 'echo' })).status, 502);
  await fake.listen(fake.port);
  t.after(() => fake.stop());
  assertAllowed((await modern(gateway, 'old', 'tools/call', { name: 'echo' })).messages.at(-1));
});

// ---- Around it

test('streamable HTTP asked of an old server: the error says what to configure', async t => {
  const fake = await FakeSse.start(t, { onPost: p => p.res.writeHead(405).end() });
  const gateway = await startGateway(t, { servers: { old: { url: fake.url } }, policies: { main: POLICY }, grants: { agent: { servers: { old: 'main' } } } });
  const answer = await initialize(gateway);
  assert.equal(answer.status, 405);
  assert.match(answer.messages[0].error.message, /its operator sets "transport": "sse"$/);
});

test('over https, with the configured authority', async t => {
  const folder = scratch(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map(f => path.join(folder, f));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  const fake = new FakeSse({ tls: { key: fs.readFileSync(key), cert: fs.readFileSync(cert) } });
  await fake.listen(0, https.createServer);
  t.after(() => fake.stop());
  const scene = extra => startGateway(t, { servers: { old: { url: `https://localhost:${fake.port}/sse`, transport: 'sse' } }, policies: { main: POLICY }, grants: { agent: { servers: { old: 'main' } } }, extra });
  assertAllowed(await (await Session.open(await scene({ upstream_ca: cert }), { server: 'old' })).call('echo'));
  assertFailed(await initialize(await scene({})), /a secure connection to it failed/);
});

test('the gateway stops with streams open and a call under way', async t => {
  const { fake, gateway, open } = await sseScene(t, { extra: { limits: { drain: '1s' } }, upstream: { onMessage: m => m.params?.name === 'echo' } });
  const session = await open();
  const held = session.post(CALL).catch(e => ({ status: e.message }));
  await fake.waitFor('tools/call');
  await gateway.stop();
  assert.notEqual((await held).status, 200);
  await eventually(() => fake.open.length === 0, 'the stream is closed');
});
