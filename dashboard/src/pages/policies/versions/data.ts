// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The versions of a policy, and what differs between two of them.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from '../../../api/client';
import type { VersionHead } from '../data';

export type Diff = Schemas['Diff'];
export type Change = Schemas['PolicyDifference'];

const PAGE = 1000;
const PAGES_MOST = 10;

export interface History {
  heads: VersionHead[]; // the newest first
  isWhole: boolean;
}

/** The gateway gives the oldest first, so all pages are read. */
async function fetchHistory(id: string): Promise<History> {
  const heads: VersionHead[] = [];
  let after: string | undefined;
  for (let page = 0; page < PAGES_MOST; page++) {
    const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
    const found = await got(api.GET('/policies/{id}/versions', { params: { path: { id }, query } }));
    heads.push(...found.items);
    if (found.next === null) return { heads: heads.reverse(), isWhole: true };
    after = found.next;
  }
  return { heads: heads.reverse(), isWhole: false };
}

export function historyQuery(id: string, latest: number) {
  return queryOptions({ queryKey: ['policies', 'versions', id, latest], queryFn: () => fetchHistory(id), staleTime: Infinity });
}

/** A version by its number, or a text that is none yet. */
export type Side = number | string;

export function diffQuery(id: string, from: Side, to: Side) {
  return queryOptions({
    queryKey: ['policies', 'diff', id, from, to],
    queryFn: ({ signal }) => got(api.POST('/policies/{id}/diff', { params: { path: { id } }, body: { from, to }, signal })),
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

/** A new version with the bytes of an older one, on top of the state that `etag` names. */
export async function rollBack(id: string, etag: number, number: number, note: string): Promise<{ number: number; etag: number }> {
  const { data, response } = await api.POST('/policies/{id}/rollback', {
    params: { path: { id }, header: { 'If-Match': `"${etag}"` } },
    body: { number, note },
  });
  return { number: data?.number ?? 0, etag: Number((response.headers.get('etag') ?? '').replaceAll('"', '')) };
}
