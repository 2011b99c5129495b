// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Hands that use a control: which place of the policy that is meant to change, and what is typed or picked.
import { act, fireEvent } from '@testing-library/react';
import type { UserEvent } from '@testing-library/user-event';

import { OUTCOMES } from '../../src/pages/policies/model/select';
import { nodeAt, type Path, type Tree } from '../../src/pages/policies/model/tree';
import { words } from '../../src/words/words';
import type { Control, Open } from './screen';
import type { Dice } from './valid';

const said = words.policies;

// Names with a part that differs from one to the next.
const VARYING: [begin: string, name: string][] = [
  [said.tools.open(''), 'Edit a rule'],
  [said.tools.outcomeOf(''), 'Outcome'],
  [said.tools.selectAll, said.tools.selectAll],
  [said.tools.select(''), 'Select a tool'],
  [`${said.methods.verdict}: `, said.methods.verdict],
  [said.limit.remove(said.limit.rate), 'Remove the rate'],
  [said.limit.remove(''), 'Remove a limit'],
  [said.condition.remove, said.condition.remove],
  [said.rule.remove, said.rule.remove],
  ['Remove part ', 'Remove a part'],
  [said.others.remove(''), 'Remove a method'],
];

/** Controls of one kind count as one, however many there are. */
export function kindNamed({ kind, name, element }: Control): string {
  if (element.classList.contains('mantine-Accordion-control')) return 'button: an entry';
  const varying = VARYING.find(([begin]) => name.startsWith(begin))?.[1];
  return `${kind}: ${varying ?? name.replace(/\d+/, '#')}`;
}

const OF_ITEMS = [/^Remove part /, /^Move part /, /^Take entry /, /^Remove the limit /];

/** The places that may change when this is used. */
export function meantBy(control: Control, open: Open): Path[] {
  const { part, path, name, kind } = control;
  const own = path ?? part;
  if (open.section === 'tools' && open.rule === undefined) return [['tools'], ['hide']];
  if (kind === 'button') {
    if (name === said.limit.addRate) return [[...part.slice(0, -1), 'rate_limit']];
    if (name === said.limit.remove(said.limit.rate)) return [part];
    if (name === said.condition.remove || OF_ITEMS.some((one) => one.test(name))) return [part.slice(0, -1)];
    return [open.section === 'methods' ? ['methods'] : part];
  }
  if (name === said.condition.op) return ['op', 'value', 'as'].map((member) => [...part, member]);
  if (name === said.limit.what) return [own, [...part, 'as']];
  if (name === said.results.redact) return ['type', 'kinds', 'pattern', 'path'].map((member) => [...part, member]);
  return name === said.runaway.identical ? [own.slice(0, -1)] : [own];
}

const PATHS = ['args.path', 'args.count', 'tool.name', 'args["odd key"]'];
const FITTING: Record<string, string[]> = {
  max: ['5', '0.10', '12345678901234567890', '7'],
  window: ['90s', 'day', '3600'],
  wait: ['45s', '30', '1d'],
  expires: ['10m', '7d'],
  approvers: ['1', '2', '100'],
  path: [...PATHS, 'result.structuredContent.a', 'result.isError'],
  increment_from: ['args.count', 'args.path', said.limit.calls],
  per: ['args.path', 'client.name', ''],
  counter: ['a', 'b', 'c d'],
  pattern: ['x+', '[0-9]{4}'],
  max_bytes: ['0', '65536'],
  denials_in_a_row: ['2', '1000000'],
  value: ['a', '7', '0.10', '/srv', '10.0.0.0/8', '[1, "a"]', 'example.com'],
  hide: ['withdraw_*', '@read', 'x'],
};
const TEXTS = ['why', '"quoted" \\', 'ü \u202e', ''];
const UNFITTING = ['', '-1', '0', '101', '1.', 'args.', '@x', '**', '/', 'no such', '1e5', '[', '367d'];

const NAMES: Record<string, string[]> = {
  tools: ['get_*', '@write', 'new tool'],
  resources: ['file:///x', 'y'],
  prompts: ['greet', 'x*'],
  methods: ['elicitation/create', 'b/c'],
};
const NO_NAMES = ['**', '@x', 'default', 'ping', 'tools/call'];

export function textFor(d: Dice, control: Control, open: Open): string {
  if (control.path === undefined) return d.pick(d.chance(0.2) ? NO_NAMES : (NAMES[open.section] ?? TEXTS));
  const member = String(control.path.at(-1));
  return d.chance(0.3) ? d.pick(UNFITTING) : d.pick(FITTING[member] ?? TEXTS);
}

const optionsShown = (): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>('[role="option"]')].filter((each) => !each.hasAttribute('data-combobox-disabled'));

export interface Done {
  what: string;
  typed: string | undefined;
}

/** Uses a control as a person would; tells how. */
export async function use(user: UserEvent, d: Dice, control: Control, open: Open): Promise<Done> {
  const { element, kind, name } = control;
  if (kind === 'native') {
    const value = d.pick([...OUTCOMES, 'custom', 'inherit'].filter((each) => element.querySelector(`option[value="${each}"]`) !== null));
    await user.selectOptions(element, value);
    return { what: `${name} = ${value}`, typed: undefined };
  }
  await user.click(element);
  if (kind === 'button' || kind === 'check') return { what: name, typed: undefined };
  if (kind === 'pick') {
    const option = d.pick(optionsShown());
    const label = option?.textContent ?? '';
    if (option !== undefined) await user.click(option);
    return { what: `${name} = ${label}`, typed: undefined };
  }
  const text = textFor(d, control, open);
  if (kind === 'tags') return { what: `${name}: ${await tag(user, d, element, text)}`, typed: undefined };
  act(() => element.focus());
  fireEvent.change(element, { target: { value: text } });
  if (d.chance(0.5)) await user.tab();
  return { what: `${name}: ${JSON.stringify(text)}`, typed: text };
}

// One more, or the last one away; of a list that is closed, one of it.
async function tag(user: UserEvent, d: Dice, element: HTMLElement, text: string): Promise<string> {
  const option = d.chance(0.5) ? d.pick(optionsShown()) : undefined;
  if (option !== undefined) {
    const label = option.textContent ?? '';
    await user.click(option);
    return label;
  }
  if (d.chance(0.3) || (element as HTMLInputElement).readOnly) {
    await user.keyboard('{Backspace}');
    return 'less';
  }
  fireEvent.change(element, { target: { value: text } });
  await user.keyboard('{Enter}');
  return text;
}

/** Whether what is typed is what stands there: as a text, or as digits. */
export function isThere(tree: Tree, path: Path, typed: string): boolean {
  const node = nodeAt(tree, path);
  if (typed === '' || node === undefined) return node === undefined || node.value === '';
  if (node.type === 'string') return node.value === typed || node.value === typed.trim();
  return tree.text.slice(node.offset, node.offset + node.length) === typed.trim();
}
