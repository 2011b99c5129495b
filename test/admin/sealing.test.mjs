// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// New keys for what is sealed, asked for over the API while the gateway works: nobody notices, nothing is left under the old
// key, and wherever it is cut off nothing is lost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api, startApi } from '../lib/api.mjs';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { assertAllowed } from '../lib/wire.mjs';
import { eventually, smallDisk } from '../lib/scratch.mjs';
import { asking, call, rounds, textOf } from '../lib/waiting.mjs';

const sqlite = await import('node:sqlite').catch(() => null);
const needsDatabase = { skip: !sqlite && 'this Node has no SQLite' };
const KEYS = '/audit/keeping/keys';

const shown = async api => (await api.must(200, 'GET', KEYS)).body;
const ended = api => eventually(async () => { const now = await shown(api); return now.last?.state !== 'running' && now; }, 'the change of keys to end');
async function renewed(api) {
  await api.must(202, 'POST', KEYS);
  const now = await ended(api);
  assert.deepEqual([now.last.state, now.last.text, now.last.left, now.unfinished, now.keys], ['done', null, 0, false, 1]);
  return now;
}
const numbersIn = file => fs.readFileSync(file, 'utf8').trim().split('\n').map(line => Number(/^(\d+):[0-9a-f]{64}$/.exec(line)[1]));

// The numbers of all keys that something in the database is sealed under; how many values there are.
function sealedUnder(folder) {
  const database = new sqlite.DatabaseSync(path.join(folder, 'control.db'), { readOnly: true });
  database.exec('PRAGMA busy_timeout = 60000');
  const found = new Map();
  for (const [table, ...columns] of [['credential', 'sealed'], ['authorization', 'client_secret'], ['bearer', 'access', 'refresh'], ['provider', 'sealed'], ['channel', 'sealed'], ['question', 'arguments']])
    for (const column of columns)
      for (const { value } of database.prepare(`SELECT "${column}" AS value FROM "${table}" WHERE length("${column}") > 0`).all()) {
        const bytes = Buffer.from(value);
        assert.equal(bytes[0], 1, `${table}.${column} is sealed`);
        found.set(bytes.readUInt32BE(1), (found.get(bytes.readUInt32BE(1)) ?? 0) + 1);
      }
  database.close();
  return found;
}

const credential = (api, server, name, value) => api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name, value });

// Calls until it is decided, as an agent does that is told to come again.
async function pays(gateway, args) {
  for (;;) {
    const { message } = await rounds(gateway, args, { label: args.label });
    if (!textOf(message).includes('[APPROVAL PENDING]')) return message;
  }
}

test('everybody goes on working while keys are changed, and nothing is left under the old ones', needsDatabase, async t => {
  const labels = ['a', 'b', 'c', 'd'];
  const here = await asking(t, { labels, workers: 2 });
  const { api, fake, server, person } = here;
  await credential(api, server, 'X-Secret', 's3cret');
  await api.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url: 'https://hook.example.com' });
  await api.must(201, 'POST', '/providers', { name: 'own', issuer: 'https://own.example.com', client_id: 'c', client_secret: 'hush' });
  let over = false, paid = 0;
  // Each has a server of its own whose credentials come and go, and asks a person about payments.
  const client = async label => {
    const own = (await api.must(201, 'POST', '/servers', { name: 'own-' + label, transport: 'http', url: fake.url })).body.id;
    for (let n = 1; !over || n < 3; n++) {
      const made = (await credential(api, own, 'X-' + n, label + n)).body;
      const asked = pays(here.gateway, { label, n });
      const id = await eventually(async () => (await person.list('asked')).find(q => q.grant_label === label)?.id, 'a question of ' + label);
      assert.deepEqual((await person.question(id)).arguments, { label, n });
      await person.approve(id);
      assert.doesNotMatch(textOf(await asked), /APPROVAL|error/);
      paid++;
      if (n % 2 === 0) await api.must(204, 'DELETE', `/servers/${own}/credentials/${made.id}`, undefined, { 'If-Match': '*' });
    }
  };
  let broken;
  const working = Promise.all(labels.map(client)).catch(error => { broken = error; });
  const numbers = [];
  for (let i = 0; i < 3; i++) {
    numbers.push((await renewed(api)).newest);
    await eventually(() => broken || paid > i * labels.length, 'payments between the changes');
  }
  over = true;
  await working;
  assert.equal(broken, undefined);
  assert.deepEqual(numbers, [2, 3, 4]);
  assert.deepEqual(numbersIn(path.join(here.folder, 'keys')), [4]);
  const found = sealedUnder(here.folder);
  assert.deepEqual([...found.keys()], [4]);
  assert.ok(found.get(4) >= 10, `${found.get(4)} sealed values`);
  assert.ok(fake.calls().length >= paid);
  for (const one of fake.calls()) assert.equal(one.headers['x-secret'], 's3cret');
  await here.again(); // with the one key that is left
  const message = await call(here.gateway, {}, { label: 'a', tool: 'free' });
  assert.ok(message.result && !message.result.isError, textOf(message));
  assert.equal(fake.calls().at(-1).headers['x-secret'], 's3cret');
});

test('a ticket from before the change is good after it, and one question is both sealed anew and answered', async t => {
  const here = await asking(t);
  const first = await call(here.gateway, { sum: 5 }, { label: 'agent' });
  assert.equal(first.result.resultType, 'input_required');
  const id = await here.person.open();
  const now = await renewed(here.api);
  assert.equal(now.last.sealed, 1);
  assert.deepEqual((await here.person.question(id)).arguments, { sum: 5 });
  await here.person.approve(id);
  const back = await call(here.gateway, { sum: 5 }, { label: 'agent', back: { requestState: first.result.requestState } });
  assert.ok(back.result.content, textOf(back));
});

test('sealing anew is no change: no session ends, no version moves, one row of the audit', async t => {
  const here = await controlled(t);
  const made = (await credential(here.api, here.server, 'X-Secret', 's3cret')).body;
  await grantFor(here.gateway, here.api, 'dev');
  const session = await Session.open(here.gateway, { server: 'files', label: 'dev' });
  await session.call('echo', {});
  const row = async () => (await here.api.must(200, 'GET', `/servers/${here.server}/credentials/${made.id}`));
  const before = await row(), [newest] = (await here.api.must(200, 'GET', '/audit?limit=1')).body.items;
  await renewed(here.api);
  const after = await row();
  assert.deepEqual([after.body, after.etag], [before.body, before.etag]);
  assertAllowed(await session.call('echo', {}));
  assert.equal(here.fake.calls().at(-1).headers['x-secret'], 's3cret');
  assert.equal(here.fake.of('initialize').length, 1);
  const rows = (await here.api.must(200, 'GET', '/audit?limit=10')).body.items;
  const own = rows.slice(0, rows.findIndex(r => r.id === newest.id)).filter(r => !r.action.startsWith('audit.'));
  assert.deepEqual(own.map(r => [r.action, r.object, r.after, r.actor.label]), [['secrets.reseal', 'default', { key: 2 }, 'a@example.com']]);
});

test('killed half way it has all keys, says so, and a second beginning ends it', needsDatabase, async t => {
  const here = await controlled(t);
  const file = path.join(here.folder, 'keys');
  for (let s = 0; s < 10; s++) {
    const { id } = (await here.api.must(201, 'POST', '/servers', { name: 's' + s, transport: 'http', url: here.fake.url })).body;
    for (let i = 0; i < 30; i++) await credential(here.api, id, `X-${i}`, 'v' + i);
  }
  await credential(here.api, here.server, 'X-Secret', 's3cret');
  await grantFor(here.gateway, here.api, 'dev');
  const again = async () => {
    if (!here.gateway.exit) here.gateway.signal('SIGTERM');
    await here.gateway.exited;
    Object.assign(here.gateway, { exit: undefined, stderr: '' });
    await here.gateway.start({ args: ['--data', here.folder, '--allow-outside', '127.0.0.1'] });
    here.api.port = here.gateway.port;
  };
  const sends = async () => {
    assertAllowed(await (await Session.open(here.gateway, { server: 'files', label: 'dev' })).call('echo', {}));
    assert.equal(here.fake.calls().at(-1).headers['x-secret'], 's3cret');
  };
  // The writer stands still wherever the test got hold of the database while the file had both keys.
  const held = new sqlite.DatabaseSync(path.join(here.folder, 'control.db'));
  held.exec('PRAGMA busy_timeout = 60000');
  let cut = false;
  while (!cut) {
    await here.api.must(202, 'POST', KEYS);
    const now = await eventually(async () => numbersIn(file).length === 2 || (await shown(here.api)).last.state !== 'running', 'two keys in the file');
    assert.ok(now);
    held.exec('BEGIN IMMEDIATE');
    cut = numbersIn(file).length === 2;
    if (cut) here.gateway.signal('SIGKILL');
    if (cut) await here.gateway.exited;
    held.exec('ROLLBACK');
    if (!cut) await ended(here.api);
  }
  held.close();
  const numbers = numbersIn(file);
  await again();
  await sends();
  const begun = await shown(here.api);
  assert.deepEqual([begun.keys, begun.newest, begun.unfinished, begun.last], [2, numbers[1], true, null]);
  assert.equal((await here.api.must(200, 'GET', '/audit/keeping')).body.sealing_unfinished, true);
  const now = await renewed(here.api);
  assert.deepEqual([now.newest, now.last.key], [numbers[1], numbers[1]]); // no further key
  assert.deepEqual(numbersIn(file), [numbers[1]]);
  assert.deepEqual([...sealedUnder(here.folder)], [[numbers[1], 301]]);
  await sends();
  await again();
  await sends();
  assert.equal((await here.api.must(200, 'GET', '/audit/keeping')).body.sealing_unfinished, false);
});

test('a second one is refused while one runs', needsDatabase, async t => {
  const here = await controlled(t);
  await credential(here.api, here.server, 'X-Secret', 's3cret');
  const held = new sqlite.DatabaseSync(path.join(here.folder, 'control.db'));
  t.after(() => held.close());
  held.exec('PRAGMA busy_timeout = 60000');
  let met = false;
  while (!met) {
    await here.api.must(202, 'POST', KEYS);
    held.exec('BEGIN IMMEDIATE');
    if ((await shown(here.api)).last.state === 'running') {
      const refused = await here.api.refused(409, 'conflict', 'POST', KEYS);
      assert.match(refused.detail, /already/);
      assert.equal((await shown(here.api)).unfinished, false); // it runs
      met = true;
    }
    held.exec('ROLLBACK');
    await ended(here.api);
  }
});

test('keys of the environment are not changed', async t => {
  const env = { SALLYPORT_KEYS: `1:${'0'.repeat(64)},3:${'1'.repeat(64)}` };
  const here = await controlled(t, { env });
  const before = await shown(here.api);
  assert.deepEqual(before, { source: 'environment', keys: 2, newest: 3, unfinished: false, last: null });
  const refused = await here.api.refused(409, 'conflict', 'POST', KEYS);
  assert.match(refused.detail, /environment/);
  assert.deepEqual(await shown(here.api), before);
  assert.ok(!fs.existsSync(path.join(here.folder, 'keys')));
});

test('a key file that is gone, another one, or beyond writing changes nothing', async t => {
  const here = await controlled(t);
  const file = path.join(here.folder, 'keys'), own = fs.readFileSync(file, 'utf8');
  await credential(here.api, here.server, 'X-Secret', 's3cret');
  const refused = async () => {
    const said = await here.api.refused(409, 'conflict', 'POST', KEYS);
    assert.match(said.detail, /the gateway's own log says why/);
    assert.ok(!said.detail.includes(here.folder), said.detail);
    assert.deepEqual(await shown(here.api), { source: 'file', keys: 1, newest: 1, unfinished: false, last: null });
  };
  fs.rmSync(file);
  await refused();
  const other = `1:${'a'.repeat(64)}\n`;
  fs.writeFileSync(file, other, { mode: 0o600 });
  await refused();
  assert.equal(fs.readFileSync(file, 'utf8'), other);
  fs.writeFileSync(file, own);
  assert.equal((await here.api.must(200, 'GET', '/audit?limit=100')).body.items.filter(r => r.action === 'secrets.reseal').length, 0);
  await renewed(here.api);
});

test('a folder that cannot be written is said, and nothing has changed', async t => {
  const disk = smallDisk(t);
  if (disk === null) return t.skip('mounting is not permitted here');
  const file = path.join(disk.folder, 'keys'), own = `7:${'b'.repeat(64)}\n`;
  fs.writeFileSync(file, own, { mode: 0o600 });
  const here = await controlled(t, { args: ['--key-file', file] });
  const mounted = options => assert.equal(spawnSync('mount', ['-o', 'remount,' + options, disk.folder]).status, 0);
  mounted('ro');
  const said = await here.api.refused(409, 'conflict', 'POST', KEYS);
  assert.match(said.detail, /cannot be written/);
  mounted('rw');
  assert.equal(fs.readFileSync(file, 'utf8'), own);
  disk.fill(); // what the look before could not see
  await here.api.must(202, 'POST', KEYS);
  const failed = await ended(here.api);
  assert.deepEqual([failed.last.state, failed.keys, failed.newest], ['failed', 1, 7]);
  assert.match(failed.last.text, /cannot be written/);
  assert.equal(fs.readFileSync(file, 'utf8'), own);
  disk.free();
  assert.deepEqual([(await renewed(here.api)).newest, numbersIn(file)], [8, [8]]);
});

test('only admins of the organisation that runs the gateway may ask', async t => {
  const first = await startApi(t, { seed: false });
  const password = 'correct horse battery', email = 'a@example.com';
  await first.api.must(201, 'POST', '/setup', { token: first.setup, email, name: 'A', password });
  await first.stop();
  const { api, acme, folder } = await startApi(t, { folder: first.folder });
  const other = api.as(acme.keys.admin);
  for (const method of ['GET', 'POST']) assert.match((await other.refused(403, 'role', method, KEYS)).detail, /'default'/);
  assert.equal((await other.must(200, 'GET', '/audit/keeping')).body.may_change, false);
  assert.deepEqual(numbersIn(path.join(folder, 'keys')), [1]);
  const session = await api.must(201, 'POST', '/session', { email, password });
  const own = new Api(api.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  for (const role of ['viewer', 'policy_manager']) {
    const key = (await own.must(201, 'POST', '/keys', { label: role, role })).body.token;
    for (const method of ['GET', 'POST']) await api.as(key).refused(403, 'role', method, KEYS);
  }
  assert.equal((await own.must(200, 'GET', '/audit/keeping')).body.may_change, true);
  const now = await renewed(own);
  assert.ok(now.last.sealed >= 2, 'credentials of both other organisations');
  if (sqlite) assert.deepEqual([...sealedUnder(folder).keys()], [2]);
  const rows = async who => (await who.must(200, 'GET', '/audit?limit=1000')).body.items.filter(r => r.action === 'secrets.reseal').length;
  assert.deepEqual([await rows(own), await rows(other)], [1, 0]);
});

test('a stop in between leaves a change that can be ended', async t => {
  const here = await controlled(t);
  await credential(here.api, here.server, 'X-Secret', 's3cret');
  await here.api.must(202, 'POST', KEYS);
  here.gateway.signal('SIGTERM');
  await here.gateway.exited;
  assert.equal(here.gateway.exit.code, 0, here.gateway.stderr);
  Object.assign(here.gateway, { exit: undefined, stderr: '' });
  await here.gateway.start({ args: ['--data', here.folder, '--allow-outside', '127.0.0.1'] });
  here.api.port = here.gateway.port;
  await renewed(here.api);
});
