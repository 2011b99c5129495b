// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport audit export`, and what `audit verify` says about files that are no logs. Logs of running gateways are in
// test/wire/audit.test.mjs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import test from 'node:test';
import { folderOf, run } from './command.mjs';

const row = (seq, time, more = {}) => JSON.stringify({ time, id: 'x', grant: 'g', ...more, seq, link: '0'.repeat(64) });
const note = (seq, time) => JSON.stringify({ time, note: 'checkpoint', rows: seq - 1, seq, link: '0'.repeat(64) });
const DAY = d => `2026-11-0${d}T12:00:00.000Z`;
const LINES = [
  row(1, DAY(1), { client: 'plain', argument_keys: ['a', 'b'] }), note(2, DAY(1)),
  row(3, DAY(2), { client: '=cmd|"x"!A1' }), row(4, DAY(3), { client: 'a,"b"\nc' }), row(5, DAY(4), { server: null }),
];
const FILES = { 'log.2': LINES.slice(3).join('\n') + '\n', 'log.1': LINES.slice(0, 3).join('\n') + '\n' };

function exported(t, args, files = FILES) {
  const cwd = folderOf(t, files);
  return run(['audit', 'export', ...Object.keys(files), ...args], { cwd });
}
const decisions = LINES.filter((_, i) => i !== 1);

test('decisions come out as they are, in the order of their rows', t => {
  const { code, out, err } = exported(t, []);
  assert.equal(out, decisions.map(line => line + '\n').join(''));
  assert.equal(err, '');
  assert.equal(code, 0);
});

for (const [from, to, first, last] of [
  ['2026-11-02', undefined, 1, 4], ['2026-11-02T12:00:00Z', undefined, 1, 4], ['2026-11-02T12:00:00.001Z', undefined, 2, 4],
  [undefined, '2026-11-03T12:00:00Z', 0, 2], [undefined, '2026-11-03T13:00:00+01:00', 0, 2], ['2026-11-02', '2026-11-04', 1, 3], ['2027-01-01', undefined, 4, 4],
]) {
  test(`from ${from} to ${to}`, t => {
    const { out } = exported(t, [...(from ? ['--from', from] : []), ...(to ? ['--to', to] : [])]);
    assert.equal(out, decisions.slice(first, last).map(line => line + '\n').join(''));
  });
}

test('CSV has a column per member, quotes what it must and defuses formulas', t => {
  const { code, out } = exported(t, ['--format', 'csv']);
  const lines = out.split('\r\n');
  const names = lines[0].split(',');
  assert.deepEqual(names.slice(0, 5), ['time', 'seq', 'id', 'organisation', 'grant']);
  assert.equal(new Set(names).size, 32);
  assert.ok(lines[1].startsWith('2026-11-01T12:00:00.000Z,1,x,,g,,,plain,'), lines[1]);
  assert.ok(lines[1].includes(',"[""a"",""b""]",'), lines[1]);
  assert.ok(lines[2].includes(`,"'=cmd|""x""!A1",`), lines[2]);
  assert.ok(lines[3].includes(',"a,""b""\nc",'), lines[3]);
  assert.equal(lines.length, 6);
  assert.equal(code, 0);
});

test('keys beside the log are left out', t => {
  const key = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';
  const { out, err } = exported(t, [], { ...FILES, 'log.key': key, 'log.key.pub': key, 'log.sink-a': '{"position":"newest","row":"1"}\n' });
  assert.equal(out, decisions.map(line => line + '\n').join(''));
  assert.equal(err, '');
  const only = exported(t, [], { 'log.key': key });
  assert.equal(only.err, 'sallyport: there is no log among these files\n');
  assert.equal(only.code, 2);
});

test('lines that are no rows are left out and counted', t => {
  const { code, out, err } = exported(t, [], { log: `half a li\n${LINES[0]}\n{"time":"2026` });
  assert.equal(out, LINES[0] + '\n');
  assert.equal(err, 'sallyport: lines that are no rows, and were left out: 2\n');
  assert.equal(code, 0);
});

for (const [args, sentence] of [
  [['log', '--from', 'yesterday'], "'yesterday' is no time like 2027-01-31T12:00:00Z"],
  [['log', '--to', '2026-13-01'], "'2026-13-01' is no time like 2027-01-31T12:00:00Z"],
  [['log', '--format', 'xml'], "the format is jsonl or csv, not 'xml'"],
  [['nowhere'], "cannot read 'nowhere': No such file or directory"],
]) {
  test(`wrong usage: audit export ${args.join(' ')}`, t => {
    const { code, err } = run(['audit', 'export', ...args], { cwd: folderOf(t, { log: '' }) });
    assert.equal(err.split('\n')[0], 'sallyport: ' + sentence);
    assert.equal(code, 2);
  });
}

test('files that are no logs are bad at their first line', t => {
  const row = '{"time":"2026-11-21T09:18:10.123Z","id":null,"seq":1';
  const linked = `${row},"link":"${createHash('sha256').update(Buffer.alloc(32)).update(row).digest('hex')}"}\n`;
  const cwd = folderOf(t, { empty: '', text: 'hello\nworld\n', forged: LINES.join('\n') + '\n', linked, folder: '' });
  for (const [file, place, words] of [['empty', 'empty:1:', /no row at all/], ['text', 'text:1:', /is no row of the log/], ['forged', 'forged:1:', /row 1 was changed/], ['linked', 'linked:1:', /no row is signed/]]) {
    const { code, out } = run(['audit', 'verify', file], { cwd });
    assert.ok(out.startsWith(place), out);
    assert.match(out, words);
    assert.equal(code, 1);
  }
  assert.equal(run(['audit', 'verify', path.join(cwd)], { cwd }).code, 2);
  assert.equal(run(['audit', 'verify', 'empty', '--key', 'text'], { cwd }).code, 2);
});
