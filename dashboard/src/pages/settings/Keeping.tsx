// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What an admin wants to know of the records that the gateway keeps: that they are whole, how long they are
// kept, and how secrets are sealed.
import { Paper, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { keepingQuery, type Kept } from '../../api/keeping';
import { Copied } from '../../parts/Copied';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatBytes, formatNumber, formatSeconds, words } from '../../words/words';
import { Proofs } from './Proofs';
import { Retention } from './Retention';
import { SealingKeys } from './SealingKeys';

const { kept, proof } = words.settings.keeping;

function timeOf(seconds: number | null, bytes: number | null): string {
  const most = bytes === null ? undefined : kept.most(formatBytes(bytes));
  if (seconds === null) return most ?? kept.forever;
  return most === undefined ? formatSeconds(seconds) : kept.and(formatSeconds(seconds), most);
}

interface RowProps {
  name: string;
  time: string;
  there?: string;
  oldest: string | null;
}

function Row({ name, time, there, oldest }: RowProps) {
  return (
    <Table.Tr>
      <Table.Th scope="row">{name}</Table.Th>
      <Table.Td>{time}</Table.Td>
      <Table.Td>
        {there !== undefined && <div>{there}</div>}
        {oldest !== null && (
          <div>
            {kept.since} <When at={oldest} />
          </div>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Times({ known: { decision_log: log, admin_audit: audit } }: { known: Kept }) {
  const { columns } = kept;
  return (
    <>
      <Table aria-label={kept.title} layout="auto">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{columns.log}</Table.Th>
            <Table.Th>{columns.keep}</Table.Th>
            <Table.Th>{columns.there}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {log !== null && (
            <Row
              name={proof.log}
              time={timeOf(log.keep_seconds, log.keep_bytes)}
              there={kept.there(proof.files(log.files, formatNumber(log.files)), formatBytes(log.bytes))}
              oldest={log.oldest_at}
            />
          )}
          <Row name={proof.audit} time={timeOf(audit.keep_seconds, null)} oldest={audit.oldest_at} />
        </Table.Tbody>
      </Table>
      {log === null && <Text size="sm">{kept.noLog}</Text>}
    </>
  );
}

/** What is known of it, and how it is changed at the gateway's machine. */
function ByCommand({ says, children }: { says: typeof kept; children: (known: Kept) => ReactNode }) {
  const query = useQuery(keepingQuery);
  return (
    <Paper p="md">
      <Stack gap="sm">
        <Title order={2}>{says.title}</Title>
        {query.isPending && <Loading rows={2} />}
        {query.data !== undefined && children(query.data)}
        {query.isError && query.data === undefined && <Trouble error={query.error} retry={() => void query.refetch()} />}
        <Text size="sm">{says.more}</Text>
        <Copied text={says.commandText} label={says.command} />
      </Stack>
    </Paper>
  );
}

export function Keeping() {
  return (
    <Stack maw={860}>
      <Proofs />
      <ByCommand says={kept}>
        {(known) => (
          <>
            <Times known={known} />
            <Retention known={known} />
          </>
        )}
      </ByCommand>
      <SealingKeys />
    </Stack>
  );
}
