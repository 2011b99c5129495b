// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A legacy client before a server of 2026-07-28: what each side sees, word for word.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { META, MODERN, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, scene, toolRow } from '../lib/wire.mjs';

const ELICIT = { method: 'elicitation/create', params: { mode: 'form', message: 'sure?', requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } } } };
const ALLOWING = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {} };
const bridged = (t, upstream = {}, more = {}) => scene(t, { policy: ALLOWING, ...more, upstream: { eras: 'modern', ...upstream } });
const discovery = extra => ({ resultType: 'complete', supportedVersions: [MODERN], capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, extensions: { 'io.example/x': {} } }, ttlMs: 5, cacheScope: 'public', instructions: 'be careful', _meta: { [META + 'serverInfo']: { name: 'new-server', version: '7' } }, ...extra });
const answerDiscovery = (m, c) => (m.method === 'server/discover' && (c.json(discovery()), true));

test('initialize is answered from server/discover; nothing legacy but the first try reaches the server', async t => {
  const { fake, gateway, open } = await bridged(t, { onMessage: answerDiscovery });
  const session = await open({ capabilities: { elicitation: {}, roots: { listChanged: true } }, client: 'old-client' });
  assert.equal(session.first.status, 200);
  assert.match(session.id, /^[0-9a-f]{64}$/);
  assert.deepEqual(session.initialize, { protocolVersion: '2025-11-25', capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} }, serverInfo: { name: 'new-server', version: '7' }, instructions: 'be careful' });
  const [discover] = fake.of('server/discover');
  assert.deepEqual(discover.message.params._meta[META + 'clientCapabilities'], { elicitation: {}, roots: { listChanged: true } });
  assert.deepEqual(discover.message.params._meta[META + 'clientInfo'], { name: 'old-client', version: '1' });
  const again = await open({ version: '2025-06-18' });
  assert.equal(again.initialize.protocolVersion, '2025-06-18');
  assert.equal(fake.of('initialize').length, 1, 'the era is remembered');
  assert.deepEqual(await session.request('ping'), { jsonrpc: '2.0', id: 2, result: {} });
  assert.equal(fake.of('ping').length + fake.of('notifications/initialized').length, 0);
  const rows = await gateway.waitRows(row => row.method === 'initialize', 2);
  assert.equal(rows.length, 2);
  assert.equal((await session.post({ jsonrpc: '2.0', id: 9, method: 'ping' }, { 'Mcp-Session-Id': 'f'.repeat(64) })).status, 404);
});

test('a call carries version, capabilities and headers; its arguments keep their bytes; the result loses what is new', async t => {
  const { fake, gateway, open } = await bridged(t, {
    tools: [tool('echo', { region: { type: 'string', 'x-mcp-header': 'Region' } })],
    onCall: (m, c) => { c.json({ resultType: 'complete', content: [{ type: 'text', text: 'x' }], structuredContent: { n: 1 }, ttlMs: 9, cacheScope: 'public', _meta: { a: 1 } }); },
  });
  const session = await open();
  const list = await session.request('tools/list');
  assert.deepEqual(Object.keys(list.result), ['tools']);
  const args = '{"n":1.00000000000000000001,"big":12345678901234567890123, "region":"Zürich","e":1E5}';
  const answer = await session.post(`{"jsonrpc":"2.0","id":"c-1","method":"tools/call","params":{"name":"echo","arguments":${args},"task":{"ttl":1},"_meta":{"progressToken":"p","own":[1]}}}`, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.messages, [{ jsonrpc: '2.0', id: 'c-1', result: { content: [{ type: 'text', text: 'x' }], structuredContent: { n: 1 }, _meta: { a: 1 } } }]);
  const [call] = fake.calls();
  assert.ok(call.body.includes(`"arguments":${args}`), call.body);
  assert.equal('task' in call.message.params, false);
  assert.deepEqual(call.message.params._meta, { progressToken: 'p', own: [1], [META + 'protocolVersion']: MODERN, [META + 'clientCapabilities']: {}, [META + 'clientInfo']: { name: 'wire-test', version: '1' } });
  assert.equal(call.headers['mcp-protocol-version'], MODERN);
  assert.equal(call.headers['mcp-method'], 'tools/call');
  assert.equal(call.headers['mcp-name'], 'echo');
  assert.equal(call.headers['mcp-param-region'], '=?base64?' + Buffer.from('Zürich').toString('base64') + '?=');
  assert.equal(call.headers.traceparent, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  assert.equal(call.headers['mcp-session-id'], undefined);
  const rows = await gateway.waitRows(toolRow('echo', 'allowed'));
  assert.equal(rows.length, 1);
});

test('tools whose headers a client of the newer revision must not trust are hidden from one that cannot know', async t => {
  const property = (header, type = 'string') => ({ a: { type, 'x-mcp-header': header } });
  const bad = { empty: property(''), space: property('a b'), number: property('A', 'number'), object: property('A', 'object'), list: property(5), twice: { a: { type: 'string', 'x-mcp-header': 'X' }, b: { type: 'string', 'x-mcp-header': 'x' } }, deep: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'X' } } } };
  const tools = [tool('good', property('Region')), tool('named', { 'x-mcp-header': { type: 'string' } }), ...Object.entries(bad).map(([name, properties]) => tool(name, properties))];
  const { fake, open } = await bridged(t, { tools });
  const session = await open();
  assert.deepEqual(await session.toolNames(), ['good', 'named']);
  assertUnknownTool(await session.call('deep'), 'deep');
  assertAllowed(await session.call('named', { 'x-mcp-header': 'v' }));
  assert.deepEqual(fake.calls().map(c => c.message.params.name), ['named']);
});

test('a server that refuses the first word although it lists its version is asked again, once', async t => {
  let refuse = 1;
  const refusal = (m, c) => m.method === 'server/discover' && refuse-- > 0 && (c.error(-32022, 'not yet', { supported: [MODERN], requested: MODERN }, 400), true);
  const { fake, open } = await bridged(t, { onMessage: refusal });
  assertAllowed(await (await open()).call('echo', { a: 1 }), '{"a":1}');
  assert.equal(fake.of('server/discover').length, 2);
  refuse = 9;
  const stubborn = await bridged(t, { onMessage: refusal });
  assert.match(String(await stubborn.open().catch(e => e)), /initialize/);
  assert.equal(stubborn.fake.of('server/discover').length, 2);
});

test('the policy judges and prunes as ever', async t => {
  const policy = { version: '1', default: 'deny', hide: ['secret'], tools: { echo: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 'bad' }], on_deny: 'No bad x.' }] } } };
  const { fake, open } = await bridged(t, { tools: [tool('echo'), tool('secret')] }, { policy });
  const session = await open();
  assert.deepEqual(await session.toolNames(), ['echo']);
  assertDenied(await session.call('echo', { x: 'bad' }), { text: 'No bad x.', rule: '/tools/echo/deny_if/0' });
  assertUnknownTool(await session.call('secret'), 'secret');
  assertAllowed(await session.call('echo', { x: 'good' }), '{"x":"good"}');
  assert.equal(fake.calls().length, 1);
});

test('errors come in the older words, with status 200', async t => {
  const { open } = await bridged(t, {
    onMessage: (m, c) => {
      if (m.method === 'resources/read') return c.error(-32602, 'Resource not found', { uri: m.params.uri }), true;
      if (m.method === 'prompts/get') return c.error(-32021, 'capability missing', { requiredCapabilities: { sampling: {} } }, 400), true;
    },
  });
  const session = await open();
  assert.deepEqual((await session.request('resources/read', { uri: 'test://gone' })).error, { message: 'Resource not found', data: { uri: 'test://gone' }, code: -32002 });
  assert.equal((await session.request('prompts/get', { name: 'p' })).error.code, -32600);
  const unknown = await session.post({ jsonrpc: '2.0', id: 77, method: 'no/such' });
  assert.equal(unknown.status, 200);
  assert.equal(unknown.messages[0].error.code, -32601);
});

// Reads the events of a call and answers what the server asks.
const converse = (session, message, answers) => session.converse(message, async m => {
  if (m.id !== undefined) assert.equal((await session.post({ jsonrpc: '2.0', id: m.id, ...answers(m) })).status, 202);
});

test('input_required becomes requests to the client, whose answers go back with the state', async t => {
  const state = 'st\u00e9ate "1"';
  const { fake, gateway, open } = await bridged(t, {
    onCall: m => (m.params.requestState === undefined
      ? { resultType: 'input_required', requestState: state, inputRequests: { a: ELICIT, 'r"x': { method: 'roots/list' }, u: { method: 'elicitation/create', params: { mode: 'url', message: 'go', url: 'https://example.org/' } } } }
      : text(JSON.stringify([m.params.requestState, m.params.inputResponses, m.params.arguments]))),
  });
  const session = await open({ capabilities: { elicitation: { form: {}, url: {} }, roots: {} } });
  const { asked, answer } = await converse(session, { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo', arguments: { k: 1 } } },
    m => (m.method === 'roots/list' ? { result: { roots: [] } } : { result: { action: 'accept', content: { yes: true } } }));
  assert.deepEqual(asked.map(m => m.method), ['elicitation/create', 'roots/list', 'elicitation/create']);
  assert.deepEqual(asked[0].params, ELICIT.params);
  assert.equal(new Set(asked.map(m => m.id)).size, 3);
  assert.equal(asked[2].params.url, 'https://example.org/');
  assert.equal(asked[2].params.elicitationId, asked[2].id);
  assert.deepEqual(JSON.parse(answer.result.content[0].text), [state, { a: { action: 'accept', content: { yes: true } }, 'r"x': { roots: [] }, u: { action: 'accept', content: { yes: true } } }, { k: 1 }]);
  assert.equal('resultType' in answer.result, false);
  assert.equal(fake.calls().length, 2);
  assert.equal(new Set(fake.calls().map(c => c.message.id)).size, 2, 'a round has an id of its own');
  assert.equal((await gateway.waitRows(toolRow('echo', 'allowed'))).length, 1);
  await gateway.waitRows(row => row.direction === 'server' && row.method === 'roots/list');
});

test('what breaks behind a question, or stays open behind it, does not change it', async t => {
  const asking = then => bridged(t, {
    onCall: (m, c) => {
      if (m.params.inputResponses) return text(m.params.inputResponses.a.action);
      c.event(c.envelope({ result: { resultType: 'input_required', inputRequests: { a: ELICIT } } }));
      then?.(c.req.socket);
    },
  });
  const play = async ({ open }, before) => {
    const session = await open({ capabilities: { elicitation: {} } });
    const raw = await session.open({ jsonrpc: '2.0', id: 6, method: 'tools/call', params: { name: 'echo' } });
    await raw.head();
    const events = raw.events();
    const next = async () => { for (;;) { const { value, done } = await events.next(); assert.ok(!done, 'the stream ended'); if (value.data) return JSON.parse(value.data); } };
    const question = await next();
    await before();
    assert.equal((await session.post({ jsonrpc: '2.0', id: question.id, result: { action: 'decline' } })).status, 202);
    assert.equal((await next()).result.content[0].text, 'decline');
    raw.close();
  };
  const broken = await asking(socket => setImmediate(() => socket.resetAndDestroy())), open = await asking();
  await Promise.all([
    play(broken, () => eventually(() => broken.fake.calls()[0].closed, 'the stream is broken')),
    play(open, () => new Promise(resolve => setTimeout(resolve, 17000))), // longer than a stream may stay behind an answer
  ]);
});

test('a state without questions is sent again by the gateway; an error of the client becomes a cancel', async t => {
  let rounds = 0;
  const { open } = await bridged(t, {
    onCall: m => {
      if (m.params.inputResponses) return text(m.params.inputResponses.a.action);
      return ++rounds < 3 ? { resultType: 'input_required', requestState: 'r' + rounds } : { resultType: 'input_required', inputRequests: { a: ELICIT } };
    },
  });
  const session = await open({ capabilities: { elicitation: {} } });
  const { answer } = await converse(session, { jsonrpc: '2.0', id: 6, method: 'tools/call', params: { name: 'echo' } }, () => ({ error: { code: -32601, message: 'no' } }));
  assert.equal(answer.result.content[0].text, 'cancel');
});

test('what the client did not offer, or the policy forbids, is not asked', async t => {
  const upstream = { onCall: () => ({ resultType: 'input_required', inputRequests: { a: ELICIT } }) };
  const { open } = await bridged(t, upstream);
  const answer = await (await open()).call('echo');
  assert.equal(answer.error.code, -32603);
  assert.match(answer.error.message, /did not offer/);
  const strict = await bridged(t, upstream, { policy: { ...ALLOWING, methods: { 'elicitation/create': 'deny' } } });
  const denied = await (await strict.open({ capabilities: { elicitation: {} } })).call('echo');
  assert.match(denied.result.content[0].text, /elicitation\/create/);
  assert.equal('resultType' in denied.result, false);
});

test('logging/setLevel becomes the level of each request', async t => {
  const { fake, open } = await bridged(t, { onMessage: answerDiscovery });
  const session = await open();
  await session.call('echo');
  assert.deepEqual((await session.request('logging/setLevel', { level: 'error' })).result, {});
  assert.equal((await session.request('logging/setLevel', { level: 'loud' })).error.code, -32602);
  await session.call('echo');
  assert.deepEqual(fake.calls().map(c => c.message.params._meta[META + 'logLevel']), ['info', 'error']);
  assert.equal(fake.of('logging/setLevel').length, 0);
});

function listening(fakeOptions = {}) {
  const listens = [];
  return {
    listens,
    upstream: {
      ...fakeOptions,
      onMessage: (m, c) => {
        if (answerDiscovery(m, c)) return true;
        if (m.method !== 'subscriptions/listen') return false;
        const send = (method, params) => c.event({ jsonrpc: '2.0', method, params: { ...params, _meta: { [META + 'subscriptionId']: m.id } } });
        listens.push({ filter: m.params.notifications, send, record: c.record });
        send('notifications/subscriptions/acknowledged', { notifications: m.params.notifications });
        return true;
      },
    },
  };
}

test('subscriptions become one listen request; its news come on the GET stream', async t => {
  const { listens, upstream } = listening();
  const { fake, open } = await bridged(t, upstream, { policy: { ...ALLOWING, resources: { default: 'allow', 'test://hidden': { action: 'hide' } } } });
  const session = await open();
  assert.equal(listens.length, 0, 'nobody hears yet');
  const stream = await session.stream(), events = stream.events();
  await eventually(() => listens.length === 1, 'the gateway listens');
  assert.deepEqual(listens[0].filter, { toolsListChanged: true, resourcesListChanged: true });
  assert.deepEqual((await session.request('resources/subscribe', { uri: 'test://a' })).result, {});
  assert.deepEqual((await session.request('resources/subscribe', { uri: 'test://b' })).result, {});
  assert.deepEqual(listens.at(-1).filter.resourceSubscriptions, ['test://a', 'test://b']);
  await eventually(() => listens.slice(0, -1).every(l => l.record.closed), 'earlier streams are closed');
  listens.at(-1).send('notifications/resources/updated', { uri: 'test://hidden' });
  listens.at(-1).send('notifications/resources/updated', { uri: 'test://a' });
  listens.at(-1).send('notifications/tools/list_changed', {});
  const next = async () => { for (;;) { const { value } = await events.next(); if (value?.data) return JSON.parse(value.data); } };
  assert.deepEqual(await next(), { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://a' } });
  assert.deepEqual(await next(), { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} });
  assert.deepEqual((await session.request('resources/unsubscribe', { uri: 'test://a' })).result, {});
  assert.deepEqual(listens.at(-1).filter.resourceSubscriptions, ['test://b']);
  assert.equal(fake.of('resources/subscribe').length, 0);
  stream.close();
});

test('a server that never says that it listens is not waited for without end', async t => {
  const { open } = await bridged(t, { onMessage: (m, c) => answerDiscovery(m, c) || (m.method === 'subscriptions/listen' && (c.sse(), c.res.flushHeaders(), true)) }, { server: { timeouts: { answer: '1s' } } });
  const session = await open();
  const answer = await session.request('resources/subscribe', { uri: 'test://a' });
  assert.match(answer.error.message, /did not say in time/);
  assertAllowed(await session.call('echo', { a: 1 }), '{"a":1}');
});

test('a cancelled call closes the stream at the server', async t => {
  const { fake, open } = await bridged(t, { onCall: (m, c) => { c.sse(); } });
  const session = await open();
  const raw = await session.open({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name: 'echo' } });
  const [call] = await fake.waitFor('tools/call');
  assert.equal((await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 8 } })).status, 202);
  await eventually(() => call.closed, 'the stream is closed');
  assert.equal(fake.of('notifications/cancelled').length, 0);
  raw.close();
});

test('progress keeps its token and its order before the result', async t => {
  const { open } = await bridged(t, {
    onCall: (m, c) => {
      for (const progress of [1, 2, 3]) c.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: m.params._meta.progressToken, progress } });
      c.event(c.envelope({ result: { resultType: 'complete', ...text('done') } }));
      c.res.end();
    },
  });
  const session = await open();
  const answer = await session.post({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name: 'echo', _meta: { progressToken: 'tok' } } });
  assert.deepEqual(answer.messages.map(m => m.params?.progress ?? m.result.content[0].text), [1, 2, 3, 'done']);
  assert.equal(answer.messages[0].params.progressToken, 'tok');
});

test('a server that learns the older words gets them; one that forgets them is bridged', async t => {
  const { fake, open } = await bridged(t);
  const first = await open();
  fake.options.eras = 'legacy';
  fake.options.onMessage = (m, c) => m.params?._meta?.[META + 'protocolVersion'] !== undefined && (c.error(-32000, 'Bad Request: Server not initialized', undefined, 400), true);
  const lost = await first.post({ jsonrpc: '2.0', id: 4, method: 'tools/call', params: { name: 'echo' } });
  assert.match(lost.messages.at(-1).error.message, /send initialize again/);
  assert.ok(lost.status === 404 || lost.headers['content-type'].startsWith('text/event-stream'), 'a stream had begun already');
  assert.equal((await first.post({ jsonrpc: '2.0', id: 5, method: 'ping' })).status, 404, 'the session is over');
  const second = await open();
  assertAllowed(await second.call('echo', { a: 1 }), '{"a":1}');
  assert.equal(fake.calls().at(-1).headers['mcp-session-id'], 'upstream-session-1', 'its own bytes, in a session of its own');
  fake.options.eras = 'modern';
  fake.options.onMessage = undefined;
  fake.sessions.clear();
  assertAllowed(await (await open()).call('echo', { a: 2 }), '{"a":2}');
});

test('a legacy server is never asked for another era; "era": "modern" goes straight to it', async t => {
  const { fake, open } = await scene(t, { upstream: { eras: 'both' } });
  assertAllowed(await (await open()).call('echo', { a: 1 }), '{"a":1}');
  assert.deepEqual(fake.requests.map(r => r.message?.method), ['initialize', 'notifications/initialized', 'tools/call']);
  const fixed = await bridged(t, {}, { server: { era: 'modern' } });
  await fixed.open();
  assert.equal(fixed.fake.of('initialize').length, 0);
  const legacy = await bridged(t, {}, { server: { era: 'legacy' } });
  const refused = await Session.open(legacy.gateway, { server: 'fake' }).catch(e => e);
  assert.match(String(refused), /400/);
  assert.equal(legacy.fake.of('server/discover').length, 0);
});

test('a refused initialize of a server that speaks neither is passed on as it was', async t => {
  const { gateway } = await scene(t, { upstream: { onMessage: (m, c) => (c.error(-32600, m.method === 'initialize' ? 'go away' : 'what?', undefined, 400), true) } });
  const session = new Session(gateway, 'fake', undefined, '2025-11-25');
  const answer = await session.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.messages[0], { jsonrpc: '2.0', id: 1, error: { code: -32600, message: 'go away' } });
  assert.equal(answer.headers['mcp-session-id'], undefined);
});
