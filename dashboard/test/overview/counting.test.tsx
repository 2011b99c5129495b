// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Listener } from '../../src/api/events';
import { freshCounts, KEPT_MOST, nextFresh, SUMS, useCounting, type Fresh } from '../../src/pages/overview/counting';

const asked = vi.hoisted((): unknown[] => []);
const listening = vi.hoisted((): { now: Listener | undefined } => ({ now: undefined }));
vi.mock('../../src/api/queries', () => ({ askAgain: (...keys: unknown[]) => void asked.push(...keys) }));
vi.mock('../../src/api/events', () => ({
  listen: (listener: Listener) => {
    listening.now = listener;
    return () => {
      listening.now = undefined;
    };
  },
}));

const row = (seq: number, outcome = 'allowed'): Fresh => ({ seq, outcome, time: '2026-03-04T12:00:00Z' });
const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => row(from + index));
const come = (...seqs: number[]) =>
  act(() => {
    for (const seq of seqs) listening.now?.events.decision?.({ ...row(seq), subject: 'x' });
  });

let paints = 0;
const begin = (counted = 0, isOn = true) => {
  const tellOpen = vi.fn();
  const hook = renderHook(
    (props) => {
      paints++;
      return useCounting(props.counted, props.isOn, tellOpen);
    },
    { initialProps: { counted, isOn } },
  );
  return { ...hook, tellOpen, seqs: () => hook.result.current.rows.map(({ seq }) => seq) };
};

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
  paints = 0;
});
afterEach(() => void vi.useRealTimers());

test('a row is counted once, here or in the sums', () => {
  expect(freshCounts([row(4), row(5, 'denied')], 4)).toEqual([{ time: '2026-03-04T12:00:00Z', key: 'denied', count: 1 }]);
  const hook = begin(2);
  come(2, 3, 4);
  act(() => void vi.advanceTimersByTime(0));
  expect(hook.seqs()).toEqual([3, 4]);
  hook.rerender({ counted: 3, isOn: true });
  come(5);
  act(() => void vi.advanceTimersByTime(1000));
  expect(hook.seqs()).toEqual([4, 5]);
});

test('what is shown changes once a second at most, and not while nothing comes', () => {
  const hook = begin();
  come(1);
  act(() => void vi.advanceTimersByTime(0));
  expect(hook.seqs()).toEqual([1]);
  const before = paints;
  for (let seq = 2; seq <= 100; seq++) {
    come(seq);
    act(() => void vi.advanceTimersByTime(9));
  }
  expect(paints).toBe(before);
  act(() => void vi.advanceTimersByTime(1000));
  expect(hook.seqs()).toHaveLength(100);
  expect(paints).toBe(before + 1);
  act(() => void vi.advanceTimersByTime(60_000));
  expect(paints).toBe(before + 1);
});

test('the sums are asked for anew each time that the stream begins, and when rows were missed', () => {
  const hook = begin();
  expect(asked).toEqual([]);
  act(() => listening.now?.whenOpen());
  expect(asked).toEqual([SUMS]);
  act(() => listening.now?.events.missed?.({ from: 1, to: 9 }));
  act(() => listening.now?.whenBroken());
  act(() => listening.now?.whenOpen());
  expect(asked).toEqual([SUMS, SUMS, SUMS]);
  expect(hook.tellOpen.mock.calls).toEqual([[true], [false], [true]]);
});

test('what is kept is bounded; the sums say the rest, asked for now and then', () => {
  expect(nextFresh(rows(1, KEPT_MOST), [], 0).isTooMany).toBe(false);
  const all = nextFresh(rows(1, KEPT_MOST), rows(KEPT_MOST + 1, KEPT_MOST + 5), 0);
  expect([all.rows.length, all.rows[0]?.seq, all.isTooMany]).toEqual([KEPT_MOST, 6, true]);
  expect(nextFresh(rows(1, KEPT_MOST), [row(KEPT_MOST + 1)], 10).isTooMany).toBe(false);
  vi.setSystemTime(new Date('2026-03-04T12:00:00Z'));
  const hook = begin();
  for (let second = 0; second < 25; second++) {
    come(...rows(second * KEPT_MOST, (second + 1) * KEPT_MOST + 5).map(({ seq }) => seq));
    act(() => void vi.advanceTimersByTime(1000));
  }
  expect(hook.seqs()).toHaveLength(KEPT_MOST);
  expect(asked).toHaveLength(3);
});

test('while it is off nobody listens', () => {
  const hook = begin(0, false);
  expect(listening.now).toBeUndefined();
  hook.rerender({ counted: 0, isOn: true });
  expect(listening.now).toBeDefined();
  hook.unmount();
  expect(listening.now).toBeUndefined();
});
