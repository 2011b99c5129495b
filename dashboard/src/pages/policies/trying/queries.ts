// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says of a draft: of one call, and of those that were recorded.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from '../../../api/client';
import { Problem } from '../../../api/problem';
import { toldOf } from './call';

const retry = (count: number, error: Error) => error instanceof Problem && error.passes && count < 3;
const asText = (answer: Promise<unknown>) => got(answer as Promise<{ data?: string }>);

/** `call` as callText() has it. */
export function explainQuery(id: string, document: string, call: string) {
  return queryOptions({
    queryKey: ['policies', 'explain', id, document, call],
    queryFn: async ({ signal }) => {
      const bodySerializer = () => `{"document":${JSON.stringify(document)},"call":${call}}`;
      const params = { path: { id } };
      return toldOf(
        await asText(api.POST('/policies/{id}/explain', { params, body: {} as never, bodySerializer, parseAs: 'text', signal })),
      );
    },
    gcTime: 60_000,
    retry,
  });
}

/** Of the policy that is in force for a grant now, and what its limits stand at. */
export function explainGrantQuery(grant: string, server: string, call: string) {
  return queryOptions({
    queryKey: ['grants', 'explain', grant, server, call],
    queryFn: async ({ signal }) => {
      const bodySerializer = () => `{"server":${JSON.stringify(server)},"call":${call}}`;
      const params = { path: { id: grant } };
      return toldOf(await asText(api.POST('/grants/{id}/explain', { params, body: {} as never, bodySerializer, parseAs: 'text', signal })));
    },
    gcTime: 60_000,
    retry,
  });
}

export type Replayed = Schemas['Replayed'];
export type Group = Schemas['ReplayedGroup'];
export type Played = Schemas['Replay'] & { document: string };

/** Many rows are read for it: only when it is asked for, and kept until it is asked for again. */
export function replayQuery(id: string, played: Played | undefined, time: number) {
  return queryOptions({
    queryKey: ['replay', id, played, time], // what is saved meanwhile does not change it
    queryFn: ({ signal }) => got(api.POST('/policies/{id}/replay', { params: { path: { id } }, body: played ?? {}, signal })),
    enabled: played !== undefined,
    staleTime: Infinity,
    gcTime: 600_000,
    retry,
  });
}

/** The number of the decision that an example of a replay is; undefined: it is not in the log any more, or not found in time. */
export function exampleQuery(example: Group['examples'][number]) {
  return queryOptions({
    queryKey: ['decisions', 'by-id', example.id],
    queryFn: async () => {
      const at = Date.parse(example.time);
      const from = new Date(at - 1000).toISOString();
      const to = new Date(at + 1000).toISOString();
      const page = await got(api.GET('/decisions', { params: { query: { id: example.id, from, to, limit: 1 } } }));
      return page.items[0]?.seq ?? null;
    },
    staleTime: Infinity,
    retry,
  });
}
