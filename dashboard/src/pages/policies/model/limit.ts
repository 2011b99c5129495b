// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A limit in words.
import { words } from '../../../words/words';
import { memberOf, sourceOf, type Node, type Tree } from './tree';

const said = words.policies;

const word = (tree: Tree, node: Node | undefined): string =>
  node === undefined ? '' : node.type === 'string' ? String(node.value) : sourceOf(tree, node);

function windowSentence(tree: Tree, node: Node | undefined): string {
  const window = word(tree, node);
  return said.limit.windows[window] ?? (node?.type === 'number' ? said.limit.seconds(window) : said.limit.every(window));
}

/** "At most 10 calls a minute, for each session" */
export function limitSentence(tree: Tree, limit: Node, isRate = false): string {
  const amount = memberOf(limit, 'increment_from');
  const scope = word(tree, memberOf(limit, 'scope')) || (isRate ? 'session' : 'grant');
  const scopes: Record<string, string> = said.limit.scopes;
  const what = amount === undefined ? said.limit.calls : said.limit.sumOf(word(tree, amount));
  const per = word(tree, memberOf(limit, 'per'));
  const text = said.limit.sentence(
    word(tree, memberOf(limit, 'max')),
    what,
    windowSentence(tree, memberOf(limit, 'window')),
    scopes[scope] ?? scope,
    per,
  );
  return text + (memberOf(limit, 'mode')?.value === 'observe' ? said.summary.observed : '');
}
