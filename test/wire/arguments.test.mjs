// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Values of arguments in the decision log: none unless somebody wants them, and then not what the rules take out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';
import { HttpCollector } from '../lib/collectors.mjs';
import { BINARY } from '../lib/gateway.mjs';
import { modern } from '../lib/mcp.mjs';
import { scene, toolRow } from '../lib/wire.mjs';

const SECRET = 'hunter2-' + 'q'.repeat(20);
const policy = { version: '1', default: 'allow', prompts: { default: 'allow' }, tools: { add: { action: 'deny', reason: 'no' } } };
const isCall = row => row.method === 'tools/call';

test('without the option no value is ever written', async t => {
  const { gateway, open } = await scene(t, { policy });
  const session = await open();
  await session.call('echo', { x: 'a value', password: SECRET });
  await gateway.waitRows(isCall);
  assert.doesNotMatch(fs.readFileSync(gateway.logFile, 'utf8'), /a value|hunter2|"arguments"/);
});

test('values that the rules leave, of calls of both eras, denied ones and prompts too', async t => {
  const collector = await HttpCollector.start(t);
  const extra = {
    decision_log_arguments: { names: ['*_id'], paths: ['args.deep[*].x'], patterns: ['\\b\\d{4}-\\d{4}\\b'], max_value_bytes: 32, max_bytes: 512 },
    decision_log_sinks: [{ name: 'otel', kind: 'otlp', url: collector.url, from: 'oldest' }],
  };
  const { gateway, open } = await scene(t, { policy, extra });
  const session = await open();
  const args = { pair: 'XBTUSD', volume: 1.50, Customer_ID: 77, deep: [{ x: 1, y: 2 }], card: 'no 1234-5678 ok', password: SECRET, body: JSON.stringify({ user_id: 1, pass: 'x' }), long: 'ä'.repeat(40), 'a"b\n': null };
  const seen = { pair: 'XBTUSD', volume: 1.5, Customer_ID: '[redacted]', deep: [{ x: '[redacted]', y: 2 }], card: 'no [redacted] ok', password: '[redacted]', body: '{"user_id":"[redacted]","pass":"x"}', long: 'ä'.repeat(16) + '… [80 bytes in all]', 'a"b\n': null };
  seen.body = seen.body.slice(0, 32) + '… [35 bytes in all]';
  await session.call('echo', args);
  await session.call('add', args);
  await session.call('echo', { big: ['x'.repeat(30), ...Array(40).fill('y'.repeat(30))], small: 1 });
  await session.call('echo', {});
  await session.call('echo');
  await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { n: 1 } });
  await session.request('prompts/get', { name: 'greet', arguments: { who: 'me', user_id: '7' } });
  const rows = await gateway.waitRows(isCall, 6);
  assert.deepEqual(rows.map(row => row.arguments), [seen, seen, { small: 1 }, {}, undefined, { n: 1 }]);
  assert.deepEqual(rows.map(row => row.arguments_left_out), [undefined, undefined, 1, undefined, undefined, undefined]);
  assert.deepEqual(rows.map(row => row.outcome), ['allowed', 'denied', 'allowed', 'allowed', 'allowed', 'allowed']);
  const [prompt] = await gateway.waitRows(row => row.method === 'prompts/get');
  assert.deepEqual(prompt.arguments, { who: 'me', user_id: '[redacted]' });
  await gateway.stop();
  const text = fs.readFileSync(gateway.logFile, 'utf8');
  assert.doesNotMatch(text + gateway.stderr, /hunter2|1234-5678/);

  // It is a row like any other: verified, exported, sent on.
  const run = (...command) => spawnSync(BINARY, command, { encoding: 'utf8' });
  assert.equal(run('audit', 'verify', gateway.logFile, '--key', gateway.logFile + '.key.pub').status, 0);
  const csv = run('audit', 'export', gateway.logFile, '--format', 'csv').stdout;
  assert.match(csv, /,argument_keys_total,arguments,arguments_left_out,/);
  assert.ok(csv.includes(',"{""small"":1}",1,'));
  const records = collector.taken.flatMap(body => JSON.parse(body).resourceLogs[0].scopeLogs[0].logRecords);
  const sent = records.find(({ attributes }) => attributes.some(a => a.value.stringValue === 'add')).attributes.find(a => a.key === 'sallyport.arguments').value.kvlistValue.values;
  assert.deepEqual(sent[0], { key: 'pair', value: { stringValue: 'XBTUSD' } });
  assert.deepEqual(sent[1], { key: 'volume', value: { doubleValue: 1.5 } });
});

test('rules that cost too much show nothing, and hold up nobody for long', async t => {
  const { gateway, open } = await scene(t, { policy, extra: { decision_log_arguments: { patterns: ['(a+)+[bc]', '(x|xx)+[yz]'], max_bytes: 65536 } } });
  const session = await open();
  const hard = 'a'.repeat(30000) + ' c'; // without one of its last characters nothing is tried at all
  const begin = Date.now();
  await session.call('echo', { hard, harder: Array(8).fill('x'.repeat(20000) + ' z'), last: 'fine' });
  assert.ok(Date.now() - begin < 3000);
  const [row] = await gateway.waitRows(toolRow('echo'));
  assert.equal(row.arguments.hard, '[redacted]');
  assert.ok(row.arguments.harder.includes('[redacted]'));
  assert.doesNotMatch(JSON.stringify(row), /aaaaaaaa|xxxxxxxx/);
});

test('of a great many arguments the first are written', async t => {
  const { gateway, open } = await scene(t, { policy, extra: { decision_log_arguments: { patterns: ['(a+)+[bc]', '\\d{9}'], max_bytes: 65536 } } });
  const session = await open();
  const many = length => Object.fromEntries(Array.from({ length }, (_, i) => ['k' + i, i]));
  await session.call('echo', many(200000));
  await session.call('echo', { nested: many(100000), list: Array(200000).fill(1), texts: Array(100000).fill('aaa') });
  const [first, second] = await gateway.waitRows(toolRow('echo'), 2);
  assert.ok(first.arguments_left_out >= 199000);
  assert.equal(first.arguments_left_out + Object.keys(first.arguments).length, 200000);
  assert.equal((second.arguments_left_out ?? 0) + Object.keys(second.arguments).length, 3);
});

test('mistakes in the rules are told with their place', async t => {
  const { gateway } = await scene(t);
  gateway.configure({ ...gateway.setup, extra: { decision_log_arguments: { names: [''], patterns: ['('] } } });
  gateway.signal('SIGHUP');
  await gateway.waitLog(/sallyport\.json:\d+:\d+: error: a name has 1 to 128 bytes/);
  await gateway.waitLog(/sallyport\.json:\d+:\d+: error: wrong regular expression, at character 2/);
});
