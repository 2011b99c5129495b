// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { callText, coveredOf, fieldsOf, FIRST, isCovered, isWhole, toldOf } from '../../src/pages/policies/trying/call';
import { factsOf, missingOf, playedOf, sectionsOf, stopsOf } from '../../src/pages/policies/trying/play';
import type { Replayed } from '../../src/pages/policies/trying/queries';

describe('what is asked of a call', () => {
  test('numbers keep their digits, and what is not said is not asked', () => {
    const asked = { ...FIRST, name: 'pay', text: '{ "a": 12345678901234567890.10 }' };
    expect(callText(asked, undefined, {})).toBe('{"tool":"pay","arguments":{ "a": 12345678901234567890.10 }}');
  });
  test('all that can be said', () => {
    const asked = { ...FIRST, name: 'a"b', grant: 'g', tags: ['x'], client: 'c', calls: '3', time: '2027-01-01T03:00:00Z' };
    expect(JSON.parse(callText(asked, 's', { category: 'Write', tags: ['y'] }))).toEqual({
      tool: 'a"b',
      arguments: {},
      server: 's',
      category: 'Write',
      grant: 'g',
      tags: ['x'],
      client: 'c',
      session_calls: 3,
      time: '2027-01-01T03:00:00.000Z',
    });
    expect(JSON.parse(callText({ ...asked, category: 'Read', tags: undefined }, 's', { category: 'Write', tags: ['y'] }))).toMatchObject({
      category: 'Read',
      tags: ['y'],
    });
  });
  test('only tools have a category, only tools and prompts arguments', () => {
    expect(callText({ ...FIRST, subject: 'resource', name: 'a:b', text: '{"a":1}' }, undefined, { category: 'Write' })).toBe(
      '{"resource":"a:b"}',
    );
    expect(callText({ ...FIRST, subject: 'prompt', name: 'p', text: '{"a":1}' }, undefined, { category: 'Write' })).toBe(
      '{"prompt":"p","arguments":{"a":1}}',
    );
  });
  test.each([
    [{}, false],
    [{ name: 'a' }, true],
    [{ name: 'a', text: '[]' }, false],
    [{ name: 'a', text: '{"a": ' }, false],
    [{ name: 'a', calls: '-1' }, false],
    [{ name: 'a', calls: '1e3' }, false],
    [{ name: 'a', time: 'soon' }, false],
  ])('%j can be asked: %s', (by, is) => expect(isWhole({ ...FIRST, ...by })).toBe(is));
});

describe('fields for arguments', () => {
  test('nothing is out of their sight', () => {
    const fields = [{ name: 'a' }, { name: '__proto__' }];
    expect(isCovered('{"a": 1, "__proto__": 2}', fields)).toBe(true);
    expect(isCovered('{"a": 1, "b": 2}', fields)).toBe(false);
    expect(isCovered('[]', fields)).toBe(false);
    expect(coveredOf('{"b": 0, "a": 1.0, "c": 3}', fields)).toBe('{"a": 1.0}');
  });
  test('the required ones first, names that are no plain words too', () => {
    const properties = { b: { type: 'boolean' }, 'odd.name': { type: 'string' }, a: { type: 'integer' }, list: { type: 'array' } };
    expect(fieldsOf({ properties, required: ['a'] })?.map(({ name, type }) => [name, type])).toEqual([
      ['a', 'number'],
      ['b', 'boolean'],
      ['odd.name', 'string'],
      ['list', 'array'],
    ]);
  });
  test('none without a schema, or of one that is too large', () => {
    expect(fieldsOf(undefined)).toBeUndefined();
    expect(fieldsOf({ type: 'object', properties: {} })).toBeUndefined();
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, number) => [`a${number}`, { type: 'string' }]));
    expect(fieldsOf({ properties: many })).toBeUndefined();
    expect(fieldsOf({ properties: { a: true } })).toBeUndefined();
  });
});

test('steps of an explanation keep the digits of numbers', () => {
  const { steps } = toldOf('{"outcome":"allowed","steps":[{"step":"limit","amount":12345678901234567890.10}],"charges":[]}');
  expect(JSON.stringify(steps)).toContain('12345678901234567890.10');
});

const GROUP = {
  calls: 1,
  grants: 1,
  server: null,
  method: null,
  subject: 'a',
  from_rule: null,
  limit: false,
  withheld: false,
  examples: [],
};
const ANSWER = {
  calls: 4,
  with_values: 4,
  same: 2,
  not_replayed: { refused: 0, housekeeping: 3 },
  kinds: [
    { from: 'allowed', to: 'asks', calls: 1 },
    { from: 'asks', to: 'asks', calls: 1 },
    { from: 'allowed', to: 'denied', calls: 2 },
  ],
  changes: [
    { ...GROUP, from: 'allowed', to: 'denied', calls: 2 },
    { ...GROUP, from: 'allowed', to: 'asks' },
  ],
  complete: true,
  cut: null,
  read: 7,
  missing: 0,
  index: { row: 1, behind_bytes: 0, behind_ms: 0 },
} as unknown as Replayed;

describe('a replay', () => {
  test('is asked of a time up to now', () => {
    const wanted = { period: 'week', calls: 'policy', server: '', grant: 'g' } as const;
    const now = Date.parse('2026-11-22T00:00:00Z');
    expect(playedOf(wanted, '{}', now)).toEqual({ document: '{}', calls: 'policy', from: '2026-11-15T00:00:00.000Z', grant: 'g' });
    expect(playedOf({ ...wanted, period: 'all' }, '{}', now)).not.toHaveProperty('from');
  });
  test('is read by what would become of the calls, the denied ones first', () => {
    expect(sectionsOf(ANSWER).map(({ to, calls, groups }) => [to, calls, groups.length])).toEqual([
      ['denied', 2, 1],
      ['asks', 1, 1],
    ]);
  });
  test('says what it counts and leaves out what is none', () => {
    const facts = factsOf(ANSWER).join(' ');
    expect(facts).toMatch(/by the same rule: 2\./);
    expect(facts).toMatch(/lists, pings and the like: 3\./);
    expect(facts).not.toMatch(/refused|another rule|Calls with values/);
    expect(factsOf({ ...ANSWER, with_values: 1 }).join(' ')).toMatch(/log: 1 of 4\./);
  });
  test('says where it ended', () => {
    expect(stopsOf(ANSWER)).toEqual([]);
    expect(stopsOf({ ...ANSWER, complete: false, cut: 'rows' })).toHaveLength(1);
    const index = { ...ANSWER.index, behind_bytes: 9 };
    expect(stopsOf({ ...ANSWER, complete: false, cut: 'time', missing: 2, index })).toHaveLength(3);
  });
  test.each([
    [{ missing: 'args.a', limit: false }, /^args\.a is not in the log$/],
    [{ missing: 'result', limit: false }, /answers/],
    [{ missing: 'tool.category', limit: false }, /category/],
    [{ missing: null, limit: true }, /limit/],
    [{ missing: null, limit: false }, /not known/],
  ])('says what would have to be in the log: %j', (group, sentence) => expect(missingOf(group)).toMatch(sentence));
});
