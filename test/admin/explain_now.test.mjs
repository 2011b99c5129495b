// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is said to become of a call is what then becomes of it: random policies, calls and grants, with limits that fill
// up, fuses that blow and rules that only observe; each call is explained, then made.
import assert from 'node:assert/strict';
import test from 'node:test';
import { controlled } from '../lib/controlled.mjs';
import { modern } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';

const ANY = { 'If-Match': '*' };
const answerOf = answer => answer.body ?? answer.messages.at(-1);
const TOOLS = ['read', 'write', 'pay', 'extra'];

function chance(seed) {
  const next = () => { seed = seed + 0x6D2B79F5 | 0; let t = Math.imul(seed ^ seed >>> 15, 1 | seed); t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t; return ((t ^ t >>> 14) >>> 0) / 4294967296; };
  const below = n => Math.floor(next() * n);
  return { below, any: list => list[below(list.length)], maybe: percent => below(100) < percent };
}

// In a rule that only observes nothing may be enforced, and nothing says so.
const mode = c => c.maybe(25) ? { mode: 'observe' } : {};
const condition = c => c.any([{ path: 'args.n', op: c.any(['lt', 'gt', 'eq']), value: c.below(4) }, { path: 'args.s', op: 'in', value: ['a', 'b'] },
  { path: 'session.calls', op: 'gte', value: c.below(40) }, { path: 'grant.tags', op: 'contains', value: 'x' }]);
const predicates = c => Array.from({ length: c.below(3) }, () => ({ conditions: [condition(c)], ...mode(c) }));
const limit = (c, at) => ({ counter: c.any(['one', 'two']) + at, window: c.any(['hour', 'day']), max: 1 + c.below(4), scope: c.any(['grant', 'session', 'server', 'organisation']),
  ...(c.maybe(30) ? { per: 'args.s' } : {}), ...(c.maybe(30) ? { increment_from: 'args.n' } : {}), ...mode(c) });

function rule(c, asks) {
  return { ...(c.maybe(20) ? { action: c.any(['deny', 'hide', ...(asks ? ['require_approval'] : [])]) } : {}), ...(c.maybe(15) ? { mode: 'observe' } : {}),
    ...(c.maybe(30) ? { require: predicates(c) } : {}), ...(c.maybe(40) ? { deny_if: predicates(c) } : {}),
    ...(c.maybe(60) ? { limits: Array.from({ length: 1 + c.below(2) }, (_, i) => limit(c, i)) } : {}), ...(c.maybe(30) ? { rate_limit: { max: 2, window: 'hour' } } : {}), ...(asks ? { approve_if: predicates(c) } : {}), approval: { wait: '1s' } };
}
function policy(c) {
  const tools = Object.fromEntries(TOOLS.filter(() => c.maybe(80)).map(name => [name, rule(c, name === 'pay')]));
  return { version: '1', default: c.any(['allow', 'deny']), tools, ...(c.maybe(30) ? { hide: [c.any(TOOLS)] } : {}), ...(c.maybe(30) ? { all_tools: { limits: [limit(c, 'all')], deny_if: predicates(c) } } : {}),
    ...(c.maybe(50) ? { runaway: { identical_calls: { max: 2, window: 'hour' }, denials_in_a_row: 5 + c.below(4), ...(c.maybe(50) ? { reason: 'look' } : {}) } } : {}) };
}

function assertAgrees(said, answer, row, about) {
  const decision = answer.result?._meta?.['sallyport/decision'], text = answer.result?.content?.[0]?.text;
  const logged = { denied: said.hidden ? 'hidden' : 'denied', allowed: 'allowed', observed: 'observed', approval: 'pending' }[said.outcome];
  assert.equal(row.outcome, logged, about);
  // A question that is not answered in time is logged by the rule that asked; so is everything else.
  assert.equal(row.rule, said.rule, about);
  if (said.outcome === 'denied' && !said.hidden) {
    assert.equal(text.replace(/\d+ s\./, 'N s.'), '[POLICY DENIED] ' + said.reason.replace(/\d+ s\./, 'N s.'), about);
    assert.ok((decision.retryAfter ?? null) === null ? said.retry_after === null : Math.abs(decision.retryAfter - said.retry_after) <= 2, about);
  } else if (said.outcome === 'denied') assert.equal(answer.error.code, -32602, about);
  else if (said.outcome !== 'approval') assert.ok(answer.result && !answer.result.isError, about);
}

test('what is explained is what happens', async t => {
  const { gateway, api } = await controlled(t, { upstream: { tools: TOOLS.map(name => tool(name)) } });
  const made = (await api.must(201, 'POST', '/policies', { name: 'p', document: { version: '1', default: 'deny' } })).body.id;
  const seen = {};
  let calls = 0, asked = 0;
  for (let seed = 1; seed <= 24; seed++) {
    const c = chance(seed), document = policy(c), label = 'g' + seed;
    await api.must(201, 'POST', `/policies/${made}/versions`, { document }, ANY);
    const grant = (await api.must(201, 'POST', '/grants', { label, tags: c.maybe(50) ? ['x'] : [], mode: c.maybe(25) ? 'observe' : 'enforce', servers: [{ server: 'files', policy: 'p' }] })).body;
    gateway.tokens[label] = grant.token;
    for (let i = 0, resumed = false; i < 12; i++) {
      const call = { tool: c.maybe(50) ? 'write' : c.any(TOOLS), arguments: { n: 1 + c.below(2), s: c.any(['a', 'b']) } };
      const explain = async () => (await api.must(200, 'POST', `/grants/${grant.id}/explain`, { server: 'files', call: { ...call, client: 'wire-test' } })).body;
      const { now } = await explain();
      if (now.outcome === 'approval' && asked++ >= 4) continue; // each is held for a second
      const answer = answerOf(await modern(gateway, 'files', 'tools/call', { name: call.tool, arguments: call.arguments }, { label, id: calls }));
      const rows = await gateway.waitRows(row => row.method === 'tools/call', ++calls);
      const about = JSON.stringify({ seed, i, call, now, document, row: rows.at(-1) });
      // A busy gateway may bring a resumption into force a little behind the answer to it.
      if (resumed && now.rule !== '(paused)' && rows[calls - 1].rule === '(paused)') continue;
      assertAgrees(now, answer, rows[calls - 1], about);
      const key = now.outcome + ' ' + (/limits|rate_limit|runaway|\([\w ]+\)/.exec(now.rule)?.[0] ?? 'other');
      seen[key] = (seen[key] ?? 0) + 1;
      if (now.rule !== '(paused)') continue;
      assert.ok(now.paused && now.paused_why.length > 0, about);
      await api.call('POST', `/grants/${grant.id}/resume`, undefined, ANY);
      resumed = true;
    }
  }
  t.diagnostic(JSON.stringify(seen));
  for (const kind of ['allowed other', 'denied other', 'denied limits', 'denied rate_limit', 'denied runaway', 'denied (paused)', 'denied (default deny)', 'denied (hidden)', 'observed other', 'observed limits', 'approval other'])
    assert.ok(Object.keys(seen).includes(kind), `${kind} never came: ${JSON.stringify(seen)}`);
});

test('a grant that has expired, and one that only observes, are said to be so', async t => {
  const { api } = await controlled(t);
  const document = { version: '1', default: 'deny', runaway: { denials_in_a_row: 5 } };
  await api.must(201, 'POST', '/policies', { name: 'p', document });
  const at = async more => `/grants/${(await api.must(201, 'POST', '/grants', { servers: [{ server: 'files', policy: 'p' }], ...more })).body.id}/explain`;
  const explain = async (target, more = {}) => (await api.must(200, 'POST', target, { server: 'files', call: { tool: 'x', ...more } })).body;
  const observing = await at({ label: 'observing', mode: 'observe' });
  const { now, steps } = await explain(observing, { time: '2099-01-01T00:00:00Z' });
  assert.deepEqual([now.outcome, now.would, now.rule, now.mode, now.runaway], ['observed', 'deny', '(default deny)', 'observe', { identical_calls: 0, identical_max: 0, denials_in_a_row: 0, denials_max: 5 }]);
  assert.deepEqual(steps[0], { step: 'runaway', identicalMax: 0, windowMs: 0, denialsMax: 5 });
  const over = await at({ label: 'over', expires_at: new Date(Date.now() + 2000).toISOString() });
  const last = await eventually(async () => { const { now: { expired, outcome, rule } } = await explain(over); return expired && { outcome, rule }; }, 'it expires');
  assert.deepEqual(last, { outcome: 'denied', rule: '(expired)' });
});

for (const mode of ['enforce', 'observe'])
  test(`a quarantined tool is denied and said to be, where the policy denies it, too, in mode ${mode}`, async t => {
    const { api, fake, gateway } = await controlled(t, { upstream: { tools: [tool('known'), tool('late')] } });
    const { body: { items: [server] } } = await api.must(200, 'GET', '/servers?name=files');
    await api.must(200, 'PATCH', '/servers/' + server.id, { settings: { pinning: 'quarantine' } }, ANY);
    await api.must(201, 'POST', '/policies', { name: 'p', document: { version: '1', default: 'allow', tools: { late: { action: 'deny' } } } });
    const grant = (await api.must(201, 'POST', '/grants', { label: 'agent', mode, servers: [{ server: 'files', policy: 'p' }] })).body;
    gateway.tokens.agent = grant.token;
    const explain = async name => (await api.must(200, 'POST', `/grants/${grant.id}/explain`, { server: 'files', call: { tool: name } })).body.now;
    const call = async (name, id) => answerOf(await modern(gateway, 'files', 'tools/call', { name, arguments: {} }, { label: 'agent', id }));
    assert.deepEqual([(await explain('known')).definition, (await explain('known')).rule], ['new', '(quarantined)']);
    await modern(gateway, 'files', 'tools/list', {}, { label: 'agent', id: 1 });
    assert.equal((await explain('known')).outcome, 'allowed');
    fake.options.tools = [tool('known'), { ...tool('late'), description: 'changed' }];
    await modern(gateway, 'files', 'tools/list', {}, { label: 'agent', id: 2 });
    const said = await explain('late'), answer = await call('late', 3);
    assert.deepEqual([said.outcome, said.definition, said.rule], ['denied', 'changed', mode === 'observe' ? '(quarantined)' : '/tools/late/action']);
    assert.equal(answer.result._meta['sallyport/decision'].rule, said.rule);
    assert.equal(fake.calls().length, 0, 'it never left');
  });
