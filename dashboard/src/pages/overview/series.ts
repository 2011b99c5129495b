// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From counts by outcome to the lines of a chart.

export interface Count {
  time: string;
  key: string | null;
  count: number;
}

export interface Series {
  times: number[]; // seconds since 1970
  allowed: number[];
  denied: number[];
  other: number[];
}

type Line = 'allowed' | 'denied' | 'other';

function lineOf(outcome: string | null): Line {
  if (outcome === 'allowed' || outcome === 'observed') return 'allowed';
  return outcome === 'denied' || outcome === 'hidden' ? 'denied' : 'other';
}

/** Every interval of the time shown has a value; those without rows are 0. */
export function seriesOf(counts: Count[], seconds: number, interval: number, nowMs: number): Series {
  const last = Math.floor(nowMs / 1000 / interval) * interval;
  const first = Math.floor((nowMs / 1000 - seconds) / interval) * interval;
  const length = (last - first) / interval + 1;
  const series: Series = {
    times: Array.from({ length }, (_, index) => first + index * interval),
    allowed: new Array<number>(length).fill(0),
    denied: new Array<number>(length).fill(0),
    other: new Array<number>(length).fill(0),
  };
  for (const { time, key, count } of counts) {
    const index = Math.floor((new Date(time).getTime() / 1000 - first) / interval);
    const line = series[lineOf(key)];
    if (index >= 0 && index < length) line[index] = (line[index] ?? 0) + count;
  }
  return series;
}

/** The keys with most rows, most first. */
export function largest(counts: Count[], most: number): { key: string; count: number }[] {
  const sums = new Map<string, number>();
  for (const { key, count } of counts) if (key !== null && key !== '') sums.set(key, (sums.get(key) ?? 0) + count);
  return [...sums]
    .map(([key, count]) => ({ key, count }))
    .sort((a, b) => b.count - a.count || a.key.localeCompare(b.key))
    .slice(0, most);
}

export const total = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);
