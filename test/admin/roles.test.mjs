// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every route, asked by everybody: nobody, each role of the organisation, each role of another one.
// Who may not ask learns nothing, not even whether there is such a thing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { routes, startApi } from '../lib/api.mjs';

const ROLES = ['viewer', 'policy_manager', 'admin'];
const WAITING = '6723c749a9b5ea07063827c0b4c538e48019df2bcebc74700e7266883d171b33'; // a definition's fingerprint
const BODIES = {
  'PATCH /organisation': { title: 'x' }, 'PATCH /members/{id}': { name: 'x' }, 'POST /invitations': { email: 'new@example.com', role: 'viewer' },
  'PATCH /audit/keeping': {}, 'POST /apply': { servers: [], policies: [], grants: [] },
  'POST /providers': { name: 'new', issuer: 'https://new.example.com', client_id: 'x', client_secret: 'hush' }, 'PATCH /providers/{id}': { title: 'x' },
  'POST /keys': { label: 'new', role: 'viewer' }, 'POST /servers': { name: 'new', transport: 'http', url: 'https://x.example.com' },
  'PATCH /servers/{id}': { disabled: false }, 'POST /servers/{id}/credentials': { place: 'header', name: 'X-New', value: 'v' },
  'POST /policies': { name: 'new', document: { version: '1', default: 'deny' } }, 'POST /policies/check': { document: {} }, 'POST /policies/summary': { document: { version: '1', default: 'deny' } }, 'POST /policies/lint': { document: { version: '1', default: 'deny' } },
  'POST /policies/{id}/diff': { from: 1, to: { version: '1', default: 'deny' } }, 'POST /policies/{id}/explain': { call: { tool: 'x' } }, 'POST /policies/{id}/replay': {}, 'POST /grants/{id}/suggest': {}, 'POST /grants/{id}/explain': { server: 'files', call: { tool: 'x' } }, 'PATCH /policies/{id}': { note: 'x' },
  'POST /policies/{id}/versions': { document: { version: '1', default: 'deny' } }, 'POST /policies/{id}/rollback': { number: 1 },
  'POST /grants': { label: 'new' }, 'PATCH /grants/{id}': { mode: 'observe' }, 'PUT /grants/{id}/servers/{server}': { policy: null }, 'POST /oauth/answer': { address: 'x' }, 'POST /servers/{id}/overrides': { tool: 'sync', category: 'Read' },
  'POST /servers/{id}/definitions/accept': { fingerprints: [WAITING] }, 'POST /servers/{id}/definitions/reject': { fingerprints: [WAITING] }, 'POST /servers/{id}/authorizations': {}, 'POST /grants/{id}/rotate': {},
  'POST /channels': { name: 'new', kind: 'webhook', url: 'https://hook.example.com' }, 'PATCH /channels/{id}': { disabled: false },
  'POST /approvals/{id}/approve': { note: 'x' }, 'POST /approvals/{id}/deny': {},
  'POST /catalogue/import': { server: 'new', tools: [] }, 'POST /limits/reset': { counter: 'calls' },
};
const KINDS = { members: 'member', invitations: 'invitation', keys: 'key', providers: 'provider', channels: 'channel', servers: 'server', policies: 'policy', grants: 'grant', decisions: 'decision', catalogue: 'listed', approvals: 'question', exceptions: 'exception', contacts: 'contact' };

// The path with the ids of one organisation.
function fill(path, owner) {
  const [, kind] = path.split('/');
  if (kind === 'catalogue') path = path.replace('{server}', owner.listed).replace('{tool}', 'sync');
  return path.replace('{id}', owner[KINDS[kind]]).replace('{credential}', owner.credential).replace('{server}', owner.server).replace('{attack}', 'rug-pull').replace('{override}', owner.override).replace('{fingerprint}', WAITING).replace('{authorization}', owner.authorization).replace('{number}', kind === 'decisions' ? owner.decision : '1')
    .replace(/\/diff$/, '/diff?from=1&to=1').replace(/^\/catalogue\/stack$/, '/catalogue/stack?server=files');
}
const ask = (api, route, target) => api.call(route.method, target, BODIES[`${route.method} ${route.path}`], { 'If-Match': '*' });
// What everybody who is signed in sees alike.
const SHARED = new Set(['GET /catalogue/attacks/{attack}']);
// What an API key may not ask for whatever its role: it has no session.
const NEVER = new Set(['GET /session', 'DELETE /session', 'PUT /session/password']);
// What is the whole gateway's: for admins of the organisation "default" (sealing.test.mjs).
const OPERATORS = new Set(['GET /audit/keeping/keys', 'POST /audit/keeping/keys']);

// With a server of the catalogue for each organisation.
async function start(t) {
  const state = await startApi(t);
  for (const name of ['acme', 'umbrella']) {
    state[name].listed = 'listed-' + name;
    await state.api.as(state[name].keys.admin).must(200, 'POST', '/catalogue/import', { server: state[name].listed, tools: [{ name: 'sync' }] });
  }
  return state;
}

async function listening(t) {
  const state = await startApi(t);
  for (const name of ['acme', 'umbrella'])
    state[name].channel = (await state.api.as(state[name].keys.admin).must(201, 'POST', '/channels', { name: 'ops', kind: 'mail', to: ['ops@example.com'] })).body.id;
  return state;
}

// With a question of each organisation, and an exception that came of another one.
async function asking(t) {
  const state = await startApi(t);
  for (const name of ['acme', 'umbrella']) {
    const owner = state[name], other = await state.ask(owner, { arguments: { other: name } });
    owner.question = await state.ask(owner, { arguments: { a: name } });
    owner.exception = (await state.api.as(owner.keys.admin).must(200, 'POST', `/approvals/${other}/approve`, { exception: { minutes: 5 } })).body.exception;
  }
  return state;
}

for (const route of routes.filter(r => r.role !== 'none'))
  test(`${route.method} ${route.path} is for ${route.role}`, async t => {
    const { api, acme, umbrella } = await (route.path.startsWith('/catalogue') ? start(t) : /^\/(approvals|exceptions)/.test(route.path) ? asking(t) : route.path.startsWith('/channels') ? listening(t) : startApi(t));
    const own = fill(route.path, acme), name = `${route.method} ${route.path}`;
    for (const target of [own, fill(route.path, umbrella), route.path.replace(/\{\w+\}/g, 'nothing')]) {
      assert.equal((await ask(api, route, target)).status, 401, 'nobody');
      for (const role of ROLES.filter(r => ROLES.indexOf(r) < ROLES.indexOf(route.role)))
        assert.equal((await ask(api.as(acme.keys[role]), route, target)).status, 403, `${role} at ${target}`);
    }
    for (const role of ROLES.filter(r => ROLES.indexOf(r) >= ROLES.indexOf(route.role))) {
      if (!route.path.includes('{') || SHARED.has(name)) continue;
      const other = await ask(api.as(umbrella.keys[role]), route, own);
      assert.equal(other.status, 404, `${role} of another organisation: ${other.text}`);
      const nothing = await ask(api.as(umbrella.keys[role]), route, fill(route.path, { ...acme, [KINDS[route.path.split('/')[1]]]: 'nothing' }));
      assert.equal(other.text, nothing.text, 'as if it were not there');
    }
    const allowed = await ask(api.as(acme.keys[route.role]), route, own);
    if (OPERATORS.has(name)) return assert.deepEqual([allowed.status, allowed.body.type], [403, 'urn:sallyport:problem:role']);
    // What is in use cannot be removed, and the last admin stays: both are said only to who may know.
    assert.ok(NEVER.has(name) ? allowed.status === 404 : allowed.status < 300 || allowed.status === 409, `${route.role}: ${allowed.text}`);
  });

test('lists show the caller\'s organisation alone', async t => {
  const { api, acme, umbrella } = await start(t);
  for (const route of routes.filter(r => r.method === 'GET' && r.role !== 'none' && !NEVER.has(`GET ${r.path}`))) {
    const text = (await ask(api.as(acme.keys.admin), route, fill(route.path, acme))).text;
    for (const id of Object.values(umbrella)) if (typeof id === 'string') assert.ok(!text.includes(id), route.path);
  }
});

test('another organisation\'s server and policy cannot be put into a grant', async t => {
  const { api, acme, umbrella } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  for (const servers of [[{ server: umbrella.server }], [{ server: acme.server, policy: umbrella.policy }]]) {
    await admin.refused(422, 'invalid', 'POST', '/grants', { label: 'x', servers });
    await admin.refused(422, 'invalid', 'PATCH', '/grants/' + acme.grant, { servers }, { 'If-Match': '*' });
  }
  await admin.refused(422, 'invalid', 'PUT', `/grants/${acme.grant}/servers/${acme.server}`, { policy: umbrella.policy }, { 'If-Match': '*' });
});
