// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The servers that a grant reaches, each under a policy.
import { ActionIcon, Alert, Fieldset, Group, Select, Stack, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import type { Reach } from '../../api/grants';
import { policiesQuery, serversQuery } from '../../api/queries';
import { words } from '../../words/words';

const LATEST = 'latest';

interface Props {
  value: Reach[];
  change: (next: Reach[]) => void;
}

function versionsOf(latest: number): { value: string; label: string }[] {
  const numbers = Array.from({ length: latest }, (_, index) => String(latest - index));
  return [{ value: LATEST, label: words.grants.form.latest }, ...numbers.map((value) => ({ value, label: words.rule.version(value) }))];
}

export function Reaches({ value, change }: Props) {
  const servers = useQuery(serversQuery).data?.items ?? [];
  const policies = useQuery(policiesQuery).data?.items ?? [];
  const taken = new Set(value.map((reach) => reach.server));
  const free = servers.filter((server) => !taken.has(server.id));
  const set = (index: number, by: Partial<Reach>) => change(value.map((reach, at) => (at === index ? { ...reach, ...by } : reach)));
  return (
    <Fieldset legend={words.grants.form.servers} p="sm">
      <Stack gap="sm">
        {value.map((reach, index) => {
          const policy = policies.find((one) => one.id === reach.policy);
          const server = servers.find((one) => one.id === reach.server);
          return (
            <Group key={reach.server} align="end" gap="xs">
              <Text w={160} truncate fw={600} size="sm" pb={8}>
                <bdi>{server?.name ?? reach.server}</bdi>
              </Text>
              <Select
                label={words.grants.form.policy}
                placeholder={words.grants.form.noPolicy}
                data={policies.map((one) => ({ value: one.id, label: one.name }))}
                value={reach.policy ?? null}
                searchable
                clearable
                w={220}
                onChange={(id) => set(index, { policy: id, policy_version: id === null ? null : LATEST })}
              />
              <Select
                label={words.grants.form.version}
                data={versionsOf(policy?.latest ?? 0)}
                value={reach.policy_version == null ? null : String(reach.policy_version)}
                disabled={policy === undefined}
                allowDeselect={false}
                w={130}
                onChange={(version) => set(index, { policy_version: version === LATEST || version === null ? LATEST : Number(version) })}
              />
              <ActionIcon
                variant="default"
                size="lg"
                aria-label={words.grants.form.drop(server?.name ?? reach.server)}
                onClick={() => change(value.filter((_, at) => at !== index))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          );
        })}
        {value.some((reach) => reach.policy == null) && (
          <Alert color="yellow" variant="light" py="xs">
            {words.grants.form.noPolicyMore}
          </Alert>
        )}
        <Select
          aria-label={words.grants.form.add}
          placeholder={servers.length === 0 ? words.servers.none : words.grants.form.add}
          leftSection={<IconPlus size={14} />}
          data={free.map((server) => ({ value: server.id, label: server.name }))}
          value={null}
          disabled={free.length === 0}
          searchable
          maw={300}
          onChange={(id) => id !== null && change([...value, { server: id, policy: null, policy_version: null }])}
        />
      </Stack>
    </Fieldset>
  );
}
