// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The way that the catalogue is for, with a real server and the official clients: scan it, take the starter policy as it is
// written, and the call that destroys something is not there any more, while the others work.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY, startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';
import { CLIENTS, textOf } from './clients.mjs';

const DELETING = ['delete_entities', 'delete_observations', 'delete_relations'];

// What `sallyport scan` says of server-memory, and the policy that it writes.
async function scanned(t) {
  const folder = scratch(t), file = path.join(folder, 'policy.json');
  const { code, stdout, stderr } = await run(BINARY, ['scan', '--name', 'memory', '--json', '--policy', file, '--', NODE, PROGRAMS.memory], { cwd: folder });
  assert.equal(code, 0, stderr);
  const checked = await run(BINARY, ['policy', 'check', file]);
  assert.deepEqual([checked.code, checked.stdout], [0, '1 file, 0 errors, 0 warnings\n']);
  return { report: JSON.parse(stdout), policy: fs.readFileSync(file, 'utf8') };
}

test('a scan finds what deletes, and says so for CI', async t => {
  const { report } = await scanned(t);
  const [{ tools }] = report.servers;
  assert.deepEqual(tools.filter(tool => tool.category === 'Destructive').map(({ name }) => name).sort(), DELETING);
  for (const tool of tools) assert.ok(tool.why.startsWith(tool.category + ': ') && tool.tokens > 0, tool.name);
  const failed = await run(BINARY, ['scan', '--fail-on', 'critical', '--', NODE, PROGRAMS.memory]);
  assert.equal(failed.code, 6, failed.stderr);
});

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}: under the starter policy everything works but what deletes`, async t => {
    const { report, policy } = await scanned(t);
    const file = path.join(scratch(t), 'memory.jsonl');
    const gateway = await startGateway(t, {
      servers: { memory: { command: [NODE, PROGRAMS.memory], env: { MEMORY_FILE_PATH: file } } },
      policies: { main: policy }, grants: { agent: { servers: { memory: 'main' } } },
    });
    const client = await connect(t, gateway, 'memory');
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(tool => tool.name).sort(), report.servers[0].tools.map(tool => tool.name).filter(tool => !DELETING.includes(tool)).sort());
    const entities = [{ name: 'Quist', entityType: 'customer', observations: ['pays late'] }];
    await client.callTool({ name: 'create_entities', arguments: { entities } });
    await assert.rejects(client.callTool({ name: 'delete_entities', arguments: { entityNames: ['Quist'] } }), /Unknown tool: delete_entities/);
    assert.match(textOf(await client.callTool({ name: 'read_graph', arguments: {} })), /Quist/);
    assert.match(fs.readFileSync(file, 'utf8'), /pays late/);

    // The limit of what writes is the one that the policy's text speaks of.
    const [, most] = /\d+ have (\d+) calls a minute each/.exec(JSON.parse(policy).description);
    const again = () => client.callTool({ name: 'create_entities', arguments: { entities } });
    for (let call = 2; call <= Number(most); call++) assert.notEqual((await again()).isError, true, `call ${call}`);
    const denied = await again();
    assert.equal(denied.isError, true);
    assert.match(textOf(denied), /^\[POLICY DENIED\] /);
    assert.equal(denied._meta['sallyport/decision'].rule, '/tools/create_entities/limits/calls');
    assert.notEqual((await client.callTool({ name: 'add_observations', arguments: { observations: [] } })).isError, true, 'each tool has its own count');
  });
}
