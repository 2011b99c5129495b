// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Channels: what is taken, what receivers get, and when they get it again (docs/notifications.md).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { HttpCollector, signatures } from '../lib/collectors.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { SmtpServer } from '../lib/smtp.mjs';

const SECRET = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
const start = async (t, options = {}) => {
  const state = await startApi(t, { loopback: true, ...options });
  return Object.assign(state, state.acme ? { admin: state.api.as(state.acme.keys.admin) } : {});
};
const hook = (admin, url, more = {}) => admin.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url, secret: SECRET, ...more }).then(a => a.body);
const mail = (admin, more = {}) => admin.must(201, 'POST', '/channels', { name: 'ops', kind: 'mail', to: ['ops@example.com', 'night@example.com'], ...more }).then(a => a.body);
const bodies = receiver => receiver.taken.map(text => JSON.parse(text));
const arrived = (receiver, count) => eventually(() => receiver.taken.length >= count && bodies(receiver), () => `${count} notices; so far ${receiver.requests.length} requests, ${receiver.taken.length} taken`, 40000);
const notices = (admin, channel) => admin.must(200, 'GET', `/channels/${channel.id}/notices`).then(a => a.body.items);
const none = (admin, channel) => eventually(async () => (await notices(admin, channel)).length === 0, () => 'nothing waits any more');

test('a channel is added, shown, changed and removed; its secret is shown once', async t => {
  const { admin, folder } = await start(t);
  const made = (await admin.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url: 'https://example.com/x' })).body;
  assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.deepEqual(made.events, ['approval.asked', 'approval.decided', 'grant.paused', 'contact.sent']);
  assert.equal(made.arguments, false);
  const shown = await admin.must(200, 'GET', '/channels/' + made.id);
  assert.equal('secret' in shown.body, false);
  const changed = await admin.must(200, 'PATCH', '/channels/' + made.id, { events: ['grant.paused'], arguments: true, url: 'https://example.com/y' }, { 'If-Match': shown.etag });
  assert.equal('secret' in changed.body, false);
  assert.deepEqual([changed.body.events, changed.body.arguments, changed.body.url, changed.body.to], [['grant.paused'], true, 'https://example.com/y', null]);
  const anew = await admin.must(200, 'PATCH', '/channels/' + made.id, { secret: null }, { 'If-Match': '*' });
  assert.match(anew.body.secret, /^whsec_/);
  assert.notEqual(anew.body.secret, made.secret);
  const ops = await mail(admin);
  assert.deepEqual([ops.kind, ops.url, ops.to, 'secret' in ops], ['mail', null, ['ops@example.com', 'night@example.com'], false]);
  assert.deepEqual((await admin.must(200, 'GET', '/channels?name=ops')).body.items, [ops]);
  await admin.must(204, 'DELETE', '/channels/' + made.id, undefined, { 'If-Match': '*' });
  assert.equal((await admin.must(200, 'GET', '/channels')).body.items.length, 1);
  // Neither the audit nor the file has a secret as it is.
  const audit = (await admin.must(200, 'GET', '/audit')).text;
  assert.match(audit, /channel\.add/);
  for (const file of ['control.db', 'control.db-wal'])
    for (const secret of [made.secret, anew.body.secret]) {
      assert.equal(audit.includes(secret.slice(6)), false);
      assert.equal(fs.readFileSync(path.join(folder, file)).includes(secret.slice(6)), false);
    }
});

test('what is no channel is refused', async t => {
  const { admin } = await start(t);
  const good = { name: 'x', kind: 'webhook', url: 'https://example.com/' };
  const wrong = [
    [{ ...good, url: undefined }, 'url'], [{ ...good, url: 'ftp://example.com/' }, 'url'], [{ ...good, url: 'https://a:b@example.com/' }, 'url'], [{ ...good, url: 'https://exa mple.com/' }, 'url'],
    [{ ...good, url: 'https://example.com/\r\nX: y' }, 'url'], [{ ...good, url: 'https:///x' }, 'url'], [{ ...good, url: 'https://example.com/' + 'a'.repeat(2048) }, 'url'], [{ ...good, url: 5 }, 'url'],
    [{ ...good, to: ['a@b'] }, 'to'], [{ ...good, events: ['nothing'] }, 'events'], [{ ...good, events: [] }, 'events'], [{ ...good, secret: 'whsec_short' }, 'secret'], [{ ...good, secret: 'x' }, 'secret'],
    [{ ...good, name: 'a b' }, null], [{ ...good, kind: 'pigeon' }, 'kind'], [{ name: 'x', kind: 'mail' }, 'to'], [{ name: 'x', kind: 'mail', to: [] }, 'to'],
    ...['a', 'a@b\r\nBcc: c@d', 'A <a@b>', 'a@b,c@d', '"a"@b', 'ä@b', ''].map(to => [{ name: 'x', kind: 'mail', to: [to] }, 'to']),
    [{ name: 'x', kind: 'mail', to: Array(21).fill('a@b') }, 'to'], [{ name: 'x', kind: 'mail', to: ['a@b'], secret: SECRET }, 'secret'], [{ name: 'x', kind: 'mail', to: ['a@b'], url: 'https://example.com' }, 'url'],
  ];
  for (const [body, field] of wrong) {
    const answer = await admin.call('POST', '/channels', JSON.stringify(body), { 'Content-Type': 'application/json' });
    assert.equal(answer.status, 422, JSON.stringify(body) + answer.text);
    if (field) assert.ok(answer.body.errors.some(f => f.field.startsWith(field)), answer.text);
  }
  for (let i = 0; i < 32; i++) await admin.must(201, 'POST', '/channels', { ...good, name: 'c' + i });
  await admin.refused(409, 'conflict', 'POST', '/channels', { ...good, name: 'one-too-many' });
});

test('a webhook is told of a question and of its answer, signed, and without values', async t => {
  const state = await start(t), { admin, acme } = state;
  const receiver = await HttpCollector.start(t);
  await hook(admin, receiver.url);
  const id = await state.ask(acme, { tool: 'delete_repo', arguments: { path: '/secret-value' }, reason: 'needs "a" person\nnow' });
  const [asked] = await arrived(receiver, 1);
  assert.deepEqual(Object.keys(asked), ['type', 'id', 'timestamp', 'data']);
  assert.equal(asked.type, 'approval.asked');
  assert.equal(asked.data.approval, id);
  assert.equal(asked.data.organisation, 'acme');
  assert.deepEqual(asked.data.grant, { id: acme.grant, label: 'laptop' });
  assert.equal(asked.data.tool, 'delete_repo');
  assert.equal(asked.data.reason, 'needs "a" person\nnow');
  assert.equal(asked.data.url, `http://127.0.0.1:${state.port}/approvals/${id}`);
  assert.equal('arguments' in asked.data, false);
  assert.equal(receiver.taken[0].includes('secret-value'), false);
  const request = receiver.requests[0];
  assert.equal(request.headers['webhook-signature'], signatures(SECRET, request));
  assert.equal(request.headers['webhook-id'], asked.id);
  assert.equal(request.headers['content-type'], 'application/json');
  assert.ok(Math.abs(Number(request.headers['webhook-timestamp']) - Date.now() / 1000) < 60);
  await admin.must(200, 'POST', `/approvals/${id}/approve`, {});
  const [, decided] = await arrived(receiver, 2);
  assert.deepEqual([decided.type, decided.data.approval, decided.data.outcome], ['approval.decided', id, 'approved']);
  assert.notEqual(decided.id, asked.id);
});

test('values of arguments are for channels that ask for them', async t => {
  const state = await start(t), { admin, acme } = state;
  const receiver = await HttpCollector.start(t);
  await hook(admin, receiver.url, { arguments: true, events: ['approval.asked'] });
  const id = await state.ask(acme, { arguments: { b: 1, a: ['x'] } });
  const [asked] = await arrived(receiver, 1);
  assert.deepEqual(asked.data.arguments, { a: ['x'], b: 1 });
  await admin.must(200, 'POST', `/approvals/${id}/deny`, {});
  await state.ask(acme, { arguments: { c: 1 } });
  assert.deepEqual((await arrived(receiver, 2)).map(b => b.type), ['approval.asked', 'approval.asked']);
});

test('what fails is sent again, the same under the same id, until it is taken; others do not wait', async t => {
  const state = await start(t), { admin, acme } = state;
  const bad = await HttpCollector.start(t, { plan: [request => request.socket.destroy(), 500] });
  const good = await HttpCollector.start(t), dead = await HttpCollector.start(t, { plan: Array(50).fill(() => {}) });
  const channel = await hook(admin, bad.url, { events: ['approval.asked'] });
  await hook(admin, good.url, { name: 'good' });
  await hook(admin, dead.url, { name: 'dead' });
  await state.ask(acme, { arguments: { a: 1 } });
  await arrived(good, 1);
  const [waiting] = await eventually(async () => { const rows = await notices(admin, channel); return rows[0]?.last_error && rows; }, () => 'an error is told');
  assert.deepEqual([waiting.state, waiting.attempts, waiting.event], ['waiting', 1, 'approval.asked']);
  assert.match(waiting.last_error, /^http:\/\/127\.0\.0\.1:\d+: /);
  await arrived(bad, 1);
  assert.equal(bad.requests.length, 3);
  assert.equal(new Set(bad.requests.map(r => r.headers['webhook-id'])).size, 1);
  assert.equal(new Set(bad.requests.map(r => r.body)).size, 1);
  const waits = [1, 2].map(i => bad.requests[i].at - bad.requests[i - 1].at);
  assert.ok(waits[0] >= 3900 && waits[0] < 6000 && waits[1] >= 9900 && waits[1] < 15000, String(waits));
  await none(admin, channel);
});

test('a receiver that asks for peace gets it, and one that is gone is given up', async t => {
  const state = await start(t), { admin, acme } = state;
  const busy = await HttpCollector.start(t, { plan: [(request, response, body, self) => self.answer(response, 429, body, { 'Retry-After': '7' })] });
  const gone = await HttpCollector.start(t, { plan: [410] });
  const peace = await hook(admin, busy.url), over = await hook(admin, gone.url, { name: 'gone' });
  await state.ask(acme, { arguments: { a: 1 } });
  const [row] = await eventually(async () => { const rows = await notices(admin, over); return rows[0]?.state === 'given_up' && rows; }, () => 'it is given up');
  assert.deepEqual([row.next_attempt_at, row.last_error], [null, 'it answers with status 410']);
  await arrived(busy, 1);
  assert.ok(busy.requests[1].at - busy.requests[0].at >= 6900, String(busy.requests[1].at - busy.requests[0].at));
  await none(admin, peace);
});

test('nothing is lost by kill -9, and nothing is sent twice that was taken', async t => {
  const state = await start(t);
  const receiver = await HttpCollector.start(t, { plan: [() => {}] }); // the first one gets no answer
  const channel = await hook(state.admin, receiver.url, { events: ['approval.asked'] });
  const id = await state.ask(state.acme, { arguments: { a: 1 } });
  await eventually(() => receiver.requests.length === 1, () => 'it was sent');
  await state.kill();
  const after = await start(t, { folder: state.folder, seed: false });
  const admin = after.api.as(state.acme.keys.admin);
  const [asked] = await arrived(receiver, 1);
  assert.equal(asked.data.approval, id);
  assert.equal(receiver.requests[0].headers['webhook-id'], receiver.requests[1].headers['webhook-id']);
  await none(admin, channel);
  await after.kill();
  const last = await start(t, { folder: state.folder, seed: false });
  await last.ask(state.acme, { arguments: { b: 1 } });
  await arrived(receiver, 2);
  assert.equal(receiver.requests.length, 3);
});

test('what is decided before anybody heard of it is not mailed, and a webhook gets the end alone', async t => {
  const mailbox = await SmtpServer.start(t, { replies: { EHLO: () => null } }); // does not answer
  const state = await start(t, { env: { MAIL_PORT: String(mailbox.port) } }), { admin, acme } = state;
  const receiver = await HttpCollector.start(t, { plan: [() => {}] });
  const ops = await mail(admin);
  await hook(admin, receiver.url);
  const held = await state.ask(acme, { arguments: { a: 0 } }); // keeps both channels busy
  await eventually(() => receiver.requests.length === 1 && mailbox.lines.length > 0, () => 'both are at work');
  const id = await state.ask(acme, { arguments: { a: 1 } });
  await admin.must(200, 'POST', `/approvals/${id}/deny`, {});
  const rows = await notices(admin, ops);
  assert.deepEqual(rows.map(r => r.object), [held]);
  const told = (await arrived(receiver, 2)).filter(b => b.data.approval === id);
  assert.deepEqual(told.map(b => [b.type, b.data.outcome]), [['approval.decided', 'rejected']]);
});

test('a disabled channel gets nothing, and a removed one takes along what waits', async t => {
  const state = await start(t), { admin, acme } = state;
  const receiver = await HttpCollector.start(t, { plan: [500, 500, 500] }), other = await HttpCollector.start(t);
  const channel = await hook(admin, receiver.url);
  await hook(admin, other.url, { name: 'other' });
  await state.ask(acme, { arguments: { a: 1 } });
  await eventually(async () => (await notices(admin, channel))[0]?.last_error, () => 'it failed');
  await admin.must(200, 'PATCH', '/channels/' + channel.id, { disabled: true }, { 'If-Match': '*' });
  await state.ask(acme, { arguments: { a: 2 } });
  await arrived(other, 2);
  await none(admin, channel);
  assert.equal(receiver.taken.length, 0);
  await admin.must(204, 'DELETE', '/channels/' + channel.id, undefined, { 'If-Match': '*' });
  await state.ask(acme, { arguments: { a: 3 } });
  await arrived(other, 3);
});

test('private addresses are out of reach unless they are allowed, and redirects are not followed', async t => {
  const state = await start(t, { loopback: false }), { admin } = state;
  const receiver = await HttpCollector.start(t);
  const channel = await hook(admin, receiver.url);
  const said = (await admin.must(200, 'POST', `/channels/${channel.id}/test`)).body;
  assert.equal(said.delivered, false);
  assert.equal(said.status, null);
  assert.match(said.text, /127\.0\.0\.1/);
  assert.equal(receiver.requests.length, 0);
  const open = await start(t);
  const turning = await HttpCollector.start(t, { plan: [(request, response) => response.writeHead(302, { Location: receiver.url }).end()] });
  const there = await hook(open.admin, turning.url);
  const answer = (await open.admin.must(200, 'POST', `/channels/${there.id}/test`)).body;
  assert.deepEqual(answer, { delivered: false, status: 302, text: 'it answers with status 302' });
  assert.equal(receiver.requests.length, 0);
});

test('a test message says what the receiver answers', async t => {
  const { admin } = await start(t);
  const receiver = await HttpCollector.start(t, { plan: [200, 403] });
  const channel = await hook(admin, receiver.url);
  assert.deepEqual((await admin.must(200, 'POST', `/channels/${channel.id}/test`)).body, { delivered: true, status: 200, text: 'it answers with status 200' });
  const sent = bodies(receiver)[0];
  assert.deepEqual([sent.type, sent.data.organisation], ['channel.test', 'acme']);
  assert.equal(receiver.requests[0].headers['webhook-signature'], signatures(SECRET, receiver.requests[0]));
  assert.equal((await admin.must(200, 'POST', `/channels/${channel.id}/test`)).body.delivered, false);
  const ops = await mail(admin);
  const refused = await admin.refused(409, 'conflict', 'POST', `/channels/${ops.id}/test`);
  assert.match(refused.detail, /no mail server/);
});

test('new sealing keys leave a channel its secret', async t => {
  const receiver = await HttpCollector.start(t), before = await start(t);
  const channel = await hook(before.admin, receiver.url);
  await before.stop();
  execFileSync(BINARY, ['admin', 'rotate-keys', '--data', before.folder], { env: { PATH: process.env.PATH, ...sanitizerOptions() } });
  const after = await start(t, { folder: before.folder, seed: false });
  const said = await after.api.as(before.acme.keys.admin).must(200, 'POST', `/channels/${channel.id}/test`);
  assert.equal(said.body.delivered, true, said.text);
  assert.equal(receiver.requests[0].headers['webhook-signature'], signatures(SECRET, receiver.requests[0]));
});

// ---- Mail

test('a mail says what waits, as text and as HTML, and what strangers wrote stays theirs', async t => {
  const mailbox = await SmtpServer.start(t);
  const state = await start(t, { env: { MAIL_PORT: String(mailbox.port) } }), { admin, acme } = state;
  const ops = await mail(admin, { arguments: true });
  const evil = 'rm\r\nBcc: x@y\r\n\r\nDecide here: http://evil.example\u202e<b>&"';
  const id = await state.ask(acme, { tool: evil, reason: 'ünï\n.\nFrom me', arguments: { text: '<script>\n.\r\n--=_sallyport', bidi: '\u202e' } });
  const [message] = await mailbox.waitMessages(1);
  assert.equal(message.from, 'gateway@sallyport.example');
  assert.deepEqual(message.to, ['ops@example.com', 'night@example.com']);
  const one = name => { assert.equal(message.headers.get(name)?.length, 1, name); return message.headers.get(name)[0]; };
  assert.deepEqual([...message.headers.keys()], ['from', 'to', 'date', 'message-id', 'subject', 'list-id', 'auto-submitted', 'mime-version', 'content-type']);
  assert.equal(one('from'), 'Sallyport <gateway@sallyport.example>');
  assert.equal(one('to'), 'ops@example.com, night@example.com');
  assert.equal(one('message-id'), `<${id}.${ops.id}@sallyport.example>`);
  assert.equal(one('auto-submitted'), 'auto-generated');
  assert.equal(one('list-id'), '<acme.sallyport.sallyport.example>');
  assert.ok(Math.abs(Date.parse(one('date')) - Date.now()) < 60000, one('date'));
  assert.equal(new Date(one('date')).toUTCString().slice(0, 16), one('date').slice(0, 16));
  assert.match(message.subject, /^\[Sallyport\] rm. Bcc: x@y/);
  assert.match(message.subject, /needs a decision$/);
  assert.equal(/[\r\n]/.test(message.subject), false);
  assert.ok(message.raw.split('\r\n').every(line => line.length <= 998 && /^[\x20-\x7e]*$/.test(line)));
  assert.ok(message.raw.split('\r\n').slice(12).every(line => line.length <= 76), 'lines are short');
  const lines = message.text.split('\r\n');
  assert.equal(lines.filter(l => l.startsWith('Decide here: ')).length, 1);
  assert.ok(lines.includes(`Decide here: http://127.0.0.1:${state.port}/approvals/${id}`));
  assert.ok(lines.some(l => l.startsWith('Tool      rm\ufffd Bcc: x@y')), message.text);
  assert.ok(message.text.includes('[U+202E]') && !message.text.includes('\u202e'));
  assert.ok(lines.some(l => l === 'Reason    ünï . From me'), message.text);
  assert.ok(message.html.includes('&lt;b&gt;&amp;&quot;') && !message.html.includes('<b>') && !message.html.includes('<script>'));
  assert.ok(message.html.includes(`href="http://127.0.0.1:${state.port}/approvals/${id}"`));
  await admin.must(200, 'POST', `/approvals/${id}/deny`, { note: 'no' });
  const [, decided] = await mailbox.waitMessages(2);
  assert.match(decided.subject, /: rejected$/);
  assert.equal(decided.headers.get('in-reply-to')[0], one('message-id'));
  assert.equal(decided.text.includes('Decide here'), true);
});

function certificate(t) {
  const folder = scratch(t), make = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  make('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'k.pem', '-out', 'c.pem', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost');
  return { file: path.join(folder, 'c.pem'), tls: { cert: fs.readFileSync(path.join(folder, 'c.pem')), key: fs.readFileSync(path.join(folder, 'k.pem')) } };
}

for (const [name, security, implicit] of [['STARTTLS', '0', false], ['TLS', '1', true]])
  for (const mechanisms of ['PLAIN LOGIN', 'LOGIN'])
    test(`mail goes by ${name} with a password, by ${mechanisms}`, async t => {
      const made = certificate(t);
      const mailbox = await SmtpServer.start(t, { tls: made.tls, implicit, auth: 'gate:hush-hush', mechanisms });
      const state = await start(t, { env: { MAIL_PORT: String(mailbox.port), MAIL_SECURITY: security, MAIL_CA: made.file, MAIL_USER: 'gate' } });
      const ops = await mail(state.admin);
      assert.deepEqual((await state.admin.must(200, 'POST', `/channels/${ops.id}/test`)).body, { delivered: true, status: 250, text: 'the mail server answers with 250' });
      assert.equal(mailbox.messages[0].secure, true);
      assert.match(mailbox.messages[0].subject, /Test/);
      assert.ok(mailbox.lines.some(l => /^AUTH (PLAIN|LOGIN) gate:hush-hush$/.test(l)), mailbox.lines.join());
      assert.ok(mailbox.lines.filter(l => /^(MAIL|AUTH \w+$)/.test(l)).length === 0, 'nothing but the greeting before TLS');
    });

test('without TLS, with another certificate or a wrong password nothing is mailed', async t => {
  const made = certificate(t), other = certificate(t);
  const cases = [
    [{}, {}, /STARTTLS|TLS|SSL/i],
    [{ tls: other.tls }, {}, /certificate/i],
    [{ tls: made.tls, auth: 'gate:other' }, { MAIL_USER: 'gate' }, /535 5\.7\.8 nobody knows you/],
  ];
  for (const [server, env, text] of cases) {
    const mailbox = await SmtpServer.start(t, server);
    const state = await start(t, { env: { MAIL_PORT: String(mailbox.port), MAIL_SECURITY: '0', MAIL_CA: made.file, ...env } });
    const ops = await mail(state.admin);
    const said = (await state.admin.must(200, 'POST', `/channels/${ops.id}/test`)).body;
    assert.equal(said.delivered, false);
    assert.match(said.text, text);
    assert.equal(mailbox.messages.length, 0);
    assert.equal(mailbox.lines.some(l => l.startsWith('MAIL')), false);
    await state.stop();
  }
});

test('a mail server that says later is asked again; one address that it does not know keeps no other from the mail', async t => {
  let refusals = 0;
  const mailbox = await SmtpServer.start(t, { replies: { '.': () => (refusals++ === 0 ? '451 4.3.0 later' : undefined), RCPT: line => (line.includes('night') ? '550 5.1.1 nobody' : undefined), QUIT: () => '451 no' } });
  const state = await start(t, { env: { MAIL_PORT: String(mailbox.port) } }), { admin, acme } = state;
  const ops = await mail(admin);
  await state.ask(acme, { arguments: { a: 1 } });
  const [row] = await eventually(async () => { const rows = await notices(admin, ops); return rows[0]?.last_error && rows; }, () => 'an error is told');
  assert.match(row.last_error, /451 4\.3\.0 later/);
  const [message] = await mailbox.waitMessages(1);
  assert.deepEqual(message.to, ['ops@example.com']);
  await none(admin, ops);
  assert.equal(mailbox.messages.length, 1);
});

for (const [name, replies] of [['answers nothing to QUIT', { QUIT: () => null }],
  ['says no and then nothing', { MAIL: () => '550 5.7.1 no', QUIT: () => null }],
  ['hangs at the end of a message', { '.': message => (message.to.includes('stuck@example.com') ? null : undefined) }],
  ['hangs at one address', { RCPT: line => (line.includes('stuck') ? null : undefined) }]])
  test(`a mail server that ${name} holds up no other channel, and no stop`, async t => {
    const mailbox = await SmtpServer.start(t, { replies });
    const state = await start(t, { env: { MAIL_PORT: String(mailbox.port) } }), { admin, acme } = state;
    await mail(admin, { name: 'stuck', to: ['stuck@example.com'] });
    await state.ask(acme, { arguments: { a: 1 } });
    const met = mailbox.replies.MAIL ? /^MAIL/ : /^(RCPT|QUIT)/;
    await eventually(() => mailbox.lines.some(l => met.test(l)), () => 'the server was met: ' + mailbox.lines.join());
    delete mailbox.replies.MAIL;
    await mail(admin, { name: 'free', to: ['free@example.com'] });
    await state.ask(acme, { arguments: { a: 2 } });
    await eventually(() => mailbox.messages.some(m => m.to.includes('free@example.com')), () => 'mail for the other channel: ' + mailbox.lines.join(), 18000);
    await state.stop();
  });
