// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Programs that fill every pipe, stop reading, answer twice or to nobody, fork and die: the caller is told in time, the
// gateway stays small, no process is left, and the next session works. child.test.mjs has the milder ones.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { memoryKiB } from '../lib/process.mjs';
import { NODE } from '../lib/programs.mjs';
import { alive, descendants, eventually, LIB } from '../lib/scratch.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const CHILD = path.join(LIB, 'hostile-child.mjs');

async function hostile(t, server = {}) {
  const gateway = await startGateway(t, {
    servers: { bad: { command: [NODE, CHILD], timeouts: { answer: '10s' }, ...server } },
    policies: { main: ALLOW_ALL },
    grants: { agent: { servers: { bad: 'main' } } },
  });
  const open = () => Session.open(gateway, { server: 'bad' });
  return { gateway, open };
}
const both = [['a process for each session', {}], ['one process for all', { share: 'server' }]];

for (const [how, server] of both) {
  for (const tool of ['fill_stderr', 'endless_stderr']) {
    test(`${tool}: error output is drained, not kept, and nobody waits for it (${how})`, async t => {
      const { gateway, open } = await hostile(t, server);
      const session = await open();
      const before = memoryKiB(gateway.child.pid);
      assertAllowed(await session.call(tool), 'filled');
      assertAllowed(await session.call('echo'), 'echo');
      assert.ok(memoryKiB(gateway.child.pid) - before < 40 * 1024);
      assert.ok(gateway.stderr.length < 2 << 20, `${gateway.stderr.length} bytes of it were logged`);
    });
  }

  test(`a program that lives on without its input is ended, and the next session has a new one (${how})`, async t => {
    const { gateway, open } = await hostile(t, server);
    const session = await open();
    const pid = Number((await session.call('pid')).result.content[0].text);
    assertAllowed(await session.call('close_input'), 'closed');
    const started = Date.now();
    const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'echo' } });
    assert.ok(answer.messages.at(-1)?.error ?? answer.status >= 400, answer.text);
    assert.ok(Date.now() - started < 5000);
    assertAllowed(await (await open()).call('echo'), 'echo');
    await eventually(() => !alive(pid), 'the deaf program is gone');
    assertAllowed(await (await open()).call('echo'), 'echo');
    assert.doesNotMatch(gateway.stderr, /keeps exiting/);
  });

  test(`a program that stops reading makes its callers wait in bounded memory and time (${how})`, async t => {
    const { gateway, open } = await hostile(t, { ...server, timeouts: { answer: '2s' } });
    const session = await open();
    assertAllowed(await session.call('stop_reading'), 'paused');
    const before = memoryKiB(gateway.child.pid);
    const started = Date.now();
    const answers = await Promise.all(Array.from({ length: 72 }, (_, i) => session.post({ jsonrpc: '2.0', id: 100 + i, method: 'tools/call', params: { name: 'echo', arguments: { fill: 'x'.repeat(1 << 20) } } })));
    assert.ok(answers.every(a => a.messages.at(-1)?.error), 'an error each');
    assert.ok(Date.now() - started < 15000, `${Date.now() - started} ms`);
    const texts = answers.map(a => a.messages.at(-1).error.message);
    const refused = texts.filter(text => /too slow to take more/.test(text)).length;
    assert.ok(refused >= 8 && refused <= 12, `64 MiB wait for it, ${refused} calls were turned away at once`);
    assert.equal(texts.filter(text => /did not answer in time/.test(text)).length, 72 - refused);
    const grown = memoryKiB(gateway.child.pid) - before;
    assert.ok(grown < 320 * 1024, `${grown} KiB`); // sanitizers keep several bytes for each of these
    if (server.share === undefined) assertAllowed(await (await open()).call('echo'), 'echo');
  });

  test(`100 MB in one line are dropped (${how})`, async t => {
    const { gateway, open } = await hostile(t, { ...server, max_message_bytes: '1MiB' });
    const session = await open();
    const before = memoryKiB(gateway.child.pid);
    const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'flood' } });
    assert.match(answer.messages.at(-1).error.message, /larger than allowed|too large/);
    assertAllowed(await session.call('echo'), 'echo');
    assert.ok(memoryKiB(gateway.child.pid) - before < 40 * 1024);
  });

  test(`a flood of notifications to a client that does not read delays no other session (${how})`, async t => {
    const { gateway, open } = await hostile(t, server);
    const [flooded, other] = [await open(), await open()];
    const stream = await flooded.stream();
    stream.socket.pause();
    const before = memoryKiB(gateway.child.pid);
    const flood = flooded.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'flood_lines' } });
    flood.catch(() => {});
    if (server.share === undefined) for (let i = 0; i < 20; i++) assertAllowed(await other.call('echo'), 'echo');
    assert.ok(memoryKiB(gateway.child.pid) - before < 60 * 1024);
    stream.close();
    assertAllowed((await flood).messages.at(-1), 'flooded');
    assertAllowed(await other.call('echo'), 'echo');
  });

  test(`answers twice, to others and in bytes that are no text reach nobody (${how})`, async t => {
    const { open } = await hostile(t, server);
    const session = await open();
    assertAllowed(await session.call('twice'), 'first');
    assertAllowed(await session.call('another'), 'yours');
    const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: 'bad_utf8' } });
    assert.doesNotMatch(answer.text, /"x":/);
    assertAllowed(answer.messages.at(-1), 'clean');
    assertAllowed(await session.call('echo'), 'echo');
  });

  for (const tool of ['fork_and_die', 'kill_itself']) {
    test(`${tool}: the caller is told, and no process is left (${how})`, async t => {
      const { gateway, open } = await hostile(t, server);
      const session = await open();
      const started = Date.now();
      const answer = await session.post({ jsonrpc: '2.0', id: 70, method: 'tools/call', params: { name: tool } });
      assert.ok(answer.messages.at(-1)?.error, answer.text);
      assert.ok(Date.now() - started < 5000);
      await eventually(() => descendants(gateway.child.pid).filter(alive).length === 0, () => `left: ${descendants(gateway.child.pid)}`);
      assertAllowed(await (await open()).call('echo'), 'echo');
    });
  }
}

test('a helper that leaves the process group and holds the pipes does not hold a session or the gateway', async t => {
  const { open, gateway } = await hostile(t);
  const session = await open();
  const pid = Number((await session.call('pid')).result.content[0].text);
  assertAllowed(await session.call('fork_and_answer'), 'forked');
  const helpers = descendants(pid);
  t.after(() => helpers.filter(alive).forEach(helper => process.kill(helper, 'SIGKILL')));
  assert.equal(helpers.length, 1);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => (await session.post({ jsonrpc: '2.0', id: 9, method: 'ping' })).status === 404, 'the session is over');
  assertAllowed(await (await open()).call('echo'), 'echo');
  const started = Date.now();
  await gateway.stop();
  assert.ok(Date.now() - started < 10000);
});
