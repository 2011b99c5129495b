// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The official MCP conformance suites, directly at an upstream and through the gateway. The direct run is the
// yardstick: through the gateway no scenario may fail, be missing, or make fewer checks. That matters, because
// several scenarios pass on any answer and a skipped one prints a tick.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { bearerProxy } from '../../lib/bearer-proxy.mjs';
import { ALLOW_ALL, startGateway } from '../../lib/gateway.mjs';
import { confUpstream, NODE, PROGRAMS, run } from '../../lib/programs.mjs';

const SETS = [
  { name: '0.1.16', scored: 32, args: url => [PROGRAMS.conformance01, 'server', '--url', url, '--suite', 'all'] },
  { name: '2025-11-25', scored: 30, args: url => [PROGRAMS.conformance02, 'server', '--url', url, '--requirements', '2025-11-25', '--timeout', '15000'] },
  { name: '2026-07-28', scored: 37, args: url => [PROGRAMS.conformance02, 'server', '--url', url, '--requirements', '2026-07-28', '--timeout', '15000'] },
];

// { scenario: { passed, failed, scored } } of one run.
async function runSet(set, url) {
  const { stdout, stderr } = await run(NODE, set.args(url), { timeoutMs: 280000 });
  const scenarios = {};
  for (const [, name, passed, failed] of stdout.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm)) scenarios[name] = { passed: Number(passed), failed: Number(failed), scored: true };
  for (const [, name] of stdout.matchAll(/^ {2}[✓✗] (\S+) \([a-z-]+\)$/gm)) if (scenarios[name]) scenarios[name].scored = false;
  const folder = process.env.SALLYPORT_SCRATCH;
  if (folder) fs.writeFileSync(path.join(folder, `conformance-${set.name}-${new URL(url).port}.log`), stdout + stderr);
  return { scenarios, output: stdout + stderr };
}
// Checks that the suite itself calls not applicable through the gateway, scenario -> checks that remain. A program on
// pipes, or a server of 2024-11-05, cannot drop a client's connection in the middle of a call; and quick answers of
// theirs come as JSON, which a server may do. test/wire/replay.test.mjs has both with slower answers.
const ONE_STREAM = { 'server-sse-polling': 2, 'server-sse-multiple-streams': 1 };
const WITHOUT_STREAMS = { stdio: ONE_STREAM, sse: ONE_STREAM };
const expected = (face, name, want) => WITHOUT_STREAMS[face]?.[name] ?? want.passed;

const FACES = (process.env.CONFORMANCE_FACES ?? 'http stdio sse').split(' ');
const scored = scenarios => Object.values(scenarios).filter(s => s.scored);
const passing = (scenarios, face) => Object.entries(scenarios).filter(([name, s]) => s.scored && s.failed === 0 && (s.passed > 0 || expected(face, name, s) === 0));

// What the suite itself printed about one scenario, for the failure's message.
function excerpt(output, name) {
  const at = output.indexOf(`'${name}'`);
  return output.slice(at, at + 1800);
}

for (const set of SETS) {
  test(`conformance ${set.name}`, async t => {
    const upstream = await confUpstream(t);
    const gateway = await startGateway(t, {
      servers: {
        http: { url: await confUpstream(t) },
        stdio: { command: [NODE, PROGRAMS.confUpstream, 'stdio'] },
        sse: { url: (await confUpstream(t)).replace('/mcp', '/sse'), transport: 'sse', ...(set.name === '2026-07-28' ? { era: 'modern' } : {}) },
      },
      policies: { main: { ...ALLOW_ALL, methods: {} } },
      grants: { suite: { servers: { http: 'main', stdio: 'main', sse: 'main' } } },
    });
    const direct = await runSet(set, upstream.replace('127.0.0.1', 'localhost'));
    await t.test(`direct: ${set.scored} scored scenarios pass`, () => {
      assert.equal(passing(direct.scenarios, 'direct').length, set.scored);
      assert.equal(scored(direct.scenarios).length, set.scored);
    });
    for (const face of FACES) {
      const port = await bearerProxy(t, { port: gateway.port, path: '/mcp/' + face, token: gateway.tokens.suite });
      const through = await runSet(set, `http://localhost:${port}/mcp`);
      await t.test(`${face} upstream: ${set.scored} scored scenarios pass through the gateway`, () => {
        const good = passing(through.scenarios, face).map(([name]) => name);
        assert.equal(good.length, set.scored, 'lost: ' + Object.keys(direct.scenarios).filter(name => direct.scenarios[name].scored && !good.includes(name)).join(' '));
      });
      for (const [name, want] of Object.entries(direct.scenarios)) {
        await t.test(`${face}: ${name}`, () => {
          const got = through.scenarios[name];
          assert.ok(got, 'the scenario ran');
          assert.ok(got.failed <= want.failed && got.passed >= expected(face, name, want), `direct ${want.passed} passed, ${want.failed} failed; through ${got.passed} passed, ${got.failed} failed\n${excerpt(through.output, name)}`);
        });
      }
    }
  });
}
