// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a page shows when it has nothing to show yet, at all, or because of a mistake.
import { Alert, Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { Problem } from '../api/problem';
import { words } from '../words/words';

/** What went wrong, for people. */
export function sentence(error: unknown): string {
  if (!(error instanceof Problem)) return words.trouble.brokenMore;
  if (error.kind === 'unreachable') return words.trouble.noAnswer;
  return error.message === '' ? words.trouble.nothing : error.message;
}

export function Trouble({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden="true" />} title={words.trouble.title} role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{sentence(error)}</Text>
        {retry !== undefined && (
          <Button variant="default" size="xs" onClick={retry}>
            {words.trouble.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

export function Nothing({ title, more, children }: { title: string; more?: string; children?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Title order={2}>{title}</Title>
      {more !== undefined && (
        <Text c="dimmed" maw={460}>
          {more}
        </Text>
      )}
      {children}
    </Stack>
  );
}

/** Rows to come. They do not stay: a request that is not answered ends as trouble. */
export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={28} radius="sm" />
      ))}
    </Stack>
  );
}
