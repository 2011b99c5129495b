// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { List, Paper, Stack, Table, Text, Title } from '@mantine/core';

import type { Schemas } from '../../api/client';
import { CategoryMark } from '../../parts/Grade';
import { Listing } from '../../parts/Listing';
import { visible } from '../../parts/unseen';
import { Name } from '../../parts/Plain';
import { words } from '../../words/words';
import type { View } from './Danger';

const AMOUNTS_MOST = 50;

/** How much can happen in any ten minutes, in words. */
export function Worst({ stack, view }: { stack: Schemas['Stack']; view: View }) {
  return (
    <Paper p="md">
      <Stack gap="sm">
        <div>
          <Title order={2}>{words.stack.worst}</Title>
          <Text size="sm" c="dimmed">
            {words.stack.worstMore}
          </Text>
        </div>
        <Listing label={words.stack.worst} heads={[words.stack.category, words.stack.worst]} minWidth={420}>
          {stack.ten_minutes[view].map((row) => (
            <Table.Tr key={row.category}>
              <Table.Th scope="row" fw={row.category === 'All' ? 650 : 400}>
                {row.category === 'All' ? words.stack.all : <CategoryMark category={row.category} />}
              </Table.Th>
              <Table.Td>{row.says}</Table.Td>
            </Table.Tr>
          ))}
        </Listing>
        {view === 'now' && stack.amounts.length > 0 && (
          <div>
            <Title order={3}>{words.stack.amounts}</Title>
            <List size="sm">
              {stack.amounts.slice(0, AMOUNTS_MOST).map((amount, index) => (
                <List.Item key={index}>
                  <Name text={words.stack.amount(amount.most, visible(amount.argument, 80), visible(amount.tool, 80))} most={400} />
                </List.Item>
              ))}
            </List>
          </div>
        )}
      </Stack>
    </Paper>
  );
}
