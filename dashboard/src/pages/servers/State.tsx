// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconPlayerPause } from '@tabler/icons-react';

import { Sign, type Look } from '../../parts/Sign';
import { words } from '../../words/words';
import { hasFailed, type Sight } from './Seen';

export type StateName = keyof typeof words.servers.states;

const LOOKS: Record<StateName, Look> = {
  trouble: { icon: IconAlertTriangle, tone: 'critical' },
  use: { icon: IconCircleCheck, tone: 'good' },
  quiet: { icon: IconCircleDashed, tone: 'soft' },
  disabled: { icon: IconPlayerPause, tone: 'soft' },
};

/** In trouble: of its messages more than one in ten failed, or the last one did. */
export function stateOf(disabled: boolean, calls: number, failed: number, seen?: Sight): StateName {
  if (disabled) return 'disabled';
  if (seen !== undefined && hasFailed(seen)) return 'trouble';
  if (calls === 0) return 'quiet';
  return failed * 10 > calls ? 'trouble' : 'use';
}

export function State({ state }: { state: StateName }) {
  return <Sign {...LOOKS[state]} word={words.servers.states[state]} />;
}
