// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Clients that vanish, pipeline, do not read, drip, or open sessions without end: each call reaches the server once at
// most, the gateway stays small, others notice nothing, and the next good call works.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { Session, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { descriptors, memoryKiB } from '../lib/process.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { descendants, eventually, LIB } from '../lib/scratch.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene, toolRow } from '../lib/wire.mjs';

const callOf = (id, name = 'echo', args = {}) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
const note = data => ({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } });
const bytesOf = (session, message) => requestBytes('POST', session.target, session.headers(), JSON.stringify(message), session.gateway.port);

test('clients that vanish in the middle of a stream: the calls of the legacy era run on, those of the modern one are cancelled', async t => {
  const held = [];
  const { fake, gateway, open } = await scene(t, { upstream: { tools: [tool('slow'), tool('echo')], onCall: (m, c) => {
    if (m.params.name === 'echo') return text('here');
    c.event(note('under way'));
    held.push(c);
  } } });
  const session = await open();
  const before = descriptors(gateway.child.pid).length;
  const clients = [];
  for (let i = 0; i < 30; i++) {
    const raw = i % 2 ? await session.open(callOf(100 + i, 'slow')) : await Raw.connect(gateway.port);
    const message = modernMessage(100 + i, 'tools/call', { name: 'slow', arguments: {} });
    if (i % 2 === 0) raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
    await raw.head();
    for await (const event of raw.events()) if (event.data) break;
    clients.push(raw);
  }
  assert.equal(held.length, 30);
  clients.forEach((raw, i) => { if (i % 3) raw.reset(); else raw.close(); });
  await eventually(() => fake.calls().filter(c => c.closed).length === 15, () => `the modern ones are cancelled; ${fake.calls().filter(c => c.closed).length} are`);
  assert.ok(fake.calls().every(c => c.closed === (c.message.params._meta !== undefined)));
  assertAllowed(await session.call('echo'), 'here');
  held.forEach(c => { if (!c.record.closed) c.result(text('done')); });
  await gateway.waitRows(toolRow('slow'), 30);
  await eventually(() => descriptors(gateway.child.pid).length <= before + 20, () => `descriptors: ${before} before, ${descriptors(gateway.child.pid).length} now`);
  assert.equal(fake.calls().length, 31, 'each call came once');
});

test('hundreds of requests in one write: each is judged, sent and answered once, in order', async t => {
  const { fake, gateway, open } = await scene(t, { upstream: { tools: [tool('echo'), tool('drop')], onCall: m => text(String(m.params.arguments.n)) }, policy: { version: '1', default: 'allow', tools: { drop: { action: 'deny', reason: 'No.' } } } });
  const session = await open();
  const raw = await Raw.connect(gateway.port);
  raw.write(Buffer.concat(Array.from({ length: 300 }, (_, n) => bytesOf(session, callOf(1000 + n, n % 3 ? 'echo' : 'drop', { n })))));
  for (let n = 0; n < 300; n++) {
    const [message] = (await raw.answer()).messages;
    assert.equal(message.id, 1000 + n);
    if (n % 3) assertAllowed(message, String(n)); else assertDenied(message, { text: 'No.', rule: '/tools/drop/action' });
  }
  raw.close();
  assert.deepEqual(fake.calls().map(c => c.message.params.arguments.n), Array.from({ length: 300 }, (_, n) => n).filter(n => n % 3));
});

test('requests that are pipelined behind a slow one wait in the kernel, and go with their client', async t => {
  let release;
  const gate = new Promise(resolve => { release = resolve; });
  const { fake, gateway, open } = await scene(t, { upstream: { onCall: async m => { if (m.params.arguments.n === 0) await gate; return text('x'); } } });
  const session = await open();
  const before = memoryKiB(gateway.child.pid), sockets = descriptors(gateway.child.pid).length;
  const clients = [];
  for (let i = 0; i < 20; i++) {
    const raw = await Raw.connect(gateway.port);
    const pipeline = Buffer.concat(Array.from({ length: 500 }, (_, n) => bytesOf(session, callOf(`${i}-${n}`, 'echo', { n, fill: 'x'.repeat(4000) }))));
    raw.write(pipeline);
    clients.push(raw);
  }
  await fake.waitFor('tools/call', 20);
  assertAllowed(await session.call('echo', { n: 1 }), 'x');
  const grown = memoryKiB(gateway.child.pid) - before;
  assert.ok(grown < 16 * 1024, `${grown} KiB more while 40 MB wait`);
  assert.equal(fake.calls().length, 21);
  clients.forEach(raw => raw.reset());
  const now = () => descriptors(gateway.child.pid).length;
  await eventually(() => now() <= sockets + 22, () => `the clients' connections are gone; ${sockets} descriptors before, now ${now()}`);
  release();
  await gateway.waitRows(toolRow('echo', 'allowed'), 21);
  assertAllowed(await session.call('echo', { n: 1 }), 'x');
  assert.equal(fake.calls().length, 22, 'nothing that waited was called');
});

test('forty clients that do not read their streams make their servers wait, and nobody else', async t => {
  const line = { ...note('y'.repeat(16000)) };
  const { gateway, open } = await scene(t, { upstream: { tools: [tool('flood'), tool('echo')], onCall: async (m, c) => {
    if (m.params.name === 'echo') return text('here');
    c.sse();
    c.res.setMaxListeners(0);
    for (let i = 0; i < 500 && !c.res.destroyed; i++) if (!c.res.write('data: ' + JSON.stringify(line) + '\n\n')) await new Promise(r => { c.res.once('drain', r); c.res.once('close', r); });
    c.result(text('end'));
  } } });
  const session = await open();
  const before = memoryKiB(gateway.child.pid);
  const clients = [];
  for (let i = 0; i < 40; i++) {
    const raw = await session.open(callOf(100 + i, 'flood'));
    raw.socket.pause();
    clients.push(raw);
  }
  for (let i = 0; i < 20; i++) assertAllowed(await session.call('echo'), 'here');
  const grown = memoryKiB(gateway.child.pid) - before;
  assert.ok(grown < 80 * 1024, `${grown} KiB more while 320 MB wait`);
  clients.slice(1).forEach(raw => raw.reset());
  clients[0].socket.resume();
  const answer = await clients[0].answer();
  assert.equal(answer.messages.length, 501, 'the one that reads again misses nothing');
  assertAllowed(answer.messages.at(-1), 'end');
  clients[0].close();
});

test('a stream that is read in very small pieces arrives whole', async t => {
  const { gateway, open } = await scene(t, { upstream: { sse: true, onCall: () => text('z'.repeat(20000)) } });
  const session = await open();
  const bytes = [];
  const socket = net.connect({ port: gateway.port, host: '127.0.0.1', onread: { buffer: Buffer.alloc(61), callback: (n, piece) => { bytes.push(Buffer.from(piece.subarray(0, n))); return true; } } });
  t.after(() => socket.destroy());
  socket.write(bytesOf(session, callOf(7)));
  await eventually(() => Buffer.concat(bytes.slice(-2)).includes('\r\n0\r\n\r\n'), 'the end of the answer');
  assert.ok(bytes.length > 300);
  assert.ok(Buffer.concat(bytes).toString().includes('z'.repeat(20000)));
});

test('a client that closes its sending side too early is gone, at whatever point', async t => {
  const { gateway, fake, open } = await scene(t);
  const session = await open();
  const whole = bytesOf(session, callOf(3));
  for (const cut of [0, 1, 20, whole.length - 10, whole.length]) {
    const raw = await Raw.connect(gateway.port);
    raw.write(whole.subarray(0, cut)).halfClose();
    await eventually(() => raw.ended, `the connection is closed, ${cut} bytes`);
    raw.close();
  }
  await gateway.waitRows(toolRow('echo', 'allowed'), 1);
  assert.equal(fake.calls().length, 1);
  assertAllowed(await session.call('echo'), 'null');
});

test('bodies that pause or drip are ended in time, and cost what was sent of them', async t => {
  const { gateway, fake, open } = await scene(t, { extra: { limits: { message_time: '1s' } } });
  const session = await open();
  const before = memoryKiB(gateway.child.pid);
  const clients = [];
  for (let i = 0; i < 200; i++) {
    const raw = await Raw.connect(gateway.port);
    raw.write(requestBytes('POST', '/mcp/fake', { ...session.headers(), ...(i % 2 ? { 'Content-Length': '4000000' } : { 'Transfer-Encoding': 'chunked' }) }, '', gateway.port));
    raw.write(i % 2 ? '{' : '3d0900\r\n{');
    clients.push(raw);
  }
  const drip = setInterval(() => clients.forEach(raw => { if (!raw.ended && raw.buffer.length === 0) raw.write(' '); }), 100);
  t.after(() => clearInterval(drip));
  assertAllowed(await session.call('echo'), 'null');
  const grown = memoryKiB(gateway.child.pid) - before;
  assert.ok(grown < 40 * 1024, `${grown} KiB for 200 bodies of a few bytes`);
  for (const raw of clients) assert.equal((await raw.head()).status, 408);
  clients.forEach(raw => raw.close());
  assert.equal(fake.calls().length, 1);
  assertAllowed(await session.call('echo'), 'null');
});

test('10,000 sessions: a grant gets what it may have, others notice nothing, and what ends makes room', async t => {
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url } }, policies: { main: ALLOW_ALL }, grants: { greedy: { servers: { fake: 'main' } }, other: { servers: { fake: 'main' } } } });
  const other = await Session.open(gateway, { label: 'other' });
  const before = memoryKiB(gateway.child.pid);
  const initialize = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'greedy', version: '1' } } };
  const bytes = requestBytes('POST', '/mcp/fake', { ...gateway.auth('greedy'), 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }, JSON.stringify(initialize), gateway.port);
  const statuses = {}, ids = [];
  await Promise.all(Array.from({ length: 10 }, async () => {
    const raw = await Raw.connect(gateway.port);
    for (let sent = 0; sent < 1000; sent += 100) {
      raw.write(Buffer.concat(Array.from({ length: 100 }, () => bytes)));
      for (let i = 0; i < 100; i++) {
        const answer = await raw.answer();
        statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
        if (answer.status === 200) ids.push(answer.headers['mcp-session-id']);
        else assert.match(answer.messages[0].error.message, /too many open sessions/);
      }
    }
    raw.close();
  }));
  assert.deepEqual(statuses, { 200: 1000, 503: 9000 });
  assert.equal(new Set(ids).size, 1000);
  assertAllowed(await other.call('echo'), 'null');
  const grown = memoryKiB(gateway.child.pid) - before;
  assert.ok(grown < 48 * 1024, `${grown} KiB for 1000 sessions`);
  const end = await exchange(gateway.port, 'DELETE', '/mcp/fake', { ...gateway.auth('greedy'), 'Mcp-Session-Id': ids[0], 'MCP-Protocol-Version': '2025-11-25' });
  assert.ok(end.status < 300, `${end.status}`);
  assertAllowed(await (await Session.open(gateway, { label: 'greedy' })).call('echo'), 'null');
  await assert.rejects(Session.open(gateway, { label: 'greedy' }), /initialize: 503/);
});

test('sessions of programs: no more processes than a server may have, and each that ends makes room', async t => {
  const gateway = await startGateway(t, { servers: { tiny: { command: ['/bin/sh', path.join(LIB, 'tiny-child.sh')] } }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { tiny: 'main' } } } });
  const sessions = [], refused = [];
  for (let i = 0; i < 140; i++) await Session.open(gateway).then(s => sessions.push(s), e => refused.push(e.message));
  assert.equal(sessions.length, 128);
  assert.equal(descendants(gateway.child.pid).length, 128);
  for (const message of refused) assert.match(message, /initialize: 50[23].*has 128 processes already/);
  assertAllowed(await sessions[0].call('echo'));
  await exchange(gateway.port, 'DELETE', '/mcp/tiny', sessions[1].headers());
  await eventually(() => descendants(gateway.child.pid).length < 128, 'its process goes');
  assertAllowed(await (await Session.open(gateway)).call('echo'));
});

test('twelve clients that do not read large answers share one bound; another is served throughout', async t => {
  const BOUND = 32 << 20, LARGE = 12 << 20;
  const { gateway, open } = await scene(t, { upstream: { tools: [tool('large'), tool('echo')], onCall: m => text(m.params.name === 'echo' ? 'here' : 'x'.repeat(LARGE)) }, extra: { limits: { waiting_bytes: BOUND } } });
  const session = await open();
  const figure = async name => Number(new RegExp(`^sallyport_waiting_${name} (\\d+)$`, 'm').exec((await exchange(gateway.port, 'GET', '/metrics')).text)[1]);
  const clients = [];
  let most = 0;
  for (let i = 0; i < 12; i++) {
    const raw = await Raw.connect(gateway.port);
    raw.socket.pause();
    raw.write(bytesOf(session, callOf(100 + i, 'large')));
    clients.push(raw);
    assertAllowed(await session.call('echo'), 'here');
    most = Math.max(most, await figure('bytes'));
  }
  await eventually(async () => await figure('cuts_total') >= 6, 'those that hold most are cut');
  most = Math.max(most, await figure('bytes'));
  assert.ok(most > BOUND / 4 && most <= BOUND, `${most} bytes waited`);
  assertAllowed(await session.call('echo'), 'here');
  await gateway.waitLog(/too much waits for those who do not read/);
  clients.forEach(raw => raw.reset());
  await eventually(async () => await figure('bytes') === 0, 'nothing waits any more');
});
