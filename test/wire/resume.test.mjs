// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams that a server over HTTP can replay (2025-11-25, "Resumability and Redelivery"): a client over HTTP resumes
// them through the gateway; for a client on standard input and output the gateway does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { cuttable } from '../lib/cutter.mjs';
import { BINARY, sanitizerOptions, startGateway, writeWhole } from '../lib/gateway.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, scene } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow', tools: { spent: { rate_limit: { max: 1, window: 3600 } } }, all_tools: { results: { redact: [{ type: 'regex', pattern: '6400[0-9]' }] } } };
const UNKNOWN = /may or may not have run/;
const progress = n => ({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p', progress: n } });

// A server with event ids. `begin` is what the POST's stream has; it is then broken as `how` says. `rest` answers
// each GET with a Last-Event-ID.
async function replaying(t, { how = 'reset', begin, rest = (c, id) => c.res.end(`id: e9\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: text('at 64005') })}\n\n`) }) {
  const asked = [];
  const fake = await FakeUpstream.start(t, {
    tools: [tool('slow'), tool('spent')],
    onCall: async (m, c) => {
      fake.called = m.id;
      c.sse();
      c.res.write(begin ?? `id: e1\nretry: 50\ndata: \n\n`);
      await new Promise(resolve => setImmediate(resolve));
      if (how === 'reset') c.res.socket.resetAndDestroy(); else c.res.end();
    },
    onGet: c => {
      const last = c.req.headers['last-event-id'];
      if (last === undefined) return c.status(405);
      asked.push(last);
      if (rest === null) return c.status(404);
      c.sse();
      rest(c, fake.called, asked.length);
    },
  });
  return { fake, asked };
}
function run(t, url, policy = POLICY) {
  const folder = scratch(t);
  const file = path.join(folder, 'main.json');
  const log = path.join(folder, 'log.jsonl');
  writeWhole(file, JSON.stringify(policy));
  const pipe = new Pipe(t, BINARY, ['run', '--policy', file, '--decision-log', log, '--url', url], { env: sanitizerOptions(), cwd: folder });
  return { pipe, rows: () => fs.readFileSync(log, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line)) };
}
async function end(pipe) {
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  assert.doesNotMatch(pipe.stderr, /Sanitizer|runtime error/);
}
const callWith = (pipe, name = 'slow') => pipe.request('tools/call', { name, arguments: {}, _meta: { progressToken: 'p' } });

for (const how of ['reset', 'closed']) {
  test(`stdio: the rest of an answer is asked for when its stream is ${how}, and judged as ever`, async t => {
    const { fake, asked } = await replaying(t, { how });
    const { pipe, rows } = run(t, fake.url);
    await pipe.open();
    assertAllowed(await callWith(pipe), 'at [REDACTED]');
    assert.deepEqual(asked, ['e1']);
    assert.equal(fake.calls().length, 1);
    const get = fake.requests.find(r => r.headers['last-event-id']);
    assert.equal(get.headers['mcp-session-id'], fake.calls()[0].headers['mcp-session-id']);
    await end(pipe);
    const [row] = rows().filter(r => r.method === 'tools/call');
    assert.deepEqual([row.outcome, row.redacted], ['allowed', 1]);
  });
}

test('stdio: as often as the server closes the stream; each message once, in order', async t => {
  const { fake, asked } = await replaying(t, { how: 'closed', begin: `id: e1\nretry: 50\ndata: ${JSON.stringify(progress(1))}\n\n`, rest: (c, id, n) => {
    if (n < 4) c.res.end(`id: e${n + 1}\ndata: ${n === 2 ? '' : JSON.stringify(progress(n + 1))}\n\n`);
    else c.res.end(`id: e9\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: text('done') })}\n\n`);
  } });
  const { pipe } = run(t, fake.url);
  await pipe.open();
  assertAllowed(await callWith(pipe), 'done');
  assert.deepEqual(asked, ['e1', 'e2', 'e3', 'e4']);
  assert.deepEqual(pipe.messages.slice(1).map(m => m.params?.progress ?? m.result?.content[0].text), [1, 2, 4, 'done']);
  await end(pipe);
});

for (const [name, rest] of [['knows the stream no more', null], ['has nothing more', undefined]]) {
  test(`stdio: a server that ${name}: an error that leaves it open, and the call is not sent again`, async t => {
    const { fake, asked } = await replaying(t, rest === null ? { rest } : { begin: `data: ${JSON.stringify(progress(1))}\n\n` });
    const { pipe, rows } = run(t, fake.url);
    await pipe.open();
    assert.match((await callWith(pipe, 'spent')).error.message, UNKNOWN);
    assert.equal(fake.calls().length, 1);
    assert.equal(asked.length, rest === null ? 1 : 0);
    assert.equal((await callWith(pipe, 'spent')).result.isError, true, 'the broken call has counted');
    await end(pipe);
    assert.deepEqual(rows().filter(r => r.method === 'tools/call').map(r => r.outcome), ['failed', 'denied']);
  });
}

test('stdio: who cancels waits for nothing', async t => {
  const { fake, asked } = await replaying(t, { begin: 'id: e1\nretry: 60000\ndata: \n\n' });
  const { pipe } = run(t, fake.url);
  await pipe.open();
  pipe.send({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'slow', arguments: {} } });
  await fake.waitFor('tools/call');
  assert.ok((await pipe.request('ping')).result, 'the break was noticed');
  pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 70 } });
  await fake.waitFor('notifications/cancelled');
  await end(pipe); // which a call in flight would hold up
  assert.deepEqual(asked, []);
});

test('stdio: a gateway elsewhere, on a wire that breaks in the middle of an answer', async t => {
  const old = await FakeSse.start(t, { onMessage: m => m.params?.name === 'slow' });
  const gateway = await startGateway(t, { servers: { old: { url: old.url, transport: 'sse' } }, policies: { main: POLICY }, grants: { agent: { servers: { old: 'main' } } } });
  const wire = await cuttable(t, gateway.port);
  const pipe = new Pipe(t, BINARY, ['connect', `http://127.0.0.1:${wire.port}/mcp/old`, '--token-env', 'TOKEN'], { env: { ...sanitizerOptions(), TOKEN: gateway.tokens.agent } });
  await pipe.open();
  const answer = callWith(pipe);
  const [call] = await old.waitFor('tools/call');
  call.conversation.say(progress(1));
  await eventually(() => pipe.messages.some(m => m.params?.progress === 1), 'the stream has begun');
  wire.cut();
  call.conversation.say(progress(2));
  await eventually(() => pipe.messages.some(m => m.params?.progress === 2), 'it goes on');
  wire.cut();
  call.conversation.say({ jsonrpc: '2.0', id: call.message.id, result: text('done') });
  assertAllowed(await answer, 'done');
  assert.deepEqual(pipe.messages.filter(m => m.method).map(m => m.params.progress), [1, 2], 'nothing twice');
  old.last.say({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'x:1' } });
  await eventually(() => pipe.messages.some(m => m.params?.uri === 'x:1'), 'its own stream is open again');
  assert.equal(old.of('tools/call').length, 1);
  assertAllowed(await pipe.call('echo', {}), 'echo {}');
  await end(pipe);
});

test('HTTP: a stream with event ids that breaks ends without an answer, and the client gets the rest', async t => {
  const { fake } = await replaying(t, { begin: `id: e1\ndata: ${JSON.stringify(progress(1))}\n\n` });
  const { gateway, open } = await scene(t, { policy: POLICY, server: { url: fake.url } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'slow', arguments: {}, _meta: { progressToken: 'p' } } });
  await raw.head();
  const events = [];
  for await (const event of raw.events()) events.push(event);
  assert.deepEqual(events.map(e => [e.id, JSON.parse(e.data).method]), [['e1', 'notifications/progress']]);
  const again = await session.stream({ 'Last-Event-ID': 'e1' });
  const { value } = await again.events().next();
  assertAllowed(JSON.parse(value.data), 'at [REDACTED]');
  await gateway.waitRows(row => row.method === 'tools/call' && /may resume/.test(row.reason ?? ''));
});
