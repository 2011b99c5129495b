// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Members, keys, audit and settings in a browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>\u202Egnp.exe';
const PASSWORD = 'a long sentence is best';
const dialog = page => page.getByRole('dialog');

test('somebody is invited, joins by the link, gets another role and is removed', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/members' });
  await page.getByRole('heading', { name: 'Invitations' }).waitFor();
  await page.getByRole('row', { name: /a@example\.com/ }).first().waitFor();
  await page.look('members');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await dialog(page).getByLabel('E-mail address').fill('eve@example.com');
  await page.look('members-invite');
  await page.keyboard.press('Enter');
  const link = await dialog(page).getByRole('region', { name: 'Link of the invitation' }).textContent();
  await page.look('members-invited');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('cell', { name: 'Open' }).waitFor();
  const [, token] = /\/invitation#(.+)$/.exec(link);
  await new Api(here.gateway.port).must(201, 'POST', '/invitations/accept', { token, name: HOSTILE, password: PASSWORD });
  await page.reload();
  const row = page.getByRole('table', { name: 'Members' }).getByRole('row', { name: /eve@example\.com/ });
  await row.getByLabel(/^Role of/).first().click();
  await page.getByRole('option', { name: 'Policy manager' }).click();
  await page.getByText(/was changed/).waitFor();
  await page.look('members-hostile');
  assert.equal((await here.api.must(200, 'GET', '/members?email=eve@example.com')).body.items[0].role, 'policy_manager');

  const other = await here.open({ at: '/members', cookie: await cookieOf(new Api(here.gateway.port), 'eve@example.com', PASSWORD) });
  await other.getByText('Your role (Policy manager) may not see this.').waitFor();
  assert.equal(await other.getByRole('button', { name: 'Invite somebody' }).count(), 0);
  assert.equal(await other.getByRole('link', { name: 'Members' }).count(), 0);
  await other.goto(here.base + '/settings');
  await other.getByRole('tab').first().waitFor();
  assert.deepEqual(await other.getByRole('tab').allTextContents(), ['Your account', 'About']);

  await row.getByRole('button', { name: /^Remove/ }).click();
  await dialog(page).getByText(/can no longer sign in/).waitFor();
  await dialog(page).getByRole('button', { name: 'Remove', exact: true }).click();
  await row.waitFor({ state: 'detached' });
  await other.getByRole('link', { name: 'Overview' }).click();
  await other.getByText('Your session has ended.').waitFor();
  // The last admin stays, and the page says why.
  await page.getByRole('switch').first().click({ force: true });
  await page.getByText(/last admin/i).waitFor();
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test('a key is made, works, is shown once, and is revoked', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/keys' });
  await page.getByRole('heading', { name: 'There are no API keys yet.' }).waitFor();
  await page.look('keys-none');
  await page.getByRole('button', { name: 'Make a key' }).click();
  await dialog(page).getByLabel('Label').fill('ci ' + HOSTILE);
  await page.look('keys-make');
  await page.keyboard.press('Enter');
  const key = await dialog(page).getByRole('region', { name: 'API key' }).textContent();
  const user = new Api(here.gateway.port, { Authorization: 'Bearer ' + key });
  await user.must(200, 'GET', '/servers');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('cell', { name: 'Active' }).waitFor();
  assert.ok(!(await page.content()).includes(key));
  await page.look('keys');
  await page.getByRole('button', { name: /^Revoke ci/ }).click();
  await dialog(page).getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('cell', { name: 'Revoked' }).waitFor();
  assert.equal((await user.call('GET', '/servers')).status, 401);
  await page.goto(here.base + '/audit');
  await page.getByRole('button', { name: 'API key added' }).click();
  await dialog(page).getByRole('rowheader', { name: 'label' }).waitFor();
  await page.look('audit-change');
  await page.keyboard.press('Escape');
  await page.look('audit');
  await page.getByLabel('About').fill('nothing-like-that');
  await page.getByRole('heading', { name: 'There are no changes.' }).waitFor();
  assert.match(page.url(), /object=nothing-like-that/);
  await page.goBack();
  assert.deepEqual(page.complaints, []);
});

test('settings: the organisation, of two admins the second is told; channels with a test; providers; a new password', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/settings' });
  await page.getByLabel('Title').fill('Acme');
  await here.api.must(200, 'PATCH', '/organisation', { title: 'Other' }, { 'If-Match': '*' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').waitFor();
  await page.look('settings-conflict');
  assert.equal(await page.getByLabel('Title').inputValue(), 'Acme');
  await page.getByRole('alert').getByRole('button').click();
  await page.getByText('The organisation was changed.').waitFor();
  assert.equal((await here.api.must(200, 'GET', '/organisation')).body.title, 'Acme');

  await page.getByRole('tab', { name: 'Channels' }).click();
  await page.getByRole('heading', { name: 'Nobody is told yet.' }).waitFor();
  await page.look('settings-channels-none');
  await page.getByRole('button', { name: 'Add a channel' }).click();
  await dialog(page).getByLabel('Name').fill('ops');
  await dialog(page).getByLabel('URL').fill('http://127.0.0.1:9/hook');
  await page.look('settings-channel-form');
  await page.keyboard.press('Enter');
  assert.match(await dialog(page).getByRole('region', { name: 'What messages are signed with' }).textContent(), /^whsec_/);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Send a test message to ops' }).click();
  await page.getByRole('row', { name: /ops/ }).getByRole('status').waitFor();
  await page.look('settings-channels');

  await page.getByRole('tab', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Add a provider' }).click();
  await dialog(page).getByLabel('Name').fill('corp');
  await dialog(page).getByLabel('Issuer').fill('not a url');
  await dialog(page).getByLabel('Client ID').fill('gateway');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await dialog(page).getByRole('alert').waitFor();
  await page.look('settings-provider-wrong');
  await dialog(page).getByLabel('Issuer').fill('https://id.example.com');
  await dialog(page).getByRole('button', { name: 'Save' }).click();
  await page.getByText('https://id.example.com').waitFor();
  await page.look('settings-providers');

  await page.getByRole('tab', { name: 'About' }).click();
  await page.getByText('Rules in force').waitFor();
  await page.look('settings-about');
  await page.getByRole('tab', { name: 'Your account' }).click();
  await page.getByLabel('Password until now').fill('wrong');
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('New password again').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('is not the one until now').waitFor();
  await page.look('settings-account');
  await page.getByLabel('Password until now').fill('correct horse battery');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('The password was changed.').waitFor();
  await new Api(here.gateway.port).must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  assert.deepEqual(page.complaints, []);
});
