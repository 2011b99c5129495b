// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The tools of the new servers, and what agents may do with them.
import { Button, Group, Paper, Radio, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueries } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Problem } from '../../api/problem';
import { askAgain } from '../../api/queries';
import { serverQuery, starterQuery } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Asked } from './Asked';

export type Choice = 'starter' | 'watch' | 'nothing';
const CHOICES: Choice[] = ['starter', 'watch', 'nothing'];
const NAMES_MOST = 20;

interface Starter {
  id: string; // the server's
  name: string;
  document: string;
}

// "files-starter", or the next name that is free.
async function keepPolicy({ name, document }: Starter): Promise<string> {
  for (let n = 1; ; n++) {
    const end = n === 1 ? '-starter' : `-starter-${n}`;
    try {
      const body = { name: name.slice(0, 64 - end.length) + end, note: words.start.choices.starter, document };
      return (await got(api.POST('/policies', { body }))).id;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 409 || n === NAMES_MOST) throw error;
    }
  }
}

async function keepPolicies(starters: Starter[]): Promise<string[]> {
  const kept: string[] = [];
  for (const starter of starters) kept.push(`${starter.id} ${await keepPolicy(starter)}`);
  await askAgain(['policies']);
  return kept;
}

function descriptionOf(document: string): string {
  const { description } = JSON.parse(document) as { description?: unknown };
  return typeof description === 'string' ? description : '';
}

function Says({ starters, choice }: { starters: Starter[]; choice: Choice }) {
  if (choice === 'nothing') return null;
  return (
    <Stack gap={4} aria-live="polite">
      {starters.map((starter) => (
        <Text key={starter.id} size="sm" c="dimmed">
          <Name text={descriptionOf(starter.document)} most={1000} />
        </Text>
      ))}
    </Stack>
  );
}

interface Props {
  servers: string[];
  done: (policies: string[], mode: 'observe' | undefined) => void;
}

export function Pick({ servers: ids, done }: Props) {
  const servers = useQueries({ queries: ids.map((id) => serverQuery(id)) });
  const starters = useQueries({ queries: servers.map(({ data }) => starterQuery(data?.name ?? '')) });
  const known: Starter[] = servers.flatMap(({ data }, index) => {
    const starter = starters[index]?.data;
    return data === undefined || starter == null || starter.shared ? [] : [{ id: data.id, name: data.name, document: starter.document }];
  });
  const [given, setChoice] = useState<Choice>();
  const choice = given ?? (known.length > 0 ? 'starter' : 'nothing');
  const keep = useMutation({
    mutationFn: () => (choice === 'nothing' ? Promise.resolve([]) : keepPolicies(known)),
    onSuccess: (policies) => done(policies, choice === 'watch' ? 'observe' : undefined),
  });
  const broken = servers.find((server) => server.data === undefined && server.error !== null);
  if (broken !== undefined) return <Trouble error={broken.error} retry={() => void broken.refetch()} />;
  if (servers.some((server) => server.data === undefined)) return <Loading />;
  return (
    <Stack>
      {servers.map(({ data }) => data !== undefined && <Asked key={data.id} server={data} />)}
      <Paper p="md">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            keep.mutate();
          }}
        >
          <Stack>
            <Radio.Group
              value={choice}
              onChange={(value) => setChoice(value as Choice)}
              label={<Title order={2}>{words.start.policy}</Title>}
            >
              <Stack gap="sm" mt="xs">
                {CHOICES.map((each) => (
                  <Radio
                    key={each}
                    value={each}
                    label={words.start.choices[each]}
                    description={words.start.choices[`${each}More`]}
                    disabled={each !== 'nothing' && known.length === 0}
                  />
                ))}
              </Stack>
            </Radio.Group>
            <Says starters={known} choice={choice} />
            {keep.error !== null && <Trouble error={keep.error} />}
            <Group>
              <Button type="submit" loading={keep.isPending}>
                {words.start.usePolicy}
              </Button>
            </Group>
          </Stack>
        </form>
      </Paper>
    </Stack>
  );
}
