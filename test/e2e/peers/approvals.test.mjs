// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Real clients with calls that wait for a person: they do nothing of their own for it but what their SDK does by itself.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { asking } from '../../lib/waiting.mjs';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';
import { CLIENTS, textOf, v1Http, v2Http } from './clients.mjs';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const connect = { ...CLIENTS, 'SDK 2.x, 2026-07-28': (t, g, s, options) => v2Http(t, g, s, { ...options, era: 'modern' }) };
const isModern = name => /auto|2026/.test(name);
const PAY = { name: 'pay', arguments: { to: 'x' } };
const callTool = (name, client, options) => client.callTool(PAY, ...(name === 'SDK 1.x' ? [undefined, options] : [options]));

for (const [name, open] of Object.entries(connect)) {
  test(`${name}: a call waits until it is approved, with and without a wish for progress`, async t => {
    const { gateway, fake, person } = await asking(t, { rule: { approval: { wait: '3s' } } });
    const client = await open(t, gateway, 'files');
    const progress = [];
    for (const options of [undefined, { onprogress: p => progress.push(p), resetTimeoutOnProgress: true, timeout: 20000 }]) {
      const called = callTool(name, client, options);
      await person.approve(await person.open());
      assert.equal(textOf(await called), '{"to":"x"}');
    }
    assert.equal(fake.calls().length, 2);
  });

  test(`${name}: a call that is rejected is a result that says so`, async t => {
    const { gateway, fake, person } = await asking(t, { rule: { approval: { wait: '3s' } } });
    const client = await open(t, gateway, 'files');
    const called = callTool(name, client);
    await person.deny(await person.open());
    const result = await called;
    assert.equal(result.isError, true);
    assert.match(textOf(result), /^\[POLICY DENIED\].*was not approved/);
    assert.equal(fake.calls().length, 0);
  });

  test(`${name}: a call that nobody decides in time is pending, and runs when it is made again after the approval`, async t => {
    const { gateway, fake, person } = await asking(t, { extra: { approvals: { rounds: 2 } } });
    const client = await open(t, gateway, 'files');
    const pending = await callTool(name, client);
    assert.equal(pending.isError, true);
    assert.match(textOf(pending), /^\[APPROVAL PENDING\]/);
    await person.approve(await person.open());
    assert.equal(textOf(await callTool(name, client)), '{"to":"x"}');
    assert.equal(fake.calls().length, 1);
  });

  test(`${name}: with elicitation by URL its user sees the page of the question`, async t => {
    const { gateway, person } = await asking(t, { rule: { approval: { wait: '5s' } } });
    const seen = [];
    const elicit = async ({ params }) => { seen.push(params.url); await person.approve(await person.open()); return { action: 'accept' }; };
    const prepare = client => client.setRequestHandler(name === 'SDK 1.x' ? ElicitRequestSchema : 'elicitation/create', elicit);
    const client = await open(t, gateway, 'files', { capabilities: { elicitation: { url: {} } }, prepare });
    assert.equal(textOf(await callTool(name, client)), '{"to":"x"}');
    assert.equal(seen.length, 1);
    assert.match(seen[0], new RegExp(`^http://127\\.0\\.0\\.1:${gateway.port}/approvals/apr_\\w+$`));
  });

  test(`${name}: a call that its client gives up is withdrawn`, async t => {
    const { gateway, fake, person } = await asking(t, { rule: { approval: { wait: '30s' } } });
    const client = await open(t, gateway, 'files');
    const controller = new AbortController();
    const called = callTool(name, client, { signal: controller.signal });
    const id = await person.open();
    controller.abort();
    await assert.rejects(called);
    for (let state = ''; state !== 'withdrawn';) ({ state } = await person.question(id));
    assert.equal(fake.calls().length, 0);
  });
}

test('a client whose own time is shorter than the wait is held a round at a time', async t => {
  const { gateway, person } = await asking(t, { rule: { approval: { wait: '1s' } } });
  const client = await v2Http(t, gateway, 'files', { era: 'modern' });
  const rounds = [];
  const called = client.callTool(PAY, { timeout: 2000, onprogress: p => rounds.push(p.message) });
  await new Promise(resolve => { const look = setInterval(() => { if (rounds.length >= 3) { clearInterval(look); resolve(); } }, 20); });
  await person.approve(await person.open());
  assert.equal(textOf(await called), '{"to":"x"}');
});

for (const era of ['legacy', 'auto', 'modern'])
  test(`inspector --protocol-era ${era}: waits, and shows a call that is pending`, async t => {
    const { gateway, person } = await asking(t, { rule: { approval: { wait: '4s' } }, extra: { approvals: { rounds: 1 } } });
    const env = { MCP_CATALOG_PATH: path.join(scratch(t), 'catalog.json') };
    const inspect = () => run(NODE, [PROGRAMS.inspector, '--cli', gateway.url('files'), '--transport', 'http', '--protocol-era', era, '--header', `Authorization: ${gateway.auth().Authorization}`,
      '--format', 'json', '--method', 'tools/call', '--tool-name', 'pay', '--tool-arg', 'to=x'], { env, timeoutMs: 60000 });
    const pending = await inspect();
    assert.equal(pending.code, 5, pending.stderr + pending.stdout);
    assert.match(pending.stdout + pending.stderr, /APPROVAL PENDING/);
    const waiting = inspect();
    await person.approve(await person.open());
    const done = await waiting;
    assert.equal(done.code, 0, done.stderr + done.stdout);
    assert.match(done.stdout, /to.*x/);
  });
