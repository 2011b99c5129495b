// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';

import { Problem } from '../../src/api/problem';
import { waitingDefinitionsQuery } from '../../src/api/servers';

const state = vi.hoisted(() => ({ under: 0, most: 0, asked: [] as string[] }));
vi.mock('../../src/api/client', () => ({
  got: async (answer: Promise<{ data: unknown }>) => (await answer).data,
  api: {
    GET: async (_: string, { params }: { params: { path: { id: string } } }) => {
      const { id } = params.path;
      state.asked.push(id);
      state.most = Math.max(state.most, ++state.under);
      await new Promise((done) => setTimeout(done));
      state.under--;
      if (id === 'gone') throw new Problem('not-found', 404, '');
      if (id === 'broken') throw new Problem('other', 500, '');
      return { data: { items: id === 'srv7' || id === 'srv49' ? [1, 2] : [] } };
    },
  },
}));

const ask = (ids: string[]) => new QueryClient({ defaultOptions: { queries: { retry: false } } }).fetchQuery(waitingDefinitionsQuery(ids));

test('all servers are asked once, a few at a time; one that is gone has none', async () => {
  const ids = [...Array.from({ length: 50 }, (_, index) => `srv${index}`), 'gone'];
  const counts = await ask(ids);
  expect([...counts].filter(([, count]) => count > 0).sort()).toEqual([
    ['srv49', 2],
    ['srv7', 2],
  ]);
  expect(counts.get('gone')).toBe(0);
  expect([...state.asked].sort()).toEqual([...ids].sort());
  expect(state.most).toBe(3);
});

test('what could not be asked is told', async () => {
  await expect(ask(['srv1', 'broken'])).rejects.toMatchObject({ status: 500 });
});
