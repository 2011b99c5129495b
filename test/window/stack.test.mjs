// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What agents can do: a grant's tools together, drawn, listed, and what breaks what is dangerous.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { grantFor } from '../lib/controlled.mjs';
import { tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const OFFICE = [
  tool('read_inbox', {}, { description: 'Reads the newest e-mail messages of the inbox.' }),
  tool('send_email', { body: { type: 'string' } }, { description: 'Sends an e-mail to any address.' }),
  tool('fetch_url', { url: { type: 'string' } }, { description: 'Fetches a web page and returns its text.' }),
  tool('<b>delete</b>\u202efiles', {}, { description: 'Deletes files for good.', annotations: { destructiveHint: true } }),
];

test('a grant: dangers as picture and list, the worst, outcomes, fixes; the address keeps the view', async t => {
  const here = await dashboard(t, { upstream: { tools: OFFICE } });
  if (!here) return;
  await here.api.must(200, 'POST', `/servers/${here.server}/test`);
  const grant = await grantFor(here.gateway, here.api, 'office');
  const page = await here.open({ at: '/stack' });
  await page.getByText('Choose a grant or servers to look at.').waitFor();
  await page.look('stack-none');
  await page.getByRole('combobox', { name: 'Grant' }).click();
  await page.getByRole('option', { name: 'office' }).click();
  await page.waitForURL(new RegExp('grant=' + grant));
  const danger = page.getByRole('region', { name: 'Private data can be carried out' });
  await danger.getByText('Possible', { exact: true }).waitFor();
  const picture = danger.getByRole('img', { name: /Private data/ });
  assert.match(await picture.getAttribute('aria-label'), /read_inbox.*, then .*send_email/);
  assert.ok(await picture.locator('line').count() >= 1);
  await danger.getByRole('button', { name: 'The same as a list' }).click();
  await danger.getByRole('listitem').filter({ hasText: 'send_email' }).first().waitFor();
  await danger.getByRole('button', { name: /As rules/ }).first().click();
  await danger.getByRole('link', { name: 'Open all in the builder' }).first().waitFor();
  const table = page.getByRole('table', { name: 'What becomes of each tool' });
  await table.getByRole('row', { name: /send_email/ }).getByText('Free', { exact: true }).waitFor();
  await table.getByText('U+202E').waitFor();
  await page.look('stack-grant');
  await page.getByText('With starter policies').click();
  await table.getByRole('row', { name: /delete/ }).getByText('Hidden', { exact: true }).waitFor();
  await page.getByRole('group', { name: 'Outcome' }).getByText(/^Hidden/).click();
  assert.equal(await table.getByRole('row').count(), 2);
  await page.reload();
  await table.getByRole('row', { name: /delete/ }).waitFor();
  assert.equal(await table.getByRole('row').count(), 2);
  await page.goBack();
  await table.getByRole('row', { name: /send_email/ }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('servers of the catalogue without a policy, one that nothing is known of, and who may not see grants', async t => {
  const here = await dashboard(t, { upstream: { tools: OFFICE } });
  if (!here) return;
  await here.api.must(200, 'POST', `/servers/${here.server}/test`);
  const page = await here.open({ at: '/stack?servers=' + encodeURIComponent(JSON.stringify(['files', 'nobody'])) });
  await page.getByText('Nothing is known of the tools of nobody').waitFor();
  await page.getByText('Without a policy').waitFor();
  await page.getByRole('link', { name: 'The public page of these servers' }).waitFor();
  await page.look('stack-servers');
  const { token } = (await here.api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' })).body;
  const open = new Api(here.gateway.port);
  await open.must(201, 'POST', '/invitations/accept', { token, name: 'V', password: 'correct horse battery' });
  const viewer = await here.open({ cookie: await cookieOf(open, 'v@example.com', 'correct horse battery'), at: '/stack' });
  await viewer.getByText('A grant', { exact: true }).click();
  await viewer.getByText('What a grant allows is for policy managers and admins.').waitFor();
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});
