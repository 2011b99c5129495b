// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies by chance that the gateway takes, with all that the language has.
import { Raw } from '../../src/pages/policies/model/edit';

/** Chance that is the same each time. */
export function dice(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let skip = 0; skip < 8; skip++) next(); // seeds side by side begin alike
  return {
    chance: (p: number) => next() < p,
    below: (n: number) => Math.floor(next() * n),
    pick: <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T,
  };
}
export type Dice = ReturnType<typeof dice>;

type Json = Record<string, unknown>;

// With white space and numbers as some write them.
function write(d: Dice, value: unknown): string {
  const gap = () => d.pick(['', ' ', '\n  ', '\t']);
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map((each) => gap() + write(d, each) + gap()).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, each]) => `${gap()}${JSON.stringify(name)}${gap()}:${gap()}${write(d, each)}${gap()}`);
  return `{${members.join(',')}}`;
}

const text = (d: Dice) => d.pick(['why', '"quoted"', 'ü x', 'a\\b']);
const amount = (d: Dice) => new Raw(d.pick(['1', '0.10', '1e3', '12345678901234567890.5']));
const time = (d: Dice) => d.pick(['90s', '15m', '2h', '1d', new Raw('3600')]);
const some = <T>(d: Dice, make: (index: number) => T): T[] => Array.from({ length: 1 + d.below(2) }, (_, index) => make(index));
const maybe = (d: Dice, name: string, make: () => unknown): Json => (d.chance(0.25) ? { [name]: make() } : {});

const VALUES: [op: string, make: (d: Dice) => unknown][] = [
  ['eq', (d) => d.pick(['a', true, null, new Raw('1.50'), { k: new Raw('0.10') }])],
  ['in', (d) => d.pick([['a', 'b'], [new Raw('1.0'), new Raw('2')], [true, 'a'], []])],
  ['lt', amount],
  ['contains', text],
  ['starts_with', text],
  ['not_regex', () => 'x+'],
  ['length_lte', () => new Raw('7')],
  ['within_path', (d) => d.pick<unknown>(['/srv', ['/srv', '/tmp']])],
  ['url_host_in', () => ['*.example.com']],
  ['cidr_in', () => ['10.0.0.0/8']],
  ['exists', (d) => d.chance(0.5)],
];

function condition(d: Dice, paths: readonly string[]): Json {
  const [op, make] = d.pick(VALUES);
  if (op === 'exists' && d.chance(0.3)) return { path: d.pick(paths), op };
  return { path: d.pick(paths), op, value: make(d), ...(op === 'lt' ? maybe(d, 'as', () => 'number') : {}) };
}

const OF_CALL = ['args.path', 'args.count', 'args["odd.key"]', 'args.items[*].price', 'tool.category', 'time.hour'];
const OF_RESULT = ['result.isError', 'result.content[*].text', 'client.name'];

const predicate = (d: Dice, paths: readonly string[] = OF_CALL): Json => ({
  ...maybe(d, 'id', () => text(d)),
  conditions: d.chance(0.1) ? [] : some(d, () => condition(d, paths)),
  ...maybe(d, 'on_deny', () => text(d)),
  ...maybe(d, 'mode', () => 'observe'),
});

const limit = (d: Dice, index: number): Json => ({
  counter: `c${index}`,
  window: d.pick(['day', time(d)]),
  max: amount(d),
  ...(d.chance(0.5) ? { increment_from: 'args.count', ...maybe(d, 'as', () => 'number') } : {}),
  ...maybe(d, 'per', () => 'args.path'),
  ...maybe(d, 'scope', () => d.pick(['session', 'server', 'organisation', 'grant'])),
  ...maybe(d, 'algorithm', () => 'fixed'),
  ...maybe(d, 'count', () => 'successes'),
  ...maybe(d, 'on_deny', () => text(d)),
  ...maybe(d, 'mode', () => 'observe'),
});

const redaction = (d: Dice): Json => ({
  ...d.pick<Json>([
    { type: 'secrets' },
    { type: 'personal' },
    { type: 'personal', kinds: ['email', 'iban'] },
    { type: 'regex', pattern: 'x+' },
    { path: 'result.structuredContent.a' },
    { type: 'path', path: 'result.content[*].text' },
  ]),
  ...maybe(d, 'with', () => '***'),
});

const results = (d: Dice): Json => ({
  ...maybe(d, 'max_bytes', () => new Raw('65536')),
  redact: some(d, () => redaction(d)),
  ...maybe(d, 'deny_if', () => some(d, () => predicate(d, OF_RESULT))),
  ...maybe(d, 'binary', () => d.pick(['allow', 'deny'])),
  ...maybe(d, 'mode', () => 'observe'),
});

const rule = (d: Dice, hasAction = true): Json => ({
  ...(hasAction ? maybe(d, 'action', () => d.pick(['allow', 'deny', 'hide', 'require_approval'])) : {}),
  ...(d.chance(0.1) ? { mode: 'observe' } : {}),
  ...maybe(d, 'reason', () => text(d)),
  ...maybe(d, 'require', () => some(d, () => predicate(d))),
  ...maybe(d, 'deny_if', () => some(d, () => predicate(d))),
  ...maybe(d, 'approve_if', () => some(d, () => predicate(d))),
  ...maybe(d, 'limits', () => some(d, (index) => limit(d, index))),
  ...maybe(d, 'rate_limit', () => ({
    max: amount(d),
    window: time(d),
    ...maybe(d, 'mode', () => 'observe'),
    ...maybe(d, 'on_deny', () => text(d)),
  })),
  ...maybe(d, 'approval', () => ({ wait: time(d), ...maybe(d, 'expires', () => time(d)), ...maybe(d, 'approvers', () => new Raw('2')) })),
  ...maybe(d, 'results', () => results(d)),
});

const rules = (d: Dice, names: readonly string[]): Json =>
  Object.fromEntries(names.flatMap((name) => (d.chance(0.6) ? [[name, rule(d)]] : [])));

const runaway = (d: Dice): Json => ({
  ...d.pick<Json>([
    { identical_calls: { max: new Raw('20'), window: time(d) } },
    { denials_in_a_row: new Raw('5') },
    { identical_calls: { window: 'hour', max: new Raw('2') }, denials_in_a_row: new Raw('1000000') },
  ]),
  ...maybe(d, 'reason', () => text(d)),
});

/** The text of a policy without mistakes. */
export const validPolicy = (d: Dice): string =>
  write(d, {
    version: '1',
    ...maybe(d, 'description', () => text(d)),
    default: d.pick(['allow', 'deny']),
    ...maybe(d, 'list', () => d.pick(['callable', 'all'])),
    ...maybe(d, 'hide', () => ['withdraw_*', '@financial']),
    ...maybe(d, 'all_tools', () => rule(d, false)),
    tools: rules(d, ['read_file', 'write_*', '@read', 'a/b~c']),
    ...maybe(d, 'resources', () => ({ ...maybe(d, 'default', () => 'deny'), ...rules(d, ['file:///*', '*']) })),
    ...maybe(d, 'prompts', () => ({ ...maybe(d, 'default', () => 'allow'), ...rules(d, ['greet']) })),
    ...maybe(d, 'methods', () => ({ 'sampling/createMessage': 'deny', ...maybe(d, 'a/b', () => 'allow') })),
    ...maybe(d, 'results', () => results(d)),
    ...maybe(d, 'runaway', () => runaway(d)),
  });

/** One with something of everything, so that no control is rare. */
export const FULL = `{
  "version": "1", "default": "deny", "hide": ["x_*"],
  "all_tools": { "results": { "redact": [ { "type": "personal", "kinds": ["email"] }, { "type": "regex", "pattern": "x+" } ] } },
  "tools": {
    "read_file": {
      "deny_if": [
        { "conditions": [ { "path": "args.path", "op": "in", "value": ["a"] }, { "path": "args", "op": "eq", "value": [1.0] } ] },
        { "conditions": [ { "path": "args.count", "op": "lt", "value": 5, "as": "number" } ] },
        { "conditions": [] }
      ],
      "limits": [ { "counter": "c", "window": "day", "max": 1.50, "increment_from": "args.count", "per": "args.path" } ],
      "rate_limit": { "max": 10, "window": "minute" },
      "approval": { "wait": 50 }
    }
  },
  "resources": { "file:///*": { "reason": "why" } },
  "methods": { "a/b": "deny" },
  "results": { "redact": [ { "path": "result.structuredContent.a", "with": "-" } ] },
  "runaway": { "identical_calls": { "max": 20, "window": "hour" }, "denials_in_a_row": 5 }
}
`;
