// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions as they reach people: what hostile agents and servers put into them, notifications and sounds, and the keyboard alone.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerIn, desk } from '../lib/desk.mjs';
import { tool } from '../lib/upstream.mjs';
import { asks, textOf } from '../lib/waiting.mjs';

const MARKUP = '<img src=x onerror="globalThis.evil=1"><b id=evil>bold</b>&amp;';
const TURNED = 'safe\u202egnp.exe', HIDDEN = 'pay\u200b\u2060pal\ufeff', LONG = 'x'.repeat(10_000);
const UNSEEN = /[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

test('hostile names and arguments are shown as what they are, and do nothing', async t => {
  const name = `pay_${MARKUP}\u202e`;
  const document = asks();
  document.tools = { [name]: { action: 'require_approval', reason: `Because ${MARKUP}`, approval: { wait: '10m' } } };
  const tools = [{ ...tool(name), description: `${MARKUP} ${TURNED} ${LONG}` }];
  const here = await desk(t, { document, tools, label: `ci \u202erunner ${MARKUP}`, agent: `agent ${MARKUP}\u200b` });
  if (!here) return;
  const args = {
    [MARKUP]: MARKUP, turned: TURNED, hidden: HIDDEN, long: LONG, [LONG]: 'named at length', '\u202ekey': 'x', tags: 'a\u{e0041}\u{e0042}',
    letters: 'p\u0430ypal', lines: 'one\ntwo\tthree', empty: '', many: Array.from({ length: 300 }, (_, i) => i), arabic: '\u0645\u0631\u062d\u0628\u0627 100 USD',
  };
  const call = here.call(args, name);
  const [{ id }] = await here.asked(1);
  const page = await here.open({ at: '/inbox' });
  await page.getByRole('list').getByRole('link', { name: /pay_<img/ }).click();
  await page.getByRole('heading', { name: /wants to call/ }).waitFor();
  const table = page.getByRole('table', { name: 'Arguments' });
  await page.getByRole('button', { name: /Show \d+ more values/ }).click();
  await table.getByText('args.many[299]').waitFor();
  await table.getByText('named at length').waitFor();
  const shown = (await table.innerText()).replace(/\s+/g, ' ');
  for (const part of [MARKUP, 'safeU+202Egnp.exe', 'payU+200BU+2060palU+FEFF', 'aU+E0041U+E0042', 'one↵ two⇥ three', '(an empty text)', 'Show all 10,000 characters', 'Letters of several alphabets', 'U+202Ekey'])
    assert.ok(shown.replaceAll(' ', '').includes(part.replaceAll(' ', '')), part);
  assert.ok(!shown.includes('x'.repeat(2000)), 'what is long is cut');
  await table.getByRole('button', { name: 'Show all 10,000 characters' }).click();
  assert.ok((await table.innerText()).includes(LONG));
  await page.look('inbox-hostile');
  await page.getByRole('button', { name: 'Approve…' }).click();
  await answerIn(page).getByText('ci U+202Erunner').waitFor();
  await page.look('inbox-hostile-answer');
  assert.doesNotMatch(await page.evaluate(() => document.documentElement.innerText + document.title), UNSEEN);
  assert.equal(await page.locator('#evil').count(), 0);
  await answerIn(page).getByRole('button', { name: 'Approve once' }).click();
  const result = await call;
  assert.ok(!result.isError, textOf({ result }));
  assert.deepEqual(here.fake.calls()[0].message.params.arguments, args);
  await page.getByText('It was approved and has run.').waitFor();
  await page.goto(`${here.base}/grants/${here.grant.id}`);
  await page.getByRole('heading', { level: 1, name: /ci U\+202Erunner <img/ }).waitFor();
  await page.getByRole('table', { name: 'Last calls' }).getByRole('link', { name: /pay_<img/ }).first().waitFor();
  await page.look('grants-hostile');
  assert.doesNotMatch(await page.evaluate(() => document.documentElement.innerText + document.title), UNSEEN);
  await page.goto(`${here.base}/inbox/${id}`);
  await page.getByRole('heading', { name: /wants to call/ }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.evil), undefined);
  assert.deepEqual(page.complaints, []);
});

// In place of what the system shows and plays: what was asked of it. Permission stays the browser's own.
function recordHeralds() {
  const Real = globalThis.Notification;
  globalThis.told = [];
  globalThis.tones = [];
  globalThis.Notification = class {
    static get permission() { return Real.permission; }
    static requestPermission() { globalThis.told.push('asked for permission'); return Real.requestPermission(); }
    constructor(title, options) { Object.assign(this, { title, ...options }); globalThis.told.push(this); }
    close() { this.closed = true; }
  };
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...given) { globalThis.tones.push(this.frequency.value); return start.apply(this, given); };
}

const toldOf = page => page.evaluate(() => globalThis.told.map(({ title, body, tag }) => ({ title, body, tag })));

test('a notification and a sound come to who asked for them, once, on whatever page', async t => {
  const here = await desk(t, { label: 'ci\u202e-runner' });
  if (!here) return;
  const page = await here.open();
  await page.context().grantPermissions(['notifications'], { origin: here.base });
  await page.addInitScript(recordHeralds);
  await page.goto(here.base + '/inbox');
  await page.getByText('Live', { exact: true }).waitFor();
  const before = here.call({ amount: 1 });
  await page.getByRole('link', { name: /pay/ }).waitFor();
  assert.deepEqual(await page.evaluate(() => [globalThis.told.length, globalThis.tones.length]), [0, 0], 'nobody asked for it');
  await page.getByRole('button', { name: 'Tell me' }).click();
  await page.getByRole('switch', { name: 'Show a notification' }).click();
  await page.getByRole('switch', { name: 'Show a notification', checked: true }).waitFor();
  await page.getByRole('switch', { name: 'Play a sound' }).click();
  await page.look('inbox-told');
  await page.keyboard.press('Escape');
  const heard = await page.evaluate(() => globalThis.tones.length);
  assert.equal(heard, 2, 'it is played once, so that one knows it');
  await page.getByRole('link', { name: 'Grants', exact: true }).click();
  await page.getByRole('heading', { name: 'Grants', level: 1 }).waitFor();
  const second = here.call({ amount: 2 });
  const questions = await here.asked(2);
  const { id } = questions.find(one => !one.ran_at && one.id === [...questions].sort((a, b) => b.id.localeCompare(a.id))[0].id);
  await page.waitForFunction(() => globalThis.told.some(one => one.title));
  await page.waitForFunction(() => globalThis.tones.length === 4);
  const told = (await toldOf(page)).filter(one => one.title);
  assert.deepEqual(told, [{ title: 'pay waits for you', body: 'ciU+202E-runner wants to call it on files.', tag: id }]);
  await page.evaluate(() => globalThis.told.findLast(one => one.title).onclick());
  await page.waitForURL(here.base + '/inbox/' + id);
  await page.reload();
  await page.getByRole('button', { name: 'Told' }).waitFor();
  await page.getByRole('button', { name: 'Told' }).click();
  await page.getByRole('switch', { name: 'Show a notification' }).click();
  await page.getByRole('switch', { name: 'Play a sound' }).click();
  await page.keyboard.press('Escape');
  const third = here.call({ amount: 3 });
  await page.getByText('Waiting (3)').waitFor();
  assert.deepEqual(await page.evaluate(() => [globalThis.told.filter(one => one.title).length, globalThis.tones.length]), [0, 0]);
  for (const one of await here.asked(3)) await here.api.must(200, 'POST', `/approvals/${one.id}/deny`, {});
  for (const call of [before, second, third]) assert.equal((await call).isError, true);
  assert.deepEqual(page.complaints, []);
});

test('where the browser was told to show none, no notification is offered, and nothing is asked again', async t => {
  const here = await desk(t);
  if (!here) return;
  const page = await here.open();
  await page.addInitScript(() => Object.defineProperty(Notification, 'permission', { get: () => 'denied' }));
  await page.goto(here.base + '/inbox');
  await page.getByRole('button', { name: 'Tell me' }).click();
  await page.getByText('This browser was told to show no notifications of this page.').waitFor();
  assert.ok(await page.getByRole('switch', { name: 'Show a notification' }).isDisabled());
  await page.getByRole('switch', { name: 'Play a sound' }).click();
  await page.getByRole('switch', { name: 'Play a sound', checked: true }).waitFor();
  assert.deepEqual(page.complaints, []);
});

// What has the focus: its name or text, and whether one sees that it has it.
const focused = page => page.evaluate(() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
  const ring = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none' || getComputedStyle(at.parentElement).boxShadow !== 'none';
  const border = at.matches('input, textarea') && at.matches(':focus-visible');
  return { name: at.ariaLabel ?? at.textContent, id: at.id, isSeen: at.matches(':focus-visible') && (ring || border) };
});

async function tabTo(page, name, key = 'Tab') {
  const passed = [];
  for (let steps = 0; steps < 40; steps++) {
    await page.keyboard.press(key);
    const at = await focused(page);
    passed.push(at.name || at.id);
    assert.ok(at.isSeen, `one does not see that the focus is at ${passed.at(-1)}`);
    if (name.test(at.name) || name.test(at.id)) return;
  }
  assert.fail(`${name} is not among ${passed.join(', ')}`);
}

test('from the sign-in to an answered question without a mouse, and one always sees where one is', async t => {
  const here = await desk(t);
  if (!here) return;
  const call = here.call({ amount: 80 });
  await here.asked(1);
  const page = await here.open({ cookie: null, at: '/inbox' });
  await page.waitForURL(/\/sign-in/);
  await page.waitForFunction(() => document.activeElement.id === 'email');
  await page.keyboard.type('a@example.com');
  await tabTo(page, /^password$/);
  await page.keyboard.type('correct horse battery');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: /pay/ }).waitFor();
  await tabTo(page, /^Skip to the content$/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^pay/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /ci-runner wants to call pay/ }).waitFor();
  await tabTo(page, /^Approve…$/);
  await page.keyboard.press('Enter');
  const dialog = answerIn(page);
  await dialog.waitFor();
  await page.waitForFunction(() => document.activeElement.tagName === 'TEXTAREA');
  await page.keyboard.type('Looks well.');
  for (const key of ['Tab', 'Shift+Tab']) {
    for (let i = 0; i < 8; i++) await page.keyboard.press(key);
    assert.ok(await page.evaluate(() => document.querySelector('[role=dialog]').contains(document.activeElement)), 'the focus stays in the dialog');
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.textContent === 'Approve…');
  assert.ok((await focused(page)).isSeen);
  await page.keyboard.press('a');
  await dialog.waitFor();
  assert.equal(await dialog.getByLabel('Reason').inputValue(), 'Looks well.', 'what was typed is still there');
  await tabTo(page, /^Approve once$/);
  await page.keyboard.press('Enter');
  const result = await call;
  assert.ok(!result.isError, textOf({ result }));
  await page.getByText('It was approved and has run.').waitFor();
  await page.waitForFunction(() => /wants to call/.test(document.activeElement.textContent) && document.activeElement.tagName === 'H2');
  assert.ok((await focused(page)).isSeen);

  const [second, third] = [here.call({ amount: 81 }), here.call({ amount: 82 })];
  await page.getByText('Waiting (2)').waitFor();
  await page.getByRole('button', { name: 'Next question' }).or(page.getByRole('link', { name: 'Next question' })).waitFor();
  await tabTo(page, /^Next question$/);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Deny' }).waitFor();
  await page.keyboard.press('d');
  await dialog.waitFor();
  await page.waitForFunction(() => document.activeElement.tagName === 'TEXTAREA');
  await page.keyboard.press('Control+Enter');
  await page.getByText('It was denied.').waitFor();
  await page.keyboard.press('j');
  await page.getByRole('button', { name: 'Deny' }).waitFor();
  await page.keyboard.press('d');
  await dialog.waitFor();
  await page.waitForFunction(() => document.activeElement.tagName === 'TEXTAREA');
  await page.keyboard.press('Control+Enter');
  for (const waiting of [second, third]) assert.equal((await waiting).isError, true);
  await page.getByText('Nothing waits for you.').waitFor();
  assert.equal(here.fake.calls().length, 1);
  assert.deepEqual(page.complaints, []);
});
