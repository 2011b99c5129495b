// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Real MCP servers, scanned: over pipes and HTTP, through one client's file, and through the gateway itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY, sanitizerOptions } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, confUpstream, run } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';

async function scan(...args) {
  const done = await run(BINARY, ['scan', '--json', ...args], { env: sanitizerOptions() });
  return { ...done, report: JSON.parse(done.stdout) };
}

test('the servers of one client, and a starter policy for each that passes the check', async t => {
  const folder = scratch(t), file = path.join(folder, 'mcp.json'), policy = path.join(folder, 'policy.json');
  fs.writeFileSync(file, JSON.stringify({ mcpServers: {
    everything: { command: NODE, args: [PROGRAMS.everything] },
    files: { command: NODE, args: [PROGRAMS.filesystem, folder] },
    memory: { command: NODE, args: [PROGRAMS.memory], env: { MEMORY_FILE_PATH: path.join(folder, 'memory.json') } },
  } }));
  const { code, report, stderr } = await scan('--config', file, '--client', 'cursor', '--policy', policy);
  assert.equal(code, 0, stderr);
  const [everything, files, memory] = report.servers, category = (server, name) => server.tools.find(x => x.name === name)?.category;
  assert.deepEqual(report.servers.map(s => [s.name, s.state, s.complete, s.odd_entries]), [['everything', 'scanned', true, 0], ['files', 'scanned', true, 0], ['memory', 'scanned', true, 0]]);
  assert.equal(files.server_name, 'secure-filesystem-server');
  assert.deepEqual(['read_text_file', 'write_file'].map(n => category(files, n)), ['Read', 'Write']);
  assert.deepEqual(['delete_entities', 'read_graph', 'create_entities'].map(n => category(memory, n)), ['Destructive', 'Read', 'Write']);
  assert.equal(category(everything, 'echo'), 'Read');
  assert.ok(files.tools.find(x => x.name === 'read_text_file').signals.some(s => s.name === 'takes-path'));
  assert.equal(report.agents[0].stack.servers.length, 3);
  for (const name of ['everything', 'files', 'memory']) {
    const check = await run(BINARY, ['policy', 'check', path.join(folder, `policy.${name}.json`)]);
    assert.equal(check.code, 0, check.stdout);
  }
});

test('a server over HTTP that was written with an official SDK', async t => {
  const { code, report } = await scan('--url', await confUpstream(t));
  assert.equal(code, 0);
  assert.ok(report.servers[0].tools.length > 3 && report.servers[0].complete, JSON.stringify(report.servers[0].problem));
});
