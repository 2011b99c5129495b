// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What was proven of one log: its rows, or where the first damage is, and who signed.
import { Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';

import type { LogVerdict } from '../../api/keeping';
import { Name } from '../../parts/Plain';
import { When } from '../../parts/When';
import { formatBytes, formatNumber, words } from '../../words/words';

const { proof: says } = words.settings.keeping;

const rowsOf = (log: LogVerdict, text: (first: string, last: string) => string): string =>
  log.last === 0 ? says.empty : text(formatNumber(log.first), formatNumber(log.last));

const placeOf = (log: LogVerdict): string | undefined => {
  if (log.row !== undefined) return says.atRow(formatNumber(log.row));
  if (log.file === undefined) return undefined;
  return log.line === undefined || log.line === 0 ? log.file : says.atLine(log.file, formatNumber(log.line));
};

function Damage({ log }: { log: LogVerdict }) {
  return (
    <>
      <Text size="sm" fw={600} c="var(--critical)">
        <Name text={placeOf(log) ?? ''} />: <Name text={log.text ?? ''} most={400} />
      </Text>
      {log.last > 0 && <Text size="sm">{rowsOf(log, says.before)}</Text>}
    </>
  );
}

/** What is no damage, and worth to be known. */
function remarksOf(log: LogVerdict): string[] {
  const unsigned = log.last - log.signed_to;
  const remarks: [boolean, string][] = [
    [log.good && unsigned > 0 && log.signatures > 0, says.waiting(formatNumber(unsigned))],
    [log.deleted_to > 0, says.gone(formatNumber(log.deleted_to))],
    [log.torn > 0, says.torn(formatNumber(log.torn))],
    [log.lost > 0, says.lost(formatNumber(log.lost))],
    [log.unlinked_bytes > 0, says.unlinked(formatBytes(log.unlinked_bytes))],
  ];
  return remarks.filter(([isSo]) => isSo).map(([, text]) => text);
}

function Signed({ title, log }: { title: string; log: LogVerdict }) {
  return (
    <Table aria-label={title} withRowBorders={false} highlightOnHover={false} layout="auto" w="auto">
      <Table.Tbody>
        <Table.Tr>
          <Table.Th scope="row" fw={400}>
            {says.signed}
          </Table.Th>
          <Table.Td>
            {log.signatures === 0 ? (
              says.none
            ) : (
              <>
                {formatNumber(log.signed_to)}, <When at={log.signed_at} />
              </>
            )}
          </Table.Td>
        </Table.Tr>
        {log.key !== '' && (
          <Table.Tr>
            <Table.Th scope="row" fw={400}>
              {says.key}
            </Table.Th>
            <Table.Td>
              <Code>{log.key}</Code>{' '}
              <Text span size="sm" c="dimmed">
                {says.keyMore}
              </Text>
            </Table.Td>
          </Table.Tr>
        )}
      </Table.Tbody>
    </Table>
  );
}

export function Verdict({ title, log }: { title: string; log: LogVerdict }) {
  const Icon = log.good ? IconCircleCheck : IconAlertTriangle;
  return (
    <Stack gap={4} component="section" aria-label={title}>
      <Group gap="xs">
        <Title order={3}>{title}</Title>
        <Group gap={4} c={log.good ? 'var(--good)' : 'var(--critical)'}>
          <Icon size={16} aria-hidden="true" />
          <Text size="sm" fw={600}>
            {log.good ? says.whole : says.damaged}
          </Text>
        </Group>
      </Group>
      {log.good ? <Text size="sm">{rowsOf(log, says.rows)}</Text> : <Damage log={log} />}
      {remarksOf(log).map((text) => (
        <Text key={text} size="sm" c="dimmed">
          {text}
        </Text>
      ))}
      <Signed title={title} log={log} />
    </Stack>
  );
}
