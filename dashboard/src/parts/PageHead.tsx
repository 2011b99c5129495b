// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Group, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';

import { words } from '../words/words';
import { Name } from './Plain';
import { visible } from './unseen';

/** The page's name, also in the window's title, and what can be done with the whole of it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${visible(title)} - ${words.product}`;
  }, [title]);
  return (
    <Group justify="space-between" mb="md" gap="sm">
      <Title order={1}>
        <Name text={title} />
      </Title>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}
