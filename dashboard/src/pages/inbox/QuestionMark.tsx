// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { IconCheck, IconClockPause, IconClockX, IconHandStop } from '@tabler/icons-react';

import type { QuestionState } from '../../api/questions';
import { Sign, type Look } from '../../parts/Sign';
import { words } from '../../words/words';

const LOOKS: Record<QuestionState, Look> = {
  asked: { icon: IconClockPause, tone: 'medium' },
  approved: { icon: IconCheck, tone: 'good' },
  ran: { icon: IconCheck, tone: 'good' },
  rejected: { icon: IconHandStop, tone: 'critical' },
  expired: { icon: IconClockX, tone: 'soft' },
  withdrawn: { icon: IconClockX, tone: 'soft' },
  overtaken: { icon: IconClockX, tone: 'soft' },
};

/** What became of a question. */
export function QuestionMark({ state }: { state: QuestionState }) {
  return <Sign {...LOOKS[state]} word={words.inbox.states[state]} />;
}
