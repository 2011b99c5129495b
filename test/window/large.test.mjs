// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An organisation with more of everything than one answer of the API holds: lists have all of it, and what is typed finds the last.
import assert from 'node:assert/strict';
import test from 'node:test';
import { dashboard } from '../lib/window.mjs';

const MANY = 1104; // the API gives 1,000 at once
const numbers = Array.from({ length: MANY }, (_, number) => String(number).padStart(4, '0'));

test('lists of more than a thousand grants, policies and servers', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const { api } = here;
  const ANY = { 'If-Match': '*' };
  for (const from of [0, 600]) {
    const part = numbers.slice(from, from + 600);
    await api.must(200, 'POST', '/apply', {
      servers: part.map(number => ({ name: `s${number}`, transport: 'http', url: `https://s${number}.example.com/mcp` })),
      policies: part.map(number => ({ name: `p${number}`, note: `note ${number}`, document: { version: '1', default: 'deny' } })),
      grants: part.map(number => ({ label: `agent ${number}`, servers: [{ server: `s${number}`, policy: `p${number}` }] })),
    }, ANY);
  }
  const last = numbers.at(-1);
  const gone = (await api.must(200, 'GET', '/grants?label=agent%20' + last)).body.items[0];
  await api.must(200, 'POST', `/grants/${gone.id}/revoke`, undefined, ANY);

  const page = await here.open({ at: '/grants' });
  const find = name => page.getByRole('textbox', { name });
  await page.getByRole('group', { name: 'State of the grants' }).getByText('Revoked 1', { exact: true }).waitFor();
  await page.getByText(`Active ${(MANY - 1).toLocaleString('en')}`, { exact: true }).waitFor();
  await page.look('large-grants');
  assert.equal(await page.getByRole('row').count(), 101);
  await page.getByRole('button', { name: 'Show 400 more' }).click();
  await page.getByRole('link', { name: 'agent 0499' }).waitFor();
  assert.equal(await page.getByRole('row').count(), 501);
  await find('Find a grant').fill(last);
  await page.getByRole('link', { name: `agent ${last}` }).waitFor();
  assert.equal(await page.getByRole('row').count(), 2);
  await find('Find a grant').fill('');
  await page.getByText('Revoked 1', { exact: true }).click();
  await page.getByRole('link', { name: 'agent 0000' }).waitFor({ state: 'detached' });
  assert.match(page.url(), /state=revoked/);
  await page.reload();
  await page.getByRole('link', { name: `agent ${last}` }).waitFor();
  await find('Find a grant').fill('no such');
  await page.getByText('No grant matches.').waitFor();

  await page.goto(here.base + '/policies');
  await find('Find a policy').fill(`note ${last}`);
  const row = page.getByRole('row', { name: `p${last}` });
  await row.getByText('1 grant').waitFor();
  assert.equal(await page.getByRole('row').count(), 2);
  await page.goto(here.base + '/servers');
  await find('Find a server').fill(last);
  await page.getByRole('link', { name: `s${last}` }).waitFor();

  // A list to pick from finds by what is typed, too.
  await page.goto(here.base + '/decisions');
  await page.getByRole('combobox', { name: 'Grant' }).fill(`agent ${numbers.at(-2)}`);
  await page.getByRole('option', { name: `agent ${numbers.at(-2)}` }).click();
  await page.waitForURL(/grant=agent/);
  assert.deepEqual(page.complaints, []);
});
