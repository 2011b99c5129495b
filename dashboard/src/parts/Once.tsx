// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';

import { words } from '../words/words';
import { Copied } from './Copied';

/** A secret that the gateway shows once. It is kept nowhere, here neither. */
export function Once({ title, text, label, more }: { title: string; text: string; label: string; more?: string }) {
  return (
    <Alert color="yellow" variant="light" role="status" icon={<IconKey aria-hidden="true" />} title={title}>
      <Stack gap="xs">
        <Text size="sm">{more ?? words.once.more}</Text>
        <Copied text={text} label={label} />
      </Stack>
    </Alert>
  );
}
