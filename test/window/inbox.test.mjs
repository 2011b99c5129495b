// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls that wait are answered in the browser, while a real client waits for them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerIn, desk } from '../lib/desk.mjs';

test('a call waits, is approved in the browser, and gets its result; the next is denied by keyboard', async t => {
  const here = await desk(t);
  if (!here) return;
  const page = await here.open({ at: '/inbox' });
  await page.getByText('Nothing waits for you.').waitFor();
  await page.look('inbox-empty');
  const first = here.call({ to: 'Example Ltd', amount: 80, lines: ['a', 'b'] });
  await page.getByRole('link', { name: /pay/ }).click();
  await page.getByRole('heading', { name: /ci-runner wants to call pay on files/ }).waitFor();
  assert.match(await page.getByRole('table', { name: 'Arguments' }).innerText(), /args\.amount\s+80[^]*args\.lines\[0\]/);
  await page.getByRole('button', { name: 'Approve…' }).click();
  await answerIn(page).getByLabel('Reason').fill('A known supplier.');
  await page.look('inbox-approve');
  await answerIn(page).getByRole('button', { name: 'Approve once' }).click();
  const result = await first;
  assert.ok(!result.isError, JSON.stringify(result));
  await page.getByText('It was approved and has run.').waitFor();
  assert.equal(here.fake.calls().length, 1);

  const second = here.call({ to: 'Example Ltd', amount: 90071992547409931, urgent: true });
  await here.asked(1);
  await page.getByText('Waiting (1)').waitFor();
  await page.locator('body').press('j');
  await page.getByText('was 80').waitFor();
  const values = await page.getByRole('table', { name: 'Arguments' }).innerText();
  assert.match(values, /args\.amount\s+\d+[^]*was 80/);
  assert.match(values, /args\.urgent\s+true[^]*new/);
  assert.match(values, /args\.lines\[0\]\s+not there any more/);
  await page.look('inbox-question');
  await page.keyboard.press('d');
  await answerIn(page).getByLabel('Reason').fill('Too much.');
  await page.keyboard.press('Control+Enter');
  const denied = await second;
  assert.equal(denied.isError, true);
  await page.getByText('It was denied.').waitFor();
  assert.equal(here.fake.calls().length, 1);
  await page.look('inbox-denied');
  assert.deepEqual(page.complaints, []);
});
