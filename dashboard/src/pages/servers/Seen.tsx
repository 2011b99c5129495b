// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway last saw of a server, since it was started.
import { Text } from '@mantine/core';

import type { Schemas } from '../../api/client';
import { When } from '../../parts/When';
import { words } from '../../words/words';

export type Sight = Schemas['ServerSeen'];
const { seen: said, facts } = words.servers;

/** What it did last was to fail. */
export function hasFailed(seen: Sight): boolean {
  return seen.failed_at !== null && (seen.answered_at === null || seen.failed_at > seen.answered_at);
}

export const eraOf = (seen: Sight): string =>
  seen.era === null ? facts.eras.unknown : said.era(facts.eras[seen.era], seen.protocol_version ?? '');

/** In a list: what it did last, and its era. */
export function Seen({ seen }: { seen: Sight }) {
  const failed = hasFailed(seen);
  const at = failed ? seen.failed_at : seen.answered_at;
  if (at === null) return null;
  return (
    <Text size="xs" c="dimmed">
      {failed ? said.failed : said.answered} <When at={at} />
      {seen.era !== null && ` · ${said.short[seen.era]}`}
    </Text>
  );
}
