// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Proofs of the logs, and what is kept of them.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from './client';
import { askAgain } from './queries';

export type LogProof = Schemas['LogProof'];
export type LogVerdict = Schemas['LogVerdict'];

export type Kept = Schemas['Keeping'];

export const keepingQuery = queryOptions({ queryKey: ['keeping'], queryFn: () => got(api.GET('/audit/keeping')) });

const SOON_MS = 700;

/** Newest first; asked for again while one runs. */
export const proofsQuery = queryOptions({
  queryKey: ['proofs'],
  queryFn: () => got(api.GET('/audit/proofs')),
  refetchInterval: ({ state }) => (state.data?.items[0]?.state === 'running' ? SOON_MS : false),
});

export async function proveLogs(): Promise<void> {
  try {
    await api.POST('/audit/proofs');
  } finally {
    await askAgain(proofsQuery.queryKey, ['audit']);
  }
}
