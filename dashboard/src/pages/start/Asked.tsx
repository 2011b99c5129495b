// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One new server: it is asked for its tools by itself; where it does not answer, what to do.
import { Anchor, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { knownServerQuery, trialQuery, type KnownTool, type Server } from '../../api/servers';
import type { Category } from '../../parts/Grade';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { CredentialForm } from '../servers/Credentials';
import { Connect } from '../servers/Oauth';
import { ToolTable } from '../servers/ToolTable';
import { TrialResult } from '../servers/Trial';

function Listed({ tools }: { tools: KnownTool[] }) {
  const [filter, setFilter] = useState<{ text?: string | undefined; category?: Category | undefined }>({});
  return (
    <ToolTable
      tools={tools}
      text={filter.text ?? ''}
      category={filter.category}
      change={(change) => setFilter((before) => ({ ...before, ...change }))}
    />
  );
}

function Locked({ server, again }: { server: Server; again: () => void }) {
  return (
    <Stack>
      <CredentialForm server={server} done={again} />
      {server.transport !== 'stdio' && <Connect server={server} isFirst />}
    </Stack>
  );
}

export function Asked({ server }: { server: Server }) {
  const known = useQuery(knownServerQuery(server.name));
  const trial = useQuery(trialQuery(server.id));
  const { refetch, isFetching } = trial;
  const isUntried = trial.data === undefined && trial.error === null && !isFetching;
  useEffect(() => {
    if (isUntried) void refetch();
  }, [isUntried, refetch]);
  const tools = known.data?.tools ?? [];
  const isBad = trial.data?.good === false;
  return (
    <Paper p="md">
      <Stack>
        <Title order={2}>
          <Name text={server.name} />
        </Title>
        {isFetching && (
          <div role="status">
            <Text c="dimmed">{words.start.asking}</Text>
            {tools.length === 0 && <Loading rows={3} />}
          </div>
        )}
        {trial.data !== undefined && !isFetching && <TrialResult trial={trial.data} brief />}
        {trial.error !== null && !isFetching && <Trouble error={trial.error} retry={() => void refetch()} />}
        {isBad && !isFetching && (
          <Stack gap="sm">
            {trial.data?.problem?.kind === 'unauthorized' && <Locked server={server} again={() => void refetch()} />}
            {tools.length === 0 && <Text size="sm">{words.start.unreached}</Text>}
            <Group>
              <Button variant="default" onClick={() => void refetch()}>
                {words.start.askAgain}
              </Button>
              <Anchor
                component={Link}
                to="/servers/$id"
                params={{ id: server.id } as never}
                search={{ tab: 'settings' } as never}
                size="sm"
              >
                {words.start.settings}
              </Anchor>
            </Group>
          </Stack>
        )}
        {tools.length > 0 && <Listed tools={tools} />}
      </Stack>
    </Paper>
  );
}
