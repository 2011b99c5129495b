// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a newcomer does first: the commands of the README, and every JSON that our pages show.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { run } from '../lib/programs.mjs';
import { ROOT, scratch } from '../lib/scratch.mjs';

test('./dev run --demo plays the whole example and every decision is as expected', async () => {
  const { code, stdout, stderr } = await run(path.join(ROOT, 'dev'), ['run', '--demo'], { timeoutMs: 110000 });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /Everything was decided as the policy says\./);
  for (const outcome of ['allowed', 'denied', 'hidden']) assert.match(stdout, new RegExp(`\\b${outcome}\\b`));
  assert.doesNotMatch(stdout + stderr, /\bsp_[A-Za-z0-9_-]{20}/, 'the demo does not print its token');
});

// Fenced blocks of one language.
function blocks(file, language) {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8');
  return [...text.matchAll(new RegExp('^```' + language + '\\n([\\s\\S]*?)^```$', 'gm'))].map(m => m[1]);
}

test('the JSON of the README and of docs/clients.md parses', () => {
  for (const file of ['README.md', 'docs/clients.md']) {
    const found = blocks(file, 'json');
    assert.ok(found.length >= 4, file);
    for (const block of found) assert.doesNotThrow(() => JSON.parse(block), `${file}:\n${block}`);
  }
});

test('the policy of the README is accepted and denies what the README says, in those words', async t => {
  const policy = blocks('README.md', 'json').find(block => block.includes('"version"'));
  const file = path.join(scratch(t), 'kraken.json');
  fs.writeFileSync(file, policy);
  const check = await run(BINARY, ['policy', 'check', file]);
  assert.equal(check.code, 0, check.stdout + check.stderr);
  const explain = await run(BINARY, ['policy', 'explain', file, '--tool', 'add_order', '--args', '{"volume":2}', '--json']);
  const verdict = JSON.parse(explain.stdout);
  assert.equal(verdict.outcome, 'denied');
  assert.equal(verdict.rule, '/tools/add_order/deny_if/0');
  const shown = JSON.parse(blocks('README.md', 'json').find(block => block.includes('isError')));
  assert.equal(shown._meta['sallyport/decision'].rule, verdict.rule);
  assert.equal(shown.content[0].text, '[POLICY DENIED] ' + verdict.reason);
});

test('the commands that the README names exist', async () => {
  const text = ['README.md', 'docs/clients.md', 'CONTRIBUTING.md'].map(f => fs.readFileSync(path.join(ROOT, f), 'utf8')).join('\n');
  const { stdout } = await run(path.join(ROOT, 'dev'), ['help']);
  for (const [, verb] of text.matchAll(/\.\/dev ([a-z]+)/g)) if (verb !== 'help') assert.match(stdout, new RegExp(`^  ${verb}\\b`, 'm'), './dev ' + verb);
  const help = (await run(BINARY, ['--help'])).stdout;
  for (const verb of ['serve', 'run', 'connect', 'policy', 'doctor', 'token']) assert.match(help, new RegExp(`^  ${verb}\\b`, 'm'));
});

test('links between our pages lead somewhere', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'ARCHITECTURE.md', ...fs.readdirSync(path.join(ROOT, 'docs')).filter(f => f.endsWith('.md')).map(f => 'docs/' + f)];
  for (const page of pages) {
    for (const [, target] of fs.readFileSync(path.join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      assert.ok(fs.existsSync(path.join(ROOT, path.dirname(page), target)), `${page}: ${target}`);
    }
  }
});
