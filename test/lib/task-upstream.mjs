// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fixtures that the conformance suite's tasks scenarios ask a server for, as options of a FakeUpstream: with the
// extension of 2026-07-28, or with the tasks of 2025-11-25. Written from the scenarios' printed descriptions.
import { randomUUID } from 'node:crypto';
import { META, text, tool } from './upstream.mjs';

const EXTENSION = META + 'tasks', RELATED = META + 'related-task';
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const question = (message, name) => ({ method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties: { [name]: { type: 'string' } } } } });
const declined = { resultType: 'complete', ...text('declined') };

class Task {
  constructor(work) {
    Object.assign(this, { id: randomUUID(), status: 'working', created: new Date().toISOString(), inputs: {}, keys: 0 });
    this.over = new Promise(resolve => { this.finish = more => { if (!this.ended) { this.ended = true; Object.assign(this, more, { inputs: {} }); resolve(); } }; });
    work(this).then(result => this.finish({ status: 'completed', result: { resultType: 'complete', ...result } }), e => this.finish({ status: 'failed', error: { code: -32603, message: e.message } }));
  }
  // Asks for all at once; the answers in the same order.
  async ask(...questions) {
    this.status = 'input_required';
    const answers = questions.map(q => new Promise(answer => { const key = 'k' + ++this.keys; this.inputs[key] = { ...q, answer }; this.asks?.(key); }));
    const given = await Promise.all(answers);
    if (!this.ended) this.status = 'working';
    return given;
  }
  answer(key, value) { const input = this.inputs[key]; delete this.inputs[key]; input?.answer(value); }
  shown() { return { taskId: this.id, status: this.status, createdAt: this.created, lastUpdatedAt: new Date().toISOString() }; }
}

const WORK = {
  slow_compute: ({ seconds = 1, label = 'slow' }) => async () => { await sleep(seconds * 1000); return text(`${label}: done after ${seconds} s`); },
  failing_job: () => async () => { await sleep(1000); return { ...text('the job failed'), isError: true }; },
  protocol_error_job: () => async () => { await sleep(50); throw new Error('the server broke'); },
  confirm_delete: ({ filename = 'it' }) => async task => { const [a] = await task.ask(question(`Delete ${filename}?`, 'confirm')); return a.action === 'accept' ? text('deleted ' + filename) : declined; },
  multi_input: () => async task => { const answers = await task.ask(question('Your name?', 'name'), question('Your town?', 'town')); return text(JSON.stringify(answers)); },
};
const REQUIRED = ['failing_job', 'test_tool_with_task'];
const properties = { seconds: { type: 'number' }, label: { type: 'string' }, filename: { type: 'string' }, name: { type: 'string' } };
const TOOLS = [tool('greet', properties), ...[...Object.keys(WORK), 'test_tool_with_task'].map(name => tool(name, properties))];
const greeting = m => text(`Hello, ${m.params.arguments?.name ?? 'you'}!`);
const find = (tasks, m, c) => { const task = tasks.get(m.params?.taskId); if (!task) c.error(-32602, 'Failed to retrieve task: Task not found'); return task; };

function inOneGo(name, args) { return new Task(WORK[name](args)); }

export function modernTasks() {
  const tasks = new Map();
  const made = (c, task) => { tasks.set(task.id, task); c.json({ resultType: 'task', ...task.shown(), ttlMs: 60000, pollIntervalMs: 100 }); };
  const call = async (m, c) => {
    const { name, arguments: args = {}, inputResponses } = m.params;
    const knows = m.params._meta[META + 'clientCapabilities'].extensions?.[EXTENSION] !== undefined;
    if (name === 'greet') return c.json({ resultType: 'complete', ...greeting(m) });
    if (!knows && REQUIRED.includes(name)) return c.error(-32021, 'Missing required client capability', { requiredCapabilities: { extensions: { [EXTENSION]: {} } } }, 400);
    if (name === 'test_tool_with_task') {
      if (!inputResponses?.user) return c.json({ resultType: 'input_required', inputRequests: { user: question('Your name?', 'user_name') }, requestState: 'asked' });
      return made(c, new Task(async () => text('Hello ' + JSON.stringify(inputResponses.user.content))));
    }
    const task = inOneGo(name, args);
    if (knows) return made(c, task);
    await task.over;
    c.json(task.result ?? declined);
  };
  return { eras: 'modern', tools: TOOLS, capabilities: { tools: {}, extensions: { [EXTENSION]: {} } }, onMessage: (m, c) => {
    if (m.method === 'tools/call' && TOOLS.some(x => x.name === m.params.name)) { call(m, c); return true; }
    if (!['tasks/get', 'tasks/update', 'tasks/cancel'].includes(m.method)) return false;
    if (m.params._meta[META + 'clientCapabilities'].extensions?.[EXTENSION] === undefined) { c.error(-32021, 'Missing required client capability', { requiredCapabilities: { extensions: { [EXTENSION]: {} } } }, 400); return true; }
    const task = find(tasks, m, c);
    if (!task) return true;
    const { result, error, inputs } = task;
    const asked = Object.fromEntries(Object.entries(inputs).map(([key, { answer, ...q }]) => [key, q]));
    if (m.method === 'tasks/update') for (const [key, value] of Object.entries(m.params.inputResponses ?? {})) task.answer(key, value);
    if (m.method === 'tasks/cancel') task.finish({ status: 'cancelled' });
    c.json(m.method === 'tasks/get' ? { resultType: 'complete', ...task.shown(), ttlMs: 60000, pollIntervalMs: 100, ...(result && { result }), ...(error && { error }), ...(task.status === 'input_required' && { inputRequests: asked }) } : { resultType: 'complete' });
    return true;
  } };
}

export function legacyTasks() {
  const tasks = new Map(), waiting = new Map();
  const made = (c, task) => { tasks.set(task.id, task); c.event(c.envelope({ result: { task: { ...task.shown(), ttl: 60000, pollInterval: 100 } } })); c.res.end(); };
  const ask = (c, { answer, ...q }, then, meta) => { const id = randomUUID(); waiting.set(id, m => then(m.result ?? { action: 'cancel' })); c.event({ jsonrpc: '2.0', id, ...q, params: { ...q.params, ...meta } }); };
  const call = async (m, c) => {
    const { name, arguments: args = {}, task: wanted } = m.params;
    if (name === 'greet') return c.json(greeting(m));
    if (!wanted && REQUIRED.includes(name)) return c.error(-32601, `Tool ${name} requires task augmentation`);
    if (name === 'test_tool_with_task') return ask(c, question('Your name?', 'user_name'), answer => made(c, new Task(async () => text('Hello ' + JSON.stringify(answer.content)))));
    const task = inOneGo(name, args);
    if (wanted) return made(c, task);
    await task.over;
    c.json(task.result ?? text('declined'));
  };
  const result = async (task, c) => {
    c.sse();
    const put = key => ask(c, task.inputs[key], value => task.answer(key, value), { _meta: { [RELATED]: { taskId: task.id } } });
    Object.keys(task.inputs).forEach(put);
    task.asks = put;
    await task.over;
    const { resultType, ...rest } = task.result ?? {};
    c.event(c.envelope(task.result ? { result: { ...rest, _meta: { [RELATED]: { taskId: task.id } } } } : { error: task.error ?? { code: -32603, message: 'cancelled' } }));
    c.res.end();
  };
  const support = name => ({ execution: { taskSupport: name === 'greet' ? 'forbidden' : REQUIRED.includes(name) ? 'required' : 'optional' } });
  return { eras: 'legacy', tools: TOOLS.map(x => ({ ...x, ...support(x.name) })), capabilities: { tools: {}, tasks: { cancel: {}, requests: { tools: { call: {} } } } }, onMessage: (m, c) => {
    if (m.method === undefined && waiting.has(m.id)) { waiting.get(m.id)(m); waiting.delete(m.id); c.status(202); return true; }
    const modern = m.params?._meta?.[META + 'protocolVersion'] !== undefined;
    if (!modern && m.method === 'tools/call' && TOOLS.some(x => x.name === m.params.name)) { call(m, c); return true; }
    if (modern || !['tasks/get', 'tasks/result', 'tasks/cancel'].includes(m.method)) return false;
    const task = find(tasks, m, c);
    if (!task) return true;
    if (m.method === 'tasks/result') { result(task, c); return true; }
    if (m.method === 'tasks/cancel' && task.ended) { c.error(-32602, 'Cannot cancel task: already in terminal status'); return true; }
    if (m.method === 'tasks/cancel') task.finish({ status: 'cancelled' });
    c.json({ ...task.shown(), status: task.result?.isError ? 'failed' : task.status, ttl: 60000, pollInterval: 100 });
    return true;
  } };
}
