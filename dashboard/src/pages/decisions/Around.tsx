// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a decision to the others like it.
import { Anchor, Group, SimpleGrid, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { filled, type DecisionFilter } from '../../api/queries';
import { Name } from '../../parts/Plain';
import { serverName, words } from '../../words/words';
import type { Row } from './case';

const written = (value: unknown): string => (typeof value === 'string' ? value : '');

const ofSame = (filter: DecisionFilter): string => `/decisions?${new URLSearchParams(filled(filter) as Record<string, string>).toString()}`;

/** Of the same tool, of the same grant. */
export function Others({ row }: { row: Row }) {
  const says = words.decisions.others;
  const ways: [string, DecisionFilter][] = [];
  if (row.subject != null) ways.push([says.tool, { tool: row.subject, server: row.server === null ? undefined : serverName(row.server) }]);
  if (row.grant != null) ways.push([says.grant, { grant: row.grant }]);
  if (row.grant != null && row.subject != null) ways.push([says.both, { grant: row.grant, tool: row.subject }]);
  return (
    <Group gap="md">
      {ways.map(([label, filter]) => (
        <Anchor key={label} size="sm" component={Link} to={ofSame(filter) as never}>
          {label}
        </Anchor>
      ))}
    </Group>
  );
}

/** Who asked, over which connection. */
export function Who({ row }: { row: Row }) {
  const known = (['client', 'peer', 'session', 'trace'] as const).filter((name) => written(row[name]) !== '');
  if (known.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing={4}>
      {known.map((name) => (
        <Text key={name} size="sm">
          <Text span inherit c="dimmed">
            {words.decisions.who[name]}:
          </Text>{' '}
          <Anchor inherit component={Link} to={ofSame({ [name]: written(row[name]) }) as never} title={words.decisions.sameAs[name]}>
            <Name text={written(row[name])} />
          </Anchor>
        </Text>
      ))}
    </SimpleGrid>
  );
}
