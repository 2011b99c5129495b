// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { IconCheck, IconClockPause, IconClockX, IconHandStop } from '@tabler/icons-react';

import type { QuestionState } from '../../api/questions';
import outcome from '../../parts/Outcome.module.css';
import { words } from '../../words/words';

const SIGNS: Record<QuestionState, { icon: typeof IconCheck; tone: string }> = {
  asked: { icon: IconClockPause, tone: 'pending' },
  approved: { icon: IconCheck, tone: 'allowed' },
  ran: { icon: IconCheck, tone: 'allowed' },
  rejected: { icon: IconHandStop, tone: 'denied' },
  expired: { icon: IconClockX, tone: '' },
  withdrawn: { icon: IconClockX, tone: '' },
  overtaken: { icon: IconClockX, tone: '' },
};

/** What became of a question: a sign, a colour and a word. */
export function QuestionMark({ state }: { state: QuestionState }) {
  const { icon: Icon, tone } = SIGNS[state];
  return (
    <span className={outcome.outcome} data-outcome={tone}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {words.inbox.states[state]}
    </span>
  );
}
