// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The API of a running gateway: what it acknowledges is in force for the next message, at every worker.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL, BINARY, Gateway, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';

const PASSWORD = 'correct horse battery', ANY = { 'If-Match': '*' };
const NO_ECHO = { version: '1', default: 'allow', tools: { echo: { action: 'deny' } } };
const denied = answer => /^\[POLICY DENIED\]/.test(answer.result?.content?.[0]?.text ?? '');

async function controlled(t, workers, upstream = {}) {
  const fake = await FakeUpstream.start(t, upstream);
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { workers } }, { args: ['--data', path.join(scratch(t), 'data'), '--allow-outside', '127.0.0.1'] });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  await api.must(201, 'POST', '/servers', { name: 'files', transport: 'http', url: fake.url });
  return { gateway, api, fake };
}

for (const workers of [1, 3])
  test(`from the first start to a judged call, and every change counts at once, with ${workers} workers`, async t => {
    const { gateway, api } = await controlled(t, workers);
    const policy = await api.must(201, 'POST', '/policies', { name: 'p', document: ALLOW_ALL });
    const grant = await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'p' }] });
    gateway.tokens.agent = grant.body.token;
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    assert.ok(!denied(await session.call('echo', {})));
    for (let i = 0; i < 10; i++) {
      await api.must(201, 'POST', `/policies/${policy.body.id}/versions`, { document: i % 2 === 0 ? NO_ECHO : ALLOW_ALL }, ANY);
      assert.equal(denied(await session.call('echo', {})), i % 2 === 0, 'round ' + i);
    }
    await api.must(200, 'PATCH', '/grants/' + grant.body.id, { servers: [{ server: 'files', policy: 'p', policy_version: 2 }] }, ANY);
    assert.ok(denied(await session.call('echo', {})));
    await api.must(200, 'PATCH', '/grants/' + grant.body.id, { mode: 'observe' }, ANY);
    assert.ok(!denied(await session.call('echo', {})));
    const rotated = await api.must(200, 'POST', `/grants/${grant.body.id}/rotate`, {}, ANY);
    await assert.rejects(Session.open(gateway, { label: 'agent', server: 'files' }));
    gateway.tokens.agent = rotated.body.token;
    await Session.open(gateway, { label: 'agent', server: 'files' });
    await api.must(200, 'POST', `/grants/${grant.body.id}/revoke`, undefined, ANY);
    await assert.rejects(Session.open(gateway, { label: 'agent', server: 'files' }));
  });

test('a page of another host, or one that got our address for its name, is refused', async t => {
  const { gateway } = await controlled(t, 1);
  const ask = headers => exchange(gateway.port, 'GET', '/api/v1/openapi.json', headers);
  assert.equal((await ask({})).status, 200);
  assert.equal((await ask({ Origin: `http://127.0.0.1:${gateway.port}` })).status, 200);
  for (const headers of [{ Host: 'evil.example.com' }, { Origin: 'https://evil.example.com' }, { Origin: 'null' }]) assert.equal((await ask(headers)).status, 403);
});

test('a credential reaches the server, a new one with the next message', async t => {
  const { gateway, api, fake } = await controlled(t, 1);
  const server = (await api.must(200, 'GET', '/servers?name=files')).body.items[0].id;
  await api.must(201, 'POST', '/policies', { name: 'p', document: ALLOW_ALL });
  const grant = await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'p' }] });
  gateway.tokens.agent = grant.body.token;
  for (const value of ['Bearer first-secret', 'Bearer second-secret']) {
    await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'Authorization', value });
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    await session.call('echo', {});
    assert.equal(fake.calls().at(-1).headers.authorization, value);
  }
  assert.ok(!gateway.stderr.includes('-secret'));
});

test('a subscription hears of changes that concern its grant, and ends with it', async t => {
  const { gateway, api, fake } = await controlled(t, 1, {
    eras: 'modern',
    onMessage: (m, c) => {
      if (m.method !== 'subscriptions/listen') return false;
      c.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: m.params.notifications } });
      return true;
    },
  });
  const [mine, other] = await Promise.all(['mine', 'other'].map(async name => {
    const policy = await api.must(201, 'POST', '/policies', { name, document: ALLOW_ALL });
    const grant = await api.must(201, 'POST', '/grants', { label: name, servers: [{ server: 'files', policy: name }] });
    return { policy: policy.body.id, grant: grant.body };
  }));
  gateway.tokens.mine = mine.grant.token;
  const message = modernMessage('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/files', modernHeaders(gateway, message, { label: 'mine' }), JSON.stringify(message), gateway.port));
  await raw.head();
  const seen = [];
  const over = (async () => { for await (const event of raw.events()) if (event.data) seen.push(JSON.parse(event.data).method); })();
  await eventually(() => seen.length === 1, 'the subscription stands');
  const publish = (policy, document) => api.must(201, 'POST', `/policies/${policy}/versions`, { document }, ANY);
  await publish(other.policy, NO_ECHO);
  await publish(mine.policy, NO_ECHO);
  await eventually(() => seen.length === 2, 'the change of its own policy is told');
  assert.equal(seen[1], 'notifications/tools/list_changed');
  await api.must(200, 'POST', `/grants/${other.grant.id}/revoke`, undefined, ANY);
  await api.must(200, 'POST', `/grants/${mine.grant.id}/revoke`, undefined, ANY);
  await over;
  assert.equal(seen.filter(method => method?.endsWith('list_changed')).length, 1);
  await eventually(() => fake.of('subscriptions/listen')[0].closed, 'the server is told too');
});

test('behind a trusted proxy sign-in attempts are counted for each client, who cannot choose whom he seems to be', async t => {
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { trusted_proxies: ['127.0.0.1'] } }, { args: ['--data', path.join(scratch(t), 'data'), '--allow-outside', '127.0.0.1'] });
  const attempt = (client, n) => new Api(gateway.port).call('POST', '/session', { email: `nobody-${n}@example.com`, password: 'a wrong password' }, { 'X-Forwarded-For': client });
  const seen = [];
  for (let i = 0; i < 51; i++) seen.push((await attempt(`192.0.2.${i}, 198.51.100.7`, i)).status);
  assert.deepEqual([seen.slice(0, 50).every(status => status === 401), seen[50]], [true, 429]);
  assert.equal((await attempt('198.51.100.8', 51)).status, 401);
  assert.equal((await attempt('198.51.100.7', 52)).status, 429);
  for (let i = 0; i < 50; i++) await attempt(`2001:db8:7::${i}`, 100 + i);
  assert.equal((await attempt('2001:db8:7::ffff', 200)).status, 429); // half of an IPv6 address is the caller's own
  assert.equal((await attempt('2001:db8:8::1', 201)).status, 401);
});

test('where browsers come over TLS by a proxy, the session is theirs alone, too', async t => {
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { public_url: 'https://gw.example.com', trusted_proxies: ['127.0.0.1'] } }, { args: ['--data', path.join(scratch(t), 'data')] });
  const [, token] = await gateway.waitLog(/https:\/\/gw\.example\.com\/setup#(sp_[\w-]{43})\n/);
  const by = { Host: 'gw.example.com', Origin: 'https://gw.example.com', 'Content-Type': 'application/json' };
  const ask = (target, body) => exchange(gateway.port, 'POST', '/api/v1' + target, by, JSON.stringify(body));
  assert.equal((await ask('/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD })).status, 201);
  const session = await ask('/session', { email: 'a@example.com', password: PASSWORD });
  assert.match(session.headers['set-cookie'], /^__Host-sallyport_session=sps_[\w-]+; Path=\/; .*HttpOnly; SameSite=Strict; Secure$/);
  const again = await exchange(gateway.port, 'GET', '/api/v1/session', { ...by, Cookie: session.headers['set-cookie'].split(';')[0] });
  assert.equal(again.status, 200);
  const downgraded = session.headers['set-cookie'].split(';')[0].replace('__Host-', '');
  assert.equal((await exchange(gateway.port, 'GET', '/api/v1/session', { ...by, Cookie: downgraded })).status, 401);
});

test('what the configuration file declares is shown to the first organisation, and changed by nobody', async t => {
  const fake = await FakeUpstream.start(t);
  const data = path.join(scratch(t), 'data');
  const gateway = await startGateway(t, {
    servers: { web: { url: fake.url + '?key=${SECRET}', headers: { 'X-Key': 'a literal secret', Authorization: 'Bearer ${SECRET}' } }, tool: { command: [process.execPath, '-v'], env: { TOKEN: '${SECRET}' } } },
    policies: { all: ALLOW_ALL }, grants: { agent: { servers: { web: 'all' }, tags: ['x'], mode: 'observe' } },
  }, { args: ['--data', data], env: { SECRET: 'very-secret' } });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  const { body, text } = await api.must(200, 'GET', '/declared');
  assert.doesNotMatch(text, /very-secret|a literal secret|token_sha256/);
  assert.equal(body.file, gateway.configFile);
  const lines = fs.readFileSync(gateway.configFile, 'utf8').split('\n');
  for (const [list, name] of [['servers', 'web'], ['servers', 'tool'], ['policies', 'all'], ['grants', 'agent']]) {
    const item = body[list].find(i => i.id === 'file.' + name);
    assert.match(lines[item.source.line - 1], new RegExp(`"${name}"`));
    for (const [method, more] of [['GET', ''], ['PATCH', ''], ['DELETE', '']]) {
      const refused = await api.refused(403, 'declared', method, `/${list}/file.${name}${more}`, method === 'PATCH' ? {} : undefined, ANY);
      assert.equal(refused.detail, `'${name}' is declared in '${gateway.configFile}', line ${item.source.line}: change it there`);
    }
    await api.refused(404, 'not-found', 'GET', `/${list}/file.other`);
  }
  assert.deepEqual(body.servers[0].credentials, [{ place: 'header', name: 'X-Key' }, { place: 'header', name: 'Authorization' }]);
  assert.equal(body.servers[0].url, fake.url + '?key=${SECRET}');
  assert.deepEqual([body.grants[0].mode, body.grants[0].tags, body.grants[0].servers], ['observe', ['x'], { web: 'all' }]);
  const config = JSON.parse(fs.readFileSync(gateway.configFile, 'utf8'));
  delete config.servers.tool;
  fs.writeFileSync(gateway.configFile, JSON.stringify(config));
  await eventually(async () => (await api.must(200, 'GET', '/declared')).body.servers.length === 1, 'a change of the file is shown');
});

test('a further organisation is made by who has the machine, and has nothing in common with the first', async t => {
  const { gateway, api } = await controlled(t, 1);
  const data = gateway.child.spawnargs[gateway.child.spawnargs.indexOf('--data') + 1];
  const admin = (...words) => spawnSync(BINARY, ['admin', 'organisation', ...words, '--data', data], { encoding: 'utf8', env: { PATH: process.env.PATH, ...sanitizerOptions() }, timeout: 30000 });
  const early = admin('add', 'acme');
  assert.equal(early.status, 1);
  assert.match(early.stderr, /in use by another process/);
  await gateway.stop();
  const made = admin('add', 'acme', '--title', 'Acme Inc.', '--url', 'https://gw.example.com');
  assert.equal(made.status, 0, made.stderr);
  const [, token] = /^https:\/\/gw\.example\.com\/invitation#(sp_[\w-]{43})\n$/.exec(made.stdout);
  assert.match(admin('add', 'acme').stderr, /already/);
  for (const name of ['', 'Acme Inc', 'a/b', 'x'.repeat(65)]) assert.notEqual(admin('add', name).status, 0, name);
  assert.match(admin('list').stdout, /^default +Default\nacme +Acme Inc\.\n$/);
  const second = new Gateway(t, gateway.folder);
  t.after(() => second.stop());
  second.setup = gateway.setup;
  await second.start({ args: ['--data', data] });
  const open = new Api(second.port);
  await open.must(201, 'POST', '/invitations/accept', { token, email: 'b@example.com', name: 'B', password: PASSWORD });
  await open.refused(401, 'authentication', 'POST', '/session', { email: 'b@example.com', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { organisation: 'acme', email: 'b@example.com', password: PASSWORD });
  const theirs = new Api(second.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  assert.deepEqual((await theirs.must(200, 'GET', '/servers')).body.items, []);
  assert.deepEqual((await theirs.must(200, 'GET', '/declared')).body.file, null);
  assert.deepEqual((await theirs.must(200, 'GET', '/members')).body.items.map(m => m.email), ['b@example.com']);
  const mine = new Api(second.port, api.headers);
  const { id } = (await mine.must(200, 'GET', '/servers')).body.items[0];
  await theirs.refused(404, 'not-found', 'GET', '/servers/' + id);
  assert.equal((await mine.must(200, 'GET', '/organisation')).body.name, 'default');
});
