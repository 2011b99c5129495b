// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The rows of the tools' table, and what happens to the text when one of them gets another outcome.
import { severityOf, type Category } from '../../../parts/Grade';
import type { ToolRow } from '../data';
import { chain, drop, prune, put, putAll, Raw, type Value } from '../model/edit';
import {
  CATEGORIES,
  isNameable,
  kindOf,
  matches,
  ruleOutcome,
  saidOf,
  selectorOf,
  type Book,
  type Outcome,
  type Said,
  type Word,
} from '../model/select';
import { memberOf, membersAt, membersOf, nodeAt, readTree, sourceOf, stringsOf, type Node, type Tree } from '../model/tree';

export interface Row {
  name: string;
  /** Undefined: an entry of the policy that is no tool of the server. */
  tool: ToolRow | undefined;
  category: Category | undefined;
  outcome: Outcome;
  said: Said | undefined;
  /** Of patterns: tools to which it applies, and those that it only matches. */
  applies: number;
  matched: number;
}

function matchesTool(selector: string, tool: ToolRow): boolean {
  const kind = kindOf(selector);
  if (kind === 'all') return true;
  if (kind === 'category') return selector === selectorOf(tool.category) || tool.category === 'Unknown';
  return kind === 'glob' ? matches(selector, tool.name) : selector === tool.name;
}

/** The policy's patterns and strangers first, then the server's tools in the catalogue's order. */
export function rowsOf(book: Book, tools: ToolRow[]): Row[] {
  const known = new Set(tools.map((tool) => tool.name));
  const own = tools.map((tool): Row => {
    const said = saidOf(book, tool.name, tool.category);
    return { name: tool.name, tool, category: tool.category, outcome: said.outcome, said, applies: 0, matched: 0 };
  });
  const counts = new Map<string, number>();
  for (const { said } of own) if (said?.entry !== undefined) counts.set(said.entry.selector, (counts.get(said.entry.selector) ?? 0) + 1);
  const others = book.entries
    .filter((entry) => entry.kind !== 'exact' || !known.has(entry.selector))
    .map(
      (entry): Row => ({
        name: entry.selector,
        tool: undefined,
        category: undefined,
        outcome: ruleOutcome(entry.rule),
        said: undefined,
        applies: counts.get(entry.selector) ?? 0,
        matched: entry.kind === 'exact' ? 0 : tools.filter((tool) => matchesTool(entry.selector, tool)).length,
      }),
    );
  return [...others, ...own];
}

/** Why no rule of its own can speak of a row: its name is a pattern, or another selector hides it. */
export function lockOf(row: Row): 'name' | 'hidden' | undefined {
  if (row.tool === undefined) return undefined;
  if (!isNameable(row.name)) return 'name';
  const by = row.said?.hiddenBy;
  return by !== undefined && by !== row.name ? 'hidden' : undefined;
}

export interface Filter {
  text?: string | undefined;
  category?: string | undefined;
  severity?: string | undefined;
  outcome?: string | undefined;
}

// A category's own rule has the severity of its tools.
function isOf(row: Row, severity: string): boolean {
  if (row.tool !== undefined) return row.tool.severity === severity;
  return CATEGORIES.some((category) => row.name === selectorOf(category) && severityOf[category] === severity);
}

export function filteredRows(rows: Row[], filter: Filter): Row[] {
  const text = (filter.text ?? '').toLowerCase();
  return rows.filter(
    (row) =>
      (text === '' || row.name.toLowerCase().includes(text) || (row.tool?.summary.toLowerCase().includes(text) ?? false)) &&
      (filter.category === undefined || row.category === filter.category || row.name === selectorOf(filter.category)) &&
      (filter.severity === undefined || isOf(row, filter.severity)) &&
      (filter.outcome === undefined || row.outcome === filter.outcome),
  );
}

const RULES: Record<Word, Value> = {
  allow: {},
  ask: { action: 'require_approval' },
  limit: { rate_limit: { max: 10, window: 'minute' } },
  deny: { action: 'deny' },
  hide: { action: 'hide' },
};
const ACTIONS: Partial<Record<Outcome, string>> = { ask: 'require_approval', deny: 'deny', hide: 'hide' };

// A rule that is one word becomes another word, and what is said beside it (a reason, how to ask) stays.
function worded(tree: Tree, rule: Node | undefined, outcome: Word): Value {
  const before = ruleOutcome(rule);
  const hasMore = membersOf(rule).some((member) => member.name === 'reason' || member.name === 'approval');
  if (rule === undefined || !hasMore || before === 'custom' || before === 'limit' || outcome === 'limit') return RULES[outcome];
  const alone = readTree(sourceOf(tree, rule));
  const action = ACTIONS[outcome];
  return new Raw(action === undefined ? drop(alone, ['action']) : put(alone, ['action'], action));
}

function showAgain(tree: Tree, names: Set<string>): string {
  const list = nodeAt(tree, ['hide']);
  const hidden = stringsOf(list);
  const left = hidden.filter((selector) => !names.has(selector));
  if (left.length === hidden.length) return tree.text;
  return left.length === 0 ? drop(tree, ['hide']) : put(tree, ['hide'], left);
}

/** Gives names a rule of their own with this outcome. */
export function setOutcome(tree: Tree, names: string[], outcome: Word): string {
  const rules = new Map(membersAt(tree, ['tools']).map(({ name, value }) => [name, value]));
  return chain(tree, [
    (now) => (outcome === 'hide' ? now.text : showAgain(now, new Set(names))),
    (now) =>
      putAll(
        now,
        ['tools'],
        names.map((name) => [name, worded(tree, rules.get(name), outcome)] as const),
      ),
  ]);
}

/** Takes the rule of its own away, so that patterns and the default speak of it again. */
export const inherit = (tree: Tree, name: string): string => prune(tree, ['tools', name], 1);

/** True when another outcome would throw conditions away. */
export function losesConditions(tree: Tree, name: string): boolean {
  return ruleOutcome(nodeAt(tree, ['tools', name])) === 'custom' && membersOf(nodeAt(tree, ['tools', name])).length > 0;
}

export const hasOwnRule = (tree: Tree, name: string): boolean => memberOf(nodeAt(tree, ['tools']), name) !== undefined;
