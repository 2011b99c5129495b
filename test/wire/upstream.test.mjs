// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP upstreams that are down, slow, strange or hostile.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import zlib from 'node:zlib';
import { eventually } from '../lib/scratch.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { assertAllowed, scene, toolRow } from '../lib/wire.mjs';

// A clear error, not a success: JSON-RPC error or HTTP error, with a sentence.
function assertFailed(answer, pattern) {
  const message = answer.messages.at(-1);
  assert.ok(message?.error || answer.status >= 400, `${answer.status} ${answer.text.slice(0, 300)}`);
  if (message?.error) {
    assert.ok(message.error.message.length > 5);
    if (pattern) assert.match(message.error.message, pattern);
  }
}
const callOf = session => session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'echo' } });

test('an upstream that is down gives a clear error at once, and heals by itself', async t => {
  const { fake, gateway, open } = await scene(t);
  const session = await open();
  const port = fake.port;
  await fake.stop();
  const started = Date.now();
  const answer = await callOf(session);
  assertFailed(answer);
  assert.ok(Date.now() - started < 5000);
  assert.doesNotMatch(answer.text, new RegExp(`127\\.0\\.0\\.1:${port}`), 'the inside is not shown to agents');
  const [row] = await gateway.waitRows(toolRow('echo'));
  assert.equal(row.outcome, 'failed');
  await fake.listen(port);
  assertAllowed(await (await open()).call('echo'));
});

test('a gateway starts and is ready although its upstream is down', async t => {
  const fake = await FakeUpstream.start(null);
  await fake.stop();
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url } }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { fake: 'main' } } } });
  await assert.rejects(Session.open(gateway), /initialize: (200|502|503|504)|no answer/);
});

test('one dead upstream does not slow another one down', async t => {
  const good = await FakeUpstream.start(t);
  const silent = net.createServer(() => {}); // accepts and says nothing
  await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve));
  const sockets = new Set();
  silent.on('connection', s => { sockets.add(s); s.on('error', () => {}); });
  t.after(() => { sockets.forEach(s => s.destroy()); silent.close(); });
  const gateway = await startGateway(t, {
    servers: { good: { url: good.url }, dead: { url: `http://127.0.0.1:${silent.address().port}/mcp`, timeouts: { answer: '60s' } } },
    policies: { main: ALLOW_ALL }, grants: { agent: { servers: { good: 'main', dead: 'main' } } },
  });
  let ended = false;
  const dead = Session.open(gateway, { server: 'dead' }).then(() => 'opened', e => e.message).finally(() => { ended = true; });
  const session = await Session.open(gateway, { server: 'good' });
  await eventually(() => sockets.size > 0, 'the dead one is being asked');
  for (let i = 0; i < 20; i++) assertAllowed(await session.call('echo', { i }));
  assert.equal(ended, false);
  sockets.forEach(s => s.destroy());
  assert.match(await dead, /initialize: (502|503|504)|"error"/);
});

for (const [name, encode] of Object.entries({ gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync })) {
  test(`an answer in ${name}, which nobody asked for, is decoded or refused, never let through unread`, async t => {
    const list = id => Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [tool('first'), tool('secret')] } }));
    const { open } = await scene(t, { policy: { version: '1', default: 'allow', hide: ['secret'] }, upstream: { onMessage: (m, c) => {
      if (m.method !== 'tools/list') return false;
      c.raw(200, { 'content-type': 'application/json', 'content-encoding': name }, encode(list(m.id)));
      return true;
    } } });
    const session = await open();
    const answer = await session.post({ jsonrpc: '2.0', id: 3, method: 'tools/list' });
    if (answer.messages.at(-1)?.result) assert.deepEqual(answer.messages.at(-1).result.tools.map(x => x.name), ['first']);
    else assertFailed(answer);
    assert.equal(answer.headers['content-encoding'], undefined);
  });
}

const STRANGE = {
  'an answer that is HTML': c => c.raw(200, { 'content-type': 'text/html' }, '<html>hello</html>'),
  'an answer without a type': c => c.raw(200, {}, '{"jsonrpc":"2.0","id":1,"result":{}}'),
  'broken JSON': c => c.raw(200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":'),
  'an empty 200': c => c.raw(200, { 'content-type': 'application/json' }, ''),
  'an answer to another request': c => c.raw(200, { 'content-type': 'application/json' }, '{"jsonrpc":"2.0","id":"someone else","result":{"content":[]}}'),
  'neither result nor error': (c, m) => c.raw(200, { 'content-type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', id: m.id })),
  'result and error': (c, m) => c.raw(200, { 'content-type': 'application/json' }, JSON.stringify({ jsonrpc: '2.0', id: m.id, result: {}, error: { code: 1, message: 'x' } })),
  'a redirect': c => c.raw(302, { location: 'http://127.0.0.1:9/elsewhere' }, ''),
  'a 307 redirect': c => c.raw(307, { location: 'http://127.0.0.1:9/elsewhere' }, ''),
  'a 500 page': c => c.raw(500, { 'content-type': 'text/html' }, '<h1>stack trace with secrets</h1>'),
  'a stream that ends without the answer': c => { c.sse(); c.res.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n'); c.res.end(); },
  'a connection cut in the body': c => { c.res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' }); c.res.write('{"jsonrpc"'); setImmediate(() => c.res.destroy()); },
  'a connection cut before the head': c => c.res.destroy(),
};
for (const [name, respond] of Object.entries(STRANGE)) {
  test('strange answer: ' + name, async t => {
    const { fake, open } = await scene(t, { upstream: { onMessage: (m, c) => { if (m.method !== 'tools/call' || m.params.name !== 'strange') return false; respond(c, m); return true; } } });
    const session = await open();
    const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'strange' } });
    assertFailed(answer);
    assert.doesNotMatch(answer.text, /stack trace|<html|elsewhere/);
    assert.equal(fake.calls().length, 1, 'a call is never sent twice');
    assertAllowed(await session.call('echo'), 'null');
  });
}

test('an upstream error travels as it is', async t => {
  const { open } = await scene(t, { upstream: { onCall: (m, c) => { c.error(-32050, 'own words', { detail: [1.10] }); } } });
  assert.deepEqual((await (await open()).call('echo')).error, { code: -32050, message: 'own words', data: { detail: [1.1] } });
});

test('an answer over the limit is refused, also when its length is not announced', async t => {
  const big = 'x'.repeat(300000);
  let chunked = false;
  const { open } = await scene(t, { server: { max_message_bytes: 100000 }, upstream: { onCall: (m, c) => {
    if (m.params.arguments?.small) return text('small');
    const body = JSON.stringify(c.envelope({ result: text(big) }));
    c.res.writeHead(200, { 'content-type': 'application/json', ...(chunked ? {} : { 'content-length': body.length }) });
    c.res.end(body);
    return undefined;
  } } });
  const session = await open();
  assertFailed(await callOf(session));
  chunked = true;
  assertFailed(await callOf(session));
  assertAllowed(await session.call('echo', { small: true }), 'small');
});

test('a large answer passes whole to a slow reader', async t => {
  const size = 3000000;
  const { open } = await scene(t, { upstream: { onCall: () => text('y'.repeat(size)) } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } });
  raw.socket.pause();
  await new Promise(resolve => setTimeout(resolve, 300));
  raw.socket.resume();
  const answer = await raw.answer();
  raw.close();
  assert.equal(answer.messages.at(-1).result.content[0].text.length, size);
});

test('an upstream that never answers is given up after its time', async t => {
  const { fake, gateway, open } = await scene(t, { server: { timeouts: { answer: '1s' } }, upstream: { onCall: () => new Promise(() => {}) } });
  const session = await open();
  const started = Date.now();
  assertFailed(await callOf(session));
  assert.ok(Date.now() - started < 5000);
  await eventually(() => fake.calls()[0].closed, 'the upstream request is dropped');
  await gateway.waitRows(toolRow('echo', 'failed'));
});

test('SSE in odd shapes: CR LF, comments, several data lines, split anywhere', async t => {
  const { open } = await scene(t, { upstream: { onCall: async (m, c) => {
    c.sse();
    const answer = JSON.stringify(c.envelope({ result: text('pieces é') }), null, 1).split('\n').map(line => 'data: ' + line).join('\r\n');
    const bytes = Buffer.from(': hello\r\n\r\nevent: message\r\nid: 7\r\n' + answer + '\r\n\r\n');
    for (let i = 0; i < bytes.length; i += 7) { c.res.write(bytes.subarray(i, i + 7)); await new Promise(setImmediate); }
    c.res.end();
  } } });
  assertAllowed(await (await open()).call('echo'), 'pieces é');
});

test('many calls at the same time on one session all get their own answer', async t => {
  const { open } = await scene(t, { upstream: { onCall: async m => { await new Promise(r => setTimeout(r, m.params.arguments.n % 7)); return text(String(m.params.arguments.n)); } } });
  const session = await open();
  const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => session.call('echo', { n })));
  answers.forEach((answer, n) => assertAllowed(answer, String(n)));
});

test('calls over calls_per_grant are turned away, then served again', async t => {
  let release;
  const gate = new Promise(resolve => { release = resolve; });
  const { fake, open } = await scene(t, { extra: { limits: { calls_per_grant: 2 } }, upstream: { onCall: async () => { await gate; return text('x'); } } });
  const session = await open();
  const held = [callOf(session), session.post({ jsonrpc: '2.0', id: 71, method: 'tools/call', params: { name: 'echo' } })];
  await fake.waitFor('tools/call', 2);
  const third = await session.post({ jsonrpc: '2.0', id: 72, method: 'tools/call', params: { name: 'echo' } });
  assertFailed(third);
  release();
  for (const answer of await Promise.all(held)) assertAllowed(answer.messages.at(-1), 'x');
  assertAllowed(await session.call('echo'), 'x');
});

test('keep-alive: an upstream connection that was closed while idle costs no call', async t => {
  const { fake, open } = await scene(t);
  const session = await open();
  assertAllowed(await session.call('echo'));
  for (let i = 0; i < 3; i++) {
    fake.server.closeIdleConnections();
    await new Promise(resolve => setTimeout(resolve, 20));
    assertAllowed(await session.call('echo'));
  }
  assert.equal(fake.calls().length, 4);
});
