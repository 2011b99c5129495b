// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every page, as each role that may not do everything: it is of use, or says in plain words that the role may not. It asks the
// API for nothing that is refused, and offers nothing that would be.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { ROOT } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { NARROW, cookieOf, dashboard } from '../lib/window.mjs';

const ANY = { 'If-Match': '*' };
const PASSWORD = 'a long sentence is best';
const TOOLS = [tool('read_inbox', {}, { description: 'Reads e-mail.' }), tool('pay', {}, { description: 'Transfers money.' })];

// The router's addresses, with their parents' before them.
function routes() {
  const text = fs.readFileSync(path.join(ROOT, 'dashboard/src/router.tsx'), 'utf8');
  const found = new Map([...text.matchAll(/const (\w+) = createRoute\(\{\s*getParentRoute: \(\) => (\w+),\s*path: '([^']+)'/g)].map(([, name, parent, at]) => [name, { parent, at }]));
  const whole = name => (found.has(name) ? [whole(found.get(name).parent), found.get(name).at].join('/').replace(/\/+/g, '/') : '');
  assert.equal(found.size, text.match(/createRoute\(/g).length, 'a route is written otherwise');
  return new Set([...found.keys()].map(name => whole(name).replace(/(.)\/$/, '$1')));
}

// One of everything.
async function scene(t) {
  const here = await dashboard(t, { upstream: { tools: TOOLS } });
  if (!here) return undefined;
  const { api, gateway, fake, server } = here;
  await api.must(200, 'POST', `/servers/${server}/test`);
  await api.must(200, 'PATCH', '/servers/' + server, { settings: { pinning: 'warn' } }, ANY);
  const document = { ...ALLOW_ALL, tools: { pay: { action: 'require_approval', approval: { wait: '1s' } } }, runaway: { identical_calls: { max: 3, window: 'hour' } } };
  const policy = (await api.must(201, 'POST', '/policies', { name: 'careful', document })).body.id;
  const grants = {};
  for (const label of ['agent', 'stuck']) {
    const made = (await api.must(201, 'POST', '/grants', { label, servers: [{ server, policy: 'careful' }] })).body;
    gateway.tokens[label] = made.token;
    grants[label] = made.id;
  }
  const agent = await Session.open(gateway, { label: 'agent', server: 'files' });
  await agent.call('pay', {});
  const stuck = await Session.open(gateway, { label: 'stuck', server: 'files' });
  for (let i = 0; i < 4; i++) await stuck.call('read_inbox', {});
  fake.options.tools = [...TOOLS, tool('new_one')];
  await agent.request('tools/list');
  const [question] = (await api.must(200, 'GET', '/approvals?state=asked')).body.items;
  const member = async role => {
    const email = role + '@example.com';
    const { token } = (await api.must(201, 'POST', '/invitations', { email, role })).body;
    const open = new Api(gateway.port);
    await open.must(201, 'POST', '/invitations/accept', { token, name: role, password: PASSWORD });
    return cookieOf(open, email, PASSWORD);
  };
  return { ...here, policy, grants, question: question.id, member };
}

// Addresses of each route.
const pages = here => ({
  '/': ['/'],
  '/start': ['/start'],
  '/inbox': ['/inbox', '/inbox?show=over'],
  '/inbox/$id': ['/inbox/' + here.question],
  '/decisions': ['/decisions'],
  '/decisions/$number': ['/decisions/2'],
  '/servers': ['/servers', '/servers?add=true'],
  '/servers/$id': ['overview', 'tools', 'changes', 'settings'].map(tab => `/servers/${here.server}?tab=${tab}`),
  '/stack': ['/stack', `/stack?grant=${here.grants.agent}`, '/stack?servers=' + encodeURIComponent('["files"]')],
  '/grants': ['/grants'],
  '/grants/new': ['/grants/new'],
  '/grants/$id': ['/grants/' + here.grants.agent, '/grants/' + here.grants.stuck],
  '/policies': ['/policies'],
  '/policies/new': ['/policies/new'],
  '/policies/$id': ['/policies/' + here.policy],
  '/members': ['/members'],
  '/keys': ['/keys'],
  '/audit': ['/audit'],
  '/settings': ['account', 'organisation', 'channels', 'providers', 'contacts', 'about'].map(tab => '/settings?tab=' + tab),
});

// What a role is told in place of a page.
const FOR_ADMINS = { '/start': 'Setting up servers and grants is for admins.' };
const SAYS = {
  viewer: {
    ...FOR_ADMINS,
    ...Object.fromEntries(['/grants/new', '/members', '/keys', '/audit'].map(at => [at, 'Your role (Viewer) may not see this.'])),
    ...Object.fromEntries(['/policies/new', '/policies/$id'].map(at => [at, 'Your role may not read the documents of policies.'])),
  },
  policy_manager: {
    ...FOR_ADMINS,
    ...Object.fromEntries(['/grants/new', '/members', '/keys', '/audit'].map(at => [at, 'Your role (Policy manager) may not see this.'])),
  },
};
// What stands on buttons and links that begin what the API refuses to the role.
const ADMINS = /^(Add a (server|channel|provider)|Set up|New grant|New token|Revoke(?! this exception)|Remove|Change$|Empty the counters|Invite|Make|Register|Connect by OAuth|Delete the server|It is answered|Set$|Save$)/;
const MANAGERS = /^(Approve|Deny|Accept|Reject|Test the connection|Let it call again|Say what|Save|Delete|Edit|New policy$|Revoke|End|Open in the builder)/;
const NOT_FOR = { viewer: [ADMINS, MANAGERS], policy_manager: [ADMINS] };

async function offered(page) {
  const main = page.getByRole('main');
  const all = await Promise.all(['button', 'link', 'switch'].map(role => main.getByRole(role).evaluateAll(found => found.filter(e => !e.disabled).map(e => e.getAttribute('aria-label') ?? e.textContent.trim()))));
  return all.flat();
}

test('every address of the router is walked below', () => {
  const nobody = { grants: {} };
  assert.deepEqual([...routes()].sort(), Object.keys(pages(nobody)).sort());
});

for (const role of ['viewer', 'policy_manager'])
  test(`every page as a ${role}`, async t => {
    const here = await scene(t);
    if (!here) return;
    const page = await here.open({ cookie: await here.member(role) });
    const refused = [];
    page.on('response', answer => { if (answer.status() === 403) refused.push(`${answer.request().method()} ${answer.url()} at ${page.url()}`); });
    for (const [route, addresses] of Object.entries(pages(here)))
      for (const at of addresses) {
        await page.goto(here.base + at);
        await page.waitForFunction(() => document.querySelector('main :is(h1, h2)') && !document.querySelector('main [aria-busy=true]'));
        const said = SAYS[role][route];
        if (said !== undefined) await page.getByText(said, { exact: true }).waitFor();
        assert.equal(await page.getByRole('main').getByText('That did not work').count(), 0, at);
        const wrong = (await offered(page)).filter(name => NOT_FOR[role].some(pattern => pattern.test(name)));
        // A policy manager saves policies and their own password, and removes policies.
        if (!(route.startsWith('/policies') && role === 'policy_manager')) assert.deepEqual(wrong, [], at);
        await page.look(`role-${role}${route.replace(/\W+/g, '-')}${addresses.indexOf(at)}`, [[NARROW, 'light']]);
      }
    assert.deepEqual(refused, []);
    assert.deepEqual(page.complaints, []);
  });

test('a viewer who comes by a link to what a grant allows is told who may see that', async t => {
  const here = await scene(t);
  if (!here) return;
  const page = await here.open({ cookie: await here.member('viewer'), at: '/stack?grant=' + here.grants.agent });
  await page.getByText('What a grant allows is for policy managers and admins.').waitFor();
  await page.goto(here.base + '/grants/' + here.grants.agent);
  await page.getByRole('heading', { name: 'agent', level: 1 }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'What can this agent do?' }).count(), 0);
  assert.deepEqual(page.complaints, []);
});
