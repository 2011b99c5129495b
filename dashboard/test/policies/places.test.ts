// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { formOf, placeOf } from '../../src/pages/policies/model/places';
import { readTree } from '../../src/pages/policies/model/tree';

const TREE = readTree(
  JSON.stringify({
    version: '1',
    default: 'deny',
    hide: ['w_*'],
    tools: {
      'a/b': { limits: [{ counter: 'one' }, { counter: '0' }, { counter: 'a~b' }], results: { redact: [{ type: 'secrets' }] } },
      'a*': {},
      '*b': { action: 'deny' },
      limits: {},
    },
    runaway: { denials_in_a_row: 3 },
  }),
);

describe('where a rule stands', () => {
  test.each([
    ['/tools/a~1b/results/redact/0', ['tools', 'a/b', 'results', 'redact', 0]],
    ['/tools/*b/action', ['tools', '*b', 'action']],
    ['/hide/0', ['hide', 0]],
    ['/tools/limits', ['tools', 'limits']],
  ])('%s', (rule, path) => expect(placeOf(TREE, rule)).toEqual(path));
  test('a limit by its counter, also when that looks like a number', () => {
    expect(placeOf(TREE, '/tools/a~1b/limits/one')).toEqual(['tools', 'a/b', 'limits', 0]);
    expect(placeOf(TREE, '/tools/a~1b/limits/0')).toEqual(['tools', 'a/b', 'limits', 1]);
    expect(placeOf(TREE, '/tools/a~1b/limits/a~0b')).toEqual(['tools', 'a/b', 'limits', 2]);
  });
  test('as far as it exists', () => {
    expect(placeOf(TREE, '/tools/a~1b/results/binary')).toEqual(['tools', 'a/b', 'results']);
    expect(placeOf(TREE, '/tools/gone/require/0')).toEqual(['tools']);
    expect(placeOf(TREE, '/gone')).toBeUndefined();
  });
  test('names that are no pointers', () => {
    expect(placeOf(TREE, '(default deny)')).toEqual(['default']);
    expect(placeOf(TREE, '(hidden)')).toEqual(['hide']);
    expect(placeOf(TREE, '(ambiguous selectors /tools/a* and /tools/*b)')).toEqual(['tools', 'a*']);
    expect(placeOf(TREE, '(protocol)')).toBeUndefined();
    expect(placeOf(readTree('{"default": '), '(default deny)')).toBeUndefined();
  });
});

test('which form shows it', () => {
  expect(formOf(['tools', 'a/b', 'limits', 0])).toEqual({ section: 'tools', rule: 'a/b' });
  expect(formOf(['tools'])).toEqual({ section: 'tools' });
  expect(formOf(['all_tools', 'limits'])).toEqual({ section: 'all' });
  expect(formOf(['hide', 0])).toEqual({ section: 'general' });
});
