// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The official MCP conformance suites, directly at an upstream and through the gateway. The direct run is the
// yardstick: through the gateway no scenario may fail, be missing, or make fewer checks. That matters, because
// several scenarios pass on any answer and a skipped one prints a tick. What cannot hold on some way is listed in
// LESS with its reason; an entry that is no longer needed fails too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bearerProxy } from '../../lib/bearer-proxy.mjs';
import { ALLOW_ALL, BINARY, startGateway } from '../../lib/gateway.mjs';
import { confUpstream, NODE, PROGRAMS } from '../../lib/programs.mjs';
import { excerpt, runSet, SETS } from './suite.mjs';

// The ways to an upstream. The upstream speaks both eras unless the name says one; where that is not the suite's, a
// bridge is in between. A server of HTTP with SSE counts as legacy unless its operator says otherwise.
const http = async (t, era) => ({ url: await confUpstream(t, era) });
const stdio = (t, era = '') => ({ command: [NODE, PROGRAMS.confUpstream, 'stdio', era].filter(Boolean) });
const sse = async t => ({ url: (await confUpstream(t)).replace('/mcp', '/sse'), transport: 'sse' });
const WAYS = {
  '0.1.16': { http, stdio, sse, 'http-modern': t => http(t, 'modern') },
  '2025-11-25': { http, stdio, sse, 'http-modern': t => http(t, 'modern'), 'stdio-modern': t => stdio(t, 'modern'), connect: http, 'connect-modern': t => http(t, 'modern') },
  '2026-07-28': { http, stdio, sse, 'sse-modern': async t => ({ ...await sse(t), era: 'modern' }), 'http-legacy': t => http(t, 'legacy'), 'stdio-legacy': t => stdio(t, 'legacy'), connect: http, 'connect-legacy': t => http(t, 'legacy') },
};

// Scenario -> what remains: exactly { passed, failed }, or at least { least } where time decides. Checks that the suite
// itself calls not applicable count as gone.
//
// A program on pipes, a server of 2024-11-05 and one of 2026-07-28 cannot drop a client's connection in the middle of a
// call to be called again; and quick answers of theirs come as JSON, which a server may do. test/wire/replay.test.mjs has
// both with slower answers.
const ONE_STREAM = { 'server-sse-polling': { least: 2 }, 'server-sse-multiple-streams': { least: 1 } };
// Two checks want the error -32021, which a server of the older revisions does not have: it says -32600. One more waits
// for a call while a process is started for the client's capabilities.
// The scenarios of input_required results look for keys of the server's choice; a question of the older revisions has
// none, so the gateway names it.
const OLDER_SERVER = {
  'server-stateless': { passed: 28, failed: 2 },
  'input-required-result-basic-elicitation': { passed: 1, failed: 1 },
  'input-required-result-ignore-extra-params': { passed: 1, failed: 0 },
};
const LESS = {
  stdio: ONE_STREAM, sse: { ...ONE_STREAM, ...OLDER_SERVER }, 'http-modern': ONE_STREAM, 'stdio-modern': ONE_STREAM, connect: ONE_STREAM, 'connect-modern': ONE_STREAM,
  'http-legacy': OLDER_SERVER, 'stdio-legacy': { ...OLDER_SERVER, 'server-stateless': { least: 27, failed: 3 } }, 'connect-legacy': OLDER_SERVER,
};
const chosen = process.env.CONFORMANCE_WAYS?.split(' ');
const scored = scenarios => Object.values(scenarios).filter(s => s.scored);

function isRight(got, want, less) {
  if (less === undefined) return got.failed <= want.failed && got.passed >= want.passed;
  if (less.least === undefined) return got.passed === less.passed && got.failed === less.failed;
  return got.passed >= less.least && got.failed <= (less.failed ?? want.failed);
}

// The way through `sallyport connect`: the suite speaks HTTP only, so a second gateway has the program as its server.
async function throughConnect(t, gateway, way) {
  const outer = await startGateway(t, {
    servers: { connect: { command: [BINARY, 'connect', gateway.url(way), '--token-env', 'TOKEN'], env: { TOKEN: gateway.tokens.suite } } },
    policies: { main: { ...ALLOW_ALL, methods: {} } }, grants: { suite: { servers: { connect: 'main' } } },
  });
  return bearerProxy(t, { port: outer.port, path: '/mcp/connect', token: outer.tokens.suite });
}

async function start(t, set) {
  const names = Object.keys(WAYS[set]).filter(way => !chosen || chosen.includes(way));
  const servers = {};
  for (const way of names) servers[way] = await WAYS[set][way](t);
  const gateway = await startGateway(t, { servers, policies: { main: { ...ALLOW_ALL, methods: {} } }, grants: { suite: { servers: Object.fromEntries(names.map(way => [way, 'main'])) } } });
  return { names, gateway };
}

for (const [set, { scored: wanted }] of Object.entries(SETS)) {
  test(`conformance ${set}`, async t => {
    const { names, gateway } = await start(t, set);
    const direct = await runSet(set, (await confUpstream(t)).replace('127.0.0.1', 'localhost'), 'direct');
    await t.test(`direct: ${wanted} scored scenarios pass`, () => {
      assert.equal(scored(direct.scenarios).filter(s => s.failed === 0 && s.passed > 0).length, wanted);
      assert.equal(scored(direct.scenarios).length, wanted);
    });
    for (const way of names) {
      const port = await (way.startsWith('connect') ? throughConnect(t, gateway, way) : bearerProxy(t, { port: gateway.port, path: '/mcp/' + way, token: gateway.tokens.suite }));
      const through = await runSet(set, `http://localhost:${port}/mcp`, way);
      for (const [name, want] of Object.entries(direct.scenarios)) {
        await t.test(`${way}: ${name}`, () => {
          const got = through.scenarios[name];
          assert.ok(got, 'the scenario ran');
          const said = `direct ${want.passed} passed, ${want.failed} failed; through ${got.passed} passed, ${got.failed} failed\n${excerpt(through.output, name)}`;
          assert.ok(isRight(got, want, LESS[way]?.[name]), said);
        });
      }
    }
  });
}
