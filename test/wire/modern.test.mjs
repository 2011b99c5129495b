// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The stateless protocol era (2026-07-28): headers against body, discovery, denial, cancellation.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { modern, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { META, MODERN, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, scene, toolRow } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'deny', hide: ['secret'], methods: { 'elicitation/create': 'allow', initialise: 'allow' }, tools: { echo: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 'bad' }], on_deny: 'No bad x.' }] }, slow: {}, limited: { rate_limit: { max: 2, window: 60 } } } };
const TOOLS = [tool('echo'), tool('secret'), tool('slow'), tool('other'), tool('limited')];
const modernScene = (t, upstream = {}) => scene(t, { policy: POLICY, upstream: { tools: TOOLS, eras: 'modern', ...upstream } });

test('server/discover goes through, without any session', async t => {
  const { gateway } = await modernScene(t);
  const answer = await modern(gateway, 'fake', 'server/discover');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['mcp-session-id'], undefined);
  const { result } = answer.messages.at(-1);
  assert.ok(result.supportedVersions.includes(MODERN));
  assert.ok(result.capabilities.tools);
  assert.equal(result.resultType, 'complete');
});

test('an allowed and a denied call', async t => {
  const { gateway, fake } = await modernScene(t);
  assertAllowed((await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { x: 'good' } })).messages.at(-1), '{"x":"good"}');
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { x: 'bad' } }, { id: 'a-1' });
  assert.equal(answer.status, 200);
  const denied = answer.messages.at(-1);
  assertDenied(denied, { id: 'a-1', text: 'No bad x.', rule: '/tools/echo/deny_if/0' });
  assert.equal(denied.result.resultType, 'complete');
  assert.equal(fake.calls().length, 1);
  const [call] = fake.calls();
  assert.equal(call.headers['mcp-method'], 'tools/call');
  assert.equal(call.headers['mcp-name'], 'echo');
  assert.equal(call.headers['mcp-protocol-version'], MODERN);
  const [row] = await gateway.waitRows(toolRow('echo', 'denied'));
  assert.equal(row.rule, '/tools/echo/deny_if/0');
});

test('a hidden tool is out of the list, which becomes private, and unknown when called', async t => {
  const { gateway, fake } = await modernScene(t, { onMessage: (m, c) => { if (m.method !== 'tools/list') return false; c.json({ resultType: 'complete', tools: TOOLS, ttlMs: 3600000, cacheScope: 'public' }); return true; } });
  const { result } = (await modern(gateway, 'fake', 'tools/list')).messages.at(-1);
  assert.deepEqual(result.tools.map(x => x.name), ['echo', 'slow', 'other', 'limited']);
  assert.equal(result.cacheScope, 'private');
  assert.ok(result.ttlMs >= 0 && result.ttlMs <= 60000, `ttlMs ${result.ttlMs}`);
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'secret' });
  assertUnknownTool(answer.messages.at(-1), 'secret');
  assert.equal(fake.calls().length, 0);
});

test('rate_limit counts by grant and client name where there is no session', async t => {
  const { gateway } = await modernScene(t);
  const call = client => modern(gateway, 'fake', 'tools/call', { name: 'limited' }, { client }).then(a => a.messages.at(-1));
  assertAllowed(await call('one'));
  assertAllowed(await call('one'));
  assertDenied(await call('one'), { rule: '/tools/limited/rate_limit', retryAfter: [1, 60] });
});

test('400 and -32020 when a header does not say what the body says, or is missing', async t => {
  const { gateway, fake } = await modernScene(t);
  const message = modernMessage(5, 'tools/call', { name: 'echo', arguments: { x: 'good' } });
  const right = modernHeaders(gateway, message);
  for (const [what, change] of Object.entries({
    'other name': { 'Mcp-Name': 'slow' }, 'name in another case': { 'Mcp-Name': 'Echo' }, 'no name': { 'Mcp-Name': undefined }, 'empty name': { 'Mcp-Name': '' },
    'other method': { 'Mcp-Method': 'tools/list' }, 'no method': { 'Mcp-Method': undefined }, 'version of a session': { 'MCP-Protocol-Version': '2025-11-25' },
    'no version': { 'MCP-Protocol-Version': undefined }, 'bad base64': { 'Mcp-Name': '=?base64?!!!?=' }, 'base64 of another': { 'Mcp-Name': '=?base64?c2xvdw==?=' },
  })) {
    const answer = await exchange(gateway.port, 'POST', '/mcp/fake', { ...right, ...change }, JSON.stringify(message));
    assert.equal(answer.status, 400, what + ': ' + answer.text);
    assert.equal(answer.messages[0].error.code, -32020, what);
    assert.equal(answer.messages[0].id, 5, what);
  }
  assert.equal(fake.calls().length, 0);
  for (const change of [{ 'Mcp-Name': '=?base64?ZWNobw==?=' }, { 'Mcp-Name': '  echo ' }]) {
    const answer = await exchange(gateway.port, 'POST', '/mcp/fake', { ...right, ...change }, JSON.stringify(message));
    assertAllowed(answer.messages.at(-1), '{"x":"good"}');
  }
});

test('two Mcp-Name headers are refused', async t => {
  const { gateway, fake } = await modernScene(t);
  const message = modernMessage(5, 'tools/call', { name: 'echo', arguments: {} });
  const pairs = [...Object.entries(modernHeaders(gateway, message)), ['Mcp-Name', 'secret']];
  const answer = await exchange(gateway.port, 'POST', '/mcp/fake', pairs, JSON.stringify(message));
  assert.equal(answer.status, 400);
  assert.equal(fake.calls().length, 0);
});

test('an unknown version is 400 and -32022 with the versions that discovery lists', async t => {
  const { gateway, fake } = await modernScene(t);
  const supported = (await modern(gateway, 'fake', 'server/discover')).messages.at(-1).result.supportedVersions;
  const answer = await modern(gateway, 'fake', 'tools/list', {}, { version: '2099-01-01' });
  assert.equal(answer.status, 400);
  assert.equal(answer.messages[0].error.code, -32022);
  assert.deepEqual(answer.messages[0].error.data, { supported, requested: '2099-01-01' });
  // The gateway itself refuses what it does not know: no such message reached the server.
  assert.equal(fake.of('tools/list').length, 0);
});

test('missing per-request metadata is 400 and -32602; an unknown method is 404 and -32601', async t => {
  const { gateway } = await modernScene(t);
  const bare = modernMessage(3, 'tools/list');
  delete bare.params._meta[META + 'clientCapabilities'];
  const answer = await exchange(gateway.port, 'POST', '/mcp/fake', modernHeaders(gateway, bare), JSON.stringify(bare));
  assert.equal(answer.status, 400);
  assert.equal(answer.messages[0].error.code, -32602);
  const unknown = await modern(gateway, 'fake', 'initialise', {});
  assert.equal(unknown.status, 404);
  assert.equal(unknown.messages[0].error.code, -32601);
});

test('batches do not exist in this era', async t => {
  const { gateway, fake } = await modernScene(t);
  const message = modernMessage(5, 'tools/call', { name: 'echo' });
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify([message]))).status, 400);
  assert.equal(fake.calls().length, 0);
});

test('unknown Mcp-Param headers are forwarded', async t => {
  const { gateway, fake } = await modernScene(t);
  await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { region: 'eu' } }, { headers: { 'Mcp-Param-Region': 'eu' } });
  assert.equal(fake.calls()[0].headers['mcp-param-region'], 'eu');
});

test('closing the answer stream cancels upstream', async t => {
  const { gateway, fake } = await modernScene(t, {
    onCall: (m, c) => {
      if (m.params.name !== 'slow') return { content: [] };
      c.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } });
      return undefined; // never answers
    },
  });
  const message = modernMessage(9, 'tools/call', { name: 'slow', _meta: { progressToken: 'p' } });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  const head = await raw.head();
  assert.match(head.headers['content-type'], /^text\/event-stream/);
  for await (const event of raw.events()) if (event.data) break;
  const [call] = await fake.waitFor('tools/call');
  assert.equal(call.closed, false);
  raw.close();
  await eventually(() => call.closed, 'the upstream stream is closed');
});

test('progress comes before its result, all of it, in order', async t => {
  const count = 200;
  const { gateway } = await modernScene(t, {
    onCall: (m, c) => {
      for (let i = 1; i <= count; i++) c.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 't', progress: i } });
      return { content: [{ type: 'text', text: 'end' }] };
    },
  });
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo', _meta: { progressToken: 't' } });
  assert.deepEqual(answer.messages.slice(0, -1).map(m => m.params.progress), Array.from({ length: count }, (_, i) => i + 1));
  assertAllowed(answer.messages.at(-1), 'end');
});

test('input_required and requestState travel both ways untouched', async t => {
  const state = 'opaque.=+/\\u00e9';
  const { gateway, fake } = await modernScene(t, {
    onCall: m => (m.params.requestState ? { content: [{ type: 'text', text: m.params.inputResponses.a.action }] } : { resultType: 'input_required', requestState: state, inputRequests: { a: { method: 'elicitation/create', params: { mode: 'form', message: '?', requestedSchema: { type: 'object', properties: {} } } } } }),
  });
  const capabilities = { elicitation: { form: {} } };
  const first = (await modern(gateway, 'fake', 'tools/call', { name: 'echo' }, { capabilities })).messages.at(-1).result;
  assert.equal(first.resultType, 'input_required');
  assert.equal(first.requestState, state);
  const second = await modern(gateway, 'fake', 'tools/call', { name: 'echo', requestState: first.requestState, inputResponses: { a: { action: 'accept', content: {} } } }, { capabilities, id: 2 });
  assertAllowed(second.messages.at(-1), 'accept');
  assert.equal(fake.calls()[1].message.params.requestState, state);
});

test('a question inside a result is judged like one on its own', async t => {
  const policy = { version: '1', default: 'allow', methods: { 'elicitation/create': 'deny' } };
  const { gateway } = await scene(t, { policy, upstream: { eras: 'modern', onCall: () => ({ resultType: 'input_required', inputRequests: { a: { method: 'elicitation/create', params: { mode: 'form', message: 'Your password?', requestedSchema: { type: 'object', properties: {} } } } } }) } });
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo' }, { capabilities: { elicitation: { form: {} } } });
  assert.doesNotMatch(answer.text, /password|inputRequests/);
  const message = answer.messages.at(-1);
  assert.ok(message.error || message.result.isError);
});

test('the retry of an input_required call is judged like any other', async t => {
  const { gateway, fake } = await modernScene(t);
  const answer = await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { x: 'bad' }, requestState: 's', inputResponses: {} });
  assertDenied(answer.messages.at(-1), { text: 'No bad x.', rule: '/tools/echo/deny_if/0' });
  assert.equal(fake.calls().length, 0);
});

test('both eras on one URL', async t => {
  const { gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('echo', { a: 1 }), '{"a":1}');
  assertAllowed((await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { a: 2 } })).messages.at(-1), '{"a":2}');
  assertAllowed(await session.call('echo', { a: 3 }), '{"a":3}');
});

test('a legacy initialize with an Mcp-Method header is still legacy', async t => {
  const { gateway } = await scene(t);
  const answer = await exchange(gateway.port, 'POST', '/mcp/fake', { ...gateway.auth(), 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'Mcp-Method': 'initialize' },
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } }));
  assert.equal(answer.status, 200);
  assert.ok(answer.headers['mcp-session-id']);
});

test('subscriptions/listen streams changes, and its end reaches the upstream', async t => {
  const { gateway, fake } = await modernScene(t, {
    onMessage: (m, c) => {
      if (m.method !== 'subscriptions/listen') return false;
      const _meta = { [META + 'subscriptionId']: m.id };
      c.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: { toolsListChanged: true }, _meta } });
      c.event({ jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta } });
      return true;
    },
  });
  const message = modernMessage(31, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  await raw.head();
  const seen = [];
  for await (const event of raw.events()) {
    if (event.data) seen.push(JSON.parse(event.data));
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen.map(m => m.method), ['notifications/subscriptions/acknowledged', 'notifications/tools/list_changed']);
  for (const m of seen) assert.equal(m.params._meta[META + 'subscriptionId'], 31);
  const [listen] = fake.of('subscriptions/listen');
  raw.close();
  await eventually(() => listen.closed, 'the upstream listen is closed');
});
