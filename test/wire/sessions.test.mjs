// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Legacy-era sessions: ids of our own, their life, GET streams, cancellation.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { text, tool } from '../lib/upstream.mjs';
import { assertAllowed, scene } from '../lib/wire.mjs';

test("the client's session id is not the upstream's, and long enough not to be guessed", async t => {
  const { fake, gateway, open } = await scene(t);
  const [one, two] = [await open(), await open()];
  assert.match(one.id, /^[\x21-\x7e]{22,}$/);
  assert.notEqual(one.id, two.id);
  assert.ok(!fake.sessions.has(one.id));
  await one.call('echo');
  const call = fake.calls()[0];
  assert.ok(fake.sessions.has(call.headers['mcp-session-id']));
  assert.equal(call.headers['mcp-protocol-version'], '2025-11-25');
  assert.ok(!gateway.stderr.includes(one.id) && !JSON.stringify(gateway.rows()).includes(one.id), 'the id is not logged');
});

test('unknown session: 404; none: 400; bad version header: 400', async t => {
  const { fake, gateway, open } = await scene(t);
  const session = await open();
  const before = fake.requests.length;
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  const post = headers => exchange(gateway.port, 'POST', '/mcp/fake', { ...session.headers(), ...headers }, ping);
  assert.equal((await post({ 'Mcp-Session-Id': 'never-seen' })).status, 404);
  assert.equal((await post({ 'Mcp-Session-Id': session.id + 'x' })).status, 404);
  assert.equal((await post({ 'Mcp-Session-Id': [...fake.sessions][0] })).status, 404);
  assert.equal((await post({ 'Mcp-Session-Id': undefined })).status, 400);
  assert.equal((await post({ 'MCP-Protocol-Version': '1999-01-01' })).status, 400);
  assert.equal(fake.requests.length, before);
  assert.equal((await post({ 'MCP-Protocol-Version': undefined })).status, 200, 'an absent version is assumed');
});

test('DELETE ends the session here and upstream', async t => {
  const { fake, gateway, open } = await scene(t);
  const session = await open();
  const upstreamId = [...fake.sessions][0];
  const answer = await exchange(gateway.port, 'DELETE', '/mcp/fake', session.headers());
  assert.ok([200, 202, 204].includes(answer.status), String(answer.status));
  assert.equal((await session.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status, 404);
  await eventually(() => fake.requests.some(r => r.method === 'DELETE' && r.headers['mcp-session-id'] === upstreamId), 'DELETE upstream');
});

test('the upstream forgets its session: the client is told 404 and may start again', async t => {
  const { fake, open } = await scene(t);
  const session = await open();
  fake.sessions.clear();
  const answer = await session.post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'echo' } });
  assert.equal(answer.status, 404);
  assert.equal((await session.post({ jsonrpc: '2.0', id: 3, method: 'ping' })).status, 404, 'and stays so');
  assertAllowed(await (await open()).call('echo'));
});

test('an idle session ends by itself', async t => {
  const { open } = await scene(t, { extra: { limits: { session_idle: '1s' } } });
  const session = await open();
  await new Promise(resolve => setTimeout(resolve, 2500));
  assert.equal((await session.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status, 404);
});

test('a grant has a bounded number of sessions', async t => {
  const { open } = await scene(t, { extra: { limits: { sessions_per_grant: 3 } } });
  const sessions = [await open(), await open(), await open()];
  const fourth = await open().then(() => 200, e => Number(/initialize: (\d+)/.exec(e.message)?.[1]));
  const living = [];
  for (const s of sessions) if ((await s.post({ jsonrpc: '2.0', id: 2, method: 'ping' })).status === 200) living.push(s);
  assert.ok([429, 503].includes(fourth) ? living.length === 3 : living.length === 2, `fourth: ${fourth}, living: ${living.length}`);
});

test('notifications and responses get 202 without a body', async t => {
  const { open } = await scene(t);
  const session = await open();
  const answer = await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 55 } });
  assert.equal(answer.status, 202);
  assert.equal(answer.text, '');
});

test('server messages reach the GET stream of their session only', async t => {
  const { fake, open } = await scene(t);
  const [one, two] = [await open(), await open()];
  const [streamOne, streamTwo] = [await one.stream(), await two.stream()];
  await eventually(() => fake.streams.size === 2, 'two upstream streams');
  const upstreamOf = index => fake.requests.filter(r => r.method === 'GET')[index];
  const [first] = [upstreamOf(0)];
  first.response.write('id: e1\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"only":"one"}}\n\n');
  const got = [];
  for await (const event of streamOne.events()) { if (event.data) { got.push(event.data); break; } }
  assert.deepEqual(got, ['{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"only":"one"}}']);
  upstreamOf(1).response.write('data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"only":"two"}}\n\n');
  for await (const event of streamTwo.events()) { if (event.data) { assert.match(event.data, /two/); break; } }
  streamOne.close(); streamTwo.close();
});

test('an upstream without a GET stream is no error', async t => {
  const { fake, open } = await scene(t, { upstream: { onGet: c => c.status(405) } });
  const session = await open();
  const raw = await session.stream();
  assert.ok([200, 405].includes(raw.current.status), String(raw.current.status));
  assertAllowed(await session.call('echo'));
  raw.close();
  const gets = () => fake.requests.filter(r => r.method === 'GET').length;
  const before = gets();
  await new Promise(resolve => setTimeout(resolve, 700));
  assert.ok(gets() - before <= 2, 'no retry loop');
});

test('a server request during a call reaches the client, its answer the server', async t => {
  const { fake, open } = await scene(t, { upstream: {
    onMessage: (m, c) => {
      if (m.method === undefined) { fake.answered = m; fake.resume(m); c.status(202); return true; }
      return false;
    },
    onCall: async (m, c) => {
      const answer = new Promise(resolve => { fake.resume = resolve; });
      c.event({ jsonrpc: '2.0', id: 'srv-1', method: 'elicitation/create', params: { message: 'ok?', requestedSchema: { type: 'object', properties: {} } } });
      return { content: [{ type: 'text', text: (await answer).result.action }] };
    },
  } });
  const session = await open({ capabilities: { elicitation: {} } });
  const raw = await session.open({ jsonrpc: '2.0', id: 40, method: 'tools/call', params: { name: 'echo' } });
  await raw.head();
  let result;
  for await (const event of raw.events()) {
    if (!event.data) continue;
    const m = JSON.parse(event.data);
    if (m.method === 'elicitation/create') assert.equal((await session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'accept', content: {} } })).status, 202);
    if (m.id === 40) { result = m; break; }
  }
  raw.close();
  assertAllowed(result, 'accept');
  assert.equal(fake.answered.id, 'srv-1');
});

test('a server request that the policy denies never reaches the client', async t => {
  const { fake, gateway, open } = await scene(t, {
    policy: { version: '1', default: 'allow', methods: { 'elicitation/create': 'deny' } },
    upstream: {
      onMessage: (m, c) => { if (m.method === undefined) { fake.resume(m); c.status(202); return true; } return false; },
      onCall: async (m, c) => {
        const answer = new Promise(resolve => { fake.resume = resolve; });
        c.event({ jsonrpc: '2.0', id: 'srv-1', method: 'elicitation/create', params: { message: 'password?', requestedSchema: { type: 'object', properties: {} } } });
        return { content: [{ type: 'text', text: (await answer).error ? 'refused' : 'answered' }] };
      },
    },
  });
  const session = await open({ capabilities: { elicitation: {} } });
  const answer = await session.post({ jsonrpc: '2.0', id: 40, method: 'tools/call', params: { name: 'echo' } });
  assert.doesNotMatch(answer.text, /elicitation|password/);
  assertAllowed(answer.messages.at(-1), 'refused');
  await gateway.waitRows(row => row.method === 'elicitation/create' && row.outcome === 'denied');
});

test('notifications/cancelled reaches the upstream with its own id of the call', async t => {
  const { fake, open } = await scene(t, { upstream: { tools: [tool('slow')], onCall: (m, c) => { c.sse(); return undefined; } } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: { name: 'slow' } });
  const [call] = await fake.waitFor('tools/call');
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'mine', reason: 'changed my mind' } });
  const [note] = await fake.waitFor('notifications/cancelled');
  assert.equal(note.message.params.requestId, call.message.id);
  assert.equal(note.message.params.reason, 'changed my mind');
  raw.close();
});

test('a legacy client that drops its connection does not cancel the call', async t => {
  let finish;
  const { fake, open } = await scene(t, { upstream: { tools: [tool('slow')], onCall: (m, c) => { c.sse(); return new Promise(resolve => { finish = () => resolve({ content: [] }); }); } } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow' } });
  const [call] = await fake.waitFor('tools/call');
  raw.close();
  assert.deepEqual((await session.request('ping')).result, {});
  assert.equal(fake.of('notifications/cancelled').length, 0);
  assert.equal(call.closed, false);
  finish();
});

test('a second client on the same id cannot answer for the first: unknown response ids are dropped', async t => {
  const { fake, open } = await scene(t);
  const session = await open();
  const before = fake.requests.length;
  const answer = await session.post({ jsonrpc: '2.0', id: 'never-asked', result: { action: 'accept' } });
  assert.ok([202, 400, 404].includes(answer.status));
  await session.request('ping');
  assert.equal(fake.requests.slice(before).filter(r => r.message?.id === 'never-asked').length, 0);
});

test('two requests with one id at the same time: the second is refused or both answered, never mixed', async t => {
  let release;
  const gate = new Promise(resolve => { release = resolve; });
  const { gateway, fake, open } = await scene(t, { upstream: { onCall: async m => { await gate; return { content: [{ type: 'text', text: m.params.arguments.n }] }; } } });
  const session = await open();
  const send = n => { const raw = Raw.connect(gateway.port); return raw.then(r => { r.write(requestBytes('POST', '/mcp/fake', session.headers(), JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo', arguments: { n } } }), gateway.port)); return r; }); };
  const one = await send('one');
  await fake.waitFor('tools/call');
  const two = await send('two');
  await eventually(() => fake.calls().length === 2 || two.buffer.length > 0, 'the second is forwarded or refused');
  release();
  assertAllowed((await one.answer()).messages.at(-1), 'one');
  const second = await two.answer();
  assert.ok(second.status === 400 || second.messages.at(-1).error || second.messages.at(-1).result.content[0].text === 'two');
  one.close(); two.close();
});

test('a server that asks without end is refused what no answer could be taken for', async t => {
  const refused = [];
  const { fake, open } = await scene(t, { upstream: {
    onMessage: (m, c) => m.method === undefined && (refused.push(m), c.status(202), true),
    onCall: async (m, c) => {
      for (let n = 0; n < 1002; n++) c.event({ jsonrpc: '2.0', id: 'q' + n, method: 'roots/list' });
      await eventually(() => refused.length === 2, () => `two refusals, not ${refused.length}`);
      c.event(c.envelope({ result: text('asked') }));
      c.res.end();
    },
  } });
  const session = await open({ capabilities: { roots: {} } });
  const answer = await session.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo', arguments: {} } });
  assert.equal(answer.messages.filter(m => m.method === 'roots/list').length, 1000);
  assert.deepEqual(refused.map(m => m.id).sort(), ['q1000', 'q1001']);
  assert.match(refused[0].error.message, /cannot pass on more requests/);
  assertAllowed(answer.messages.at(-1), 'asked');
  assert.equal(fake.calls().length, 1);
});
