// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A call that is tried: what is said of it, and what the gateway is asked. Arguments are text all the way, so that numbers keep their digits.
import type { Schemas } from '../../../api/client';
import { elements, member, readJson, type JsonNode } from '../../../parts/json';
import { argumentsOf, stepOf, type Argument } from '../model/arguments';
import { drop } from '../model/edit';
import { membersAt, readTree } from '../model/tree';

export const SUBJECTS = ['tool', 'resource', 'prompt', 'method'] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface Asked {
  subject: Subject;
  name: string;
  /** The arguments, as JSON. */
  text: string;
  isJson: boolean; // written as JSON although there is a form
  category: string | undefined; // undefined: as the catalogue says
  grant: string;
  tags: string[] | undefined; // undefined: those of the grant
  client: string;
  /** As a field for dates has it, in the reader's zone; empty: now. */
  time: string;
  calls: string; // of the session before
}

export const FIRST: Asked = {
  subject: 'tool',
  name: '',
  text: '{}',
  isJson: false,
  category: undefined,
  grant: '',
  tags: undefined,
  client: '',
  time: '',
  calls: '',
};

export const isObjectText = (text: string): boolean => readTree(text).root?.type === 'object';
/** Nothing in the text is out of the form's sight. */
export const isCovered = (text: string, fields: readonly { name: string }[]): boolean =>
  isObjectText(text) && membersAt(readTree(text), []).every((member) => fields.some((field) => field.name === member.name));

/** Without what the form has no field for. */
export function coveredOf(text: string, fields: readonly { name: string }[]): string {
  const strange = membersAt(readTree(text), []).filter((member) => !fields.some((field) => field.name === member.name));
  return strange.reduce((now, { name }) => drop(readTree(now), [name]), text);
}

export const isCount = (text: string): boolean => text === '' || /^(0|[1-9]\d{0,8})$/.test(text);
const isTime = (text: string): boolean => text === '' || !Number.isNaN(Date.parse(text));

/** False while something of it cannot be asked. */
export const isWhole = (asked: Asked): boolean =>
  asked.name !== '' && isObjectText(asked.text) && isCount(asked.calls) && isTime(asked.time);

/** What goes without saying: the category in the catalogue, the tags of the grant. */
export interface Known {
  category?: string | undefined;
  tags?: string[] | undefined;
}

/** What the gateway is asked of a call. */
export function callText(asked: Asked, server: string | undefined, known: Known): string {
  const given = asked.category ?? known.category;
  const tags = asked.tags ?? known.tags ?? [];
  const hasArguments = asked.subject === 'tool' || asked.subject === 'prompt';
  const members: [string, string | undefined][] = [
    [asked.subject, JSON.stringify(asked.name)],
    ['arguments', hasArguments ? asked.text : undefined],
    ['server', server === undefined ? undefined : JSON.stringify(server)],
    ['category', asked.subject !== 'tool' || given === undefined ? undefined : JSON.stringify(given)],
    ['grant', asked.grant === '' ? undefined : JSON.stringify(asked.grant)],
    ['tags', tags.length === 0 ? undefined : JSON.stringify(tags)],
    ['client', asked.client === '' ? undefined : JSON.stringify(asked.client)],
    ['session_calls', asked.calls === '' ? undefined : asked.calls],
    ['time', asked.time === '' ? undefined : JSON.stringify(new Date(asked.time).toISOString())],
  ];
  const said = members.filter(([, value]) => value !== undefined).map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return `{${said.join(',')}}`;
}

export interface Told {
  answer: Schemas['Explained'];
  /** With numbers as the gateway wrote them. */
  steps: JsonNode[];
  charges: JsonNode[];
}

export function toldOf(text: string): Told {
  const tree = readJson(text);
  return {
    answer: JSON.parse(text) as Schemas['Explained'],
    steps: elements(member(tree, 'steps')),
    charges: elements(member(tree, 'charges')),
  };
}

export interface Field extends Argument {
  name: string;
}

const FIELDS_MOST = 20;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field for each argument, the required ones first; undefined where the schema is none, or too large for a form. */
export function fieldsOf(inputSchema: unknown): Field[] | undefined {
  if (!isObject(inputSchema) || !isObject(inputSchema.properties)) return undefined;
  const names = Object.keys(inputSchema.properties);
  if (names.length === 0 || names.length > FIELDS_MOST) return undefined;
  const known = new Map(argumentsOf(inputSchema).map((each) => [each.path, each]));
  const fields = names.flatMap((name) => {
    const argument = known.get(`args${stepOf(name)}`);
    return argument === undefined ? [] : [{ ...argument, name }];
  });
  return fields.length < names.length ? undefined : fields.sort((a, b) => Number(b.required) - Number(a.required));
}
