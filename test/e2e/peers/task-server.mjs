// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server with tasks on the official TypeScript SDKs: version 1 with its tasks of 2025-11-25, version 2 with handlers of
// our own for the extension of 2026-07-28, which that SDK leaves to its user. Both have the same tools.
//   node task-server.mjs legacy|modern http|stdio
// slow: works for `ms` and gives `label`; fail: an error of the protocol after that time; unhappy: isError; ask: needs a name.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { serveLegacy, serveModern } from './sdk-serve.mjs';

const [era, transport] = process.argv.slice(2);
const INFO = { name: `tasks-${era}`, version: '1.0.0' };
const text = value => ({ content: [{ type: 'text', text: value }] });
const QUESTION = { message: 'Who are you?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } };
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
const POLL = 100;

async function legacy() {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
  const { InMemoryTaskStore, InMemoryTaskMessageQueue } = await import('@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js');
  const make = () => {
    const server = new McpServer(INFO, { capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }, taskStore: new InMemoryTaskStore(), taskMessageQueue: new InMemoryTaskMessageQueue() });
    const register = (name, work, taskSupport = 'optional') => server.experimental.tasks.registerToolTask(name, { inputSchema: { ms: z.number().optional(), label: z.string().optional() }, execution: { taskSupport } }, {
      createTask: async (args, { taskStore, taskRequestedTtl }) => {
        const task = await taskStore.createTask({ ttl: taskRequestedTtl, pollInterval: POLL });
        sleep(args.ms ?? 50).then(() => work(args, taskStore, task.taskId)).catch(e => console.error(e.message));
        return { task };
      },
      getTask: (_, { taskStore, taskId }) => taskStore.getTask(taskId),
      getTaskResult: (_, { taskStore, taskId }) => taskStore.getTaskResult(taskId),
    });
    register('slow', ({ label = 'done' }, store, id) => store.storeTaskResult(id, 'completed', text(label)));
    register('must', (_, store, id) => store.storeTaskResult(id, 'completed', text('musted')), 'required');
    register('unhappy', (_, store, id) => store.storeTaskResult(id, 'failed', { ...text('no luck'), isError: true }));
    register('ask', async (_, store, id) => {
      await store.updateTaskStatus(id, 'input_required');
      const answer = await server.server.elicitInput(QUESTION, { relatedTask: { taskId: id } });
      await store.updateTaskStatus(id, 'working');
      await store.storeTaskResult(id, 'completed', text(`Hello ${answer.content?.name}`));
    });
    return server;
  };
  await serveLegacy(make, transport);
}

async function modern() {
  const { McpServer, ProtocolError } = await import('@modelcontextprotocol/server');
  const EXTENSION = 'io.modelcontextprotocol/tasks';
  const tasks = new Map();
  const done = value => ({ resultType: 'complete', ...text(value) });
  const now = () => new Date().toISOString();
  const start = work => {
    const task = { taskId: randomUUID(), status: 'working', createdAt: now(), lastUpdatedAt: now(), ttlMs: 60000, pollIntervalMs: POLL };
    tasks.set(task.taskId, task);
    const end = more => { if (task.status !== 'cancelled') Object.assign(task, more, { lastUpdatedAt: now() }); };
    const ask = inputRequests => new Promise(resolve => { end({ status: 'input_required', inputRequests }); task.answer = resolve; });
    work(end, ask).catch(e => end({ status: 'failed', error: { code: -32603, message: e.message } }));
    return task;
  };
  const shown = ({ answer, ...task }) => task;
  const find = id => { if (!tasks.has(id)) throw new ProtocolError(-32602, 'Failed to retrieve task: Task not found'); return tasks.get(id); };
  const WORK = {
    slow: args => async end => { await sleep(args.ms ?? 50); end({ status: 'completed', result: done(args.label ?? 'done') }); },
    must: args => async end => { await sleep(args.ms ?? 50); end({ status: 'completed', result: done('musted') }); },
    unhappy: args => async end => { await sleep(args.ms ?? 50); end({ status: 'completed', result: { ...done('no luck'), isError: true } }); },
    ask: args => async (end, ask) => {
      await sleep(args.ms ?? 50);
      const answers = await ask({ who: { method: 'elicitation/create', params: { mode: 'form', ...QUESTION } } });
      end({ status: 'completed', inputRequests: undefined, result: done(`Hello ${answers.who.content?.name}`) });
    },
  };
  const make = () => {
    const { server } = new McpServer(INFO, { capabilities: { tools: {}, extensions: { [EXTENSION]: {} } } });
    const named = z.object({ taskId: z.string() });
    const inputSchema = { type: 'object', properties: { ms: { type: 'number' }, label: { type: 'string' } } };
    server.setRequestHandler('tools/list', () => ({ tools: Object.keys(WORK).map(name => ({ name, inputSchema })) }));
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const meta = ctx.mcpReq.envelope ?? ctx.mcpReq._meta ?? params._meta ?? {};
      const knows = JSON.stringify(meta).includes(EXTENSION);
      if (!knows && params.name !== 'slow') throw new ProtocolError(-32021, 'Missing required client capability', { requiredCapabilities: { extensions: { [EXTENSION]: {} } } });
      if (!knows) return text('at once');
      return { resultType: 'task', ...shown(start(WORK[params.name](params.arguments ?? {}))) };
    });
    server.setRequestHandler('tasks/get', { params: named }, ({ taskId }) => shown(find(taskId)));
    server.setRequestHandler('tasks/cancel', { params: named }, ({ taskId }) => { Object.assign(find(taskId), { status: 'cancelled' }); return {}; });
    server.setRequestHandler('tasks/update', { params: named }, ({ taskId }, ctx) => { find(taskId).answer?.(ctx.mcpReq.inputResponses); return {}; });
    return server;
  };
  await serveModern(make, transport);
}

await (era === 'modern' ? modern() : legacy());
