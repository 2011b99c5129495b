// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions of a running gateway: from the call to the page, the export and those who listen.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';

const PASSWORD = 'correct horse battery', ANY = { 'If-Match': '*' };
const NO_ECHO = { version: '1', default: 'allow', tools: { echo: { action: 'deny' } } };

async function controlled(t, workers = 1, more = {}) {
  const fake = await FakeUpstream.start(t);
  const folder = path.join(scratch(t), 'data');
  const gateway = await startGateway(t, { servers: { own: { url: fake.url } }, policies: { all: ALLOW_ALL }, grants: { file: { servers: { own: 'all' } } }, extra: { workers, ...more } },
    { args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  await api.must(201, 'POST', '/servers', { name: 'files', transport: 'http', url: fake.url });
  await api.must(201, 'POST', '/policies', { name: 'p', document: NO_ECHO });
  const grant = await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'p' }] });
  gateway.tokens.agent = grant.body.token;
  const key = await api.must(201, 'POST', '/keys', { label: 'watcher', role: 'viewer' });
  return { gateway, api, folder, key: key.body, viewer: new Api(gateway.port, { Authorization: 'Bearer ' + key.body.token }) };
}

// Server-sent events of a stream as they come: { id, event, data }.
function listen(t, gateway, key, query = '', headers = {}) {
  const events = [], state = { events, ended: false, status: 0, text: '' };
  const request = http.get({ host: '127.0.0.1', port: gateway.port, path: '/api/v1/decisions/stream' + query, headers: { Authorization: 'Bearer ' + key, ...headers } }, answer => {
    state.status = answer.statusCode;
    state.answer = answer;
    answer.setEncoding('utf8').on('data', piece => {
      state.text += piece;
      for (let end; (end = state.text.indexOf('\n\n')) >= 0; state.text = state.text.slice(end + 2)) {
        const event = Object.fromEntries(state.text.slice(0, end).split('\n').filter(line => !line.startsWith(':')).map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        if (event.data) events.push({ ...event, data: JSON.parse(event.data) });
        state.id = event.id ?? state.id; // a comment has none
      }
    });
    answer.on('end', () => { state.ended = true; }).on('error', () => { state.ended = true; });
  });
  request.on('error', () => { state.ended = true; });
  t.after(() => request.destroy());
  state.close = () => request.destroy();
  return state;
}
// Nothing while the index is being made, when the answer is "not now".
const found = async (api, query) => {
  const answer = await api.call('GET', '/decisions?' + query);
  if (answer.status === 503) return [];
  assert.equal(answer.status, 200, answer.text);
  return answer.body.items;
};

for (const workers of [1, 3])
  test(`a call is found, counted, exported and heard of, with ${workers} workers`, async t => {
    const { gateway, viewer, key, folder } = await controlled(t, workers);
    const all = listen(t, gateway, key.token), denied = listen(t, gateway, key.token, '?outcome=denied&tool=echo');
    await eventually(() => all.id && denied.id, 'both listen');
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    const file = await Session.open(gateway, { label: 'file', server: 'own' });
    for (let i = 0; i < 5; i++) await session.call('echo', { i });
    await file.call('echo', {});
    await session.call('slow_tool_that_is_not_there', {});
    await eventually(() => denied.events.length === 5, () => 'five denials are heard of: ' + JSON.stringify(denied.events));
    await eventually(() => all.events.some(event => event.data.subject === 'slow_tool_that_is_not_there'), 'the other too');
    assert.ok(all.events.every(event => event.event === 'decision' && event.id === String(event.data.seq) && event.data.organisation && event.data.grant === 'agent'), 'of the own organisation alone');
    const rows = await found(viewer, 'tool=echo&outcome=denied&order=oldest');
    assert.deepEqual(rows, denied.events.map(event => event.data));
    assert.deepEqual(rows, gateway.rows(row => row.subject === 'echo' && row.grant === 'agent'), 'as they stand in the log');
    assert.deepEqual(await viewer.must(200, 'GET', '/decisions/' + rows[0].seq).then(answer => answer.body), rows[0]);
    const missing = gateway.rows(row => row.grant === 'file')[0];
    await viewer.refused(404, 'not-found', 'GET', '/decisions/' + missing.seq);
    const lines = (await viewer.must(200, 'GET', '/decisions/export?tool=echo')).text.trim().split('\n');
    assert.deepEqual(lines.map(line => JSON.parse(line)), rows);
    const { body } = await viewer.must(200, 'GET', '/decisions/summary?tool=echo');
    assert.equal(body.items.reduce((sum, item) => sum + item.count, 0), 5);
    assert.ok(body.items.every(item => item.key === 'denied'));
      assert.ok(fs.existsSync(path.join(folder, 'decisions.index')));
    // Who comes back hears what was missed, and nothing twice.
    const again = listen(t, gateway, key.token, '?tool=echo', { 'Last-Event-ID': String(rows[1].seq) });
    await eventually(() => again.events.length === 3, () => 'three more: ' + JSON.stringify(again.events));
    assert.deepEqual(again.events.map(event => event.data.seq), rows.slice(2).map(row => row.seq));
  });

test('questions to people come beside decisions, by one connection', async t => {
  const { gateway, api, key, viewer } = await controlled(t);
  const ask = { version: '1', default: 'deny', tools: { echo: { action: 'require_approval', approval: { wait: '1s' } } } };
  const { id } = (await api.must(200, 'GET', '/servers')).body.items.find(server => server.name === 'files');
  await api.must(201, 'POST', '/policies', { name: 'ask', document: ask });
  gateway.tokens.asker = (await api.must(201, 'POST', '/grants', { label: 'asker', servers: [{ server: id, policy: 'ask' }] })).body.token;
  const session = await Session.open(gateway, { label: 'asker', server: 'files' });
  const waiting = async () => (await viewer.must(200, 'GET', '/approvals?state=asked')).body.items;
  await session.call('echo', { n: 1 });
  const [first] = await waiting();
  const both = listen(t, gateway, key.token, '?beside=approvals&tool=nothing'), alone = listen(t, gateway, key.token), rows = listen(t, gateway, key.token, '?beside=approvals');
  const of = (state, kind) => state.events.filter(each => each.event === kind).map(each => each.data);
  await eventually(() => of(both, 'level').length === 1 && of(rows, 'level').length === 1 && alone.id, 'they listen');
  assert.deepEqual(of(both, 'approval').map(one => [one.id, one.state]), [[first.id, 'asked']]);
  await session.call('echo', { n: 2 });
  await eventually(() => of(both, 'approval').length === 2 && of(rows, 'decision').some(row => row.outcome === 'pending'), 'the second question is heard of, and its row');
  await api.must(200, 'POST', `/approvals/${first.id}/deny`, {});
  await eventually(() => of(both, 'approval').some(one => one.id === first.id && one.state === 'rejected'), 'the answer is heard of');
  assert.deepEqual([of(both, 'decision'), of(alone, 'approval'), of(alone, 'level')], [[], [], []]);
  await viewer.refused(422, 'invalid', 'GET', '/decisions/stream?beside=servers');
});

test('the command line finds, counts, takes out and hears', async t => {
  const { gateway, key } = await controlled(t);
  const env = { PATH: process.env.PATH, ...sanitizerOptions(), SALLYPORT_KEY: key.token, SALLYPORT_URL: `http://127.0.0.1:${gateway.port}` };
  const command = (...words) => spawnSync(BINARY, ['decisions', ...words], { encoding: 'utf8', env, timeout: 30000 });
  const tail = spawn(BINARY, ['decisions', 'tail', '--tool', 'echo', '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => tail.kill('SIGKILL'));
  let heard = '';
  tail.stdout.setEncoding('utf8').on('data', piece => { heard += piece; });
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  await eventually(async () => { await session.call('echo', {}); return heard.includes('\n'); }, 'the tail hears');
  assert.equal(JSON.parse(heard.split('\n')[0]).subject, 'echo');
  const { items } = JSON.parse(command('list', '--tool', 'echo', '--outcome', 'denied', '--limit', '1', '--json').stdout);
  assert.equal(items.length, 1);
  const line = command('list', '--tool', 'echo', '--limit', '2', '--order', 'oldest');
  assert.equal(line.status, 0, line.stderr);
  assert.match(line.stdout, /^\d+  \S+Z  denied  agent  default\/files  tools\/call  echo  \/tools\/echo\/action\n/);
  assert.match(command('summary', '--by', 'tool', '--tool', 'echo').stdout, /^\S+Z  \d+  echo\n/);
  const rows = command('export', '--tool', 'echo').stdout.trim().split('\n').map(row => JSON.parse(row));
  assert.ok(rows.length >= 1 && rows.every(row => row.subject === 'echo'));
  assert.match(command('export', '--format', 'csv').stdout, /^time,seq,id,organisation,/);
  const wrong = command('list', '--from', 'yesterday');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /must be a time/);
});

test('who may not any more hears no more', async t => {
  const { gateway, api, viewer, key } = await controlled(t);
  const heard = listen(t, gateway, key.token);
  await eventually(() => heard.id, 'it listens');
  await api.must(200, 'POST', `/keys/${key.id}/revoke`, undefined, ANY);
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  await eventually(async () => { await session.call('echo', {}); await new Promise(resolve => setTimeout(resolve, 200)); return heard.ended; }, 'the stream ends', 25000);
  await viewer.refused(401, 'authentication', 'GET', '/decisions');
});

test('a stop ends those who listen, and those who leave are forgotten', async t => {
  const { gateway, viewer, key } = await controlled(t);
  const many = Array.from({ length: 20 }, () => listen(t, gateway, key.token));
  await eventually(() => many.every(one => one.id), 'all listen');
  many.slice(0, 10).forEach(one => one.close());
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  await session.call('echo', {});
  await eventually(() => many.slice(10).every(one => one.events.length > 0), 'the others hear');
  const left = listen(t, gateway, key.token, '?limit=3');
  await eventually(() => left.status === 422, 'a parameter that is not there');
  await eventually(async () => (await found(viewer, 'tool=echo')).length === 1, 'the call is found');
  gateway.signal('SIGTERM');
  await eventually(() => many.slice(10).every(one => one.ended), 'they are told');
});

test('a listener that does not read costs nothing, and is told what it missed or hears all', async t => {
  const { gateway, viewer, key } = await controlled(t);
  const slow = listen(t, gateway, key.token, '?tool=echo');
  await eventually(() => slow.id, 'it listens');
  slow.answer.pause();
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  for (let i = 0; i < 300; i++) await session.call('echo', { ['name' + 'x'.repeat(100) + i]: 1 });
  await eventually(async () => (await found(viewer, 'tool=echo&limit=1000')).length === 300, 'all are found');
  slow.answer.resume();
  await eventually(() => slow.events.length === 300, () => slow.events.length + ' of 300');
  assert.deepEqual(slow.events.map(event => event.data.seq), (await found(viewer, 'tool=echo&limit=1000&order=oldest')).map(row => row.seq));
});

test('an export that nobody reads waits, and comes whole', async t => {
  const { gateway, viewer, key, folder } = await controlled(t);
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  for (let i = 0; i < 400; i++) await session.call('echo', { ['k'.repeat(120) + i]: 1, ['l'.repeat(120)]: 2, ['m'.repeat(120)]: 3, ['n'.repeat(120)]: 3, ['o'.repeat(120)]: 3 });
  await eventually(async () => (await found(viewer, 'tool=echo&limit=1000')).length === 400, 'all are found');
  const answer = await new Promise(resolve => http.get({ host: '127.0.0.1', port: gateway.port, path: '/api/v1/decisions/export?format=jsonl&tool=echo', headers: { Authorization: 'Bearer ' + key.token } }, resolve));
  await new Promise(resolve => setTimeout(resolve, 300));
  let text = '';
  for await (const piece of answer.setEncoding('utf8')) text += piece;
  assert.equal(text.trim().split('\n').length, 400);
  assert.ok(fs.existsSync(folder));
});

test('what is wrong with the index is mended, and calls go on', async t => {
  const { gateway, viewer, folder } = await controlled(t);
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  await session.call('echo', {});
  await eventually(async () => (await found(viewer, 'tool=echo')).length === 1, 'it is found');
  await gateway.stop();
  fs.writeFileSync(path.join(folder, 'decisions.index'), 'SQLite format 3\0' + 'x'.repeat(9000));
  for (const ending of ['-wal', '-shm']) fs.rmSync(path.join(folder, 'decisions.index' + ending), { force: true });
  gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
  await gateway.start({ args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  await gateway.waitLog(/the index is made anew from the decision log/);
  const again = new Api(gateway.port, viewer.headers);
  await eventually(async () => (await found(again, 'tool=echo')).length === 1, 'it is found again');
});

test('a gateway without a decision log says so to whoever asks for decisions', async t => {
  const { viewer } = await controlled(t, 1, { decision_log: undefined });
  for (const target of ['', '/1', '/summary', '/export', '/stream']) {
    const { status, body } = await viewer.call('GET', '/decisions' + target);
    assert.deepEqual([status, body.type.split(':').at(-1)], [503, 'unavailable'], target);
  }
});
