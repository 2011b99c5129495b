// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a call that was decided to a rule about calls like it.
import type { Category } from '../../../parts/Grade';
import { leavesOf, textOf, written, type JsonNode } from '../../../parts/json';
import { chain, drop, put, Raw, type Value } from './edit';
import { bookOf, isNameable, saidOf } from './select';
import { itemsAt, nodeAt, readTree, sourceOf, stringAt, type Tree } from './tree';

/** What becomes of such calls: none of them passes, a person is asked, or they alone pass. */
export const WISHES = ['deny', 'ask', 'only'] as const;
export type Wish = (typeof WISHES)[number];

export interface Given {
  path: string;
  node: JsonNode;
}

const STEPS_MOST = 32;
const GIVEN_MOST = 100;
const TEXT_MOST = 2000;

// What the log shows in place of a value (docs/decision-log.md, "Values of arguments").
function isMasked(node: JsonNode): boolean {
  const text = textOf(node);
  if (text === undefined) return false;
  return /^[{[]|\[redacted\]| bytes in all\]$|\ufffd/.test(text) || text.length > TEXT_MOST;
}

const steps = (path: string): number => path.split(/[.[]/).length;

/** The values of a call that a condition can be about. */
export function givenOf(root: JsonNode | undefined): Given[] {
  if (root?.kind !== 'object' || root.members.length === 0) return [];
  return leavesOf(root, 'args')
    .filter(({ path, node }) => !isMasked(node) && steps(path) <= STEPS_MOST)
    .slice(0, GIVEN_MOST);
}

const conditionsOf = (given: Given[]): Value => given.map(({ path, node }) => ({ path, op: 'eq', value: new Raw(written(node)) }));

// The tool's entry begins as a copy of what speaks of it now, because of several entries only one applies.
function begun(tree: Tree, tool: string, category: Category): { text: string; isDenied: boolean } {
  const book = bookOf(tree);
  const { entry, tiedWith } = saidOf(book, tool, category);
  const path = ['tools', tool];
  const isOwn = nodeAt(tree, path) !== undefined;
  if (entry === undefined || tiedWith !== undefined)
    return { text: isOwn ? tree.text : put(tree, path, {}), isDenied: tiedWith !== undefined || book.fallback !== 'allow' };
  const text = isOwn ? tree.text : put(tree, path, new Raw(sourceOf(tree, entry.rule)));
  const action = stringAt(readTree(text), [...path, 'action']);
  return { text, isDenied: action === 'deny' || action === 'hide' };
}

/** A text in which the tool has a rule about calls with these values; without values, about each of its calls. */
export function ruled(tree: Tree, tool: string, category: Category, wish: Wish, given: Given[]): string {
  if (tree.root === undefined || !isNameable(tool)) return tree.text;
  const { text, isDenied } = begun(tree, tool, category);
  const path = ['tools', tool];
  const list = (name: string) => (now: Tree) =>
    put(now, [...path, name, itemsAt(now, [...path, name]).length], { conditions: conditionsOf(given) });
  const action = (word: string) => (now: Tree) => put(now, [...path, 'action'], word);
  const start = readTree(text);
  const isSome = given.length > 0;
  const steps = {
    deny: isDenied
      ? [(now: Tree) => (stringAt(now, [...path, 'action']) === undefined ? action('deny')(now) : now.text)]
      : [isSome ? list('deny_if') : action('deny')],
    ask: isDenied
      ? [action('require_approval'), ...(isSome ? [list('require')] : [])]
      : [isSome ? list('approve_if') : action('require_approval')],
    only: [...(isDenied ? [(now: Tree) => drop(now, [...path, 'action'])] : []), ...(isSome ? [list('require')] : [])],
  };
  return chain(start, steps[wish]);
}
