// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS on both faces: a client before one gateway over https, which stands before another gateway over https.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { modern } from '../lib/mcp.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

function certificate(t, name) {
  const folder = scratch(t);
  const [key, cert] = ['key.pem', 'cert.pem'].map(f => path.join(folder, f));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2',
    '-subj', '/CN=' + name, '-addext', 'subjectAltName=DNS:' + name], { stdio: 'ignore' });
  return { key, cert };
}
const behind = fake => ({ servers: { fake: { url: fake.url } }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { fake: 'main' } } } });
const get = (port, ca) => new Promise((resolve, reject) => {
  https.get({ host: 'localhost', port, path: '/healthz', ca }, res => { res.resume(); resolve(res.statusCode); }).on('error', reject);
});

test('a call through two gateways over https; a certificate of nobody known is refused', async t => {
  const { key, cert } = certificate(t, 'localhost');
  const fake = await FakeUpstream.start(t);
  const far = await startGateway(t, { ...behind(fake), extra: { tls: { certificate: cert, key } } }, { waitReady: false });
  assert.equal(await get(far.port, fs.readFileSync(cert)), 200);
  await assert.rejects(get(far.port));

  const through = (ca, url = `https://localhost:${far.port}/mcp/fake`) => startGateway(t, {
    servers: { far: { url, headers: { Authorization: 'Bearer ' + far.tokens.agent } } },
    policies: { main: ALLOW_ALL }, grants: { agent: { servers: { far: 'main' } } }, extra: ca ? { upstream_ca: ca } : {},
  });
  const trusting = await through(cert);
  assertAllowed((await modern(trusting, 'far', 'tools/call', { name: 'echo', arguments: { n: 1 } })).messages.at(-1), '{"n":1}');
  const calls = fake.calls().length;

  const strange = await through(certificate(t, 'localhost').cert);
  assert.equal((await modern(strange, 'far', 'tools/call', { name: 'echo' })).status, 502);
  // The right authority, but another host's name.
  const misnamed = await through(cert, `https://127.0.0.1:${far.port}/mcp/fake`);
  assert.equal((await modern(misnamed, 'far', 'tools/call', { name: 'echo' })).status, 502);
  assert.equal(fake.calls().length, calls);
});
