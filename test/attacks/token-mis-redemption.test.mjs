// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The example of data/attacks/token-mis-redemption.json: not policies make the difference here, but that the gateway holds the
// credentials. So the attack succeeds without the gateway, and fails with it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { agent, load, requests } from './lib.mjs';

const attack = load('token-mis-redemption');
const [book, steal, look] = requests(attack);
const BANK_TOKEN = book.presents, CALENDAR_TOKEN = 'calendar-token-0b92aa';

// A bank that lets in whoever shows its token, and a calendar that takes everything.
async function servers(t) {
  const answering = step => m => (m.params.name === step.request.params.name ? step.answer : undefined);
  const tools = [book, look].map(step => ({ name: step.request.params.name, inputSchema: { type: 'object' } }));
  const bank = await FakeUpstream.start(t, { tools, onCall: answering(look), onRequest: context => {
    if (context.req.headers.authorization === 'Bearer ' + BANK_TOKEN) return false;
    context.status(401);
    return true;
  } });
  return { bank, calendar: await FakeUpstream.start(t, { tools, onCall: answering(book) }) };
}

// One call of the stateless era straight to a port, with these credentials.
function direct(port, target, step, authorization) {
  const message = modernMessage(1, step.request.method, step.request.params);
  const headers = { ...modernHeaders({ auth: () => ({}) }, message), ...(authorization ? { Authorization: authorization } : {}) };
  return exchange(port, 'POST', target, headers, JSON.stringify(message));
}
const texts = ({ messages }) => messages[0].result.content[0].text;
const credentials = fake => fake.requests.flatMap(request => [request.headers.authorization, request.rawHeaders.join('\n'), request.body]);

test('without the gateway the calendar collects the token of the bank, and the bank takes it', async t => {
  const { bank, calendar } = await servers(t);
  assert.equal(texts(await direct(calendar.port, '/mcp', book, 'Bearer ' + book.presents)), book.answer.content[0].text);
  const [collected] = credentials(calendar);
  assert.equal(collected, 'Bearer ' + steal.presents);
  assert.equal(texts(await direct(bank.port, '/mcp', steal, collected)), steal.answer.content[0].text);
});

for (const era of ['legacy', 'modern']) {
  test(`with the gateway what the calendar receives is of no use anywhere else (${era})`, async t => {
    const { bank, calendar } = await servers(t);
    const { policies, settings } = attack.defence;
    const gateway = await startGateway(t, {
      servers: { bank: { url: bank.url, ...settings.servers.bank }, calendar: { url: calendar.url, ...settings.servers.calendar } },
      policies, grants: { agent: { servers: { bank: 'bank', calendar: 'calendar' } }, guest: { servers: { calendar: 'calendar' } } },
    }, { env: { BANK_TOKEN, CALENDAR_TOKEN } });
    const ask = agent(gateway, era, 'agent');
    assert.equal(book.protected.outcome, 'allowed');
    assert.deepEqual((await ask('calendar', book.request)).result.content, book.answer.content);

    // Everything that the calendar has seen, tried at the bank and at the gateway.
    const seen = credentials(calendar);
    assert.ok(seen.includes('Bearer ' + CALENDAR_TOKEN));
    for (const secret of [BANK_TOKEN, ...Object.values(gateway.tokens)]) assert.ok(!seen.some(text => text?.includes(secret)), 'no credential but its own');
    const before = bank.calls().length;
    for (const collected of new Set(calendar.requests.map(request => request.headers.authorization))) {
      assert.equal(steal.protected.outcome, 'refused');
      assert.equal((await direct(bank.port, '/mcp', steal, collected)).status, 401);
      assert.equal((await direct(gateway.port, '/mcp/bank', steal, collected)).status, 401);
    }
    // Nor does one agent's grant open another's server.
    assert.equal((await agent(gateway, era, 'guest')('bank', steal.request)).refused, 404);
    assert.equal(bank.calls().filter(call => call.headers.authorization === 'Bearer ' + BANK_TOKEN).length, before);

    assert.equal(look.protected.outcome, 'allowed');
    assert.deepEqual((await ask('bank', look.request)).result.content, look.answer.content);
    assert.doesNotMatch(JSON.stringify(await ask('bank', look.request)) + gateway.stderr, new RegExp(BANK_TOKEN));
  });
}
