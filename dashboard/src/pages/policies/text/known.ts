// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the catalogue knows of the server whose tools the policy is about, for an editor that lives longer than a rendering.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, type RefObject } from 'react';

import { toolQuery, toolsQuery } from '../data';
import { argumentsOf } from '../model/arguments';
import type { Knower } from './complete';

export function useKnower(server: string): RefObject<Knower> {
  const client = useQueryClient();
  const { data } = useQuery(toolsQuery(server));
  const knower = useRef<Knower>({ tools: [], argumentsOf: () => Promise.resolve([]) });
  useEffect(() => {
    const rows = data?.tools ?? [];
    knower.current = {
      tools: rows.map(({ name, summary }) => ({ name, about: summary })),
      argumentsOf: async (tool) => {
        const row = rows.find(({ name }) => name === tool);
        if (row === undefined) return [];
        // Without an answer there are fewer suggestions, and nothing else is missing.
        const known = await client.ensureQueryData(toolQuery(row)).catch(() => undefined);
        return argumentsOf((known?.definition as Record<string, unknown> | undefined)?.inputSchema);
      },
    };
  }, [client, data]);
  return knower;
}
