// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Behind proxies: who asks is what a trusted one says, for the decision log and for whoever may only ask from here.
import assert from 'node:assert/strict';
import test from 'node:test';
import { writeWhole } from '../lib/gateway.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';
import fs from 'node:fs';

const rejected = (gateway, headers) => exchange(gateway.port, 'POST', '/mcp/fake', { 'Content-Type': 'application/json', ...headers }, '{}');
async function lastPeer(gateway, headers) {
  const before = gateway.rows(row => row.outcome === 'refused').length;
  await rejected(gateway, headers);
  return (await gateway.waitRows(row => row.outcome === 'refused', before + 1)).at(-1).peer;
}

test('nobody is believed unless the configuration trusts him', async t => {
  const { gateway } = await scene(t);
  assert.match(await lastPeer(gateway, { 'X-Forwarded-For': '198.51.100.1', Forwarded: 'for=198.51.100.2' }), /^127\.0\.0\.1:\d+$/);
});

for (const workers of [1, 3])
  test(`a trusted proxy says who asks, and the next message follows a change of that, with ${workers} workers`, async t => {
    const { gateway } = await scene(t, { extra: { workers, trusted_proxies: ['127.0.0.0/8', '192.0.2.0/24'] } });
    assert.equal(await lastPeer(gateway, { 'X-Forwarded-For': '198.51.100.1' }), '198.51.100.1');
    assert.equal(await lastPeer(gateway, { 'X-Forwarded-For': '127.0.0.1, 2001:db8::7, 192.0.2.9' }), '[2001:db8::7]');
    assert.equal(await lastPeer(gateway, { 'X-Forwarded-For': 'nonsense' }), '127.0.0.1');
    assert.equal(await lastPeer(gateway, { 'X-Forwarded-For': '198.51.100.1', Forwarded: 'for=198.51.100.2' }), '198.51.100.1');
    assert.match(await lastPeer(gateway, { Forwarded: 'for=198.51.100.2' }), /^127\.0\.0\.1:\d+$/);
    const call = { jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } };
    const answer = await exchange(gateway.port, 'POST', '/mcp/fake', { ...gateway.auth(), 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.5' }, JSON.stringify(call));
    assert.equal(answer.status, 200);
    assert.equal((await gateway.waitRows(r => r.method === 'initialize'))[0].peer, '203.0.113.5');
    const config = JSON.parse(fs.readFileSync(gateway.configFile, 'utf8'));
    writeWhole(gateway.configFile, JSON.stringify({ ...config, forwarded_header: 'Forwarded' }));
    await eventually(async () => await lastPeer(gateway, { 'X-Forwarded-For': '198.51.100.1', Forwarded: 'for=198.51.100.2' }) === '198.51.100.2', 'the other header is read now');
    writeWhole(gateway.configFile, JSON.stringify({ ...config, trusted_proxies: [] }));
    await eventually(async () => /^127\.0\.0\.1:/.test(await lastPeer(gateway, { 'X-Forwarded-For': '198.51.100.1' })), 'nobody is trusted any more');
  });

test('figures for this machine only are not for those whom a proxy on this machine serves', async t => {
  const { gateway } = await scene(t, { extra: { trusted_proxies: ['127.0.0.1'] } });
  const ask = headers => exchange(gateway.port, 'GET', '/metrics', headers);
  assert.equal((await ask({})).status, 200);
  assert.equal((await ask({ 'X-Forwarded-For': '198.51.100.1' })).status, 403);
  assert.equal((await ask({ 'X-Forwarded-For': '127.0.0.1, 198.51.100.1' })).status, 403);
  assert.equal((await ask({ 'X-Forwarded-For': '127.0.0.1' })).status, 200);
});
