// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks between clients and servers of the official SDKs, within an era and across: 2025-11-25's of SDK 1.x on both sides,
// and the extension of 2026-07-28 with the official requester for it.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTaskSessionFromClient } from '@modelcontextprotocol/ext-tasks/client';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { startGateway } from '../../lib/gateway.mjs';
import { modernHeaders } from '../../lib/mcp.mjs';
import { NODE, startProgram } from '../../lib/programs.mjs';
import { exchange } from '../../lib/raw.mjs';
import { textOf, v1Http, v2Http } from './clients.mjs';

const SERVER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'task-server.mjs');
const POLICY = { version: '1', default: 'allow', methods: {}, tools: { slow: { deny_if: [{ conditions: [{ path: 'args.label', op: 'eq', value: 'bad' }], on_deny: 'No bad labels.' }] } } };
const CAPABILITIES = { elicitation: { form: {} } };
const accept = () => ({ action: 'accept', content: { name: 'guest' } });

// SDK 1.x: its own stream of a task's life.
async function v1(t, gateway) {
  const client = await v1Http(t, gateway, 'sdk', { capabilities: CAPABILITIES, prepare: c => c.setRequestHandler(ElicitRequestSchema, accept) });
  await client.listTools();
  return {
    capabilities: client.getServerCapabilities(),
    run: async (name, args) => {
      const seen = [];
      for await (const m of client.experimental.tasks.callToolStream({ name, arguments: args }, undefined, { task: { ttl: 60000 } })) {
        if (m.type === 'taskCreated') seen.push(m.task.taskId);
        if (m.type === 'result') return { result: m.result, seen };
        if (m.type === 'error') throw m.error;
      }
    },
    begin: async (name, args) => (await client.callTool({ name, arguments: args, task: { ttl: 60000 } }, (await import('@modelcontextprotocol/sdk/types.js')).CreateTaskResultSchema)).task.taskId,
    cancel: id => client.experimental.tasks.cancelTask(id),
    status: async id => (await client.experimental.tasks.getTask(id)).status,
    plain: (name, args) => client.callTool({ name, arguments: args }),
  };
}

// SDK 2.x with the official requester; in the modern era that writes its own requests, which its host sends.
async function v2(t, gateway, era) {
  const client = await v2Http(t, gateway, 'sdk', { capabilities: CAPABILITIES, era, prepare: c => c.setRequestHandler('elicitation/create', accept) });
  await client.listTools();
  let id = 1000;
  const rawDispatch = async request => {
    const message = { jsonrpc: '2.0', id: ++id, ...request };
    const headers = { ...modernHeaders(gateway, message), ...(request.params.taskId ? { 'Mcp-Name': request.params.taskId } : {}) };
    const { messages } = await exchange(gateway.port, 'POST', '/mcp/sdk', headers, JSON.stringify(message));
    const { result, error } = messages.at(-1);
    return error ? { kind: 'error', error } : { kind: 'result', result };
  };
  const framing = { protocolVersion: '2026-07-28', clientInfo: { name: 'peer-test', version: '1' }, clientCapabilities: CAPABILITIES };
  const session = createTaskSessionFromClient(client, { endpointId: 'gateway', onInputRequest: accept, ...(era === 'modern' ? { rawDispatch, v2RequestFraming: framing } : {}) });
  t.after(() => session.close());
  const call = (name, args) => session.callTool(name, args, { task: { preference: 'prefer' }, ...(era === 'legacy' ? { declaration: { name, inputSchema: {}, taskSupport: 'optional' } } : {}) });
  return {
    asks: era === 'modern', // in the older era it only ever asks for the status, and questions come with tasks/result
    capabilities: client.getServerCapabilities(),
    run: async (name, args) => {
      const execution = await call(name, args);
      const { outcome } = await execution.settle();
      if (outcome.status !== 'completed') throw outcome.error ?? new Error(outcome.status);
      return { result: outcome.result, seen: execution.kind === 'task' ? [execution.handle.taskId] : [] };
    },
    begin: async (name, args) => (await call(name, args)).handle.taskId,
    cancel: taskId => session.cancelTask(taskId),
    status: async taskId => (await session.task(taskId).snapshot()).status,
    plain: (name, args) => client.callTool({ name, arguments: args }),
  };
}

const CLIENTS = { 'SDK 1.x': ['legacy', v1], 'SDK 2.x, legacy': ['legacy', (t, g) => v2(t, g, 'legacy')], 'SDK 2.x, 2026-07-28': ['modern', (t, g) => v2(t, g, 'modern')] };

async function start(t, era, transport) {
  const server = transport === 'stdio' ? { command: [NODE, SERVER, era, 'stdio'] } : { url: (await startProgram(t, [SERVER, era, 'http'], /(http:\S+)/))[1] };
  return startGateway(t, { servers: { sdk: server }, policies: { main: POLICY }, grants: { agent: { servers: { sdk: 'main' } } } });
}

for (const [name, [era, connect]] of Object.entries(CLIENTS)) {
  for (const serverEra of ['legacy', 'modern']) {
    for (const transport of ['http', 'stdio']) {
      test(`${name} before tasks of the ${serverEra} SDK over ${transport}`, { timeout: 60000 }, async t => {
        const gateway = await start(t, serverEra, transport);
        const client = await connect(t, gateway);
        assert.ok(era === 'legacy' ? client.capabilities.tasks.requests.tools.call : client.capabilities.extensions['io.modelcontextprotocol/tasks'], 'tasks are offered');
        const slow = await client.run('slow', { ms: 300, label: 'worked' });
        assert.deepEqual([textOf(slow.result), slow.seen.length], ['worked', 1]);
        assert.equal(textOf((await client.run('must', {})).result), 'musted');
        if (client.asks !== false) assert.equal(textOf((await client.run('ask', {})).result), 'Hello guest');
        if (era !== serverEra || era === 'modern') { // a server of 2025-11-25 calls it failed, and its clients do not look
          const unhappy = (await client.run('unhappy', {})).result;
          assert.deepEqual([unhappy.isError, textOf(unhappy)], [true, 'no luck']);
        }
        const denied = (await client.run('slow', { label: 'bad' })).result;
        assert.deepEqual([denied.isError, textOf(denied)], [true, '[POLICY DENIED] No bad labels.']);
        const id = await client.begin('slow', { ms: 60000 });
        await client.cancel(id);
        assert.equal(await client.status(id), 'cancelled');
        assert.equal(textOf(await client.plain('slow', { ms: 10, label: 'at once' })), 'at once');
        const rows = await gateway.waitRows(r => r.method === 'tools/call' && r.outcome === 'allowed', 4);
        assert.ok(rows.length >= 4, 'one line for a call, however often its task was looked at');
      });
    }
  }
}
