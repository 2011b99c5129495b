// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Several workers: whichever the kernel gives a connection to, sessions are found, programs are shared, limits
// hold for all together, a reload reaches all, and a stop waits for all. Every `exchange` is a connection of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { ALLOW_ALL, startGateway, writeWhole } from '../lib/gateway.mjs';
import { filesOnly } from '../lib/database.mjs';
import { modern, modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { eventually, LIB, scratch } from '../lib/scratch.mjs';
import { FakeUpstream, text } from '../lib/upstream.mjs';
import { assertAllowed, scene } from '../lib/wire.mjs';

const WORKERS = 3;
const workerOf = session => parseInt(session.id.slice(0, 2), 16);
const with3 = (options = {}) => ({ ...options, extra: { workers: WORKERS, ...options.extra } });

// Sessions at no fewer than two workers; the kernel spreads by a hash of the ports.
async function spread(open, count = 12) {
  const sessions = [];
  while (sessions.length < count || new Set(sessions.map(workerOf)).size < 2) {
    assert.ok(sessions.length < 100, 'the kernel gives every connection to one worker');
    sessions.push(await open());
  }
  return sessions;
}
const apart = sessions => [sessions[0], sessions.find(s => workerOf(s) !== workerOf(sessions[0]))];
const metric = async (gateway, pattern) => Number(pattern.exec((await exchange(gateway.port, 'GET', '/metrics')).text)[1]);

test('a session is found by every connection; its calls, streams and end', async t => {
  const { gateway, fake, open } = await scene(t, with3());
  const sessions = await spread(open);
  for (const session of sessions) {
    for (let i = 0; i < 4; i++) assertAllowed(await session.call('echo', { n: i }), JSON.stringify({ n: i }));
    const stream = await session.stream();
    assert.equal(stream.current.status, 200);
    stream.close();
  }
  assert.equal(await metric(gateway, /^sallyport_sessions (\d+)$/m), sessions.length);
  assert.equal(await metric(gateway, /^sallyport_decisions_total\{outcome="allowed"\} (\d+)$/m), fake.requests.filter(r => r.method === 'POST').length);
  for (const session of sessions) {
    assert.equal((await exchange(gateway.port, 'DELETE', '/mcp/fake', session.headers())).status, 200);
    assert.equal((await session.post({ jsonrpc: '2.0', id: 9, method: 'tools/list' })).status, 404);
  }
  assert.equal(await metric(gateway, /^sallyport_sessions (\d+)$/m), 0);
});

test('one connection may speak for sessions of different workers, pipelined, and is answered in order', async t => {
  const { gateway, open } = await scene(t, with3());
  const [one, other] = apart(await spread(open));
  const raw = await Raw.connect(gateway.port);
  const order = [one, other, other, one, other, one, one, other];
  const bytes = order.map((session, i) => requestBytes('POST', session.target, session.headers(),
    JSON.stringify({ jsonrpc: '2.0', id: i, method: 'tools/call', params: { name: 'echo', arguments: { i } } }), gateway.port));
  raw.write(Buffer.concat(bytes));
  for (let i = 0; i < order.length; i++) {
    const { messages: [message] } = await raw.answer();
    assert.equal(message.id, i);
    assertAllowed(message, JSON.stringify({ i }));
  }
  raw.close();
});

test('the same over TLS, in small pieces', { skip: filesOnly('the API would have to be asked over TLS') }, async t => {
  const folder = scratch(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map(f => path.join(folder, f));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url } }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { fake: 'main' } } },
    extra: { workers: WORKERS, tls: { certificate: cert, key } } }, { waitReady: false });
  const dial = () => new Promise((resolve, reject) => {
    const socket = tls.connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca: fs.readFileSync(cert) }, () => resolve(new Raw(socket))).once('error', reject);
  });
  const ask = async (raw, session, message) => {
    const bytes = requestBytes('POST', '/mcp/fake', session.headers(), JSON.stringify(message), gateway.port);
    for (let at = 0; at < bytes.length; at += 100) raw.write(bytes.subarray(at, at + 100));
    return raw.answer();
  };
  const sessions = await spread(async () => {
    const raw = await dial(), session = new Session(gateway, 'fake', 'agent', '2025-11-25');
    const first = await ask(raw, session, { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
    session.id = first.headers['mcp-session-id'];
    raw.close();
    return session;
  }, 4);
  const raw = await dial();
  for (let i = 0; i < 12; i++) {
    const { messages: [message] } = await ask(raw, apart(sessions)[i % 2], { jsonrpc: '2.0', id: i, method: 'tools/call', params: { name: 'echo', arguments: { i, filler: 'x'.repeat(20000) } } });
    assert.equal(message.id, i);
    assert.equal(message.result.isError ?? false, false);
  }
  raw.close();
});

test('bounds and limits hold for all workers together', async t => {
  const policy = { version: '1', default: 'allow', tools: { echo: { limits: [{ counter: 'all', window: 'hour', max: 7 }] } } };
  const { gateway, fake, open } = await scene(t, with3({ policy, extra: { limits: { sessions_per_grant: 200 } } }));
  const first = await spread(open);
  gateway.configure({ ...gateway.setup, extra: { ...gateway.setup.extra, limits: { sessions_per_grant: first.length + 9 } } });
  await gateway.waitLog(/loaded anew/);
  const opened = await Promise.all(Array.from({ length: 30 }, () => exchange(gateway.port, 'POST', '/mcp/fake', new Session(gateway, 'fake').headers(),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } }))));
  const ids = opened.map(a => a.headers['mcp-session-id']).filter(Boolean);
  assert.equal(ids.length, 9);
  const answers = await Promise.all(Array.from({ length: 40 }, () => modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: {} })));
  assert.equal(answers.filter(a => a.messages[0].result.isError !== true).length, 7);
  assert.equal(fake.calls().length, 7);
});

test('calls before this one count for a client without a session, whoever took them', async t => {
  const policy = { version: '1', default: 'allow', tools: { echo: { deny_if: [{ conditions: [{ path: 'session.calls', op: 'gte', value: 5 }], on_deny: 'Enough.' }] } } };
  const { gateway } = await scene(t, with3({ policy }));
  const outcomes = [];
  for (let i = 0; i < 12; i++) outcomes.push((await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: {} })).messages[0].result.isError ?? false);
  assert.deepEqual(outcomes, Array.from({ length: 12 }, (_, i) => i >= 5));
});

test('a shared program is one program', async t => {
  const gateway = await startGateway(t, { servers: { p: { command: [process.execPath, path.join(LIB, 'child.mjs')] }, all: { command: [process.execPath, path.join(LIB, 'child.mjs')], share: 'server' } },
    policies: { main: ALLOW_ALL }, grants: { agent: { servers: { p: 'main', all: 'main' } }, other: { servers: { all: 'main' } } }, extra: { workers: WORKERS } });
  const children = async server => metric(gateway, new RegExp(`^sallyport_upstream_children\\{server="(?:default/)?${server}"\\} (\\d+)$`, 'm'));
  for (let i = 0; i < 12; i++) assert.equal((await modern(gateway, 'p', 'tools/list')).status, 200);
  // Other workers tell their figures every few seconds.
  await eventually(async () => await children('p') >= 1, 'the program is in the figures');
  assert.equal(await children('p'), 1);
  const sessions = [];
  for (let i = 0; i < 6; i++) sessions.push(await Session.open(gateway, { server: 'all', label: i % 2 ? 'agent' : 'other' }));
  assert.equal(new Set(sessions.map(workerOf)).size, 1);
  await eventually(async () => await children('all') >= 1, 'the program is in the figures');
  assert.equal(await children('all'), 1);
});

test('a reload reaches every worker; a broken one none', { skip: filesOnly('the file is what is broken') }, async t => {
  const { gateway, open } = await scene(t, with3());
  const sessions = await spread(open);
  writeWhole(gateway.policyFile('main'), '{"version": 1}');
  await gateway.waitLog(/the old one stays in force/);
  for (const session of sessions) assertAllowed(await session.call('echo', {}));
  writeWhole(gateway.policyFile('main'), JSON.stringify({ version: '1', default: 'allow', hide: ['echo'] }));
  await eventually(async () => {
    for (const session of sessions) if (!(await session.call('echo', {})).error) return false;
    return true;
  }, 'every worker judges by the new policy');
  for (let i = 0; i < 20; i++) assert.ok((await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: {} })).messages[0].error);
});

test('a stop waits for the calls of every worker, and takes no new ones', async t => {
  const held = [];
  const { gateway, open } = await scene(t, with3({ upstream: { onMessage: (m, c) => m.method === 'tools/call' && (held.push(() => c.result({ content: [{ type: 'text', text: 'late' }] })), true) } }));
  const sessions = await spread(open);
  const calls = sessions.map(s => s.call('echo', {}));
  await eventually(() => held.length === sessions.length, 'every call is with the server');
  gateway.signal('SIGTERM');
  await gateway.waitLog(/stopping: no new connections/);
  await eventually(() => Raw.connect(gateway.port).then(raw => { raw.close(); return false; }, () => true), 'nobody listens any more');
  held.splice(0).forEach(answer => answer());
  for (const call of calls) assertAllowed(await call, 'late');
  await gateway.waitLog(/every call is answered; stopping/);
});

test('a client that leaves while its connection moves leaves nothing behind', async t => {
  const { gateway, open } = await scene(t, with3());
  const sessions = await spread(open);
  for (let i = 0; i < 60; i++) {
    const session = sessions[i % sessions.length], raw = await Raw.connect(gateway.port);
    raw.write(requestBytes('POST', session.target, session.headers(), JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: {} } }), gateway.port));
    if (i % 3 === 0) raw.reset();
    else if (i % 3 === 1) raw.close();
    else raw.halfClose();
  }
  for (const session of sessions) assertAllowed(await session.call('echo', {}));
  await eventually(async () => await metric(gateway, /^sallyport_in_flight (\d+)$/m) === 0, 'no call is left');
});

test('an id that names a worker that is not there is nobody’s session', async t => {
  const { gateway, open } = await scene(t, with3());
  const session = await open();
  for (const id of ['ff' + session.id.slice(2), '03' + session.id.slice(2), 'zz', '0', session.id.toUpperCase() + 'A', '0' + (workerOf(session) + 1) % WORKERS + session.id.slice(2)])
    assert.equal((await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { 'Mcp-Session-Id': id })).status, 404, id);
  // In the stateless era a session's header means nothing, wherever it points.
  const message = modernMessage(1, 'tools/call', { name: 'echo', arguments: {} });
  for (const id of ['00', '01', '02'])
    assertAllowed((await exchange(gateway.port, 'POST', '/mcp/fake', { ...modernHeaders(gateway, message), 'Mcp-Session-Id': id + 'f'.repeat(62) }, JSON.stringify(message))).messages[0]);
});

test('the gateway’s own session at a legacy server is one session, and its questions find their way back', async t => {
  const elicit = { method: 'elicitation/create', params: { message: 'sure?', requestedSchema: { type: 'object', properties: {} } } };
  const waiting = new Map();
  const { gateway, fake } = await scene(t, with3({ upstream: { eras: 'legacy',
    onMessage: (m, c) => m.method === undefined && waiting.has(m.id) && (waiting.get(m.id)(m), c.status(202), true),
    onCall: (m, c) => {
      const id = 'q' + m.id;
      waiting.set(id, () => { c.event(c.envelope({ result: text('thanks') })); c.res.end(); });
      c.event({ jsonrpc: '2.0', id, ...elicit });
    } } }));
  const options = { capabilities: { elicitation: { form: {} } } };
  for (let i = 0; i < 8; i++) {
    const call = { name: 'echo', arguments: { i } };
    const asked = (await modern(gateway, 'fake', 'tools/call', call, options)).messages.at(-1).result;
    assert.equal(asked.resultType, 'input_required', JSON.stringify(asked));
    const [key] = Object.keys(asked.inputRequests);
    const answered = (await modern(gateway, 'fake', 'tools/call', { ...call, requestState: asked.requestState, inputResponses: { [key]: { action: 'accept', content: {} } } }, options)).messages.at(-1);
    assertAllowed(answered, 'thanks');
  }
  assert.equal(fake.of('initialize').length, 1);
});
