// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0

export interface Difference {
  name: string;
  before: string | undefined; // undefined: there was none
  after: string | undefined;
}

const written = (value: unknown): string | undefined =>
  value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value, null, 2);

/** The members that differ, in the order of what came last. */
export function differencesOf(before: Record<string, unknown> = {}, after: Record<string, unknown> = {}): Difference[] {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({ name, before: written(before[name]), after: written(after[name]) }));
}
