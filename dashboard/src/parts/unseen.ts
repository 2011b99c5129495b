// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What nobody would see in a text: characters without a shape, and those that turn the text around
// them. Where a person decides on a text they are shown by their numbers.

export interface Piece {
  text: string; // as it stands in the text
  shown?: string; // what is shown in its place
}

const UNSEEN = /((?:(?! )[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800\u115f\u1160]))\1*/gu;
const SIGNS: Record<string, string> = { '\n': '\u21b5', '\t': '\u21e5' };

function nameOf(run: string, one: string): string {
  const sign = SIGNS[one] ?? `U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const count = run.length / one.length;
  return count > 1 && SIGNS[one] === undefined ? `${sign} \u00d7${count}` : sign;
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(UNSEEN)) {
    const [run, one = run] = match;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: run, shown: nameOf(run, one) });
    end = match.index + run.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

const WORD = /[\p{L}\p{M}\p{N}_]+/gu;
const ALPHABETS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u, /\p{Script=Armenian}/u, /\p{Script=Cherokee}/u];

/** Words of letters of several alphabets, which look like words of one. */
export function mixedWords(text: string): string[] {
  const words = text.match(WORD) ?? [];
  return [...new Set(words.filter((word) => ALPHABETS.filter((alphabet) => alphabet.test(word)).length > 1))];
}

/** Not longer than so many characters, and never half of one. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most);
}

const VISIBLE_MOST = 200;

/** Where only text can stand (a label, a title): bounded, with what is unseen in its place. */
export function visible(text: string, most = VISIBLE_MOST): string {
  const short = cut(text, most);
  const shown = piecesOf(short).map((piece) => (piece.shown === undefined ? piece.text : `\u27e8${piece.shown}\u27e9`));
  return shown.join('') + (short.length < text.length ? '\u2026' : '');
}

/** As a document may have it, with nothing in it unseen. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(UNSEEN, (run) =>
    Array.from({ length: run.length }, (_, at) => `\\u${run.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
