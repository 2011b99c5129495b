// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The contact form: off unless the configuration says so; what is taken, kept, shown to admins and mailed, and how much of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { controlled } from '../lib/controlled.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';
import { SmtpServer } from '../lib/smtp.mjs';

const ANY = { 'If-Match': '*' };
async function scene(t, extra = {}) {
  const state = await controlled(t, { extra: { catalogue: { public: true, contact: true }, ...extra } });
  const base = `http://127.0.0.1:${state.gateway.port}`;
  const get = async (at, headers = {}) => { const answer = await fetch(base + at, { headers, redirect: 'manual' }); return { status: answer.status, text: await answer.text(), headers: answer.headers }; };
  const send = async (fields, headers = {}) => { const answer = await fetch(base + '/contact', { method: 'POST', redirect: 'manual', headers, body: typeof fields === 'string' ? fields : new URLSearchParams({ email: 'ada@example.com', text: 'How?', ...fields }) }); return { status: answer.status, text: await answer.text(), headers: answer.headers }; };
  const kept = async () => (await state.api.must(200, 'GET', '/contacts')).body.items;
  return { ...state, base, get, send, kept };
}
const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\u200b';

test('without the setting there is no form, no link to it, and nothing is taken', async t => {
  const { get, send, kept } = await scene(t, { catalogue: { public: true } });
  assert.equal((await get('/contact')).status, 404);
  assert.equal((await send({})).status, 404);
  assert.ok(!(await get('/catalogue')).text.includes('/contact'));
  assert.deepEqual(await kept(), []);
});

test('a question is kept, shown to admins, mailed, marked as answered and removed', async t => {
  const mailbox = await SmtpServer.start(t);
  const { api, get, send, kept, gateway } = await scene(t, { mail: { server: '127.0.0.1:' + mailbox.port, from: 'gate@example.com', security: 'none' } });
  await api.must(201, 'POST', '/channels', { name: 'desk', kind: 'mail', to: ['desk@example.com'], events: ['contact.sent'] });
  assert.match((await get('/catalogue')).text, /<a href="\/contact">Have a question\?<\/a>/);
  const form = await get('/contact');
  assert.equal(form.status, 200);
  assert.match(form.text, /<form method="post" action="\/contact">/);
  assert.match(form.headers.get('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/);
  const sent = await send({ name: EVIL, email: "o'ada+x@example.com", text: 'Zwei Zeilen:\r\n' + EVIL });
  assert.deepEqual([sent.status, sent.headers.get('location'), sent.headers.get('set-cookie')], [303, '/contact?sent', null]);
  assert.match((await get('/contact?sent')).text, /<h1>Thank you<\/h1>/);
  const [one] = await kept();
  assert.deepEqual([one.name, one.email, one.text, one.done_at, one.done_by], [EVIL, "o'ada+x@example.com", 'Zwei Zeilen:\r\n' + EVIL, null, '']);
  const [message] = await mailbox.waitMessages(1);
  assert.match(message.subject, /^\[Sallyport\] Question from o'ada\+x@example\.com$/);
  assert.deepEqual(message.to, ['desk@example.com']);
  assert.ok(message.text.split('\r\n').some(l => l.startsWith('Text      Zwei Zeilen:')), message.text);
  assert.ok(!message.html.includes('<script') && !message.html.includes('<img') && !message.text.includes('\u202e'));
  // The audit says that something came, and not what.
  const audit = (await api.must(200, 'GET', '/audit')).text;
  assert.match(audit, /contact\.add/);
  assert.ok(!audit.includes('Zwei Zeilen') && !audit.includes('ada+x'));
  assert.deepEqual((await api.must(200, 'GET', '/contacts/' + one.id)).body, one);
  await api.refused(412, 'lost-update', 'POST', `/contacts/${one.id}/done`, undefined, { 'If-Match': '"7"' });
  const done = (await api.must(200, 'POST', `/contacts/${one.id}/done`, undefined, ANY)).body;
  assert.ok(done.done_at && done.done_by === 'a@example.com', JSON.stringify(done));
  await api.refused(409, 'conflict', 'POST', `/contacts/${one.id}/done`, undefined, ANY);
  const key = (await api.must(201, 'POST', '/keys', { label: 'k', role: 'admin' })).body.token;
  const command = (...args) => spawnSync(BINARY, ['contact', ...args], { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: scratch(t), SALLYPORT_URL: `http://127.0.0.1:${gateway.port}`, SALLYPORT_KEY: key, ...sanitizerOptions() } });
  await send({ text: 'Und noch etwas' });
  const [fresh] = await kept();
  assert.match(command('list').stdout, /ada@example\.com/);
  assert.match(command('show', fresh.id).stdout, /Und noch etwas/);
  assert.equal(command('done', fresh.id).status, 0);
  assert.equal(command('remove', fresh.id).status, 0);
  await api.must(204, 'DELETE', '/contacts/' + one.id, undefined, ANY);
  assert.deepEqual(await kept(), []);
});

test('what is no question is refused, with what was typed, and a page elsewhere cannot send one', async t => {
  const { get, send, kept, base } = await scene(t);
  for (const [fields, pattern] of [[{ email: 'nobody' }, /no e-mail address/], [{ email: 'a b@example.com' }, /no e-mail address/], [{ email: 'a@example.com\r\nBcc: x@y.z' }, /no e-mail address/], [{ text: '' }, /no question/], [{ text: 'x'.repeat(4001) }, /4000 bytes/], [{ name: 'x'.repeat(201) }, /name is too long/], [{ text: 'a\u0000b' }, /4000 bytes/]]) {
    const answer = await send({ name: 'Ada', ...fields });
    assert.equal(answer.status, 422, JSON.stringify(fields));
    assert.match(answer.text, pattern);
  }
  const shown = await send({ name: EVIL, email: 'nobody', text: '</textarea>' + EVIL });
  assert.equal(shown.status, 422);
  for (const bad of ['<script>alert', '<img', '</textarea><', '\u202e']) assert.ok(!shown.text.replace('</textarea></div>', '').includes(bad), bad);
  assert.ok(shown.text.includes('&lt;script&gt;'));
  for (const [body, headers, status] of [['email=a%40b.c&email=d%40e.f&text=x', { 'Content-Type': 'application/x-www-form-urlencoded' }, 400], ['text=%ff&email=a%40b.c', { 'Content-Type': 'application/x-www-form-urlencoded' }, 400], ['{}', { 'Content-Type': 'application/json' }, 415], ['text=' + 'x'.repeat(70000), { 'Content-Type': 'application/x-www-form-urlencoded' }, 413]])
    assert.equal((await send(body, headers)).status, status, body.slice(0, 40));
  assert.equal((await send({}, { Origin: 'https://evil.example' })).status, 403);
  assert.equal((await fetch(base + '/contact', { method: 'PUT' })).status, 405);
  assert.equal((await send({ website: 'https://spam.example' })).status, 303, 'as if it were taken');
  assert.deepEqual(await kept(), []);
  assert.equal((await get('/contact', { Origin: 'https://evil.example' })).status, 403);
});

test('one address writes ten times in a quarter of an hour, all together sixty times in an hour', async t => {
  const { send, kept } = await scene(t, { trusted_proxies: ['127.0.0.1'] });
  const from = (address, n) => send({ text: 'n' + n }, { 'X-Forwarded-For': address });
  for (let i = 0; i < 10; i++) assert.equal((await from('192.0.2.1', i)).status, 303, 'number ' + i);
  const more = await from('192.0.2.1', 10);
  assert.equal(more.status, 429);
  assert.ok(Number(more.headers.get('retry-after')) > 0);
  assert.match(more.text, /too many attempts/);
  for (let i = 10; i < 60; i++) assert.equal((await from(`192.0.2.${2 + (i % 40)}`, i)).status, 303);
  const last = await from('198.51.100.1', 60);
  assert.equal(last.status, 429);
  assert.match(last.text, /many people write just now/);
  assert.equal((await kept()).length, 60);
});

test('a question is its organisation\'s alone', async t => {
  const { api, acme, umbrella } = await startApi(t);
  for (const owner of [acme, umbrella]) {
    const items = (await api.as(owner.keys.admin).must(200, 'GET', '/contacts')).body.items;
    assert.deepEqual(items.map(i => i.id), [owner.contact]);
  }
});
