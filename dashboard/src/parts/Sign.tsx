// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What something has come to: a sign, a colour and a word, so that no one of them is needed.
import type { IconCheck } from '@tabler/icons-react';

import classes from './Sign.module.css';

/** 'plain' is the colour of the text around it; those from 'low' on are strong by themselves. */
export type Tone = 'plain' | 'soft' | 'good' | 'low' | 'medium' | 'high' | 'critical';

/** A table of these says how each word of a list is shown. */
export interface Look {
  icon: typeof IconCheck;
  tone: Tone;
}

const QUIET: readonly Tone[] = ['plain', 'soft', 'good'];

interface Props extends Look {
  word: string;
  isStrong?: boolean;
}

export function Sign({ icon: Icon, tone, word, isStrong = !QUIET.includes(tone) }: Props) {
  return (
    <span className={classes.sign} data-tone={tone} data-strong={isStrong || undefined}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {word}
    </span>
  );
}
