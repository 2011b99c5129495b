// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads the builder's forms as a person does: each control by its name and the groups that it stands in, and from these the place in
// the policy that it must be about.
import { membersAt, type Path, type Tree } from '../../src/pages/policies/model/tree';
import { words } from '../../src/words/words';

const said = words.policies;

export type Kind = 'button' | 'check' | 'pick' | 'native' | 'tags' | 'text';

export interface Control {
  element: HTMLElement;
  kind: Kind;
  name: string;
  /** Of the part of the form that it stands in. */
  part: Path;
  /** Of the member that it shows; undefined: it shows none. */
  path: Path | undefined;
  shown: string;
  isFaulty: boolean;
  /** Folded away. */
  isHidden: boolean;
}

/** What is open: a section, and over it the rule of a tool. */
export interface Open {
  section: string;
  rule: string | undefined;
}

const LISTS: Record<string, string> = {
  [said.rule.require]: 'require',
  [said.rule.deny_if]: 'deny_if',
  [said.rule.approve_if]: 'approve_if',
  [said.results.denyIf]: 'deny_if',
  [said.rule.limits]: 'limits',
  [said.results.redact]: 'redact',
  [said.rule.approval]: 'approval',
  [said.rule.results]: 'results',
};

const MEMBERS: Record<string, Path> = {
  [said.rule.action]: ['action'],
  [said.rule.mode]: ['mode'],
  [said.rule.reason]: ['reason'],
  [said.rule.onDeny]: ['on_deny'],
  [said.rule.id]: ['id'],
  [said.rule.wait]: ['wait'],
  [said.rule.expires]: ['expires'],
  [said.rule.approvers]: ['approvers'],
  [said.condition.path]: ['path'],
  [said.condition.op]: ['op'],
  [said.condition.value]: ['value'],
  [said.condition.values]: ['value'],
  [said.condition.kinds.label]: ['value'],
  [said.condition.as]: ['as'],
  [said.limit.max]: ['max'],
  [said.limit.what]: ['increment_from'],
  [said.limit.window]: ['window'],
  [said.limit.scope]: ['scope'],
  [said.limit.counter]: ['counter'],
  [said.limit.per]: ['per'],
  [said.limit.algorithm]: ['algorithm'],
  [said.limit.count]: ['count'],
  [said.results.maxBytes]: ['max_bytes'],
  [said.results.binary]: ['binary'],
  [said.results.redact]: ['type'],
  [said.results.pattern]: ['pattern'],
  [said.results.path]: ['path'],
  [said.results.personalKinds]: ['kinds'],
  [said.results.with]: ['with'],
  [said.general.description]: ['description'],
  [said.general.default]: ['default'],
  [said.general.list]: ['list'],
  [said.general.hide]: ['hide'],
  [said.others.default]: ['default'],
};
const OF_RUNAWAY: Record<string, Path> = {
  [said.runaway.identical]: ['identical_calls', 'max'],
  [said.runaway.window]: ['identical_calls', 'window'],
  [said.runaway.denials]: ['denials_in_a_row'],
  [said.runaway.reason]: ['reason'],
};

const BASES: Record<string, Path> = { all: ['all_tools'], resources: ['resources'], prompts: ['prompts'], runaway: ['runaway'] };

const labelOf = (element: Element): string => element.getAttribute('aria-label') ?? '';
const isGroup = (element: Element): boolean => element.getAttribute('role') === 'group';

/** The groups around an element, the outermost first. */
function groupsOf(element: Element, root: Element): Element[] {
  const groups: Element[] = [];
  for (let at = element.parentElement; at !== null && at !== root.parentElement; at = at.parentElement)
    if (isGroup(at) || at.getAttribute('role') === 'region') groups.unshift(at);
  return groups;
}

// Limits are named by what they say, so they count by their order.
function numberOf(group: Element, list: Element): number {
  const limits = [...list.querySelectorAll('[role="group"]')].filter((each) => labelOf(each) !== said.limit.rate);
  return limits.indexOf(group);
}

function stepInto(path: Path, group: Element, outer: Element | undefined, tree: Tree): Path {
  const label = labelOf(group);
  if (group.getAttribute('role') === 'region') {
    const items = [...(group.closest('.mantine-Accordion-root')?.children ?? [])];
    const entries = membersAt(tree, path).filter(({ name }) => name !== 'default');
    const index = items.findIndex((item) => item.contains(group));
    return entries[index] === undefined ? path : [...path, entries[index].name];
  }
  if (label === said.results.top) return ['results'];
  if (label === said.results.all) return ['all_tools', 'results'];
  if (label === said.limit.rate) return [...path.slice(0, -1), 'rate_limit'];
  const part = /^(\D+) (\d+)$/.exec(label);
  if (part !== null && label === said.rule.predicate(Number(part[2]))) return [...path, Number(part[2]) - 1];
  if (part !== null && label === said.condition.group(Number(part[2]))) return [...path, 'conditions', Number(part[2]) - 1];
  if (part !== null && part[1] === said.results.redact) return [...path, Number(part[2]) - 1];
  const list = LISTS[label];
  if (list !== undefined) return [...path, list];
  return path.at(-1) === 'limits' && outer !== undefined ? [...path, numberOf(group, outer)] : path;
}

function partOf(element: Element, root: Element, open: Open, tree: Tree): Path {
  let path: Path = open.rule === undefined ? (BASES[open.section] ?? []) : ['tools', open.rule];
  let outer: Element | undefined;
  for (const group of groupsOf(element, root)) {
    path = stepInto(path, group, outer, tree);
    outer = group;
  }
  return path;
}

function memberOf(name: string, part: Path, open: Open, tree: Tree): Path | undefined {
  if (open.section === 'tools' && open.rule === undefined) return undefined;
  if (open.section === 'methods') {
    const names = membersAt(tree, ['methods']).map((member) => member.name);
    const own = names.find((each) => name === `${said.methods.verdict}: ${each}`);
    return own === undefined ? undefined : ['methods', own];
  }
  const member = (open.section === 'runaway' ? OF_RUNAWAY : MEMBERS)[name];
  return member === undefined ? undefined : [...part, ...member];
}

function kindOf(element: HTMLElement): Kind {
  if (element instanceof HTMLSelectElement) return 'native';
  if (!(element instanceof HTMLInputElement)) return element instanceof HTMLTextAreaElement ? 'text' : 'button';
  if (element.type === 'checkbox') return 'check';
  if (element.closest('.mantine-TagsInput-root, .mantine-MultiSelect-root') !== null) return 'tags';
  return element.readOnly && element.getAttribute('aria-haspopup') === 'listbox' ? 'pick' : 'text';
}

/** A tool's name is a name, a number is a number. */
function shownBy(element: HTMLElement, kind: Kind): string {
  if (kind === 'check') return String((element as HTMLInputElement).checked);
  if (kind !== 'tags') return kind === 'button' ? '' : (element as HTMLInputElement).value;
  const pills = element.closest('.mantine-TagsInput-root, .mantine-MultiSelect-root')?.querySelectorAll('.mantine-Pill-label') ?? [];
  return JSON.stringify(Array.from(pills, (pill) => pill.textContent));
}

function nameOf(element: HTMLElement): string {
  const labels = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null;
  return element.getAttribute('aria-label') ?? labels?.[0]?.textContent ?? element.textContent ?? '';
}

export function isHidden(element: Element, root: Element): boolean {
  for (let at: Element | null = element; at !== null && at !== root; at = at.parentElement)
    if ((at as HTMLElement).style.display === 'none' || at.getAttribute('aria-hidden') === 'true' || at.hasAttribute('inert')) return true;
  return false;
}

/** What can be used: of the dialog that is open, else of the page. */
export const rootOf = (page: HTMLElement): HTMLElement => document.querySelector<HTMLElement>('[role="dialog"]') ?? page;

/** Also those that are folded away. */
export function allControlsOn(root: HTMLElement, open: Open, tree: Tree): Control[] {
  const all = [...root.querySelectorAll<HTMLElement>('button, input, textarea, select')];
  return all.flatMap((element): Control[] => {
    const isOff = (element as HTMLButtonElement).disabled || (element as HTMLInputElement).type === 'hidden';
    if (isOff) return [];
    const kind = kindOf(element);
    const name = nameOf(element).trim();
    const part = partOf(element, root, open, tree);
    const path = kind === 'button' ? undefined : memberOf(name, part, open, tree);
    const isFaulty = element.getAttribute('aria-invalid') === 'true';
    return name === ''
      ? []
      : [{ element, kind, name, part, path, shown: shownBy(element, kind), isFaulty, isHidden: isHidden(element, root) }];
  });
}

export const controlsOn = (root: HTMLElement, open: Open, tree: Tree): Control[] =>
  allControlsOn(root, open, tree).filter((control) => !control.isHidden);
