// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Hidden means hidden on every way that a list can take: JSON, SSE, pages, resumed and pushed streams.
import assert from 'node:assert/strict';
import test from 'node:test';
import { tool } from '../lib/upstream.mjs';
import { assertUnknownTool, scene } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow', hide: ['secret*'], prompts: { default: 'deny', seen: {} }, resources: { default: 'allow' } };
const TOOLS = [tool('first'), tool('secret_one'), tool('second'), tool('secret_two'), tool('third')];
const VISIBLE = ['first', 'second', 'third'];
const names = message => message.result.tools.map(t => t.name);

for (const sse of [false, true]) {
  test(`a list as ${sse ? 'SSE' : 'JSON'} is pruned, what stays is untouched`, async t => {
    const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, sse } });
    const session = await open();
    const answer = await session.post({ jsonrpc: '2.0', id: 4, method: 'tools/list' });
    assert.deepEqual(answer.messages.at(-1).result.tools, TOOLS.filter(x => VISIBLE.includes(x.name)));
    assert.doesNotMatch(answer.text, /secret/);
  });
}

test('pruning splices: spacing, escapes and number forms of the rest stay as they were', async t => {
  const kept = '{ "name" : "f\\u0069rst", "inputSchema":{"type":"object","x":1.10e+2}, "big":12345678901234567890123 }';
  const body = id => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"_meta":{"k":1.0},"tools":[ {"name":"s\\u0065cret_one","inputSchema":{}} , ${kept} ,{"inputSchema":{},"name":"secret_two"} ], "nextCursor":"abc"}}`;
  const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onMessage: (m, c) => { if (m.method !== 'tools/list') return false; c.raw(200, { 'content-type': 'application/json' }, body(m.id)); return true; } } });
  const session = await open();
  const answer = await session.post({ jsonrpc: '2.0', id: 4, method: 'tools/list' });
  assert.ok(answer.text.includes(kept), answer.text);
  assert.ok(answer.text.includes('"_meta":{"k":1.0}'));
  assert.equal(answer.messages[0].result.nextCursor, 'abc');
  assert.deepEqual(names(answer.messages[0]), ['first']);
});

test('all hidden leaves an empty list, not an error', async t => {
  const { open } = await scene(t, { policy: { version: '1', default: 'allow', hide: ['*'] }, upstream: { tools: TOOLS } });
  const session = await open();
  assert.deepEqual(await session.toolNames(), []);
  assertUnknownTool(await session.call('first'), 'first');
});

test('every page of a list is pruned and cursors pass', async t => {
  const pages = { undefined: [TOOLS.slice(0, 2), 'p2'], p2: [TOOLS.slice(2, 4), 'p3'], p3: [TOOLS.slice(4), undefined] };
  const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onMessage: (m, c) => {
    if (m.method !== 'tools/list') return false;
    const [tools, nextCursor] = pages[m.params?.cursor];
    c.json({ tools, ...(nextCursor ? { nextCursor } : {}) });
    return true;
  } } });
  const session = await open();
  const seen = [];
  let cursor;
  do {
    const { result } = await session.request('tools/list', cursor ? { cursor } : {});
    seen.push(...result.tools.map(x => x.name));
    cursor = result.nextCursor;
  } while (cursor);
  assert.deepEqual(seen, VISIBLE);
});

test('a resumed stream is pruned like the first', async t => {
  // The upstream cuts its SSE answer; the list comes when the stream is resumed with Last-Event-ID.
  let pending;
  const { fake, open } = await scene(t, { policy: POLICY, upstream: {
    tools: TOOLS,
    onMessage: (m, c) => {
      if (m.method !== 'tools/list') return false;
      pending = m;
      c.sse();
      c.res.write('id: stream_1\nretry: 20\ndata: \n\n');
      c.res.end();
      return true;
    },
    onGet: c => {
      c.sse();
      if (c.req.headers['last-event-id'] === 'stream_1') {
        c.res.write('id: stream_2\ndata: ' + JSON.stringify({ jsonrpc: '2.0', id: pending.id, result: { tools: TOOLS } }) + '\n\n');
        c.res.end();
      }
    },
  } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 'res-1', method: 'tools/list' });
  await raw.head();
  let message, last;
  for await (const event of raw.events()) {
    if (event.id) last = event.id;
    if (event.data) { const m = JSON.parse(event.data); if (m.id === 'res-1') { message = m; break; } }
  }
  raw.close();
  if (!message) { // the gateway let its own stream end too: resume it as a client would
    const again = await session.stream({ 'Last-Event-ID': last });
    for await (const event of again.events()) if (event.data) { message = JSON.parse(event.data); break; }
    again.close();
  }
  assert.deepEqual(names(message), VISIBLE);
  assert.ok(fake.requests.some(r => r.method === 'GET' && r.headers['last-event-id'] === 'stream_1'));
});

test('a list that arrives on a GET stream, asked for or not, is pruned', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  const stream = await session.stream();
  await fake.waitFor('notifications/initialized');
  const { eventually } = await import('../lib/scratch.mjs');
  await eventually(() => fake.streams.size > 0, 'the upstream GET stream is open');
  fake.push({ jsonrpc: '2.0', id: 999, result: { tools: TOOLS } });
  fake.push({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  const seen = [];
  for await (const event of stream.events()) {
    if (!event.data) continue;
    seen.push(event.data);
    if (event.data.includes('list_changed')) break;
  }
  stream.close();
  assert.doesNotMatch(seen.join('\n'), /secret/);
});

test('prompts that the policy hides or denies: lists follow hide, calls follow the rule', async t => {
  const policy = { version: '1', default: 'allow', prompts: { default: 'allow', private: { action: 'hide' } } };
  const prompts = [{ name: 'public' }, { name: 'private' }];
  const { open, fake } = await scene(t, { policy, upstream: { tools: TOOLS, capabilities: { prompts: {} }, onMessage: (m, c) => {
    if (m.method === 'prompts/list') { c.json({ prompts }); return true; }
    if (m.method === 'prompts/get') { c.json({ messages: [] }); return true; }
    return false;
  } } });
  const session = await open();
  assert.deepEqual((await session.request('prompts/list')).result.prompts, [{ name: 'public' }]);
  assert.ok((await session.request('prompts/get', { name: 'private' })).error);
  assert.deepEqual((await session.request('prompts/get', { name: 'public' })).result, { messages: [] });
  assert.equal(fake.of('prompts/get').length, 1);
});

test('a list that cannot be read is not passed on', async t => {
  const bodies = ['{"tools":[{"name":"secret_one"},{"name":"first","name":"secret_two"}]}', '{"tools":[{"Name":"secret_one"}]}', '{"tools":"secret_one"}', '{"tools":[{"name":"secret_one"}],"tools":[]}', '{"Tools":[{"name":"secret_one"}]}'];
  let at = 0;
  const { open } = await scene(t, { policy: POLICY, upstream: { onMessage: (m, c) => {
    if (m.method !== 'tools/list') return false;
    c.raw(200, { 'content-type': 'application/json' }, `{"jsonrpc":"2.0","id":${JSON.stringify(m.id)},"result":${bodies[at++]}}`);
    return true;
  } } });
  const session = await open();
  for (const body of bodies) {
    const answer = await session.post({ jsonrpc: '2.0', id: 4, method: 'tools/list' });
    assert.doesNotMatch(answer.text, /secret/, body);
  }
});
