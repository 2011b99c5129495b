// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Any valid policy, opened part by part and rule by rule in the real builder and not edited: no byte of it changes, and all that it
// says stands in some control.
import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';

import { SECTIONS } from '../../src/pages/policies/Builder';
import { membersAt, pointerOf, readTree, sourceOf, type Path, type Tree } from '../../src/pages/policies/model/tree';
import { words } from '../../src/words/words';
import { mistakesOf, PROGRAM } from './checker';
import { leavesOf, type Leaf } from './leaves';
import { Bench } from './page';
import { isHidden, type Control } from './screen';
import { dice, FULL, validPolicy } from './valid';

vi.mock('../../src/pages/policies/Summary', () => ({ Summary: () => null }));
vi.mock('../../src/pages/policies/Findings', () => ({ Findings: () => null, FindingsCount: () => null }));

const said = words.policies;
const SEEDS = 5;
const WAIT_MS = 180_000; // as long as a busy machine needs; nothing is measured

const made = [FULL, ...Array.from({ length: SEEDS }, (_, seed) => validPolicy(dice(seed + 101)))];

// Words of the language and what they are called in the form, by the member that has them.
const CALLED: Record<string, Record<string, string>> = {
  action: said.rule.actions,
  mode: said.rule.modes,
  op: said.condition.ops,
  scope: said.limit.scopes,
  algorithm: said.limit.algorithms,
  count: said.limit.counts,
  binary: said.results.binaries,
  type: said.results.kinds,
  list: said.general.lists,
  default: said.general.defaults,
};

function calls({ path, node }: Leaf): string | undefined {
  if (typeof node.value !== 'string') return undefined;
  if (path[0] === 'methods') return node.value === 'allow' ? said.tools.outcomes.allow : said.tools.outcomes.deny;
  return CALLED[String(path.at(-1))]?.[node.value];
}

/** Whether a control says what stands there: the word, the text, the digits, or the JSON that holds it. */
function says(tree: Tree, leaf: Leaf, { path = [], shown, kind }: Control): boolean {
  const { node } = leaf;
  if (!path.every((step, index) => leaf.path[index] === step)) return false;
  const source = sourceOf(tree, node);
  if (kind === 'check') return shown === 'true';
  const called = calls(leaf) ?? (typeof node.value === 'string' ? node.value : source);
  if (kind === 'tags') return (JSON.parse(shown) as string[]).includes(called) || source === '[]';
  if (path.length < leaf.path.length) return shown.includes(source);
  if (node.type === 'boolean') return shown === source || shown === (node.value === true ? said.condition.present : said.condition.absent);
  return shown === called || (node.type === 'null' && shown === said.condition.kinds.null) || shown === source;
}

// The version is the language's own, an empty object is an entry that is there, and conditions that are none are told as always.
const isFrame = ({ path, node }: Leaf): boolean =>
  pointerOf(path) === '/version' || (node.type === 'object' && path.at(-1) !== 'value') || path.at(-1) === 'conditions';

async function readAll(bench: Bench): Promise<Control[]> {
  const user = userEvent.setup({ delay: null, pointerEventsCheck: 0 });
  const all: Control[] = [];
  for (const section of SECTIONS) {
    await user.click(screen.getByRole('tab', { name: said.sections[section], hidden: true }));
    for (const entry of document.querySelectorAll('.mantine-Accordion-control')) await user.click(entry);
    const panels = [...document.querySelectorAll('.mantine-Accordion-item [role="region"]')];
    await waitFor(() => expect(panels.filter((panel) => isHidden(panel.firstElementChild ?? panel, document.body))).toEqual([]));
    all.push(...bench.controls());
  }
  await user.click(screen.getByRole('tab', { name: said.sections.tools, hidden: true }));
  for (const { name } of membersAt(bench.tree, ['tools'])) {
    await user.click(screen.getByLabelText(said.tools.open(name)));
    all.push(...bench.controls());
    await user.keyboard('{Escape}');
  }
  return all;
}

const unsaid = (tree: Tree, controls: Control[]): string[] =>
  leavesOf(tree).flatMap((leaf) => {
    const of: Path = leaf.path;
    const is = isFrame(leaf) || controls.some((control) => control.path !== undefined && says(tree, leaf, control));
    return is ? [] : [`${pointerOf(of)}: ${sourceOf(tree, leaf.node)}`];
  });

describe('a policy that is looked at', () => {
  test.each(made.map((text, index): [number, string] => [index + 100, text]))(
    'seed %i',
    async (_, text) => {
      const bench = new Bench(text);
      const controls = await readAll(bench);
      expect(bench.tree.text).toBe(text);
      expect(bench.canUndo).toBe(false);
      expect(controls.filter(({ isFaulty }) => isFaulty).map(({ path, name }) => `${name} ${pointerOf(path ?? [])}`)).toEqual([]);
      expect(unsaid(readTree(text), controls)).toEqual([]);
    },
    WAIT_MS,
  );
  test.skipIf(PROGRAM === undefined)('is one that the gateway takes', () => {
    expect(mistakesOf(made)).toEqual(made.map(() => []));
  });
});
