// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Categories that people give to tools, in place of what the classifier says.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { ALLOW_ALL, BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';
import { tool } from '../lib/upstream.mjs';

const READ_ONLY = { version: '1', default: 'deny', hide: ['@destructive'], tools: { '@read': {} } };

test('an override wins over the definition, before and behind the first list', async t => {
  const tools = [tool('list_rooms'), tool('delete_room'), tool('create_room')];
  const { fake, open } = await scene(t, { policy: READ_ONLY, upstream: { tools }, server: { overrides: { list_rooms: 'destructive', delete_room: 'Read' } } });
  const session = await open();
  await session.call('delete_room', {});
  await session.call('list_rooms', {});
  await session.call('create_room', {});
  assert.deepEqual(fake.calls().map(({ message }) => message.params.name), ['delete_room']);
  const listed = await session.request('tools/list');
  assert.deepEqual(listed.result.tools.map(({ name }) => name), ['delete_room', 'create_room']);
  await session.call('delete_room', {});
  await session.call('list_rooms', {});
  assert.deepEqual(fake.calls().map(({ message }) => message.params.name), ['delete_room', 'delete_room']);
});

test('overrides and pinning that cannot work are refused with their place', t => {
  const folder = scratch(t);
  const start = server => {
    const file = path.join(folder, 'sallyport.json');
    fs.writeFileSync(path.join(folder, 'p.json'), JSON.stringify(ALLOW_ALL));
    fs.writeFileSync(file, JSON.stringify({ listen: '127.0.0.1:0', servers: { x: { url: 'http://127.0.0.1:9/', ...server } }, policies: { p: 'p.json' }, grants: { g: { token_sha256: '0'.repeat(64), servers: ['x'], policy: 'p' } } }, null, 1));
    const { status, stderr } = spawnSync(BINARY, ['serve', '--config', file], { encoding: 'utf8', env: { PATH: process.env.PATH, ...sanitizerOptions() }, timeout: 20000 });
    assert.equal(status, 2, stderr);
    return stderr;
  };
  assert.match(start({ overrides: { a: 'Harmless' } }), /sallyport\.json:7:\d+: error: a category is Read, Write, Execute, Destructive or Financial, not "Harmless"/);
  assert.match(start({ overrides: { a: 'Unknown' } }), /not "Unknown"/);
  assert.match(start({ overrides: ['a'] }), /'overrides' must be an object/);
  assert.match(start({ overrides: { a: 1 } }), /'a' must be a string/);
  assert.match(start({ overrides: { '': 'Read' } }), /a tool's name has 1 to 256 bytes/);
  assert.match(start({ overrides: { ['x'.repeat(257)]: 'Read' } }), /a tool's name has 1 to 256 bytes/);
  assert.match(start({ pinning: 'on' }), /'pinning' must be "off" or "warn" or "quarantine", not "on"/);
  for (const pinning of ['warn', 'quarantine'])
    assert.match(start({ pinning }), /sallyport\.json:6:\d+: error: server 'x' has 'pinning': what people accepted is kept in a database, so start with --data FOLDER/);
});
