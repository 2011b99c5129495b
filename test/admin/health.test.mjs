// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What /readyz and /metrics tell of the database, and that docs/metrics.md tells of all figures.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL, Gateway, startGateway } from '../lib/gateway.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually, ROOT, scratch, smallDisk } from '../lib/scratch.mjs';

const PASSWORD = 'correct horse battery';
const empty = { servers: {}, grants: {} };
const ready = async gateway => { const { status, text, headers } = await exchange(gateway.port, 'GET', '/readyz'); return { status, type: headers['content-type'], ...JSON.parse(text) }; };
const metrics = async gateway => (await exchange(gateway.port, 'GET', '/metrics')).text;
const figure = async (gateway, series) => Number(new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(await metrics(gateway))?.[1]);

async function signedIn(gateway) {
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  return new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
}

test('docs/metrics.md has every figure, as the gateway shows it', async t => {
  const extra = { decision_log_sinks: [{ name: 'far', kind: 'syslog', url: 'udp://127.0.0.1:9' }] };
  const gateway = await startGateway(t, { ...empty, extra }, { args: ['--data', path.join(scratch(t), 'data')] });
  const text = await metrics(gateway);
  const shown = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) => {
    const label = new RegExp(`^${name}(?:_bucket)?\\{(\\w+)=`, 'm').exec(text)?.[1] ?? (/^sallyport_upstream_/.test(name) ? 'server' : '');
    return `| \`${name}\` | ${type} | ${label && `\`${label}\``} | ${help} |`.replaceAll('  ', ' ');
  });
  const rows = fs.readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8').split('\n').filter(line => line.startsWith('| `sallyport_')).map(line => line.replaceAll('  ', ' '));
  assert.deepEqual(rows, shown);
});

for (const workers of [1, 3])
  test(`the figures follow a change to every one of ${workers} workers`, async t => {
    const gateway = await startGateway(t, { ...empty, extra: { workers } }, { args: ['--data', path.join(scratch(t), 'data')] });
    assert.deepEqual(await ready(gateway), { status: 'ready', type: 'application/json', parts: { decision_log: { up: true }, database: { up: true }, rules: { up: true }, decision_index: { up: true } } });
    const api = await signedIn(gateway);
    const before = { serial: await figure(gateway, 'sallyport_rules_serial'), commits: await figure(gateway, 'sallyport_database_commits_total') };
    await api.must(201, 'POST', '/policies', { name: 'p', document: ALLOW_ALL });
    assert.equal(await figure(gateway, 'sallyport_rules_serial'), before.serial + 1);
    assert.ok(await figure(gateway, 'sallyport_database_commits_total') > before.commits);
    for (let i = 0; i < workers; i++) assert.equal(await figure(gateway, `sallyport_rules_in_force{worker="${i}"}`), before.serial + 1);
    assert.ok(await figure(gateway, 'sallyport_database_bytes{file="wal"}') > 0);
    assert.ok(Math.abs(await figure(gateway, 'sallyport_database_last_commit_seconds') - Date.now() / 1000) < 20);
  });

test('a full disk refuses changes, says so and recovers', async t => {
  const disk = smallDisk(t, '3m');
  if (!disk) return t.skip('a small disk cannot be mounted here');
  const gateway = await startGateway(t, empty, { args: ['--data', path.join(disk.folder, 'data')] });
  const api = await signedIn(gateway);
  disk.fill();
  const document = { ...ALLOW_ALL, description: 'x'.repeat(2000) };
  let refused;
  for (let i = 0; i < 200 && refused === undefined; i++) {
    const answer = await api.call('POST', '/policies', { name: 'p' + i, document });
    if (answer.status !== 201) refused = answer;
  }
  assert.equal(refused.status, 503, refused.text);
  const state = await ready(gateway);
  assert.deepEqual([state.status, state.parts.database.up], ['degraded', false]);
  assert.match(state.parts.database.detail, /changes are refused/);
  assert.equal(await figure(gateway, 'sallyport_database_up'), 0);
  disk.free();
  await api.must(201, 'POST', '/policies', { name: 'again', document });
  await eventually(async () => (await ready(gateway)).status === 'ready', 'the index is written again, too');
  assert.equal(await figure(gateway, 'sallyport_database_up'), 1);
});

test('a credential that cannot be opened is told of, and its server is not served', async t => {
  const data = path.join(scratch(t), 'data');
  const first = await startGateway(t, empty, { args: ['--data', data] });
  const api = await signedIn(first);
  for (const name of ['damaged', 'good']) {
    const server = await api.must(201, 'POST', '/servers', { name, transport: 'http', url: 'http://127.0.0.1:9/mcp' });
    await api.must(201, 'POST', `/servers/${server.body.id}/credentials`, { place: 'header', name: 'X-Key', value: 'secret' });
  }
  await first.stop();
  const database = new DatabaseSync(path.join(data, 'control.db'));
  database.exec('UPDATE credential SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x\'00\' AS BLOB) WHERE id = (SELECT min(id) FROM credential)');
  database.close();
  const second = new Gateway(t, first.folder);
  t.after(() => second.stop());
  await second.start({ args: ['--data', data] });
  const state = await ready(second);
  assert.deepEqual([state.status, state.parts.rules.up], ['degraded', false]);
  assert.equal(await figure(second, 'sallyport_sealed_unreadable'), 1);
  assert.equal(await figure(second, 'sallyport_rules_unusable{kind="server"}'), 1);
  await eventually(() => /server 'default\/damaged' cannot be used/.test(second.stderr), 'the log says which');
});
