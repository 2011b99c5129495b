// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The commands that ask a running gateway.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { routes, startApi, templateOf } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';

// Not synchronously: the stand-in server of one test runs in this process.
const run = (args, env) => new Promise(resolve => execFile(BINARY, args, { encoding: 'utf8', timeout: 60000, env: { PATH: process.env.PATH, ...sanitizerOptions(), ...env } },
  (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));

async function commands(t) {
  const server = await startApi(t);
  const env = { SALLYPORT_URL: `http://127.0.0.1:${server.port}`, SALLYPORT_KEY: server.acme.keys.admin };
  const call = (...args) => run(args, env);
  const must = async (...args) => { const done = await call(...args); assert.equal(done.code, 0, args.join(' ') + ': ' + done.err); assert.equal(done.err, ''); return done.out; };
  const json = async (...args) => JSON.parse(await must(...args, '--json'));
  return { ...server, env, call, must, json };
}

test('servers: add, list, show, credential, remove', async t => {
  const { must, json, call, api, acme } = await commands(t);
  assert.match(await must('server', 'add', 'web', 'https://web.example.com/mcp', '--settings', '{"era":"legacy"}'), /^web +http +false +https/);
  const added = await json('server', 'add', '--sse', 'old', 'https://old.example.com/sse');
  assert.equal(added.transport, 'sse');
  assert.deepEqual((await json('server', 'list')).items.map(s => s.name).sort(), ['files', 'old', 'web']);
  assert.match(await must('server', 'list'), /^files +http +false +https:\/\/files.example.com\/mcp$/m);
  assert.deepEqual((await json('server', 'show', 'web')).settings, { era: 'legacy' });
  assert.match(await must('server', 'show', added.id), /^transport +sse$/m);
  const program = await call('server', 'add', '--program', 'tool', '--', 'npx', '-y', 'some-server');
  assert.equal(program.code, 1);
  assert.match(program.err, /commands_allowed/);
  const set = (...args) => run(['server', 'credential', 'set', 'web', 'X-Token', '--value-env', 'SECRET', '--gateway', `http://127.0.0.1:${api.port}`, ...args], { SALLYPORT_KEY: acme.keys.admin, SECRET: 'hush' });
  for (const args of [[], [], ['--grant', 'laptop']]) {
    const secret = await set(...args);
    assert.equal(secret.code, 0, secret.err);
    assert.ok(!secret.out.includes('hush'));
  }
  assert.match((await set('--grant', 'nobody')).err, /names nothing that is there/);
  assert.deepEqual((await json('server', 'credential', 'list', 'web')).items.map(c => [c.name, c.grant]), [['X-Token', ''], ['X-Token', acme.grant]]);
  await must('server', 'credential', 'remove', 'web', 'x-token', '--grant', 'laptop');
  assert.match((await call('server', 'credential', 'remove', 'web', 'x-token', '--grant', 'laptop')).err, /has no credential 'x-token' of this grant/);
  assert.match(await must('server', 'credential', 'list', 'web'), /^header +X-Token +\n$/);
  await must('server', 'remove', 'web');
  const used = await call('server', 'remove', 'files');
  assert.equal(used.code, 1);
  assert.match(used.err, /still in use/);
  const none = await call('server', 'show', 'nothing');
  assert.deepEqual([none.code, none.out], [1, '']);
});

test('policies: save, show, diff, rollback; mistakes have their place', async t => {
  const { must, json, call } = await commands(t);
  const file = path.join(scratch(t), 'p.json');
  const first = '{"version": "1",\n "default": "allow"}';
  fs.writeFileSync(file, first);
  await must('policy', 'save', 'mine', file);
  fs.writeFileSync(file, '{"version": "1",\n "default": "deny"}');
  assert.equal((await json('policy', 'save', 'mine', file, '--note', 'stricter')).number, 2);
  assert.equal(await must('policy', 'show', 'mine', '--number', '1'), first + '\n');
  assert.equal(await must('policy', 'diff', 'mine', '1', '2'), 
    ['tool', 'resource', 'prompt'].map(what => `tightened: every other ${what}: was allowed, is denied\n`).join('') +
    'tightened: methods that are not named: were allowed, are denied\n\n {"version": "1",\n- "default": "allow"}\n+ "default": "deny"}\n');
  await must('policy', 'rollback', 'mine', '1');
  assert.equal(await must('policy', 'show', 'mine'), first + '\n');
  fs.writeFileSync(file, '{"version": "1",\n "default": "perhaps"}');
  const bad = await call('policy', 'save', 'mine', file);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /^sallyport: the policy has errors\n {2}document:2:13: 'default' must be one of/);
  assert.deepEqual((await json('policy', 'list')).items.map(p => [p.name, p.latest]).sort(), [['careful', 1], ['mine', 3]]);
  await must('policy', 'remove', 'mine');
});

test('grants, keys and members: made, shown once, ended', async t => {
  const { must, json, call, acme, env } = await commands(t);
  assert.match(await must('grant', 'add', 'ci', 'files=careful@1', '--tags', 'a,b', '--expires', '2099-01-01T00:00:00Z'), /\ntoken, shown this once: sp_[\w-]{43}\n$/);
  const shown = await json('grant', 'show', 'ci');
  assert.deepEqual([shown.tags, shown.servers], [['a', 'b'], [{ server: acme.server, policy: acme.policy, policy_version: 1 }]]);
  assert.deepEqual((await json('grant', 'add', 'bare', 'files', '--observe')).servers[0].policy, null);
  const rotated = await json('grant', 'rotate', 'ci', '--overlap', '2h');
  assert.ok(rotated.token && rotated.tokens.length === 2);
  await must('grant', 'revoke', 'ci');
  assert.match(await must('grant', 'list'), /^ci +enforce +2099\S+ +20\d\d-/m);
  await must('grant', 'remove', 'ci');
  assert.equal((await call('grant', 'add', 'x', 'files=careful@x')).code, 2);
  const key = await json('key', 'add', 'robot', '--role', 'viewer');
  assert.equal((await run(['grant', 'list'], { ...env, SALLYPORT_KEY: key.token })).code, 0);
  assert.match((await run(['key', 'list'], { ...env, SALLYPORT_KEY: key.token })).err, /this needs the role 'admin'/);
  await must('key', 'revoke', 'robot');
  assert.equal((await run(['grant', 'list'], { ...env, SALLYPORT_KEY: key.token })).code, 1);
  assert.ok((await json('member', 'invite', 'new@example.com', '--role', 'viewer')).token);
  assert.match((await call('member', 'remove', 'one@example.com')).err, /last admin/);
  assert.match(await must('member', 'list'), /^one@example.com +admin/m);
});

test('snippets: what each client needs, with a token only where this side puts it', async t => {
  const { must, call, env, acme, port } = await commands(t);
  const url = `http://127.0.0.1:${port}/mcp/files`;
  const json = async (client, ...more) => JSON.parse(await snippet(client, ...more));
  const snippet = async (client, ...more) => { const done = await run(['grant', 'snippet', 'laptop', '--client', client, ...more], { ...env, T: acme.token }); assert.equal(done.code, 0, done.err); return done.out; };
  const desktop = { command: 'sallyport', args: ['connect', url, '--token-env', 'SALLYPORT_TOKEN'], env: { SALLYPORT_TOKEN: 'TOKEN_OF_THE_GRANT' } };
  assert.deepEqual(await json('claude-desktop'), { mcpServers: { files: desktop } });
  assert.deepEqual(await json('claude-desktop', '--token-env', 'T'), { mcpServers: { files: { ...desktop, env: { SALLYPORT_TOKEN: acme.token } } } });
  assert.deepEqual(await json('claude-code', '--token-env', 'T'), { mcpServers: { files: { type: 'http', url, headers: { Authorization: 'Bearer ${SALLYPORT_TOKEN}' } } } });
  assert.deepEqual(await json('cursor'), { mcpServers: { files: { url, headers: { Authorization: 'Bearer ${env:SALLYPORT_TOKEN}' } } } });
  assert.deepEqual((await json('vscode')).servers, { files: { type: 'http', url, headers: { Authorization: 'Bearer ${input:sallyport}' } } });
  assert.deepEqual(await json('windsurf'), { mcpServers: { files: { serverUrl: url, headers: { Authorization: 'Bearer ${env:SALLYPORT_TOKEN}' } } } });
  assert.equal(await snippet('codex'), `[mcp_servers.files]\nurl = "${url}"\nbearer_token_env_var = "SALLYPORT_TOKEN"\n`);
  assert.match(await snippet('http'), new RegExp(`^curl -sS '${url}' -H "Authorization: Bearer \\$SALLYPORT_TOKEN"`));
  await must('server', 'add', 'more', 'https://more.example.com/mcp');
  const made = await call('grant', 'add', 'both', 'files', 'more', '--client', 'claude-desktop');
  const [, token, text] = made.out.match(/shown this once: (sp_[\w-]{43})\n([^]*)$/);
  assert.deepEqual(Object.entries(JSON.parse(text).mcpServers).map(([name, s]) => [name, s.env.SALLYPORT_TOKEN]).sort(), [['files', token], ['more', token]]);
  assert.match((await must('grant', 'add', 'none')) + (await call('grant', 'snippet', 'none', '--client', 'cursor')).out, /"mcpServers"/);
  assert.equal((await call('grant', 'snippet', 'laptop')).code, 2);
  assert.equal((await call('grant', 'snippet', 'laptop', '--client', 'emacs')).code, 1);
  assert.equal((await call('grant', 'snippet', 'laptop', '--client', '../x')).code, 2);
  assert.equal((await call('grant', 'snippet', 'laptop', '--client', 'cursor', '--token-env', 'NOTHING')).code, 2);
});

test('lists come whole, however many pages they are', async t => {
  const { json, api, acme } = await commands(t);
  const admin = api.as(acme.keys.admin);
  for (let i = 0; i < 1010; i += 10) await Promise.all(Array.from({ length: 10 }, (_, k) => admin.must(201, 'POST', '/grants', { label: 'g' + (i + k) })));
  assert.equal(new Set((await json('grant', 'list')).items.map(g => g.label)).size, 1011);
});

test('what is no gateway, or should not see the key, does not get it', async t => {
  const { env } = await commands(t);
  assert.equal((await run(['grant', 'list'], { ...env, SALLYPORT_KEY: '' })).code, 2);
  for (const url of ['ftp://127.0.0.1', 'http://127.0.0.1:1/path', 'http://', 'http://gateway.example.com'])
    assert.equal((await run(['grant', 'list'], { ...env, SALLYPORT_URL: url })).code, 2, url);
  assert.equal((await run(['grant', 'list'], { ...env, SALLYPORT_URL: 'http://127.0.0.1:1' })).code, 1);
  const odd = net.createServer(s => s.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')).listen(0, '127.0.0.1');
  t.after(() => odd.close());
  await new Promise(resolve => odd.once('listening', resolve));
  const answer = await run(['grant', 'list'], { ...env, SALLYPORT_URL: `http://127.0.0.1:${odd.address().port}` });
  assert.equal(answer.code, 1);
  assert.match(answer.err, /no Sallyport API/);
});

test('policies of a gateway are explained, compared with drafts and linted', async t => {
  const { must, json, call, acme, api } = await commands(t);
  const file = path.join(scratch(t), 'p.json');
  const draft = { version: '1', default: 'deny', all_tools: { limits: [{ counter: 'c', window: 'hour', max: 5 }] }, tools: { pull: { deny_if: [{ conditions: [{ path: 'args.n', op: 'gt', value: 5 }] }] }, pussh: {} } };
  fs.writeFileSync(file, JSON.stringify(draft));
  await api.as(acme.keys.admin).must(200, 'POST', '/catalogue/import', { server: 'files', tools: [{ name: 'pull', inputSchema: { type: 'object', properties: { n: { type: 'number' } } } }, { name: 'push' }] });
  await must('policy', 'save', 'mine', file);
  await must('grant', 'add', 'g', 'files=mine');
  const ask = ['--tool', 'pull', '--args', '{"n": 6}'];
  assert.match(await must('policy', 'explain', '--policy', 'mine', ...ask), /=> denied by \/tools\/pull\/deny_if\/0\n/);
  assert.equal((await call('policy', 'explain', '--policy', 'mine', '--exit-code', ...ask)).code, 3);
  assert.equal((await json('policy', 'explain', '--policy', 'careful', '--number', '1', ...ask)).policy, 'careful');
  assert.equal((await json('policy', 'explain', file, '--policy', 'careful', '--grant', 'x', '--tags', 'a,b', '--server', 's', '--client', 'c', '--session-calls', '2', '--time', '2027-01-01T00:00:00Z', '--category', 'read', ...ask)).rule, '/tools/pull/deny_if/0');
  const now = await must('policy', 'explain', '--grant', 'g', '--server', 'files', '--tool', 'pull', '--args', '{"n":1}');
  assert.match(now, /\nnow: allowed by \/tools\/pull\n$/); // this API is beside no gateway, whose limits would follow
  assert.equal((await json('policy', 'explain', '--grant', 'g', '--server', 'files', ...ask)).now.outcome, 'denied');
  for (const args of [[], ['--grant', 'g', '--tool', 'x'], ['--policy', 'mine', '--number', 'x', '--tool', 'x'], ['--policy', 'mine']])
    assert.equal((await call('policy', 'explain', ...args)).code, 2, args.join(' '));
  assert.match((await call('policy', 'explain', '--policy', 'none', '--tool', 'x')).err, /there is no such policy/);

  assert.match(await must('policy', 'diff', 'careful', '1', file), /^(loosened|tightened|altered): /m);
  assert.match(await must('policy', 'diff', 'mine', file, '1'), /^nothing changes for those who call\n/);
  assert.match((await call('policy', 'diff', 'mine', '1', file + '.none')).err, /cannot be read/);

  for (const by of [['--server', 'files'], ['--grant', 'g'], ['--policy', 'mine']]) {
    const { code, out } = await call('policy', 'lint', ...by, file);
    assert.equal(code, 0, 'nothing serious');
    assert.match(out, /p\.json:1:\d+: doubtful: 'pussh' matches no tool of the server; did you mean 'push'\? \[no-such-tool\]\n/, by.join(' '));
  }
  assert.deepEqual((await json('policy', 'lint', '--grant', 'g', file)).files[0].findings.map(f => f.kind), ['no-such-tool']);
  assert.equal((await call('policy', 'lint', '--policy', 'careful', '--grant', 'g', file)).code, 2);
  assert.match((await call('policy', 'lint', '--grant', 'none', file)).err, /is not in force for any server/);
  const { errors } = await api.as(acme.keys.viewer).refused(422, 'invalid', 'POST', '/policies/lint', { document: draft, server: 'files', grant: 'g' });
  assert.equal(errors[0].field, 'server');
});

test('every operation of the API has a command, or a reason why not', async t => {
  const { api, call, acme, env } = await commands(t);
  const reasons = {
    'GET /openapi.json': 'a document, for curl', 'POST /setup': 'a person in a browser has the link', 'POST /invitations/accept': 'the same',
    'POST /session': 'commands have keys, not sessions', 'GET /session': 'the same', 'DELETE /session': 'the same', 'PUT /session/password': 'the same',
    'GET /keys/{id}': 'key show finds it by its label first', 'GET /policies/{id}': 'the same', 'GET /grants/{id}': 'the same', 'GET /servers/{id}': 'the same',
    'GET /members/{id}': 'the same', 'GET /servers/{id}/credentials/{credential}': 'server credential list shows all there is of one',
    'GET /servers/{id}/authorizations/{authorization}': 'server authorizations shows all there is of one',
    'GET /oauth/callback': 'a browser ends there', 'GET /oauth/client': 'a document for servers', 'DELETE /servers/{id}/authorizations/{authorization}': 'nothing is authorized here',
    'POST /policies/check': 'policy check needs no gateway', 'POST /policies/summary': 'policy explain needs no gateway',
    'GET /decisions/stream': 'decisions tail has no end (decisions.test.mjs)', 'GET /decisions/{number}': 'decisions list --json has the whole rows',
    'GET /channels/{id}': 'channel show finds it by its name first',
    'GET /providers/{id}': 'provider show finds it by its name first',
    'GET /catalogue': 'catalogue search, show and export read the data folder, also while a gateway runs', 'GET /catalogue/search': 'the same', 'GET /catalogue/servers': 'the same',
    'GET /catalogue/servers/{server}': 'the same', 'GET /catalogue/servers/{server}/starter': 'scan --policy writes them', 'GET /catalogue/servers/{server}/history': 'the same', 'GET /catalogue/servers/{server}/tools/{tool}': 'the same',
    'GET /catalogue/servers/{server}/tools/{tool}/history': 'the same', 'POST /catalogue/import': 'catalogue import writes into the data folder, also while a gateway runs',
    'GET /catalogue/attacks': 'the same for everybody, and on the pages that catalogue export writes', 'GET /catalogue/attacks/{attack}': 'the same',
    'GET /catalogue/stack': 'stack reads files', 'GET /grants/{id}/stack': 'for programs so far; stack reads files',
    ...Object.fromEntries(routes.filter(r => /^\/(approvals|exceptions)\b/.test(r.path)).map(r => [`${r.method} ${r.path}`, 'approvals and exceptions (approvals.test.mjs)'])),
    ...Object.fromEntries(routes.filter(r => /^\/contacts\b/.test(r.path)).map(r => [`${r.method} ${r.path}`, 'contact (contact.test.mjs)'])),
    'GET /audit/keeping': 'what the command line of the gateway said, or people in the dashboard', 'PATCH /audit/keeping': 'the same', 'GET /audit/keeping/keys': 'admin rotate-keys seals anew while no gateway runs', 'POST /audit/keeping/keys': 'the same', 'GET /audit/proofs': 'audit verify proves a folder, also while a gateway runs', 'POST /audit/proofs': 'the same',
    'GET /sign-in': 'a browser signs in', 'POST /sign-in/{id}': 'the same', 'GET /sign-in/{id}/callback': 'the same',
  };
  const seen = new Set();
  const proxy = http.createServer((ask, answer) => {
    seen.add(`${ask.method} ${templateOf(ask.url.replace('/api/v1', ''))}`);
    ask.pipe(http.request({ port: api.port, method: ask.method, path: ask.url, headers: ask.headers }, got => { answer.writeHead(got.statusCode, got.headers); got.pipe(answer); }));
  });
  await new Promise(resolve => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  const folder = scratch(t), policy = path.join(folder, 'p.json');
  fs.writeFileSync(policy, '{"version":"1","default":"allow"}');
  const through = { ...env, SALLYPORT_URL: `http://127.0.0.1:${proxy.address().port}`, SECRET: 'hush' };
  const steps = [
    ['organisation', 'show'], ['organisation', 'change', '--title', 'Acme'], ['audit', 'list'],
    ['provider', 'add', 'own', 'https://own.example.com', 'c', '--secret-env', 'SECRET', '--domains', 'a.example,b.example', '--claim', 'groups=ops', '--role', 'viewer'],
    ['channel', 'add', 'hook', '--url', 'http://127.0.0.1:1/', '--events', 'grant.paused', '--arguments'], ['channel', 'list'], ['channel', 'show', 'hook'], ['channel', 'change', 'hook', '--no-arguments', '--disable'], ['channel', 'secret', 'hook'],
    ['channel', 'notices', 'hook'], ['channel', 'remove', 'hook'], ['channel', 'add', 'ops', '--to', 'a@example.com,b@example.com'],
    ['provider', 'list'], ['provider', 'show', 'own'], ['provider', 'change', 'own', '--title', 'Own'], ['provider', 'secret', 'own', '--secret-env', 'SECRET'], ['provider', 'secret', 'own'], ['provider', 'remove', 'own'],
    ['key', 'add', 'k'], ['key', 'list'], ['key', 'show', 'k'], ['key', 'revoke', 'k'],
    ['member', 'list'], ['member', 'show', 'one@example.com'], ['member', 'change', 'one@example.com', '--name', 'One'],
    ['member', 'invite', 'x@example.com'], ['member', 'invitations'],
    ['server', 'add', 'web', 'https://web.example.com/mcp'], ['server', 'list'], ['server', 'show', 'web'], ['server', 'change', 'web', '--disable'], ['server', 'change', 'web', '--enable'],
    ['server', 'credential', 'set', 'web', 'X-Token', '--value-env', 'SECRET'], ['server', 'credential', 'list', 'web'], ['server', 'credential', 'remove', 'web', 'X-Token'],
    ['catalogue', 'override', 'files', 'pull', 'Read'], ['catalogue', 'overrides', 'files'], ['catalogue', 'override', 'files', 'pull', '--remove'],
    ['catalogue', 'pending', 'files'], ['catalogue', 'pending', 'files', '6723c749'], ['catalogue', 'accept', 'files', '6723c749'], ['catalogue', 'reject', 'files', '6723c749'],
    ['policy', 'save', 'new', policy], ['policy', 'save', 'new', policy], ['policy', 'list'], ['policy', 'show', 'new'], ['policy', 'show', 'new', '--number', '1'],
    ['policy', 'versions', 'new'], ['policy', 'change', 'new', '--note', 'n'], ['policy', 'rollback', 'new', '1'], ['policy', 'diff', 'new', '1', '2'], ['policy', 'diff', 'new', '1', policy], ['policy', 'explain', '--policy', 'new', '--tool', 'x'], ['policy', 'lint', '--policy', 'careful', policy], ['policy', 'replay', policy, '--policy', 'new'], ['policy', 'suggest', '--grant', 'laptop'],
    ['grant', 'add', 'g', 'web=new'], ['grant', 'list'], ['grant', 'show', 'g'], ['grant', 'change', 'g', '--tags', 'a,b', '--observe'], ['grant', 'attach', 'g', 'web=new@1'], ['policy', 'explain', '--grant', 'g', '--server', 'web', '--tool', 'x'],
    ['limit', 'list'], ['limit', 'reset', '--counter', 'calls'],
    ['grant', 'snippet', 'g', '--client', 'http'], ['grant', 'rotate', 'g'], ['grant', 'revoke', 'g'], ['grant', 'remove', 'g'],
    ['export', path.join(folder, 'all')], ['apply', path.join(folder, 'all'), '--dry-run'],
    ['policy', 'remove', 'new'], ['server', 'remove', 'web'],
    ['decisions', 'list'], ['decisions', 'summary'], ['decisions', 'export'],
  ];
  for (const step of steps) {
    const done = await run(step, through);
    assert.equal(done.code, 0, `${step.join(' ')}: ${done.err}`);
  }
  const invited = JSON.parse((await run(['member', 'invite', 'y@example.com', '--json'], through)).out).id;
  assert.match((await run(['member', 'invitation', invited], through)).out, /^email +y@example.com$/m);
  assert.equal((await run(['member', 'uninvite', invited], through)).code, 0);
  assert.match((await run(['member', 'remove', 'one@example.com'], through)).err, /last admin/);
  for (const args of [['authorize', 'files'], ['authorizations', 'files'], ['answer', 'http://127.0.0.1/api/v1/oauth/callback?state=x&code=y'], ['answer', 'files', 'http://127.0.0.1/api/v1/oauth/callback?state=x&code=y']])
    await run(['server', ...args], through); // most fail: nobody answers here
  assert.match((await run(['grant', 'resume', 'laptop'], through)).err, /not paused/); // pause.test.mjs resumes one that is
  await run(['server', 'test', 'files'], through); // fails here: there is no such host
  assert.match((await run(['channel', 'test', 'ops'], through)).err, /no mail server/);
  assert.deepEqual((await call('grant', 'change', 'laptop')).code, 2);
  assert.match((await call('grant', 'attach', 'laptop', 'web')).err, /'web' is not SERVER=POLICY/);
  const missing = routes.map(r => `${r.method} ${r.path}`).filter(r => !seen.has(r) && !(r in reasons));
  assert.deepEqual(missing, [], 'no command asks for these');
  assert.deepEqual(Object.keys(reasons).filter(r => !routes.some(o => `${o.method} ${o.path}` === r)), []);
});

test('what people decide about tools: overrides, definitions that wait', async t => {
  const { must, json, call } = await commands(t);
  const WAITING = '6723c749a9b5ea07063827c0b4c538e48019df2bcebc74700e7266883d171b33', ACCEPTED = '7ceb9b8f9f6b5f3134ac99839bb2c173f9bb629944fbde82b58a0fa266475547';
  assert.match(await must('catalogue', 'override', 'files', 'pull', 'read', '--note', 'only asks'), /^pull +Read/);
  assert.deepEqual((await json('catalogue', 'overrides', 'files')).items.map(o => [o.tool, o.category]), [['sync', 'Destructive'], ['pull', 'Read']]);
  await must('catalogue', 'override', 'files', 'pull', '--remove');
  assert.match(await must('catalogue', 'overrides', 'files'), /^sync +Destructive +Tess *\n$/);
  for (const wrong of [['files', 'x', 'Unknown'], ['files', 'x', 'harmless'], ['files', 'x'], ['files', 'x', 'Read', '--remove']]) assert.equal((await call('catalogue', 'override', ...wrong)).code, 2);
  assert.match((await call('catalogue', 'override', 'files', 'none', '--remove')).err, /has no override/);
  assert.match((await call('catalogue', 'overrides', 'file.none')).err, /no such server/);

  assert.match(await must('catalogue', 'pending', 'files'), new RegExp(`^sync +waiting +${WAITING} +\\S+ *\n$`));
  assert.equal(await must('catalogue', 'pending', 'files', WAITING.slice(0, 8)), ' {\n-  "name":"sync"\n+  "name":"sync",\n+  "title":"x"\n }\n');
  assert.equal((await json('catalogue', 'pending', 'files', WAITING)).definition.title, 'x');
  for (const [code, ...wrong] of [[2, 'files', '67'], [1, 'files', 'ffffffff'], [2, 'files'], [2, 'files', WAITING, '--all']]) assert.equal((await call('catalogue', 'accept', ...wrong)).code, code);
  assert.match(await must('catalogue', 'accept', 'files', WAITING.slice(0, 8).toUpperCase(), '--note', 'a title'), /^sync +accepted/);
  assert.equal(await must('catalogue', 'pending', 'files'), '');
  assert.deepEqual((await json('catalogue', 'pending', 'files', '--accepted')).items.map(d => d.fingerprint).sort(), [WAITING, ACCEPTED]);
  assert.deepEqual((await json('catalogue', 'reject', 'files', WAITING)).items.map(d => d.state), ['rejected']);
  assert.equal((await json('catalogue', 'pending', 'files', '--rejected')).items.length, 1);
  assert.match((await call('catalogue', 'accept', 'files', '--all')).err, /nothing waits/);
});
