// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Hands upon the real builder: whatever is pressed, picked or typed, the text stays JSON, the form shows what the text says, nothing
// changes but what was meant, and Undo leads back to the first byte.
import { cleanup, screen } from '@testing-library/react';
import { userEvent, type UserEvent } from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';

import { pointerOf, nodeAt } from '../../src/pages/policies/model/tree';
import { words } from '../../src/words/words';
import { mistakesOf, PROGRAM } from './checker';
import { isThere, kindNamed, meantBy, use } from './hands';
import { isUntouched, strayChanges } from './leaves';
import { Bench, faultsOf } from './page';
import type { Control } from './screen';
import { dice, FULL, validPolicy, type Dice } from './valid';

// What a policy means is asked of the gateway; here it is about the forms.
vi.mock('../../src/pages/policies/Summary', () => ({ Summary: () => null }));
vi.mock('../../src/pages/policies/Findings', () => ({ Findings: () => null, FindingsCount: () => null }));

const said = words.policies;
const SEEDS = 8;
const MORE = 10; // at most, until all was used
const STEPS = 24;
const WAIT_MS = 180_000; // as long as a busy machine needs; nothing is measured

const acted = new Map<string, number>();
const seen = new Set<string>();
const begun: string[] = [];
const made: string[] = [];

let complaints: MockInstance;
beforeEach(() => {
  complaints = vi.spyOn(console, 'error');
});

// The way to other views, and what only narrows the list of tools.
const { server, search, category, severity, outcome, clear } = said.tools;
const IS_ELSEWHERE = new Set([said.sections.label, server, search, category, severity, outcome, clear, said.cancel]);
const isOfForm = ({ element, name }: Control): boolean => !IS_ELSEWHERE.has(name) && (element as HTMLInputElement).type !== 'radio';

const isWay = ({ element, name }: Control): boolean =>
  element.getAttribute('role') === 'tab' || name === words.close || name === said.many.open || name.startsWith(said.tools.open(''));

/** What nobody used yet, so that all is reached soon; then another part of the form, or anything. */
function choose(d: Dice, controls: Control[]): Control {
  const left = controls.filter((control) => !acted.has(kindNamed(control)));
  if (left.length > 0) return d.pick(left);
  const ways = controls.filter(isWay);
  return d.pick(ways.length > 0 && d.chance(0.5) ? ways : controls);
}

const memberOf = (control: Control): string => `${pointerOf(control.path ?? [])} ${control.name}`;

function sameAnew(bench: Bench, controls: Control[]): void {
  const live = new Map(controls.filter(({ path }) => path !== undefined).map((control) => [memberOf(control), control]));
  const fresh = bench.anew().filter(({ path }) => path !== undefined);
  for (const control of fresh) {
    const own = live.get(memberOf(control));
    live.delete(memberOf(control));
    if (own === undefined && control.isHidden) continue;
    if (own?.isFaulty && !control.isFaulty) continue; // what was typed does not fit, and is not in the text
    expect(own?.shown, memberOf(control)).toBe(control.shown);
  }
  if (bench.open.section === 'resources' || bench.open.section === 'prompts') return; // entries that are closed come later
  // What is not even there says nothing.
  for (const { path, name, isHidden } of live.values()) if (!isHidden) expect(nodeAt(bench.tree, path ?? []), name).toBeUndefined();
}

async function step(bench: Bench, d: Dice, user: UserEvent, isLast: boolean): Promise<string> {
  const controls = bench.controls().filter(isOfForm);
  for (const control of controls) seen.add(kindNamed(control));
  const control = choose(d, controls);
  const { tree: before, open } = bench;
  const { what, typed } = await use(user, d, control, open);
  acted.set(kindNamed(control), (acted.get(kindNamed(control)) ?? 0) + 1);
  const { tree: after } = bench;
  expect(after.fault).toBeUndefined();
  if (complaints.mock.calls.length > 0) throw new Error(`${what}: ${complaints.mock.calls.map(String).join('\n')}`);
  const isBack = control.name === said.undo || control.name === said.redo;
  const meant = isBack ? [[]] : meantBy(control, open);
  const stray = strayChanges(before, after, meant);
  if (stray.length > 0) throw new Error(`${what}: ${stray.join('\n')}`);
  if (meant.length === 1 && after.text !== before.text) expect(isUntouched(before, after, meant[0] ?? [])).toBe(true);
  const now = bench.allControls();
  const own = now.find(({ element }) => element === control.element);
  if (typed !== undefined && control.path !== undefined && own?.isFaulty === false && typed !== said.limit.calls)
    expect(isThere(after, control.path, typed), `${typed} at ${pointerOf(control.path)}`).toBe(true);
  if (isLast || d.chance(0.4)) sameAnew(bench, now);
  return what;
}

async function leaveDialog(user: UserEvent): Promise<void> {
  while (screen.queryByRole('dialog') !== null) await user.keyboard('{Escape}');
}

async function allTheWay(user: UserEvent, name: string, can: () => boolean): Promise<void> {
  while (can()) await user.click(screen.getByRole('button', { name }));
}

async function walk(seed: number): Promise<void> {
  const d = dice(seed);
  const user = userEvent.setup({ delay: null, pointerEventsCheck: 0 });
  const begin = seed % 2 === 0 ? validPolicy(d) : FULL;
  const bench = new Bench(begin);
  begun.push(begin);
  const done: string[] = [];
  try {
    if (begin === FULL) await user.click(screen.getByRole('button', { name: said.tools.open('read_file') }));
    for (let count = 0; count < STEPS; count++) done.push(await step(bench, d, user, count === STEPS - 1));
    await leaveDialog(user);
    await allTheWay(user, said.redo, () => bench.canRedo);
    const end = bench.tree.text;
    made.push(end);
    await allTheWay(user, said.undo, () => bench.canUndo);
    expect(bench.tree.text).toBe(begin);
    await allTheWay(user, said.redo, () => bench.canRedo);
    expect(bench.tree.text).toBe(end);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\nseed ${seed}, after ${done.join('; ')}`, { cause: error });
  }
}

describe('hands upon the builder', () => {
  test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))('seed %i', walk, WAIT_MS);
});

// Every kind of control that the forms have; a new one is added here.
const BUTTONS = [
  ...Object.values(said.rule.addPredicate),
  said.rule.addCondition,
  said.rule.addFirst,
  said.rule.more,
  said.rule.make,
  said.rule.remove,
  said.rule.ask,
  said.condition.remove,
  said.limit.add,
  said.limit.addRate,
  said.results.make,
  said.results.remove,
  said.results.addRedact,
  said.results.addDenial,
  said.runaway.make,
  said.runaway.remove,
  said.others.add,
  said.tools.addRule,
  said.many.open,
  said.many.act,
  said.undo,
  said.redo,
  'Move part # up',
  'Move part # down',
  'Take entry # away',
  'Edit a rule',
  'Remove a part',
  'Remove a limit',
  'Remove the rate',
  'Remove a method',
  'an entry',
];
const FIELDS = [
  ...[said.condition.as, 'Select a tool', said.tools.selectAll].map((name) => `check: ${name}`),
  ...['Outcome', said.tools.setAll].map((name) => `native: ${name}`),
  ...[said.general.hide, said.condition.values, said.results.personalKinds].map((name) => `tags: ${name}`),
  ...[said.rule.action, said.rule.mode, said.condition.op, said.condition.kinds.label, said.limit.scope, said.limit.algorithm].map(
    (name) => `pick: ${name}`,
  ),
  ...[said.limit.count, said.results.binary, said.results.redact, said.general.default, said.general.list].map((name) => `pick: ${name}`),
  ...[said.others.default, said.methods.verdict, said.many.which, said.many.outcome].map((name) => `pick: ${name}`),
  ...[said.rule.reason, said.rule.onDeny, said.rule.id, said.rule.wait, said.rule.expires, said.rule.approvers].map(
    (name) => `text: ${name}`,
  ),
  ...[said.condition.path, said.condition.value, said.limit.max, said.limit.what, said.limit.window, said.limit.counter].map(
    (name) => `text: ${name}`,
  ),
  ...[said.limit.per, said.results.maxBytes, said.results.pattern, said.results.path, said.results.with].map((name) => `text: ${name}`),
  ...[said.general.description, said.runaway.identical, said.runaway.denials, said.tools.addRuleLabel].map((name) => `text: ${name}`),
  ...[said.others.entry, said.others.prompt, said.methods.method].map((name) => `text: ${name}`),
];

// It is there after a category was picked of the many; test/window/many.test.mjs does that.
const ONE_RULE = `check: ${said.many.oneRule}`;
const alone = (): string[] =>
  [...BUTTONS.map((name) => `button: ${name}`), ...FIELDS, ...seen].filter((kind) => kind !== ONE_RULE && !acted.has(kind));

describe('after all of that', () => {
  test(
    'no kind of control was left alone',
    async () => {
      for (let seed = SEEDS + 1; alone().length > 0 && seed <= SEEDS + MORE; seed++) {
        cleanup();
        await walk(seed);
      }
      expect(alone()).toEqual([]);
    },
    WAIT_MS,
  );
  test.skipIf(PROGRAM === undefined)(
    'what the gateway refuses, a field has said',
    () => {
      expect(mistakesOf(begun)).toEqual(begun.map(() => []));
      const mistakes = mistakesOf(made);
      expect(made.flatMap((text, index) => (mistakes[index]?.length === 0 || faultsOf(text).length > 0 ? [] : [mistakes[index]]))).toEqual(
        [],
      );
    },
    WAIT_MS,
  );
});
