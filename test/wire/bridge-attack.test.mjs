// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Peers that lie across eras: forged and doubled members, states and answers of others, questions out of place and
// without end. Nothing passes that was not judged, nothing grows without bound, and honest calls go on.
import assert from 'node:assert/strict';
import test from 'node:test';
import { modern, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { memoryKiB } from '../lib/process.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { META, text } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene, toolRow } from '../lib/wire.mjs';

const ALLOWING = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {} };
const FORM = { message: 'sure?', requestedSchema: { type: 'object', properties: {} } };
const ELICIT = { method: 'elicitation/create', params: FORM };
const url = address => ({ method: 'elicitation/create', params: { mode: 'url', message: 'go', url: address } });
const CAN = { capabilities: { elicitation: { form: {} }, roots: {} } };
const toLegacyServer = (t, upstream = {}, more = {}) => scene(t, { policy: ALLOWING, ...more, upstream: { eras: 'legacy', ...upstream } });
const toModernServer = (t, upstream = {}, more = {}) => scene(t, { policy: ALLOWING, ...more, upstream: { eras: 'modern', ...upstream } });
const last = answer => answer.messages.at(-1);
const ask = async (gateway, method, params, options) => last(await modern(gateway, 'fake', method, params, options));
const call = (id, extra = {}) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', ...extra } });

// A legacy server that asks what it likes during a call; answers of clients are kept by id.
function asking(questions, { then, each } = {}) {
  const answers = new Map(), waiting = new Map();
  return {
    answers,
    onMessage: (m, c) => {
      if (m.method !== undefined || m.id === undefined) return false;
      (answers.get(m.id) ?? answers.set(m.id, []).get(m.id)).push(m);
      waiting.get(m.id)?.(m);
      c.status(202);
      return true;
    },
    onCall: async (m, c) => {
      const list = questions(m), all = list.map(q => new Promise(resolve => waiting.set(q.id, resolve)));
      for (const q of list) c.event({ jsonrpc: '2.0', ...q });
      each?.(m, c);
      const got = await Promise.all(all);
      if (then) return then(m, c, got);
      c.event(c.envelope({ result: text(JSON.stringify(got.map(a => a.result ?? a.error.message))) }));
      c.res.end();
    },
  };
}

test('an elicitation in a mode, or by a URL, that the client did not declare is not passed on to either era', async t => {
  const bad = [['form', url('https://a.example/')], ['url', ELICIT], ['url', url('javascript:alert(1)')], ['url', url('file:///etc/passwd')], ['url', { ...ELICIT, params: { ...FORM, mode: 'other' } }]];
  for (const [mode, question] of bad) {
    const capabilities = { elicitation: { [mode]: {} } };
    const server = await toModernServer(t, { onCall: () => ({ resultType: 'input_required', inputRequests: { a: ELICIT, b: question, c: ELICIT }, requestState: 's' }) });
    const session = await server.open({ capabilities });
    const { asked, answer } = await session.converse(call(5), () => {}).catch(async () => ({ asked: [], answer: (await session.post(call(6))).messages.at(-1) }));
    assert.deepEqual(asked, [], 'all or none: nothing is asked that is not waited for');
    assert.match(answer.error.message, /did not offer/);
    assert.equal(server.fake.calls().every(c => c.message.params.inputResponses === undefined), true);
    const legacy = asking(() => [{ id: 'x', ...question }]);
    const { gateway } = await toLegacyServer(t, legacy);
    assert.match((await ask(gateway, 'tools/call', { name: 'echo' }, { capabilities })).result.content[0].text, /did not offer/);
  }
});

test('inputRequests that are doubled, misspelt, malformed or too many ask nobody anything', async t => {
  const results = {
    doubled: '{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","method":"roots/list"}}}',
    'doubled keys': '{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"\\u0061":{"method":"roots/list"}}}',
    misspelt: '{"resultType":"input_required","InputRequests":{"a":{"method":"roots/list"}}}',
    'no method': '{"resultType":"input_required","inputRequests":{"a":{}}}',
    'no object': '{"resultType":"input_required","inputRequests":{"a":5}}',
    'a list': '{"resultType":"input_required","inputRequests":[{"method":"roots/list"}]}',
    'a method of ours': '{"resultType":"input_required","inputRequests":{"a":{"method":"tools/call"}}}',
    many: JSON.stringify({ resultType: 'input_required', inputRequests: Object.fromEntries(Array.from({ length: 33 }, (_, i) => ['k' + i, { method: 'roots/list' }])) }),
  };
  const { fake, open } = await toModernServer(t, { onCall: (m, c) => c.raw(200, { 'content-type': 'application/json' }, `{"jsonrpc":"2.0","id":${JSON.stringify(m.id)},"result":${results[m.params.arguments.which]}}`) });
  const session = await open({ capabilities: { elicitation: {}, roots: {} } });
  for (const which of Object.keys(results)) {
    const answer = await session.post(call(which, { arguments: { which } }));
    const messages = answer.messages.filter(m => m.id !== which || m.method !== undefined);
    assert.deepEqual(messages, [], which);
    const m = answer.messages.at(-1);
    assert.ok(m.error !== undefined || m.result.isError, `${which}: ${answer.text}`);
  }
  assert.equal(fake.calls().length, Object.keys(results).length, 'none was repeated');
});

test('other kinds of results, and questions for other methods, become errors for a legacy client', async t => {
  const { open } = await toModernServer(t, {
    onMessage: (m, c) => {
      if (m.method === 'tools/list') c.json({ resultType: 'input_required', inputRequests: { a: { method: 'roots/list' } } });
      else if (m.method === 'prompts/get') c.json({ resultType: 'task', taskId: 't', status: 'working' });
      else return false;
      return true;
    },
  });
  const session = await open({ capabilities: { roots: {}, extensions: { 'io.modelcontextprotocol/tasks': {} }, tasks: { list: {} } } });
  assert.match((await session.request('tools/list')).error.message, /may ask nothing/);
  assert.match((await session.request('prompts/get', { name: 'p' })).error.message, /protocol has not/);
});

test('abilities that cannot be kept across eras are not told to the server, whoever claims them', async t => {
  const { fake, open } = await toModernServer(t);
  const session = await open({ capabilities: { roots: {}, extensions: { 'io.modelcontextprotocol/tasks': {} }, tasks: { list: {} } } });
  await session.call('echo');
  await session.request('tools/call', { name: 'echo', _meta: { [META + 'clientInfo']: { name: 'forged' }, [META + 'logLevel']: 'debug', [META + 'subscriptionId']: 1, [META + 'related-task']: { taskId: 't' }, own: 1 } });
  for (const { message } of fake.calls()) {
    assert.deepEqual(message.params._meta[META + 'clientCapabilities'], { roots: {} });
    assert.deepEqual(message.params._meta[META + 'clientInfo'], { name: 'wire-test', version: '1' });
    assert.deepEqual(Object.keys(message.params._meta).filter(k => /logLevel|subscriptionId|related-task/.test(k)), []);
  }
  assert.equal(fake.calls()[1].message.params._meta.own, 1);
  const legacy = await toLegacyServer(t);
  await ask(legacy.gateway, 'tools/call', { name: 'echo', task: { ttl: 1 }, _meta: { [META + 'related-task']: { taskId: 't' }, own: 1 } }, { capabilities: { tasks: { list: {} }, extensions: { x: {} } } });
  assert.deepEqual(legacy.fake.of('initialize')[0].message.params.capabilities, {});
  assert.deepEqual(legacy.fake.calls()[0].message.params, { name: 'echo', _meta: { own: 1 } });
});

// No call became a task, so whoever asks for one hears first that there is none.
const codeOf = method => (/^tasks\/(?!list)/.test(method) ? -32602 : -32601);

test('methods that only one era has go no further', async t => {
  const { fake, open } = await toModernServer(t);
  const session = await open();
  for (const method of ['server/discover', 'subscriptions/listen', 'tasks/get', 'tasks/list', 'tasks/cancel', 'tasks/result'])
    assert.equal((await session.request(method, { taskId: 't', notifications: {} })).error.code, codeOf(method), method);
  assert.deepEqual(fake.requests.map(r => r.message?.method), ['initialize', 'server/discover']);
  const legacy = await toLegacyServer(t);
  const modernCode = method => (/^tasks\/(get|update)/.test(method) ? [400, -32021] : [404, -32601]); // the client declares nothing
  for (const method of ['ping', 'initialize', 'logging/setLevel', 'resources/subscribe', 'tasks/get', 'tasks/update', 'tasks/result']) {
    const answer = await modern(legacy.gateway, 'fake', method, { taskId: 't', uri: 'a:b', level: 'info' }, { headers: { 'Mcp-Name': method.startsWith('tasks') ? 't' : undefined } });
    assert.deepEqual([answer.status, last(answer).error.code], modernCode(method), `${method} ${answer.text}`);
  }
  assert.deepEqual([...new Set(legacy.fake.requests.map(r => r.message?.method))], ['server/discover']);
});

test('answers of a legacy client to what was never asked, twice, from another session, or too late reach nobody', async t => {
  const { fake, open, gateway } = await toModernServer(t, {
    onCall: m => (m.params.inputResponses ? text(JSON.stringify(m.params.inputResponses)) : { resultType: 'input_required', inputRequests: { a: { method: 'roots/list' }, b: { method: 'roots/list' } } }),
  });
  const capabilities = { roots: {} };
  const session = await open({ capabilities }), other = await open({ capabilities });
  const give = (who, id, roots) => who.post({ jsonrpc: '2.0', id, result: { roots: [roots] } });
  const seen = [];
  const { asked, answer } = await session.converse(call(5), async m => {
    seen.push(m.id);
    assert.equal((await give(other, m.id, 'foreign')).status, 202);
    assert.equal((await give(session, 'sallyport-999', 'never asked')).status, 202);
    if (seen.length < 2) return;
    await give(session, seen[0], 'first');
    await give(session, seen[0], 'twice');
    await give(session, seen[1], 'second');
  });
  assert.equal(asked.length, 2);
  assert.deepEqual(JSON.parse(answer.result.content[0].text), { a: { roots: ['first'] }, b: { roots: ['second'] } });
  await give(session, seen[1], 'too late');
  assertAllowed(await session.request('ping').then(m => ({ result: { content: [], ...m.result } })));
  assert.equal(fake.calls().length, 2);
  assert.equal((await gateway.waitRows(r => r.direction === 'server' && r.method === 'roots/list', 2)).length, 2);
});

test('answers that nobody may give: doubled members, a state of another grant, method, server, or of nobody', async t => {
  const server = asking(m => [{ id: 'q' + m.id, ...ELICIT }]);
  const { fake, gateway } = await toLegacyServer(t, { ...server, capabilities: { tools: {}, prompts: {} } });
  gateway.configure({ ...gateway.setup, servers: { ...gateway.setup.servers, second: { url: fake.url } }, grants: { agent: { servers: { fake: 'main', second: 'main' } }, thief: { servers: { fake: 'main' } } } });
  await gateway.waitLog(/reload|applied|configuration/);
  const { requestState } = (await ask(gateway, 'tools/call', { name: 'echo' }, CAN)).result;
  const answers = { q1: { action: 'accept', content: {} } };
  const refused = async answer => { const m = last(await answer); assert.equal(m.error?.code, -32602, JSON.stringify(m)); };
  await refused(modern(gateway, 'fake', 'tools/call', { name: 'echo', requestState, inputResponses: answers }, { ...CAN, label: 'thief' }));
  await refused(modern(gateway, 'second', 'tools/call', { name: 'echo', requestState, inputResponses: answers }, { ...CAN, label: 'agent' }));
  await refused(modern(gateway, 'fake', 'prompts/get', { name: 'echo', requestState, inputResponses: answers }, { ...CAN, label: 'agent' }));
  await refused(modern(gateway, 'fake', 'tools/call', { name: 'echo', requestState: 'f'.repeat(64), inputResponses: answers }, { ...CAN, label: 'agent' }));
  await refused(modern(gateway, 'fake', 'tools/call', { name: 'echo', requestState: '', inputResponses: answers }, { ...CAN, label: 'agent' }));
  const message = modernMessage(9, 'tools/call', { name: 'echo', requestState }, CAN);
  const doubled = JSON.stringify(message).replace('"requestState"', '"inputResponses":{"q1":{"action":"decline"},"q\\u0031":{"action":"accept"}},"requestState"');
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', modernHeaders(gateway, message, { label: 'agent' }), doubled)).status, 400);
  assert.deepEqual(server.answers.size, 0, 'nothing reached the server');
  for (const inputResponses of [[answers], 'q1', { q1: 5 }, { q2: {}, __proto__x: {} }]) { // no answers: asked again
    const again = (await ask(gateway, 'tools/call', { name: 'echo', requestState: (await ask(gateway, 'tools/call', { name: 'echo' }, CAN)).result.requestState, inputResponses }, CAN)).result;
    assert.equal(again.resultType, 'input_required');
  }
  assert.equal(server.answers.size, 0);
});

test('a policy that changed meanwhile judges the next round', async t => {
  const server = asking(() => [{ id: 'q', ...ELICIT }]);
  const { gateway } = await toLegacyServer(t, server);
  const { requestState } = (await ask(gateway, 'tools/call', { name: 'echo', arguments: { x: 1 } }, CAN)).result;
  gateway.configure({ ...gateway.setup, policies: { main: { ...ALLOWING, tools: { echo: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 1 }], on_deny: 'Not 1.' }] } } } } });
  await gateway.waitLog(/reload|applied|configuration/);
  const denied = await ask(gateway, 'tools/call', { name: 'echo', arguments: { x: 1 }, requestState, inputResponses: { q1: { action: 'accept' } } }, CAN);
  assertDenied(denied, { text: 'Not 1.', rule: '/tools/echo/deny_if/0' });
  assert.equal(server.answers.size, 0);
});

test('questions behind the answer, with an id that is in use, or outside of every call are not passed on', async t => {
  const after = asking(() => [], { then: (m, c) => { c.event(c.envelope({ result: text('done') })); c.event({ jsonrpc: '2.0', id: 'late', ...ELICIT }); c.res.end(); } });
  const one = await toLegacyServer(t, after);
  assertAllowed(await ask(one.gateway, 'tools/call', { name: 'echo' }, CAN), 'done');
  await eventually(() => after.answers.get('late'), 'the late question is refused');
  assert.match(after.answers.get('late')[0].error.message, /answered|under way/);
  one.fake.push({ jsonrpc: '2.0', id: 'alone', ...ELICIT });
  await eventually(() => after.answers.get('alone'), 'the lone question is refused');
  assert.match(after.answers.get('alone')[0].error.message, /under way/);
  const twice = asking(() => [{ id: 'same', ...ELICIT }], { each: (m, c) => c.event({ jsonrpc: '2.0', id: 'same', method: 'roots/list' }) });
  const two = await toLegacyServer(t, twice);
  const first = (await ask(two.gateway, 'tools/call', { name: 'echo' }, CAN)).result;
  assert.deepEqual(Object.values(first.inputRequests).map(q => q.method), ['elicitation/create']);
  await ask(two.gateway, 'tools/call', { name: 'echo', requestState: first.requestState, inputResponses: { q1: { action: 'accept' } } }, CAN);
  assert.equal(twice.answers.get('same').length, 1);
});

test('an answer that comes while nobody asks for it is judged when it is fetched', async t => {
  const policy = { ...ALLOWING, tools: { echo: { results: { redact: [{ type: 'secrets' }] } } }, methods: {} };
  const secret = 'ghp_' + 'a1B2c3D4'.repeat(5).slice(0, 36);
  const upstream = asking(() => [{ id: 'q', ...ELICIT }], { each: (m, c) => setTimeout(() => c.event(c.envelope({ result: text('the token is ' + secret) })), 100) });
  const { gateway } = await toLegacyServer(t, upstream, { policy });
  const { requestState } = (await ask(gateway, 'tools/call', { name: 'echo' }, CAN)).result;
  await new Promise(resolve => setTimeout(resolve, 300));
  const answer = await ask(gateway, 'tools/call', { name: 'echo', requestState, inputResponses: { q1: { action: 'accept' } } }, CAN);
  assert.equal(answer.result.content[0].text.includes(secret), false, JSON.stringify(answer));
  // The same for an error that asks by a URL.
  const asks = asking(() => [{ id: 'q', ...ELICIT }], { each: (m, c) => setTimeout(() => c.event(c.envelope({ error: { code: -32042, message: 'visit', data: { elicitations: [{ url: 'https://evil.example/' }] } } })), 100) });
  const strict = await toLegacyServer(t, asks);
  const state = (await ask(strict.gateway, 'tools/call', { name: 'echo' }, CAN)).result.requestState;
  await new Promise(resolve => setTimeout(resolve, 300));
  strict.gateway.configure({ ...strict.gateway.setup, policies: { main: { ...ALLOWING, methods: { 'elicitation/create': 'deny' } } } });
  await strict.gateway.waitLog(/reload|applied|configuration/);
  const refused = await ask(strict.gateway, 'tools/call', { name: 'echo', requestState: state, inputResponses: {} }, CAN);
  assert.equal(JSON.stringify(refused).includes('evil.example'), false);
});

test('10,000 questions of a legacy server end its call; the gateway stays small and other calls go on', async t => {
  const server = asking(() => []);
  server.onCall = (m, c) => {
    if (m.params.arguments?.calm) return text('calm');
    for (let i = 0; i < 10000; i++) c.event({ jsonrpc: '2.0', id: `${m.id}-${i}`, ...ELICIT });
  };
  const { fake, gateway } = await toLegacyServer(t, server);
  const flooded = await ask(gateway, 'tools/call', { name: 'echo' }, CAN); // what was asked by then, or the end
  await eventually(() => fake.calls()[0].closed, 'its stream is closed');
  if (flooded.error) assert.match(flooded.error.message, /asked too often/);
  else assert.match((await ask(gateway, 'tools/call', { name: 'echo', requestState: flooded.result.requestState, inputResponses: {} }, CAN)).error.message, /begin again/);
  await eventually(() => fake.of('notifications/cancelled').length === 1, 'the call is cancelled');
  assert.ok(server.answers.size <= 256);
  assert.ok([...server.answers.values()].every(([a]) => /too many/.test(a.error?.message)));
  assertAllowed(await ask(gateway, 'tools/call', { name: 'echo', arguments: { calm: true } }, CAN), 'calm');
  assert.ok(memoryKiB(gateway.child.pid) < 400 * 1024);
  // Questions that come slowly are asked, as many as one round may have, and the rest with the next.
  fake.options.onCall = (m, c) => { for (let i = 0; i < 40; i++) c.event({ jsonrpc: '2.0', id: `slow-${i}`, ...ELICIT }); };
  const first = (await ask(gateway, 'tools/call', { name: 'echo' }, CAN)).result;
  assert.equal(Object.keys(first.inputRequests).length, 32);
  const inputResponses = Object.fromEntries(Object.keys(first.inputRequests).map(key => [key, { action: 'decline' }]));
  const second = (await ask(gateway, 'tools/call', { name: 'echo', requestState: first.requestState, inputResponses }, CAN)).result;
  assert.equal(Object.keys(second.inputRequests).length, 8);
});

test('one grant can leave only so many calls waiting, and others still can', async t => {
  const server = asking(m => [{ id: 'q' + m.id, ...ELICIT }]);
  const { fake, gateway } = await toLegacyServer(t, server);
  gateway.configure({ ...gateway.setup, grants: { ...gateway.setup.grants, other: { servers: { fake: 'main' } } } });
  await gateway.waitLog(/reload|applied|configuration/);
  const left = [];
  for (let i = 0; i < 70; i++) left.push(await ask(gateway, 'tools/call', { name: 'echo', arguments: { i } }, { ...CAN, label: 'agent' }));
  const waiting = left.filter(m => m.result?.resultType === 'input_required').length;
  assert.equal(waiting, 64, 'of one conversation');
  for (const m of left.slice(64)) assert.match(m.result.content[0].text, /too many questions/);
  assert.equal((await ask(gateway, 'tools/call', { name: 'echo' }, { ...CAN, label: 'other' })).result.resultType, 'input_required');
  for (let k = 1; k < 4; k++) // other abilities: other conversations of the same grant
    for (let i = 0; i < 60; i++) left.push(await ask(gateway, 'tools/call', { name: 'echo', arguments: { i } }, { capabilities: { ...CAN.capabilities, experimental: { ['x' + k]: {} } }, label: 'agent' }));
  assert.ok(left.filter(m => m.result?.resultType === 'input_required').length <= 201, 'of one grant');
  assert.equal((await ask(gateway, 'tools/call', { name: 'echo', arguments: { more: 1 } }, { ...CAN, label: 'other' })).result.resultType, 'input_required');
  assert.ok(fake.of('initialize').length <= 6);
});

test('a modern server that asks without end is stopped, and its questions free their places', async t => {
  const { fake, open } = await toModernServer(t, {
    onCall: m => (m.params.arguments?.calm ? text('calm') : { resultType: 'input_required', inputRequests: Object.fromEntries(Array.from({ length: 32 }, (_, i) => ['k' + i, { method: 'roots/list' }])), requestState: 's' }),
  });
  const session = await open({ capabilities: { roots: {} } });
  let rounds = 0;
  const { answer } = await session.converse(call(5), async m => { rounds++; await session.post({ jsonrpc: '2.0', id: m.id, result: { roots: [] } }); });
  assert.match(answer.error.message, /too often/);
  assert.equal(rounds, 64 * 32);
  assert.equal(fake.calls().length, 65);
  for (let i = 0; i < 40; i++) { // each leaves 32 questions unanswered
    const raw = await session.open(call('left-' + i));
    await raw.head();
    for await (const event of raw.events()) if (event.data?.includes('roots/list')) break;
    await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'left-' + i } });
    raw.close();
  }
  assertAllowed(await session.call('echo', { calm: true }), 'calm');
  const again = await session.converse(call('again'), async m => { await session.post({ jsonrpc: '2.0', id: m.id, error: { code: -1, message: 'no' } }); });
  assert.equal(again.asked.length >= 1, true, 'it may still ask');
});

test('a legacy server cannot pass its own words off as those of the modern era', async t => {
  const { gateway } = await toLegacyServer(t, {
    onCall: () => ({ resultType: 'input_required', inputRequests: { a: { method: 'sampling/createMessage' } }, requestState: 'mine', content: [], ttlMs: 1e9, cacheScope: 'public', _meta: { [META + 'serverInfo']: { name: 'forged' } } }),
    onMessage: (m, c) => m.method === 'tools/list' && (c.json({ tools: [], ttlMs: 1e9, cacheScope: 'public' }), true),
  });
  const { result } = await ask(gateway, 'tools/call', { name: 'echo' }, CAN);
  assert.equal(result.resultType, 'complete');
  assert.deepEqual([result.inputRequests, result.requestState], [undefined, undefined]);
  assert.equal(result._meta[META + 'serverInfo'].name, 'fake');
  const list = (await ask(gateway, 'tools/list', {}, CAN)).result;
  assert.deepEqual([list.ttlMs, list.cacheScope], [0, 'private']);
});

test('a member of a batch is bridged like any message', async t => {
  const { fake, open } = await toModernServer(t, {}, { policy: { ...ALLOWING, tools: { bad: { action: 'deny' } } } });
  const session = await open({ version: '2025-03-26' });
  const answer = await session.post(JSON.stringify([call(1, { arguments: { a: 1 } }), { ...call(2), params: { name: 'bad' } }, { jsonrpc: '2.0', id: 3, method: 'ping' }]));
  const by = Object.fromEntries(answer.messages.flat().map(m => [m.id, m]));
  assertAllowed(by[1], '{"a":1}');
  assert.match(by[2].result.content[0].text, /POLICY DENIED/);
  assert.deepEqual(by[3].result, {});
  assert.equal(fake.calls().length, 1);
});

test('every message that crosses has its row: calls, questions, refusals', async t => {
  const server = asking(() => [{ id: 'a', ...ELICIT }, { id: 'b', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } }]);
  const { gateway } = await toLegacyServer(t, server, { policy: { ...ALLOWING, methods: { 'sampling/createMessage': 'deny' } } });
  const can = { capabilities: { ...CAN.capabilities, sampling: {} } };
  const first = (await ask(gateway, 'tools/call', { name: 'echo' }, can)).result;
  assert.deepEqual(Object.keys(first.inputRequests), ['q1']);
  await ask(gateway, 'tools/call', { name: 'echo', requestState: first.requestState, inputResponses: { q1: { action: 'accept' } } }, can);
  await gateway.waitRows(toolRow('echo', 'allowed'), 2);
  const rows = await gateway.waitRows(r => r.direction === 'server', 2);
  assert.deepEqual(rows.map(r => [r.method, r.outcome]).sort(), [['elicitation/create', 'allowed'], ['sampling/createMessage', 'denied']]);
});

test('of extensions only what means the same in both eras crosses; what is experimental crosses as it is', async t => {
  const UI = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } };
  const all = { experimental: { 'x.y/z': { n: 1 } }, extensions: { ...UI, 'io.modelcontextprotocol/oauth-client-credentials': {}, 'a.b/c': {} } };
  const crossed = { experimental: all.experimental, extensions: UI };
  const answer = (m, c) => m.method === 'x/ask' && (c.json({ resultType: 'complete', said: m.params.words }), true);
  const newer = await toModernServer(t, { capabilities: { tools: {}, ...all }, onMessage: answer });
  const session = await newer.open({ capabilities: all });
  assert.deepEqual(session.initialize.capabilities, { tools: {}, ...crossed });
  assert.deepEqual((await session.request('x/ask', { words: [1.50] })).result, { said: [1.5] });
  await session.call('echo');
  assert.deepEqual(newer.fake.calls()[0].message.params._meta[META + 'clientCapabilities'], crossed);
  const older = await toLegacyServer(t, { capabilities: { tools: {}, ...all }, onMessage: answer });
  assert.deepEqual((await ask(older.gateway, 'server/discover', {}, { capabilities: all })).result.capabilities, { tools: {}, ...crossed });
  assert.deepEqual((await ask(older.gateway, 'x/ask', { words: 'w' }, { capabilities: all })).result.said, 'w');
  assert.deepEqual(older.fake.of('initialize')[0].message.params.capabilities, crossed);
});
