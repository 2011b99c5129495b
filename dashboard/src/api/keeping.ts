// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Proofs of the logs, what is kept of them, and the keys that secrets are sealed with.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from './client';
import { askAgain } from './queries';
import { ifMatch } from './servers';

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

/** Of what this says nothing, nothing changes. */
export async function changeKeeping(over: Kept, body: Schemas['KeepingChange']): Promise<void> {
  try {
    await api.PATCH('/audit/keeping', { params: { header: ifMatch(over.version) }, body });
  } finally {
    await askAgain(keepingQuery.queryKey, ['audit']);
  }
}

export async function proveLogs(): Promise<void> {
  try {
    await api.POST('/audit/proofs');
  } finally {
    await askAgain(proofsQuery.queryKey, ['audit']);
  }
}

export type Sealing = Schemas['Sealing'];
export type Resealing = NonNullable<Sealing['last']>;

/** For admins of the organisation that runs the gateway; asked for again while a change of keys runs. */
export const sealingQuery = queryOptions({
  queryKey: ['sealing'],
  queryFn: () => got(api.GET('/audit/keeping/keys')),
  refetchInterval: ({ state }) => (state.data?.last?.state === 'running' ? SOON_MS : false),
});

export async function renewSealingKey(): Promise<void> {
  try {
    await api.POST('/audit/keeping/keys');
  } finally {
    await askAgain(sealingQuery.queryKey, ['audit']);
  }
}
