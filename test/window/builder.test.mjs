// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policies' pages: a policy from nothing by the keyboard, forms and JSON in step, two editors, hostile names, thousands of tools.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grantFor } from '../lib/controlled.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { cookieOf, dashboard } from '../lib/window.mjs';

const NAMES = ['list_files', 'read_file', 'write_file', 'delete_file', 'transfer_money'];
const TOOLS = [
  tool('list_files', {}, { annotations: { readOnlyHint: true } }),
  tool('read_file', { path: { type: 'string', description: 'which file' }, lines: { type: 'integer' } }, { annotations: { readOnlyHint: true } }),
  tool('write_file', { path: { type: 'string' }, mode: { type: 'string', enum: ['append', 'replace'] }, dry: { type: 'boolean' } }),
  tool('delete_file', { path: { type: 'string' } }, { annotations: { destructiveHint: true } }),
  tool('transfer_money', { amount: { type: 'number' }, to: { type: 'string' } }),
];

// A gateway whose catalogue knows the tools of "files", because an agent has listed them.
async function known(t, tools = TOOLS) {
  const here = await dashboard(t, { upstream: { tools } });
  if (!here) return null;
  await grantFor(here.gateway, here.api, 'lister', here.server);
  const session = await Session.open(here.gateway, { server: 'files', label: 'lister' });
  await session.request('tools/list');
  await eventually(async () => (await here.api.call('GET', '/catalogue/servers?text=files')).body.items[0]?.tools === tools.length, 'the catalogue knows the tools');
  return { ...here, session };
}

const policyOf = async (api, name, document) => (await api.must(201, 'POST', '/policies', { name, document })).body.id;
const latest = async (api, id) => {
  const { body } = await api.must(200, 'GET', `/policies/${id}`);
  const { text } = await api.must(200, 'GET', `/policies/${id}/versions/${body.latest}`);
  return text.slice(text.indexOf('"document":') + 11, -1);
};

test('no policies, a list of them, one that is deleted', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const page = await here.open({ at: '/policies' });
  await page.getByText('There are no policies yet.').waitFor();
  await page.look('policies-none');
  await policyOf(here.api, 'careful', { version: '1', default: 'deny' });
  await grantFor(here.gateway, here.api, 'g', here.server);
  await page.reload();
  await page.getByRole('row', { name: /^all .*1 grant/ }).waitFor();
  await page.look('policies');
  await page.getByRole('button', { name: 'Delete careful' }).click();
  await page.getByText('This cannot be undone').waitFor();
  await page.getByRole('button', { name: 'Delete policy' }).click();
  await page.getByRole('link', { name: 'careful' }).waitFor({ state: 'detached' });
  assert.deepEqual(page.complaints, []);
});

test('the tools of a server, each with an outcome; forms and JSON in step; saving', async t => {
  const here = await known(t);
  if (!here) return;
  const id = await policyOf(here.api, 'files', '{\n  "version": "1",\n  "default": "deny",\n  "hide": ["@financial"],\n  "tools": {\n    "read_*": {},\n    "gone": { "limits": [ { "counter": "c", "window": "day", "max": 12345678901234567890.10 } ] }\n  }\n}\n');
  const page = await here.open({ at: `/policies/${id}?server=files` });
  const outcome = name => page.getByLabel(`Outcome for ${name}`, { exact: true });
  await outcome('read_file').waitFor();
  assert.deepEqual(await Promise.all(NAMES.map(name => outcome(name).inputValue())), ['deny', 'allow', 'deny', 'deny', 'hide']);
  assert.ok(await outcome('transfer_money').isDisabled());
  await page.getByText('Not a tool of this server').waitFor();
  await page.look('builder');
  await outcome('write_file').selectOption('ask');
  await page.getByText('Unsaved changes').waitFor();
  await page.getByText('JSON', { exact: true }).click();
  await page.getByText('"require_approval"').waitFor();
  await page.look('builder-json');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByLabel('What changed and why').fill('writing is asked about');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('Saved as version 2.').waitFor();
  const text = await latest(here.api, id);
  assert.ok(text.includes('12345678901234567890.10'), text);
  assert.ok(text.includes('"write_file": { "action": "require_approval" }'), text);
  assert.deepEqual(page.complaints, []);
});

// Focus by Tab alone, as somebody without a mouse comes there.
async function tabTo(page, matches, most = 80) {
  for (let step = 0; step < most; step++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => { const e = document.activeElement; return { name: e?.getAttribute('aria-label') ?? e?.labels?.[0]?.textContent ?? e?.textContent ?? '', tag: e?.tagName }; });
    if (matches.test(at.name)) return at;
  }
  throw new Error('Tab does not come to ' + matches);
}

// What was pressed may be gone, or off: the focus is somewhere all the same.
const held = page => page.waitForFunction(() => document.activeElement !== null && document.activeElement !== document.body);

async function press(page, key) {
  await page.keyboard.press(key);
  await held(page);
}

// The option of an open list, by the arrows.
async function arrowTo(page, name) {
  await page.getByRole('option', { name, exact: true }).waitFor();
  const chosen = () => page.evaluate(() => document.querySelector('[data-combobox-selected]')?.textContent ?? '');
  for (let step = 0; step < 30 && (await chosen()) !== name; step++) await page.keyboard.press('ArrowDown');
  assert.equal(await chosen(), name);
  await press(page, 'Enter');
}

test('a rule with a condition, a limit and an approval with the keyboard alone, and the focus is never lost', async t => {
  const here = await known(t);
  if (!here) return;
  const id = await policyOf(here.api, 'by-key', { version: '1', default: 'deny', tools: {} });
  const page = await here.open({ at: `/policies/${id}?server=files` });
  await page.getByLabel('Outcome for read_file', { exact: true }).waitFor();
  await tabTo(page, /^Edit read_file$/);
  await press(page, 'Enter');
  await page.getByRole('button', { name: 'Write a rule of its own' }).waitFor();
  await tabTo(page, /^Write a rule of its own$/);
  await press(page, 'Enter');
  const rule = page.getByRole('dialog');
  await rule.getByRole('button', { name: 'Add a denial' }).waitFor();
  await tabTo(page, /^Action$/);
  await press(page, 'Enter');
  await arrowTo(page, 'Ask a person');
  await tabTo(page, /^Add a denial$/);
  await press(page, 'Enter');
  await press(page, 'Enter'); // a second one, which goes again
  await rule.getByRole('group', { name: 'Part 2' }).waitFor();
  await tabTo(page, /^Remove part 2$/);
  await press(page, 'Enter');
  await rule.getByRole('group', { name: 'Part 2' }).waitFor({ state: 'detached' });
  await held(page);
  await tabTo(page, /^Add a limit$/);
  await press(page, 'Enter');
  await tabTo(page, /^At most$/);
  await page.keyboard.press('Control+A');
  await page.keyboard.type('-1');
  await rule.getByText('A number of 0 or more').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('3');
  await tabTo(page, /^Held for$/);
  await page.keyboard.type('20');
  await tabTo(page, /^People who must say yes/);
  await page.keyboard.type('101');
  await rule.getByText('A whole number from 1 to 100').waitFor();
  await page.keyboard.press('Backspace');
  await page.keyboard.press('Backspace');
  await page.look('builder-rule-asks');
  await page.keyboard.press('Shift+Tab');
  await press(page, 'Escape');
  await rule.waitFor({ state: 'detached' });
  await page.getByText('No mistakes').waitFor();
  await held(page);
  await tabTo(page, /^Save$/);
  await press(page, 'Enter');
  await rule.getByLabel('What changed and why').waitFor();
  await tabTo(page, /^Save$/);
  await page.keyboard.press('Enter');
  await page.getByText('Saved as version 2.').waitFor();
  assert.deepEqual(JSON.parse(await latest(here.api, id)).tools.read_file, {
    action: 'require_approval',
    deny_if: [{ conditions: [{ path: 'args.path', op: 'exists', value: true }] }],
    limits: [{ counter: 'calls', window: 'minute', max: 3 }],
    approval: { wait: 20, approvers: 1 },
  });
  assert.deepEqual(page.complaints, []);
});

test('a policy from nothing with the keyboard alone, and the next call obeys it', async t => {
  const here = await known(t);
  if (!here) return;
  const page = await here.open({ at: '/policies/new?server=files' });
  await page.getByLabel('Outcome for delete_file', { exact: true }).waitFor();
  await tabTo(page, /^Name$/);
  await page.keyboard.type('by-hand');
  await tabTo(page, /^Outcome for list_files$/);
  await page.keyboard.press('ArrowUp'); // Deny -> Limit
  await page.getByText('its own rule').waitFor();
  await page.keyboard.press('Home'); // Allow
  await tabTo(page, /^Edit read_file$/);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Write a rule of its own' }).waitFor();
  await page.keyboard.press('Enter');
  await tabTo(page, /^Add a requirement$/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^What is looked at$/);
  assert.equal(await page.getByRole('combobox', { name: 'What is looked at' }).inputValue(), 'args.path');
  await page.keyboard.press('Escape'); // the suggestions
  await tabTo(page, /^Comparison$/);
  await page.keyboard.press('Enter');
  await page.getByRole('option', { name: 'starts with' }).waitFor();
  for (let step = 0; step < 22; step++) {
    if (/starts with/.test(await page.evaluate(() => document.querySelector('[data-combobox-selected]')?.textContent ?? ''))) break;
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Enter');
  await tabTo(page, /^Value$/);
  await page.keyboard.type('/srv/');
  await tabTo(page, /^Message$/);
  await page.keyboard.type('Only below /srv.');
  await page.look('builder-rule');
  await page.getByLabel('Message').first().focus();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Create the policy' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'by-hand' }).waitFor();
  const [made] = (await here.api.must(200, 'GET', '/policies?name=by-hand')).body.items;
  const document = JSON.parse(await latest(here.api, made.id));
  assert.deepEqual(document.tools, {
    list_files: {},
    read_file: { require: [{ conditions: [{ path: 'args.path', op: 'starts_with', value: '/srv/' }], on_deny: 'Only below /srv.' }] },
  });
  const grant = await here.api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server: 'files', policy: 'by-hand' }] });
  here.gateway.tokens.agent = grant.body.token;
  const agent = await Session.open(here.gateway, { server: 'files', label: 'agent' });
  assert.ok(!(await agent.call('read_file', { path: '/srv/a' })).result.isError);
  assert.match((await agent.call('read_file', { path: '/etc/a' })).result.content[0].text, /Only below \/srv\./);
  assert.ok((await agent.call('write_file', { path: '/srv/a' })).result.isError);
  assert.deepEqual(page.complaints, []);
});

test('the second of two editors is told and loses nothing; what was not saved comes back', async t => {
  const here = await known(t);
  if (!here) return;
  const id = await policyOf(here.api, 'shared', { version: '1', default: 'deny', tools: {} });
  const [one, other] = [await here.open({ at: `/policies/${id}?server=files` }), await here.open({ at: `/policies/${id}?server=files` })];
  await one.getByLabel('Outcome for read_file', { exact: true }).selectOption('allow');
  await other.getByLabel('Outcome for write_file', { exact: true }).selectOption('ask');
  await one.getByRole('button', { name: 'Save' }).click();
  await one.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await one.getByText('Saved as version 2.').waitFor();
  await other.getByRole('button', { name: 'Save', exact: true }).click(); // the page may have heard of version 2 already
  await other.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await other.getByText('Somebody saved version 2 meanwhile.').waitFor();
  await other.getByText(/read_file.* allowed/).first().waitFor(); // what the other changed
  await other.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await other.getByLabel('Outcome for write_file', { exact: true }).inputValue(), 'ask');
  await other.look('builder-newer');
  await other.reload();
  await other.getByText('Your unsaved changes are here again.').waitFor();
  await other.getByText('Somebody saved version 2 meanwhile.').waitFor();
  assert.equal(await other.getByLabel('Outcome for write_file', { exact: true }).inputValue(), 'ask');
  await other.getByRole('button', { name: 'Start from theirs' }).click();
  await other.getByText('No changes').waitFor();
  assert.equal(await other.getByLabel('Outcome for read_file', { exact: true }).inputValue(), 'allow');
  await other.getByRole('button', { name: 'Undo' }).click();
  assert.equal(await other.getByLabel('Outcome for write_file', { exact: true }).inputValue(), 'ask');
  assert.deepEqual([...one.complaints, ...other.complaints], []);
});

const HOSTILE = ['<img src=x onerror=alert(1)>', 'safe\u202etxt.exe', 'x'.repeat(10_000), 'a*b', '__proto__', 'ze\u200bro', '{{constructor}}', 'toString'];

test('hostile names are text, and two thousand tools are there at once', async t => {
  const names = [...HOSTILE, ...Array.from({ length: 2000 - HOSTILE.length }, (_, n) => `tool_${n}`)];
  const here = await known(t, names.map(name => tool(name, { ['"]odd\u202e']: { type: 'string' } })));
  if (!here) return;
  const id = await policyOf(here.api, 'many', { version: '1', default: 'deny', tools: { 'tool_1*': {}, '@read': {} } });
  const page = await here.open({ at: `/policies/${id}?server=files` });
  await page.getByText('2000 tools and 2 other rules').waitFor();
  await page.getByText(/U\+202E/).first().waitFor({ state: 'attached' });
  await page.look('builder-hostile');
  const rows = await page.getByRole('row').count();
  assert.ok(rows > 15 && rows < 80, `what can be seen is in the page, and little more: ${rows} rows`);
  // From the filter that hides all to all of them again: how long until they are painted.
  await page.getByLabel('Find a tool').fill('there is none like this');
  await page.getByText('No tool matches the filters.').waitFor();
  const took = await page.evaluate(() => new Promise(done => {
    const began = performance.now();
    const button = [...document.querySelectorAll('button')].find(b => b.textContent === 'Clear filters');
    new MutationObserver((_, observer) => {
      if (document.querySelectorAll('tbody tr').length < 10) return;
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
    }).observe(document.body, { subtree: true, childList: true });
    button.click();
  }));
  t.diagnostic(`2,000 tools painted in ${took.toFixed(0)} ms`);
  await page.getByLabel('Select all that are shown').check();
  await page.getByText('2001 selected').waitFor();
  await page.getByLabel('Set to').selectOption('ask');
  // ... and the one that no rule can name, by what is said of its category.
  await page.getByText('2002 entries would change:').waitFor();
  await page.getByRole('button', { name: 'Set them' }).click();
  await page.getByText('No mistakes').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved as version 2.').waitFor();
  const { tools } = JSON.parse(await latest(here.api, id));
  assert.ok(names.filter(name => name !== 'a*b').every(name => Object.hasOwn(tools, name) && tools[name].action === 'require_approval'));
  assert.deepEqual(page.complaints, []);
});

test('a viewer sees which policies there are and not what they say; mistakes are told where they stand', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const id = await policyOf(here.api, 'one', { version: '1', default: 'deny' });
  const mine = await here.open({ at: `/policies/${id}?view=json` });
  await mine.getByRole('textbox', { name: 'JSON' }).fill('{"version": "1", "default": "deny", "toolz": {}}');
  await mine.getByText('1 mistake', { exact: true }).waitFor();
  await mine.locator('.cm-lintRange-error').waitFor();
  assert.ok(await mine.getByRole('button', { name: 'Save' }).isDisabled());
  await mine.look('builder-mistake');
  await mine.getByRole('textbox', { name: 'JSON' }).fill('{"version": ');
  await mine.getByText('Form', { exact: true }).click();
  await mine.getByText('The JSON has a mistake').waitFor();
  await mine.getByRole('button', { name: 'Undo' }).click();
  await mine.getByRole('tab', { name: 'General' }).click();
  assert.equal(await mine.getByRole('combobox', { name: 'What no rule speaks of' }).inputValue(), 'is denied');
  const { token } = (await here.api.must(201, 'POST', '/invitations', { email: 'v@example.com', role: 'viewer' })).body;
  await here.api.must(201, 'POST', '/invitations/accept', { token, name: 'V', password: 'a long sentence is best' });
  const page = await here.open({ at: '/policies', cookie: await cookieOf(here.api, 'v@example.com', 'a long sentence is best') });
  await page.getByRole('link', { name: 'one' }).click();
  await page.getByText('Your role may not read the documents of policies.').waitFor();
  await page.look('policy-viewer');
  assert.deepEqual([...page.complaints, ...mine.complaints], []);
});

// The editor looks for the bracket's other half when the cursor moves, and only in what it has read by then.
async function light(page) {
  await eventually(async () => {
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Control+Home');
    return await page.locator('.cm-matchingBracket').first().isVisible();
  }, 'the bracket is lit');
}

// The browser keeps the look of what it types over, here of a bracket that is lit, as an inline style, unless the editor does it.
test('typing over what is selected in the JSON leaves no style behind', async t => {
  const here = await dashboard(t);
  if (!here) return;
  const id = await policyOf(here.api, 'one', { version: '1', default: 'deny' });
  const page = await here.open({ at: `/policies/${id}?view=json` });
  const text = page.getByRole('textbox', { name: 'JSON' });
  await text.click();
  await light(page);
  await text.fill('{"version": "1", "default": "allow"}');
  await light(page);
  await text.fill('{"version": ');
  await page.getByText('1 mistake', { exact: true }).waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('[');
  assert.match(await text.innerText(), /^\[\{"version": \]/);
  assert.deepEqual(page.complaints, []);
});

test("from a tool's page in the catalogue to what becomes of it in a policy", async t => {
  const here = await known(t);
  if (!here) return;
  const page = await here.open({ at: '/catalogue/files/write_file' });
  await page.getByRole('link', { name: 'Set what becomes of it in the policy builder' }).click();
  await page.getByRole('dialog', { name: /write_file/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Outcome for write_file', { exact: true }).waitFor();
  await page.goto(here.base + '/catalogue/files');
  await page.getByRole('link', { name: 'Build a policy for it' }).click();
  await page.getByLabel('Outcome for delete_file', { exact: true }).waitFor();
  await page.goto(here.base + '/policies/new?server=files&text=7');
  await page.getByText('0 of 5').waitFor();
  assert.deepEqual(page.complaints, []);
});
