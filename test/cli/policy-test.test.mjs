// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `policy test`: cases that hold, cases that do not, and files that are wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ROOT } from '../lib/scratch.mjs';
import { folderOf, run } from './command.mjs';

const POLICY = {
  version: '1', default: 'deny', hide: ['secret'], list: 'callable', resources: { default: 'allow' }, prompts: { default: 'deny', hi: {} },
  all_tools: { deny_if: [{ conditions: [{ path: 'session.calls', op: 'gte', value: 3 }], on_deny: 'Three calls are enough.' }] },
  tools: {
    plain: {}, '@read': {}, shut: { action: 'deny' },
    report: { limits: [{ counter: 'reports', window: 'hour', max: 2, count: 'successes' }, { counter: 'tries', window: 'hour', max: 4 }],
      results: { max_bytes: 200, redact: [{ type: 'regex', pattern: '[0-9]{4,}', with: '(number)' }],
        deny_if: [{ conditions: [{ path: 'result.content[*].text', op: 'contains', value: 'SECRET' }], on_deny: 'Not for agents.' }] } },
    night: { deny_if: [{ conditions: [{ path: 'time.hour', op: 'lt', value: 6 }], on_deny: 'Not at night.' }] },
    mine: { require: [{ conditions: [{ path: 'grant.tags', op: 'contains', value: 'owner' }, { path: 'client.name', op: 'eq', value: 'editor' },
      { path: 'grant.label', op: 'eq', value: 'laptop' }], on_deny: 'Not yours.' }] },
    order: {
      deny_if: [{ conditions: [{ path: 'args.volume', op: 'gt', value: 1 }], on_deny: 'Orders above 1 unit are not permitted.' }],
      approve_if: [{ conditions: [{ path: 'args.market', op: 'eq', value: true }] }],
      limits: [{ counter: 'daily', window: 'day', max: 2, increment_from: 'args.volume' },
        { counter: 'bursts', window: 'second', max: 2, scope: 'session' }, { counter: 'here', window: 'hour', max: 2, scope: 'server' }],
    },
  },
};

// One file with these cases; the tests below look at the outcome of the whole.
function cases(t, list, more = {}) {
  const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': { policy: 'p.json', ...more, cases: list } });
  const text = run(['policy', 'test', 'c.json'], { cwd });
  const json = run(['policy', 'test', '--json', 'c.json'], { cwd });
  assert.equal(text.code, json.code);
  return { cwd, ...text, json: JSON.parse(json.out) };
}

const one = volume => ({ tool: 'order', arguments: { volume } });

const says = (text, more = {}) => ({ tool: 'report', result: { content: [{ type: 'text', text }], ...more } });

// name, case
const HOLDS = [
  ['an allowed tool', { tool: 'plain', expect: 'allow', rule: '/tools/plain' }],
  ['a denied one', { tool: 'other', expect: 'deny', rule: '(default deny)' }],
  ['a hidden one', { tool: 'secret', expect: 'hide', listed: false, reason: 'Unknown tool' }],
  ['a rule and a part of its reason', { ...one(2), expect: 'deny', rule: '/tools/order/deny_if/0', reason: 'above 1 unit' }],
  ['a question', { tool: 'order', arguments: { volume: 1, market: true }, expect: 'ask', rule: '/tools/order/approve_if/0' }],
  ['lists alone', { tool: 'shut', listed: false }],
  ['lists and a decision', { tool: 'night', listed: true, expect: 'allow' }],
  ['a category', { tool: 'x', category: 'read', expect: 'allow', rule: '/tools/@read', listed: true }],
  ['a category as a selector', { tool: 'x', category: '@Destructive', expect: 'deny' }],
  ['a resource', { resource: 'file:///x', expect: 'allow' }],
  ['a prompt', { prompt: 'hi', arguments: { a: 'b' }, expect: 'allow', listed: true }],
  ['a method', { method: 'sampling/createMessage', expect: 'deny' }],
  ['housekeeping', { method: 'ping', expect: 'allow', rule: '(protocol)' }],
  ['noon, unless a time is given', { tool: 'night', expect: 'allow' }],
  ['a time', { tool: 'night', time: '2026-01-01T03:00:00Z', expect: 'deny', reason: 'Not at night.' }],
  ['who calls', { tool: 'mine', grant: 'laptop', tags: ['x', 'owner'], client: 'editor', server: 's', expect: 'allow' }],
  ['somebody else', { tool: 'mine', grant: 'laptop', tags: [], client: 'editor', expect: 'deny', rule: '/tools/mine/require/0' }],
  ['calls of the session', { tool: 'plain', session_calls: 3, expect: 'deny', reason: 'enough' }],
  ['the same call again', { ...one(1), repeat: 2, expect: 'allow' }],
  ['a day', { ...one(1), sequence: [
    { repeat: 2, expect: 'allow' },
    { expect: 'deny', rule: '/tools/order/limits/daily', reason: 'Try again in 86400 s.' },
    { after: '23h', expect: 'deny', rule: '/tools/order/limits/daily', reason: 'Try again in 3600 s.' },
    { after: '1h', session_calls: 0, expect: 'allow' }] }],
  ['a day by the clock', { ...one(1), time: '2026-05-01T00:00:00Z', sequence: [
    { repeat: 2, expect: 'allow' }, { time: '2026-05-01T23:59:59.999Z', expect: 'deny' }, { time: '2026-05-02T00:00:00Z', expect: 'allow' }] }],
  ['all limits or none', { tool: 'order', sequence: [
    { arguments: { volume: 0.5 }, repeat: 2, expect: 'allow' },
    { arguments: { volume: 1 }, expect: 'deny', rule: '/tools/order/limits/bursts' },
    { after: '1h', session: 'b', arguments: { volume: 1 }, expect: 'allow' },
    { arguments: { volume: 0.01 }, expect: 'deny', rule: '/tools/order/limits/daily' }] }],
  ['a denied call charges nothing', { tool: 'order', sequence: [
    { arguments: { volume: 1.5 }, repeat: 9, expect: 'deny', rule: '/tools/order/deny_if/0' }, { arguments: { volume: 1 }, expect: 'allow' }] }],
  ['a question charges nothing, but is refused where the limit is used up', { tool: 'order', sequence: [
    { arguments: { volume: 1, market: true }, repeat: 9, expect: 'ask' }, { arguments: { volume: 1 }, repeat: 2, expect: 'allow' },
    { arguments: { volume: 1, market: true }, expect: 'deny', rule: '/tools/order/limits/daily' }] }],
  ['servers, grants and sessions count apart', { ...one(0.1), sequence: [
    { server: 'a', repeat: 2, expect: 'allow' }, { server: 'a', grant: 'g', expect: 'deny', rule: '/tools/order/limits/here' },
    { server: 'b', repeat: 2, expect: 'allow' }] }],
  ['session.calls counts what was let through', { tool: 'plain', sequence: [
    { tool: 'shut', expect: 'deny' }, { repeat: 3, expect: 'allow' }, { expect: 'deny', rule: '/all_tools/deny_if/0' },
    { session: 'b', repeat: 3, expect: 'allow' }, { expect: 'deny' }, { session_calls: 1, repeat: 2, expect: 'allow' }, { expect: 'deny' }] }],
  ['a result that passes as it is', { ...says('fine'), expect: 'allow', returns: { content: [{ text: 'fine', type: 'text' }] } }],
  ['a result with something taken out', { ...says('card 4111111111, code 12'), expect: 'allow', returns: says('card (number), code 12').result }],
  ['a result that is withheld', { ...says('a SECRET'), expect: 'deny', rule: '/tools/report/results/deny_if/0', reason: 'Not for agents. The call has run; only' }],
  ['a result that is too large', { ...says('x'.repeat(200)), expect: 'deny', rule: '/tools/report/results/max_bytes' }],
  ['a denied call has no result', { tool: 'shut', result: {}, expect: 'deny', rule: '/tools/shut/action' }],
  ['a resource without rules on results', { resource: 'a:b', result: { contents: [{ uri: 'a:b', text: '1234567' }] }, expect: 'allow',
    returns: { contents: [{ uri: 'a:b', text: '1234567' }] } }],
  ['a failed call does not count as a success', { tool: 'report', sequence: [
    { ...says('no', { isError: true }), expect: 'allow' }, { session: 'b', expect: 'allow', repeat: 2 },
    { expect: 'deny', rule: '/tools/report/limits/reports' }] }],
  ['a withheld result counts, for the call has run', { tool: 'report', sequence: [
    { ...says('SECRET'), repeat: 2, expect: 'deny', rule: '/tools/report/results/deny_if/0' }, { expect: 'deny', rule: '/tools/report/limits/reports' }] }],
];

for (const [name, entry] of HOLDS) {
  test('holds: ' + name, t => {
    const { code, out, err, json } = cases(t, [{ name, ...entry }]);
    assert.deepEqual([code, out, err], [0, '1 passed, 0 failed\n', '']);
    assert.deepEqual(json.files[0].cases.map(c => [c.name, c.passed]), [[name, true]]);
  });
}

// Whatever is expected, its opposite must fail: nothing passes unseen.
function opposite(entry) {
  const flipped = { ...entry };
  if ('expect' in entry) flipped.expect = entry.expect === 'allow' ? 'deny' : 'allow';
  if ('returns' in entry) { // what is left of the result may be wrong as well
    flipped.expect = entry.expect;
    flipped.returns = { ...entry.returns, more: 1 };
  }
  if ('listed' in entry) flipped.listed = !entry.listed;
  if ('sequence' in entry) flipped.sequence = [...entry.sequence.slice(0, -1), opposite(entry.sequence.at(-1))];
  return flipped;
}

test('the opposite of each of these fails', t => {
  const { code, json } = cases(t, HOLDS.map(([name, entry]) => ({ name, ...opposite(entry) })));
  assert.deepEqual(json.files[0].cases.filter(c => c.passed), []);
  assert.deepEqual([code, json.passed, json.failed], [1, 0, HOLDS.length]);
});

const examples = fs.readdirSync(path.join(ROOT, 'data/policies')).filter(name => name.endsWith('.cases.json'));

test('every policy of data/policies has cases', () => {
  const policies = fs.readdirSync(path.join(ROOT, 'data/policies')).filter(name => name.endsWith('.json') && !name.endsWith('.cases.json'));
  assert.deepEqual(examples, policies.map(name => name.replace('.json', '.cases.json')));
});

for (const name of examples) {
  test(`example: ${name} holds, and its opposite does not`, t => {
    const file = path.join(ROOT, 'data/policies', name);
    const { code, out, err } = run(['policy', 'test', file]);
    assert.equal(err, '');
    assert.match(out, /^[1-9][0-9]* passed, 0 failed\n$/);
    assert.equal(code, 0);
    const document = JSON.parse(fs.readFileSync(file, 'utf8'));
    document.cases = document.cases.map(opposite);
    const cwd = folderOf(t, { 'c.json': document });
    const report = run(['policy', 'test', '--policy', path.join(ROOT, 'data/policies', document.policy), 'c.json'], { cwd });
    assert.equal(report.out.split('\n').at(-2), `0 passed, ${document.cases.length} failed`);
  });
}

const PAGE = fs.readFileSync(path.join(ROOT, 'docs/policy.md'), 'utf8');

// Each names the policy that it is about by a word of that policy.
for (const [, example] of PAGE.matchAll(/^```json cases\n([^]*?)^```$/gm)) {
  const { policy, cases: list } = JSON.parse(example);
  test(`the example of docs/policy.md about ${policy} holds`, t => {
    const word = { 'kraken.json': 'cancel_all_orders_after', 'accounts.json': 'get_account', 'files.json': 'delete_file' }[policy];
    const document = [...PAGE.matchAll(/^```json\n([^]*?)^```$/gm)].map(block => block[1]).find(text => text.includes(word));
    const cwd = folderOf(t, { [policy]: document, 'c.json': example });
    const { code, out, err } = run(['policy', 'test', 'c.json'], { cwd });
    assert.deepEqual([code, out, err], [0, `${list.length} passed, 0 failed\n`, '']);
  });
}

// What no case reached, in each form that the verb prints.
test('coverage names the parts that decided nothing, and too little of it fails', t => {
  const policy = { version: '1', default: 'deny', hide: ['h', 'i'], resources: { default: 'allow' }, methods: { 'completion/complete': 'deny' }, tools: {
    a: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 1 }] }], limits: [{ counter: 'n', window: 'day', max: 1 }] },
    b: { mode: 'observe', action: 'deny' }, c: { results: { max_bytes: 9, deny_if: [{ conditions: [] }] } } } };
  const list = [{ tool: 'a', expect: 'allow' }, { tool: 'h', expect: 'hide' }, { tool: 'b', expect: 'allow' }, { resource: 'x://y', expect: 'allow' },
    { tool: 'c', result: { content: [] }, expect: 'deny' }];
  const cwd = folderOf(t, { 'p.json': policy, 'c.json': { policy: 'p.json', cases: list }, 'd.json': { policy: 'p.json', cases: [{ tool: 'nothing', expect: 'deny' }] } });
  const { code, json } = (r => ({ code: r.code, json: JSON.parse(r.out) }))(run(['policy', 'test', '--json', '--coverage', 'c.json'], { cwd }));
  assert.equal(code, 0);
  const [{ percent, parts }] = json.coverage;
  const decided = Object.fromEntries(parts.map(part => [part.rule, part.decided]));
  assert.deepEqual(decided, { '/hide/0': 1, '/hide/1': 0, '/tools/a': 1, '/tools/a/deny_if/0': 0, '/tools/a/limits/n': 0, '/tools/b/action': 1, '/tools/c': 0,
    '/tools/c/results/max_bytes': 1, '/tools/c/results/deny_if/0': 0, '/methods/completion~1complete': 0, '/default': 0, '/resources/default': 1 });
  assert.equal(percent, 41);
  assert.deepEqual(parts.filter(part => part.looked > 0 && part.decided === 0).map(part => part.rule), ['/tools/a/deny_if/0', '/tools/a/limits/n', '/tools/c']);
  const text = run(['policy', 'test', '--coverage', '--require-coverage', '50', 'c.json', 'd.json'], { cwd });
  assert.match(text.out, /^p\.json:1:\d+: decided no call: \/hide\/1, and was never looked at$/m);
  assert.match(text.out, /^p\.json: 6 of 12 parts decided a call, 50 %$/m);
  assert.equal(text.code, 0);
  const short = run(['policy', 'test', '--require-coverage', '51', 'c.json', 'd.json'], { cwd });
  assert.deepEqual([short.code, short.err], [1, "sallyport: 50 % of the policies' parts decided a call, 51 % are required\n"]);
  for (const bad of ['101', '-1', '5x', '']) assert.equal(run(['policy', 'test', `--require-coverage=${bad}`, 'c.json'], { cwd }).code, 2);
});

test('TAP and JUnit say the same as the text', t => {
  const cwd = folderOf(t, { 'p.json': POLICY, 'bad.json': { policy: 'p.json', cases: [] },
    'c.json': { policy: 'p.json', cases: [{ name: 'it # "is" <so> & \\ \n', tool: 'plain', expect: 'allow' }, { tool: 'shut', expect: 'allow' }] } });
  const tap = run(['policy', 'test', '--tap', 'c.json', 'bad.json', '--junit', 'out.xml'], { cwd });
  assert.equal(tap.code, 2);
  assert.equal(tap.out, `TAP version 14
ok 1 - c.json: it \\# "is" <so> & \\\\ ?
not ok 2 - c.json: tool shut
  ---
  at: "c.json:1:95"
  expected: "allowed"
  decided: "denied by /tools/shut/action: Tool 'shut' is denied by the policy."
  ...
not ok 3 - bad.json: the file or its policy has mistakes
1..3
`.replace(/c\.json:1:\d+/, tap.out.match(/c\.json:1:\d+/)[0]));
  const xml = fs.readFileSync(path.join(cwd, 'out.xml'), 'utf8');
  assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites>\n {2}<testsuite name="c\.json" tests="2" failures="1" errors="0">\n/);
  assert.match(xml, /name="it # &quot;is&quot; &lt;so&gt; &amp; \\ \?" line="1"\/>/);
  assert.match(xml, /<failure message="expected: allowed; decided: denied by \/tools\/shut\/action/);
  assert.match(xml, /<testsuite name="bad\.json" tests="1" failures="0" errors="1">/);
  assert.equal(run(['policy', 'test', '--tap', '--json', 'c.json'], { cwd }).code, 2);
  assert.equal(run(['policy', 'test', 'c.json', '--junit', 'no/such/folder.xml'], { cwd }).code, 1);
});

test('a failed case says where, what was expected, what was decided, by which rule and why', t => {
  const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': `{ "policy": "p.json",
  "cases": [
    { "name": "orders pass", "tool": "order", "arguments": {"volume": 2}, "expect": "allow" },
    { "tool": "other", "expect": "deny", "rule": "/tools/other", "reason": "because" },
      { "tool": "plain", "listed": false, "expect": "ask" },
    { "name": "one\\na day", "tool": "plain",
      "sequence": [ {"expect": "allow"},
        {"repeat": 4, "expect": "allow"} ] }
  ] }` });
  const { code, out, err } = run(['policy', 'test', 'c.json'], { cwd });
  const note = "    note:     the policy looks at categories, and the tool's is not given ('category')\n";
  assert.equal(out, `c.json:3:5: failed: orders pass
    expected: allowed
    decided:  denied by /tools/order/deny_if/0: Orders above 1 unit are not permitted.
${note}c.json:4:5: failed: tool other
    expected: denied by /tools/other, the reason holds 'because'
    decided:  denied by (default deny): ${run(['policy', 'explain', 'p.json', '--tool', 'other', '--json'], { cwd }).out.match(/"reason":"([^"]*)"/)[1]}
${note}c.json:5:7: failed: tool plain
    expected: a person is asked, and not listed
    decided:  allowed by /tools/plain, and listed
${note}c.json:8:9: failed: one?a day, step 2, call 3 of 4
    expected: allowed
    decided:  denied by /all_tools/deny_if/0: Three calls are enough.
${note}0 passed, 4 failed
`);
  assert.deepEqual([code, err], [1, '']);
});

test('--json tells the same as data', t => {
  const { json, code } = cases(t, [{ name: 'a', tool: 'plain', expect: 'allow' }, { ...one(2), expect: 'allow', rule: '/x' }, { tool: 'plain', listed: false }]);
  const { file, policy, problems, cases: list } = json.files[0];
  assert.deepEqual([file, policy, problems], ['c.json', 'p.json', []]);
  assert.deepEqual(list.map(({ line, column, ...rest }) => rest), [
    { name: 'a', passed: true },
    { name: 'tool order', passed: false, step: 1, call: 1, expected: { outcome: 'allow', rule: '/x' },
      decided: { outcome: 'deny', rule: '/tools/order/deny_if/0', reason: 'Orders above 1 unit are not permitted.' } },
    { name: 'tool plain', passed: false, step: 1, call: 1, expected: { listed: false }, decided: { listed: true } },
  ]);
  assert.deepEqual([json.passed, json.failed, json.errors, code], [1, 2, 0, 1]);
});

test('a result that came back otherwise is shown, without line breaks', t => {
  const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': `{ "policy": "p.json", "cases": [
    { "tool": "report", "category": "read", "expect": "allow",
      "result": { "content": [ { "type": "text",
        "text": "card 41111111\\n" } ] },
      "returns": { "content": [
        {"type": "text", "text": "card 41111111\\n"} ] } } ] }` });
  const { code, out } = run(['policy', 'test', 'c.json'], { cwd });
  assert.equal(out, `c.json:2:5: failed: tool report
    expected: allowed, the agent sees {"content":[{"type":"text","text":"card 41111111\\n"}]}
    decided:  allowed by /tools/report, the agent sees {"content":[{"type":"text","text":"card (number)\\n"}]}
0 passed, 1 failed
`);
  assert.equal(code, 1);
  const json = JSON.parse(run(['policy', 'test', '--json', 'c.json'], { cwd }).out);
  assert.deepEqual(json.files[0].cases[0].decided.returns, { content: [{ type: 'text', text: 'card (number)\n' }] });
  assert.deepEqual(json.files[0].cases[0].expected.returns, { content: [{ type: 'text', text: 'card 41111111\n' }] });
});

test('cases begin from empty counters, and defaults go for all', t => {
  const { out } = cases(t, [{ ...one(1), repeat: 2, expect: 'allow' }, { ...one(1), repeat: 2, expect: 'allow' },
    { tool: 'night', expect: 'deny' }, { tool: 'night', time: '2026-01-01T07:00:00Z', expect: 'allow' },
    { tool: 'plain', session_calls: 3, expect: 'deny' }, { tool: 'plain', expect: 'allow' }],
  { defaults: { time: '2026-01-01T03:00:00Z', session_calls: 2, server: 's' } });
  assert.match(out, /c\.json:1:[0-9]+: failed: tool order, call 2 of 2\n.*\n.*Three calls/);
  assert.equal(out.split('\n').at(-2), '4 passed, 2 failed');
});

test('several files: one line of counts, and --policy takes the place of theirs', t => {
  const cwd = folderOf(t, {
    'p.json': POLICY, 'a.json': { policy: 'p.json', cases: [{ tool: 'plain', expect: 'allow' }] },
    'b.json': { policy: 'none.json', cases: [{ tool: 'plain', expect: 'deny' }] }, 'open.json': { version: '1', default: 'allow' },
  });
  const broken = run(['policy', 'test', 'a.json', 'b.json'], { cwd });
  assert.deepEqual([broken.code, broken.out], [2, '1 passed, 0 failed\n']);
  assert.equal(broken.err, "b.json:1:11: error: the policy 'none.json' cannot be read: No such file or directory\n");
  const open = run(['policy', 'test', '--policy', 'open.json', 'a.json', 'b.json'], { cwd });
  assert.deepEqual([open.code, open.out.split('\n').at(-2), open.err], [1, '1 passed, 1 failed', '']);
});

test('a policy is looked for beside its cases', t => {
  const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': { policy: './p.json', cases: [{ tool: 'plain', expect: 'allow' }] } });
  const { code, out } = run(['policy', 'test', path.join(cwd, 'c.json')], { cwd: '/' });
  assert.deepEqual([code, out], [0, '1 passed, 0 failed\n']);
});

test('problems of the policy are told with its file; warnings let it work', t => {
  const cwd = folderOf(t, {
    'bad.json': '{\n  "version": "1",\n  "default": "deny", "tols": {}\n}', 'odd.json': { version: '1', default: 'deny', hide: ['a', 'a'] },
    'c.json': { policy: 'bad.json', cases: [{ tool: 'a', expect: 'hide' }] },
  });
  const bad = run(['policy', 'test', 'c.json'], { cwd });
  assert.match(bad.err, /^bad\.json:3:22: error: unknown key 'tols'.*did you mean 'tools'\?\n$/);
  assert.deepEqual([bad.code, bad.out], [2, '0 passed, 0 failed\n']);
  const odd = run(['policy', 'test', '--policy', 'odd.json', 'c.json'], { cwd });
  assert.match(odd.err, /^odd\.json:1:[0-9]+: warning: /);
  assert.deepEqual([odd.code, odd.out], [0, '1 passed, 0 failed\n']);
});

// text of one case, problem
const WRONG = [
  ['{"tol":"a","tool":"a","expect":"allow"}', "unknown key 'tol' in a case; did you mean 'tool'?"],
  ['{"tool":"a","zzzzzz":1,"expect":"allow"}', "unknown key 'zzzzzz' in a case"],
  ['{"tool":"a","tool":"b","expect":"allow"}', "duplicate key 'tool'"],
  ['{"expect":"allow"}', "nothing is called: 'tool', 'resource', 'prompt' or 'method' is missing"],
  ['{"tool":"a","prompt":"a","expect":"allow"}', "only one of 'tool', 'resource', 'prompt' and 'method' can be called"],
  ['{"tool":"a"}', "nothing is expected: 'expect' or 'listed' is missing"],
  ['{"tool":"a","rule":"x","listed":true}', "'rule' and 'reason' need an 'expect'"],
  ['{"tool":"a","expect":"allows"}', "unknown outcome 'allows' (it is one of 'allow', 'deny', 'ask', 'hide' and 'observe'); did you mean 'allow'?"],
  ['{"tool":"a","expect":true}', "'expect' must be a string, not boolean"],
  ['{"tool":7,"expect":"allow"}', "'tool' must be a string, not number"],
  ['{"tool":"a","reason":"","expect":"allow"}', "'reason' must not be empty"],
  ['{"tool":"a","listed":1}', "'listed' must be true or false, not number"],
  ['{"method":"a","listed":true}', 'methods are not listed: only tools, resources and prompts are'],
  ['{"tool":"a","arguments":[],"expect":"allow"}', "'arguments' must be an object, not array"],
  ['{"resource":"a","arguments":{},"expect":"allow"}', 'a resource has no arguments'],
  ['{"tool":"a","category":"reads","expect":"allow"}', "unknown category 'reads'; did you mean 'Read'?"],
  ['{"tool":"a","tags":"a,b","expect":"allow"}', "'tags' must be an array, not string"],
  ['{"tool":"a","tags":[1],"expect":"allow"}', 'a tag must be a string, not number'],
  [`{"tool":"a","tags":[${Array(33).fill('"t"')}],"expect":"allow"}`, 'more than 32 tags'],
  ['{"tool":"a","time":"noon","expect":"allow"}', "'time' must be like 2027-01-01T12:00:00Z"],
  ['{"tool":"a","session_calls":-1,"expect":"allow"}', "'session_calls' must be a whole number of 0 to 9223372036854775807"],
  ['{"tool":"a","repeat":0,"expect":"allow"}', "'repeat' must be a whole number of 1 to 100000"],
  ['{"tool":"a","after":"1h","expect":"allow"}', "'after' cannot stand in a case"],
  ['{"tool":"a","sequence":[]}', 'the sequence has no step: it could not fail'],
  ['{"tool":"a","sequence":{}}', "'sequence' must be an array, not object"],
  ['{"tool":"a","expect":"deny","sequence":[{"expect":"deny"}]}', "'expect' cannot stand in a case beside its sequence"],
  ['{"tool":"a","sequence":[{"name":"x","expect":"deny"}]}', "'name' cannot stand in a step"],
  ['{"tool":"a","sequence":[7]}', 'a step must be an object, not number'],
  ['{"tool":"a","sequence":[{"after":"1 h","expect":"deny"}]}', '\'after\' must be a duration such as "90s", "24h", "7d" or whole seconds, at most 36600 days'],
  ['{"tool":"a","sequence":[{"after":"36601d","expect":"deny"}]}', '\'after\' must be a duration such as "90s", "24h", "7d" or whole seconds, at most 36600 days'],
  ['{"tool":"a","sequence":[{"after":-1,"expect":"deny"}]}', '\'after\' must be a duration such as "90s", "24h", "7d" or whole seconds, at most 36600 days'],
  ['{"tool":"a","sequence":[{"after":1,"time":"2027-01-01T12:00:00Z","expect":"deny"}]}', "'time' and 'after' exclude each other"],
  ['{"tool":"a","sequence":[{"time":"2025-01-01T12:00:00Z","expect":"deny"}]}', "'time' lies before the step above"],
  ['{"tool":"a","result":[],"expect":"allow"}', "'result' must be an object, not array"],
  ['{"tool":"a","result":{},"listed":true}', "a 'result' needs an 'expect'"],
  ['{"method":"a","result":{},"expect":"allow"}', 'only results of tools, resources and prompts are judged'],
  ['{"tool":"a","returns":{},"expect":"allow"}', '\'returns\' needs a \'result\' and "expect": "allow"'],
  ['{"tool":"a","result":{},"returns":{},"expect":"deny"}', '\'returns\' needs a \'result\' and "expect": "allow"'],
  ['"a"', 'a case must be an object, not string'],
];

for (const [text, sentence] of WRONG) {
  test('refused: ' + sentence, t => {
    const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': `{"policy":"p.json","cases":[\n${text}\n]}` });
    const { code, out, err } = run(['policy', 'test', 'c.json'], { cwd });
    const [, line, column, said] = /^c\.json:([0-9]+):([0-9]+): error: (.*)\n$/.exec(err) ?? assert.fail(err);
    assert.deepEqual([line, said], ['2', sentence]);
    assert.ok(Number(column) <= text.length);
    assert.deepEqual([code, out], [2, '0 passed, 0 failed\n']);
  });
}

const WRONG_FILES = [
  ['', /^c\.json:1:1: error: /],
  ['[]', /^c\.json:1:1: error: a file of cases must be an object, not array\n$/],
  ['{"cases":[{"tool":"a","expect":"deny"}]}', /^c\.json:1:1: error: 'policy' is missing: the file of the policy, or --policy\n$/],
  ['{"policy":"p.json"}', /^c\.json:1:1: error: there is no case: a test that cannot fail\n$/],
  ['{"policy":"p.json","cases":[]}', /^c\.json:1:28: error: there is no case: a test that cannot fail\n$/],
  ['{"policy":"p.json","cses":[],"cases":{}}', /^c\.json:1:20: error: unknown key 'cses'; did you mean 'cases'\?\nc\.json:1:38: error: 'cases' must be an array, not object\n$/],
  ['{"policy":"","cases":[{"tool":"a","expect":"deny"}]}', /^c\.json:1:11: error: 'policy' must be the name of a file\n$/],
  ['{"policy":"p.json","defaults":{"tool":"a","grnt":"b"},"cases":[{"tool":"a","expect":"deny"}]}',
    /^c\.json:1:32: error: 'tool' cannot stand in the defaults\nc\.json:1:43: error: unknown key 'grnt' in the defaults; did you mean 'grant'\?\n$/],
  ['{"policy":"p.json",\n "cases":[{"tool":"a","expect":"deny"}],}', /^c\.json:2:41: error: expected a key/],
];

for (const [text, complaint] of WRONG_FILES) {
  test('a wrong file: ' + text, t => {
    const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': text });
    const { code, out, err } = run(['policy', 'test', 'c.json'], { cwd });
    assert.match(err, complaint);
    assert.deepEqual([code, out], [2, '0 passed, 0 failed\n']);
    const json = JSON.parse(run(['policy', 'test', '--json', 'c.json'], { cwd }).out);
    assert.equal(json.errors, json.files[0].problems.length);
    assert.ok(json.errors > 0);
  });
}

test('all mistakes at once, in reading order; none of the cases runs', t => {
  const cwd = folderOf(t, { 'p.json': POLICY, 'c.json': '{"policy":"p.json","cases":[\n{"tool":"plain","expect":"deny"},\n{"tool":"a","expects":"deny"},\n{"tool":"a","expect":"no"}]}' });
  const { code, out, err } = run(['policy', 'test', 'c.json', 'none.json'], { cwd });
  assert.deepEqual(err.trimEnd().split('\n').map(line => line.split(': error:')[0]), ['c.json:3:1', 'c.json:3:13', 'c.json:4:22', 'none.json']);
  assert.deepEqual([code, out], [2, '0 passed, 0 failed\n']);
});

test('the fuse blows in a case as in the gateway, and what it and redactions did is covered', t => {
  const policy = { version: '1', default: 'allow', tools: { closed: { action: 'deny' } }, runaway: { identical_calls: { max: 2, window: 'minute' }, denials_in_a_row: 2, reason: 'it is stuck' },
    results: { redact: [{ type: 'secrets' }, { type: 'regex', pattern: 'q+' }, { path: 'result.structuredContent.a' }] } };
  const same = { tool: 'a', arguments: { n: 1 } };
  const cases = [
    { name: 'identical', sequence: [{ ...same, expect: 'allow' }, { tool: 'a', arguments: { n: 1.0 }, expect: 'allow' }, { ...same, grant: 'other', expect: 'allow' }, { ...same, expect: 'deny', rule: '/runaway/identical_calls', reason: 'it is stuck' },
      { tool: 'b', after: '1h', expect: 'deny', rule: '(paused)', reason: 'This grant is paused' }, { tool: 'b', grant: 'other', expect: 'allow' }, { method: 'x/y', expect: 'allow' }] },
    { name: 'a window later', sequence: [{ ...same, repeat: 2, expect: 'allow' }, { ...same, after: '2m', expect: 'allow' }] },
    { name: 'denials', sequence: [{ tool: 'closed', expect: 'deny' }, { tool: 'b', expect: 'allow' }, { tool: 'closed', arguments: { n: 1 }, expect: 'deny', rule: '/tools/closed/action' }, { tool: 'closed', arguments: { n: 2 }, expect: 'deny', rule: '/tools/closed/action' }, { tool: 'b', expect: 'deny', rule: '(paused)' }] },
    { name: 'redacted', tool: 'c', result: { content: [{ type: 'text', text: 'qq' }], structuredContent: { a: 1 } }, expect: 'allow' },
  ];
  const cwd = folderOf(t, { 'p.json': JSON.stringify(policy), 'c.json': JSON.stringify({ policy: 'p.json', cases }) });
  const { code, out, err } = run(['policy', 'test', '--coverage', 'c.json'], { cwd });
  assert.equal(code, 0, out + err);
  assert.match(out, /p\.json:\d+:\d+: decided no call: \/results\/redact\/0, and was never looked at\n/);
  assert.doesNotMatch(out, /decided no call: \/(results\/redact\/[12]|runaway)/);
  const without = run(['policy', 'test', '--coverage', 'd.json'], { cwd: folderOf(t, { 'p.json': JSON.stringify(policy), 'd.json': JSON.stringify({ policy: 'p.json', cases: [{ tool: 'a', expect: 'allow' }] }) }) }).out;
  for (const rule of ['/results/redact/1', '/runaway/identical_calls', '/runaway/denials_in_a_row']) assert.ok(without.includes('decided no call: ' + rule), rule);
});
