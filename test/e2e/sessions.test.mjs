// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A thousand sessions opened and dropped leave no memory, descriptor or process. In the build without sanitizers, whose
// allocator gives back what it was given.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { descriptors, memoryKiB } from '../lib/process.mjs';
import { exchange } from '../lib/raw.mjs';
import { descendants, eventually, LIB } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertAllowed } from '../lib/wire.mjs';

const TINY = { command: ['/bin/sh', path.join(LIB, 'tiny-child.sh')] };
const WARM_UP = 300, SESSIONS = 1000;
const TOLERANCE_KIB = 512; // resident memory: half a KiB for each of them

async function openAndDrop(gateway, server, count) {
  for (let i = 0; i < count; i += 10) {
    await Promise.all(Array.from({ length: 10 }, async (_, k) => {
      const session = await Session.open(gateway, { server });
      assertAllowed(await session.call('echo', { pad: 'x'.repeat(2000) }));
      if (k === 4 && i % 50 === 0) return; // left behind: it ends by being idle
      if (k === 3) (await session.stream()).reset();
      assert.ok((await exchange(gateway.port, 'DELETE', session.target, session.headers())).status < 300);
    }));
  }
  await eventually(async () => /^sallyport_sessions 0$/m.test((await exchange(gateway.port, 'GET', '/metrics')).text), 'the last session is over');
  await eventually(() => descendants(gateway.child.pid).length === 0, 'the last process is gone');
}

for (const server of ['fake', 'tiny']) {
  test(`${SESSIONS} sessions opened and dropped leave no memory, descriptor or process: ${server === 'fake' ? 'over HTTP' : 'programs'}`, async t => {
    const fake = await FakeUpstream.start(t);
    const gateway = await startGateway(t, { servers: { fake: { url: fake.url }, tiny: TINY }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { fake: 'main', tiny: 'main' } } }, extra: { decision_log: undefined, limits: { session_idle: '1s' } } }); // the log has 8 MiB that fill slowly
    await openAndDrop(gateway, server, WARM_UP);
    const [memory, open] = [memoryKiB(gateway.child.pid), descriptors(gateway.child.pid).length];
    await openAndDrop(gateway, server, SESSIONS);
    await eventually(() => descriptors(gateway.child.pid).length <= open, () => `${open} descriptors before, ${descriptors(gateway.child.pid).length} after`);
    const grown = memoryKiB(gateway.child.pid) - memory;
    t.diagnostic(`${memory} KiB after ${WARM_UP} sessions, ${grown} KiB more after ${SESSIONS} others`);
    assert.ok(grown < TOLERANCE_KIB, `${grown} KiB more`);
    await eventually(() => fake.sessions.size === 0, 'the server has no session left either');
  });
}
