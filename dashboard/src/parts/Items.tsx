// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The frame of a list: on its way, in trouble, empty, or its rows.
import type { ReactNode } from 'react';

import { Loading, Trouble } from './states';

interface Asked<Data> {
  data: Data | undefined;
  isPending: boolean;
  error: unknown;
  refetch: () => unknown;
}

interface Props<Item> {
  query: Asked<{ items: Item[] }>;
  none: ReactNode; // in place of no rows
  rows?: number; // how many are likely
  children: (items: Item[]) => ReactNode;
}

export function Items<Item>({ query, none, rows = 3, children }: Props<Item>) {
  if (query.data === undefined)
    return query.isPending ? <Loading rows={rows} /> : <Trouble error={query.error} retry={() => void query.refetch()} />;
  return query.data.items.length === 0 ? none : children(query.data.items);
}
