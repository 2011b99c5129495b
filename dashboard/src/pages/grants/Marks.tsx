// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// State and mode of a grant: a sign, a colour where somebody has to act, and a word.
import { IconBan, IconCircleCheck, IconClockX, IconEyeSearch, IconPlayerPause, IconShieldCheck } from '@tabler/icons-react';

import type { Grant, GrantState } from '../../api/grants';
import { words } from '../../words/words';
import classes from './Marks.module.css';

const STATES = { active: IconCircleCheck, paused: IconPlayerPause, expired: IconClockX, revoked: IconBan } as const;
const MODES = { enforce: IconShieldCheck, observe: IconEyeSearch } as const;

export function GrantStateMark({ state }: { state: GrantState }) {
  const Icon = STATES[state];
  return (
    <span className={classes.mark} data-state={state}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {words.grants.states[state]}
    </span>
  );
}

export function ModeMark({ mode }: { mode: Grant['mode'] }) {
  const Icon = MODES[mode];
  return (
    <span className={classes.mark} data-mode={mode}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {words.grants.modes[mode]}
    </span>
  );
}
