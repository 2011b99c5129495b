// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `policy lint`: findings with places, exit codes, tools of a server, and files that are wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROOT } from '../lib/scratch.mjs';
import { folderOf, run } from './command.mjs';

const TOOLS = { tools: [
  { name: 'add_order', description: 'Places an order.', inputSchema: { type: 'object', properties: { volume: { type: 'number' }, price: { type: 'string' } } } },
  { name: 'delete_account', description: 'Deletes the account for ever.', inputSchema: { type: 'object' } }] };
const volume = (op, value) => ({ path: 'args.volume', op, value });

test('findings stand at their line, with what to do, and the exit code follows their weight', t => {
  const policy = `{ "version": "1", "default": "deny",
  "tools": {
    "a": { "require": [ { "conditions": [ { "path": "args.x", "op": "gt", "value": 2 },
                                          { "path": "args.x", "op": "lt", "value": 2 } ] } ] },
    "b": { "mode": "observe" } } }`;
  const cwd = folderOf(t, { 'p.json': policy, 'fine.json': { version: '1', default: 'deny' }, 'remark.json': { version: '1', default: 'deny', tools: { b: { mode: 'observe' } } } });
  const { code, out, err } = run(['policy', 'lint', 'p.json', 'fine.json'], { cwd });
  assert.equal(out, `p.json:4:43: serious: 'args.x gt 2' and 'args.x lt 2' are both required and exclude each other, so every call is denied [no-call-passes]
    Correct one of the two conditions.
p.json:5:10: remark: this rule only observes: it blocks nothing [observes]
    Take "mode" away once the log shows what you expect.
1 serious, 0 doubtful, 1 remark
`);
  assert.deepEqual([code, err], [1, '']);
  const json = JSON.parse(run(['policy', 'lint', '--json', 'p.json', 'fine.json'], { cwd }).out);
  assert.deepEqual(json.files[1], { file: 'fine.json', findings: [], complete: true });
  assert.deepEqual([json.files[0].findings[0].kind, json.files[0].findings[0].line, json.files[0].findings[0].rule, json.serious], ['no-call-passes', 4, '/tools/a', 1]);
  for (const [flags, file, wanted] of [[[], 'remark.json', 0], [['--fail-on', 'remark'], 'remark.json', 1], [['--fail-on', 'doubtful'], 'remark.json', 0],
    [['--fail-on', 'never'], 'p.json', 0], [['--fail-on', 'grave'], 'p.json', 2]])
    assert.equal(run(['policy', 'lint', ...flags, file], { cwd }).code, wanted, `${flags} ${file}`);
});

test('the tools of a server show names, arguments and types that do not fit', t => {
  const policy = { version: '1', default: 'deny', tools: { add_ordr: {}, add_order: {
    require: [{ conditions: [volume('lte', 5), { path: 'args.vlume', op: 'gt', value: 0 }, { path: 'args.price', op: 'lt', value: 9 }] }] } } };
  const cwd = folderOf(t, { 'p.json': policy, 'one.json': TOOLS, 'answer.json': { jsonrpc: '2.0', id: 1, result: TOOLS },
    'two.jsonl': '{"server":"x","tool":"add_ordr","description":"","input_schema":{}}\n{"server":"y","tool":"add_order","description":"","input_schema":{}}\n' });
  for (const file of ['one.json', 'answer.json']) {
    const { code, out } = run(['policy', 'lint', '--tools', file, 'p.json'], { cwd });
    assert.deepEqual(out.match(/\[[a-z-]+\]$/gm), ['[no-such-tool]', '[no-such-argument]', '[type-never-fits]'], out);
    assert.match(out, /did you mean 'add_order'/);
    assert.match(out, /did you mean 'volume'/);
    assert.equal(code, 1);
  }
  assert.match(run(['policy', 'lint', '--tools', 'two.jsonl', '--server', 'x', 'p.json'], { cwd }).out, /'add_order' matches no tool of the server; did you mean 'add_ordr'/);
  assert.match(run(['policy', 'lint', '--tools', 'two.jsonl', 'p.json'], { cwd }).err, /choose one with --server/);
  assert.match(run(['policy', 'lint', '--tools', 'two.jsonl', '--server', 'z', 'p.json'], { cwd }).err, /has no such server/);
  assert.equal(run(['policy', 'lint', '--tools', 'none.json', 'p.json'], { cwd }).code, 2);
  assert.equal(run(['policy', 'lint', '--server', 'x', 'p.json'], { cwd }).code, 2);
  fs.mkdirSync(path.join(cwd, 'data'));
  fs.writeFileSync(path.join(cwd, 'one.jsonl'), '{"server":"x","tools":[{"name":"add_ordr","inputSchema":{"type":"object"}}]}\n');
  assert.equal(run(['catalogue', 'import', '--data', 'data', 'one.jsonl'], { cwd }).code, 0);
  assert.match(run(['policy', 'lint', '--data', 'data', '--server', 'x', 'p.json'], { cwd }).out, /'add_order' matches no tool of the server; did you mean 'add_ordr'/);
  assert.match(run(['policy', 'lint', '--data', 'data', '--server', 'y', 'p.json'], { cwd }).err, /the catalogue has no server 'y'/);
  assert.match(run(['policy', 'lint', '--data', 'data', 'p.json'], { cwd }).err, /--data goes with --server/);
});

test('a file with mistakes is told of and no finding hides it', t => {
  const cwd = folderOf(t, { 'bad.json': '{"version":"2"}', 'fine.json': { version: '1', default: 'deny' } });
  const { code, out, err } = run(['policy', 'lint', 'bad.json', 'fine.json'], { cwd });
  assert.equal(code, 2);
  assert.match(err, /bad\.json:1:12: error: 'version' must be "1"/);
  assert.equal(out, '0 serious, 0 doubtful, 0 remarks\n');
});

test('names in a policy cannot forge a line', t => {
  const cwd = folderOf(t, { 'p.json': { version: '1', default: 'deny', hide: ['x*'], tools: { 'x\n\u001b[2Jp.json:1:1: serious: y': {} } } });
  const { out } = run(['policy', 'lint', 'p.json'], { cwd });
  assert.equal(out.split('\n').length, 4);
  assert.ok(!out.includes('\u001b'));
});

test('the ready-made policies are clean', () => {
  const folder = path.join(ROOT, 'data/policies');
  const files = fs.readdirSync(folder).filter(name => name.endsWith('.json') && !name.endsWith('.cases.json')).map(name => path.join(folder, name));
  const { code, out } = run(['policy', 'lint', '--fail-on', 'remark', ...files], {});
  assert.deepEqual([code, out], [0, '0 serious, 0 doubtful, 0 remarks\n']);
});
