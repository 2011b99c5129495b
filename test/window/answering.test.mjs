// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may answer a question, what an answer is when others answer too, and that nothing that was typed is lost.
import assert from 'node:assert/strict';
import test from 'node:test';
import { PASSWORD, answerIn, desk } from '../lib/desk.mjs';
import { textOf } from '../lib/waiting.mjs';

const button = (page, name) => page.getByRole('button', { name, exact: true });
const okOf = async call => {
  const result = await call;
  assert.ok(!result.isError, textOf({ result }));
};

test('a viewer sees who asks for what, neither values nor a way to answer', async t => {
  const here = await desk(t);
  if (!here) return;
  const call = here.call({ to: 'Example Ltd', amount: 80 });
  const [{ id }] = await here.asked(1);
  const page = await here.open({ cookie: await here.member('viewer'), at: '/inbox/' + id });
  await page.getByRole('heading', { name: /ci-runner wants to call pay on files/ }).waitFor();
  await page.getByText('The values are not shown').waitFor();
  const question = page.getByRole('region', { name: 'The question' });
  assert.match(await question.innerText(), /Their names:\s+amount, to|Their names:\s+to, amount/);
  assert.doesNotMatch(await question.innerText(), /Example Ltd/);
  for (const name of ['Approve…', 'Deny']) assert.equal(await page.getByRole('button', { name }).count(), 0, name);
  await page.keyboard.press('a');
  await page.keyboard.press('j');
  assert.equal(await answerIn(page).count(), 0);
  await page.look('inbox-viewer');
  await here.api.must(200, 'POST', `/approvals/${id}/deny`, { note: 'Not today.' });
  await page.getByText('It was denied.').waitFor();
  assert.equal((await call).isError, true);
  assert.deepEqual(page.complaints, []);
});

// Ends the session that the page has, without the page knowing.
const endSession = page => page.evaluate(async () => {
  const { csrf_token } = await (await fetch('/api/v1/session')).json();
  await fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-CSRF-Token': csrf_token } });
});

test('a session that ends while somebody answers takes nothing of the answer with it', async t => {
  const here = await desk(t);
  if (!here) return;
  const call = here.call({ to: 'Example Ltd', amount: 80 });
  const [{ id }] = await here.asked(1);
  const page = await here.open({ cookie: await here.member('policy_manager'), at: '/inbox/' + id });
  await button(page, 'Approve…').click();
  await answerIn(page).getByLabel('Reason').fill('A known supplier.\nAsked Bo.');
  await answerIn(page).getByRole('switch', { name: 'Let the same call run again for a while' }).check();
  await answerIn(page).getByLabel('At most so many times').fill('3');
  await endSession(page);
  await button(answerIn(page), 'Approve for a while').click();
  await page.getByText('Your session has ended.').waitFor();
  await page.look('inbox-ended');
  assert.equal((await here.asked(1))[0].id, id, 'nothing was answered');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.fill('#email', 'policy_manager@example.com');
  await page.fill('#password', PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForURL(here.base + '/inbox/' + id);
  await button(page, 'Deny').click();
  assert.equal(await answerIn(page).getByLabel('Reason').inputValue(), '', 'what was to be said with a yes is not said with a no');
  await button(answerIn(page), 'Cancel').click();
  await button(page, 'Approve…').click();
  assert.equal(await answerIn(page).getByLabel('Reason').inputValue(), 'A known supplier.\nAsked Bo.');
  assert.equal(await answerIn(page).getByLabel('At most so many times').inputValue(), '3');
  await button(answerIn(page), 'Approve for a while').click();
  await okOf(call);
  await page.getByText('It was approved and has run.').waitFor();
  assert.equal(await page.evaluate(() => Object.keys(sessionStorage).filter(key => key.startsWith('answer:')).length), 0, 'what was given is not kept');
  assert.deepEqual(page.complaints, []);
});

test('two people must say yes, each in a browser of their own, and neither is the one who made the grant', async t => {
  const here = await desk(t, { rule: { approval: { wait: '10m', approvers: 2 } } });
  if (!here) return;
  const call = here.call({ to: 'Example Ltd', amount: 8000 });
  const [{ id }] = await here.asked(1);
  const maker = await here.open({ at: '/inbox/' + id });
  await maker.getByText('not the one who made the grant').waitFor();
  assert.ok(await button(maker, 'Approve…').isDisabled());
  const [ada, bo] = [await here.open({ cookie: await here.member('policy_manager', 'ada'), at: '/inbox/' + id }), await here.open({ cookie: await here.member('admin', 'bo'), at: '/inbox/' + id })];
  for (const page of [ada, bo]) await page.getByText('0 of 2 people have said yes.').waitFor();
  await button(ada, 'Approve…').click();
  assert.equal(await answerIn(ada).getByText('for a while').count(), 0, 'one alone makes no exception');
  await answerIn(ada).getByLabel('Reason').fill('Known.');
  await button(answerIn(ada), 'Approve once').click();
  for (const page of [ada, bo, maker]) await page.getByText('1 of 2 people have said yes.').waitFor();
  await ada.getByText('you have said yes already').waitFor();
  assert.equal(here.fake.calls().length, 0, 'one yes is none');
  await bo.getByText('Known.').waitFor();
  await bo.look('inbox-two-people');
  await button(bo, 'Approve…').click();
  await button(answerIn(bo), 'Approve once').click();
  await okOf(call);
  for (const page of [ada, bo, maker]) await page.getByText('It was approved and has run.').waitFor();
  assert.equal(here.fake.calls().length, 1);
  for (const page of [ada, bo, maker]) assert.deepEqual(page.complaints, []);
});

test('one no is enough, and stands beside the yes', async t => {
  const here = await desk(t, { rule: { approval: { wait: '10m', approvers: 2 } } });
  if (!here) return;
  const call = here.call({ amount: 8000 });
  const [{ id }] = await here.asked(1);
  const [ada, bo] = [await here.open({ cookie: await here.member('policy_manager', 'ada'), at: '/inbox/' + id }), await here.open({ cookie: await here.member('policy_manager', 'bo'), at: '/inbox/' + id })];
  await button(ada, 'Approve…').click();
  await button(answerIn(ada), 'Approve once').click();
  await bo.getByText('1 of 2 people have said yes.').waitFor();
  await button(bo, 'Deny').click();
  await answerIn(bo).getByLabel('Reason').fill('Not this one.');
  await button(answerIn(bo), 'Deny').click();
  assert.equal((await call).isError, true);
  await ada.getByText('It was denied.').waitFor();
  await ada.getByText('Not this one.').first().waitFor();
  assert.equal(here.fake.calls().length, 0);
  assert.deepEqual([...ada.complaints, ...bo.complaints], []);
});

test('allowed for a while: the same call runs again without a question, until the exception is revoked where the grant is', async t => {
  const here = await desk(t);
  if (!here) return;
  const same = { to: 'Example Ltd', amount: 80 };
  const first = here.call(same);
  const [{ id }] = await here.asked(1);
  const page = await here.open({ at: '/inbox/' + id });
  await button(page, 'Approve…').click();
  await answerIn(page).getByRole('switch', { name: 'Let the same call run again for a while' }).check();
  await answerIn(page).getByText('1 h', { exact: true }).click();
  await answerIn(page).getByLabel('At most so many times').fill('5');
  await page.look('inbox-while');
  await button(answerIn(page), 'Approve for a while').click();
  await okOf(first);
  await page.getByText('used 1 of 5 times').waitFor();
  await page.getByRole('link', { name: 'All exceptions of this grant' }).click();
  const table = page.getByRole('table', { name: 'Exceptions' });
  await table.getByText('used 1 of 5 times').waitFor();
  await okOf(here.call({ amount: 80, to: 'Example Ltd' }));
  await here.asked(0);
  assert.equal(here.fake.calls().length, 2);
  await page.reload();
  await table.getByText('used 2 of 5 times').waitFor();
  await page.look('grants-exceptions');

  const viewer = await here.open({ cookie: await here.member('viewer'), at: new URL(page.url()).pathname });
  const theirs = viewer.getByRole('table', { name: 'Exceptions' });
  await theirs.getByText('in force').waitFor();
  assert.equal(await theirs.getByRole('button').count(), 0);

  await table.getByRole('button', { name: 'Revoke' }).click();
  await table.getByText('over', { exact: true }).waitFor();
  const again = here.call(same);
  const [next] = await here.asked(1);
  await here.api.must(200, 'POST', `/approvals/${next.id}/deny`, {});
  assert.equal((await again).isError, true);
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});

test('a question that somebody else answers meanwhile says so in the open dialog, keeps what was typed, and is not answered twice', async t => {
  const here = await desk(t);
  if (!here) return;
  const call = here.call({ amount: 80 });
  const [{ id }] = await here.asked(1);
  const page = await here.open({ at: '/inbox/' + id });
  await button(page, 'Deny').click();
  await answerIn(page).getByLabel('Reason').fill('Too much.');
  await here.api.must(200, 'POST', `/approvals/${id}/approve`, { note: 'Asked for by Bo.' });
  await okOf(call);
  await answerIn(page).getByRole('alert').getByText('It was approved and has run. Your answer does not count any more.').waitFor();
  assert.equal(await answerIn(page).getByLabel('Reason').inputValue(), 'Too much.');
  assert.ok(await button(answerIn(page), 'Deny').isDisabled());
  await page.look('inbox-elsewhere');
  await answerIn(page).getByLabel('Reason').press('Control+Enter');
  await page.keyboard.press('Escape');
  await answerIn(page).waitFor({ state: 'detached' });
  await page.getByText('Asked for by Bo.').first().waitFor();
  assert.equal((await here.api.must(200, 'GET', '/approvals/' + id)).body.state, 'ran');
  assert.deepEqual(page.complaints, []);
});

test('a question whose time is over says so while it is open', async t => {
  const here = await desk(t, { rule: { approval: { wait: '1s', expires: '12s' } } });
  if (!here) return;
  const page = await here.open({ at: '/inbox' });
  await page.getByText('Nothing waits for you.').waitFor();
  const told = await here.call({ amount: 80 });
  assert.match(textOf({ result: told }), /APPROVAL PENDING/);
  const { items: [{ id }] } = (await here.api.must(200, 'GET', '/approvals')).body;
  await page.goto(here.base + '/inbox/' + id);
  await page.getByRole('heading', { name: /ci-runner wants to call pay/ }).waitFor();
  await page.getByText('Nobody answered, or nobody called again, in time.').waitFor();
  for (const name of ['Approve…', 'Deny']) await button(page, name).waitFor({ state: 'detached' });
  await page.getByText('Nothing waits for you.').waitFor();
  await page.getByText('Answered and over').click();
  await page.getByRole('link', { name: /pay.*Expired/s }).waitFor();
  await page.look('inbox-expired');
  assert.equal(here.fake.calls().length, 0);
  assert.deepEqual(page.complaints, []);
});
