// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The field over a list that finds in it what is typed.
import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';

interface Props {
  label: string;
  text: string;
  change: (text: string | undefined) => void;
}

export function Find({ label, text, change }: Props) {
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      value={text}
      w={{ base: '100%', xs: 300 }}
      onChange={(event) => change(event.currentTarget.value || undefined)}
    />
  );
}
