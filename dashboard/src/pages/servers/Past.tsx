// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Badge, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { pastQuery } from '../../api/servers';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';

const { changes, columns, tools } = words.servers;

/** What differed from one list of the server's tools to the next. */
export function Past({ name }: { name: string }) {
  const query = useQuery(pastQuery(name));
  if (query.isPending) return <Loading rows={3} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const items = query.data?.items ?? [];
  if (items.length === 0) return <Text c="dimmed">{changes.pastNone}</Text>;
  return (
    <Stack gap="xs">
      <Listing label={changes.past} heads={[columns.changed, tools.columns.name, columns.state]} minWidth={480}>
        {items.map((item, index) => (
          <Table.Tr key={index}>
            <Table.Td>
              <When at={item.at} clock />
            </Table.Td>
            <Table.Td ff="monospace">
              <Name text={item.name} most={120} />
            </Table.Td>
            <Table.Td>
              <Badge>{changes.pasts[item.change]}</Badge>
            </Table.Td>
          </Table.Tr>
        ))}
      </Listing>
      {query.data != null && query.data.forgotten > 0 && (
        <Text size="sm" c="dimmed">
          {changes.forgotten(formatNumber(query.data.forgotten))}
        </Text>
      )}
    </Stack>
  );
}
