// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { largest, seriesOf, total } from '../../src/pages/overview/series';

const NOW = Date.parse('2026-01-01T12:00:30Z');
const at = (time: string, key: string | null, count: number) => ({ time: `2026-01-01T${time}Z`, key, count });

test('each outcome has its line, every interval a value, and what lies outside is left out', () => {
  const counts = [
    at('11:59:00', 'allowed', 3),
    at('11:59:00', 'observed', 2),
    at('12:00:00', 'denied', 1),
    at('12:00:00', 'hidden', 1),
    at('12:00:00', 'failed', 4),
    at('12:00:00', 'refused', 1),
    at('12:00:00', 'pending', 7),
    at('10:00:00', 'allowed', 100),
    at('12:01:00', 'allowed', 100),
  ];
  const series = seriesOf(counts, ['2026-01-01T11:58:59.999Z', '2026-01-01T12:00:29Z'], 120, 60, NOW);
  expect(series.times).toEqual(['11:58:00', '11:59:00', '12:00:00'].map((time) => Date.parse(`2026-01-01T${time}Z`) / 1000));
  expect(series.allowed).toEqual([0, 5, 0]);
  expect(series.denied).toEqual([0, 0, 2]);
  expect(series.other).toEqual([0, 0, 5]);
  expect(series.waiting).toEqual([0, 0, 7]);
  expect(series.asked).toEqual([1, 0, 1]);
  expect(total(series.other)).toBe(5);
});

test('the largest first, of the same size by name, without nothing', () => {
  const counts = [at('12:00:00', 'b', 1), at('11:00:00', 'a', 1), at('12:00:00', 'c', 2), at('12:00:00', null, 9), at('12:00:00', '', 9)];
  expect(largest(counts, 2)).toEqual([
    { key: 'c', count: 2 },
    { key: 'a', count: 1 },
  ]);
});
