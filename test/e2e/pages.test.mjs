// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The page of the first link in a browser: with scripts and without, wide and narrow, light and dark, and judged by axe.
// With TEST_PICTURES=FOLDER it leaves a picture of each there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { startGateway } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PROGRAM = process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' }).stdout.trim();
const SENTENCE = 'a long sentence is best';
const PICTURES = process.env.TEST_PICTURES;

async function stage(t) {
  if (PROGRAM === '') return t.skip('there is no chromium here');
  const gateway = await startGateway(t, { servers: {}, grants: {} }, { args: ['--data', path.join(scratch(t), 'data')] });
  const [link] = await gateway.waitLog(/http:\S+\/setup#sp_[\w-]{43}/);
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  return { browser, link, base: link.split('#')[0] };
}

const fill = async (page, fields) => { for (const [id, value] of Object.entries(fields)) await page.fill('#' + id, value); };

for (const [width, height] of [[1440, 900], [390, 844]])
  for (const colorScheme of ['light', 'dark'])
    test(`from the link to the first admin, ${width} wide and ${colorScheme}`, async t => {
      const here = await stage(t);
      if (!here) return;
      const context = await here.browser.newContext({ viewport: { width, height }, colorScheme });
      const page = await context.newPage();
      const complaints = [];
      page.on('console', m => { if (/Content.Security|refused to/i.test(m.text())) complaints.push(m.text()); });
      page.on('pageerror', e => complaints.push(String(e)));
      const look = async name => {
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name + ' is wider than the window');
        if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true });
        const copy = await here.browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true, javaScriptEnabled: true });
        const judged = await copy.newPage();
        await judged.goto(here.base + '/page.css'); // a page of the same place for the same text
        await judged.setContent((await page.content()).replaceAll("'/setup/page.css'", `'${here.base}/page.css'`).replaceAll('"/setup/page.css"', `"${here.base}/page.css"`), { waitUntil: 'load' });
        await judged.evaluate(AXE);
        const { violations, passes } = await judged.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html)}`), [], name);
        assert.ok(passes.some(p => p.id === 'color-contrast'), 'axe looked at colours');
        await copy.close();
      };
      await page.goto(here.base);
      await look('asks');
      await page.goto('about:blank');
      await page.goto(here.link);
      await page.waitForSelector('#email');
      assert.ok(!page.url().includes('sp_'), 'the code stays in the address bar: ' + page.url());
      assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
      await look('welcome');
      await page.evaluate(() => { document.forms[0].noValidate = true; });
      await fill(page, { email: 'ada', name: 'Ada', password: 'short', repeat: 'short' });
      await page.click('button');
      await page.waitForSelector('[role=alert]');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
      assert.equal(await page.inputValue('#name'), 'Ada');
      assert.equal(await page.inputValue('#password'), '');
      await look('errors');
      await fill(page, { email: 'ada@example.com', password: SENTENCE, repeat: SENTENCE });
      await page.check('#key');
      await page.keyboard.press('Enter');
      await page.waitForSelector('text=Welcome, Ada');
      assert.match(await page.textContent('pre'), /SALLYPORT_KEY=spk_/);
      await look('done');
      await page.goto('about:blank');
      await page.goto(here.link);
      await page.waitForSelector('text=used already');
      await look('used');
      await page.goto('about:blank');
      await page.goto(here.base + '#sp_nothing');
      await page.waitForSelector('text=not known');
      await look('unknown');
      assert.deepEqual(complaints, []);
    });

test('without scripts the code is pasted, and the rest is the same', async t => {
  const here = await stage(t);
  if (!here) return;
  const page = await (await here.browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(here.link);
  await page.fill('#code', here.link);
  await page.click('button');
  await fill(page, { email: 'ada@example.com', name: 'Ada', password: SENTENCE, repeat: SENTENCE });
  await page.click('button');
  await page.waitForSelector('text=Welcome, Ada');
});
