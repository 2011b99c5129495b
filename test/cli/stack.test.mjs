// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// sallyport stack: several servers' tools looked at together, from files.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { folderOf, run } from './command.mjs';

const text = name => ({ [name]: { type: 'string' } });
const TOOLS = [
  { server: 'mail', tool: 'read_inbox', description: 'Reads the newest e-mail messages of the inbox.' },
  { server: 'mail', tool: 'send_email', description: 'Sends an e-mail to any address.', input_schema: { type: 'object', properties: { ...text('to'), ...text('body') } } },
  { server: 'web', tool: 'fetch_url', description: 'Fetches a web page and returns its text.', input_schema: { type: 'object', properties: text('url') } },
  { server: 'files', tool: 'delete_file', description: 'Deletes a file for ever.', input_schema: { type: 'object', properties: text('path') } },
];
const lines = values => values.map(value => JSON.stringify(value) + '\n').join('');
const POLICY = { version: '1', default: 'deny', tools: { read_inbox: {}, fetch_url: { limits: [{ counter: 'c', window: 'minute', max: 4 }] },
  send_email: { action: 'require_approval' } } };

function look(t, tools, ...flags) {
  const folder = folderOf(t, { 'tools.jsonl': lines(tools), 'policy.json': JSON.stringify(POLICY) });
  return run(['stack', '--from', path.join(folder, 'tools.jsonl'), ...flags.map(flag => flag.replace('FOLDER', folder))]);
}
const outcomes = (report, when) => Object.fromEntries(report.tools.map(tool => [tool.tool, tool[when].outcome]));
const danger = (report, name) => report.combinations.find(c => c.name === name);

test('without a policy everything is free, and starter policies break what is dangerous', t => {
  const { code, out, err } = look(t, TOOLS, '--json');
  assert.equal(err, '');
  assert.equal(code, 0);
  const report = JSON.parse(out);
  assert.deepEqual(report.servers.map(s => [s.name, s.tools, s.judged]), [['mail', 2, false], ['web', 1, false], ['files', 1, false]]);
  assert.ok(report.tools.every(tool => tool.now.outcome === 'free' && tool.now.calls === null));
  assert.equal(outcomes(report, 'starter').delete_file, 'hidden');
  const exfiltration = danger(report, 'exfiltration');
  assert.equal(exfiltration.now, 'possible');
  assert.equal(exfiltration.one_server, 'mail');
  assert.deepEqual(exfiltration.parts.map(part => part.tools.map(tool => tool.tool).sort()), [['read_inbox'], ['fetch_url', 'read_inbox'], ['fetch_url', 'send_email']]);
  assert.deepEqual([danger(report, 'strangers-loss').now, danger(report, 'strangers-loss').starter], ['possible', 'broken']);
});

test('under a policy, outcomes and figures are those of its rules', t => {
  const { code, out } = look(t, TOOLS, '--json', '--policy', 'FOLDER/policy.json');
  assert.equal(code, 0);
  const report = JSON.parse(out);
  assert.deepEqual(outcomes(report, 'now'), { read_inbox: 'free', send_email: 'asks', fetch_url: 'limited', delete_file: 'denied' });
  const web = report.tools.find(tool => tool.tool === 'fetch_url');
  assert.deepEqual([web.now.calls, web.now.rule], [40, '/tools/fetch_url']);
  assert.equal(danger(report, 'strangers-loss').now, 'broken');
});

test('what is said to break a combination breaks it', t => {
  const before = JSON.parse(look(t, TOOLS, '--json').out);
  for (const { name, fix } of before.combinations) {
    const tools = Object.assign({}, ...Object.values(fix.rules));
    const folder = folderOf(t, { 'tools.jsonl': lines(TOOLS), 'fix.json': JSON.stringify({ version: '1', default: 'allow', tools }) });
    const { code, out, err } = run(['stack', '--json', '--from', path.join(folder, 'tools.jsonl'), '--policy', path.join(folder, 'fix.json')]);
    assert.equal(code, 0, err);
    assert.notEqual(danger(JSON.parse(out), name).now, 'possible', name);
  }
});

test('for people: no control characters of strangers, whatever they wrote', t => {
  const hostile = [...TOOLS, { server: 'x\u001b[2J\u202e', tool: '\u001b]0;gone\u0007', description: 'Deletes all.\n<script>' },
    { server: 'x\u001b[2J\u202e', tool: 'n'.repeat(10000), description: 'Reads.' }];
  const { code, out } = look(t, hostile);
  assert.equal(code, 0);
  assert.match(out, /^4 servers, 6 tools; now: without any policy\n/);
  assert.match(out, /Private data can be carried out: possible now/);
  assert.match(out, /any number of calls of/);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(out, /[^\n\x20-\x7e]/);
  JSON.parse(look(t, hostile, '--json').out);
});

// Two real servers of exchanges, where their lists are at hand (SALLYPORT_DATA: a folder with seed-servers.json).
const SEEDS = process.env.SALLYPORT_DATA && path.join(process.env.SALLYPORT_DATA, 'seed-servers.json');
test('two exchanges together: nothing moves money unasked under starter policies', { skip: !SEEDS || !fs.existsSync(SEEDS) }, () => {
  const { code, out, err } = run(['stack', '--json', '--from', SEEDS]);
  assert.equal(code, 0, err);
  const report = JSON.parse(out);
  assert.deepEqual(report.servers.map(s => s.tools), [17, 19]);
  const financial = report.tools.filter(tool => tool.category === 'Financial');
  assert.ok(financial.length >= 8);
  for (const { tool, now, starter } of financial) assert.deepEqual([tool, now.outcome, starter.outcome], [tool, 'free', 'asks']);
  assert.equal(danger(report, 'alone').now, 'possible');
  assert.notEqual(danger(report, 'alone').starter, 'possible');
  assert.ok(report.combinations.some(c => c.name === 'same-names' && c.parts[0].tools.every(tool => tool.tool === 'cancel_order')));
  assert.equal(report.ten_minutes.starter.find(row => row.category === 'Financial').open, 0);
});

test('what cannot be read is said, and nothing else is', t => {
  const folder = folderOf(t, { 'bad.json': '{"tools":[', 'twice.json': '{"tools":[]}', 'no.json': '{"version":"2"}', 'tools.jsonl': lines(TOOLS) });
  fs.mkdirSync(path.join(folder, 'other'));
  fs.writeFileSync(path.join(folder, 'other', 'twice.json'), '{"tools":[]}');
  const at = name => path.join(folder, name);
  const cases = [[[], 2, /--from FILE is needed/], [['--from', at('bad.json')], 1, /bad\.json/], [['--from', at('none.json')], 1, /cannot be opened/],
    [['--from', at('twice.json'), '--from', at('other/twice.json')], 1, /two files have a server of one name/],
    [['--from', at('tools.jsonl'), '--policy', at('no.json')], 2, /is no policy/]];
  for (const [flags, wanted, sentence] of cases) {
    const { code, out, err } = run(['stack', ...flags]);
    assert.deepEqual([code, out], [wanted, '']);
    assert.match(err, sentence);
  }
});
