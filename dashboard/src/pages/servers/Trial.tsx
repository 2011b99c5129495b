// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What trying a server found: where it got stuck, and what to do.
import { Alert, Button, Code, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconPlugConnected } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { trialQuery, type Server, type Trial as Found } from '../../api/servers';
import { useMay } from '../../api/session';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { formatMicroseconds, formatNumber, words } from '../../words/words';

const { test, facts } = words.servers;

function goodOf(trial: Found): string {
  const era = facts.eras[trial.era ?? 'unknown'];
  if (trial.tools === null) return test.goodNone(era);
  return test.good(era, trial.tools.count, formatNumber(trial.tools.count)) + (trial.tools.more ? ` ${test.more}` : '');
}

function Problem({ trial }: { trial: Found }) {
  const { problem } = trial;
  if (problem === null) return null;
  const title = problem.kind === 'unauthorized' ? test.unauthorized : test.bad;
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle aria-hidden="true" />} title={title}>
      <Stack gap="xs">
        {problem.detail !== null && (
          <Text size="sm">
            <Name text={problem.detail} most={1000} />
          </Text>
        )}
        {problem.advice !== null && <Text size="sm">{problem.advice}</Text>}
        {problem.challenge !== null && (
          <Code>
            <Name text={problem.challenge} most={400} />
          </Code>
        )}
      </Stack>
    </Alert>
  );
}

function Legs({ trial }: { trial: Found }) {
  if (trial.legs.length === 0) return null;
  return (
    <Table aria-label={test.title} withRowBorders={false} highlightOnHover={false} w="auto">
      <Table.Tbody>
        {trial.legs.map((leg) => (
          <Table.Tr key={leg.name}>
            <Table.Th scope="row" fw={400}>
              {test.legs[leg.name] ?? leg.name}
            </Table.Th>
            <Table.Td ta="right">{formatMicroseconds(leg.milliseconds * 1000)}</Table.Td>
            <Table.Td>
              <Text size="sm" c="dimmed">
                <Name text={leg.detail} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Brief: how long each part of the way took is left out where all is well. */
export function TrialResult({ trial, brief = false }: { trial: Found; brief?: boolean }) {
  return (
    <Stack gap="sm" aria-live="polite">
      {trial.good && (
        <Group gap="xs" wrap="nowrap" c="var(--good)">
          <IconCircleCheck size={18} aria-hidden="true" style={{ flexShrink: 0 }} />
          <Text fw={600}>{goodOf(trial)}</Text>
        </Group>
      )}
      <Problem trial={trial} />
      {trial.server_name !== null && (
        <Text size="sm" c="dimmed">
          {facts.name}: <Name text={`${trial.server_name} ${trial.server_version ?? ''}`} />, {facts.protocol} {trial.protocol_version}
        </Text>
      )}
      {trial.tls !== null && trial.tls.subject !== null && (
        <Text size="sm" c="dimmed">
          <Name text={test.certificate(trial.tls.subject, trial.tls.expires_at ?? '')} most={400} />
        </Text>
      )}
      {!(brief && trial.good) && <Legs trial={trial} />}
      {trial.errors.length > 0 && (
        <div>
          <Text size="sm" fw={600}>
            {test.errors}
          </Text>
          <Code block tabIndex={0} role="region" aria-label={test.errors}>
            {trial.errors.map((line, index) => (
              <div key={index}>
                <Name text={line} most={400} />
              </div>
            ))}
          </Code>
        </div>
      )}
    </Stack>
  );
}

/** May the reader try this server? Programs are started by admins only. */
export function useMayTry(server: { transport: string; disabled: boolean }): boolean {
  const isManager = useMay('policy_manager');
  const isAdmin = useMay('admin');
  return !server.disabled && (server.transport === 'stdio' ? isAdmin : isManager);
}

export function Trial({ server }: { server: Server }) {
  const query = useQuery(trialQuery(server.id));
  const may = useMayTry(server);
  if (server.disabled) return null;
  return (
    <Paper p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2}>{test.title}</Title>
        {may && (
          <Button
            variant="default"
            loading={query.isFetching}
            leftSection={<IconPlugConnected size={16} aria-hidden="true" />}
            onClick={() => void query.refetch()}
          >
            {test.button}
          </Button>
        )}
      </Group>
      {!may && <Text c="dimmed">{test.forbidden}</Text>}
      {may && query.data === undefined && !query.isFetching && query.error === null && <Text c="dimmed">{test.never}</Text>}
      {query.isFetching && query.data === undefined && <Loading rows={3} />}
      {query.error !== null && !query.isFetching && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && <TrialResult trial={query.data} />}
    </Paper>
  );
}
