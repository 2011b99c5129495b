// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Problem } from '../../api/problem';
import { askAgain, policiesQuery } from '../../api/queries';
import { serverQuery } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { keepToken } from './token';

interface Props {
  servers: string[];
  policies: string[]; // "SERVER POLICY"
  mode: 'enforce' | 'observe';
  done: (grant: string) => void;
}

export function Mint({ servers: ids, policies, mode, done }: Props) {
  const [label, setLabel] = useState(words.start.labelExample);
  const chosen = new Map(policies.map((pair) => pair.split(' ') as [string, string]));
  const servers = useQueries({ queries: ids.map((id) => serverQuery(id)) });
  const known = useQuery(policiesQuery).data?.items ?? [];
  const names = servers.flatMap(({ data }) => (data === undefined ? [] : [data.name]));
  const under = [...new Set(ids.map((id) => known.find((policy) => policy.id === chosen.get(id))?.name ?? words.start.noPolicy))];
  const mint = useMutation({
    mutationFn: () => {
      const reach = ids.map((server) => {
        const policy = chosen.get(server);
        return policy === undefined ? { server } : { server, policy, policy_version: 'latest' };
      });
      return got(api.POST('/grants', { body: { label: label.trim(), mode, servers: reach } }));
    },
    onSuccess: (grant) => {
      keepToken(grant.id, grant.token ?? '');
      void askAgain(['grants']);
      done(grant.id);
    },
  });
  const fault =
    mint.error instanceof Problem ? (mint.error.fault('label') ?? (mint.error.status === 409 ? mint.error.message : undefined)) : undefined;
  return (
    <Paper p="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (label.trim() !== '') mint.mutate();
        }}
      >
        <Stack>
          <TextInput
            label={words.start.label}
            description={words.start.labelHint}
            value={label}
            maxLength={100}
            autoFocus
            error={fault}
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed">
            <Name text={words.start.grantSays(names.join(', '), under.join(', '))} most={1000} />
          </Text>
          {mint.error !== null && fault === undefined && <Trouble error={mint.error} />}
          <Group>
            <Button type="submit" loading={mint.isPending} disabled={label.trim() === ''}>
              {words.start.mint}
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
