// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client of 2026-07-28 before a legacy server: what each side sees, word for word.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Raw, requestBytes } from '../lib/raw.mjs';
import { modern, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { META, MODERN, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, scene, toolRow } from '../lib/wire.mjs';

const ALLOWING = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {} };
const INFO = { [META + 'serverInfo']: { name: 'fake', version: '1' } };
const ELICIT = { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: { type: 'object', properties: {} } } };
const CAN = { capabilities: { elicitation: { form: {} }, roots: {} } };
const bridged = (t, upstream = {}, more = {}) => scene(t, { policy: ALLOWING, ...more, upstream: { eras: 'legacy', ...upstream } });
const last = answer => answer.messages.at(-1);
const ask = async (gateway, method, params, options) => last(await modern(gateway, 'fake', method, params, options));

// A request whose answer is read piece by piece.
async function open(gateway, id, method, params, options) {
  const message = modernMessage(id, method, params, options);
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message, options), JSON.stringify(message), gateway.port));
  return raw;
}
// Answers of the client's POSTs to requests of the fake server, by id.
function answering(then) {
  const waiting = new Map();
  return {
    wait: id => new Promise(resolve => waiting.set(id, resolve)),
    onMessage: (m, c) => {
      if (then?.(m, c)) return true;
      if (m.method !== undefined || !waiting.has(m.id)) return false;
      waiting.get(m.id)(m);
      c.status(202);
      return true;
    },
  };
}

test('server/discover is answered from initialize, which carries the client\'s own capabilities', async t => {
  const { fake, gateway } = await bridged(t);
  const answer = await modern(gateway, 'fake', 'server/discover', {}, { id: 'd', capabilities: { elicitation: {}, extensions: { 'x.y/z': {} } }, client: 'new-client' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['mcp-session-id'], undefined);
  assert.deepEqual(last(answer), { jsonrpc: '2.0', id: 'd', result: { resultType: 'complete', supportedVersions: [MODERN], capabilities: { tools: { listChanged: true } }, ttlMs: 0, cacheScope: 'private', _meta: INFO } });
  const [initialize] = fake.of('initialize');
  assert.deepEqual(initialize.message.params, { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 'new-client', version: '1' } });
  await fake.waitFor('notifications/initialized');
  assert.equal((await gateway.waitRows(row => row.method === 'server/discover')).length, 1);
});

test('one session per grant and capabilities, used again; ids and tokens cannot meet', async t => {
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy' } });
  gateway.configure({ ...gateway.setup, grants: { ...gateway.setup.grants, other: { servers: { fake: 'main' } } } });
  await gateway.waitLog(/reload|applied|configuration/);
  for (const options of [{}, {}, { capabilities: { roots: {} } }, { label: 'other' }, { capabilities: { roots: {} }, id: 9 }])
    assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: {} }, options), '{}');
  assert.equal(fake.of('initialize').length, 3);
  const calls = fake.calls().map(c => [c.headers['mcp-session-id'], c.message.id]);
  assert.equal(new Set(calls.map(String)).size, 5, JSON.stringify(calls));
  assert.equal(new Set(calls.map(c => c[0])).size, 3);
});

test('a call keeps the bytes of its arguments and loses what is new; the result gains it', async t => {
  const { fake, gateway } = await bridged(t, {
    tools: [tool('echo')],
    onCall: (m, c) => {
      c.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: m.params._meta.progressToken, progress: 1.50 } });
      c.event(c.envelope({ result: { content: [], structuredContent: { n: 1 }, _meta: { a: 1 } } }));
      c.res.end();
    },
  });
  const message = modernMessage('c-1', 'tools/call', { name: 'echo', arguments: { x: '@@' }, _meta: { progressToken: 'mine', own: true, [META + 'logLevel']: 'debug' } });
  const args = '{"n":1.00000000000000000001,"e":1E5}';
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', { ...modernHeaders(gateway, message), traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }, JSON.stringify(message).replace('{"x":"@@"}', args), gateway.port));
  const answer = await raw.answer();
  raw.close();
  assert.deepEqual(answer.messages, [
    { jsonrpc: '2.0', method: 'notifications/progress', params: { progress: 1.5, progressToken: 'mine' } },
    { jsonrpc: '2.0', id: 'c-1', result: { content: [], structuredContent: { n: 1 }, resultType: 'complete', _meta: { a: 1, ...INFO } } },
  ]);
  const [call] = fake.calls();
  assert.ok(call.body.includes(`"arguments":${args}`), call.body);
  assert.deepEqual(call.message.params._meta, { own: true, progressToken: call.message.id });
  assert.equal(call.headers['mcp-protocol-version'], '2025-11-25');
  assert.equal(call.headers['mcp-method'], undefined);
  assert.equal(call.headers.traceparent, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  assert.equal((await gateway.waitRows(toolRow('echo', 'allowed'))).length, 1);
});

test('lists, errors and methods that are gone', async t => {
  const { fake, gateway } = await bridged(t, {
    onMessage: (m, c) => m.method === 'resources/read' && (c.error(-32002, 'Resource not found', { uri: m.params.uri }), true),
  });
  assert.deepEqual((await ask(gateway, 'tools/list')).result, { tools: [tool('echo')], resultType: 'complete', _meta: INFO, ttlMs: 0, cacheScope: 'private' });
  const missing = await modern(gateway, 'fake', 'resources/read', { uri: 'test://gone' });
  assert.equal(missing.status, 200);
  assert.deepEqual(last(missing).error, { message: 'Resource not found', data: { uri: 'test://gone' }, code: -32602 });
  const unknown = await modern(gateway, 'fake', 'no/such');
  assert.deepEqual([unknown.status, last(unknown).error.code], [404, -32601]);
  for (const method of ['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) {
    const answer = await modern(gateway, 'fake', method, { uri: 'test://a', level: 'info' });
    assert.deepEqual([answer.status, last(answer).error.code], [404, -32601], method);
  }
  assert.equal(fake.of('ping').length + fake.of('logging/setLevel').length, 0);
});

test('the policy judges and prunes as ever', async t => {
  const policy = { version: '1', default: 'deny', hide: ['secret'], tools: { echo: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 'bad' }], on_deny: 'No bad x.' }] } } };
  const { fake, gateway } = await bridged(t, { tools: [tool('echo'), tool('secret')] }, { policy });
  assert.deepEqual((await ask(gateway, 'tools/list')).result.tools.map(x => x.name), ['echo']);
  assertDenied(await ask(gateway, 'tools/call', { name: 'echo', arguments: { x: 'bad' } }), { text: 'No bad x.', rule: '/tools/echo/deny_if/0' });
  assertUnknownTool(await ask(gateway, 'tools/call', { name: 'secret' }), 'secret');
  assert.equal(fake.calls().length, 0);
});

let serial = 0;
function elicitingServer(count = 1) {
  const client = answering();
  return {
    ...client,
    onCall: async (m, c) => {
      const ids = Array.from({ length: count }, (_, i) => `srv-${++serial}-${i}`);
      const answers = ids.map(id => client.wait(id));
      ids.forEach((id, i) => c.event({ jsonrpc: '2.0', id, ...(i % 2 ? { method: 'roots/list' } : ELICIT) }));
      const got = await Promise.all(answers);
      c.event(c.envelope({ result: text(JSON.stringify(got.map(a => a.result ?? a.error.message))) }));
      c.res.end();
    },
  };
}

test('a question during a call becomes input_required; the next request brings the answer to the same call', async t => {
  const { fake, gateway } = await bridged(t, elicitingServer(2));
  const first = await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 1.0, b: 2 } }, CAN);
  assert.equal(first.result.resultType, 'input_required');
  assert.deepEqual(first.result.inputRequests, { q1: ELICIT, q2: { method: 'roots/list', params: {} } });
  assert.match(first.result.requestState, /^[0-9a-f]{64}$/);
  const next = { name: 'echo', arguments: { b: 2, a: 1 }, requestState: first.result.requestState, inputResponses: { q1: { action: 'accept', content: { x: 1 } }, q2: { roots: [] } } };
  const second = await ask(gateway, 'tools/call', next, { ...CAN, id: 2 });
  assert.deepEqual(JSON.parse(second.result.content[0].text), [{ action: 'accept', content: { x: 1 } }, { roots: [] }]);
  assert.equal(second.id, 2);
  assert.equal(second.result.resultType, 'complete');
  assert.equal(fake.calls().length, 1, 'one call at the server');
  const again = await ask(gateway, 'tools/call', next, CAN);
  assert.deepEqual([again.error.code, /begin again/.test(again.error.message)], [-32602, true]);
  assert.equal((await gateway.waitRows(toolRow('echo'), 3)).length, 3, 'a row per message');
  await gateway.waitRows(row => row.direction === 'server' && row.method === 'elicitation/create');
});

test('what is not answered is asked again, by another handle', async t => {
  const { gateway } = await bridged(t, elicitingServer(2));
  const first = (await ask(gateway, 'tools/call', { name: 'echo' }, CAN)).result;
  const second = (await ask(gateway, 'tools/call', { name: 'echo', requestState: first.requestState, inputResponses: { q2: { roots: [] }, other: {} } }, CAN)).result;
  assert.equal(second.resultType, 'input_required');
  assert.deepEqual(Object.keys(second.inputRequests), ['q1']);
  assert.notEqual(second.requestState, first.requestState);
  const third = (await ask(gateway, 'tools/call', { name: 'echo', requestState: second.requestState, inputResponses: { q1: { action: 'decline' } } }, CAN)).result;
  assert.deepEqual(JSON.parse(third.content[0].text), [{ action: 'decline' }, { roots: [] }]);
});

test('a handle is good for its own grant and its own request only', async t => {
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy', ...elicitingServer() } });
  gateway.configure({ ...gateway.setup, grants: { ...gateway.setup.grants, thief: { servers: { fake: 'main' } } } });
  await gateway.waitLog(/reload|applied|configuration/);
  const { requestState } = (await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 1 } }, CAN)).result;
  const stolen = { name: 'echo', arguments: { a: 1 }, requestState, inputResponses: { q1: { action: 'accept' } } };
  for (const [params, options] of [[stolen, { ...CAN, label: 'thief' }], [{ ...stolen, arguments: { a: 2 } }, CAN], [{ ...stolen, requestState: requestState.slice(0, -1) + '0' === requestState ? '0' : requestState.slice(0, -1) + '0' }, CAN], [{ ...stolen, requestState: 5 }, CAN]])
    assert.equal((await ask(gateway, 'tools/call', params, options)).error.code, -32602);
  assert.equal((await ask(gateway, 'tools/call', stolen, CAN)).result.content[0].text, '[{"action":"accept"}]', 'the owner still may');
  assert.equal(fake.calls().length, 1);
});

test('with several workers each answer finds the call that waits for it', async t => {
  const server = elicitingServer();
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy', ...server }, extra: { workers: 4 } });
  await Promise.all(Array.from({ length: 16 }, async (_, a) => {
    const { result } = await ask(gateway, 'tools/call', { name: 'echo', arguments: { a } }, CAN);
    const next = { name: 'echo', arguments: { a }, requestState: result.requestState, inputResponses: { q1: { action: 'accept', content: { a } } } };
    assert.deepEqual(JSON.parse((await ask(gateway, 'tools/call', next, CAN)).result.content[0].text), [{ action: 'accept', content: { a } }]);
  }));
  assert.equal(fake.calls().length, 16);
});

test('a server is refused what the client did not offer or the policy forbids', async t => {
  const server = elicitingServer();
  const { gateway } = await bridged(t, server);
  assert.match((await ask(gateway, 'tools/call', { name: 'echo' })).result.content[0].text, /did not offer/);
  const strict = await bridged(t, elicitingServer(), { policy: { ...ALLOWING, methods: { 'elicitation/create': 'deny' } } });
  assert.match((await ask(strict.gateway, 'tools/call', { name: 'echo' }, CAN)).result.content[0].text, /policy does not allow/);
  await strict.gateway.waitRows(row => row.method === 'elicitation/create' && row.outcome === 'denied');
});

test('-32042 asks by an error; the policy decides, and it never reaches a modern client', async t => {
  const upstream = { onCall: (m, c) => (c.error(-32042, 'visit us', { elicitations: [] }), undefined) };
  const { gateway } = await bridged(t, upstream);
  assert.equal((await ask(gateway, 'tools/call', { name: 'echo' })).error.code, -32603);
  const strict = await bridged(t, upstream, { policy: { ...ALLOWING, methods: { 'elicitation/create': 'deny' } } });
  assert.match((await ask(strict.gateway, 'tools/call', { name: 'echo' })).result.content[0].text, /elicitation\/create/);
});

test('a client that closes its stream cancels; other calls go on', async t => {
  const { fake, gateway } = await bridged(t, { onCall: (m, c) => { c.sse(); } });
  const raw = await open(gateway, 'x', 'tools/call', { name: 'echo' });
  const other = await open(gateway, 'x', 'tools/call', { name: 'echo' });
  await fake.waitFor('tools/call', 2);
  raw.close();
  const [cancelled] = await fake.waitFor('notifications/cancelled');
  const call = fake.calls().find(c => c.message.id === cancelled.message.params.requestId);
  await eventually(() => call.closed, 'its stream is closed');
  assert.equal(fake.calls().filter(c => c.closed).length, 1);
  assert.equal(cancelled.headers['mcp-session-id'], call.headers['mcp-session-id']);
  other.close();
});

test('a session that the server forgot is begun anew, once, unnoticed', async t => {
  const { fake, gateway } = await bridged(t);
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 1 } }), '{"a":1}');
  fake.sessions.clear();
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 2 } }), '{"a":2}');
  assert.equal(fake.of('initialize').length, 2);
  fake.options.onMessage = (m, c) => m.method === 'tools/call' && (c.status(404), true);
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo' });
  assert.equal(answer.status, 502);
});

test('the level of a request is told to the server; lines go to requests that want them', async t => {
  const { fake, gateway } = await bridged(t, {
    capabilities: { tools: {}, logging: {} },
    onMessage: (m, c) => m.method === 'logging/setLevel' && (c.json({}), true),
    onCall: (m, c) => {
      for (const level of ['debug', 'warning']) c.event({ jsonrpc: '2.0', method: 'notifications/message', params: { level, data: level } });
      c.event(c.envelope({ result: text('done') }));
      c.res.end();
    },
  });
  const lines = async level => (await modern(gateway, 'fake', 'tools/call', { name: 'echo', ...(level ? { _meta: { [META + 'logLevel']: level } } : {}) })).messages.slice(0, -1).map(m => m.params.data);
  assert.deepEqual(await lines(), []);
  assert.deepEqual(await lines('warning'), ['warning']);
  assert.deepEqual(await lines('debug'), ['debug', 'warning']);
  assert.deepEqual(await lines('error'), []);
  assert.deepEqual(fake.of('logging/setLevel').map(r => r.message.params.level), ['warning', 'debug']);
});

test('subscriptions/listen: acknowledged when the server watches, news only for who wants them', async t => {
  const watching = new Set();
  const { fake, gateway } = await bridged(t, {
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
    onMessage: (m, c) => {
      if (!/^resources\/(un)?subscribe$/.test(m.method)) return false;
      watching[m.method === 'resources/subscribe' ? 'add' : 'delete'](m.params.uri);
      c.json({});
      return true;
    },
  }, { policy: { ...ALLOWING, resources: { default: 'allow', 'test://hidden': { action: 'hide' } } } });
  const listen = async (id, notifications) => {
    const raw = await open(gateway, id, 'subscriptions/listen', { notifications });
    await raw.head();
    const events = raw.events();
    return { raw, next: async () => { for (;;) { const { value } = await events.next(); if (value?.data) return JSON.parse(value.data); } } };
  };
  const one = await listen('l-1', { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['test://a', 'test://hidden'] });
  assert.deepEqual(await one.next(), { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['test://a'] }, _meta: { [META + 'subscriptionId']: 'l-1' } } });
  assert.deepEqual([...watching], ['test://a']);
  const two = await listen(2, { resourceSubscriptions: ['test://a'] });
  assert.equal((await two.next()).method, 'notifications/subscriptions/acknowledged');
  assert.equal(fake.of('resources/subscribe').length, 1);
  await eventually(() => fake.streams.size === 1, 'the gateway listens');
  fake.push({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  fake.push({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://other' } });
  fake.push({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://a' } });
  assert.deepEqual(await one.next(), { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [META + 'subscriptionId']: 'l-1' } } });
  assert.deepEqual((await one.next()).params, { uri: 'test://a', _meta: { [META + 'subscriptionId']: 'l-1' } });
  assert.deepEqual((await two.next()).params, { uri: 'test://a', _meta: { [META + 'subscriptionId']: 2 } });
  one.raw.close();
  two.raw.close();
  await eventually(() => watching.size === 0, 'the server does not watch any more');
  assert.equal(fake.of('resources/unsubscribe').length, 1);
});

test('a stream that the server ends early is taken up again where it stopped', async t => {
  let call;
  const { fake, gateway } = await bridged(t, {
    onCall: (m, c) => {
      call = m;
      c.sse();
      c.res.write('id: e-7\nretry: 10\ndata:\n\n');
      c.res.end();
    },
    onGet: c => {
      c.sse();
      if (c.req.headers['last-event-id'] !== 'e-7') return;
      c.res.end('id: e-8\ndata: ' + JSON.stringify({ jsonrpc: '2.0', id: call.id, result: text('late') }) + '\n\n');
    },
  });
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo' }), 'late');
  assert.equal(fake.calls().length, 1);
});

test('a stream that stays open behind its answer is ended, and the next call goes well', async t => {
  const { fake, gateway } = await bridged(t, { onCall: (m, c) => { c.event(c.envelope({ result: text('done') })); } });
  const raw = await open(gateway, 1, 'tools/call', { name: 'echo' });
  assertAllowed((await raw.answer()).messages.at(-1), 'done');
  await eventually(() => fake.calls()[0].closed, 'the server loses its stream');
  assert.equal(fake.of('notifications/cancelled').length, 0);
  fake.options.onCall = undefined;
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: {} }), '{}');
  raw.close();
});

test('a server that learns the newer words gets them, one that forgets them is bridged', async t => {
  const { fake, gateway } = await bridged(t);
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 1 } }), '{"a":1}');
  fake.options.eras = 'modern';
  fake.sessions.clear();
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 2 } }), '{"a":2}');
  assert.equal(fake.calls().at(-1).headers['mcp-method'], 'tools/call');
  fake.options.eras = 'legacy';
  fake.options.onMessage = (m, c) => m.params?._meta?.[META + 'protocolVersion'] !== undefined && (c.error(-32000, 'Bad Request: Server not initialized', undefined, 400), true);
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 3 } }), '{"a":3}');
  assert.equal(fake.calls().at(-1).headers['mcp-protocol-version'], '2025-11-25');
});

test('a modern server is asked once, then gets the client\'s own bytes; its refusals are its own', async t => {
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'modern' } });
  for (const a of [1, 2, 3]) assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a } }), JSON.stringify({ a }));
  assert.equal(fake.of('server/discover').length, 1);
  fake.options.onMessage = (m, c) => m.method === 'tools/call' && (c.error(-32600, 'your fault', undefined, 400), true);
  for (let i = 0; i < 3; i++) {
    const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo' });
    assert.deepEqual([answer.status, last(answer).error], [400, { code: -32600, message: 'your fault' }]);
  }
  assert.equal(fake.calls().length, 6, 'none is sent twice');
  assert.equal(fake.of('server/discover').length, 2, 'a doubt is looked into once, not every time');
  const fixed = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy' }, server: { era: 'legacy' } });
  assertAllowed(await ask(fixed.gateway, 'tools/call', { name: 'echo', arguments: {} }), '{}');
  assert.equal(fixed.fake.of('server/discover').length, 0);
});

test('a server that refuses a version which it lists is modern, and gets the client\'s own words', async t => {
  let refuse = 1;
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'modern', onMessage: (m, c) => m.method === 'server/discover' && refuse-- > 0 && (c.error(-32022, 'not yet', { supported: [MODERN], requested: MODERN }, 400), true) } });
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { a: 1 } }), '{"a":1}');
  assert.equal(fake.of('initialize').length, 0);
});

test('refused credentials and failures say nothing of the era', async t => {
  let status = 401;
  const { fake, gateway } = await scene(t, { policy: ALLOWING, upstream: { eras: 'modern', onMessage: (m, c) => status !== 0 && (c.status(status), true) } });
  assert.equal((await modern(gateway, 'fake', 'tools/call', { name: 'echo' })).status, 502);
  status = 503;
  assert.equal((await modern(gateway, 'fake', 'tools/call', { name: 'echo' })).status, 502);
  status = 0;
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: {} }), '{}');
  assert.equal(fake.of('initialize').length, 0);
});
