// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Anchor, Badge, Button, Menu, Table, Text } from '@mantine/core';
import { IconDownload, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { api, got, ROOT } from '../../api/client';
import { filled, type DecisionFilter } from '../../api/queries';
import { Listing } from '../../parts/Listing';
import { Outcome } from '../../parts/Outcome';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatMicroseconds, formatNumber, serverName, words } from '../../words/words';
import { Filters } from './Filters';
import { useLive, type Decision } from './live';
import { askedOf, followedOf, type DecisionSearch } from './search';

const PAGE = 100;

function useRecorded(filter: DecisionFilter) {
  return useInfiniteQuery({
    queryKey: ['decisions', 'list', filter],
    queryFn: ({ pageParam }) =>
      got(api.GET('/decisions', { params: { query: { limit: PAGE, after: pageParam, ...filled(filter) } as never } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

function Row({ row }: { row: Decision }) {
  return (
    <Table.Tr>
      <Table.Td>
        <When at={row.time} clock />
      </Table.Td>
      <Table.Td>
        <Outcome outcome={row.outcome} />
      </Table.Td>
      <Table.Td maw={280}>
        <Anchor size="sm" ff="monospace" component={Link} to={`/decisions/${row.seq}` as never} search={true as never}>
          <Name text={row.subject ?? row.method ?? ''} />
        </Anchor>
      </Table.Td>
      <Table.Td>{row.server !== null && <Name text={serverName(row.server)} />}</Table.Td>
      <Table.Td>{row.grant !== null && <Name text={row.grant} />}</Table.Td>
      <Table.Td maw={260}>
        <Text truncate size="sm" c="dimmed">
          {row.rule !== undefined && <Name text={row.rule} />}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{formatMicroseconds(Number((row as Record<string, unknown>).total_us ?? 0))}</Table.Td>
    </Table.Tr>
  );
}

/** All rows that fit the filters, as the gateway writes them. */
function Export({ filter }: { filter: DecisionFilter }) {
  const address = (format: string) => `${ROOT}/decisions/export?${new URLSearchParams({ ...filled(filter), format } as never).toString()}`;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" size="xs" leftSection={<IconDownload size={14} aria-hidden="true" />}>
          {words.decisions.download.label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['jsonl', 'csv'] as const).map((format) => (
          <Menu.Item key={format} component="a" href={address(format)} download={`decisions.${format}`}>
            {words.decisions.download[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function Decisions() {
  const search = useSearch({ from: '/decisions' });
  const filter = useMemo(() => askedOf(search, new Date()), [search]);
  const isPast = filter.to !== undefined; // nothing new belongs to it
  const navigate = useNavigate({ from: '/decisions' });
  const [isLive, setLive] = useState(true);
  const recorded = useRecorded(filter);
  const live = useLive(followedOf(filter), isLive && !isPast);
  const change = (by: DecisionSearch) => void navigate({ search: (old) => filled({ ...old, ...by }), replace: true });
  const rows = useMemo(() => {
    const old = recorded.data?.pages.flatMap((page) => page.items) ?? [];
    const known = new Set(live.rows.map((row) => row.seq));
    return [...live.rows, ...old.filter((row) => !known.has(row.seq))];
  }, [live.rows, recorded.data]);
  const { columns } = words.decisions;
  const heads = [columns.time, columns.outcome, columns.what, columns.server, columns.grant, columns.rule, columns.took];
  return (
    <>
      <PageHead title={words.decisions.title}>
        <Badge variant="light" color={isLive && !isPast && live.state === 'open' ? 'accent' : 'gray'}>
          {isPast
            ? words.decisions.past
            : !isLive
              ? words.decisions.paused
              : live.state === 'broken'
                ? words.inbox.broken
                : words.decisions.live}
        </Badge>
        <Export filter={filter} />
        <Button
          variant="default"
          size="xs"
          disabled={isPast}
          onClick={() => setLive(!isLive)}
          leftSection={isLive ? <IconPlayerPause size={14} /> : <IconPlayerPlay size={14} />}
        >
          {isLive ? words.decisions.pause : words.decisions.follow}
        </Button>
      </PageHead>
      <Filters filter={search} change={change} />
      {live.missed > 0 && (
        <Alert color="yellow" variant="light" mb="sm">
          {words.decisions.missed(formatNumber(live.missed))}
        </Alert>
      )}
      {recorded.isPending && <Loading rows={12} />}
      {recorded.error !== null && <Trouble error={recorded.error} retry={() => void recorded.refetch()} />}
      {recorded.data !== undefined && rows.length === 0 && (
        <Nothing title={words.decisions.none} more={words.decisions.noneMore}>
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            {words.decisions.clear}
          </Button>
        </Nothing>
      )}
      {rows.length > 0 && (
        <Listing label={words.decisions.title} heads={heads} minWidth={860}>
          {rows.map((row) => (
            <Row key={row.seq} row={row} />
          ))}
        </Listing>
      )}
      {recorded.hasNextPage && (
        <Button mt="sm" variant="default" loading={recorded.isFetchingNextPage} onClick={() => void recorded.fetchNextPage()}>
          {words.decisions.more}
        </Button>
      )}
      <Outlet />
    </>
  );
}
