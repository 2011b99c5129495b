// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Code, Drawer, Stack, Table, Text } from '@mantine/core';

import type { AuditRow } from '../../api/administer';
import { Listing } from '../../parts/Listing';
import { Name, Plain } from '../../parts/Plain';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Deed } from './Deed';
import { differencesOf, type Difference } from './differences';
import { useNames } from './names';
import { calledOf } from './row';

const { change: says } = words.audit;
const VALUE_MOST = 4000;

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" c="dimmed" fw={400} w={140}>
        {name}
      </Table.Th>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}

function Side({ text }: { text: string | undefined }) {
  if (text === undefined) return <Text c="dimmed">{says.nothing}</Text>;
  return (
    <Text size="sm" ff="monospace">
      <Plain text={text} most={VALUE_MOST} />
    </Text>
  );
}

function Row({ difference }: { difference: Difference }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600} ff="monospace">
        {difference.name}
      </Table.Th>
      <Table.Td>
        <Side text={difference.before} />
      </Table.Td>
      <Table.Td>
        <Side text={difference.after} />
      </Table.Td>
    </Table.Tr>
  );
}

export function Change({ row, close }: { row: AuditRow | undefined; close: () => void }) {
  const names = useNames();
  const differences = row === undefined ? [] : differencesOf(row.before, row.after);
  return (
    <Drawer
      opened={row !== undefined}
      onClose={close}
      position="right"
      size="lg"
      title={row === undefined ? '' : says.title(String(row.seq))}
    >
      {row !== undefined && (
        <Stack>
          <Table aria-label={says.facts}>
            <Table.Tbody>
              <Fact name={says.action}>
                <Deed row={row} name={calledOf(row, names)} />
              </Fact>
              <Fact name={says.code}>
                <Code>
                  <Name text={row.action} />
                </Code>
              </Fact>
              <Fact name={says.when}>
                <When at={row.time} clock />
              </Fact>
              <Fact name={says.actor}>
                <Name text={row.actor.label || words.audit.kinds[row.actor.kind]} />
              </Fact>
              <Fact name={says.object}>
                <Name text={row.object} />
              </Fact>
              {row.address !== '' && <Fact name={says.address}>{row.address}</Fact>}
              {row.link !== undefined && (
                <Fact name={says.link}>
                  <Text size="xs" ff="monospace">
                    <Name text={row.link} />
                  </Text>
                </Fact>
              )}
            </Table.Tbody>
          </Table>
          {differences.length > 0 ? (
            <Listing label={says.differences} heads={[says.member, says.before, says.after]} minWidth={480}>
              {differences.map((difference) => (
                <Row key={difference.name} difference={difference} />
              ))}
            </Listing>
          ) : (
            <Text c="dimmed">{says.none}</Text>
          )}
        </Stack>
      )}
    </Drawer>
  );
}
