// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Stacks over the API: a grant's servers under its policies, servers of the catalogue without any.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Api } from '../lib/api.mjs';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';

const PASSWORD = 'correct horse battery', ANY = { 'If-Match': '*' };
const text = name => ({ type: 'object', properties: { [name]: { type: 'string' } } });
const TOOLS = [
  { server: 'mail', tool: 'read_inbox', description: 'Reads the newest e-mail messages of the inbox.' },
  { server: 'mail', tool: 'send_email', description: 'Sends an e-mail to any address.', input_schema: text('body') },
  { server: 'web/search', tool: 'fetch_url', description: 'Fetches a web page and returns its text.', input_schema: text('url') },
];
const POLICY = { version: '1', default: 'deny', tools: { read_inbox: {},
  send_email: { require: [{ conditions: [{ path: 'grant.tags', op: 'contains', value: 'office' }] }], limits: [{ counter: 'c', window: 'hour', max: 5 }] } } };

function fill(folder, tools) {
  const file = path.join(folder, '..', 'tools.jsonl');
  fs.writeFileSync(file, tools.map(tool => JSON.stringify(tool) + '\n').join(''));
  const { status, stderr } = spawnSync(BINARY, ['scan', '--from', file, '--data', folder], { encoding: 'utf8', env: { ...process.env, ...sanitizerOptions } });
  assert.equal(status, 0, stderr);
}

async function controlled(t) {
  const fake = await FakeUpstream.start(t);
  const folder = path.join(scratch(t), 'data');
  const gateway = await startGateway(t, { servers: { own: { url: fake.url } }, policies: { all: ALLOW_ALL }, grants: { file: { servers: { own: 'all' } } } },
    { args: ['--data', folder, '--allow-outside', '127.0.0.1'] });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const api = new Api(gateway.port, { Cookie: session.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': session.body.csrf_token });
  const mail = (await api.must(201, 'POST', '/servers', { name: 'mail', transport: 'http', url: fake.url })).body.id;
  await api.must(201, 'POST', '/servers', { name: 'other', transport: 'http', url: fake.url });
  await api.must(201, 'POST', '/policies', { name: 'p', document: POLICY });
  const grant = async (label, more = {}) => (await api.must(201, 'POST', '/grants', { label, servers: [{ server: 'mail', policy: 'p' }, { server: 'other' }], ...more })).body;
  return { api, folder, grant, mail };
}
const tool = (stack, name) => stack.tools.find(t => t.tool === name);
const danger = (stack, name) => stack.combinations.find(c => c.name === name);

test('servers of the catalogue are looked at together, those it does not know are named', async t => {
  const { api, folder } = await controlled(t);
  fill(folder, TOOLS);
  const { body } = await api.must(200, 'GET', '/catalogue/stack?server=mail&server=web%2Fsearch&server=mail&server=nobody');
  assert.deepEqual(body.missing, ['nobody']);
  assert.deepEqual(body.shared, ['mail', 'web/search']);
  assert.deepEqual(body.stack.servers.map(s => [s.name, s.tools, s.judged]), [['mail', 2, false], ['web/search', 1, false]]);
  assert.equal(danger(body.stack, 'exfiltration').now, 'possible');
  assert.equal(tool(body.stack, 'send_email').now.calls, null);
  const single = (await api.must(200, 'GET', '/catalogue/stack?server=web~search')).body;
  assert.deepEqual(single.stack.servers.map(s => s.name), ['web/search'], 'by its slug');
  for (const query of ['', '?server=', '?server=%FF', '?server=a&tool=b', '?server=' + 'x'.repeat(1025), '?' + 'server=a&'.repeat(101)])
    await api.refused(422, 'invalid', 'GET', '/catalogue/stack' + query);
});

test('a grant\'s stack is that of its rules, tags and mode, from the next request on', async t => {
  const { api, folder, grant, mail } = await controlled(t);
  fill(folder, TOOLS);
  const office = await grant('office', { tags: ['office'] }), home = await grant('home', { tags: ['home'] });
  const look = async id => (await api.must(200, 'GET', `/grants/${id}/stack`)).body;
  let body = await look(office.id);
  assert.deepEqual(body.grant, { id: office.id, label: 'office', mode: 'enforce' });
  assert.deepEqual(body.missing, ['other']);
  assert.deepEqual([tool(body.stack, 'send_email').now.outcome, tool(body.stack, 'send_email').now.calls], ['limited', 5]);
  assert.equal(danger(body.stack, 'exfiltration').now, 'possible');
  assert.equal(danger(body.stack, 'exfiltration').one_server, 'mail');
  body = await look(home.id);
  assert.deepEqual([tool(body.stack, 'send_email').now.outcome, tool(body.stack, 'send_email').now.rule], ['denied', '/tools/send_email/require/0']);
  assert.equal(danger(body.stack, 'exfiltration').now, 'broken');
  assert.equal(tool(body.stack, 'read_inbox').category, 'Read');
  await api.must(201, 'POST', `/servers/${mail}/overrides`, { tool: 'read_inbox', category: 'Destructive' });
  body = await look(home.id);
  assert.deepEqual([tool(body.stack, 'read_inbox').category, tool(body.stack, 'read_inbox').starter.outcome], ['Destructive', 'hidden'], 'what a person said counts');
  await api.must(200, 'PATCH', '/grants/' + home.id, { mode: 'observe' }, ANY);
  body = await look(home.id);
  assert.deepEqual([body.grant.mode, tool(body.stack, 'send_email').now.outcome], ['observe', 'free']);
  assert.ok((await api.call('POST', `/grants/${home.id}/revoke`, undefined, ANY)).status < 300);
  await api.refused(404, 'not-found', 'GET', `/grants/${home.id}/stack`);
  const key = (await api.must(201, 'POST', '/keys', { label: 'v', role: 'viewer' })).body;
  await new Api(api.port, { Authorization: 'Bearer ' + key.token }).refused(403, 'role', 'GET', `/grants/${office.id}/stack`);
});

test('hostile definitions stay data', async t => {
  const { api, folder } = await controlled(t);
  const deep = '{"a":'.repeat(40) + '1' + '}'.repeat(40);
  fill(folder, [
    ...Array.from({ length: 2000 }, (_, i) => ({ server: 'many', tool: `tool_${i}`, description: 'Deletes <b>all</b>.' })),
    { server: 'odd', tool: '*', description: '\u202e"}],"stack":{' }, { server: 'odd', tool: '</script>', description: 'x'.repeat(1 << 20) },
    { server: 'odd', tool: 'n'.repeat(10000), description: 'Sends mail.' }, { server: 'odd', tool: '@read', input_schema: JSON.parse(deep) },
    { server: 'odd', tool: 'twice', description: 'Reads.' }, { server: 'odd', tool: 'twice', description: 'Deletes.' },
  ]);
  const { body } = await api.must(200, 'GET', '/catalogue/stack?server=many&server=odd');
  assert.equal(body.stack.servers[0].tools, 2000);
  assert.equal(tool(body.stack, '*').starter.outcome, 'denied');
  assert.equal(tool(body.stack, '@read').starter.outcome, 'denied');
});
