// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway's own authors tried against it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { modern, modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { alive, descendants, eventually, LIB, scratch } from '../lib/scratch.mjs';
import { assertUnknownTool, scene } from '../lib/wire.mjs';

const INITIALIZE = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}';
const headersOf = gateway => ({ authorization: 'Bearer ' + gateway.tokens.agent, 'content-type': 'application/json', accept: 'application/json, text/event-stream' });

test('clients that leave before their initialize is answered leave no process and no session', async t => {
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, path.join(LIB, 'child.mjs')] } },
    policies: { main: ALLOW_ALL }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  for (let i = 0; i < 5; i++) {
    const raw = await Raw.connect(gateway.port);
    raw.write(requestBytes('POST', '/mcp/exchange', headersOf(gateway), INITIALIZE, gateway.port));
    raw.close();
  }
  await gateway.waitRows(r => r.method === 'initialize', 5);
  await eventually(() => descendants(gateway.child.pid).filter(alive).length === 0, 'no process is left');
  const { text } = await exchange(gateway.port, 'GET', '/metrics');
  assert.match(text, /^sallyport_sessions 0$/m);
});

test('a header that has one value, sent twice, is refused', async t => {
  const { gateway, fake, open } = await scene(t);
  const session = await open();
  const call = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}';
  const send = more => exchange(gateway.port, 'POST', '/mcp/fake', [...Object.entries(session.headers()), ...more], call);
  assert.equal((await send([])).status, 200);
  assert.equal((await send([['Last-Event-ID', 'a']])).status, 200);
  const before = fake.calls().length;
  assert.equal((await send([['Last-Event-ID', 'a'], ['last-event-id', 'b']])).status, 400);
  assert.equal((await send([['Mcp-Name', 'echo'], ['Mcp-Name', 'other']])).status, 400);
  assert.equal(fake.calls().length, before);
});

test('headers of the modern era do not travel with a message of the legacy one', async t => {
  const { gateway, fake, open } = await scene(t);
  const session = await open();
  const call = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}';
  const more = { 'Mcp-Name': 'withdraw', 'Mcp-Method': 'tools/list', 'Mcp-Param-X': '1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', { ...session.headers(), ...more }, call)).status, 200);
  const [received] = fake.calls();
  assert.equal(received.headers.traceparent, more.traceparent);
  for (const name of ['mcp-name', 'mcp-method', 'mcp-param-x']) assert.equal(received.headers[name], undefined, name);
});

// A server program made for one test; `body` sees `send`, `text` and the decoded message `m`.
async function program(t, body, { server = {}, ...setup } = {}) {
  const file = path.join(scratch(t), 'program.mjs');
  fs.writeFileSync(file, `
import readline from 'node:readline';
const send = m => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...m }) + '\\n');
const text = t => ({ content: [{ type: 'text', text: t }] });
const state = { count: 0, held: [] };
function usual(m) {
  if (m.method === 'initialize') send({ id: m.id, result: { protocolVersion: m.params.protocolVersion, capabilities: {}, serverInfo: { name: 'p', version: '1' } } });
  else if (m.method === 'tools/call') send({ id: m.id, result: text('done ' + m.params.name) });
  else if (m.id !== undefined && m.method) send({ id: m.id, result: {} });
}
readline.createInterface({ input: process.stdin }).on('line', line => { const m = JSON.parse(line); ${body} }).on('close', () => process.exit(0));
`);
  const gateway = await startGateway(t, {
    servers: { p: { command: [process.execPath, file], ...server } }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { p: 'main' } } }, ...setup,
  });
  return { gateway, open: (more = {}) => Session.open(gateway, { server: 'p', ...more }) };
}

test('a program that refuses initialize is quoted, and the client is not told of a session', async t => {
  const { gateway } = await program(t, `if (m.method === 'initialize') send({ id: m.id, error: { code: -32000, message: 'no licence' } }); else usual(m);`);
  const answer = await exchange(gateway.port, 'POST', '/mcp/p', headersOf(gateway), INITIALIZE);
  assert.deepEqual(answer.messages, [{ jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'no licence' } }]);
  assert.equal(answer.headers['mcp-session-id'], undefined);
  const [row] = await gateway.waitRows(r => r.method === 'initialize');
  assert.equal(row.outcome, 'allowed');
  assert.match((await exchange(gateway.port, 'GET', '/metrics')).text, /^sallyport_sessions 0$/m);
});

test('on a shared program nobody waits for an initialize that failed', async t => {
  const { gateway, open } = await program(t, `
    if (m.method === 'initialize' && ++state.count === 1) setTimeout(() => send({ id: m.id, error: { code: -32000, message: 'not yet' } }), 300); else usual(m);`,
  { server: { share: 'server' } });
  const answers = await Promise.all([1, 2, 3].map(() => exchange(gateway.port, 'POST', '/mcp/p', headersOf(gateway), INITIALIZE)));
  assert.equal(answers.filter(a => a.messages[0].error?.message === 'not yet').length, 1);
  assert.ok(answers.every(a => a.messages[0].id === 1));
  assert.equal((await (await open()).call('echo')).result.content[0].text, 'done echo');
});

test('on a shared program nobody cancels the calls of another', async t => {
  const setup = { policies: { main: ALLOW_ALL }, grants: { agent: { servers: { p: 'main' } }, other: { servers: { p: 'main' } } } };
  const body = `
    if (m.method === 'notifications/cancelled') state.held.splice(0).forEach(id => send({ id, result: text('cancelled by somebody') }));
    else if (m.method === 'server/discover') send({ id: m.id, result: { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {}, ttlMs: 0, cacheScope: 'private' } });
    else if (m.params?.name === 'hold') state.held.push(m.id);
    else if (m.params?.name === 'release') { state.held.splice(0).forEach(id => send({ id, result: text('released') })); usual(m); }
    else usual(m);`;
  const { gateway, open } = await program(t, body, { server: { share: 'server' }, ...setup });
  const mine = await open({ label: 'agent' }), theirs = await open({ label: 'other' });
  const held = mine.call('hold');
  await gateway.waitRows(r => r.method === 'initialize', 2);
  await theirs.call('echo'); // after it the held call has arrived
  for (let id = 0; id < 10; id++) await theirs.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
  await theirs.call('release');
  assert.equal((await held).result.content[0].text, 'released');

  const hold = modern(gateway, 'p', 'tools/call', { name: 'hold' }, { id: 'a', label: 'agent' });
  await eventually(async () => /^sallyport_in_flight 1$/m.test((await exchange(gateway.port, 'GET', '/metrics')).text), 'the call is on its way');
  await modern(gateway, 'p', 'tools/call', { name: 'echo' }, { label: 'other' });
  for (let id = 0; id < 10; id++) {
    const message = modernMessage(undefined, 'notifications/cancelled', { requestId: id });
    delete message.id;
    assert.equal((await exchange(gateway.port, 'POST', '/mcp/p', modernHeaders(gateway, message, { label: 'other' }), JSON.stringify(message))).status, 202);
  }
  await modern(gateway, 'p', 'tools/call', { name: 'release' }, { label: 'other' });
  assert.equal((await hold).messages.at(-1).result.content[0].text, 'released');
});

const LARGE = `
  if (m.params?.name === 'large') { send({ method: 'notifications/progress', params: { progressToken: m.params._meta.progressToken, progress: 1 } });
    send({ id: m.id, result: text('x'.repeat(12 * 1024 * 1024)) }); } else usual(m);`;
const largeCall = { jsonrpc: '2.0', id: 50, method: 'tools/call', params: { name: 'large', _meta: { progressToken: 1 } } };

test('a reader that does not keep up with its last answer does not silence the rest of its session', async t => {
  const { open } = await program(t, LARGE);
  const session = await open();
  const slow = await session.open(largeCall);
  slow.socket.pause();
  for (let i = 0; i < 3; i++) assert.equal((await session.call('echo')).result.content[0].text, 'done echo');
  slow.socket.resume();
  await slow.head();
  assert.ok((await slow.body()).length > 12 * 1024 * 1024);
});

test('a GET stream that is left unread and then closed does not silence its session', async t => {
  const { open } = await program(t, `
    if (m.params?.name === 'news') for (let i = 0; i < 40; i++) send({ method: 'notifications/resources/updated', params: { uri: 'a:b', pad: 'x'.repeat(1024 * 1024) } });
    usual(m);`);
  const session = await open();
  const stream = await session.stream();
  stream.socket.pause();
  const call = session.call('news');
  await new Promise(resolve => setTimeout(resolve, 500)); // whether or not it was held back already, the call must end
  stream.close();
  assert.equal((await call).result.content[0].text, 'done news');
});

test('on a shared program a reader that does not keep up slows nobody else down', async t => {
  const { open } = await program(t, `
    if (m.params?.name === 'stream') for (let i = 0; i < 30; i++) send({ method: 'notifications/progress', params: { progressToken: m.params._meta.progressToken, progress: i, message: 'x'.repeat(1024 * 1024) } });
    else usual(m);`, { server: { share: 'server' } });
  const one = await open(), two = await open();
  const slow = await one.open({ jsonrpc: '2.0', id: 50, method: 'tools/call', params: { name: 'stream', _meta: { progressToken: 1 } } });
  slow.socket.pause();
  const begun = Date.now();
  for (let i = 0; i < 3; i++) assert.equal((await two.call('echo')).result.content[0].text, 'done echo');
  assert.ok(Date.now() - begun < 10000, `${Date.now() - begun} ms`); // before the reader is given up for its silence
  slow.close();
});

test('members that a reader could take for another: every case and every fold, in params, _meta and ref', async t => {
  const { fake, open } = await scene(t);
  const session = await open();
  const before = fake.requests.length;
  for (const text of [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"param\u017f":{"name":"secret"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"PARAM\\u017F":{"name":"secret"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","argument\u017f":{"a":1}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","tas\u212a":{}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"progressToken":1,"ProgressToken":2}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}}',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"open","Name":"secret"},"argument":{"name":"a","value":""}}}',
    '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource","uri":"a:b","URI":"secret"},"argument":{"name":"a","value":""}}}',
  ]) assert.equal((await session.post(text)).status, 400, text);
  assert.equal(fake.requests.length, before);
});

test('a message with very many escaped members is dealt with at once', async t => {
  const { open } = await scene(t);
  const session = await open();
  const members = Array.from({ length: 150000 }, (_, i) => `"\\u0061${i.toString(36)}":0`).join(',');
  const begun = Date.now();
  await session.post(`{"jsonrpc":"2.0","id":1,"method":"ping","params":{${members}}}`);
  assert.ok(Date.now() - begun < 8000, `${Date.now() - begun} ms`);
});

test('two lists in an unusual order are pruned in a moment', async t => {
  const list = (key, n) => Array.from({ length: n }, (_, i) => i % 2 ? `{"${key}":"a${i}"}` : '0').join(',');
  const result = `{"prompts":[${list('name', 240000)}],"tools":[${list('name', 240000)}]}`;
  const { fake, open } = await scene(t, { upstream: { onMessage: (m, c) => m.method === 'prompts/list' && (c.raw(200, { 'content-type': 'application/json' }, `{"jsonrpc":"2.0","id":${m.id},"result":${result}}`), true) } });
  const session = await open();
  const begun = Date.now();
  const answer = await session.request('prompts/list');
  assert.equal(answer.result.prompts.length, 120000);
  assert.equal(answer.result.tools.length, 120000);
  assert.equal(fake.of('prompts/list').length, 1);
  assert.ok(Date.now() - begun < 10000, `${Date.now() - begun} ms`);
});

test('no second spelling of a list slips through', async t => {
  const { open } = await scene(t, {
    policy: { version: '1', default: 'allow', hide: ['secret'] },
    upstream: { onMessage: (m, c) => m.method === 'tools/list' && (c.json({ tools: [], Tools: [{ name: 'secret' }], TOOLS: [{ name: 'secret' }], 'tool\u017f': [{ name: 'secret' }] }), true) },
  });
  const answer = await (await open()).post({ jsonrpc: '2.0', id: 9, method: 'tools/list' });
  assert.doesNotMatch(answer.text, /secret/);
});

test('a hidden tool is not betrayed by the headers that its schema asks for', async t => {
  const secret = { name: 'secret', inputSchema: { type: 'object', properties: { amount: { type: 'string', 'x-mcp-header': 'Amount' } } } };
  const { gateway } = await scene(t, { policy: { version: '1', default: 'allow', hide: ['secret'] }, upstream: { tools: [secret] } });
  assert.deepEqual((await modern(gateway, 'fake', 'tools/list')).messages[0].result.tools, []);
  const hidden = await modern(gateway, 'fake', 'tools/call', { name: 'secret', arguments: { amount: '1' } });
  assert.equal(hidden.status, 200);
  assertUnknownTool(hidden.messages[0], 'secret');
});

test('a hidden prompt or resource is not named as hidden by completion', async t => {
  const policy = { version: '1', default: 'allow', prompts: { default: 'allow', secret: { action: 'hide' } }, resources: { default: 'allow', 'x:secret': { action: 'hide' } } };
  const { gateway, fake, open } = await scene(t, { policy });
  const session = await open();
  const complete = ref => session.request('completion/complete', { ref, argument: { name: 'a', value: '' } });
  for (const ref of [{ type: 'ref/prompt', name: 'secret' }, { type: 'ref/resource', uri: 'x:secret' }]) {
    const answer = await complete(ref);
    assert.deepEqual(answer.error, { code: -32602, message: 'Unknown reference: ' + (ref.name ?? ref.uri) });
  }
  assert.equal(fake.of('completion/complete').length, 0);
  assert.ok((await gateway.waitRows(r => r.method === 'completion/complete', 2)).every(r => r.outcome === 'hidden' && r.rule === '(hidden)'));
});

test('a question that comes as an error is judged like one on its own', async t => {
  const error = c => (c.error(-32042, 'visit us', { elicitations: [{ mode: 'url', elicitationId: 'e', url: 'https://example.org/' }] }), undefined);
  const upstream = { onCall: (m, c) => error(c) };
  const denied = await scene(t, { policy: { ...ALLOW_ALL, methods: { 'elicitation/create': 'deny' } }, upstream });
  const answer = await (await denied.open()).call('echo');
  assert.equal(answer.error, undefined);
  assert.match(answer.result.content[0].text, /elicitation\/create/);
  assert.doesNotMatch(JSON.stringify(answer), /example\.org/);
  const allowed = await scene(t, { policy: { ...ALLOW_ALL, methods: { 'elicitation/create': 'allow' } }, upstream });
  assert.equal((await (await allowed.open()).call('echo')).error.code, -32042);
});

test('a notification of the modern era does not carry the headers of another method', async t => {
  const { gateway, fake } = await scene(t);
  const message = modernMessage(undefined, 'notifications/progress', { progressToken: 1, progress: 1 });
  delete message.id;
  const send = method => exchange(gateway.port, 'POST', '/mcp/fake', { ...modernHeaders(gateway, message), 'Mcp-Method': method }, JSON.stringify(message));
  assert.equal((await send('tools/call')).status, 400);
  assert.equal(fake.requests.length, 0);
  assert.equal((await send('notifications/progress')).status, 202);
});

test('a session has a bounded number of streams, and what is closed makes room', async t => {
  const { open } = await scene(t);
  const session = await open();
  const streams = [];
  for (;;) {
    const stream = await session.stream({ 'Last-Event-ID': String(streams.length) });
    streams.push(stream);
    if (stream.current.status !== 200) break;
    assert.ok(streams.length < 100, 'streams without bound');
  }
  assert.equal(streams.at(-1).current.status, 503);
  streams[0].close();
  await eventually(async () => { const s = await session.stream(); const { status } = s.current; s.close(); return status === 200; }, 'there is room again');
  streams.forEach(s => s.close());
});

test('a session that ends by itself, or whose client left, is ended at the server too', async t => {
  const { gateway, fake, open } = await scene(t, { extra: { limits: { session_idle: '1s' } } });
  await open();
  await eventually(() => fake.sessions.size === 0, 'the idle session is gone at the server');
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', headersOf(gateway), INITIALIZE, gateway.port));
  raw.close();
  await eventually(() => fake.requests.filter(r => r.method === 'DELETE').length === 2 && fake.sessions.size === 0, 'nothing is left at the server');
});
