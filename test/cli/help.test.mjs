// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The table of commands: help, version, mistakes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROOT } from '../lib/scratch.mjs';
import { run } from './command.mjs';

const MISTAKES = [
  [[], 'a command is missing'],
  [['serv'], "unknown command 'serv'; did you mean 'serve'?"],
  [['doctr'], "unknown command 'doctr'; did you mean 'doctor'?"],
  [['zzzzzz'], "unknown command 'zzzzzz'"],
  [['--verbose'], "unknown flag '--verbose'"],
  [['help', 'tokn'], "unknown command 'tokn'; did you mean 'token'?"],
  [['help', 'a', 'b'], "'help' takes only [COMMAND]"],
  [['token', '--jsn'], "unknown flag '--jsn'; did you mean '--json'?"],
  [['token', '--json', '--json'], "'--json' is given twice"],
  [['token', '--json=yes'], "'--json' takes no value"],
  [['token', '-j'], "unknown flag '-j'"],
  [['token', 'x'], "'token' takes no operands"],
  [['doctor', '--config'], "'--config' needs a value: FILE"],
  [['doctor', '--confg', 'x'], "unknown flag '--confg'; did you mean '--config'?"],
  [['policy'], "'policy' needs a command: check, lint, test, explain, list, show, save, versions, change, rollback, diff, replay, suggest or remove"],
  [['policy', 'chek'], "unknown command 'policy chek'; did you mean 'policy check'?"],
  [['policy', 'zzzzzz'], "unknown command 'policy zzzzzz'"],
  [['audit', 'verfy'], "unknown command 'audit verfy'; did you mean 'audit verify'?"],
  [['audit', 'verify'], "'audit verify' needs FILE... or --data"],
  [['policy', 'check'], "'policy check' needs FILE..."],
  [['policy', 'test'], "'policy test' needs FILE..."],
  [['policy', 'explain'], "a FILE is needed, or --policy, or --grant and --server"],
  [['policy', 'explain', 'a', 'b'], "'policy explain' takes only [FILE]"],
];

for (const [args, sentence] of MISTAKES) {
  test(`wrong usage: sallyport ${args.join(' ')}`, () => {
    const { code, out, err } = run(args);
    assert.equal(err.split('\n')[0], 'sallyport: ' + sentence);
    assert.match(err, /\ntry 'sallyport .*--help'\n$/);
    assert.equal(out, '');
    assert.equal(code, 2);
  });
}

for (const args of [['--help'], ['-h'], ['help']]) {
  test(`sallyport ${args[0]} lists the commands`, () => {
    const { code, out, err } = run(args);
    for (const command of ['serve', 'run', 'connect', 'policy', 'audit', 'doctor', 'token', 'help']) {
      assert.match(out, new RegExp(`^  ${command} `, 'm'));
    }
    assert.equal(err, '');
    assert.equal(code, 0);
  });
}

for (const args of [['serve'], ['run'], ['connect'], ['policy'], ['policy', 'check'], ['policy', 'test'], ['policy', 'explain'], ['audit'], ['audit', 'verify'], ['audit', 'export'], ['doctor'], ['token'], ['help']]) {
  test(`sallyport ${args.join(' ')} --help explains itself`, () => {
    const { code, out, err } = run([...args, '--help']);
    assert.ok(out.startsWith(`usage: sallyport ${args.join(' ')}`), out);
    assert.equal(err, '');
    assert.equal(code, 0);
    // eslint-disable-next-line no-control-regex
    assert.match(out, /^[\n\x20-\x7e]*$/, 'plain ASCII');
    if (args.length === 1) assert.equal(run(['help', ...args]).out, out);
  });
}

test('the version is one line', () => {
  for (const flag of ['--version', '-V']) {
    const { code, out } = run([flag]);
    assert.match(out, /^sallyport \d+\.\d+\.\d+\n$/);
    assert.equal(code, 0);
  }
});

test('help config prints the reference that docs/configuration.md holds', () => {
  const { code, out } = run(['help', 'config']);
  const document = fs.readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8');
  assert.ok(out.length > 1000);
  assert.ok(document.includes(out), 'docs/configuration.md is stale');
  assert.equal(code, 0);
});

test('every command and flag is in docs/cli.md', () => {
  const document = fs.readFileSync(path.join(ROOT, 'docs/cli.md'), 'utf8');
  for (const args of [['policy', 'check'], ['policy', 'test'], ['policy', 'explain'], ['audit', 'verify'], ['audit', 'export'], ['doctor'], ['token'], ['serve'], ['run'], ['connect'],
    ...Object.entries({ server: ['list', 'show', 'add', 'credential', 'remove'], policy: ['list', 'show', 'save', 'rollback', 'diff', 'remove'], grant: ['list', 'show', 'add', 'rotate', 'revoke', 'remove'],
      key: ['list', 'add', 'revoke'], member: ['list', 'invite', 'remove'], decisions: ['list', 'tail', 'export', 'summary'] }).flatMap(([command, verbs]) => verbs.map(verb => [command, verb]))]) {
    assert.ok(document.includes('sallyport ' + args.join(' ')), args.join(' '));
    for (const [, flag] of run([...args, '--help']).out.matchAll(/^ {2}(--[a-z-]+)/gm)) {
      assert.ok(document.includes('`' + flag), `${args.join(' ')} ${flag}`);
    }
  }
});

test('a token and its hash belong together, and no two are alike', () => {
  const { code, out } = run(['token']);
  const [, token, hash] = /^(sp_[A-Za-z0-9_-]{43})\n"token_sha256": "([0-9a-f]{64})"\n$/.exec(out);
  assert.equal(createHash('sha256').update(token).digest('hex'), hash);
  assert.equal(code, 0);
  const other = JSON.parse(run(['token', '--json']).out);
  assert.equal(createHash('sha256').update(other.token).digest('hex'), other.token_sha256);
  assert.notEqual(other.token, token);
});

test('a token of one\'s own is hashed from standard input', () => {
  const token = 'a-token-of-my-own-making';
  const { code, out } = run(['token', '--from-stdin', '--json'], { input: token + '\n' });
  assert.deepEqual(JSON.parse(out), { token_sha256: createHash('sha256').update(token).digest('hex') });
  assert.equal(code, 0);
  for (const input of ['', 'short\n']) {
    const refused = run(['token', '--from-stdin'], { input });
    assert.equal(refused.out, '');
    assert.equal(refused.code, 1);
  }
});

test('a full standard output is a failure', { skip: !fs.existsSync('/dev/full') }, async () => {
  const { spawnSync } = await import('node:child_process');
  const { BINARY } = await import('./command.mjs');
  const full = fs.openSync('/dev/full', 'w');
  const done = spawnSync(BINARY, ['--help'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  fs.closeSync(full);
  assert.equal(done.stderr, 'sallyport: standard output cannot be written\n');
  assert.equal(done.status, 1);
});
