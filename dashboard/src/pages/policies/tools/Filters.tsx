// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What of the tools is shown; all of it stands in the address.
import { Group, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';

import { words } from '../../../words/words';
import { OUTCOMES } from '../model/select';

const said = words.policies.tools;

export interface ToolsSearch {
  server?: string | undefined;
  text?: string | undefined;
  category?: string | undefined;
  severity?: string | undefined;
  outcome?: string | undefined;
  rule?: string | undefined;
}

export interface SearchProps {
  search: ToolsSearch;
  change: (by: ToolsSearch) => void;
}

const choices = (names: Record<string, string>) => Object.entries(names).map(([value, label]) => ({ value, label }));

export function Filters({ search, change }: SearchProps) {
  const { unknown: _, ...severities } = words.severity; // a tool without a category counts as critical
  const outcomes = [...OUTCOMES, 'custom' as const].map((value) => ({ value, label: said.outcomes[value] }));
  const pick = (name: 'category' | 'severity' | 'outcome', data: { value: string; label: string }[]) => (
    <Select
      aria-label={said[name]}
      placeholder={said[name]}
      data={data}
      value={search[name] ?? null}
      clearable
      w={140}
      onChange={(next) => change({ [name]: next ?? undefined })}
    />
  );
  return (
    <Group gap="xs">
      <TextInput
        aria-label={said.search}
        placeholder={said.search}
        leftSection={<IconSearch size={16} />}
        value={search.text ?? ''}
        w={{ base: '100%', xs: 220 }}
        onChange={(event) => change({ text: event.currentTarget.value || undefined })}
      />
      {pick('category', choices(words.category))}
      {pick('severity', choices(severities))}
      {pick('outcome', outcomes)}
    </Group>
  );
}
