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
import { Sign, type Look } from './Sign';

const LOOKS = {
  allowed: { icon: IconCheck, tone: 'good' },
  denied: { icon: IconHandStop, tone: 'critical' },
  hidden: { icon: IconEyeOff, tone: 'critical' },
  observed: { icon: IconEyeSearch, tone: 'medium' },
  refused: { icon: IconQuestionMark, tone: 'high' },
  failed: { icon: IconPlugConnectedX, tone: 'high' },
  pending: { icon: IconClockPause, tone: 'medium' },
} satisfies Record<string, Look>;

function isKnown(outcome: string): outcome is keyof typeof LOOKS {
  return Object.hasOwn(LOOKS, outcome);
}

/** What became of a message. */
export function Outcome({ outcome }: { outcome: string }) {
  if (!isKnown(outcome)) return <Sign icon={IconQuestionMark} tone="soft" word={outcome} />;
  return <Sign {...LOOKS[outcome]} word={words.outcome[outcome]} />;
}
