// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway's own life: reload by signal and by file, draining, restarts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { Gateway, startGateway, writeWhole } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { exchange, Raw } from '../lib/raw.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, assertUnknownTool, scene } from '../lib/wire.mjs';

const ALLOW = { version: '1', default: 'allow' };
const DENY = { version: '1', default: 'allow', tools: { echo: { action: 'deny', reason: 'Closed.' } } };
const HIDE = { version: '1', default: 'allow', hide: ['echo'] };

async function untilCall(session, good, what) {
  let answer;
  await eventually(async () => { answer = await session.call('echo'); return good(answer); }, () => `${what}: ${JSON.stringify(answer)}`);
  return answer;
}

test('a policy edit takes effect on the next call, without reconnecting', async t => {
  const { gateway, open } = await scene(t, { policy: ALLOW });
  const session = await open();
  assertAllowed(await session.call('echo'));
  writeWhole(gateway.policyFile('main'), JSON.stringify(DENY));
  assertDenied(await untilCall(session, a => a.result?.isError, 'denied after the edit'), { text: 'Closed.', rule: '/tools/echo/action' });
  writeWhole(gateway.policyFile('main'), JSON.stringify(HIDE));
  assertUnknownTool(await untilCall(session, a => a.error, 'hidden after the edit'), 'echo');
  assert.deepEqual(await session.toolNames(), []);
  writeWhole(gateway.policyFile('main'), JSON.stringify(ALLOW));
  await untilCall(session, a => a.result && !a.result.isError, 'allowed again');
});

test('an edit in place, without a rename, works too', async t => {
  const { gateway, open } = await scene(t, { policy: ALLOW });
  const session = await open();
  assertAllowed(await session.call('echo'));
  fs.writeFileSync(gateway.policyFile('main'), JSON.stringify(DENY));
  await untilCall(session, a => a.result?.isError, 'denied after the edit');
});

test('SIGHUP reloads', async t => {
  const { gateway, open } = await scene(t, { policy: ALLOW });
  const session = await open();
  fs.writeFileSync(gateway.policyFile('main'), JSON.stringify(DENY));
  gateway.signal('SIGHUP');
  await untilCall(session, a => a.result?.isError, 'denied after SIGHUP');
});

test('open sessions hear that lists have changed', async t => {
  const { gateway, open } = await scene(t, { policy: ALLOW });
  const session = await open();
  const stream = await session.stream();
  writeWhole(gateway.policyFile('main'), JSON.stringify(HIDE));
  for await (const event of stream.events()) if (event.data?.includes('notifications/tools/list_changed')) break;
  stream.close();
});

test('a broken policy changes nothing and is reported with file, line and column', async t => {
  const { gateway, open } = await scene(t, { policy: DENY });
  const session = await open();
  for (const broken of ['{', '{"version":"1","default":"allow","tols":{}}', '{"version":"2","default":"allow"}', '']) {
    const seen = gateway.stderr.length;
    writeWhole(gateway.policyFile('main'), broken);
    gateway.signal('SIGHUP');
    await eventually(() => /main\.policy\.json:\d+/.test(gateway.stderr.slice(seen)), () => `a report of ${JSON.stringify(broken)}:\n${gateway.stderr.slice(seen)}`);
    assertDenied(await session.call('echo'), { text: 'Closed.', rule: '/tools/echo/action' });
  }
  assert.equal((await exchange(gateway.port, 'GET', '/readyz')).status, 200);
  writeWhole(gateway.policyFile('main'), JSON.stringify(ALLOW));
  await untilCall(session, a => a.result && !a.result.isError, 'a good file is taken again');
});

test('a missing policy or config file changes nothing either', async t => {
  const { gateway, open } = await scene(t, { policy: DENY });
  const session = await open();
  fs.rmSync(gateway.policyFile('main'));
  gateway.signal('SIGHUP');
  await gateway.waitLog(/main\.policy\.json/);
  assert.equal((await session.call('echo')).result.isError, true);
  fs.rmSync(gateway.configFile);
  gateway.signal('SIGHUP');
  await gateway.waitLog(/sallyport\.json/);
  assert.equal((await session.call('echo')).result.isError, true);
});

test('a reload touches only what changed: other sessions and children live on', async t => {
  const [one, two] = [await FakeUpstream.start(t), await FakeUpstream.start(t)];
  const gateway = await startGateway(t, { servers: { one: { url: one.url }, two: { url: two.url } }, policies: { main: ALLOW }, grants: { agent: { servers: { one: 'main', two: 'main' } } } });
  const [first, second] = [await Session.open(gateway, { server: 'one' }), await Session.open(gateway, { server: 'two' })];
  const third = await FakeUpstream.start(t);
  gateway.configure({ ...gateway.setup, servers: { one: { url: one.url }, two: { url: third.url } } });
  await eventually(async () => (await second.post({ jsonrpc: '2.0', id: 50, method: 'ping' })).status === 404, 'the changed server’s session is gone');
  assertAllowed(await first.call('echo'));
  assert.equal(one.of('initialize').length, 1, 'the other one was left alone');
  assertAllowed(await (await Session.open(gateway, { server: 'two' })).call('echo'));
  assert.equal(third.calls().length, 1);
});

test('a removed grant is refused at once, a new one let in', async t => {
  const { gateway, open } = await scene(t, { policy: ALLOW });
  const session = await open();
  gateway.configure({ ...gateway.setup, grants: { fresh: { servers: { fake: 'main' } } } });
  await eventually(async () => (await session.post({ jsonrpc: '2.0', id: 50, method: 'ping' })).status === 401, 'the old token is refused');
  assertAllowed(await (await Session.open(gateway, { server: 'fake', label: 'fresh' })).call('echo'));
});

test('calls in flight keep the policy they started with; quotas survive the reload', async t => {
  const limited = max => ({ version: '1', default: 'allow', tools: { echo: { limits: [{ counter: 'calls', window: 'hour', max }] } } });
  const { gateway, open } = await scene(t, { policy: limited(2) });
  const session = await open();
  assertAllowed(await session.call('echo'));
  assertAllowed(await session.call('echo'));
  assert.equal((await session.call('echo')).result.isError, true);
  writeWhole(gateway.policyFile('main'), JSON.stringify(limited(3)));
  await untilCall(session, a => !a.result.isError, 'one more after the reload');
  assert.equal((await session.call('echo')).result.isError, true);
});

test('quotas survive a restart when there is a limits_file', async t => {
  const policy = { version: '1', default: 'allow', tools: { echo: { limits: [{ counter: 'calls', window: 'day', max: 2 }] } } };
  const { gateway, open } = await scene(t, { policy, extra: { limits_file: 'limits.db' } });
  assertAllowed(await (await open()).call('echo'));
  assertAllowed(await (await open()).call('echo'));
  await gateway.stop();
  gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
  await gateway.start();
  assert.equal((await (await open()).call('echo')).result.isError, true);
});

test('SIGTERM lets running calls finish, takes no new ones, and ends with 0', async t => {
  let release;
  const { fake, gateway, open } = await scene(t, { upstream: { tools: [tool('slow')], onCall: () => new Promise(resolve => { release = () => resolve(text('finished')); }) } });
  const session = await open();
  const running = session.call('slow');
  await fake.waitFor('tools/call');
  gateway.signal('SIGTERM');
  await eventually(async () => {
    const refused = await exchange(gateway.port, 'GET', '/readyz').then(a => a.status, () => 'refused');
    return refused !== 200;
  }, 'no longer ready');
  release();
  assertAllowed(await running, 'finished');
  await gateway.exited;
  assert.deepEqual(gateway.exit, { code: 0, signal: null });
});

test('draining ends after its time even when a call never does', async t => {
  const { fake, gateway, open } = await scene(t, { extra: { limits: { drain: '1s' } }, upstream: { tools: [tool('slow')], onCall: () => new Promise(() => {}) } });
  const session = await open();
  const running = session.call('slow').catch(e => e);
  await fake.waitFor('tools/call');
  const started = Date.now();
  gateway.signal('SIGTERM');
  await gateway.exited;
  assert.ok(Date.now() - started < 6000, `${Date.now() - started} ms`);
  assert.deepEqual(gateway.exit, { code: 0, signal: null });
  await running;
});

test('open streams and idle peers do not hold a stop up', async t => {
  const { gateway, open } = await scene(t);
  const session = await open();
  const stream = await session.stream();
  const idle = await Raw.connect(gateway.port);
  const half = await Raw.connect(gateway.port);
  half.write('POST /mcp/fake HTTP/1.1\r\nHost: loc');
  const started = Date.now();
  await gateway.stop();
  assert.ok(Date.now() - started < 8000, `${Date.now() - started} ms`);
  for (const raw of [stream, idle, half]) raw.close();
});

test('SIGINT stops like SIGTERM', async t => {
  const { gateway } = await scene(t);
  gateway.signal('SIGINT');
  await gateway.exited;
  assert.deepEqual(gateway.exit, { code: 0, signal: null });
});

test('after a restart an old session id is 404, so that clients start anew', async t => {
  const { gateway, open } = await scene(t);
  const session = await open();
  await gateway.stop();
  gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
  await gateway.start();
  assert.equal((await session.post({ jsonrpc: '2.0', id: 5, method: 'ping' })).status, 404);
});

test('the decision log is appended to, private, and reopened after rotation', async t => {
  const { gateway, open } = await scene(t);
  const session = await open();
  await session.call('echo');
  await gateway.waitRows(row => row.method === 'tools/call');
  assert.equal(fs.statSync(gateway.logFile).mode & 0o777, 0o600);
  fs.renameSync(gateway.logFile, gateway.logFile + '.1');
  gateway.signal('SIGHUP');
  await eventually(() => fs.existsSync(gateway.logFile), 'a new file');
  await session.call('echo');
  await gateway.waitRows(row => row.method === 'tools/call');
});

test('a decision log that cannot be written denies calls rather than losing records', async t => {
  if (!fs.existsSync('/dev/full')) return t.skip('no /dev/full');
  const fake = await FakeUpstream.start(t);
  const gateway = new Gateway(t, scratch(t));
  gateway.configure({ servers: { fake: { url: fake.url } }, policies: { main: ALLOW }, grants: { agent: { servers: { fake: 'main' } } }, extra: { decision_log: '/dev/full' } });
  t.after(() => gateway.stop());
  await gateway.start({ waitReady: false });
  const session = await Session.open(gateway).catch(() => null);
  if (!session) return; // refused from the start: also right
  await eventually(async () => {
    const answer = await session.post({ jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'echo' } });
    return answer.status >= 400 || answer.messages.at(-1)?.error || answer.messages.at(-1)?.result?.isError;
  }, 'calls are refused');
});

test('a configuration with several mistakes lists them all and starts nothing', async t => {
  const gateway = new Gateway(t, scratch(t));
  writeWhole(gateway.configFile, '{\n  "listen": "nonsense",\n  "polices": {},\n  "servers": { "a": { "url": "ftp://x" }, "b": {} },\n  "grants": { "g": { "token": "x", "servers": { "nowhere": null } } }\n}\n');
  await assert.rejects(gateway.start(), /ended at once/);
  assert.notEqual(gateway.exit.code, 0);
  assert.match(gateway.stderr, /sallyport\.json:2:\d+: error: /);
  assert.match(gateway.stderr, /sallyport\.json:3:\d+: error: unknown key 'polices'.*policies/);
  assert.match(gateway.stderr, /nowhere/);
});

test('a second gateway on the same port fails with a sentence', async t => {
  const { gateway, fake } = await scene(t);
  const second = new Gateway(t, scratch(t));
  second.configure({ ...gateway.setup, extra: { listen: `127.0.0.1:${gateway.port}` } });
  await assert.rejects(second.start(), /ended at once/);
  assert.notEqual(second.exit.code, 0);
  assert.match(second.stderr, /in use|address/i);
  assert.equal(fake.requests.length, 0);
});
