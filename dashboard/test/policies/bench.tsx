// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Forms upon a text, as the builder has them, and hands that use them.
import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render } from '@testing-library/react';
import { useCallback, useMemo, useState, type ReactNode } from 'react';

import { EditingProvider, type Editing } from '../../src/pages/policies/draft';
import type { Argument } from '../../src/pages/policies/model/arguments';
import { put } from '../../src/pages/policies/model/edit';
import { readTree, type Tree } from '../../src/pages/policies/model/tree';
import { ArgumentsProvider } from '../../src/pages/policies/rules/Condition';

function Bench({ begin, seen, children }: { begin: string; seen: (tree: Tree) => void; children: ReactNode }) {
  const [tree, setTree] = useState(() => readTree(begin));
  seen(tree);
  const edit = useCallback((change: (tree: Tree) => string) => setTree((now) => readTree(change(now))), []);
  const editing: Editing = useMemo(
    () => ({ tree, isReadOnly: false, edit, put: (path, value) => edit((now) => put(now, path, value)) }),
    [tree, edit],
  );
  return <EditingProvider value={editing}>{children}</EditingProvider>;
}

/** What stands in the text after whatever was done. */
export function onBench(begin: string, known: Argument[], children: ReactNode): () => Tree {
  let now = readTree(begin);
  render(
    <MantineProvider env="test">
      <ArgumentsProvider value={known}>
        <Bench
          begin={begin}
          seen={(tree) => {
            now = tree;
          }}
        >
          {children}
        </Bench>
      </ArgumentsProvider>
    </MantineProvider>,
  );
  return () => now;
}

export const optionsShown = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role="option"]')];

/** Opens a list and takes one of its options. */
export function take(field: HTMLElement, pick: (options: HTMLElement[]) => HTMLElement | undefined): void {
  fireEvent.click(field);
  const option = pick(optionsShown());
  if (option !== undefined) fireEvent.click(option);
  else fireEvent.blur(field);
}

export const named = (label: string) => (options: HTMLElement[]) => {
  const found = options.find((option) => option.textContent === label);
  if (found === undefined) throw new Error(`${label} is not offered, but ${options.map((option) => option.textContent).join(', ')}`);
  return found;
};

export function type(field: HTMLElement, text: string): void {
  act(() => field.focus()); // what changes a field without being in it is a password manager
  fireEvent.change(field, { target: { value: text } });
}

/** One more of a list of words. */
export function typeTag(field: HTMLElement, text: string): void {
  type(field, text);
  fireEvent.keyDown(field, { key: 'Enter' });
}

export const leave = (field: HTMLElement): void => {
  act(() => {
    fireEvent.blur(field);
  });
};
