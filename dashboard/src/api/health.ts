// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { queryOptions } from '@tanstack/react-query';

import { Problem } from './problem';

export interface Part {
  name: string;
  up: boolean;
  detail?: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function partsOf(body: unknown): Part[] {
  if (!isObject(body) || !isObject(body.parts)) throw new Problem('other', 0, '');
  return Object.entries(body.parts)
    .filter((entry): entry is [string, Record<string, unknown>] => isObject(entry[1]))
    .map(([name, part]) => ({ name, up: part.up === true, ...(typeof part.detail === 'string' ? { detail: part.detail } : {}) }));
}

/** What /readyz says; a gateway that is not well answers 503, which is an answer. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async () => {
    const answer = await fetch('/readyz').catch(() => {
      throw new Problem('unreachable', 0, '');
    });
    return { parts: partsOf(await answer.json().catch(() => undefined)) };
  },
  refetchInterval: 15_000,
});
