// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The client half of the official conformance suites: their servers look at what reaches them from a client of the
// official SDK with the gateway in between, of the server's own protocol era and of the other.
//
// Not run, and why: auth/* (a client's OAuth ends at the gateway, which has tokens of its own and sends the server its
// own credentials; the suite's servers want the client's), extension scenarios (OAuth too, and tasks, which the SDK's
// client does not have).
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';
import { keep } from './suite.mjs';

const CLIENT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'client.mjs');
const LEGACY = { 'initialize': 1, 'tools_call': 2, 'elicitation-sep1034-client-defaults': 5, 'sse-retry': 3, 'json-schema-2020-12-preservation': 9 };
const MODERN = { 'tools_call': 2, 'request-metadata': 8, 'sep-2322-client-request-state': 5, 'http-standard-headers': 9, 'http-custom-headers': 18, 'http-invalid-tool-headers': 12, 'json-schema-ref-no-deref': 1, 'json-schema-2020-12-preservation': 9 };
// Suite, revision, era of the client -> scenario -> checks that pass; none may fail.
const RUNS = [
  ['0.1.16', undefined, 'legacy', { 'initialize': 1, 'tools_call': 1, 'elicitation-sep1034-client-defaults': 5, 'sse-retry': 3 }],
  ['0.2', '2025-11-25', 'legacy', LEGACY],
  ['0.2', '2025-11-25', 'modern', LEGACY],
  ['0.2', '2026-07-28', 'modern', MODERN],
  ['0.2', '2026-07-28', 'legacy', MODERN],
];

for (const [suite, revision, era, scenarios] of RUNS) {
  test(`suite ${suite}, servers of ${revision ?? '2025-11-25'}, a ${era} client`, async t => {
    const folder = scratch(t), names = Object.keys(scenarios);
    const one = async name => {
      const args = ['client', '--command', `${NODE} ${CLIENT} ${era} ${revision ?? ''}`, '--scenario', name, '-o', path.join(folder, name.replaceAll('/', '-')), ...(revision ? ['--spec-version', revision] : [])];
      const { stdout, stderr } = await run(NODE, [suite === '0.2' ? PROGRAMS.conformance02 : PROGRAMS.conformance01, ...args], { timeoutMs: 120000 });
      keep(`client-${suite}-${revision}-${era}-${name}`, stdout + stderr);
      const [, passed, failed] = /Passed: (\d+)\/\d+, (\d+) failed/.exec((stdout + stderr).replace(/\x1b\[[0-9;]*m/g, '')) ?? [];
      return { passed: Number(passed), failed: Number(failed), output: stdout + stderr };
    };
    while (names.length > 0) { // two at a time, as many as there are cores
      const pair = names.splice(0, 2);
      const results = await Promise.all(pair.map(one));
      for (const [i, name] of pair.entries())
        await t.test(name, () => assert.deepEqual([results[i].passed, results[i].failed], [scenarios[name], 0], results[i].output.slice(-4000)));
    }
  });
}
