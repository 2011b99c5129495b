// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { byName, formatAgo, formatMicroseconds } from '../../src/words/words';

const now = new Date('2026-03-04T12:00:00Z');

test.each([
  [0, /now/],
  [5, /5 sec/],
  [60, /1 min/],
  [7200, /2 hr/],
  [86_400, /yesterday/],
  [8 * 86_400, /Feb 24, 2026/],
])('%d seconds ago', (seconds, said) => {
  expect(formatAgo(new Date(now.getTime() - seconds * 1000), now)).toMatch(said);
});

test.each([
  [999, '999 µs'],
  [1540, '1.5 ms'],
  [2_300_000, '2.3 s'],
])('%d microseconds', (value, said) => expect(formatMicroseconds(value)).toBe(said));

test('names in the order of a reader', () => {
  expect(byName(['agent 10', 'Agent 9', 'zeta', 'Äther', 'alpha'], (name) => name)).toEqual([
    'Agent 9',
    'agent 10',
    'alpha',
    'Äther',
    'zeta',
  ]);
});
