// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real browser: signed in, watched for what a page must not do, judged by axe, wide and narrow, light and dark.
// With TEST_PICTURES=FOLDER each look leaves a picture there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlled } from './controlled.mjs';

const require = createRequire(fileURLToPath(new URL('../e2e/package.json', import.meta.url)));
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PROGRAM = process.env.CHROMIUM ?? spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' }).stdout.trim();
const PICTURES = process.env.TEST_PICTURES;
export const WIDE = { width: 1440, height: 900 }, NARROW = { width: 390, height: 844 };
const LOOKS = [[WIDE, 'light'], [WIDE, 'dark'], [NARROW, 'light'], [NARROW, 'dark']];

// Everything of controlled() and: base, browser, open(options) -> a page with `complaints`, context and look(name). Undefined: no browser here.
export async function dashboard(t, options = {}) {
  if (PROGRAM === '') return t.skip('there is no chromium here');
  const here = await controlled(t, options);
  const browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const base = `http://127.0.0.1:${here.gateway.port}`;
  return { ...here, base, browser, open: (more = {}) => open(here, browser, base, more) };
}

// Another member's session: cookie and API client in the form that open({ cookie }) takes.
export async function cookieOf(api, email, password) {
  const session = await api.must(201, 'POST', '/session', { email, password });
  return session.headers.get('set-cookie').split(';')[0];
}

async function open(here, browser, base, { viewport = WIDE, colorScheme = 'light', cookie = here.cookie, at = null } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'Europe/Berlin' });
  if (cookie) {
    const [name, value] = cookie.split('=');
    await context.addCookies([{ name, value, url: base }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on('console', m => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) page.complaints.push(m.text()); });
  page.on('pageerror', e => page.complaints.push(String(e)));
  page.on('request', r => { if (!r.url().startsWith(base) && !/^(data|blob):/.test(r.url())) page.complaints.push('asked another host: ' + r.url()); });
  page.look = (name, looks) => look(page, name, looks);
  if (at !== null) await page.goto(base + at);
  return page;
}

// When it is drawn, and no colour or place is on its way to another.
async function settled() {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  const moving = document.getAnimations().filter(a => Number.isFinite(a.effect?.getComputedTiming().endTime));
  await Promise.all(moving.map(a => a.finished.catch(() => {})));
}

// At both widths and in both schemes: nothing wider than the window, nothing that axe finds.
async function look(page, name, looks = LOOKS) {
  const before = page.viewportSize();
  await page.mouse.move(0, 0); // what was pressed last may have moved, and another thing's hint come up
  for (const [viewport, colorScheme] of looks) {
    const where = `${name} at ${viewport.width}, ${colorScheme}`;
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.evaluate(settled);
    if (PICTURES) await page.evaluate(() => scrollTo(0, 0));
    if (PICTURES) await page.screenshot({ path: path.join(PICTURES, `${name}-${viewport.width}-${colorScheme}.png`), fullPage: true });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), where + ' is wider than the window');
    if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    assert.deepEqual(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' | ').slice(0, 600)}`), [], where);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
}
