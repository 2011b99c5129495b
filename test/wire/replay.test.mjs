// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams that a client comes back to (2025-03-26 to 2025-11-25, "Resumability and Redelivery"), before servers that
// cannot replay by themselves: the gateway's own event ids.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { FakeUpstream, text } from '../lib/upstream.mjs';
import { assertAllowed, toolRow } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow', hide: ['secret'], methods: {} };
const CALL = (id = 70, n = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'slow', arguments: { n }, _meta: { progressToken: id } } });

// A server that answers "slow" only when the test says so.
async function slowScene(t, { server = {}, extra = {}, policy = POLICY } = {}) {
  const fake = await FakeSse.start(t, { onMessage: m => m.params?.name === 'slow' });
  const gateway = await startGateway(t, {
    servers: { old: { url: fake.url, transport: 'sse', ...server } },
    policies: { main: policy }, grants: { agent: { servers: { old: 'main' } } }, extra,
  });
  const held = id => fake.posts.find(p => p.message.id === id || p.message.params?._meta?.progressToken === id);
  return {
    fake, gateway,
    open: (more = {}) => Session.open(gateway, { server: 'old', ...more }),
    arrives: id => eventually(() => held(id), 'the call arrives'),
    progress: (id, progress) => held(id).conversation.say({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, progress } }),
    answer: (id, words = 'done ' + id) => held(id).conversation.say({ jsonrpc: '2.0', id: held(id).message.id, result: text(words) }),
  };
}
// Starts a call and reads its stream's first event.
async function begin(session, message = CALL()) {
  const raw = await session.open(message);
  const head = await raw.head();
  assert.equal(head.headers['content-type'], 'text/event-stream');
  const events = raw.events();
  const first = (await events.next()).value;
  return { raw, events, first };
}
const next = async events => (await events.next()).value;
const resume = (session, id) => session.stream({ 'Last-Event-ID': id });
// Everything that a stream still says, to its end.
async function rest(raw) {
  const all = [];
  for await (const event of raw.events()) all.push(event);
  return all;
}
const said = events => events.filter(e => e.data).map(e => JSON.parse(e.data));

test('a quick answer is JSON, as ever', async t => {
  const { open } = await slowScene(t);
  const answer = await (await open()).post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'quick' } });
  assert.equal(answer.headers['content-type'], 'application/json');
});

test('a call that takes longer begins a stream with a priming event; its answer outlives the connection', async t => {
  const { fake, gateway, open, arrives, answer } = await slowScene(t);
  const session = await open();
  const { raw, first } = await begin(session);
  assert.deepEqual({ data: first.data, retry: first.retry }, { data: '', retry: '1000' });
  assert.ok(first.id);
  raw.close();
  await arrives(70);
  answer(70);
  await gateway.waitRows(toolRow('slow', 'allowed'));
  for (let i = 0; i < 2; i++) { // as often as the client asks
    const events = await rest(await resume(session, first.id));
    assert.equal(events.length, 1);
    assertAllowed(JSON.parse(events[0].data), 'done 70');
    assert.deepEqual(await rest(await resume(session, events[0].id)), [], 'nothing comes after the last');
  }
  assert.equal(fake.of('notifications/cancelled').length, 0, 'disconnection is no cancellation');
  assert.equal(fake.of('tools/call').length, 1);
});

test('exactly what came after the id, then live, then the end', async t => {
  const { open, arrives, progress, answer } = await slowScene(t);
  const session = await open();
  const { raw, events } = await begin(session);
  await arrives(70);
  progress(70, 1);
  const seen = await next(events);
  assert.equal(JSON.parse(seen.data).params.progress, 1);
  raw.close();
  progress(70, 2);
  progress(70, 3);
  const again = await resume(session, seen.id);
  const back = again.events();
  assert.equal(JSON.parse((await next(back)).data).params.progress, 2);
  assert.equal(JSON.parse((await next(back)).data).params.progress, 3);
  progress(70, 4);
  assert.equal(JSON.parse((await next(back)).data).params.progress, 4);
  answer(70);
  const last = await next(back);
  assertAllowed(JSON.parse(last.data), 'done 70');
  assert.equal(await next(back), undefined, 'the stream ends');
  const whole = said(await rest(await resume(session, seen.id)));
  assert.deepEqual(whole.map(m => m.params?.progress ?? m.id), [2, 3, 4, 70]);
});

test('streams do not mix, and each works', async t => {
  const { open, arrives, progress, answer } = await slowScene(t);
  const session = await open();
  const streams = await Promise.all([71, 72, 73].map(id => begin(session, CALL(id))));
  assert.equal(new Set(streams.map(s => s.first.id)).size, 3);
  for (const id of [71, 72, 73]) { await arrives(id); progress(id, id); }
  for (const s of streams) await next(s.events);
  streams[1].raw.close();
  for (const id of [73, 72, 71]) answer(id);
  assertAllowed(JSON.parse((await next(streams[0].events)).data), 'done 71');
  assertAllowed(JSON.parse((await next(streams[2].events)).data), 'done 73');
  assert.deepEqual(said(await rest(await resume(session, streams[1].first.id))).map(m => m.params?.progress ?? m.id), [72, 72]);
});

test('a client that comes back before its old connection is known to be gone takes the stream along', async t => {
  const { open, arrives, answer } = await slowScene(t);
  const session = await open();
  const { events, first } = await begin(session);
  await arrives(70);
  const again = await resume(session, first.id);
  assert.equal(await next(events), undefined, 'the old one ends');
  answer(70);
  assert.deepEqual(said(await rest(again)).map(m => m.id), [70], 'to one stream only');
});

test('an id is good in its session only, and only as it was given', async t => {
  const { open, answer, arrives } = await slowScene(t);
  const [mine, other] = [await open(), await open()];
  const { first, events } = await begin(mine);
  const theirs = await begin(other, CALL(80));
  for (const id of [theirs.first.id, first.id + '0', first.id.replace(/.$/, '9'), first.id.replace('-c', '-g') + 'x', 'x', '1', first.id.slice(0, -2), first.id.replace(/^./, c => (c === '0' ? '1' : '0'))]) {
    const raw = await resume(mine, id);
    assert.equal(raw.current.status, 400, id);
    raw.close();
  }
  assert.equal((await exchange(mine.gateway.port, 'GET', '/mcp/old', { ...mine.headers(), 'Mcp-Session-Id': 'x', 'Last-Event-ID': first.id })).status, 404);
  await arrives(70);
  answer(70);
  assertAllowed(JSON.parse((await next(events)).data), 'done 70');
});

test('2025-06-18: no priming event, but ids', async t => {
  const { open, arrives, progress, answer } = await slowScene(t);
  const session = await open({ version: '2025-06-18' });
  const raw = await session.open(CALL());
  await arrives(70);
  progress(70, 1);
  await raw.head();
  const first = (await raw.events().next()).value;
  assert.equal(JSON.parse(first.data).params.progress, 1);
  raw.close();
  answer(70);
  assert.deepEqual(said(await rest(await resume(session, first.id))).map(m => m.id), [70]);
});

test('a question of the server waits for the client that comes back, and its answer finds the server', async t => {
  const { fake, open, arrives, answer } = await slowScene(t);
  const session = await open({ capabilities: { roots: {} } });
  const { raw, first } = await begin(session);
  await arrives(70);
  raw.close();
  await eventually(async () => (await session.request('ping')).result, 'the gateway has had time to notice');
  fake.last.say({ jsonrpc: '2.0', id: 'q', method: 'roots/list' });
  const again = await resume(session, first.id);
  const events = again.events();
  assert.equal(JSON.parse((await next(events)).data).method, 'roots/list');
  assert.equal((await session.post({ jsonrpc: '2.0', id: 'q', result: { roots: [] } })).status, 202);
  assert.ok(fake.posts.some(p => p.message.id === 'q'));
  answer(70);
  assertAllowed(JSON.parse((await next(events)).data), 'done 70');
});

test('the client’s GET stream: what it missed comes first, once', async t => {
  const { fake, open } = await slowScene(t);
  const session = await open();
  const stream = await session.stream();
  const events = stream.events();
  const news = n => fake.last.say({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x:' + n } });
  const uri = event => JSON.parse(event.data).params.uri;
  for (const n of [1, 2, 3]) news(n);
  const first = await next(events);
  assert.deepEqual([uri(first), uri(await next(events)), uri(await next(events))], ['x:1', 'x:2', 'x:3']);
  stream.close();
  await eventually(async () => (await session.request('ping')).result, 'the gateway has had time to notice');
  news(4);
  const again = (await resume(session, first.id)).events();
  assert.deepEqual([uri(await next(again)), uri(await next(again)), uri(await next(again))], ['x:2', 'x:3', 'x:4']);
  news(5);
  assert.equal(uri(await next(again)), 'x:5');
});

test('what is beyond the bounds cannot be resumed, with a sentence', async t => {
  const { fake, open, arrives, progress, answer } = await slowScene(t);
  const session = await open();
  const [many, large] = [await begin(session, CALL(71)), await begin(session, CALL(72))];
  await arrives(72);
  many.raw.close();
  large.raw.close();
  answer(72, 'x'.repeat(1100 * 1024));
  for (let i = 0; i < 1100; i++) progress(71, i);
  answer(71);
  await eventually(async () => (await session.request('ping')).result, 'all came');
  for (const { first } of [many, large]) {
    const raw = await resume(session, first.id);
    assert.equal(raw.current.status, 400);
    assert.match((await raw.body()).toString(), /This stream can no longer be resumed/);
  }
  assert.equal(fake.open.length, 1, 'the conversation goes on');
});

test('what was taken out of an answer stays out when it is asked for again', async t => {
  const { gateway, open, arrives, answer } = await slowScene(t, { policy: { ...POLICY, all_tools: { results: { redact: [{ type: 'regex', pattern: '6400[0-9]', with: '<n>' }] } } } });
  const session = await open();
  const [left, stayed] = [await begin(session, CALL(71)), await begin(session, CALL(72))];
  left.raw.close();
  for (const id of [71, 72]) { await arrives(id); answer(id, 'at 64005'); }
  assertAllowed(JSON.parse((await next(stayed.events)).data), 'at <n>');
  await gateway.waitRows(toolRow('slow', 'allowed'), 2);
  for (const { first } of [left, stayed]) assertAllowed(said(await rest(await resume(session, first.id)))[0], 'at <n>');
});

test('what a policy judged that is no longer valid is not said again; what was not said yet comes', async t => {
  const { gateway, open, arrives, answer } = await slowScene(t);
  const session = await open();
  const [done, running] = [await begin(session, CALL(71)), await begin(session, CALL(72))];
  done.raw.close();
  running.raw.close();
  await arrives(71);
  answer(71);
  await gateway.waitRows(toolRow('slow', 'allowed'));
  gateway.configure({ ...gateway.setup, policies: { main: { ...POLICY, hide: ['secret', 'more'] } } });
  gateway.signal('SIGHUP');
  await gateway.waitLog(/loaded anew/);
  assert.equal((await resume(session, done.first.id)).current.status, 400);
  const again = await resume(session, running.first.id);
  await arrives(72);
  answer(72);
  assert.deepEqual(said(await rest(again)).map(m => m.id), [72]);
});

test('a call that nobody comes back to is given up', async t => {
  const { fake, gateway, open, arrives } = await slowScene(t, { extra: { limits: { left_call_time: '1s' } } });
  const { raw } = await begin(await open());
  await arrives(70);
  raw.close();
  await gateway.waitRows(toolRow('slow', 'failed'));
  await fake.waitFor('notifications/cancelled');
});

test('a failure reaches the client that comes back too', async t => {
  const { fake, open, arrives, gateway } = await slowScene(t, { server: { timeouts: { answer: '1s' } } });
  const session = await open();
  const { raw, first } = await begin(session);
  await arrives(70);
  raw.close();
  await gateway.waitRows(toolRow('slow', 'failed'));
  const [message] = said(await rest(await resume(session, first.id)));
  assert.match(message.error.message, /did not answer in time; the call may or may not have run/);
  await fake.waitFor('notifications/cancelled');
});

test('a session that ends takes calls without a client along', async t => {
  const { fake, gateway, open, arrives } = await slowScene(t);
  const session = await open();
  const { raw, first } = await begin(session);
  await arrives(70);
  raw.close();
  assert.equal((await exchange(gateway.port, 'DELETE', '/mcp/old', session.headers())).status, 200);
  await eventually(() => fake.open.length === 0, 'the server’s stream is closed');
  const raw2 = await resume(session, first.id);
  assert.equal(raw2.current.status, 404);
  await gateway.waitRows(toolRow('slow', 'failed'));
});

test('the gateway stops while a call waits for its client', async t => {
  const { gateway, open, arrives } = await slowScene(t, { extra: { limits: { drain: '1s' } } });
  const { raw } = await begin(await open());
  await arrives(70);
  raw.close();
  await gateway.stop();
});

test('on a shared conversation too', async t => {
  const { open, fake } = await slowScene(t, { server: { share: 'server' } });
  const [one, two] = [await open(), await open()];
  const [a, b] = [await begin(one, CALL(71)), await begin(two, CALL(72))];
  a.raw.close();
  b.raw.close();
  const sent = await eventually(() => fake.of('tools/call').length === 2 && fake.of('tools/call'), 'both arrive');
  for (const post of sent) post.conversation.say({ jsonrpc: '2.0', id: post.message.id, result: text('for ' + post.message.params._meta.progressToken) });
  assert.equal(said(await rest(await resume(one, a.first.id)))[0].id, 71);
  assert.equal(said(await rest(await resume(two, b.first.id)))[0].id, 72);
});

test('before a server of the modern era: its question waits too', async t => {
  const ELICIT = { method: 'elicitation/create', params: { mode: 'form', message: 'sure?', requestedSchema: { type: 'object', properties: {} } } };
  let release;
  const released = new Promise(resolve => { release = resolve; });
  const fake = await FakeUpstream.start(t, { eras: 'modern', onCall: async m => {
    if (m.params.inputResponses) return text('done');
    await released;
    return { resultType: 'input_required', inputRequests: { q: ELICIT }, requestState: 's' };
  } });
  const gateway = await startGateway(t, { servers: { new: { url: fake.url } }, policies: { main: POLICY }, grants: { agent: { servers: { new: 'main' } } } });
  const session = await Session.open(gateway, { server: 'new', capabilities: { elicitation: {} } });
  const { raw, first } = await begin(session, { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'echo' } });
  raw.close();
  release();
  const again = await resume(session, first.id);
  const events = again.events();
  const asked = await next(events);
  assert.equal(JSON.parse(asked.data).method, 'elicitation/create');
  again.close();
  assert.equal((await session.post({ jsonrpc: '2.0', id: JSON.parse(asked.data).id, result: { action: 'accept', content: {} } })).status, 202);
  assertAllowed(said(await rest(await resume(session, asked.id)))[0], 'done');
});

test('before a program on pipes as well', async t => {
  const script = `import readline from 'node:readline';
    let held;
    const send = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
    readline.createInterface({ input: process.stdin }).on('line', line => {
      const { id, method, params } = JSON.parse(line);
      if (method === 'initialize') send(id, { protocolVersion: params.protocolVersion, capabilities: {}, serverInfo: { name: 'x', version: '1' } });
      else if (params?.name === 'slow') held = id;
      else if (id !== undefined) { send(id, {}); send(held, { content: [{ type: 'text', text: 'late' }] }); }
    });`;
  const gateway = await startGateway(t, {
    servers: { pipe: { command: [process.execPath, '--input-type=module', '-e', script] } },
    policies: { main: POLICY }, grants: { agent: { servers: { pipe: 'main' } } },
  });
  const session = await Session.open(gateway, { server: 'pipe' });
  const { raw, first } = await begin(session);
  raw.close();
  await session.request('ping');
  assertAllowed(said(await rest(await resume(session, first.id)))[0], 'late');
});
