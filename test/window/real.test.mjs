// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server and a client that others wrote, npm's file server and the official SDK, from the first page to a file on disk.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { answerIn } from '../lib/desk.mjs';
import { NODE, PROGRAMS } from '../lib/programs.mjs';
import { scratch } from '../lib/scratch.mjs';
import { dashboard } from '../lib/window.mjs';

const require = createRequire(fileURLToPath(new URL('../e2e/package.json', import.meta.url)));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');

async function agent(t, base, token) {
  const client = new Client({ name: 'agent', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(base + '/mcp/papers'), { requestInit: { headers: { Authorization: 'Bearer ' + token } } }));
  t.after(() => client.close().catch(() => {}));
  return (name, args) => client.callTool({ name, arguments: args }, undefined, { timeout: 600_000 });
}

// From the command to the token of a grant under the starter policy.
async function firstRun(page, command) {
  await page.getByLabel('URL, command').fill(command);
  await page.getByLabel('Name at the gateway').fill('papers');
  await page.getByRole('button', { name: 'Register it' }).click();
  await page.getByText('It answers, speaks the').waitFor();
  await page.getByRole('row', { name: /write_file/ }).waitFor();
  await page.getByRole('button', { name: 'Use this' }).click();
  await page.getByRole('button', { name: 'Make the grant' }).click();
  return page.getByRole('region', { name: 'The grant’s token', exact: true }).textContent();
}

test('a real file server from its command to a write that a person approves', async t => {
  const folder = fs.realpathSync(scratch(t));
  fs.writeFileSync(path.join(folder, 'a.txt'), 'what stood here');
  const here = await dashboard(t, { args: ['--allow-commands'] });
  if (!here) return;
  await here.api.must(200, 'PATCH', '/organisation', { commands_allowed: true }, { 'If-Match': '*' });
  const page = await here.open({ at: '/start' });
  const token = await firstRun(page, `${NODE} ${PROGRAMS.filesystem} ${folder}`);
  await page.getByText('Waiting for the first call').waitFor();
  const call = await agent(t, here.base, token);
  const read = await call('read_text_file', { path: path.join(folder, 'a.txt') });
  assert.match(read.content[0].text, /what stood here/);
  await page.getByText('The first call arrived.').waitFor();

  // Writing is asked about from now on, in the builder.
  await page.goto(here.base + '/policies');
  await page.getByRole('link', { name: 'papers-starter' }).click();
  await page.getByLabel('Outcome for write_file', { exact: true }).selectOption('ask');
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved as version 2.').waitFor();
  const writing = call('write_file', { path: path.join(folder, 'b.txt'), content: 'said by a person' });
  await page.goto(here.base + '/inbox');
  await page.getByRole('link', { name: /write_file/ }).click();
  await page.getByRole('table', { name: 'Arguments' }).getByText('said by a person').waitFor();
  assert.ok(!fs.existsSync(path.join(folder, 'b.txt')), 'nothing is written before');
  await page.getByRole('button', { name: 'Approve…' }).click();
  await answerIn(page).getByRole('button', { name: 'Approve once' }).click();
  const result = await writing;
  assert.ok(!result.isError, JSON.stringify(result));
  assert.equal(fs.readFileSync(path.join(folder, 'b.txt'), 'utf8'), 'said by a person');
  await page.getByText('It was approved and has run.').waitFor();
  assert.deepEqual(page.complaints, []);
});
