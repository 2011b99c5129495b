// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, List, Paper, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { healthQuery } from '../../api/health';
import { Loading, Trouble } from '../../parts/states';
import { words } from '../../words/words';

const { about: says } = words.settings;

function Health() {
  const query = useQuery(healthQuery);
  if (query.isPending) return <Loading rows={3} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return (
    <List spacing="xs" center>
      {query.data.parts.map((part) => (
        <List.Item
          key={part.name}
          icon={
            <ThemeIcon size={20} radius="xl" variant="light" color={part.up ? 'accent' : 'red'}>
              {part.up ? <IconCheck size={14} aria-hidden="true" /> : <IconAlertTriangle size={14} aria-hidden="true" />}
            </ThemeIcon>
          }
        >
          <Text span fw={600}>
            {says.parts[part.name] ?? part.name}
          </Text>{' '}
          <Text span c="dimmed">
            {part.up ? says.well : (part.detail ?? says.unwell)}
          </Text>
        </List.Item>
      ))}
    </List>
  );
}

export function About() {
  return (
    <Stack maw={720}>
      <Paper p="md">
        <Stack gap="sm">
          <Title order={2}>{says.health}</Title>
          <Health />
        </Stack>
      </Paper>
      <Paper p="md">
        <Stack gap="xs">
          <Title order={2}>{words.product}</Title>
          <Text size="sm">{says.what}</Text>
          <Anchor size="sm" href="/assets/licences.txt">
            {says.licences}
          </Anchor>
          <Anchor size="sm" href="/api/v1/openapi.json">
            {says.api}
          </Anchor>
        </Stack>
      </Paper>
    </Stack>
  );
}
