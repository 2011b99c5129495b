// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The official Python SDK's clients, of both lines and both eras, before servers of either era. The packages come from
// PyPI into environments of their own under .dev/; without Python or its registry these tests are skipped, and counted so.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { startGateway } from '../../lib/gateway.mjs';
import { NODE, run } from '../../lib/programs.mjs';
import { ROOT } from '../../lib/scratch.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const POLICY = { version: '1', default: 'allow', methods: {}, resources: { default: 'allow' }, prompts: { default: 'allow' }, tools: { echo: { deny_if: [{ conditions: [{ path: 'args.message', op: 'eq', value: 'bad' }], on_deny: 'No bad words.' }] } } };
const CLIENTS = { 'mcp 1.30.0': ['1.30.0', 'session', '2025-11-25'], 'mcp 2.3.0, legacy': ['2.3.0', 'legacy', '2025-11-25'], 'mcp 2.3.0, auto': ['2.3.0', 'auto', '2026-07-28'] };

// The interpreter of an environment with that version of the SDK, or why there is none.
const environments = new Map();
async function install(version) {
  const folder = path.join(ROOT, '.dev/python', 'mcp-' + version), python = path.join(folder, 'bin/python'), stamp = path.join(folder, 'installed');
  if (fs.existsSync(stamp)) return { python };
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(folder), { recursive: true });
  for (const [command, ...args] of [['python3', '-m', 'venv', folder], [python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `mcp==${version}`]]) {
    const { code, stderr } = await run(command, args, { timeoutMs: 180000 }).catch(e => ({ code: 1, stderr: e.message }));
    if (code !== 0) return { missing: `no Python SDK ${version}: ${stderr.trim().split('\n').at(-1)}` };
  }
  fs.writeFileSync(stamp, version);
  return { python };
}
const environment = version => environments.get(version) ?? environments.set(version, install(version)).get(version);

for (const [name, [version, mode, revision]] of Object.entries(CLIENTS)) {
  for (const era of ['legacy', 'modern']) {
    test(`Python ${name} before a server of the ${era} SDK`, { timeout: 240000 }, async t => {
      const { python, missing } = await environment(version);
      if (missing) return t.skip(missing);
      const gateway = await startGateway(t, { servers: { sdk: { command: [NODE, path.join(HERE, 'sdk-server.mjs'), era, 'stdio'] } }, policies: { main: POLICY }, grants: { agent: { servers: { sdk: 'main' } } } });
      const { stdout, stderr, code } = await run(python, [path.join(HERE, 'sdk-client.py'), gateway.url('sdk'), mode], { env: { TOKEN: gateway.tokens.agent }, timeoutMs: 60000 });
      assert.equal(code, 0, stderr.slice(-3000));
      const heard = JSON.parse(stdout);
      assert.equal(heard.version, revision);
      assert.ok(heard.tools.includes('echo') && heard.tools.length === 11);
      assert.deepEqual(JSON.parse(heard.ask), { action: 'accept', content: { name: 'guest' } });
      assert.deepEqual([heard.think, heard.where], ['Paris', 'file:///work']);
      assert.deepEqual(heard.questions, ['Who are you?', 'capital of France?']);
      assert.deepEqual(heard.echo, ['h\u00e9llo', { length: 5 }]);
      assert.deepEqual(heard.denied, [true, '[POLICY DENIED] No bad words.']);
      assert.deepEqual(heard.progress, [1, 2, 3]);
      assert.deepEqual([heard.resource, heard.prompt], ['version 0', 'Hello you']);
      if (revision === '2026-07-28' && era === 'modern') return; // one era: the questions are part of results
      const rows = await gateway.waitRows(row => row.direction === 'server' && row.outcome === 'allowed', 3);
      assert.deepEqual(rows.map(r => r.method).sort(), ['elicitation/create', 'roots/list', 'sampling/createMessage']);
    });
  }
}
