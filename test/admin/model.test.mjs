// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Random requests of two organisations, with right and wrong ids, ETags and bodies, held to a model of a few lines:
// each answer's status and version, now and then everything there is, and everything again after a start.
// TEST_SEED repeats a run, TEST_STEPS makes it longer.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';

const STEPS = Number(process.env.TEST_STEPS ?? 400);
const DOCUMENTS = [{ version: '1', default: 'deny' }, { version: '1', default: 'allow' }, { version: '1', default: 'allow', tools: { x: { action: 'deny' } } }];

function generator(seed) {
  let state = seed >>> 0;
  const next = () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { below: n => Math.floor(next() * n), pick: list => list[Math.floor(next() * list.length)], chance: p => next() < p };
}

class Model {
  constructor(random) { this.random = random; this.servers = new Map(); this.policies = new Map(); this.grants = new Map(); this.steps = 0; }
  of(kind) { return this[kind]; }
  uses(kind, id) { return [...this.grants.values()].some(g => g.servers.some(s => s[kind] === id)); }
}

// An id: mostly one of ours, sometimes one of the other organisation, one that is gone, or nonsense.
function someId(random, mine, other, gone) {
  const lists = [[...mine.keys()], [...mine.keys()], [...mine.keys()], [...mine.keys()], [...other.keys()], gone, ['nonsense']].filter(l => l.length > 0);
  return random.pick(random.pick(lists));
}
const ETAGS = ['right', 'right', 'right', 'any', 'wrong', 'none'];
const header = (how, record) => (how === 'none' ? {} : { 'If-Match': how === 'any' ? '*' : `"${(record?.version ?? 1) + (how === 'wrong' ? 7 : 0)}"` });

// What a change must be answered with before anything about its body counts; 0: nothing is in its way.
const refusal = (how, record) => (how === 'none' ? 428 : !record ? 404 : how === 'wrong' ? 412 : 0);

const NAME = { servers: 'name', policies: 'name', grants: 'label' };
const taken = (model, kind, name, but) => [...model.of(kind)].some(([id, r]) => id !== but && r[NAME[kind]] === name);

function reachOf(model, random) {
  const list = [];
  for (const server of model.servers.keys())
    if (random.chance(0.3)) {
      const policy = random.chance(0.7) && model.policies.size > 0 ? random.pick([...model.policies.keys()]) : null;
      const version = policy && random.chance(0.5) ? 1 + random.below(model.policies.get(policy).latest) : policy ? 'latest' : null;
      list.push({ server, policy, policy_version: version });
    }
  return list;
}
const byServer = list => [...list].sort((a, b) => (a.server < b.server ? -1 : 1));

const NEW = {
  servers: (model, random) => ({ name: 's' + random.below(8), transport: 'http', url: 'https://x.example.com/' + random.below(9) }),
  policies: (model, random) => ({ name: 'p' + random.below(8), document: random.pick(DOCUMENTS) }),
  grants: (model, random) => ({ label: 'g' + random.below(10), mode: random.pick(['enforce', 'observe']), servers: reachOf(model, random) }),
};
const RECORD = {
  servers: b => ({ name: b.name, url: b.url, disabled: false, version: 1 }),
  policies: b => ({ name: b.name, note: '', latest: 1, version: 2, documents: [b.document] }),
  grants: b => ({ label: b.label, mode: b.mode, servers: b.servers, revoked: false, tokens: 1, version: 1 }),
};
const EDIT = {
  servers: (model, random) => random.pick([{ disabled: random.chance(0.5) }, { name: 's' + random.below(8) }, { url: 'https://y.example.com/' + random.below(9) }]),
  policies: (model, random) => random.pick([{ note: 'n' + random.below(9) }, { name: 'p' + random.below(8) }]),
  grants: (model, random) => random.pick([{ mode: random.pick(['enforce', 'observe']) }, { label: 'g' + random.below(10) }, { servers: reachOf(model, random) }]),
};

async function add({ api, model, random }, kind) {
  const body = NEW[kind](model, random), key = random.chance(0.3) ? { 'Idempotency-Key': 'k' + model.steps } : {};
  const expected = taken(model, kind, body[NAME[kind]]) ? 409 : 201;
  const answer = await api.must(expected, 'POST', '/' + kind, body, key);
  if (expected !== 201) return;
  model.of(kind).set(answer.body.id, RECORD[kind](body));
  if (key['Idempotency-Key']) assert.equal((await api.must(201, 'POST', '/' + kind, body, key)).body.id, answer.body.id);
}

async function edit({ api, model, random, id }, kind) {
  const record = model.of(kind).get(id), how = random.pick(ETAGS), body = EDIT[kind](model, random);
  let expected = refusal(how, record) || 200;
  const name = body[NAME[kind]];
  if (expected === 200 && name !== undefined && taken(model, kind, name, id)) expected = 409;
  const answer = await api.must(expected, 'PATCH', `/${kind}/${id}`, body, header(how, record));
  if (expected !== 200) return;
  Object.assign(record, body, { version: record.version + 1 });
  assert.equal(answer.body.version, record.version);
}

async function remove({ api, model, random, id, gone }, kind) {
  const record = model.of(kind).get(id), how = random.pick(ETAGS);
  const used = kind !== 'grants' && model.uses({ servers: 'server', policies: 'policy' }[kind], id);
  const expected = refusal(how, record) || (used ? 409 : 204);
  await api.must(expected, 'DELETE', `/${kind}/${id}`, undefined, header(how, record));
  if (expected === 204) { model.of(kind).delete(id); gone.push(id); }
}

async function version({ api, model, random, id }) {
  const record = model.policies.get(id), how = random.pick(ETAGS), back = random.chance(0.3), broken = random.chance(0.2);
  const number = 1 + random.below((record?.latest ?? 1) + (broken ? 3 : 0));
  const document = broken ? { version: '1', default: 'perhaps' } : random.pick(DOCUMENTS);
  const wrong = back ? number > (record?.latest ?? 0) : broken;
  const expected = refusal(how, record) || (wrong ? 422 : 201);
  const answer = await api.must(expected, 'POST', `/policies/${id}/${back ? 'rollback' : 'versions'}`, back ? { number } : { document }, header(how, record));
  if (expected !== 201) return;
  record.documents.push(back ? record.documents[number - 1] : document);
  record.latest++;
  record.version++;
  assert.deepEqual([answer.body.number, answer.etag], [record.latest, `"${record.version}"`]);
}

async function rotate({ api, model, random, id }) {
  const record = model.grants.get(id), how = random.pick(ETAGS), revoke = random.chance(0.2), overlap = random.pick([0, 3600]);
  const expected = refusal(how, record) || (record.revoked ? 409 : 200);
  const answer = await api.must(expected, 'POST', `/grants/${id}/${revoke ? 'revoke' : 'rotate'}`, revoke ? undefined : { overlap_seconds: overlap }, header(how, record));
  if (expected !== 200) return;
  record.version++;
  record.revoked = revoke;
  record.tokens = revoke ? 0 : overlap ? record.tokens + 1 : 1;
  assert.deepEqual([answer.body.version, answer.body.tokens.length], [record.version, record.tokens]);
}

async function compare(api, model) {
  const all = async kind => new Map((await api.must(200, 'GET', `/${kind}?limit=1000`)).body.items.map(r => [r.id, r]));
  for (const kind of ['servers', 'policies', 'grants']) {
    const found = await all(kind);
    assert.deepEqual([...found.keys()].sort(), [...model.of(kind).keys()].sort(), kind);
    for (const [id, record] of model.of(kind)) {
      const { documents, tokens, revoked, servers, ...same } = record;
      const there = found.get(id);
      for (const [member, value] of Object.entries(same)) assert.equal(there[member], value, `${kind} ${id} ${member}`);
      if (servers) assert.deepEqual([byServer(there.servers), there.revoked_at !== null, there.tokens.length], [byServer(servers), revoked, tokens]);
      if (documents) assert.deepEqual((await api.must(200, 'GET', `/policies/${id}/versions/${record.latest}`)).body.document, documents.at(-1));
    }
  }
  const rows = (await api.must(200, 'GET', '/audit?limit=1000')).body.items;
  rows.forEach((row, i) => assert.equal(row.seq, rows[0].seq - i, 'the audit has no gaps'));
}

test('any order of requests leaves what the model says', async t => {
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic('TEST_SEED=' + seed);
  const random = generator(seed), gone = [];
  let server = await startApi(t);
  const keys = [server.acme.keys.admin, server.umbrella.keys.admin];
  const models = keys.map(() => new Model(random));
  for (const [i, owner] of [server.acme, server.umbrella].entries()) {
    models[i].servers.set(owner.server, { name: 'files', url: 'https://files.example.com/mcp', disabled: false, version: 1 });
    models[i].policies.set(owner.policy, { name: 'careful', note: '', latest: 1, version: 2, documents: [{ version: '1', default: 'deny' }] });
    models[i].grants.set(owner.grant, { label: 'laptop', mode: 'enforce', servers: [{ server: owner.server, policy: owner.policy, policy_version: 'latest' }], revoked: false, tokens: 1, version: 1 });
  }
  for (let step = 0; step < STEPS; step++) {
    const who = random.below(2), model = models[who], kind = random.pick(['servers', 'policies', 'grants']);
    model.steps = step;
    const act = random.pick([add, add, edit, edit, remove, kind === 'policies' ? version : kind === 'grants' ? rotate : edit]);
    const id = someId(random, model.of(kind), models[1 - who].of(kind), gone);
    try {
      await act({ api: server.api.as(keys[who]), model, random, id, gone }, kind);
    } catch (error) {
      error.message = `TEST_SEED=${seed}, step ${step}, ${act.name} ${kind}: ${error.message}`;
      throw error;
    }
    if (step === STEPS >> 1) {
      await server.stop();
      server = await startApi(t, { seed: false, folder: server.folder });
    }
    if (step % 100 === 99) for (const i of [0, 1]) await compare(server.api.as(keys[i]), models[i]);
  }
});
