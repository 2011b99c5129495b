// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Button, Group, List, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { grantsQuery } from '../../api/queries';
import { removeServer, type Server } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { formatNumber, words } from '../../words/words';
import { Ask } from '../../parts/Ask';

const { remove: says } = words.servers;

export function Remove({ server }: { server: Server }) {
  const [isAsked, setAsked] = useState(false);
  const navigate = useNavigate();
  const grants = useQuery(grantsQuery).data?.items.filter((grant) => grant.servers.some((reach) => reach.server === server.id)) ?? [];
  return (
    <Stack gap="sm">
      <Title order={2}>{says.button}</Title>
      {grants.length === 0 ? (
        <Text size="sm">
          <Name text={says.more(server.name)} />
        </Text>
      ) : (
        <div>
          <Text size="sm">{says.grants(grants.length, formatNumber(grants.length))}</Text>
          <List size="sm">
            {grants.map((grant) => (
              <List.Item key={grant.id}>
                <Anchor component={Link} to={`/grants/${grant.id}` as never}>
                  <Name text={grant.label} />
                </Anchor>
              </List.Item>
            ))}
          </List>
        </div>
      )}
      <Group>
        <Button color="red" variant="outline" disabled={grants.length > 0} onClick={() => setAsked(true)}>
          {says.button}
        </Button>
      </Group>
      {isAsked && (
        <Ask
          title={says.title}
          more={says.more(server.name)}
          button={says.confirm}
          act={() => removeServer(server)}
          close={() => setAsked(false)}
          done={() => void navigate({ to: '/servers' })}
        />
      )}
    </Stack>
  );
}
