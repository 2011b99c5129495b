// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The editor in the colours of the theme.
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const colours = EditorView.theme({
  '&': { backgroundColor: 'var(--card)', color: 'var(--mantine-color-text)', fontSize: 'var(--mantine-font-size-sm)', height: '100%' },
  '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: '-1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-gutters': { backgroundColor: 'var(--code)', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'transparent' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--changed)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--card)', color: 'var(--mantine-color-text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--faint)', color: 'var(--mantine-color-text)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { maxHeight: 'none', fontFamily: 'var(--mantine-font-family-monospace)' },
  '.cm-tooltip .cm-completionInfo, .cm-about': { maxWidth: '26rem', padding: '4px 8px', overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--faint)', color: 'var(--soft)', border: 'none' },
});

const highlighting = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--low)' },
  { tag: tags.string, color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--high)' },
]);

export const looks = [colours, syntaxHighlighting(highlighting)];
