// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy tried before it is saved: what lint finds, sentences that lead to their rules, a call, and the calls of the log.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard, NARROW, WIDE } from '../lib/window.mjs';

const TOOLS = [
  tool('list_files', {}, { annotations: { readOnlyHint: true } }),
  tool('pay', { amount: { type: 'number', description: 'how much' }, to: { type: 'string' }, currency: { type: 'string', enum: ['EUR', 'USD'] }, urgent: { type: 'boolean' } }),
  tool('merge', { parts: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } } }),
];
const IN_FORCE = { version: '1', default: 'deny', tools: { list_files: {}, pay: {}, merge: {} } };
const DRAFT = {
  version: '1',
  default: 'deny',
  tools: {
    list_files: {},
    pay: {
      deny_if: [{ id: 'cap', conditions: [{ path: 'args.amount', op: 'gt', value: 100 }], on_deny: 'At most 100.' }],
      approve_if: [{ conditions: [{ path: 'args.currency', op: 'eq', value: 'USD' }] }],
      limits: [{ counter: 'paid', window: 'day', max: 500, increment_from: 'args.amount' }],
    },
  },
};

// A gateway whose catalogue knows the tools of "files", where "ada" is under the policy "spending".
async function scene(t, document = IN_FORCE) {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return null;
  const { api, gateway } = here;
  await api.must(200, 'PATCH', '/organisation', { log_arguments: {} }, { 'If-Match': '*' });
  const id = (await api.must(201, 'POST', '/policies', { name: 'spending', document })).body.id;
  const grant = await api.must(201, 'POST', '/grants', { label: 'ada', tags: ['trusted'], servers: [{ server: 'files', policy: 'spending' }] });
  gateway.tokens.ada = grant.body.token;
  const session = await Session.open(gateway, { server: 'files', label: 'ada' });
  await session.request('tools/list');
  await eventually(async () => (await api.call('GET', '/catalogue/servers?text=files')).body.items[0]?.tools === TOOLS.length, 'the catalogue knows the tools');
  return { ...here, id, session };
}

const view = (page, name) => page.getByRole('radiogroup', { name: 'Shown as' }).getByText(name, { exact: true }).click();
const write = async (page, document) => {
  await view(page, 'JSON');
  await page.getByRole('textbox', { name: 'JSON' }).fill(JSON.stringify(document, null, 2));
};

// Focus by one key alone, as somebody without a mouse comes there.
async function tabTo(page, matches, most = 60, key = 'Tab') {
  for (let step = 0; step < most; step++) {
    await page.keyboard.press(key);
    const name = await page.evaluate(() => { const e = document.activeElement; return e?.getAttribute('aria-label') ?? e?.labels?.[0]?.textContent ?? e?.textContent ?? ''; });
    if (matches.test(name)) return;
  }
  throw new Error(`${key} does not come to ${matches}`);
}

test('what lint finds stands beside the policy and leads to its place, and so does each sentence', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}?server=files` });
  const findings = page.getByRole('region', { name: 'Worth a look' });
  await findings.getByText('Nothing looks unintended.').waitFor();
  await findings.getByText('Held against the tools of files.').waitFor();
  const pay = { require: [{ conditions: [{ path: 'args.amount', op: 'gt', value: 5 }, { path: 'args.amount', op: 'lt', value: 5 }] }] };
  await write(page, { ...DRAFT, tools: { ...DRAFT.tools, pay, list_file: {} } });
  await findings.getByText('Serious').waitFor();
  await findings.getByText('Doubtful').waitFor();
  await page.look('lint');
  await findings.getByRole('button', { name: '/tools/list_file', exact: true }).click();
  await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')).then(name => name === 'JSON'), 'the cursor is in the text');
  assert.match(await page.locator('.cm-activeLine').innerText(), /list_file/);
  await view(page, 'Form');
  await findings.getByRole('button', { name: '/tools/pay', exact: true }).press('Enter');
  await page.getByRole('dialog', { name: 'Rule for pay' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await write(page, DRAFT);
  await view(page, 'Form');
  const meaning = page.getByRole('region', { name: 'In plain words' });
  await meaning.getByRole('button', { name: /At most 500 in sum of/ }).click();
  const limit = page.getByRole('dialog').getByRole('group', { name: /^At most 500/ });
  await limit.waitFor();
  await eventually(() => limit.evaluate(group => group === document.activeElement), 'the limit has the focus');
  await page.look('lint-to-limit');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await meaning.getByRole('button', { name: /nothing below speaks of is denied/ }).click();
  await page.getByRole('combobox', { name: 'What no rule speaks of' }).waitFor();
  await write(page, { ...DRAFT, tools: { ...DRAFT.tools, list_file: {} } });
  await page.setViewportSize(NARROW);
  await page.getByRole('button', { name: '1 worth a look' }).click();
  assert.ok(await findings.evaluate(list => list === document.activeElement));
  await page.setViewportSize(WIDE);
  await write(page, { version: '1', toolz: {} });
  await findings.getByText('Looked for when the mistakes are mended.').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('a call is tried under what is not saved: outcome, rule, steps, limits, and what is in force', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}?server=files` });
  await write(page, DRAFT);
  await view(page, 'Try a call');
  assert.match(page.url(), /view=try/);
  const call = page.getByRole('region', { name: 'A call' }), result = page.getByRole('region', { name: 'What would happen' });
  await result.getByText('Name what is called.').waitFor();
  await page.look('try-empty');
  // By the keyboard from the tool to the last argument.
  await call.getByRole('combobox', { name: 'Tool' }).focus();
  await page.keyboard.type('pay');
  await call.getByRole('textbox', { name: 'amount' }).waitFor();
  await page.keyboard.press('Escape');
  await tabTo(page, /^amount$/);
  await page.keyboard.type('12345678901234567890.50');
  await result.getByRole('status').getByText('Denied').waitFor();
  await result.getByText('At most 100.').waitFor();
  await result.getByText('found 12345678901234567890.50: yes').waitFor();
  await tabTo(page, /^As JSON$/, 30, 'Shift+Tab');
  await page.keyboard.press('Enter');
  assert.equal(await call.getByRole('textbox', { name: 'Arguments' }).inputValue(), '{\n  "amount": 12345678901234567890.50\n}');
  await call.getByRole('button', { name: 'As a form' }).click();
  await call.getByRole('textbox', { name: 'amount' }).fill('40');
  await result.getByRole('status').getByText('Allowed').waitFor();
  await result.getByText('takes 40 of 500 in 1 day, for the grant').first().waitFor();
  await call.getByRole('combobox', { name: 'currency' }).click();
  await page.getByRole('option', { name: 'USD' }).click();
  await result.getByRole('status').getByText('A person is asked').waitFor();
  await call.getByRole('button', { name: 'Who calls, and when' }).click();
  await call.getByRole('combobox', { name: 'Grant', exact: true }).fill('ada');
  await call.getByText('trusted', { exact: true }).waitFor(); // its tag comes with it
  const now = page.getByRole('region', { name: 'Now, for ada' });
  await now.getByText('Allowed').waitFor();
  await now.getByText('/tools/pay', { exact: true }).waitFor();
  await page.keyboard.press('Escape'); // the suggestions
  await page.look('try');
  // The rule leads to its place in the form, and what was tried is still there.
  await result.getByRole('status').getByRole('button', { name: '/tools/pay/approve_if/0' }).click();
  await page.getByRole('dialog', { name: 'Rule for pay' }).getByRole('group', { name: 'Ask a person if' }).waitFor();
  await page.goBack();
  await result.getByRole('status').getByText('A person is asked').waitFor();
  await page.goForward();
  await page.getByRole('dialog', { name: 'Rule for pay' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await view(page, 'Try a call');
  await result.getByRole('status').getByText('A person is asked').waitFor();
  assert.deepEqual(here.fake.calls(), [], 'nothing was sent');
  // Undo takes the text back to what is in force, and the answer follows it.
  await page.getByRole('button', { name: 'Undo' }).click();
  await result.getByRole('status').getByText('Allowed').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('a call without a form, of what is hidden, at another time; mistakes; a policy that does not exist yet', async t => {
  const night = { id: 'night', conditions: [{ path: 'time.hour', op: 'lt', value: 6 }], on_deny: 'Not at night.' };
  const here = await scene(t, { version: '1', default: 'deny', hide: ['secret_*'], tools: { merge: { deny_if: [night] }, pay: { mode: 'observe', action: 'deny', reason: 'Soon.' } }, resources: { 'docs://*': {} } });
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.id}?server=files&view=try` });
  const call = page.getByRole('region', { name: 'A call' }), result = page.getByRole('region', { name: 'What would happen' });
  const status = result.getByRole('status'), name = call.getByRole('combobox', { name: 'Tool' });
  await name.fill('merge');
  await call.getByRole('textbox', { name: 'parts' }).fill('[{"id": ');
  await call.getByText('No JSON value').waitFor();
  await call.getByRole('textbox', { name: 'parts' }).fill('[{"id": "a"}]');
  await call.getByRole('button', { name: 'Who calls, and when' }).click();
  await call.getByLabel('Time').fill('2027-01-01T03:00'); // 02:00 UTC
  await status.getByText('Denied').waitFor();
  await result.getByText('Not at night.').waitFor();
  await call.getByLabel('Time').fill('2027-01-01T13:00');
  await status.getByText('Allowed').waitFor();
  await name.fill('secret_\u202eb');
  await status.getByText('Hidden', { exact: true }).waitFor();
  await result.getByText('Hidden by "secret_*".').waitFor();
  await call.getByRole('textbox', { name: 'Arguments' }).fill('[1]');
  await call.getByText('A JSON object, such as').waitFor();
  await call.getByRole('textbox', { name: 'Arguments' }).fill('{"any": 1}');
  await name.fill('pay');
  await status.getByText('Allowed').waitFor();
  await result.getByText('Soon.').waitFor();
  await page.keyboard.press('Escape'); // the suggestions
  await page.look('try-observed');
  await call.getByRole('combobox', { name: 'What is called' }).selectOption('resource');
  await call.getByRole('combobox', { name: 'URI of the resource' }).fill('docs://a');
  await status.getByRole('button', { name: '/resources/docs:~1~1*' }).waitFor();
  await write(page, { version: '1', default: 'perhaps' });
  await page.getByText('1 mistake', { exact: true }).waitFor();
  await view(page, 'Try a call');
  await result.getByText('Told when the mistakes of the policy are mended.').waitFor();
  await page.goto(here.base + '/policies/new?view=try');
  await page.getByText('A call can be tried once the policy exists.').waitFor();
  await page.look('try-new');
  assert.deepEqual(page.complaints, []);
});

test('the calls of the log are replayed: what would have changed, by which rules, of what it cannot be told', async t => {
  const here = await scene(t);
  if (!here) return;
  const { api, session } = here;
  const page = await here.open({ at: `/policies/${here.id}?server=files&view=replay` });
  const asked = page.getByRole('region', { name: 'Recorded calls' }), found = page.getByRole('region', { name: 'What would have changed' });
  await found.getByText('Nothing was played yet.').waitFor();
  await asked.getByLabel('Calls of').selectOption('hour');
  await asked.getByRole('button', { name: 'Replay' }).click();
  await found.getByText('There are no such calls in the log.').waitFor();
  await page.look('replay-none');
  for (const [name, args] of [['list_files', {}], ['pay', { amount: 40 }], ['pay', { amount: 900 }], ['pay', { amount: 901 }], ['pay', { amount: 5, currency: 'USD' }], ['merge', {}]]) assert.ok(!(await session.call(name, args)).result.isError);
  assert.ok((await session.call('unheard_of', {})).result?.isError ?? true);
  await api.must(200, 'PATCH', '/organisation', { log_arguments: null }, { 'If-Match': '*' });
  assert.ok(!(await session.call('pay', { amount: 7 })).result.isError);
  await eventually(async () => (await api.call('GET', '/decisions?tool=pay')).body.items?.length === 5, 'the calls are in the log');
  await write(page, { ...DRAFT, tools: { ...DRAFT.tools, unheard_of: {} } });
  await page.getByText('No mistakes').waitFor();
  await view(page, 'Replay');
  await asked.getByLabel('Calls of').selectOption('week');
  await asked.getByRole('button', { name: 'Replay again' }).press('Enter');
  await found.getByRole('status').getByText('5 calls by 1 grant would have come out otherwise. Of 1 call it cannot be told.').waitFor();
  const denied = found.getByRole('region', { name: 'Newly denied' });
  assert.match(await denied.innerText(), /3 calls[^]*2 calls pay at files, 1 grant\s+were allowed by \/tools\/pay; now\s+Denied\s+by \/tools\/pay\/deny_if\/0[^]*1 call merge at files[^]*\(default deny\)/);
  assert.match(await found.getByRole('region', { name: 'Newly asked about' }).innerText(), /1 call pay[^]*\/tools\/pay\/approve_if\/0/);
  assert.match(await found.getByRole('region', { name: 'Newly allowed' }).innerText(), /1 call unheard_of[^]*were denied by \(default deny\)/);
  assert.match(await found.getByRole('region', { name: 'Cannot be told' }).innerText(), /args\.amount is not in the log; asked for by \/tools\/pay\/deny_if\/0/);
  await found.getByText(/Calls with values of arguments in the log: \d of 8\./).waitFor();
  await denied.getByRole('button', { name: 'Examples' }).first().click();
  const example = denied.getByRole('link', { name: /of ada/ }).first();
  await example.waitFor();
  await page.look('replay');
  await example.click();
  await page.getByRole('dialog').getByText(/args\.amount/).first().waitFor();
  // What was written and what was found is there when one comes back.
  await page.goBack();
  await found.getByRole('status').getByText(/5 calls by 1 grant/).waitFor();
  await denied.getByRole('button', { name: '/tools/pay/deny_if/0' }).click();
  await page.getByRole('dialog', { name: 'Rule for pay' }).getByRole('group', { name: 'Denied if' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await view(page, 'Replay');
  await found.getByText('The text was changed since this was played.').waitFor();
  await asked.getByRole('button', { name: 'Replay again' }).click();
  await found.getByText('Every call of which it can be told would have come out the same.').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('a replay says where it ended, and a policy that does not exist yet has none', async t => {
  const here = await scene(t);
  if (!here) return;
  assert.ok(!(await here.session.call('list_files', {})).result.isError);
  await eventually(async () => (await here.api.call('GET', '/decisions?tool=list_files')).body.items?.length === 1, 'the call is in the log');
  const page = await here.open();
  // As of a log that is too long to be read at once.
  await page.route('**/replay', async route => {
    const response = await route.fetch({ postData: JSON.stringify({ ...route.request().postDataJSON(), most: 1 }) });
    await route.fulfill({ response });
  });
  await page.goto(`${here.base}/policies/${here.id}?view=replay`);
  await page.getByRole('button', { name: 'Replay' }).click();
  const found = page.getByRole('region', { name: 'What would have changed' });
  await found.getByText('Not all was read').waitFor();
  await found.getByText(/The most rows that are read at once were read: \d+\./).waitFor();
  await page.look('replay-cut');
  await page.unroute('**/replay');
  await page.route('**/replay', route => route.abort());
  await page.getByRole('button', { name: 'Replay again' }).click();
  await found.getByText('The gateway does not answer.').waitFor();
  await page.unroute('**/replay');
  await found.getByRole('button', { name: 'Try again' }).click();
  await found.getByRole('status').waitFor();
  await page.goto(here.base + '/policies/new?view=replay');
  await page.getByText('Calls can be replayed once the policy exists.').waitFor();
  assert.deepEqual(page.complaints, []);
});

test('what is in force for a grant: what its limits stand at, why nothing passes; another tool begins without the arguments of the last', async t => {
  const limits = [{ counter: 'paid', window: 'day', max: 100, increment_from: 'args.amount' }];
  const here = await scene(t, { version: '1', default: 'deny', tools: { list_files: {}, pay: { limits }, merge: {} }, runaway: { denials_in_a_row: 2 } });
  if (!here) return;
  assert.ok(!(await here.session.call('pay', { amount: 70 })).result.isError);
  const page = await here.open({ at: `/policies/${here.id}?server=files&view=try` });
  const call = page.getByRole('region', { name: 'A call' }), result = page.getByRole('region', { name: 'What would happen' }), now = page.getByRole('region', { name: 'Now, for ada' });
  await call.getByRole('combobox', { name: 'Tool' }).fill('pa');
  await page.getByRole('option', { name: 'pay' }).click();
  await call.getByRole('textbox', { name: 'amount' }).fill('40');
  await call.getByRole('button', { name: 'Who calls, and when' }).click();
  await call.getByRole('combobox', { name: 'Grant', exact: true }).fill('ad');
  await page.getByRole('option', { name: 'ada' }).click();
  await result.getByRole('status').getByText('Allowed').waitFor(); // by the policy alone
  await result.getByText('The fuse blows at 2 denials in a row.').waitFor();
  await now.getByText('Denied', { exact: true }).waitFor(); // what is left does not do
  await now.getByText('70 of 100 used, it does not fit').waitFor();
  await now.getByText('Some of it is free again').waitFor();
  await page.look('try-now');
  for (let n = 0; n < 2; n++) await here.session.call('unheard_of', {});
  await call.getByRole('textbox', { name: 'amount' }).fill('4');
  await now.getByText('The grant is paused.').waitFor();
  await call.getByRole('combobox', { name: 'Tool' }).fill('mer');
  await call.getByText('As a form').waitFor({ state: 'detached' }); // no such tool: no form
  await page.getByRole('option', { name: 'merge' }).click();
  assert.equal(await call.getByRole('textbox', { name: 'parts' }).inputValue(), '');
  await result.getByRole('status').getByRole('button', { name: '/tools/merge', exact: true }).waitFor();
  assert.deepEqual(page.complaints, []);
});
