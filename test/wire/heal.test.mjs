// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client on a pipe cannot begin anew when its server restarts, so the gateway begins anew for it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY, sanitizerOptions, writeWhole } from '../lib/gateway.mjs';
import { modernMessage } from '../lib/mcp.mjs';
import { LIB, scratch } from '../lib/scratch.mjs';
import { Pipe } from '../lib/stdio.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied } from '../lib/wire.mjs';

const CHILD = path.join(LIB, 'child.mjs');
const POLICY = { version: '1', default: 'allow', tools: { get_balance: { rate_limit: { max: 1, window: 60 } } } };

function face(t, target) {
  const folder = scratch(t);
  const file = path.join(folder, 'main.json');
  const seen = path.join(folder, 'child.log');
  writeWhole(file, JSON.stringify(POLICY));
  const pipe = new Pipe(t, BINARY, ['run', '--policy', file, ...target], { env: { ...sanitizerOptions(), CHILD_LOG: seen }, cwd: folder });
  const lines = () => (fs.existsSync(seen) ? fs.readFileSync(seen, 'utf8').split('\n').filter(Boolean) : []);
  return { pipe, lines };
}
async function endsWell(pipe) {
  pipe.child.stdin.end();
  await pipe.exited;
  assert.deepEqual(pipe.exit, { code: 0, signal: null }, pipe.stderr);
  assert.doesNotMatch(pipe.stderr, /Sanitizer|runtime error/);
}

test('a program that died is started again and greeted before the next call', async t => {
  const { pipe, lines } = face(t, ['--', process.execPath, CHILD]);
  await pipe.open();
  const first = await pipe.call('get_pid');
  assert.ok((await pipe.call('die_now')).error);
  const second = await pipe.call('get_pid');
  assertAllowed(second);
  assert.notEqual(second.result.content[0].text, first.result.content[0].text);
  const life = lines().slice(lines().findLastIndex(l => l.startsWith('pid ')));
  assert.deepEqual(life.slice(1).map(l => JSON.parse(l).method), ['initialize', 'notifications/initialized', 'tools/call']);
  await endsWell(pipe);
});

test('a program that was started anew for the stateless era is greeted before the next call of the older one', async t => {
  const { pipe, lines } = face(t, ['--', process.execPath, CHILD]);
  await pipe.open();
  assert.ok((await pipe.call('die_now')).error);
  pipe.send(modernMessage('m', 'tools/call', { name: 'get_ticker', arguments: { pair: 'A' } }));
  assertAllowed(await pipe.answerTo('m'), 'ticker A 64000.1');
  const answers = await Promise.all([pipe.call('get_ticker', { pair: 'B' }), pipe.call('get_ticker', { pair: 'C' })]);
  assert.deepEqual(answers.map(a => a.result.content[0].text), ['ticker B 64000.1', 'ticker C 64000.1']);
  pipe.send(modernMessage('n', 'tools/call', { name: 'get_ticker', arguments: { pair: 'D' } }));
  assertAllowed(await pipe.answerTo('n'), 'ticker D 64000.1');
  const life = lines().slice(lines().findLastIndex(l => l.startsWith('pid ')));
  assert.deepEqual(life.slice(1).map(l => JSON.parse(l).method).filter(m => m !== 'server/discover'), ['tools/call', 'initialize', 'notifications/initialized', 'tools/call', 'tools/call', 'tools/call']);
  await endsWell(pipe);
});

test('calls that wait for the new program are all answered, and charged once', async t => {
  const { pipe } = face(t, ['--', process.execPath, CHILD]);
  await pipe.open();
  assert.ok((await pipe.call('die_now')).error);
  const answers = await Promise.all([pipe.call('get_ticker', { pair: 'A' }), pipe.call('get_balance'), pipe.call('get_ticker', { pair: 'B' })]);
  assertAllowed(answers[0], 'ticker A 64000.1');
  assertAllowed(answers[1]);
  assertAllowed(answers[2], 'ticker B 64000.1');
  assertDenied(await pipe.call('get_balance'), { rule: '/tools/get_balance/rate_limit', policy: 'policy', retryAfter: [1, 60] });
  await endsWell(pipe);
});

test('a session that the server forgot is begun anew over HTTP', async t => {
  const fake = await FakeUpstream.start(t);
  const { pipe } = face(t, ['--url', fake.url]);
  await pipe.open();
  assertAllowed(await pipe.call('echo', { n: 1 }));
  fake.sessions.clear();
  assertAllowed(await pipe.call('echo', { n: 2 }));
  assert.equal(fake.of('initialize').length, 2);
  assertAllowed(await pipe.call('echo', { n: 3 }));
  assert.equal(fake.of('initialize').length, 2);
  await endsWell(pipe);
});

test('a batch of 2025-03-26 on a pipe: each member is judged and answered by itself', async t => {
  const { pipe } = face(t, ['--', process.execPath, CHILD]);
  await pipe.open({ version: '2025-03-26' });
  pipe.write(JSON.stringify([
    { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'get_balance' } },
    { jsonrpc: '2.0', id: 'b', method: 'tools/call', params: { name: 'get_balance' } },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } },
  ]) + '\n');
  assertAllowed(await pipe.answerTo('a'));
  assertDenied(await pipe.answerTo('b'), { rule: '/tools/get_balance/rate_limit', policy: 'policy', retryAfter: [1, 60] });
  await endsWell(pipe);
});
