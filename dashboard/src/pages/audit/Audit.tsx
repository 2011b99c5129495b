// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who changed what. The rows are linked by hashes and signed; what they say cannot be changed here.
import { Anchor, Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { auditQuery, type AuditRow } from '../../api/administer';
import { Listing } from '../../parts/Listing';
import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { visible } from '../../parts/unseen';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Change } from './Change';
import { Deed } from './Deed';
import { useNames } from './names';
import { calledOf, pageOf } from './row';

const { audit: says } = words;
const TYPING_MS = 300;

/** By its name where it is known; the id is on hover and in what opens. */
function What({ row, names }: { row: AuditRow; names: Map<string, string> }) {
  const name = calledOf(row, names);
  const page = pageOf(row, names);
  if (row.note !== undefined) return null;
  if (name === '')
    return (
      <Text size="sm" c="dimmed" truncate ff="monospace" title={visible(row.object)}>
        <Name text={row.object} />
      </Text>
    );
  return (
    <Text size="sm" truncate title={visible(row.object)} component="div">
      {page === undefined ? (
        <Name text={name} />
      ) : (
        <Anchor component={Link} to={page as never} inherit>
          <Name text={name} />
        </Anchor>
      )}
    </Text>
  );
}

function Row({ row, names, open }: { row: AuditRow; names: Map<string, string>; open: () => void }) {
  return (
    <Table.Tr>
      <Table.Td>
        <When at={row.time} clock />
      </Table.Td>
      <Table.Td>
        <Name text={row.actor.label || says.kinds[row.actor.kind]} />
      </Table.Td>
      <Table.Td>
        <Anchor component="button" type="button" size="sm" ta="left" onClick={open}>
          <Deed row={row} />
        </Anchor>
      </Table.Td>
      <Table.Td maw={260}>
        <What row={row} names={names} />
      </Table.Td>
      <Table.Td>{row.address}</Table.Td>
    </Table.Tr>
  );
}

function Rows({ object }: { object: string | undefined }) {
  const query = useInfiniteQuery(auditQuery(object));
  const [open, setOpen] = useState<AuditRow>();
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const names = useNames();
  const { columns } = says;
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (rows.length === 0) return <Nothing title={says.none} more={says.noneMore} />;
  return (
    <>
      <Listing label={says.title} heads={[columns.time, columns.actor, columns.action, columns.object, columns.address]} minWidth={720}>
        {rows.map((row) => (
          <Row key={row.seq} row={row} names={names} open={() => setOpen(row)} />
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
