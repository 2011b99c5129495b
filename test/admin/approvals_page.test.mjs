// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The pages of questions without a browser: who sees what, what a form needs, where signing in leads to, hostile texts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';

const EVIL = '</td><script>alert(1)</script><img src=x onerror=alert(1)>"\'\u202e\u0000\u001b[2J\nDeny\u200b раypal';
const password = 'a long sentence is best';

// Somebody of the organisation, in a browser of plain requests.
async function person(state, role = 'policy_manager') {
  const { api, acme } = state, email = role + '@example.com', base = `http://127.0.0.1:${state.port}`;
  const { token } = (await api.as(acme.keys.admin).must(201, 'POST', '/invitations', { email, role })).body;
  await api.must(201, 'POST', '/invitations/accept', { token, name: role, password });
  const session = await api.must(201, 'POST', '/session', { organisation: 'acme', email, password });
  const Cookie = session.headers.get('set-cookie').split(';')[0];
  const get = async at => { const answer = await fetch(base + at, { redirect: 'manual', headers: { Cookie } }); return { status: answer.status, text: await answer.text(), headers: answer.headers }; };
  const post = async (at, fields, headers = {}) => { const answer = await fetch(base + at, { method: 'POST', redirect: 'manual', headers: { Cookie, ...headers }, body: new URLSearchParams(fields) }); return { status: answer.status, text: await answer.text(), headers: answer.headers }; };
  return { get, post, csrf: session.body.csrf_token, base, email };
}

const HOME = /^\/(catalogue)?$/; // the dashboard, where it was built in

test('who has not signed in is led there and back, and nowhere else', async t => {
  const state = await startApi(t), base = `http://127.0.0.1:${state.port}`;
  const id = await state.ask(state.acme, { arguments: {} });
  for (const at of ['/approvals', '/approvals/' + id]) {
    const answer = await fetch(base + at, { redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/sign-in?to=' + encodeURIComponent(at)]);
  }
  await person(state);
  for (const [to, lands] of [['/approvals/' + id, '/approvals/' + id], ['/approvals', '/approvals'], ['//evil.example/approvals', HOME], ['https://evil.example/approvals/x', HOME], ['/approvalsx', HOME], ['/approvals\\evil', HOME], ['/approvals/x\r\nSet-Cookie: a=b', HOME]]) {
    const answer = await fetch(base + '/sign-in', { method: 'POST', redirect: 'manual', body: new URLSearchParams({ to, organisation: 'acme', email: 'policy_manager@example.com', password }) });
    assert.deepEqual([answer.status, answer.headers.getSetCookie().length], [303, 1], to);
    if (lands === HOME) assert.match(answer.headers.get('location'), HOME, to);
    else assert.equal(answer.headers.get('location'), lands);
  }
});

test('a form approves, denies, allows for a while; what is late or forged does not count', async t => {
  const state = await startApi(t), { acme, umbrella } = state, pat = await person(state), admin = state.api.as(acme.keys.admin);
  const now = async id => (await admin.must(200, 'GET', '/approvals/' + id)).body;
  const ids = [];
  for (let i = 0; i < 4; i++) ids.push(await state.ask(acme, { arguments: { i } }));
  const at = i => '/approvals/' + ids[i];
  const page = await pat.get(at(0));
  assert.equal(page.status, 200);
  assert.ok(page.text.includes(`name="csrf" value="${pat.csrf}"`));
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  for (const [fields, status] of [[{ answer: 'approve' }, 403], [{ answer: 'approve', csrf: 'f'.repeat(32) }, 403], [{ csrf: pat.csrf }, 400], [{ csrf: pat.csrf, answer: 'yes' }, 400], [{ csrf: pat.csrf, answer: 'allow', minutes: 'x' }, 400],
    [{ csrf: pat.csrf, answer: 'allow', minutes: '100000' }, 422], [{ csrf: pat.csrf, answer: 'approve', note: 'x'.repeat(1001) }, 422]])
    assert.equal((await pat.post(at(0), fields)).status, status, JSON.stringify(fields));
  assert.equal((await pat.post(at(0), 'answer=approve', { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await now(ids[0])).state, 'asked');
  const done = await pat.post(at(0), { csrf: pat.csrf, answer: 'approve', note: 'ja & <b>' });
  assert.deepEqual([done.status, done.headers.get('location')], [303, at(0)]);
  assert.deepEqual([(await now(ids[0])).state, (await now(ids[0])).votes[0].label, (await now(ids[0])).note], ['approved', pat.email, 'ja & <b>']);
  const shown = (await pat.get(at(0))).text;
  assert.ok(shown.includes('ja &amp; &lt;b&gt;') && !shown.includes('<form class="decide"'), 'there is no form any more');
  const late = await pat.post(at(0), { csrf: pat.csrf, answer: 'deny' });
  assert.equal(late.status, 409);
  assert.match(late.text, /it is &#39;approved&#39;/);
  await pat.post(at(1), { csrf: pat.csrf, answer: 'deny' });
  assert.equal((await now(ids[1])).state, 'rejected');
  await pat.post(at(2), { csrf: pat.csrf, answer: 'allow', minutes: '15', uses: '5' });
  const [exception] = (await admin.must(200, 'GET', '/exceptions')).body.items;
  assert.deepEqual([exception.question, exception.most_uses, exception.live], [ids[2], 5, true]);
  await state.ask(acme, { id: ids[3], expires_ms: 1000 });
  assert.match((await pat.get(at(3))).text, /Nobody answered in time/);
  assert.equal((await pat.post(at(3), { csrf: pat.csrf, answer: 'approve' })).status, 409);
  const foreign = await state.ask(umbrella, { arguments: {} });
  for (const where of ['/approvals/' + foreign, '/approvals/apr_nothing', '/approvals/a/b', '/approvals/'.padEnd(200, 'x')]) assert.equal((await pat.get(where)).status, 404, where);
  assert.equal((await pat.post('/approvals', { csrf: pat.csrf, answer: 'approve' })).status, 405);
});

test('a viewer sees names, and no form; two people are needed where the policy says so', async t => {
  const state = await startApi(t), { acme } = state, viewer = await person(state, 'viewer'), pat = await person(state);
  const id = await state.ask(acme, { arguments: { secretish: 'hush-hush' }, approvers: 2 });
  const seen = await viewer.get('/approvals/' + id);
  assert.ok(seen.text.includes('secretish') && !seen.text.includes('hush-hush') && !seen.text.includes('<form class="decide"'));
  assert.equal((await viewer.post('/approvals/' + id, { csrf: viewer.csrf, answer: 'deny' })).status, 403);
  const page = (await pat.get('/approvals/' + id)).text;
  assert.match(page, /<b>0 of 2<\/b> people said yes/);
  assert.ok(!page.includes('value="allow"'), 'no exception of two');
  await pat.post('/approvals/' + id, { csrf: pat.csrf, answer: 'approve' });
  const after = (await pat.get('/approvals/' + id)).text;
  assert.match(after, /<b>1 of 2<\/b>/);
  assert.match(after, /you have said yes already/);
  assert.ok(!after.includes('value="approve"') && after.includes('value="deny"'));
});

test('hostile texts are text, wherever they stand', async t => {
  const state = await startApi(t), { acme } = state, pat = await person(state), clean = EVIL.replace('\u0000', '');
  const past = await state.ask(acme, { tool: clean, arguments: { [clean]: 'before', gone: EVIL } });
  await state.api.as(acme.keys.admin).must(200, 'POST', `/approvals/${past}/approve`, { note: clean, exception: { minutes: 5 } });
  const id = await state.ask(acme, { tool: clean, server_name: clean, grant_label: clean, client: clean, reason: clean, rule: clean, policy: clean, arguments: { ...Object.fromEntries([[clean, EVIL]]), long: EVIL.repeat(100), deep: [[{ [clean]: null }]] }, facts: { [clean]: { counter: EVIL, used: EVIL, max: EVIL, amount: EVIL, window_s: 90 }, other: EVIL } });
  for (const at of ['/approvals/' + id, '/approvals', '/approvals?state=all', '/approvals/' + past]) {
    const { status, text } = await pat.get(at);
    assert.equal(status, 200, at);
    for (const bad of ['<script>alert', '<img', '\u202e', '\u200b', '\u0000', '\u001b']) assert.ok(!text.includes(bad), at + ' has ' + JSON.stringify(bad));
    if (at.endsWith(id)) for (const good of ['[U+202E]', '[U+001B]', '↵', 'mixes letters of several scripts', 'turns the direction of writing']) assert.ok(text.includes(good), good);
  }
  const many = await state.ask(acme, { arguments: { list: Array.from({ length: 3000 }, (_, i) => i) } });
  const page = (await pat.get('/approvals/' + many)).text;
  assert.match(page, /too many values for a page/);
  assert.ok(!page.includes('args.list[0]'), 'no part of them');
});
