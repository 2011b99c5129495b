// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The catalogue over the API: lists that are given, found again, their history, and whose they are.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';

const LIST = { name: 'list_files', description: 'Lists files. Hidden ones, too.' };
const DROP = { name: 'delete_file', description: 'Deletes a file for ever.' };
const PAY = { name: 'pay/now', description: 'Sends money to an account.', inputSchema: { properties: { amount: { type: 'number' } } } };
const take = (admin, server, tools, more = {}) => admin.must(200, 'POST', '/catalogue/import', { server, tools, ...more });
const names = body => body.items.map(item => item.name);

async function filled(t) {
  const { api, acme, umbrella, folder } = await startApi(t);
  const admin = api.as(acme.keys.admin), viewer = api.as(acme.keys.viewer), stranger = api.as(umbrella.keys.admin);
  await take(admin, '@acme/files', [LIST, DROP]);
  await take(admin, 'bank', [PAY], { title: 'The bank' });
  return { api, acme, umbrella, admin, viewer, stranger, folder };
}

test('a list that is given is found, shown and counted', async t => {
  const { admin, viewer } = await filled(t);
  const again = (await take(admin, '@acme/files', [LIST, DROP, LIST, {}, 5])).body;
  assert.deepEqual([again.known, again.added, again.changed, again.removed, again.repeated, again.unusable], [true, 0, 0, 0, 1, 2]);
  const sums = (await viewer.must(200, 'GET', '/catalogue')).body;
  assert.deepEqual([sums.servers, sums.tools, sums.categories.Destructive, sums.categories.Financial], [2, 3, 1, 1]);
  const servers = (await viewer.must(200, 'GET', '/catalogue/servers')).body;
  assert.deepEqual(names(servers), ['@acme/files', 'bank']);
  assert.deepEqual([servers.total, servers.more, servers.next], [2, false, null]);
  assert.deepEqual(names((await viewer.must(200, 'GET', '/catalogue/servers?severity=critical')).body), ['@acme/files', 'bank']);
  assert.deepEqual(names((await viewer.must(200, 'GET', '/catalogue/servers?text=THE%20BANK')).body), ['bank']);
  const { server, tools } = (await viewer.must(200, 'GET', '/catalogue/servers/_acme~files')).body;
  assert.deepEqual([server.name, server.shared, server.source], ['@acme/files', false, 'API']);
  assert.deepEqual(tools.map(tool => tool.name), ['delete_file', 'list_files']);
  const tool = (await viewer.must(200, 'GET', '/catalogue/servers/bank/tools/pay~now')).body;
  assert.deepEqual(tool.definition, PAY);
  assert.equal(tool.category, 'Financial');
  assert.ok(tool.verdict.evidence.length > 0 && Object.keys(tool.rule).length > 0);
  await viewer.refused(404, 'not-found', 'GET', '/catalogue/servers/bank/tools/list_files');
  await viewer.refused(404, 'not-found', 'GET', '/catalogue/servers/nobody');
});

test('a search goes by name first, and is narrowed', async t => {
  const { viewer } = await filled(t);
  const search = async query => (await viewer.must(200, 'GET', '/catalogue/search?' + query)).body;
  assert.deepEqual(names(await search('text=list')), ['list_files']);
  assert.deepEqual(names(await search('text=file')), ['list_files', 'delete_file']);
  assert.deepEqual(names(await search('text=file&category=destructive,financial')), ['delete_file']);
  assert.deepEqual(names(await search('severity=critical&server=bank')), ['pay/now']);
  const all = await search('');
  assert.equal(all.total, 3);
  const pages = [];
  for (let query = 'limit=1', body; query; query = body.next && `limit=1&after=${body.next}`) {
    body = await search(query);
    pages.push(...names(body));
  }
  assert.deepEqual(pages, names(all));
  for (const [query, field] of [['category=reed', 'category'], ['severity=dire', 'severity'], ['category=read&severity=critical', 'severity'],
    ['limit=0', 'limit'], ['limit=201', 'limit'], ['after=x', 'after'], ['server=nobody', 'server'], ['shared=maybe', 'shared'], ['text=' + 'x'.repeat(257), 'text']])
    assert.equal((await viewer.refused(422, 'invalid', 'GET', '/catalogue/search?' + query)).errors[0].field, field);
  assert.ok((await viewer.call('GET', '/catalogue/search?other=1')).status >= 400);
});

test('what changed is kept with what differs', async t => {
  const { admin, viewer } = await filled(t);
  const changed = (await take(admin, '@acme/files', [{ ...LIST, description: 'Deletes all files.' }])).body;
  assert.deepEqual([changed.changed, changed.removed], [1, 1]);
  const tool = (await viewer.must(200, 'GET', '/catalogue/servers/_acme~files/tools/list_files/history')).body;
  assert.deepEqual(tool.items.map(item => item.change), ['changed']);
  assert.deepEqual(tool.items[0].diff, [{ path: '/description', before: LIST.description, after: 'Deletes all files.' }]);
  const gone = (await viewer.must(200, 'GET', '/catalogue/servers/_acme~files/tools/delete_file/history')).body;
  assert.deepEqual(gone.items.map(item => [item.change, item.definition]), [['removed', DROP]]);
  const server = (await viewer.must(200, 'GET', '/catalogue/servers/_acme~files/history?limit=1')).body;
  assert.equal(server.items.length, 1);
  await viewer.refused(404, 'not-found', 'GET', '/catalogue/servers/_acme~files/tools/never/history');
  // A part of a list takes nothing out.
  assert.equal((await take(admin, '@acme/files', [DROP], { complete: false })).body.removed, 0);
});

test('an organisation sees its own and what is shared, no other\'s', async t => {
  const { viewer, stranger, folder } = await filled(t);
  const shared = [{ server: 'bank', tool: 'read_balance', description: 'Reads the balance.' }, { server: 'maps', tool: 'find_place', description: 'Finds a place.' }];
  const { status, stderr } = spawnSync(BINARY, ['catalogue', 'import', '-', '--data', folder], { encoding: 'utf8',
    input: shared.map(tool => JSON.stringify(tool) + '\n').join(''), env: { ...process.env, ...sanitizerOptions() } });
  assert.equal(status, 0, stderr);
  const of = async (api, query) => (await api.must(200, 'GET', query)).body;
  assert.deepEqual((await of(viewer, '/catalogue/servers/bank')).tools.map(tool => tool.name), ['pay/now']);
  assert.deepEqual((await of(viewer, '/catalogue/servers/bank?shared=true')).tools.map(tool => tool.name), ['read_balance']);
  assert.deepEqual((await of(stranger, '/catalogue/servers/bank')).tools.map(tool => tool.name), ['read_balance']);
  assert.deepEqual(names(await of(stranger, '/catalogue/servers')), ['bank', 'maps']);
  assert.deepEqual(names(await of(stranger, '/catalogue/servers?own=true')), []);
  const own = await of(viewer, '/catalogue/servers?own=true');
  assert.ok(own.items.every(server => !server.shared) && own.total === own.items.length && names(own).includes('bank'), JSON.stringify(own));
  await viewer.refused(422, 'invalid', 'GET', '/catalogue/servers?own=1');
  assert.deepEqual(names(await of(stranger, '/catalogue/search?text=pay')), []);
  assert.equal((await of(stranger, '/catalogue')).tools, 2);
  for (const target of ['', '/history', '/tools/delete_file', '/tools/delete_file/history'])
    await stranger.refused(404, 'not-found', 'GET', '/catalogue/servers/_acme~files' + target);
  await stranger.refused(404, 'not-found', 'GET', '/catalogue/servers/bank/tools/pay~now');
});

test('a list that is given leaves a row in the audit, and one that is refused does not', async t => {
  const { admin } = await filled(t);
  const rows = async () => (await admin.must(200, 'GET', '/audit')).body.items.filter(row => row.action === 'catalogue.import');
  const before = (await rows()).length;
  await take(admin, 'audited', [{ name: 'get_it' }, { name: 'set_it' }]);
  assert.equal((await admin.call('POST', '/catalogue/import', JSON.stringify({ server: 'audited', tools: 5 }))).status, 422);
  const after = await rows();
  assert.equal(after.length, before + 1);
  const row = after.find(r => r.object === 'audited');
  assert.equal(row.actor.kind, 'api_key');
  assert.deepEqual([row.after.added, row.after.changed, row.after.removed], [2, 0, 0]);
});

test('a body that is no list is refused with its place', async t => {
  const { admin } = await filled(t);
  for (const [body, field] of [[{}, 'server'], [{ server: 'x' }, 'tools'], [{ server: 'x', tools: {} }, 'tools'], [{ server: '', tools: [] }, 'server'],
    [{ server: 5, tools: [] }, 'server'], [{ server: 'x', tools: [], complete: 1 }, 'complete'], [{ server: 'x', tools: [], more: 1 }, ''],
    [{ server: 'x'.repeat(1025), tools: [] }, 'server'], [{ server: 'x', title: '', tools: [] }, 'title']]) {
    const answer = await admin.call('POST', '/catalogue/import', JSON.stringify(body));
    assert.equal(answer.status, 422, JSON.stringify(body));
    assert.equal(answer.body.errors[0].field, field);
  }
});

test('a damaged file is said so, and nobody learns its path', async t => {
  const { viewer, folder } = await filled(t);
  fs.writeFileSync(path.join(folder, 'catalogue.db-wal'), '');
  const file = path.join(folder, 'catalogue.db'), bytes = fs.readFileSync(file);
  bytes.fill(0xa5, 100);
  fs.writeFileSync(file, bytes);
  let answer = await viewer.call('GET', '/catalogue/servers');
  for (let i = 0; i < 10 && answer.status === 200; i++) answer = await viewer.call('GET', '/catalogue/servers');
  assert.equal(answer.status, 503, answer.text);
  assert.ok(!answer.text.includes(folder));
});
