// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole organisation at once: GET /export and POST /apply.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { ALLOW, DENY, generator, someState } from '../lib/organisation.mjs';

const ANY = { 'If-Match': '*' };
const tools = list => [...list].sort((a, b) => (a.server < b.server ? -1 : 1)).map(s => ({ ...s, tools: [...s.tools].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) }));
const sorted = moved => ({
  servers: [...moved.servers].sort((a, b) => (a.name < b.name ? -1 : 1)).map(s => ({ ...s, credentials: [...s.credentials].sort((a, b) => (a.name < b.name ? -1 : 1)) })),
  policies: [...moved.policies].sort((a, b) => (a.name < b.name ? -1 : 1)),
  grants: [...moved.grants].sort((a, b) => (a.label < b.label ? -1 : 1)).map(g => ({ ...g, servers: [...g.servers].sort((a, b) => (a.server < b.server ? -1 : 1)) })),
  channels: [...moved.channels].sort((a, b) => (a.name < b.name ? -1 : 1)),
  providers: [...moved.providers].sort((a, b) => (a.name < b.name ? -1 : 1)),
  overrides: tools(moved.overrides),
  definitions: tools(moved.definitions),
});
const told = answer => answer.body.changes.map(c => `${c.action} ${c.kind} ${c.name}`);
const everything = async api => ({ moved: sorted((await api.must(200, 'GET', '/export')).body), audit: (await api.must(200, 'GET', '/audit?limit=1000')).body.items.length });

async function two(t) {
  const server = await startApi(t);
  return { ...server, from: server.api.as(server.acme.keys.admin), to: server.api.as(server.umbrella.keys.admin) };
}
const NONE = { servers: [], policies: [], grants: [], channels: [], providers: [], overrides: [], definitions: [] };
const empty = api => api.must(200, 'POST', '/apply', { ...NONE, prune: true }, ANY);

test('what is exported is applied elsewhere, and is then the same there', async t => {
  const { from, to, acme } = await two(t);
  for (const document of [ALLOW, DENY, ALLOW]) await from.must(201, 'POST', `/policies/${acme.policy}/versions`, { document }, ANY);
  await from.must(200, 'PATCH', '/policies/' + acme.policy, { note: 'for\neverybody' }, ANY);
  await from.must(201, 'POST', '/grants', { label: 'bound "2"', tags: ['b', 'a'], mode: 'observe', expires_at: '2099-01-01T00:00:00.000Z', servers: [{ server: 'files', policy: 'careful', policy_version: 2 }] });
  await from.must(201, 'POST', '/grants', { label: 'bare', servers: [{ server: 'files' }] });
  const gone = (await from.must(201, 'POST', '/grants', { label: 'gone', servers: [{ server: 'files', policy: 'careful', policy_version: 3 }] })).body;
  await from.must(200, 'POST', `/grants/${gone.id}/revoke`, undefined, ANY);
  await empty(to);
  const exported = (await from.must(200, 'GET', '/export')).body;
  assert.deepEqual(exported.policies.map(p => [p.note, p.document, p.versions]), [['for\neverybody', ALLOW, [{ number: 2, document: ALLOW }]]]);
  const applied = await to.must(200, 'POST', '/apply', exported, ANY);
  assert.deepEqual(told(applied), ['add policy careful', 'add server files', 'add grant laptop', 'add grant bound "2"', 'add grant bare', 'add provider corp', 'add override files sync',
    'add definition files sync 7ceb9b8f']);
  assert.deepEqual(applied.body.missing_credentials, [{ server: 'files', place: 'header', name: 'Authorization' }]);
  assert.equal(new Set(applied.body.tokens.map(t => t.token)).size, 3);
  assert.ok(applied.body.tokens.every(t => /^sp_[\w-]{43}$/.test(t.token)));
  const server = (await to.must(200, 'GET', '/servers?name=files')).body.items[0];
  await to.must(201, 'POST', `/servers/${server.id}/credentials`, { place: 'header', name: 'Authorization', value: 'Bearer other' });
  assert.deepEqual(sorted((await to.must(200, 'GET', '/export')).body), sorted(exported));
  const again = await to.must(200, 'POST', '/apply', { ...exported, prune: true }, ANY);
  assert.deepEqual([told(again), again.body.tokens, again.body.missing_credentials], [[], [], []]);
});

test('a dry run says what would be, and nothing is', async t => {
  const { from, acme } = await two(t);
  const before = await everything(from);
  const wanted = { policies: [{ name: 'careful', document: ALLOW }, { name: 'new', document: DENY }], servers: [{ name: 'files', transport: 'http', url: 'https://other.example.com/mcp' }],
    grants: [{ label: 'laptop', tags: ['x'], servers: [{ server: 'files', policy: 'new' }] }, { label: 'fresh', servers: [] }] };
  const dry = await from.must(200, 'POST', '/apply', { ...wanted, dry_run: true }, ANY);
  assert.deepEqual(told(dry), ['change policy careful', 'add policy new', 'change server files', 'change grant laptop', 'add grant fresh']);
  assert.deepEqual(dry.body.changes[2].differences, [{ field: 'url', from: 'https://files.example.com/mcp', to: 'https://other.example.com/mcp' }]);
  assert.deepEqual(dry.body.changes[3].differences, [{ field: 'tags', from: [], to: ['x'] }, { field: 'servers', from: ['files=careful'], to: ['files=new'] }]);
  assert.deepEqual(dry.body.tokens, []);
  assert.deepEqual(await everything(from), before);
  const real = await from.must(200, 'POST', '/apply', wanted, { 'If-Match': dry.etag });
  assert.deepEqual(real.body.changes, dry.body.changes);
  assert.equal(real.etag, (await from.must(200, 'GET', '/export')).etag);
  assert.equal((await from.must(200, 'GET', '/grants/' + acme.grant)).body.tokens.length, 1, 'the token stays');
});

test('who was slower is refused, whatever it was that changed', async t => {
  const { from, acme } = await two(t);
  const body = (await from.must(200, 'GET', '/export')).body;
  const changes = [
    () => from.must(200, 'PATCH', '/servers/' + acme.server, { disabled: true }, ANY),
    () => from.must(201, 'POST', `/servers/${acme.server}/credentials`, { place: 'header', name: 'X-Other', value: 'v' }),
    () => from.must(201, 'POST', `/policies/${acme.policy}/versions`, { document: ALLOW }, ANY),
    () => from.must(200, 'PATCH', '/grants/' + acme.grant, { servers: [] }, ANY),
    () => from.must(201, 'POST', '/grants', { label: 'new' }),
    () => from.must(200, 'POST', `/grants/${acme.grant}/rotate`, {}, ANY),
    () => from.must(201, 'POST', '/channels', { name: 'ops', kind: 'mail', to: ['ops@example.com'] }),
    () => from.must(201, 'POST', `/servers/${acme.server}/overrides`, { tool: 'pull', category: 'Read' }),
    () => from.must(200, 'POST', `/servers/${acme.server}/definitions/reject`, { fingerprints: [ACCEPTED] }),
    () => from.must(201, 'POST', '/providers', { name: 'login', issuer: 'https://login.example.com/', client_id: 'us' }),
  ];
  for (const change of changes) {
    const { etag } = await from.must(200, 'GET', '/export');
    await change();
    await from.refused(412, 'lost-update', 'POST', '/apply', body, { 'If-Match': etag });
    await from.refused(412, 'lost-update', 'POST', '/apply', { ...body, dry_run: true }, { 'If-Match': etag });
  }
  await from.refused(428, 'if-match', 'POST', '/apply', body);
});

test('nothing is done unless all of it can be, and each fault has its place', async t => {
  const { from } = await two(t);
  const good = { name: 'web', transport: 'http', url: 'https://web.example.com/mcp' };
  const bodies = [
    ['{"servers":[],"policies":[],\n"grants":[{"label":"a","servers":[{"server":"nothing"}]}]}', 'server', 2, 45],
    [`{"servers":[${JSON.stringify(good)},\n ${JSON.stringify(good)}],"policies":[],"grants":[]}`, '', 2, 2],
    ['{"servers":[\n{"name":"../x","transport":"http","url":"https://x.example.com"}],"policies":[],"grants":[]}'],
    ['{"servers":[],"policies":[],"grants":[\n\n{"label":"a","servers":[],"tokens":[]}]}', '', 3, 27],
    ['{"servers":[],"policies":[],"grants":[\n 7]}', 'grants', 2, 2],
    ['{"servers":[],"policies":{},"grants":[]}', 'policies', 1, 26],
    ['{"servers":[],"policies":[]}', 'grants'],
    ['{"servers":[{"name":"t","transport":"stdio","command":["x"]}],"policies":[],"grants":[]}', null],
    [JSON.stringify({ servers: [good], policies: [{ name: 'careful', document: '{"version": "1",\n "default": "perhaps"}' }], grants: [] }), 'policies.careful.document', 2, 13],
    [JSON.stringify({ servers: [good], policies: [{ name: 'careful', document: ALLOW, versions: [{ number: 1, document: ALLOW }] }], grants: [] }), 'versions'],
    [JSON.stringify({ servers: [good], policies: [{ name: 'careful', document: DENY, versions: [{ number: 7, document: '{' }] }], grants: [] }), 'policies.careful@7.document', 1],
    [JSON.stringify({ servers: [good], policies: [], grants: [{ label: 'a', servers: [{ server: 'web', policy: 'careful', policy_version: 2 }] }] }), 'policy_version'],
    [JSON.stringify({ servers: [{ ...good, settings: { url: 'https://y.example.com' } }], policies: [], grants: [] }), 'settings'],
    [JSON.stringify({ servers: [{ ...good, name: 'files', credentials: [{ place: 'nowhere', name: 'x' }] }], policies: [], grants: [] }), 'place'],
  ];
  const before = await everything(from);
  for (const [body, field, line, column] of bodies) {
    const answer = await from.call('POST', '/apply', body, ANY);
    assert.ok([403, 422].includes(answer.status), body + answer.text);
    const fault = answer.body.errors?.[0];
    if (field !== undefined && field !== null) assert.equal(fault?.field, field, answer.text);
    if (line) assert.equal(fault.line, line, answer.text);
    if (column) assert.equal(fault.column, column, answer.text);
  }
  assert.deepEqual(await everything(from), before);
  // A policy that a grant still uses cannot go alone, and then nothing goes.
  const left = (await from.must(200, 'GET', '/export')).body;
  for (const part of ['servers', 'policies']) await from.refused(409, 'conflict', 'POST', '/apply', { ...left, [part]: [], prune: true }, ANY);
  assert.deepEqual(await everything(from), before);
});

test('without prune nothing is taken away, with it everything that is not named', async t => {
  const { from, acme } = await two(t);
  const none = { servers: [], policies: [], grants: [] };
  assert.deepEqual(told(await from.must(200, 'POST', '/apply', none, ANY)), []);
  await from.must(200, 'POST', `/grants/${acme.grant}/revoke`, undefined, ANY);
  await from.refused(422, 'invalid', 'POST', '/apply', { ...none, grants: [{ label: 'laptop', servers: [] }] }, ANY);
  const pruned = await from.must(200, 'POST', '/apply', { ...none, servers: [{ name: 'files', transport: 'sse', url: 'https://files.example.com/sse' }], prune: true }, ANY);
  assert.deepEqual(told(pruned), ['change server files', 'remove grant laptop', 'remove policy careful']);
  assert.deepEqual(pruned.body.changes[0].differences.map(d => d.field), ['credentials', 'transport', 'url']);
  assert.deepEqual(told(await empty(from)), ['remove provider corp', 'remove server files']);
  assert.deepEqual(sorted((await from.must(200, 'GET', '/export')).body), NONE);
});

const ACCEPTED = '7ceb9b8f9f6b5f3134ac99839bb2c173f9bb629944fbde82b58a0fa266475547', WAITING = '6723c749a9b5ea07063827c0b4c538e48019df2bcebc74700e7266883d171b33';

test('what was decided about tools moves with the servers', async t => {
  const { from, to, acme } = await two(t);
  const other = { name: 'pull', inputSchema: { type: 'object' }, _meta: { x: 1.50 } };
  const decided = {
    overrides: [{ server: 'files', tools: [{ tool: 'sync', category: 'Write', note: 'as \u202e asked' }, { tool: 'new', category: 'Financial', note: '' }] }],
    definitions: [{ server: 'files', tools: [{ tool: 'sync', state: 'rejected', note: '', definition: { name: 'sync' } }, { tool: 'sync', state: 'accepted', note: 'looked at', definition: { title: 'x', name: 'sync' } },
      { tool: 'pull', state: 'accepted', note: '', definition: other }] }],
  };
  const all = { ...(await from.must(200, 'GET', '/export')).body };
  assert.deepEqual([all.overrides, all.definitions], [[{ server: 'files', tools: [{ tool: 'sync', category: 'Destructive', note: '' }] }],
    [{ server: 'files', tools: [{ tool: 'sync', state: 'accepted', note: '', definition: { name: 'sync' } }] }]]);
  const waits = async state => (await from.must(200, 'GET', `/servers/${acme.server}/definitions?state=${state}`)).body.items.map(d => d.fingerprint);
  assert.deepEqual(await waits('waiting'), [WAITING]);
  const applied = await from.must(200, 'POST', '/apply', { ...all, ...decided, prune: true }, ANY);
  assert.deepEqual(applied.body.changes.map(c => [c.action, c.name.replace(/ [0-9a-f]{8}$/, ''), c.differences.map(d => [d.field, d.from, d.to])]), [
    ['change', 'files sync', [['category', 'Destructive', 'Write'], ['note', '', 'as \u202e asked']]], ['add', 'files new', []],
    ['change', 'files sync', [['state', 'accepted', 'rejected']]], ['add', 'files sync', []], ['add', 'files pull', []]]);
  assert.deepEqual([await waits('waiting'), await waits('rejected'), (await waits('accepted')).length], [[], [ACCEPTED], 2]);
  assert.ok((await waits('accepted')).includes(WAITING), 'whatever the order of members');
  const moved = (await from.must(200, 'GET', '/export')).body;
  assert.deepEqual([tools(moved.overrides), tools(moved.definitions)], [tools(decided.overrides), tools(decided.definitions)]);
  await empty(to);
  assert.equal(told(await to.must(200, 'POST', '/apply', moved, ANY)).filter(c => c.startsWith('add override') || c.startsWith('add definition')).length, 5);
  assert.deepEqual(sorted((await to.must(200, 'GET', '/export')).body).definitions, sorted(moved).definitions);
  assert.deepEqual(told(await to.must(200, 'POST', '/apply', { ...moved, prune: true }, ANY)), []);
  // Only what is said is taken away, and what goes with its server is not told apart.
  const { definitions, ...without } = moved;
  assert.deepEqual(told(await to.must(200, 'POST', '/apply', { ...without, overrides: [], prune: true }, ANY)).sort(), ['remove override files new', 'remove override files sync']);
  assert.equal(definitions.length, 1);
  assert.deepEqual(told(await to.must(200, 'POST', '/apply', { ...moved, definitions: [{ server: 'files', tools: definitions[0].tools.slice(0, 2) }], overrides: [], prune: true }, ANY)).length, 1);
  assert.deepEqual(told(await empty(to)).filter(c => /override|definition/.test(c)), []);
});

test('decisions about tools that cannot be are refused at their place', async t => {
  const { from } = await two(t);
  const before = await everything(from), none = { servers: [], policies: [], grants: [] };
  const sync = { tool: 'sync', state: 'accepted', definition: { name: 'sync' } }, ours = list => [{ server: 'files', tools: list }];
  const refusals = [
    [{ overrides: [{ server: 'nothing', tools: [] }] }, 'server'],
    [{ overrides: [{ server: 'file.files', tools: [] }] }, 'server'],
    [{ overrides: [{ server: 'files', tools: {} }] }, 'tools'],
    [{ overrides: ours([7]) }, 'tools'],
    [{ overrides: ours([{ tool: 'x', category: 'Harmless' }]) }, 'category'],
    [{ overrides: ours([{ tool: 'x'.repeat(300), category: 'Read' }]) }, 'tool'],
    [{ overrides: ours([{ tool: 'x', category: 'Read' }, { tool: 'x', category: 'Write' }]) }, ''],
    [{ overrides: [...ours([{ tool: 'x', category: 'Read' }]), ...ours([{ tool: 'x', category: 'Read' }])] }, ''],
    [{ definitions: ours([{ ...sync, tool: 'pull' }]) }, 'definition'],
    [{ definitions: ours([{ ...sync, definition: {} }]) }, 'definition'],
    [{ definitions: ours([{ ...sync, definition: 'sync' }]) }, 'definition'],
    [{ definitions: ours([{ ...sync, state: 'waiting' }]) }, 'state'],
    [{ definitions: ours([{ ...sync, definition: { name: 'sync', description: 'x'.repeat(300000) } }]) }, 'definition'],
    [{ definitions: ours([sync, { ...sync, state: 'rejected' }]) }, ''],
  ];
  for (const [more, field] of refusals) {
    const answer = await from.call('POST', '/apply', { ...none, ...more }, ANY);
    assert.deepEqual([answer.status, answer.body.errors?.[0].field], [422, field], answer.text.slice(0, 500));
    assert.ok(answer.body.errors[0].line, answer.text);
  }
  assert.deepEqual(await everything(from), before);
});

const HOOK = { name: 'ops', kind: 'webhook', url: 'https://hooks.example.com/ops', events: ['approval.asked', 'approval.decided'], arguments: true, disabled: false };
const MAIL = { name: 'desk', kind: 'mail', to: ['b@example.com', 'a@example.com'], events: ['grant.paused'], arguments: false, disabled: true };
const LOGIN = { name: 'login', title: 'The "login"', issuer: 'https://login.example.com/', client_id: 'us', scopes: 'openid email', domains: ['example.com'], claim: 'team', claim_value: 'ops', role: 'policy_manager', disabled: false };

test('channels and identity providers move, and their secrets do not', async t => {
  const { from, to } = await two(t);
  await empty(from);
  const secret = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
  await from.must(201, 'POST', '/channels', { ...HOOK, secret });
  await from.must(201, 'POST', '/channels', MAIL);
  await from.must(201, 'POST', '/providers', { ...LOGIN, client_secret: 'hush-client' });
  const { body: exported, text } = await from.must(200, 'GET', '/export');
  assert.deepEqual([exported.channels, exported.providers], [[HOOK, MAIL], [{ ...LOGIN, has_client_secret: true }]]);
  assert.ok(!text.includes('whsec_') && !text.includes('hush'), text);
  await empty(to);
  const missing = [{ kind: 'channel', name: 'ops' }, { kind: 'provider', name: 'login' }];
  const dry = await to.must(200, 'POST', '/apply', { ...exported, dry_run: true }, ANY);
  assert.deepEqual([told(dry), dry.body.missing_secrets], [['add channel ops', 'add channel desk', 'add provider login'], missing]);
  assert.deepEqual((await to.must(200, 'GET', '/export')).body.channels, []);
  assert.deepEqual((await to.must(200, 'POST', '/apply', exported, ANY)).body.missing_secrets, missing);
  // Told each time, until they are set; then they stay.
  assert.deepEqual((await to.must(200, 'POST', '/apply', exported, ANY)).body.missing_secrets, missing);
  const channel = (await to.must(200, 'GET', '/channels?name=ops')).body.items[0], provider = (await to.must(200, 'GET', '/providers?name=login')).body.items[0];
  assert.equal(provider.has_client_secret, false);
  await to.must(200, 'PATCH', '/channels/' + channel.id, { secret }, ANY);
  await to.must(200, 'PATCH', '/providers/' + provider.id, { client_secret: 'hush-other' }, ANY);
  const again = await to.must(200, 'POST', '/apply', { ...exported, prune: true }, ANY);
  assert.deepEqual([told(again), again.body.missing_secrets], [[], []]);
  assert.deepEqual(sorted((await to.must(200, 'GET', '/export')).body), sorted(exported));
  assert.equal((await to.must(200, 'GET', '/providers/' + provider.id)).body.has_client_secret, true);
  // What an older text says nothing of stays, also with prune.
  const { servers, policies, grants } = exported;
  assert.deepEqual(told(await to.must(200, 'POST', '/apply', { servers, policies, grants, prune: true }, ANY)), []);
  assert.deepEqual(told(await to.must(200, 'POST', '/apply', { ...exported, channels: [MAIL], providers: [], prune: true }, ANY)), ['remove provider login', 'remove channel ops']);
});

test('what differs of a channel and of an identity provider is told, and done', async t => {
  const { from } = await two(t);
  const none = { servers: [], policies: [], grants: [] };
  await empty(from);
  const apply = (more, status = 200) => from.must(status, 'POST', '/apply', { ...none, ...more }, ANY);
  await from.must(201, 'POST', '/channels', HOOK);
  await from.must(201, 'POST', '/channels', MAIL);
  await from.must(201, 'POST', '/providers', { ...LOGIN, client_secret: 'hush' });
  const changed = await apply({ channels: [{ ...HOOK, url: 'https://other.example.com/', events: undefined }, { ...MAIL, to: ['a@example.com'], disabled: false }], providers: [{ ...LOGIN, role: 'viewer', title: '' }] });
  assert.deepEqual(changed.body.changes.map(c => [c.action, c.name, c.differences]), [
    ['change', 'ops', [{ field: 'url', from: HOOK.url, to: 'https://other.example.com/' }, { field: 'events', from: HOOK.events, to: ['approval.asked', 'approval.decided', 'grant.paused', 'contact.sent'] }]],
    ['change', 'desk', [{ field: 'to', from: MAIL.to, to: ['a@example.com'] }, { field: 'disabled', from: true, to: false }]],
    ['change', 'login', [{ field: 'title', from: 'The "login"', to: '' }, { field: 'role', from: 'policy_manager', to: 'viewer' }]]]);
  assert.deepEqual(changed.body.missing_secrets, []);
  assert.equal((await from.must(200, 'GET', '/providers')).body.items[0].has_client_secret, true, 'the secret stays');
  // A secret is given to no other issuer than it was written for.
  const elsewhere = await apply({ providers: [{ ...LOGIN, title: '', role: 'viewer', issuer: 'https://evil.example.com/', has_client_secret: true }] });
  assert.deepEqual([elsewhere.body.changes[0].differences, elsewhere.body.missing_secrets], [
    [{ field: 'issuer', from: 'https://login.example.com/', to: 'https://evil.example.com/' }, { field: 'has_client_secret', from: true, to: false }], [{ kind: 'provider', name: 'login' }]]);
  const before = await everything(from);
  const refusals = [
    [{ channels: [{ ...HOOK, kind: 'mail', url: null, to: ['a@example.com'] }] }, 'kind'],
    [{ channels: [{ ...HOOK, url: 'ftp://example.com' }] }, 'url'],
    [{ channels: [{ ...HOOK, url: undefined }] }, 'url'],
    [{ channels: [{ ...HOOK, events: ['nothing'] }] }, 'events'],
    [{ channels: [{ ...MAIL, url: 'https://x.example.com' }] }, 'url'],
    [{ channels: [{ ...MAIL, to: ['a'] }] }, 'to'],
    [{ channels: [{ ...HOOK, secret: 'whsec_x' }] }, ''],
    [{ channels: [HOOK, HOOK] }, ''],
    [{ channels: {} }, 'channels'],
    [{ providers: [{ ...LOGIN, issuer: 'http://login.example.com' }] }, 'issuer'],
    [{ providers: [{ ...LOGIN, scopes: 'email' }] }, 'scopes'],
    [{ providers: [{ ...LOGIN, domains: ['@example.com'] }] }, 'domains'],
    [{ providers: [{ ...LOGIN, client_secret: 'x' }] }, ''],
    [{ providers: [7] }, 'providers'],
  ];
  for (const [more, field] of refusals) {
    const answer = await from.call('POST', '/apply', { ...none, ...more }, ANY);
    assert.deepEqual([answer.status, answer.body.errors[0].field], [422, field], answer.text);
    if (field !== 'channels') assert.ok(answer.body.errors[0].line, answer.text);
  }
  const many = (count, name) => Array.from({ length: count }, (_, i) => ({ ...HOOK, name: name + i }));
  for (const [channels, prune] of [[many(31, 'n'), false], [many(33, 'n'), true]]) await from.refused(409, 'conflict', 'POST', '/apply', { ...none, channels, prune }, ANY);
  assert.deepEqual(await everything(from), before);
  for (const name of ['n', 'm']) await apply({ channels: many(32, name), prune: true });
});

test('a number that was left out stays out, and a later one does not become the newest by it', async t => {
  const { from, acme } = await two(t);
  const base = { servers: [], grants: [] };
  await from.must(200, 'POST', '/apply', { ...base, policies: [{ name: 'careful', document: ALLOW, versions: [{ number: 5, document: DENY }] }] }, ANY);
  assert.deepEqual((await from.must(200, 'GET', `/policies/${acme.policy}/versions`)).body.items.map(v => v.number), [1, 5, 6]);
  await from.must(200, 'POST', '/apply', { ...base, policies: [{ name: 'careful', document: ALLOW, versions: [{ number: 3, document: DENY }] }] }, ANY);
  assert.equal((await from.must(200, 'GET', '/policies/' + acme.policy)).body.latest, 6);
  await from.must(404, 'GET', `/policies/${acme.policy}/versions/2`);
  await from.refused(422, 'invalid', 'POST', '/grants', { label: 'x', servers: [{ server: 'files', policy: 'careful', policy_version: 2 }] });
  await from.refused(422, 'invalid', 'POST', `/policies/${acme.policy}/rollback`, { number: 2 }, ANY);
  await from.must(201, 'POST', `/policies/${acme.policy}/rollback`, { number: 3 }, ANY);
});

// ---- At random: whatever there is, another organisation becomes the same by it, from whatever it was.

function merged(wanted, there, key) {
  const servers = new Map(wanted.map(s => [s.server, [...s.tools]]));
  for (const { server, tools: before } of there) {
    const now = servers.get(server) ?? [];
    servers.set(server, [...now, ...before.filter(tool => !now.some(other => key(other) === key(tool)))]);
  }
  return [...servers].map(([server, list]) => ({ server, tools: list }));
}

test('any state becomes any other in one step', async t => {
  const seed = Number(process.env.TEST_SEED ?? 20261121), random = generator(seed);
  t.diagnostic('TEST_SEED=' + seed);
  const { from, to } = await two(t);
  for (let step = 0; step < Number(process.env.TEST_STEPS ?? 60); step++) {
    const api = random.pick([from, to]), wanted = someState(random), prune = random.chance(0.8);
    const there = sorted((await api.must(200, 'GET', '/export')).body);
    const answer = await api.must(200, 'POST', '/apply', { ...wanted, prune }, ANY);
    const now = sorted((await api.must(200, 'GET', '/export')).body);
    const expected = sorted(prune ? wanted : {
      servers: [...wanted.servers, ...there.servers.filter(s => !wanted.servers.some(w => w.name === s.name))],
      policies: [...wanted.policies, ...there.policies.filter(s => !wanted.policies.some(w => w.name === s.name))],
      grants: [...wanted.grants, ...there.grants.filter(s => !wanted.grants.some(w => w.label === s.label))],
      channels: [...wanted.channels, ...there.channels.filter(s => !wanted.channels.some(w => w.name === s.name))],
      overrides: merged(wanted.overrides, there.overrides, tool => tool.tool),
      definitions: merged(wanted.definitions, there.definitions, tool => tool.tool + tool.definition.title),
      providers: [...wanted.providers, ...there.providers.filter(s => !wanted.providers.some(w => w.name === s.name))],
    });
    const context = `step ${step}, seed ${seed}: ${answer.text}`;
    const loose = s => ({ ...s, servers: s.servers.map(x => ({ ...x, credentials: prune ? x.credentials : [] })) });
    assert.deepEqual(loose(now), loose(expected), context);
    assert.deepEqual(answer.body.tokens.map(x => x.grant).sort(), wanted.grants.map(g => g.label).filter(l => !there.grants.some(g => g.label === l)).sort(), context);
    assert.deepEqual(told(await api.must(200, 'POST', '/apply', { ...now, prune: true }, { 'If-Match': answer.etag })), [], context);
  }
});

test('hostile bodies: deep, wide, wrong; the gateway stays', async t => {
  const { from } = await two(t);
  const wrap = grants => JSON.stringify({ servers: [], policies: [], grants });
  for (const body of ['[', '{"servers":' + '['.repeat(500) + ']'.repeat(500) + ',"policies":[],"grants":[]}', '{"servers":[],"servers":[],"policies":[],"grants":[]}', 'null', '""',
    wrap([{ label: 'a'.repeat(5000), servers: [] }]), wrap([{ label: 'a\u0000b', servers: [] }]), wrap([{ label: 'a', tags: [1], servers: [] }]),
    wrap([{ label: 'a', servers: Array.from({ length: 1500 }, () => ({ server: 'files' })) }]), wrap([{ label: 'a', servers: [{ server: 'files' }, { server: 'files' }] }])]) {
    const answer = await from.call('POST', '/apply', body, ANY);
    assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${body.slice(0, 60)}`);
  }
  const many = await from.must(200, 'POST', '/apply', { servers: [], policies: [], grants: Array.from({ length: 3000 }, (_, i) => ({ label: 'g' + i, servers: [{ server: 'files', policy: 'careful' }] })) }, ANY);
  assert.equal(new Set(many.body.tokens.map(t => t.token)).size, 3000);
});
