// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From counts by outcome, and questions to people, to the lines of a chart.

export interface Count {
  time: string;
  key: string | null;
  count: number;
}

export interface Series {
  times: number[]; // seconds since 1970
  allowed: number[];
  denied: number[];
  asked: number[]; // questions to people
  other: number[]; // failed or refused
  waiting: number[]; // answers that a question waits, as often as the agent asked again
}

type Line = 'allowed' | 'denied' | 'other' | 'waiting';

function lineOf(outcome: string | null): Line {
  if (outcome === 'allowed' || outcome === 'observed') return 'allowed';
  if (outcome === 'pending') return 'waiting';
  return outcome === 'denied' || outcome === 'hidden' ? 'denied' : 'other';
}

/** Every interval of the time shown has a value; those without rows are 0. */
export function seriesOf(counts: Count[], questions: string[], seconds: number, interval: number, nowMs: number): Series {
  const last = Math.floor(nowMs / 1000 / interval) * interval;
  const first = Math.floor((nowMs / 1000 - seconds) / interval) * interval;
  const length = (last - first) / interval + 1;
  const none = () => new Array<number>(length).fill(0);
  const series: Series = {
    times: Array.from({ length }, (_, index) => first + index * interval),
    allowed: none(),
    denied: none(),
    asked: none(),
    other: none(),
    waiting: none(),
  };
  const add = (line: number[], time: string, count: number) => {
    const index = Math.floor((new Date(time).getTime() / 1000 - first) / interval);
    if (index >= 0 && index < length) line[index] = (line[index] ?? 0) + count;
  };
  for (const { time, key, count } of counts) add(series[lineOf(key)], time, count);
  for (const time of questions) add(series.asked, time, 1);
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
