// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Real MCP servers behind the gateway, with real clients in front: what comes through equals what comes directly,
// and the policy does what it says to them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, BINARY, startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, startProgram } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';
import { CLIENTS, textOf, v1Http, v1Stdio, v2Http } from './clients.mjs';

const oneServer = (t, name, server, policy = ALLOW_ALL, options) => startGateway(t, { servers: { [name]: server }, policies: { main: policy }, grants: { agent: { servers: { [name]: 'main' } } } }, options);

// What an agent can see and do at server-everything, as plain values.
async function harvest(client) {
  const call = (name, args) => client.callTool({ name, arguments: args }).catch(e => ({ thrown: e.code, message: e.message }));
  return {
    tools: (await client.listTools()).tools,
    prompts: (await client.listPrompts()).prompts,
    resources: (await client.listResources()).resources.map(r => r.uri),
    templates: (await client.listResourceTemplates()).resourceTemplates,
    echo: await call('echo', { message: 'héllo \u{1F600}' }),
    sum: await call('get-sum', { a: 0.1, b: 0.2 }),
    structured: await call('get-structured-content', { location: 'Chicago' }),
    image: await call('get-tiny-image', {}),
    annotated: await call('get-annotated-message', { messageType: 'error', includeImage: true }),
    links: await call('get-resource-links', { count: 2 }),
    wrong: await call('get-sum', { a: 'x' }),
    missing: await call('no-such-tool', {}),
    prompt: await client.getPrompt({ name: 'simple-prompt' }),
    instructions: client.getInstructions(),
    capabilities: client.getServerCapabilities(),
  };
}

// A client that prefers 2026-07-28 gets it from the gateway also where the server is older: without what that revision has not,
// or what is not translated (docs/protocol.md, "Between the eras"), and with what it adds.
const BRIDGED = 'SDK 2.x auto';
function asBridged(plain) {
  const { tasks, ...capabilities } = plain.capabilities;
  if (tasks?.requests?.tools?.call) capabilities.extensions = { 'io.modelcontextprotocol/tasks': {} }; // the same in that revision's words
  return { ...plain, capabilities, tools: plain.tools.map(({ execution, ...tool }) => tool) };
}
function withoutServerInfo(got) {
  for (const [key, value] of Object.entries(got)) {
    if (value?._meta === undefined) continue;
    const { 'io.modelcontextprotocol/serverInfo': info, ...meta } = value._meta;
    assert.equal(info?.name, 'mcp-servers/everything', key);
    if (Object.keys(meta).length > 0) value._meta = meta;
    else delete value._meta;
  }
  return got;
}
const seenBy = (name, got, want) => name === BRIDGED ? [withoutServerInfo(got), asBridged(want)] : [got, want];
const plain = value => JSON.parse(JSON.stringify(value));

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`server-everything over stdio with ${name}: the same as directly`, async t => {
    const gateway = await oneServer(t, 'everything', { command: [NODE, PROGRAMS.everything, 'stdio'] });
    const direct = await v1Stdio(t, NODE, [PROGRAMS.everything, 'stdio']);
    const through = await connect(t, gateway, 'everything');
    const [got, want] = seenBy(name, plain(await harvest(through)), plain(await harvest(direct)));
    delete want.wrong; delete got.wrong; // client-side wording differs by SDK
    delete want.missing; delete got.missing;
    assert.deepEqual(got, want);
  });
}

test('server-everything wrapped by sallyport run, and through sallyport connect: the same as directly', async t => {
  const file = path.join(scratch(t), 'allow.json');
  fs.writeFileSync(file, JSON.stringify(ALLOW_ALL));
  const gateway = await oneServer(t, 'everything', { command: [NODE, PROGRAMS.everything, 'stdio'] });
  const direct = await harvest(await v1Stdio(t, NODE, [PROGRAMS.everything, 'stdio']));
  const wrapped = await harvest(await v1Stdio(t, BINARY, ['run', '--policy', file, '--', NODE, PROGRAMS.everything, 'stdio']));
  assert.deepEqual(wrapped, direct);
  const connected = await harvest(await v1Stdio(t, BINARY, ['connect', gateway.url('everything'), '--token-env', 'TOKEN'], { env: { TOKEN: gateway.tokens.agent } }));
  assert.deepEqual(connected, direct);
});

test('server-everything over streamable HTTP with SDK 1.x', async t => {
  const port = await freePort();
  await startProgram(t, ['-r', path.join(path.dirname(PROGRAMS.confUpstream), 'loopback-only.cjs'), PROGRAMS.everything, 'streamableHttp'], /listening on port/i, { env: { PORT: String(port) } });
  const gateway = await oneServer(t, 'everything', { url: `http://127.0.0.1:${port}/mcp` });
  const direct = await v1Stdio(t, NODE, [PROGRAMS.everything, 'stdio']);
  const through = await v1Http(t, gateway, 'everything');
  const [want, got] = [await harvest(direct), await harvest(through)];
  for (const key of ['tools', 'prompts', 'templates', 'echo', 'sum', 'structured', 'image', 'annotated', 'prompt']) assert.deepEqual(got[key], want[key], key);
});

test('server-everything over the older HTTP with SSE: every client gets the same as directly', async t => {
  const port = await freePort();
  await startProgram(t, ['-r', path.join(path.dirname(PROGRAMS.confUpstream), 'loopback-only.cjs'), PROGRAMS.everything, 'sse'], /running on port/i, { env: { PORT: String(port) } });
  const server = { url: `http://127.0.0.1:${port}/sse`, transport: 'sse' };
  const gateway = await oneServer(t, 'everything', server);
  const direct = await harvest(await v1Stdio(t, NODE, [PROGRAMS.everything, 'stdio']));
  const file = path.join(scratch(t), 'allow.json');
  fs.writeFileSync(file, JSON.stringify(ALLOW_ALL));
  const wrapped = await v1Stdio(t, BINARY, ['run', '--policy', file, '--url', server.url, '--sse']);
  const clients = [...Object.entries(CLIENTS).map(async ([name, connect]) => [name, await connect(t, gateway, 'everything')]), ['run', wrapped]];
  for (const [name, client] of await Promise.all(clients)) {
    const [got, want] = seenBy(name, plain(await harvest(client)), plain(direct));
    for (const key of ['tools', 'prompts', 'templates', 'echo', 'sum', 'structured', 'image', 'annotated', 'prompt']) assert.deepEqual(got[key], want[key], `${name}: ${key}`);
  }
  const seen = [];
  const client = await v1Http(t, gateway, 'everything');
  await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 5 } }, undefined, { onprogress: p => seen.push(p.progress) });
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
});

test('a connection that breaks in the middle of a call loses nothing: the SDKs come back for the answer', async t => {
  const gateway = await oneServer(t, 'everything', { command: [NODE, PROGRAMS.everything, 'stdio'] });
  const open = new Set();
  const relay = net.createServer(from => {
    const to = net.connect(gateway.port, '127.0.0.1');
    from.pipe(to).pipe(from);
    for (const socket of [from, to]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => { open.delete(socket); from.destroy(); to.destroy(); });
    }
  });
  await new Promise(resolve => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => { open.forEach(s => s.destroy()); relay.close(); });
  const through = { url: server => `http://127.0.0.1:${relay.address().port}/mcp/${server}`, auth: label => gateway.auth(label) };
  for (const name of ['SDK 1.x', 'SDK 2.x legacy']) {
    const client = await CLIENTS[name](t, through, 'everything');
    const seen = [];
    let cuts = 0;
    const onprogress = p => {
      seen.push(p.progress);
      if (p.progress === 2) { cuts++; open.forEach(s => s.destroy()); }
    };
    const result = await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 5 } }, ...(name === 'SDK 1.x' ? [undefined] : []), { onprogress });
    assert.match(textOf(result), /completed/, name);
    assert.deepEqual(seen, [1, 2, 3, 4, 5], name);
    assert.equal(cuts, 1);
  }
});

test('capabilities of the client reach the server: 13 tools without, 17 with sampling and elicitation', async t => {
  const gateway = await oneServer(t, 'everything', { command: [NODE, PROGRAMS.everything, 'stdio'] });
  const count = async capabilities => (await (await v1Http(t, gateway, 'everything', { capabilities })).listTools()).tools.length;
  const direct = async capabilities => (await (await v1Stdio(t, NODE, [PROGRAMS.everything, 'stdio'], { capabilities })).listTools()).tools.length;
  for (const capabilities of [{}, { sampling: {}, elicitation: { form: {}, url: {} } }]) assert.equal(await count(capabilities), await direct(capabilities));
});

test('progress of a long operation arrives in order and before the result', async t => {
  const gateway = await oneServer(t, 'everything', { command: [NODE, PROGRAMS.everything, 'stdio'] });
  const client = await v1Http(t, gateway, 'everything');
  const seen = [];
  const result = await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 1, steps: 5 } }, undefined, { onprogress: p => seen.push(p.progress) });
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.match(textOf(result), /completed/);
});

test('server-filesystem: reads allowed, writes only below one folder, one tool hidden, one denied, one limited', async t => {
  const root = fs.realpathSync(scratch(t));
  fs.mkdirSync(path.join(root, 'out'));
  fs.writeFileSync(path.join(root, 'note.txt'), 'hello from the file');
  const policy = {
    version: '1', default: 'deny', hide: ['move_file'],
    tools: {
      'read_*': {}, list_allowed_directories: {},
      list_directory: { rate_limit: { max: 2, window: 60 } },
      directory_tree: { action: 'deny', reason: 'Too much at once; use list_directory.' },
      write_file: { require: [{ conditions: [{ path: 'args.path', op: 'within_path', value: [path.join(root, 'out')] }], on_deny: 'Write below out/ only.' }] },
    },
  };
  for (const [name, connect] of Object.entries(CLIENTS)) {
    const gateway = await oneServer(t, 'files', { command: [NODE, PROGRAMS.filesystem, root] }, policy);
    const client = await connect(t, gateway, 'files');
    const names = (await client.listTools()).tools.map(x => x.name);
    assert.ok(names.includes('read_text_file') && names.includes('directory_tree') && !names.includes('move_file'), name);
    const call = (tool, args) => client.callTool({ name: tool, arguments: args });
    assert.equal(textOf(await call('read_text_file', { path: path.join(root, 'note.txt') })), 'hello from the file');
    const written = path.join(root, 'out', `${name}.txt`), escaped = path.join(root, 'out/../note.txt');
    assert.equal((await call('write_file', { path: written, content: 'x' })).isError ?? false, false);
    assert.equal(fs.readFileSync(written, 'utf8'), 'x');
    for (const bad of [escaped, path.join(root, 'note.txt')]) {
      const denied = await call('write_file', { path: bad, content: 'overwritten' });
      assert.equal(denied.isError, true);
      assert.equal(textOf(denied), '[POLICY DENIED] Write below out/ only.');
    }
    assert.match(textOf(await call('write_file', { path: 'out/x', content: 'relative' })), /^\[POLICY DENIED\] Argument 'path'/);
    assert.equal(fs.readFileSync(path.join(root, 'note.txt'), 'utf8'), 'hello from the file');
    assert.equal(textOf(await call('directory_tree', { path: root })), '[POLICY DENIED] Too much at once; use list_directory.');
    await assert.rejects(call('move_file', { source: written, destination: path.join(root, 'gone') }), e => e.code === -32602 && /Unknown tool: move_file/.test(e.message));
    assert.ok(fs.existsSync(written));
    assert.equal((await call('create_directory', { path: path.join(root, 'out/d') })).isError, true, 'default deny');
    for (let i = 0; i < 2; i++) assert.equal((await call('list_directory', { path: root })).isError ?? false, false);
    const limited = await call('list_directory', { path: root });
    assert.equal(limited.isError, true);
    assert.ok(limited._meta['sallyport/decision'].retryAfter >= 1);
  }
});

test('server-memory: entities may be made, nothing may be deleted', async t => {
  const file = path.join(scratch(t), 'memory.jsonl');
  const gateway = await oneServer(t, 'memory', { command: [NODE, PROGRAMS.memory], env: { MEMORY_FILE_PATH: file } }, { version: '1', default: 'allow', hide: ['delete_*'] });
  const client = await v1Http(t, gateway, 'memory');
  const names = (await client.listTools()).tools.map(x => x.name);
  assert.equal(names.length, 6);
  assert.ok(!names.some(n => n.startsWith('delete_')));
  await client.callTool({ name: 'create_entities', arguments: { entities: [{ name: 'gate', entityType: 'thing', observations: ['narrow'] }] } });
  const found = await client.callTool({ name: 'search_nodes', arguments: { query: 'gate' } });
  assert.equal(found.structuredContent.entities[0].name, 'gate');
  await assert.rejects(client.callTool({ name: 'delete_entities', arguments: { entityNames: ['gate'] } }), /Unknown tool: delete_entities/);
  assert.match(fs.readFileSync(file, 'utf8'), /narrow/);
});

test('a database server: SELECT passes, everything else does not', async t => {
  const policy = { version: '1', default: 'deny', tools: { search_objects: {}, execute_sql: { require: [{ conditions: [
    { path: 'args.sql', op: 'regex', value: '(?i)^\\s*select\\b[^;]*;?\\s*$' }], on_deny: 'Only single SELECT statements.' }] } } };
  const gateway = await oneServer(t, 'database', { command: [NODE, PROGRAMS.dbhub, '--demo'] }, policy);
  const client = await v1Http(t, gateway, 'database');
  const sql = text => client.callTool({ name: 'execute_sql', arguments: { sql: text } });
  const rows = await sql('SELECT COUNT(*) AS n FROM employee');
  assert.equal(rows.isError ?? false, false, textOf(rows));
  assert.match(textOf(rows), /1000/);
  for (const bad of ['DROP TABLE employee', 'SELECT 1; DROP TABLE employee', "  delete from employee", '/* select */ delete from employee']) {
    const denied = await sql(bad);
    assert.equal(textOf(denied), '[POLICY DENIED] Only single SELECT statements.', bad);
  }
  assert.match(textOf(await sql('select count(*) from employee')), /1000/);
});

test('CCXT: 24 tools listed, market data allowed, orders denied, with both SDKs', async t => {
  const policy = { version: '1', default: 'allow', hide: ['set-leverage', 'set-margin-mode'], tools: { 'place-*': { action: 'deny', reason: 'No trading.' } } };
  const gateway = await startGateway(t, {
    servers: { ccxt: { command: [NODE, PROGRAMS.ccxt] } }, policies: { main: policy, open: ALLOW_ALL },
    grants: { agent: { servers: { ccxt: 'main' } }, all: { servers: { ccxt: 'open' } } },
  });
  assert.equal((await (await v1Http(t, gateway, 'ccxt', { label: 'all' })).listTools()).tools.length, 24);
  const client = await v2Http(t, gateway, 'ccxt', { label: 'agent' });
  assert.equal((await client.listTools()).tools.length, 22);
  assert.match(textOf(await client.callTool({ name: 'list-exchanges', arguments: {} })), /kraken/);
  const denied = await client.callTool({ name: 'place-market-order', arguments: { exchange: 'kraken', symbol: 'BTC/USD', side: 'buy', amount: 1, apiKey: 'k', secret: 's' } });
  assert.equal(textOf(denied), '[POLICY DENIED] No trading.');
});

async function freePort() {
  const net = await import('node:net');
  const server = net.createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}
