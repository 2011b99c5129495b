// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { cut, mixedWords, piecesOf } from '../../src/parts/unseen';

const shown = (text: string) => piecesOf(text).map((piece) => piece.shown ?? piece.text);

test('what nobody sees gets its number, and runs of it a count', () => {
  expect(shown('pay\u202eyap')).toEqual(['pay', 'U+202E', 'yap']);
  expect(shown('\u200b'.repeat(3000))).toEqual(['U+200B \u00d73000']);
  for (const hidden of ['\u00a0', '\u3164', '\u2800', '\u00ad', '\u{e0041}', '\u0000', '\u2028', '\ufeff', '\ud800'])
    expect(shown(hidden)[0]).toMatch(/^U\+/);
  expect(shown('a b\nc')).toEqual(['a b', '\u21b5', 'c']);
  expect(shown('Grüße, 東京, مرحبا')).toEqual(['Grüße, 東京, مرحبا']);
});

test('words that only look like others are found', () => {
  expect(mixedWords('p\u0430y Example')).toEqual(['p\u0430y']);
  expect(mixedWords('Москва and Αθήνα, 東京Tower')).toEqual([]);
});

test('no character is cut in half', () => {
  expect(cut('ab\u{1f600}', 3)).toBe('ab');
  expect(cut('ab\u{1f600}', 4)).toBe('ab\u{1f600}');
});
