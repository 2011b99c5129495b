// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How a person meets a question in a browser: with scripts and without, wide and narrow, light and dark, hostile texts, judged by
// axe. With TEST_PICTURES=FOLDER it leaves a picture of each there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { startApi } from '../lib/api.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PROGRAM = process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' }).stdout.trim();
const PICTURES = process.env.TEST_PICTURES;
const PASSWORD = 'a long sentence is best', EMAIL = 'pat@example.com';

async function stage(t, { role = 'policy_manager' } = {}) {
  if (PROGRAM === '') return t.skip('there is no chromium here');
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const state = await startApi(t, { seed: false }), { api } = state, first = { email: 'first@example.com', password: PASSWORD };
  await api.must(201, 'POST', '/setup', { token: state.setup, name: 'First', ...first });
  const session = await api.must(201, 'POST', '/session', first);
  const headers = { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token };
  const { token: key } = (await api.must(201, 'POST', '/keys', { label: 'test', role: 'admin' }, headers)).body, admin = api.as(key);
  const { token } = (await admin.must(201, 'POST', '/invitations', { email: EMAIL, role })).body;
  await api.must(201, 'POST', '/invitations/accept', { token, name: 'Pat', password: PASSWORD });
  return { ...state, owner: { organisation: session.body.organisation }, admin, browser, base: `http://127.0.0.1:${state.port}` };
}

// Opens the address, signs in on the way, and comes back to it.
async function enter(page, here, at) {
  await page.goto(here.base + at);
  assert.ok(page.url().includes('/sign-in?to='), page.url());
  await page.fill('#email', EMAIL);
  await page.fill('#password', PASSWORD);
  await page.click('button');
  await page.waitForURL(here.base + at);
}

const CALL = { tool: 'transfer_funds', server_name: 'bank', grant_label: 'ci-runner', client: 'claude-code', category: 'Financial', severity: 'critical', rule: '/tools/transfer_funds/approve_if/0', reason: 'Transfers above 100 need a person.', policy: 'careful', policy_version: '7' };
const ARGUMENTS = { from: 'DE02 1203 0000 0000 2020 51', to: { name: 'Example Supplies Ltd', iban: 'DE75 5121 0800 1245 1261 99' }, amount: 1250.5, currency: 'EUR', urgent: false, lines: ['Invoice 2026-118', 'Second half'] };

for (const [width, height] of [[1440, 900], [390, 844]])
  for (const colorScheme of ['light', 'dark'])
    test(`a question is read and answered, ${width} wide and ${colorScheme}`, async t => {
      const here = await stage(t);
      if (!here) return;
      const context = await here.browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true, hasTouch: width < 500 });
      const page = await context.newPage(), complaints = [];
      page.on('pageerror', e => complaints.push(String(e)));
      const look = async name => {
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name + ' is wider than the window');
        if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: !name.includes('window') });
        if (name.includes('window')) return;
        await page.evaluate(AXE);
        const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html)}`), [], name);
        assert.ok(passes.some(p => p.id === 'color-contrast'), 'axe looked at colours');
      };
      const before = await here.ask(here.owner, { ...CALL, arguments: { ...ARGUMENTS, amount: 80, urgent: undefined, note: 'gone now' } });
      await here.admin.must(200, 'POST', `/approvals/${before}/approve`, { note: 'A known supplier.' });
      await here.ask(here.owner, { ...CALL, tool: 'delete_branch', server_name: 'git', severity: 'high', category: 'Execute', reason: '', arguments: { branch: 'main' } });
      const id = await here.ask(here.owner, { ...CALL, arguments: ARGUMENTS, facts: { daily_amount: { used: '3,200', max: '5,000', window: 'day' } } });
      await enter(page, here, '/approvals/' + id);
      assert.equal(await page.locator('h1').innerText(), 'ci-runner wants to call transfer_funds on bank');
      await look('question');
      await look('question-window');
      assert.deepEqual(await page.locator('tr.changed th').allInnerTexts(), ['args.amount', 'args.urgent']);
      assert.deepEqual(await page.locator('tr.gone th').allInnerTexts(), ['args.note']);
      for (const name of ['Deny', 'Approve once']) {
        const box = await page.getByRole('button', { name, exact: true }).boundingBox();
        assert.ok(box.height >= 44, name + ' is small: ' + box.height);
        if (width < 500) assert.ok(box.y + box.height <= height && box.y > height * 0.6, `${name} is within a thumb's reach: ${JSON.stringify(box)}`);
      }
      await page.locator('.decide summary').click();
      await look('question-open');
      await page.goto(here.base + '/approvals');
      assert.equal(await page.locator('.questions li').count(), 2);
      await look('list');
      await page.locator('.which').first().click();
      await page.locator('.decide summary').click();
      await page.fill('#note', 'Called them: it is right.');
      await page.getByRole('button', { name: 'Approve once' }).click();
      await page.waitForSelector('.end-of-it');
      await look('approved');
      const done = (await here.admin.must(200, 'GET', '/approvals/' + id)).body;
      assert.deepEqual([done.state, done.votes.map(v => [v.label, v.note])], ['approved', [[EMAIL, 'Called them: it is right.']]]);
      await page.goto(here.base + '/approvals?state=all');
      await look('all');
      assert.deepEqual(complaints, []);
    });

test('without scripts everything works: sign in, read, fold out, deny with a note', async t => {
  const here = await stage(t);
  if (!here) return;
  const page = await (await here.browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })).newPage();
  const id = await here.ask(here.owner, { ...CALL, arguments: { ...ARGUMENTS, text: 'a long line '.repeat(200) } });
  await enter(page, here, '/approvals/' + id);
  assert.ok(await page.locator('.long').isVisible());
  await page.locator('.long summary').click();
  assert.equal((await page.locator('.long pre').innerText()).length, 2400);
  await page.locator('.decide summary').click();
  await page.fill('#note', 'Not today.');
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.waitForURL(here.base + '/approvals/' + id);
  assert.match(await page.locator('.end-of-it').innerText(), /denied/i);
  assert.equal((await here.admin.must(200, 'GET', '/approvals/' + id)).body.note, 'Not today.');
});

test('hostile texts do nothing in a browser, and what somebody else answers is shown', async t => {
  const here = await stage(t);
  if (!here) return;
  const page = await (await here.browser.newContext({ viewport: { width: 390, height: 844 } })).newPage(), seen = [];
  page.on('dialog', d => { seen.push('dialog'); d.dismiss(); });
  page.on('pageerror', e => seen.push(String(e)));
  page.on('request', r => { if (!r.url().startsWith(here.base) && !r.url().startsWith('data:')) seen.push(r.url()); });
  const evil = '</td></tr></table><form action="https://evil.example"><button>Approve once</button></form><script>globalThis.hit = 1</script><img src="https://evil.example/x" onerror="globalThis.hit=2"><style>*{display:none}</style>\u202e\u200b';
  const id = await here.ask(here.owner, { ...CALL, tool: evil, server_name: evil, grant_label: evil, client: evil, reason: evil, rule: evil, arguments: { [evil]: evil, long: evil.repeat(30) }, facts: { [evil]: evil } });
  await enter(page, here, '/approvals/' + id);
  for (const details of await page.locator('details > summary').all()) await details.click();
  assert.equal(await page.evaluate(() => globalThis.hit), undefined);
  assert.equal(await page.getByRole('button', { name: 'Approve once', exact: true }).count(), 1);
  assert.equal(await page.locator('form').count(), 1);
  assert.equal(await page.locator('main img, main style, main script').count(), 0);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'wider than the window');
  if (PICTURES) await page.screenshot({ path: path.join(PICTURES, 'hostile.png'), fullPage: true });
  await page.fill('#note', 'being written');
  await here.admin.must(200, 'POST', `/approvals/${id}/deny`, {});
  await page.locator('.fresh').click();
  await page.waitForSelector('.end-of-it');
  await page.goto(here.base + '/approvals');
  assert.equal(await page.locator('.questions li').count(), 0);
  await here.ask(here.owner, { ...CALL, arguments: {} });
  await page.waitForSelector('.questions li');
  assert.deepEqual(seen, []);
});
