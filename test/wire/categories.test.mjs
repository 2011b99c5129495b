// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Selectors by category, resolved by what the server's own list says of its tools.
import assert from 'node:assert/strict';
import test from 'node:test';
import { scene } from '../lib/wire.mjs';
import { tool } from '../lib/upstream.mjs';

const TOOLS = [
  tool('list_rooms'), tool('create_room'), tool('run_command'), tool('delete_room'), tool('send_payment'), tool('zorp'),
  { ...tool('notes'), description: 'Permanently deletes notes.', annotations: { readOnlyHint: true } },
];
const names = TOOLS.map(({ name }) => name);

// Which of the tools may be called under the policy, before and behind a list.
async function allowed(t, tools, hide = []) {
  const { fake, open } = await scene(t, { policy: { version: '1', default: 'deny', hide, tools }, upstream: { tools: TOOLS } });
  const session = await open();
  const call = async () => {
    for (const name of names) await session.call(name, {});
    return fake.calls().splice(0).map(({ body }) => JSON.parse(body).params.name);
  };
  const before = await call();
  await session.post({ jsonrpc: '2.0', id: 77, method: 'tools/list' });
  const seen = fake.calls().length;
  for (const name of names) await session.call(name, {});
  return { before, behind: fake.calls().slice(seen).map(({ body }) => JSON.parse(body).params.name) };
}

const rows = [
  ['@read', ['list_rooms']],
  ['@write', ['create_room']],
  ['@execute', ['run_command']],
  ['@destructive', ['delete_room', 'notes']],
];
for (const [selector, expected] of rows) {
  test(`${selector} permits what the list shows to be so, and nothing before the list`, async t => {
    const { before, behind } = await allowed(t, { [selector]: {} });
    assert.deepEqual(before, []);
    assert.deepEqual(behind, expected);
  });
}

test('what nobody understands, or was never listed, counts as the gravest', async t => {
  const { before, behind } = await allowed(t, { '*': {}, '@financial': { action: 'deny' } });
  assert.deepEqual(before, []);
  assert.deepEqual(behind, names.filter(name => name !== 'send_payment' && name !== 'zorp'));
});

test('a definition that changes has another category from the next list on', async t => {
  const upstream = { tools: [{ ...tool('notes'), description: 'Lists notes.' }] };
  const { fake, open } = await scene(t, { policy: { version: '1', default: 'deny', tools: { '@read': {} } }, upstream });
  const session = await open();
  const list = () => session.post({ jsonrpc: '2.0', id: 77, method: 'tools/list' });
  await list();
  await session.call('notes', {});
  await list();
  await session.call('notes', {});
  assert.equal(fake.calls().length, 2);
  fake.options.tools = [{ ...tool('notes'), description: 'Permanently deletes all notes.' }];
  await list();
  await session.call('notes', {});
  assert.equal(fake.calls().length, 2);
});
