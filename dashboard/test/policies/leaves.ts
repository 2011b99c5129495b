// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What of a policy's text changed, and whether it is what was meant to.
import { itemsOf, membersOf, pointerOf, sourceOf, type Node, type Path, type Tree } from '../../src/pages/policies/model/tree';

export interface Leaf {
  path: Path;
  node: Node;
}

const inside = (node: Node): [string | number, Node][] =>
  node.type === 'array'
    ? itemsOf(node).map((item, index): [number, Node] => [index, item])
    : membersOf(node).map(({ name, value }): [string, Node] => [name, value]);

/** Every value that holds no others. */
export function leavesOf(tree: Tree): Leaf[] {
  const all: Leaf[] = [];
  const walk = (node: Node, path: Path): void => {
    const parts = inside(node);
    if (parts.length === 0) all.push({ path, node });
    for (const [step, part] of parts) walk(part, [...path, step]);
  };
  if (tree.root !== undefined) walk(tree.root, []);
  return all;
}

const isWithin = (path: Path, outer: Path): boolean => outer.every((step, index) => path[index] === step);

/** Where one text says something that the other does not, but for the places that were meant and what they alone fill. */
export function strayChanges(before: Tree, after: Tree, meant: Path[]): string[] {
  const is = (tree: Tree) => new Map(leavesOf(tree).map(({ path, node }) => [pointerOf(path), { path, source: sourceOf(tree, node) }]));
  const [old, now] = [is(before), is(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((pointer) => {
    const { path } = old.get(pointer) ?? now.get(pointer) ?? { path: [] };
    const isMeant = meant.some((place) => isWithin(path, place) || isWithin(place, path));
    const [was, is] = [old.get(pointer)?.source, now.get(pointer)?.source];
    return isMeant || was === is ? [] : [`${pointer}: ${was} became ${is}`];
  });
}

// From the root down to what was meant: all beside it, byte by byte.
function besides(tree: Tree, meant: Path): string[] {
  const all: string[] = [];
  let node = tree.root;
  for (const step of meant) {
    if (node === undefined) break;
    const parts = inside(node);
    for (const [name, part] of parts) if (name !== step) all.push(sourceOf(tree, part));
    node = parts.find(([name]) => name === step)?.[1];
  }
  return all;
}

/** The same of the bytes: what stands beside a place is as it was, white space and all. */
export const isUntouched = (before: Tree, after: Tree, meant: Path): boolean =>
  JSON.stringify(besides(before, meant).filter((text) => text !== '{}')) ===
  JSON.stringify(besides(after, meant).filter((text) => text !== '{}'));
