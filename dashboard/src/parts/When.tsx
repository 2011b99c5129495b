// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Tooltip, VisuallyHidden } from '@mantine/core';
import { useSyncExternalStore } from 'react';

import { formatAgo, formatClock, formatExact, words } from '../words/words';

// One clock for all of the page, which ticks now and then.
let now = new Date();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = new Date();
    for (const call of listeners) call();
  }, 10_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export const useNow = (): Date => useSyncExternalStore(subscribe, () => now);

/** An instant in the reader's zone; the exact one on hover and for those who do not see. */
export function When({ at, clock = false }: { at: string | null; clock?: boolean }) {
  const ticked = useNow();
  if (at === null) return <span>{words.when.never}</span>;
  const instant = new Date(at);
  // What has just come is not in the future of a clock that has not ticked since.
  const current = instant > ticked ? new Date() : ticked;
  const exact = formatExact(instant);
  return (
    <Tooltip label={exact}>
      <time dateTime={at}>
        {clock ? formatClock(instant, current) : formatAgo(instant, current)}
        <VisuallyHidden> {exact}</VisuallyHidden>
      </time>
    </Tooltip>
  );
}
