// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// State and mode of a grant.
import { IconBan, IconCircleCheck, IconClockX, IconEyeSearch, IconPlayerPause, IconShieldCheck } from '@tabler/icons-react';

import type { Grant, GrantState } from '../../api/grants';
import { Sign, type Look } from '../../parts/Sign';
import { words } from '../../words/words';

const STATES: Record<GrantState, Look> = {
  active: { icon: IconCircleCheck, tone: 'good' },
  paused: { icon: IconPlayerPause, tone: 'critical' },
  expired: { icon: IconClockX, tone: 'soft' },
  revoked: { icon: IconBan, tone: 'soft' },
};
const MODES: Record<Grant['mode'], Look> = {
  enforce: { icon: IconShieldCheck, tone: 'plain' },
  observe: { icon: IconEyeSearch, tone: 'medium' },
};

export function GrantStateMark({ state }: { state: GrantState }) {
  return <Sign {...STATES[state]} word={words.grants.states[state]} />;
}

export function ModeMark({ mode }: { mode: Grant['mode'] }) {
  return <Sign {...MODES[mode]} word={words.grants.modes[mode]} />;
}
