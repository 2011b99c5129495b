// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which entry of a policy speaks of a tool, as docs/policy.md says ("Selectors", "Categories"). The
// gateway decides; this is what the builder shows beside each tool.
import type { Category } from '../../../parts/Grade';
import { itemsOf, memberOf, membersAt, stringsOf, nodeAt, type Node, type Tree } from './tree';

export type Kind = 'exact' | 'glob' | 'category' | 'all' | 'default';
export type Outcome = 'allow' | 'ask' | 'limit' | 'deny' | 'hide' | 'custom';
/** What a rule that is one word says. */
export type Word = Exclude<Outcome, 'custom'>;
export const OUTCOMES: Word[] = ['allow', 'ask', 'limit', 'deny', 'hide'];
export const CATEGORIES = ['Read', 'Write', 'Execute', 'Destructive', 'Financial'] as const;
const GRAVEST_FIRST = [...CATEGORIES].reverse();

export function kindOf(selector: string): Exclude<Kind, 'default'> {
  if (selector === '*') return 'all';
  if (CATEGORIES.some((category) => selector === selectorOf(category))) return 'category';
  return /[*?]/.test(selector) ? 'glob' : 'exact';
}

export const selectorOf = (category: string): string => `@${category.toLowerCase()}`;

const isAny = (step: string | undefined): boolean => step === '*';

/** `*` is any run of characters, `?` is one. Takes no more steps than the lengths multiplied, whatever they are. */
export function matches(glob: string, name: string): boolean {
  const pattern = [...glob];
  const given = [...name];
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < given.length; ) {
    if (isAny(pattern[at])) {
      star = at++;
      resume = index;
    } else if (pattern[at] === '?' || pattern[at] === given[index]) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else return false;
  }
  while (isAny(pattern[at])) at++;
  return at === pattern.length;
}

const literalLength = (glob: string): number => [...glob.replace(/[*?]/g, '')].length;

export interface Entry {
  selector: string;
  kind: Exclude<Kind, 'default'>;
  rule: Node;
}

export interface Book {
  entries: Entry[];
  exact: Map<string, Entry>;
  globs: Entry[];
  other: Map<string, Entry>;
  hide: string[];
  fallback: string;
}

/** What a policy says of tools, once for all of them. */
export function bookOf(tree: Tree): Book {
  const entries = membersAt(tree, ['tools']).map(({ name, value }) => ({ selector: name, kind: kindOf(name), rule: value }));
  const of = (kinds: string[]) => entries.filter((entry) => kinds.includes(entry.kind));
  const byName = (list: Entry[]) => new Map(list.map((entry) => [entry.selector, entry]));
  return {
    entries,
    exact: byName(of(['exact'])),
    globs: of(['glob']).sort((a, b) => literalLength(b.selector) - literalLength(a.selector)),
    other: byName(of(['category', 'all'])),
    hide: stringsOf(nodeAt(tree, ['hide'])),
    fallback: String(nodeAt(tree, ['default'])?.value ?? 'deny'),
  };
}

export interface Said {
  outcome: Outcome;
  kind: Kind;
  /** The entry that applies; undefined for the default. */
  entry: Entry | undefined;
  /** The selector of `hide` that matches. */
  hiddenBy: string | undefined;
  /** Another glob that is as specific: calls are denied. */
  tiedWith: Entry | undefined;
}

function isHiddenBy(selector: string, name: string, category: Category): boolean {
  const kind = kindOf(selector);
  if (kind === 'all') return true;
  if (kind === 'category') return category === 'Unknown' || selector === selectorOf(category);
  return kind === 'exact' ? selector === name : matches(selector, name);
}

const STRICT = ['deny', 'hide', 'require_approval'];

function byCategory(book: Book, category: Category): Entry | undefined {
  if (category !== 'Unknown') return book.other.get(selectorOf(category));
  const entries = GRAVEST_FIRST.flatMap((each) => book.other.get(selectorOf(each)) ?? []);
  const observes = (entry: Entry) => memberOf(entry.rule, 'mode')?.value === 'observe';
  const strict = entries.find((entry) => STRICT.includes(String(memberOf(entry.rule, 'action')?.value)) && !observes(entry));
  return strict ?? book.other.get('@financial');
}

export function saidOf(book: Book, name: string, category: Category): Said {
  const hiddenBy = book.hide.find((selector) => isHiddenBy(selector, name, category));
  const exact = book.exact.get(name);
  const globs = exact === undefined ? book.globs.filter((entry) => matches(entry.selector, name)) : [];
  const [glob, second] = globs;
  const tied = glob !== undefined && second !== undefined && literalLength(glob.selector) === literalLength(second.selector);
  const entry = exact ?? glob ?? byCategory(book, category) ?? book.other.get('*');
  const hides = tied && [glob, second].some((each) => ruleOutcome(each.rule) === 'hide');
  const spoken = entry === undefined ? (book.fallback === 'allow' ? 'allow' : 'deny') : ruleOutcome(entry.rule);
  const outcome = hiddenBy !== undefined || hides ? 'hide' : tied ? 'deny' : spoken;
  return { outcome, kind: entry?.kind ?? 'default', entry, hiddenBy, tiedWith: tied ? second : undefined };
}

const EMPTY = (node: Node | undefined): boolean => node === undefined || itemsOf(node).length === 0;

/** A rule as one word, or `custom` where one word does not say it. */
export function ruleOutcome(rule: Node | undefined): Outcome {
  const has = (name: string) => !EMPTY(memberOf(rule, name));
  const is = (name: string) => memberOf(rule, name) !== undefined;
  if (has('require') || has('deny_if') || has('approve_if') || is('results') || memberOf(rule, 'mode')?.value === 'observe')
    return 'custom';
  const action = memberOf(rule, 'action')?.value ?? 'allow';
  const limits = has('limits') || is('rate_limit');
  if (action === 'deny' || action === 'hide') return limits ? 'custom' : action;
  if (action === 'require_approval') return limits ? 'custom' : 'ask';
  return limits ? 'limit' : 'allow';
}

/** True when an entry of this name would be a pattern, so that the tool cannot be named by itself. */
export const isNameable = (name: string): boolean => name !== '' && kindOf(name) === 'exact';
