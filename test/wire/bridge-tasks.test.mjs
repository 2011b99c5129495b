// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks across eras: those of 2025-11-25, which clients ask for, and those of the extension of 2026-07-28, which
// servers decide on. What each side sees, word for word.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modern } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { FakeUpstream, META, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene, toolRow } from '../lib/wire.mjs';

const ALLOWING = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {} };
const EXTENSION = META + 'tasks', RELATED = META + 'related-task';
const INFO = { [META + 'serverInfo']: { name: 'fake', version: '1' } };
const ELICIT = { message: 'sure?', requestedSchema: { type: 'object', properties: {} } };
const TIMES = { createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:01Z' };
const KNOWS = { capabilities: { elicitation: {}, extensions: { [EXTENSION]: {} } } };
const last = answer => answer.messages.at(-1);
const named = params => (params.taskId ? { headers: { 'Mcp-Name': params.taskId } } : {});
const ask = async (gateway, method, params = {}, options = KNOWS) => last(await modern(gateway, 'fake', method, params, { ...named(params), ...options }));
const isUnknown = (answer, id) => assert.deepEqual(answer.error, { code: -32602, message: 'Unknown task: ' + id });

// ---- A modern client before a legacy server

// A server of 2025-11-25 whose tasks the test moves: `tasks` by id, each { status, ...more, end } with `end` the result or
// error of its tasks/result, which waits until the task is over. `say` writes on the streams of open tasks/results.
function olderServer({ tools = [tool('slow', {}, { execution: { taskSupport: 'optional' } }), tool('echo')], cancel = true, ...more } = {}) {
  const tasks = {}, open = {}, answers = [];
  const shown = id => ({ taskId: id, ...TIMES, ttl: 60000, pollInterval: 50, ...Object.fromEntries(Object.entries(tasks[id]).filter(([k]) => k !== 'end')) });
  const finish = (id, c) => { c.event(c.envelope(tasks[id].end.error ? tasks[id].end : { result: { ...tasks[id].end, _meta: { [RELATED]: { taskId: id } } } })); c.res.end(); };
  const server = {
    tasks, open, answers,
    move(id, state) {
      Object.assign(tasks[id], state);
      if (tasks[id].end) for (const c of open[id]?.splice(0) ?? []) finish(id, c);
    },
    say: (id, message) => open[id].forEach(c => c.event({ jsonrpc: '2.0', ...message, params: { ...message.params, _meta: { [RELATED]: { taskId: id } } } })),
    upstream: {
      eras: 'legacy', tools,
      capabilities: { tools: {}, tasks: { list: {}, ...(cancel ? { cancel: {} } : {}), requests: { tools: { call: {} } } } },
      onMessage: (m, c) => {
        if (m.method === undefined && m.id !== undefined) { answers.push(m); c.status(202); return true; }
        const id = m.params?.taskId;
        if (m.method === 'tools/call' && m.params.task) {
          tasks.t1 = { status: 'working' };
          c.json({ task: shown('t1'), _meta: { [META + 'model-immediate-response']: 'soon' } });
        } else if (m.method === 'tools/call' && tools.find(x => x.name === m.params.name)?.execution?.taskSupport === 'required') c.error(-32601, 'requires task augmentation');
        else if (!m.method?.startsWith('tasks/')) return false;
        else if (!tasks[id]) c.error(-32602, 'Failed to retrieve task: Task not found');
        else if (m.method === 'tasks/get') c.json(shown(id));
        else if (m.method === 'tasks/cancel' && tasks[id].end) c.error(-32602, 'Cannot cancel task: already in terminal status');
        else if (m.method === 'tasks/cancel') { Object.assign(tasks[id], { status: 'cancelled', end: { error: { code: -32603, message: 'cancelled' } } }); c.json(shown(id)); }
        else if (m.method === 'tasks/result' && tasks[id].end) { c.sse(); finish(id, c); }
        else if (m.method === 'tasks/result') { c.sse(); (open[id] ??= []).push(c); }
        else return false;
        return true;
      },
      ...more,
    },
  };
  return server;
}
const withOlder = async (t, options, more = {}) => { const server = olderServer(options); return { server, ...await scene(t, { policy: ALLOWING, ...more, upstream: server.upstream }) }; };
const SHOWN = { taskId: 't1', ...TIMES, ttlMs: 60000, pollIntervalMs: 50 };
// A call of the tool `slow` of a client that knows it from a list.
async function startTask(gateway) {
  await ask(gateway, 'tools/list');
  return ask(gateway, 'tools/call', { name: 'slow', arguments: { n: 1 } });
}

test('a legacy server\'s tasks are offered as the extension, and the other way to nobody who cannot', async t => {
  const { gateway } = await withOlder(t);
  const offered = (await ask(gateway, 'server/discover')).result.capabilities;
  assert.deepEqual(offered, { tools: {}, extensions: { [EXTENSION]: {} } });
  const without = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy', capabilities: { tools: {}, tasks: { requests: { sampling: { createMessage: {} } } } } } });
  assert.deepEqual((await ask(without.gateway, 'server/discover')).result.capabilities, { tools: {} });
  const older = await scene(t, { policy: ALLOWING, upstream: { eras: 'legacy', onMessage: (m, c) => m.method === 'initialize' && (c.json({ protocolVersion: '2025-06-18', capabilities: { tools: {}, tasks: { requests: { tools: { call: {} } } } }, serverInfo: { name: 'fake', version: '1' } }, { 'mcp-session-id': (c.fake.sessions.add('s'), 's') }), true) } });
  assert.deepEqual((await ask(older.gateway, 'server/discover')).result.capabilities, { tools: {} }, 'an older revision has no tasks');
});

test('a call becomes a task of the newer kind; it is asked for, ends, and gives its result', async t => {
  const { server, fake, gateway } = await withOlder(t);
  const made = await startTask(gateway);
  assert.deepEqual(made.result, { resultType: 'task', ...SHOWN, status: 'working', _meta: { [META + 'model-immediate-response']: 'soon', ...INFO } });
  assert.deepEqual(fake.calls()[0].message.params, { name: 'slow', arguments: { n: 1 }, task: {} });
  assert.deepEqual((await ask(gateway, 'tasks/get', { taskId: 't1' })).result, { resultType: 'complete', ...SHOWN, status: 'working', _meta: INFO });
  server.move('t1', { status: 'completed', statusMessage: 'done', end: { ...text('42'), structuredContent: { n: 1 } } });
  const done = { resultType: 'complete', ...SHOWN, statusMessage: 'done', status: 'completed', result: { ...text('42'), structuredContent: { n: 1 }, resultType: 'complete' }, _meta: INFO };
  for (const round of [1, 2]) assert.deepEqual((await ask(gateway, 'tasks/get', { taskId: 't1' })).result, done, `time ${round}`);
  assert.deepEqual(fake.of('tasks/result').map(r => r.message.params), [{ taskId: 't1' }, { taskId: 't1' }]);
  assert.equal(fake.of('initialize').length, 1, 'all in one conversation');
  assert.equal((await gateway.waitRows(row => row.method === 'tasks/get' && row.subject === 't1' && row.outcome === 'allowed', 3)).length, 3);
  assert.equal((await gateway.waitRows(toolRow('slow', 'allowed'))).length, 1);
});

test('a task that fails: an error is the task\'s, an unhappy tool\'s result is a completed one\'s', async t => {
  const { server, gateway } = await withOlder(t);
  await startTask(gateway);
  server.move('t1', { status: 'failed', end: { ...text('no luck'), isError: true } });
  const unhappy = (await ask(gateway, 'tasks/get', { taskId: 't1' })).result;
  assert.deepEqual([unhappy.status, unhappy.result, unhappy.error], ['completed', { ...text('no luck'), isError: true, resultType: 'complete' }, undefined]);
  server.move('t1', { status: 'failed', end: { error: { code: -32042, message: 'boom', data: 1 } } });
  const failed = (await ask(gateway, 'tasks/get', { taskId: 't1' })).result;
  assert.deepEqual([failed.status, failed.result, failed.error], ['failed', undefined, { code: -32603, message: 'boom', data: 1 }]);
});

test('who did not declare the extension gets the call itself, and no word about tasks', async t => {
  const { fake, gateway } = await withOlder(t, { tools: [tool('slow', {}, { execution: { taskSupport: 'optional' } })] });
  await startTask(gateway);
  const answer = await ask(gateway, 'tools/call', { name: 'slow', arguments: { n: 2 } }, {});
  assertAllowed(answer, '{"n":2}');
  assert.equal('task' in fake.calls()[1].message.params, false);
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    const refused = await modern(gateway, 'fake', method, { taskId: 't1' }, named({ taskId: 't1' }));
    assert.deepEqual([refused.status, last(refused).error.code, last(refused).error.data], [400, -32021, { requiredCapabilities: { extensions: { [EXTENSION]: {} } } }], method);
  }
  assert.equal(last(await modern(gateway, 'fake', 'tasks/get', { taskId: 'never' }, named({ taskId: 'never' }))).error.code, -32021, 'nor of tasks that are not there');
  for (const method of ['tasks/list', 'tasks/result'])
    assert.equal((await modern(gateway, 'fake', method, { taskId: 't1' }, KNOWS)).status, 404, method);
  assert.equal(fake.of('tasks/get').length, 0);
});

test('a tool that runs as a task only is asked for so, whether a list told or not; others never', async t => {
  const tools = [tool('must', {}, { execution: { taskSupport: 'required' } }), tool('sly'), tool('never', {}, { execution: { taskSupport: 'forbidden' } }), tool('echo')];
  const { fake, gateway } = await withOlder(t, { tools, onCall: (m, c) => (m.params.name === 'sly' ? (c.error(-32601, 'as a task only'), undefined) : text('{}')) });
  for (const name of ['must', 'sly']) assert.equal((await ask(gateway, 'tools/call', { name })).result.resultType, 'task', name);
  assert.deepEqual(fake.calls().map(c => 'task' in c.message.params), [true, false, true], 'the list says it, or the server');
  assert.equal(fake.of('tools/list').length, 1, 'the gateway asks once, by itself');
  for (const name of ['never', 'echo']) assertAllowed(await ask(gateway, 'tools/call', { name, arguments: {} }), '{}');
  const unable = await modern(gateway, 'fake', 'tools/call', { name: 'must' });
  assert.deepEqual([unable.status, last(unable).error.code, last(unable).error.data], [400, -32021, { requiredCapabilities: { extensions: { [EXTENSION]: {} } } }]);
  assert.equal((await gateway.waitRows(toolRow('must'), 2)).length, 2, 'one line for each call');
});

test('questions of a task come with its status, and tasks/update answers them, each once', async t => {
  const { server, gateway } = await withOlder(t);
  await startTask(gateway);
  server.move('t1', { status: 'input_required' });
  const asked = ask(gateway, 'tasks/get', { taskId: 't1' });
  await eventually(() => server.open.t1?.length === 1, 'the gateway waits for questions');
  server.say('t1', { id: 'q-a', method: 'elicitation/create', params: ELICIT });
  server.say('t1', { id: 7, method: 'elicitation/create', params: { ...ELICIT, message: 'really?' } });
  const first = (await asked).result;
  assert.deepEqual(first, { resultType: 'complete', ...SHOWN, status: 'input_required', inputRequests: { q1: { method: 'elicitation/create', params: ELICIT }, q2: { method: 'elicitation/create', params: { ...ELICIT, message: 'really?' } } }, _meta: INFO });
  assert.deepEqual((await ask(gateway, 'tasks/get', { taskId: 't1' })).result, first, 'all that are open, again');
  const partly = await ask(gateway, 'tasks/update', { taskId: 't1', inputResponses: { q2: { action: 'accept', content: {} }, q9: {}, q1: 5 } });
  assert.deepEqual(partly.result, { resultType: 'complete', _meta: INFO });
  await eventually(() => server.answers.length === 1, 'the server has an answer');
  assert.deepEqual(server.answers[0], { jsonrpc: '2.0', id: 7, result: { action: 'accept', content: {} } });
  assert.deepEqual(Object.keys((await ask(gateway, 'tasks/get', { taskId: 't1' })).result.inputRequests), ['q1']);
  await ask(gateway, 'tasks/update', { taskId: 't1', inputResponses: { q1: { action: 'decline' }, q2: { action: 'accept' } } });
  await eventually(() => server.answers.length === 2, 'the server has both');
  assert.deepEqual(server.answers[1], { jsonrpc: '2.0', id: 'q-a', result: { action: 'decline' } });
  server.move('t1', { status: 'working' });
  assert.equal((await ask(gateway, 'tasks/get', { taskId: 't1' })).result.status, 'working');
  server.move('t1', { status: 'completed', end: text('kept') });
  const done = await ask(gateway, 'tasks/get', { taskId: 't1' });
  assert.deepEqual([done.result.status, done.result.result], ['completed', { ...text('kept'), resultType: 'complete' }]);
  const rows = await gateway.waitRows(row => row.direction === 'server' && row.method === 'elicitation/create', 2);
  assert.deepEqual(rows.map(r => r.outcome), ['allowed', 'allowed']);
});

test('a task that waits for questions that do not come is still at work', async t => {
  const { server, gateway } = await withOlder(t);
  await startTask(gateway);
  server.move('t1', { status: 'input_required' });
  assert.deepEqual((await ask(gateway, 'tasks/get', { taskId: 't1' })).result, { resultType: 'complete', ...SHOWN, status: 'working', _meta: INFO });
});

test('cancelling is heard in any case', async t => {
  for (const cancel of [true, false]) {
    const { server, fake, gateway } = await withOlder(t, { cancel });
    await startTask(gateway);
    assert.deepEqual((await ask(gateway, 'tasks/cancel', { taskId: 't1' })).result, { resultType: 'complete', _meta: INFO });
    assert.equal(fake.of('tasks/cancel').length, cancel ? 1 : 0);
    assert.equal((await ask(gateway, 'tasks/get', { taskId: 't1' })).result.status, cancel ? 'cancelled' : 'working');
    server.move('t1', { status: 'completed', end: text('too late') });
    assert.deepEqual((await ask(gateway, 'tasks/cancel', { taskId: 't1' })).result, { resultType: 'complete', _meta: INFO });
  }
});

test('the policy judges the call, the questions and the result; another grant knows nothing of it', async t => {
  const policy = { ...ALLOWING, methods: { 'elicitation/create': 'deny' }, tools: { slow: { deny_if: [{ conditions: [{ path: 'args.n', op: 'eq', value: 13 }], on_deny: 'No thirteen.' }] } } };
  const server = olderServer();
  const fake = await FakeUpstream.start(t, server.upstream);
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url } }, policies: { main: policy }, grants: { agent: { servers: { fake: 'main' } }, other: { servers: { fake: 'main' } } } });
  await ask(gateway, 'tools/list');
  assertDenied(await ask(gateway, 'tools/call', { name: 'slow', arguments: { n: 13 } }), { text: 'No thirteen.', rule: '/tools/slow/deny_if/0' });
  assert.equal(fake.calls().length, 0);
  await startTask(gateway);
  server.move('t1', { status: 'input_required' });
  const waiting = ask(gateway, 'tasks/get', { taskId: 't1' });
  await eventually(() => server.open.t1?.length === 1, 'the gateway waits for questions');
  server.say('t1', { id: 1, method: 'elicitation/create', params: ELICIT });
  await eventually(() => server.answers.length === 1, 'the server hears no');
  assert.match(server.answers[0].error.message, /policy does not allow/);
  assert.equal((await waiting).result.status, 'working');
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) isUnknown(await ask(gateway, method, { taskId: 't1' }, { ...KNOWS, label: 'other' }), 't1');
  await gateway.waitRows(row => row.grant === 'other' && row.rule === '(unknown task)', 3);
});

const GUARDED = { ...ALLOWING, tools: { slow: { results: { redact: [{ path: 'result.structuredContent.ssn' }], deny_if: [{ conditions: [{ path: 'result.structuredContent.bad', op: 'eq', value: true }], on_deny: 'Bad result.' }] } } } };

test('what a task gave is redacted and withheld like any result', async t => {
  const { server, gateway } = await withOlder(t, {}, { policy: GUARDED });
  await startTask(gateway);
  server.move('t1', { status: 'completed', end: { ...text('x'), structuredContent: { ssn: 'S-1', n: 1 } } });
  const done = await ask(gateway, 'tasks/get', { taskId: 't1' });
  assert.deepEqual(done.result.result.structuredContent, { ssn: '[REDACTED]', n: 1 });
  server.move('t1', { end: { ...text('x'), structuredContent: { bad: true, ssn: 'S-2' } } });
  const withheld = await ask(gateway, 'tasks/get', { taskId: 't1' });
  assert.equal(JSON.stringify(withheld).includes('S-2'), false);
  assert.match(withheld.error.message, /^\[POLICY DENIED\] Bad result\./);
});

// ---- A legacy client before a modern server

// A server of 2026-07-28 whose tasks the test moves: `tasks` by id, what tasks/get shows beyond id and times. The tool
// `slow` becomes a task where the client may hear of one, `now` never does, `must` always.
function newerServer({ tools = [tool('slow'), tool('now'), tool('must')], ...more } = {}) {
  const tasks = {}, updates = [];
  const shown = id => ({ taskId: id, ...TIMES, ttlMs: 60000, pollIntervalMs: 100, ...tasks[id] });
  const knows = m => m.params._meta[META + 'clientCapabilities'].extensions?.[EXTENSION] !== undefined;
  const server = {
    tasks, updates,
    upstream: {
      eras: 'modern', tools,
      capabilities: { tools: { listChanged: true }, extensions: { [EXTENSION]: {}, 'a/b': {} } },
      onMessage: (m, c) => {
        const id = m.params?.taskId, name = m.params?.name, done = result => c.json({ resultType: 'complete', ...result });
        if (m.method === 'tools/call' && name !== 'now' && knows(m)) {
          tasks.t1 = { status: 'working' };
          c.json({ resultType: 'task', ...shown('t1') });
        } else if (m.method === 'tools/call' && name === 'must') c.error(-32021, 'tasks are needed', { requiredCapabilities: { extensions: { [EXTENSION]: {} } } }, 400);
        else if (!m.method?.startsWith('tasks/')) return false;
        else if (!knows(m) || c.req.headers['mcp-name'] !== id || c.req.headers['mcp-method'] !== m.method) c.error(-32021, 'capability or headers missing', {}, 400);
        else if (!tasks[id]) c.error(-32602, 'Failed to retrieve task: Task not found');
        else if (m.method === 'tasks/get') done(shown(id));
        else if (m.method === 'tasks/cancel') { if (server.cancels !== false) tasks[id] = { status: 'cancelled' }; done({}); }
        else if (m.method === 'tasks/update') { updates.push(m.params.inputResponses); server.onUpdate?.(id); done({}); }
        else return false;
        return true;
      },
      ...more,
    },
  };
  return server;
}
const withNewer = async (t, options, more = {}) => { const server = newerServer(options); return { server, ...await scene(t, { policy: ALLOWING, ...more, upstream: server.upstream }) }; };
const OLDER_SHOWN = { taskId: 't1', ...TIMES, ttl: 60000, pollInterval: 100 };
const callTask = (session, name = 'slow', args = { n: 1 }, task = { ttl: 60000 }) => session.request('tools/call', { name, arguments: args, task });

test('a modern server\'s extension is offered as tasks to the revision that has them', async t => {
  const { fake, open } = await withNewer(t);
  const session = await open();
  assert.deepEqual(session.initialize.capabilities, { tools: { listChanged: true }, tasks: { cancel: {}, requests: { tools: { call: {} } } } });
  assert.deepEqual((await session.request('tools/list')).result.tools[0], { ...tool('slow'), execution: { taskSupport: 'optional' } });
  const older = await open({ version: '2025-06-18' });
  assert.deepEqual(older.initialize.capabilities, { tools: { listChanged: true } });
  assert.deepEqual((await older.request('tools/list')).result.tools[0], tool('slow'));
  assertAllowed(await callTask(older), '{"n":1}');
  assert.equal('task' in fake.calls()[0].message.params, false);
});

test('a call asks for a task, gets one, and finds its result behind it', async t => {
  const { server, fake, gateway, open } = await withNewer(t);
  const session = await open({ capabilities: { elicitation: {}, tasks: { list: {} } } });
  assert.deepEqual((await callTask(session)).result, { task: { ...OLDER_SHOWN, status: 'working' } });
  const [call] = fake.calls();
  assert.deepEqual(call.message.params._meta[META + 'clientCapabilities'], { elicitation: {}, extensions: { [EXTENSION]: {} } });
  assert.equal('task' in call.message.params, false);
  assert.deepEqual((await session.request('tasks/get', { taskId: 't1' })).result, { ...OLDER_SHOWN, status: 'working' });
  const waiting = session.request('tasks/result', { taskId: 't1' });
  const before = fake.of('tasks/get').length;
  await fake.waitFor('tasks/get', before + 2);
  server.tasks.t1 = { status: 'completed', statusMessage: 'done', result: { ...text('42'), structuredContent: { n: 1.0 } } };
  const result = { ...text('42'), structuredContent: { n: 1 }, _meta: { [RELATED]: { taskId: 't1' } } };
  assert.deepEqual((await waiting).result, result);
  assert.deepEqual((await session.request('tasks/result', { taskId: 't1' })).result, result);
  assert.deepEqual((await session.request('tasks/get', { taskId: 't1' })).result, { ...OLDER_SHOWN, statusMessage: 'done', status: 'completed' });
  assert.equal((await gateway.waitRows(row => row.method === 'tasks/result' && row.subject === 't1', 2)).length, 2, 'looking again and again is one message');
  assert.equal((await session.request('tasks/list')).error.code, -32601);
  assert.equal((await session.request('tasks/update', { taskId: 't1' })).error.code, -32601);
});

test('a task that fails or is gone ends its tasks/result with that error', async t => {
  const { server, open } = await withNewer(t);
  const session = await open();
  await callTask(session);
  server.tasks.t1 = { status: 'failed', error: { code: -32021, message: 'boom', data: 1 } };
  assert.deepEqual((await session.request('tasks/result', { taskId: 't1' })).error, { message: 'boom', data: 1, code: -32600 });
  server.tasks.t1 = { status: 'cancelled' };
  assert.match((await session.request('tasks/result', { taskId: 't1' })).error.message, /was cancelled/);
  delete server.tasks.t1;
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) assert.equal((await session.request(method, { taskId: 't1' })).error.code, -32602, method);
  isUnknown(await session.request('tasks/result', { taskId: 'other' }), 'other');
});

test('questions of a task are asked once, on the stream of tasks/result, and answered by tasks/update', async t => {
  const { server, gateway, open } = await withNewer(t);
  const session = await open({ capabilities: { elicitation: {} } });
  await callTask(session);
  const question = { method: 'elicitation/create', params: ELICIT };
  server.tasks.t1 = { status: 'input_required', inputRequests: { name: question } };
  server.onUpdate = () => { if (server.updates.length === 2) server.tasks.t1 = { status: 'completed', result: text(JSON.stringify(server.updates)) }; else server.tasks.t1.inputRequests.more = question; };
  const { asked, answer } = await session.converse({ jsonrpc: '2.0', id: 50, method: 'tasks/result', params: { taskId: 't1' } }, m => session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'accept', content: { n: 1 } } }));
  assert.deepEqual(asked.map(m => [m.method, m.params]), [1, 2].map(() => ['elicitation/create', { ...ELICIT, _meta: { [RELATED]: { taskId: 't1' } } }]));
  assert.equal(answer.result.content[0].text, JSON.stringify([{ name: { action: 'accept', content: { n: 1 } } }, { more: { action: 'accept', content: { n: 1 } } }]));
  assert.equal((await gateway.waitRows(row => row.direction === 'server' && row.method === 'elicitation/create' && row.outcome === 'allowed', 2)).length, 2);
});

test('a question that the policy or the client does not allow ends the tasks/result, and nobody is asked', async t => {
  for (const [policy, capabilities, wanted] of [[{ ...ALLOWING, methods: { 'elicitation/create': 'deny' } }, { elicitation: {} }, /does not allow/], [ALLOWING, {}, /did not offer/]]) {
    const { server, open } = await withNewer(t, {}, { policy });
    const session = await open({ capabilities });
    await callTask(session);
    server.tasks.t1 = { status: 'input_required', inputRequests: { name: { method: 'elicitation/create', params: ELICIT } } };
    const answer = await session.post({ jsonrpc: '2.0', id: 50, method: 'tasks/result', params: { taskId: 't1' } });
    assert.equal(answer.messages.length, 1);
    assert.match(JSON.stringify(answer.messages[0]), wanted);
    assert.deepEqual(server.updates, []);
  }
});

test('a cancellation is answered when it has come true, and refused when the task is over', async t => {
  const { server, fake, open } = await withNewer(t);
  const session = await open();
  await callTask(session);
  assert.deepEqual((await session.request('tasks/cancel', { taskId: 't1' })).result, { ...OLDER_SHOWN, status: 'cancelled' });
  assert.deepEqual((await session.request('tasks/cancel', { taskId: 't1' })).error, { code: -32602, message: 'Cannot cancel task: already in terminal status "cancelled"' });
  assert.equal(fake.of('tasks/cancel').length, 1);
  server.tasks.t1 = { status: 'working' };
  server.cancels = false;
  assert.equal((await session.request('tasks/cancel', { taskId: 't1' })).result.status, 'working', 'a wish that was not heard');
});

test('a client that leaves tasks/result, or cancels it, leaves the task alone', async t => {
  const { server, fake, open } = await withNewer(t);
  const session = await open();
  await callTask(session);
  const raw = await session.open({ jsonrpc: '2.0', id: 60, method: 'tasks/result', params: { taskId: 't1' } });
  await fake.waitFor('tasks/get', 2);
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 60 } });
  raw.close();
  const seen = fake.of('tasks/get').length;
  assert.equal((await session.request('tasks/get', { taskId: 't1' })).result.status, 'working');
  await new Promise(resolve => setTimeout(resolve, 400));
  assert.ok(fake.of('tasks/get').length <= seen + 2, 'nobody asks on');
  assert.equal(fake.of('tasks/cancel').length, 0);
  server.tasks.t1 = { status: 'completed', result: text('late') };
  assertAllowed(await session.request('tasks/result', { taskId: 't1' }), 'late');
});

test('a call that asks for a task and is answered at once becomes a task that is over', async t => {
  const { server, fake, gateway, open } = await withNewer(t, {}, { policy: { ...ALLOWING, tools: { now: GUARDED.tools.slow } } });
  const session = await open();
  const made = (await callTask(session, 'now', { n: 5 }, { ttl: 1000 })).result.task;
  assert.match(made.taskId, /^sallyport-[0-9a-f]{32}$/);
  assert.deepEqual({ ...made, taskId: 0, createdAt: 0, lastUpdatedAt: 0 }, { taskId: 0, status: 'completed', createdAt: 0, lastUpdatedAt: 0, ttl: 1000 });
  assert.ok(Math.abs(Date.parse(made.createdAt) - Date.now()) < 60000);
  const { taskId } = made;
  assert.deepEqual((await session.request('tasks/get', { taskId })).result, made);
  assert.deepEqual((await session.request('tasks/result', { taskId })).result, { ...text('{"n":5}'), _meta: { [RELATED]: { taskId } } });
  assert.match((await session.request('tasks/cancel', { taskId })).error.message, /already in terminal status/);
  assert.equal(fake.requests.filter(r => r.message?.method.startsWith('tasks/')).length, 0);
  isUnknown(await (await open()).request('tasks/get', { taskId: taskId + '0' }), taskId + '0');
  await eventually(async () => (await session.request('tasks/get', { taskId })).error?.code === -32602, 'it is gone after its time');
  server.upstream.onCall = undefined;
  const guarded = await withNewer(t, { onCall: () => ({ ...text('x'), structuredContent: { ssn: 'S-1' } }) }, { policy: { ...ALLOWING, tools: { now: GUARDED.tools.slow } } });
  const other = await guarded.open();
  const kept = (await callTask(other, 'now')).result.task;
  assert.deepEqual((await other.request('tasks/result', { taskId: kept.taskId })).result.structuredContent, { ssn: '[REDACTED]' });
  assert.equal((await gateway.waitRows(toolRow('now', 'allowed'))).length, 1);
});

test('a denied call that asks for a task is a task whose result says so, in either era of the server', async t => {
  const policy = { ...ALLOWING, tools: { slow: { deny_if: [{ conditions: [{ path: 'args.n', op: 'eq', value: 13 }], on_deny: 'No thirteen.' }] } } };
  for (const make of [withNewer, withOlder]) {
    const { fake, gateway, open } = await make(t, {}, { policy });
    const session = await open();
    const { task } = (await callTask(session, 'slow', { n: 13 })).result;
    assert.equal(task.status, 'completed');
    const { result } = await session.request('tasks/result', { taskId: task.taskId });
    assertDenied({ jsonrpc: '2.0', id: 1, result }, { text: 'No thirteen.', rule: '/tools/slow/deny_if/0' });
    assert.deepEqual(result._meta[RELATED], { taskId: task.taskId });
    assertDenied(await session.call('slow', { n: 13 }), { text: 'No thirteen.', rule: '/tools/slow/deny_if/0' });
    assert.equal(fake.calls().length, 0);
    assert.equal((await gateway.waitRows(toolRow('slow', 'denied'), 2)).length, 2);
    const { task: good } = (await callTask(session, 'slow', { n: 1 })).result;
    assert.equal(good.taskId, 't1');
  }
});

test('a tool of a modern server that runs as a task only says so to a legacy client', async t => {
  const { open } = await withNewer(t);
  const session = await open();
  assert.equal((await session.call('must')).error.code, -32600);
  assert.equal((await callTask(session, 'must')).result.task.status, 'working');
});

test('what a modern server\'s task gave is redacted and withheld for a legacy client', async t => {
  const { server, open } = await withNewer(t, {}, { policy: GUARDED });
  const session = await open();
  await callTask(session);
  server.tasks.t1 = { status: 'completed', result: { ...text('x'), structuredContent: { ssn: 'S-1' } } };
  assert.deepEqual((await session.request('tasks/result', { taskId: 't1' })).result.structuredContent, { ssn: '[REDACTED]' });
  server.tasks.t1.result = { ...text('x'), structuredContent: { bad: true, ssn: 'S-2' } };
  assertDenied({ ...await session.request('tasks/result', { taskId: 't1' }) }, { text: /^\[POLICY DENIED\] Bad result\./, rule: '/tools/slow/results/deny_if/0' });
});

test('a session that ends while its task is looked at, or while its call becomes one, ends that too', async t => {
  const { fake, open } = await withNewer(t, { onRequest: c => { held?.(c); return c.message?.method === stop && c.message.id !== undefined; } });
  let held, stop;
  const session = await open();
  await callTask(session);
  for (const [method, params, waited] of [['tasks/result', { taskId: 't1' }, 'tasks/get'], ['tools/call', { name: 'now', arguments: {}, task: {} }, 'tools/call']]) {
    const other = await open();
    stop = waited;
    const arrived = new Promise(resolve => { held = c => c.message?.method === waited && resolve(c); });
    const asking = other.post({ jsonrpc: '2.0', id: 90, method, params });
    const c = await arrived;
    assert.equal((await exchange(other.gateway.port, 'DELETE', '/mcp/fake', other.headers())).status, 200);
    stop = undefined;
    c.json(waited === 'tasks/get' ? { resultType: 'complete', taskId: 't1', status: 'working' } : { resultType: 'complete', ...text('x') });
    const answer = await asking;
    assert.match(JSON.stringify(answer.messages), /session ended/, method);
  }
  assert.equal((await session.request('tasks/get', { taskId: 't1' })).result.status, 'working');
  assert.ok(fake.of('tasks/get').length >= 2);
});
