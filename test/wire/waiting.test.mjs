// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A person's approval as clients of 2025-11-25 meet it besides the held call: the page of the question, and tasks; and
// tasks of the extension of 2026-07-28.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asking, call, textOf } from '../lib/waiting.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { text, tool } from '../lib/upstream.mjs';

const LONG = { rule: { approval: { wait: '40s' } } };
const PAGES = { server: 'files', capabilities: { elicitation: { url: {} } } };
const payment = (session, args = { to: 'x' }, more = {}) => ({ jsonrpc: '2.0', id: session.next++, method: 'tools/call', params: { name: 'pay', arguments: args, ...more } });

// ---- The page

test('a client of 2025-11-25 that opens pages is offered that of the question, and told when it is decided', async t => {
  const { gateway, fake, person } = await asking(t, LONG);
  const session = await Session.open(gateway, PAGES);
  const { asked, answer } = await session.converse(payment(session), async m => {
    if (m.method !== 'elicitation/create') return;
    assert.equal(m.params.mode, 'url');
    const id = await person.open();
    assert.equal(m.params.url, `http://127.0.0.1:${gateway.port}/approvals/${id}`);
    assert.ok(m.params.elicitationId);
    assert.equal((await session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'accept' } })).status, 202);
    assert.equal((await person.question(id)).state, 'asked', 'opening it decides nothing');
    await person.approve(id);
  });
  assert.deepEqual(asked.map(m => m.method), ['elicitation/create', 'notifications/elicitation/complete']);
  assert.equal(asked[1].params.elicitationId, asked[0].params.elicitationId);
  assert.equal(textOf(answer), '{"to":"x"}');
  assert.equal(fake.calls().length, 1);
  assert.equal(fake.requests.filter(r => r.message?.result).length, 0, 'the server hears nothing of it');
});

test('a client whose user declines gives up the call; one whose user closes the page waits on', async t => {
  const { gateway, fake, person } = await asking(t, LONG);
  const session = await Session.open(gateway, PAGES);
  const { answer } = await session.converse(payment(session), async m => {
    if (m.method === 'elicitation/create') await session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'decline' } });
  });
  assert.match(textOf(answer), /^\[POLICY DENIED\]/);
  await eventually(async () => (await person.list('withdrawn')).length === 1, 'the question is withdrawn');
  const closed = await session.converse(payment(session), async m => {
    if (m.method !== 'elicitation/create') return;
    await session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'cancel' } });
    await person.approve(await person.open());
  });
  assert.equal(textOf(closed.answer), '{"to":"x"}');
  assert.equal(fake.calls().length, 1);
});

for (const [what, options] of [['an older revision', { ...PAGES, version: '2025-06-18' }], ['forms alone', { server: 'files', capabilities: { elicitation: {} } }]])
  test(`a client with ${what} is not offered a page`, async t => {
    const { gateway, person } = await asking(t, LONG);
    const session = await Session.open(gateway, options);
    const held = session.converse(payment(session), async () => {});
    await person.approve(await person.open());
    const { asked, answer } = await held;
    assert.deepEqual(asked, []);
    assert.equal(textOf(answer), '{"to":"x"}');
  });

test('an answer to a page is good for its own session and once', async t => {
  const { gateway, person } = await asking(t, LONG);
  const [one, other] = [await Session.open(gateway, PAGES), await Session.open(gateway, PAGES)];
  const { answer } = await one.converse(payment(one), async m => {
    if (m.method !== 'elicitation/create') return;
    await other.post({ jsonrpc: '2.0', id: m.id, result: { action: 'decline' } });
    await one.post({ jsonrpc: '2.0', id: m.id, result: { action: 'accept' } });
    await one.post({ jsonrpc: '2.0', id: m.id, result: { action: 'decline' } });
    await person.approve(await person.open());
  });
  assert.equal(textOf(answer), '{"to":"x"}');
});

test('through `sallyport connect` a client on pipes is offered the page as well', async t => {
  const { gateway, fake, person } = await asking(t, LONG);
  const client = await new Pipe(t, BINARY, ['connect', gateway.url('files'), '--token-env', 'TOKEN'], { env: { TOKEN: gateway.tokens.agent, ...sanitizerOptions() } }).open(PAGES);
  const called = client.call('pay', { to: 'x' });
  const question = await eventually(() => client.messages.find(m => m.method === 'elicitation/create'), 'the page is offered');
  const id = await person.open();
  assert.ok(question.params.url.endsWith('/approvals/' + id));
  client.send({ jsonrpc: '2.0', id: question.id, result: { action: 'accept' } });
  await person.approve(id);
  assert.equal(textOf(await called), '{"to":"x"}');
  assert.equal(fake.calls().length, 1);
});

// ---- Tasks

const EXTENSION = { 'io.modelcontextprotocol/tasks': {} };
const TASKS = { upstream: { capabilities: { tools: {}, tasks: { requests: { tools: { call: {} } } }, extensions: EXTENSION }, tools: [tool('pay', {}, { execution: { taskSupport: 'optional' } }), tool('free')] } };
const MODERN_TASKS = { capabilities: { extensions: EXTENSION } };
const older = {
  name: '2025-11-25',
  open: async gateway => {
    const session = await Session.open(gateway, { server: 'files' });
    return {
      session,
      begin: async args => (await session.request('tools/call', { name: 'pay', arguments: args, task: { ttl: 60000 } })).result.task,
      get: async taskId => (await session.request('tasks/get', { taskId })).result,
      cancel: taskId => session.request('tasks/cancel', { taskId }),
      outcome: taskId => session.request('tasks/result', { taskId }),
    };
  },
};
const newer = {
  name: '2026-07-28',
  open: async (gateway, label) => {
    const ask = async (method, taskId) => (await modern(gateway, 'files', method, { taskId }, { ...MODERN_TASKS, label, headers: { 'Mcp-Name': taskId } })).messages.at(-1);
    await modern(gateway, 'files', 'server/discover', {}, { ...MODERN_TASKS, label });
    return {
      begin: async args => { const { result } = await call(gateway, args, { ...MODERN_TASKS, label }); assert.equal(result.resultType, 'task', JSON.stringify(result)); return result; },
      get: async taskId => (await ask('tasks/get', taskId)).result,
      cancel: taskId => ask('tasks/cancel', taskId),
      outcome: async taskId => {
        let task;
        await eventually(async () => (task = (await ask('tasks/get', taskId)).result).status !== 'working', 'the task is over');
        return task;
      },
      ask,
    };
  },
};

for (const era of [older, newer])
  for (const workers of [1, 2]) {
    test(`a call as a task of ${era.name} waits, runs and brings its result, with ${workers} workers`, async t => {
      const { gateway, fake, person } = await asking(t, { ...TASKS, workers });
      const client = await era.open(gateway);
      const task = await client.begin({ to: 'x' });
      assert.equal(task.status, 'working');
      assert.match(task.taskId, /^sallyport-[0-9a-f]{32}$/);
      const shown = await client.get(task.taskId);
      assert.deepEqual([shown.status, /approval/.test(shown.statusMessage)], ['working', true]);
      const outcome = client.outcome(task.taskId);
      await person.approve(await person.open());
      const { result } = await outcome;
      assert.equal(result.content[0].text, '{"to":"x"}');
      assert.equal((await client.get(task.taskId)).status, 'completed');
      assert.equal(fake.calls().length, 1);
      assert.equal(fake.calls()[0].message.params.task, undefined);
    });

    test(`a task of ${era.name} that is rejected has the denial as its result; cancelled, it is withdrawn, with ${workers} workers`, async t => {
      const { gateway, fake, person } = await asking(t, { ...TASKS, workers });
      const client = await era.open(gateway);
      const first = await client.begin({ to: 'x' });
      await person.deny(await person.open());
      assert.match((await client.outcome(first.taskId)).result.content[0].text, /^\[POLICY DENIED\].*was not approved/);
      const second = await client.begin({ to: 'y' });
      const id = await person.open();
      assert.equal((await client.cancel(second.taskId)).error, undefined);
      assert.equal((await client.get(second.taskId)).status, 'cancelled');
      await eventually(async () => (await person.question(id)).state === 'withdrawn', 'it is withdrawn');
      assert.equal(fake.calls().length, 0);
    });
  }

test('a client that knows the extension waits in rounds where the server does not offer it', async t => {
  const { gateway, person } = await asking(t);
  await modern(gateway, 'files', 'server/discover', {}, MODERN_TASKS);
  const { result } = await call(gateway, { to: 'x' }, MODERN_TASKS);
  assert.equal(result.resultType, 'input_required');
  await person.open();
});

test('a tool that runs as a task alone waits as other calls do, and is its server’s task then', async t => {
  const made = { taskId: 't1', status: 'working', createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:00Z', ttl: 60000 };
  const onCall = (m, c) => (m.params.task ? { task: made } : c.error(-32601, 'requires task augmentation'));
  const { gateway, fake, person } = await asking(t, { rule: { approval: { wait: '30s' } }, upstream: { ...TASKS.upstream, tools: [tool('pay', {}, { execution: { taskSupport: 'required' } })], onCall } });
  const session = await Session.open(gateway, { server: 'files' });
  await session.request('tools/list');
  const called = session.request('tools/call', { name: 'pay', arguments: { to: 'x' }, task: { ttl: 60000 } });
  const id = await person.open();
  assert.equal(fake.calls().length, 0);
  await person.approve(id);
  assert.deepEqual((await called).result, { task: made });
  assert.deepEqual(fake.calls()[0].message.params.task, { ttl: 60000 });
  assert.equal((await person.question(id)).state, 'ran');
  // A denial is a task that is over, as ever.
  const second = session.request('tools/call', { name: 'pay', arguments: { to: 'y' }, task: { ttl: 60000 } });
  await person.deny(await person.open());
  const { task } = (await second).result;
  assert.match((await session.request('tasks/result', { taskId: task.taskId })).result.content[0].text, /was not approved/);
  assert.equal(fake.calls().length, 1);
});

test('a task is its grant’s', async t => {
  const { gateway, person } = await asking(t, { ...TASKS, labels: ['agent', 'other'] });
  const [one, other] = [await newer.open(gateway, 'agent'), await newer.open(gateway, 'other')];
  const { taskId } = await one.begin({ to: 'x' });
  const id = await person.open();
  for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update'])
    assert.deepEqual((await other.ask(method, taskId)).error, { code: -32602, message: 'Unknown task: ' + taskId });
  assert.equal((await person.question(id)).state, 'asked');
});

test('a task that runs is cancelled at the server', async t => {
  let answer;
  const { gateway, fake, person } = await asking(t, { upstream: { ...TASKS.upstream, onCall: () => new Promise(resolve => { answer = resolve; }) } });
  const client = await older.open(gateway);
  const { taskId } = await client.begin({ to: 'x' });
  await person.approve(await person.open());
  const [sent] = await fake.waitFor('tools/call');
  assert.equal((await client.cancel(taskId)).result.status, 'cancelled');
  await eventually(() => sent.closed, 'the call at the server is closed');
  answer(text('too late'));
  assert.match((await client.outcome(taskId)).error.message, /cancelled/);
});
