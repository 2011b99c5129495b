// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions as they are made, found again by their filters, and each with its whole story.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const PASSWORD = 'a long sentence is best';

test('a decision from its coming to its story', async t => {
  const here = await dashboard(t, { upstream: { tools: [tool('echo'), tool('pay')] } });
  if (!here) return;
  const { api, gateway } = here;
  await api.must(200, 'PATCH', '/organisation', { log_arguments: {} }, { 'If-Match': '*' });
  const document = { ...ALLOW_ALL, tools: { pay: { deny_if: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'Too much.' }], limits: [{ counter: 'payments', window: 'hour', max: 5 }, { counter: 'sum', window: 'month', max: 900, scope: 'organisation', increment_from: 'args.amount' }] } } };
  const policy = (await api.must(201, 'POST', '/policies', { name: 'careful', document })).body;
  const grant = await api.must(201, 'POST', '/grants', { label: 'ada', servers: [{ server: 'files', policy: 'careful' }] });
  gateway.tokens.ada = grant.body.token;
  const page = await here.open({ at: '/decisions' });
  await page.getByText('No decisions match.').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  const session = await Session.open(gateway, { label: 'ada', server: 'files' });
  await session.call('echo', {});
  await session.call('pay', { amount: 40 });
  await session.call('pay', { amount: 500, note: 'a\u202eb' });
  await page.getByRole('table', { name: 'Decisions' }).getByText('/tools/pay/deny_if/0').waitFor();
  await api.must(201, 'POST', `/policies/${policy.id}/versions`, { document: ALLOW_ALL }, { 'If-Match': '*' });
  await page.goto(here.base + '/decisions?outcome=denied');
  await page.getByRole('link', { name: 'pay' }).click();
  const story = page.getByRole('dialog');
  await story.getByText('Too much.').first().waitFor();
  assert.match(page.url(), /\/decisions\/\d+\?outcome=denied$/);
  assert.match(await story.getByRole('table', { name: 'Arguments' }).innerText(), /args\.amount\s+500[^]*aU\+202Eb/);
  const marked = story.locator('[data-marked]');
  await marked.first().waitFor();
  assert.match((await marked.allInnerTexts()).join(' '), /"path": "args\.amount"/);
  await story.getByText('version 1', { exact: false }).waitFor(); // the one that decided, not the newest
  await api.refused(404, 'not-found', 'GET', `/policies/${policy.id}/versions/sha256-0000000000000000`);
  assert.match(await story.getByRole('region', { name: 'A test of a policy' }).innerText(), /a\\u202eb[^]*"expect": "deny",\s+"rule": "\/tools\/pay\/deny_if\/0"/);
  await page.look('decisions-story');
  const deep = page.url();
  await page.keyboard.press('Escape');
  await story.waitFor({ state: 'detached' });
  assert.ok(page.url().endsWith('/decisions?outcome=denied'), page.url());
  await page.goBack();
  await story.waitFor();
  await page.look('decisions');
  await page.goto(here.base + '/decisions?outcome=allowed&tool=pay');
  await page.getByRole('link', { name: 'pay' }).click();
  const counted = story.getByRole('region', { name: 'Counted against' });
  await counted.getByText('payments: 1 of 5 in 1 hour').waitFor();
  assert.match(await counted.innerText(), /sum: at most 900 in 31 days, added up, of the organisation$/);
  await page.look('decisions-counted');
  assert.deepEqual(page.complaints, []);

  await api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' }).then(({ body }) => api.must(201, 'POST', '/invitations/accept', { token: body.token, name: 'V', password: PASSWORD }));
  const viewer = await here.open({ cookie: await cookieOf(api, 'v@example.com', PASSWORD), at: deep.slice(here.base.length) });
  await viewer.getByText('Policy managers and admins see the text of policies.').waitFor();
  await viewer.goto(here.base + '/decisions/999999');
  await viewer.getByText('There is no such decision.').waitFor();
  assert.deepEqual(viewer.complaints, []);
});

test('from a decision to those like it, and of a time', async t => {
  const here = await dashboard(t, { upstream: { tools: [tool('echo'), tool('pay')] } });
  if (!here) return;
  const { api, gateway } = here;
  await api.must(201, 'POST', '/policies', { name: 'free', document: ALLOW_ALL });
  for (const label of ['ada', 'ben']) {
    gateway.tokens[label] = (await api.must(201, 'POST', '/grants', { label, servers: [{ server: 'files', policy: 'free' }] })).body.token;
    const session = await Session.open(gateway, { label, server: 'files' });
    await session.call('echo', {});
    await session.call('pay', {});
  }
  const page = await here.open({ at: '/decisions?outcome=allowed' });
  const table = page.getByRole('table', { name: 'Decisions' });
  const cells = async () => (await table.getByRole('row').allInnerTexts()).slice(1).map(line => line.split('\t').slice(2, 5).join(' ').replaceAll(/[\u2066-\u2069]/g, '')).sort();
  const settles = async expected => {
    await table.getByRole('row').nth(expected.length).waitFor();
    await table.getByRole('row').nth(expected.length + 1).waitFor({ state: 'detached' });
    assert.deepEqual(await cells(), expected);
  };
  await table.getByRole('row', { name: /pay.*ben/ }).getByRole('link').click();
  const story = page.getByRole('dialog');
  await story.getByRole('link', { name: 'Decisions about this tool' }).click();
  await story.waitFor({ state: 'detached' });
  await settles(['pay files ada', 'pay files ben']);
  await page.reload();
  await settles(['pay files ada', 'pay files ben']);
  await page.look('decisions-tool');
  await page.getByRole('button', { name: 'Take away tool: pay' }).focus();
  await page.keyboard.press('Enter');
  await table.getByRole('row', { name: /echo.*ada/ }).waitFor();
  assert.match(page.url(), /\?server=files$/);
  await table.getByRole('row', { name: /echo.*ada/ }).getByRole('link').click();
  await story.getByTitle('Decisions of this session').click();
  await story.waitFor({ state: 'detached' });
  await settles(['echo files ada', 'initialize files ada', 'notifications/initialized files ada', 'pay files ada']);

  // Of a time: counted back it stays live, with an end it does not.
  const period = page.getByRole('combobox', { name: 'Any time' });
  await period.click();
  await page.getByRole('option', { name: 'Last hour' }).click();
  await page.waitForURL(/last=hour/);
  await page.getByText('Live', { exact: true }).waitFor();
  await period.click();
  await page.getByRole('option', { name: 'Between\u2026' }).click();
  await page.getByLabel('Until', { exact: true }).fill('2020-01-01T00:00');
  await page.getByText('No decisions match.').waitFor();
  await page.getByText('Not live: it ends in the past').waitFor();
  await page.getByLabel('From', { exact: true }).fill('2019-01-01T00:00');
  const from = await page.evaluate(() => new Date('2019-01-01T00:00').toISOString()); // by the reader's clock
  await page.waitForURL(url => url.searchParams.get('from') === from);
  await page.reload();
  assert.equal(await page.getByLabel('Until', { exact: true }).inputValue(), '2020-01-01T00:00');
  await page.look('decisions-between');
  await page.getByLabel('Until', { exact: true }).fill('');
  await settles(['echo files ada', 'initialize files ada', 'notifications/initialized files ada', 'pay files ada']);
  assert.deepEqual(page.complaints, []);
});
