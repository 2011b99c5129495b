// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a second look at failed tests may do, and what not (scripts/count-tests, scripts/dev/again.sh).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratch } from '../lib/scratch.mjs';

const SCRIPT = fileURLToPath(new URL('../../scripts/count-tests', import.meta.url));

function count(...args) {
  const done = spawnSync('python3', [SCRIPT, ...args], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim();
}

const failure = (name, file, why) => `not ok 2 - ${name}\n  ---\n  location: '${file}:12:1'\n  error: '${why}'\n  ...\n`;
const report = (failures, passed) => 'TAP version 13\n' + failures.join('') + `# tests ${failures.length + passed}\n# pass ${passed}\n# fail ${failures.length}\n# cancelled 0\n# skipped 1\n# todo 0\n`;
const program = (name, result, out) => JSON.stringify({ name, result, stdout: out, stderr: '' }) + '\n';

test('a failure counts as passed when its whole file is good the second time, and is named', t => {
  const folder = scratch(t), first = path.join(folder, 'a.tap'), second = path.join(folder, 'b.tap');
  fs.writeFileSync(first, report([failure('comes late', '/x/late.test.mjs', 'not in time')], 7));
  assert.equal(count('again', 'tap', first), '/x/late.test.mjs');
  assert.equal(count('tap', first, 'wire', '3', second), 'wire 7 1 1 3');
  fs.writeFileSync(second, report([], 2));
  assert.equal(count('tap', first, 'wire', '3', second), 'wire 8 0 1 3');
  assert.equal(count('unsteady', 'tap', first, 'wire'), 'unsteady: wire: comes late');
  fs.writeFileSync(second, report([failure('comes late', '/x/late.test.mjs', 'not in time')], 1));
  assert.equal(count('tap', first, 'wire', '3', second), 'wire 7 1 1 3');
  fs.writeFileSync(second, 'TAP version 13\n'); // it died
  assert.equal(count('tap', first, 'wire', '3', second), 'wire 7 1 1 3');
});

test('no second look at what a sanitizer says, at many failures, or where a file is not known', t => {
  const file = path.join(scratch(t), 'a.tap');
  fs.writeFileSync(file, report([failure('reads too far', '/x/a.test.mjs', 'ERROR: AddressSanitizer: heap-buffer-overflow')], 7));
  assert.equal(count('again', 'tap', file), '');
  fs.writeFileSync(file, report([1, 2, 3, 4].map(n => failure('t' + n, `/x/${n}.test.mjs`, 'no')), 7));
  assert.equal(count('again', 'tap', file), '');
  fs.writeFileSync(file, report(['not ok 1 - dies\n  ---\n  error: x\n  ...\n'], 7));
  assert.equal(count('again', 'tap', file), '');
});

test('the same for programs of unit tests', t => {
  const folder = scratch(t), first = path.join(folder, 'a.json'), second = path.join(folder, 'b.json');
  const good = '[  PASSED  ] 3 test(s).\n', bad = '[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s)\n';
  fs.writeFileSync(first, program('limit/size', 'FAIL', bad) + program('json/read', 'OK', good));
  assert.equal(count('again', 'meson', first), 'limit/size');
  assert.equal(count('meson', first, 'unit', '3', second), 'unit 5 1 0 3');
  fs.writeFileSync(second, program('limit/size', 'OK', good));
  assert.equal(count('meson', first, 'unit', '3', second), 'unit 6 0 0 3');
  fs.writeFileSync(first, program('limit/size', 'FAIL', bad + 'a.c:3:1: runtime error: signed integer overflow'));
  assert.equal(count('again', 'meson', first), '');
});
