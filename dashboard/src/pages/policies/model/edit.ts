// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Edits of a policy's text that leave every other byte as it was: order, white space, spelling of
// numbers. All give the new text.
import { membersAt, nodeAt, readTree, type Node, type Path, type Tree } from './tree';

/** JSON that is written as it stands: a number with all of its digits, a part of another text. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Value = string | number | boolean | null | Raw | readonly Value[] | { readonly [name: string]: Value | undefined };

const WIDTH = 110;
const STEP = '  ';

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function inner(value: Value): [string, Value][] {
  if (isList(value)) return value.map((item) => ['', item]);
  return Object.entries(value as Record<string, Value | undefined>).flatMap(([name, item]): [string, Value][] =>
    item === undefined ? [] : [[`${JSON.stringify(name)}: `, item]],
  );
}

function inOneLine(value: Value): string {
  if (value instanceof Raw) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = inner(value).map(([name, item]) => name + inOneLine(item));
  const [open, close] = isList(value) ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  const simple = isList(value) && value.every((item) => typeof item !== 'object' || item === null || item instanceof Raw);
  return simple ? `[${parts.join(', ')}]` : `${open} ${parts.join(', ')} ${close}`;
}

/** On one line where that is short enough to be read, else a line for each part. */
export function print(value: Value, indent: string, used = 0): string {
  const short = inOneLine(value);
  if (value instanceof Raw || typeof value !== 'object' || value === null) return short;
  if (indent.length + used + short.length <= WIDTH && !short.includes('\n')) return short;
  const parts = inner(value);
  if (parts.length === 0) return short;
  const deeper = indent + STEP;
  const [open, close] = isList(value) ? '[]' : '{}';
  return `${open}\n${parts.map(([name, item]) => deeper + name + print(item, deeper, name.length)).join(',\n')}\n${indent}${close}`;
}

function indentAt(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

const splice = (text: string, start: number, end: number, by: string): string => text.slice(0, start) + by + text.slice(end);
const endOf = (node: Node): number => node.offset + node.length;

// Behind what stands there already, or as the first; in lines of its own where the others have them.
function append(text: string, parent: Node, head: string, value: Value): string {
  const last = parent.children?.at(-1);
  const outer = indentAt(text, parent.offset);
  if (last === undefined) {
    const wide = parent.parent === undefined;
    const own = outer + STEP;
    const one = `${head}${print(value, own, head.length)}`;
    const fits = !wide && !one.includes('\n') && parent.offset - text.lastIndexOf('\n', parent.offset) + one.length < WIDTH;
    const open = text[parent.offset] ?? '';
    const close = text[endOf(parent) - 1] ?? '';
    const body = fits ? ` ${one} ` : `\n${own}${one}\n${outer}`;
    return splice(text, parent.offset, endOf(parent), `${open}${body}${close}`);
  }
  const first = parent.children?.[0] ?? last;
  const isLines = text.slice(parent.offset, first.offset).includes('\n');
  const own = isLines ? indentAt(text, first.offset) : outer;
  return splice(text, endOf(last), endOf(last), `,${isLines ? `\n${own}` : ' '}${head}${print(value, own, head.length)}`);
}

// A value inside of parents that do not exist yet.
const wrapped = (path: Path, value: Value): Value =>
  path.reduceRight<Value>(
    (inside, step) => (typeof step === 'number' ? [inside] : new Raw(`{ ${JSON.stringify(step)}: ${inOneLine(inside)} }`)),
    value,
  );

/** Sets what the path leads to; objects on the way are made, and a list's end is where one more goes. */
export function put(tree: Tree, path: Path, value: Value): string {
  const { text } = tree;
  if (tree.root === undefined) return text;
  const known = nodeAt(tree, path);
  if (known !== undefined) return splice(text, known.offset, endOf(known), print(value, indentAt(text, known.offset)));
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = nodeAt(tree, path.slice(0, depth));
    if (parent === undefined) continue;
    const step = path[depth];
    const rest = wrapped(path.slice(depth + 1), value);
    if (parent.type === 'object' && typeof step === 'string') return append(text, parent, `${JSON.stringify(step)}: `, rest);
    if (parent.type === 'array' && typeof step === 'number') return append(text, parent, '', rest);
    return text;
  }
  return text;
}

/** Sets many members of one object, in one go: also thousands. */
export function putAll(tree: Tree, path: Path, entries: readonly (readonly [string, Value])[]): string {
  if (tree.root === undefined || entries.length === 0) return tree.text;
  const start = nodeAt(tree, path) === undefined ? readTree(put(tree, path, {})) : tree;
  const known = new Map(membersAt(start, path).map(({ name, value }) => [name, value]));
  const replaced = entries.flatMap(([name, value]) => {
    const node = known.get(name);
    return node === undefined ? [] : [{ node, value }];
  });
  let text = start.text;
  for (const { node, value } of replaced.sort((a, b) => b.node.offset - a.node.offset))
    text = splice(text, node.offset, endOf(node), print(value, indentAt(text, node.offset)));
  const fresh = entries.filter(([name]) => !known.has(name));
  const parent = nodeAt(readTree(text), path);
  const [head, ...rest] = fresh;
  if (head === undefined || parent === undefined) return text;
  const first = parent.children?.[0];
  const own = first === undefined ? indentAt(text, parent.offset) + STEP : indentAt(text, first.offset);
  const more = rest.map(([name, value]) => `,\n${own}${JSON.stringify(name)}: ${print(value, own, name.length)}`);
  return append(text, parent, `${JSON.stringify(head[0])}: `, new Raw(print(head[1], own, head[0].length) + more.join('')));
}

/** Takes out a member or an element, with its comma and its line. */
export function drop(tree: Tree, path: Path): string {
  const { text } = tree;
  const value = nodeAt(tree, path);
  if (value?.parent === undefined) return text;
  const part = value.parent.type === 'property' ? value.parent : value;
  const siblings = part.parent?.children ?? [];
  const index = siblings.indexOf(part);
  const before = siblings[index - 1];
  const after = siblings[index + 1];
  if (before !== undefined) return splice(text, endOf(before), endOf(part), '');
  if (after !== undefined) return splice(text, part.offset, after.offset, '');
  const parent = part.parent;
  return parent === undefined ? text : splice(text, parent.offset + 1, endOf(parent) - 1, '');
}

/** Gives a member another name, and leaves its place and value. */
export function rename(tree: Tree, path: Path, name: string): string {
  const key = nodeAt(tree, path)?.parent?.children?.[0];
  if (key === undefined || key.type !== 'string') return tree.text;
  return splice(tree.text, key.offset, endOf(key), JSON.stringify(name));
}

/** Moves an element of a list by one place. */
export function shift(tree: Tree, path: Path, by: 1 | -1): string {
  const list = nodeAt(tree, path.slice(0, -1));
  const index = path.at(-1);
  if (list?.type !== 'array' || typeof index !== 'number') return tree.text;
  const [one, other] = [list.children?.[Math.min(index, index + by)], list.children?.[Math.max(index, index + by)]];
  if (one === undefined || other === undefined || index + by < 0) return tree.text;
  const { text } = tree;
  const between = text.slice(endOf(one), other.offset);
  return splice(text, one.offset, endOf(other), text.slice(other.offset, endOf(other)) + between + text.slice(one.offset, endOf(one)));
}

/** Several edits, one after the other. */
export const chain = (tree: Tree, edits: ((tree: Tree) => string)[]): string => edits.reduce((now, edit) => readTree(edit(now)), tree).text;

/** Without a member, and without the objects that it leaves empty, up to a depth that stays. */
export function prune(tree: Tree, path: Path, keep: number): string {
  let now = readTree(drop(tree, path));
  for (let depth = path.length - 1; depth > keep; depth--) {
    const parent = nodeAt(now, path.slice(0, depth));
    if (parent === undefined || (parent.children?.length ?? 0) > 0) break;
    now = readTree(drop(now, path.slice(0, depth)));
  }
  return now.text;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
export const isNumber = (text: string): boolean => NUMBER.test(text);
