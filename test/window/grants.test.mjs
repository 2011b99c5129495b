// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Grants are minted, changed, given new tokens and ended in the browser, and what they do is seen there.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard } from '../lib/window.mjs';

const ANY = { 'If-Match': '*' };

test('a grant from its minting to its end', async t => {
  const here = await dashboard(t, { upstream: { tools: [tool('echo'), tool('pay')] } });
  if (!here) return;
  const { api, gateway } = here;
  const document = { ...ALLOW_ALL, tools: { pay: { deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'Too much.' }], limits: [{ counter: 'payments', window: 'day', max: 5 }] } } };
  await api.must(201, 'POST', '/policies', { name: 'careful', document });
  const page = await here.open({ at: '/grants' });
  await page.getByText('There are no grants yet.').waitFor();
  await page.getByRole('link', { name: 'New grant' }).first().click();
  await page.getByLabel('Label').fill('laptop of Ada');
  await page.getByPlaceholder('Add a server').click();
  await page.getByRole('option', { name: 'files' }).click();
  await page.getByText('Without a policy every call').waitFor();
  await page.getByRole('combobox', { name: 'Policy' }).click();
  await page.getByRole('option', { name: 'careful' }).click();
  await page.look('grants-new');
  await page.getByRole('button', { name: 'New grant' }).click();
  const token = await page.getByRole('region', { name: 'Token' }).innerText();
  assert.match(token, /^spg?_[\w-]{40,}$/);
  await page.look('grants-token');
  await page.getByRole('link', { name: 'To the grant' }).click();
  await page.getByText('It has called no tool yet.').waitFor();
  assert.ok(!(await page.content()).includes(token), 'the token is shown once');

  gateway.tokens.ada = token;
  const session = await Session.open(gateway, { label: 'ada', server: 'files' });
  await session.call('echo', {});
  await session.call('pay', { amount: 1 });
  await session.call('pay', { amount: 500 });
  const calls = page.getByRole('table', { name: 'Last calls' });
  await calls.getByText('/tools/pay/deny_if/0').waitFor();
  await page.getByRole('table', { name: 'Limits now' }).getByText('1 of 5').waitFor();
  await page.look('grants-one');

  const id = page.url().split('/').pop();
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByLabel('Label').fill('desk of Ada');
  await api.must(200, 'PATCH', '/grants/' + id, { tags: ['theirs'] }, ANY);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed this grant meanwhile.').waitFor();
  assert.equal(await page.getByLabel('Label').inputValue(), 'desk of Ada');
  await page.look('grants-lost');
  await page.getByRole('button', { name: 'I see, let me save' }).click();
  await page.getByText('Somebody else changed this grant meanwhile.').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'desk of Ada', level: 1 }).waitFor();

  await page.getByRole('button', { name: 'Empty the counters' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Empty the counters' }).click();
  await page.getByText('No counter of this grant alone holds anything.').waitFor();
  await page.getByRole('button', { name: 'New token' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'New token' }).click();
  const fresh = await page.getByRole('region', { name: 'Token' }).innerText();
  assert.notEqual(fresh, token);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.look('grants-revoke');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('Revoked', { exact: true }).waitFor();
  assert.notEqual((await api.must(200, 'GET', '/grants/' + id)).body.revoked_at, null);
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('There are no grants yet.').waitFor();
  assert.deepEqual(page.complaints, []);
});
