// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Suggestions while one writes, and what a word means under the pointer. Tab stays the way out of the editor.
import { autocompletion, pickedCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { EditorState, type Extension } from '@codemirror/state';
import { hoverTooltip, type EditorView, type Tooltip } from '@codemirror/view';

import { visible } from '../../../parts/unseen';
import { words } from '../../../words/words';
import type { Argument } from '../model/arguments';
import { aboutAt, suggestionsAt, toolAt, type Known, type Suggestion, type ToolKnown } from './suggest';

const ABOUT_MOST = 600;
const SHOWN_MOST = 14; // as many as are seen without scrolling; arrow keys go on

/** What is known of the server whose tools the policy is about. */
export interface Knower {
  tools: ToolKnown[];
  argumentsOf: (tool: string) => Promise<Argument[]>;
}

async function knownAt(text: string, offset: number, knower: Knower): Promise<Known> {
  const tool = toolAt(text, offset);
  return { tools: knower.tools, arguments: tool === undefined ? [] : await knower.argumentsOf(tool) };
}

// The string (with its quote) or word that is being written at the end of a line's part.
export function wordBefore(line: string): string {
  const rest = line.replace(/"(?:[^"\\]|\\.)*"/g, (whole) => ' '.repeat(whole.length));
  const quote = rest.indexOf('"');
  return quote >= 0 ? line.slice(quote) : (/[\w.+-]*$/.exec(rest)?.[0] ?? '');
}

// The string or word that begins at a place, as far as it goes.
const tokenEnd = (text: string, start: number): number =>
  start + (/^(?:"(?:[^"\\\n]|\\.)*"?|[\w.+-]*)/.exec(text.slice(start))?.[0].length ?? 0);

// A member comes with its value's beginning and the comma before the next one.
function writing({ json, begins }: Suggestion, text: string, end: number): { insert: string; cursor: number } {
  const next = /^\s*(.?)/su.exec(text.slice(end))?.[1] ?? '';
  if (begins === undefined || next === ':') return { insert: json, cursor: json.length };
  const insert = `${json}: ${begins}${next === '"' ? ',' : ''}`;
  return { insert, cursor: `${json}: `.length + Math.floor(begins.length / 2) };
}

function apply(suggestion: Suggestion) {
  return (view: EditorView, picked: Completion, from: number): void => {
    const text = view.state.doc.toString();
    const start = text[from - 1] === '"' ? from - 1 : from;
    const end = tokenEnd(text, start);
    const { insert, cursor } = writing(suggestion, text, end);
    view.dispatch({
      changes: { from: start, to: end, insert },
      selection: { anchor: start + cursor },
      annotations: pickedCompletion.of(picked),
      userEvent: 'input.complete',
      scrollIntoView: true,
    });
  };
}

const option = (suggestion: Suggestion, index: number): Completion => ({
  label: suggestion.label,
  displayLabel: visible(suggestion.label, 80),
  ...(suggestion.about === '' ? {} : { info: visible(suggestion.about, ABOUT_MOST) }),
  boost: -Math.min(index, 99),
  apply: apply(suggestion),
});

function source(knower: () => Knower) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const word = wordBefore(text.slice(context.state.doc.lineAt(context.pos).from, context.pos));
    // Unasked only within a string: elsewhere Enter means a new line.
    if (context.state.readOnly || (!word.startsWith('"') && !context.explicit)) return null;
    const { options } = suggestionsAt(text, context.pos, await knownAt(text, context.pos, knower()));
    if (options.length === 0) return null;
    return { from: context.pos - word.length + (word.startsWith('"') ? 1 : 0), options: options.map(option), validFor: /^[^"\n]*$/ };
  };
}

function show({ from, to, text }: { from: number; to: number; text: string }): Tooltip {
  return {
    pos: from,
    end: to,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'cm-about';
      dom.textContent = visible(text, ABOUT_MOST);
      return { dom };
    },
  };
}

export function completing(knower: () => Knower): Extension {
  return [
    autocompletion({
      override: [source(knower)],
      icons: false,
      activateOnCompletion: () => true,
      interactionDelay: 0, // within a string no key has another meaning
      maxRenderedOptions: SHOWN_MOST,
    }),
    hoverTooltip(async (view, pos) => {
      const text = view.state.doc.toString();
      const about = aboutAt(text, pos, await knownAt(text, pos, knower()));
      return about === undefined ? null : show(about);
    }),
    EditorState.phrases.of({ Completions: words.policies.suggestions }),
  ];
}
