// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Group, Pill, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

import { grantsQuery, serversQuery } from '../../api/queries';
import { visible } from '../../parts/unseen';
import { words } from '../../words/words';
import { Period } from './Period';
import { NAMED, type DecisionSearch } from './search';

const NAME_MOST = 80;

interface Props {
  filter: DecisionSearch;
  change: (by: DecisionSearch) => void;
}

/** What a link asked for besides, each to be taken away. */
function Named({ filter, change }: Props) {
  const named = NAMED.filter((name) => filter[name] !== undefined);
  if (named.length === 0) return null;
  return (
    <Group gap="xs" mb="sm" role="group" aria-label={words.decisions.only}>
      {named.map((name) => {
        const label = words.decisions.named[name](visible(filter[name] ?? '', NAME_MOST));
        return (
          <Pill
            key={name}
            size="md"
            withRemoveButton
            onRemove={() => change({ [name]: undefined })}
            removeButtonProps={{ 'aria-label': words.decisions.without(label), 'aria-hidden': false, tabIndex: 0 }}
          >
            <bdi>{label}</bdi>
          </Pill>
        );
      })}
    </Group>
  );
}

export function Filters({ filter, change }: Props) {
  const grants = useQuery(grantsQuery);
  const servers = useQuery(serversQuery);
  const [text, setText] = useState(filter.text ?? '');
  const sent = useRef(filter.text);
  const search = useDebouncedCallback((value: string) => {
    sent.current = value || undefined;
    change({ text: sent.current });
  }, 250);
  // The address changes by itself, too: filters are cleared, a link is followed.
  useEffect(() => {
    if (filter.text === sent.current) return;
    sent.current = filter.text;
    setText(filter.text ?? '');
  }, [filter.text]);
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
    <>
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
        <Period search={filter} change={change} />
      </Group>
      <Named filter={filter} change={change} />
    </>
  );
}
