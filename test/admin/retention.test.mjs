// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept, changed over the API: longer at once, shorter after seven days, never what the operator says, and by the first organisation alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';

const sqlite = await import('node:sqlite').catch(() => null);
const DAY = 86400, GIB = 2 ** 30, ANY = { 'If-Match': '*' };
const kept = async api => (await api.must(200, 'GET', '/audit/keeping')).body;
const change = (api, body, headers = ANY) => api.must(200, 'PATCH', '/audit/keeping', body, headers);
const log = (time, size) => ({ decision_log: { ...(time === undefined ? {} : { keep_seconds: time }), ...(size === undefined ? {} : { keep_bytes: size }) } });
const saidOf = ({ decision_log: l, admin_audit: a }) => [l.keep_seconds, l.keep_seconds_said_by, l.keep_bytes, l.keep_bytes_said_by, a.keep_seconds, a.keep_seconds_said_by];
const pendingOf = ({ decision_log: l, admin_audit: a }) => [l.keep_seconds_pending?.value ?? null, l.keep_bytes_pending?.value ?? null, a.keep_seconds_pending?.value ?? null];
const acts = async api => (await api.must(200, 'GET', '/audit?limit=1000')).body.items.filter(row => row.action.startsWith('retention.')).reverse().map(row => [row.action, row.actor.kind]);

// The same folder again, perhaps with another configuration.
async function again({ gateway, api, folder }, extra) {
  await gateway.stop();
  gateway.configure({ ...gateway.setup, servers: {}, grants: {}, extra: { workers: 1, ...extra } });
  Object.assign(gateway, { stopped: false, exit: undefined, stderr: '' });
  await gateway.start({ args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  return new Api(gateway.port, api.headers);
}
// As if time had passed, or somebody had asked for what the API refuses.
function write(folder, sql) {
  const database = new sqlite.DatabaseSync(path.join(folder, 'control.db'));
  assert.equal(database.prepare(sql).run().changes, 1);
  database.close();
}

test('longer holds at once, shorter waits for seven days and is taken back by what holds', async t => {
  const { api } = await controlled(t);
  const first = await api.must(200, 'GET', '/audit/keeping');
  assert.deepEqual(saidOf(first.body), [null, 'default', null, 'default', null, 'default']);
  assert.deepEqual([first.body.may_change, first.body.version, first.etag], [true, 1, '"1"']);
  const before = Date.now();
  const shorter = await change(api, { ...log(90 * DAY, 8 * GIB), admin_audit: { keep_seconds: 365 * DAY } }, { 'If-Match': first.etag });
  assert.deepEqual(saidOf(shorter.body), saidOf(first.body), 'nothing is shorter yet');
  assert.deepEqual(pendingOf(shorter.body), [90 * DAY, 8 * GIB, 365 * DAY]);
  const due = Date.parse(shorter.body.admin_audit.keep_seconds_pending.takes_effect_at);
  assert.ok(due >= before + 7 * DAY * 1000 && due <= Date.now() + 7 * DAY * 1000);
  assert.deepEqual((await kept(api)).decision_log.files, 1);
  await api.refused(412, 'lost-update', 'PATCH', '/audit/keeping', log(null), { 'If-Match': first.etag });
  const back = await change(api, log(null), { 'If-Match': shorter.etag });
  assert.deepEqual(pendingOf(back.body), [null, 8 * GIB, 365 * DAY]);
  assert.deepEqual(pendingOf((await change(api, { decision_log: { keep_bytes: null }, admin_audit: { keep_seconds: null } })).body), [null, null, null]);
  // What changes nothing leaves no trace.
  const same = await change(api, { ...log(null, null) });
  assert.equal((await change(api, {})).etag, same.etag);
  assert.deepEqual(await acts(api), [['retention.add', 'member'], ['retention.change', 'member'], ['retention.change', 'member']]);
});

test('what waited is in force when its time has come, also over a restart', { skip: !sqlite && 'no node:sqlite' }, async t => {
  const here = await controlled(t);
  await change(here.api, { ...log(90 * DAY), admin_audit: { keep_seconds: 30 * DAY } });
  let api = await again(here, {});
  assert.deepEqual(pendingOf(await kept(api)), [90 * DAY, null, 30 * DAY], 'it waits on');
  await here.gateway.stop();
  write(here.folder, 'UPDATE retention SET log_keep_ms_due_ms = 1');
  api = await again(here, {});
  const found = await eventually(async () => { const now = await kept(api); return now.decision_log.keep_seconds === 90 * DAY && now; }, 'its time has come');
  assert.deepEqual(saidOf(found), [90 * DAY, 'database', null, 'default', null, 'default']);
  assert.deepEqual(pendingOf(found), [null, null, 30 * DAY]);
  assert.deepEqual((await acts(api)).at(-1), ['retention.change', 'system']);
  // Longer at once, and nobody has to start anything.
  assert.deepEqual(saidOf((await change(api, log(180 * DAY))).body).slice(0, 2), [180 * DAY, 'database']);
  api = await again(here, {});
  assert.deepEqual(saidOf(await kept(api)).slice(0, 2), [180 * DAY, 'database']);
});

test('the writer of the log keeps to it, from the start and when it changes', { skip: !sqlite && 'no node:sqlite' }, async t => {
  const file = path.join(scratch(t), 'decisions.jsonl');
  const here = await controlled(t, { extra: { decision_log: file } });
  await grantFor(here.gateway, here.api, 'dev');
  const cut = () => fs.readdirSync(path.dirname(file)).filter(name => /\.jsonl\.\d+$/.test(name)).length;
  const call = async () => {
    const session = await Session.open(here.gateway, { server: 'files', label: 'dev' });
    while (fs.statSync(file).size < 200_000 && cut() === 0) await session.call('echo', {});
  };
  await call();
  assert.equal(cut(), 0, 'everything is kept in one file');
  await change(here.api, log(undefined, GIB));
  await here.gateway.stop();
  // The least that the API takes is more than a test can write.
  write(here.folder, 'UPDATE retention SET log_keep_bytes_next = 1048576, log_keep_bytes_due_ms = 1');
  let api = await again(here, { decision_log: file });
  await eventually(async () => (await kept(api)).decision_log.keep_bytes === 1048576, 'it is in force');
  await eventually(() => cut() > 0, 'the log is cut as soon as that is in force');
  await change(api, log(undefined, null));
  const files = cut();
  const session = await Session.open(here.gateway, { server: 'files', label: 'dev' });
  while (fs.statSync(file).size < 200_000) await session.call('echo', {});
  assert.equal(cut(), files, 'and no more when all of it is kept again');
  await here.gateway.stop();
  write(here.folder, 'UPDATE retention SET log_keep_bytes = 1048576');
  api = await again(here, { decision_log: file });
  await eventually(() => cut() > files, 'the log is cut from the start');
  assert.deepEqual((await kept(api)).decision_log.keep_bytes_said_by, 'database');
});

test('what the operator says holds, and takes back what waits', async t => {
  const here = await controlled(t);
  await change(here.api, log(400 * DAY));
  await change(here.api, log(undefined, 9 * GIB));
  const api = await again(here, { decision_log_keep: '90d', admin_audit_keep: '2d' });
  await eventually(async () => (await kept(api)).version > 3, 'what waits is settled');
  const now = await kept(api);
  assert.deepEqual(saidOf(now), [90 * DAY, 'file', null, 'default', 2 * DAY, 'file']);
  for (const body of [log(180 * DAY), log(90 * DAY), { admin_audit: { keep_seconds: null } }, { ...log(undefined, 10 * GIB), admin_audit: { keep_seconds: null } }]) {
    const problem = await api.refused(403, 'declared', 'PATCH', '/audit/keeping', body, ANY);
    assert.match(problem.detail, /in the configuration file: change it there/);
  }
  assert.deepEqual(pendingOf(await kept(api)), pendingOf(now), 'all or nothing');
  await change(api, log(undefined, 10 * GIB));
});

test('only admins of the first organisation may change it; other admins see it', async t => {
  const here = await controlled(t);
  await here.gateway.stop();
  const made = spawnSync(BINARY, ['admin', 'organisation', 'add', 'acme', '--url', 'https://gw.example.com', '--data', here.folder], { encoding: 'utf8', env: { PATH: process.env.PATH, ...sanitizerOptions() }, timeout: 60000 });
  const [, token] = /#(sp_[\w-]{43})\n$/.exec(made.stdout);
  const api = await again(here, {}), open = new Api(here.gateway.port), PASSWORD = 'correct horse battery';
  await open.must(201, 'POST', '/invitations/accept', { token, email: 'b@example.com', name: 'B', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { organisation: 'acme', email: 'b@example.com', password: PASSWORD });
  const theirs = new Api(here.gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  const seen = await kept(theirs);
  assert.deepEqual([seen.may_change, saidOf(seen)], [false, saidOf(await kept(api))]);
  const problem = await theirs.refused(403, 'role', 'PATCH', '/audit/keeping', log(90 * DAY), ANY);
  assert.match(problem.detail, /organisation 'default'/);
  await change(api, { admin_audit: { keep_seconds: 30 * DAY } });
  assert.deepEqual(pendingOf(await kept(theirs)), [null, null, 30 * DAY]);
  assert.deepEqual([await acts(theirs), (await acts(api)).length], [[], 1]);
  for (const role of ['viewer', 'policy_manager']) {
    const key = (await api.must(201, 'POST', '/keys', { label: role, role })).body.token;
    await api.as(key).refused(403, 'role', 'PATCH', '/audit/keeping', { admin_audit: { keep_seconds: null } }, ANY);
  }
});

test('what cannot be is refused with its place', async t => {
  const { api } = await controlled(t, { extra: { decision_log: undefined } });
  assert.equal((await kept(api)).decision_log, null);
  for (const body of [{ admin_audit: { keep_seconds: 7 * DAY - 1 } }, { admin_audit: { keep_seconds: '7d' } }, { admin_audit: { keep_seconds: 1e30 } }, { admin_audit: { keep_bytes: GIB } }, { admin_audit: 7 }, { audit: {} }, { decision_log: { keep_bytes: GIB - 1 } }, log(90 * DAY)]) {
    const { errors } = await api.refused(422, 'invalid', 'PATCH', '/audit/keeping', body, ANY);
    assert.equal(errors.length, 1, JSON.stringify(body));
  }
  const { errors } = await api.refused(422, 'invalid', 'PATCH', '/audit/keeping', '{"admin_audit":\n {"keep_seconds": 5}}', ANY);
  assert.deepEqual([errors[0].field, errors[0].line], ['admin_audit.keep_seconds', 2]);
  await api.refused(428, 'if-match', 'PATCH', '/audit/keeping', {});
  await change(api, { admin_audit: { keep_seconds: 7 * DAY } });
  assert.deepEqual((await kept(api)).admin_audit.keep_seconds_pending.value, 7 * DAY);
});
