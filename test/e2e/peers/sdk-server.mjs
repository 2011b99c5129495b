// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One small server on the official TypeScript SDKs: version 1 speaks the revisions before 2026-07-28, version 2 that
// one alone. Both have the same tools, which ask, tell, subscribe and wait in the way of their era.
//   node sdk-server.mjs legacy|modern http    listens on a free port and prints its URL
//   node sdk-server.mjs legacy|modern stdio
// The tool "seen" tells which calls of "wait" were cancelled.
import { z } from 'zod';
import { serveLegacy, serveModern } from './sdk-serve.mjs';

const [era, transport] = process.argv.slice(2);
const INFO = { name: `sdk-${era}`, version: '1.0.0' };
const text = value => ({ content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] });
const QUESTION = { message: 'Who are you?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } };
const PAGE = { mode: 'url', message: 'Please visit.', url: 'https://example.org/visit' };
const SAMPLING = { messages: [{ role: 'user', content: { type: 'text', text: 'capital of France?' } }], maxTokens: 10 };
const seen = { cancelled: [] };
const WATCHED = 'test://watched';
let version = 0;

// Waits until the caller gives up.
function wait(signal, label) {
  return new Promise(resolve => signal.addEventListener('abort', () => { seen.cancelled.push(label); resolve(text('cancelled')); }));
}

async function legacy() {
  const { McpServer } = await import('@modelcontextprotocol/sdk/server/mcp.js');
  const { SubscribeRequestSchema, UnsubscribeRequestSchema, UrlElicitationRequiredError } = await import('@modelcontextprotocol/sdk/types.js');
  const make = () => {
    const server = new McpServer(INFO, { capabilities: { logging: {}, resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } }, instructions: 'be kind' });
    const watched = new Set();
    let visited = false;
    server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => (watched.add(params.uri), {}));
    server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => (watched.delete(params.uri), {}));
    server.registerTool('echo', { inputSchema: { message: z.string() }, outputSchema: { length: z.number() } }, ({ message }) => ({ ...text(message), structuredContent: { length: message.length } }));
    server.registerTool('ask', {}, async () => text(await server.server.elicitInput(QUESTION)));
    server.registerTool('think', {}, async () => text((await server.server.createMessage(SAMPLING)).content.text));
    server.registerTool('where', {}, async () => text((await server.server.listRoots()).roots.map(r => r.uri).join(' ')));
    server.registerTool('ask-twice', {}, async () => {
      const first = await server.server.elicitInput(QUESTION);
      const second = await server.server.elicitInput({ ...QUESTION, message: `And you, ${first.content?.name}?` });
      return text([first.content?.name, second.content?.name]);
    });
    server.registerTool('visit', {}, () => {
      if (visited) return text('visited');
      const elicitationId = 'page-1';
      setTimeout(() => { visited = true; server.server.createElicitationCompletionNotifier(elicitationId)().catch(e => console.error(e.message)); }, 300);
      throw new UrlElicitationRequiredError([{ ...PAGE, elicitationId }]);
    });
    server.registerTool('tell', {}, async ({ sendNotification }) => {
      for (const level of ['debug', 'warning', 'error']) await sendNotification({ method: 'notifications/message', params: { level, data: `a ${level}` } });
      return text('told');
    });
    server.registerTool('count', {}, async ({ sendNotification, _meta }) => {
      for (let progress = 1; progress <= 3 && _meta?.progressToken !== undefined; progress++) await sendNotification({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress, total: 3 } });
      return text('counted');
    });
    server.registerTool('wait', { inputSchema: { label: z.string() } }, ({ label }, { signal }) => wait(signal, label));
    server.registerTool('seen', {}, () => text({ ...seen, watched: [...watched] }));
    server.registerTool('change', {}, async () => {
      version++;
      if (watched.has(WATCHED)) await server.server.sendResourceUpdated({ uri: WATCHED });
      server.sendToolListChanged();
      return text('changed');
    });
    server.registerResource('watched', WATCHED, { mimeType: 'text/plain' }, () => ({ contents: [{ uri: WATCHED, text: 'version ' + version }] }));
    server.registerPrompt('greet', { argsSchema: { name: z.string() } }, ({ name }) => ({ messages: [{ role: 'user', content: { type: 'text', text: 'Hello ' + name } }] }));
    return server;
  };
  await serveLegacy(make, transport);
}

async function modern() {
  const { McpServer, inputRequired, acceptedContent } = await import('@modelcontextprotocol/server');
  let notify;
  const answer = (ctx, key) => ctx.mcpReq.inputResponses?.[key];
  const make = () => {
    const server = new McpServer(INFO, { capabilities: { logging: {}, resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } }, instructions: 'be kind' });
    server.registerTool('echo', { inputSchema: z.object({ message: z.string() }), outputSchema: z.object({ length: z.number() }) }, ({ message }) => ({ ...text(message), structuredContent: { length: message.length } }));
    server.registerTool('ask', {}, ctx => (answer(ctx, 'who') ? text(answer(ctx, 'who')) : inputRequired({ inputRequests: { who: inputRequired.elicit(QUESTION) } })));
    server.registerTool('think', {}, ctx => (answer(ctx, 'it') ? text(answer(ctx, 'it').content.text) : inputRequired({ inputRequests: { it: inputRequired.createMessage(SAMPLING) } })));
    server.registerTool('where', {}, ctx => (answer(ctx, 'r') ? text(answer(ctx, 'r').roots.map(r => r.uri).join(' ')) : inputRequired({ inputRequests: { r: inputRequired.listRoots() } })));
    server.registerTool('ask-twice', {}, ctx => {
      const state = ctx.mcpReq.requestState();
      const second = acceptedContent(ctx.mcpReq.inputResponses, 'second');
      if (second) return text([state, second.name]);
      const first = acceptedContent(ctx.mcpReq.inputResponses, 'first');
      if (first) return inputRequired({ inputRequests: { second: inputRequired.elicit({ ...QUESTION, message: `And you, ${first.name}?` }) }, requestState: first.name });
      return inputRequired({ inputRequests: { first: inputRequired.elicit(QUESTION) } });
    });
    server.registerTool('visit', {}, ctx => (answer(ctx, 'page') ? text(answer(ctx, 'page').action === 'accept' ? 'visited' : 'refused') : inputRequired({ inputRequests: { page: { method: 'elicitation/create', params: PAGE } } })));
    server.registerTool('tell', {}, async ctx => {
      for (const level of ['debug', 'warning', 'error']) await ctx.mcpReq.log(level, `a ${level}`);
      return text('told');
    });
    server.registerTool('count', {}, async ctx => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= 3 && progressToken !== undefined; progress++) await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 3 } });
      return text('counted');
    });
    server.registerTool('wait', { inputSchema: z.object({ label: z.string() }) }, ({ label }, ctx) => wait(ctx.mcpReq.signal, label));
    server.registerTool('seen', {}, () => text(seen));
    server.registerTool('change', {}, () => {
      version++;
      notify?.resourceUpdated(WATCHED);
      notify?.toolsChanged();
      if (!notify) { server.server.sendResourceUpdated({ uri: WATCHED }); server.sendToolListChanged(); }
      return text('changed');
    });
    server.registerResource('watched', WATCHED, { mimeType: 'text/plain' }, () => ({ contents: [{ uri: WATCHED, text: 'version ' + version }] }));
    server.registerPrompt('greet', { argsSchema: z.object({ name: z.string() }) }, ({ name }) => ({ messages: [{ role: 'user', content: { type: 'text', text: 'Hello ' + name } }] }));
    return server;
  };
  notify = await serveModern(make, transport);
}

await (era === 'modern' ? modern() : legacy());
