// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// sallyport catalogue: many tools from JSON lines, found again, shown.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROOT } from '../lib/scratch.mjs';
import { BINARY, folderOf, run } from './command.mjs';

const TOOLS = [
  { server: '@acme/files', tool: 'list_files', description: 'Lists files. Hidden ones, too.', input_schema: { type: 'object' } },
  { server: '@acme/files', tool: 'delete_file', description: 'Deletes a file for ever.' },
  { server: 'bank', name: 'send_payment', description: 'Sends money.', inputSchema: { properties: { amount: {}, currency: {} } } },
  { server: '@acme/files', tool: 'readFile', description: 'Reads a file.', source: 'npm', version: '1.2.3' },
];
const lines = values => values.map(value => (typeof value === 'string' ? value : JSON.stringify(value)) + '\n').join('');
const catalogue = (verb, data, ...args) => run(['catalogue', verb, ...args, '--data', data]);
const json = (verb, data, ...args) => {
  const { code, out, err } = catalogue(verb, data, ...args, '--json');
  assert.equal(err, '');
  assert.equal(code, 0);
  return JSON.parse(out);
};
const importing = (data, input, ...args) => run(['catalogue', 'import', '-', '--data', data, '--json', ...args], { input });
const generated = args => spawnSync('python3', [path.join(ROOT, 'bench/catalogue_lines.py'), ...args],
  { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
// All of a catalogue but its times.
const everything = data => json('search', data, '--limit', '1000').items.map(({ first_seen, changed, ...row }) => JSON.stringify(row)).sort();

test('tools that were imported are found and shown', t => {
  const data = folderOf(t, { 'tools.jsonl': lines(TOOLS) });
  const { code, out } = catalogue('import', data, path.join(data, 'tools.jsonl'), '--json');
  assert.equal(code, 0);
  assert.deepEqual({ ...JSON.parse(out), seconds: 0 }, { lines: 4, bad_lines: 0, new_servers: 2, tools: 4, added: 4, changed: 0,
    removed: 0, repeated: 0, unusable: 0, seconds: 0 });
  assert.deepEqual(json('search', data, 'file').items.map(row => [row.server, row.name, row.category]), [
    ['@acme/files', 'list_files', 'Read'], ['@acme/files', 'delete_file', 'Destructive'], ['@acme/files', 'readFile', 'Read']]);
  assert.deepEqual(json('search', data, '--category', 'financial').items.map(row => row.name), ['send_payment']);
  assert.deepEqual(json('search', data, '--severity', 'critical', '--server', 'bank').items.map(row => row.name), ['send_payment']);
  const { server, tools } = json('show', data, '_acme~files');
  assert.equal(server.name, '@acme/files');
  assert.equal(server.shared, true);
  assert.deepEqual([server.tools, server.categories.Destructive, server.severity], [3, 1, 'critical']);
  assert.deepEqual(tools.map(tool => tool.name), ['delete_file', 'list_files', 'readFile']);
  const tool = json('show', data, '@acme/files', 'list_files');
  assert.deepEqual(tool.definition, { name: 'list_files', description: 'Lists files. Hidden ones, too.', inputSchema: { type: 'object' } });
  assert.equal(tool.summary, 'Lists files.');
  assert.match(tool.fingerprint, /^[0-9a-f]{64}$/);
  assert.deepEqual(tool.rule, {});
  // For people
  assert.match(catalogue('show', data, 'bank').out, /^bank: 1 tools, \d+ tokens\ncritical {2}Financial {4}send_payment\n$/);
  assert.match(catalogue('show', data, 'bank', 'send_payment').out, /Financial, critical\nSends money\.\n/);
  assert.equal(catalogue('show', data, 'nobody').code, 1);
  assert.equal(catalogue('show', data, 'bank', 'nothing').code, 1);
});

test('what is imported again changes nothing, and what differs has a history', t => {
  const data = folderOf(t, {});
  importing(data, lines(TOOLS));
  const again = JSON.parse(importing(data, lines(TOOLS)).out);
  assert.deepEqual([again.new_servers, again.added, again.changed], [0, 0, 0]);
  const changed = { ...TOOLS[1], description: 'Deletes all files.', input_schema: { properties: { all: { type: 'boolean' } } } };
  assert.equal(JSON.parse(importing(data, lines([changed])).out).changed, 1);
  const { items, forgotten } = json('show', data, '@acme/files', 'delete_file', '--history');
  assert.equal(forgotten, 0);
  assert.equal(items.length, 1);
  assert.equal(items[0].definition.description, 'Deletes a file for ever.');
  assert.deepEqual(items[0].diff, [
    { path: '/description', before: 'Deletes a file for ever.', after: 'Deletes all files.' },
    { path: '/inputSchema', after: { properties: { all: { type: 'boolean' } } } },
  ]);
  // A line that has all tools of a server: the others are gone.
  const whole = { server: '@acme/files', tools: [{ name: 'list_files' }] };
  assert.equal(JSON.parse(importing(data, lines([whole])).out).removed, 2);
  assert.deepEqual(json('search', data, 'file').items.map(row => row.name), ['list_files']);
});

test('bad lines are named and counted, the others taken', t => {
  const data = folderOf(t, {});
  const input = lines(['no json', TOOLS[0], '[]', '{}', '{"server":"a"}', '{"tool":"a"}', '', '{"server":"a","tool":""}',
    `{"server":"${'x'.repeat(2000)}","tool":"a"}`, TOOLS[2], '{"server":"a","tool":5}', '{"server":"","tool":"a"}']) +
    `{"server":"a","tool":"b","description":"${'y'.repeat(5 << 20)}"}\n` + JSON.stringify(TOOLS[1]);
  const { code, out, err } = importing(data, input);
  assert.equal(code, 1);
  const counts = JSON.parse(out);
  assert.deepEqual([counts.lines, counts.bad_lines, counts.added], [14, 10, 3]);
  assert.deepEqual(err.trim().split('\n').map(line => line.split(':')[1]), ['1', '3', '4', '5', '6', '8', '9', '11', '12', '13']);
  assert.match(err, /^-:13: longer than 4 MiB$/m);
});

test('lines in any order end in the same', t => {
  const [together, scattered] = [folderOf(t, {}), folderOf(t, {})];
  const some = ['--servers', '40', '--tools', '600'];
  assert.equal(importing(together, generated(some)).code, 0);
  assert.equal(importing(scattered, generated([...some, '--shuffle'])).code, 0);
  const all = everything(together);
  assert.ok(all.length > 500);
  assert.deepEqual(everything(scattered), all);
});

test('thousands of tools share a dictionary, and stay readable', t => {
  const data = folderOf(t, {});
  assert.equal(importing(data, generated(['--servers', '1500', '--tools', '24000'])).code, 0);
  const { items } = json('search', data, '--limit', '1000');
  for (const row of [items[0], items[500], items[999]])
    assert.equal(json('show', data, row.server, row.name).definition.name, row.name);
});

test('an import that is killed leaves whole servers, and can be repeated', async t => {
  const data = folderOf(t, {});
  const input = generated(['--servers', '2000', '--tools', '30000']);
  const child = spawn(BINARY, ['catalogue', 'import', '-', '--data', data], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal)));
  child.stdin.on('error', () => {});
  // Three quarters of it: the rest never comes, so it is killed in the middle.
  await new Promise(resolve => child.stdin.write(input.slice(0, input.length * 3 / 4), resolve));
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL');
  if (fs.existsSync(path.join(data, 'catalogue.db')))
    assert.notEqual(catalogue('search', data, 'get').code, 2);
  assert.equal(importing(data, input).code, 0);
  const clean = folderOf(t, {});
  assert.equal(importing(clean, input).code, 0);
  assert.deepEqual(everything(data), everything(clean));
});

test('two imports at once both end well', async t => {
  const data = folderOf(t, {});
  const start = maker => {
    const child = spawn(BINARY, ['catalogue', 'import', '-', '--data', data], { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(generated(['--servers', '300', '--tools', '4000']).replaceAll('"server": "', `"server": "${maker}-`));
    return new Promise(resolve => child.on('exit', resolve));
  };
  assert.deepEqual(await Promise.all([start('a'), start('b')]), [0, 0]);
  const { total, more } = json('search', data, '');
  assert.ok(more || total > 1000);
});

test('a file that is not ours, damaged or missing is said so', t => {
  const missing = folderOf(t, {});
  assert.match(catalogue('search', missing, 'x').err, /there is no catalogue/);
  assert.equal(catalogue('search', missing, 'x').code, 1);
  const other = folderOf(t, { 'catalogue.db': 'hello' });
  assert.match(importing(other, '').err, /is not a catalogue; name another path/);
  assert.equal(importing(other, '').code, 2);
  assert.equal(fs.readFileSync(path.join(other, 'catalogue.db'), 'utf8'), 'hello');
  const damaged = folderOf(t, {});
  importing(damaged, lines(TOOLS));
  const file = path.join(damaged, 'catalogue.db');
  const bytes = fs.readFileSync(file);
  bytes.fill(0xa5, 4096);
  fs.writeFileSync(file, bytes);
  const { code, err } = catalogue('search', damaged, 'x');
  assert.equal(code, 2);
  assert.match(err, /damaged; delete it and look at the servers again; what people decided is not in it/);
  fs.rmSync(file);
  assert.equal(importing(damaged, lines(TOOLS)).code, 0);
  assert.match(run(['catalogue', 'search']).err, /needs --data FOLDER/);
  assert.match(catalogue('search', damaged, '--organisation', 'acme').err, /there is no file/);
});

test('what servers say does not reach a terminal', t => {
  const data = folderOf(t, {});
  const evil = '\u001b]0;owned\u0007\u202e\u0000<script>';
  importing(data, lines([{ server: evil, tool: evil, description: evil }, { server: 'x'.repeat(900), tool: 'y'.repeat(10000) }]));
  for (const { out } of [catalogue('search', data), catalogue('show', data, evil.replace('\u0000', '')), catalogue('search', data, 'script')])
    assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
  const [first, second] = json('search', data).items;
  for (const row of [first, second]) {
    assert.match(row.slug, /^[A-Za-z0-9._~-]{1,150}$/);
    assert.match(row.server_slug, /^[a-z0-9._~-]{1,150}$/);
    assert.equal(json('show', data, row.server_slug, row.slug).name, row.name);
  }
});
