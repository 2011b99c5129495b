// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The stdio face: `sallyport run` in front of a program or a URL, `sallyport connect` to a gateway elsewhere.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY, sanitizerOptions, writeWhole } from '../lib/gateway.mjs';
import { modernMessage } from '../lib/mcp.mjs';
import { alive, descendants, eventually, LIB, scratch } from '../lib/scratch.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { FakeUpstream, MODERN } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, scene } from '../lib/wire.mjs';

const CHILD = path.join(LIB, 'child.mjs');
const POLICY = { version: '1', default: 'allow', hide: ['withdraw_*'], tools: { cancel_order: { action: 'deny', reason: 'No.' }, get_balance: { rate_limit: { max: 2, window: 60 } } } };

function face(t, { policy = POLICY, flags = [], target = ['--', process.execPath, CHILD], env = {} } = {}) {
  const folder = scratch(t);
  const file = path.join(folder, 'main.json');
  writeWhole(file, JSON.stringify(policy));
  const log = path.join(folder, 'decisions.jsonl');
  const pipe = new Pipe(t, BINARY, ['run', '--policy', file, '--decision-log', log, ...flags, ...target], { env: { ...sanitizerOptions(), ...env }, cwd: folder });
  const rows = () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n').filter(Boolean).map(l => JSON.parse(l)) : []);
  return { pipe, file, rows };
}
async function endsWell(pipe) {
  const family = descendants(pipe.child.pid);
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  await eventually(() => family.every(pid => !alive(pid)), 'no child is left');
  assert.doesNotMatch(pipe.stderr, /Sanitizer|runtime error/);
}

test('run: allowed, denied, hidden, limited, filtered; ends with its input', async t => {
  const { pipe, rows } = face(t);
  await pipe.open();
  assert.equal(pipe.initialize.result.serverInfo.name, 'fake-exchange');
  const names = await pipe.toolNames();
  assert.ok(names.includes('get_ticker') && !names.includes('withdraw_funds'));
  assertAllowed(await pipe.call('get_ticker', { pair: 'XBT' }), 'ticker XBT 64000.1');
  assertDenied(await pipe.call('cancel_order', {}), { text: 'No.', rule: '/tools/cancel_order/action', policy: 'policy' });
  assertUnknownTool(await pipe.call('withdraw_funds', {}), 'withdraw_funds');
  assertAllowed(await pipe.call('get_balance'));
  assertAllowed(await pipe.call('get_balance'));
  assertDenied(await pipe.call('get_balance'), { rule: '/tools/get_balance/rate_limit', policy: 'policy', retryAfter: [1, 60] });
  await endsWell(pipe);
  assert.deepEqual(rows().filter(r => r.method === 'tools/call').map(r => r.outcome), ['allowed', 'denied', 'hidden', 'allowed', 'allowed', 'denied']);
});

test('run: the modern era on the same pipe', async t => {
  const { pipe } = face(t);
  pipe.send(modernMessage(1, 'server/discover'));
  assert.ok((await pipe.answerTo(1)).result.supportedVersions.includes(MODERN));
  pipe.send(modernMessage(2, 'tools/call', { name: 'get_ticker', arguments: { pair: 'ETH' } }));
  assertAllowed(await pipe.answerTo(2), 'ticker ETH 64000.1');
  pipe.send(modernMessage(3, 'tools/call', { name: 'withdraw_funds' }));
  assertUnknownTool(await pipe.answerTo(3), 'withdraw_funds');
  await endsWell(pipe);
});

test('run: without a policy everything is denied', async t => {
  const pipe = new Pipe(t, BINARY, ['run', '--', process.execPath, CHILD], { env: sanitizerOptions() });
  assert.ok((await pipe.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } })).error);
  assert.ok((await pipe.call('get_ticker')).error ?? true);
  await endsWell(pipe);
});

test('run: a URL in place of a program, with a header from the environment', async t => {
  const fake = await FakeUpstream.start(t);
  const { pipe } = face(t, { target: ['--url', fake.url, '--header', 'Authorization: Bearer ${KEY}'], env: { KEY: 'from-env' } });
  await pipe.open();
  assertAllowed(await pipe.call('echo', { a: 1 }), '{"a":1}');
  assert.equal(fake.calls()[0].headers.authorization, 'Bearer from-env');
  await endsWell(pipe);
});

test('run: a policy edit holds from the next call on', async t => {
  const { pipe, file } = face(t);
  await pipe.open();
  assertAllowed(await pipe.call('get_ticker'));
  writeWhole(file, JSON.stringify({ version: '1', default: 'deny' }));
  await eventually(async () => (await pipe.call('get_ticker')).result?.isError, 'denied after the edit');
  await endsWell(pipe);
});

test('run: --observe blocks nothing', async t => {
  const { pipe, rows } = face(t, { flags: ['--observe'] });
  await pipe.open();
  assertAllowed(await pipe.call('cancel_order', { txid: 'A' }), 'cancelled A');
  await endsWell(pipe);
  assert.ok(rows().some(r => r.subject === 'cancel_order' && r.outcome === 'observed'));
});

test('run: lines that are not strict JSON or not MCP never reach the program', async t => {
  const log = path.join(scratch(t), 'child.log');
  const { pipe } = face(t, { env: { CHILD_LOG: log } });
  await pipe.open();
  const lines = ['{', 'hello', '[]', '{"jsonrpc":"2.0","id":50,"method":"tools/call","params":{"name":"get_ticker","name":"withdraw_funds"}}',
    '{"jsonrpc":"2.0","id":51,"method":"tools/call","params":{"Name":"withdraw_funds","name":"get_ticker"}}', '\ufeff{"jsonrpc":"2.0","id":52,"method":"tools/call","params":{"name":"withdraw_funds"}}',
    '{"jsonrpc":"2.0","id":53,"method":"tools/call","params":{"name":"withdr\\u0061w_funds"}}'];
  pipe.write(lines.join('\n') + '\n');
  assertAllowed(await pipe.call('get_ticker'), 'ticker - 64000.1');
  assert.doesNotMatch(fs.readFileSync(log, 'utf8'), /withdr/);
  assert.ok(!pipe.messages.some(m => m.result && [50, 51, 52, 53].includes(m.id)));
  await endsWell(pipe);
});

test('run: one message in single bytes, many in one write', async t => {
  const { pipe } = face(t);
  await pipe.open();
  for (const byte of Buffer.from('{"jsonrpc":"2.0","id":60,"method":"ping"}\n')) { pipe.write(Buffer.from([byte])); await new Promise(setImmediate); }
  assert.deepEqual((await pipe.answerTo(60)).result, {});
  pipe.write(Array.from({ length: 50 }, (_, i) => JSON.stringify({ jsonrpc: '2.0', id: 100 + i, method: 'tools/call', params: { name: 'get_ticker', arguments: { pair: String(i) } } }) + '\n').join(''));
  for (let i = 0; i < 50; i++) assertAllowed(await pipe.answerTo(100 + i), `ticker ${i} 64000.1`);
  await endsWell(pipe);
});

test('run: the end of input lets what was asked be answered', async t => {
  const { pipe } = face(t);
  await pipe.open();
  pipe.send({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'get_ticker' } });
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  assertAllowed(pipe.messages.find(m => m.id === 70), 'ticker - 64000.1');
});

test('run: a program that dies is reported for every call in flight, and the face goes on', async t => {
  const { pipe } = face(t);
  await pipe.open();
  pipe.send({ jsonrpc: '2.0', id: 80, method: 'tools/call', params: { name: 'never_answer' } });
  assert.ok((await pipe.call('die_now')).error);
  assert.ok((await pipe.answerTo(80)).error);
  await endsWell(pipe);
});

test('run: a stubborn program is ended too', async t => {
  const { pipe } = face(t, { env: { CHILD_STUBBORN: '1' } });
  await pipe.open();
  const started = Date.now();
  await endsWell(pipe);
  assert.ok(Date.now() - started < 20000);
});

test('run: SIGTERM ends the face and its program', async t => {
  const { pipe } = face(t);
  await pipe.open();
  const family = descendants(pipe.child.pid);
  assert.ok(family.length >= 1);
  pipe.child.kill('SIGTERM');
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  await eventually(() => family.every(pid => !alive(pid)), 'no child is left');
});

test('run: a broken policy or a missing program is said at once, on stderr', async t => {
  const folder = scratch(t);
  writeWhole(path.join(folder, 'p.json'), '{"version":"1"}');
  for (const args of [['run', '--policy', path.join(folder, 'p.json'), '--', process.execPath, CHILD], ['run', '--policy', path.join(folder, 'none.json'), '--', process.execPath, CHILD], ['run']]) {
    const pipe = new Pipe(t, BINARY, args, { env: sanitizerOptions() });
    await pipe.exited;
    assert.equal(pipe.exit.code, 2, args.join(' ') + pipe.stderr);
    assert.notEqual(pipe.stderr, '');
    assert.deepEqual(pipe.lines, []);
  }
});

test('connect: a gateway elsewhere, its policy decides', async t => {
  const { gateway, fake } = await scene(t, { policy: { version: '1', default: 'allow', hide: ['echo'] } });
  const pipe = new Pipe(t, BINARY, ['connect', gateway.url('fake'), '--token-env', 'TOKEN'], { env: { TOKEN: gateway.tokens.agent, ...sanitizerOptions() } });
  await pipe.open();
  assert.deepEqual(await pipe.toolNames(), []);
  assertUnknownTool(await pipe.call('echo'), 'echo');
  assert.equal(fake.calls().length, 0);
  await endsWell(pipe);
});

test('connect: a wrong token is an error for the client, not silence', async t => {
  const { gateway } = await scene(t);
  const pipe = new Pipe(t, BINARY, ['connect', gateway.url('fake'), '--token-env', 'TOKEN'], { env: { TOKEN: 'sp_' + 'x'.repeat(43), ...sanitizerOptions() } });
  const answer = await pipe.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } });
  assert.ok(answer.error || answer.gone?.code > 0, JSON.stringify(answer));
});

test('run: words behind the command are the command’s own, also --header', async t => {
  const { pipe } = face(t, { target: [process.execPath, CHILD, '--header', 'X: y'] });
  await pipe.open();
  assertAllowed(await pipe.call('get_ticker', { pair: 'XBT' }), 'ticker XBT 64000.1');
  await endsWell(pipe);
});

test('run before HTTP: a server without a stream of its own may refuse it in any words', async t => {
  const fake = await FakeUpstream.start(t, { onGet: c => c.error(-32000, 'Method not allowed.', undefined, 405) });
  const { pipe } = face(t, { target: ['--url', fake.url] });
  await pipe.open();
  await eventually(() => fake.requests.some(r => r.method === 'GET'), 'the stream is asked for');
  assertAllowed(await pipe.call('echo', { a: 1 }), '{"a":1}');
  assert.deepEqual(pipe.messages.filter(m => m.id === null || m.id === undefined), []);
  await endsWell(pipe);
});
