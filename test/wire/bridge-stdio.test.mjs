// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The bridges on pipes: the stdio face as a client of either era, programs as servers of either era, and
// `sallyport connect` with a gateway in between.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { BINARY, ALLOW_ALL, sanitizerOptions, startGateway, writeWhole } from '../lib/gateway.mjs';
import { modern, modernMessage, Session } from '../lib/mcp.mjs';
import { confUpstream, NODE, PROGRAMS } from '../lib/programs.mjs';
import { alive, descendants, eventually, scratch } from '../lib/scratch.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { META, MODERN } from '../lib/upstream.mjs';

const ALLOWING = { ...ALLOW_ALL, methods: {} };
const program = era => [NODE, PROGRAMS.confUpstream, 'stdio', era];
const ELICITATION = { capabilities: { elicitation: {} } };

function run(t, target, env = {}) {
  const file = path.join(scratch(t), 'policy.json');
  writeWhole(file, JSON.stringify(ALLOWING));
  return new Pipe(t, BINARY, ['run', '--policy', file, ...target], { env: { ...sanitizerOptions(), ...env } });
}
async function endsWell(pipe) {
  const family = descendants(pipe.child.pid);
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  await eventually(() => family.every(pid => !alive(pid)), 'no child is left');
  assert.doesNotMatch(pipe.stderr, /Sanitizer|runtime error/);
}

// A legacy client on the pipe: lists, a question, a subscription, a cancelled call.
async function playLegacy(pipe) {
  await pipe.open(ELICITATION);
  assert.equal(pipe.initialize.result.protocolVersion, '2025-11-25');
  assert.ok((await pipe.toolNames()).includes('test_elicitation'));
  pipe.send({ jsonrpc: '2.0', id: 'e', method: 'tools/call', params: { name: 'test_elicitation', arguments: { message: 'who?' } } });
  const question = await eventually(() => pipe.messages.find(m => m.method === 'elicitation/create'), () => 'a question; came ' + pipe.lines);
  assert.equal(question.params.message, 'who?');
  pipe.send({ jsonrpc: '2.0', id: question.id, result: { action: 'accept', content: { username: 'u', email: 'e@x' } } });
  assert.equal((await pipe.answerTo('e')).result.content[0].text, 'User response: action=accept, content={"username":"u","email":"e@x"}');
  assert.deepEqual((await pipe.request('resources/subscribe', { uri: 'test://watched-resource' })).result, {});
  await pipe.call('test_trigger_tool_change');
  await eventually(() => pipe.messages.some(m => m.method === 'notifications/tools/list_changed'), () => 'the list changed; came ' + pipe.lines);
  assert.deepEqual((await pipe.request('ping')).result, {});
}

// A modern client on the pipe.
async function playModern(pipe) {
  const request = async (id, method, params, options) => (pipe.send(modernMessage(id, method, params, options)), pipe.answerTo(id));
  const discovery = await request('d', 'server/discover', {}, ELICITATION);
  assert.deepEqual(discovery.result.supportedVersions, [MODERN]);
  assert.ok((await request('t', 'tools/list', {}, ELICITATION)).result.tools.length > 5);
  const call = { name: 'test_elicitation', arguments: { message: 'who?' } };
  const first = await request('c1', 'tools/call', call, ELICITATION);
  assert.equal(first.result.resultType, 'input_required');
  const [[key, question]] = Object.entries(first.result.inputRequests);
  assert.equal(question.params.message, 'who?');
  const second = await request('c2', 'tools/call', { ...call, requestState: first.result.requestState, inputResponses: { [key]: { action: 'decline' } } }, ELICITATION);
  assert.equal(second.result.content[0].text, 'User response: action=decline, content={}');
  assert.equal((await request('p', 'ping', {}, ELICITATION)).error.code, -32601);
  pipe.send(modernMessage('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } }, ELICITATION));
  await eventually(() => pipe.messages.some(m => m.method === 'notifications/subscriptions/acknowledged'), () => 'acknowledged; came ' + pipe.lines);
  await request('x', 'tools/call', { name: 'test_trigger_tool_change' }, ELICITATION);
  const news = await eventually(() => pipe.messages.find(m => m.method === 'notifications/tools/list_changed'), () => 'the list changed; came ' + pipe.lines);
  assert.equal(news.params._meta[META + 'subscriptionId'], 'l');
  pipe.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'l', _meta: { [META + 'protocolVersion']: MODERN } } });
}

test('run: a legacy client before a modern program', async t => {
  const pipe = run(t, ['--', ...program('modern')]);
  await playLegacy(pipe);
  await endsWell(pipe);
});

test('run: a modern client before a legacy program', async t => {
  const pipe = run(t, ['--', ...program('legacy')]);
  await playModern(pipe);
  await endsWell(pipe);
});

for (const [era, play] of [['modern', playLegacy], ['legacy', playModern]])
  test(`connect: a client of the other era before a gateway with ${era} servers over HTTP and pipes`, async t => {
    const gateway = await startGateway(t, {
      servers: { http: { url: await confUpstream(t, era) }, pipe: { command: program(era) }, shared: { command: program(era), share: 'server' } },
      policies: { main: ALLOWING }, grants: { agent: { servers: { http: 'main', pipe: 'main', shared: 'main' } } },
    });
    for (const server of ['http', 'pipe', 'shared']) {
      const pipe = new Pipe(t, BINARY, ['connect', gateway.url(server), '--token-env', 'TOKEN'], { env: { ...sanitizerOptions(), TOKEN: gateway.tokens.agent } });
      await play(pipe);
      await endsWell(pipe);
    }
  });

test('a program that dies is bridged anew; its calls fail at once', async t => {
  const folder = scratch(t), file = path.join(folder, 'child.mjs');
  writeWhole(file, `
    import readline from 'node:readline';
    const out = o => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...o }) + '\\n');
    readline.createInterface({ input: process.stdin }).on('line', l => {
      const m = JSON.parse(l);
      if (m.method === 'initialize') out({ id: m.id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'p', version: String(process.pid) } } });
      else if (m.method === 'tools/call' && m.params.name === 'die') process.exit(1);
      else if (m.method === 'tools/call') out({ id: m.id, result: { content: [{ type: 'text', text: String(process.pid) }] } });
      else if (m.id !== undefined) out({ id: m.id, error: { code: -32601, message: 'Method not found' } });
    });`);
  const gateway = await startGateway(t, { servers: { fake: { command: [NODE, file] } }, policies: { main: ALLOWING }, grants: { agent: { servers: { fake: 'main' } } } });
  const call = async name => (await modern(gateway, 'fake', 'tools/call', { name })).messages.at(-1);
  const pid = (await call('pid')).result.content[0].text;
  assert.equal((await call('pid')).result.content[0].text, pid, 'one process for all');
  assert.match((await call('die')).error.message, /may or may not have run/);
  await eventually(async () => {
    const answer = await call('pid');
    return answer.result !== undefined && answer.result.content[0].text !== pid;
  }, 'another process answers');
});

test('a program that does not answer server/discover counts as a legacy one', async t => {
  const folder = scratch(t), file = path.join(folder, 'child.mjs');
  writeWhole(file, `
    import readline from 'node:readline';
    const out = o => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...o }) + '\\n');
    readline.createInterface({ input: process.stdin }).on('line', l => {
      const m = JSON.parse(l);
      if (m.method === 'initialize') out({ id: m.id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'p', version: '1' } } });
      else if (m.method === 'tools/call') out({ id: m.id, result: { content: [] } });
    });`);
  const gateway = await startGateway(t, { servers: { fake: { command: [NODE, file] } }, policies: { main: ALLOWING }, grants: { agent: { servers: { fake: 'main' } } } });
  const answers = await Promise.all([1, 2].map(id => modern(gateway, 'fake', 'tools/call', { name: 'x' }, { id })));
  assert.deepEqual(answers.map(a => a.messages.at(-1).result.resultType), ['complete', 'complete']);
});

test('a legacy session on a modern program ends with the program', async t => {
  const gateway = await startGateway(t, { servers: { fake: { command: program('modern') } }, policies: { main: ALLOWING }, grants: { agent: { servers: { fake: 'main' } } } });
  const session = await Session.open(gateway, { server: 'fake' });
  assert.equal((await session.call('test_simple_text')).result.content[0].type, 'text');
  for (const pid of descendants(gateway.child.pid)) process.kill(pid, 'SIGKILL');
  await eventually(async () => (await session.post({ jsonrpc: '2.0', id: 99, method: 'ping' })).status === 404, 'the session ended');
  const next = await Session.open(gateway, { server: 'fake' });
  assert.equal((await next.call('test_simple_text')).result.content[0].type, 'text');
});
