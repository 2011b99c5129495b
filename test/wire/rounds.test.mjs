// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A person's approval in rounds of input_required, for clients of 2026-07-28: the sealed requestState, what may be done
// with it, and the rounds of a server that asks something itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { asking, asks, call, rounds, textOf } from '../lib/waiting.mjs';
import { modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { text } from '../lib/upstream.mjs';

const PAGE = 'sallyport-approval';
const isRound = message => message.result?.resultType === 'input_required';
const stateOf = message => { assert.ok(isRound(message), JSON.stringify(message)); return message.result.requestState; };

test('a call waits in rounds and runs when it is approved, once', async t => {
  const { gateway, fake, person } = await asking(t);
  const states = new Set();
  const { message, count } = await rounds(gateway, { to: 'x' }, {
    told: async (result, round) => {
      assert.deepEqual(Object.keys(result).sort(), ['requestState', 'resultType'], 'nothing is asked of the client');
      assert.match(result.requestState, /^sp1\.[\w-]+$/);
      states.add(result.requestState);
      assert.equal(fake.calls().length, 0);
      if (round === 2) await person.approve(await person.open());
    },
  });
  assert.equal(textOf(message), '{"to":"x"}');
  assert.equal(message.result.resultType, 'complete');
  assert.ok(count >= 2);
  assert.equal(states.size, count, 'each round has a state of its own');
  assert.equal(fake.calls().length, 1);
  const sent = fake.calls()[0].message.params;
  assert.deepEqual(['requestState' in sent, 'inputResponses' in sent], [false, false], 'the server sees nothing of it');
  const [row] = await gateway.waitRows(r => r.subject === 'pay' && r.outcome === 'allowed');
  assert.match(row.approval, /^apr_/);
  // The same call again is asked again.
  assert.ok(isRound(await call(gateway, { to: 'x' })));
  assert.equal(fake.calls().length, 1);
});

test('a call that is rejected is denied, whatever its client holds', async t => {
  const { gateway, fake, person } = await asking(t);
  const { message } = await rounds(gateway, { to: 'x' }, { told: async (_, round) => { if (round === 1) await person.deny(await person.open(), { note: 'secret reasons' }); } });
  assert.match(textOf(message), /^\[POLICY DENIED\].*was not approved/);
  assert.ok(!textOf(message).includes('secret reasons'));
  assert.equal(fake.calls().length, 0);
});

test('after its rounds the client hears that it is pending, and calls again with the same arguments', async t => {
  const { gateway, fake, person } = await asking(t, { extra: { approvals: { rounds: 2 } } });
  const { message, count } = await rounds(gateway, { to: 'x' });
  assert.equal(count, 2);
  assert.match(textOf(message), /^\[APPROVAL PENDING\]/);
  assert.equal(message.result.isError, true);
  const id = await person.open();
  assert.ok(textOf(message).includes(id));
  await person.approve(id);
  assert.equal(textOf((await rounds(gateway, { to: 'x' })).message), '{"to":"x"}');
  assert.equal(fake.calls().length, 1);
});

test('a state that was altered, is of other arguments or of another grant is no state', async t => {
  const { gateway, fake, person } = await asking(t, { labels: ['agent', 'other'] });
  const state = stateOf(await call(gateway, { to: 'x' }));
  const id = await person.open();
  const flipped = state.slice(0, 40) + (state[40] === 'A' ? 'B' : 'A') + state.slice(41);
  for (const requestState of [flipped, state.slice(0, -1), state + 'A', '', 'sp1.', 'something else'])
    assert.ok(isRound(await call(gateway, { to: 'x' }, { back: { requestState } })), requestState);
  assert.equal((await person.list('asked')).length, 1, 'the same question all along');
  await person.approve(id);
  // What was approved was not this.
  assert.ok(isRound(await call(gateway, { to: 'y' }, { back: { requestState: state } })));
  assert.ok(isRound(await call(gateway, { to: 'x' }, { back: { requestState: state }, label: 'other' })));
  assert.ok(isRound(await call(gateway, { to: 'x', more: 1 }, { back: { requestState: state } })));
  assert.equal(fake.calls().length, 0);
  assert.equal(textOf((await rounds(gateway, { to: 'x' }, { back: { requestState: state } })).message), '{"to":"x"}');
  assert.equal(fake.calls().length, 1);
});

test('a state is worth nothing after the run', async t => {
  const { gateway, fake, person } = await asking(t);
  const state = stateOf(await call(gateway, { to: 'x' }));
  await person.approve(await person.open());
  assert.equal(textOf(await call(gateway, { to: 'x' }, { back: { requestState: state } })), '{"to":"x"}');
  for (let i = 0; i < 2; i++) assert.match(textOf(await call(gateway, { to: 'x' }, { back: { requestState: state } })), /^\[POLICY DENIED\].*already used/);
  assert.equal(fake.calls().length, 1);
  assert.equal((await person.list('asked')).length, 0, 'nobody is asked because of it');
});

for (const workers of [1, 2])
  test(`of clients that race with one state one runs, with ${workers} workers`, async t => {
    const { gateway, fake, person } = await asking(t, { workers, rule: { approval: { wait: '5s' } } });
    const state = stateOf(await call(gateway, { to: 'x' }, {}));
    const racing = Array.from({ length: 8 }, () => call(gateway, { to: 'x' }, { back: { requestState: state } }));
    await person.approve(await person.open());
    const texts = (await Promise.all(racing)).map(textOf);
    assert.equal(texts.filter(x => x === '{"to":"x"}').length, 1, texts.join('\n'));
    assert.equal(texts.filter(x => /already used/.test(x)).length, 7, texts.join('\n'));
    assert.equal(fake.calls().length, 1);
  });

test('a client that goes away in a round withdraws its question, unless it was told to come again', async t => {
  const { gateway, fake, person } = await asking(t, { rule: { approval: { wait: '30s' } } });
  const controller = new AbortController();
  const held = fetchCall(gateway, { to: 'x' }, controller.signal);
  const id = await person.open();
  controller.abort();
  await held.catch(() => {});
  await eventually(async () => (await person.question(id)).state === 'withdrawn', 'it is withdrawn');
  assert.equal(fake.calls().length, 0);
});

async function fetchCall(gateway, args, signal) {
  const message = modernMessage(1, 'tools/call', { name: 'pay', arguments: args });
  const answer = await fetch(gateway.url('files'), { method: 'POST', headers: modernHeaders(gateway, message), body: JSON.stringify(message), signal });
  return answer.text();
}

// ---- Restarts

test('a state from before a restart leads to the same question, and so does one that the keys have gone from', async t => {
  const { gateway, fake, person, again } = await asking(t);
  const state = stateOf(await call(gateway, { to: 'x' }));
  const id = await person.open();
  await again();
  const decline = { requestState: state, inputResponses: { [PAGE]: { action: 'decline' } } };
  const later = stateOf(await call(gateway, { to: 'x' }, { back: { requestState: state } }));
  assert.equal(await person.open(), id);
  await again({ rotate: true });
  // It opens no more, so what comes with it is nobody's word.
  assert.ok(isRound(await call(gateway, { to: 'x' }, { back: decline })));
  assert.equal(await person.open(), id);
  await person.approve(id);
  assert.equal(textOf(await call(gateway, { to: 'x' }, { back: { requestState: later } })), '{"to":"x"}');
  assert.ok(isRound(await call(gateway, { to: 'x' }, { back: { requestState: later } })), 'asked anew: nobody can tell what it was');
  assert.equal(fake.calls().length, 1);
});

test('a state whose question ran before a kill is worth nothing after it', async t => {
  const { gateway, fake, person, again } = await asking(t);
  const state = stateOf(await call(gateway, { to: 'x' }));
  await person.approve(await person.open());
  await call(gateway, { to: 'x' }, { back: { requestState: state } });
  assert.equal(fake.calls().length, 1);
  await again({ signal: 'SIGKILL' });
  assert.match(textOf(await call(gateway, { to: 'x' }, { back: { requestState: state } })), /^\[POLICY DENIED\].*already used/);
  assert.equal(fake.calls().length, 1);
});

// ---- The page

const URL_CLIENT = { capabilities: { elicitation: { url: {} } } };

test('a client that opens pages is asked to open that of the question, once; opening it decides nothing', async t => {
  const { gateway, fake, person } = await asking(t);
  let pages = 0;
  const { message } = await rounds(gateway, { to: 'x' }, {
    ...URL_CLIENT,
    told: async ({ inputRequests }, round) => {
      if (round > 1) { assert.equal(inputRequests, undefined); if (round === 2) await person.approve(await person.open()); return undefined; }
      pages++;
      const { method, params } = inputRequests[PAGE];
      assert.equal(method, 'elicitation/create');
      assert.deepEqual(Object.keys(params).sort(), ['message', 'mode', 'url']);
      assert.equal(params.mode, 'url');
      assert.equal(params.url, `http://127.0.0.1:${gateway.port}/approvals/${await person.open()}`);
      return { [PAGE]: { action: 'accept' } };
    },
  });
  assert.equal(pages, 1);
  assert.equal(textOf(message), '{"to":"x"}');
  const sent = fake.calls()[0].message.params;
  assert.deepEqual(['requestState' in sent, 'inputResponses' in sent], [false, false]);
});

test('a client whose user declines withdraws the question; one that closes the page waits on', async t => {
  const { gateway, fake, person } = await asking(t);
  const first = await call(gateway, { to: 'x' }, URL_CLIENT);
  const id = await person.open();
  const cancelled = await call(gateway, { to: 'x' }, { ...URL_CLIENT, back: { requestState: stateOf(first), inputResponses: { [PAGE]: { action: 'cancel' } } } });
  assert.ok(isRound(cancelled));
  assert.equal((await person.question(id)).state, 'asked');
  const declined = await call(gateway, { to: 'x' }, { ...URL_CLIENT, back: { requestState: stateOf(cancelled), inputResponses: { [PAGE]: { action: 'decline' } } } });
  assert.match(textOf(declined), /^\[POLICY DENIED\]/);
  await eventually(async () => (await person.question(id)).state === 'withdrawn', 'it is withdrawn');
  assert.equal(fake.calls().length, 0);
});

test('a decline without a state of the question withdraws nothing', async t => {
  const { gateway, person } = await asking(t);
  await call(gateway, { to: 'x' });
  const id = await person.open();
  assert.ok(isRound(await call(gateway, { to: 'x' }, { back: { requestState: 'sp1.AAAA', inputResponses: { [PAGE]: { action: 'decline' } } } })));
  assert.equal((await person.question(id)).state, 'asked');
});

test('forms are never asked: the client would fill them in itself', async t => {
  const { gateway, person } = await asking(t);
  const message = await call(gateway, { to: 'x' }, { capabilities: { elicitation: { form: {} } } });
  assert.equal(message.result.inputRequests, undefined);
  await person.open();
});

// ---- A server that asks something itself

// Asks for a name, and pays when it has one; what it got is in fake.calls().
const confirming = (state = { requestState: 'server "state" é' }) => ({
  eras: 'modern',
  onCall: (m, c) => m.params.inputResponses?.who ? text('paid by ' + m.params.inputResponses.who.content.name)
    : (c.json({ resultType: 'input_required', inputRequests: { who: { method: 'elicitation/create', params: { mode: 'form', message: 'Who?', requestedSchema: { type: 'object', properties: {} } } } }, ...state }), undefined),
});
const FORMS = { capabilities: { elicitation: { form: {} } } };
const WHO = { who: { action: 'accept', content: { name: 'Ann' } } };

for (const [what, state] of [['a state', undefined], ['no state', {}]])
  test(`the rounds of one run are one run: a server with ${what} asks once it runs`, async t => {
    const { gateway, fake, person } = await asking(t, { upstream: confirming(state) });
    const waiting = await call(gateway, { to: 'x' }, FORMS);
    await person.approve(await person.open());
    const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
    assert.equal(asked.result.inputRequests.who.params.message, 'Who?');
    assert.match(stateOf(asked), /^sp1\./);
    const back = { requestState: stateOf(asked), inputResponses: WHO };
    assert.equal(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back })), 'paid by Ann');
    const last = fake.calls().at(-1).message.params;
    assert.equal(last.requestState, state === undefined ? 'server "state" é' : undefined, 'its own state, byte for byte');
    assert.deepEqual(last.inputResponses, WHO);
    assert.equal((await person.list('asked')).length, 0);
    // The same round again would pay again.
    assert.match(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back })), /^\[POLICY DENIED\].*already used/);
    assert.equal(fake.calls().length, 2);
  });

test('the state of a run is no pass for other arguments or another grant', async t => {
  const { gateway, fake, person } = await asking(t, { upstream: confirming(), labels: ['agent', 'other'] });
  const waiting = await call(gateway, { to: 'x' }, FORMS);
  await person.approve(await person.open());
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
  const back = { requestState: stateOf(asked), inputResponses: WHO };
  for (const [args, more] of [[{ to: 'y' }, {}], [{}, {}], [{ to: 'x' }, { label: 'other' }]]) {
    const message = await call(gateway, args, { ...FORMS, back, ...more });
    assert.ok(isRound(message) && message.result.inputRequests === undefined, JSON.stringify(message));
  }
  assert.equal(fake.calls().length, 1);
  assert.equal((await person.list('asked')).length, 3);
  assert.equal(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back })), 'paid by Ann', 'and is not used up by that');
});

test('a run is over when the gateway was killed: its next round does not run', async t => {
  const { gateway, fake, person, again } = await asking(t, { upstream: confirming() });
  const waiting = await call(gateway, { to: 'x' }, FORMS);
  await person.approve(await person.open());
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
  await again({ signal: 'SIGKILL' });
  assert.match(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(asked), inputResponses: WHO } })), /^\[POLICY DENIED\].*already used/);
  assert.equal(fake.calls().length, 1);
});

test('an exception is used once for a run of several rounds', async t => {
  const { gateway, fake, api, person } = await asking(t, { upstream: confirming() });
  const waiting = await call(gateway, { to: 'x' }, FORMS);
  await person.approve(await person.open(), { exception: { minutes: 10, uses: 2 } });
  const finish = async first => textOf(await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(first), inputResponses: WHO } }));
  const uses = async () => (await api.must(200, 'GET', '/exceptions')).body.items[0].uses;
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
  assert.equal(await finish(asked), 'paid by Ann');
  const before = await uses();
  const [one, two] = [await call(gateway, { to: 'x' }, FORMS), await call(gateway, { to: 'x' }, FORMS)];
  for (const first of before === 0 ? [one, two] : [one]) assert.equal(await finish(first), 'paid by Ann');
  assert.equal(await uses(), 2);
  assert.match(await finish(one), /already used/);
  assert.ok(fake.calls().length >= 4);
});

test('what a client answers before anybody was asked does not reach the server', async t => {
  const { gateway, fake, person } = await asking(t, { upstream: confirming() });
  const waiting = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: 'mine', inputResponses: WHO } });
  await person.approve(await person.open());
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting), inputResponses: WHO } });
  assert.ok(isRound(asked));
  assert.equal(fake.calls().length, 1);
  assert.deepEqual(['requestState' in fake.calls()[0].message.params, 'inputResponses' in fake.calls()[0].message.params], [false, false]);
});

test('a run ends where the policy changes: its next round is asked anew', async t => {
  const { gateway, fake, api, person, policy } = await asking(t, { upstream: confirming() });
  const waiting = await call(gateway, { to: 'x' }, FORMS);
  await person.approve(await person.open());
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
  await api.must(201, 'POST', `/policies/${policy.id}/versions`, { document: asks({ reason: 'Stricter.' }) }, { 'If-Match': '*' });
  const again = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(asked), inputResponses: WHO } });
  assert.ok(isRound(again));
  assert.equal(again.result.inputRequests, undefined);
  await person.open();
  assert.equal(fake.calls().length, 1);
});

test('a legacy server that asks during an approved call is answered in the same run', async t => {
  const { gateway, fake, person } = await asking(t, {
    upstream: {
      eras: 'legacy',
      onMessage: (m, c) => { if (m.id !== 'q' || m.method !== undefined) return false; c.status(202); c.fake.waiting(m.result); return true; },
      onCall: async (m, c) => {
        c.event({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } } });
        const result = await new Promise(resolve => { c.fake.waiting = resolve; });
        c.event({ jsonrpc: '2.0', id: m.id, result: text('paid by ' + result.content.name) });
        c.res.end();
      },
    },
  });
  const waiting = await call(gateway, { to: 'x' }, FORMS);
  await person.approve(await person.open());
  const asked = await call(gateway, { to: 'x' }, { ...FORMS, back: { requestState: stateOf(waiting) } });
  const [key] = Object.keys(asked.result.inputRequests);
  const back = { requestState: stateOf(asked), inputResponses: { [key]: WHO.who } };
  assert.equal(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back })), 'paid by Ann');
  assert.equal(fake.calls().length, 1);
  assert.match(textOf(await call(gateway, { to: 'x' }, { ...FORMS, back })), /already used/);
  assert.equal((await person.list('asked')).length, 0);
});
