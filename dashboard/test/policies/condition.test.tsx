// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every comparison that fits a type of argument: picked by its words, filled in, it makes the right JSON; what does not fit is refused
// with words and stays out of the text.
import { screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';

import { opsOf, operandOf, type Argument, type ArgumentType } from '../../src/pages/policies/model/arguments';
import { nodeAt, sourceOf } from '../../src/pages/policies/model/tree';
import { Condition } from '../../src/pages/policies/rules/Condition';
import { words } from '../../src/words/words';
import { leave, named, onBench, take, type, typeTag } from './bench';
import { mistakesOf, PROGRAM } from './checker';

const said = words.policies.condition;
const PATH = ['tools', 't', 'deny_if', 0, 'conditions', 0] as const;
const WAIT_MS = 60_000; // as long as a busy machine needs; nothing is measured

const argument = (of: ArgumentType, choices: Argument['choices'] = []): Argument => ({
  path: 'args.a',
  type: of,
  choices,
  about: '',
  required: true,
});
const documentOf = (condition: object): string =>
  JSON.stringify({ version: '1', default: 'deny', tools: { t: { deny_if: [{ conditions: [{ path: 'args.a', ...condition }] }] } } });

const field = (label: string = said.value): HTMLElement => screen.getByLabelText(label, { selector: 'input' }); // not the list that it opens
const picks = (label: string, value: string) => () => take(field(label), named(value));

interface Filling {
  fill: () => void;
  makes: string;
  /** Typed before it, and refused with these words. */
  wrong?: { typed: string; words: string };
}

const decimal = (typed: string): Filling => ({
  fill: () => type(field(), typed),
  makes: typed,
  wrong: { typed: '12,5', words: words.policies.notNumber },
});
const GROUND: Record<string, string> = { within_path: '/srv', url_host_in: '*.example.com', cidr_in: '10.0.0.0/8' };

function ofAny(of: ArgumentType): Filling {
  if (of === 'string') return { fill: () => type(field(), 'a "b"'), makes: '"a \\"b\\""' };
  if (of === 'number') return decimal('12345678901234567890.10');
  if (of === 'boolean') return { fill: picks(said.value, said.no), makes: 'false' };
  return {
    fill: () => {
      take(field(said.kinds.label), named(said.kinds.json));
      type(field(), '{"k": [1.0]}');
    },
    makes: '{"k": [1.0]}',
  };
}

function filling(op: string, of: ArgumentType): Filling {
  switch (operandOf(op)) {
    case 'decimal':
      return decimal('0.10');
    case 'whole':
      return { fill: () => type(field(), '7'), makes: '7', wrong: { typed: '1.5', words: words.policies.notWhole } };
    case 'text':
      return { fill: () => type(field(), 'a.b'), makes: '"a.b"' };
    case 'presence':
      return { fill: picks(said.value, said.absent), makes: 'false' };
    case 'texts':
      return { fill: () => typeTag(field(said.values), GROUND[op] ?? ''), makes: JSON.stringify([GROUND[op]]) };
    case 'list':
      return of === 'number'
        ? { fill: () => typeTag(field(said.values), '1.50'), makes: '[1.50]', wrong: { typed: 'many', words: words.policies.notNumber } }
        : { fill: () => typeTag(field(said.values), 'a'), makes: '["a"]' };
    default:
      return ofAny(of);
  }
}

const TYPES: ArgumentType[] = ['string', 'number', 'boolean', 'array', 'object', 'any'];
const ORDERS = ['lt', 'lte', 'gt', 'gte'];
const made: string[] = [];

function valueIn(tree: ReturnType<ReturnType<typeof onBench>>): string {
  const node = nodeAt(tree, [...PATH, 'value']);
  return node === undefined ? '' : sourceOf(tree, node);
}

describe.each(TYPES)('an argument that is: %s', (of) => {
  test.each(opsOf(of))(
    '%s',
    (op) => {
      const before = op === 'exists' ? { op: 'eq', value: 1 } : { op: 'exists', value: true };
      const now = onBench(documentOf(before), [argument(of)], <Condition path={PATH} number={1} remove={() => {}} />);
      take(field(said.op), named(said.ops[op] ?? ''));
      const { fill, makes, wrong } = filling(op, of);
      if (wrong !== undefined) {
        const untouched = valueIn(now());
        const input = operandOf(op) === 'list' ? field(said.values) : field();
        if (operandOf(op) === 'list') typeTag(input, wrong.typed);
        else type(input, wrong.typed);
        expect(screen.getByText(wrong.words)).toBeTruthy();
        expect(valueIn(now())).toBe(untouched);
      }
      fill();
      if (wrong !== undefined) expect(screen.queryByText(wrong.words)).toBeNull();
      expect(now().fault).toBeUndefined();
      expect(valueIn(now())).toBe(makes);
      const { path, op: written, as } = JSON.parse(now().text).tools.t.deny_if[0].conditions[0];
      expect({ path, written, as }).toEqual({
        path: 'args.a',
        written: op,
        as: of === 'string' && ORDERS.includes(op) ? 'number' : undefined,
      });
      made.push(now().text);
    },
    WAIT_MS,
  );
});

test('what the schema lists is what can be picked', () => {
  const now = onBench(
    documentOf({ op: 'eq', value: 'one' }),
    [argument('string', ['one', 'two'])],
    <Condition path={PATH} number={1} remove={() => {}} />,
  );
  take(field(), named('two'));
  expect(valueIn(now())).toBe('"two"');
  made.push(now().text);
});

test('a number that is not finished stays in the field, and the last good one in the text', () => {
  const now = onBench(documentOf({ op: 'lt', value: 5 }), [argument('number')], <Condition path={PATH} number={1} remove={() => {}} />);
  type(field(), '1.');
  leave(field());
  expect(screen.getByText(words.policies.notNumber)).toBeTruthy();
  expect((field() as HTMLInputElement).value).toBe('1.');
  expect(valueIn(now())).toBe('5');
});

test.skipIf(PROGRAM === undefined)('the gateway finds no mistake in any of them', () => {
  expect(made.length).toBe(TYPES.reduce((count, of) => count + opsOf(of).length, 1));
  expect(mistakesOf(made).flatMap((each, index) => (each.length === 0 ? [] : [[made[index], each]]))).toEqual([]);
});
