// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Signing in with a certified OpenID Connect provider that is not ours, npm's `oidc-provider`, as it comes: a person's
// browser follows redirects, keeps cookies (for a host, whatever the port, as browsers do) and fills in the provider's forms.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import test from 'node:test';
import { Provider } from 'oidc-provider';
import { Api } from '../../lib/api.mjs';
import { Browser } from '../../lib/browser.mjs';
import { controlled } from '../../lib/controlled.mjs';

const SECRET = 'a secret: with & signs, of 40 characters';
const PEOPLE = {
  'u-1': { email: 'a@example.com', email_verified: true, name: 'A' },
  guest: { email: 'guest@example.org', email_verified: true, name: 'Guest', groups: ['ops'] },
  unproven: { email: 'late@example.org', email_verified: false, name: 'Late' },
  stranger: { email: 'x@evil.example', email_verified: true, name: 'X' },
};
const KINDS = { RS256: ['rsa', { modulusLength: 2048 }], PS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] };
const newKey = (alg, kid) => ({ ...crypto.generateKeyPairSync(...KINDS[alg]).privateKey.export({ format: 'jwk' }), alg, kid, use: 'sig' });

// Its address is known before it answers there, because its client's way back has the record's id.
async function listen(t) {
  const place = { answer: null, asked: [] };
  const server = http.createServer((request, response) => { place.asked.push(request.url.split('?')[0]); place.answer(request, response); });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  place.issuer = `http://127.0.0.1:${server.address().port}`;
  return place;
}

async function scene(t, { record = {}, client = {}, alg = 'RS256', settings = {} } = {}) {
  const place = await listen(t);
  const { gateway, api } = await controlled(t);
  const secret = client.token_endpoint_auth_method === 'none' ? null : SECRET;
  const { body: { id } } = await api.must(201, 'POST', '/providers', { name: 'corp', issuer: place.issuer, client_id: 'gateway', client_secret: secret, ...record });
  const back = `http://127.0.0.1:${gateway.port}/api/v1/sign-in/${id}/callback`;
  // Anew with other keys, as if it was restarted.
  const start = keys => {
    const provider = new Provider(place.issuer, {
      clients: [{ client_id: 'gateway', ...(secret ? { client_secret: secret } : {}), redirect_uris: [back], id_token_signed_response_alg: alg, ...client }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
      findAccount: (_, sub) => PEOPLE[sub] && { accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) },
      jwks: { keys },
      cookies: { keys: ['of a test'] },
      ...settings,
    });
    provider.on('server_error', (_, error) => console.error(error));
    place.answer = provider.callback();
  };
  start([newKey(alg, 'k1')]);
  return { place, gateway, api, id, back, alg, start, open: new Api(gateway.port) };
}

// From the sign-in page to what the way back answers, as `who`. Says which forms were seen.
async function signIn(s, browser, who) {
  const begun = await browser.open(`http://127.0.0.1:${s.gateway.port}/api/v1/sign-in/${s.id}`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
  assert.equal(begun.status, 201, begun.text);
  const page = await browser.walk(JSON.parse(begun.text).url, s.back, who);
  return { ...page, body: page.text ? JSON.parse(page.text) : null };
}

async function enters(s, browser, who) {
  const answer = await signIn(s, browser, who);
  assert.equal(answer.status, 303, answer.text);
  assert.equal(answer.location, `http://127.0.0.1:${s.gateway.port}/`);
  const session = new Api(s.gateway.port, { Cookie: 'sallyport_session=' + browser.cookie('sallyport_session') });
  return { ...answer, session, is: (await session.must(200, 'GET', '/session')).body };
}
async function refused(s, who, pattern, status = 403) {
  const browser = new Browser();
  const answer = await signIn(s, browser, who);
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.body.detail, pattern);
  assert.equal(browser.cookie('sallyport_session'), undefined);
}
const emails = async s => (await s.api.must(200, 'GET', '/members')).body.items.map(m => m.email).sort();

test('who was invited comes in, is the same member from then on, and strangers do not', async t => {
  const s = await scene(t);
  await s.api.must(201, 'POST', '/invitations', { email: 'Guest@example.org', role: 'policy_manager' });
  const browser = new Browser();
  const first = await enters(s, browser, 'guest');
  assert.deepEqual(first.forms, ['login', 'consent']);
  assert.deepEqual([first.is.email, first.is.role], ['guest@example.org', 'policy_manager']);
  assert.deepEqual(await emails(s), ['a@example.com', 'guest@example.org']);
  // The provider knows the browser still; the old session ends with the new one.
  const second = await enters(s, browser, 'guest');
  assert.deepEqual(second.forms, []);
  assert.notEqual(second.session.headers.Cookie, first.session.headers.Cookie);
  await first.session.refused(401, 'authentication', 'GET', '/session');
  // Out, and in again.
  await second.session.must(204, 'DELETE', '/session', undefined, { 'X-CSRF-Token': second.is.csrf_token });
  await second.session.refused(401, 'authentication', 'GET', '/session');
  browser.forget('sallyport_session');
  const third = await enters(s, browser, 'guest');
  assert.notEqual(third.session.headers.Cookie, second.session.headers.Cookie);
  assert.notEqual(third.is.csrf_token, second.is.csrf_token);
  assert.equal(third.is.email, 'guest@example.org');
  // Who is a member with a password comes in by the address, too.
  assert.equal((await enters(s, new Browser(), 'u-1')).is.role, 'admin');
  await refused(s, 'stranger', /nobody has invited you/);
  await s.api.must(201, 'POST', '/invitations', { email: 'late@example.org', role: 'viewer' });
  await refused(s, 'unproven', /verified/);
  assert.deepEqual(await emails(s), ['a@example.com', 'guest@example.org']);
  assert.equal(s.place.asked.filter(path => path === '/.well-known/openid-configuration').length, 1);
  assert.equal(s.place.asked.filter(path => path === '/jwks').length, 1);
});

test('who says no at the provider stays out', async t => {
  const s = await scene(t);
  const browser = new Browser();
  const visit = await browser.open(`http://127.0.0.1:${s.gateway.port}/api/v1/sign-in/${s.id}`, { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } });
  const sent = await browser.open(JSON.parse(visit.text).url);
  const form = await browser.open(new URL(sent.location, s.place.issuer));
  let page = await browser.open(form.text.match(/href="([^"]+\/abort)"/)[1]);
  while (!page.url.startsWith(s.back)) page = await browser.open(new URL(page.location, page.url));
  assert.equal(page.status, 401, page.text);
  assert.match(page.text, /did not let you in/);
});

test('keys that the provider changes are noticed', async t => {
  const s = await scene(t);
  const fetched = () => s.place.asked.filter(path => path === '/jwks').length;
  await enters(s, new Browser(), 'u-1');
  await enters(s, new Browser(), 'u-1');
  assert.equal(fetched(), 1);
  s.start([newKey('RS256', 'k2')]);
  await enters(s, new Browser(), 'u-1');
  await enters(s, new Browser(), 'u-1');
  assert.equal(fetched(), 2);
  // The same name for another key: nobody can tell that from a forgery.
  s.start([newKey('RS256', 'k2')]);
  await refused(s, 'u-1', /signature .* is wrong/, 401);
  assert.equal(fetched(), 2);
});

for (const alg of Object.keys(KINDS))
  for (const token_endpoint_auth_method of ['client_secret_basic', 'client_secret_post', 'none'])
    test(`${alg} and ${token_endpoint_auth_method}`, async t => {
      const s = await scene(t, { alg, client: { token_endpoint_auth_method }, settings: { clientAuthMethods: [token_endpoint_auth_method] } });
      assert.equal((await enters(s, new Browser(), 'u-1')).is.email, 'a@example.com');
    });

test('a client with another secret is refused', async t => {
  const s = await scene(t, { record: { client_secret: 'another' } });
  await refused(s, 'u-1', /did not take the code: invalid_client/, 401);
});

test('a claim lets people in', async t => {
  const s = await scene(t, { record: { claim: 'groups', claim_value: 'ops', role: 'viewer' } });
  assert.equal((await enters(s, new Browser(), 'guest')).is.role, 'viewer');
  await refused(s, 'stranger', /nobody has invited you/);
});

test('claims that stand in the ID token are not asked for again', async t => {
  const s = await scene(t, { settings: { conformIdTokenClaims: false } });
  assert.equal((await enters(s, new Browser(), 'u-1')).is.email, 'a@example.com');
  assert.ok(!s.place.asked.includes('/me'));
});
