// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The newest rows as they come.
import { useEffect, useReducer } from 'react';

import type { Schemas } from '../../api/client';
import { listen } from '../../api/events';
import { askAgain, filled, type DecisionFilter } from '../../api/queries';

export type Decision = Schemas['Decision'];

const KEPT_MOST = 500;

export interface Live {
  rows: Decision[]; // newest first
  missed: number;
  state: 'opening' | 'open' | 'broken';
}

export type LiveEvent = { kind: 'open' | 'broken' | 'clear' } | { kind: 'rows'; rows: Decision[] } | { kind: 'missed'; count: number };

export const emptyLive: Live = { rows: [], missed: 0, state: 'opening' };

export function nextLive(live: Live, event: LiveEvent): Live {
  switch (event.kind) {
    case 'open':
    case 'broken':
      return { ...live, state: event.kind };
    case 'clear':
      return emptyLive;
    case 'missed':
      return { ...live, missed: live.missed + event.count };
    case 'rows': {
      const known = new Set(live.rows.map((row) => row.seq));
      const fresh = event.rows.filter((row) => !known.has(row.seq)).reverse();
      return { ...live, rows: [...fresh, ...live.rows].slice(0, KEPT_MOST) };
    }
  }
}

export function useLive(filter: DecisionFilter, isOn: boolean): Live {
  const [live, tell] = useReducer(nextLive, emptyLive);
  const asked = new URLSearchParams(filled(filter) as Record<string, string>).toString();
  useEffect(() => {
    tell({ kind: 'clear' });
    if (!isOn) return;
    let waiting: Decision[] = [];
    let frame = 0;
    let wasOpen = false;
    const flush = () => {
      frame = 0;
      tell({ kind: 'rows', rows: waiting });
      waiting = [];
    };
    const end = listen({
      decisions: asked,
      events: {
        decision: (data) => {
          waiting.push(data as Decision);
          if (waiting.length > KEPT_MOST) waiting.shift();
          frame ||= requestAnimationFrame(flush);
        },
        missed: (data) => {
          const { from, to } = data as { from: number; to: number };
          tell({ kind: 'missed', count: to - from + 1 });
        },
      },
      whenOpen: () => {
        tell({ kind: 'open' });
        // What came while it was closed is in the log.
        if (wasOpen) void askAgain(['decisions', 'list']);
        wasOpen = true;
      },
      whenBroken: () => tell({ kind: 'broken' }),
    });
    return () => {
      end();
      cancelAnimationFrame(frame);
    };
  }, [asked, isOn]);
  return live;
}
