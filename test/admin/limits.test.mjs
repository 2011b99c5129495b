// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What limits have counted, over the API and by command: by server, grant and counter, of the own organisation alone, and
// never a session's id.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const PASSWORD = 'correct horse battery';
const POLICY = {
  version: '1', default: 'allow', runaway: { identical_calls: { max: 50, window: 'hour' } },
  tools: { echo: { limits: [
    { counter: 'calls', window: 'hour', max: 10 }, { counter: 'volume', window: 'day', max: 100, increment_from: 'args.volume', per: 'args.symbol' },
    { counter: 'mine', window: 'minute', max: 10, scope: 'session' }, { counter: 'all', window: 'month', algorithm: 'fixed', max: 10, scope: 'organisation' },
  ] } },
};

test('counters are listed with what is used and when it is free again', async t => {
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, { servers: { own: { url: fake.url } }, policies: { all: { version: '1', default: 'allow' } }, grants: { file: { servers: { own: 'all' } } } },
    { args: ['--data', path.join(scratch(t), 'data'), '--allow-outside', '127.0.0.1'] });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const signed = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: signed.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': signed.body.csrf_token });
  await api.must(201, 'POST', '/servers', { name: 'files', transport: 'http', url: fake.url });
  await api.must(201, 'POST', '/policies', { name: 'p', document: POLICY });
  const grant = (await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'p' }] })).body;
  gateway.tokens.agent = grant.token;
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  const before = Date.now();
  for (const [symbol, volume] of [['XBT', 1.25], ['XBT', 0.5], ['ETH:1', 3]]) assertAllowed(await session.call('echo', { symbol, volume }));

  const { items, more } = (await api.must(200, 'GET', '/limits')).body;
  assert.equal(more, false);
  const one = (counter, per = '') => items.filter(i => i.counter === counter && i.per.includes(per));
  assert.equal(items.length, 8, 'calls, volume twice, mine, all, three kinds of call');
  assert.ok(items.every(i => i.server === 'files' && new Date(i.frees_at) <= new Date(i.empty_at)));
  assert.deepEqual([one('calls')[0].used, one('volume', 'XBT')[0].used, one('volume', 'ETH')[0].used], ['3', '1.75', '3']);
  assert.deepEqual([one('calls')[0].grant, one('mine')[0].grant, one('all')[0].grant], [grant.id, '', '']);
  assert.deepEqual(['calls', 'volume', 'mine', 'all'].map(c => one(c)[0].max), ['10', '100', '10', '10']);
  assert.ok(items.filter(i => i.scope === 'runaway').every(i => i.max === '50'));
  assert.deepEqual([one('calls')[0].window_seconds, one('all')[0].window_seconds, one('all')[0].algorithm], [3600, null, 'fixed']);
  const frees = new Date(one('calls')[0].frees_at).getTime();
  assert.ok(frees >= before + 3600e3 - 1000 && frees <= Date.now() + 3600e3 + 1000, one('calls')[0].frees_at);
  assert.ok(!JSON.stringify(items).includes(session.id), 'a session’s id is nobody’s to see');
  assert.equal((await api.must(200, 'GET', '/limits?counter=volume')).body.items.length, 2);
  assert.equal((await api.must(200, 'GET', '/limits?grant=' + grant.id)).body.items.length, 6);
  assert.deepEqual((await api.must(200, 'GET', '/limits?server=others')).body.items, []);
  const part = (await api.must(200, 'GET', '/limits?limit=2')).body;
  assert.deepEqual([part.items.length, part.more], [2, true]);

  const viewer = await api.must(201, 'POST', '/keys', { label: 'v', role: 'viewer' }), manager = await api.must(201, 'POST', '/keys', { label: 'm', role: 'policy_manager' });
  await new Api(gateway.port, { Authorization: 'Bearer ' + viewer.body.token }).refused(403, 'role', 'GET', '/limits');
  const env = { PATH: process.env.PATH, HOME: scratch(t), SALLYPORT_URL: `http://127.0.0.1:${gateway.port}`, SALLYPORT_KEY: manager.body.token, ...sanitizerOptions() };
  const listed = spawnSync(BINARY, ['limit', 'list'], { encoding: 'utf8', env });
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /^files +grn?t?_\w+ +calls .* 3 +10 /m);
  const choose = (...flags) => spawnSync(BINARY, ['limit', 'list', ...flags, '--json'], { encoding: 'utf8', env });
  for (const [flags, count] of [[['--counter', 'volume'], 2], [['--grant', 'agent'], 6], [['--server', 'files', '--counter', 'all'], 1], [['--server', 'a b&limit=1'], 0], [['--grant', 'agent', '--counter', 'all'], 0]])
    assert.equal(JSON.parse(choose(...flags).stdout).items.length, count, flags.join(' '));
  assert.match(choose('--grant', 'nobody').stderr, /no such grant/);
  // A counter that no limit in force has any more is under none.
  const policy = (await api.must(200, 'GET', '/policies?name=p')).body.items[0];
  await api.must(201, 'POST', `/policies/${policy.id}/versions`, { document: { ...POLICY, tools: { echo: { limits: [{ counter: 'calls', window: 'hour', max: 7 }] } } } }, { 'If-Match': '*' });
  assert.deepEqual((await api.must(200, 'GET', '/limits')).body.items.filter(i => i.scope !== 'runaway').map(i => i.counter + i.max).sort(), ['allnull', 'calls7', 'minenull', 'volumenull', 'volumenull']);
  await api.must(201, 'POST', `/policies/${policy.id}/versions`, { document: POLICY }, { 'If-Match': '*' });

  // Emptying: what is named together, of the own organisation, once the audit has its row.
  await new Api(gateway.port, { Authorization: 'Bearer ' + manager.body.token }).refused(403, 'role', 'POST', '/limits/reset', { all: true });
  for (const body of [{}, { all: false }, { all: true, server: 'files' }, { servers: 'files' }, { server: 1 }]) assert.equal((await api.call('POST', '/limits/reset', body)).status, 422, JSON.stringify(body));
  assert.deepEqual((await api.must(200, 'POST', '/limits/reset', { server: 'files', counter: 'other' })).body, { reset: 0, left: 0 });
  assert.deepEqual((await api.must(200, 'POST', '/limits/reset', { grant: grant.id, counter: 'volume' })).body, { reset: 2, left: 0 });
  assert.equal((await api.must(200, 'GET', '/limits')).body.items.length, 6);
  const row = (await api.must(200, 'GET', '/audit?limit=1')).body.items[0];
  assert.deepEqual([row.action, row.object, row.after.grant, row.after.counter, row.after.all, row.actor.kind], ['limits.reset', 'default', grant.id, 'volume', false, 'member']);
  assertAllowed(await session.call('echo', { symbol: 'XBT', volume: 99.5 }));

  const admin = { ...env, SALLYPORT_KEY: (await api.must(201, 'POST', '/keys', { label: 'a', role: 'admin' })).body.token };
  const reset = (...flags) => spawnSync(BINARY, ['limit', 'reset', ...flags], { encoding: 'utf8', env: admin });
  assert.match(reset().stderr, /--server, --grant, --counter, or --all/);
  assert.match(reset('--grant', 'nobody').stderr, /no such grant/);
  const done = reset('--grant', 'agent', '--counter', 'calls');
  assert.deepEqual([done.status, done.stdout], [0, '1 counter is empty now\n'], done.stderr);
  assert.equal(reset('--all').status, 0);
  assert.deepEqual((await api.must(200, 'GET', '/limits')).body.items, []);
});
