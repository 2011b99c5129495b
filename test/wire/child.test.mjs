// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers that are programs on stdin and stdout, well-behaved and not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { exchange } from '../lib/raw.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { alive, descendants, eventually, LIB, scratch } from '../lib/scratch.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, toolRow } from '../lib/wire.mjs';

const CHILD = path.join(LIB, 'child.mjs');
const POLICY = { version: '1', default: 'allow', hide: ['withdraw_*'], tools: { cancel_order: { action: 'deny', reason: 'No.' } } };

async function childScene(t, { env = {}, server = {}, extra = {}, options = {}, policy = POLICY } = {}) {
  const log = path.join(scratch(t), 'child.log');
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, CHILD], env: { CHILD_LOG: log, ...env }, ...server } },
    policies: { main: policy }, grants: { agent: { servers: { exchange: 'main' } } }, extra,
  }, options);
  const lines = () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').filter(Boolean) : []);
  const pids = () => lines().filter(l => l.startsWith('pid ')).map(l => Number(l.slice(4)));
  return { gateway, lines, pids, open: (more = {}) => Session.open(gateway, { server: 'exchange', ...more }) };
}

test('allowed, denied, hidden, filtered', async t => {
  const { gateway, lines, open } = await childScene(t);
  const session = await open();
  const names = await session.toolNames();
  assert.ok(names.includes('get_ticker') && names.includes('cancel_order') && !names.includes('withdraw_funds'));
  assertAllowed(await session.call('get_ticker', { pair: 'XBTUSD' }), 'ticker XBTUSD 64000.1');
  assertDenied(await session.call('cancel_order', {}), { text: 'No.', rule: '/tools/cancel_order/action' });
  assertUnknownTool(await session.call('withdraw_funds', { amount: 1 }), 'withdraw_funds');
  assert.ok(!lines().some(l => /cancel_order|withdraw/.test(l)));
  await gateway.waitRows(toolRow('withdraw_funds', 'hidden'));
});

test('the modern era too', async t => {
  const { gateway } = await childScene(t);
  assertAllowed((await modern(gateway, 'exchange', 'tools/call', { name: 'get_ticker', arguments: { pair: 'ETH' } })).messages.at(-1), 'ticker ETH 64000.1');
  assertUnknownTool((await modern(gateway, 'exchange', 'tools/call', { name: 'withdraw_funds' })).messages.at(-1), 'withdraw_funds');
});

test('one process per session, and it ends with its session', async t => {
  const { gateway, pids, open } = await childScene(t);
  const [one, two] = [await open(), await open()];
  const pidOf = async session => Number((await session.call('get_pid')).result.content[0].text);
  const [first, second] = [await pidOf(one), await pidOf(two)];
  assert.notEqual(first, second);
  await exchange(gateway.port, 'DELETE', '/mcp/exchange', one.headers());
  await eventually(() => !alive(first), 'its process is gone');
  assert.ok(alive(second));
  assert.ok(pids().length >= 2);
});

test('share "server": one process for all sessions, ids do not mix', async t => {
  const { open } = await childScene(t, { server: { share: 'server' } });
  const sessions = await Promise.all([open(), open(), open()]);
  const pids = await Promise.all(sessions.map(s => s.call('get_pid')));
  assert.equal(new Set(pids.map(a => a.result.content[0].text)).size, 1);
  const answers = await Promise.all(sessions.flatMap((s, i) => Array.from({ length: 20 }, (_, n) => s.call('get_ticker', { pair: `${i}-${n}` }))));
  answers.forEach((a, k) => assertAllowed(a, `ticker ${Math.floor(k / 20)}-${k % 20} 64000.1`));
});

test('the environment of the program is what was configured, not the gateway’s', async t => {
  const { gateway, open } = await childScene(t, { env: { EXCHANGE_KEY: '${KEY_FOR_CHILD}' }, options: { env: { KEY_FOR_CHILD: 'child-secret-7', GATEWAY_ONLY: 'not for children' } } });
  const session = await open();
  const environment = JSON.parse((await session.call('get_environment')).result.content[0].text);
  assert.equal(environment.EXCHANGE_KEY, 'child-secret-7');
  assert.equal(environment.GATEWAY_ONLY, undefined);
  assert.equal(environment.KEY_FOR_CHILD, undefined);
  assert.ok(environment.PATH);
  assert.doesNotMatch(gateway.stderr + JSON.stringify(gateway.rows()), /child-secret-7/);
});

test('only standard streams are open in the program', async t => {
  const folder = scratch(t);
  const file = path.join(folder, 'fds');
  const script = `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(file)}, fs.readdirSync('/proc/self/fd').map(n => { try { return n + ' ' + fs.readlinkSync('/proc/self/fd/' + n); } catch { return n; } }).join('\\n')); await import(${JSON.stringify(CHILD)});`;
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, '--input-type=module', '-e', script] } },
    policies: { main: POLICY }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  assertAllowed(await (await Session.open(gateway)).call('get_ticker'));
  const leaked = fs.readFileSync(file, 'utf8').split('\n').filter(line => /decisions|sallyport\.json|\.policy\.json/.test(line));
  assert.deepEqual(leaked, []);
});

test('garbage lines on stdout are dropped, the answers still come', async t => {
  const { gateway, open } = await childScene(t, { env: { CHILD_GARBAGE: '1' } });
  const session = await open();
  for (let i = 0; i < 5; i++) assertAllowed(await session.call('get_ticker', { pair: String(i) }), `ticker ${i} 64000.1`);
  await gateway.waitLog(/exchange/);
});

for (const name of ['die_now', 'die_half_way']) {
  test(`${name}: the caller gets an error, the next call works or the session says 404`, async t => {
    const { gateway, open } = await childScene(t);
    const session = await open();
    const answer = await session.post({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name } });
    assert.ok(answer.status >= 400 || answer.messages.at(-1).error, answer.text);
    await gateway.waitRows(toolRow(name, 'failed'));
    const next = await session.post({ jsonrpc: '2.0', id: 10, method: 'tools/call', params: { name: 'get_ticker' } });
    if (next.status !== 404) assertAllowed(next.messages.at(-1));
    assertAllowed(await (await open()).call('get_ticker'), 'ticker - 64000.1');
  });
}

test('all calls in flight end when the program dies', async t => {
  const { open } = await childScene(t);
  const session = await open();
  const held = [1, 2, 3].map(id => session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'never_answer' } }));
  const death = session.post({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'die_now' } });
  for (const answer of await Promise.all([...held, death])) assert.ok(answer.status >= 400 || answer.messages.at(-1).error, answer.text);
});

test('closing the modern answer stream cancels on stdin', async t => {
  const { gateway, lines } = await childScene(t);
  const { modernHeaders, modernMessage } = await import('../lib/mcp.mjs');
  const { Raw, requestBytes } = await import('../lib/raw.mjs');
  const message = modernMessage(1, 'tools/call', { name: 'never_answer' });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/exchange', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  await eventually(() => lines().some(l => l.includes('never_answer')), 'the call arrives');
  raw.close();
  await eventually(() => lines().some(l => l.includes('notifications/cancelled')), 'the cancellation arrives');
});

test('a program that ignores SIGTERM and its end of input is killed', async t => {
  const { gateway, pids, open } = await childScene(t, { env: { CHILD_STUBBORN: '1' }, extra: { limits: { drain: '1s' } } });
  const session = await open();
  assertAllowed(await session.call('get_ticker'));
  const started = Date.now();
  await gateway.stop();
  assert.ok(Date.now() - started < 15000);
  assert.deepEqual(pids().filter(alive), []);
});

test('grandchildren do not outlive the gateway', async t => {
  const script = `import { spawn } from 'node:child_process'; spawn('sleep', ['300'], { stdio: 'ignore' }); await import(${JSON.stringify(CHILD)});`;
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, '--input-type=module', '-e', script] } },
    policies: { main: POLICY }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  assertAllowed(await (await Session.open(gateway)).call('get_ticker'));
  const family = descendants(gateway.child.pid);
  assert.ok(family.length >= 2, String(family));
  await gateway.stop();
  assert.deepEqual(family.filter(alive), []);
});

test('a command that cannot be started is a clear error, and the gateway lives on', async t => {
  const folder = scratch(t);
  const program = path.join(folder, 'gone');
  fs.writeFileSync(program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [program] } }, policies: { main: POLICY }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  await assert.rejects(Session.open(gateway), /initialize: \d+|error/);
  fs.rmSync(program);
  await assert.rejects(Session.open(gateway), /initialize: \d+|error/);
  assert.equal((await exchange(gateway.port, 'GET', '/healthz')).status, 200);
});

test('stderr of the program is not mixed into answers', async t => {
  const script = `console.error('noise on stderr'); await import(${JSON.stringify(CHILD)});`;
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, '--input-type=module', '-e', script] } },
    policies: { main: POLICY }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  const session = await Session.open(gateway);
  assertAllowed(await session.call('get_ticker'), 'ticker - 64000.1');
});

test('arguments are not run through a shell', async t => {
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, CHILD, '$(touch /tmp/sallyport-never)', '; exit 1', '`id`'] } },
    policies: { main: POLICY }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  assertAllowed(await (await Session.open(gateway)).call('get_ticker'));
  assert.equal(fs.existsSync('/tmp/sallyport-never'), false);
});
