// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Logs and keys in a browser: the proof of the logs, whole and damaged; a new key for what is sealed.
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
  // What the operator says is only said; the rest can be changed, and more holds at once.
  await page.getByText('The configuration file says it (decision log, time): decision_log_keep.').waitFor();
  assert.equal(await page.getByLabel('Days that decisions are kept').count(), 0);
  await page.look('keeping-kept');
  assert.deepEqual(page.complaints, []);
});

test('an admin keeps less after seven days, sees it wait, and takes it back; more at once', async t => {
  const here = await called(t);
  if (!here) return;
  const page = await here.open({ at: '/settings?tab=keeping' });
  const days = page.getByLabel('Days that decisions are kept'), size = page.getByLabel('GiB that are kept of them');
  const change = page.getByRole('button', { name: 'Change what is kept' });
  await days.fill('5');
  await page.getByText('At least 7 days, at most 36500.').first().waitFor();
  await change.click();
  await days.fill('90');
  await size.fill('8');
  await change.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Keep less of the past?' });
  await dialog.getByText('In seven days (decision log, time): 90 days. Nothing of what is there now would be deleted then.').waitFor();
  await page.look('keeping-ask');
  await dialog.getByRole('button', { name: 'Keep less in seven days' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Now: for ever. Then: 90 days. It takes effect:').waitFor();
  await page.getByRole('table', { name: 'How long it is kept' }).getByRole('row', { name: /^Decision log ever / }).waitFor();
  await page.getByText('Saved.').waitFor({ state: 'detached' });
  await page.look('keeping-pending');

  await page.goto(here.base + '/');
  await page.getByRole('region', { name: 'What waits for people' }).getByRole('link', { name: 'Less of the logs will be kept' }).click();
  await page.getByRole('button', { name: 'Take back: decision log, time' }).click();
  await page.getByText('Now: for ever. Then: 90 days.').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Take back: decision log, size' }).click();
  await page.getByText('Less will be kept').first().waitFor({ state: 'detached' });
  assert.deepEqual((await here.api.must(200, 'GET', '/audit/keeping')).body.decision_log.keep_bytes_pending, null);
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

const keysOf = page => part(page, 'Keys that secrets are sealed with');
const numbersIn = folder => fs.readFileSync(path.join(folder, 'keys'), 'utf8').trim().split('\n').map(line => Number(line.split(':')[0]));

test('an admin makes a new key: asked first, shown while it runs and when it is done', async t => {
  const here = await dashboard(t);
  if (!here) return;
  await here.api.must(201, 'POST', `/servers/${here.server}/credentials`, { place: 'header', name: 'X-Secret', value: 's3cret' });
  const page = await here.open();
  // It is over before a person could see it run: shown running until the test has looked.
  let begun = false, shown = false;
  await page.route('**/api/v1/audit/keeping/keys', async route => {
    const answer = await route.fetch();
    if (route.request().method() === 'POST') begun = true;
    const body = await answer.json();
    if (begun && !shown) body.last = { ...body.last, state: 'running', ended_at: null, sealed: 300, left: 900 };
    return route.fulfill({ response: answer, json: body });
  });
  await page.goto(here.base + '/settings?tab=keeping');
  const keys = keysOf(page), button = keys.getByRole('button', { name: 'Make a new key' });
  await keys.getByText('There is one key: every secret is sealed under it. Its number is 1.').waitFor();
  await button.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Seal everything under a new key?' });
  await dialog.getByText(/Make a copy of the key file when it is done/).waitFor();
  await page.look('sealing-ask');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await page.waitForFunction(() => document.activeElement?.textContent === 'Make a new key');
  assert.deepEqual(numbersIn(here.folder), [1]);
  await button.click();
  await dialog.getByRole('button', { name: 'Make a new key' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await keys.getByText('Sealed anew: 300 of about 1,200').waitFor();
  await page.look('sealing-running');
  shown = true;
  await keys.getByText('Everything is sealed under key 2.').waitFor();
  await keys.getByText('Renew your copy of the key file now').waitFor();
  await keys.getByText('Its number is 2.').waitFor();
  await page.look('sealing-done');
  assert.deepEqual(numbersIn(here.folder), [2]);
  await page.unrouteAll({ behavior: 'wait' });
  assert.deepEqual(page.complaints, []);
});

test('what went wrong with the key file is said, at the start and on the way', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/settings?tab=keeping' });
  const keys = keysOf(page), file = path.join(here.folder, 'keys');
  fs.renameSync(file, file + '.away');
  await keys.getByRole('button', { name: 'Make a new key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make a new key' }).click();
  await dialog.getByText(/the key file or the database is not as it was, or cannot be written/).waitFor();
  await page.look('sealing-refused');
  await page.keyboard.press('Escape');
  fs.renameSync(file + '.away', file);
  await page.route('**/api/v1/audit/keeping/keys', async route => {
    const answer = await route.fetch(), body = await answer.json();
    body.last = { state: 'failed', key: 2, asked_by: { kind: 'member', id: 'mbr_x', label: 'a@example.com' }, started_at: '2026-01-01T00:00:00.000Z', ended_at: '2026-01-01T00:00:01.000Z', sealed: 3, left: 4, text: 'the gateway is about to stop' };
    return route.fulfill({ response: answer, json: { ...body, keys: 2, unfinished: true } });
  });
  await page.reload();
  await keys.getByText('The change of keys did not end.').waitFor();
  await keys.getByText('A change of keys was begun and has not ended.').waitFor();
  await keys.getByRole('button', { name: 'Finish the change of keys' }).waitFor();
  await page.look('sealing-failed');
  await page.unrouteAll({ behavior: 'wait' });
  assert.deepEqual(page.complaints, []);
});

test('a change of keys that was cut off is said, and is finished here', async t => {
  const here = await dashboard(t);
  if (!here) return;
  here.gateway.signal('SIGTERM');
  await here.gateway.exited;
  fs.appendFileSync(path.join(here.folder, 'keys'), `2:${'a'.repeat(64)}\n`);
  Object.assign(here.gateway, { exit: undefined, stderr: '' });
  await here.gateway.start({ args: ['--data', here.folder] });
  const base = `http://127.0.0.1:${here.gateway.port}`;
  const page = await here.open();
  await page.goto(base + '/settings?tab=keeping');
  const keys = keysOf(page);
  await keys.getByText('A change of keys was begun and has not ended.').waitFor();
  await keys.getByRole('button', { name: 'Finish the change of keys' }).click();
  await page.getByRole('dialog', { name: 'Finish the change of keys?' }).getByRole('button', { name: 'Finish the change of keys' }).click();
  await keys.getByText('Everything is sealed under key 2.').waitFor();
  await keys.getByRole('button', { name: 'Make a new key' }).waitFor();
  assert.deepEqual(numbersIn(here.folder), [2]);
});
