// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where in a policy a rule stands, as decisions and sentences name it, and which form shows that place.
import type { Section } from '../Builder';
import { itemsOf, memberOf, nodeAt, type Path, type Tree } from './tree';

const TIED = /^\(ambiguous selectors (\/.*?) and \/.*\)$/;
const NAMED: Record<string, Path> = {
  '(default deny)': ['default'],
  '(default allow)': ['default'],
  '(hidden)': ['hide'],
  '(paused)': ['runaway'],
};

// A limit is named by its counter, all else of a list by its number.
function stepAt(tree: Tree, path: Path, name: string): string | number {
  const node = nodeAt(tree, path);
  if (node?.type !== 'array') return name;
  const byCounter = itemsOf(node).findIndex((item) => path.at(-1) === 'limits' && memberOf(item, 'counter')?.value === name);
  return byCounter >= 0 ? byCounter : /^\d+$/.test(name) ? Number(name) : name;
}

/** As far as the place exists in the text; undefined: nothing in the text is meant. */
export function placeOf(tree: Tree, rule: string): Path | undefined {
  const named = NAMED[rule];
  if (named !== undefined) return nodeAt(tree, named) === undefined ? undefined : named;
  const pointer = TIED.exec(rule)?.[1] ?? rule;
  if (!pointer.startsWith('/')) return undefined;
  const path: (string | number)[] = [];
  for (const part of pointer.split('/').slice(1)) {
    const step = stepAt(tree, path, part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (nodeAt(tree, [...path, step]) === undefined) break;
    path.push(step);
  }
  return path.length === 0 ? undefined : path;
}

const GENERAL: { section: Section; rule?: string } = { section: 'general' };

/** The part of the form that shows a place. */
export function formOf(path: Path): { section: Section; rule?: string } {
  const [part, name] = path;
  switch (part) {
    case 'tools':
      return { section: 'tools', ...(typeof name === 'string' ? { rule: name } : {}) };
    case 'all_tools':
      return { section: 'all' };
    case 'results':
    case 'resources':
    case 'prompts':
    case 'methods':
    case 'runaway':
      return { section: part };
    default:
      return GENERAL;
  }
}
