// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Elicitation by URL across eras: the error -32042 of 2025-11-25, which has no place in 2026-07-28, becomes questions
// of the newer kind, and the call is made anew.
import assert from 'node:assert/strict';
import test from 'node:test';
import { modern, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { Raw, requestBytes } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { META, text } from '../lib/upstream.mjs';
import { assertAllowed, assertDenied, scene, toolRow } from '../lib/wire.mjs';

const ALLOWING = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' }, methods: {} };
const INFO = { [META + 'serverInfo']: { name: 'fake', version: '1' } };
const CAN = { capabilities: { elicitation: { url: {} } } };
const page = (id, url = `https://example.org/${id}`) => ({ mode: 'url', elicitationId: id, url, message: 'please visit ' + id });
const question = id => ({ method: 'elicitation/create', params: { mode: 'url', url: `https://example.org/${id}`, message: 'please visit ' + id } });
const last = answer => answer.messages.at(-1);
const call = async (gateway, params = {}, options = CAN) => last(await modern(gateway, 'fake', 'tools/call', { name: 'echo', arguments: { a: 1 }, ...params }, options));

// A legacy server whose calls need pages until they are `done`; it may tell so.
async function needing(t, pages, more = {}) {
  const state = { done: false, pages };
  const made = await scene(t, { policy: ALLOWING, ...more, upstream: { eras: 'legacy', onCall: (m, c) => (state.done ? text('let in') : (c.error(-32042, 'visit us first', { elicitations: state.pages }), undefined)) } });
  return { ...made, state, tell: id => made.fake.push({ jsonrpc: '2.0', method: 'notifications/elicitation/complete', params: { elicitationId: id } }) };
}
const accept = (...keys) => Object.fromEntries(keys.map(key => [key, { action: 'accept' }]));

test('-32042 becomes an input_required result; when the server says it is done, the call is made once more', async t => {
  const { fake, gateway, state, tell } = await needing(t, [page('e1'), page('e2')]);
  const asked = (await call(gateway)).result;
  assert.match(asked.requestState, /^[0-9a-f]{64}$/);
  assert.deepEqual({ ...asked, requestState: 0 }, { resultType: 'input_required', inputRequests: { q1: question('e1'), q2: question('e2') }, requestState: 0, _meta: INFO });
  const half = (await call(gateway, { requestState: asked.requestState, inputResponses: accept('q2') })).result;
  assert.deepEqual(half.inputRequests, { q1: question('e1') }, 'what is missing is asked again');
  assert.notEqual(half.requestState, asked.requestState);
  const waiting = call(gateway, { requestState: half.requestState, inputResponses: accept('q1') });
  await eventually(() => fake.streams.size > 0, 'the gateway listens');
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal(fake.calls().length, 1, 'the pages are still open');
  state.done = true;
  tell('e2');
  tell('other');
  tell('e1');
  assertAllowed(await waiting, 'let in');
  assert.equal(fake.calls().length, 2);
  assert.deepEqual(fake.calls()[1].message.params, { name: 'echo', arguments: { a: 1 } });
  assert.equal((await gateway.waitRows(row => row.method === 'elicitation/create' && row.direction === 'server' && row.outcome === 'allowed')).length, 1);
  assert.equal((await gateway.waitRows(toolRow('echo', 'allowed'), 3)).length, 3);
});

test('pages that are done before the client comes back cost no time; a server that still refuses asks anew', async t => {
  const { fake, gateway, state, tell } = await needing(t, [page('e1')]);
  const first = (await call(gateway)).result;
  await eventually(() => fake.streams.size > 0, 'the gateway listens');
  tell('e1');
  state.pages = [page('e9')];
  const again = (await call(gateway, { requestState: first.requestState, inputResponses: accept('q1') })).result;
  assert.deepEqual(again.inputRequests, { q1: question('e9') });
  assert.equal(fake.calls().length, 2);
  const used = await call(gateway, { requestState: first.requestState, inputResponses: accept('q1') });
  assert.equal(used.error.code, -32602, 'a state is good once');
});

test('a page that is not wanted ends the call; another request, and another grant, cannot use its state', async t => {
  const { fake, gateway } = await needing(t, [page('e1')]);
  const { requestState } = (await call(gateway)).result;
  assert.equal((await call(gateway, { arguments: { a: 2 }, requestState, inputResponses: accept('q1') })).error.code, -32602);
  for (const action of ['decline', 'cancel', 'other']) {
    const state = (await call(gateway)).result.requestState;
    const refused = await call(gateway, { requestState: state, inputResponses: { q1: { action } } });
    assert.deepEqual([refused.error.code, refused.error.message], [-32603, 'The call needs a page that its user did not want to open']);
  }
  assert.equal(fake.calls().length, 4);
});

test('who cannot open pages, and pages that nobody should open, get the error without its code', async t => {
  const bad = [[], [page('e', 'javascript:alert(1)')], [page('e'), { ...page('f'), mode: 'form' }], [{ ...page('e'), elicitationId: 5 }], 'x', [page('e'), 5], Array.from({ length: 33 }, (_, i) => page('e' + i))];
  const { gateway, state, fake } = await needing(t, [page('e1')]);
  for (const capabilities of [{}, { elicitation: {} }, { elicitation: { form: {} } }])
    assert.deepEqual((await call(gateway, {}, { capabilities })).error.code, -32603);
  for (const pages of bad) {
    state.pages = pages;
    const { error } = await call(gateway);
    assert.deepEqual([error.code, error.message], [-32603, 'visit us first'], JSON.stringify(pages).slice(0, 80));
  }
  assert.equal(fake.calls().length, 3 + bad.length);
});

test('the policy may forbid it', async t => {
  const { gateway } = await needing(t, [page('e1')], { policy: { ...ALLOWING, methods: { 'elicitation/create': 'deny' } } });
  assertDenied(await call(gateway), { text: /elicitation\/create/, rule: '(method denied)' });
});

test('a server that never says so is asked again after a while; a client that leaves meanwhile leaves nothing behind', async t => {
  const { fake, gateway, state } = await needing(t, [page('e1')]);
  const [mine, other] = [(await call(gateway)).result.requestState, (await call(gateway)).result.requestState];
  const message = modernMessage(7, 'tools/call', { name: 'echo', arguments: { a: 1 }, requestState: other, inputResponses: accept('q1') }, CAN);
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  state.done = true;
  const waiting = call(gateway, { requestState: mine, inputResponses: accept('q1') });
  await eventually(() => fake.streams.size > 0, 'the gateway listens');
  raw.close();
  assertAllowed(await waiting, 'let in');
  assert.equal(fake.calls().length, 3, 'the one that left is not made anew');
});
