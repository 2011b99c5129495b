// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway last saw of a server: from traffic of both eras and from trials, by all workers together, since it was started.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { grantFor, controlled } from '../lib/controlled.mjs';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream, MODERN } from '../lib/upstream.mjs';

const NEVER = { era: null, protocol_version: null, answered_at: null, failed_at: null };
const TOKEN = 'sp_' + 'a'.repeat(43), ANY = { 'If-Match': '*' };

test('a server says when it last answered and failed, and what it spoke', async t => {
  const other = await FakeUpstream.start(t, { eras: 'modern' });
  const policy = path.join(scratch(t), 'all.json');
  fs.writeFileSync(policy, JSON.stringify(ALLOW_ALL));
  const here = await controlled(t, { upstream: { eras: 'legacy' }, extra: { workers: 2, servers: { filed: { url: other.url } }, policies: { all: policy }, grants: { file: { token_sha256: createHash('sha256').update(TOKEN).digest('hex'), servers: { filed: 'all' } } } } });
  const { api, gateway, fake, server } = here;
  const seen = async () => (await api.must(200, 'GET', `/servers/${server}`)).body.seen;
  const declared = async () => (await api.must(200, 'GET', '/declared')).body.servers.find(one => one.name === 'filed').seen;
  assert.deepEqual(await seen(), NEVER);
  assert.deepEqual(await declared(), NEVER);
  assert.deepEqual((await api.must(200, 'GET', '/servers')).body.items.map(one => one.seen), [NEVER]);

  const before = Date.now();
  await grantFor(gateway, api, 'agent');
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  await session.call('echo', {});
  await gateway.waitRows(row => row.method === 'tools/call', 1);
  const answered = await seen();
  assert.deepEqual([answered.era, answered.protocol_version, answered.failed_at], ['legacy', '2025-11-25', null]);
  assert.ok(Date.parse(answered.answered_at) >= before - 1000 && Date.parse(answered.answered_at) <= Date.now() + 1000, answered.answered_at);
  assert.deepEqual(await declared(), NEVER, 'another server');

  // A newer client's messages to an older server.
  assert.equal((await modern(gateway, 'files', 'tools/list', {}, { label: 'agent' })).status, 200);
  await gateway.waitRows(row => row.method === 'tools/list', 1);
  assert.deepEqual((await seen()).era, 'legacy');

  const port = fake.port;
  await fake.stop();
  await session.call('echo', {}).catch(() => undefined);
  await gateway.waitRows(row => row.method === 'tools/call' && row.outcome === 'failed', 1);
  const failed = await seen();
  assert.equal(failed.era, 'legacy');
  assert.ok(Date.parse(failed.failed_at) >= Date.parse(answered.answered_at), JSON.stringify(failed));
  await fake.listen(port);

  // Changed, it is another server; a trial sees it, too.
  await api.must(200, 'PATCH', `/servers/${server}`, { url: other.url }, ANY);
  assert.deepEqual(await seen(), NEVER);
  const trial = (await api.must(200, 'POST', `/servers/${server}/test`)).body;
  const tried = await seen();
  assert.deepEqual([trial.good, tried.era, tried.protocol_version, tried.failed_at], [true, 'modern', MODERN, null]);
  assert.notEqual(tried.answered_at, null);

  // An older client's conversation with a newer server, of the configuration file.
  gateway.tokens.file = TOKEN;
  await (await Session.open(gateway, { label: 'file', server: 'filed' })).toolNames();
  await gateway.waitRows(row => row.grant === 'file' && row.method === 'tools/list', 1);
  const filed = await declared();
  assert.deepEqual([filed.era, filed.protocol_version, filed.failed_at], ['modern', MODERN, null]);
});
