// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to people through the API: who sees what, who may answer, and what becomes of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test, { after } from 'node:test';
import { document, seen, startApi } from '../lib/api.mjs';
import { BINARY } from '../lib/gateway.mjs';

const ANY = { 'If-Match': '*' };

// A member with this role, by an invitation: { api } of a key that the member made.
async function member(state, owner, email, role) {
  const admin = state.api.as(owner.keys.admin), password = 'a password of ' + email;
  const { token } = (await admin.must(201, 'POST', '/invitations', { email, role: 'admin' })).body;
  await state.api.must(201, 'POST', '/invitations/accept', { token, name: email, password });
  const session = await state.api.must(201, 'POST', '/session', { organisation: 'acme', email, password });
  const cookie = { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token };
  const find = async () => (await admin.call('GET', '/members?email=' + encodeURIComponent(email))).body.items[0];
  const call = (method, target, body, headers) => state.api.call(method, target, body, { ...cookie, ...headers });
  const key = (await call('POST', '/keys', { label: 'of ' + email, role: 'policy_manager' })).body.token;
  const { id } = await find();
  if (role !== 'admin') await admin.must(200, 'PATCH', '/members/' + id, { role }, ANY);
  return { id, email, call, key: state.api.as(key), set: change => admin.must(200, 'PATCH', '/members/' + id, change, ANY) };
}

test('a question is listed, shown and approved once; viewers see names of arguments alone', async t => {
  const state = await startApi(t), { api, acme } = state;
  const manager = api.as(acme.keys.policy_manager), viewer = api.as(acme.keys.viewer);
  const id = await state.ask(acme, { tool: 'transfer', arguments: { to: 'x', amount: 12.50 }, facts: { spent: '3' } });
  const items = (await viewer.must(200, 'GET', '/approvals')).body.items;
  assert.deepEqual(items.map(i => [i.id, i.state, i.tool]), [[id, 'asked', 'transfer']]);
  assert.ok(!JSON.stringify(items).includes('12.5'), 'lists have no arguments');
  const seen = (await viewer.must(200, 'GET', '/approvals/' + id)).body;
  assert.deepEqual([seen.arguments, seen.argument_names, seen.may.approve, seen.may.deny], [null, ['amount', 'to'], false, false]);
  const whole = (await manager.must(200, 'GET', '/approvals/' + id)).body;
  assert.deepEqual([whole.arguments, whole.facts, whole.may], [{ amount: 12.5, to: 'x' }, { spent: '3' }, { approve: true, deny: true, why: '' }]);
  assert.ok(whole.recent.outcomes.length > 0 && whole.recent.decisions.length === 3, JSON.stringify(whole.recent));
  const done = await manager.must(200, 'POST', `/approvals/${id}/approve`, { note: 'fine' });
  assert.deepEqual([done.body.state, done.body.yes, done.body.note], ['approved', 1, 'fine']);
  for (const verb of ['approve', 'deny']) await manager.refused(409, 'conflict', 'POST', `/approvals/${id}/${verb}`, {});
  const after = (await manager.must(200, 'GET', '/approvals/' + id)).body;
  assert.deepEqual(after.votes.map(v => [v.label, v.yes, v.note]), [['policy_manager', true, 'fine']]);
  assert.equal(after.may.approve, false);
  const audit = (await api.as(acme.keys.admin).call('GET', '/audit')).text;
  assert.ok(audit.includes('vote.add') && audit.includes('question.change'));
  assert.ok(!audit.includes('12.5'), 'the audit has no arguments');
});

test('lists are narrowed, and come in pages', async t => {
  const state = await startApi(t), { api, acme } = state, viewer = api.as(acme.keys.viewer);
  const ids = [];
  for (let i = 0; i < 5; i++) ids.unshift(await state.ask(acme, { tool: i % 2 ? 'odd' : 'even', arguments: { i }, ...(i === 4 && { expires_ms: 1000 }) }));
  const list = async query => (await viewer.must(200, 'GET', '/approvals?' + query)).body;
  assert.deepEqual((await list('')).items.map(i => i.id), ids);
  assert.deepEqual((await list('tool=odd')).items.map(i => i.id), [ids[1], ids[3]]);
  assert.deepEqual((await list('state=expired')).items.map(i => i.id), [ids[0]], 'by the clock');
  assert.equal((await list('state=asked')).items.length, 4);
  assert.equal((await list('grant=laptop')).items.length, 5);
  assert.equal((await list('grant=other')).items.length, 0);
  assert.equal((await list('server=files')).items.length, 5);
  const pages = [];
  for (let after = ''; after !== null;) {
    const page = await list('tool=even&limit=1' + (after && '&after=' + after));
    pages.push(...page.items.map(i => i.id));
    after = page.next;
  }
  assert.deepEqual(pages, [ids[0], ids[2], ids[4]]);
  await viewer.refused(422, 'invalid', 'GET', '/approvals?state=open');
  await viewer.refused(422, 'invalid', 'GET', '/approvals?nothing=1');
});

test('a no needs one person, an expired question nobody', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager);
  const denied = await state.ask(acme, { arguments: { a: 1 }, approvers: 3 });
  const done = (await manager.must(200, 'POST', `/approvals/${denied}/deny`, { note: 'no' })).body;
  assert.deepEqual([done.state, done.note], ['rejected', 'no']);
  const late = await state.ask(acme, { arguments: { a: 2 }, expires_ms: Date.now() - 1 });
  const why = await manager.refused(409, 'conflict', 'POST', `/approvals/${late}/approve`, {});
  assert.match(why.detail, /expired/);
  for (const wrong of ['withdrawn', 'overtaken', 'ran']) {
    const id = await state.ask(acme, { arguments: { wrong } });
    await state.ask(acme, { id, state: wrong });
    assert.match((await manager.refused(409, 'conflict', 'POST', `/approvals/${id}/approve`, {})).detail, new RegExp(wrong));
  }
  await manager.refused(404, 'not-found', 'POST', '/approvals/apr_nothing/deny', {});
});

test('two must be two people, none of them the one who made the grant', async t => {
  const state = await startApi(t), { api, acme } = state, admin = api.as(acme.keys.admin);
  const [ann, bob, eve] = [await member(state, acme, 'ann@example.com', 'policy_manager'), await member(state, acme, 'bob@example.com', 'policy_manager'), await member(state, acme, 'eve@example.com', 'admin')];
  const grant = (await eve.call('POST', '/grants', { label: 'of eve' })).body;
  assert.equal(grant.owner, eve.id);
  const ask = number => state.ask(acme, { grant: grant.id, grant_label: 'of eve', arguments: { number }, approvers: 2 });
  const approve = (who, id, body = {}) => who.call('POST', `/approvals/${id}/approve`, body);
  const state_of = async id => (await admin.must(200, 'GET', '/approvals/' + id)).body;

  let id = await ask(1);
  let answer = await approve(ann, id);
  assert.deepEqual([answer.body.state, answer.body.yes], ['asked', 1]);
  assert.equal((await approve(ann, id)).status, 409, 'the same person twice');
  assert.equal((await approve(ann.key, id)).status, 409, 'a key is the one who made it');
  assert.equal((await approve(eve, id)).status, 403, 'who made the grant');
  assert.equal((await approve(eve.key, id)).status, 403, 'the same by a key');
  assert.match((await approve(admin, id)).body.detail, /no person/, 'a key that nobody made');
  assert.equal((await approve(bob, id, { exception: { minutes: 5 } })).status, 422, 'no exception of two');
  answer = await approve(bob, id);
  assert.deepEqual([answer.body.state, answer.body.yes], ['approved', 2]);
  assert.deepEqual((await state_of(id)).votes.map(v => v.label), [ann.email, bob.email]);

  id = await ask(2);
  assert.equal((await approve(ann.key, id)).body.yes, 1);
  await ann.set({ role: 'viewer' });
  answer = await approve(bob, id);
  assert.deepEqual([answer.body.state, answer.body.yes], ['asked', 1], 'who may not any more does not count');
  await ann.set({ role: 'policy_manager' });
  assert.equal((await state_of(id)).yes, 2);
  await ann.set({ disabled: true });
  assert.equal((await state_of(id)).yes, 1);
  assert.equal((await approve(ann.key, id)).status, 403, 'a key of somebody who is disabled');
  await ann.set({ disabled: false });

  id = await ask(3);
  assert.equal((await approve(ann, id)).body.state, 'asked');
  answer = await ann.call('POST', `/approvals/${id}/deny`, { note: 'a second thought' });
  assert.equal(answer.body.state, 'rejected');
  assert.deepEqual((await state_of(id)).votes.map(v => [v.label, v.yes]), [[ann.email, false]]);
  id = await ask(4);
  assert.equal((await eve.call('POST', `/approvals/${id}/deny`, {})).body.state, 'rejected', 'a no is everybody\'s');
  id = await ask(5);
  assert.equal((await admin.call('POST', `/approvals/${id}/deny`, {})).body.state, 'rejected', 'a key that nobody made, too');
});

test('of many answers at once one decides', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager), admin = api.as(acme.keys.admin);
  for (let round = 0; round < 20; round++) {
    const id = await state.ask(acme, { arguments: { round } });
    const answers = await Promise.all(['approve', 'deny', 'approve', 'deny'].map((verb, i) => (i < 2 ? manager : admin).call('POST', `/approvals/${id}/${verb}`, {})));
    assert.deepEqual(answers.map(a => a.status).sort(), [200, 409, 409, 409]);
    const won = answers.find(a => a.status === 200).body.state;
    const now = (await manager.must(200, 'GET', '/approvals/' + id)).body;
    assert.equal(now.state, won);
    assert.equal(now.votes.length, 1);
  }
});

test('an exception is bounded, listed, revoked once, and audited', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager);
  const id = await state.ask(acme, { arguments: { a: 1 } });
  for (const exception of [{}, 7, { minutes: 0 }, { minutes: 1441 }, { minutes: 5, uses: 1 }, { minutes: 5, uses: 0 }, { minutes: 5, uses: 101 }, { minutes: 5, more: 1 }, { uses: 3 }])
    await manager.refused(422, 'invalid', 'POST', `/approvals/${id}/approve`, { exception });
  await manager.refused(422, 'invalid', 'POST', `/approvals/${id}/approve`, { note: 'x'.repeat(1001) });
  await manager.refused(422, 'invalid', 'POST', `/approvals/${id}/deny`, { exception: { minutes: 5 } });
  const done = (await manager.must(200, 'POST', `/approvals/${id}/approve`, { note: 'today', exception: { minutes: 15, uses: 3 } })).body;
  const list = (await manager.must(200, 'GET', '/exceptions?grant=' + acme.grant)).body.items;
  assert.deepEqual(list.map(e => [e.id, e.question, e.uses, e.most_uses, e.live, e.author, e.note]), [[done.exception, id, 1, 3, true, 'policy_manager', 'today']]);
  const left = Date.parse(list[0].expires_at) - Date.now();
  assert.ok(left > 14 * 60000 && left <= 15 * 60000, left);
  const again = await state.ask(acme, { arguments: { a: 2 } });
  const shown = (await manager.must(200, 'GET', '/approvals/' + again)).body;
  assert.deepEqual(shown.exceptions.map(e => [e.id, e.same]), [[done.exception, false]]);
  assert.deepEqual(shown.similar.map(s => [s.id, s.state, s.same, s.differences]), [[id, 'approved', false, [{ path: 'args.a', before: 1, now: 2 }]]]);
  const revoked = (await manager.must(200, 'POST', `/exceptions/${done.exception}/revoke`, undefined, ANY)).body;
  assert.equal(revoked.live, false);
  await manager.refused(409, 'conflict', 'POST', `/exceptions/${done.exception}/revoke`, undefined, ANY);
  assert.deepEqual((await manager.must(200, 'GET', '/approvals/' + again)).body.exceptions, []);
  const audit = (await api.as(acme.keys.admin).call('GET', '/audit')).text;
  for (const action of ['exception.add', 'exception.change']) assert.ok(audit.includes(action), action);
});

test('what differs from former calls is told value by value', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager);
  await state.ask(acme, { arguments: { a: [1, { b: 'x' }], 'odd key': true, gone: {}, long: 'x'.repeat(2000), same: 1.0 } });
  const id = await state.ask(acme, { arguments: { a: [1, { b: 'y' }, 3], 'odd key': false, long: 'y', same: 1 } });
  const [alike] = (await manager.must(200, 'GET', '/approvals/' + id)).body.similar;
  assert.deepEqual(alike.differences, [
    { path: 'args.a[1].b', before: 'x', now: 'y' }, { path: 'args.a[2]', now: 3 }, { path: 'args.long', before: null, before_bytes: 2002, now: 'y' },
    { path: 'args["odd key"]', before: true, now: false }, { path: 'args.gone', before: {} }]);
  const many = await state.ask(acme, { arguments: Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['k' + i, i])) });
  const [first] = (await manager.must(200, 'GET', '/approvals/' + many)).body.similar;
  assert.deepEqual([first.differences.length, first.differences.length + first.more_differences], [100, 306]);
});

test('the same answer sent twice with one key is one', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager);
  const id = await state.ask(acme, { arguments: {} }), key = { 'Idempotency-Key': 'once' };
  const first = await manager.must(200, 'POST', `/approvals/${id}/approve`, {}, key);
  const second = await manager.must(200, 'POST', `/approvals/${id}/approve`, {}, key);
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
});

test('an exception is shown by its id', async t => {
  const state = await startApi(t), { api, acme } = state, manager = api.as(acme.keys.policy_manager);
  const id = await state.ask(acme, { arguments: {} });
  const { exception } = (await manager.must(200, 'POST', `/approvals/${id}/approve`, { exception: { minutes: 5 } })).body;
  const shown = (await api.as(acme.keys.viewer).must(200, 'GET', '/exceptions/' + exception)).body;
  assert.deepEqual([shown.id, shown.most_uses, shown.live], [exception, 0, true]);
});

// Events of the stream as they come.
async function* listen(api, key, signal) {
  const answer = await fetch(`http://127.0.0.1:${api.port}/api/v1/approvals/stream`, { headers: { Authorization: 'Bearer ' + key }, signal });
  let text = '';
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end));
      if (data && data[1] !== '{}') yield JSON.parse(data[1]);
    }
  }
}

test('who listens hears of open questions first, then of each change, and of no other organisation', async t => {
  const state = await startApi(t), { api, acme, umbrella } = state, manager = api.as(acme.keys.policy_manager);
  assert.equal((await api.as(acme.keys.viewer).call('GET', '/approvals/stream')).status, 200);
  const open = await state.ask(acme, { arguments: { a: 1 } });
  await state.ask(acme, { arguments: { a: 2 }, expires_ms: 1000 });
  const over = new AbortController();
  t.after(() => over.abort());
  const events = listen(api, acme.keys.viewer, over.signal), next = async () => { const { value } = await events.next(); return value && [value.id, value.state]; };
  assert.deepEqual(await next(), [open, 'asked']);
  await state.ask(umbrella, { arguments: { a: 1 } });
  const two = await state.ask(acme, { arguments: { a: 3 }, approvers: 2 });
  let heard;
  do heard = await next(); while (heard[0] === two && heard[1] !== 'asked');
  assert.deepEqual(heard, [two, 'asked']);
  await manager.must(200, 'POST', `/approvals/${open}/approve`, {});
  do heard = await next(); while (heard[0] === two);
  assert.deepEqual(heard, [open, 'approved']);
  const many = await Promise.all(Array.from({ length: 3 }, (_, i) => manager.call('GET', '/approvals?limit=' + (i + 1))));
  assert.ok(many.every(a => a.status === 200));
  await manager.must(200, 'POST', `/approvals/${two}/deny`, {});
  assert.deepEqual(await next(), [two, 'rejected']);
});

// A command: { code, out, err }. With `until`, it is stopped when what it printed has this.
async function command(state, words, { until, printed } = {}) {
  const child = spawn(BINARY, words, { env: { PATH: process.env.PATH, SALLYPORT_URL: `http://127.0.0.1:${state.port}`, SALLYPORT_KEY: state.acme.keys.policy_manager } });
  let out = '', err = '';
  child.stdout.setEncoding('utf8').on('data', d => { out += d; printed?.(out); if (until && until.test(out)) child.kill(); });
  child.stderr.setEncoding('utf8').on('data', d => { err += d; });
  const code = await new Promise(resolve => child.once('close', resolve));
  return { code, out, err };
}

test('commands list, show, approve for a while, deny and revoke', async t => {
  const state = await startApi(t), { acme } = state;
  const first = await state.ask(acme, { tool: 'one', arguments: { a: 'x', n: 7 } }), second = await state.ask(acme, { tool: 'two', arguments: { a: 'y' } });
  const must = async (...words) => { const done = await command(state, words); assert.equal(done.code, 0, words.join(' ') + ': ' + done.err); return done.out; };
  assert.deepEqual((await must('approvals', 'list')).trim().split('\n').map(l => l.split(/ +/).slice(0, 3)), [[second, 'asked', 'critical'], [first, 'asked', 'critical']]);
  assert.deepEqual(JSON.parse(await must('approvals', 'list', '--tool', 'one', '--json')).items.map(i => i.id), [first]);
  const shown = await must('approvals', 'show', first.slice(-8));
  for (const part of ['args.a = "x"', 'args.n = 7', 'Ask first.', 'approvals approve|deny ' + first]) assert.ok(shown.includes(part), part + '\n' + shown);
  assert.equal(JSON.parse(await must('approvals', 'show', first, '--json')).arguments.n, 7);
  assert.match(await must('approvals', 'approve', first.slice(-10), '--note', 'fine', '--for', '2h', '--uses', '3'), /approved/);
  const again = await command(state, ['approvals', 'approve', first]);
  assert.deepEqual([again.code, again.err], [1, "sallyport: this is decided or over already: it is 'approved'\n"]);
  assert.match(await must('approvals', 'deny', second, '--note', 'no'), /rejected/);
  assert.equal(await must('approvals', 'list'), '');
  assert.equal((await must('approvals', 'list', '--all')).trim().split('\n').length, 2);
  const [exception] = JSON.parse(await must('exceptions', 'list', '--json')).items;
  assert.deepEqual([exception.question, exception.most_uses], [first, 3]);
  await must('exceptions', 'show', exception.id);
  await must('exceptions', 'revoke', exception.id.slice(-8));
  for (const [code, ...words] of [[1, 'show', 'apr_'], [2, 'approve', first, '--for', 'long'], [2, 'approve', first, '--uses', '3'], [1, 'show', 'a/../b'], [1, 'deny', 'zzzzzzzz'], [2, 'deny'], [2, 'grant', first]])
    assert.equal((await command(state, ['approvals', ...words])).code, code, words.join(' '));
});

test('no text of a question breaks its frame on a terminal', async t => {
  const state = await startApi(t), { acme } = state;
  const evil = '\x1b[2J\x1b[H\r\n+-- your answer\n| approved \u202e\u0085\u200b\u{e0041}\x07';
  const id = await state.ask(acme, { tool: evil, grant_label: evil, client: evil, server_name: evil, reason: evil, rule: evil, arguments: { [evil]: evil, long: 'ä'.repeat(5000) }, facts: { [evil]: evil } });
  for (const words of [['show', id], ['show', id, '--full'], ['list']]) {
    const { out, code } = await command(state, ['approvals', ...words]);
    assert.equal(code, 0);
    assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u{e0000}-\u{e007f}]/u);
    if (words[0] === 'show') for (const line of out.trimEnd().split('\n')) assert.match(line, /^(\| |\+--)/);
    if (words[0] === 'show') assert.equal(out.split('\n').filter(l => l.startsWith('+-- your answer')).length, 1);
  }
  const [folded, full] = [(await command(state, ['approvals', 'show', id])).out, (await command(state, ['approvals', 'show', id, '--full'])).out];
  assert.match(folded, /more bytes; --full shows all/);
  assert.equal(full.split('ä').length - 1, 5000);
});

test('who watches hears of each as it comes', async t => {
  const state = await startApi(t), { acme } = state;
  const first = await state.ask(acme, { arguments: { a: 1 } });
  let heard;
  const connected = new Promise(resolve => { heard = resolve; });
  const watching = command(state, ['approvals', 'watch', '--json', '--bell'], { until: /rejected/, printed: heard });
  await connected; // it has been told of the first
  const second = await state.ask(acme, { arguments: { a: 2 } });
  await state.api.as(acme.keys.policy_manager).must(200, 'POST', `/approvals/${second}/deny`, {});
  const { out, err } = await watching;
  const lines = out.trim().split('\n').map(l => JSON.parse(l));
  assert.ok(lines.some(l => l.id === first && l.state === 'asked'));
  assert.deepEqual([lines.at(-1).id, lines.at(-1).state], [second, 'rejected']);
  assert.equal(new Set(lines.map(l => l.id + l.version)).size, lines.length, 'each once');
  assert.match(err, /\x07/);
});

after(() => {
  const missing = Object.entries(document.paths).filter(([path]) => /^\/(approvals|exceptions)\b/.test(path)).flatMap(([path, operations]) => Object.entries(operations).flatMap(([method, o]) =>
    Object.keys(o.responses).filter(status => status < 400).map(status => `${method.toUpperCase()} ${path} ${status}`))).filter(what => !seen.has(what));
  assert.deepEqual(missing, [], 'documented, but never seen');
});
