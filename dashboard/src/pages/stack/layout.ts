// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the parts of a combination and their tools stand in its picture: side by side, or one below the other where it is narrow.

export interface Leg {
  what: string;
  tools: { server: string; tool: string }[];
}
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Node extends Box {
  server: string;
  tool: string;
}
export interface Part extends Box {
  what: string;
  nodes: Node[];
  more: number; // tools that are not drawn
}
export interface Arrow {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}
export interface Picture {
  width: number;
  height: number;
  parts: Part[];
  arrows: Arrow[];
}

export const SIZES = { part: 250, gap: 56, pad: 12, head: 30, node: 44, between: 8, more: 20 } as const;
const TOOLS_MOST = 5;

function partAt(leg: Leg, x: number, y: number): Part {
  const { part, pad, head, node, between, more } = SIZES;
  const drawn = leg.tools.slice(0, TOOLS_MOST);
  const left = leg.tools.length - drawn.length;
  const nodes = drawn.map((tool, index) => ({
    server: tool.server,
    tool: tool.tool,
    x: x + pad,
    y: y + head + index * (node + between),
    width: part - 2 * pad,
    height: node,
  }));
  const height = head + drawn.length * (node + between) + (left > 0 ? more : 0) + pad - between;
  return { what: leg.what, nodes, more: left, x, y, width: part, height };
}

export function layoutOf(legs: Leg[], isNarrow: boolean): Picture {
  const { part, gap } = SIZES;
  const parts: Part[] = [];
  const arrows: Arrow[] = [];
  let along = 0;
  for (const leg of legs) {
    const made = isNarrow ? partAt(leg, 0, along) : partAt(leg, along, 0);
    const before = parts.at(-1);
    if (before !== undefined)
      arrows.push(
        isNarrow
          ? { x1: part / 2, y1: before.y + before.height, x2: part / 2, y2: made.y }
          : { x1: before.x + part, y1: 0, x2: made.x, y2: 0 },
      );
    parts.push(made);
    along += (isNarrow ? made.height : part) + gap;
  }
  const height = isNarrow ? Math.max(0, along - gap) : Math.max(0, ...parts.map((made) => made.height));
  if (isNarrow) return { width: part, height, parts, arrows };
  for (const made of parts) made.height = height; // all as high as the highest
  for (const arrow of arrows) arrow.y1 = arrow.y2 = height / 2;
  return { width: Math.max(0, along - gap), height, parts, arrows };
}
