// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Setting many tools at once: what that would change, told before it is done.
import type { ToolRow } from '../data';
import { bookOf, ruleOutcome, selectorOf, type Outcome, type Word } from '../model/select';
import { nodeAt, readTree, type Tree } from '../model/tree';
import { lockOf, losesConditions, rowsOf, setOutcome, type Row } from './rows';

export type Which = { by: 'chosen'; names: ReadonlySet<string> } | { by: 'category' | 'severity'; value: string };

export interface Planned {
  name: string;
  before: Outcome;
  after: Outcome;
  /** Its conditions, limits or rules for results are replaced. */
  loses: boolean;
}

export interface Plan {
  text: string;
  changes: Planned[];
  /** Those that were meant and stay as they are, and those of them that no rule of their own can change. */
  stay: number;
  locked: number;
}

export function meant(rows: Row[], which: Which): Row[] {
  if (which.by === 'chosen') return rows.filter((row) => which.names.has(row.name));
  return rows.filter((row) => row.tool !== undefined && row.tool[which.by] === which.value);
}

const isSo = (row: Row, outcome: Word): boolean => row.outcome === outcome && (row.tool === undefined || row.said?.kind === 'exact');

const isReplaced = (tree: Tree, name: string): boolean =>
  losesConditions(tree, name) || ruleOutcome(nodeAt(tree, ['tools', name])) === 'limit';

/** As one rule for the category, or as a rule for each tool, which then goes before patterns and categories. */
export function planOf(tree: Tree, tools: ToolRow[], rows: Row[], which: Which, outcome: Word, isOneRule: boolean): Plan {
  const all = meant(rows, which);
  const isCategory = isOneRule && which.by === 'category';
  const free = all.filter((row) => lockOf(row) === undefined);
  const names = isCategory ? [selectorOf(which.value)] : free.filter((row) => !isSo(row, outcome)).map((row) => row.name);
  const text = names.length === 0 ? tree.text : setOutcome(tree, names, outcome);
  const named = new Set(names);
  const before = new Map(rows.map((row) => [row.name, row]));
  const changes = rowsOf(bookOf(readTree(text)), tools).flatMap((now): Planned[] => {
    const old = before.get(now.name);
    const isChanged = named.has(now.name) || (now.tool !== undefined && now.outcome !== old?.outcome);
    if (!isChanged || text === tree.text) return [];
    const spoken = old?.outcome ?? now.outcome;
    return [{ name: now.name, before: spoken, after: now.outcome, loses: named.has(now.name) && isReplaced(tree, now.name) }];
  });
  const changed = new Set(changes.map((each) => each.name));
  return { text, changes, stay: all.filter((row) => !changed.has(row.name)).length, locked: isCategory ? 0 : all.length - free.length };
}
