// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait for a person where something breaks: the connection of a stream that can be resumed, the gateway itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { FakeSse } from '../lib/sse-upstream.mjs';
import { asking, textOf } from '../lib/waiting.mjs';

const LONG = { rule: { approval: { wait: '40s' } } };

// ---- A stream that its client comes back to, before a server whose streams the gateway keeps

async function resumable(t, { label = 'sse', version, ...options } = {}) {
  const scene = await asking(t, { ...LONG, ...options });
  const { api, gateway } = scene;
  const server = await FakeSse.start(t, {});
  await api.must(201, 'POST', '/servers', { name: 'old', transport: 'sse', url: server.url });
  const grant = (await api.must(201, 'POST', '/grants', { label, servers: [{ server: 'old', policy: 'asks' }] })).body;
  gateway.tokens[label] = grant.token;
  const session = await Session.open(gateway, { server: 'old', label, version });
  return { ...scene, server, grant, session, ran: count => assert.equal(server.of('tools/call').length, count) };
}
const pay = (session, args = { to: 'x' }, more = {}) => ({ jsonrpc: '2.0', id: session.next++, method: 'tools/call', params: { name: 'pay', arguments: args, ...more } });

// Its call waits; the connection is closed behind the first event. { question, place }
async function broken({ session, person }, message = pay(session)) {
  const raw = await session.open(message);
  await raw.head();
  const first = (await raw.events().next()).value;
  const question = await person.open();
  const closed = once(raw.socket, 'close');
  raw.close();
  await closed;
  await session.request('ping'); // the same worker answers it, behind the end of the connection
  return { question, place: first.id, id: message.id };
}
async function back(session, { place, id }) {
  const raw = await session.stream({ 'Last-Event-ID': place });
  for await (const event of raw.events()) {
    const message = event.data && JSON.parse(event.data);
    if (message?.id === id) { raw.close(); return message; }
  }
  return assert.fail('the stream ended without an answer');
}

for (const workers of [1, 2])
  test(`a held call goes on for a client that resumes its stream, with ${workers} workers`, async t => {
    const scene = await resumable(t, { workers });
    const { session, person, ran } = scene;
    const call = await broken(scene);
    const answer = back(session, call);
    await person.approve(call.question);
    assert.equal(textOf(await answer), 'pay {"to":"x"}');
    ran(1);
    assert.equal((await person.question(call.question)).state, 'ran');
  });

test('what is approved while nobody is there runs when its client is back, and not before', async t => {
  const scene = await resumable(t);
  const { session, person, ran } = scene;
  const call = await broken(scene);
  await person.approve(call.question);
  await session.request('ping');
  assert.equal((await person.question(call.question)).state, 'approved');
  ran(0);
  assert.equal(textOf(await back(session, call)), 'pay {"to":"x"}');
  ran(1);
  // And what was rejected is told.
  const second = await broken(scene);
  await person.deny(second.question);
  assert.match(textOf(await back(session, second)), /was not approved/);
  ran(1);
});

test('a client that comes back with another token is judged by that', async t => {
  const scene = await resumable(t);
  const { api, gateway, session, person, grant, ran } = scene;
  const call = await broken(scene);
  gateway.tokens.sse = (await api.must(200, 'POST', `/grants/${grant.id}/rotate`, {}, { 'If-Match': '*' })).body.token;
  const answer = back(session, call);
  await session.request('ping');
  await person.approve(call.question);
  assert.equal(textOf(await answer), 'pay {"to":"x"}');
  ran(1);
});

for (const [what, options, end] of [
  ['does not come back in time', { extra: { limits: { left_call_time: '1s' } } }, () => {}],
  ['ends its session', {}, async ({ session, gateway }) => { await fetch(gateway.url('old'), { method: 'DELETE', headers: session.headers() }); }],
  ['could not have come back: it got no event id', { version: '2025-06-18', first: false }, () => {}],
])
  test(`a client that ${what} has given its call up`, async t => {
    const scene = await resumable(t, options);
    const { session, person, ran } = scene;
    let call;
    if (options.first === false) {
      const raw = await session.open(pay(session));
      await raw.head();
      call = { question: await person.open() };
      raw.close();
    } else {
      call = await broken(scene);
    }
    await end(scene);
    await eventually(async () => (await person.question(call.question)).state === 'withdrawn', 'it is withdrawn');
    ran(0);
  });

// ---- Members of a batch

test('members of a batch wait each for itself, and are answered as they are decided', async t => {
  const { gateway, fake, person } = await asking(t, LONG);
  const session = await Session.open(gateway, { server: 'files', version: '2025-03-26' });
  const members = [pay(session, { n: 1 }), pay(session, { n: 2 }), { jsonrpc: '2.0', id: session.next++, method: 'tools/call', params: { name: 'free', arguments: { n: 3 } } }];
  const answered = session.post(JSON.stringify(members));
  await person.open(2);
  assert.deepEqual((await fake.waitFor('tools/call')).map(c => c.message.params.name), ['free']);
  for (const { id } of await person.list('asked'))
    await person[(await person.question(id)).arguments.n === 1 ? 'approve' : 'deny'](id);
  const { messages } = await answered;
  const byId = Object.fromEntries(messages.map(m => [m.id, textOf(m)]));
  assert.equal(byId[members[0].id], '{"n":1}');
  assert.match(byId[members[1].id], /was not approved/);
  assert.equal(byId[members[2].id], '{"n":3}');
  assert.equal(fake.calls().length, 2);
});

test('a batch whose client goes away withdraws what its members wait for', async t => {
  const { gateway, fake, person } = await asking(t, LONG);
  const session = await Session.open(gateway, { server: 'files', version: '2025-03-26' });
  const raw = await session.open([pay(session, { n: 1 }), pay(session, { n: 2 })]);
  await person.open(2);
  raw.close();
  await eventually(async () => (await person.list('withdrawn')).length === 2, 'both are withdrawn');
  assert.equal(fake.calls().length, 0);
});

// ---- The gateway is killed between writing down that an approval is used and the send

const DIES = path.join(path.dirname(BINARY), '../test/wire/libdies.so');
// Where a process can be made to die at a certain call of the system.
const skip = process.platform !== 'linux' && 'Linux alone';
test('a gateway that dies right before an approved call is sent does not send it later', { skip }, async t => {
  const { gateway, api, fake, person, folder } = await asking(t, LONG);
  const start = async env => {
    await gateway.exited;
    Object.assign(gateway, { exit: undefined, stderr: '' });
    await gateway.start({ args: ['--data', folder, '--allow-outside', '127.0.0.1'], env });
    api.port = gateway.port;
  };
  gateway.signal('SIGTERM');
  await start({ LD_PRELOAD: DIES, ASAN_OPTIONS: sanitizerOptions().ASAN_OPTIONS + ':verify_asan_link_order=0' });
  const session = await Session.open(gateway, { server: 'files' });
  const message = pay(session, { to: 'die before this is sent' });
  const lost = session.post(message).then(() => 'answered', () => 'lost');
  const id = await person.open();
  await person.approve(id).catch(() => {}); // its answer may be lost, too
  assert.deepEqual(await gateway.exited, { code: null, signal: 'SIGKILL' });
  assert.equal(await lost, 'lost');
  await start({});
  assert.equal(fake.calls().length, 0);
  assert.equal((await person.question(id)).state, 'ran', 'it was written down before');
  // The same call is a question of its own, and runs once when that is approved.
  const anew = await Session.open(gateway, { server: 'files' });
  const second = anew.request('tools/call', message.params);
  const next = await person.open();
  assert.notEqual(next, id);
  assert.equal(fake.calls().length, 0);
  await person.approve(next);
  assert.equal(textOf(await second), '{"to":"die before this is sent"}');
  assert.equal(fake.calls().length, 1);
});
