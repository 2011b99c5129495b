// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// POST /servers/{id}/test and `sallyport server test`: servers of all kinds, and all that can be wrong with one.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { CHILD, controlled, grantFor } from '../lib/controlled.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream, tool } from '../lib/upstream.mjs';

const ANY = { 'If-Match': '*' };
const legs = trial => trial.legs.map(l => l.name);
async function tried(api, id) {
  const started = Date.now(), { body } = await api.must(200, 'POST', `/servers/${id}/test`);
  assert.ok(Date.now() - started < 60000, 'bounded');
  assert.equal(body.good, body.problem === null);
  assert.ok(body.legs.every(l => l.milliseconds >= 0 && l.milliseconds < 30000));
  return body;
}
async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  t.after(() => { server.closeAllConnections?.(); server.close(); });
  await new Promise(resolve => server.once('listening', resolve));
  return server.address().port;
}
const add = async (api, name, body) => (await api.must(201, 'POST', '/servers', { name, transport: 'http', ...body })).body.id;

test('servers of either era: legs, era, version, tools; what serves is not disturbed', async t => {
  const { api, fake, gateway, server } = await controlled(t, { upstream: { tools: [tool('read'), tool('write')] } });
  await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'X-Key', value: 'hush-hush' });
  const modern = await tried(api, server);
  assert.deepEqual([modern.good, modern.era, modern.protocol_version, modern.tls], [true, 'modern', '2026-07-28', null]);
  assert.deepEqual(modern.tools, { count: 2, more: false, names: ['read', 'write'] });
  assert.deepEqual(legs(modern), ['lookup', 'connect', 'discover', 'tools/list']);
  assert.ok(!JSON.stringify(modern).includes('hush'));
  assert.ok(fake.requests.every(r => r.headers['x-key'] === 'hush-hush'), 'with its credentials');
  const other = await FakeUpstream.start(t, { eras: 'legacy', tools: [tool('old')], sse: true });
  const legacy = await tried(api, await add(api, 'old', { url: other.url }));
  assert.deepEqual([legacy.good, legacy.era, legacy.protocol_version], [true, 'legacy', '2025-11-25']);
  assert.deepEqual(legacy.tools.names, ['old']);
  assert.deepEqual(legs(legacy), ['lookup', 'connect', 'initialize', 'tools/list']);
  assert.deepEqual(other.of('notifications/initialized').length, 1);
  assert.equal((await tried(api, await add(api, 'said', { url: other.url, settings: { era: 'modern' } }))).problem.kind, 'protocol');
  assert.equal((await tried(api, await add(api, 'told', { url: fake.url, settings: { era: 'legacy' } }))).era, 'legacy');
  await grantFor(gateway, api, 'a');
});

test('what a trial finds is in the catalogue, overrides in force with it, and has a starter policy that says what it does', async t => {
  const tools = [tool('get_note'), tool('sync', {}, { description: 'Deletes everything.' }), tool('*')];
  const { api, fake, server } = await controlled(t, { upstream: { tools } });
  await api.must(201, 'POST', `/servers/${server}/overrides`, { tool: 'sync', category: 'Financial' });
  assert.equal((await tried(api, server)).catalogued, true);
  const known = (await api.must(200, 'GET', '/catalogue/servers/files')).body;
  assert.deepEqual([known.server.shared, known.server.source, known.tools.length], [false, 'gateway', 3]);
  assert.deepEqual(known.tools.filter(each => each.overridden).map(each => [each.name, each.category]), [['sync', 'Financial']]);
  const starter = (await api.must(200, 'GET', '/catalogue/servers/files/starter')).body;
  assert.deepEqual([starter.server, starter.shared, starter.tools], ['files', false, 3]);
  await api.refused(404, 'not-found', 'GET', '/catalogue/servers/nowhere/starter');
  const document = JSON.parse(starter.document);
  assert.deepEqual([document.default, document.tools], ['deny', { sync: { action: 'require_approval', reason: 'Classified as Financial: a person decides on each call.' }, get_note: {} }]);
  assert.match(document.description, /3 tools: 1 is free, 1 asks a person on each call, 1 is denied/);
  await api.must(201, 'POST', '/policies', { name: 'files-starter', document: starter.document });
  fake.options.tools = [tool('get_note')];
  await tried(api, server);
  assert.deepEqual((await api.must(200, 'GET', '/catalogue/servers/files')).body.tools.map(each => each.name), ['get_note'], 'the list is whole');
  await fake.stop();
  const gone = await tried(api, server);
  assert.deepEqual([gone.good, gone.catalogued], [false, false]);
  assert.equal((await api.must(200, 'GET', '/catalogue/servers/files')).body.tools.length, 1, 'what is known stays');
});

test('pages of tools, and tools without end', async t => {
  let pages = 0, endless = false;
  const { api, server } = await controlled(t, { upstream: { onMessage: (message, context) => {
    if (message.method !== 'tools/list') return false;
    const page = pages++;
    context.result({ tools: Array.from({ length: 60 }, (_, i) => tool(`t${page}-${i}`)), ...(endless || page < 2 ? { nextCursor: 'p"' + page } : {}) });
    return true;
  } } });
  assert.deepEqual((({ count, more, names }) => [count, more, names.length])((await tried(api, server)).tools), [180, false, 180]);
  endless = true;
  const many = (await tried(api, server)).tools;
  assert.ok(many.more && many.names.length === 2000, JSON.stringify([many.count, many.more]));
});

test('what is wrong is said: address, path, credentials, silence, nonsense', async t => {
  const { api, fake, server } = await controlled(t);
  const problem = async body => (await tried(api, await add(api, 'x' + Math.floor(performance.now() * 1000), body))).problem;
  const closed = net.createServer();
  const port = await listen(t, closed);
  await new Promise(resolve => closed.close(resolve));
  const refused = await problem({ url: `http://127.0.0.1:${port}/mcp` });
  assert.deepEqual([refused.kind, refused.detail], ['unreachable', `connection refused by 127.0.0.1:${port}`]);
  const guarded = await problem({ url: 'http://127.0.0.2:9/mcp' });
  assert.equal(guarded.kind, 'guard');
  let answer = [401, { 'WWW-Authenticate': 'Bearer realm="files"' }];
  fake.options.onMessage = (message, context) => { context.res.writeHead(...answer); context.res.end(); return true; };
  const wanted = (await tried(api, server)).problem;
  assert.deepEqual([wanted.kind, wanted.challenge, wanted.detail], ['unauthorized', 'Bearer realm="files"', 'the server wants credentials (401: Bearer realm="files")']);
  assert.match(wanted.advice, /credential set/);
  for (const [status, kind] of [[403, 'forbidden'], [404, 'not-found'], [500, 'protocol'], [302, 'protocol'], [200, 'protocol']]) {
    answer = [status, {}];
    assert.equal((await tried(api, server)).problem.kind, kind, String(status));
  }
  fake.options.onMessage = (message, context) => { context.res.writeHead(200, { 'Content-Type': 'application/json' }); context.res.end('{"jsonrpc":"2.0","id":1,"id":2'); return true; };
  assert.equal((await tried(api, server)).problem.kind, 'protocol');
  fake.options.onMessage = (message, context) => { context.res.writeHead(200, { 'Content-Type': 'application/json' }); for (let i = 0; i < 100; i++) context.res.write('['.repeat(100000)); context.res.end(); return true; };
  assert.equal((await tried(api, server)).problem.kind, 'protocol');
  fake.options.onMessage = () => true; // never a word
  const silent = (await tried(api, server)).problem;
  assert.equal(silent.kind, 'timeout');
  const plain = net.createServer(s => s.on('error', () => {}).once('data', () => s.write('SSH-2.0-what\r\n\r\n')));
  assert.deepEqual(await problem({ url: `http://127.0.0.1:${await listen(t, plain)}/mcp` }).then(p => p.kind), 'protocol');
  await api.must(200, 'PATCH', '/servers/' + server, { disabled: true }, ANY);
  await api.refused(409, 'conflict', 'POST', `/servers/${server}/test`);
});

test('TLS: what was agreed on, or why not', async t => {
  const dir = scratch(t), at = name => path.join(dir, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', at('k.pem'), '-out', at('c.pem'), '-days', '2', '-subj', '/O=Fake/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  const fake = new FakeUpstream({});
  const server = https.createServer({ key: fs.readFileSync(at('k.pem')), cert: fs.readFileSync(at('c.pem')) }, (q, r) => fake.receive(q, r));
  const url = `https://localhost:${await listen(t, server)}/mcp`;
  const { api } = await controlled(t, { extra: { upstream_ca: at('c.pem') }, outside: ['--allow-outside', '127.0.0.1,::1'] });
  const good = await tried(api, await add(api, 'tls', { url }));
  assert.ok(good.good, JSON.stringify(good));
  assert.deepEqual(legs(good), ['lookup', 'connect', 'tls', 'discover', 'tools/list']);
  assert.match(good.tls.subject, /CN=localhost/);
  assert.match(good.tls.version, /^TLSv1\.[23]$/);
  assert.ok(new Date(good.tls.expires_at) > new Date());
  const { problem } = await tried(api, await add(api, 'name', { url: url.replace('localhost', '127.0.0.1') }));
  assert.equal(problem.kind, 'tls');
  assert.match(problem.detail, /IP address mismatch/);
  const { api: without } = await controlled(t, { outside: ['--allow-outside', '127.0.0.1,::1'] });
  assert.match((await tried(without, await add(without, 'tls', { url }))).problem.detail, /self.signed/);
});

test('programs: tried by admins alone, with the last of what they wrote', async t => {
  const { api, gateway } = await controlled(t, { args: ['--allow-commands'] });
  await api.must(200, 'PATCH', '/organisation', { commands_allowed: true }, ANY);
  const program = (name, ...command) => add(api, name, { transport: 'stdio', command });
  const good = await program('good', ...CHILD);
  const trial = await tried(api, good);
  assert.ok(trial.good && trial.tools.count > 0, JSON.stringify(trial));
  assert.deepEqual(legs(trial)[legs(trial).length - 1], 'tools/list');
  assert.equal((await tried(api, await program('none', '/no/such/program'))).problem.kind, 'program');
  const gone = await tried(api, await program('gone', process.execPath, '-e', 'for (let i = 0; i < 30; i++) console.error("line " + i, "\\x1b[31m"); process.exitCode = 3'));
  assert.equal(gone.problem.kind, 'ended');
  assert.match(gone.problem.detail, /^the server process (exited with status 3|closed its output)$/);
  assert.equal(gone.errors.length, 10);
  assert.equal(gone.errors[9], 'line 29 ?[31m');
  const silent = await tried(api, await program('silent', process.execPath, '-e', 'setInterval(() => {}, 1000)'));
  assert.equal(silent.problem.kind, 'timeout');
  const manager = (await api.must(201, 'POST', '/keys', { label: 'm', role: 'policy_manager' })).body.token;
  const { Api } = await import('../lib/api.mjs');
  await new Api(gateway.port).as(manager).refused(403, 'role', 'POST', `/servers/${good}/test`);
});

test('many at once, and a stop in between', async t => {
  const { api, fake, server, gateway } = await controlled(t);
  const all = await Promise.all(Array.from({ length: 20 }, () => api.call('POST', `/servers/${server}/test`)));
  assert.ok(all.every(a => (a.status === 200 && a.body.good) || (a.status === 503 && a.headers.get('retry-after'))), JSON.stringify(all.map(a => a.status)));
  assert.ok(all.filter(a => a.status === 200).length >= 10);
  fake.options.onMessage = () => true;
  const waiting = api.call('POST', `/servers/${server}/test`).catch(() => null);
  await fake.waitFor('server/discover', 1 + fake.of('server/discover').length);
  const started = Date.now();
  await gateway.stop();
  assert.ok(Date.now() - started < 12000, 'a trial does not hold up a stop for long');
  await waiting;
});

test('the command says it for people, and fails when the server does', async t => {
  const { api, fake, gateway } = await controlled(t);
  const key = (await api.must(201, 'POST', '/keys', { label: 'k', role: 'policy_manager' })).body.token;
  const run = (...args) => new Promise(resolve => execFile(BINARY, args, { encoding: 'utf8', timeout: 60000, env: { PATH: process.env.PATH, ...sanitizerOptions(), SALLYPORT_KEY: key, SALLYPORT_URL: `http://127.0.0.1:${gateway.port}` } },
    (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));
  const good = await run('server', 'test', 'files');
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^ok {4}lookup in [\d.]+ ms 127\.0\.0\.1:\d+\nok {4}connect in [\d.]+ ms \nok {4}discover in [\d.]+ ms 2026-07-28\nok {4}tools\/list in [\d.]+ ms \n/);
  assert.match(good.out, /\nera +modern\ntools +1\n/);
  await fake.stop();
  const bad = await run('server', 'test', 'files');
  assert.equal(bad.code, 1);
  assert.match(bad.out, /\nfail {2}connection refused by 127\.0\.0\.1:\d+\n/);
  assert.equal(JSON.parse((await run('server', 'test', 'files', '--json')).out).problem.kind, 'unreachable');
});
