// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';

// As long as the window is open: who looks at a decision and comes back finds what was tried.
const all = new Map<string, unknown>();

/** A state that outlives its page. */
export function useKept<T extends object>(key: string, first: T): [T, (change: Partial<T>) => void] {
  const [state, setState] = useState(() => (all.get(key) as T | undefined) ?? first);
  const set = (change: Partial<T>) =>
    setState((before) => {
      const now = { ...before, ...change };
      all.set(key, now);
      return now;
    });
  return [state, set];
}
