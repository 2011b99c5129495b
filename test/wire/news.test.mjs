// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server says besides its answers (log lines, progress, questions) under a policy's rules on results
// (docs/policy.md, "What a server says meanwhile"), on every way that it can take.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene } from '../lib/wire.mjs';

const SECRET = 'AKIA' + 'A1B2C3D4E5F6G7H8', RED = '[REDACTED]';
const REDACTING = { redact: [{ type: 'secrets' }, { type: 'personal', kinds: ['email'] }] };
const OPEN = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' } };
const POLICY = { ...OPEN, all_tools: { results: REDACTING } };
const OWN = { ...OPEN, tools: { secretive: { results: REDACTING }, closed: { results: { deny_if: [{ conditions: [] }] } }, '*': {} } };
const TOOLS = ['plain', 'secretive', 'closed'].map(name => tool(name));

const logLine = data => ({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', logger: 'main', data } });
const progress = (token, message) => ({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: 1, message } });
const elicit = message => ({ method: 'elicitation/create', params: { mode: 'form', message, requestedSchema: { type: 'object', properties: { password: { type: 'string', description: message } } } } });
const sample = data => ({ method: 'sampling/createMessage', params: { maxTokens: 9, messages: [{ role: 'user', content: data }] } });
const NEWS = token => [logLine({ key: SECRET, n: 1.5, to: 'bob@example.com' }), logLine('quiet'), progress(token, 'at ' + SECRET), { jsonrpc: '2.0', method: 'notifications/other', params: { note: SECRET } }];
const call = (name, id = 7) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {}, _meta: { progressToken: 'bob@example.org' } } });

// A legacy server over HTTP: all of it on the stream of the call.
const talkative = { tools: TOOLS, onCall: (m, c) => {
  for (const message of NEWS(m.params._meta.progressToken)) c.event(message);
  c.event(c.envelope({ result: text('done') }));
  c.res.end();
} };
const sayings = messages => messages.filter(m => m.method).map(m => m.params.data ?? m.params.message ?? m.params.note);
const REDACTED = [{ key: RED, n: 1.5, to: RED }, 'quiet', 'at ' + RED, RED];
const WHOLE = [{ key: SECRET, n: 1.5, to: 'bob@example.com' }, 'quiet', 'at ' + SECRET, SECRET];

test('log lines, progress and news on the stream of a call lose what its result would lose', async t => {
  const { gateway, open } = await scene(t, { policy: POLICY, upstream: talkative });
  const { messages } = await (await open()).post(call('plain'));
  assert.deepEqual(sayings(messages), REDACTED);
  assert.equal(messages.find(m => m.method === 'notifications/progress').params.progressToken, 'bob@example.org', 'the client\'s own');
  assertAllowed(messages.at(-1), 'done');
  const [row] = await gateway.waitRows(r => r.method === 'tools/call');
  assert.equal(row.redacted, 4);
});

test('a block of one tool is about what comes with that tool\'s calls', async t => {
  const { gateway, open } = await scene(t, { policy: OWN, upstream: talkative });
  const session = await open();
  assert.deepEqual(sayings((await session.post(call('plain'))).messages), WHOLE);
  assert.deepEqual(sayings((await session.post(call('secretive', 8))).messages), REDACTED);
  const closed = (await session.post(call('closed', 9))).messages;
  assert.deepEqual(sayings(closed), []);
  assertDenied(closed.at(-1), { id: 9, rule: '/tools/closed/results/deny_if/0' });
  const rows = await gateway.waitRows(r => r.direction === 'server' && r.outcome === 'denied', 4);
  assert.deepEqual([...new Set(rows.map(r => r.rule))], ['/tools/closed/results']);
});

test('observe changes nothing', async t => {
  const { open } = await scene(t, { policy: POLICY, grant: { mode: 'observe' }, upstream: talkative });
  assert.deepEqual(sayings((await (await open()).post(call('plain'))).messages), WHOLE);
});

test('questions during a call: texts are redacted, what cannot be inspected is refused, and the server hears of it', async t => {
  const answers = new Map();
  const { open } = await scene(t, { policy: POLICY, upstream: {
    tools: TOOLS,
    onMessage: (m, c) => {
      if (m.method !== undefined || !answers.has(m.id)) return false;
      answers.get(m.id)(m);
      c.status(202);
      return true;
    },
    onCall: async (m, c) => {
      const asked = [elicit('who is bob@example.com?'), sample({ type: 'image', data: 'AAAA', mimeType: 'image/png' }), sample({ type: 'text', text: SECRET })];
      const got = asked.map((q, i) => new Promise(resolve => { answers.set('q' + i, resolve); c.event({ jsonrpc: '2.0', id: 'q' + i, ...q }); }));
      c.event(c.envelope({ result: text(JSON.stringify((await Promise.all(got)).map(a => a.result?.n ?? a.error.message))) }));
      c.res.end();
    },
  } });
  const session = await open({ capabilities: { elicitation: {}, sampling: {} } });
  const raw = await session.open(call('plain'));
  await raw.head();
  const asked = [];
  for await (const event of raw.events()) {
    if (!event.data) continue;
    const m = JSON.parse(event.data);
    if (m.method === undefined) { assertAllowed(m, '[0,"the policy does not allow this request",2]'); break; }
    asked.push(m);
    await session.post({ jsonrpc: '2.0', id: m.id, result: { n: Number(m.id.slice(1)) } });
  }
  raw.close();
  assert.deepEqual(asked.map(m => m.id), ['q0', 'q2']);
  assert.deepEqual([asked[0].params.message, asked[0].params.requestedSchema.properties.password.description], [`who is ${RED}?`, `who is ${RED}?`]);
  assert.equal(asked[1].params.messages[0].content.text, RED);
});

const PROGRAM = `import readline from 'node:readline';
  const line = m => process.stdout.write(JSON.stringify(m) + '\\n');
  readline.createInterface({ input: process.stdin }).on('line', text => {
    const m = JSON.parse(text);
    if (m.method === 'initialize') line({ jsonrpc: '2.0', id: m.id, result: { protocolVersion: m.params.protocolVersion, capabilities: { logging: {}, tools: {} }, serverInfo: { name: 'x', version: '1' } } });
    else if (m.method === 'tools/call') {
      for (const news of ${JSON.stringify(NEWS('TOKEN'))}) line(JSON.parse(JSON.stringify(news).replace('"TOKEN"', JSON.stringify(m.params._meta.progressToken))));
      line({ jsonrpc: '2.0', id: m.id, result: { content: [{ type: 'text', text: 'done' }] } });
    } else if (m.id !== undefined) line({ jsonrpc: '2.0', id: m.id, result: {} });
  });`;

test('a pipe and a stream of 2024-11-05 do not say which call a line is about: all blocks apply together', async t => {
  const old = await FakeSse.start(t, { onMessage: (m, conversation) => {
    if (m.method !== 'tools/call') return false;
    for (const news of NEWS(m.params._meta.progressToken)) conversation.say(news);
    conversation.say({ jsonrpc: '2.0', id: m.id, result: text('done') });
    return true;
  } });
  const gateway = await startGateway(t, {
    servers: { pipe: { command: [process.execPath, '--input-type=module', '-e', PROGRAM] }, sse: { url: old.url, transport: 'sse' } },
    policies: { main: OWN }, grants: { agent: { servers: ['pipe', 'sse'], policy: 'main' } },
  });
  for (const server of ['pipe', 'sse']) {
    const session = await Session.open(gateway, { server });
    const { messages } = await session.post(call('plain'));
    const [log, quiet] = sayings(messages.filter(m => m.method === 'notifications/message'));
    assert.deepEqual([log, quiet], [REDACTED[0], 'quiet'], server);
    // Progress carries its call's token.
    assert.deepEqual(sayings(messages.filter(m => m.method === 'notifications/progress')), ['at ' + SECRET], server);
  }
});

test('the stateless era, and over both bridges', async t => {
  const policy = POLICY;
  const now = { tools: TOOLS, eras: 'modern', onCall: (m, c) => {
    for (const message of [logLine('l ' + SECRET), progress(m.params._meta.progressToken, 'p ' + SECRET)]) c.event(message);
    c.event(c.envelope({ result: text('done') }));
    c.res.end();
  } };
  const straight = await scene(t, { policy, upstream: now });
  const meta = { progressToken: 'p', 'io.modelcontextprotocol/logLevel': 'debug' };
  const ask = async gateway => (await modern(gateway, 'fake', 'tools/call', { name: 'plain', _meta: meta })).messages;
  const said = sayings(await ask(straight.gateway));
  assert.ok(said.length > 0 && said.every(s => [`l ${RED}`, `p ${RED}`].includes(s)), JSON.stringify(said));
  const down = await scene(t, { policy, upstream: now }); // a legacy client before a modern server
  const { messages } = await (await down.open()).post(call('plain'));
  assert.ok(sayings(messages).includes('p ' + RED));
  assert.ok(!JSON.stringify(messages).includes(SECRET));
  const up = await scene(t, { policy, upstream: { ...talkative, eras: 'legacy' } }); // a modern client before a legacy server
  const heard = await ask(up.gateway);
  assert.ok(sayings(heard).includes('at ' + RED));
  assert.ok(!JSON.stringify(heard).includes(SECRET));
});

test('questions of a modern server to a legacy client, and of a legacy server to a modern client', async t => {
  const asking = question => ({ eras: 'modern', tools: TOOLS, onCall: m => (m.params.inputResponses === undefined
    ? { resultType: 'input_required', requestState: 's', inputRequests: { a: question } } : text('done')) });
  const CAN = { elicitation: { form: {} }, sampling: {} };
  const { open } = await scene(t, { policy: POLICY, upstream: asking(elicit('for bob@example.com')) });
  const session = await open({ capabilities: CAN });
  const raw = await session.open(call('plain'));
  await raw.head();
  for await (const event of raw.events()) {
    if (!event.data) continue;
    const m = JSON.parse(event.data);
    if (m.method === undefined) { assertAllowed(m, 'done'); break; }
    assert.equal(m.params.message, `for ${RED}`);
    await session.post({ jsonrpc: '2.0', id: m.id, result: { action: 'accept', content: {} } });
  }
  raw.close();
  const blind = await scene(t, { policy: POLICY, upstream: asking(sample({ type: 'image', data: 'AAAA', mimeType: 'image/png' })) });
  const refused = await (await blind.open({ capabilities: CAN })).post(call('plain'));
  assert.match(refused.messages.at(-1).error.message, /question could not be passed on/);
  await blind.gateway.waitRows(r => r.direction === 'server' && r.method === 'sampling/createMessage' && r.outcome === 'denied' && r.rule === '/all_tools/results/redact');

  const { gateway } = await scene(t, { policy: POLICY, upstream: { eras: 'legacy', tools: TOOLS, onCall: (m, c) => { c.event({ jsonrpc: '2.0', id: 'srv', ...elicit('for bob@example.com') }); } } });
  const first = (await modern(gateway, 'fake', 'tools/call', { name: 'plain' }, { capabilities: CAN })).messages.at(-1);
  assert.equal(Object.values(first.result.inputRequests)[0].params.message, `for ${RED}`);
});

test('pages that a legacy server wants a modern client to visit', async t => {
  const { gateway } = await scene(t, { policy: POLICY, upstream: { eras: 'legacy', tools: TOOLS, onCall: (m, c) => { c.error(-32042, 'visit us', { elicitations: [{ mode: 'url', elicitationId: 'e1', url: 'https://example.org/?a=' + SECRET, message: 'for bob@example.com' }] }); } } });
  const { result } = (await modern(gateway, 'fake', 'tools/call', { name: 'plain' }, { capabilities: { elicitation: { url: {} } } })).messages.at(-1);
  const { params } = Object.values(result.inputRequests)[0];
  assert.deepEqual([params.message, params.url], [`for ${RED}`, 'https://example.org/?a=' + RED]);
});
