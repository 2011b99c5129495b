// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The limits that a call was counted against, and what they held with it.
import { List, Text } from '@mantine/core';

import type { Schemas } from '../../api/client';
import { Name } from '../../parts/Plain';
import { formatNumber, formatSeconds, words } from '../../words/words';
import type { Row } from './case';

const said = words.decisions;

function One({ one }: { one: Schemas['Charged'] }) {
  const window = one.window_seconds === null ? said.chargedMonth : formatSeconds(one.window_seconds);
  const count = one.used === undefined ? said.chargedSum(one.max, window) : said.chargedOf(one.used, one.max, window);
  const more = [
    said.chargedScopes[one.scope],
    one.observed === true ? said.chargedObserved : '',
    one.given_back === true ? said.chargedBack : '',
  ].filter((text) => text !== '');
  return (
    <List.Item>
      <Text span inherit ff="monospace">
        <Name text={one.counter} />
      </Text>
      {': '}
      {[count, ...more].join(', ')}
    </List.Item>
  );
}

export function Charged({ row }: { row: Row }) {
  const charged = row.charged ?? [];
  const left = (row.charged_total ?? charged.length) - charged.length;
  if (charged.length === 0) return null;
  return (
    <section aria-label={said.charged}>
      <Text size="sm" c="dimmed">
        {said.charged}:
      </Text>
      <List size="sm">
        {charged.map((one, index) => (
          <One key={index} one={one} />
        ))}
      </List>
      {left > 0 && <Text size="sm">{said.chargedMore(formatNumber(left))}</Text>}
    </section>
  );
}
