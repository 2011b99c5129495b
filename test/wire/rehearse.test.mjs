// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Recorded calls through a draft: what a replay says of a log is what gateways really did. Random policies and calls, seeded.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { filesOnly } from '../lib/database.mjs';
import { BINARY, startGateway } from '../lib/gateway.mjs';
import { Session, modern } from '../lib/mcp.mjs';
import { generator } from '../lib/organisation.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream, text, tool } from '../lib/upstream.mjs';

// With a database calls that ask wait for people, and which values are logged is the organisation's to say.
const WAITS = filesOnly('nobody answers what these calls ask, and the values that are compared are logged by the file');

const TOOLS = ['read_a', 'read_b', 'write_a', 'delete_a', 'pay'];
const CALLS = 120;

function someCondition(random) {
  return random.pick([
    { path: 'args.n', op: random.pick(['gt', 'lte']), value: random.below(10) },
    { path: 'args.s', op: random.pick(['eq', 'neq']), value: random.pick(['x', 'y']) },
    { path: 'args.s', op: 'exists', value: random.chance(0.7) },
    { path: 'args.other', op: 'exists', value: random.chance(0.5) },
    { path: 'args.list[*]', op: 'lt', value: random.below(10) },
    { path: 'session.calls', op: random.pick(['lt', 'gte']), value: random.below(15) },
    { path: 'client.name', op: random.pick(['eq', 'neq']), value: random.pick(['one', 'two']) },
    { path: 'grant.label', op: 'eq', value: random.pick(['agent', 'other']) },
    { path: 'tool.name', op: 'ends_with', value: '_a' },
    { path: 'time.hour', op: 'lte', value: 23 },
  ]);
}
const somePredicates = random => Array.from({ length: random.pick([0, 0, 0, 1, 2]) }, () => ({ conditions: Array.from({ length: random.pick([1, 1, 2]) }, () => someCondition(random)) }));
function someLimits(random, name) {
  return Array.from({ length: random.pick([0, 0, 1]) }, (_, i) => ({ counter: name + i, window: random.pick(['hour', 'day']), max: 2 + random.below(20), scope: random.pick(['grant', 'session', 'server']),
    ...(random.chance(0.4) ? { increment_from: 'args.n' } : {}), ...(random.chance(0.3) ? { per: 'args.s' } : {}), ...(random.chance(0.3) ? { count: 'successes' } : {}) }));
}
function someRule(random, name) {
  return { ...(random.chance(0.25) ? { action: random.pick(['deny', 'hide', 'require_approval']) } : {}), require: somePredicates(random), deny_if: somePredicates(random), approve_if: random.chance(0.3) ? somePredicates(random) : [],
    limits: someLimits(random, name) };
}
function somePolicy(random) {
  const tools = {};
  for (const key of [...TOOLS, 'read_*', '*_a', '@read', '@destructive', '*']) if (random.chance(0.5)) tools[key] = someRule(random, key.replace(/\W/g, 'x'));
  return { version: '1', default: random.pick(['allow', 'deny']), hide: random.chance(0.2) ? [random.pick(TOOLS)] : [], tools,
    all_tools: { require: random.chance(0.15) ? somePredicates(random) : [], deny_if: random.chance(0.15) ? somePredicates(random) : [], limits: someLimits(random, 'all') } };
}
function someCall(random) {
  const args = {};
  if (random.chance(0.8)) args.n = random.pick([random.below(10), random.below(10), '7', -1, 0.25, null]);
  if (random.chance(0.7)) args.s = random.pick(['x', 'y', 'z', 5]);
  if (random.chance(0.2)) args.list = random.pick([[1, 2], [1, 'a'], [], 3]);
  if (random.chance(0.05)) args.N = 1;
  if (random.chance(0.1)) args.fail = true;
  return { who: random.below(5), tool: random.chance(0.05) ? 'nobody' : random.pick(TOOLS), args: random.chance(0.05) ? undefined : args };
}

const definitions = TOOLS.map(name => tool(name, { n: { type: 'number' } }));
async function run(t, policy, calls, extra = {}, mode = 'enforce') {
  const fake = await FakeUpstream.start(t, { tools: definitions, onCall: m => (m.params.arguments?.fail ? { ...text('no'), isError: true } : text('yes')) });
  const servers = { fake: 'main' };
  const gateway = await startGateway(t, { servers: { fake: { url: fake.url } }, policies: { main: policy }, grants: { agent: { servers }, other: { servers, mode } }, extra });
  const sessions = [await Session.open(gateway, { server: 'fake', label: 'agent', client: 'one' }), await Session.open(gateway, { server: 'fake', label: 'agent', client: 'two' }), await Session.open(gateway, { server: 'fake', label: 'other', client: 'one' })];
  await sessions[0].toolNames(); // categories are known from here on
  let id = 100;
  for (const call of calls) {
    const params = { name: call.tool, ...(call.args === undefined ? {} : { arguments: call.args }) };
    if (call.who < 3) await sessions[call.who].request('tools/call', params);
    else await modern(gateway, 'fake', 'tools/call', params, { id: id++, label: call.who === 3 ? 'agent' : 'other', client: 'one' });
  }
  const rows = (await gateway.waitRows(row => row.method === 'tools/call', calls.length)).slice(0, calls.length);
  await gateway.stop();
  return { rows, log: gateway.logFile };
}

function replay(t, policy, log, ...more) {
  const file = path.join(scratch(t), 'draft.json');
  fs.writeFileSync(file, JSON.stringify(policy));
  const { status, stdout, stderr } = spawnSync(BINARY, ['policy', 'replay', file, log, '--json', ...more], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
// What the rules said; where a grant only observes, all of it passed.
function outcome(row) {
  if (/needs a person's approval|A person would be asked/.test(row.reason ?? '')) return 'asks';
  if (row.outcome === 'observed') return row.rule === '(hidden)' ? 'hidden' : 'denied';
  return row.outcome === 'failed' ? 'allowed' : row.outcome;
}

// Categories are of no use here: a log does not have them. Both policies go without unless all categories come to the same.
const plain = policy => ({ ...policy, tools: Object.fromEntries(Object.entries(policy.tools).filter(([key]) => !key.startsWith('@'))) });

function difference(before, after) {
  const kinds = {};
  before.forEach((row, i) => {
    const [from, to] = [outcome(row), outcome(after[i])];
    if (from !== to) kinds[from + ' ' + to] = (kinds[from + ' ' + to] ?? 0) + 1;
  });
  return kinds;
}
const said = answer => Object.fromEntries(answer.kinds.map(k => [k.from + ' ' + k.to, k.calls]));
const sorted = kinds => Object.entries(kinds).sort();

// Nothing that is said is wrong, and what is not said is counted.
function within(answer, truth) {
  for (const [kind, count] of Object.entries(said(answer))) assert.ok(count <= (truth[kind] ?? 0), `${kind}: ${count} of ${truth[kind]}`);
  assert.ok(Object.values(truth).reduce((a, b) => a + b, 0) <= answer.changed + answer.cannot_tell);
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`what a replay says is what gateways did, ${seed}`, { skip: WAITS }, async t => {
    const random = generator(7000 + seed), policy = plain(somePolicy(random)), draft = plain(somePolicy(random));
    const calls = Array.from({ length: CALLS }, () => someCall(random));
    const mode = seed % 3 === 0 ? 'observe' : 'enforce';
    const [then, now] = [await run(t, policy, calls, { decision_log_arguments: { secrets: false } }, mode), await run(t, draft, calls, {}, mode)];
    const same = replay(t, policy, then.log);
    assert.deepEqual([same.calls, same.changed, same.other_rule, same.cannot_tell], [CALLS, 0, 0, 0], JSON.stringify([same.changes, same.unsure]));
    const other = replay(t, draft, then.log);
    const truth = difference(then.rows, now.rows);
    // Whether a call that did not run would have succeeded is in no log.
    if (JSON.stringify(draft).includes('"successes"')) within(other, truth);
    else assert.deepEqual([other.cannot_tell, ...sorted(said(other))], [0, ...sorted(truth)], JSON.stringify([other.unsure, other.changes]));
    for (const group of other.changes) assert.ok(group.examples.every(e => then.rows.some(row => row.id === e.id && row.subject === group.subject)));

    // Without values less can be told, and nothing of it is wrong.
    const bare = path.join(scratch(t), 'bare.jsonl');
    fs.writeFileSync(bare, fs.readFileSync(then.log, 'utf8').replace(/"arguments":\{.*?\},("answer"|"upstream_status"|"decide_us")/g, '$1'));
    assert.equal(replay(t, policy, bare).changed, 0);
    within(replay(t, draft, bare), truth);

    for (const log of [then.log, bare]) {
      const { status, stdout, stderr } = spawnSync(BINARY, ['policy', 'suggest', '--grant', 'agent', '--margin', '1', log], { encoding: 'utf8' });
      if (/no call of grant/.test(stderr)) continue;
      assert.equal(status, 0, stderr + stdout); // it plays itself, and says when a call that passed would be denied
      const suggested = JSON.parse(stdout), passed = then.rows.filter(row => row.grant === 'agent' && row.outcome === 'allowed').map(row => row.subject);
      assert.deepEqual(Object.keys(suggested.tools).sort(), [...new Set(passed)].sort());
      const answer = replay(t, suggested, log, '--grant', 'agent');
      const lost = answer.kinds.filter(k => k.from === 'allowed' && k.to !== 'asks');
      assert.deepEqual(lost, [], JSON.stringify(answer.changes));
      for (const [name, rule] of Object.entries(suggested.tools)) assert.equal(rule.action ?? 'allow', /^(delete_a|pay)$/.test(name) ? 'require_approval' : 'allow');
    }
  });
}

// Rules, predicates and limits that only observe.
function observing(random, value) {
  if (Array.isArray(value)) return value.map(v => observing(random, v));
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, v]) => [key, observing(random, v)]));
  if (('conditions' in copy || 'counter' in copy || 'require' in copy) && random.chance(0.4)) copy.mode = 'observe';
  return copy;
}
for (const seed of [1, 3, 4]) {
  test(`what parts of a policy only observe is played as it was, ${seed}`, { skip: WAITS }, async t => {
    const random = generator(8000 + seed), made = plain(somePolicy(random));
    const policy = { ...made, tools: observing(random, made.tools) };
    const calls = Array.from({ length: CALLS }, () => someCall(random));
    const then = await run(t, policy, calls, { decision_log_arguments: { secrets: false } });
    assert.ok(then.rows.some(row => row.outcome === 'observed'));
    const same = replay(t, policy, then.log);
    assert.deepEqual([same.calls, same.changed, same.cannot_tell], [CALLS, 0, 0], JSON.stringify([same.changes, same.unsure]));
  });
}
