// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Whatever a policy says: showing it in the builder changes no byte of it, and an edit changes what it is about and nothing else.
import { MantineProvider } from '@mantine/core';
import { render } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import { EditingProvider, type Editing } from '../../src/pages/policies/draft';
import { drop, put, Raw } from '../../src/pages/policies/model/edit';
import { readTree, sourceOf, type Node, type Path, type Tree } from '../../src/pages/policies/model/tree';
import { AllForms } from './forms';

const files = import.meta.glob(['../../../data/policies/*.json', '!**/*.cases.json'], { query: '?raw', eager: true, import: 'default' });
const rows = import.meta.glob('../../../test/policy/*.rows', { query: '?raw', eager: true, import: 'default' });
const pages = import.meta.glob('../../../docs/policy.md', { query: '?raw', eager: true, import: 'default' });

// A generator of numbers that is the same each time.
function dice(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    chance: (p: number) => next() < p,
    below: (n: number) => Math.floor(next() * n),
    pick: <T,>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T,
  };
}
type Dice = ReturnType<typeof dice>;

const MOUNT_MS = 120_000; // as long as a busy machine needs; nothing is measured
const NUMBERS = ['0', '1', '0.10', '12345678901234567890', '1e3', '99.90', '5'];
const TEXTS = ['a', 'get_*', '"quoted"', 'ü\n', '\u202egnp', '__proto__', '/srv', 'x'.repeat(300)];

// JSON with the white space of somebody who has no taste.
function write(d: Dice, value: unknown): string {
  const gap = () => d.pick(['', ' ', '\n  ', '\t']);
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map((each) => gap() + write(d, each) + gap()).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, each]) => `${gap()}${JSON.stringify(name)}${gap()}:${gap()}${write(d, each)}${gap()}`)
      .join(',')}}`;
  return JSON.stringify(value);
}

const number = (d: Dice) => new Raw(d.pick(NUMBERS));
const text = (d: Dice) => d.pick(TEXTS);
const some = <T,>(d: Dice, make: () => T): T[] => Array.from({ length: d.below(3) }, make);
const maybe = <T,>(d: Dice, name: string, make: () => T): Record<string, T> => (d.chance(0.4) ? { [name]: make() } : {});

function condition(d: Dice) {
  const path = d.pick(['args.a', 'args["odd.key"]', 'args.items[*].price', 'tool.category', 'time.hour', 'result.isError']);
  const op = d.pick(['eq', 'in', 'lt', 'exists', 'contains', 'starts_with', 'regex', 'length_gt', 'within_path', 'url_host_in', 'cidr_in']);
  const value = d.pick<() => unknown>([
    () => text(d),
    () => number(d),
    () => true,
    () => null,
    () => [text(d)],
    () => [number(d), text(d)],
    () => ({ k: number(d) }),
  ])();
  return { path, op, value, ...maybe(d, 'as', () => 'number') };
}
const predicate = (d: Dice) => ({
  ...maybe(d, 'id', () => text(d)),
  conditions: some(d, () => condition(d)),
  ...maybe(d, 'on_deny', () => text(d)),
  ...maybe(d, 'mode', () => 'observe'),
});
const limit = (d: Dice) => ({
  counter: text(d),
  window: d.pick(['day', '90s', new Raw('3600')]),
  max: number(d),
  ...maybe(d, 'increment_from', () => 'args.a'),
  ...maybe(d, 'per', () => 'args.b'),
  ...maybe(d, 'scope', () => d.pick(['session', 'server'])),
  ...maybe(d, 'algorithm', () => 'fixed'),
  ...maybe(d, 'count', () => 'successes'),
});
const results = (d: Dice) => ({
  ...maybe(d, 'max_bytes', () => number(d)),
  ...maybe(d, 'deny_if', () => some(d, () => predicate(d))),
  ...maybe(d, 'redact', () => [
    { type: 'secrets' },
    { type: 'personal', kinds: ['email'] },
    { type: 'regex', pattern: 'x+', with: text(d) },
    { path: 'result.a' },
  ]),
  ...maybe(d, 'binary', () => 'allow'),
});
const rule = (d: Dice): Record<string, unknown> => ({
  ...maybe(d, 'action', () => d.pick(['allow', 'deny', 'hide', 'require_approval'])),
  ...maybe(d, 'mode', () => 'observe'),
  ...maybe(d, 'reason', () => text(d)),
  ...maybe(d, 'require', () => some(d, () => predicate(d))),
  ...maybe(d, 'deny_if', () => some(d, () => predicate(d))),
  ...maybe(d, 'approve_if', () => some(d, () => predicate(d))),
  ...maybe(d, 'limits', () => some(d, () => limit(d))),
  ...maybe(d, 'rate_limit', () => ({ max: number(d), window: 'minute' })),
  ...maybe(d, 'approval', () => ({ wait: '50s', expires: '30m', approvers: new Raw('2') })),
  ...maybe(d, 'results', () => results(d)),
});
const rules = (d: Dice) => Object.fromEntries([...new Set(some(d, () => text(d)))].map((name) => [name, rule(d)]));
const policy = (d: Dice): string =>
  write(d, {
    version: '1',
    default: d.pick(['allow', 'deny']),
    ...maybe(d, 'description', () => text(d)),
    ...maybe(d, 'list', () => 'callable'),
    ...maybe(d, 'hide', () => some(d, () => text(d))),
    ...maybe(d, 'all_tools', () => rule(d)),
    tools: rules(d),
    ...maybe(d, 'resources', () => ({ default: 'deny', ...rules(d) })),
    ...maybe(d, 'prompts', () => rules(d)),
    ...maybe(d, 'methods', () => ({ 'sampling/createMessage': 'deny' })),
    ...maybe(d, 'results', () => results(d)),
    ...maybe(d, 'runaway', () => ({ identical_calls: { max: number(d), window: 'hour' }, denials_in_a_row: number(d) })),
  });

/** Every place of a text and what stands there. */
function places(tree: Tree): { path: Path; node: Node }[] {
  const all: { path: Path; node: Node }[] = [];
  const walk = (node: Node, path: Path): void => {
    all.push({ path, node });
    if (node.type === 'array') for (const [index, child] of (node.children ?? []).entries()) walk(child, [...path, index]);
    if (node.type === 'object')
      for (const { children } of node.children ?? [])
        if (children?.[0] !== undefined && children[1] !== undefined) walk(children[1], [...path, String(children[0].value)]);
  };
  if (tree.root !== undefined) walk(tree.root, []);
  return all;
}

const documents: [string, string][] = [
  ...Object.entries(files).map(([name, source]): [string, string] => [name, String(source)]),
  ...Object.entries(rows).flatMap(([name, source]) =>
    [...String(source).matchAll(/^policy (\{.*\})$/gm)].map(([, one], index): [string, string] => [`${name} ${index}`, String(one)]),
  ),
  ...Object.values(pages).flatMap((source) =>
    [...String(source).matchAll(/^```json\n(\{[^`]*)```/gm)].map(([, one], index): [string, string] => [`docs ${index}`, String(one)]),
  ),
  ...Array.from({ length: 60 }, (_, seed): [string, string] => [`made ${seed}`, policy(dice(seed + 1))]),
];

test('there are policies to try', () => {
  expect(documents.length).toBeGreaterThan(90);
});

describe('an edit changes what it is about', () => {
  test.each(documents)('%s', (_, source) => {
    const tree = readTree(source);
    expect(tree.fault).toBeUndefined();
    const all = places(tree);
    const step = Math.max(1, Math.floor(all.length / 25));
    for (let index = 1; index < all.length; index += step) {
      const { path, node } = all[index] as { path: Path; node: Node };
      // The same again: the same bytes.
      expect(put(tree, path, new Raw(sourceOf(tree, node)))).toBe(source);
      // Something else: nothing before it or behind it is touched.
      const other = put(tree, path, { other: 'value' });
      expect(other.startsWith(source.slice(0, node.offset)) && other.endsWith(source.slice(node.offset + node.length))).toBe(true);
      expect(readTree(other).fault).toBeUndefined();
      // Without it: what is left stands there as it did.
      const less = readTree(drop(tree, path));
      expect(less.fault).toBeUndefined();
      expect(places(less).length).toBe(all.length - places({ ...tree, root: node }).length);
      // A member more: all others as before.
      if (node.type !== 'object') continue;
      const more = readTree(put(tree, [...path, 'added here'], new Raw('0.10')));
      expect(more.fault).toBeUndefined();
      expect(places(more).length).toBe(all.length + 1);
    }
  });
});

function shown(tree: Tree, edited: () => void) {
  const editing: Editing = { tree, isReadOnly: false, edit: edited, put: edited };
  const names = (tree.root?.children ?? []).some((child) => child.children?.[0]?.value === 'tools')
    ? places(tree)
        .filter(({ path }) => path.length === 2 && path[0] === 'tools')
        .slice(0, 3)
    : [];
  return render(
    <MantineProvider>
      <EditingProvider value={editing}>
        <AllForms tools={names.map(({ path }) => String(path[1]))} />
      </EditingProvider>
    </MantineProvider>,
  );
}

describe('what is shown is not changed by that', () => {
  test.each(documents.filter((_, index) => index < 3 || index % 50 === 49))(
    '%s',
    (_, source) => {
      let edits = 0;
      shown(readTree(source), () => {
        edits++;
      });
      expect(edits).toBe(0);
    },
    MOUNT_MS,
  );
});
