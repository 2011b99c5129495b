// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { drop, prune, put, putAll, Raw, rename, shift } from '../../src/pages/policies/model/edit';
import { bookOf, matches, saidOf } from '../../src/pages/policies/model/select';
import { offsetOf, readTree } from '../../src/pages/policies/model/tree';

const TEXT = `{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [ { "counter": "c", "window": "day", "max": 12345678901234567890.10 } ] },
  "tools": {
    "get_*": {},
    "add": { "require": [ { "conditions": [] } ] }
  }
}
`;

describe('an edit leaves every other byte', () => {
  const tree = readTree(TEXT);
  test('a value in its place', () => {
    expect(put(tree, ['default'], 'allow')).toBe(TEXT.replace('"deny"', '"allow"'));
    expect(put(tree, ['all_tools', 'limits', 0, 'max'], new Raw('0.10'))).toBe(TEXT.replace('12345678901234567890.10', '0.10'));
  });
  test('a member more, in a line of its own where the others have one', () => {
    expect(put(tree, ['tools', 'x'], { action: 'deny' })).toBe(
      TEXT.replace('"conditions": [] } ] }\n', '"conditions": [] } ] },\n    "x": { "action": "deny" }\n'),
    );
    expect(put(tree, ['tools', 'add', 'reason'], 'why')).toBe(TEXT.replace('[] } ] }', '[] } ], "reason": "why" }'));
  });
  test('what is between is made', () => {
    expect(JSON.parse(put(tree, ['runaway', 'identical_calls', 'max'], 3))).toMatchObject({ runaway: { identical_calls: { max: 3 } } });
    expect(JSON.parse(put(readTree('{}'), ['a', 0, 'b'], 1))).toEqual({ a: [{ b: 1 }] });
  });
  test('a member less, with its comma', () => {
    expect(drop(tree, ['version'])).toBe(TEXT.replace('"version": "1",\n  ', ''));
    expect(drop(tree, ['tools', 'add'])).toBe(TEXT.replace(',\n    "add": { "require": [ { "conditions": [] } ] }', ''));
    expect(JSON.parse(prune(tree, ['all_tools', 'limits'], 0))).not.toHaveProperty('all_tools');
  });
  test('another name, another order', () => {
    expect(rename(tree, ['tools', 'add'], 'sub')).toBe(TEXT.replace('"add"', '"sub"'));
    expect(shift(readTree('[ 1.0,  "b" ]'), [0], 1)).toBe('[ "b",  1.0 ]');
    expect(shift(readTree('[1, 2]'), [0], -1)).toBe('[1, 2]');
  });
  test('many at once', () => {
    const text = putAll(
      tree,
      ['tools'],
      [
        ['add', {}],
        ['b', {}],
        ['__proto__', { action: 'deny' }],
      ],
    );
    expect(text).toContain('"add": {},\n    "b": {},\n    "__proto__": { "action": "deny" }\n  }');
  });
  test('nothing while the text is no JSON', () => {
    expect(put(readTree('{"a":'), ['a'], 1)).toBe('{"a":');
  });
});

describe('which entry speaks of a tool', () => {
  const book = (text: string) => bookOf(readTree(text));
  test.each([
    ['get_*', 'get_x', true],
    ['*_x', 'get_x', true],
    ['g?t', 'g\u{1f600}t', true],
    ['a*b*c', 'a1b2', false],
    ['', '', true],
    ['a.c', 'abc', false],
    [`${'*'.repeat(30)}b`, 'a'.repeat(5000), false],
  ])('%s on %s', (glob, name, is) => expect(matches(glob, name)).toBe(is));
  test('the most specific', () => {
    const one = book(
      '{"default":"allow","hide":["@financial"],"tools":{"a":{"action":"deny"},"a*":{"rate_limit":{}},"@read":{"action":"require_approval"},"*":{"action":"deny"},"*z":{}}}',
    );
    const said = (name: string, category: 'Read' | 'Write' | 'Unknown' | 'Financial') => saidOf(one, name, category);
    expect(said('a', 'Read')).toMatchObject({ outcome: 'deny', kind: 'exact' });
    expect(said('ab', 'Read')).toMatchObject({ outcome: 'limit', kind: 'glob' });
    expect(said('az', 'Read')).toMatchObject({ outcome: 'deny', tiedWith: { selector: '*z' } });
    expect(said('b', 'Read')).toMatchObject({ outcome: 'ask', kind: 'category' });
    expect(said('b', 'Write')).toMatchObject({ outcome: 'deny', kind: 'all' });
    expect(said('b', 'Unknown')).toMatchObject({ outcome: 'hide', hiddenBy: '@financial' });
  });
  test('of unknown category: what forbids, else what is for the gravest', () => {
    expect(saidOf(book('{"default":"deny","tools":{"@read":{"action":"deny"},"@financial":{}}}'), 'x', 'Unknown').entry?.selector).toBe(
      '@read',
    );
    expect(saidOf(book('{"default":"deny","tools":{"@read":{},"@financial":{}}}'), 'x', 'Unknown').entry?.selector).toBe('@financial');
    expect(saidOf(book('{"default":"deny","tools":{"@read":{}}}'), 'x', 'Unknown').kind).toBe('default');
  });
});

test('lines and columns count characters', () => {
  expect(offsetOf('a\n"\u{1f600}b', 2, 3)).toBe(5);
});
