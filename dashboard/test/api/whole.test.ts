// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { whole, type Page } from '../../src/api/whole';

/** An API with so many records. */
function records(count: number) {
  const asked: Page[] = [];
  const read = (page: Page) => {
    asked.push(page);
    const from = page.after === undefined ? 0 : Number(page.after);
    const to = Math.min(count, from + page.limit);
    return Promise.resolve({ items: Array.from({ length: to - from }, (_, index) => from + index), next: to < count ? String(to) : null });
  };
  return { asked, read };
}

test('pages until the end', async () => {
  for (const count of [0, 1, 999, 1000, 1001, 2500]) {
    const { asked, read } = records(count);
    const got = await whole(read);
    expect(got).toEqual({ items: Array.from({ length: count }, (_, index) => index), isCut: false });
    expect(asked.length).toBe(Math.max(1, Math.ceil(count / 1000)));
    expect(asked[0]).toEqual({ limit: 1000 });
  }
});

test('a bound, and that there are more', async () => {
  const { asked, read } = records(30_000);
  const got = await whole(read);
  expect([got.items.length, got.isCut, asked.length]).toEqual([20_000, true, 20]);
  const small = await whole(records(201).read, 200);
  expect([small.items.length, small.isCut]).toEqual([201, false]);
});

test('what fails in the middle fails as a whole', async () => {
  const { read } = records(3000);
  const broken = (page: Page) => (page.after === '2000' ? Promise.reject(new Error('away')) : read(page));
  await expect(whole(broken)).rejects.toThrow('away');
});
