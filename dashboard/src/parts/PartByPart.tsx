// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Long lists are shown part by part: thousands of rows at once would keep the page waiting.
// A list that is another one (filtered anew) wants another `key`.
import { Button, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';

import { formatNumber, words } from '../words/words';

const AT_ONCE = 100;
const MORE = 400;

interface Props<T> {
  items: readonly T[];
  isCut?: boolean; // there are others that were not asked for
  children: (shown: readonly T[]) => ReactNode;
}

export function PartByPart<T>({ items, isCut = false, children }: Props<T>) {
  const [most, setMost] = useState(AT_ONCE);
  const left = items.length - most;
  return (
    <Stack gap="sm" align="stretch">
      {children(items.slice(0, most))}
      {left > 0 && (
        <Button variant="default" onClick={() => setMost(most + MORE)}>
          {words.listing.more(formatNumber(Math.min(left, MORE)))}
        </Button>
      )}
      {left <= 0 && isCut && <Text c="dimmed">{words.listing.cut}</Text>}
    </Stack>
  );
}
