// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a rule's name to the part of the form, or of the text, that says so.
import { createContext, useContext, useEffect, useRef } from 'react';

import { pointerOf, type Path } from './model/tree';

/** What is gone to; made anew with each wish, so that the same place can be gone to again. */
export interface Target {
  pointer: string;
  /** The innermost part of the form that holds it has come. */
  isTaken: boolean;
}

export const TargetContext = createContext<Target | undefined>(undefined);
export const useTarget = (): Target | undefined => useContext(TargetContext);

/** Opens what a rule's name means. */
export const OpenContext = createContext<(rule: string) => void>(() => {});
export const useOpen = (): ((rule: string) => void) => useContext(OpenContext);

/** For the element that shows the part of the policy at a path: it takes the focus when it, or what it alone can show, is gone to. */
export function usePlace<E extends HTMLElement>(path: Path) {
  const element = useRef<E>(null);
  const target = useTarget();
  const own = pointerOf(path);
  const isHere = target !== undefined && (target.pointer === own || target.pointer.startsWith(`${own}/`));
  useEffect(() => {
    if (!isHere || target === undefined || target.isTaken || element.current === null) return;
    target.isTaken = true; // effects of inner parts come first
    element.current.scrollIntoView({ block: 'center' });
    element.current.focus({ preventScroll: true });
  }, [isHere, target]);
  const isExactly = target?.pointer === own;
  return { ref: element, ...(isHere && { tabIndex: -1 }), ...(isExactly && { 'data-here': true, 'data-autofocus': true }) };
}
