// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { useState } from 'react';

/** A form's values and how one of them is set. */
export function useDraft<T extends object>(first: T | (() => T)): [T, (change: Partial<T>) => void] {
  const [draft, setDraft] = useState(first);
  return [draft, (change) => setDraft((before) => ({ ...before, ...change }))];
}
