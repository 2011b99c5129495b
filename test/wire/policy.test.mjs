// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the policy decides, seen from both ends of the wire and in the decision log.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertAllowed, assertDenied, assertUnknownTool, scene, toolRow } from '../lib/wire.mjs';
import { modern } from '../lib/mcp.mjs';
import { tool } from '../lib/upstream.mjs';

const TOOLS = ['get_ticker', 'add_order', 'cancel_order', 'withdraw_funds', 'read_file'].map(name => tool(name));
const POLICY = {
  version: '1', default: 'deny', hide: ['withdraw_*'],
  tools: {
    get_ticker: {},
    add_order: { deny_if: [{ conditions: [{ path: 'args.volume', op: 'gt', value: 1 }], on_deny: 'Orders above 1 unit are not permitted.' }] },
    cancel_order: { action: 'deny', reason: 'Cancelling is not for agents.' },
    read_file: { require: [{ conditions: [{ path: 'args.path', op: 'within_path', value: ['/srv/data'] }], on_deny: 'Only files below /srv/data.' }] },
  },
};

test('an allowed call reaches the upstream and its result comes back', async t => {
  const { fake, gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('get_ticker', { pair: 'XBTUSD' }), '{"pair":"XBTUSD"}');
  assert.equal(fake.calls().length, 1);
  const [row] = await gateway.waitRows(toolRow('get_ticker'));
  assert.equal(row.outcome, 'allowed');
  assert.equal(row.grant, 'agent');
  assert.equal(row.server, 'fake');
  assert.equal(row.policy, 'main');
  assert.deepEqual(row.argument_keys, ['pair']);
});

test('a call that deny_if catches is a result with isError, and never leaves', async t => {
  const { fake, gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  assertDenied(await session.call('add_order', { volume: 1.5 }), { text: 'Orders above 1 unit are not permitted.', rule: '/tools/add_order/deny_if/0' });
  assert.equal(fake.calls().length, 0);
  const [row] = await gateway.waitRows(toolRow('add_order'));
  assert.equal(row.outcome, 'denied');
  assert.equal(row.rule, '/tools/add_order/deny_if/0');
  assertAllowed(await session.call('add_order', { volume: 1 }), '{"volume":1}');
});

test('numbers are exact: 1.0000000000000000001 is above 1, 1.0 and 1e0 are not', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  const send = volume => session.post(`{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"add_order","arguments":{"volume":${volume}}}}`);
  for (const volume of ['1.0000000000000000001', '1e1', '10E-1000000000e', '99999999999999999999999']) {
    const answer = await send(volume);
    assert.ok(answer.status === 400 || answer.messages[0].result?.isError || answer.messages[0].error, `${volume}: ${answer.text}`);
  }
  assert.equal(fake.calls().length, 0);
  for (const volume of ['1.0', '1e0', '0.1e1', '1.000000000000000000000']) {
    assertAllowed((await send(volume)).messages[0]);
    assert.ok(fake.calls().at(-1).body.includes(`"volume":${volume}}`), 'the digits arrive as they were written');
  }
});

test('a wrong type is a denial that names the argument', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  for (const volume of ['2', 'none', { amount: 2 }, [2], true]) {
    assertDenied(await session.call('add_order', { volume }), { text: /volume/, rule: '/tools/add_order/deny_if/0' });
  }
  assert.equal(fake.calls().length, 0);
});

test('within_path holds against dots, double slashes and look-alike folders', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  for (const path of ['/srv/data/../../etc/passwd', '/srv/data/..', '/srv/database', 'srv/data/x', '/srv//data/../x', '/', '']) {
    assertDenied(await session.call('read_file', { path }), { rule: '/tools/read_file/require/0' });
  }
  assert.equal(fake.calls().length, 0);
  for (const path of ['/srv/data/x', '/srv//data/./x', '/srv/data/a/../x', '/srv/other/../data/x']) assertAllowed(await session.call('read_file', { path }));
});

test('a missing argument fails require', async t => {
  const { open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  for (const args of [{}, undefined, { path: null }, { Path: '/srv/data/x' }]) {
    assertDenied(await session.call('read_file', args), { rule: '/tools/read_file/require/0' });
  }
});

test('action deny says its reason; the tool stays visible', async t => {
  const { fake, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  assert.ok((await session.toolNames()).includes('cancel_order'));
  assertDenied(await session.call('cancel_order', {}), { text: 'Cancelling is not for agents.', rule: '/tools/cancel_order/action' });
  assert.equal(fake.calls().length, 0);
});

test('a hidden tool is not listed and answers like one that does not exist', async t => {
  const { fake, gateway, open } = await scene(t, { policy: { ...POLICY, default: 'allow' }, upstream: { tools: TOOLS } });
  const session = await open();
  assert.deepEqual(await session.toolNames(), ['get_ticker', 'add_order', 'cancel_order', 'read_file']);
  assertUnknownTool(await session.call('withdraw_funds', { amount: 1 }), 'withdraw_funds');
  assert.equal(fake.calls().length, 0);
  const [row] = await gateway.waitRows(toolRow('withdraw_funds'));
  assert.equal(row.outcome, 'hidden');
  assert.equal(row.rule, '(hidden)');
  // the same bytes as for a name that the upstream itself does not know, but for the name
  const hidden = await session.post({ jsonrpc: '2.0', id: 77, method: 'tools/call', params: { name: 'withdraw_funds' } });
  const missing = await session.post({ jsonrpc: '2.0', id: 77, method: 'tools/call', params: { name: 'no_such_tool__' } });
  assert.equal(hidden.text, missing.text.replace('no_such_tool__', 'withdraw_funds'));
  assert.equal(hidden.status, missing.status);
});

test('default deny covers tools that no entry names', async t => {
  const { fake, gateway, open } = await scene(t, { policy: { version: '1', default: 'deny', tools: { get_ticker: {} } }, upstream: { tools: TOOLS } });
  const session = await open();
  assertDenied(await session.call('add_order', { volume: 0.1 }), { rule: '(default deny)' });
  assertAllowed(await session.call('get_ticker'));
  assert.equal(fake.calls().length, 1);
  const [row] = await gateway.waitRows(toolRow('add_order'));
  assert.equal(row.rule, '(default deny)');
});

test('list "callable" leaves out what no call could pass', async t => {
  const { open } = await scene(t, { policy: { ...POLICY, list: 'callable' }, upstream: { tools: [...TOOLS, tool('unnamed')] } });
  assert.deepEqual(await (await open()).toolNames(), ['get_ticker', 'add_order', 'read_file']);
});

test('a grant without a policy denies every call', async t => {
  const { fake, gateway, open } = await scene(t, { grant: { servers: { fake: null } }, upstream: { tools: TOOLS } });
  const session = await open();
  assert.ok(session.first.messages[0].error, 'not even a session');
  for (const [method, params] of [['tools/list', {}], ['tools/call', { name: 'get_ticker' }]]) {
    const answer = (await modern(gateway, 'fake', method, params)).messages.at(-1);
    assert.ok(answer.error || answer.result.isError, JSON.stringify(answer));
  }
  assert.equal(fake.requests.length, 0);
  assert.equal((await gateway.waitRows(row => row.rule === '(no policy)', 3)).every(row => row.outcome === 'denied'), true);
});

test('observe decides and logs but never blocks', async t => {
  const { fake, gateway, open } = await scene(t, { policy: POLICY, grant: { mode: 'observe' }, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('add_order', { volume: 5 }), '{"volume":5}');
  assertAllowed(await session.call('withdraw_funds', {}));
  assert.equal((await session.toolNames()).length, TOOLS.length);
  assert.equal(fake.calls().length, 2);
  const [row] = await gateway.waitRows(toolRow('add_order'));
  assert.equal(row.outcome, 'observed');
  assert.equal(row.rule, '/tools/add_order/deny_if/0');
});

test('what only observes in a policy blocks nothing and is logged, the rest enforces', async t => {
  const policy = { version: '1', default: 'deny', tools: {
    get_ticker: { mode: 'observe', action: 'deny', reason: 'Tickers are being looked at.' },
    add_order: { deny_if: [
      { mode: 'observe', conditions: [{ path: 'args.volume', op: 'gt', value: 1 }], on_deny: 'Above 1.' },
      { conditions: [{ path: 'args.volume', op: 'gt', value: 10 }], on_deny: 'Above 10.' }] },
    read_file: { limits: [{ counter: 'reads', window: 'hour', max: 1, mode: 'observe' }, { counter: 'hard', window: 'hour', max: 3 }] },
    cancel_order: { action: 'hide', mode: 'observe' },
  } };
  const { fake, gateway, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('get_ticker'));
  assertAllowed(await session.call('add_order', { volume: 1 }));
  assertAllowed(await session.call('add_order', { volume: 5 }));
  assertDenied(await session.call('add_order', { volume: 11 }), { text: 'Above 10.', rule: '/tools/add_order/deny_if/1' });
  for (let i = 0; i < 3; i++) assertAllowed(await session.call('read_file', { i }));
  assertDenied(await session.call('read_file', { i: 3 }), { rule: '/tools/read_file/limits/hard', retryAfter: [1, 3600] });
  assert.ok((await session.toolNames()).includes('cancel_order'));
  assert.equal(fake.calls().length, 6);
  const rows = await gateway.waitRows(row => row.method === 'tools/call', 8);
  assert.deepEqual(rows.map(row => [row.outcome, row.rule]), [
    ['observed', '/tools/get_ticker/action'], ['allowed', '/tools/add_order'],
    ['observed', '/tools/add_order/deny_if/0'], ['denied', '/tools/add_order/deny_if/1'],
    ['allowed', '/tools/read_file'], ['observed', '/tools/read_file/limits/reads'],
    ['observed', '/tools/read_file/limits/reads'], ['denied', '/tools/read_file/limits/hard']]);
  assert.equal(rows[0].reason, 'Tickers are being looked at.');
});

test('a limit denies the call after its last one, says when to come back, and other tools go on', async t => {
  const policy = { version: '1', default: 'allow', tools: { get_ticker: { rate_limit: { max: 3, window: 60 } } } };
  const { fake, gateway, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const session = await open();
  for (let i = 0; i < 3; i++) assertAllowed(await session.call('get_ticker'));
  const denied = await session.call('get_ticker');
  assertDenied(denied, { rule: '/tools/get_ticker/rate_limit', retryAfter: [1, 60] });
  assert.match(denied.result.content[0].text, new RegExp(String(denied.result._meta['sallyport/decision'].retryAfter)));
  assert.equal(fake.calls().length, 3);
  assertAllowed(await session.call('read_file', { path: '/x' }));
  await gateway.waitRows(toolRow('get_ticker', 'denied'));
  // rate_limit counts by session: a second one starts afresh
  assertAllowed(await (await open()).call('get_ticker'));
});

test('a limit of the grant is shared by its sessions, and a denied call costs nothing', async t => {
  const policy = {
    version: '1', default: 'allow',
    tools: { add_order: { deny_if: [{ conditions: [{ path: 'args.volume', op: 'gt', value: 3 }] }], limits: [{ counter: 'volume', window: 'hour', max: 5, increment_from: 'args.volume' }] } },
  };
  const { fake, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const [one, two] = [await open(), await open()];
  assertAllowed(await one.call('add_order', { volume: 2.5 }));
  assert.equal((await one.call('add_order', { volume: 4 })).result.isError, true);
  assertDenied(await two.call('add_order', { volume: 2.6 }), { rule: '/tools/add_order/limits/volume', retryAfter: [1, 3600] });
  assertAllowed(await two.call('add_order', { volume: 2.5 }));
  for (const volume of [-1, '1', null, 0.0001]) assert.equal((await two.call('add_order', { volume })).result.isError, true, String(volume));
  assert.equal(fake.calls().length, 2);
});

test('parallel calls never get past a limit', async t => {
  const policy = { version: '1', default: 'allow', tools: { get_ticker: { limits: [{ counter: 'calls', window: 'minute', max: 5 }] } } };
  const { fake, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const sessions = await Promise.all([open(), open(), open(), open()]);
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => {
    const session = sessions[i % 4];
    return session.call('get_ticker', { i });
  }));
  assert.equal(answers.filter(a => !a.result.isError).length, 5);
  assert.equal(fake.calls().length, 5);
});

test('a reservation is given back when the upstream could not be reached', async t => {
  const policy = { version: '1', default: 'allow', tools: { get_ticker: { limits: [{ counter: 'calls', window: 'hour', max: 1 }] } } };
  const { fake, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const session = await open();
  const port = fake.port;
  await fake.stop();
  const failed = await session.call('get_ticker').catch(e => e);
  assert.ok(!(failed.result && !failed.result.isError), 'the call failed');
  await fake.listen(port);
  const again = await open();
  assertAllowed(await again.call('get_ticker'));
  assertDenied(await again.call('get_ticker'), { rule: '/tools/get_ticker/limits/calls', retryAfter: [1, 3600] });
});

test('a row says which limits the call was counted against, and what went back', async t => {
  const many = Array.from({ length: 9 }, (_, i) => ({ counter: `c${i}`, window: 'hour', max: 10 }));
  const policy = { version: '1', default: 'allow', tools: {
    get_ticker: { limits: [{ counter: 'reads', window: 'hour', max: 2 }, { counter: 'x'.repeat(127) + '\u00e4'.repeat(9), window: 'month', algorithm: 'fixed', max: 5, scope: 'organisation', count: 'successes' }, { counter: 'tried', window: 60, max: 1, mode: 'observe' }] },
    add_order: { limits: [{ counter: 'volume', window: 'day', max: 5, increment_from: 'args.volume' }] },
    read_file: { limits: many },
  } };
  const { fake, gateway, open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('get_ticker'));
  fake.options.onCall = () => ({ content: [], isError: true });
  await session.call('get_ticker');
  delete fake.options.onCall;
  assertDenied(await session.call('get_ticker'), { rule: '/tools/get_ticker/limits/reads', retryAfter: [1, 3600] });
  assertAllowed(await session.call('add_order', { volume: 4.25 }));
  assertAllowed(await session.call('read_file'));
  assertAllowed(await session.call('cancel_order'));
  const port = fake.port;
  await fake.stop();
  await session.call('add_order', { volume: 0.5 }).catch(() => undefined);
  await fake.listen(port);
  const rows = await gateway.waitRows(row => row.method === 'tools/call', 7);
  const reads = { counter: 'reads', scope: 'grant', window_seconds: 3600, used: '1', max: '2' };
  const long = { counter: 'x'.repeat(127) + '\u2026', scope: 'organisation', window_seconds: null, used: '1', max: '5' };
  assert.deepEqual(rows[0].charged, [reads, long, { counter: 'tried', scope: 'grant', window_seconds: 60, used: '1', max: '1', observed: true }]);
  assert.deepEqual(rows[1].charged, [{ ...reads, used: '2' }, { ...long, used: '2', given_back: true }]);
  assert.equal(rows[1].answer, 'error');
  assert.ok(!('charged' in rows[2]), 'a denied call is counted nowhere');
  const volume = { counter: 'volume', scope: 'grant', window_seconds: 86400, max: '5' };
  assert.deepEqual(rows[3].charged, [volume], 'what is added up is the value of an argument');
  assert.deepEqual([rows[4].charged.map(c => c.counter), rows[4].charged_total], [many.slice(0, 8).map(c => c.counter), 9]);
  assert.ok(!('charged' in rows[5]) && !('charged_total' in rows[5]));
  assert.deepEqual([rows[6].charged, rows[6].answer], [[{ ...volume, given_back: true }], 'not_run']);
});

test('all_tools applies to every tool besides its own rule', async t => {
  const policy = { version: '1', default: 'allow', all_tools: { limits: [{ counter: 'calls', window: 'minute', max: 2 }] } };
  const { open } = await scene(t, { policy, upstream: { tools: TOOLS } });
  const session = await open();
  assertAllowed(await session.call('get_ticker'));
  assertAllowed(await session.call('read_file'));
  assertDenied(await session.call('add_order'), { rule: '/all_tools/limits/calls', retryAfter: [1, 60] });
});

test('two grants with two policies do not mix', async t => {
  const { gateway, fake } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  gateway.configure({
    ...gateway.setup,
    policies: { main: POLICY, none: { version: '1', default: 'deny' } },
    grants: { agent: { servers: { fake: 'main' } }, other: { servers: { fake: 'none' } } },
  });
  gateway.signal('SIGHUP');
  await gateway.waitLog(/loaded anew/);
  const { Session } = await import('../lib/mcp.mjs');
  const [agent, other] = [await Session.open(gateway, { server: 'fake', label: 'agent' }), await Session.open(gateway, { server: 'fake', label: 'other' })];
  assertAllowed(await agent.call('get_ticker'));
  assertDenied(await other.call('get_ticker'), { rule: '(default deny)', policy: 'none' });
  assert.equal(fake.calls().length, 1);
});

test('methods that the policy denies answer a JSON-RPC error and stay here', async t => {
  const policy = { version: '1', default: 'allow', methods: { 'completion/complete': 'deny' }, prompts: { default: 'deny' }, resources: { default: 'deny' } };
  const { fake, gateway, open } = await scene(t, { policy, upstream: { tools: TOOLS, capabilities: { tools: {}, prompts: {}, resources: {}, completions: {} } } });
  const session = await open();
  for (const [method, params] of [
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: 'b' } }],
    ['prompts/get', { name: 'x' }], ['resources/read', { uri: 'file:///etc/passwd' }], ['resources/subscribe', { uri: 'file:///etc/passwd' }],
  ]) {
    const answer = await session.request(method, params);
    assert.ok(answer.error, method);
    assert.ok(answer.error.code === -32602 || answer.error.code === -32601 || answer.error.code < -32768 || answer.error.code > 0, `${method}: ${answer.error.code}`);
    assert.equal(fake.of(method).length, 0, method);
    await gateway.waitRows(row => row.method === method && row.outcome === 'denied');
  }
});

test('argument values never reach the decision log', async t => {
  const { gateway, open } = await scene(t, { policy: POLICY, upstream: { tools: TOOLS } });
  const session = await open();
  await session.call('get_ticker', { pair: 'VERY-SECRET-VALUE', other: ['VERY-SECRET-VALUE'] });
  await session.call('add_order', { volume: 'VERY-SECRET-VALUE' });
  await gateway.waitRows(row => row.method === 'tools/call', 2);
  assert.doesNotMatch(JSON.stringify(gateway.rows()), /VERY-SECRET/);
  assert.doesNotMatch(gateway.stderr, /VERY-SECRET/);
});
