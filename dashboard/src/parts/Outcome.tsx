// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import {
  IconCheck,
  IconClockPause,
  IconEyeOff,
  IconEyeSearch,
  IconHandStop,
  IconPlugConnectedX,
  IconQuestionMark,
} from '@tabler/icons-react';

import { words } from '../words/words';
import classes from './Outcome.module.css';

const ICONS = {
  allowed: IconCheck,
  denied: IconHandStop,
  hidden: IconEyeOff,
  observed: IconEyeSearch,
  refused: IconQuestionMark,
  failed: IconPlugConnectedX,
  pending: IconClockPause,
} as const;

function isKnown(outcome: string): outcome is keyof typeof ICONS {
  return Object.hasOwn(ICONS, outcome);
}

/** What became of a message: a sign, a colour and a word. */
export function Outcome({ outcome }: { outcome: string }) {
  const known = isKnown(outcome);
  const Icon = known ? ICONS[outcome] : IconQuestionMark;
  return (
    <span className={classes.outcome} data-outcome={outcome}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {known ? words.outcome[outcome] : outcome}
    </span>
  );
}
