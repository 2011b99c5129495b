// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is asked of a replay, and its answer put together for reading.
import { formatNumber, words } from '../../../words/words';
import type { Group, Played, Replayed } from './queries';

const said = words.policies.replay;
const DAY_MS = 86_400_000;
export const PERIODS = { hour: DAY_MS / 24, day: DAY_MS, week: 7 * DAY_MS, month: 30 * DAY_MS, all: undefined };
export type Period = keyof typeof PERIODS;

export interface Wanted {
  period: Period;
  calls: 'policy' | 'all';
  server: string;
  grant: string;
}

export function playedOf(wanted: Wanted, document: string, now: number): Played {
  const span = PERIODS[wanted.period];
  return {
    document,
    calls: wanted.calls,
    ...(span === undefined ? {} : { from: new Date(now - span).toISOString() }),
    ...(wanted.server === '' ? {} : { server: wanted.server }),
    ...(wanted.grant === '' ? {} : { grant: wanted.grant }),
  };
}

/** What would become of them, what agents feel most first. */
export const ENDS = ['denied', 'hidden', 'asks', 'allowed'] as const;

export interface Section {
  to: (typeof ENDS)[number];
  calls: number;
  groups: Group[];
}

export function sectionsOf(replayed: Replayed): Section[] {
  return ENDS.map((to) => ({
    to,
    calls: replayed.kinds.filter((kind) => kind.to === to && kind.from !== to).reduce((sum, kind) => sum + kind.calls, 0),
    groups: replayed.changes.filter((group) => group.to === to),
  })).filter((section) => section.calls > 0);
}

const counted = (from: Record<string, unknown>, say: Record<string, (count: string) => string>): string[] =>
  Object.entries(say).flatMap(([name, sentence]) => {
    const count = from[name];
    return typeof count === 'number' && count > 0 ? [sentence(formatNumber(count))] : [];
  });

/** What a reader must know to judge the numbers. */
export function factsOf(replayed: Replayed): string[] {
  const values =
    replayed.with_values < replayed.calls ? [said.values(formatNumber(replayed.with_values), formatNumber(replayed.calls))] : [];
  return [...counted({ ...replayed }, said.facts), ...values, ...counted(replayed.not_replayed, said.left), said.waits, said.results];
}

/** Why it is not the whole truth; empty: it is all of the log. */
export function stopsOf(replayed: Replayed): string[] {
  const { complete, cut, read, missing, index } = replayed;
  return [
    complete ? undefined : said.cut[cut ?? 'other'](formatNumber(read)),
    missing > 0 ? said.gone(formatNumber(missing)) : undefined,
    index.behind_bytes > 0 ? said.behind : undefined,
  ].filter((sentence) => sentence !== undefined);
}

/** What would have to be in the log to tell. */
export function missingOf({ missing, limit }: Pick<Group, 'missing' | 'limit'>): string {
  if (missing === 'result') return said.missing.result;
  if (missing === 'tool.category') return said.missing.category;
  if (limit) return said.missing.limit;
  return missing == null || missing === '' ? said.missing.other : said.missing.argument(missing);
}
