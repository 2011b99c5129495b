// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The logs, proven by the gateway itself: begun here, watched, and what came of it.
import { Alert, Button, Group, Paper, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconShieldCheck } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';

import { proofsQuery, proveLogs, type LogProof } from '../../api/keeping';
import { Copied } from '../../parts/Copied';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatBytes, formatMicroseconds, formatNumber, words } from '../../words/words';
import { Verdict } from './Verdict';

const { proof: says } = words.settings.keeping;

function Running({ proof }: { proof: LogProof }) {
  const share = proof.bytes === 0 ? 0 : Math.min(100, (100 * proof.read) / proof.bytes);
  return (
    <Stack gap={4}>
      <Progress.Root size="md">
        <Progress.Section value={share} aria-label={says.progress} />
      </Progress.Root>
      <Text size="sm">{says.running(formatBytes(proof.read), formatBytes(proof.bytes))}</Text>
    </Stack>
  );
}

function Outcome({ proof }: { proof: LogProof }) {
  const isGood = proof.good === true;
  const title = proof.state === 'failed' ? says.failed : !isGood ? says.bad : proof.decision_log === null ? says.goodAlone : says.good;
  const Icon = isGood ? IconCircleCheck : IconAlertTriangle;
  return (
    <Alert
      color={isGood ? 'accent' : proof.state === 'failed' ? 'yellow' : 'red'}
      variant="light"
      role={isGood ? 'status' : 'alert'}
      icon={<Icon aria-hidden="true" />}
      title={title}
    >
      <Stack gap={4}>
        {proof.text !== null && <Text size="sm">{proof.text}</Text>}
        <Text size="sm">
          {says.asked} <Name text={proof.asked_by.label} />, <When at={proof.started_at} />
        </Text>
        {proof.ended_at !== null && proof.files > 0 && (
          <Text size="sm">
            {says.took(
              says.files(proof.files, formatNumber(proof.files)),
              formatBytes(proof.read),
              formatMicroseconds(1000 * (Date.parse(proof.ended_at) - Date.parse(proof.started_at))),
            )}
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

function Result({ proof }: { proof: LogProof }) {
  if (proof.state === 'running') return <Running proof={proof} />;
  return (
    <>
      <Outcome proof={proof} />
      {proof.state === 'done' && proof.decision_log === null && <Text size="sm">{says.noLog}</Text>}
      {proof.decision_log !== null && <Verdict title={says.log} log={proof.decision_log} />}
      {proof.admin_audit !== null && <Verdict title={says.audit} log={proof.admin_audit} />}
      {proof.unsigned_minutes > 0 && <Text size="sm">{says.overdue(formatNumber(proof.unsigned_minutes))}</Text>}
    </>
  );
}

const resultOf = (proof: LogProof): string =>
  proof.state === 'failed' ? says.results.failed : proof.good === true ? says.results.good : says.results.bad;

function Earlier({ proofs }: { proofs: LogProof[] }) {
  if (proofs.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={3}>{says.earlier}</Title>
      <Table aria-label={says.earlier} layout="auto">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{says.columns.when}</Table.Th>
            <Table.Th>{says.columns.who}</Table.Th>
            <Table.Th>{says.columns.result}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {proofs.map((proof) => (
            <Table.Tr key={proof.number}>
              <Table.Td>
                <When at={proof.started_at} />
              </Table.Td>
              <Table.Td>
                <Name text={proof.asked_by.label} />
              </Table.Td>
              <Table.Td>{resultOf(proof)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function Known() {
  const query = useQuery(proofsQuery);
  const start = useMutation({ mutationFn: proveLogs });
  if (query.isPending) return <Loading rows={3} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const [newest, ...earlier] = query.data.items;
  const isRunning = newest?.state === 'running';
  return (
    <>
      <Group>
        <Button
          leftSection={<IconShieldCheck size={16} aria-hidden="true" />}
          loading={start.isPending || isRunning}
          onClick={() => start.mutate()}
        >
          {says.start}
        </Button>
      </Group>
      {start.error !== null && <Trouble error={start.error} />}
      <Stack gap="sm" aria-live="polite">
        {newest !== undefined && <Result key={newest.number} proof={newest} />}
      </Stack>
      <Earlier proofs={earlier} />
    </>
  );
}

export function Proofs() {
  return (
    <Paper p="md">
      <Stack gap="sm">
        <Title order={2}>{says.title}</Title>
        <Text size="sm">{says.more}</Text>
        <Known />
        <Text size="sm">{says.outside}</Text>
        <Copied text={says.commandText} label={says.command} />
      </Stack>
    </Paper>
  );
}
