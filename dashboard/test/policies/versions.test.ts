// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { countsOf, inOrder, piecesOf, type Line } from '../../src/pages/policies/versions/hunks';
import type { Change } from '../../src/pages/policies/versions/data';

const lines = (text: string): Line[] =>
  [...text].map((sign, index) => ({ change: sign === '+' ? 'added' : sign === '-' ? 'removed' : 'same', text: String(index) }));
const shape = (text: string, around = 1): string =>
  piecesOf(lines(text), around)
    .map((piece) => (piece.kind === 'same' ? `(${piece.count})` : piece.lines.map((line) => line.text).join('.')))
    .join(' ');

describe('lines around what differs', () => {
  test('the rest is counted', () => {
    expect(shape('=====+====')).toBe('(4) 4.5.6 (3)');
    expect(shape('-=========')).toBe('0.1 (8)');
    expect(shape('=========+')).toBe('(8) 8.9');
  });
  test('differences that are near each other are one piece', () => {
    expect(shape('===+==-===')).toBe('(2) 2.3.4.5.6.7 (2)');
    expect(shape('===+===-==')).toBe('(2) 2.3.4 (1) 6.7.8 (1)');
  });
  test('nothing differs, or everything', () => {
    expect(shape('====')).toBe('(4)');
    expect(shape('-+')).toBe('0.1');
    expect(shape('')).toBe('');
  });
  test('no line is lost or told twice', () => {
    const given = lines('==+=====--=========+===-');
    const pieces = piecesOf(given);
    expect(pieces.reduce((sum, piece) => sum + (piece.kind === 'same' ? piece.count : piece.lines.length), 0)).toBe(given.length);
  });
});

test('differences are counted, the gravest first', () => {
  const changes = ['wording', 'tightened', 'loosened', 'tightened'].map((gravity) => ({ gravity }) as Change);
  expect(countsOf(changes)).toEqual([
    ['loosened', 1],
    ['tightened', 2],
    ['wording', 1],
  ]);
});

test('the older one comes first, and a draft last', () => {
  expect(inOrder(5, 2)).toEqual([2, 5]);
  expect(inOrder(2, 5)).toEqual([2, 5]);
  expect(inOrder(5, 'draft')).toEqual([5, 'draft']);
});
