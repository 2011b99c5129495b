// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a tool's own input schema says of its arguments: paths to pick from, with their types.
export type ArgumentType = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'any';

export interface Argument {
  path: string;
  type: ArgumentType;
  /** What it may be, where the schema lists it. */
  choices: (string | number | boolean)[];
  about: string;
  required: boolean;
}

type Schema = Record<string, unknown>;
const DEPTH_MOST = 6;
const ARGUMENTS_MOST = 400;

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
const TYPES: Record<string, ArgumentType> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  array: 'array',
  object: 'object',
};

function typeOf(schema: Schema): ArgumentType {
  const named = [schema.type].flat().filter((type) => type !== 'null');
  const [only] = named;
  if (named.length === 1 && typeof only === 'string') return TYPES[only] ?? 'any';
  if (Array.isArray(schema.enum) && schema.enum.length > 0) {
    const types = new Set(schema.enum.map((value) => TYPES[typeof value] ?? 'any'));
    const [first] = types;
    return types.size === 1 && first !== undefined ? first : 'any';
  }
  if (isObject(schema.properties)) return 'object';
  return schema.items === undefined ? 'any' : 'array';
}

const isChoice = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** A member's name as a step of a path, in quotes where it is no plain word. */
export const stepOf = (name: string): string => (/^[^\s.[\]"'*]+$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);

// References only within the tool's schema, and no way in circles.
function resolved(schema: Schema, root: Schema): Schema {
  let now = schema;
  for (let step = 0; step < DEPTH_MOST && typeof now.$ref === 'string'; step++) {
    if (!now.$ref.startsWith('#')) return now;
    let target: unknown = root;
    for (const part of now.$ref.slice(1).split('/').slice(1)) {
      const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
      target = isObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
    }
    if (!isObject(target)) return now;
    now = target;
  }
  return now;
}

/** Every argument that a schema names, the outer ones first; bounded, because a server wrote it. */
export function argumentsOf(inputSchema: unknown): Argument[] {
  if (!isObject(inputSchema)) return [];
  const root = inputSchema;
  const all: Argument[] = [];
  const walk = (given: Schema, path: string, required: boolean, depth: number): void => {
    if (all.length >= ARGUMENTS_MOST || depth > DEPTH_MOST) return;
    const schema = resolved(given, root);
    const choices = Array.isArray(schema.enum) ? schema.enum.filter(isChoice).slice(0, 200) : [];
    const about = typeof schema.description === 'string' ? schema.description.slice(0, 300) : '';
    if (path !== 'args') all.push({ path, type: typeOf(schema), choices, about, required });
    if (isObject(schema.items)) walk(schema.items, `${path}[*]`, false, depth + 1);
    if (!isObject(schema.properties)) return;
    const needed = Array.isArray(schema.required) ? schema.required : [];
    for (const [name, inside] of Object.entries(schema.properties))
      if (isObject(inside)) walk(inside, path + stepOf(name), needed.includes(name), depth + 1);
  };
  walk(root, 'args', false, 0);
  return all;
}

const CATEGORIES = ['Read', 'Write', 'Execute', 'Destructive', 'Financial', 'Unknown'];
const about = (path: string, type: ArgumentType, choices: Argument['choices'] = []): Argument => ({
  path,
  type,
  choices,
  about: '',
  required: true,
});

/** What every call has besides its arguments. */
export const AROUND: Argument[] = [
  about('tool.name', 'string'),
  about('tool.category', 'string', CATEGORIES),
  about('grant.label', 'string'),
  about('grant.tags', 'array'),
  about('client.name', 'string'),
  about('session.calls', 'number'),
  about('time.hour', 'number'),
  about('time.weekday', 'number', [1, 2, 3, 4, 5, 6, 7]),
];

export const OF_RESULTS: Argument[] = [
  about('result.isError', 'boolean'),
  about('result.structuredContent', 'object'),
  about('result.content[*].text', 'string'),
];

const OPS_OF: Record<ArgumentType, string[]> = {
  string: [
    'eq',
    'neq',
    'in',
    'not_in',
    'starts_with',
    'ends_with',
    'contains',
    'not_contains',
    'regex',
    'not_regex',
    'within_path',
    'url_host_in',
    'cidr_in',
    'length_lt',
    'length_lte',
    'length_gt',
    'length_gte',
    'lt',
    'lte',
    'gt',
    'gte',
    'exists',
  ],
  number: ['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in', 'not_in', 'exists'],
  boolean: ['eq', 'neq', 'exists'],
  array: ['contains', 'not_contains', 'length_lt', 'length_lte', 'length_gt', 'length_gte', 'eq', 'neq', 'exists'],
  object: ['length_lt', 'length_lte', 'length_gt', 'length_gte', 'eq', 'neq', 'exists'],
  any: [
    'eq',
    'neq',
    'in',
    'not_in',
    'lt',
    'lte',
    'gt',
    'gte',
    'exists',
    'contains',
    'not_contains',
    'starts_with',
    'ends_with',
    'regex',
    'not_regex',
    'length_lt',
    'length_lte',
    'length_gt',
    'length_gte',
    'within_path',
    'url_host_in',
    'cidr_in',
  ],
};

/** The operators that fit a type, the likeliest first. */
export const opsOf = (type: ArgumentType): string[] => OPS_OF[type];

export type Operand = 'value' | 'list' | 'texts' | 'decimal' | 'whole' | 'text' | 'presence';

/** What an operator is followed by. */
export function operandOf(op: string): Operand {
  if (op === 'in' || op === 'not_in') return 'list';
  if (op === 'within_path' || op === 'url_host_in' || op === 'cidr_in') return 'texts';
  if (['lt', 'lte', 'gt', 'gte'].includes(op)) return 'decimal';
  if (op.startsWith('length_')) return 'whole';
  if (['starts_with', 'ends_with', 'regex', 'not_regex'].includes(op)) return 'text';
  return op === 'exists' ? 'presence' : 'value';
}

/** The argument that a path is about, also one of a list's elements by its number. */
export function argumentAt(known: Argument[], path: string): Argument | undefined {
  return known.find((each) => each.path === path) ?? known.find((each) => each.path === path.replace(/\[\d+\]/g, '[*]'));
}
