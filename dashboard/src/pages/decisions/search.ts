// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What stands in the address of the decisions, and what the API is asked for by it.
import type { DecisionFilter } from '../../api/queries';

/** What is not picked from a list but comes with a link, and is taken away again. */
export const NAMED = ['tool', 'rule', 'method', 'policy', 'session', 'client', 'peer', 'trace', 'id'] as const;
export type Named = (typeof NAMED)[number];

export const LASTS = ['hour', 'day', 'week'] as const;
export type Last = (typeof LASTS)[number];
const SECONDS: Record<Last, number> = { hour: 3600, day: 86_400, week: 604_800 };

/** Times are instants (`from`, `to`) or count back from now (`last`). */
export interface DecisionSearch extends DecisionFilter {
  last?: Last | undefined;
}

export function askedOf({ last, ...filter }: DecisionSearch, now: Date): DecisionFilter {
  return last === undefined ? filter : { ...filter, from: new Date(now.getTime() - SECONDS[last] * 1000).toISOString(), to: undefined };
}

/** What new rows are held to: they come now. */
export function followedOf({ from: _from, to: _to, ...filter }: DecisionFilter): DecisionFilter {
  return filter;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** An instant as a field for local time has it, to the minute. */
export function localOf(instant: string | undefined): string {
  const at = new Date(instant ?? '');
  if (Number.isNaN(at.getTime())) return '';
  const day = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** And back; undefined while it is not filled in. */
export function instantOf(local: string): string | undefined {
  const at = new Date(local);
  return local === '' || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
