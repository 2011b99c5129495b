// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconPlayerPause } from '@tabler/icons-react';

import { words } from '../../words/words';
import { hasFailed, type Sight } from './Seen';
import classes from './State.module.css';

export type StateName = keyof typeof words.servers.states;

const ICONS = { trouble: IconAlertTriangle, use: IconCircleCheck, quiet: IconCircleDashed, disabled: IconPlayerPause } as const;

/** In trouble: of its messages more than one in ten failed, or the last one did. */
export function stateOf(disabled: boolean, calls: number, failed: number, seen?: Sight): StateName {
  if (disabled) return 'disabled';
  if (seen !== undefined && hasFailed(seen)) return 'trouble';
  if (calls === 0) return 'quiet';
  return failed * 10 > calls ? 'trouble' : 'use';
}

export function State({ state }: { state: StateName }) {
  const Icon = ICONS[state];
  return (
    <span className={classes.state} data-state={state}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {words.servers.states[state]}
    </span>
  );
}
