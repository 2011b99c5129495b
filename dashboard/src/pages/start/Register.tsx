// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { serversQuery } from '../../api/queries';
import { visible } from '../../parts/unseen';
import { words } from '../../words/words';
import { Paste } from '../servers/Paste';

const OFFERED_MOST = 12;

/** The servers that agents are to reach: new ones, or some that are there. */
export function Register({ done }: { done: (ids: string[]) => void }) {
  const there = useQuery(serversQuery).data?.items.filter((server) => !server.disabled) ?? [];
  return (
    <Stack>
      <Paper p="md">
        <Paste done={(servers) => done(servers.map((server) => server.id))} />
      </Paper>
      {there.length > 0 && (
        <div>
          <Text size="sm" c="dimmed" mb="xs">
            {words.start.or}
          </Text>
          <Group gap="xs">
            {there.slice(0, OFFERED_MOST).map((server) => (
              <Button
                key={server.id}
                variant="default"
                size="xs"
                aria-label={words.start.use(visible(server.name, 64))}
                onClick={() => done([server.id])}
              >
                {visible(server.name, 64)}
              </Button>
            ))}
          </Group>
        </div>
      )}
    </Stack>
  );
}
