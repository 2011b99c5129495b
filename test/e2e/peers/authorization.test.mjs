// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// OAuth 2.1 towards a server whose authorization server is npm's `oidc-provider`: registration, PKCE, resource indicators,
// refresh tokens that count once, revocation.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import test from 'node:test';
import { Provider } from 'oidc-provider';
import { Browser } from '../../lib/browser.mjs';
import { controlled, grantFor } from '../../lib/controlled.mjs';
import { Session } from '../../lib/mcp.mjs';
import { eventually } from '../../lib/scratch.mjs';

const SCOPE = 'mcp:tools';

async function listen(t) {
  const place = { answer: null };
  const server = http.createServer((request, response) => place.answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => { server.closeAllConnections(); server.close(); });
  place.origin = `http://127.0.0.1:${server.address().port}`;
  return place;
}

async function servers(t) {
  const issuer = await listen(t), resource = await listen(t), address = resource.origin + '/mcp';
  const provider = new Provider(issuer.origin, {
    features: {
      registration: { enabled: true }, revocation: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_, indicator) => { assert.equal(indicator, address); return { scope: SCOPE, audience: address, accessTokenTTL: 3600, accessTokenFormat: 'opaque' }; } },
    },
    scopes: ['openid', 'offline_access', SCOPE],
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    cookies: { keys: ['of a test'] },
  });
  const seen = { asked: [], told: [], tokens: [], clients: 0, refused: 0, held: null, waiting: false };
  for (const name of ['refresh_token.saved', 'refresh_token.consumed', 'refresh_token.destroyed', 'access_token.destroyed', 'grant.revoked', 'server_error']) provider.on(name, (...what) => seen.told.push(name === 'server_error' ? String(what[1]) : name));
  provider.on('registration_create.success', () => { seen.clients++; });
  provider.on('authorization.accepted', ctx => seen.asked.push({ ...ctx.oidc.params }));
  const answer = provider.callback();
  issuer.answer = async (request, response) => {
    if (request.url === '/token' && seen.held) {
      seen.waiting = true;
      await seen.held;
    }
    answer(request, response);
  };
  resource.answer = async (request, response) => {
    const send = (status, value, headers = {}) => { response.writeHead(status, { 'Content-Type': 'application/json', ...headers }); response.end(value && JSON.stringify(value)); };
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += piece;
    if (request.url === '/.well-known/oauth-protected-resource/mcp') return send(200, { resource: address, authorization_servers: [issuer.origin], scopes_supported: [SCOPE] });
    const value = request.headers.authorization?.replace(/^Bearer /, '');
    const token = value && await provider.AccessToken.find(value);
    if (!token || token.aud !== address || token.scope !== SCOPE) {
      seen.refused++;
      return send(401, { error: 'invalid_token' }, { 'WWW-Authenticate': `Bearer resource_metadata="${resource.origin}/.well-known/oauth-protected-resource/mcp", scope="${SCOPE}"` });
    }
    seen.tokens.push(value);
    if (request.method !== 'POST') return send(405);
    const { id, method, params } = JSON.parse(body);
    if (id === undefined) return send(202);
    const result = { initialize: () => ({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'protected', version: '1' } }), 'tools/list': () => ({ tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] }), 'tools/call': () => ({ content: [{ type: 'text', text: token.accountId + ' ' + token.clientId }] }) }[method];
    send(200, result ? { jsonrpc: '2.0', id, result: result() } : { jsonrpc: '2.0', id, error: { code: -32601, message: 'unknown' } });
  };
  return { provider, address, seen };
}

test('a gateway that registers itself is let in, renews its token and gives it back', async t => {
  const { provider, address, seen } = await servers(t);
  const { gateway, api, cookie, server } = await controlled(t, { url: address });
  await grantFor(gateway, api, 'agent');
  const begun = (await api.must(201, 'POST', `/servers/${server}/authorizations`, {})).body;
  assert.equal(begun.client_source, 'registered');
  assert.equal(seen.clients, 1);
  const browser = new Browser();
  const [name, value] = cookie.split('=');
  browser.jar.set(name, { name, value, path: '/' });
  const page = await browser.walk(begun.authorization_url, `http://127.0.0.1:${gateway.port}/`, 'ada');
  assert.equal(page.status, 200, page.text);
  assert.deepEqual(page.forms, ['login', 'consent']);
  assert.equal(seen.asked.at(-1).code_challenge_method, 'S256');
  assert.equal(seen.asked.at(-1).resource, address);
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  const whoami = async () => (await session.call('whoami')).result?.content[0].text;
  assert.equal(await whoami(), 'ada ' + begun.client_id);
  // The token is over before its time: the calls that meet this fail, and the session goes on with another one, for which is asked once,
  // however many calls were refused while the answer was on its way. Each refresh token counts once.
  const count = what => seen.told.filter(name => name === what).length;
  for (let i = 1; i <= 2; i++) {
    const old = seen.tokens.at(-1);
    await (await provider.AccessToken.find(old)).destroy();
    let release;
    seen.held = new Promise(resolve => { release = resolve; });
    seen.waiting = false;
    await eventually(async () => await whoami() === undefined && seen.waiting, 'another one is asked for');
    const before = seen.refused;
    for (let refused = 1; refused <= 3; refused++) assert.equal(await whoami(), undefined);
    assert.equal(seen.refused, before + 3);
    release();
    await eventually(async () => await whoami() === 'ada ' + begun.client_id, 'it is renewed');
    assert.notEqual(seen.tokens.at(-1), old);
    assert.equal(count('refresh_token.consumed'), i);
  }
  assert.equal(count('refresh_token.saved'), 3);
  assert.equal(count('grant.revoked'), 0);
  const row = (await api.must(200, 'GET', `/servers/${server}/authorizations`)).body.items[0];
  assert.deepEqual([row.state, row.scope, row.resource], ['ready', SCOPE, address]);
  // What is removed here counts no more there.
  const last = seen.tokens.at(-1);
  await api.must(204, 'DELETE', `/servers/${server}/authorizations/${row.id}`, undefined, { 'If-Match': '*' });
  assert.ok(count('grant.revoked') > 0, seen.told.join());
  assert.equal(await provider.AccessToken.find(last), undefined);
  assert.equal(await whoami(), undefined);
});
