// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies tried out over the API: decisions explained, drafts linted.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';

const ANY = { 'If-Match': '*' };
const DRAFT = { version: '1', default: 'deny', tools: { sync: { deny_if: [{ conditions: [{ path: 'args.n', op: 'gt', value: 5 }], on_deny: 'Not above 5.' }] }, '@read': {} } };

test('a version and a draft of a policy are explained, step by step', async t => {
  const { api, acme } = await startApi(t);
  const manager = api.as(acme.keys.policy_manager), at = `/policies/${acme.policy}/explain`;
  const { number } = (await manager.must(201, 'POST', `/policies/${acme.policy}/versions`, { document: DRAFT }, ANY)).body;
  const call = { tool: 'sync', arguments: { n: 6 }, category: 'write', tags: ['a'], session_calls: 2, time: '2027-01-01T03:00:00Z', client: 'x', grant: 'g', server: 's' };
  const denied = (await manager.must(200, 'POST', at, { call })).body;
  assert.deepEqual([denied.outcome, denied.rule, denied.reason, denied.category], ['denied', '/tools/sync/deny_if/0', 'Not above 5.', 'Write']);
  assert.deepEqual(denied.steps.at(-1).conditions, [{ path: 'args.n', op: 'gt', value: 5, found: [{ value: 6 }], foundCount: 1, holds: 'yes' }]);
  assert.match(denied.text, /found 6: yes/);
  assert.deepEqual((await manager.must(200, 'POST', at, { number, call: { ...call, arguments: { n: 5 } } })).body.outcome, 'allowed');
  const draft = (await manager.must(200, 'POST', at, { document: { version: '1', default: 'allow' }, call: { tool: 'sync' } })).body;
  assert.deepEqual([draft.outcome, draft.rule, draft.policy], ['allowed', '(default allow)', 'careful']);
  for (const [body, field] of [[{ call: {} }, 'call'], [{ call: { tool: 'a', prompt: 'b' } }, 'call'], [{ call: { tool: 'a', arguments: [] } }, 'call.arguments'],
    [{ call: { tool: 'a', category: 'odd' } }, 'call.category'], [{ call: { tool: 'a', tags: [1] } }, 'call.tags'], [{ number: 99, call }, 'number'],
    [{ number: 1, document: DRAFT, call }, 'number'], [{ document: { version: '2' }, call }, 'document'], [{}, 'call'], [{ call: { tool: 'a', odd: 1 } }, '']]) {
    const { errors } = await manager.refused(422, 'invalid', 'POST', at, body);
    assert.ok(errors.some(e => e.field === field), JSON.stringify([body, errors]));
  }
  const rows = (await api.as(acme.keys.admin).must(200, 'GET', '/audit')).body.items;
  assert.ok(!JSON.stringify(rows).includes('explain'), 'asking changes nothing, so it leaves no row');
});

test('what is in force for a grant is explained, with the category of an override or the catalogue', async t => {
  const { api, acme } = await startApi(t);
  const admin = api.as(acme.keys.admin);
  await admin.must(201, 'POST', `/policies/${acme.policy}/versions`, { document: DRAFT }, ANY);
  const grant = (await admin.must(201, 'POST', '/grants', { label: 'ci', tags: ['a'], servers: [{ server: 'files', policy: 'careful' }] })).body.id;
  const explain = async (tool, more = {}) => (await admin.must(200, 'POST', `/grants/${grant}/explain`, { server: 'files', call: { tool, ...more } })).body;
  assert.deepEqual([(await explain('list_things')).category, (await explain('list_things')).outcome], ['Unknown', 'denied']);
  await admin.must(200, 'POST', '/catalogue/import', { server: 'files', tools: [{ name: 'list_things', description: 'Lists things.', inputSchema: { type: 'object' } }] });
  const known = await explain('list_things');
  assert.deepEqual([known.category, known.outcome, known.rule, known.policy], ['Read', 'allowed', '/tools/@read', 'careful']);
  assert.equal((await explain('list_things', { category: 'Write' })).outcome, 'denied');
  await admin.must(201, 'POST', `/servers/${acme.server}/overrides`, { tool: 'list_things', category: 'Financial' }, { 'Idempotency-Key': 'o' });
  assert.deepEqual([(await explain('list_things')).category, (await explain('list_things')).outcome], ['Financial', 'denied']);
  assert.equal((await explain('sync', { arguments: { n: 6 } })).rule, '/tools/sync/deny_if/0');
  const { errors } = await admin.refused(422, 'invalid', 'POST', `/grants/${grant}/explain`, { server: 'other', call: { tool: 'x' } });
  assert.equal(errors[0].field, 'server');
  await admin.refused(422, 'invalid', 'POST', `/grants/${grant}/explain`, { server: 'files', call: { tool: 'x', arguments: 1 } });
});

test('a draft is linted, by itself and against a server of the catalogue', async t => {
  const { api, acme } = await startApi(t);
  const viewer = api.as(acme.keys.viewer);
  const document = { version: '1', default: 'deny', tools: { list_thngs: { require: [{ conditions: [{ path: 'args.n', op: 'gt', value: 5 }, { path: 'args.n', op: 'lt', value: 5 }] }] } } };
  const alone = (await viewer.must(200, 'POST', '/policies/lint', { document })).body;
  assert.deepEqual([alone.findings.map(f => f.kind), alone.findings[0].rule, alone.complete], [['no-call-passes'], '/tools/list_thngs', true]);
  await viewer.refused(422, 'invalid', 'POST', '/policies/lint', { document, server: 'files' });
  await api.as(acme.keys.admin).must(200, 'POST', '/catalogue/import', { server: 'files', tools: [{ name: 'list_things', description: 'Lists things.', inputSchema: { type: 'object' } }] });
  const { findings } = (await viewer.must(200, 'POST', '/policies/lint', { document: JSON.stringify(document), server: 'files' })).body;
  assert.deepEqual(findings.map(f => f.kind), ['no-such-tool', 'no-call-passes']);
  assert.match(findings[0].text, /did you mean 'list_things'/);
  const { errors } = await viewer.refused(422, 'invalid', 'POST', '/policies/lint', { document: '{"version":"2"}' });
  assert.deepEqual(errors.map(e => e.field), ['document', 'document']);
  await viewer.refused(422, 'invalid', 'POST', '/policies/lint', { document, server: 'nowhere' });
});
