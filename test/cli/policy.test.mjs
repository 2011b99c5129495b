// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `policy check` and `policy explain`: what they print and how they exit.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { folderOf, run } from './command.mjs';

const POLICY = {
  version: '1', default: 'deny', hide: ['withdraw_*'],
  resources: { default: 'allow' }, methods: { 'completion/complete': 'allow' },
  tools: {
    get_ticker: {},
    '@read': {},
    night: { deny_if: [{ conditions: [{ path: 'time.hour', op: 'lt', value: 6 }], on_deny: 'Not at night.' }] },
    mine: { require: [{ conditions: [{ path: 'grant.tags', op: 'contains', value: 'owner' }, { path: 'client.name', op: 'eq', value: 'editor' },
      { path: 'grant.label', op: 'eq', value: 'laptop' }, { path: 'session.calls', op: 'lt', value: 5 }], on_deny: 'Not yours.' }] },
    add_order: {
      deny_if: [{ conditions: [{ path: 'args.volume', op: 'gt', value: 1 }], on_deny: 'Orders above 1 unit are not permitted.' }],
      approve_if: [{ conditions: [{ path: 'args.ordertype', op: 'eq', value: 'market' }] }],
      limits: [{ counter: 'daily', window: 'day', max: 5, increment_from: 'args.volume' }],
    },
  },
};
const BROKEN = '{\n  "version": "1",\n  "defalt": "deny"\n}\n';

function files(t) {
  return folderOf(t, { 'p.json': POLICY, 'bad.json': BROKEN, 'args.json': { volume: 2 }, 'not.json': 'x' });
}

test('check: a good policy', t => {
  const { code, out, err } = run(['policy', 'check', 'p.json'], { cwd: files(t) });
  assert.deepEqual([code, out, err], [0, '1 file, 0 errors, 0 warnings\n', '']);
});

test('check: every mistake with file, line and column, then a summary', t => {
  const { code, out, err } = run(['policy', 'check', 'p.json', 'bad.json', 'none.json'], { cwd: files(t) });
  const lines = out.trimEnd().split('\n');
  assert.ok(lines.some(line => /^bad\.json:3:3: error: unknown key 'defalt'.*did you mean 'default'/.test(line)), out);
  assert.ok(lines.includes('none.json: error: cannot be read: No such file or directory'), out);
  const errors = lines.length - 1;
  assert.equal(lines.at(-1), `3 files, ${errors} errors, 0 warnings`);
  assert.deepEqual([code, err], [2, '']);
});

test('check --json: the same as data', t => {
  const { code, out } = run(['policy', 'check', '--json', 'p.json', 'bad.json'], { cwd: files(t) });
  const report = JSON.parse(out);
  assert.deepEqual(report.files.map(file => file.file), ['p.json', 'bad.json']);
  assert.deepEqual(report.files[0].problems, []);
  const unknown = report.files[1].problems.find(problem => problem.text.includes('defalt'));
  assert.deepEqual([unknown.line, unknown.column, unknown.severity], [3, 3, 'error']);
  assert.equal(report.errors, report.files[1].problems.length);
  assert.equal(report.warnings, 0);
  assert.equal(code, 2);
});

test('check: a file whose name looks like a flag comes after --', t => {
  const cwd = folderOf(t, { '--json': POLICY });
  assert.equal(run(['policy', 'check', '--', '--json'], { cwd }).code, 0);
});

// name, arguments, outcome, rule, exit code under --exit-code
const CALLS = [
  ['an allowed tool', ['--tool', 'get_ticker'], 'allowed', '/tools/get_ticker', 0],
  ['an unknown tool', ['--tool', 'other'], 'denied', '(default deny)', 3],
  ['a hidden tool', ['--tool', 'withdraw_all'], 'denied', '(hidden)', 3],
  ['arguments', ['--tool', 'add_order', '--args', '{"volume": 2}'], 'denied', '/tools/add_order/deny_if/0', 3],
  ['arguments of a file', ['--tool', 'add_order', '--args', '@args.json'], 'denied', '/tools/add_order/deny_if/0', 3],
  ['an approval', ['--tool', 'add_order', '--args={"volume":1,"ordertype":"market"}'], 'approval', '/tools/add_order/approve_if/0', 4],
  ['a category', ['--tool', 'other', '--category', 'read'], 'allowed', '/tools/@read', 0],
  ['another category', ['--tool', 'other', '--category', '@Destructive'], 'denied', '(default deny)', 3],
  ['a time at night', ['--tool', 'night', '--time', '2027-01-01T03:00:00Z'], 'denied', '/tools/night/deny_if/0', 3],
  ['a time by day', ['--tool', 'night', '--time', '2027-01-01T03:00:00-05:00'], 'allowed', '/tools/night', 0],
  ['who calls', ['--tool', 'mine', '--grant', 'laptop', '--tags', 'x,owner', '--client', 'editor', '--server', 's', '--session-calls', '4'], 'allowed', '/tools/mine', 0],
  ['too many calls', ['--tool', 'mine', '--grant', 'laptop', '--tags', 'x,owner', '--client', 'editor', '--session-calls', '5'], 'denied', '/tools/mine/require/0', 3],
  ['somebody else', ['--tool', 'mine', '--grant', 'laptop', '--tags', 'x', '--client', 'editor'], 'denied', '/tools/mine/require/0', 3],
  ['a resource', ['--resource', 'file:///x'], 'allowed', undefined, 0],
  ['a prompt', ['--prompt', 'x'], 'denied', undefined, 3],
  ['a method', ['--method', 'completion/complete'], 'allowed', undefined, 0],
];

for (const [name, args, outcome, rule, exit] of CALLS) {
  test('explain: ' + name, t => {
    const cwd = files(t);
    const json = run(['policy', 'explain', 'p.json', ...args, '--json', '--exit-code'], { cwd });
    const verdict = JSON.parse(json.out);
    assert.equal(verdict.outcome, outcome, json.out);
    if (rule !== undefined) assert.equal(verdict.rule, rule);
    assert.equal(verdict.policy, 'p');
    assert.match(verdict.version, /^sha256:[0-9a-f]{16}$/);
    assert.equal(json.code, exit);
    const text = run(['policy', 'explain', ...args, 'p.json'], { cwd });
    assert.equal(text.out, verdict.text);
    assert.ok(text.out.includes(verdict.rule), text.out);
    assert.equal(text.code, 0);
  });
}

test('explain: what would be charged, and arguments from standard input', t => {
  const { out } = run(['policy', 'explain', 'p.json', '--tool', 'add_order', '--args', '-', '--json'], { cwd: files(t), input: '{"volume": 0.25}' });
  assert.deepEqual(JSON.parse(out).charges, [{ rule: '/tools/add_order/limits/daily', counter: 'daily', scope: 'grant', amount: 0.25, max: 5, windowMs: 86400000, observes: false }]);
});

test('explain: the steps are JSON, with the values that were looked at', t => {
  const policy = { version: '1', default: 'deny', tools: { 'get_*': {}, '*': { action: 'deny' }, get_a: {
    require: [{ id: 'small', conditions: [{ path: 'args.items[*].n', op: 'lte', value: 5 }, { path: 'args.x', op: 'exists' }] }],
    deny_if: [{ mode: 'observe', conditions: [{ path: 'args.x', op: 'eq', value: 'y' }] }],
    limits: [{ counter: 'n', window: 'day', max: 5, mode: 'observe' }] } } };
  const cwd = folderOf(t, { 'p.json': policy });
  const explain = args => JSON.parse(run(['policy', 'explain', 'p.json', '--tool', 'get_a', '--args', JSON.stringify(args), '--json'], { cwd }).out);
  const whole = explain({ items: [{ n: 1 }, { n: 2 }], x: 'y' });
  assert.deepEqual(whole.steps, [
    { step: 'hide', selector: null },
    { step: 'select', entry: { rule: '/tools/get_a', by: 'exact name', observes: false }, rival: null,
      others: [{ rule: '/tools/get_*', by: 'pattern', observes: false }, { rule: '/tools/*', by: 'everything', observes: false }] },
    { step: 'require', rule: '/tools/get_a/require/0', id: 'small', observes: false, conditions: [
      { path: 'args.items[*].n', op: 'lte', value: 5, found: [{ value: 1 }, { value: 2 }], foundCount: 2, holds: 'yes' },
      { path: 'args.x', op: 'exists', value: true, found: [{ value: 'y' }], foundCount: 1, holds: 'yes' }], holds: 'yes' },
    { step: 'deny_if', rule: '/tools/get_a/deny_if/0', id: '', observes: true, conditions: [
      { path: 'args.x', op: 'eq', value: 'y', found: [{ value: 'y' }], foundCount: 1, holds: 'yes' }], holds: 'yes' },
    { step: 'observed', would: 'deny', rule: '/tools/get_a/deny_if/0' },
    { step: 'limit', rule: '/tools/get_a/limits/n', counter: 'n', scope: 'grant', amount: 1, max: 5, windowMs: 86400000, observes: true }]);
  assert.deepEqual([whole.outcome, whole.observed.rule, whole.charges[0].observes], ['allowed', '/tools/get_a/deny_if/0', true]);
  const trouble = explain({ items: [{ n: 'x'.repeat(5000) }] }).steps.at(-1);
  assert.deepEqual([trouble.holds, trouble.conditions[0].holds, trouble.conditions[0].found[0].start.length], ['cannot be judged', 'cannot be judged', 200]);
  assert.match(trouble.conditions[0].trouble, /expected a number/);
  assert.deepEqual(explain({ items: [] }).steps.at(-1).conditions[0].found, [{ missing: true }]);
});

const REFUSED = [
  [['--args', '{}'], 'exactly one of --tool, --resource, --prompt and --method is needed'],
  [['--tool', 'x', '--method', 'y'], 'exactly one of --tool, --resource, --prompt and --method is needed'],
  [['--tool', 'x', '--category', 'raed'], "unknown category 'raed'; did you mean 'Read'?"],
  [['--tool', 'x', '--time', 'noon'], "'--time' must be like 2027-01-01T12:00:00Z"],
  [['--tool', 'x', '--session-calls', '-1'], "'--session-calls' must be a whole number"],
  [['--tool', 'x', '--args', '[]'], "'--args' must be an object"],
  [['--tool', 'x', '--args', '@none.json'], "'none.json' cannot be read: No such file or directory"],
];

for (const [args, sentence] of REFUSED) {
  test('explain refuses: ' + args.join(' '), t => {
    const { code, out, err } = run(['policy', 'explain', 'p.json', ...args], { cwd: files(t) });
    assert.equal(err.split('\n')[0], 'sallyport: ' + sentence);
    assert.deepEqual([code, out], [2, '']);
  });
}

test('explain without a call says what the policy means', t => {
  const cwd = files(t);
  const text = run(['policy', 'explain', 'p.json'], { cwd });
  assert.equal(text.code, 0);
  const lines = text.out.trimEnd().split('\n');
  assert.equal(lines[0], 'What nothing below speaks of is denied.');
  const { sentences } = JSON.parse(run(['policy', 'explain', 'p.json', '--json'], { cwd }).out);
  assert.deepEqual(sentences.map(s => s.text), lines.map(l => l.trim()));
  assert.ok(sentences.every(s => s.rule.startsWith('/')));
  // With something that only a call has, the call is asked for.
  assert.match(run(['policy', 'explain', 'p.json', '--args', '{}'], { cwd }).err, /exactly one of --tool/);
});

test('explain: broken arguments and broken policies say where', t => {
  const cwd = files(t);
  const args = run(['policy', 'explain', 'p.json', '--tool', 'x', '--args', '{"a":}'], { cwd });
  assert.match(args.err, /^sallyport: '--args': 1:6: /);
  assert.equal(args.code, 2);
  const policy = run(['policy', 'explain', 'bad.json', '--tool', 'x'], { cwd });
  assert.match(policy.err, /^bad\.json:3:3: error: unknown key 'defalt'/m);
  assert.deepEqual([policy.code, policy.out], [2, '']);
  const missing = run(['policy', 'explain', path.join(cwd, 'none.json'), '--tool', 'x']);
  assert.match(missing.err, /none\.json' cannot be read: No such file/);
  assert.equal(missing.code, 2);
});

test('diff: two files, for those who call', t => {
  const looser = structuredClone(POLICY);
  looser.tools.add_order.limits[0].max = 50;
  looser.tools.night.action = 'deny';
  const cwd = folderOf(t, { 'a.json': POLICY, 'b.json': looser, 'bad.json': BROKEN });
  const { code, out } = run(['policy', 'diff', 'a.json', 'b.json'], { cwd });
  assert.equal(code, 0);
  assert.equal(out, "loosened   tool 'add_order': was at most 5 args.volume per day of a grant, is at most 50 args.volume per day of a grant\n" +
    '           /tools/add_order/limits/daily -> /tools/add_order/limits/daily\n' +
    "tightened  tool 'night': was allowed, is denied\n           /tools/night -> /tools/night\n");
  assert.equal(run(['policy', 'diff', 'a.json', 'a.json'], { cwd }).out, 'nothing changes for those who call\n');
  const json = JSON.parse(run(['policy', 'diff', 'b.json', 'a.json', '--json'], { cwd }).out);
  assert.equal(json.complete, true);
  assert.deepEqual(json.changes.map(c => [c.gravity, c.kind, c.selector]), [['loosened', 'newly_allowed', 'night'], ['tightened', 'limit_lowered', 'add_order']]);
  const bad = run(['policy', 'diff', 'a.json', 'bad.json'], { cwd });
  assert.equal(bad.code, 2);
  assert.match(bad.err, /'bad\.json' is no policy:\nbad\.json:1:1: error: [^]*bad\.json:3:3: error: unknown key 'defalt'/);
  assert.equal(run(['policy', 'diff', 'a.json', 'nothing.json'], { cwd }).code, 2);
});
