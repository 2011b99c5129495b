// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Typing over what is selected, done by the editor. A browser that does it itself keeps the look of what was there as an inline
// style, which the page's Content-Security-Policy refuses.
import { EditorView } from '@codemirror/view';

export const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { state } = view;
    const { data, inputType } = event;
    const selected = document.getSelection(); // the browser's own; the editor may not have heard of it yet
    const range = selected?.rangeCount ? selected.getRangeAt(0) : undefined;
    if (inputType !== 'insertText' || data === null || range === undefined || range.collapsed || state.readOnly || view.composing)
      return false;
    if (!view.contentDOM.contains(range.commonAncestorContainer)) return false;
    const from = view.posAtDOM(range.startContainer, range.startOffset);
    const to = view.posAtDOM(range.endContainer, range.endOffset);
    const insert = () => {
      const changes = state.changes({ from, to, insert: data });
      return state.update({ changes, selection: { anchor: changes.mapPos(to, 1) }, userEvent: 'input.type', scrollIntoView: true });
    };
    const taken = state.facet(EditorView.inputHandler).some((take) => take(view, from, to, data, insert));
    if (!taken) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});
