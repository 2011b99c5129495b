// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The optional tasks scenarios of the official suite through the gateway, before a server with the extension of 2026-07-28
// and before one with the tasks of 2025-11-25. A scenario counts when every check that the suite made passed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bearerProxy } from '../../lib/bearer-proxy.mjs';
import { ALLOW_ALL, startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { legacyTasks, modernTasks } from '../../lib/task-upstream.mjs';
import { FakeUpstream } from '../../lib/upstream.mjs';
import { keep } from './suite.mjs';

const SCENARIOS = ['lifecycle', 'capability-negotiation', 'wire-fields', 'request-state-removal', 'mrtr-input', 'request-headers', 'dispatch-and-envelope', 'required-task-error', 'mrtr-composition'].map(name => 'tasks-' + name);

for (const [era, upstream] of Object.entries({ modern: modernTasks, legacy: legacyTasks })) {
  test(`tasks scenarios before a ${era} server`, { timeout: 800000 }, async t => {
    const fake = await FakeUpstream.start(t, upstream());
    fake.server.keepAliveTimeout = 120000; // longer than the pause between two scenarios
    const gateway = await startGateway(t, { servers: { tasks: { url: fake.url } }, policies: { main: { ...ALLOW_ALL, methods: {} } }, grants: { suite: { servers: { tasks: 'main' } } } });
    const port = await bearerProxy(t, { port: gateway.port, path: '/mcp/tasks', token: gateway.tokens.suite });
    for (const scenario of SCENARIOS) {
      await t.test(scenario, async () => {
        const { stdout, stderr } = await run(NODE, [PROGRAMS.conformance02, 'server', '--url', `http://localhost:${port}/mcp`, '--scenario', scenario, '--spec-version', '2026-07-28', '--force', '--timeout', '40000'], { timeoutMs: 60000 });
        keep(`${era}-${scenario}`, stdout + stderr);
        const [, passed, failed] = /Passed: (\d+)\/\d+, (\d+) failed/.exec(stdout) ?? [];
        assert.ok(Number(passed) > 0 && Number(failed) === 0, stdout.slice(-3000) + stderr.slice(-500));
      });
    }
  });
}
