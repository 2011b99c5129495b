// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the pages ask for. A key begins with the record's name, so that a change can make all
// answers about it be asked for anew.
import { keepPreviousData, queryOptions, QueryClient, type QueryFilters, type QueryKey } from '@tanstack/react-query';

import { api, got } from './client';
import { onBack } from './presence';
import { Problem } from './problem';
import { whole } from './whole';

const TRIES_MOST = 4;
const FRESH_MS = 15_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    // The gateway may be this machine, also when the browser knows of no network.
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: FRESH_MS,
      retry: (count, error) => error instanceof Problem && error.passes && count < TRIES_MOST,
      retryDelay: (count) => Math.min(500 * 2 ** count, 8000),
    },
  },
});

// An answer that is on its way may be older than the change that it is called out of date for: it is asked for
// anew, and who waits for it gets the new one. By itself the library would take the first answer of a query as it comes.
async function outdate(filters: QueryFilters): Promise<void> {
  const onTheirWay = queryClient
    .getQueryCache()
    .findAll({ ...filters, fetchStatus: 'fetching' })
    .filter((query) => query.isActive() || (query.getObserversCount() === 0 && query.meta?.isByHand !== true));
  for (const query of onTheirWay) void query.cancel({ silent: true });
  const unseen = onTheirWay.filter((query) => !query.isActive());
  await Promise.all([queryClient.invalidateQueries(filters), ...unseen.map((query) => query.fetch().catch(() => {}))]);
}

/** What has a key that begins with one of these has changed. The one way to say so. */
export async function askAgain(...keys: QueryKey[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => outdate({ queryKey })));
}

/** Anything may have changed, but what the session is. */
export const askAllAgain = (): Promise<void> => outdate({ predicate: (query) => query.queryKey[0] !== 'session' });

// What could not be had while it was away, or has changed since. What is being tried still goes on, so that it fails some day
// where it fails by itself.
onBack(() => void queryClient.invalidateQueries());

export interface DecisionFilter {
  grant?: string | undefined;
  server?: string | undefined;
  tool?: string | undefined;
  outcome?: string | undefined;
  rule?: string | undefined;
  method?: string | undefined;
  policy?: string | undefined;
  session?: string | undefined;
  client?: string | undefined;
  peer?: string | undefined;
  trace?: string | undefined;
  id?: string | undefined;
  text?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** Without what was not said. */
export function filled<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== '')) as never;
}

export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: () => whole((query) => got(api.GET('/servers', { params: { query } }))),
});

export const grantsQuery = queryOptions({
  queryKey: ['grants'],
  queryFn: () => whole((query) => got(api.GET('/grants', { params: { query } }))),
});

export const policiesQuery = queryOptions({
  queryKey: ['policies'],
  queryFn: () => whole((query) => got(api.GET('/policies', { params: { query } }))),
});

export type SummaryBy = 'outcome' | 'server' | 'grant' | 'tool' | 'rule';

export function summaryQuery(by: SummaryBy, seconds: number, interval: number, filter: DecisionFilter = {}) {
  return queryOptions({
    queryKey: ['decisions', 'summary', by, seconds, interval, filter],
    queryFn: () => {
      const from = new Date(Date.now() - seconds * 1000).toISOString();
      return got(api.GET('/decisions/summary', { params: { query: { by, interval, from, ...filled(filter) } as never } }));
    },
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  });
}

export function decisionQuery(number: number) {
  return queryOptions({
    queryKey: ['decisions', 'one', number],
    queryFn: () => got(api.GET('/decisions/{number}', { params: { path: { number: String(number) } } })),
    staleTime: Infinity,
  });
}
