// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Recorded calls through drafts, over the API: the same as the command line says of the same rows, of the own organisation alone, and within bounds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { generator } from '../lib/organisation.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';

const DAY = Date.parse('2026-11-20T00:00:00Z'), TOOLS = ['read_file', 'write_file', 'drop_table'];
const time = at => new Date(at).toISOString();

// A row as the gateway writes it. Whether links are right is not looked at here.
function line(seq, row) {
  const { time: at, id, organisation, grant, server, ...rest } = row;
  return JSON.stringify({ time: time(at), id, organisation, grant, server, session: 'aa' + (row.session ?? 1), client: 'c', direction: 'client', ...rest, decide_us: 10, total_us: 20, seq, link: '0'.repeat(64) });
}
function someRow(random, organisation, name, at, n) {
  const subject = random.pick(TOOLS), denied = random.chance(0.2), n2 = random.below(10);
  return { time: at, id: n.toString(16).padStart(32, '0'), organisation, grant: random.pick(['agent', 'other']), server: `${name}/files`, session: random.below(3), method: 'tools/call', subject,
    outcome: denied ? 'denied' : 'allowed', rule: denied ? '/tools/x/deny_if/0' : '/tools/x', ...(denied ? { reason: 'No.' } : {}), policy: random.chance(0.9) ? 'careful' : 'another', policy_version: 'sha256:00',
    argument_keys: ['n'], ...(random.chance(0.7) ? { arguments: { n: n2 } } : {}) };
}
// A control plane whose log has these rows besides.
async function withRows(t, rows) {
  const first = await startApi(t), log = path.join(first.folder, 'decisions.jsonl');
  await first.stop();
  let seq = fs.readFileSync(log, 'utf8').trim().split('\n').length;
  fs.appendFileSync(log, rows(first).map(row => line(++seq, row) + '\n').join(''));
  const state = { ...(await startApi(t, { seed: false, folder: first.folder })), acme: first.acme, umbrella: first.umbrella, folder: first.folder, log };
  const admin = state.api.as(first.acme.keys.admin);
  await eventually(async () => (await admin.call('GET', '/decisions?limit=1')).body.index?.row === seq, 'all rows are indexed');
  return { ...state, admin, manager: state.api.as(first.acme.keys.policy_manager) };
}
const some = (random, count) => state => Array.from({ length: count }, (_, i) => i % 5 === 4 ? someRow(random, state.umbrella.organisation, 'umbrella', DAY + i * 997, i) : someRow(random, state.acme.organisation, 'acme', DAY + i * 997, i));

const DRAFT = { version: '1', default: 'deny', all_tools: { limits: [{ counter: 'calls', window: 'minute', max: 20 }, { counter: 'n', window: 'hour', max: 300, increment_from: 'args.n', scope: 'session' }] },
  tools: { 'read_*': {}, write_file: { deny_if: [{ conditions: [{ path: 'args.n', op: 'gt', value: 6 }] }] }, drop_table: { require: [{ conditions: [{ path: 'session.calls', op: 'lt', value: 40 }] }] } } };

// What the command line says of the organisation's rows.
function command(t, state, words, draft) {
  const folder = scratch(t), file = path.join(folder, 'draft.json'), rows = path.join(folder, 'rows.jsonl');
  fs.writeFileSync(file, JSON.stringify(draft));
  fs.writeFileSync(rows, fs.readFileSync(state.log, 'utf8').split('\n').filter((text, i) => i === 0 || text.includes(state.acme.organisation)).map(text => text + '\n').join(''));
  const { status, stdout, stderr } = spawnSync(BINARY, ['policy', ...words.map(word => ({ DRAFT: file, LOG: rows })[word] ?? word)], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
const READ = ['complete', 'cut', 'read', 'missing', 'reached', 'index', 'text'];
const without = (answer, names) => Object.fromEntries(Object.entries(answer).filter(([name]) => !names.includes(name)));

test('a replay over the API says what the command line says of the same rows', async t => {
  const state = await withRows(t, some(generator(11), 6000)), { manager, acme } = state, at = `/policies/${acme.policy}/replay`;
  const whole = (await manager.must(200, 'POST', at, { document: DRAFT })).body;
  assert.deepEqual([whole.complete, whole.cut, whole.missing, whole.not_replayed.damaged], [true, null, 0, 0]);
  assert.ok(whole.changed > 100 && whole.cannot_tell > 10 && whole.kinds.length >= 2, JSON.stringify(whole.kinds));
  assert.deepEqual(without(whole, READ), command(t, state, ['replay', 'DRAFT', 'LOG', '--policy', 'careful', '--json'], DRAFT));
  const fused = { ...DRAFT, runaway: { identical_calls: { max: 3, window: 'minute' }, denials_in_a_row: 4 } };
  const paused = (await manager.must(200, 'POST', at, { document: fused })).body;
  assert.ok(paused.pauses > 0 && paused.paused > 0 && paused.pauses_cannot_tell > 0, JSON.stringify(paused.kinds));
  assert.deepEqual(without(paused, READ), command(t, state, ['replay', 'DRAFT', 'LOG', '--policy', 'careful', '--json'], fused));
  for (const [body, flags] of [[{ calls: 'all' }, []], [{ grant: 'agent' }, ['--policy', 'careful', '--grant', 'agent']], [{ server: 'files', calls: 'all' }, ['--server', 'acme/files']],
    [{ from: time(DAY + 2e6), to: time(DAY + 4e6) }, ['--policy', 'careful', '--from', time(DAY + 2e6), '--to', time(DAY + 4e6)]]]) {
    const { body: answer } = await manager.must(200, 'POST', at, { document: DRAFT, ...body });
    assert.deepEqual(without(answer, READ), command(t, state, ['replay', 'DRAFT', 'LOG', ...flags, '--json'], DRAFT), JSON.stringify(body));
  }
  // The policy itself denies everything.
  const { body: newest } = await manager.must(200, 'POST', at);
  assert.deepEqual(newest, (await manager.must(200, 'POST', at, { number: 1 })).body);
  assert.ok(newest.kinds.every(kind => kind.to === 'denied') && newest.changed > 1000);
});

test('of another organisation nothing is seen', async t => {
  const state = await withRows(t, some(generator(12), 500)), { acme, umbrella, api } = state;
  const theirs = api.as(umbrella.keys.policy_manager);
  await theirs.refused(404, 'not-found', 'POST', `/policies/${acme.policy}/replay`, {});
  await theirs.refused(404, 'not-found', 'POST', `/grants/${acme.grant}/suggest`, {});
  const all = (await theirs.must(200, 'POST', `/policies/${umbrella.policy}/replay`, { document: DRAFT, calls: 'all' })).body;
  assert.ok(all.read <= 100 + 3, 'a fifth, and those of the begin');
  assert.equal(all.read, fs.readFileSync(state.log, 'utf8').split('\n').filter(text => text.includes(umbrella.organisation)).length);
  assert.ok( !JSON.stringify(all).includes(acme.organisation));
  assert.equal((await theirs.must(200, 'POST', `/policies/${umbrella.policy}/replay`, { server: 'acme/files', calls: 'all' })).body.read, 0);
});

test('no more is read than asked for, and it is said how far that came', async t => {
  const { admin, manager, acme } = await withRows(t, some(generator(13), 12000));
  const { id } = (await admin.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'careful' }] })).body;
  const part = (await manager.must(200, 'POST', `/policies/${acme.policy}/replay`, { document: DRAFT, most: 2000 })).body;
  assert.deepEqual([part.complete, part.cut], [false, 'rows']);
  assert.ok(part.read >= 2000 && part.read < 6000 && part.calls <= part.read && part.reached < time(DAY + 12000 * 997 / 2), JSON.stringify([part.read, part.reached]));
  const suggested = (await manager.must(200, 'POST', `/grants/${id}/suggest`, { most: 2000 })).body;
  assert.deepEqual([suggested.proven, suggested.complete, suggested.cut], [false, false, 'rows']);
});

test('rows that are not in the log any more are counted, not made up', async t => {
  const { manager, acme, log } = await withRows(t, some(generator(14), 6000)), at = `/policies/${acme.policy}/replay`;
  const before = (await manager.must(200, 'POST', at, { document: DRAFT, calls: 'all' })).body;
  // Somebody writes over the middle of the file.
  const file = fs.openSync(log, 'r+'), size = fs.fstatSync(file).size, damage = Buffer.alloc(20000, 'x');
  fs.writeSync(file, damage, 0, damage.length, Math.floor(size / 2));
  const after = (await manager.must(200, 'POST', at, { document: DRAFT, calls: 'all' })).body;
  assert.ok(after.not_replayed.damaged + after.missing > 0 && after.calls < before.calls, JSON.stringify(after.not_replayed));
  assert.ok(after.calls + after.missing + after.not_replayed.damaged + 200 > before.calls);
  // And cuts it.
  fs.ftruncateSync(file, Math.floor(size / 3));
  const cut = (await manager.must(200, 'POST', at, { document: DRAFT, calls: 'all' })).body;
  assert.ok(cut.calls < after.calls && cut.calls > 0, JSON.stringify([cut.calls, after.calls]));
  // And deletes it.
  fs.closeSync(file);
  fs.unlinkSync(log);
  await eventually(async () => (await manager.must(200, 'POST', at, { document: DRAFT, calls: 'all' })).body.calls === 0, 'nothing is left');
});

test('categories are those that the catalogue had, and tags those of the grant', async t => {
  const now = Date.now();
  const rows = state => [now - 3600000, now + 60000].map((at, i) => ({ ...someRow(generator(15), state.acme.organisation, 'acme', at, i), grant: 'ci', subject: 'frobnicate', outcome: 'allowed', rule: '/tools/x', reason: undefined, policy: 'careful' }));
  const { admin, manager, acme, folder } = await withRows(t, rows), at = `/policies/${acme.policy}/replay`;
  const document = { version: '1', default: 'deny', tools: { '@read': {} } };
  assert.equal((await manager.must(200, 'POST', at, { document })).body.cannot_tell, 2, 'nobody knows the tool');
  const taken = description => admin.must(200, 'POST', '/catalogue/import', { server: 'files', tools: [{ name: 'frobnicate', description, inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] });
  await taken('Reads and returns a file.');
  const known = (await manager.must(200, 'POST', at, { document })).body;
  assert.deepEqual([known.changed, known.cannot_tell, known.categories_of_today], [0, 0, 1], 'the first call was before it was seen');
  const tagged = { version: '1', default: 'deny', tools: { frobnicate: { require: [{ conditions: [{ path: 'grant.tags', op: 'contains', value: 'night' }] }] } } };
  assert.equal((await manager.must(200, 'POST', at, { document: tagged })).body.cannot_tell, 2, 'there is no such grant');
  await admin.must(201, 'POST', '/grants', { label: 'ci', tags: ['night'], servers: [{ server: 'files', policy: 'careful' }] });
  const tags = (await manager.must(200, 'POST', at, { document: tagged })).body;
  assert.deepEqual([tags.changed, tags.cannot_tell, tags.tags_of_today], [0, 0, 2]);
  // The command line knows the same from the folder, also while a gateway uses it.
  const file = path.join(scratch(t), 'draft.json');
  const run = draft => {
    fs.writeFileSync(file, JSON.stringify(draft));
    const { status, stdout, stderr } = spawnSync(BINARY, ['policy', 'replay', file, '--data', folder, '--policy', 'careful', '--json'], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  assert.deepEqual(run(tagged), without(tags, READ));
  assert.deepEqual(run(document), without(known, READ));
  await admin.must(201, 'POST', `/servers/${acme.server}/overrides`, { tool: 'frobnicate', category: 'Financial' });
  const said = (await manager.must(200, 'POST', at, { document })).body;
  assert.deepEqual([said.changed, said.categories_of_today], [2, 2], 'a person said so, nobody knows when');
  assert.deepEqual(run(document), without(said, READ));
  const asks = spawnSync(BINARY, ['policy', 'suggest', '--grant', 'ci', '--data', folder], { encoding: 'utf8' });
  assert.equal(JSON.parse(asks.stdout).tools.frobnicate.action, 'require_approval', asks.stderr);
});

test('a suggestion over the API is that of the command line, and is played', async t => {
  const state = await withRows(t, some(generator(16), 3000)), { admin, manager } = state;
  const { id } = (await admin.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'careful' }] })).body;
  const said = (await manager.must(200, 'POST', `/grants/${id}/suggest`, { margin: 3 })).body;
  assert.deepEqual([said.server, said.proven, said.lost, said.margin, said.complete], ['acme/files', true, 0, 3, true]);
  assert.deepEqual(said.document, command(t, state, ['suggest', '--grant', 'agent', '--margin', '3', 'LOG'], {}));
  assert.deepEqual(Object.entries(said.document.tools).map(([name, rule]) => [name, rule.action ?? 'allow']), [['drop_table', 'require_approval'], ['read_file', 'allow'], ['write_file', 'allow']]);
  const played = (await manager.must(200, 'POST', `/policies/${state.acme.policy}/replay`, { document: said.document, calls: 'all', grant: 'agent' })).body;
  assert.deepEqual(played.kinds.filter(kind => kind.from === 'allowed').map(kind => kind.to), ['asks']);
  assert.equal(played.kinds.find(kind => kind.from === 'allowed').calls, said.asks);
  // What the catalogue says of a tool counts, not its name.
  await admin.must(200, 'POST', '/catalogue/import', { server: 'files', tools: [{ name: 'drop_table', description: 'Reads and returns a table.', inputSchema: { type: 'object' } }, { name: 'read_file' }, { name: 'write_file' }] });
  await admin.must(201, 'POST', `/servers/${state.acme.server}/overrides`, { tool: 'drop_table', category: 'Read' });
  await eventually(async () => (await manager.must(200, 'POST', `/grants/${id}/suggest`, {})).body.document.tools.drop_table.action === undefined, 'a person said that it reads');
});

test('the command line asks a gateway', async t => {
  const state = await withRows(t, some(generator(17), 3000)), { acme, admin, manager, port } = state, draft = path.join(scratch(t), 'draft.json');
  const env = { PATH: process.env.PATH, ...sanitizerOptions(), SALLYPORT_KEY: acme.keys.policy_manager, SALLYPORT_URL: `http://127.0.0.1:${port}` };
  const run = (...words) => spawnSync(BINARY, ['policy', ...words], { encoding: 'utf8', env });
  fs.writeFileSync(draft, JSON.stringify(DRAFT));
  const { body } = await manager.must(200, 'POST', `/policies/${acme.policy}/replay`, { document: DRAFT, grant: 'agent', calls: 'all' });
  const json = run('replay', draft, '--policy', 'careful', '--grant', 'agent', '--all-calls', '--json');
  assert.deepEqual(without(JSON.parse(json.stdout), ['index']), without(body, ['index']));
  const plain = run('replay', draft, '--policy', 'careful', '--grant', 'agent', '--all-calls');
  assert.deepEqual([plain.stdout, plain.stderr, plain.status], [body.text, '', 0]);
  assert.match(body.text, /^careful: \d+ calls by 1 grant, .*\n\d+ calls by 1 grant would change/);
  const part = run('replay', draft, '--policy', 'careful', '--to', '2026-11-20T00:20:00Z', '--most', '1');
  assert.match(part.stdout, / 2026-11-20T00:00:00.000Z to 2026-11-20T00:1/);
  assert.equal(run('replay', draft).status, 2);
  assert.equal(run('replay', draft, '--policy', 'none').status, 1);
  await admin.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'careful' }] });
  const suggested = run('suggest', '--grant', 'agent', '--margin', '3');
  assert.equal(suggested.status, 0, suggested.stderr);
  assert.deepEqual(JSON.parse(suggested.stdout), command(t, state, ['suggest', '--grant', 'agent', '--margin', '3', 'LOG'], {}));
  assert.match(suggested.stderr, /founded on \d+ calls.*played against the same log: of the calls that passed, 0 would be denied/s);
});

test('what cannot be asked for is refused, with its place', async t => {
  const { api, acme } = await startApi(t), manager = api.as(acme.keys.policy_manager), at = `/policies/${acme.policy}/replay`;
  for (const [body, field] of [[{ number: 99 }, 'number'], [{ number: 1, document: DRAFT }, 'number'], [{ document: { version: '2' } }, 'document'], [{ from: '2027-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from'],
    [{ from: 'yesterday' }, 'from'], [{ calls: 'odd' }, 'calls'], [{ most: 1e9 }, 'most'], [{ grant: 'x'.repeat(2000) }, 'grant'], [{ odd: 1 }, '']]) {
    const { errors } = await manager.refused(422, 'invalid', 'POST', at, body);
    assert.ok(errors.some(e => e.field === field), JSON.stringify([body, errors]));
  }
  for (const [body, field] of [[{ margin: 101 }, 'margin'], [{ document: {} }, ''], [{ server: 3 }, 'server']]) {
    const { errors } = await manager.refused(422, 'invalid', 'POST', `/grants/${acme.grant}/suggest`, body);
    assert.ok(errors.some(e => e.field === field), JSON.stringify([body, errors]));
  }
});
