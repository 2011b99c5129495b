// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks (2025-11-25, and the extension of 2026-07-28) belong to the grant whose call became one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';

const POLICY = { version: '1', default: 'allow' };
const METHODS = ['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/update'];
const task = name => ({ taskId: 'task-' + name, status: 'working', ttl: 60000 });
const ofTask = id => r => r.message?.params?.taskId === id;

// One server, two grants: both know it, and it tells no client from another.
async function twoGrants(t, upstream = {}, policy = POLICY) {
  const fake = await FakeUpstream.start(t, { tools: [tool('a'), tool('b')], onMessage: (m, c) => {
    if (upstream.onMessage?.(m, c)) return true;
    if (m.method === 'tools/call') c.json(m.params._meta ? { resultType: 'task', ...task(m.params.arguments.n) } : { task: task(m.params.arguments.n) });
    else if (METHODS.includes(m.method)) c.json({ resultType: 'complete', ...task('x'), ...text('of ' + m.params.taskId) });
    else if (m.method === 'tasks/list') c.json({ tasks: ['1', '2', '3'].map(task) });
    else return false;
    return true;
  }, ...upstream.options });
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url }, twin: { url: fake.url } }, policies: { main: policy },
    grants: { one: { servers: ['fake', 'twin'], policy: 'main' }, two: { servers: ['fake'], policy: 'main' }, watcher: { servers: ['fake'], policy: 'main', mode: 'observe' } } });
  return { fake, gateway, open: (label, server = 'fake', version) => Session.open(gateway, { server, label, version }) };
}
const assertUnknown = (answer, id) => assert.deepEqual(answer.error, { code: -32602, message: 'Unknown task: ' + id });

test('another grant’s task is unknown, whatever is asked of it, and the server hears nothing', async t => {
  const { fake, gateway, open } = await twoGrants(t);
  const [one, two, twin] = [await open('one'), await open('two'), await open('one', 'twin')];
  await one.call('a', { n: '1' });
  await two.call('a', { n: '2' });
  for (const method of METHODS) {
    assert.equal((await one.request(method, { taskId: 'task-1' })).result.content[0].text, 'of task-1');
    assertUnknown(await two.request(method, { taskId: 'task-1' }), 'task-1');
    assertUnknown(await one.request(method, { taskId: 'task-2' }), 'task-2');
    assertUnknown(await two.request(method, { taskId: 'never' }), 'never');
    assertUnknown(await twin.request(method, { taskId: 'task-1' }), 'task-1'); // of another server
    assertUnknown(await two.request(method, {}), '');
  }
  assert.equal(fake.requests.filter(ofTask('task-1')).length, METHODS.length);
  assert.equal(fake.requests.filter(ofTask('task-2')).length, 0);
  const rows = await gateway.waitRows(row => row.subject === 'task-1' && row.grant === 'two', METHODS.length);
  assert.deepEqual(rows.map(r => [r.outcome, r.rule]), METHODS.map(() => ['hidden', '(unknown task)']));
  const again = await open('one'); // another conversation of the same grant
  assert.ok((await again.request('tasks/get', { taskId: 'task-1' })).result);
});

test('the stateless era: as well', async t => {
  const { fake, gateway } = await twoGrants(t, { options: { eras: 'modern' } });
  const ask = async (label, method, params) => (await modern(gateway, 'fake', method, params, { label, capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } }, headers: params.taskId ? { 'Mcp-Name': params.taskId } : {} })).messages.at(-1);
  await ask('one', 'tools/call', { name: 'a', arguments: { n: '1' } });
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    assert.ok((await ask('one', method, { taskId: 'task-1' })).result, method);
    assertUnknown(await ask('two', method, { taskId: 'task-1' }), 'task-1');
  }
  assert.equal(fake.requests.filter(ofTask('task-1')).length, 3);
});

test('lists and news tell of the grant’s own tasks only', async t => {
  const news = id => ({ jsonrpc: '2.0', method: 'notifications/tasks/status', params: { taskId: id, status: 'completed' } });
  const { fake, gateway, open } = await twoGrants(t);
  const [one, two, watcher] = [await open('one'), await open('two'), await open('watcher')];
  await one.call('a', { n: '1' });
  await two.call('a', { n: '2' });
  await one.call('a', { n: '3' });
  const listed = async session => (await session.request('tasks/list')).result.tasks.map(x => x.taskId);
  assert.deepEqual(await listed(one), ['task-1', 'task-3']);
  assert.deepEqual(await listed(two), ['task-2']);
  assert.deepEqual(await listed(watcher), ['task-1', 'task-2', 'task-3']);
  const stream = await two.stream();
  const events = stream.events();
  for (const id of ['task-1', 'task-2']) fake.push(news(id));
  for (;;) {
    const { value } = await events.next();
    if (!value.data) continue;
    assert.equal(JSON.parse(value.data).params.taskId, 'task-2');
    break;
  }
  await gateway.waitRows(row => row.direction === 'server' && row.grant === 'two' && row.rule === '(unknown task)' && row.outcome === 'denied');
});

test('observe mode asks the server and says what it would have done', async t => {
  const { gateway, open } = await twoGrants(t);
  const watcher = await open('watcher');
  assert.ok((await watcher.request('tasks/get', { taskId: 'task-1' })).result);
  await gateway.waitRows(row => row.method === 'tasks/get' && row.outcome === 'observed' && row.rule === '(unknown task)');
});

test('a call that becomes a task on a resumed stream, or without its client, is the grant’s all the same', async t => {
  let created;
  const { fake, open } = await twoGrants(t, { onMessage: (m, c) => {
    if (m.method !== 'tools/call') return false;
    c.sse();
    c.res.end('id: e1\ndata: \n\n');
    created = JSON.stringify({ jsonrpc: '2.0', id: m.id, result: { task: task('1') } });
    return true;
  }, options: { onGet: c => { c.sse(); c.res.end(`id: e2\ndata: ${created}\n\n`); } } });
  const [one, two] = [await open('one'), await open('two')];
  const raw = await one.open({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'a', arguments: { n: '1' } } });
  await raw.head();
  for await (const event of raw.events()) assert.equal(event.id, 'e1');
  const again = await one.stream({ 'Last-Event-ID': 'e1' });
  for await (const event of again.events()) if (event.data) assert.equal(JSON.parse(event.data).result.task.taskId, 'task-1');
  assert.ok((await one.request('tasks/get', { taskId: 'task-1' })).result);
  assertUnknown(await two.request('tasks/get', { taskId: 'task-1' }), 'task-1');
  assert.equal(fake.of('tasks/get').length, 1);
});

test('a thousand tasks of a grant are known; the oldest is forgotten', async t => {
  const { open } = await twoGrants(t);
  const session = await open('one', 'fake', '2025-03-26'); // a batch makes it short
  for (let from = 0; from <= 1000; from += 100) {
    const calls = Array.from({ length: from === 1000 ? 1 : 100 }, (_, i) => ({ jsonrpc: '2.0', id: from + i, method: 'tools/call', params: { name: 'a', arguments: { n: String(from + i) } } }));
    assert.equal((await session.post(calls)).messages.length, calls.length);
  }
  const known = async n => 'result' in await session.request('tasks/get', { taskId: 'task-' + n });
  assert.deepEqual([await known(0), await known(1), await known(1000)], [false, true, true]);
});

test('a restart forgets them', async t => {
  const { gateway, open } = await twoGrants(t);
  await (await open('one')).call('a', { n: '1' });
  await gateway.stop();
  gateway.stopped = false;
  gateway.exit = undefined;
  gateway.stderr = '';
  await gateway.start();
  assertUnknown(await (await open('one')).request('tasks/get', { taskId: 'task-1' }), 'task-1');
});

// News of a task on the call's own stream, before the answer that makes it one.
const status = (id, more = {}) => ({ jsonrpc: '2.0', method: 'notifications/tasks/status', params: { ...task(id), taskId: id, ...more } });
async function nextNews(events) {
  for (;;) {
    const { value } = await events.next();
    if (value.data) return JSON.parse(value.data);
  }
}

test('news that overtakes the answer follows behind it; news of nobody’s task goes when no call is left', async t => {
  let finish;
  const { fake, gateway, open } = await twoGrants(t, { onMessage: (m, c) => {
    if (m.method !== 'tools/call' || !m.params.task) return false;
    c.event(status('task-' + m.params.arguments.n, { status: 'completed' }));
    c.event(status('nobodys'));
    finish = () => { c.event(c.envelope({ result: { task: task(m.params.arguments.n) } })); c.res.end(); };
    if (m.params.arguments.n !== 'held') finish();
    return true;
  } });
  const session = await open('one');
  const events = (await session.stream()).events();
  const call = n => session.post({ jsonrpc: '2.0', id: 'c' + n, method: 'tools/call', params: { name: 'a', arguments: { n }, task: {} } });
  const quick = await call('quick');
  assert.deepEqual(quick.messages.map(m => m.id), ['cquick'], 'nothing comes before the answer');
  assert.deepEqual(await nextNews(events), status('task-quick', { status: 'completed' }));
  await gateway.waitRows(row => row.method === 'notifications/tasks/status' && row.rule === '(unknown task)' && row.outcome === 'denied', 1);
  const held = call('held');
  await fake.waitFor('tools/call', 2);
  for (let i = 0; i < 20; i++) fake.push(status('flood-' + i)); // more than is kept: the oldest go
  fake.push(status('task-held'));
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal(gateway.rows(row => row.method === 'notifications/tasks/status').length, 1);
  finish();
  assert.deepEqual((await held).messages.map(m => m.id), ['cheld']);
  assert.deepEqual(await nextNews(events), status('task-held'));
  const rows = await gateway.waitRows(row => row.method === 'notifications/tasks/status' && row.outcome === 'denied', 16);
  assert.equal(rows.length, 16);
});
