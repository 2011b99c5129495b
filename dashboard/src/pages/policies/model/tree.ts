// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy's text with its tree. The text is the policy; the tree says where in it everything stands.
import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';

export type { Node } from 'jsonc-parser';
export type Path = readonly (string | number)[];

export interface Tree {
  text: string;
  /** Undefined while the text is no JSON. */
  root: Node | undefined;
  fault: { offset: number; length: number; detail: string } | undefined;
}

export function readTree(text: string): Tree {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const [first] = errors;
  if (first === undefined && root !== undefined) return { text, root, fault: undefined };
  const { offset, length } = first ?? { offset: 0, length: 0 };
  return { text, root: undefined, fault: { offset, length, detail: first === undefined ? '' : printParseErrorCode(first.error) } };
}

export function nodeAt(tree: Tree, path: Path): Node | undefined {
  return tree.root === undefined ? undefined : findNodeAtLocation(tree.root, [...path]);
}

/** As it stands in the text: numbers keep their digits. */
export const sourceOf = (tree: Tree, node: Node): string => tree.text.slice(node.offset, node.offset + node.length);

export function stringAt(tree: Tree, path: Path): string | undefined {
  const node = nodeAt(tree, path);
  return node?.type === 'string' ? (node.value as string) : undefined;
}

/** A string's content, or anything else as it stands. */
export function wordAt(tree: Tree, path: Path): string | undefined {
  const node = nodeAt(tree, path);
  if (node === undefined) return undefined;
  return node.type === 'string' ? (node.value as string) : sourceOf(tree, node);
}

export interface Member {
  name: string;
  value: Node;
}

export function membersOf(node: Node | undefined): Member[] {
  if (node?.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? [];
    return key === undefined || value === undefined ? [] : [{ name: String(key.value), value }];
  });
}

export const membersAt = (tree: Tree, path: Path): Member[] => membersOf(nodeAt(tree, path));

export function itemsOf(node: Node | undefined): Node[] {
  return node?.type === 'array' ? (node.children ?? []) : [];
}

export const itemsAt = (tree: Tree, path: Path): Node[] => itemsOf(nodeAt(tree, path));

export const stringsOf = (node: Node | undefined): string[] =>
  itemsOf(node).flatMap((item) => (item.type === 'string' ? [item.value as string] : []));

export function memberOf(node: Node | undefined, name: string): Node | undefined {
  return membersOf(node).findLast((member) => member.name === name)?.value;
}

/** A JSON Pointer of a path, as rules are named. */
export const pointerOf = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The path that a JSON Pointer leads along, as far as it exists in the tree. */
export function pathOf(tree: Tree, pointer: string): Path {
  const path: (string | number)[] = [];
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    const next = nodeAt(tree, path)?.type === 'array' && /^\d+$/.test(name) ? [...path, Number(name)] : [...path, name];
    if (nodeAt(tree, next) === undefined) break;
    path.splice(0, path.length, ...next);
  }
  return path;
}

/** The text's offset of a line and a column, both from 1, columns in characters (not in units of UTF-16). */
export function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let now = 1; now < line; now++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  let offset = start;
  for (let now = 1; now < column && offset < text.length && text[offset] !== '\n'; now++)
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}
