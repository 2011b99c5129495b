// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is around every page of the dashboard: its files, how it is let in, what its policy allows, and how it recovers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { exchange } from '../lib/raw.mjs';
import { ROOT } from '../lib/scratch.mjs';
import { dashboard } from '../lib/window.mjs';

test('every address of the router is one that the gateway shows the dashboard at', () => {
  const router = fs.readFileSync(path.join(ROOT, 'dashboard/src/router.tsx'), 'utf8');
  const shown = fs.readFileSync(path.join(ROOT, 'src/window/window.c'), 'utf8');
  const parts = new Set([...router.matchAll(/path: '(\/[a-z]*)/g)].map(([, part]) => part));
  assert.ok(parts.size > 2);
  for (const part of parts) if (part !== '/') assert.ok(shown.includes(`"${part}"`), part);
});

test('files: types, gzip, caching, no way out of them', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const { port } = here.gateway;
  const front = await exchange(port, 'GET', '/');
  assert.equal(front.status, 200);
  assert.equal(front.headers['cache-control'], 'no-store');
  const policy = front.headers['content-security-policy'];
  const [, nonce] = /style-src 'self' 'nonce-([\w-]{22,})'/.exec(policy);
  assert.ok(front.text.includes(`content="${nonce}"`));
  assert.ok(!/script-src[^;]*unsafe/.test(policy), policy);
  const again = await exchange(port, 'GET', '/decisions?tool=x');
  assert.equal(again.status, 200);
  assert.ok(!again.headers['content-security-policy'].includes(nonce), 'each answer has its own number');
  assert.ok(!/<script(?![^>]*src=)/.test(front.text), 'no inline script');
  const [script] = /\/assets\/index-[\w-]+\.js/.exec(front.text);
  const packed = await fetch(here.base + script);
  assert.equal(packed.headers.get('content-encoding'), 'gzip');
  assert.match(packed.headers.get('cache-control'), /immutable/);
  const plain = await exchange(port, 'GET', script);
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.text, await packed.text());
  const known = await exchange(port, 'GET', script, { 'If-None-Match': packed.headers.get('etag') });
  assert.equal(known.status, 304);
  for (const wrong of ['/assets/', '/assets/../index.html', '/assets/%2e%2e/index.html', '/assets/none.js']) assert.equal((await exchange(port, 'GET', wrong)).status, 404, wrong);
  assert.equal((await exchange(port, 'POST', '/decisions')).status, 405);
  assert.match((await exchange(port, 'GET', '/assets/licences.txt')).text, /MIT License/);
});

test('without a session the sign-in page comes, and leads back to where one wanted to go', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ cookie: null, at: '/decisions?outcome=denied' });
  await page.waitForURL(/\/sign-in\?to=/);
  await page.fill('#email', 'a@example.com');
  await page.fill('#password', 'correct horse battery');
  await page.keyboard.press('Enter');
  await page.waitForURL(here.base + '/decisions?outcome=denied');
  await page.getByRole('heading', { level: 1 }).waitFor();
  assert.deepEqual(page.complaints, []);
});

test('the first view is light, and takes nothing twice', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open();
  const asked = [];
  page.on('requestfinished', request => asked.push(request));
  await page.goto(here.base + '/');
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('load');
  const files = asked.filter(request => !new URL(request.url()).pathname.startsWith('/api/'));
  const sizes = await Promise.all(files.map(async request => (await request.sizes()).responseBodySize));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  t.diagnostic(`${files.length} files, ${bytes} bytes`);
  assert.ok(bytes > 50_000 && bytes <= 350 * 1024, `${bytes} bytes`);
  assert.equal(new Set(files.map(request => request.url())).size, files.length);
  assert.deepEqual(page.complaints, []);
});
