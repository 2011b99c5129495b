// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A whole organisation at once: GET /export and POST /apply.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { ALLOW, DENY, generator, someState } from '../lib/organisation.mjs';

const ANY = { 'If-Match': '*' };
const sorted = moved => ({
  servers: [...moved.servers].sort((a, b) => (a.name < b.name ? -1 : 1)).map(s => ({ ...s, credentials: [...s.credentials].sort((a, b) => (a.name < b.name ? -1 : 1)) })),
  policies: [...moved.policies].sort((a, b) => (a.name < b.name ? -1 : 1)),
  grants: [...moved.grants].sort((a, b) => (a.label < b.label ? -1 : 1)).map(g => ({ ...g, servers: [...g.servers].sort((a, b) => (a.server < b.server ? -1 : 1)) })),
});
const told = answer => answer.body.changes.map(c => `${c.action} ${c.kind} ${c.name}`);
const everything = async api => ({ moved: sorted((await api.must(200, 'GET', '/export')).body), audit: (await api.must(200, 'GET', '/audit?limit=1000')).body.items.length });

async function two(t) {
  const server = await startApi(t);
  return { ...server, from: server.api.as(server.acme.keys.admin), to: server.api.as(server.umbrella.keys.admin) };
}
const empty = api => api.must(200, 'POST', '/apply', { servers: [], policies: [], grants: [], prune: true }, ANY);

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
  assert.deepEqual(told(applied), ['add policy careful', 'add server files', 'add grant laptop', 'add grant bound "2"', 'add grant bare']);
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
  assert.deepEqual(told(await empty(from)), ['remove server files']);
  assert.deepEqual(sorted((await from.must(200, 'GET', '/export')).body), { servers: [], policies: [], grants: [] });
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
