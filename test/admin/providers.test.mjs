// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signing in with an OpenID Connect provider that means well, and with ones that do not.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { controlled } from '../lib/controlled.mjs';
import { begin, comeBack, FakeProvider, visit } from '../lib/provider.mjs';

const ANY = { 'If-Match': '*' };
async function scene(t, settings = {}, options = {}) {
  const provider = await FakeProvider.start(t);
  const { gateway, api } = await controlled(t, options);
  const open = new Api(gateway.port);
  const { body } = await api.must(201, 'POST', '/providers', { name: 'corp', title: 'Corp', issuer: provider.issuer, client_id: 'gateway', client_secret: provider.secret, ...settings });
  return { provider, gateway, api, open, id: body.id, record: body };
}
const cookieOf = answer => answer.headers.get('set-cookie').split(';')[0];
async function enters(scene, extra) {
  const answer = await visit(scene.open, scene.provider, scene.id, extra);
  assert.equal(answer.status, 303, answer.text);
  assert.match(answer.headers.get('set-cookie'), /^sallyport_session=sps_[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  assert.equal(answer.headers.get('location'), `http://127.0.0.1:${scene.gateway.port}/`);
  return new Api(scene.gateway.port, { Cookie: cookieOf(answer) });
}
async function fails(scene, status, pattern, extra) {
  const answer = await visit(scene.open, scene.provider, scene.id, extra);
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.body.detail, pattern);
  assert.equal(answer.headers.get('set-cookie'), null);
}
const members = async api => (await api.must(200, 'GET', '/members')).body.items;

test('a member signs in, and is the same person from then on', async t => {
  const s = await scene(t);
  assert.deepEqual((await s.open.must(200, 'GET', '/sign-in')).body.items, [{ id: s.id, name: 'corp', title: 'Corp' }]);
  assert.deepEqual((await s.open.must(200, 'GET', '/sign-in?organisation=nobody')).body.items, []);
  const session = await (await enters(s)).must(200, 'GET', '/session');
  assert.equal(session.body.email, 'a@example.com');
  assert.equal(session.body.role, 'admin');
  const csrf = await (await enters(s)).must(200, 'GET', '/session');
  assert.ok(csrf.body.csrf_token);
  s.provider.user = { ...s.provider.user, email: 'renamed@example.com', email_verified: false };
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.email, 'a@example.com');
  assert.equal((await members(s.api)).length, 1);
  const rows = (await s.api.must(200, 'GET', '/audit?limit=50')).body.items;
  assert.ok(rows.some(r => r.action === 'provider.add') && rows.some(r => r.action === 'session.add' && r.actor.label === 'a@example.com'));
  assert.ok(!JSON.stringify(rows).includes(s.provider.secret));
});

test('the browser goes on to the page it came from, and nowhere else', async t => {
  const s = await scene(t);
  for (const to of ['/', '/approvals', '/approvals?state=all', '/approvals/apr_0123', '/catalogue/acme~files/delete_file', '/approvals/' + 'x'.repeat(1013)]) {
    const { url, cookie } = await begin(s.open, s.id, undefined, to);
    const answer = await comeBack(s.open, s.id, { ...s.provider.agree(url).query, to: '//evil.example' }, cookie);
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, `http://127.0.0.1:${s.gateway.port}${to}`]);
  }
  for (const to of ['//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example/', 'http:evil.example', 'javascript:alert(1)', 'approvals', ' /approvals', '@evil.example', '.evil.example', ':1@evil.example/approvals',
    '/%2f%2fevil.example', '/%5cevil.example', '/approvals//evil.example', '/approvals/..//evil.example', '/approvals/../api/v1/session', '/./approvals', '/approvals\r\nSet-Cookie: a=b', '/approvals\u0000', '/approvals\tx', '/approvals/ü', '/approvals/"><b>', '/approvalsx',
    '/api/v1/session', '/mcp', '/approvals/' + 'x'.repeat(1014)]) {
    const problem = await s.open.refused(422, 'invalid', 'POST', '/sign-in/' + s.id, { to });
    assert.equal(problem.errors[0].field, 'to', JSON.stringify(to));
  }
  assert.equal(s.provider.requests.filter(r => r.url === '/authorize').length, 0);
});

test('an answer counts once, in the browser that asked, for the provider that was asked', async t => {
  const s = await scene(t);
  const other = await FakeProvider.start(t);
  const second = (await s.api.must(201, 'POST', '/providers', { name: 'second', issuer: other.issuer, client_id: 'gateway' })).body.id;
  const { url, cookie } = await begin(s.open, s.id);
  const { query } = s.provider.agree(url);
  const stranger = (await begin(s.open, s.id)).cookie;
  for (const [where, what, who] of [[s.id, query, null], [s.id, query, stranger], [second, query, cookie], [s.id, { ...query, state: query.state.replace(/.$/, c => c === 'A' ? 'B' : 'A') }, cookie], [s.id, { code: query.code }, cookie], [s.id, { ...query, state: '' }, cookie]]) {
    const answer = await comeBack(s.open, where, what, who);
    assert.equal(answer.status, 401, answer.text);
    assert.match(answer.body.detail, /not begun in this browser/);
  }
  assert.equal(s.provider.requests.filter(r => r.url === '/token').length, 0);
  assert.equal((await comeBack(s.open, s.id, query, cookie)).status, 303);
  assert.equal((await comeBack(s.open, s.id, query, cookie)).status, 401);
  // The same code in another question is not taken by the provider.
  const again = await begin(s.open, s.id);
  const answer = await comeBack(s.open, s.id, { ...s.provider.agree(again.url).query, code: query.code }, again.cookie);
  assert.equal(answer.status, 401);
  assert.match(answer.body.detail, /did not take the code: invalid_grant$/);
  const refused = await begin(s.open, s.id);
  const { query: { state } } = s.provider.agree(refused.url);
  assert.match((await comeBack(s.open, s.id, { state, error: 'access_denied', error_description: '<script>' }, refused.cookie)).body.detail, /did not let you in$/);
  const twice = await begin(s.open, s.id);
  assert.equal((await s.open.call('GET', `/sign-in/${s.id}/callback?state=a&state=b&code=c`, undefined, { Cookie: twice.cookie })).status, 422);
});

test('the answer must be of the issuer that was asked', async t => {
  const s = await scene(t);
  await fails(s, 401, /not of the identity provider that was asked/, { iss: 'https://evil.example.com' });
  await enters(s, { iss: s.provider.issuer });
  s.provider.saysIssuer = true;
  const strict = await scene(t);
  strict.provider.saysIssuer = true;
  await fails(strict, 401, /not of the identity provider that was asked/);
  await enters(strict, { iss: strict.provider.issuer });
});

test('what the ID token proves is checked', async t => {
  const s = await scene(t);
  const now = Math.floor(Date.now() / 1000);
  const changes = [
    [{ nonce: 'x'.repeat(43) }, /belongs to another sign-in/], [{ nonce: undefined }, /belongs to another sign-in/], [{ aud: 'another' }, /for another client/], [{ aud: ['gateway', 'another'] }, /for another client/],
    [{ azp: 'another' }, /for another client/], [{ iss: 'https://evil.example.com' }, /another issuer/], [{ exp: now - 120 }, /expired/], [{ iat: now + 600 }, /of the future/], [{ iat: now - 7200 }, /too old/], [{ sub: undefined }, /says of nobody/],
    [{ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, /another access token/],
  ];
  for (const [change, pattern] of changes) {
    s.provider.claims = claims => ({ ...claims, ...change });
    await fails(s, 401, pattern);
  }
  s.provider.claims = claims => ({ ...claims, at_hash: crypto.createHash('sha256').update('at').digest().subarray(0, 16).toString('base64url') });
  await enters(s);
});

test('a token that the provider\'s keys did not sign is refused', async t => {
  const s = await scene(t);
  const { provider } = s, right = provider.sign;
  const attacker = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const forged = text => crypto.sign('sha256', text, { key: attacker.privateKey, dsaEncoding: 'ieee-p1363' });
  const pem = provider.keys.publicKey.export({ type: 'spki', format: 'pem' });
  const jwk = attacker.publicKey.export({ format: 'jwk' });
  const attacks = {
    none: claims => provider.jwt({ alg: 'none' }, claims, () => Buffer.alloc(0)),
    'none with a name': claims => provider.jwt({ alg: 'none', kid: provider.kid }, claims, () => Buffer.alloc(0)),
    'the public key as a secret': claims => provider.jwt({ alg: 'HS256', kid: provider.kid }, claims, text => crypto.createHmac('sha256', pem).update(text).digest()),
    'our secret': claims => provider.jwt({ alg: 'HS256' }, claims, text => crypto.createHmac('sha256', provider.secret).update(text).digest()),
    'another key': claims => provider.jwt({ alg: 'ES256', kid: provider.kid }, claims, forged),
    'a key in its head': claims => provider.jwt({ alg: 'ES256', jwk }, claims, forged),
    'a key elsewhere': claims => provider.jwt({ alg: 'ES256', jku: 'http://169.254.169.254/', kid: 'x' }, claims, forged),
    'no signature': claims => right(claims).replace(/[^.]*$/, ''),
    'another\'s claims': claims => right({ ...claims, sub: 'u-2' }).split('.').map((part, i) => i === 1 ? Buffer.from(JSON.stringify(claims)).toString('base64url') : part).join('.'),
    'no token': () => 'x', empty: () => '',
  };
  for (const [name, sign] of Object.entries(attacks)) {
    provider.sign = sign;
    const answer = await visit(s.open, provider, s.id);
    assert.ok(answer.status === 401 || answer.status === 502, `${name}: ${answer.text}`);
  }
  assert.ok(!provider.requests.some(r => r.url.includes('169.254')));
  provider.sign = right;
  await enters(s);
});

test('keys that the provider changes are fetched anew; too many bytes of them are not taken', async t => {
  const s = await scene(t);
  await enters(s);
  const fetched = () => s.provider.requests.filter(r => r.url === '/jwks').length;
  await enters(s);
  assert.equal(fetched(), 1);
  s.provider.newKey('k2');
  await enters(s);
  assert.equal(fetched(), 2);
  const { newKey } = s.provider;
  newKey.call(s.provider, 'k3');
  s.provider.jwks = keys => ({ ...keys, padding: 'x'.repeat(300 * 1024) });
  await fails(s, 502, /larger than 262144 bytes/);
  s.provider.jwks = () => 'nonsense';
  await fails(s, 502, /no JSON Web Key Set/);
  s.provider.jwks = () => ({ keys: [] });
  await fails(s, 401, /not among its keys/);
  s.provider.jwks = keys => keys;
  await enters(s);
});

test('a provider that says it is another one, or sends elsewhere, is not used', async t => {
  for (const [metadata, pattern] of [
    [m => ({ ...m, issuer: 'https://evil.example.com' }), /another issuer/], [m => ({ ...m, authorization_endpoint: 'javascript:alert(1)' }), /cannot be used/], [m => ({ ...m, token_endpoint: undefined }), /no token endpoint/],
    [m => ({ ...m, authorization_endpoint: undefined }), /no authorization endpoint/], [() => 'nonsense', /cannot be used/], [() => ({}), /cannot be used/], [m => ({ ...m, padding: 'x'.repeat(300 * 1024) }), /larger than/],
    [m => JSON.stringify(m).replace('{', '{"issuer":"https://evil.example.com",'), /cannot be used/],
  ]) {
    const s = await scene(t);
    s.provider.metadata = metadata;
    const answer = await s.open.call('POST', '/sign-in/' + s.id, {});
    assert.equal(answer.status, 502, answer.text);
    assert.match(answer.body.detail, pattern);
  }
  const s = await scene(t);
  s.provider.metadata = m => ({ ...m, token_endpoint: 'http://10.0.0.1/token', jwks_uri: 'https://169.254.169.254/latest' });
  assert.match((await s.open.call('POST', '/sign-in/' + s.id, {})).body.detail, /cannot be used/);
  const inside = await scene(t);
  inside.provider.metadata = m => ({ ...m, token_endpoint: 'https://10.0.0.1/token' });
  await fails(inside, 502, /10\.0\.0\.1:443 is a private address/);
});

test('a provider at an address that the operator does not allow is not asked', async t => {
  const s = await scene(t, {}, { outside: [] });
  const answer = await s.open.call('POST', '/sign-in/' + s.id, {});
  assert.equal(answer.status, 502);
  assert.match(answer.body.detail, /loopback address.*outside\.allow/);
  assert.equal(s.provider.requests.length, 0);
});

test('who comes in: members, those who were invited, and whom the provider\'s record lets in', async t => {
  const s = await scene(t);
  const as = user => { s.provider.user = { sub: 's-' + user.email, email_verified: true, name: 'N', ...user }; };
  as({ email: 'x@example.org' });
  await fails(s, 403, /nobody has invited you/);
  for (const email_verified of [false, undefined, 'true', 1]) {
    as({ email: 'a@example.com', email_verified });
    await fails(s, 403, /verified/);
  }
  as({ email: undefined });
  await fails(s, 403, /verified/);
  // The member of this address signs in, and then another subject says the same address.
  as({ email: 'A@Example.com' });
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.email, 'a@example.com');
  as({ email: 'a@example.com', sub: 'somebody else' });
  await fails(s, 403, /signs in as somebody else/);
  // An invitation is used up.
  await s.api.must(201, 'POST', '/invitations', { email: 'guest@example.org', role: 'policy_manager' });
  as({ email: 'Guest@example.org' });
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.role, 'policy_manager');
  assert.ok((await s.api.must(200, 'GET', '/invitations')).body.items.every(i => i.accepted_at !== null));
  // A member who was disabled stays out.
  const guest = (await members(s.api)).find(m => /guest/i.test(m.email));
  await s.api.must(200, 'PATCH', '/members/' + guest.id, { disabled: true }, ANY);
  await fails(s, 403, /disabled/);
  // Everybody of a domain, or with a claim.
  await s.api.must(200, 'PATCH', '/providers/' + s.id, { domains: ['corp.example'], claim: 'groups', claim_value: 'ops', role: 'viewer' }, ANY);
  as({ email: 'one@corp.example' });
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.role, 'viewer');
  for (const email of ['two@evil.corp.example', 'two@corp.example.evil.org', 'two@xcorp.example', 'corp.example@evil.org']) {
    as({ email });
    await fails(s, 403, /nobody has invited you/);
  }
  as({ email: 'two@corp.example', email_verified: false });
  await fails(s, 403, /verified/);
  as({ email: 'three@example.org', groups: ['dev', 'ops'] });
  await enters(s);
  as({ email: 'four@example.org', groups: ['dev', 'opsx'] });
  await fails(s, 403, /nobody has invited you/);
  assert.deepEqual((await members(s.api)).map(m => m.email.toLowerCase()).sort(), ['a@example.com', 'guest@example.org', 'one@corp.example', 'three@example.org']);
  // A provider that is gone lets nobody in, also not who is on the way.
  as({ email: 'a@example.com', sub: 's-A@Example.com' });
  const { url, cookie } = await begin(s.open, s.id);
  const { query } = s.provider.agree(url);
  await s.api.must(200, 'PATCH', '/providers/' + s.id, { disabled: true }, ANY);
  assert.equal((await comeBack(s.open, s.id, query, cookie)).status, 404);
  await s.open.refused(404, 'not-found', 'POST', '/sign-in/' + s.id, {});
  assert.deepEqual((await s.open.must(200, 'GET', '/sign-in')).body.items, []);
});

test('what the ID token leaves out is asked for, of the same person only', async t => {
  const s = await scene(t, { claim: 'groups', claim_value: 'ops' });
  const asked = () => s.provider.requests.filter(r => r.url === '/userinfo').length;
  const whole = { sub: 'u-1', email: 'a@example.com', email_verified: true };
  s.provider.metadata = m => ({ ...m, userinfo_endpoint: s.provider.issuer + '/userinfo' });
  s.provider.user = { sub: 'u-1' };
  for (const [answer, status, pattern] of [
    [[200, { ...whole, sub: 'u-2' }], 401, /of somebody else/], [[200, { ...whole, sub: undefined }], 502, /not say of whom/], [[200, 'a.signed.token'], 502, /no JSON object/], [[401, whole], 502, /answers 401/],
    [[302, whole, { Location: '/jwks' }], 502, /answers 302/], [[200, { ...whole, padding: 'x'.repeat(300 * 1024) }], 502, /larger than/], [[200, { ...whole, email_verified: false }], 403, /verified/], [[200, { sub: 'u-1' }], 403, /verified/],
    [[200, { ...whole, email: 'x@example.org', groups: 'dev' }], 403, /nobody has invited you/],
  ]) {
    s.provider.userinfo = answer;
    await fails(s, status, pattern);
  }
  const before = asked();
  // Without an access token that can be one, or with all of it in the ID token, nothing is asked.
  s.provider.given = g => ({ ...g, access_token: 'a\r\nX: y' });
  await fails(s, 403, /verified/);
  s.provider.given = g => ({ ...g, access_token: undefined });
  await fails(s, 403, /verified/);
  s.provider.given = g => g;
  s.provider.user = { sub: 'u-3', email: 'x@example.org', email_verified: true, groups: ['dev'] };
  s.provider.userinfo = [200, { sub: 'u-3', groups: ['ops'] }];
  await fails(s, 403, /nobody has invited you/);
  assert.equal(asked(), before);
  s.provider.user = { sub: 'u-4' };
  s.provider.userinfo = [200, { sub: 'u-4', email: 'ops@example.org', email_verified: true, groups: ['ops'] }];
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.email, 'ops@example.org');
  s.provider.user = { sub: 'u-1' };
  s.provider.userinfo = [200, whole];
  assert.equal((await (await enters(s)).must(200, 'GET', '/session')).body.email, 'a@example.com');
  const inside = await scene(t);
  inside.provider.user = { sub: 'u-1' };
  inside.provider.metadata = m => ({ ...m, userinfo_endpoint: 'https://10.0.0.1/userinfo' });
  await fails(inside, 502, /10\.0\.0\.1:443 is a private address/);
  const plain = await scene(t);
  plain.provider.user = { sub: 'u-1' };
  plain.provider.metadata = m => ({ ...m, userinfo_endpoint: 'http://id.example.com/userinfo' });
  await fails(plain, 502, /'userinfo_endpoint' of its metadata is no https address/);
});

test('a new session takes the place of the one that the browser had', async t => {
  const s = await scene(t);
  const first = await enters(s);
  const { url, cookie } = await begin(s.open, s.id);
  const answer = await comeBack(s.open, s.id, s.provider.agree(url).query, `${cookie}; ${first.headers.Cookie}`);
  assert.equal(answer.status, 303);
  await first.refused(401, 'authentication', 'GET', '/session');
  await new Api(s.gateway.port, { Cookie: cookieOf(answer) }).must(200, 'GET', '/session');
});

test('a provider\'s record is checked, its secret is never shown and goes to no other issuer', async t => {
  const { api, provider, id, record } = await scene(t);
  assert.equal(record.has_client_secret, true);
  assert.equal(record.scopes, 'openid email profile');
  assert.ok(!JSON.stringify(record).includes(provider.secret));
  const add = body => ({ name: 'x', issuer: 'https://id.example.com', client_id: 'c', ...body });
  for (const [field, body] of [['issuer', { issuer: 'http://id.example.com' }], ['issuer', { issuer: 'https://id.example.com/?x' }], ['issuer', { issuer: 'https://u:p@id.example.com' }], ['issuer', { issuer: 'ftp://id.example.com' }],
    ['client_id', { client_id: '' }], ['scopes', { scopes: 'email' }], ['scopes', { scopes: 'openid\u0000' }], ['domains', { domains: ['@corp.example'] }], ['domains', { domains: [''] }], ['claim_value', { claim: 'groups' }], ['client_secret', { client_secret: 'x'.repeat(3000) }]]) {
    const problem = await api.refused(422, 'invalid', 'POST', '/providers', add(body));
    assert.equal(problem.errors[0].field, field, JSON.stringify(body));
  }
  const problem = await api.refused(422, 'invalid', 'PATCH', '/providers/' + id, { issuer: 'https://evil.example.com' }, ANY);
  assert.equal(problem.errors[0].field, 'client_secret');
  assert.equal((await api.must(200, 'PATCH', '/providers/' + id, { title: 'T' }, ANY)).body.has_client_secret, true);
  assert.equal((await api.must(200, 'PATCH', '/providers/' + id, { issuer: 'https://other.example.com', client_secret: null }, ANY)).body.has_client_secret, false);
  await api.must(204, 'DELETE', '/providers/' + id, undefined, ANY);
});

test('without a secret the client is a public one', async t => {
  const s = await scene(t, { client_secret: null });
  s.provider.secret = null;
  s.provider.metadata = m => ({ ...m, token_endpoint_auth_methods_supported: ['none'] });
  await enters(s);
});

test('many sign-ins that nobody ends push out their own, not those of others', async t => {
  const s = await scene(t);
  const first = await begin(s.open, s.id);
  for (let i = 0; i < 32; i++) await begin(s.open, s.id);
  const answer = await comeBack(s.open, s.id, s.provider.agree(first.url).query, first.cookie);
  assert.equal(answer.status, 401);
  await enters(s);
});
