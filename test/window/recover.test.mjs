// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Pages that outlive what they speak to: the gateway is killed and comes back, the session ends, another one comes in its place.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { dashboard } from '../lib/window.mjs';

const WHO = { email: 'a@example.com', password: 'correct horse battery' };
const AWAY = 'The gateway does not answer. It is asked again by itself.';
const away = page => page.getByRole('main').getByRole('status').getByText(AWAY);

// kill() and, on the same port, back().
async function mortal(t) {
  const here = await dashboard(t);
  if (!here) return undefined;
  const { gateway, folder } = here, { port } = gateway;
  const kill = async () => {
    gateway.signal('SIGKILL');
    await gateway.exited;
    Object.assign(gateway, { exit: undefined, stderr: '' });
  };
  const back = async () => {
    gateway.configure({ ...gateway.setup, extra: { ...gateway.setup.extra, listen: '127.0.0.1:' + port } });
    await gateway.start({ args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  };
  return { ...here, kill, back };
}

// What a window that was loaded anew would not have any more.
const mark = page => page.evaluate(() => { globalThis.kept = true; });
const isSame = page => page.evaluate(() => globalThis.kept === true);

test('the gateway is killed: pages say so, keep what was typed, and go on by themselves when it is back', async t => {
  const here = await mortal(t);
  if (!here) return;
  await grantFor(here.gateway, here.api, 'agent', here.server);
  await (await Session.open(here.gateway, { label: 'agent', server: 'files' })).call('echo', {});
  const form = await here.open({ at: '/grants/new' });
  await form.getByLabel('Label').fill('laptop of Ada');
  const live = await here.open({ at: '/decisions' });
  await live.getByText('Live', { exact: true }).waitFor();
  await live.getByRole('link', { name: 'echo' }).click();
  await live.getByRole('heading', { name: 'The rule' }).waitFor();
  const first = new URL(live.url()).pathname;
  await live.goBack();
  await Promise.all([form, live].map(mark));

  await here.kill();
  await live.getByText('Reconnecting', { exact: true }).waitFor();
  await away(live).waitFor();
  await away(form).waitFor();
  await form.getByRole('button', { name: 'New grant' }).click();
  await form.getByRole('alert').getByText('The gateway does not answer.', { exact: true }).waitFor();
  await form.look('recover-away');
  // To what was never loaded: data, and the page itself.
  const other = live.getByRole('link', { name: 'initialize', exact: true });
  await other.click();
  await live.waitForURL(url => /\/decisions\/\d+$/.test(url.pathname) && url.pathname !== first);
  await live.getByRole('dialog').getByText('The gateway does not answer.', { exact: true }).waitFor();
  await live.keyboard.press('Escape');
  await live.getByRole('link', { name: 'Members' }).click();
  await live.waitForURL('**/members');
  await away(live).waitFor();

  await here.back();
  await live.getByRole('row', { name: /a@example\.com/ }).first().waitFor();
  await away(live).waitFor({ state: 'detached' });
  await away(form).waitFor({ state: 'detached' });
  assert.equal(await form.getByLabel('Label').inputValue(), 'laptop of Ada');
  await form.getByRole('button', { name: 'New grant' }).click();
  await form.getByRole('region', { name: 'Token' }).waitFor();
  await live.getByRole('link', { name: 'Decisions' }).click();
  await live.getByText('Live', { exact: true }).waitFor();
  await (await Session.open(here.gateway, { label: 'agent', server: 'files' })).call('echo', { again: true });
  await live.getByRole('link', { name: 'echo' }).nth(1).waitFor();
  assert.deepEqual(await Promise.all([form, live].map(isSame)), [true, true]);
  assert.deepEqual([...form.complaints, ...live.complaints], []);
});

test('what could not be had while the gateway was away comes without being asked for again', async t => {
  const here = await mortal(t);
  if (!here) return;
  const page = await here.open({ at: '/inbox' });
  await page.getByText('Nothing waits for you.').waitFor();
  await mark(page);
  await here.kill();
  await away(page).waitFor();
  await page.getByText('Answered and over').click();
  await page.getByRole('alert').getByText('The gateway does not answer.', { exact: true }).waitFor();
  await here.back();
  await page.getByText('No question has been answered yet.').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  assert.ok(await isSame(page));
  assert.deepEqual(page.complaints, []);
});

async function endSession(here) {
  await here.api.must(204, 'DELETE', '/session');
}

async function signIn(page) {
  await page.fill('#email', WHO.email);
  await page.fill('#password', WHO.password);
  await page.keyboard.press('Enter');
}

test('a session that has ended elsewhere leads to the sign-in page and back to the same place', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/decisions?outcome=denied&text=x' });
  await page.getByRole('heading', { name: 'No decisions match.' }).waitFor();
  await endSession(here);
  await page.getByRole('dialog').getByText('Your session has ended.').waitFor();
  await page.look('recover-ended');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/sign-in\?to=/);
  await signIn(page);
  await page.waitForURL(here.base + '/decisions?outcome=denied&text=x');
  await page.getByRole('heading', { name: 'No decisions match.' }).waitFor();
  assert.equal(await page.getByLabel('Search tools, rules, reasons').inputValue(), 'x');
  assert.deepEqual(page.complaints, []);
});

test('who signs in again in another window goes on where the page was left, with what was typed', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/grants/new' });
  await page.getByLabel('Label').fill('laptop of Ada');
  await endSession(here);
  const ended = page.getByRole('dialog').getByText('Your session has ended.');
  await ended.waitFor();
  const [other] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'In another window' }).click()]);
  await signIn(other);
  await other.getByRole('heading', { name: 'Overview' }).waitFor();
  await other.close();
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await ended.waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Label').inputValue(), 'laptop of Ada');
  await page.getByRole('button', { name: 'New grant' }).click();
  await page.getByRole('region', { name: 'Token' }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('another session of the same person in the same browser goes unnoticed', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/grants/new' });
  await page.getByLabel('Label').fill('laptop of Ada');
  assert.equal((await page.context().request.post(here.base + '/api/v1/session', { data: WHO })).status(), 201);
  await page.getByRole('button', { name: 'New grant' }).click();
  await page.getByRole('region', { name: 'Token' }).waitFor();
  assert.equal((await (await page.context().request.get(here.base + '/api/v1/grants')).json()).items.length, 1);
  assert.deepEqual(page.complaints, []);
});
