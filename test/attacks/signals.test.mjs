// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the files of data/attacks say that the catalogue points out: the hostile definitions of their examples have the signals
// that the pattern names, and the harmless ones beside them have none of those that accuse.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { load, SLUGS } from './lib.mjs';

const ACCUSING = ['instructs-the-model', 'hidden-text', 'names-other-tool', 'look-alike'];
// slug -> the signals of hostile definitions, by a word of them
const HOSTILE = {
  'tool-poisoning': [['units_context', 'instructs-the-model']],
  'rug-pull': [['whole invoice', 'instructs-the-model']],
  'cross-server-shadowing': [['send_email', 'instructs-the-model'], ['send_email', 'names-other-tool']],
  'line-jumping': [['chmod', 'instructs-the-model']],
  'compromised-package': [['shell command', 'takes-code']],
};

function signals(tool) {
  const { status, stdout } = spawnSync(BINARY, ['classify', '--signals', '-'], { input: JSON.stringify({ server: 'example', ...tool }) + '\n', encoding: 'utf8' });
  assert.equal(status, 0);
  return JSON.parse(stdout).signals.map(({ signal }) => signal);
}

for (const slug of SLUGS) {
  const attack = load(slug), hostile = HOSTILE[slug] ?? [];
  const tools = attack.example.steps.flatMap(step => step.answer?.tools ?? []);
  if (tools.length === 0) continue;
  test(`${slug}: the catalogue points out what is hostile in the example's lists, and nothing else`, () => {
    for (const [word, signal] of hostile) {
      const found = tools.filter(tool => JSON.stringify(tool).includes(word));
      assert.ok(found.length > 0, word);
      assert.ok(attack.signals.includes(signal), signal + ' is among those of the pattern');
      for (const tool of found) assert.ok(signals(tool).includes(signal), `${tool.description} has ${signal}: ${signals(tool)}`);
    }
    for (const tool of tools.filter(t => !hostile.some(([word]) => JSON.stringify(t).includes(word))))
      assert.deepEqual(signals(tool).filter(signal => ACCUSING.includes(signal)), [], tool.description);
  });
}
