// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any number of edits, made by the functions that the forms call with values that the forms take: a good policy stays JSON, and good.
import { describe, expect, test } from 'vitest';

import { opsOf, operandOf, type Argument } from '../../src/pages/policies/model/arguments';
import { chain, drop, prune, put, Raw, shift, type Value } from '../../src/pages/policies/model/edit';
import { OUTCOMES, type Outcome } from '../../src/pages/policies/model/select';
import { itemsAt, membersAt, nodeAt, readTree, stringAt, type Path, type Tree } from '../../src/pages/policies/model/tree';
import { changeOp } from '../../src/pages/policies/rules/Condition';
import { inherit, setOutcome } from '../../src/pages/policies/tools/rows';
import { mistakesOf, PROGRAM } from './checker';

const files = import.meta.glob(['../../../data/policies/*.json', '!**/*.cases.json'], { query: '?raw', eager: true, import: 'default' });
const SEEDS = 150;
const STEPS = 40;
const WAIT_MS = 120_000; // as long as a busy machine needs; nothing is measured

// The same numbers each time.
function dice(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
}
type Pick = ReturnType<typeof dice>;

const WORDS = OUTCOMES as Exclude<Outcome, 'custom'>[];
const NAMES = ['read_file', 'get_*', '@read', '*', '__proto__', 'a/b~c', '\u202ename', 'toString'];
const LISTS = ['require', 'deny_if', 'approve_if'] as const;
const ARGUMENT: Argument = { path: 'args.a', type: 'any', choices: [], about: '', required: true };

function good(pick: Pick, op: string): Value {
  switch (operandOf(op)) {
    case 'list':
      return [pick(['a', 'b']), new Raw('1.50')];
    case 'texts':
      return [op === 'within_path' ? '/srv' : op === 'cidr_in' ? '10.0.0.0/8' : '*.example.com'];
    case 'decimal':
      return new Raw(pick(['0.10', '-1e3', '12345678901234567890']));
    case 'whole':
      return new Raw('7');
    case 'text':
      return 'a.b';
    case 'presence':
      return pick([true, false]);
    default:
      return pick<Value>(['a', true, null, new Raw('1.0'), { k: [new Raw('0.10')] }]);
  }
}

const rulesOf = (tree: Tree): Path[] => [...membersAt(tree, ['tools']).map(({ name }): Path => ['tools', name]), ['all_tools']];
const listsOf = (tree: Tree): Path[] => rulesOf(tree).flatMap((rule) => LISTS.map((name): Path => [...rule, name]));
const itemsOf = (tree: Tree, lists: Path[]): Path[] =>
  lists.flatMap((list) => itemsAt(tree, list).map((_, index): Path => [...list, index]));

function compare(tree: Tree, pick: Pick): string {
  const predicates = itemsOf(tree, listsOf(tree));
  const conditions = itemsOf(
    tree,
    predicates.map((one) => [...one, 'conditions']),
  );
  const [first] = conditions;
  if (first === undefined) return tree.text;
  const at = pick(conditions);
  const op = pick(opsOf('any'));
  return chain(tree, [(now) => changeOp(now, at, op, ARGUMENT), (now) => put(now, [...at, 'value'], good(pick, op))]);
}

function limit(tree: Tree, pick: Pick): string {
  const list = [...pick(rulesOf(tree)), 'limits'];
  const taken = new Set(itemsAt(tree, list).map((_, index) => stringAt(tree, [...list, index, 'counter'])));
  const counter = ['a', 'b', 'c', 'd', 'e', 'f'].find((name) => !taken.has(name));
  if (counter === undefined) return tree.text;
  return put(tree, [...list, taken.size], { counter, window: pick(['day', '90s', 'month']), max: new Raw(pick(['5', '0.10'])) });
}

const EDITS: ((tree: Tree, pick: Pick) => string)[] = [
  (tree, pick) => setOutcome(tree, [pick(NAMES)], pick(WORDS)),
  (tree, pick) => setOutcome(tree, NAMES.slice(0, 4), pick(WORDS)),
  (tree, pick) => inherit(tree, pick(NAMES)),
  (tree, pick) => {
    const list = pick(listsOf(tree));
    return put(tree, [...list, itemsAt(tree, list).length], { conditions: [{ path: 'args.a', op: 'exists', value: true }] });
  },
  compare,
  compare,
  limit,
  (tree, pick) => {
    const list = [...pick(rulesOf(tree)), 'limits'];
    return itemsAt(tree, list).length === 0 ? tree.text : prune(tree, itemsAt(tree, list).length === 1 ? list : [...list, 0], 2);
  },
  (tree, pick) => {
    const list = pick(listsOf(tree));
    const count = itemsAt(tree, list).length;
    return count === 0 ? tree.text : count === 1 ? prune(tree, list, 2) : shift(tree, [...list, 0], 1);
  },
  (tree, pick) => put(tree, [...pick(rulesOf(tree)), 'reason'], pick(['why', '"quoted"\n', '\u202e'])),
  (tree, pick) => put(tree, ['default'], pick(['allow', 'deny'])),
  (tree, pick) => put(tree, ['hide'], pick([['withdraw_*'], ['@financial', 'a']])),
  (tree) =>
    nodeAt(tree, ['runaway']) ? drop(tree, ['runaway']) : put(tree, ['runaway'], { identical_calls: { max: 20, window: 'minute' } }),
  (tree, pick) => put(tree, ['methods', pick(['sampling/createMessage', 'a/b'])], pick(['allow', 'deny'])),
  (tree, pick) => put(tree, [...pick(rulesOf(tree)), 'results'], { redact: [{ type: pick(['secrets', 'personal']) }] }),
];

const made: string[] = [];

describe('edits upon edits', () => {
  test(
    'are JSON after each',
    () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const pick = dice(seed);
        let tree = readTree(String(pick(Object.values(files))));
        for (let step = 0; step < STEPS; step++) {
          const before = tree.text;
          tree = readTree(pick(EDITS)(tree, pick));
          expect(tree.fault, `seed ${seed}, step ${step}:\n${before}\n--- became\n${tree.text}`).toBeUndefined();
        }
        made.push(tree.text);
      }
      expect(new Set(made).size).toBe(SEEDS);
    },
    WAIT_MS,
  );
  test.skipIf(PROGRAM === undefined)(
    'are a good policy in the end',
    () => {
      const found = mistakesOf(made).flatMap((mistakes, index) => (mistakes.length === 0 ? [] : [`seed ${index + 1}: ${mistakes[0]}`]));
      expect(found).toEqual([]);
    },
    WAIT_MS,
  );
});
