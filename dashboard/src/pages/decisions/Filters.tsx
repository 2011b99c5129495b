// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { grantsQuery, serversQuery, type DecisionFilter } from '../../api/queries';
import { words } from '../../words/words';

export function Filters({ filter, change }: { filter: DecisionFilter; change: (by: DecisionFilter) => void }) {
  const grants = useQuery(grantsQuery);
  const servers = useQuery(serversQuery);
  const [text, setText] = useState(filter.text ?? '');
  const search = useDebouncedCallback((value: string) => change({ text: value || undefined }), 250);
  const pick = (label: string, key: 'outcome' | 'grant' | 'server', data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={label}
      data={data}
      value={filter[key] ?? null}
      clearable
      searchable={key !== 'outcome'}
      w={160}
      onChange={(value) => change({ [key]: value ?? undefined })}
    />
  );
  const outcomes = Object.entries(words.outcome).map(([value, label]) => ({ value, label }));
  const named = (name: string) => ({ value: name, label: name });
  return (
    <Group gap="xs" mb="sm">
      <TextInput
        aria-label={words.decisions.search}
        placeholder={words.decisions.search}
        leftSection={<IconSearch size={16} />}
        value={text}
        w={{ base: '100%', xs: 260 }}
        onChange={(event) => {
          setText(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
      />
      {pick(words.decisions.outcome, 'outcome', outcomes)}
      {pick(
        words.decisions.grant,
        'grant',
        (grants.data?.items ?? []).map((grant) => named(grant.label)),
      )}
      {pick(
        words.decisions.server,
        'server',
        (servers.data?.items ?? []).map((server) => named(server.name)),
      )}
    </Group>
  );
}
