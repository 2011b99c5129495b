// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the focus goes when an edit takes away, or switches off, what had it: to the next part around that is still there.
import { useEffect, useRef } from 'react';

const ABLE = 'button:not(:disabled), input:not(:disabled):not([type="hidden"]), select:not(:disabled), textarea:not(:disabled), a[href]';

function around(element: Element): HTMLElement[] {
  const parents: HTMLElement[] = [];
  for (let at = element.parentElement; at !== null && at !== document.body; at = at.parentElement) parents.push(at);
  return parents;
}

const isSeen = (element: HTMLElement): boolean => element.checkVisibility?.() ?? true;
const ableIn = (parent: HTMLElement): HTMLElement | undefined => [...parent.querySelectorAll<HTMLElement>(ABLE)].find(isSeen);

/** `state`: what edits change. */
export function useKeepFocus(state: unknown): void {
  const parents = useRef<HTMLElement[]>([]);
  useEffect(() => {
    const came = (event: FocusEvent) => {
      if (event.target instanceof Element) parents.current = around(event.target);
    };
    document.addEventListener('focusin', came);
    return () => document.removeEventListener('focusin', came);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      if (document.activeElement !== document.body) return;
      const next = parents.current.filter((parent) => parent.isConnected).flatMap((parent) => ableIn(parent) ?? [])[0];
      next?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [state]);
}
