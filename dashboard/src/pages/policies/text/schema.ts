// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the language's own schema says of a place in a policy: which members, which values, and what they are. Not a validator: the
// gateway says what is wrong.
import { findNodeAtLocation } from 'jsonc-parser';

import document from '../../../../../docs/policy.schema.json';
import { itemsOf, memberOf, type Node, type Path } from '../model/tree';

interface Rules {
  description?: string;
  $ref?: string;
  type?: string;
  enum?: readonly unknown[];
  const?: unknown;
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: Schema;
  required?: readonly string[];
  items?: Schema;
  allOf?: readonly Schema[];
  anyOf?: readonly Schema[];
  if?: Rules;
  then?: Schema;
  else?: Schema;
  $defs?: Readonly<Record<string, Schema>>;
}
type Schema = Rules | boolean;

const ROOT = document as unknown as Rules;
const isRules = (schema: Schema | undefined): schema is Rules => typeof schema === 'object';
const named = (reference: string): Schema | undefined => ROOT.$defs?.[reference.slice('#/$defs/'.length)];

// Conditions of the schema ask for words of an object's members, and nothing else.
function holds(test: Rules, node: Node | undefined): boolean {
  if (!(test.required ?? []).every((name) => memberOf(node, name) !== undefined)) return false;
  return Object.entries(test.properties ?? {}).every(([name, wanted]) => {
    const member = memberOf(node, name);
    return member === undefined || !isRules(wanted) || (wanted.enum ?? [wanted.const]).includes(member.value);
  });
}

// With all that it refers to, and all of which one has to fit.
function expand(schema: Schema | undefined, node: Node | undefined): Rules[] {
  if (!isRules(schema)) return [];
  const chosen = schema.if === undefined ? undefined : holds(schema.if, node) ? schema.then : schema.else;
  const referred = schema.$ref === undefined ? undefined : named(schema.$ref);
  return [schema, ...[referred, chosen, ...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap((one) => expand(one, node))];
}

function memberRules(rules: Rules[], name: string): Schema[] {
  const found = rules.flatMap(({ properties }) =>
    properties !== undefined && Object.hasOwn(properties, name) ? [properties[name] as Schema] : [],
  );
  return found.length > 0 ? found : rules.flatMap(({ additionalProperties }) => additionalProperties ?? []);
}

export interface Place {
  /** What is said of the place itself, the most particular last. */
  said: Rules[];
  /** The same with all that it refers to. */
  rules: Rules[];
}

/** Of the place that a path leads to, in a document that is being written. */
export function placeAt(root: Node | undefined, path: Path): Place {
  const nodeOf = (depth: number) => (root === undefined ? undefined : findNodeAtLocation(root, [...path.slice(0, depth)]));
  let place: Place = { said: [ROOT], rules: expand(ROOT, root) };
  for (const [depth, step] of path.entries()) {
    const next = typeof step === 'number' ? place.rules.flatMap(({ items }) => items ?? []) : memberRules(place.rules, step);
    const said = next.includes(false) ? [] : next.filter(isRules);
    place = { said, rules: said.flatMap((one) => expand(one, nodeOf(depth + 1))) };
  }
  return place;
}

export const aboutPlace = ({ said, rules }: Place): string =>
  (said.findLast(({ description }) => description !== undefined) ?? rules.find(({ description }) => description !== undefined))
    ?.description ?? '';

/** The members that an object may have there, but for those that it must not have. */
export function memberNames({ rules }: Place): string[] {
  const all = rules.flatMap(({ properties }) => Object.entries(properties ?? {}));
  const barred = new Set(all.filter(([, schema]) => schema === false).map(([name]) => name));
  return [...new Set(all.map(([name]) => name))].filter((name) => !barred.has(name));
}

export interface Choice {
  value: unknown;
  about: string;
}

/** The values that are listed for a place. */
export function choicesAt({ rules }: Place): Choice[] {
  const all = rules.flatMap((one): Choice[] => {
    if (one.type === 'boolean') return [true, false].map((value) => ({ value, about: '' }));
    const listed = one.enum ?? (one.const === undefined ? [] : [one.const]);
    return listed.map((value) => ({ value, about: one.const === undefined ? '' : (one.description ?? '') }));
  });
  return all.filter(({ value }, index) => all.findIndex((other) => other.value === value) === index);
}

/** What a new value there begins as, with the cursor in its middle. */
export function beginningAt({ rules }: Place): string {
  const kinds = new Set(
    rules.flatMap((one) => one.type ?? [...(one.enum ?? []), ...(one.const === undefined ? [] : [one.const])].map((value) => typeof value)),
  );
  if (kinds.has('string')) return '""';
  if (kinds.has('array')) return '[]';
  return kinds.has('object') ? '{}' : '';
}

/** The strings of a list but for one, which are not said twice. */
export const othersOf = (list: Node | undefined, index: number): Set<unknown> =>
  new Set(itemsOf(list).flatMap((item, at) => (at === index ? [] : [item.value])));
