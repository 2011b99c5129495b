// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fuse: a grant that runs away is paused, at once and for all workers; lists go on, other grants too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { FakeUpstream, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene } from '../lib/wire.mjs';

const TOOLS = ['echo', 'other', 'closed'].map(name => tool(name));
const policy = runaway => ({ version: '1', default: 'allow', tools: { closed: { action: 'deny', reason: 'Closed.' } }, runaway });
const PAUSED = /^\[POLICY DENIED\] This grant is paused, and every call of it is denied, until a person has looked at it: /;

for (const workers of [1, 2])
  test(`the call after the last identical one pauses the grant, with ${workers} workers`, async t => {
    const fake = await FakeUpstream.start(t, { tools: TOOLS });
    const gateway = await startGateway(t, {
      servers: { fake: { url: fake.url } }, policies: { main: policy({ identical_calls: { max: 5, window: 'minute' }, reason: 'it repeats itself' }) },
      grants: { agent: { servers: { fake: 'main' } }, second: { servers: { fake: 'main' } } }, extra: { workers },
    });
    const open = () => Session.open(gateway, { server: 'fake', label: 'agent' });
    const sessions = [await open(), await open(), await open()];
    // Whatever the order of keys and the form of numbers: these are one call.
    const same = ['{"a":1,"b":[2]}', '{"b":[2],"a":1}', '{"a":1.0,"b":[2]}', '{ "b" : [ 2e0 ], "a":1 }', '{"a":10e-1,"b":[2]}'];
    const send = (session, args, name = 'echo') => session.post(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"${name}","arguments":${args}}}`);
    for (let i = 0; i < 5; i++) assertAllowed((await send(sessions[i % 3], same[i])).messages[0]);
    for (let i = 0; i < 20; i++) assertAllowed((await send(sessions[i % 3], `{"a":${i + 2}}`)).messages[0]);
    assertAllowed((await send(sessions[0], same[0], 'other')).messages[0]);
    assertDenied((await send(sessions[1], same[1])).messages[0], { rule: '/runaway/identical_calls', text: PAUSED });
    const before = fake.calls().length;
    for (const session of [...sessions, await open()]) {
      assertDenied((await send(session, '{"fresh":true}', 'other')).messages[0], { rule: '(paused)', text: /until a person has looked at it: it repeats itself$/ });
      assert.equal((await session.request('tools/list')).result.tools.length, 3, 'lists still work');
    }
    assert.equal(fake.calls().length, before, 'nothing leaves');
    assertAllowed(await (await Session.open(gateway, { server: 'fake', label: 'second' })).call('echo', { a: 1, b: [2] }));
    const [row] = await gateway.waitRows(r => r.rule === '(paused)');
    assert.equal(row.outcome, 'denied');
  });

test('denials in a row pause the grant; a call that is allowed begins anew', async t => {
  const { open } = await scene(t, { policy: policy({ denials_in_a_row: 3 }), upstream: { tools: TOOLS } });
  const session = await open();
  const closed = () => session.call('closed', { n: Math.random() });
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 2; i++) assertDenied(await closed(), { rule: '/tools/closed/action', text: 'Closed.' });
    assertAllowed(await session.call('echo'));
  }
  for (let i = 0; i < 3; i++) assertDenied(await closed(), { rule: '/tools/closed/action', text: 'Closed.' });
  assertDenied(await session.call('echo'), { rule: '(paused)', text: /it: 3 denials in a row$/ });
});

test('a grant that only observes is never paused', async t => {
  const { open } = await scene(t, { policy: policy({ identical_calls: { max: 2, window: 'hour' }, denials_in_a_row: 2 }), upstream: { tools: TOOLS }, grant: { mode: 'observe' } });
  const session = await open();
  for (let i = 0; i < 6; i++) assertAllowed(await session.call('closed', { a: 1 }));
});

test('an agent in a loop, calls at the same time: no more than the maximum leave', async t => {
  const { fake, open } = await scene(t, { policy: policy({ identical_calls: { max: 10, window: 'minute' } }), upstream: { tools: TOOLS }, extra: { workers: 2 } });
  const sessions = await Promise.all(Array.from({ length: 6 }, () => open()));
  const answers = await Promise.all(sessions.flatMap(s => Array.from({ length: 10 }, () => s.call('echo', { loop: true }))));
  assert.equal(answers.filter(a => a.result.isError !== true).length, 10);
  assert.equal(fake.calls().length, 10);
});
