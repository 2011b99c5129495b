// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';

// The browser has taken the file by then.
const KEPT_MS = 60_000;

function save(text: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** A text that is made here, as a file. */
export function Download({ text, name, label }: { text: string; name: string; label: string }) {
  return (
    <Button
      variant="default"
      size="xs"
      mt="xs"
      leftSection={<IconDownload size={14} aria-hidden="true" />}
      onClick={() => save(text, name)}
    >
      {label}
    </Button>
  );
}
