// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The lines of a text, and which of them came or went.
import { Box } from '@mantine/core';
import type { ReactNode } from 'react';

import classes from './Lines.module.css';
import { Name } from './Plain';

export interface ChangedLine {
  change: 'same' | 'added' | 'removed';
  text: string;
}

const SIGNS = { same: ' ', added: '+', removed: '-' } as const;

export function LineBox({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Box className={classes.box} tabIndex={0} role="region" aria-label={label}>
      {children}
    </Box>
  );
}

export function LineRow({ line, most }: { line: ChangedLine; most: number }) {
  return (
    <div className={classes.line} data-change={line.change}>
      <span className={classes.sign}>{SIGNS[line.change]}</span>
      <Name text={line.text} most={most} />
    </div>
  );
}

/** Said between lines: how many are left out. */
export function LineNote({ children }: { children: ReactNode }) {
  return <div className={classes.note}>{children}</div>;
}
