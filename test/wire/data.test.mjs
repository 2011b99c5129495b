// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport serve --data`: what the database says is served, also beside a configuration file.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const SEED = path.join(path.dirname(BINARY), '../test/wire/seed');
const NO_ECHO = { version: '1', default: 'allow', tools: { echo: { action: 'deny' } } };
const environment = folder => ({ PATH: process.env.PATH, HOME: folder, ...sanitizerOptions() });

function seed(folder, ...organisations) {
  const words = organisations.flatMap(([name, url, policy]) => [name, url, JSON.stringify(policy)]);
  return execFileSync(SEED, [folder, ...words], { encoding: 'utf8', env: environment(folder) }).trim().split('\n');
}

for (const workers of [1, 3])
  test(`organisations with servers of one name are served apart by ${workers} workers, beside those of the file`, async t => {
    const fakes = await Promise.all([0, 1, 2].map(() => FakeUpstream.start(t)));
    const folder = path.join(scratch(t), 'data');
    const [acme, beta] = seed(folder, ['acme', fakes[0].url, ALLOW_ALL], ['beta', fakes[1].url, NO_ECHO]);
    const gateway = await startGateway(t, {
      servers: { files: { url: fakes[2].url } }, policies: { all: ALLOW_ALL }, grants: { file: { servers: { files: 'all' } } },
      extra: { workers },
    }, { args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
    gateway.tokens.acme = acme;
    gateway.tokens.beta = beta;
    for (let round = 0; round < 4; round++)
      for (const [label, fake, allowed] of [['acme', 0, true], ['beta', 1, false], ['file', 2, true]]) {
        const before = fakes.map(f => f.calls().length);
        const session = await Session.open(gateway, { label, server: 'files' });
        const answer = await session.call('echo', { n: round });
        if (allowed) assertAllowed(answer, JSON.stringify({ n: round }));
        else assert.match(answer.result.content[0].text, /^\[POLICY DENIED\]/);
        fakes.forEach((f, i) => assert.equal(f.calls().length - before[i], i === fake && allowed ? 1 : 0));
      }
    const calls = await gateway.waitRows(row => row.method === 'tools/call', 12);
    const owners = server => new Set(calls.filter(row => row.server === server).map(row => row.organisation));
    const [first, second] = ['acme/files', 'beta/files'].map(server => [...owners(server)]);
    assert.match(`${first} ${second}`, /^org_\w{26} org_\w{26}$/);
    assert.notEqual(first[0], second[0]);
    assert.deepEqual([...owners('files')], [undefined]);
    assert.equal((await exchange(gateway.port, 'POST', '/mcp/files', { Authorization: 'Bearer sp_unknown', 'Content-Type': 'application/json' }, '{}')).status, 401);
  });

test('the first start makes the folder and prints a link, and no configuration is needed', async t => {
  const folder = path.join(scratch(t), 'new');
  const fake = await FakeUpstream.start(t);
  const gateway = await startGateway(t, { servers: { files: { url: fake.url } }, policies: { all: ALLOW_ALL }, grants: { a: { servers: { files: 'all' } } } }, { args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  await gateway.waitLog(/Nobody can sign in yet[^]*http:\/\/127\.0\.0\.1:\d+\/setup#sp_[\w-]{43}\n/);
  assert.equal(fs.statSync(folder).mode & 0o777, 0o700);
  for (const file of ['control.db', 'keys']) assert.equal(fs.statSync(path.join(folder, file)).mode & 0o777, 0o600);
  const second = spawnSync(BINARY, ['serve', '--data', folder], { encoding: 'utf8', env: environment(folder), cwd: folder, timeout: 20000 });
  assert.equal(second.status, 1);
  assert.match(second.stderr, /in use by another process/);
});

test('a database that cannot be trusted is refused in words', t => {
  const folder = path.join(scratch(t), 'data');
  seed(folder, ['acme', 'http://127.0.0.1:9/mcp', ALLOW_ALL]);
  const start = () => spawnSync(BINARY, ['serve', '--data', folder], { encoding: 'utf8', env: environment(folder), cwd: folder, timeout: 20000 });
  const database = path.join(folder, 'control.db');
  const good = fs.readFileSync(database);
  const broken = Buffer.from(good);
  for (let at = 4096; at < broken.length; at += 64) broken.fill(0xA5, at, at + 16);
  fs.writeFileSync(database, broken);
  const damaged = start();
  assert.equal(damaged.status, 2);
  assert.match(damaged.stderr, /damaged; restore it from a backup/);
  assert.deepEqual(fs.readFileSync(database), broken); // nothing was changed
  fs.writeFileSync(database, 'not a database');
  assert.match(start().stderr, /is not a database of sallyport/);
  fs.writeFileSync(database, good);
  fs.rmSync(path.join(folder, 'keys'));
  assert.match(start().stderr, /keys' cannot be opened: No such file/);
});

test('credentials are sent, and sealed under a new key by rotate-keys', async t => {
  const fake = await FakeUpstream.start(t);
  const folder = path.join(scratch(t), 'data');
  const [token] = seed(folder, ['acme', fake.url, ALLOW_ALL]);
  const rotate = () => spawnSync(BINARY, ['admin', 'rotate-keys', '--data', folder], { encoding: 'utf8', env: environment(folder), timeout: 20000 });
  const done = rotate();
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /^1 credentials/);
  assert.match(fs.readFileSync(path.join(folder, 'keys'), 'utf8'), /^2:[0-9a-f]{64}\n$/);
  const gateway = await startGateway(t, { servers: {}, grants: {} }, { args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  gateway.tokens.acme = token;
  const session = await Session.open(gateway, { label: 'acme', server: 'files' });
  assertAllowed(await session.call('echo', { n: 1 }), JSON.stringify({ n: 1 }));
  assert.ok(fake.calls().every(call => call.headers['x-organisation'] === 'acme'));
  assert.equal(rotate().status, 1); // the gateway has the folder
  assert.equal(spawnSync(BINARY, ['admin', 'rotate-keys', '--data', folder + '/nothing'], { encoding: 'utf8', timeout: 20000 }).status, 2);
  assert.ok(!fs.existsSync(folder + '/nothing'));
});
