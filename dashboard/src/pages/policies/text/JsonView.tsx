// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The text itself, always in step with the form, with mistakes underlined where they stand.
import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, defaultHighlightStyle, foldGutter, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';

import { words } from '../../../words/words';
import type { Found } from '../data';
import { useEditing } from '../draft';
import { offsetOf, type Tree } from '../model/tree';
import { completing, type Knower } from './complete';
import { useKnower } from './known';
import { looks } from './looks';
import { typeOver } from './typeOver';
import classes from './JsonView.module.css';

function diagnosticsOf(tree: Tree, found: Found[]): Diagnostic[] {
  const { text, fault } = tree;
  const at = (from: number, length: number) => ({
    from: Math.min(from, text.length),
    to: Math.min(from + Math.max(length, 1), text.length),
  });
  if (fault !== undefined && found.length === 0) return [{ ...at(fault.offset, fault.length), severity: 'error', message: fault.detail }];
  return found.map(({ line, column, warning, detail }) => {
    const from = offsetOf(text, line, column);
    const word = /^("(?:[^"\\\n]|\\.)*"?|[\w.+-]+|.)/u.exec(text.slice(from, from + 500))?.[0] ?? '';
    return { ...at(from, word.length), severity: warning ? 'warning' : 'error', message: detail };
  });
}

// Only what differs is replaced, so that the place and the selection stay.
function follow(view: EditorView, text: string): void {
  const now = view.state.doc.toString();
  if (now === text) return;
  let from = 0;
  while (from < now.length && from < text.length && now[from] === text[from]) from++;
  let end = 0;
  while (end < now.length - from && end < text.length - from && now[now.length - 1 - end] === text[text.length - 1 - end]) end++;
  view.dispatch({ changes: { from, to: now.length - end, insert: text.slice(from, text.length - end) } });
}

const readOnly = new Compartment();

function begin(parent: HTMLElement, text: string, nonce: string, knower: () => Knower, changed: (text: string) => void): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        EditorView.cspNonce.of(nonce),
        lineNumbers(),
        foldGutter(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        typeOver,
        highlightActiveLine(),
        json(),
        lintGutter(),
        syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
        ...looks,
        completing(knower),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
        readOnly.of(EditorState.readOnly.of(false)),
        EditorView.contentAttributes.of({ 'aria-label': words.policies.views.json, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) changed(update.state.doc.toString());
        }),
      ],
    }),
  });
}

interface Props {
  found: Found[];
  at: { offset: number } | undefined;
  server: string;
}

export function JsonView({ found, at, server }: Props) {
  const { tree, edit, isReadOnly } = useEditing();
  const knower = useKnower(server);
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const first = useRef(tree.text);
  useEffect(() => {
    if (place.current === null) return;
    const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';
    const made = begin(
      place.current,
      first.current,
      nonce,
      () => knower.current,
      (text) => edit(() => text, 'json'),
    );
    view.current = made;
    return () => made.destroy();
  }, [edit, knower]);
  useEffect(() => {
    if (view.current !== undefined) follow(view.current, tree.text);
  }, [tree.text]);
  useEffect(() => {
    view.current?.dispatch({ effects: readOnly.reconfigure(EditorState.readOnly.of(isReadOnly)) });
  }, [isReadOnly]);
  useEffect(() => {
    if (view.current !== undefined) view.current.dispatch(setDiagnostics(view.current.state, diagnosticsOf(tree, found)));
  }, [tree, found]);
  useEffect(() => {
    if (at === undefined || view.current === undefined) return;
    view.current.dispatch({ selection: { anchor: Math.min(at.offset, view.current.state.doc.length) }, scrollIntoView: true });
    view.current.focus();
  }, [at]);
  return <div ref={place} className={classes.editor} />;
}
