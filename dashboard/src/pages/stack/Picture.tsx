// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How an attack goes from tool to tool. Beside it stands the same as a list, for those who do not see it.
import { useId } from 'react';

import { visible } from '../../parts/unseen';
import { formatNumber, words } from '../../words/words';
import { SIZES, type Arrow, type Node, type Part, type Picture as Layout } from './layout';
import classes from './Picture.module.css';

const NAME_MOST = 26;

function ToolNode({ node }: { node: Node }) {
  return (
    <g className={classes.node}>
      <rect x={node.x} y={node.y} width={node.width} height={node.height} rx={4} />
      <text x={node.x + 10} y={node.y + 18} className={classes.tool}>
        {visible(node.tool, NAME_MOST)}
      </text>
      <text x={node.x + 10} y={node.y + 35} className={classes.server}>
        {visible(node.server, NAME_MOST + 4)}
      </text>
    </g>
  );
}

function PartBox({ part }: { part: Part }) {
  return (
    <g>
      <rect className={classes.part} x={part.x + 0.5} y={part.y + 0.5} width={part.width - 1} height={part.height - 1} rx={6} />
      <text x={part.x + SIZES.pad} y={part.y + 20} className={classes.what}>
        {visible(part.what, NAME_MOST + 8)}
      </text>
      {part.nodes.map((node, index) => (
        <ToolNode key={index} node={node} />
      ))}
      {part.more > 0 && (
        <text x={part.x + SIZES.pad} y={part.y + part.height - 10} className={classes.server}>
          {words.stack.more(formatNumber(part.more))}
        </text>
      )}
    </g>
  );
}

function Line({ arrow, head }: { arrow: Arrow; head: string }) {
  const isDown = arrow.x1 === arrow.x2;
  const { x1, y1, x2, y2 } = arrow;
  return (
    <line
      className={classes.arrow}
      x1={isDown ? x1 : x1 + 6}
      y1={isDown ? y1 + 6 : y1}
      x2={isDown ? x2 : x2 - 12}
      y2={isDown ? y2 - 12 : y2}
      markerEnd={`url(#${head})`}
    />
  );
}

interface Props {
  layout: Layout;
  label: string;
  state: string;
}

export function Picture({ layout, label, state }: Props) {
  const head = useId();
  return (
    <svg
      className={classes.picture}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      width={layout.width}
      height={layout.height}
      role="img"
      aria-label={label}
      data-state={state}
    >
      <defs>
        <marker id={head} viewBox="0 0 10 10" refX="5" refY="5" markerWidth="5" markerHeight="5" orient="auto">
          <path d="M0 0L10 5L0 10z" className={classes.head} />
        </marker>
      </defs>
      {layout.arrows.map((arrow, index) => (
        <Line key={index} arrow={arrow} head={head} />
      ))}
      {layout.parts.map((part, index) => (
        <PartBox key={index} part={part} />
      ))}
    </svg>
  );
}
