// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { layoutOf, SIZES, type Box, type Leg } from '../../src/pages/stack/layout';

const leg = (what: string, count: number): Leg => ({
  what,
  tools: Array.from({ length: count }, (_, index) => ({ server: 's', tool: `t${index}` })),
});
const LEGS = [leg('in', 1), leg('text', 9), leg('out', 5)];
const apart = (a: Box, b: Box) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
const inside = (a: Box, b: Box) => a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

test.each([false, true])('all is inside of the picture and nothing lies on another (narrow: %s)', (isNarrow) => {
  const picture = layoutOf(LEGS, isNarrow);
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  for (const part of picture.parts) {
    expect(inside(part, whole)).toBe(true);
    for (const node of part.nodes) expect(inside(node, part)).toBe(true);
    for (const node of part.nodes) for (const other of part.nodes) if (node !== other) expect(apart(node, other)).toBe(true);
    for (const other of picture.parts) if (part !== other) expect(apart(part, other)).toBe(true);
  }
});

test('tools beyond the most that are drawn are counted', () => {
  const [few, many, most] = layoutOf(LEGS, true).parts;
  expect([few, many, most].map((part) => [part?.nodes.length, part?.more])).toEqual([
    [1, 0],
    [5, 4],
    [5, 0],
  ]);
});

test('arrows go from each part to the next, in the middle', () => {
  const wide = layoutOf(LEGS, false);
  expect(wide.arrows).toHaveLength(2);
  wide.arrows.forEach((arrow, index) => {
    const [from, to] = wide.parts.slice(index);
    expect([arrow.x1, arrow.x2]).toEqual([(from?.x ?? 0) + SIZES.part, to?.x]);
    expect([arrow.y1, arrow.y2]).toEqual([wide.height / 2, wide.height / 2]);
  });
  const narrow = layoutOf(LEGS, true);
  narrow.arrows.forEach((arrow, index) => {
    const [from, to] = narrow.parts.slice(index);
    expect([arrow.y1, arrow.y2]).toEqual([(from?.y ?? 0) + (from?.height ?? 0), to?.y]);
    expect(arrow.x1).toBe(SIZES.part / 2);
  });
});

test('one part has no arrow, none has no size', () => {
  expect(layoutOf([leg('alone', 2)], false).arrows).toEqual([]);
  for (const isNarrow of [false, true]) {
    const nothing = layoutOf([], isNarrow);
    expect(nothing.height).toBe(0);
    expect(nothing.parts).toEqual([]);
  }
});
