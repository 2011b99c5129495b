// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a policy makes of a call: a sign, a colour and a word.
import { IconCheck, IconEyeOff, IconEyeSearch, IconHandStop, IconUserQuestion } from '@tabler/icons-react';

import { words } from '../../../words/words';
import classes from './trying.module.css';

const ICONS = { allowed: IconCheck, denied: IconHandStop, hidden: IconEyeOff, asks: IconUserQuestion, observed: IconEyeSearch };
export type Become = keyof typeof ICONS;

/** Of an explanation's words. */
export function becomeOf(outcome: string, hidden: boolean): Become {
  if (hidden) return 'hidden';
  if (outcome === 'approval') return 'asks';
  return outcome === 'allowed' || outcome === 'observed' ? outcome : 'denied';
}

export function Mark({ become }: { become: Become }) {
  const Icon = ICONS[become];
  return (
    <span className={classes.mark} data-become={become}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {words.policies.trying.becomes[become]}
    </span>
  );
}
