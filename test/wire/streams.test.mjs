// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Streams to clients: silence does not end them, and what belongs before a result comes before it, whatever kind of
// server is behind.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { BINARY, sanitizerOptions, startGateway, writeWhole } from '../lib/gateway.mjs';
import { modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { Raw, requestBytes } from '../lib/raw.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { FakeUpstream, text } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow' };
const COUNT = 200;
const CALL = { jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'echo', arguments: {}, _meta: { progressToken: 't' } } };
const progress = (token, n) => ({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: n } });
// What a server says to a call: all in one breath.
const burst = m => [...Array.from({ length: COUNT }, (_, i) => progress(m.params._meta.progressToken, i + 1)), { jsonrpc: '2.0', id: m.id, result: text('done') }];
const events = messages => messages.map(m => `event: message\ndata: ${JSON.stringify(m)}\n\n`).join('');

const PROGRAM = `import readline from 'node:readline';
  const lines = messages => process.stdout.write(messages.map(m => JSON.stringify(m) + '\\n').join(''));
  const text = ${text.toString()}, progress = ${progress.toString()}, COUNT = ${COUNT}, burst = ${burst.toString()};
  readline.createInterface({ input: process.stdin }).on('line', line => {
    const m = JSON.parse(line);
    if (m.method === 'initialize') lines([{ jsonrpc: '2.0', id: m.id, result: { protocolVersion: m.params.protocolVersion, capabilities: {}, serverInfo: { name: 'x', version: '1' } } }]);
    else if (m.params?.name === 'echo') lines(burst(m));
    else if (m.id !== undefined && m.params?.name !== 'slow') lines([{ jsonrpc: '2.0', id: m.id, result: {} }]);
  });`;
const program = [process.execPath, '--input-type=module', '-e', PROGRAM];

// name -> what a configuration has for the server, what \`sallyport run\` wants
async function servers(t) {
  const http = await FakeUpstream.start(t, { onMessage: (m, c) => {
    if (m.params?.name !== 'echo') return false;
    c.sse();
    c.res.end(events(burst(m)));
    return true;
  } });
  const old = await FakeSse.start(t, { onMessage: (m, conversation) => {
    if (m.params?.name !== 'echo') return false;
    conversation.res.write(events(burst(m)));
    return true;
  } });
  return {
    http: [{ url: http.url }, ['--url', http.url]],
    sse: [{ url: old.url, transport: 'sse' }, ['--url', old.url, '--sse']],
    pipe: [{ command: program }, ['--', ...program]],
    shared: [{ command: program, share: 'server' }, null],
  };
}
const seen = messages => messages.map(m => m.params?.progress ?? m.result?.content?.[0].text);
const WANTED = [...Array.from({ length: COUNT }, (_, i) => i + 1), 'done'];

test('progress keeps its order and comes before the result, for clients over HTTP', async t => {
  const all = await servers(t);
  const gateway = await startGateway(t, {
    servers: Object.fromEntries(Object.entries(all).map(([name, [server]]) => [name, server])),
    policies: { main: POLICY }, grants: { agent: { servers: Object.keys(all), policy: 'main' } },
  });
  for (const server of Object.keys(all)) {
    const session = await Session.open(gateway, { server });
    const answer = await session.post(CALL);
    assert.deepEqual(seen(answer.messages), WANTED, server);
    assert.ok(answer.messages.slice(0, -1).every(m => m.params.progressToken === 't'), server);
  }
});

test('progress keeps its order and comes before the result, for clients on pipes', async t => {
  const folder = scratch(t);
  const file = path.join(folder, 'main.json');
  writeWhole(file, JSON.stringify(POLICY));
  for (const [name, [, target]] of Object.entries(await servers(t))) {
    if (target === null) continue;
    const pipe = new Pipe(t, BINARY, ['run', '--policy', file, ...target], { env: sanitizerOptions(), cwd: folder });
    await pipe.open();
    pipe.send(CALL);
    await pipe.answerTo(70);
    assert.deepEqual(seen(pipe.messages.slice(1)), WANTED, name);
    pipe.child.stdin.end();
    await pipe.exited;
    assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  }
});

// ---- Silence

// Reads until the second comment has come; the first could be an accident of the beginning.
async function commented(raw) {
  const head = await raw.head();
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-type'], 'text/event-stream');
  const all = [];
  const stream = raw.events();
  while (all.filter(e => e.comment === 'still here').length < 2) all.push((await stream.next()).value);
  return { stream, all };
}
const nextMessage = async stream => { for (;;) { const { value } = await stream.next(); if (value.data) return JSON.parse(value.data); } };

test('a silent server: GET streams and answers get comments in time; what comes later comes in the stream', async t => {
  const held = [];
  const hold = (m, c) => {
    if (m.params?.name !== 'slow' && m.method !== 'subscriptions/listen') return false;
    held.push(c);
    if (m.method === 'subscriptions/listen') c.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: {} });
    return true;
  };
  const http = await FakeUpstream.start(t, { onMessage: hold });
  const old = await FakeSse.start(t, { onMessage: m => m.params?.name === 'slow' });
  const gateway = await startGateway(t, {
    servers: { http: { url: http.url }, sse: { url: old.url, transport: 'sse' }, pipe: { command: program } },
    policies: { main: POLICY }, grants: { agent: { servers: ['http', 'sse', 'pipe'], policy: 'main' } }, extra: { limits: { keep_alive: '1s', drain: '1s' } },
  });
  const open = (server, version) => Session.open(gateway, { server, version });
  const slow = { jsonrpc: '2.0', id: 71, method: 'tools/call', params: { name: 'slow', arguments: {} } };
  const sessions = Object.fromEntries(await Promise.all([['http'], ['sse'], ['pipe'], ['sse', '2025-06-18']].map(async ([s, v]) => [s + (v ?? ''), await open(s, v)])));
  const post = async message => {
    const raw = await Raw.connect(gateway.port);
    return raw.write(requestBytes('POST', '/mcp/http', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  };
  const raws = await Promise.all([
    sessions.http.open(slow), sessions.sse.open(slow), sessions['sse2025-06-18'].open(slow), sessions.pipe.open(slow),
    post(modernMessage(71, 'tools/call', { name: 'slow', arguments: {} })), post(modernMessage(72, 'subscriptions/listen', { notifications: { toolsListChanged: true } })),
  ]);
  const streams = await Promise.all(['http', 'sse', 'pipe'].map(async s => {
    const raw = await sessions[s].stream();
    raw.head = async () => raw.current; // it has been read
    return raw;
  }));
  const [answer, , , , failing] = await Promise.all(raws.map(commented));
  await Promise.all(streams.map(commented));
  const [late, broken] = [held.find(c => c.message.id === 71 && !c.message.params._meta), held.find(c => c.message.id === 71 && c.message.params._meta)];
  late.result(text('late'));
  assertAllowed(await nextMessage(answer.stream), 'late');
  assert.equal((await answer.stream.next()).done, true);
  broken.raw(401, {}, '');
  assert.match((await nextMessage(failing.stream)).error.message, /refused the gateway's credentials/);
  for (const raw of [...raws, ...streams]) raw.close();
});

test('a client that takes no streams waits for its JSON', async t => {
  const held = [];
  const fake = await FakeUpstream.start(t, { onMessage: (m, c) => m.method === 'tools/call' && held.push(c) > 0 });
  const gateway = await startGateway(t, { servers: { http: { url: fake.url } }, policies: { main: POLICY }, grants: { agent: { servers: { http: 'main' } } }, extra: { limits: { keep_alive: '1s' } } });
  const session = await Session.open(gateway, { server: 'http' });
  const [plain, stream] = [session.post(CALL, { Accept: 'application/json' }), await session.open({ ...CALL, id: 71 })];
  await commented(stream); // by then the other one would have begun, too
  for (const c of held) c.json(text('plain'));
  const answer = await plain;
  assert.equal(answer.headers['content-type'], 'application/json');
  assertAllowed(answer.messages[0], 'plain');
});
