// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport export`, `apply` and `import`: an organisation as files.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { generator, someState } from '../lib/organisation.mjs';
import { scratch } from '../lib/scratch.mjs';

const run = (args, env) => new Promise(resolve => execFile(BINARY, args, { encoding: 'utf8', timeout: 60000, maxBuffer: 64 * 1024 * 1024, env: { PATH: process.env.PATH, ...sanitizerOptions(), ...env } },
  (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));

async function folders(t) {
  const server = await startApi(t), dir = scratch(t), at = name => path.join(dir, name);
  const as = owner => {
    const env = { SALLYPORT_URL: `http://127.0.0.1:${server.port}`, SALLYPORT_KEY: owner.keys.admin };
    const call = (...args) => run(args, env);
    const must = async (...args) => { const done = await call(...args); assert.equal(done.code, 0, args.join(' ') + ': ' + done.err + done.out); return done.out; };
    return { call, must, api: server.api.as(owner.keys.admin) };
  };
  return { ...server, at, from: as(server.acme), to: as(server.umbrella) };
}
const files = dir => Object.fromEntries(fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter(f => f.isFile()).map(f => path.join(f.parentPath ?? f.path, f.name)).sort()
  .map(f => [path.relative(dir, f), fs.readFileSync(f, 'utf8')]));
const ANY = { 'If-Match': '*' };
const empty = api => api.must(200, 'POST', '/apply', { servers: [], policies: [], grants: [], channels: [], providers: [], overrides: [], definitions: [], prune: true }, ANY);
const DOCUMENT = '{"version": "1",\r\n\t"default":  "deny"}   \n\n';

async function fill({ api }, acme) {
  await api.must(201, 'POST', `/policies/${acme.policy}/versions`, { document: DOCUMENT }, ANY);
  await api.must(200, 'PATCH', '/policies/' + acme.policy, { note: 'for "all"' }, ANY);
  await api.must(201, 'POST', '/servers', { name: 'Web', transport: 'sse', url: 'https://web.example.com/sse', settings: { timeouts: { connect: '5s' } , max_calls: 7 }, disabled: true });
  await api.must(201, 'POST', '/grants', { label: 'a/../b ü', tags: ['z', 'a'], mode: 'observe', expires_at: '2099-01-01T00:00:00Z', servers: [{ server: 'files', policy: 'careful', policy_version: 1 }, { server: 'Web', policy: 'careful' }] });
  await api.must(201, 'POST', '/grants', { label: 'bare', servers: [{ server: 'Web' }] });
  await api.must(201, 'POST', '/grants', { label: 'none' });
  await api.must(201, 'POST', `/servers/${acme.server}/overrides`, { tool: 'A\u0007', category: 'Financial' });
  const definition = title => ({ tool: 'sync', state: 'accepted', definition: { name: 'sync', title } });
  await api.must(200, 'POST', '/apply', { servers: [], policies: [], grants: [], definitions: [{ server: 'files', tools: [definition('b'), definition('a'), { ...definition('c'), state: 'rejected', note: 'no' }] }] }, ANY);
  await api.must(201, 'POST', '/channels', { name: 'ops', kind: 'webhook', url: 'https://hooks.example.com/ops', events: ['approval.asked'] });
  await api.must(201, 'POST', '/channels', { name: 'desk', kind: 'mail', to: ['b@example.com', 'a@example.com'] });
  await api.must(201, 'POST', '/providers', { name: 'login', issuer: 'https://login.example.com/', client_id: 'us', client_secret: 'hush', domains: ['example.com'] });
}

test('exported, imported elsewhere, exported again: the same bytes', async t => {
  const { from, to, at, acme } = await folders(t);
  await fill(from, acme);
  assert.match(await from.must('export', at('one')), /^9 files in /);
  const one = files(at('one'));
  assert.deepEqual(Object.keys(one), ['channels.json', 'definitions.json', 'grants.json', 'overrides.json', 'policies.json', 'policies/careful.json', 'policies/careful@1.json', 'providers.json', 'servers.json']);
  assert.equal(one['policies/careful.json'], DOCUMENT, 'byte for byte');
  assert.equal(one['servers.json'], `[
  {
    "name": "Web",
    "transport": "sse",
    "url": "https://web.example.com/sse",
    "settings": {
      "timeouts": {"connect": "5s"},
      "max_calls": 7
    },
    "disabled": true
  },
  {
    "name": "files",
    "transport": "http",
    "url": "https://files.example.com/mcp",
    "credentials": [
      {"place": "header", "name": "Authorization"}
    ]
  }
]
`);
  assert.equal(one['channels.json'], `[
  {
    "name": "desk",
    "kind": "mail",
    "events": ["approval.asked", "approval.decided", "grant.paused", "contact.sent"],
    "to": ["b@example.com", "a@example.com"]
  },
  {
    "name": "ops",
    "kind": "webhook",
    "events": ["approval.asked"],
    "url": "https://hooks.example.com/ops"
  }
]
`);
  assert.equal(one['overrides.json'], `[
  {
    "server": "files",
    "tools": [
      {"tool": "A\\u0007", "category": "Financial"},
      {"tool": "sync", "category": "Destructive"}
    ]
  }
]
`);
  assert.deepEqual(JSON.parse(one['definitions.json']), [{ server: 'files', tools: [...[{ name: 'sync', title: 'a' }, { name: 'sync', title: 'b' }, { name: 'sync' }].map(d => ({ tool: 'sync', state: 'accepted', definition: d })),
    { tool: 'sync', state: 'rejected', note: 'no', definition: { name: 'sync', title: 'c' } }] }]);
  assert.deepEqual(JSON.parse(one['providers.json']).filter(p => p.name !== 'corp'), [{ name: 'login', issuer: 'https://login.example.com/', client_id: 'us', scopes: 'openid email profile', domains: ['example.com'], role: 'viewer', has_client_secret: true }]);
  assert.ok(!JSON.stringify(one).includes('hush') && !JSON.stringify(one).includes('sp_'));
  await empty(to.api);
  const told = await to.must('import', at('one'));
  assert.match(told, /^\+ grant laptop: it is not there yet$/m);
  assert.match(told, /^17 to add, 0 to change, 0 to remove\nstill to be set: sallyport server credential set files Authorization --value-env NAME\nstill to be set: sallyport channel secret ops --secret-env NAME\nstill to be set: sallyport provider secret login --secret-env NAME\n/m);
  assert.equal(told.match(/^token of .*, shown this once: sp_[\w-]{43}$/gm).length, 4);
  const server = (await to.api.must(200, 'GET', '/servers?name=files')).body.items[0];
  await to.api.must(201, 'POST', `/servers/${server.id}/credentials`, { place: 'header', name: 'Authorization', value: 'x' });
  await to.must('channel', 'secret', 'ops');
  const provider = (await to.api.must(200, 'GET', '/providers?name=login')).body.items[0];
  await to.api.must(200, 'PATCH', '/providers/' + provider.id, { client_secret: 'x' }, ANY);
  await to.must('export', at('two'));
  assert.deepEqual(files(at('two')), one);
  assert.equal(await to.must('apply', at('one'), '--prune'), '0 to add, 0 to change, 0 to remove\n');
  for (const file of ['channels.json', 'definitions.json', 'overrides.json', 'providers.json']) fs.rmSync(path.join(at('two'), file)); // says nothing of them
  assert.equal(await to.must('apply', at('two'), '--prune'), '0 to add, 0 to change, 0 to remove\n');
  await to.must('export', at('two'), '--force');
  execFileSync('diff', ['-r', at('one'), at('two')]);
});

test('at random: whatever there is comes through files unchanged', async t => {
  const seed = Number(process.env.TEST_SEED ?? 4), random = generator(seed), { from, to, at } = await folders(t);
  t.diagnostic('TEST_SEED=' + seed);
  for (let step = 0; step < Number(process.env.TEST_STEPS ?? 10); step++) {
    await from.api.must(200, 'POST', '/apply', { ...someState(random), prune: true }, ANY);
    await from.must('export', at('a' + step));
    await to.must('apply', at('a' + step), '--prune');
    await to.must('export', at('b' + step));
    assert.deepEqual(files(at('b' + step)), files(at('a' + step)), `step ${step}, seed ${seed}`);
  }
});

test('apply shows what differs and does it; a dry run only shows', async t => {
  const { from, at } = await folders(t);
  await from.must('export', at('d'));
  fs.writeFileSync(path.join(at('d'), 'policies/careful.json'), DOCUMENT);
  fs.writeFileSync(path.join(at('d'), 'policies/new.json'), DOCUMENT);
  fs.writeFileSync(path.join(at('d'), 'policies/new.cases.json'), 'not looked at');
  fs.writeFileSync(path.join(at('d'), 'policies/README.md'), 'not looked at');
  fs.writeFileSync(path.join(at('d'), 'grants.json'), '[{"label":"ci","mode":"observe","servers":[{"server":"files","policy":"new"}]}]');
  const plan = '~ policy careful: latest: 1 -> 2\n+ policy new: it is not there yet\n+ grant ci: it is not there yet\n';
  assert.equal(await from.must('apply', at('d'), '--dry-run'), plan + '2 to add, 1 to change, 0 to remove\n');
  assert.equal(await from.must('apply', at('d'), '--dry-run', '--prune'), plan + '- grant laptop: nothing that was given names it\n2 to add, 1 to change, 1 to remove\n');
  assert.equal((await from.call('import', at('d'))).code, 1);
  assert.equal((await from.api.must(200, 'GET', '/policies')).body.items.length, 1, 'nothing so far');
  const tokens = at('tokens');
  const done = await from.must('apply', at('d'), '--prune', '--tokens', tokens, '--note', 'because');
  assert.match(done, /\ndone\n$/);
  assert.ok(!done.includes('sp_'));
  assert.equal(fs.statSync(tokens).mode & 0o777, 0o600);
  assert.match(JSON.parse(fs.readFileSync(tokens, 'utf8')).token, /^sp_/);
  const again = await from.call('apply', at('d'), '--prune', '--tokens', tokens);
  assert.deepEqual([again.code, again.out], [0, '0 to add, 0 to change, 0 to remove\n']);
  fs.writeFileSync(path.join(at('d'), 'grants.json'), '[{"label":"ci","servers":[]},{"label":"cd","servers":[]}]');
  const taken = await from.call('apply', at('d'), '--tokens', tokens);
  assert.equal(taken.code, 2);
  assert.match(taken.err, /cannot be made for the tokens: File exists/);
  assert.equal((await from.api.must(200, 'GET', '/grants?label=cd')).body.items.length, 0, 'nothing was done');
  const json = JSON.parse(await from.must('apply', at('d'), '--json'));
  assert.deepEqual([json.changes.length, json.tokens.length], [2, 1]);
  assert.equal((await from.call('apply', at('d'), '--json', '--tokens', tokens)).code, 2);
});

test('an export does not overwrite by surprise, and leaves what is not its own', async t => {
  const { from, at, acme } = await folders(t);
  await from.api.must(201, 'POST', '/policies', { name: 'short', document: DOCUMENT });
  await from.must('export', at('d'));
  fs.writeFileSync(path.join(at('d'), 'policies/mine.cases.json'), '{}');
  fs.writeFileSync(path.join(at('d'), 'notes.txt'), 'x');
  const short = (await from.api.must(200, 'GET', '/policies?name=short')).body.items[0];
  await from.api.must(204, 'DELETE', '/policies/' + short.id, undefined, ANY);
  const refused = await from.call('export', at('d'));
  assert.deepEqual([refused.code, refused.err], [1, `sallyport: '${at('d')}' has such files already; --force replaces them\n`]);
  await from.must('export', at('d'), '--force');
  assert.deepEqual(Object.keys(files(at('d'))), ['channels.json', 'definitions.json', 'grants.json', 'notes.txt', 'overrides.json', 'policies/careful.json', 'policies/mine.cases.json', 'providers.json', 'servers.json']);
  assert.ok(acme);
  // Links are replaced, not written through; a folder that is a link is refused.
  fs.writeFileSync(at('outside'), 'mine');
  fs.rmSync(path.join(at('d'), 'servers.json'));
  fs.symlinkSync(at('outside'), path.join(at('d'), 'servers.json'));
  await from.must('export', at('d'), '--force');
  assert.equal(fs.readFileSync(at('outside'), 'utf8'), 'mine');
  assert.ok(fs.lstatSync(path.join(at('d'), 'servers.json')).isFile());
  fs.mkdirSync(at('other'));
  fs.mkdirSync(at('e'));
  fs.symlinkSync(at('other'), path.join(at('e'), 'policies'));
  assert.match((await from.call('export', at('e'))).err, /policies': Not a directory|links are not followed/);
  assert.deepEqual(fs.readdirSync(at('other')), []);
});

test('hostile folders: each mistake has its place, and nothing is done', async t => {
  const { from, at } = await folders(t);
  await from.must('export', at('good'));
  const before = (await from.api.must(200, 'GET', '/export')).etag;
  fs.writeFileSync(at('secret'), '[]');
  const put = (name, text) => d => fs.writeFileSync(path.join(d, name), text);
  const GRANT = '{"label": "x", "servers": []}';
  const cases = [
    ['no servers.json', d => fs.rmSync(path.join(d, 'servers.json')), /servers\.json': No such file/],
    ['a link', d => { fs.rmSync(path.join(d, 'grants.json')); fs.symlinkSync(at('secret'), path.join(d, 'grants.json')); }, /grants\.json': it is a link/],
    ['a linked policy', d => fs.symlinkSync(at('secret'), path.join(d, 'policies/l.json')), /policies\/l\.json': it is a link/],
    ['a linked folder', d => { fs.rmSync(path.join(d, 'policies'), { recursive: true }); fs.symlinkSync('/etc', path.join(d, 'policies')); }, /policies': (Not a directory|it is a link)/],
    ['a pipe', d => { fs.rmSync(path.join(d, 'grants.json')); execFileSync('mkfifo', [path.join(d, 'grants.json')]); }, /grants\.json': not an ordinary file/],
    ['a folder as a file', d => fs.mkdirSync(path.join(d, 'policies/f.json')), /policies\/f\.json': not an ordinary file/],
    ['huge', put('grants.json', '[' + ' '.repeat(5 * 1024 * 1024) + ']'), /grants\.json': larger than 4194304 bytes/],
    ['not JSON', put('grants.json', '[\n  {"label": }]'), /good\w*\/grants\.json:2:13: expected a value/],
    ['more than one value', put('grants.json', '[],"prune":true,"x":[]'), /grants\.json:1:3: /],
    ['duplicate keys', put('grants.json', '[{"label":"a",\n"label":"b","servers":[]}]'), /grants\.json:2:1: /],
    ['a byte order mark', put('servers.json', '\ufeff[]'), /servers\.json:1:1: /],
    ['broken UTF-8', d => fs.writeFileSync(path.join(d, 'policies/careful.json'), Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), /policies\/careful\.json:1:3: /],
    ['an object', put('grants.json', '{}'), /grants\.json:1:1: must be an array, and is object/],
    ['a wrong type', put('grants.json', '[\n\n{"label": 7, "servers": []}]'), /grants\.json:3:11: label: must be a string/],
    ['an unknown member', put('servers.json', '[{"name":"files","transport":"http",\n  "ulr":"https://x"}]'), /servers\.json:2:3: there is no member 'ulr' here; did you mean 'url'\?/],
    ['a server that is not there', put('grants.json', '[{"label":"x","servers":[\n {"server":"nothing"}]}]'), /grants\.json:2:12: server: names nothing/],
    ['a channel with a secret', put('channels.json', '[\n {"name":"ops","kind":"webhook","url":"https://x.example.com",\n"secret":"whsec_x"}]'), /channels\.json:3:1: there is no member 'secret' here/],
    ['a definition of another tool', put('definitions.json', '[{"server":"files","tools":[\n{"tool":"pull","state":"accepted",\n"definition":{"name":"sync"}}]}]'), /definitions\.json:3:14: definition: is that of another tool/],
    ['a category that is none', put('overrides.json', '[{"server":"files","tools":[\n{"tool":"pull","category":"Harmless"}]}]'), /overrides\.json:2:27: category: must be one of/],
    ['a provider by http', put('providers.json', '[\n\n {"name":"login","issuer":"http://x.example.com","client_id":"us"}]'), /providers\.json:3:2: issuer: must be an https URL/],
    ['a path as a name', put('servers.json', '[{"name":"../../x","transport":"http","url":"https://x.example.com"}]'), /name/],
    ['twice', put('grants.json', `[${GRANT},\n${GRANT}]`), /grants\.json:2:1: this name stands here twice/],
    ['a name that is none', put('policies/my policy.json', DOCUMENT), /'.*policies\/my policy\.json' is no name of a policy/],
    ['a number that is none', put('policies/careful@01.json', DOCUMENT), /is no name of a policy/],
    ['an old version alone', put('policies/lost@3.json', DOCUMENT), /lost@3\.json' has no 'lost\.json'/],
    ['another document under a number', put('policies/careful@1.json', DOCUMENT), /policies\/careful\.json: versions: version 1 of policy 'careful' is another document/],
    ['a policy with mistakes', put('policies/careful.json', '{"version": "1",\n "default": "perhaps"}'), /policies\/careful\.json:2:13: 'default' must be one of/],
    ['a version with mistakes', put('policies/careful@7.json', '{"version": "1",\n "default": "perhaps"}'), /policies\/careful@7\.json:2:13: /],
    ['a note for nothing', put('policies.json', '{"careful":"x",\n "other":"y"}'), /policies\.json:2:2: there is no such policy/],
    ['notes that are none', put('policies.json', '{"careful":1}'), /policies\.json:1:1: must be an object of notes/],
    ['a program', put('servers.json', '[{"name":"files","transport":"stdio","command":["/bin/sh"]}]'), /credentials|commands_allowed/],
    ['a settings trick', put('servers.json', '[{"name":"files","transport":"http","url":"https://x.example.com","settings":{"headers":{}}}]'), /settings: must not have 'headers'/],
    ['deep', put('grants.json', '['.repeat(2000) + ']'.repeat(2000)), /grants\.json:1:\d+: /],
  ];
  for (const [what, spoil, expected] of cases) {
    const dir = at('good' + cases.findIndex(c => c[0] === what));
    fs.cpSync(at('good'), dir, { recursive: true });
    spoil(dir);
    for (const flags of [[], ['--dry-run']]) {
      const done = await from.call('apply', dir, '--prune', ...flags);
      assert.ok(done.code === 1 || done.code === 2, `${what}: ${done.code} ${done.out}`);
      assert.match(done.err, expected, what);
    }
  }
  assert.equal((await from.call('apply', at('missing'))).code, 2);
  assert.equal((await from.api.must(200, 'GET', '/export')).etag, before);
});

test('a change in between is noticed', async t => {
  const { from, at, api, acme } = await folders(t);
  await from.must('export', at('d'));
  fs.writeFileSync(path.join(at('d'), 'grants.json'), '[]');
  // The gateway's second answer comes behind somebody else's change: a proxy makes it between the two requests.
  const { createServer, request } = await import('node:http');
  let posts = 0;
  const proxy = createServer(async (q, r) => {
    const chunks = [];
    for await (const c of q) chunks.push(c);
    if (q.method === 'POST' && ++posts === 2) await from.api.must(200, 'PATCH', '/servers/' + acme.server, { disabled: true }, ANY);
    request({ port: api.port, host: '127.0.0.1', path: q.url, method: q.method, headers: q.headers }, a => { r.writeHead(a.statusCode, a.headers); a.pipe(r); }).end(Buffer.concat(chunks));
  }).listen(0, '127.0.0.1');
  t.after(() => { proxy.closeAllConnections(); proxy.close(); });
  await new Promise(resolve => proxy.once('listening', resolve));
  const done = await from.call('apply', at('d'), '--prune', '--gateway', `http://127.0.0.1:${proxy.address().port}`);
  assert.equal(done.code, 1);
  assert.match(done.err, /changed meanwhile[\s\S]*nothing was done/);
  assert.equal((await from.api.must(200, 'GET', '/grants')).body.items.length, 1);
});
