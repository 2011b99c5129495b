// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A grant that runs away, with a database: it stays paused over a kill -9 until somebody resumes it, and both are audited.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const PASSWORD = 'correct horse battery', ANY = { 'If-Match': '*' };
const POLICY = { version: '1', default: 'allow', tools: { closed: { action: 'deny' } }, runaway: { identical_calls: { max: 3, window: 'hour' }, denials_in_a_row: 4, reason: 'it is stuck' } };
const ALLOW_ALL = { version: '1', default: 'allow' };

async function controlled(t, workers) {
  const fake = await FakeUpstream.start(t);
  const started = { args: ['--data', path.join(scratch(t), 'data'), '--allow-outside', '127.0.0.1'] };
  const gateway = await startGateway(t, { servers: { own: { url: fake.url } }, policies: { all: ALLOW_ALL }, grants: { file: { servers: { own: 'all' } } }, extra: { workers, limits_file: 'limits.db' } },
    started);
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  await api.must(201, 'POST', '/servers', { name: 'files', transport: 'http', url: fake.url });
  await api.must(201, 'POST', '/policies', { name: 'p', document: POLICY });
  const grant = (await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'p' }] })).body;
  gateway.tokens.agent = grant.token;
  const key = await api.must(201, 'POST', '/keys', { label: 'manager', role: 'policy_manager' });
  const admin = await api.must(201, 'POST', '/keys', { label: 'admin', role: 'admin' });
  const by = made => () => new Api(gateway.port, { Authorization: 'Bearer ' + made.body.token });
  return { started, gateway, grant, api: by(key), admin: by(admin), open: () => Session.open(gateway, { label: 'agent', server: 'files' }) };
}
const ruleOf = answer => answer.result._meta?.['sallyport/decision']?.rule;

for (const workers of [1, 2])
  test(`a paused grant stays paused over kill -9 until it is resumed, with ${workers} workers`, async t => {
    const { gateway, started, grant, api, admin, open } = await controlled(t, workers);
    const session = await open();
    for (let i = 0; i < 3; i++) assertAllowed(await session.call('echo', { i: 1 }));
    assert.equal(ruleOf(await session.call('echo', { i: 1 })), '/runaway/identical_calls');
    assert.equal(ruleOf(await session.call('echo', { i: 2 })), '(paused)');
    const shown = await eventually(async () => { const { body } = await api().must(200, 'GET', '/grants/' + grant.id); return body.paused_at && body; }, 'the database knows');
    assert.equal(shown.paused_why, 'it is stuck');

    gateway.signal('SIGKILL');
    await gateway.exited;
    gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
    await gateway.start(started);
    const again = await open();
    assert.equal(ruleOf(await again.call('echo', { i: 3 })), '(paused)');
    const at = `/grants/${grant.id}/resume`;
    const resumed = await api().must(200, 'POST', at, undefined, ANY);
    assert.equal(resumed.body.paused_at, null);
    await api().refused(409, 'conflict', 'POST', at, undefined, ANY);
    for (let i = 0; i < 3; i++) assertAllowed(await again.call('echo', { i: 1 }), undefined);

    // And again by denials, in this life, and resumed in this life.
    for (let i = 0; i < 4; i++) assert.equal(ruleOf(await again.call('closed', { i })), '/tools/closed/action');
    assert.equal(ruleOf(await again.call('echo', { i: 4 })), '(paused)');
    await eventually(async () => (await api().must(200, 'GET', '/grants/' + grant.id)).body.paused_at, 'the database knows');
    await api().must(200, 'POST', at, undefined, ANY);
    assertAllowed(await again.call('echo', { i: 5 }));
    const audit = (await admin().must(200, 'GET', '/audit?limit=50')).body.items;
    const about = audit.filter(row => row.object === grant.id || JSON.stringify(row).includes(grant.id));
    assert.ok(about.length >= 4, 'two pauses and two resumptions are in the audit');
  });
