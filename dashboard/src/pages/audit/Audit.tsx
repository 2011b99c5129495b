// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who changed what. The rows are linked by hashes and signed; what they say cannot be changed here.
import { Button, Group, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { auditQuery, type AuditRow } from '../../api/administer';
import { Listing } from '../../parts/Listing';
import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Change } from './Change';

const { audit: says } = words;
const TYPING_MS = 300;

function Row({ row, open }: { row: AuditRow; open: () => void }) {
  return (
    <Table.Tr>
      <Table.Td>
        <When at={row.time} clock />
      </Table.Td>
      <Table.Td>
        <Name text={row.actor.label || says.kinds[row.actor.kind]} />
      </Table.Td>
      <Table.Td>
        <UnstyledButton onClick={open} td="underline" fz="sm" ff="monospace">
          {row.action}
        </UnstyledButton>
      </Table.Td>
      <Table.Td maw={260}>
        <Text size="sm" truncate ff="monospace">
          <Name text={row.object} />
        </Text>
      </Table.Td>
      <Table.Td>{row.address}</Table.Td>
    </Table.Tr>
  );
}

function Rows({ object }: { object: string | undefined }) {
  const query = useInfiniteQuery(auditQuery(object));
  const [open, setOpen] = useState<AuditRow>();
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const { columns } = says;
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (rows.length === 0) return <Nothing title={says.none} more={says.noneMore} />;
  return (
    <>
      <Listing label={says.title} heads={[columns.time, columns.actor, columns.action, columns.object, columns.address]} minWidth={720}>
        {rows.map((row) => (
          <Row key={row.seq} row={row} open={() => setOpen(row)} />
        ))}
      </Listing>
      {query.hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {says.more}
          </Button>
        </Group>
      )}
      <Change row={open} close={() => setOpen(undefined)} />
    </>
  );
}

export function Audit() {
  const { object } = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const [typed, setTyped] = useState(object ?? '');
  const search = useDebouncedCallback(
    (text: string) => void navigate({ search: text.trim() === '' ? {} : { object: text.trim() }, replace: true }),
    TYPING_MS,
  );
  return (
    <>
      <PageHead title={says.title} />
      <Only least="admin">
        <TextInput
          mb="md"
          maw={420}
          label={says.object}
          placeholder={says.objectHint}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            search(event.currentTarget.value);
          }}
        />
        <Rows object={object} />
      </Only>
    </>
  );
}
