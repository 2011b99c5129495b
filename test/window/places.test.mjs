// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where somebody is stands in the address: on each page a reload, back and forward come to the same filters, tabs and what is open.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { dashboard, NARROW } from '../lib/window.mjs';

const TOOLS = [tool('read_file', {}, { description: 'Reads a file.' }), tool('pay', { amount: { type: 'number' } }, { description: 'Transfers money.' })];
const DOCUMENT = { ...ALLOW_ALL, tools: { read_file: {}, pay: { action: 'require_approval', approval: { wait: '1s' } } }, resources: { 'docs://*': {} } };

// Something to look at on each page.
async function scene(t) {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return null;
  const { api, gateway, server } = here;
  await api.must(200, 'POST', `/servers/${server}/test`);
  const policy = (await api.must(201, 'POST', '/policies', { name: 'careful', document: DOCUMENT })).body.id;
  const minted = (await api.must(201, 'POST', '/grants', { label: 'runner', servers: [{ server, policy: 'careful' }] })).body;
  gateway.tokens.runner = minted.token;
  const agent = await Session.open(gateway, { label: 'runner', server: 'files' });
  await agent.request('tools/list');
  await agent.call('read_file', {});
  await agent.call('pay', { amount: 1 });
  const [question] = (await api.must(200, 'GET', '/approvals?state=asked')).body.items;
  await api.must(200, 'POST', `/approvals/${question.id}/deny`, { note: 'not today' });
  await eventually(async () => (await api.must(200, 'GET', '/decisions?tool=read_file')).body.items.length === 1, 'the call is in the log');
  await eventually(async () => (await api.must(200, 'GET', '/catalogue/servers?text=files')).body.items[0]?.tools === TOOLS.length, 'the catalogue knows the tools');
  return { ...here, policy, grant: minted.id, question: question.id };
}

const nav = name => page => page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
const to = at => (page, base) => page.goto(base + at);
const title = name => page => page.getByRole('heading', { name, level: 1, exact: true }).waitFor();
const tab = name => page => page.getByRole('tab', { name, exact: true, selected: true }).waitFor();
const pick = name => page => page.getByRole('tab', { name, exact: true }).click();
const radio = (group, name) => page => page.getByRole('radiogroup', { name: group }).getByRole('radio', { name, exact: true, checked: true }).waitFor({ state: 'attached' });
const choose = (group, name) => page => page.getByRole('radiogroup', { name: group }).getByText(name, { exact: true }).click();
const value = (role, name, wanted) => page => eventually(async () => (await page.getByRole(role, { name, exact: true }).inputValue()) === wanted, `${name} is ${wanted}`);
const all = (...sights) => async page => { for (const see of sights) await see(page); };

// What is done, and what is seen then.
const walk = ({ policy, grant, server, question }) => [
  ['the overview', to('/'), title('Overview')],
  ['its time', choose('Time shown', 'Last 7 days'), all(title('Overview'), radio('Time shown', 'Last 7 days'))],
  ['decisions', nav('Decisions'), title('Decisions')],
  ['one that was searched for', page => page.getByRole('textbox', { name: 'Search tools, rules, reasons' }).fill('read_file'), value('textbox', 'Search tools, rules, reasons', 'read_file')],
  ['its story', page => page.getByRole('main').getByRole('link', { name: 'read_file' }).click(), page => page.getByRole('dialog', { name: /^Decision \d+$/ }).getByText('The rule', { exact: true }).waitFor()],
  ['decisions by a filter', to('/decisions?outcome=pending'), all(value('combobox', 'Outcome', 'Waiting'), page => page.getByRole('link', { name: 'pay' }).first().waitFor())],
  ['questions', nav('Approvals'), all(title('Approvals'), page => page.getByText('Nothing waits for you.').waitFor())],
  ['those that are over', page => page.getByRole('region', { name: 'Questions' }).getByRole('radiogroup').getByText('Answered and over', { exact: true }).click(), page => page.getByRole('region', { name: 'Questions' }).getByRole('link', { name: /pay/ }).waitFor()],
  ['one of them', page => page.getByRole('region', { name: 'Questions' }).getByRole('link', { name: /pay/ }).click(), all(page => page.getByRole('region', { name: 'The question' }).getByText('not today').first().waitFor(), page => page.getByRole('region', { name: 'Questions' }).getByRole('link', { name: /pay/ }).waitFor())],
  ['servers', nav('Servers'), all(title('Servers'), page => page.getByRole('link', { name: 'files', exact: true }).waitFor())],
  ['the form for another one', page => page.getByRole('button', { name: 'Add a server' }).click(), page => page.getByRole('dialog', { name: 'Add a server' }).waitFor()],
  ['a server', to(`/servers/${server}`), all(title('files'), tab('Overview'))],
  ['its tools', pick('Tools'), all(tab('Tools'), page => page.getByText('read_file').first().waitFor())],
  ['its changes', pick('Changes'), tab('Changes')],
  ['those accepted', to(`/servers/${server}?tab=changes&state=accepted`), all(tab('Changes'), page => page.getByRole('radio', { name: 'Accepted', checked: true }).waitFor({ state: 'attached' }))],
  ['policies', nav('Policies'), title('Policies')],
  ['the builder', page => page.getByRole('main').getByRole('link', { name: 'careful', exact: true }).click(), all(title('careful'), tab('Edit'), tab('Tools'))],
  ['resources', pick('Resources'), tab('Resources')],
  ['the text', choose('Shown as', 'JSON'), page => page.getByRole('textbox', { name: 'JSON' }).waitFor()],
  ['a trial', choose('Shown as', 'Try a call'), page => page.getByRole('region', { name: 'A call' }).waitFor()],
  ['a rule', to(`/policies/${policy}?server=files&rule=pay`), page => page.getByRole('dialog', { name: 'Rule for pay' }).waitFor()],
  ['a version', to(`/policies/${policy}?tab=versions&version=1`), all(tab('Versions'), page => page.getByRole('heading', { name: /^Version 1/ }).waitFor())],
  ['grants', nav('Grants'), title('Grants')],
  ['a grant', page => page.getByRole('main').getByRole('link', { name: 'runner' }).click(), title('runner')],
  ['what it reaches', to(`/stack?grant=${grant}`), all(title('What agents can do'), value('combobox', 'Grant', 'runner'))],
  ['the same under starter policies', choose('Under which policies', 'With starter policies'), radio('Under which policies', 'With starter policies')],
  ['members', nav('Members'), title('Members')],
  ['keys', nav('API keys'), title('API keys')],
  ['the audit', nav('Audit'), title('Audit')],
  ['of one object', to(`/audit?object=${policy}`), page => page.getByText('Policy added').first().waitFor()],
  ['settings', nav('Settings'), all(title('Settings'), tab('Organisation'))],
  ['logs and keys', pick('Logs and keys'), tab('Logs and keys')],
  ['the first run', to('/start?step=server'), title('First run')],
  ['a question by its address', to(`/inbox/${question}`), page => page.getByRole('region', { name: 'The question' }).getByText('not today').first().waitFor()],
];

test('a reload, back and forward come to the same place on every page', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open();
  const stops = [];
  const address = () => page.url().slice(here.base.length);
  const see = async ([name, , sight], how) => {
    try {
      await sight(page);
    } catch (error) {
      throw new Error(`${how}: ${name}, at ${address()}`, { cause: error });
    }
  };
  let length = await page.evaluate(() => history.length);
  for (const stop of walk(here)) {
    const before = page.url();
    await stop[1](page, here.base);
    await page.waitForURL(url => String(url) !== before); // each of them has an address
    await see(stop, 'at first');
    const now = await page.evaluate(() => history.length);
    if (now === length && stops.length > 0) stops.pop(); // in place of the one before
    length = now;
    stops.push({ stop, at: address() });
    await page.reload();
    await see(stop, 'after a reload');
    assert.equal(address(), stops.at(-1).at, `a reload of ${stop[0]}`);
  }
  for (const { stop, at } of stops.slice(0, -1).reverse()) {
    await page.goBack();
    await see(stop, 'back');
    assert.equal(address(), at, `back to ${stop[0]}`);
  }
  for (const { stop, at } of stops.slice(1)) {
    await page.goForward();
    await see(stop, 'forward');
    assert.equal(address(), at, `forward to ${stop[0]}`);
  }
  assert.deepEqual(page.complaints, []);
});

test('on a phone the tab that an address names is in sight', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ viewport: NARROW });
  const inSight = name => page.getByRole('tab', { name, exact: true, selected: true }).evaluate(one => {
    const { left, right } = one.getBoundingClientRect(), list = one.parentElement.getBoundingClientRect();
    return left >= list.left && right <= list.right && right <= innerWidth;
  });
  for (const [at, name] of [['/settings?tab=about', 'About'], ['/settings?tab=keeping', 'Logs and keys'], [`/servers/${here.server}?tab=settings`, 'Settings'], [`/policies/${here.policy}?tab=versions`, 'Versions'], ['/settings?tab=account', 'Your account']]) {
    await page.goto(here.base + at);
    await eventually(() => inSight(name), `${name} is in sight at ${at}`);
  }
  await page.getByRole('tab', { name: 'Organisation' }).click();
  await eventually(() => inSight('Organisation'), 'what is picked is in sight');
  await page.look('settings-narrow', [[NARROW, 'light']]);
  assert.deepEqual(page.complaints, []);
});

test('what was played is still there when the browser comes back from a rule', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ at: `/policies/${here.policy}?view=json` });
  await page.getByRole('textbox', { name: 'JSON' }).fill(JSON.stringify({ ...DOCUMENT, tools: { ...DOCUMENT.tools, read_file: { action: 'deny' } } }));
  await page.getByText('No mistakes').waitFor();
  await choose('Shown as', 'Replay')(page);
  await page.getByRole('region', { name: 'Recorded calls' }).getByRole('button', { name: 'Replay' }).click();
  const found = page.getByRole('region', { name: 'What would have changed' });
  await found.getByRole('status').getByText('1 call').waitFor();
  await found.getByRole('button', { name: /^\/tools\/read_file/ }).first().click();
  await page.getByRole('dialog', { name: 'Rule for read_file' }).waitFor();
  let asked = 0;
  page.on('request', request => { asked += /\/replay$/.test(request.url()); });
  await page.goBack();
  await found.getByRole('status').getByText('1 call').waitFor();
  assert.match(page.url(), /view=replay/);
  await page.goForward();
  await page.getByRole('dialog', { name: 'Rule for read_file' }).waitFor();
  await page.goBack();
  await found.getByRole('status').getByText('1 call').waitFor();
  assert.equal(asked, 0, 'nothing was played again');
  assert.deepEqual(page.complaints, []);
});
