// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Code, CopyButton, Group } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

import { words } from '../words/words';

/** Text to be taken elsewhere. `label` names it for those who do not see it. */
export function Copied({ text, label }: { text: string; label: string }) {
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <Code block tabIndex={0} role="region" aria-label={label} flex={1} miw={0}>
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Button
            variant="default"
            size="xs"
            onClick={copy}
            aria-label={words.start.copyOf(label)}
            leftSection={copied ? <IconCheck size={14} aria-hidden="true" /> : <IconCopy size={14} aria-hidden="true" />}
          >
            <span aria-live="polite">{copied ? words.start.copied : words.start.copy}</span>
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
