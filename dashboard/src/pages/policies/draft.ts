// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is being written: the text, how it came to be, and what of it is kept over a loss of the session.
import { createContext, useCallback, useContext, useEffect, useMemo, useReducer, useState } from 'react';

import { put, type Value } from './model/edit';
import { readTree, type Path, type Tree } from './model/tree';

const STEPS_MOST = 200;

interface State {
  tree: Tree;
  past: string[];
  future: string[];
  /** What the last step was made by; steps of one field right after each other are one. */
  by: string | undefined;
}

type Step = { what: 'edit'; edit: (tree: Tree) => string; by: string | undefined } | { what: 'undo' } | { what: 'redo' };

const begun = (text: string): State => ({ tree: readTree(text), past: [], future: [], by: undefined });

export function after(state: State, step: Step): State {
  const { tree, past, future } = state;
  if (step.what === 'undo') {
    const text = past.at(-1);
    return text === undefined ? state : { tree: readTree(text), past: past.slice(0, -1), future: [tree.text, ...future], by: undefined };
  }
  if (step.what === 'redo') {
    const [text, ...rest] = future;
    return text === undefined ? state : { tree: readTree(text), past: [...past, tree.text], future: rest, by: undefined };
  }
  const text = step.edit(tree);
  if (text === tree.text) return state;
  const isSame = step.by !== undefined && step.by === state.by && past.length > 0;
  return { tree: readTree(text), past: isSame ? past : [...past, tree.text].slice(-STEPS_MOST), future: [], by: step.by };
}

export interface Draft {
  tree: Tree;
  canUndo: boolean;
  canRedo: boolean;
  undo: () => void;
  redo: () => void;
  edit: (edit: (tree: Tree) => string, by?: string) => void;
}

const keyOf = (id: string): string => `policy-draft:${id}`;

/** What a text is based upon: a version, and the state of its policy. */
export interface Base {
  etag: number;
  number: number;
  text: string;
}

interface Kept extends Base {
  draft: string;
}

function kept(id: string): Kept | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(keyOf(id)) ?? 'null') as Partial<Kept> | null;
    const { etag, number, text, draft } = found ?? {};
    if (typeof etag !== 'number' || typeof number !== 'number' || typeof text !== 'string' || typeof draft !== 'string') return undefined;
    return draft === text ? undefined : { etag, number, text, draft };
  } catch {
    return undefined; // the browser keeps nothing for this page
  }
}

function keep(id: string, base: Base, draft: string): void {
  try {
    if (draft === base.text) sessionStorage.removeItem(keyOf(id));
    else sessionStorage.setItem(keyOf(id), JSON.stringify({ ...base, draft }));
  } catch {
    // Too large, or not allowed: the draft lives as long as the page.
  }
}

/** What a new policy begins as. */
export const NOTHING: Base = { etag: 0, number: 0, text: '{\n  "version": "1",\n  "default": "deny",\n  "tools": {}\n}\n' };

/** The page of a new policy begins with this text. */
export const beginWith = (text: string): void => keep('new', NOTHING, text);

// Changes that another page wishes for, until the page of the policy has taken them up.
const wished = new Map<string, (tree: Tree) => string>();

/** The page of a policy begins with this change, which is not saved, and which Undo takes back. */
export function propose(id: string, edit: (tree: Tree) => string): void {
  wished.set(id, edit);
}

function begin({ id, text }: { id: string; text: string }): State {
  const edit = wished.get(id);
  return edit === undefined ? begun(text) : after(begun(text), { what: 'edit', edit, by: undefined });
}

export interface Drafting extends Draft {
  base: Base;
  setBase: (base: Base) => void;
  /** What was written before is there again. */
  isKept: boolean;
}

/** Upon `newest`, or with what was written upon an older state and not saved. */
export function useDraft(id: string, newest: Base): Drafting {
  const [before] = useState(() => kept(id));
  const [base, setBase] = useState<Base>(before ?? newest);
  const [state, take] = useReducer(after, { id, text: before?.draft ?? base.text }, begin);
  useEffect(() => void wished.delete(id), [id]);
  const { text } = state.tree;
  useEffect(() => keep(id, base, text), [id, base, text]);
  return {
    tree: state.tree,
    base,
    setBase,
    isKept: before !== undefined,
    canUndo: state.past.length > 0,
    canRedo: state.future.length > 0,
    undo: useCallback(() => take({ what: 'undo' }), []),
    redo: useCallback(() => take({ what: 'redo' }), []),
    edit: useCallback((change: (tree: Tree) => string, by?: string) => take({ what: 'edit', edit: change, by }), []),
  };
}

export interface Editing {
  tree: Tree;
  isReadOnly: boolean;
  edit: Draft['edit'];
  put: (path: Path, value: Value) => void;
}

const Context = createContext<Editing | undefined>(undefined);
export const EditingProvider = Context.Provider;

export function useEditing(): Editing {
  const editing = useContext(Context);
  if (editing === undefined) throw new Error('outside of a policy');
  return editing;
}

export function useEditingOf(draft: Draft, isReadOnly: boolean): Editing {
  const { tree, edit } = draft;
  return useMemo(
    () => ({
      tree,
      isReadOnly,
      edit,
      put: (path, value) => edit((now) => put(now, path, value), path.join('/')),
    }),
    [tree, isReadOnly, edit],
  );
}
