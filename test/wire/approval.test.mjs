// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A person's approval on the way of a call: held, pending, decided, run once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asking, approve, deny, held, pendingId, question } from '../lib/asking.mjs';
import { exchange, requestBytes, Raw } from '../lib/raw.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const ran = (fake, count) => assert.equal(fake.calls().length, count, JSON.stringify(fake.calls().map(c => c.message.params)));

test('a held call runs when a person says yes, once, and its row names the question', async t => {
  const { gateway, api, fake, session } = await asking(t);
  const { raw, id } = await held(session, api, 'pay', { amount: 12.5, to: 'x' });
  assert.equal((await raw.headRead).headers['content-type'], 'text/event-stream');
  ran(fake, 0);
  const shown = (await api.must(200, 'GET', '/approvals/' + id)).body;
  assert.deepEqual([shown.tool, shown.arguments, shown.state, shown.server_name ?? shown.server], ['pay', { amount: 12.5, to: 'x' }, 'asked', shown.server_name ?? shown.server]);
  await approve(api, id);
  assert.equal((await raw.answer()).result.content[0].text, '{"amount":12.5,"to":"x"}');
  ran(fake, 1);
  assert.equal((await question(api, id)).state, 'ran');
  const [row] = await gateway.waitRows(r => r.method === 'tools/call');
  assert.deepEqual([row.outcome, row.approval, row.rule], ['allowed', id, '/tools/pay/action']);
  // The same call again asks again.
  const again = await held(session, api, 'pay', { amount: 12.5, to: 'x' });
  assert.notEqual(again.id, id);
  await deny(api, again.id);
  const denied = await again.raw.answer();
  assert.equal(denied.result.isError, true);
  assert.match(denied.result.content[0].text, /^\[POLICY DENIED\] .*not approved/);
  assert.equal(denied.result._meta['sallyport/decision'].approval, again.id);
  // And a retry meets that decision, without a new question.
  const retry = await session.call('pay', { to: 'x', amount: 12.5 });
  assert.equal(retry.result.content[0].text, denied.result.content[0].text);
  ran(fake, 1);
});

test('when nobody decides in time the agent hears so, and its retry meets the decision', async t => {
  const { gateway, api, fake, session } = await asking(t, { approval: { wait: '1s' } });
  const first = await session.call('pay', { a: 1 });
  const id = pendingId(first);
  assert.equal(first.result._meta['sallyport/decision'].outcome, 'pending');
  assert.ok(first.result._meta['sallyport/decision'].retryAfter > 0);
  const [row] = await gateway.waitRows(r => r.outcome === 'pending');
  assert.equal(row.approval, id);
  assert.equal(pendingId(await session.call('pay', { a: 1 })), id, 'identical questions are one');
  assert.notEqual(pendingId(await session.call('pay', { a: 2 })), id, 'other arguments are another');
  await approve(api, id);
  ran(fake, 0);
  // Another spelling of the same arguments, in another session.
  const other = await Session.open(gateway, { label: 'agent', server: 'files' });
  const answer = await other.request('tools/call', { arguments: JSON.parse('{"a":1.0e0}'), name: 'pay' });
  assert.equal(answer.result.content[0].text, '{"a":1}');
  ran(fake, 1);
});

test('number form and the order of keys make no difference; spellings of Unicode do', async t => {
  const { session } = await asking(t, { approval: { wait: '1s' } });
  const send = args => session.post(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"pay","arguments":${args}}}`).then(a => pendingId(a.messages.find(m => m.id === 7)));
  const one = await send('{"a":1,"b":"\\u00e9"}');
  assert.equal(await send('{"b":"é","a":1.0}'), one);
  assert.equal(await send('{"b":"\\u00E9", "a":10e-1}'), one);
  assert.notEqual(await send('{"a":1,"b":"e\\u0301"}'), one);
  assert.notEqual(await send('{"a":"1","b":"é"}'), one);
  assert.notEqual(await send('{"a":1,"b":"é","c":null}'), one);
});

test("an approval is its own grant's alone", async t => {
  const { gateway, api, fake, session, grant } = await asking(t, { approval: { wait: '1s' } });
  await grant('thief');
  const thief = await Session.open(gateway, { label: 'thief', server: 'files' });
  const mine = pendingId(await session.call('pay', { a: 1 }));
  const theirs = pendingId(await thief.call('pay', { a: 1 }));
  assert.notEqual(mine, theirs);
  await approve(api, mine);
  assert.equal(pendingId(await thief.call('pay', { a: 1 })), theirs);
  ran(fake, 0);
  assert.equal((await session.call('pay', { a: 1 })).result.content[0].text, '{"a":1}');
  ran(fake, 1);
});

test('a policy that changed in between is what counts', async t => {
  const { api, fake, session, publish, document } = await asking(t, { approval: { wait: '1s' } });
  const id = pendingId(await session.call('pay', { a: 1 }));
  await approve(api, id);
  await publish({ ...document, tools: { pay: { action: 'deny', reason: 'No more.' } } });
  assert.match((await session.call('pay', { a: 1 })).result.content[0].text, /^\[POLICY DENIED\] No more\./);
  // It asks again, but by another version: what was approved is not good for that.
  await publish({ ...document, description: 'another' });
  const next = pendingId(await session.call('pay', { a: 1 }));
  assert.notEqual(next, id);
  assert.equal((await question(api, id)).state, 'overtaken');
  ran(fake, 0);
  await publish({ ...document, tools: { pay: {} } });
  assert.equal((await session.call('pay', { a: 1 })).result.content[0].text, '{"a":1}');
  ran(fake, 1);
});

test('a held call is judged by the policy of the moment at which it runs', async t => {
  const { api, fake, session, publish, document } = await asking(t);
  const first = await held(session, api, 'pay', { a: 1 });
  await publish({ ...document, tools: { pay: { action: 'deny', reason: 'No more.' } } });
  await approve(api, first.id);
  assert.match((await first.raw.answer()).result.content[0].text, /^\[POLICY DENIED\] No more\./);
  await eventually(async () => (await question(api, first.id)).state === 'overtaken', () => 'it is overtaken');
  ran(fake, 0);
});

test('a client that goes away or cancels withdraws what it alone waits for', async t => {
  const { api, fake, session } = await asking(t);
  const first = await held(session, api, 'pay', { a: 1 });
  first.raw.close();
  await eventually(async () => (await question(api, first.id)).state === 'withdrawn', () => 'it is withdrawn');
  const refused = await api.call('POST', `/approvals/${first.id}/approve`, {});
  assert.equal(refused.status, 409);
  const second = await held(session, api, 'pay', { a: 1 });
  assert.notEqual(second.id, first.id);
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: second.request } });
  await eventually(async () => (await question(api, second.id)).state === 'withdrawn', () => 'it is withdrawn');
  // Two wait for one question: it stands as long as one of them does.
  const third = await held(session, api, 'pay', { a: 1 });
  const fourth = await held(session, api, 'pay', { a: 1 });
  assert.equal(third.id, fourth.id);
  third.raw.close();
  await approve(api, fourth.id);
  assert.equal((await fourth.raw.answer()).result.content[0].text, '{"a":1}');
  ran(fake, 1);
  assert.equal(fake.of('notifications/cancelled').length, 0, 'the server never heard of it');
});

for (const workers of [1, 2])
  test(`of two calls that wait for one question one runs (${workers} workers)`, async t => {
    const { gateway, api, fake, session } = await asking(t, { workers });
    const others = [session, await Session.open(gateway, { label: 'agent', server: 'files' }), await Session.open(gateway, { label: 'agent', server: 'files' })];
    for (let round = 0; round < 5; round++) {
      const waiting = [];
      for (const one of others) waiting.push(await held(one, api, 'pay', { round }));
      assert.equal(new Set(waiting.map(w => w.id)).size, 1);
      await approve(api, waiting[0].id);
      const answers = waiting.map(w => w.raw.answer());
      const first = await Promise.race(answers.map(async (answer, i) => ({ i, answer: await answer })));
      assert.equal(first.answer.result.content[0].text, `{"round":${round}}`);
      // The others ask anew.
      const next = await eventually(async () => (await api.must(200, 'GET', '/approvals?state=asked')).body.items[0], () => 'a new question');
      ran(fake, round + 1);
      await deny(api, next.id);
      for (const [i, answer] of answers.entries())
        if (i !== first.i) assert.match((await answer).result.content[0].text, /not approved/);
    }
    ran(fake, 5);
  });

test('a flood of questions is denied, not queued', async t => {
  const { session, api } = await asking(t, { approval: { wait: '1s' }, extra: { approvals: { open_per_grant: 3 } } });
  for (let i = 0; i < 3; i++) pendingId(await session.call('pay', { i }));
  for (let i = 3; i < 6; i++) assert.match((await session.call('pay', { i })).result.content[0].text, /^\[POLICY DENIED\] .*Too many/);
  const open = (await api.must(200, 'GET', '/approvals?state=asked')).body.items;
  assert.equal(open.length, 3);
  await deny(api, open[0].id);
  pendingId(await session.call('pay', { i: 9 }));
});

test('an approver who may not approve any more does not count', async t => {
  const { session, api, fake, member } = await asking(t, { approval: { wait: '1s' } });
  const bob = await member('bob@example.com', 'policy_manager');
  const id = pendingId(await session.call('pay', { a: 1 }));
  assert.equal((await bob.call('POST', `/approvals/${id}/approve`, {})).status, 200);
  await bob.set({ role: 'viewer' });
  const next = pendingId(await session.call('pay', { a: 1 }));
  assert.notEqual(next, id);
  assert.equal((await question(api, id)).state, 'overtaken');
  ran(fake, 0);
});

test('a question that expires is denied once, and asked again after that', async t => {
  const { session, api, fake } = await asking(t, { approval: { wait: '1s', expires: '3s' } });
  const id = pendingId(await session.call('pay', { a: 1 }));
  await eventually(async () => (await question(api, id)).state === 'expired', () => 'it expires');
  assert.equal((await api.call('POST', `/approvals/${id}/approve`, {})).status, 409);
  assert.match((await session.call('pay', { a: 1 })).result.content[0].text, /not approved/);
  assert.notEqual(pendingId(await session.call('pay', { a: 1 })), id);
  ran(fake, 0);
});

test('questions and answers outlive kill -9; what was approved runs once, whenever it happens', async t => {
  const { gateway, api, fake, session } = await asking(t, { approval: { wait: '1s' } });
  const asked = pendingId(await session.call('pay', { a: 1 })), approved = pendingId(await session.call('pay', { a: 2 })), denied = pendingId(await session.call('pay', { a: 3 }));
  await approve(api, approved);
  await deny(api, denied);
  gateway.child.kill('SIGKILL');
  await gateway.exited;
  gateway.stderr = ''; gateway.exit = undefined;
  await gateway.start({ args: gateway.args });
  api.port = gateway.port;
  const anew = await Session.open(gateway, { label: 'agent', server: 'files' });
  assert.equal(pendingId(await anew.call('pay', { a: 1 })), asked);
  assert.match((await anew.call('pay', { a: 3 })).result.content[0].text, /not approved/);
  assert.equal((await anew.call('pay', { a: 2 })).result.content[0].text, '{"a":2}');
  ran(fake, 1);
  assert.notEqual(pendingId(await anew.call('pay', { a: 2 })), approved);
  await approve(api, asked);
  assert.equal((await anew.call('pay', { a: 1 })).result.content[0].text, '{"a":1}');
  ran(fake, 2);
});

test('an exception lets the same call run without a question, so often and no more', async t => {
  const { gateway, api, fake, session } = await asking(t, { approval: { wait: '1s' } });
  const id = pendingId(await session.call('pay', { a: 1 }));
  await api.must(200, 'POST', `/approvals/${id}/approve`, { exception: { minutes: 15, uses: 3 } });
  for (let i = 0; i < 3; i++) assert.equal((await session.call('pay', { a: 1 })).result.content[0].text, '{"a":1}');
  ran(fake, 3);
  pendingId(await session.call('pay', { a: 1 }));
  pendingId(await session.call('pay', { a: 2 }));
  ran(fake, 3);
  const rows = await gateway.waitRows(r => r.outcome === 'allowed' && r.method === 'tools/call', 3);
  assert.deepEqual(rows.map(r => r.approval.slice(0, 4)).sort(), ['apr_', 'exc_', 'exc_']);
});

test('a client that takes no stream is held without a byte, one of 2026-07-28 on its stream', async t => {
  const { gateway, api, fake, session } = await asking(t, { approval: { wait: '20s' } });
  const raw = await Raw.connect(gateway.port);
  const headers = { ...session.headers(), Accept: 'application/json' };
  raw.write(requestBytes('POST', session.target, headers, JSON.stringify({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'pay', arguments: { j: 1 } } }), gateway.port));
  const silent = await eventually(async () => (await api.must(200, 'GET', '/approvals?state=asked')).body.items[0], () => 'a question');
  assert.equal(raw.buffer.length, 0);
  await approve(api, silent.id);
  const head = await raw.head();
  assert.match(head.headers['content-type'], /json/);
  raw.close();
  const answered = modern(gateway, 'files', 'tools/call', { name: 'pay', arguments: { m: 1 } }, { label: 'agent' });
  const next = await eventually(async () => (await api.must(200, 'GET', '/approvals?state=asked')).body.items[0], () => 'a question');
  await approve(api, next.id);
  assert.equal((await answered).messages.at(-1).result.content[0].text, '{"m":1}');
  ran(fake, 2);
});

test('an observed grant asks nobody', async t => {
  const { gateway, api, session } = await asking(t, { mode: 'observe' });
  assert.equal((await session.call('pay', { a: 1 })).result.content[0].text, '{"a":1}');
  assert.deepEqual((await api.must(200, 'GET', '/approvals')).body.items, []);
  const [row] = await gateway.waitRows(r => r.outcome === 'observed');
  assert.match(row.reason, /A person would be asked/);
});

test('a revoked grant runs nothing that was approved', async t => {
  const { api, fake, session, id: grant } = await asking(t);
  const first = await held(session, api, 'pay', { a: 1 });
  await api.must(200, 'POST', `/grants/${grant}/revoke`, undefined, { 'If-Match': '*' });
  await approve(api, first.id);
  await first.raw.answer().then(a => assert.match(JSON.stringify(a), /ended/), () => {});
  ran(fake, 0);
});

for (const kept of ['not at all', 'for a while'])
  test(`what was asked with a token that is replaced, the old one good ${kept}`, async t => {
    const { gateway, api, fake, session, id: grant } = await asking(t);
    const first = await held(session, api, 'pay', { a: 1 });
    const { body: { token } } = await api.must(200, 'POST', `/grants/${grant}/rotate`, { overlap_seconds: kept === 'for a while' ? 300 : 0 }, { 'If-Match': '*' });
    await approve(api, first.id);
    const { result } = await first.raw.answer();
    if (kept === 'for a while') return assert.equal(result.content[0].text, '{"a":1}');
    assert.match(result.content[0].text, /^\[POLICY DENIED\] The token of this call was replaced/);
    assert.equal(result._meta['sallyport/decision'].rule, '(token ended)');
    ran(fake, 0);
    await eventually(async () => (await question(api, first.id)).state === 'overtaken', () => 'it is overtaken');
    gateway.tokens.agent = token;
    const anew = await Session.open(gateway, { label: 'agent', server: 'files' });
    const second = await held(anew, api, 'pay', { a: 2 });
    await approve(api, second.id);
    assert.equal((await second.raw.answer()).result.content[0].text, '{"a":2}');
  });

test('a grant that is paused while its call waits runs nothing', async t => {
  const { gateway, api, fake, session, document, publish } = await asking(t);
  await publish({ ...document, runaway: { denials_in_a_row: 3 }, tools: { ...document.tools, echo: { action: 'deny' } } });
  const other = await Session.open(gateway, { label: 'agent', server: 'files' });
  const first = await held(session, api, 'pay', { a: 1 });
  for (let i = 0; i < 3; i++) await other.call('echo', { i });
  assert.match((await other.call('echo', { i: 9 })).result.content[0].text, /paused/);
  await approve(api, first.id);
  assert.match((await first.raw.answer()).result.content[0].text, /paused/);
  ran(fake, 0);
});

test('questions are counted, and a stop tells who waits to come again', async t => {
  const { gateway, api, session } = await asking(t);
  const first = await held(session, api, 'pay', { a: 1 });
  const figures = (await exchange(gateway.port, 'GET', '/metrics')).text;
  assert.match(figures, /\nsallyport_approvals_open 1\n/);
  assert.match(figures, /\nsallyport_approvals_held 1\n/);
  gateway.child.kill('SIGTERM');
  assert.equal(pendingId(await first.raw.answer()), first.id);
});

test('a question tells what its limits stood at, and what they stand at now under the policy in force', async t => {
  const limits = [{ counter: 'volume', window: 'day', max: 10, increment_from: 'args.volume' }, { counter: 'each', window: 'hour', max: 5, per: 'args.to' }, { counter: 'mine', window: 'minute', max: 3, scope: 'session' }];
  const { api, session, document, publish, id: grant } = await asking(t, { approval: { wait: '1s' }, tools: { action: 'allow', approve_if: [{ conditions: [{ path: 'args.volume', op: 'gte', value: 4 }] }], limits } });
  await api.must(200, 'PATCH', '/grants/' + grant, { tags: ['night', 'bot'] }, { 'If-Match': '*' });
  const pay = (volume, to = 'x') => session.call('pay', { volume, to });
  assertAllowed(await pay(1.5));
  const id = pendingId(await pay(4));
  const shown = async () => { const { limits, grant_tags } = await question(api, id); return { limits: limits.map(({ counter, then, now }) => [counter, then && `${then.used}/${then.max}+${then.amount}`, now && `${now.used}/${now.max}+${now.amount} ${now.fits}`]), grant_tags }; };
  assert.deepEqual(await shown(), { grant_tags: ['night', 'bot'], limits: [['volume', '1.5/10+4', '1.5/10+4 true'], ['each', '1/5+1', '1/5+1 true'], ['mine', '1/3+1', null]] });
  assertAllowed(await pay(3.25));
  assertAllowed(await pay(2, 'y'));
  assert.deepEqual((await shown()).limits.slice(0, 2), [['volume', '1.5/10+4', '6.75/10+4 false'], ['each', '1/5+1', '2/5+1 true']]);
  // Another version: a higher limit, one less, one more.
  await publish({ ...document, tools: { pay: { ...document.tools.pay, limits: [{ ...limits[0], max: 100 }, { counter: 'new', window: 'day', max: 2 }] } } });
  assert.deepEqual((await shown()).limits, [['volume', '1.5/10+4', '6.75/100+4 true'], ['new', null, '0/2+1 true'], ['each', '1/5+1', null], ['mine', '1/3+1', null]]);
  await api.must(200, 'POST', `/grants/${grant}/revoke`, undefined, { 'If-Match': '*' });
  const after = await shown();
  assert.deepEqual([after.grant_tags, after.limits.map(l => l[2])], [null, [null, null, null]]);
});
