// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Decisions as they come, counted on top of the gateway's sums, which are asked for anew now and then.
import { useEffect, useRef, useState } from 'react';

import { listen } from '../../api/events';
import { askAgain } from '../../api/queries';
import type { Count } from './series';

const PAINT_MS = 1000;
const ASK_MS = 10_000; // between looks at the sums, when too much comes to be counted here
export const KEPT_MOST = 10_000;
export const SUMS = ['decisions', 'summary', 'outcome'];

/** A row of the log, as much of it as is counted. */
export interface Fresh {
  seq: number;
  time: string;
  outcome: string;
}

export interface Counting {
  rows: Fresh[];
  at: number; // when they were put together
}

/** Rows that the sums have are not counted twice: these end with the row `counted`. */
export const freshCounts = (rows: Fresh[], counted: number): Count[] =>
  rows.filter(({ seq }) => seq > counted).map(({ time, outcome }) => ({ time, key: outcome, count: 1 }));

/** Those that the sums do not have. Where there are too many the newest are kept, and the sums are needed. */
export function nextFresh(rows: Fresh[], came: Fresh[], counted: number): { rows: Fresh[]; isTooMany: boolean } {
  const all = [...rows, ...came].filter(({ seq }) => seq > counted);
  return { rows: all.slice(-KEPT_MOST), isTooMany: all.length > KEPT_MOST };
}

function begin(counted: () => number, paint: (counting: Counting) => void, tellOpen: (isOpen: boolean) => void): () => void {
  let rows: Fresh[] = [];
  let came: Fresh[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let painted = 0;
  let asked = 0;
  const ask = () => {
    asked = Date.now();
    void askAgain(SUMS);
  };
  const flush = () => {
    timer = undefined;
    painted = Date.now();
    const next = nextFresh(rows, came, counted());
    rows = next.rows;
    came = [];
    if (next.isTooMany && painted - asked > ASK_MS) ask();
    paint({ rows, at: painted });
  };
  const decision = (data: unknown) => {
    const { seq, time, outcome } = data as Fresh;
    came.push({ seq, time, outcome });
    if (came.length > 2 * KEPT_MOST) came = came.slice(-KEPT_MOST - 1);
    timer ??= setTimeout(flush, Math.max(0, painted + PAINT_MS - Date.now()));
  };
  const whenOpen = () => {
    tellOpen(true);
    ask(); // what came before it was open
  };
  const end = listen({ decisions: '', events: { decision, missed: ask }, whenOpen, whenBroken: () => tellOpen(false) });
  return () => {
    end();
    clearTimeout(timer);
    tellOpen(false);
  };
}

/** What comes while it is on, painted once a second at most. `counted`: the newest row that the sums have. */
export function useCounting(counted: number, isOn: boolean, tellOpen: (isOpen: boolean) => void): Counting {
  const [counting, paint] = useState<Counting>({ rows: [], at: 0 });
  const known = useRef(counted);
  known.current = counted;
  useEffect(() => (isOn ? begin(() => known.current, paint, tellOpen) : undefined), [isOn, tellOpen]);
  return counting;
}
