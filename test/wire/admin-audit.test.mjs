// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin audit of a folder's database, verified by `sallyport audit verify --data` after somebody who can write
// everything but the key has been at it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';

const SEED = path.join(path.dirname(BINARY), '../test/wire/seed');
const environment = folder => ({ PATH: process.env.PATH, HOME: folder, ...sanitizerOptions() });
const sqlite = await import('node:sqlite').catch(() => null);
const skip = !sqlite && 'this Node has no SQLite';

const run = (folder, ...args) => {
  const done = spawnSync(BINARY, ['audit', ...args], { encoding: 'utf8', env: environment(folder), timeout: 60000 });
  assert.doesNotMatch(done.stderr, /Sanitizer|runtime error:/);
  return { code: done.status, out: done.stdout, err: done.stderr };
};
const verify = (folder, ...args) => run(folder, 'verify', '--data', folder, ...args);

function seed(folder, ...names) {
  execFileSync(SEED, [folder, ...names.flatMap(name => [name, 'http://127.0.0.1:9/mcp', JSON.stringify(ALLOW_ALL)])], { env: environment(folder) });
}

// The database of this folder, opened and closed.
function change(folder, edit) {
  const database = new sqlite.DatabaseSync(path.join(folder, 'control.db'));
  database.exec('PRAGMA foreign_keys = OFF');
  try { return edit(database); } finally { database.close(); }
}
const rowsOf = (database, name) => database.prepare('SELECT a.* FROM audit a JOIN organisation o ON o.id = a.organisation WHERE o.name = ? ORDER BY a.sequence').all(name)
  .map(row => ({ ...row, text: Buffer.from(row.line).toString() }));

// A folder that served twice, with changes in between: two organisations, signed rows, signed ends. The decision log is in it.
async function served(t, { names = ['acme', 'beta'], rounds = 2, extra = {} } = {}) {
  const folder = path.join(scratch(t), 'data');
  seed(folder, ...names);
  const setup = { servers: {}, grants: {}, extra: { decision_log: path.join(folder, 'decisions.jsonl'), ...extra } };
  for (let round = 0; round < rounds; round++) {
    const gateway = await startGateway(t, setup, { args: ['--data', folder] });
    const token = round === 0 && (await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/))[1];
    if (token) await new Api(gateway.port).must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: 'correct horse battery' });
    else await new Api(gateway.port).must(201, 'POST', '/session', { organisation: 'acme', email: 'a@example.com', password: 'correct horse battery' });
    await gateway.stop();
  }
  return folder;
}

test('both logs of a folder are proven, while a gateway uses it and when none does', { skip }, async t => {
  const folder = await served(t, { rounds: 1 });
  const good = verify(folder);
  assert.equal(good.code, 0, good.out + good.err);
  assert.match(good.out, /^the decision log:\nrows 1 to \d+ are in order[^]*the admin audit of acme:\nrows 1 to \d+ are in order[^]*the admin audit of beta:/);
  const json = JSON.parse(verify(folder, '--json').out);
  assert.deepEqual([json.good, json.in_use, json.organisations.length, json.decision_log.good], [true, false, 2, true]);
  assert.ok(json.organisations.every(o => o.good && o.ended && o.signatures >= 2 && o.key === json.decision_log.key));
  assert.equal(verify(folder, '--key', folder + '/decisions.jsonl.key.pub').code, 0);

  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { decision_log: path.join(folder, 'decisions.jsonl') } }, { args: ['--data', folder] });
  const open = new Api(gateway.port);
  const session = await open.must(201, 'POST', '/session', { organisation: 'acme', email: 'a@example.com', password: 'correct horse battery' });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  const adding = (async () => { for (let i = 0; i < 20; i++) await api.must(201, 'POST', '/grants', { label: 'g' + i }); })();
  for (let i = 0; i < 3; i++) {
    const busy = verify(folder, '--json');
    assert.equal(busy.code, 0, busy.out + busy.err);
    assert.equal(JSON.parse(busy.out).in_use, true);
  }
  await adding;
  const listed = (await api.must(200, 'GET', '/audit?limit=1000')).body.items;
  assert.ok(listed.some(row => row.note === 'start' && row.action === 'audit.start' && row.signature));
  gateway.child.kill('SIGKILL');
  await gateway.exited;
  gateway.stopped = true;
  const killed = verify(folder);
  assert.equal(killed.code, 5, killed.out);
  assert.match(killed.out, /rows at the end that are not signed yet: \d+\nthere is no signed end/);
});

test('an exported admin audit is a log like any other', { skip }, async t => {
  const folder = await served(t);
  const file = path.join(folder, 'acme.jsonl');
  fs.writeFileSync(file, run(folder, 'export', '--data', folder, '--admin', '--organisation', 'acme').out);
  const good = run(folder, 'verify', file, '--key', folder + '/decisions.jsonl.key.pub');
  assert.equal(good.code, 0, good.out + good.err);
  const csv = run(folder, 'export', '--data', folder, '--admin', '--format', 'csv').out;
  assert.match(csv, /^time,seq,organisation,actor,address,action,object,before,after,link\r\n/);
  assert.match(csv, /grant\.add/);
  assert.doesNotMatch(csv, /audit\.start/);
  assert.equal(run(folder, 'export', '--data', folder, '--admin', '--organisation', 'none').code, 2);
  assert.equal(run(folder, 'export', '--data', folder).code, 0);
  assert.equal(run(folder, 'export', '--admin', file).code, 2);
});

// Makes rows follow from one another again, as whoever can write the database would; `note` re-signs a note's body.
function relink(database, rows, note = text => text) {
  let link = Buffer.alloc(32);
  const write = database.prepare('UPDATE audit SET line = ?, link = ?, sequence = ?, id = ? WHERE organisation = ? AND rowid = ?');
  const keys = new Map(database.prepare('SELECT rowid, organisation, sequence FROM audit').all().map(k => [k.organisation + k.sequence, k.rowid]));
  database.exec("UPDATE audit SET id = 'x' || id, sequence = sequence + 1000000");
  const owner = rows[0].organisation;
  rows.forEach((row, i) => {
    let body = row.text.slice(0, row.text.lastIndexOf(',"seq":'));
    if (body.includes('"note":')) body = note(body, i, link);
    const bytes = `${body},"seq":${i + 1}`;
    link = createHash('sha256').update(link).update(bytes).digest();
    write.run(Buffer.from(`${bytes},"link":"${link.toString('hex')}"}`), link, i + 1, 'adt_' + String(i + 1).padStart(20, '0'), owner, keys.get(owner + row.sequence));
  });
  database.exec("DELETE FROM audit WHERE id LIKE 'x%' AND organisation = '" + owner + "'");
  database.exec("UPDATE audit SET id = substr(id, 2), sequence = sequence - 1000000 WHERE id LIKE 'x%'");
}

test('rows that were edited, dropped, reordered, cut off or made anew are found', { skip }, async t => {
  const folder = await served(t);
  const file = path.join(folder, 'control.db');
  const whole = fs.readFileSync(file);
  const first = "organisation = (SELECT id FROM organisation WHERE name = 'acme')";
  const sql = text => database => assert.ok(database.prepare(text.replaceAll('ACME', first)).run().changes > 0, text);
  const edited = (database, edit) => { const rows = rowsOf(database, 'acme'); relink(database, edit(rows) ?? rows); };
  const cases = [
    ['a line is edited', sql("UPDATE audit SET line = CAST(replace(CAST(line AS TEXT), 'files', 'Files') AS BLOB) WHERE ACME AND CAST(line AS TEXT) LIKE '%files%'"), /^acme:\d+: row \d+ was changed/m],
    ['a line is cut', sql('UPDATE audit SET line = substr(line, 2) WHERE ACME AND sequence = 3'), /^acme:3: row 3 is no row/m],
    ['a link is changed', sql('UPDATE audit SET link = zeroblob(32) WHERE ACME AND sequence = 3'), /^acme:3: row 3 has columns/m],
    ['what the API shows is changed', sql("UPDATE audit SET action = 'grant.remove' WHERE ACME AND sequence = 3"), /^acme:3: row 3 has columns/m],
    ['who it was is changed', sql("UPDATE audit SET actor = 'mem_other' WHERE ACME AND sequence = 2"), /^acme:2: row 2 has columns/m],
    ['the first row is dropped', sql('DELETE FROM audit WHERE ACME AND sequence = 1'), /^acme:2: the first row is not a start/m],
    ['a row is dropped', sql('DELETE FROM audit WHERE ACME AND sequence = 3'), /^acme:4: row 3 is missing before row 4/m],
    ['rows are swapped', database => {
      const [, a, b] = rowsOf(database, 'acme');
      const write = database.prepare('UPDATE audit SET line = ?, link = ? WHERE organisation = ? AND sequence = ?');
      write.run(b.line, b.link, a.organisation, a.sequence);
      write.run(a.line, a.link, a.organisation, b.sequence);
    }, /^acme:2: row 3 is missing|^acme:2: row 2 is missing before row 3/m],
    ['a row is edited and all links are made anew', database => edited(database, rows => { rows[1].text = rows[1].text.replace('files', 'Files'); }), /^acme:\d+: the signature is about other rows/m],
    ['a row is dropped and all links are made anew', database => edited(database, rows => rows.filter((_, i) => i !== 2)), /^acme:\d+: the signature is about other rows/m],
    ['an organisation is gone', database => ['reach', 'grant_token', 'grant', 'policy_version', 'policy', 'credential', 'server', 'member', 'audit', 'organisation']
      .forEach(table => database.exec(`DELETE FROM "${table}" WHERE organisation = (SELECT id FROM organisation WHERE name = 'beta')`)), /organisations had an admin audit, as a signed row says, and/],
    ["another organisation's rows", database => {
      const rows = rowsOf(database, 'beta'), acme = rowsOf(database, 'acme')[0].organisation;
      database.prepare('DELETE FROM audit WHERE organisation = ?').run(acme);
      database.prepare('UPDATE audit SET organisation = ? WHERE organisation = ?').run(acme, rows[0].organisation);
    }, /^acme:1: row 1 has columns/m],
  ];
  for (const [name, edit, words] of cases) {
    fs.writeFileSync(file, whole);
    change(folder, edit);
    const found = verify(folder);
    assert.equal(found.code, 1, `${name}: ${found.out}${found.err}`);
    assert.match(found.out, words, name);
    assert.equal(JSON.parse(verify(folder, '--json').out).good, false);
  }
});

test('a chain that is made anew with another key is not the one that the decision log names', { skip }, async t => {
  const folder = await served(t);
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'jwk' });
  const bytes = Buffer.from(raw.x, 'base64url');
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const forge = (body, i, link) => {
    const text = body.replace(/"rows":\d+/, `"rows":${i}`).replace(/"head":"\w+"/, `"head":"${link.toString('hex')}"`)
      .replace(/"public_key":"\w+"/, `"public_key":"${bytes.toString('hex')}"`).replace(/,"key":"\w+","signature":"\w+"/, `,"key":"${id}"`);
    return `${text},"signature":"${sign(null, Buffer.from(text), privateKey).toString('hex')}"`;
  };
  const before = path.join(folder, 'before.jsonl');
  fs.writeFileSync(before, run(folder, 'export', '--data', folder, '--admin').out);
  change(folder, database => relink(database, rowsOf(database, 'acme').filter((_, i) => i !== 1), forge));
  const found = verify(folder);
  assert.equal(found.code, 1, found.out);
  assert.match(found.out, /^acme:\d+: the note is signed by key \w+, which is not one that is believed/m);
  // Where the decision log went along, its own word is all there is; what was kept elsewhere says more.
  for (const name of fs.readdirSync(folder)) if (name.startsWith('decisions.jsonl') && !name.endsWith('.pub')) fs.rmSync(path.join(folder, name));
  const beta = JSON.parse(verify(folder, '--json').out).organisations;
  assert.equal(beta[0].organisation === 'acme' ? beta[1].good : beta[0].good, false, 'two chains with two keys');
  change(folder, database => relink(database, rowsOf(database, 'beta'), forge));
  assert.equal(verify(folder).code, 0, 'whoever makes everything anew, in one key, is only found out by what is kept elsewhere');
  const key = verify(folder, '--key', folder + '/decisions.jsonl.key.pub');
  assert.equal(key.code, 1);
  assert.match(key.out, /is not one that is believed/);
  const noted = verify(folder, '--noted', before);
  assert.equal(noted.code, 1);
  assert.match(noted.out, /was noted/);
});

test('an older copy is found by what was noted, and by nothing else', { skip }, async t => {
  const folder = await served(t, { rounds: 1 });
  const file = path.join(folder, 'control.db'), older = fs.readFileSync(file);
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { decision_log: path.join(folder, 'decisions.jsonl') } }, { args: ['--data', folder] });
  await new Api(gateway.port).must(201, 'POST', '/session', { organisation: 'acme', email: 'a@example.com', password: 'correct horse battery' });
  await gateway.stop();
  const noted = path.join(folder, 'noted');
  fs.writeFileSync(noted, run(folder, 'export', '--data', folder, '--admin').out.trim().split('\n').filter(line => line.includes('"note":')).join('\n'));
  assert.equal(verify(folder, '--noted', noted).code, 0);
  fs.writeFileSync(file, older);
  assert.equal(verify(folder).code, 0);
  const found = verify(folder, '--noted', noted);
  assert.equal(found.code, 1);
  assert.match(found.out, /^acme:\d+: rows \d+ to \d+ are missing at the end: row \d+ was noted/m);
  // Cut back to a signed row, the end of the first process, is the same.
  fs.writeFileSync(noted, JSON.stringify({ organisation: 'org_gone', a: 1 }).slice(0, -1) + `,"seq":3,"link":"${'0'.repeat(64)}"}`);
  assert.match(verify(folder, '--noted', noted).out, /a row of org_gone was noted, and its log is not there/);
});

test('what cannot be read is said, and nothing is written', { skip }, async t => {
  const folder = await served(t, { rounds: 1 });
  assert.equal(verify(path.join(folder, 'none')).code, 2);
  const file = path.join(folder, 'control.db'), whole = fs.readFileSync(file);
  assert.equal(verify(folder).code, 0);
  assert.deepEqual(fs.readFileSync(file), whole);
  fs.writeFileSync(file, 'something else entirely');
  assert.match(verify(folder).err, /is not a database of sallyport/);
  const broken = Buffer.from(whole);
  for (let at = 4096; at < broken.length; at += 64) broken.fill(0xA5, at, at + 16);
  fs.writeFileSync(file, broken);
  const damaged = verify(folder);
  assert.notEqual(damaged.code, 0);
  assert.match(damaged.err, /damaged/);
  fs.writeFileSync(file, whole);
  change(folder, database => database.exec('UPDATE schema_version SET version = version + 1000'));
  assert.match(verify(folder).err, /newer version/);
});
