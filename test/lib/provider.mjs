// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An OpenID Connect provider that does as a test says, and a browser that goes to it and comes back.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';

const encode = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const pair = () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });

export class FakeProvider {
  static async start(t) {
    const provider = new FakeProvider();
    provider.server = http.createServer((request, response) => provider.answer(request, response));
    provider.server.listen(0, '127.0.0.1');
    await once(provider.server, 'listening');
    provider.issuer = `http://127.0.0.1:${provider.server.address().port}`;
    t.after(() => { provider.server.closeAllConnections(); provider.server.close(); });
    return provider;
  }

  keys = pair();
  kid = 'k1';
  codes = new Map(); // code -> what the question said
  requests = [];
  secret = 'a secret: with & signs';
  user = { sub: 'u-1', email: 'a@example.com', email_verified: true, name: 'A' };
  // What a test may replace.
  metadata = standard => standard;
  jwks = standard => standard;
  claims = standard => standard;
  sign = claims => this.jwt({ alg: 'ES256', kid: this.kid }, claims, text => crypto.sign('sha256', text, { key: this.keys.privateKey, dsaEncoding: 'ieee-p1363' }));
  given = standard => standard;

  jwt(head, claims, sign) {
    const text = `${encode(head)}.${encode(claims)}`;
    return `${text}.${sign(Buffer.from(text)).toString('base64url')}`;
  }
  newKey(kid) { this.keys = pair(); this.kid = kid; }
  publicKey() { return { ...this.keys.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig' }; }

  // The person agrees: what stands behind '?' of the way back.
  agree(url, extra = {}) {
    const question = new URL(url);
    assert.equal(question.origin + question.pathname, this.issuer + '/authorize');
    const ask = Object.fromEntries(question.searchParams);
    assert.equal(ask.response_type, 'code');
    assert.equal(ask.code_challenge_method, 'S256');
    for (const name of ['state', 'nonce', 'code_challenge']) assert.match(ask[name], /^[\w-]{43}$/);
    const code = crypto.randomUUID();
    this.codes.set(code, ask);
    return { back: ask.redirect_uri, query: { code, state: ask.state, ...extra } };
  }

  async answer(request, response) {
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    this.requests.push({ url: request.url, headers: request.headers, body });
    const send = (status, value, headers = {}) => { response.writeHead(status, { 'Content-Type': 'application/json', ...headers }); response.end(typeof value === 'string' ? value : JSON.stringify(value)); };
    if (request.url === '/.well-known/openid-configuration')
      return send(200, this.metadata({ issuer: this.issuer, authorization_endpoint: this.issuer + '/authorize', token_endpoint: this.issuer + '/token', jwks_uri: this.issuer + '/jwks', response_types_supported: ['code'], token_endpoint_auth_methods_supported: ['client_secret_basic'], authorization_response_iss_parameter_supported: this.saysIssuer ?? false }), this.redirect ? { Location: this.redirect } : {});
    if (request.url === '/jwks') return send(200, this.jwks({ keys: [this.publicKey()] }));
    if (request.url === '/userinfo') return request.headers.authorization === 'Bearer at' ? send(...this.userinfo) : send(401, {});
    if (request.url !== '/token') return send(404, {});
    const form = Object.fromEntries(new URLSearchParams(body));
    const question = this.codes.get(form.code);
    this.codes.delete(form.code);
    const hash = crypto.createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
    const client = this.secret === null ? form.client_id
      : Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString().split(':').map(decodeURIComponent).join('|');
    if (client !== (this.secret === null ? 'gateway' : 'gateway|' + this.secret)) return send(401, { error: 'invalid_client' });
    if (!question || hash !== question.code_challenge || form.redirect_uri !== question.redirect_uri || form.grant_type !== 'authorization_code') return send(400, { error: 'invalid_grant', error_description: '<script>' });
    const now = Math.floor(Date.now() / 1000);
    const claims = this.claims({ iss: this.issuer, aud: 'gateway', iat: now, exp: now + 300, nonce: question.nonce, ...this.user });
    send(200, this.given({ access_token: 'at', token_type: 'Bearer', id_token: this.sign(claims) }));
  }
}

// Begins a sign-in: where to go, and the browser's cookie.
export async function begin(open, id, organisation, to) {
  const answer = await open.must(201, 'POST', '/sign-in/' + id, { ...(organisation ? { organisation } : {}), ...(to === undefined ? {} : { to }) });
  const cookie = answer.headers.get('set-cookie');
  assert.match(cookie, /^sallyport_visit=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  return { url: answer.body.url, cookie: cookie.split(';')[0] };
}

// Comes back with what the provider said.
export const comeBack = (open, id, query, cookie) => open.call('GET', `/sign-in/${id}/callback?${new URLSearchParams(query)}`, undefined, cookie ? { Cookie: cookie } : {});

export async function visit(open, provider, id, extra = {}, organisation = undefined) {
  const { url, cookie } = await begin(open, id, organisation);
  const { query } = provider.agree(url, extra);
  return comeBack(open, id, query, cookie);
}
