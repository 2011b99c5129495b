// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages of the catalogue as bytes: who sees them, what their headers say; test/e2e/catalogue.test.mjs looks at them in a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY } from '../lib/gateway.mjs';
import { exchange } from '../lib/raw.mjs';
import { scratch } from '../lib/scratch.mjs';

const FORM = 'application/x-www-form-urlencoded';
const TOOLS = [
  { name: 'delete_file', description: 'Deletes a file for good.', inputSchema: { type: 'object', properties: { path: { type: 'string', description: 'Which one.' } }, required: ['path'] } },
  { name: 'read_file', description: 'Reads a file.', inputSchema: { type: 'object', properties: { path: { type: 'string' } } } },
  { name: 'zzz', inputSchema: { type: 'object' } },
];
const PAGES = ['/catalogue', '/catalogue?q=file', '/catalogue/acme~files', '/catalogue/acme~files/delete_file', '/catalogue/attacks', '/catalogue/attacks/tool-poisoning', '/catalogue/risk/critical'];

function fill(t, data) {
  const file = path.join(scratch(t), 'tools.json');
  fs.writeFileSync(file, JSON.stringify({ tools: TOOLS }));
  fs.mkdirSync(data, { recursive: true, mode: 0o700 });
  execFileSync(BINARY, ['scan', '--from', file, '--name', 'acme/files', '--data', data]);
}

async function stage(t, options = {}) {
  const folder = path.join(scratch(t), 'data');
  if (options.filled !== false) fill(t, folder);
  const state = await startApi(t, { folder, ...options });
  return { ...state, get: (target, headers = {}) => exchange(state.port, 'GET', target, headers) };
}

test('a member sees every page, with headers that keep it to itself', async t => {
  const { get, acme } = await stage(t);
  const who = { Authorization: 'Bearer ' + acme.keys.viewer };
  for (const target of PAGES) {
    const answer = await get(target, who);
    assert.equal(answer.status, 200, target + '\n' + answer.text.slice(0, 300));
    assert.match(answer.headers['content-security-policy'], /^default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
    assert.equal(answer.headers['cache-control'], 'private, no-cache');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    assert.doesNotMatch(answer.text, /<style|<script>| style=| on\w+="/);
    assert.equal(answer.text.match(/<h1/g).length, 1, target);
    const again = await get(target, { ...who, 'If-None-Match': answer.headers.etag });
    assert.equal(again.status, 304, target);
    assert.equal(again.text, '');
  }
  const part = await get('/catalogue?q=file&part=results', who);
  assert.doesNotMatch(part.text, /<html|<h1/);
  assert.match(part.text, /delete_file/);
});

test('a tool has every section, of its own words', async t => {
  const { get, acme } = await stage(t);
  const who = { Authorization: 'Bearer ' + acme.keys.viewer };
  const { text } = await get('/catalogue/acme~files/delete_file', who);
  for (const title of ['What it does', 'What agents use it for', 'Why it needs a policy', 'Risk signals', 'Attack patterns that abuse this kind of access', 'Recommended policy', 'Questions and answers', 'Related tools', 'Definition']) assert.match(text, new RegExp(`<h2 id="\\w+">${title}</h2>`));
  for (const question of ['What does delete_file do?', 'How do I enforce a policy on delete_file?', 'What is the risk of delete_file?', 'Can I rate-limit delete_file?', 'How do I block delete_file?', 'Who provides delete_file?']) assert.ok(text.includes(question), question);
  assert.match(text, /<mark title="deletes or destroys">Deletes a file<\/mark>|<mark [^>]*>Deletes/);
  assert.match(text, /Takes a path/);
  assert.match(text, /A call needs its one argument, <code>path<\/code>\./);
  for (const target of ['/catalogue/acme~files', '/catalogue/acme~files/delete_file']) {
    const [, twin] = /<link rel="alternate" type="application\/json" href="([^"]+)">/.exec((await get(target, who)).text);
    const answer = await get(twin, who);
    assert.equal(answer.status, 200, twin);
    assert.ok(JSON.parse(answer.text));
  }
  const silent = (await get('/catalogue/acme~files/zzz', who)).text;
  assert.match(silent, /Its definition has no description/);
  assert.match(silent, /Unknown/);
});

test('nobody sees anything unless the catalogue is public; then what is shared', async t => {
  const closed = await stage(t);
  for (const target of PAGES) {
    const answer = await closed.get(target);
    assert.equal(answer.status, 303, target);
    assert.equal(answer.headers.location, '/sign-in?to=' + encodeURIComponent(target.split('?')[0]));
    assert.doesNotMatch(answer.text, /delete_file/);
  }
  assert.equal((await closed.get('/catalogue', { Authorization: 'Bearer spk_wrong' })).status, 401);
  assert.equal((await closed.get('/catalogue/-/pages.css')).status, 200);
  assert.equal((await closed.get('/robots.txt')).text, 'User-agent: *\nDisallow: /\n');
  for (const target of ['/llms.txt', '/sitemap.xml']) assert.equal((await closed.get(target)).status, 303, target);
  const open = await stage(t, { open: true });
  assert.match((await open.get('/robots.txt')).text, /^Allow: \/catalogue$/m);
  assert.match((await open.get('/llms.txt')).text, /3 tools of 1 MCP servers/);
  const [, map] = /<loc>https?:\/\/[^/]+(\/sitemap\.xml\?part=first)<\/loc>/.exec((await open.get('/sitemap.xml')).text);
  assert.equal((await open.get(map)).text.match(/<url>/g).length, 4);
  assert.equal((await open.get('/sitemap.xml?part=nonsense')).status, 404);
  for (const target of PAGES) {
    const answer = await open.get(target);
    assert.equal(answer.status, 200, target);
    assert.equal(answer.headers['cache-control'], 'public, max-age=60');
  }
});

test('what is not there, other methods, files', async t => {
  const { get, port, acme } = await stage(t);
  const who = { Authorization: 'Bearer ' + acme.keys.viewer };
  for (const target of ['/catalogue/nope', '/catalogue/acme~files/nope', '/catalogue/risk/huge', '/catalogue/attacks/nope', '/catalogue/a/b/c', '/catalogue//x', '/catalogue/-/nope', '/catalogue?after=nonsense']) {
    const answer = await get(target, who);
    assert.equal(answer.status, 404, target);
    assert.match(answer.headers['content-type'], /^text\/html/);
    assert.match(answer.text, /<h1>There is no such page<\/h1>/);
  }
  assert.equal((await exchange(port, 'POST', '/catalogue', who, '')).status, 405);
  const head = await fetch(`http://127.0.0.1:${port}/catalogue/acme~files`, { method: 'HEAD', headers: who });
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers.get('content-length')) > 1000);
  assert.equal(await head.text(), '');
  for (const [name, type] of [['pages.css', /^text\/css/], ['pages.js', /^text\/javascript/]]) {
    const file = await get('/catalogue/-/' + name);
    assert.match(file.headers['content-type'], type);
    assert.equal((await get('/catalogue/-/' + name, { 'If-None-Match': file.headers.etag })).status, 304);
  }
});

test('before anything is known there is a page that says so', async t => {
  const { get, acme } = await stage(t, { filled: false });
  const answer = await get('/catalogue', { Authorization: 'Bearer ' + acme.keys.viewer });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /Nothing is known yet/);
  assert.equal((await get('/catalogue/x', { Authorization: 'Bearer ' + acme.keys.viewer })).status, 404);
});

test('people sign in by a form and go on to the page that they wanted, and nowhere else', async t => {
  const { get, port, setup } = await stage(t, { seed: false });
  const made = await exchange(port, 'POST', '/setup', { 'Content-Type': FORM }, new URLSearchParams({ code: setup, email: 'ada@example.com', name: 'Ada', password: 'correct horse battery', repeat: 'correct horse battery' }).toString());
  assert.equal(made.status, 201);
  const sign = (fields, headers = {}) => exchange(port, 'POST', '/sign-in', { 'Content-Type': FORM, ...headers }, new URLSearchParams({ email: 'ada@example.com', password: 'correct horse battery', ...fields }).toString());
  const asked = await get('/sign-in?to=%2Fcatalogue%2Facme~files');
  assert.equal(asked.status, 200);
  assert.match(asked.text, /name="to" value="\/catalogue\/acme~files"/);
  const wrong = await sign({ password: 'wrong' });
  assert.equal(wrong.status, 401);
  assert.match(wrong.text, /role="alert">the e-mail address or the password is wrong/);
  assert.match(wrong.text, /value="ada@example.com"/);
  assert.doesNotMatch(wrong.text, /correct horse|"wrong"/);
  const entered = await sign({ to: '/catalogue/acme~files' });
  assert.equal(entered.status, 303);
  assert.equal(entered.headers.location, '/catalogue/acme~files');
  const cookie = entered.headers['set-cookie'].split(';')[0];
  assert.match(entered.headers['set-cookie'], /HttpOnly; SameSite=Strict/);
  const shown = await get('/catalogue/acme~files', { Cookie: cookie });
  assert.equal(shown.status, 200);
  assert.match(shown.text, /class="account"[^>]*>ada@example\.com</);
  assert.equal((await fetch(`http://127.0.0.1:${port}/catalogue`, { method: 'HEAD', headers: { Cookie: cookie } })).status, 200);
  assert.equal((await get('/catalogue', { Cookie: cookie.slice(0, -3) + 'xyz' })).status, 303);
  for (const to of ['https://evil.example', '//evil.example', '/\\evil', '/catalogueevil', '/catalogue\r\nX: y', '/mcp', '/%2f%2fevil.example', '/catalogue//evil.example', '/catalogue/..//evil.example', '/catalogue?' + 'x'.repeat(1100)])
    assert.match((await sign({ to })).headers.location, /^\/(catalogue)?$/, to); // the dashboard, where it was built in
  assert.equal((await exchange(port, 'POST', '/sign-in', { 'Content-Type': 'application/json' }, '{}')).status, 415);
  assert.equal((await exchange(port, 'DELETE', '/sign-in')).status, 405);
});
