// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Logs and keys in a browser: the proof of the logs, whole and damaged.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { scratch } from '../lib/scratch.mjs';
import { dashboard } from '../lib/window.mjs';

// With a decision log that has rows.
async function called(t) {
  const log = path.join(scratch(t), 'decisions.jsonl');
  const here = await dashboard(t, { extra: { decision_log: log } });
  if (!here) return;
  await grantFor(here.gateway, here.api, 'dev');
  const session = await Session.open(here.gateway, { server: 'files', label: 'dev' });
  for (let i = 0; i < 3; i++) await session.call('read', {});
  return { ...here, log };
}
const part = (page, name) => page.getByRole('region', { name, exact: true });

test('an admin proves the logs, and damage is found and shown with its place', async t => {
  const here = await called(t);
  if (!here) return;
  const page = await here.open({ at: '/settings?tab=keeping' });
  const button = page.getByRole('button', { name: 'Prove the logs' });
  await button.waitFor();
  await page.look('keeping-none');
  await button.focus();
  await page.keyboard.press('Enter');
  await page.getByText('The logs are whole and unchanged.').waitFor();
  await part(page, 'Decision log').getByText(/^Rows 1 to \d+ are in order, complete and unchanged\.$/).waitFor();
  await part(page, 'Admin audit').getByText(/^Rows 1 to \d+ are in order/).waitFor();
  const [{ decision_log: log }] = (await here.api.must(200, 'GET', '/audit/proofs')).body.items;
  await part(page, 'Decision log').getByText(log.key).waitFor();
  await page.look('keeping-good');

  const text = fs.readFileSync(here.log, 'utf8');
  const at = text.indexOf('"grant":"dev"') + '"grant":"'.length;
  const fd = fs.openSync(here.log, 'r+');
  fs.writeSync(fd, 'ops', at);
  fs.closeSync(fd);
  await button.click();
  await page.getByText('The logs are not what they should be.').waitFor();
  const line = text.slice(0, at).split('\n').length;
  await part(page, 'Decision log').getByText(new RegExp(`^decisions\\.jsonl, line ${line}: row ${line} was changed`)).waitFor();
  await part(page, 'Decision log').getByText('Damaged').waitFor();
  await part(page, 'Admin audit').getByText('Whole', { exact: true }).waitFor();
  await page.getByRole('table', { name: 'Earlier proofs' }).getByRole('cell', { name: 'Whole' }).waitFor();
  await page.look('keeping-bad');

  // It is remembered, and the audit has who asked.
  await page.reload();
  await page.getByText('The logs are not what they should be.').waitFor();
  await page.goto(here.base + '/audit');
  await page.getByRole('button', { name: 'Logs proven' }).nth(1).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('how long the logs are kept is said, what there is of them, and how many keys seal', async t => {
  const here = await dashboard(t, { extra: { decision_log: path.join(scratch(t), 'decisions.jsonl'), decision_log_keep: '90d', decision_log_keep_bytes: '8 GiB' } });
  if (!here) return;
  const page = await here.open({ at: '/settings?tab=keeping' });
  const row = name => page.getByRole('table', { name: 'How long it is kept' }).getByRole('row', { name });
  await row(/^Decision log 90 days, and at most 8\.6 GB 1 file, /).waitFor();
  await row(/^Admin audit ever Oldest row: /).waitFor();
  await page.getByText('There is one key: every secret is sealed under it.').waitFor();
  await page.look('keeping-kept');
  assert.deepEqual(page.complaints, []);
});

test('a proof that takes long is shown while it runs', async t => {
  const here = await called(t);
  if (!here) return;
  const page = await here.open();
  // One that runs, until the page has shown it.
  let begun = null, shown = false;
  await page.route('**/api/v1/audit/proofs', async route => {
    const answer = await route.fetch();
    if (route.request().method() === 'POST') {
      begun = await answer.json();
      return route.fulfill({ response: answer });
    }
    const body = await answer.json();
    if (begun && !shown) body.items = [{ ...begun, files: 2, bytes: 4_000_000, read: 1_000_000 }];
    return route.fulfill({ response: answer, json: body });
  });
  await page.goto(here.base + '/settings?tab=keeping');
  await page.getByRole('button', { name: 'Prove the logs' }).click();
  await page.getByText('Reading: 1 MB of 4 MB of the decision log').waitFor();
  await page.look('keeping-running');
  shown = true;
  await page.getByText('The logs are whole and unchanged.').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
  assert.deepEqual(page.complaints, []);
});
