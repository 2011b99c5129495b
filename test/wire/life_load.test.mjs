// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reload, drain and restart while clients call without a pause: every call is answered once, as one of the two policies
// says, and reaches the server once or, when denied, never.
import assert from 'node:assert/strict';
import test from 'node:test';
import { writeWhole } from '../lib/gateway.mjs';
import { Session, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { Raw, requestBytes } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { text } from '../lib/upstream.mjs';
import { assertAllowed, scene } from '../lib/wire.mjs';

const ALLOW = { version: '1', default: 'allow' };
const DENY = { version: '1', default: 'allow', tools: { echo: { action: 'deny', reason: 'Closed.' } } };
const slowly = { onCall: async m => { await new Promise(r => setTimeout(r, m.params.arguments.n % 5)); return text(String(m.params.arguments.n)); } };

// Calls over one kept-alive connection after the other until told to stop; notes what became of each.
class Caller {
  static number = 0;
  constructor(gateway, session, modern) {
    Object.assign(this, { gateway, session, modern, results: [], unanswered: [], stopped: false });
    this.done = this.run();
  }
  bytes(n) {
    const params = { name: 'echo', arguments: { n } };
    if (!this.modern) return requestBytes('POST', this.session.target, this.session.headers(), JSON.stringify({ jsonrpc: '2.0', id: n, method: 'tools/call', params }), this.gateway.port);
    const message = modernMessage(n, 'tools/call', params);
    return requestBytes('POST', '/mcp/fake', modernHeaders(this.gateway, message), JSON.stringify(message), this.gateway.port);
  }
  async run() {
    let raw = null;
    while (!this.stopped) {
      const n = ++Caller.number;
      try {
        raw ??= await Raw.connect(this.gateway.port);
        const answer = await raw.write(this.bytes(n)).answer();
        assert.equal(answer.messages.length, 1, answer.text);
        this.results.push({ n, status: answer.status, message: answer.messages[0] });
        if (answer.headers.connection === 'close') { raw.close(); raw = null; }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        this.unanswered.push({ n, error });
        raw?.close();
        raw = null;
        if (this.onFailure?.() !== true) break;
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    }
    raw?.close();
  }
}
const isAllowed = r => r.message.result !== undefined && r.message.result.isError !== true;

// What the clients were told beside what the server and the decision log saw.
async function settle(gateway, fake, callers) {
  const results = callers.flatMap(c => c.results);
  const allowed = results.filter(isAllowed), reached = fake.calls().map(c => c.message.params.arguments.n);
  assert.equal(new Set(results.map(r => r.n)).size, results.length);
  for (const r of results) assert.equal(r.message.id, r.n);
  for (const r of allowed) assertAllowed(r.message, String(r.n));
  assert.equal(new Set(reached).size, reached.length, 'nothing reached the server twice');
  assert.deepEqual(reached.toSorted((a, b) => a - b), allowed.map(r => r.n).toSorted((a, b) => a - b), 'what reached the server was answered, and the other way round');
  return { results, allowed };
}

test('reloads under load: each call is answered once, by the policy before or the policy after, and sessions live on', async t => {
  const { fake, gateway, open } = await scene(t, { policy: ALLOW, upstream: slowly });
  const callers = [];
  for (let i = 0; i < 8; i++) callers.push(new Caller(gateway, await open(), i % 4 === 3));
  const total = () => callers.reduce((sum, c) => sum + c.results.length, 0);
  for (let edit = 0; edit < 24; edit++) {
    const before = total();
    if (edit % 6 === 5) gateway.configure({ ...gateway.setup, policies: { main: edit % 2 ? DENY : ALLOW }, grants: { ...gateway.setup.grants, ['extra' + edit]: { servers: { fake: 'main' } } } });
    else writeWhole(gateway.policyFile('main'), JSON.stringify(edit % 2 ? DENY : ALLOW));
    gateway.signal('SIGHUP');
    await eventually(() => total() >= before + 20, 'calls go on');
  }
  writeWhole(gateway.policyFile('main'), JSON.stringify(ALLOW));
  gateway.signal('SIGHUP');
  await eventually(() => callers.every(c => c.results.length > 0 && isAllowed(c.results.at(-1))), 'the last policy holds for all');
  callers.forEach(c => { c.stopped = true; });
  await Promise.all(callers.map(c => c.done));
  assert.deepEqual(callers.flatMap(c => c.unanswered), []);
  const { results, allowed } = await settle(gateway, fake, callers);
  const denied = results.filter(r => !isAllowed(r));
  assert.ok(allowed.length > 50 && denied.length > 50, `${allowed.length} allowed, ${denied.length} denied`);
  for (const r of denied) assert.match(r.message.result.content[0].text, /^\[POLICY DENIED\] Closed\.$/);
  const rows = await gateway.waitRows(row => row.method === 'tools/call', results.length);
  assert.equal(rows.length, results.length, 'one row for each');
  assert.equal(fake.of('initialize').length, 8, 'no session was opened again');
});

test('a stop under load: what reached the server is answered, what came too late never reached it', async t => {
  const { fake, gateway, open } = await scene(t, { policy: ALLOW, upstream: slowly });
  const callers = [];
  for (let i = 0; i < 16; i++) callers.push(new Caller(gateway, await open(), i % 4 === 3));
  await fake.waitFor('tools/call', 200);
  gateway.signal('SIGTERM');
  await Promise.all(callers.map(c => c.done));
  await gateway.exited;
  assert.deepEqual(gateway.exit, { code: 0, signal: null });
  const { results } = await settle(gateway, fake, callers);
  assert.equal(gateway.rows(row => row.method === 'tools/call').length, results.length);
});

test('restarts under load: a quota in the limits file is spent to the last call and not beyond', async t => {
  const MAX = 1200;
  const policy = { version: '1', default: 'allow', tools: { echo: { limits: [{ counter: 'calls', window: 'day', max: MAX }] } } };
  const { fake, gateway } = await scene(t, { policy, upstream: slowly, extra: { limits_file: 'limits.db' } });
  const all = [];
  for (let life = 0; life < 3; life++) {
    const callers = [];
    for (let i = 0; i < 8; i++) callers.push(new Caller(gateway, await Session.open(gateway), i % 4 === 3));
    all.push(...callers);
    if (life < 2) {
      const before = fake.calls().length;
      await fake.waitFor('tools/call', before + 300);
      gateway.signal('SIGTERM');
      await Promise.all(callers.map(c => c.done));
      await gateway.exited;
      assert.deepEqual(gateway.exit, { code: 0, signal: null });
      gateway.exit = undefined; gateway.stderr = '';
      await gateway.start();
    } else {
      await eventually(() => callers.every(c => c.results.length > 0 && !isAllowed(c.results.at(-1))), 'the quota is used up');
      callers.forEach(c => { c.stopped = true; });
      await Promise.all(callers.map(c => c.done));
    }
  }
  const { allowed } = await settle(gateway, fake, all);
  assert.equal(allowed.length, MAX);
});

// What the server received is compared with what the counters say after each restart: they may say more by the calls that
// were on their way when the process ended, and never less.
test('kill -9 under load, again and again: no call that went out is forgotten, none is counted twice', async t => {
  const MAX = 900, LIVES = 6, CALLERS = 8;
  const policy = { version: '1', default: 'allow', tools: { echo: { limits: [{ counter: 'calls', window: 'day', max: MAX }] } } };
  const { fake, gateway } = await scene(t, { policy, upstream: slowly, extra: { limits_file: 'limits.db', workers: 2 } });
  for (let life = 1; life <= LIVES; life++) {
    const callers = [];
    for (let i = 0; i < CALLERS; i++) callers.push(new Caller(gateway, await Session.open(gateway), i % 4 === 3));
    if (life < LIVES) {
      await fake.waitFor('tools/call', fake.calls().length + 20 + 40 * (life % 3));
      gateway.signal('SIGKILL');
      await Promise.all(callers.map(c => c.done));
      await gateway.exited;
      gateway.exit = undefined; gateway.stderr = '';
      await gateway.start();
    } else {
      await eventually(() => callers.every(c => c.results.length > 0 && !isAllowed(c.results.at(-1))), 'the quota is used up');
      callers.forEach(c => { c.stopped = true; });
      await Promise.all(callers.map(c => c.done));
    }
  }
  const received = fake.calls().length;
  assert.ok(received <= MAX, `${received} calls reached the server, ${MAX} are allowed`);
  assert.ok(received >= MAX - (LIVES - 1) * CALLERS, `${received} calls reached the server: some were counted twice`);
});
