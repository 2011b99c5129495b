// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The way that the catalogue is for, with a real server and the official clients: scan it, take the starter policy as it is
// written, and the call that destroys something is not there any more, while the others work.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { makeData } from '../../lib/database.mjs';
import { BINARY, sanitizerOptions, startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { exchange } from '../../lib/raw.mjs';
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

// A policy as a page shows it: the code block that stands under a heading.
function policyOf(page, heading) {
  const block = page.slice(page.indexOf(heading)).match(/<pre[^>]*><code[^>]*>([^]*?)<\/code>/)?.[1] ?? assert.fail('no policy under ' + heading);
  return block.replace(/<[^>]+>/g, '').replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name]);
}

test('a scan fills the pages, and the policy of a page, pasted, is what the agent meets', async t => {
  const environment = { PATH: process.env.PATH, HOME: scratch(t), ...sanitizerOptions() };
  const data = await makeData(scratch(t), BINARY, environment), file = path.join(scratch(t), 'memory.jsonl');
  const scan = await run(BINARY, ['scan', '--name', 'memory', '--data', data.folder, '--', NODE, PROGRAMS.memory]);
  assert.equal(scan.code, 0, scan.stderr);
  const setup = policy => ({
    servers: { memory: { command: [NODE, PROGRAMS.memory], env: { MEMORY_FILE_PATH: file } } },
    policies: { main: policy }, grants: { agent: { servers: { memory: 'main' } } },
  });
  const closed = { version: '1', default: 'deny' };
  const gateway = await startGateway(t, setup(closed), { args: ['--data', data.folder] });
  const page = async target => {
    const answer = await exchange(gateway.port, 'GET', target, { Authorization: 'Bearer ' + data.key });
    assert.equal(answer.status, 200, target + '\n' + answer.text.slice(0, 500));
    return answer.text;
  };
  const tool = await page('/catalogue/memory/delete_entities');
  assert.match(tool, /Destructive/);
  assert.match(tool, /href="[^"]*\/catalogue\/attacks\/destructive-action-autonomy"/);
  assert.match(tool, /delete_entities is of the category Destructive; without a policy nothing asks whether that was meant\./);
  assert.match(await page('/catalogue/attacks/destructive-action-autonomy'), /Destructive action autonomy/);
  assert.match(await page('/catalogue/memory/read_graph'), /Read/);

  const policy = policyOf(await page('/catalogue/memory'), 'id="policy"');
  gateway.configure(setup(policy));
  gateway.signal('SIGHUP');
  await gateway.waitLog(/the configuration was loaded anew/);
  const client = await CLIENTS['SDK 2.x auto'](t, gateway, 'memory');
  const names = (await client.listTools()).tools.map(({ name }) => name);
  assert.deepEqual(names.filter(name => DELETING.includes(name)), []);
  assert.ok(names.includes('read_graph'));
  await assert.rejects(client.callTool({ name: 'delete_entities', arguments: { entityNames: ['Quist'] } }), /Unknown tool: delete_entities/);
  assert.notEqual((await client.callTool({ name: 'read_graph', arguments: {} })).isError, true);
});
