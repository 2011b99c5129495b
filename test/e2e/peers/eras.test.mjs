// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Clients and servers of the official SDKs that do not speak each other's protocol era, brought together by the
// gateway: everything that works between peers of one era works here.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema, LoggingMessageNotificationSchema, ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { startGateway } from '../../lib/gateway.mjs';
import { NODE, startProgram } from '../../lib/programs.mjs';
import { eventually } from '../../lib/scratch.mjs';
import { textOf, v1Http, v2Http } from './clients.mjs';

const SERVER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'sdk-server.mjs');
const POLICY = { version: '1', default: 'allow', hide: ['where'], resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {}, tools: { echo: { deny_if: [{ conditions: [{ path: 'args.message', op: 'eq', value: 'bad' }], on_deny: 'No bad words.' }] } } };
const OPEN = { ...POLICY, hide: [] };
const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

// What the client answers to the server's questions, and what it was told.
function prepare(told) {
  const elicit = request => {
    if (request.params.mode === 'url') { told.pages.push(request.params.url); return { action: 'accept' }; }
    told.questions.push(request.params.message); return { action: 'accept', content: { name: `guest ${told.questions.length}` } };
  };
  const sample = request => { told.questions.push(request.params.messages[0].content.text); return { role: 'assistant', model: 'none', content: { type: 'text', text: 'Paris' } }; };
  const roots = () => ({ roots: [{ uri: 'file:///work', name: 'work' }] });
  return {
    v1: client => {
      client.setRequestHandler(ElicitRequestSchema, elicit);
      client.setRequestHandler(CreateMessageRequestSchema, sample);
      client.setRequestHandler(ListRootsRequestSchema, roots);
      client.setNotificationHandler(LoggingMessageNotificationSchema, n => { told.lines.push(n.params.data); });
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, n => { told.updated.push(n.params.uri); });
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => { told.lists++; });
    },
    v2: client => {
      client.setRequestHandler('elicitation/create', elicit);
      client.setRequestHandler('sampling/createMessage', sample);
      client.setRequestHandler('roots/list', roots);
      client.setNotificationHandler('notifications/message', n => { told.lines.push(n.params.data); });
      client.setNotificationHandler('notifications/resources/updated', n => { told.updated.push(n.params.uri); });
      client.setNotificationHandler('notifications/tools/list_changed', () => { told.lists++; });
    },
  };
}

// Name -> era of its client, how it connects, and how its SDK asks for log lines, news and cancellation.
const LEVEL = 'io.modelcontextprotocol/logLevel';
const legacyWays = {
  level: async client => { await client.setLoggingLevel('warning'); return {}; },
  watch: async client => { await client.subscribeResource({ uri: 'test://watched' }); return () => client.unsubscribeResource({ uri: 'test://watched' }); },
};
const CLIENTS = {
  'SDK 1.x': { era: 'legacy', connect: (t, g, s, told) => v1Http(t, g, s, { capabilities: CAPABILITIES, prepare: prepare(told).v1 }), ...legacyWays },
  'SDK 2.x, legacy': { era: 'legacy', connect: (t, g, s, told) => v2Http(t, g, s, { capabilities: CAPABILITIES, era: 'legacy', prepare: prepare(told).v2 }), ...legacyWays },
  'SDK 2.x, 2026-07-28': {
    era: 'modern', connect: (t, g, s, told) => v2Http(t, g, s, { capabilities: CAPABILITIES, era: 'modern', prepare: prepare(told).v2 }),
    level: async () => ({ _meta: { [LEVEL]: 'warning' } }),
    watch: async client => { const subscription = await client.listen({ toolsListChanged: true, resourceSubscriptions: ['test://watched'] }); return () => subscription.close(); },
  },
};

async function start(t, era, transport, policy) {
  const server = transport === 'stdio' ? { command: [NODE, SERVER, era, 'stdio'] } : { url: (await startProgram(t, [SERVER, era, 'http'], /(http:\S+)/))[1] };
  return startGateway(t, { servers: { sdk: server }, policies: { main: policy }, grants: { agent: { servers: { sdk: 'main' } } } });
}

for (const [name, kind] of Object.entries(CLIENTS)) {
  for (const transport of ['http', 'stdio']) {
    const era = kind.era === 'legacy' ? 'modern' : 'legacy';
    test(`${name} before a server of the ${era} SDK over ${transport}`, async t => {
      const gateway = await start(t, era, transport, OPEN);
      const told = { questions: [], lines: [], updated: [], pages: [], lists: 0 };
      const client = await kind.connect(t, gateway, 'sdk', told);
      const call = (tool, args = {}, options) => client.callTool({ name: tool, arguments: args }, ...(name === 'SDK 1.x' ? [undefined, options] : [options]));

      await t.test('lists, calls, structured results, resources, prompts', async () => {
        assert.equal(client.getInstructions(), 'be kind');
        assert.equal(client.getServerVersion()?.name, `sdk-${era}`);
        const { tools } = await client.listTools();
        assert.equal(tools.length, 11);
        const result = await call('echo', { message: 'h\u00e9llo' });
        assert.deepEqual([textOf(result), result.structuredContent], ['h\u00e9llo', { length: 5 }]);
        assert.equal((await client.readResource({ uri: 'test://watched' })).contents[0].text, 'version 0');
        assert.equal((await client.getPrompt({ name: 'greet', arguments: { name: 'you' } })).messages[0].content.text, 'Hello you');
        assert.match(textOf(await call('echo', { message: 5 })), /message/, 'an invalid argument is the server\'s own error');
      });
      await t.test('elicitation, sampling, roots, two rounds', async () => {
        assert.deepEqual(JSON.parse(textOf(await call('ask'))), { action: 'accept', content: { name: 'guest 1' } });
        assert.equal(textOf(await call('think')), 'Paris');
        assert.equal(textOf(await call('where')), 'file:///work');
        assert.deepEqual(JSON.parse(textOf(await call('ask-twice'))), ['guest 3', 'guest 4']);
        assert.deepEqual(told.questions, ['Who are you?', 'capital of France?', 'Who are you?', 'And you, guest 3?']);
      });
      await t.test('a page that must be visited', async () => {
        assert.equal(textOf(await call('visit')), 'visited');
        assert.deepEqual(told.pages, ['https://example.org/visit']);
      });
      await t.test('log lines of the level that was asked for', async () => {
        const more = await kind.level(client);
        await client.callTool({ name: 'tell', arguments: {}, ...more });
        await eventually(() => told.lines.length === 2, () => JSON.stringify(told.lines));
        assert.deepEqual(told.lines, ['a warning', 'a error']);
      });
      await t.test('progress, in order, before the result', async () => {
        const seen = [];
        assert.equal(textOf(await call('count', {}, { onprogress: p => seen.push(p.progress) })), 'counted');
        assert.deepEqual(seen, [1, 2, 3]);
      });
      await t.test('cancellation reaches the server', async () => {
        const controller = new AbortController();
        const waiting = call('wait', { label: 'mine' }, { signal: controller.signal });
        setTimeout(() => controller.abort(), 200);
        await assert.rejects(waiting);
        await eventually(async () => JSON.parse(textOf(await call('seen'))).cancelled.includes('mine'), 'the server knows');
      });
      await t.test('subscriptions: a resource and the list of tools', async () => {
        const stop = await kind.watch(client);
        await call('change');
        await eventually(() => told.updated.length === 1 && told.lists >= 1, () => JSON.stringify(told));
        assert.equal((await client.readResource({ uri: 'test://watched' })).contents[0].text, 'version 1');
        await stop();
        await eventually(async () => { await call('change'); const before = told.updated.length; await call('change'); return told.updated.length === before; }, 'no news any more');
      });
      await t.test('each call and question is in the decision log', async () => {
        const rows = await gateway.waitRows(r => r.direction === 'server' && r.outcome === 'allowed' && ['elicitation/create', 'sampling/createMessage', 'roots/list'].includes(r.method), 6);
        assert.equal(rows.length, 6);
        await gateway.waitRows(r => r.method === 'tools/call' && r.subject === 'ask-twice');
      });
    });
  }

  test(`${name}: the policy holds across eras`, async t => {
    const gateway = await start(t, kind.era === 'legacy' ? 'modern' : 'legacy', 'http', { ...POLICY, methods: { 'elicitation/create': 'deny' } });
    const told = { questions: [], lines: [], updated: [], pages: [], lists: 0 };
    const client = await kind.connect(t, gateway, 'sdk', told);
    assert.equal((await client.listTools()).tools.some(x => x.name === 'where'), false);
    const denied = await client.callTool({ name: 'echo', arguments: { message: 'bad' } });
    assert.deepEqual([denied.isError, textOf(denied)], [true, '[POLICY DENIED] No bad words.']);
    await assert.rejects(client.callTool({ name: 'where', arguments: {} }), e => e.code === -32602 && /Unknown tool: where/.test(e.message));
    const asked = await client.callTool({ name: 'ask', arguments: {} });
    assert.equal(asked.isError, true);
    assert.deepEqual(told.questions, []);
  });
}

test('a client that probes finds the gateway modern whatever the server speaks', async t => {
  for (const era of ['legacy', 'modern']) {
    const gateway = await start(t, era, 'http', OPEN);
    const client = await v2Http(t, gateway, 'sdk', { era: 'auto' });
    assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
    assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: 'x' } })), 'x');
  }
});
