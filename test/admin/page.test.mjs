// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages behind the links of the first start and of invitations, as bytes; test/e2e/pages.test.mjs looks at them in a browser.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Api, startApi } from '../lib/api.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';

const PASSWORD = 'correct horse battery';
const FORM = 'application/x-www-form-urlencoded';
const form = fields => new URLSearchParams(fields).toString();
const page = (port, path = '/setup') => exchange(port, 'GET', path);
const send = (port, fields, path = '/setup', headers = {}) => exchange(port, 'POST', path, { 'Content-Type': FORM, ...headers }, typeof fields === 'string' ? fields : form(fields));
const title = answer => /<h1>(.*?)<\/h1>/.exec(answer.text)[1];
const errors = answer => Object.fromEntries([...answer.text.matchAll(/id="(\w+)-error">(.*?)</g)].map(m => [m[1], m[2]]));
const good = code => ({ code, email: 'ada@example.com', name: 'Ada', password: PASSWORD, repeat: PASSWORD });

test('the first admin is made by forms alone, once, and every page keeps to itself', async t => {
  const { port, setup } = await startApi(t, { seed: false });
  const first = await page(port);
  assert.equal(first.status, 200);
  assert.equal(title(first), 'Set up Sallyport');
  const welcome = await send(port, { code: setup });
  assert.equal(welcome.status, 200);
  assert.equal(title(welcome), 'Make the first admin');
  for (const answer of [first, welcome]) {
    assert.match(answer.headers['content-security-policy'], /^default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['referrer-policy'], 'same-origin');
    assert.doesNotMatch(answer.text, /<style|<script>|style=| on\w+=|https?:\/\/(?!www\.w3\.org)/);
    for (const [, id] of answer.text.matchAll(/<input id="(\w+)"/g)) assert.match(answer.text, new RegExp(`<label for="${id}">`));
  }
  const done = await send(port, { ...good(setup), key: 'yes' });
  assert.equal(done.status, 201, done.text);
  assert.equal(title(done), 'Welcome, Ada');
  const [, key] = /SALLYPORT_KEY=(spk_[\w-]{43})/.exec(done.text);
  const api = new Api(port).as(key);
  assert.equal((await api.must(200, 'GET', '/members')).body.items[0].email, 'ada@example.com');
  assert.equal((await api.must(200, 'GET', '/keys')).body.items[0].label, 'command line of ada@example.com');
  assert.doesNotMatch(JSON.stringify((await api.must(200, 'GET', '/audit')).body), new RegExp(`${key}|${PASSWORD}|${setup}`));
  for (const again of [{ code: setup }, good(setup)]) {
    const used = await send(port, again);
    assert.equal(used.status, 410);
    assert.equal(title(used), 'This link was used already');
  }
  assert.equal((await api.must(200, 'GET', '/members')).body.items.length, 1);
});

test('all that is wrong with a form is said at once, at its field, and nothing is made', async t => {
  const { port, setup } = await startApi(t, { seed: false });
  const wrong = await send(port, { code: setup, email: 'ada', name: ' ', password: 'short', repeat: 'short' });
  assert.equal(wrong.status, 422);
  assert.deepEqual(Object.keys(errors(wrong)), ['email', 'name', 'password']);
  assert.match(wrong.text, /role="alert">3 fields need another look/);
  assert.match(wrong.text, /<title>Error: /);
  assert.match(wrong.text, /id="email"[^>]*aria-describedby="email-error"[^>]*aria-invalid="true"[^>]*autofocus/);
  assert.equal(wrong.text.match(/autofocus/g).length, 1);
  assert.deepEqual(Object.keys(errors(await send(port, { ...good(setup), repeat: PASSWORD + 'x' }))), ['repeat']);
  assert.match(errors(await send(port, { ...good(setup), password: 'x'.repeat(1025), repeat: 'x'.repeat(1025) })).password, /too long/);
  assert.doesNotMatch((await send(port, { ...good(setup), repeat: 'other' })).text, new RegExp(PASSWORD)); // a password never comes back
  for (let i = 0; i < 15; i++) assert.equal((await send(port, { ...good(setup), email: 'x' })).status, 422); // who has the link may err
  const hostile = `"'><script>alert(1)</script>&amp;`;
  const echoed = await send(port, { ...good(setup), email: hostile, name: hostile, repeat: '' });
  assert.ok(!echoed.text.includes('<script>alert') && echoed.text.includes('&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;'));
  assert.equal((await send(port, good(setup))).status, 201);
});

test('the whole link may be pasted; an unknown code is asked for again and guesses are bounded', async t => {
  const { port, setup } = await startApi(t, { seed: false });
  assert.equal(title(await send(port, { code: `  http://127.0.0.1:8700/setup#${setup}\n` })), 'Make the first admin');
  const unknown = await send(port, { code: setup.slice(0, -1) + '!' });
  assert.equal(unknown.status, 404);
  assert.equal(title(unknown), 'This link is not known');
  assert.match(unknown.text, /<input id="code"/);
  assert.equal((await send(port, { code: '' })).status, 200);
  let bounded;
  for (let i = 0; i < 60 && !bounded; i++) { const answer = await send(port, { code: 'sp_guess' + i }); if (answer.status === 429) bounded = answer; }
  assert.match(bounded.headers['retry-after'], /^\d+$/);
  assert.equal(title(bounded), 'That did not work');
});

test('an invitation is of its organisation and role, and its address cannot be changed', async t => {
  const { port, acme } = await startApi(t);
  const api = new Api(port).as(acme.keys?.admin ?? acme.admin);
  const invite = (email, more = {}) => api.must(201, 'POST', '/invitations', { email, role: 'policy_manager', ...more });
  const invited = await invite('bo@example.com');
  const welcome = await send(port, { code: invited.body.token }, '/invitation');
  assert.match(title(welcome), /^Join /);
  assert.match(welcome.text, /a policy manager/);
  assert.match(welcome.text, /bo@example\.com/);
  assert.doesNotMatch(welcome.text, /<input id='(email|key)'/);
  const done = await send(port, { ...good(invited.body.token), email: 'other@example.com', name: 'Bo', key: 'yes' }, '/invitation');
  assert.equal(done.status, 201);
  assert.doesNotMatch(done.text, /spk_/);
  assert.equal((await api.must(200, 'GET', '/members?email=bo@example.com')).body.items[0].role, 'policy_manager');
  const soon = await invite('late@example.com', { expires_at: new Date(Date.now() + 50).toISOString() });
  const late = await eventually(async () => { const answer = await send(port, { code: soon.body.token }, '/invitation'); return answer.status === 410 && answer; }, 'the invitation ends');
  assert.equal(title(late), 'This link has expired');
});

test('what is no form of ours is refused as a page', async t => {
  const { port, setup } = await startApi(t, { seed: false });
  for (const [status, ask] of [
    [415, () => exchange(port, 'POST', '/setup', { 'Content-Type': 'application/json' }, JSON.stringify(good(setup)))],
    [415, () => send(port, good(setup), '/setup', { 'Content-Type': FORM + 'x' })],
    [415, () => send(port, good(setup), '/setup', { 'Content-Encoding': 'gzip' })],
    [400, () => send(port, 'code=%zz')], [400, () => send(port, 'code=a&code=b')], [400, () => send(port, 'code=a&key=1&key=2')],
    [413, () => send(port, 'code=' + 'a'.repeat(70000))],
    [405, () => exchange(port, 'PUT', '/setup', { 'Content-Type': FORM }, form(good(setup)))],
    [405, () => send(port, good(setup), '/setup/page.css')],
    [400, () => send(port, 'code=a&name=%ff')], [400, () => send(port, 'code=%ed%a0%80')],
    [404, () => send(port, 'code=%00&password=' + '%00'.repeat(20))],
  ]) {
    const answer = await ask();
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers['content-type'], /^text\/html/);
  }
  for (const [path, type] of [['/setup/page.css', /^text\/css/], ['/setup/page.js', /^text\/javascript/]]) {
    const file = await page(port, path);
    assert.equal(file.status, 200);
    assert.match(file.headers['content-type'], type);
    assert.equal(file.headers['x-content-type-options'], 'nosniff');
  }
  const zero = await send(port, `code=${setup}&email=a%40b.c%00&name=A%0aB&password=${'p'.repeat(12)}&repeat=${'p'.repeat(12)}`);
  assert.equal(zero.status, 422);
  assert.doesNotMatch(zero.text, /\0/);
});
