// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the API does, held to docs/openapi.json in every request and answer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { document, routes, seen, startApi } from '../lib/api.mjs';
import { exchange } from '../lib/raw.mjs';
import { FakeProvider, visit } from '../lib/provider.mjs';
import { ROOT, scratch } from '../lib/scratch.mjs';

const ANY = { 'If-Match': '*' };
const ALLOW = { version: '1', default: 'allow' };
const PASSWORD = 'correct horse battery';

test('the document and the route table name the same operations and roles', () => {
  const documented = Object.entries(document.paths).flatMap(([path, operations]) => Object.entries(operations).map(([method, o]) => `${method.toUpperCase()} ${path} ${o['x-least-role']}`));
  assert.deepEqual(documented.sort(), routes.map(r => `${r.method} ${r.path} ${r.role}`).sort());
});

test('the first admin comes by the link, once; nothing else works before', async t => {
  const { api, setup } = await startApi(t, { seed: false });
  for (const { method, path, role } of routes)
    if (role !== 'none') await api.refused(401, 'authentication', method, path.replace(/\{\w+\}/g, 'x'));
  await api.refused(401, 'authentication', 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  await api.refused(404, 'not-found', 'POST', '/setup', { token: 'sp_guess', email: 'a@example.com', name: 'A', password: PASSWORD });
  await api.refused(422, 'invalid', 'POST', '/setup', { token: setup, email: 'a@example.com', name: 'A', password: 'short' });
  await api.refused(422, 'invalid', 'POST', '/setup', { token: setup, name: 'A', password: PASSWORD });
  const made = await api.must(201, 'POST', '/setup', { token: setup, email: 'a@example.com', name: 'A', password: PASSWORD });
  assert.equal(made.body.role, 'admin');
  await api.refused(404, 'not-found', 'POST', '/setup', { token: setup, email: 'b@example.com', name: 'B', password: PASSWORD });
});

async function signedIn(t) {
  const server = await startApi(t, { seed: false });
  await server.api.must(201, 'POST', '/setup', { token: server.setup, email: 'a@example.com', name: 'A', password: PASSWORD });
  return { ...server, session: await signIn(server.api) };
}

async function signIn(api, headers = {}, email = 'a@example.com') {
  const answer = await api.must(201, 'POST', '/session', { email, password: PASSWORD }, headers);
  const cookie = answer.headers.get('set-cookie');
  assert.match(cookie, /^sallyport_session=sps_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  return { Cookie: cookie.split(';')[0], csrf: { Cookie: cookie.split(';')[0], 'X-CSRF-Token': answer.body.csrf_token } };
}

test('a session needs its cookie, and its token for changes; it is rotated at sign-in and ends at sign-out', async t => {
  const { api, session } = await signedIn(t);
  const cookie = { Cookie: 'other=1; ' + session.Cookie };
  const shown = await api.must(200, 'GET', '/session', undefined, cookie);
  assert.equal(shown.body.csrf_token, session.csrf['X-CSRF-Token']);
  await api.refused(403, 'csrf', 'POST', '/keys', { label: 'k', role: 'viewer' }, cookie);
  await api.refused(403, 'csrf', 'POST', '/keys', { label: 'k', role: 'viewer' }, { ...cookie, 'X-CSRF-Token': 'x' });
  await api.must(201, 'POST', '/keys', { label: 'k', role: 'viewer' }, session.csrf);
  const second = await signIn(api, { Cookie: session.Cookie });
  assert.notEqual(second.Cookie, session.Cookie);
  await api.refused(401, 'authentication', 'GET', '/session', undefined, session);
  await api.refused(403, 'csrf', 'DELETE', '/session', undefined, { Cookie: second.Cookie });
  // To sign in is no change of the member: an edit that was begun before is not lost.
  const [{ id }] = (await api.must(200, 'GET', '/members', undefined, second)).body.items;
  const me = await api.must(200, 'GET', '/members/' + id, undefined, second);
  await signIn(api);
  const now = await api.must(200, 'GET', '/members/' + id, undefined, second);
  assert.deepEqual([now.etag, now.body.version], [me.etag, me.body.version]);
  assert.ok(now.body.signed_in_at >= me.body.signed_in_at);
  const out = await api.must(204, 'DELETE', '/session', undefined, second.csrf);
  assert.match(out.headers.get('set-cookie'), /^sallyport_session=; .*Max-Age=0/);
  await api.refused(401, 'authentication', 'GET', '/session', undefined, second);
});

test('passwords can be tried ten times, for accounts that exist and for others; whoever signs in begins anew', async t => {
  const { api } = await signedIn(t);
  for (const email of ['A@EXAMPLE.com', 'nobody@example.com']) {
    for (let i = 0; i < 10; i++) await api.refused(401, 'authentication', 'POST', '/session', { email, password: 'wrong horse battery' });
    const answer = await api.must(429, 'POST', '/session', { email, password: PASSWORD });
    assert.ok(Number(answer.headers.get('retry-after')) > 800);
  }
});

test('a password is changed by whoever knows it, and everybody else is signed out', async t => {
  const { api, session } = await signedIn(t);
  const other = await signIn(api);
  const change = (password, new_password) => api.call('PUT', '/session/password', { password, new_password }, session.csrf);
  assert.equal((await change('wrong horse battery', 'another password')).status, 422);
  assert.equal((await change(PASSWORD, 'short')).status, 422);
  await api.must(200, 'GET', '/session', undefined, other);
  assert.equal((await change(PASSWORD, 'another password')).status, 204);
  await api.must(200, 'GET', '/session', undefined, session);
  await api.refused(401, 'authentication', 'GET', '/session', undefined, other);
  await api.refused(401, 'authentication', 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  await api.must(201, 'POST', '/session', { email: 'a@example.com', password: 'another password' });
});

test('members come by invitation, may be changed, and the last admin stays', async t => {
  const { api, session } = await signedIn(t);
  const admin = session.csrf;
  const invited = await api.must(201, 'POST', '/invitations', { email: 'b@example.com', role: 'viewer' }, admin);
  assert.match(invited.body.token, /^sp_[\w-]{43}$/);
  await api.must(200, 'GET', '/invitations/' + invited.body.id, undefined, admin);
  assert.doesNotMatch((await api.must(200, 'GET', '/invitations', undefined, admin)).text, /sp_/);
  const again = await api.must(201, 'POST', '/invitations', { email: 'c@example.com', role: 'admin' }, admin);
  await api.must(204, 'DELETE', '/invitations/' + again.body.id, undefined, { ...admin, 'If-Match': '"1"' });
  await api.refused(404, 'not-found', 'POST', '/invitations/accept', { token: again.body.token, name: 'C', password: PASSWORD });
  await api.refused(422, 'invalid', 'POST', '/invitations/accept', { token: invited.body.token, email: 'x@example.com', name: 'B', password: PASSWORD });
  const b = (await api.must(201, 'POST', '/invitations/accept', { token: invited.body.token, name: 'B', password: PASSWORD })).body.member;
  await api.refused(409, 'conflict', 'POST', '/invitations', { email: 'B@example.com', role: 'viewer' }, admin);
  const theirs = await signIn(api, {}, 'b@example.com');
  await api.refused(403, 'role', 'GET', '/members', undefined, theirs);
  const me = (await api.must(200, 'GET', '/members?email=a@example.com', undefined, admin)).body.items[0].id;
  await api.refused(409, 'conflict', 'PATCH', '/members/' + me, { role: 'viewer' }, { ...admin, ...ANY });
  await api.refused(409, 'conflict', 'PATCH', '/members/' + me, { disabled: true }, { ...admin, ...ANY });
  await api.refused(409, 'conflict', 'DELETE', '/members/' + me, undefined, { ...admin, ...ANY });
  await api.must(200, 'PATCH', '/members/' + b, { role: 'admin' }, { ...admin, ...ANY });
  await api.must(200, 'GET', '/members', undefined, theirs);
  await api.must(200, 'PATCH', '/members/' + b, { disabled: true }, { ...admin, ...ANY });
  await api.refused(401, 'authentication', 'GET', '/session', undefined, theirs);
  await api.refused(401, 'authentication', 'POST', '/session', { email: 'b@example.com', password: PASSWORD });
  await api.refused(409, 'conflict', 'DELETE', '/members/' + me, undefined, { ...admin, ...ANY });
  await api.must(204, 'DELETE', '/members/' + b, undefined, { ...admin, ...ANY });
  await api.must(200, 'GET', '/members/' + me, undefined, admin);
});

test('API keys are shown once, expire and are revoked', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  await admin.refused(422, 'invalid', 'POST', '/keys', { label: 'old', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' });
  const soon = new Date(Date.now() + 600).toISOString();
  const short = await admin.must(201, 'POST', '/keys', { label: 'short', role: 'viewer', expires_at: soon });
  const made = await admin.must(201, 'POST', '/keys', { label: 'ci', role: 'viewer' });
  assert.match(made.body.token, /^spk_[\w-]{43}$/);
  await admin.refused(409, 'conflict', 'POST', '/keys', { label: 'ci', role: 'viewer' });
  await api.as(made.body.token).must(200, 'GET', '/servers');
  const shown = await admin.must(200, 'GET', '/keys/' + made.body.id);
  assert.doesNotMatch(shown.text, /spk_/);
  assert.doesNotMatch((await admin.must(200, 'GET', '/keys?limit=1000')).text, /spk_/);
  await admin.refused(412, 'lost-update', 'POST', `/keys/${made.body.id}/revoke`, undefined, { 'If-Match': '"7"' });
  await admin.must(200, 'POST', `/keys/${made.body.id}/revoke`, undefined, { 'If-Match': '"1"' });
  await admin.refused(409, 'conflict', 'POST', `/keys/${made.body.id}/revoke`, undefined, ANY);
  await api.as(made.body.token).refused(401, 'authentication', 'GET', '/servers');
  while (new Date().toISOString() <= soon) await new Promise(resolve => setTimeout(resolve, 20));
  await api.as(short.body.token).refused(401, 'authentication', 'GET', '/servers');
  await api.as('spk_nonsense').refused(401, 'authentication', 'GET', '/servers');
  await api.as(acme.token).refused(401, 'authentication', 'GET', '/servers'); // a grant's
});

test('the organisation allows programs, and then they can be servers', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), program = { name: 'tool', transport: 'stdio', command: ['/bin/cat'] };
  await admin.refused(403, 'commands', 'POST', '/servers', program);
  const before = await admin.must(200, 'GET', '/organisation');
  await admin.refused(428, 'if-match', 'PATCH', '/organisation', { commands_allowed: true });
  await admin.must(200, 'PATCH', '/organisation', { commands_allowed: true, title: 'Acme Ltd' }, { 'If-Match': before.etag });
  await admin.must(201, 'POST', '/servers', program);
  const change = { transport: 'stdio', command: ['/bin/cat'] };
  const refused = await admin.refused(422, 'invalid', 'PATCH', '/servers/' + acme.server, change, ANY);
  assert.match(refused.detail, /credentials/);
});

test('servers are added, edited by their ETag, and not removed while a grant reaches them', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  const made = await admin.must(201, 'POST', '/servers', { name: 'web', transport: 'http', url: 'https://web.example.com/mcp', settings: { era: 'legacy' } });
  const at = made.headers.get('location').replace('/api/v1', '');
  assert.equal(made.etag, '"1"');
  assert.deepEqual((await admin.must(200, 'GET', at)).body, made.body);
  const changed = await admin.must(200, 'PATCH', at, { disabled: true }, { 'If-Match': made.etag });
  assert.equal(changed.body.url, made.body.url);
  const lost = await admin.refused(412, 'lost-update', 'PATCH', at, { disabled: false }, { 'If-Match': made.etag });
  assert.match(lost.detail, /read it again/);
  await admin.refused(412, 'lost-update', 'PATCH', at, {}, { 'If-Match': 'W/"2"' });
  await admin.refused(412, 'lost-update', 'DELETE', at, undefined, { 'If-Match': made.etag });
  await admin.refused(409, 'conflict', 'POST', '/servers', { name: 'web', transport: 'http', url: 'https://x.example.com' });
  await admin.refused(409, 'conflict', 'PATCH', at, { name: 'files' }, ANY);
  await admin.refused(422, 'invalid', 'POST', '/servers', { name: 'no-url', transport: 'http' });
  await admin.refused(422, 'invalid', 'POST', '/servers', { name: 'odd', transport: 'http', url: 'gopher://x' });
  const secret = await admin.refused(422, 'invalid', 'PATCH', at, { settings: { headers: { Authorization: 'x' } } }, ANY);
  assert.match(secret.detail, /credential/);
  await admin.refused(409, 'conflict', 'DELETE', '/servers/' + acme.server, undefined, ANY);
  await admin.must(204, 'DELETE', at, undefined, { 'If-Match': changed.etag });
  await admin.refused(404, 'not-found', 'GET', at);
});

test('credentials go in and never come out', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), at = `/servers/${acme.server}/credentials`;
  const value = 'Bearer a-very-secret-value';
  const made = await admin.must(201, 'POST', at, { place: 'header', name: 'X-Other', value });
  const replaced = await admin.must(201, 'POST', at, { place: 'header', name: 'X-Other', value: value + '-2' });
  assert.equal(replaced.body.id, made.body.id);
  await admin.refused(422, 'invalid', 'POST', at, { place: 'environment', name: 'TOKEN', value });
  await admin.refused(422, 'invalid', 'POST', at, { place: 'header', name: 'X-Bad', value: 'a\r\nb: c' });
  for (const target of [at, `${at}/${made.body.id}`, '/audit?limit=1000', '/servers'])
    assert.doesNotMatch((await admin.must(200, 'GET', target)).text, /secret-value/, target);
  await admin.refused(404, 'not-found', 'GET', `/servers/${acme.policy}/credentials`);
  await admin.must(204, 'DELETE', `${at}/${made.body.id}`, undefined, ANY);
});

test('policies are rows of versions; rolling back adds the old bytes', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.policy_manager);
  const text = '{ "version": "1",\n  "default": "allow",\n  "description": "bytes as they are" }';
  const made = await manager.must(201, 'POST', '/policies', { name: 'p', note: 'n', document: text });
  const at = '/policies/' + made.body.id;
  assert.equal(made.body.latest, 1);
  const second = await manager.must(201, 'POST', at + '/versions', { document: { version: '1', default: 'deny' }, note: 'stricter' }, { 'If-Match': made.etag });
  assert.equal(second.body.author, 'policy_manager');
  assert.equal(second.headers.get('location'), `/api/v1${at}/versions/2`);
  await manager.refused(412, 'lost-update', 'POST', at + '/versions', { document: ALLOW }, { 'If-Match': made.etag });
  const back = await manager.must(201, 'POST', at + '/rollback', { number: 1 }, { 'If-Match': second.etag });
  assert.equal(back.body.number, 3);
  assert.ok((await manager.must(200, 'GET', at + '/versions/3')).text.includes(text), 'the same bytes');
  await manager.refused(422, 'invalid', 'POST', at + '/rollback', { number: 9 }, ANY);
  const list = (await manager.must(200, 'GET', at + '/versions')).body;
  assert.deepEqual(list.items.map(v => [v.number, v.note]), [[1, ''], [2, 'stricter'], [3, 'back to version 1']]);
  const diff = (await manager.must(200, 'GET', at + '/diff?from=2&to=3')).body;
  assert.deepEqual(diff.lines.map(l => l.change), ['removed', 'added', 'added', 'added']);
  assert.equal(diff.meaning.complete, true);
  assert.ok(diff.meaning.changes.length > 0);
  assert.deepEqual((await manager.must(200, 'GET', at + '/diff?from=2&to=2')).body.meaning.changes, []);
  await manager.refused(422, 'invalid', 'GET', at + '/diff?from=2');
  await manager.refused(404, 'not-found', 'GET', at + '/diff?from=2&to=9');
  const draft = (await manager.must(200, 'POST', at + '/diff', { from: 2, to: { version: '1', default: 'deny', runaway: { denials_in_a_row: 5 } } })).body;
  assert.deepEqual([draft.from, draft.to, draft.meaning.changes.map(c => [c.gravity, c.kind])], [2, null, [['tightened', 'runaway']]]);
  assert.deepEqual((await manager.must(200, 'POST', at + '/diff', { from: '{"version":"1","default":"deny"}', to: 2 })).body.meaning.changes, []);
  for (const bad of [{ from: 9 }, { from: 2.5 }, { from: 0 }, { from: null }, { from: [] }, {}, { from: 2, more: 1 }])
    await manager.refused(422, 'invalid', 'POST', at + '/diff', { to: 2, ...bad });
  const mistaken = await manager.refused(422, 'invalid', 'POST', at + '/diff', { from: 2, to: '{"version":"1",\n"default":"perhaps"}' });
  assert.deepEqual(mistaken.errors.map(e => [e.field, e.line]), [['to', 2]]);
  await manager.refused(404, 'not-found', 'GET', at + '/versions/4');
  await manager.refused(404, 'not-found', 'GET', at + '/versions/x');
  await manager.refused(404, 'not-found', 'GET', `/policies/${acme.policy}/versions/99`);
  await manager.must(200, 'PATCH', at, { note: 'other' }, ANY);
  assert.equal((await manager.must(200, 'GET', at)).body.note, 'other');
  await manager.refused(409, 'conflict', 'DELETE', '/policies/' + acme.policy, undefined, ANY);
  await manager.must(204, 'DELETE', at, undefined, ANY);
});

test('a policy with mistakes is not kept, and every mistake has its place in the document', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.policy_manager);
  const document = '{"version":"1",\n "default":"permit",\n "tolls":{}}';
  const refused = await manager.refused(422, 'invalid', 'POST', '/policies', { name: 'bad', document });
  assert.deepEqual(refused.errors.map(e => [e.field, e.line]), [['document', 2], ['document', 3]]);
  assert.deepEqual((await manager.must(200, 'GET', '/policies?name=bad')).body.items, []);
  const checked = (await manager.must(200, 'POST', '/policies/check', { document })).body;
  assert.deepEqual([checked.valid, checked.problems.length], [false, 2]);
  assert.equal((await manager.must(200, 'POST', '/policies/check', { document: ALLOW })).body.valid, true);
  await manager.refused(422, 'invalid', 'POST', '/policies/check', { document: 3 });
  const large = '{"version":"1","default":"allow","description":"' + 'x'.repeat(1e6) + '"}';
  await manager.must(200, 'POST', '/policies/check', { document: large });
  await manager.refused(413, 'too-large', 'PATCH', '/policies/' + acme.policy, { note: 'x'.repeat(70000) }, ANY);
});

test('policies are linted and explained; explain.test.mjs looks at what is said', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), grant = (await admin.must(201, 'POST', '/grants', { label: 'ci', servers: [{ server: 'files', policy: 'careful' }] })).body.id;
  assert.deepEqual((await admin.must(200, 'POST', '/policies/lint', { document: { version: '1', default: 'deny' } })).body, { findings: [], complete: true, servers: [] });
  const said = (await admin.must(200, 'POST', '/policies/summary', { document: { version: '1', default: 'deny', tools: { 'delete_*': { action: 'deny' } } } })).body.sentences;
  assert.deepEqual(said.map(s => [s.rule, s.about, s.text]), [['/default', '', 'What nothing below speaks of is denied.'], ['/tools/delete_*/action', 'delete_*', 'Every tool whose name begins with "delete_" is denied, and stays in lists.']]);
  await admin.refused(422, 'invalid', 'POST', '/policies/summary', { document: { version: '1' } });
  assert.equal((await admin.must(200, 'POST', `/policies/${acme.policy}/explain`, { document: { version: '1', default: 'deny' }, call: { tool: 'x' } })).body.rule, '(default deny)');
  assert.equal((await admin.must(200, 'POST', `/grants/${grant}/explain`, { server: 'files', call: { tool: 'x' } })).body.policy, 'careful');
  assert.equal((await admin.must(200, 'POST', `/policies/${acme.policy}/replay`, {})).body.calls, 0); // rehearse.test.mjs plays some
  assert.equal((await admin.must(200, 'POST', `/grants/${grant}/suggest`, {})).body.document, null);
});

test('grants are minted, edited, rotated with an overlap, revoked', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  const made = await admin.must(201, 'POST', '/grants', { label: 'ci', tags: ['a'], mode: 'observe', servers: [{ server: 'files', policy: 'careful', policy_version: 1 }] });
  const at = '/grants/' + made.body.id;
  assert.match(made.body.token, /^sp_[\w-]{43}$/);
  assert.deepEqual(made.body.servers, [{ server: acme.server, policy: acme.policy, policy_version: 1 }]);
  assert.doesNotMatch((await admin.must(200, 'GET', at)).text, /sp_/);
  const none = await admin.must(200, 'PATCH', at, { servers: [{ server: acme.server }] }, { 'If-Match': made.etag });
  assert.deepEqual(none.body.servers, [{ server: acme.server, policy: null, policy_version: null }]);
  const attached = await api.as(acme.keys.policy_manager).must(200, 'PUT', `${at}/servers/${acme.server}`, { policy: 'careful' }, { 'If-Match': none.etag });
  assert.deepEqual(attached.body.servers, [{ server: acme.server, policy: acme.policy, policy_version: 'latest' }]);
  await api.as(acme.keys.policy_manager).refused(404, 'not-found', 'PUT', `${at}/servers/srv_x`, { policy: 'careful' }, ANY);
  for (const servers of [[{ server: 'nope' }], [{ server: 'files', policy: 'nope' }], [{ server: 'files', policy: 'careful', policy_version: 2 }], [{ server: 'files' }, { server: acme.server }], [{ server: 'files', policy_version: 1 }], ['files'], {}, [{}]])
    await admin.refused(422, 'invalid', 'PATCH', at, { servers }, ANY);
  await admin.refused(422, 'invalid', 'PATCH', at, { expires_at: '2020-01-01T00:00:00Z' }, ANY);
  const rotated = await admin.must(200, 'POST', at + '/rotate', { overlap_seconds: 3600 }, { 'If-Match': attached.etag });
  assert.notEqual(rotated.body.token, made.body.token);
  assert.deepEqual(rotated.body.tokens.map(k => k.expires_at !== null), [true, false]);
  const sharp = await admin.must(200, 'POST', at + '/rotate', undefined, { 'If-Match': rotated.etag });
  assert.equal(sharp.body.tokens.length, 1);
  await admin.refused(422, 'invalid', 'POST', at + '/rotate', { overlap_seconds: 1e9 }, ANY);
  const gone = await admin.must(200, 'POST', at + '/revoke', undefined, { 'If-Match': sharp.etag });
  assert.ok(gone.body.revoked_at && gone.body.tokens.length === 0);
  await admin.refused(409, 'conflict', 'POST', at + '/revoke', undefined, ANY);
  await admin.refused(409, 'conflict', 'POST', at + '/rotate', undefined, ANY);
  await admin.must(204, 'DELETE', at, undefined, ANY);
});

test('an addition that is asked for twice with one key is made once', async t => {
  const { api, acme, umbrella } = await startApi(t);
  const admin = api.as(acme.keys.admin), key = { 'Idempotency-Key': 'once' };
  const body = { label: 'ci', servers: [] };
  const [first, ...others] = (await Promise.all([1, 2, 3].map(() => admin.must(201, 'POST', '/grants', body, key)))).sort(a => (a.body.token ? -1 : 1));
  const { token, ...rest } = first.body;
  assert.ok(token);
  for (const other of others) {
    assert.deepEqual(other.body, rest);
    assert.equal(other.headers.get('idempotency-replayed'), 'true');
  }
  await admin.refused(422, 'idempotency-key', 'POST', '/grants', { label: 'other' }, key);
  await admin.refused(422, 'idempotency-key', 'POST', '/keys', { label: 'ci', role: 'viewer' }, key);
  await admin.refused(400, 'idempotency-key', 'POST', '/grants', body, { 'Idempotency-Key': 'x'.repeat(300) });
  assert.ok((await api.as(umbrella.keys.admin).must(201, 'POST', '/grants', body, key)).body.token);
  // What failed was not made: the key is free.
  await admin.refused(422, 'invalid', 'POST', '/keys', { label: 'x' }, { 'Idempotency-Key': 'free' });
  await admin.must(201, 'POST', '/keys', { label: 'x', role: 'viewer' }, { 'Idempotency-Key': 'free' });
});

test('a full disk is told, reading goes on, and what was acknowledged is there afterwards', async t => {
  const folder = path.join(scratch(t), 'data');
  const { acme, stop } = await startApi(t, { folder });
  await stop();
  const first = await startApi(t, { folder, kib: 700, seed: false });
  const admin = first.api.as(acme.keys.admin);
  const kept = [];
  let refused;
  for (let i = 0; i < 100 && !refused; i++) {
    const answer = await admin.call('POST', '/policies', { name: 'p' + i, document: { ...ALLOW, description: 'x'.repeat(30000) } });
    if (answer.status === 201) kept.push('p' + i);
    else refused = answer;
  }
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.body.detail, /its log says why/);
  assert.match(first.log(), /cannot write the database|disk is full/);
  assert.ok(kept.length > 0);
  const names = async api => (await api.must(200, 'GET', '/policies?limit=1000')).body.items.map(p => p.name).filter(n => /^p\d+$/.test(n)).sort();
  assert.deepEqual(await names(admin), [...kept].sort());
  await first.stop();
  const second = await startApi(t, { folder, seed: false });
  const again = second.api.as(acme.keys.admin);
  assert.deepEqual(await names(again), [...kept].sort());
  await again.must(201, 'POST', '/policies', { name: 'there-is-room', document: ALLOW });
});

test('while another program holds the database changes are refused, and then no more', async t => {
  const sqlite = await import('node:sqlite').catch(() => null);
  if (!sqlite) return t.skip('this Node has no SQLite');
  const { api, acme, folder, log } = await startApi(t);
  const admin = api.as(acme.keys.admin), database = new sqlite.DatabaseSync(path.join(folder, 'control.db'));
  t.after(() => database.close());
  database.exec('BEGIN IMMEDIATE');
  const refused = await admin.call('POST', '/grants', { label: 'held' });
  assert.equal(refused.status, 503, refused.text);
  assert.match(log(), /in use by another process/);
  await admin.must(200, 'GET', '/grants');
  database.exec('ROLLBACK');
  await admin.must(201, 'POST', '/grants', { label: 'held' });
});

test('an addition of almost 4 MiB is kept whole for the next who asks', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), key = { 'Idempotency-Key': 'large' };
  const description = 'x'.repeat(4 * 1024 * 1024 - 200);
  const made = await admin.must(201, 'POST', '/policies', { name: 'p', document: ALLOW });
  const at = `/policies/${made.body.id}/versions`, body = { note: '"'.repeat(30), document: { ...ALLOW, description } };
  const first = await admin.must(201, 'POST', at, body, { ...key, ...ANY });
  const second = await admin.must(201, 'POST', at, body, { ...key, ...ANY });
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  assert.equal(second.text, first.text);
  assert.equal(first.body.document.description.length, description.length);
  assert.equal((await admin.must(200, 'GET', at)).body.items.length, 2);
});

test('bodies are read strictly, and faults have their place', async t => {
  const { api, acme, port } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  const post = (body, headers) => admin.call('POST', '/keys', body, headers);
  const malformed = await admin.refused(400, 'malformed', 'POST', '/keys', '{"label": "x",\n "role" }');
  assert.deepEqual([malformed.errors[0].line, malformed.errors[0].column], [2, 9]);
  await admin.refused(400, 'malformed', 'POST', '/keys', '{"label":"x","label":"y","role":"viewer"}');
  await admin.refused(415, 'media-type', 'POST', '/keys', '{}', { 'Content-Type': 'text/plain' });
  await admin.refused(415, 'media-type', 'POST', '/keys', '{}', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
  await admin.refused(422, 'invalid', 'POST', '/keys', '[]');
  const many = await admin.refused(422, 'invalid', 'POST', '/keys', '{"labell":"x",\n"role":"king","revoked_at":null}');
  assert.deepEqual(many.errors.map(e => [e.field, e.line]), [['', 1], ['role', 2], ['revoked_at', 2], ['label', undefined]]);
  assert.match(many.errors[0].detail, /did you mean 'label'/);
  assert.equal((await post({ label: '', role: 'viewer' })).status, 422);
  assert.equal((await post({ label: 'a\nb', role: 'viewer' })).status, 422);
  assert.equal((await post({ label: 'x'.repeat(2000), role: 'viewer' })).status, 422);
  const twice = await exchange(port, 'GET', '/api/v1/keys', [['Authorization', 'Bearer ' + acme.keys.admin], ['Authorization', 'Bearer x']]);
  assert.equal(twice.status, 400);
  await admin.refused(404, 'not-found', 'GET', '/nothing');
  const wrong = await admin.must(405, 'PUT', '/keys');
  assert.equal(wrong.headers.get('allow'), 'GET, POST');
});

test('lists come in pages that nothing falls between', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), labels = [];
  for (let i = 0; i < 25; i++) labels.push((await admin.must(201, 'POST', '/grants', { label: 'g' + i })).body.label);
  const found = [];
  for (let after = '', next = true; next; ) {
    const page = (await admin.must(200, 'GET', `/grants?limit=7&after=${after}`)).body;
    assert.ok(page.items.length <= 7);
    found.push(...page.items.map(g => g.label));
    next = page.next !== null;
    after = page.next;
  }
  assert.deepEqual(found.sort(), [...labels, 'laptop'].sort());
  assert.deepEqual((await admin.must(200, 'GET', '/grants?label=g3')).body.items.map(g => g.label), ['g3']);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'limit=1&limit=2', 'labels=x', 'label=%zz'])
    await admin.refused(422, 'invalid', 'GET', '/grants?' + query);
});

test('the audit says who, what, from where, and nothing secret', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  const made = await admin.must(201, 'POST', '/grants', { label: 'audited' });
  await admin.must(200, 'PATCH', '/grants/' + made.body.id, { label: 'renamed' }, ANY);
  const rows = (await admin.must(200, 'GET', '/audit?object=' + made.body.id)).body.items;
  assert.deepEqual(rows.map(r => r.action), ['grant.change', 'grant.add']);
  assert.deepEqual([rows[0].before, rows[0].after], [{ label: 'audited' }, { label: 'renamed' }]);
  assert.deepEqual([rows[0].actor, rows[0].address], [{ kind: 'api_key', id: acme.key, label: 'admin' }, '127.0.0.1']);
  const all = (await admin.must(200, 'GET', '/audit?limit=1000')).text;
  for (const secret of [made.body.token, acme.token, acme.keys.admin]) assert.ok(!all.includes(secret));
});

test('what was acknowledged is there after a start', async t => {
  const first = await startApi(t);
  const made = await first.api.as(first.acme.keys.admin).must(201, 'POST', '/grants', { label: 'kept' });
  await first.stop();
  const second = await startApi(t, { seed: false, folder: first.folder });
  const again = await second.api.as(first.acme.keys.admin).must(200, 'GET', '/grants/' + made.body.id);
  assert.equal(again.body.label, 'kept');
});

test('clients that leave at once harm nobody', async t => {
  const { api, acme, port } = await startApi(t);
  const head = `POST /api/v1/grants HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${acme.keys.admin}\r\nContent-Type: application/json\r\n`;
  const wrong = JSON.stringify({ organisation: 'acme', email: 'one@example.com', password: 'wrong horse battery' });
  await Promise.all(Array.from({ length: 200 }, (_, i) => new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1', () => {
      const body = JSON.stringify({ label: 'leaver-' + i });
      if (i % 10 === 0) socket.write(`POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${wrong.length}\r\n\r\n${wrong}`);
      else socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      setImmediate(() => socket.resetAndDestroy());
    });
    socket.on('close', resolve).on('error', () => {});
  })));
  await api.as(acme.keys.admin).must(201, 'POST', '/grants', { label: 'stays' });
});

test('snippets name the gateway as it was asked for, and have no token', async t => {
  const { api, acme } = await startApi(t);
  const viewer = api.as(acme.keys.viewer), { body } = await viewer.must(200, 'GET', `/grants/${acme.grant}/snippets`);
  assert.deepEqual(body.snippets.map(s => s.client), ['claude-desktop', 'claude-code', 'cursor', 'vscode', 'windsurf', 'codex', 'http']);
  for (const { text } of body.snippets) assert.ok(text.includes(`http://127.0.0.1:${api.port}/mcp/files`) && !text.includes('sp_'), text);
  await viewer.refused(422, 'invalid', 'GET', `/grants/${acme.grant}/snippets?client=emacs`);
});

test('a server is tried where the gateway may reach it (test/wire/trial.test.mjs has the rest)', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), { id } = (await admin.must(201, 'POST', '/servers', { name: 'own', transport: 'http', url: 'http://127.0.0.1:1/mcp' })).body;
  assert.equal((await admin.must(200, 'POST', `/servers/${id}/test`)).body.problem.kind, 'guard');
});

test('attack patterns are the files of the repository, for every role of every organisation', async t => {
  const { api, acme, umbrella } = await startApi(t);
  const { items } = (await api.as(acme.keys.viewer).must(200, 'GET', '/catalogue/attacks')).body;
  const folder = path.join(ROOT, 'data/attacks');
  assert.deepEqual(items.map(({ slug }) => slug + '.json').sort(), fs.readdirSync(folder).sort());
  for (const { slug, name, summary, categories } of items) {
    const whole = (await api.as(umbrella.keys.viewer).must(200, 'GET', '/catalogue/attacks/' + slug)).body;
    assert.deepEqual(whole, JSON.parse(fs.readFileSync(path.join(folder, slug + '.json'), 'utf8')));
    assert.deepEqual({ name, summary, categories }, { name: whole.name, summary: whole.summary, categories: whole.categories });
  }
  for (const slug of ['rug-pul', 'Rug-pull', 'x'.repeat(72), 'x'.repeat(200)]) await api.as(acme.keys.admin).refused(404, 'not-found', 'GET', '/catalogue/attacks/' + slug);
});

test('without a configuration file nothing is declared, for anybody', async t => {
  const { api, acme } = await startApi(t);
  assert.deepEqual((await api.as(acme.keys.viewer).must(200, 'GET', '/declared')).body, { file: null, servers: [], policies: [], grants: [] });
  await api.as(acme.keys.admin).refused(404, 'not-found', 'DELETE', '/servers/file.files', undefined, { 'If-Match': '*' });
});

test('a whole organisation comes and goes (moves.test.mjs has the rest)', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), { body, etag } = await admin.must(200, 'GET', '/export');
  assert.deepEqual((await admin.must(200, 'POST', '/apply', body, { 'If-Match': etag })).body.changes, []);
});

test('decisions are found, counted and taken out, those of the own organisation (decisions.test.mjs has the rest)', async t => {
  const { api, acme } = await startApi(t);
  const viewer = api.as(acme.keys.viewer);
  const first = await viewer.must(200, 'GET', '/decisions?limit=2');
  assert.deepEqual(first.body.items.map(row => [row.seq, row.outcome]), [[4, 'failed'], [3, 'denied']]);
  const rest = await viewer.must(200, 'GET', '/decisions?limit=2&after=' + first.body.next);
  assert.deepEqual([rest.body.items.map(row => row.seq), rest.body.next, rest.body.complete], [[2], null, true]);
  assert.deepEqual(rest.body.index, { row: 9, behind_bytes: 0, behind_ms: 0 });
  const found = async query => (await viewer.must(200, 'GET', '/decisions?' + query)).body.items.map(row => row.seq);
  assert.deepEqual(await found('outcome=failed,allowed&order=oldest'), [2, 4]);
  assert.deepEqual(await found('server=files&grant=laptop&tool=%3Dread&text=READ&from=2026-01-01'), [4, 3, 2]);
  assert.deepEqual(await found('to=2026-01-01'), []);
  assert.deepEqual(await found('id=nothing'), []);
  for (const query of ['after=1-00000000', `after=${first.body.next}`, `after=${first.body.next}&limit=2&tool=x`, 'after=', 'outcome=a,b,c,d,e,f,g,h,i', 'from=yesterday', 'order=best', 'limit=0', 'grant=a&grant=b', 'text=' + 'x'.repeat(1025), 'seq=1'])
    if (query !== `after=${first.body.next}`) await viewer.refused(422, 'invalid', 'GET', '/decisions?' + query);
  assert.equal((await viewer.must(200, 'GET', '/decisions/3')).body.outcome, 'denied');
  for (const number of ['1', '5', '8', '9', '10', '0', '03', 'x', '99999999999999999999']) await viewer.refused(404, 'not-found', 'GET', '/decisions/' + number);
  const { body } = await viewer.must(200, 'GET', '/decisions/summary?by=tool&interval=3600');
  assert.deepEqual([body.items.map(item => [item.key, item.count]), body.count, body.unsure, body.complete], [[['=read', 3]], 3, 0, true]);
  for (const query of ['interval=1&from=2020-01-01', 'from=2030-01-01', 'by=peer', 'text=x']) await viewer.refused(422, 'invalid', 'GET', '/decisions/summary?' + query);
  const lines = (await viewer.must(200, 'GET', '/decisions/export?outcome=denied')).text;
  assert.deepEqual(lines.trim().split('\n').map(line => JSON.parse(line).seq), [3]);
  const csv = (await viewer.must(200, 'GET', '/decisions/export?format=csv')).text.split('\r\n');
  assert.equal(csv.length, 5);
  assert.ok(csv[0].startsWith('time,seq,id,') && csv[1].includes(`,"'=read",`), csv[1]);
  await viewer.refused(422, 'invalid', 'GET', '/decisions/export?format=xml');
  await viewer.must(200, 'GET', '/decisions/stream');
  await viewer.refused(422, 'invalid', 'GET', '/decisions/stream', undefined, { 'Last-Event-ID': 'x' });
});

test('the document comes with the API', async t => {
  const { api } = await startApi(t, { seed: false });
  assert.deepEqual((await api.must(200, 'GET', '/openapi.json')).body, document);
});

test('the examples of docs/api.md do what they say', async t => {
  const { port, setup } = await startApi(t, { seed: false });
  const text = fs.readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8');
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(m => m[1]);
  assert.ok(blocks.length >= 5);
  const run = promisify(execFile)('bash', ['-euo', 'pipefail', '-c', blocks.join('echo\n')], {
    cwd: scratch(t), env: { PATH: process.env.PATH, URL: `http://127.0.0.1:${port}`, SETUP: setup } });
  const { stdout } = await run;
  assert.match(stdout, /"label":"laptop".*"token":"sp_/);
  assert.match(stdout, /"change":"removed"/);
  assert.match(stdout, /"note":"back to version 1"/);
});

// What they say: inventory.test.mjs.
test('the catalogue takes a list and shows it', async t => {
  const { api, acme } = await startApi(t);
  const viewer = api.as(acme.keys.viewer);
  await api.as(acme.keys.admin).must(200, 'POST', '/catalogue/import', { server: '@a/b', tools: [{ name: 'get_it' }] });
  for (const target of ['', '/search?text=get', '/servers', '/servers?own=true', '/servers/_a~b', '/servers/_a~b/starter', '/servers/_a~b/history', '/servers/_a~b/tools/get_it', '/servers/_a~b/tools/get_it/history'])
    await viewer.must(200, 'GET', '/catalogue' + target);
});

// What they say: stack.test.mjs.
test('stacks of servers that the catalogue does not know', async t => {
  const { api, acme } = await startApi(t);
  const { body } = await api.as(acme.keys.viewer).must(200, 'GET', '/catalogue/stack?server=files');
  assert.deepEqual([body.missing, body.stack.tools], [['files'], []]);
  const own = (await api.as(acme.keys.policy_manager).must(200, 'GET', `/grants/${acme.grant}/stack`)).body;
  assert.equal(own.grant.id, acme.grant);
});

// Each documented success was seen above.
// What providers do and may not do: providers.test.mjs.
test('an identity provider is added, signs somebody in, and is removed', async t => {
  const { api, acme } = await startApi(t, { loopback: true });
  const admin = api.as(acme.keys.admin), provider = await FakeProvider.start(t);
  const added = await admin.must(201, 'POST', '/providers', { name: 'own', issuer: provider.issuer, client_id: 'gateway', client_secret: provider.secret, domains: ['example.com'] });
  assert.deepEqual((await admin.must(200, 'GET', '/providers?name=own')).body.items, [added.body]);
  assert.deepEqual((await admin.must(200, 'GET', '/providers/' + added.body.id)).body, added.body);
  assert.deepEqual((await api.must(200, 'GET', '/sign-in?organisation=acme')).body.items.map(p => p.name), ['corp', 'own']);
  const answer = await visit(api, provider, added.body.id, {}, 'acme');
  assert.equal(answer.status, 303, answer.text);
  await api.refused(404, 'not-found', 'POST', '/sign-in/' + added.body.id, { organisation: 'umbrella' });
  await api.refused(404, 'not-found', 'POST', '/sign-in/' + added.body.id, { organisation: 'nobody' });
  const changed = await admin.must(200, 'PATCH', '/providers/' + added.body.id, { title: 'Own' }, { 'If-Match': added.etag });
  await admin.refused(412, 'lost-update', 'PATCH', '/providers/' + added.body.id, { title: 'x' }, { 'If-Match': added.etag });
  await admin.must(204, 'DELETE', '/providers/' + added.body.id, undefined, { 'If-Match': changed.etag });
});

test('overrides and definitions of tools are looked after (definitions.test.mjs has the rest)', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin), at = '/servers/' + acme.server;
  const { body: added } = await admin.must(201, 'POST', at + '/overrides', { tool: 'pull', category: 'Read' });
  assert.equal((await admin.must(200, 'GET', at + '/overrides')).body.items.length, 2);
  await admin.must(204, 'DELETE', `${at}/overrides/${added.id}`, undefined, { 'If-Match': '*' });
  const [{ fingerprint }] = (await admin.must(200, 'GET', at + '/definitions')).body.items;
  assert.equal((await admin.must(200, 'GET', `${at}/definitions/${fingerprint}`)).body.state, 'waiting');
  for (const action of ['accept', 'reject']) await admin.must(200, 'POST', `${at}/definitions/${action}`, { fingerprints: [fingerprint] });
});

test('what limits have counted is asked for with care (limits.test.mjs has the rest)', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  assert.deepEqual((await admin.must(200, 'GET', '/limits?server=files&limit=5')).body, { items: [], more: false });
  await admin.refused(422, 'invalid', 'GET', '/limits?limit=1001');
  await admin.refused(422, 'invalid', 'GET', '/limits?sever=files');
  assert.deepEqual((await admin.must(200, 'POST', '/limits/reset', { counter: 'calls' })).body, { reset: 0, left: 0 });
});

test('what is kept is shown and changed (proofs.test.mjs and retention.test.mjs have the rest)', async t => {
  const { api, acme } = await startApi(t);
  const { body, etag } = await api.as(acme.keys.admin).must(200, 'GET', '/audit/keeping');
  assert.deepEqual([body.admin_audit.keep_seconds, body.decision_log.keep_seconds, body.decision_log.keep_bytes, body.decision_log.files, body.sealing_keys], [null, null, null, 1, 1]);
  await api.as(acme.keys.admin).must(200, 'PATCH', '/audit/keeping', {}, { 'If-Match': etag });
});

test('a new key is made for what is sealed (sealing.test.mjs has the rest)', async t => {
  const { api, session } = await signedIn(t);
  const before = (await api.must(200, 'GET', '/audit/keeping/keys', undefined, session.csrf)).body;
  assert.deepEqual(before, { source: 'file', keys: 1, newest: 1, unfinished: false, last: null });
  await api.must(202, 'POST', '/audit/keeping/keys', undefined, session.csrf);
  let now = before;
  while (now.last === null || now.last.state === 'running') now = (await api.must(200, 'GET', '/audit/keeping/keys', undefined, session.csrf)).body;
  assert.deepEqual([now.keys, now.newest, now.unfinished, now.last.state, now.last.key], [1, 2, false, 'done', 2]);
});

test('the logs are proven for their own organisation (proofs.test.mjs has the rest)', async t => {
  const { api, acme, umbrella } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  const begun = (await admin.must(202, 'POST', '/audit/proofs')).body;
  assert.deepEqual([begun.number, begun.state, begun.asked_by.kind, begun.good], [1, 'running', 'api_key', null]);
  const last = async () => (await admin.must(200, 'GET', '/audit/proofs')).body.items[0];
  let proof = await last();
  while (proof.state === 'running') proof = await last();
  assert.deepEqual([proof.state, proof.good, proof.text], ['done', true, null]);
  assert.equal(proof.decision_log.first, 1);
  assert.equal(proof.admin_audit.organisation, 'acme');
  assert.deepEqual((await api.as(umbrella.keys.admin).must(200, 'GET', '/audit/proofs')).body.items, []);
  const [row] = (await admin.must(200, 'GET', '/audit?limit=1')).body.items;
  assert.deepEqual([row.action, row.object, row.after], ['logs.prove', 'acme', { decision_log: true }]);
});

after(() => {
  // Those that ask outside are seen by oauth.test.mjs, questions to people by approvals.test.mjs, channels by channels.test.mjs, contacts by contact.test.mjs, a paused grant by pause.test.mjs.
  const elsewhere = path => /\/authorizations|^\/oauth\/|^\/(approvals|exceptions|channels|contacts)\b|\/resume$/.test(path);
  const missing = Object.entries(document.paths).filter(([path]) => !elsewhere(path)).flatMap(([path, operations]) => Object.entries(operations).flatMap(([method, o]) =>
    Object.keys(o.responses).filter(status => status < 400).map(status => `${method.toUpperCase()} ${path} ${status}`))).filter(what => !seen.has(what));
  assert.deepEqual(missing, [], 'documented, but never seen');
});
