// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// HTTP servers that reset, stall, trickle, flood, answer twice or to somebody else, change their era: the caller gets a
// plain error in time, the gateway stays small, nothing passes unjudged, and the next call works.
import assert from 'node:assert/strict';
import test from 'node:test';
import { descriptors, memoryKiB } from '../lib/process.mjs';
import { Session, modern } from '../lib/mcp.mjs';
import { startGateway, ALLOW_ALL } from '../lib/gateway.mjs';
import { eventually } from '../lib/scratch.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, scene, toolRow } from '../lib/wire.mjs';

const LIMIT = '1s'; // for an answer, in every test here
const IN_TIME_MS = 6000; // the limit, the gateway's clock and a slow build
const bad = { name: 'bad' };
const post = (session, id = 70, name = 'bad') => session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } });
const head = (extra, body = '') => `HTTP/1.1 200 OK\r\nContent-Type: ${extra}\r\n\r\n${body}`;
const JSON_500 = 'application/json\r\nContent-Length: 500';
const STREAM = 'text/event-stream\r\nTransfer-Encoding: chunked';
const chunk = s => `${Buffer.byteLength(s).toString(16)}\r\n${s}\r\n`;

// A scene whose tool "bad" is answered by `misbehave`, with the bare socket.
function hostile(t, misbehave, more = {}) {
  return scene(t, { server: { timeouts: { answer: LIMIT }, ...more.server }, extra: more.extra, policy: more.policy ?? ALLOW_ALL, upstream: { tools: [tool('bad'), tool('echo'), tool('secret')], ...more.upstream, onMessage: (m, c) => {
    if (m.method !== 'tools/call' || m.params.name !== bad.name) return false;
    misbehave(c.req.socket, m, c);
    return true;
  } } });
}
async function failsInTime(session) {
  const started = Date.now();
  const answer = await post(session);
  assert.ok(Date.now() - started < IN_TIME_MS, `${Date.now() - started} ms`);
  const message = answer.messages.at(-1);
  assert.ok(message?.error, `an error: ${answer.status} ${answer.text.slice(0, 200)}`);
  assert.equal(message.id, 70);
  assert.match(message.error.message, /^Server '(default\/)?fake'.*(may or may not have run|)/);
  return message.error.message;
}

const RESETS = {
  'before its head': () => '',
  'inside its head': () => 'HTTP/1.1 200 OK\r\nContent-Ty',
  'inside a JSON body': () => head(JSON_500, '{"jsonrpc"'),
  'inside an event': () => head(STREAM, chunk('data: {"jsonrpc":"2.0","id":70,"res')),
  'between events': () => head(STREAM, chunk('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n\n')),
  'inside a chunk size': () => head(STREAM, '1'),
};
for (const [where, sent] of Object.entries(RESETS)) {
  test(`a server that resets ${where}`, async t => {
    const { open, gateway } = await hostile(t, socket => { const bytes = sent(); if (bytes) socket.write(bytes, () => socket.resetAndDestroy()); else socket.resetAndDestroy(); });
    const session = await open();
    await failsInTime(session);
    await gateway.waitRows(toolRow('bad', 'failed'));
    assertAllowed(await session.call('echo'), 'null');
  });
}

const STALLS = {
  'before its head': '',
  'inside its head': 'HTTP/1.1 200 OK\r\nContent-Ty',
  'inside a JSON body': head(JSON_500, '{"jsonrpc"'),
  'behind the head of a stream': head(STREAM),
  'inside an event': head(STREAM, chunk('data: {"jsonrpc":"2.0","id":70,"res')),
};
for (const [where, sent] of Object.entries(STALLS)) {
  test(`a server that stalls ${where}`, async t => {
    const { open, fake } = await hostile(t, socket => { if (sent) socket.write(sent); });
    const session = await open();
    assert.match(await failsInTime(session), /did not answer in time/);
    await eventually(() => fake.calls()[0].closed, 'its connection is given up');
    assertAllowed(await session.call('echo'), 'null');
  });
}

for (const [what, begin, drop] of [['head', 'HTTP/1.1 200 OK\r\nX-Long: ', 'a'], ['JSON body', head('application/json\r\nContent-Length: 100000', '"'), 'a']]) {
  test(`a server whose ${what} trickles is not waited for longer than one that is silent`, async t => {
    const { open } = await hostile(t, socket => {
      socket.write(begin);
      const timer = setInterval(() => { if (socket.destroyed) clearInterval(timer); else socket.write(drop); }, 100);
      socket.on('close', () => clearInterval(timer));
    });
    const session = await open();
    assert.match(await failsInTime(session), /did not answer in time/);
    assertAllowed(await session.call('echo'), 'null');
  });
}

test('a stream that answers may take long as long as it is not silent', async t => {
  const { open } = await hostile(t, async (socket, m, c) => {
    c.sse();
    for (let i = 0; i < 12; i++) { c.res.write(': working\n\n'); await new Promise(r => setTimeout(r, 200)); }
    c.result(text('late'));
  });
  assertAllowed((await post(await open())).messages.at(-1), 'late');
});

test('a subscription may be silent for ever', async t => {
  const { fake, gateway } = await scene(t, { server: { timeouts: { answer: LIMIT } }, upstream: { onMessage: (m, c) => {
    if (m.method !== 'subscriptions/listen') return false;
    c.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { _meta: { 'io.modelcontextprotocol/subscriptionId': m.id }, notifications: { toolsListChanged: true } } });
    setTimeout(() => { c.event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { 'io.modelcontextprotocol/subscriptionId': m.id } } }); c.result({}); }, 3000);
    return true;
  } } });
  const answer = await modern(gateway, 'fake', 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  assert.ok(answer.messages.some(m => m.method === 'notifications/tools/list_changed'), answer.text);
  assert.equal(fake.of('subscriptions/listen').length, 1);
});

test('a server that answers twice is heard once, in JSON and in a stream', async t => {
  const { open } = await hostile(t, (socket, m, c) => {
    const again = result => ({ jsonrpc: '2.0', id: m.id, result });
    if (m.params.arguments?.as === 'json') { c.raw(200, { 'content-type': 'application/json' }, JSON.stringify([again(text('first')), again(text('second'))])); return; }
    c.event(again(text('first')));
    c.event(again(text('second')));
    c.res.end();
  });
  const session = await open();
  for (const as of ['json', 'stream']) {
    const answer = await session.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'bad', arguments: { as } } });
    const results = answer.messages.filter(m => m.id === 5);
    assert.deepEqual(results.map(m => m.result.content[0].text), ['first'], as);
  }
  assertAllowed(await session.call('echo'), 'null');
});

test('an answer to a call of another client goes to nobody', async t => {
  const { open } = await hostile(t, (socket, m, c) => {
    c.event({ jsonrpc: '2.0', id: 'of-another', result: text('not yours') });
    c.event({ jsonrpc: '2.0', id: m.id + 1, result: text('not yours') });
    c.result(text('yours'));
  });
  const answer = await post(await open());
  assert.deepEqual(answer.messages.map(m => [m.id, m.result?.content[0].text]), [[70, 'yours']]);
});

test('a stream that stays open behind its answer is ended', async t => {
  const { open, fake, gateway } = await hostile(t, (socket, m, c) => { c.event({ jsonrpc: '2.0', id: m.id, result: text('done') }); });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'bad' } });
  const answer = await raw.answer(); // to the stream's end
  assertAllowed(answer.messages.at(-1), 'done');
  await eventually(() => fake.calls()[0].closed, 'the server loses its stream too');
  await gateway.waitRows(toolRow('bad', 'allowed'));
  raw.close();
});

test('what breaks behind an answer does not change it', async t => {
  const { open, gateway } = await hostile(t, (socket, m, c) => { c.event({ jsonrpc: '2.0', id: m.id, result: text('done') }); setImmediate(() => socket.resetAndDestroy()); });
  const session = await open();
  const answer = await post(session);
  assert.equal(answer.messages.length, 1, answer.text);
  assertAllowed(answer.messages[0], 'done');
  await gateway.waitRows(toolRow('bad', 'allowed'));
});

test('a server that changes its era is an error for the call and no more', async t => {
  let era = 'both';
  const { open, gateway } = await scene(t, { upstream: { onMessage: (m, c) => {
    const modernCall = m.params?._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined;
    if (m.method !== 'tools/call' || era === 'both' || modernCall === (era === 'modern')) return false;
    if (modernCall) c.error(-32601, 'Method not found', undefined, 400);
    else c.error(-32022, 'Unsupported protocol version', { supported: ['2026-07-28'], requested: 'legacy' }, 400);
    return true;
  } } });
  const session = await open();
  const call = () => session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'echo' } });
  assertAllowed((await call()).messages.at(-1), 'null');
  era = 'modern';
  assert.ok((await call()).messages.at(-1).error);
  assertAllowed((await modern(gateway, 'fake', 'tools/call', { name: 'echo' })).messages.at(-1), 'null');
  era = 'legacy';
  assert.ok((await modern(gateway, 'fake', 'tools/call', { name: 'echo' })).messages.at(-1).error);
  assertAllowed((await call()).messages.at(-1), 'null');
});

const BROKEN = {
  'a byte that is not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
  'an overlong slash': Buffer.from([0x22, 0xc0, 0xaf, 0x22]),
  'a surrogate in UTF-8': Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
  'a character cut in two': Buffer.from([0x22, 0xe2, 0x82, 0x22]),
};
for (const [name, value] of Object.entries(BROKEN)) {
  test(`an answer with ${name} is not passed on`, async t => {
    const { open } = await hostile(t, (socket, m, c) => {
      const body = Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${m.id},"result":{"content":[],"x":`), value, Buffer.from('}}')]);
      if (m.params.arguments?.stream) { c.sse(); c.res.end(Buffer.concat([Buffer.from('data: '), body, Buffer.from('\n\n')])); } else c.raw(200, { 'content-type': 'application/json' }, body);
    });
    const session = await open();
    for (const stream of [false, true]) {
      const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'bad', arguments: { stream } } });
      assert.ok(answer.messages.at(-1).error, answer.text);
      assert.doesNotMatch(answer.text, /"x":/);
    }
    assertAllowed(await session.call('echo'), 'null');
  });
}

test('100 MB of answer, in JSON, in one event and in events without end, cost the gateway no memory', async t => {
  const block = 'x'.repeat(1 << 20);
  const { open, gateway } = await hostile(t, async (socket, m, c) => {
    const kind = m.params.arguments.kind;
    const write = s => new Promise(resolve => { if (c.res.destroyed) resolve(); else if (c.res.write(s)) resolve(); else { c.res.once('drain', resolve); c.res.once('close', resolve); } });
    if (kind === 'json') { c.res.writeHead(200, { 'content-type': 'application/json' }); await write(`{"jsonrpc":"2.0","id":${m.id},"result":{"content":[{"type":"text","text":"`); } else { c.sse(); if (kind === 'event') await write('data: "'); }
    for (let i = 0; i < 100 && !c.res.destroyed; i++) await write(kind === 'events' ? `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${block}"}}\n\n` : block);
    if (kind === 'events') c.result(text('at last')); else c.res.end();
  }, { server: { max_message_bytes: '4MiB' } });
  const session = await open();
  assertAllowed(await session.call('echo'), 'null');
  const before = memoryKiB(gateway.child.pid);
  for (const kind of ['json', 'event']) {
    const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'bad', arguments: { kind } } });
    assert.match(answer.messages.at(-1).error.message, /larger than allowed/);
    assertAllowed(await session.call('echo'), 'null');
  }
  // A reader that does not read: the server has to wait, nothing is piled up.
  const raw = await session.open({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'bad', arguments: { kind: 'events' } } });
  raw.socket.pause();
  await new Promise(r => setTimeout(r, 1000));
  assertAllowed(await session.call('echo'), 'null');
  const grown = memoryKiB(gateway.child.pid) - before;
  assert.ok(grown < 100 * 1024, `${grown} KiB more while 100 MB wait`);
  raw.socket.resume();
  const answer = await raw.answer();
  raw.close();
  assert.equal(answer.messages.at(-1).result.content[0].text, 'at last');
});

test('a flood of notifications on the GET stream of one session slows nobody else', async t => {
  const { open, fake } = await scene(t);
  const [flooded, other] = [await open(), await open()];
  const stream = await flooded.stream();
  stream.socket.pause();
  await eventually(() => fake.streams.size === 1, 'the stream is open upstream');
  const [res] = fake.streams;
  let over = false;
  res.on('close', () => { over = true; });
  const line = 'data: ' + JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'y'.repeat(8000) } }) + '\n\n';
  const flood = setInterval(() => { for (let i = 0; i < 200 && !over && !res.writableNeedDrain; i++) res.write(line); }, 1);
  t.after(() => clearInterval(flood));
  // However long the flood lasts, it is not waited for.
  for (let i = 0; i < 30; i++) assertAllowed(await other.call('echo', { i }));
  assert.equal(over, false);
  stream.close();
});

test('one bad server never slows another: resets, stalls and floods beside a good one', async t => {
  const kinds = [socket => socket.resetAndDestroy(), () => {}, (socket, m, c) => { c.sse(); const timer = setInterval(() => { if (c.res.destroyed || c.res.writableNeedDrain) clearInterval(timer); else c.res.write(': ' + 'z'.repeat(100000) + '\n\n'); }, 1); c.res.on('close', () => clearInterval(timer)); }];
  const servers = {}, grants = { agent: { servers: {} } }, fakes = [];
  for (const [i, misbehave] of kinds.entries()) {
    const fake = await FakeUpstream.start(t, { tools: [tool('bad')], onCall: (m, c) => { misbehave(c.req.socket, m, c); } });
    fakes.push(fake);
    servers['bad' + i] = { url: fake.url, timeouts: { answer: '60s' } };
    grants.agent.servers['bad' + i] = 'main';
  }
  const good = await FakeUpstream.start(t);
  servers.good = { url: good.url };
  grants.agent.servers.good = 'main';
  const gateway = await startGateway(t, { servers, policies: { main: ALLOW_ALL }, grants });
  const session = await Session.open(gateway, { server: 'good' });
  const open = descriptors(gateway.child.pid).length;
  const pending = [], ended = [0, 0, 0];
  for (let i = 0; i < kinds.length; i++) {
    const victim = await Session.open(gateway, { server: 'bad' + i });
    for (let n = 0; n < 20; n++) pending.push(post(victim, n + 1).catch(e => e).then(() => { ended[i]++; }));
  }
  // All of these come and go while not one of the stalled and flooding calls has ended.
  for (let i = 0; i < 50; i++) assertAllowed(await session.call('echo', { i }));
  assert.deepEqual(ended.slice(1), [0, 0]);
  await eventually(() => fakes[1].calls().length === 20 && fakes[2].calls().length === 20, 'all of them have come to the bad servers');
  for (let i = 0; i < 50; i++) assertAllowed(await session.call('echo', { i }));
  assert.deepEqual(ended.slice(1), [0, 0]);
  await Promise.all(fakes.map(fake => fake.stop()));
  await Promise.all(pending);
  await eventually(() => descriptors(gateway.child.pid).length < open + 40, () => `descriptors: ${open} before, ${descriptors(gateway.child.pid).length} now`);
});
