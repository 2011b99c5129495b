// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway as an OAuth 2.1 client of servers: from a person's sign-in to renewed tokens and their end, and authorization
// servers and servers that lie.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { after } from 'node:test';
import { AuthorizationServer, protectedServer } from '../lib/authorization-server.mjs';
import { document, seen } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { controlled, grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';

const ANY = { 'If-Match': '*' };

async function world(t, { as: options = {}, server = {}, workers = 1 } = {}) {
  const as = await AuthorizationServer.start(t, options);
  const target = await protectedServer(t, as, server);
  const made = await controlled(t, { url: target.url, workers });
  const path = `/servers/${made.server}/authorizations`;
  const grant = await grantFor(made.gateway, made.api, 'agent');
  const begin = (body = {}, status = 201) => made.api.must(status, 'POST', path, body);
  const show = async () => (await made.api.must(200, 'GET', path)).body.items[0];
  // The browser, back from the authorization server, with the cookie of the dashboard.
  const browse = (address, cookie = made.cookie) => { const url = new URL(address); return exchange(made.gateway.port, 'GET', url.pathname + url.search, cookie ? { Cookie: cookie } : {}); };
  const open = () => Session.open(made.gateway, { label: 'agent', server: 'files' });
  const signIn = async (body = {}, more = {}) => { const begun = (await begin(body)).body; const page = await browse(as.agree(begun.authorization_url, more)); assert.equal(page.status, 200, page.text); return begun; };
  return { ...made, as, target, path, grant, begin, show, browse, open, signIn };
}
// Nothing of a token or secret may be anywhere but sealed.
function leaks(w, ...texts) {
  const all = [...w.as.access.keys(), ...w.as.refresh.keys()].concat(texts);
  for (const token of all) {
    assert.ok(!w.gateway.stderr.includes(token), 'in the log');
    for (const name of fs.readdirSync(w.folder)) assert.ok(!fs.readFileSync(path.join(w.folder, name)).includes(token), 'in ' + name);
  }
}

for (const workers of [1, 3])
  test(`a person signs in, and the server is reached with the token, with ${workers} workers`, async t => {
    const w = await world(t, { workers });
    await assert.rejects(w.open(), /refused the gateway's credentials/);
    const begun = (await w.begin()).body;
    assert.equal(begun.state, 'needs_sign_in');
    assert.equal(begun.issuer, w.as.url);
    await assert.rejects(w.open(), /needs an admin of the gateway to sign in/);
    const address = w.as.agree(begun.authorization_url);
    assert.deepEqual([w.as.question.response_type, w.as.question.code_challenge_method, w.as.question.resource, w.as.question.scope], ['code', 'S256', w.target.url, 'read']);
    assert.equal(w.as.of('/register').length, 1);
    assert.equal(JSON.parse(w.as.of('/register')[0].text).application_type, 'web');
    // Without the cookie, as a browser comes from another site: it is made to ask once more.
    const first = await w.browse(address, null);
    assert.equal(first.status, 200);
    assert.match(first.text, /http-equiv="refresh" content="0;url=\/api\/v1\/oauth\/callback\?[^"]*&amp;again=1"/);
    assert.equal(first.headers['referrer-policy'], 'no-referrer');
    assert.match(first.headers['content-security-policy'], /default-src 'none'/);
    const page = await w.browse(address + '&again=1');
    assert.equal(page.status, 200, page.text);
    assert.equal((await w.show()).state, 'ready');
    const session = await w.open();
    assert.ok((await session.call('echo', {})).result);
    assert.match(w.target.seen.at(-1), /^Bearer at-/);
    assert.equal((await w.browse(address + '&again=1')).status, 409, 'once');
    leaks(w);
    // Its end: the tokens are revoked, and nothing is sent any more.
    const shown = await w.show();
    assert.deepEqual((await w.api.must(200, 'GET', `${w.path}/${shown.id}`)).body, shown);
    await w.api.must(204, 'DELETE', `${w.path}/${shown.id}`, undefined, ANY);
    assert.equal(w.as.revoked.length, 2);
    const audit = (await w.api.must(200, 'GET', '/audit?limit=1000')).text;
    assert.ok(!/at-[0-9a-f]{32}|rt-[0-9a-f]{32}/.test(audit));
    for (const action of ['authorization.add', 'authorization.change', 'authorization.remove']) assert.ok(audit.includes(action), action);
  });

test('tokens are renewed ahead of their end, in one session', async t => {
  const w = await world(t, { as: { lifetime: 4 } });
  await w.signIn();
  const session = await w.open();
  await eventually(async () => { assert.ok((await session.call('echo', {})).result); return new Set(w.target.seen).size >= 3; }, 'three tokens were used');
  assert.equal(w.target.fake.of('initialize').length, 1, 'in one session');
  const used = w.as.of('/token').filter(r => r.form.grant_type === 'refresh_token').map(r => r.form.refresh_token);
  assert.equal(new Set(used).size, used.length, 'each refresh token was used once');
  assert.ok(w.as.of('/token').every(r => r.form.resource === w.target.url));
  const audit = (await w.api.must(200, 'GET', '/audit?limit=1000')).body.items.filter(row => row.action === 'authorization.change');
  assert.ok(audit.length <= 2, 'renewals leave no rows');
  leaks(w);
});

test('a killed gateway goes on with the tokens that it has', async t => {
  const w = await world(t, { as: { lifetime: 6 } });
  await w.signIn();
  await w.open();
  for (let round = 0; round < 2; round++) {
    w.gateway.signal('SIGKILL');
    await w.gateway.exited;
    Object.assign(w.gateway, { exit: undefined, stderr: '' });
    await w.gateway.start({ args: ['--data', w.folder, '--allow-outside', '127.0.0.1'] });
    const used = new Set(w.target.seen).size;
    // A slow start may outlast what was left of the token; then calls fail until it is renewed, without a person.
    let session;
    await eventually(async () => {
      session ??= await w.open().catch(() => undefined);
      return (await session?.call('echo', {}))?.result && new Set(w.target.seen).size > used;
    }, 'it renews again', 20000);
  }
});

test('a refused renewal needs a person, a failing one is tried again', async t => {
  let how = 'later';
  const w = await world(t, { as: { lifetime: 2, hooks: { before: ({ form, send }) => { if (form.grant_type !== 'refresh_token' || how === 'well') return false; send(how === 'later' ? 503 : 400, how === 'later' ? 'busy' : { error: 'invalid_grant' }); return true; } } } });
  await w.signIn();
  await eventually(async () => (await w.show()).state === 'failing', 'it is failing');
  assert.match((await w.show()).note, /status 503/);
  await assert.rejects(w.open(), /access token is over/);
  how = 'well';
  await eventually(async () => (await w.show()).state === 'ready', 'it is ready again');
  await w.open();
  how = 'never';
  await eventually(async () => (await w.show()).state === 'needs_sign_in', 'a person is needed');
  assert.match((await w.show()).note, /invalid_grant/);
  await assert.rejects(w.open(), /needs an admin of the gateway to sign in/);
  how = 'well';
  await w.signIn();
  assert.equal((await w.show()).state, 'ready');
  assert.equal(w.as.of('/register').length, 1, 'the same client');
});

test('a machine with a secret needs no person', async t => {
  const w = await world(t, { as: { lifetime: 3 } });
  const refused = await w.api.must(502, 'POST', w.path, { flow: 'client_credentials', client_id: 'machine', client_secret: 'wrong' });
  assert.match(refused.body.detail, /invalid_client/);
  const begun = await w.begin({ flow: 'client_credentials', client_id: 'machine', client_secret: 'its-secret:%', scope: 'read' });
  assert.equal(begun.body.state, 'ready');
  assert.equal(begun.body.authorization_url, null);
  const session = await w.open();
  await eventually(async () => { assert.ok((await session.call('echo', {})).result); return new Set(w.target.seen).size >= 2; }, 'renewed');
  leaks(w, 'its-secret:%');
  await w.api.must(409, 'POST', w.path, { flow: 'client_credentials', grant: 'agent' });
});

test('an authorization of one grant is that grant\'s alone', async t => {
  const w = await world(t);
  await grantFor(w.gateway, w.api, 'other');
  await w.signIn({ grant: 'agent' });
  assert.ok((await (await w.open()).call('echo', {})).result);
  await assert.rejects(Session.open(w.gateway, { label: 'other', server: 'files' }), /refused the gateway's credentials/);
  await w.signIn();
  await Session.open(w.gateway, { label: 'other', server: 'files' });
  assert.equal(new Set(w.target.seen).size, 2);
});

test('nothing is renewed for a grant that is over', async t => {
  const w = await world(t, { as: { lifetime: 3 } });
  await w.signIn({ grant: 'agent' });
  await w.open();
  await eventually(() => w.as.of('/token').length >= 2, 'it is renewed');
  await w.api.must(200, 'POST', `/grants/${w.grant}/revoke`, undefined, ANY);
  const before = w.as.of('/token').length;
  await eventually(() => [...w.as.access.values()].every(token => token.until < Date.now() - 1500), 'its last token is over');
  assert.ok(w.as.of('/token').length <= before + 1);
});

test('a missing scope is told to the admin, and asked for only when a person signs in again', async t => {
  const w = await world(t, { server: { needs: (text, token) => !text.includes('tools/call') || token.scope.includes('write') } });
  await w.signIn();
  const session = await w.open();
  assert.match((await session.call('echo', {})).error.message, /refused the gateway's credentials/);
  await eventually(async () => (await w.show()).missing_scope === 'read write', 'it is told');
  assert.equal((await w.show()).state, 'ready');
  const tokens = w.as.of('/token').length;
  await w.signIn();
  assert.equal(w.as.question.scope, 'read write');
  assert.equal((await w.show()).missing_scope, '');
  assert.ok((await session.call('echo', {})).result, 'the same session');
  assert.equal(w.as.of('/token').length, tokens + 1);
});

test('whoever began it finishes it, nobody else, and a key does so with the address', async t => {
  const w = await world(t);
  const begun = (await w.begin()).body;
  const address = w.as.agree(begun.authorization_url);
  const made = await w.api.must(201, 'POST', '/keys', { label: 'k', role: 'admin' });
  const key = w.api.as(made.body.token);
  await key.must(409, 'POST', '/oauth/answer', { address });
  assert.equal((await w.browse(address)).status, 409, 'a wrong attempt uses it up');
  const mine = (await key.must(201, 'POST', w.path, {})).body;
  const answer = w.as.agree(mine.authorization_url);
  assert.equal((await w.browse(answer + '&again=1', null)).status, 401);
  const done = await key.must(200, 'POST', '/oauth/answer', { address: answer });
  assert.equal(done.body.state, 'ready');
  await key.must(409, 'POST', '/oauth/answer', { address: 'nonsense' });
  await w.open();
});

const LIES = {
  'metadata of another issuer': [{ hooks: { metadata: d => ({ ...d, issuer: 'https://evil.example.com' }) } }, {}, /another issuer/],
  'no PKCE': [{ hooks: { metadata: d => ({ ...d, code_challenge_methods_supported: ['plain'] }) } }, {}, /PKCE/],
  'PKCE not said': [{ hooks: { metadata: ({ code_challenge_methods_supported, ...d }) => d } }, {}, /PKCE/],
  'an endpoint without TLS': [{ hooks: { metadata: d => ({ ...d, token_endpoint: 'http://example.com/token' }) } }, {}, /https URL/],
  'a huge document': [{ hooks: { metadata: d => ({ ...d, padding: 'x'.repeat(1 << 20) }) } }, {}, /large|longer|more than/],
  'a document that is none': [{ hooks: { metadata: () => '<html>' } }, {}, /not a JSON object/],
  'the metadata of another resource': [{}, { document: d => ({ ...d, resource: 'https://bank.example.com/mcp' }) }, /another resource/],
  'no authorization server': [{}, { document: d => ({ ...d, authorization_servers: [] }) }, /names no authorization server/],
  'an authorization server inside the network': [{}, { document: d => ({ ...d, authorization_servers: ['https://169.254.169.254/x'] }) }, /not allowed|may not|address/],
  'metadata inside the network': [{}, { challenge: () => 'Bearer resource_metadata="https://10.0.0.1/latest"' }, /not allowed|may not|address/],
  'metadata without TLS': [{}, { challenge: () => 'Bearer resource_metadata="http://example.com/x"' }, /where none may be read/],
  'a client that cannot be': [{ hooks: { register: () => ({ client_id: 'a\nb' }) } }, {}, /cannot be used/],
  'a redirect into the network': [{ hooks: { any: (url, req, res) => url.pathname.startsWith('/.well-known') && (res.writeHead(302, { Location: 'http://192.168.0.1/x' }), res.end(), true) } }, {}, /./],
};
for (const [what, [as, server, words]] of Object.entries(LIES))
  test('not believed: ' + what, async t => {
    const w = await world(t, { as, server });
    const answer = await w.api.must(502, 'POST', w.path, {});
    assert.match(answer.body.detail, words);
    assert.deepEqual((await w.api.must(200, 'GET', w.path)).body.items, [], 'nothing is kept');
  });

const ANSWERS = {
  'of another authorization server': [{ issuer: 'https://evil.example.com' }, null, /not from the authorization server/],
  'that does not say whose it is, where it must': [{ issuer: null }, null, /not from the authorization server/],
  'that says no': [{ more: { error: 'access_denied' } }, null, /says no/],
  'with a token of another kind': [{}, ({ answer, send }) => { send(200, { ...answer, token_type: 'DPoP' }); return true; }, /not a bearer token/],
  'with a token that breaks headers': [{}, ({ answer, send }) => { send(200, { ...answer, access_token: 'a\r\nX-Evil: 1' }); return true; }, /cannot be used/],
  'as a page': [{}, ({ answer, res }) => { res.writeHead(200, { 'content-type': 'text/html' }); res.end(JSON.stringify(answer)); return true; }, /not JSON/],
  'that never ends': [{}, ({ res }) => { res.writeHead(200, { 'content-type': 'application/json' }); res.write('{"a":"'); const more = () => { if (!res.destroyed) { res.write('x'.repeat(65536)); setImmediate(more); } }; more(); return true; }, /large|longer|more than/],
  'that sends elsewhere': [{}, ({ res }) => { res.writeHead(307, { Location: 'http://127.0.0.1:1/steal' }); res.end(); return true; }, /status 307/],
};
for (const [what, [agreement, token, words]] of Object.entries(ANSWERS))
  test('not believed: an answer ' + what, async t => {
    const w = await world(t, { as: { hooks: token ? { token } : {} } });
    const begun = (await w.begin()).body;
    const page = await w.browse(w.as.agree(begun.authorization_url, agreement));
    assert.equal(page.status, 502, page.text);
    assert.match(JSON.parse(page.text).detail, words);
    assert.equal((await w.show()).state, 'needs_sign_in');
    leaks(w);
  });

test('a token goes to its own resource only, whatever address the server is given', async t => {
  const w = await world(t);
  const thief = await protectedServer(t, w.as);
  await w.signIn();
  await w.open();
  await w.api.must(200, 'PATCH', '/servers/' + w.server, { url: thief.url }, ANY);
  await assert.rejects(w.open(), /another address than it was authorized for/);
  assert.equal(thief.seen.length, 0);
  await w.api.must(200, 'PATCH', '/servers/' + w.server, { url: w.target.url }, ANY);
  await w.open();
});

test('a server with an Authorization header of its own is not authorized besides, and the other way round', async t => {
  const w = await world(t);
  const header = { place: 'header', name: 'authorization', value: 'Bearer x' };
  const row = await w.api.must(201, 'POST', `/servers/${w.server}/credentials`, header);
  assert.match((await w.begin({}, 409)).body.detail, /remove it first/);
  await w.api.must(204, 'DELETE', `/servers/${w.server}/credentials/${row.body.id}`, undefined, ANY);
  await w.signIn();
  await w.api.must(422, 'POST', `/servers/${w.server}/credentials`, header);
});

test('the gateway says who it is', async t => {
  const w = await world(t);
  const client = (await w.api.must(200, 'GET', '/oauth/client')).body;
  assert.equal(client.client_id, `http://127.0.0.1:${w.gateway.port}/api/v1/oauth/client`);
  assert.deepEqual(client.redirect_uris, [`http://127.0.0.1:${w.gateway.port}/api/v1/oauth/callback`]);
});

test('on the command line: authorize, answer, authorizations, deauthorize', async t => {
  const w = await world(t);
  const made = await w.api.must(201, 'POST', '/keys', { label: 'k', role: 'admin' });
  const env = { PATH: process.env.PATH, ...sanitizerOptions(), SALLYPORT_URL: `http://127.0.0.1:${w.gateway.port}`, SALLYPORT_KEY: made.body.token };
  const run = (...args) => new Promise(resolve => execFile(BINARY, ['server', ...args], { encoding: 'utf8', env }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));
  const begun = await run('authorize', 'files', '--grant', 'agent', '--scope', 'read more');
  assert.equal(begun.code, 0, begun.err);
  const [, url] = begun.out.match(/\n {2}(http:\S+)\n/);
  const answered = await run('answer', w.as.agree(url));
  assert.match(answered.out, /^ready +authorization_code +grt_\S+ +http:\S+ +read more\n$/, answered.err);
  assert.match((await run('authorizations', 'files')).out, /^ready /);
  assert.match((await run('deauthorize', 'files')).err, /server 'files' has no authorization/);
  assert.equal((await run('deauthorize', 'files', '--grant', 'agent')).code, 0);
  assert.equal((await run('authorizations', 'files')).out, '');
});

// Each documented success was seen above; pages are looked at by themselves.
after(() => {
  const wanted = Object.entries(document.paths).filter(([path]) => /\/authorizations|^\/oauth\/(answer|client)/.test(path))
    .flatMap(([path, operations]) => Object.entries(operations).flatMap(([method, o]) => Object.keys(o.responses).filter(status => status < 400).map(status => `${method.toUpperCase()} ${path} ${status}`)));
  assert.deepEqual(wanted.filter(what => !seen.has(what)), [], 'documented, but never seen');
});
