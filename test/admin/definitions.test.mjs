// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Overrides and definitions of tools through the API, and what the admin audit says of them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';

const ACCEPTED = '7ceb9b8f9f6b5f3134ac99839bb2c173f9bb629944fbde82b58a0fa266475547', WAITING = '6723c749a9b5ea07063827c0b4c538e48019df2bcebc74700e7266883d171b33';
const ANY = { 'If-Match': '*' };
const done = async (api, ...request) => {
  const { status, body, text } = await api.call(...request);
  assert.ok(status < 300, text);
  return body;
};

test('overrides are added, replaced and removed, and each change is audited', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.policy_manager), at = `/servers/${acme.server}/overrides`;
  const list = async () => (await done(manager, 'GET', at)).items.map(({ tool, category, note, author }) => [tool, category, note, author]);
  assert.deepEqual(await list(), [['sync', 'Destructive', '', 'Tess']]);
  const made = await done(manager, 'POST', at, { tool: 'pull', category: 'Read', note: 'only asks' });
  await done(manager, 'POST', at, { tool: 'sync', category: 'Write' });
  assert.deepEqual(await list(), [['sync', 'Write', '', 'policy_manager'], ['pull', 'Read', 'only asks', 'policy_manager']]);
  await manager.call('DELETE', `${at}/${made.id}`, undefined, ANY);
  assert.deepEqual((await list()).map(([tool]) => tool), ['sync']);
  for (const wrong of [{ tool: 'x' }, { tool: 'x', category: 'Unknown' }, { tool: '', category: 'Read' }, { tool: 'x'.repeat(257), category: 'Read' }, { tool: 'x', category: 'Read', server: acme.server }])
    await manager.refused(422, 'invalid', 'POST', at, wrong);
  const actions = (await api.as(acme.keys.admin).call('GET', '/audit')).text;
  for (const action of ['override.add', 'override.change', 'override.remove']) assert.ok(actions.includes(action), action);
});

test('a definition is shown with what is different, accepted by its fingerprint, and audited', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.policy_manager), at = `/servers/${acme.server}/definitions`;
  const list = async state => (await done(manager, 'GET', `${at}?state=${state}`)).items.map(({ fingerprint }) => fingerprint);
  assert.deepEqual(await list('waiting'), [WAITING]);
  assert.deepEqual(await list('accepted'), [ACCEPTED]);
  const shown = await done(manager, 'GET', `${at}/${WAITING}`);
  assert.deepEqual([shown.definition, shown.accepted], [{ name: 'sync', title: 'x' }, { name: 'sync' }]);
  assert.deepEqual(shown.diff.filter(({ change }) => change === 'added').map(({ text }) => text), ['  "name":"sync",', '  "title":"x"']);
  for (const wrong of [{}, { fingerprints: [] }, { fingerprints: 'x' }, { fingerprints: ['x'] }, { fingerprints: [7] }, { fingerprints: [WAITING], all: true }])
    await manager.refused(422, 'invalid', 'POST', at + '/accept', wrong);
  const other = 'ff'.repeat(32);
  await manager.refused(409, 'conflict', 'POST', at + '/accept', { fingerprints: [WAITING, other] });
  assert.deepEqual(await list('waiting'), [WAITING]); // none or all
  await done(manager, 'POST', at + '/accept', { fingerprints: [WAITING.toUpperCase()], note: 'a title' });
  assert.deepEqual([await list('waiting'), (await list('accepted')).sort()], [[], [WAITING, ACCEPTED]]);
  await done(manager, 'POST', at + '/reject', { fingerprints: [ACCEPTED, WAITING] });
  assert.deepEqual([await list('waiting'), await list('accepted'), (await list('rejected')).sort()], [[], [], [WAITING, ACCEPTED]]);
  assert.equal((await manager.call('GET', `${at}/${other}`)).status, 404);
  assert.equal((await manager.call('GET', `${at}/nothing`)).status, 404);
  await manager.refused(422, 'invalid', 'GET', at + '?state=all');
  const audit = (await api.as(acme.keys.admin).call('GET', '/audit')).text;
  assert.ok(audit.includes('definition.add') && audit.includes('definition.change') && audit.includes(WAITING) && audit.includes('a title'));
  assert.ok(!audit.includes('sighting.'), 'what servers cause leaves no row');
});

test('a server that is not there has nothing, also one of a file that declares none', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.admin);
  for (const server of ['srv_nothing', 'file.nothing', 'file.files'])
    for (const part of ['overrides', 'definitions'])
      assert.equal((await manager.call('GET', `/servers/${server}/${part}`)).status, 404);
});

test('what belongs to a server goes with it', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  await admin.call('DELETE', `/grants/${acme.grant}`, undefined, ANY);
  assert.equal((await admin.call('DELETE', `/servers/${acme.server}`, undefined, ANY)).status, 204);
  assert.equal((await admin.call('GET', `/servers/${acme.server}/overrides`)).status, 404);
});
