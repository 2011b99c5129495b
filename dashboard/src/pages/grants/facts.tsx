// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Of what the page of a grant is made, wherever the grant is kept.
import { Badge, Group, Paper, SimpleGrid, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

import { Name } from '../../parts/Plain';
import { words } from '../../words/words';

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" component="div">
        {children}
      </Text>
    </div>
  );
}

export function Facts({ children }: { children: ReactNode }) {
  return (
    <Paper p="md">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }}>{children}</SimpleGrid>
    </Paper>
  );
}

export function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return words.grants.none1;
  return tags.map((tag) => (
    <Badge key={tag} variant="light" tt="none" color="gray" mr={4}>
      <Name text={tag} />
    </Badge>
  ));
}

export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section>
      <Group justify="space-between" mb={6}>
        <Title order={2}>{title}</Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}
