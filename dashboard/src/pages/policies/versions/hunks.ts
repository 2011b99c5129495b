// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What of two texts is worth showing: the lines that differ, with a few around them.
import type { Change, Diff } from './data';

export type Line = Diff['lines'][number];
export type Piece = { kind: 'lines'; lines: Line[] } | { kind: 'same'; count: number };

const AROUND = 3;

/** Runs of equal lines become a count, but for those next to a difference. */
export function piecesOf(lines: Line[], around = AROUND): Piece[] {
  const isNear = new Array<boolean>(lines.length).fill(false);
  lines.forEach((line, index) => {
    if (line.change === 'same') return;
    isNear.fill(true, Math.max(0, index - around), Math.min(lines.length, index + around + 1));
  });
  const pieces: Piece[] = [];
  lines.forEach((line, index) => {
    const last = pieces.at(-1);
    if (isNear[index] === true) {
      if (last?.kind === 'lines') last.lines.push(line);
      else pieces.push({ kind: 'lines', lines: [line] });
    } else if (last?.kind === 'same') last.count++;
    else pieces.push({ kind: 'same', count: 1 });
  });
  return pieces;
}

export const GRAVITIES = ['loosened', 'altered', 'tightened', 'observed', 'wording'] as const;

/** How many differences there are of each gravity, the gravest first. */
export function countsOf(changes: Change[]): [Change['gravity'], number][] {
  return GRAVITIES.map((gravity): [Change['gravity'], number] => [
    gravity,
    changes.filter((change) => change.gravity === gravity).length,
  ]).filter(([, count]) => count > 0);
}

/** Of two versions, or a version and a draft, which one is the former. */
export function inOrder(one: number, other: number | 'draft'): [number, number | 'draft'] {
  return other === 'draft' || one <= other ? [one, other] : [other, one];
}
