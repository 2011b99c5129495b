// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An organisation turns values of arguments in the decision log on and off, and says what is left out.
import assert from 'node:assert/strict';
import test from 'node:test';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { toolRow } from '../lib/wire.mjs';

for (const workers of [1, 3])
  test(`a change counts for the next message, with ${workers} workers`, async t => {
    const { gateway, api } = await controlled(t, { workers });
    await grantFor(gateway, api, 'agent');
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    const seen = [];
    const call = async () => {
      await session.call('echo', { pin: '1234', path: '/etc/motd' });
      seen.push((await gateway.waitRows(toolRow('echo'), seen.length + 1)).at(-1).arguments);
    };
    const set = rules => api.must(200, 'PATCH', '/organisation', { log_arguments: rules }, { 'If-Match': '*' });
    assert.equal((await api.must(200, 'GET', '/organisation')).body.log_arguments, null);
    await call();
    for (let i = 0; i < 4; i++) {
      await set({});
      await call();
      await set({ names: ['PIN'], patterns: ['^/etc/'] });
      await call();
      await api.must(200, 'PATCH', '/organisation', { title: 'Round ' + i }, { 'If-Match': '*' });
      await call();
      await set(null);
      await call();
    }
    const masked = { pin: '[redacted]', path: '[redacted]motd' };
    assert.deepEqual(seen, [undefined, ...Array(4).fill([{ pin: '1234', path: '/etc/motd' }, masked, masked, undefined]).flat()]);
    const rows = (await api.must(200, 'GET', '/audit?limit=1000')).body.items.filter(row => JSON.stringify(row).includes('log_arguments'));
    assert.ok(rows.length > 0, 'the admin audit tells who did it');
  });

test('rules that cannot be used are refused, and nobody but an admin makes any', async t => {
  const { api } = await controlled(t);
  const refused = async rules => (await api.refused(422, 'invalid', 'PATCH', '/organisation', { log_arguments: rules }, { 'If-Match': '*' })).errors[0];
  assert.match((await refused({ patterns: ['('] })).detail, /wrong regular expression, at character 2/);
  assert.match((await refused({ max_bytes: 1 })).detail, /'max_bytes' must be a whole number from 256/);
  assert.match((await refused({ paths: ['tool.name'] })).detail, /is no part of the arguments/);
  assert.match(JSON.stringify(await refused('all')), /log_arguments.*must be an object or null/);
  const { body } = await api.must(201, 'POST', '/keys', { label: 'manager', role: 'policy_manager' });
  await api.as(body.key ?? body.token).refused(403, 'role', 'PATCH', '/organisation', { log_arguments: {} }, { 'If-Match': '*' });
  assert.equal((await api.must(200, 'GET', '/organisation')).body.log_arguments, null);
});
