// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Both logs proven by the gateway that writes them, over the API: whole, while calls go on and files are cut and deleted,
// and after somebody has been at them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';

const sqlite = await import('node:sqlite').catch(() => null);

// With a decision log in the folder and some calls in it.
async function called(t, extra = {}) {
  const folder = scratch(t);
  const log = path.join(folder, 'decisions.jsonl');
  const here = await controlled(t, { extra: { decision_log: log, ...extra } });
  await grantFor(here.gateway, here.api, 'dev');
  const session = await Session.open(here.gateway, { server: 'files', label: 'dev' });
  const some = async count => { for (let i = 0; i < count; i++) await session.call('read', {}); };
  await some(5);
  await indexed(here, 6); // a row is written a moment after its answer
  return { ...here, log, logs: folder, some };
}

// What came of a proof that is asked for now.
async function proven({ api }) {
  await api.must(202, 'POST', '/audit/proofs');
  return eventually(async () => (await api.must(200, 'GET', '/audit/proofs')).body.items.find((proof, i) => i === 0 && proof.state !== 'running'), 'a proof to end');
}
async function indexed({ api }, rows) {
  await eventually(async () => (await api.call('GET', '/decisions?limit=1')).body.items?.[0]?.seq >= rows, 'the index to know row ' + rows);
}
const linesOf = file => fs.readFileSync(file, 'utf8').split('\n');

test('both logs are proven, and the audit says who asked', async t => {
  const here = await called(t);
  const proof = await proven(here);
  assert.deepEqual([proof.state, proof.good, proof.text, proof.files, proof.unsigned_minutes], ['done', true, null, 1, 0]);
  assert.equal(proof.bytes, proof.read);
  const { decision_log: log, admin_audit: audit } = proof;
  assert.deepEqual([log.first, audit.first, audit.organisation, log.key], [1, 1, 'default', audit.key]);
  assert.ok(log.last >= 1 && audit.changes >= 4);
  const [row] = (await here.api.must(200, 'GET', '/audit?limit=1')).body.items;
  assert.deepEqual([row.action, row.object, row.actor.label], ['logs.prove', 'default', 'a@example.com']);
  const second = await proven(here);
  assert.deepEqual((await here.api.must(200, 'GET', '/audit/proofs')).body.items.map(p => p.number), [2, 1]);
  assert.ok(second.admin_audit.last > audit.last, 'the row of the first proof is in the second');
});

test('only admins may ask', async t => {
  const here = await called(t);
  for (const role of ['viewer', 'policy_manager']) {
    const key = (await here.api.must(201, 'POST', '/keys', { label: role, role })).body.token;
    const other = new Api(here.gateway.port, { Authorization: 'Bearer ' + key });
    await other.refused(403, 'role', 'POST', '/audit/proofs');
    await other.refused(403, 'role', 'GET', '/audit/proofs');
  }
  assert.deepEqual((await here.api.must(200, 'GET', '/audit/proofs')).body.items, []);
});

const found = (proof, line, text) => {
  assert.deepEqual([proof.state, proof.good, proof.decision_log?.good, proof.admin_audit?.good], ['done', false, false, true]);
  assert.match(proof.decision_log.text, text);
  assert.equal(proof.decision_log.file, 'decisions.jsonl');
  if (line !== null) assert.equal(proof.decision_log.line, line);
};
const written = (file, at, text) => { const fd = fs.openSync(file, 'r+'); fs.writeSync(fd, text, at); fs.closeSync(fd); };

test('a row of the decision log that was changed is found, and is well when it is what it was', async t => {
  const here = await called(t);
  const at = fs.readFileSync(here.log).indexOf('"grant":"dev"', 1) + '"grant":"'.length;
  const line = fs.readFileSync(here.log).subarray(0, at).toString().split('\n').length;
  written(here.log, at, 'ops');
  found(await proven(here), line, new RegExp(`^row ${line} was changed`));
  written(here.log, at, 'dev');
  assert.equal((await proven(here)).good, true);
});

for (const [name, edit, line, text] of [
  ['taken out', lines => lines.splice(2, 1), 3, /^row 3 is missing before row 4$/],
  ['put in', lines => lines.splice(2, 0, '{"outcome":"allowed"}'), 3, /no row of the log/],
  // What the gateway may sign meanwhile comes behind what is missing.
  ['cut off', lines => lines.splice(3, lines.length, ''), null, /^rows? 4 .*missing/],
  ['emptied', lines => lines.splice(0, lines.length), null, /missing/],
])
  test(`rows of the decision log that were ${name} are found`, async t => {
    const here = await called(t);
    const lines = fs.readFileSync(here.log, 'utf8').split('\n');
    edit(lines);
    fs.writeFileSync(here.log, lines.join('\n'));
    found(await proven(here), line, text);
  });

test('a row of the admin audit that was changed is found', { skip: !sqlite && 'this Node has no SQLite' }, async t => {
  const here = await called(t);
  const database = new sqlite.DatabaseSync(path.join(here.folder, 'control.db'));
  t.after(() => database.close());
  database.exec('PRAGMA busy_timeout = 60000');
  const { changes } = database.prepare("UPDATE audit SET line = CAST(replace(CAST(line AS TEXT), 'files', 'Files') AS BLOB) WHERE action = 'server.add'").run();
  assert.equal(changes, 1);
  const proof = await proven(here);
  assert.deepEqual([proof.good, proof.decision_log.good, proof.admin_audit.good], [false, true, false]);
  assert.match(proof.admin_audit.text, /^row \d+ was changed/);
  assert.ok(proof.admin_audit.row > 1);
});

test('files that are cut and deleted meanwhile are no damage', async t => {
  const here = await called(t, { decision_log_keep_bytes: '1 MiB' });
  let over = false;
  const calling = Promise.all([1, 2, 3, 4].map(async () => { while (!over) await here.some(10); }));
  const cut = () => fs.readdirSync(here.logs).filter(name => /\.jsonl\.\d+$/.test(name));
  let gone = 0;
  while (gone === 0) {
    const proof = await proven(here);
    assert.deepEqual([proof.state, proof.good], ['done', true], JSON.stringify(proof));
    gone = proof.decision_log.deleted_to;
    if (cut().length === 0) await here.some(100);
  }
  over = true;
  await calling;
  const proof = await proven(here);
  assert.ok(proof.good && proof.files > 1 && proof.decision_log.first > 1, JSON.stringify(proof));
  fs.rmSync(path.join(here.logs, cut().sort()[1]));
  const less = await proven(here);
  assert.deepEqual([less.good, less.decision_log.good], [false, false]);
  assert.match(less.decision_log.text, /missing/);
});

test('what is kept for how long is said, with what there is', async t => {
  const here = await called(t, { decision_log_keep: '90d', decision_log_keep_bytes: '8 GiB', admin_audit_keep: '365d' });
  const { admin_audit: audit, decision_log: log, sealing_keys: keys } = (await here.api.must(200, 'GET', '/audit/keeping')).body;
  assert.deepEqual([log.keep_seconds, log.keep_bytes, audit.keep_seconds, keys], [90 * 86400, 8 * 2 ** 30, 365 * 86400, 1]);
  assert.equal(log.files, 1);
  assert.ok(log.bytes > 1000 && log.bytes <= fs.statSync(here.log).size);
  const first = JSON.parse(linesOf(here.log)[0]);
  assert.equal(log.oldest_at, first.time);
  const rows = (await here.api.must(200, 'GET', '/audit?limit=1000')).body.items;
  assert.equal(audit.oldest_at, rows.at(-1).created_at);
});

test('a log that is compressed in part is not called damaged', async t => {
  const here = await called(t);
  fs.writeFileSync(here.log + '.1.gz', 'x');
  const proof = await proven(here);
  assert.deepEqual([proof.state, proof.good, proof.decision_log], ['failed', null, null]);
  assert.match(proof.text, /'decisions\.jsonl\.1\.gz' is compressed/);
});

test('what a stop interrupts does not keep it', async t => {
  const here = await called(t);
  fs.appendFileSync(here.log + '.big', Buffer.alloc(1024 * 1024, '\n'));
  await here.api.must(202, 'POST', '/audit/proofs');
  await here.gateway.stop();
  assert.equal(linesOf(here.log).length > 1, true);
});
