// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rules on what comes back (docs/policy.md, "Results"), on every way that an answer can take.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { LIB } from '../lib/scratch.mjs';
import { text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene, toolRow } from '../lib/wire.mjs';

const SECRET = 'AKIA' + 'A1B2C3D4E5F6G7H8';
const RAN = ' The call has run; only its result is withheld.';
const POLICY = {
  version: '1', default: 'allow',
  all_tools: { results: { redact: [{ type: 'secrets' }] } },
  tools: {
    small: { results: { max_bytes: 60 } },
    judged: { results: { deny_if: [{ conditions: [{ path: 'result.structuredContent.level', op: 'gt', value: 3 }], on_deny: 'Too secret.' }] } },
    place: { results: { redact: [{ path: 'result.structuredContent.ssn' }] } },
    counted: { limits: [{ counter: 'n', window: 'hour', max: 1, count: 'successes' }], results: { deny_if: [{ conditions: [] }] } },
  },
  resources: { 'file:///*': { results: { redact: [{ type: 'regex', pattern: 'BEGIN.*END' }] } } },
  prompts: { p: { results: { max_bytes: 10 } } },
};
const TOOLS = ['plain', 'small', 'judged', 'place', 'counted'].map(name => tool(name));
const answering = (results, more = {}) => ({ tools: TOOLS, onCall: m => results[m.params.name], ...more });

for (const sse of [false, true]) {
  test(`a secret is taken out of text and structured content, and nothing else changes (${sse ? 'SSE' : 'JSON'})`, async t => {
    const raw = `{"content":[ {"type":"text","text":"key ${SECRET} \\u00e9"}],"structuredContent":{"key":"${SECRET}","n":1.50,"password":"x"} }`;
    const { gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onMessage: (m, c) => {
      if (m.method !== 'tools/call') return false;
      const body = `{"jsonrpc":"2.0","id":${m.id},"result":${raw}}`;
      if (sse) { c.sse(); c.res.end('data: ' + body + '\n\n'); } else c.raw(200, { 'content-type': 'application/json' }, body);
      return true;
    } } });
    const session = await open();
    const answer = await session.post({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'plain' } });
    const expected = '{"jsonrpc":"2.0","id":7,"result":{"content":[ {"type":"text","text":"key [REDACTED] é"}],"structuredContent":{"key":"[REDACTED]","n":1.50,"password":"[REDACTED]"} }}';
    assert.ok(answer.text.includes(expected), answer.text);
    assert.ok(!answer.text.includes(SECRET));
    const [row] = await gateway.waitRows(toolRow('plain'));
    assert.equal(row.outcome, 'allowed');
    assert.equal(row.redacted, 3);
  });
}

test('a result is withheld by size, by value and for what cannot be inspected; the agent learns that the call ran', async t => {
  const { fake, gateway, open } = await scene(t, { policy: POLICY, upstream: answering({
    small: text('1234567890123456789012345678901234567890'),
    judged: { content: [{ type: 'text', text: '{"level": 4}' }] },
    plain: { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] },
  }) });
  const session = await open();
  assertDenied(await session.call('small'), { text: /^\[POLICY DENIED\] The result has \d+ bytes; at most 60 are let through\. The call has run; only its result is withheld\.$/, rule: '/tools/small/results/max_bytes' });
  assertDenied(await session.call('judged'), { text: 'Too secret.' + RAN, rule: '/tools/judged/results/deny_if/0' });
  assertDenied(await session.call('plain'), { text: /binary content/, rule: '/all_tools/results/redact' });
  assert.equal(fake.calls().length, 3);
  const [row] = await gateway.waitRows(toolRow('judged'));
  assert.equal(row.outcome, 'denied');
  assert.equal(row.rule, '/tools/judged/results/deny_if/0');
  assert.equal(row.upstream_status, 200);
});

test('what passes, passes byte by byte', async t => {
  const { open } = await scene(t, { policy: POLICY, upstream: answering({ judged: { structuredContent: { level: 3 }, content: [{ type: 'text', text: 'é\u2028' }] }, small: text('ok') }) });
  const session = await open();
  assertAllowed(await session.call('judged'), 'é\u2028');
  assertAllowed(await session.call('small'), 'ok');
});

test('a part named by a path goes from structured content and from its copy in a text', async t => {
  const content = { ssn: '123', name: 'Bo' };
  const { open } = await scene(t, { policy: POLICY, upstream: answering({ place: { structuredContent: content, content: [{ type: 'text', text: JSON.stringify(content) }] } }) });
  const session = await open();
  const { result } = await session.call('place');
  assert.deepEqual(result.structuredContent, { ssn: '[REDACTED]', name: 'Bo' });
  assert.deepEqual(JSON.parse(result.content[0].text), { ssn: '[REDACTED]', name: 'Bo' });
});

test('errors of a tool are judged as well', async t => {
  const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onCall: (m, c) => { c.error(-32000, 'no ' + SECRET, { key: SECRET }); } } });
  const session = await open();
  assert.deepEqual((await session.call('plain')).error, { code: -32000, message: 'no [REDACTED]', data: { key: '[REDACTED]' } });
});

test('resources and prompts have rules of their own', async t => {
  const { gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onMessage: (m, c) => {
    if (m.method === 'resources/read') c.json({ contents: [{ uri: m.params.uri, text: 'a BEGIN x END b ' + SECRET }] });
    else if (m.method === 'prompts/get') c.json({ messages: [{ role: 'user', content: { type: 'text', text: 'long enough' } }] });
    else return false;
    return true;
  } } });
  const session = await open();
  assert.equal((await session.request('resources/read', { uri: 'file:///a' })).result.contents[0].text, `a [REDACTED] b ${SECRET}`);
  assert.equal((await session.request('resources/read', { uri: 'http://a/' })).result.contents[0].text, `a BEGIN x END b ${SECRET}`);
  const { error } = await session.request('prompts/get', { name: 'p' });
  assert.equal(error.code, -32602);
  assert.match(error.message, /^\[POLICY DENIED\] The result has \d+ bytes; at most 10 are let through\.$/);
  assert.equal(error.data['sallyport/decision'].rule, '/prompts/p/results/max_bytes');
  await gateway.waitRows(row => row.method === 'prompts/get' && row.outcome === 'denied');
});

test('observe mode changes nothing and says what it would have done', async t => {
  const { gateway, open } = await scene(t, { policy: POLICY, grant: { mode: 'observe' }, upstream: answering({ plain: text(SECRET), judged: { structuredContent: { level: 9 }, content: [] } }) });
  const session = await open();
  assertAllowed(await session.call('plain'), SECRET);
  assert.deepEqual((await session.call('judged')).result.structuredContent, { level: 9 });
  const [plain] = await gateway.waitRows(toolRow('plain'));
  assert.deepEqual([plain.outcome, plain.redacted], ['allowed', 1]);
  const [judged] = await gateway.waitRows(toolRow('judged'));
  assert.deepEqual([judged.outcome, judged.rule], ['observed', '/tools/judged/results/deny_if/0']);
});

test('results that only observe change nothing and say what they would have done', async t => {
  const policy = { version: '1', default: 'allow', results: { redact: [{ type: 'regex', pattern: 'zzz' }] }, tools: {
    plain: { results: { mode: 'observe', redact: [{ type: 'regex', pattern: 'open' }] } },
    judged: { mode: 'observe', results: { deny_if: [{ conditions: [{ path: 'result.structuredContent.level', op: 'gt', value: 5 }], on_deny: 'Too high.' }] } } } };
  const { gateway, open } = await scene(t, { policy, upstream: answering({ plain: text('open zzz'), judged: { structuredContent: { level: 9 }, content: [] } }) });
  const session = await open();
  assertAllowed(await session.call('plain'), 'open [REDACTED]');
  assert.deepEqual((await session.call('judged')).result.structuredContent, { level: 9 });
  const [plain] = await gateway.waitRows(toolRow('plain'));
  assert.deepEqual([plain.outcome, plain.redacted], ['allowed', 2]);
  const [judged] = await gateway.waitRows(toolRow('judged'));
  assert.deepEqual([judged.outcome, judged.rule, judged.reason], ['observed', '/tools/judged/results/deny_if/0', 'Too high.']);
});

test('a withheld result still counts: the call has run', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: answering({ counted: text('x') }) });
  const session = await open();
  assertDenied(await session.call('counted'), { rule: '/tools/counted/results/deny_if/0' });
  assertDenied(await session.call('counted'), { rule: '/tools/counted/limits/n', retryAfter: [1, 3600] });
  assert.equal(fake.calls().length, 1);
});

test('the stateless era', async t => {
  const { gateway } = await scene(t, { policy: POLICY, upstream: { ...answering({ plain: text(SECRET), judged: { structuredContent: { level: 4 }, content: [] } }), eras: 'modern' } });
  assertAllowed((await modern(gateway, 'fake', 'tools/call', { name: 'plain' })).messages.at(-1), '[REDACTED]');
  const denied = (await modern(gateway, 'fake', 'tools/call', { name: 'judged' })).messages.at(-1);
  assertDenied(denied, { text: 'Too secret.' + RAN, rule: '/tools/judged/results/deny_if/0' });
  assert.equal(denied.result.resultType, 'complete');
});

test('a program on stdin and stdout', async t => {
  const policy = { version: '1', default: 'allow', all_tools: { results: { redact: [{ type: 'regex', pattern: '6400[0-9]' }] } } };
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, path.join(LIB, 'child.mjs')] } },
    policies: { main: policy }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  const session = await Session.open(gateway, { server: 'exchange' });
  assertAllowed(await session.call('get_ticker', { pair: 'XBT' }), 'ticker XBT [REDACTED].1');
});

// The upstream cuts its SSE answer; the result comes when the stream is resumed with Last-Event-ID.
async function resumed(t, name, result, id = 'res-1') {
  const setup = await scene(t, { policy: POLICY, upstream: {
    tools: TOOLS,
    onMessage: (m, c) => {
      if (m.method !== 'tools/call') return false;
      c.sse();
      c.res.end('id: stream_1\nretry: 20\ndata: \n\n');
      return true;
    },
    onGet: c => {
      c.sse();
      c.res.end(`id: stream_2\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
    },
  } });
  const session = await setup.open();
  const raw = await session.open({ jsonrpc: '2.0', id: 'res-1', method: 'tools/call', params: { name } });
  await raw.head();
  for await (const event of raw.events()) if (event.id) break;
  raw.close();
  const again = await session.stream({ 'Last-Event-ID': 'stream_1' });
  for await (const event of again.events()) if (event.data) { again.close(); return { ...setup, message: JSON.parse(event.data) }; }
  throw new Error('the stream ended without a message');
}

test('an answer that comes on a resumed stream is judged as its call\'s', async t => {
  assertAllowed((await resumed(t, 'judged', text(SECRET))).message, '[REDACTED]');
  const { message, gateway } = await resumed(t, 'judged', { structuredContent: { level: 4 }, content: [] });
  assertDenied(message, { id: 'res-1', text: 'Too secret.' + RAN, rule: '/tools/judged/results/deny_if/0' });
  await gateway.waitRows(row => row.direction === 'server' && row.outcome === 'denied' && row.rule === '/tools/judged/results/deny_if/0');
});

test('an answer on a resumed stream that belongs to no known call is withheld', async t => {
  const { message } = await resumed(t, 'plain', text('harmless'), 'res-2');
  assertDenied(message, { id: 'res-2', text: /not known which call/, rule: '(unknown call)' });
});

test('the result of a task is judged as its tool\'s', async t => {
  const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, onMessage: (m, c) => {
    if (m.method === 'tools/call') c.json({ task: { taskId: 'task-' + m.params.name, status: 'working' } });
    else if (m.method === 'tasks/result') c.json({ structuredContent: { level: 4 }, content: [{ type: 'text', text: SECRET }] });
    else return false;
    return true;
  } } });
  const session = await open();
  await session.call('judged');
  await session.call('plain');
  assertDenied(await session.request('tasks/result', { taskId: 'task-judged' }), { text: 'Too secret.' + RAN, rule: '/tools/judged/results/deny_if/0' });
  assertAllowed(await session.request('tasks/result', { taskId: 'task-plain' }), '[REDACTED]');
  assert.equal((await session.request('tasks/result', { taskId: 'task-other' })).error.message, 'Unknown task: task-other');
});

test('a task of the stateless era carries the tool\'s result inside; so does a notification', async t => {
  const done = name => ({ resultType: 'complete', taskId: 'task-' + name, status: 'completed', result: { structuredContent: { level: 4 }, content: [{ type: 'text', text: SECRET }] } });
  const { gateway } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS, eras: 'modern', onMessage: (m, c) => {
    if (m.method === 'tools/call') c.json({ resultType: 'task', taskId: 'task-' + m.params.name, status: 'working' });
    else if (m.method === 'tasks/get') c.json(done(m.params.taskId.slice(5)));
    else if (m.method === 'subscriptions/listen') {
      c.sse();
      for (const name of ['judged', 'plain']) c.event({ jsonrpc: '2.0', method: 'notifications/tasks', params: done(name) });
      c.event(c.envelope({ result: { resultType: 'complete' } }));
      c.res.end();
    } else return false;
    return true;
  } } });
  const ask = (method, params) => modern(gateway, 'fake', method, params, { headers: params.taskId ? { 'Mcp-Name': params.taskId } : {} });
  await ask('tools/call', { name: 'judged' });
  await ask('tools/call', { name: 'plain' });
  const denied = (await ask('tasks/get', { taskId: 'task-judged' })).messages.at(-1);
  assert.equal(denied.error.data['sallyport/decision'].rule, '/tools/judged/results/deny_if/0');
  assert.equal((await ask('tasks/get', { taskId: 'task-plain' })).messages.at(-1).result.result.content[0].text, '[REDACTED]');
  const notices = (await ask('subscriptions/listen', { notifications: { tasks: true } })).messages.filter(m => m.method === 'notifications/tasks');
  assert.deepEqual(notices.map(m => [m.params.taskId, m.params.result.content[0].text]), [['task-plain', '[REDACTED]']]);
});

test('an expression that would need too long withholds the result and leaves the gateway alive', async t => {
  const policy = { version: '1', default: 'allow', tools: { slow: { results: { redact: [{ type: 'regex', pattern: '(a+)+b' }] } } } };
  const { open } = await scene(t, { policy, upstream: { tools: [tool('slow'), tool('quick')], onCall: m => text(m.params.name === 'slow' ? 'b' + 'a'.repeat(1 << 20) : 'ok') } });
  const session = await open();
  const before = Date.now();
  assertDenied(await session.call('slow'), { text: /too long or too complex/, rule: '/tools/slow/results/redact' });
  assert.ok(Date.now() - before < 5000, `${Date.now() - before} ms`);
  assertAllowed(await session.call('quick'), 'ok');
});

test('a long text with ordinary expressions is redacted whole', async t => {
  const policy = { version: '1', default: 'allow', all_tools: { results: { redact: [{ type: 'secrets' }, { type: 'regex', pattern: '[a-z0-9]+@[a-z]+\\.[a-z]+', with: '<mail>' }] } } };
  const line = `bob42@example.org paid 12.50 with ${SECRET} on a day that was like any other one\n`;
  const { open } = await scene(t, { policy, upstream: { tools: [tool('long')], onCall: () => text(line.repeat(600)) } });
  const session = await open();
  assertAllowed(await session.call('long'), '<mail> paid 12.50 with [REDACTED] on a day that was like any other one\n'.repeat(600));
});
