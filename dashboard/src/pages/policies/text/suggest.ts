// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What can be written at a place of a policy's text, and what stands there already means.
import { findNodeAtLocation, getLocation, parseTree } from 'jsonc-parser';

import { argumentAt, AROUND, OF_RESULTS, type Argument } from '../model/arguments';
import { memberOf, type Node, type Path } from '../model/tree';
import { aboutPlace, beginningAt, choicesAt, memberNames, othersOf, placeAt } from './schema';

export interface ToolKnown {
  name: string;
  about: string;
}

/** What is known besides the language: the tools of a server, and the arguments of the tool that the place is about. */
export interface Known {
  tools: ToolKnown[];
  arguments: Argument[];
}

export interface Suggestion {
  /** What is looked for. */
  label: string;
  /** What is written. */
  json: string;
  about: string;
  /** Of a member: what its value begins as. */
  begins?: string;
}

export interface Suggestions {
  isKey: boolean;
  options: Suggestion[];
}

const PATHS = ['path', 'increment_from', 'per'];

function locationAt(text: string, offset: number) {
  const { path, isAtPropertyKey, previousNode } = getLocation(text, offset);
  return { path: path as Path, isKey: isAtPropertyKey, token: previousNode };
}

/** The tool whose own rule a place is in. */
export function toolAt(text: string, offset: number): string | undefined {
  const { path } = locationAt(text, offset);
  return path.length > 2 && path[0] === 'tools' && typeof path[1] === 'string' ? path[1] : undefined;
}

const isLeaf = (path: Path): boolean => PATHS.includes(String(path.at(-1)));

// Paths that fit: one value to add up or to split by, anything to compare.
function pathsFor(path: Path, known: Argument[]): Argument[] {
  const name = path.at(-1);
  if (path.includes('results')) return path.includes('redact') ? OF_RESULTS.slice(1) : OF_RESULTS;
  if (name === 'path') return known;
  const single = known.filter((each) => !each.path.includes('[*]'));
  return name === 'per' ? single : single.filter((each) => ['number', 'string', 'any'].includes(each.type));
}

// What the argument that is compared may be, where its schema lists it.
function comparedWith(root: Node | undefined, path: Path, known: Argument[]): Suggestion[] {
  const at = path.lastIndexOf('conditions') + 2;
  if (at < 2 || path[at] !== 'value') return [];
  const condition = root === undefined ? undefined : findNodeAtLocation(root, [...path.slice(0, at)]);
  const subject = String(memberOf(condition, 'path')?.value ?? '');
  const op = String(memberOf(condition, 'op')?.value ?? '');
  const isList = op === 'in' || op === 'not_in';
  if (!['eq', 'neq'].includes(op) && !(isList && path.length > at + 1)) return [];
  const argument = argumentAt(known, subject) ?? argumentAt(AROUND, subject);
  return (argument?.choices ?? []).map((value) => ({ label: String(value), json: JSON.stringify(value), about: argument?.about ?? '' }));
}

function valuesAt(root: Node | undefined, path: Path, known: Known): Suggestion[] {
  const place = placeAt(root, path);
  const about = aboutPlace(place);
  const last = path.at(-1);
  const list = root === undefined ? undefined : findNodeAtLocation(root, [...path.slice(0, -1)]);
  const taken = typeof last === 'number' ? othersOf(list, last) : new Set();
  const isSum = last === 'increment_from';
  const listed = choicesAt(place).filter(({ value }) => !isSum && !(isLeaf(path) && path.includes('redact')) && !taken.has(value));
  const names = path[0] === 'hide' ? known.tools.filter(({ name }) => !taken.has(name)) : [];
  return [
    ...(isLeaf(path) ? pathsFor(path, known.arguments) : []).map((one) => ({
      label: one.path,
      json: JSON.stringify(one.path),
      about: one.about,
    })),
    ...comparedWith(root, path, known.arguments),
    ...names.map(({ name, about: says }) => ({ label: name, json: JSON.stringify(name), about: says })),
    ...listed.map(({ value, about: own }) => ({ label: String(value), json: JSON.stringify(value), about: own === '' ? about : own })),
  ];
}

function keysAt(root: Node | undefined, path: Path, offset: number, known: Known): Suggestion[] {
  const parent = path.slice(0, -1);
  const object = root === undefined ? undefined : findNodeAtLocation(root, [...parent]);
  const isHere = (key: Node | undefined) => key !== undefined && key.offset <= offset && offset <= key.offset + key.length;
  const others = (object?.children ?? []).filter(({ children }) => !isHere(children?.[0]));
  const taken = new Set(others.map(({ children }) => String(children?.[0]?.value)));
  const own = parent.length === 1 && parent[0] === 'tools' ? known.tools : [];
  const place = placeAt(root, parent);
  const all: ToolKnown[] = [...own, ...memberNames(place).map((name) => ({ name, about: aboutPlace(placeAt(root, [...parent, name])) }))];
  return all
    .filter(({ name }) => !taken.has(name))
    .map(({ name, about }) => ({ label: name, json: JSON.stringify(name), about, begins: beginningAt(placeAt(root, [...parent, name])) }));
}

export function suggestionsAt(text: string, offset: number, known: Known): Suggestions {
  const root = parseTree(text);
  const { path, isKey } = locationAt(text, offset);
  return { isKey, options: isKey ? keysAt(root, path, offset, known) : valuesAt(root, path, known) };
}

export interface About {
  from: number;
  to: number;
  text: string;
}

/** What the word at a place means. */
export function aboutAt(text: string, offset: number, known: Known): About | undefined {
  const root = parseTree(text);
  const { path, isKey, token } = locationAt(text, offset);
  if (root === undefined || token === undefined || offset < token.offset || offset > token.offset + token.length) return undefined;
  const place = placeAt(root, path);
  const value: unknown = token.value;
  const own = isKey
    ? path.length === 2 && path[0] === 'tools' && known.tools.find(({ name }) => name === value)?.about
    : (choicesAt(place).find((choice) => choice.value === value)?.about ?? argumentAt(known.arguments, String(value))?.about);
  const said = own === undefined || own === '' || own === false ? aboutPlace(place) : own;
  return said === '' ? undefined : { from: token.offset, to: token.offset + token.length, text: said };
}
