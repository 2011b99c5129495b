// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway relays of tools goes into the catalogue: once, and again when it changes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { modern } from '../lib/mcp.mjs';
import { pinned } from '../lib/pinned.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';

async function figure(gateway, name) {
  const { text } = await exchange(gateway.port, 'GET', '/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}
const taken = (gateway, count) => eventually(async () => await figure(gateway, 'sallyport_catalogue_lists_total') === count, async () => `${count} lists; there are ${await figure(gateway, 'sallyport_catalogue_lists_total')}\n${gateway.stderr}`);

test('each list is taken once, whoever asks for it, and again when it changes', async t => {
  const { fake, gateway, open } = await pinned(t, { pinning: 'off', upstream: { eras: 'legacy', tools: [tool('a'), tool('b')] } });
  const session = await open();
  for (let i = 0; i < 3; i++) await session.toolNames();
  await modern(gateway, 'fake', 'tools/list');
  await taken(gateway, 1);
  fake.options.tools = [tool('a'), tool('b', {}, { title: 'B' })];
  await session.toolNames();
  await (await open()).toolNames();
  await taken(gateway, 2);
  fake.options.tools = [tool('a')];
  await session.toolNames();
  await taken(gateway, 3);
  assert.equal(await figure(gateway, 'sallyport_catalogue_up'), 1);
  assert.equal(await figure(gateway, 'sallyport_catalogue_lists_refused_total'), 0);
});

test('what is in quarantine is in the catalogue, too, and counted', async t => {
  const { fake, gateway, open, people } = await pinned(t);
  const session = await open();
  await session.toolNames();
  await people.waits('accepted', 'echo');
  fake.options.tools = [tool('echo', {}, { title: 'x' })];
  await session.toolNames();
  await people.waits('waiting', 'echo');
  assert.equal(await figure(gateway, 'sallyport_definitions_waiting'), 1);
  await taken(gateway, 2);
});
