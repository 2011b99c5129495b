// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Severity and category: always a shape, a colour and a word, so that no one of them is needed.
import { VisuallyHidden } from '@mantine/core';

import { formatNumber, words } from '../words/words';
import classes from './Grade.module.css';

export type Severity = keyof typeof words.severity;
export type Category = keyof typeof words.category;

const SHAPES: Record<Severity, string> = {
  low: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z',
  medium: 'M12 4l8 8-8 8-8-8z',
  high: 'M12 4l9 16H3z',
  critical: 'M8.5 3h7L21 8.500v7L15.500 21h-7L3 15.500v-7z',
  unknown: 'M5 12h14',
};

export const severityOf: Record<Category, Severity> = {
  Read: 'low',
  Write: 'medium',
  Execute: 'high',
  Destructive: 'critical',
  Financial: 'critical',
  Unknown: 'unknown',
};

function Shape({ severity }: { severity: Severity }) {
  const filled = severity === 'critical' || severity === 'high';
  return (
    <svg viewBox="0 0 24 24" className={classes.shape} aria-hidden="true" data-filled={filled || undefined}>
      <path d={SHAPES[severity]} />
    </svg>
  );
}

export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span className={classes.grade} data-tone={severity}>
      <Shape severity={severity} />
      {words.severity[severity]}
    </span>
  );
}

export function CategoryMark({ category }: { category: Category }) {
  return (
    <span className={classes.grade} data-tone={severityOf[category]}>
      <Shape severity={severityOf[category]} />
      {words.category[category]}
    </span>
  );
}

const GRAVEST_FIRST = ['critical', 'high', 'medium', 'low', 'unknown'] as const;

/** How many of each severity, the gravest first; the word is on hover and for those who do not see the shape. */
export function SeverityCounts({ categories }: { categories: Readonly<Record<Category, number>> }) {
  const counts = new Map<Severity, number>();
  for (const [category, count] of Object.entries(categories) as [Category, number][])
    counts.set(severityOf[category], (counts.get(severityOf[category]) ?? 0) + count);
  return (
    <span className={classes.counts}>
      {GRAVEST_FIRST.filter((severity) => (counts.get(severity) ?? 0) > 0).map((severity) => (
        <span key={severity} className={classes.grade} data-tone={severity} title={words.severity[severity]}>
          <Shape severity={severity} />
          {formatNumber(counts.get(severity) ?? 0)}
          <VisuallyHidden> {words.severity[severity]}</VisuallyHidden>
        </span>
      ))}
    </span>
  );
}
