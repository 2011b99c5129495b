// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists that a page wants whole: read page by page, up to a bound that it tells.
const PAGE = 1000; // the API's most
const PAGES_MOST = 20;

export interface Page {
  limit: number;
  after?: string;
}

export interface Whole<T> {
  items: T[];
  isCut: boolean; // there are more
}

/** `size` is the most that the API gives at once. */
export async function whole<T>(read: (page: Page) => Promise<{ items: T[]; next: string | null }>, size = PAGE): Promise<Whole<T>> {
  const items: T[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < PAGES_MOST; pages++) {
    const answer: { items: T[]; next: string | null } = await read({ limit: size, ...(after === null ? {} : { after }) });
    items.push(...answer.items);
    after = answer.next;
    if (after === null) break;
  }
  return { items, isCut: after !== null };
}
