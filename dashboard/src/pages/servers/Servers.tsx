// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Badge, Button, Code, Group, Modal, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';

import { serversQuery, summaryQuery } from '../../api/queries';
import { declaredQuery, definitionsQuery, knownServersQuery, type KnownServer } from '../../api/servers';
import { useMay } from '../../api/session';
import { Find } from '../../parts/Find';
import { SeverityCounts } from '../../parts/Grade';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { PartByPart } from '../../parts/PartByPart';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { formatNumber, words } from '../../words/words';
import { Paste } from './Paste';
import { Seen } from './Seen';
import { State, stateOf } from './State';
import { countsByServer, placesOf, type Place } from './places';

const DAY = 86_400;

function Tools({ known, waiting }: { known: KnownServer | undefined; waiting: number }) {
  if (known === undefined) return <Text c="dimmed">{words.servers.toolsUnknown}</Text>;
  return (
    <Group gap="xs" wrap="nowrap">
      <span>{words.count.tools(known.tools, formatNumber(known.tools))}</span>
      <SeverityCounts categories={known.categories} />
      {waiting > 0 && <Badge>{words.servers.waiting(waiting, formatNumber(waiting))}</Badge>}
    </Group>
  );
}

interface RowProps {
  place: Place;
  known: KnownServer | undefined;
  waiting: number;
  calls: number;
  failed: number;
}

function Row({ place, known, waiting, calls, failed }: RowProps) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Text component={Link} to="/servers/$id" params={{ id: place.id } as never} inherit c="var(--mantine-color-anchor)">
          <Name text={place.name} />
        </Text>
      </Table.Th>
      <Table.Td>
        <State state={stateOf(place.disabled, calls, failed, place.seen)} />
        <Seen seen={place.seen} />
      </Table.Td>
      <Table.Td maw={360}>
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" c="dimmed">
            {place.transport}
          </Text>
          <Text truncate size="sm" title={place.where}>
            <Code>{place.where}</Code>
          </Text>
          {place.declared !== undefined && <Badge>{words.servers.declared}</Badge>}
        </Group>
      </Table.Td>
      <Table.Td>
        <Tools known={known} waiting={waiting} />
      </Table.Td>
      <Table.Td>
        {calls === 0 ? <Text c="dimmed">{words.servers.noCalls}</Text> : words.servers.calls(formatNumber(calls), formatNumber(failed))}
      </Table.Td>
    </Table.Tr>
  );
}

function Rows({ places }: { places: readonly Place[] }) {
  const known = useQuery(knownServersQuery).data;
  const calls = countsByServer(useQuery(summaryQuery('server', DAY, DAY)).data?.items);
  const failed = countsByServer(useQuery(summaryQuery('server', DAY, DAY, { outcome: 'failed' })).data?.items);
  const pinned = places.filter((place) => place.isPinned);
  const waiting = useQueries({ queries: pinned.map((place) => definitionsQuery(place.id, 'waiting')) });
  const waits = new Map(pinned.map((place, index) => [place.id, waiting[index]?.data?.items.length ?? 0]));
  const { columns } = words.servers;
  return (
    <Listing label={words.servers.title} heads={[columns.name, columns.state, columns.where, columns.tools, columns.calls]} minWidth={860}>
      {places.map((place) => (
        <Row
          key={place.id}
          place={place}
          known={known?.get(place.name)}
          waiting={waits.get(place.id) ?? 0}
          calls={calls.get(place.name) ?? 0}
          failed={failed.get(place.name) ?? 0}
        />
      ))}
    </Listing>
  );
}

function matches(place: Place, text: string): boolean {
  const wanted = text.toLowerCase();
  return place.name.toLowerCase().includes(wanted) || place.where.toLowerCase().includes(wanted);
}

function Found({ places, isCut }: { places: Place[]; isCut: boolean }) {
  const { text = '' } = useSearch({ from: '/servers' });
  const navigate = useNavigate({ from: '/servers' });
  const shown = places.filter((place) => matches(place, text));
  return (
    <Stack gap="sm">
      {places.length > 5 && (
        <Find label={words.servers.find} text={text} change={(next) => void navigate({ search: { text: next }, replace: true })} />
      )}
      {shown.length === 0 && <Nothing title={words.servers.noneFound} />}
      {shown.length > 0 && (
        <PartByPart key={text} items={shown} isCut={isCut}>
          {(part) => <Rows places={part} />}
        </PartByPart>
      )}
    </Stack>
  );
}

export function Servers() {
  const query = useQuery(serversQuery);
  const declared = useQuery(declaredQuery);
  const isAdmin = useMay('admin');
  const { add = false } = useSearch({ from: '/servers' });
  const navigate = useNavigate({ from: '/servers' });
  const show = (is: boolean) => void navigate({ search: (before) => ({ ...before, add: is || undefined }) });
  const places = query.data === undefined ? undefined : placesOf(query.data.items, declared.data?.servers ?? []);
  return (
    <>
      <PageHead title={words.servers.title}>
        {isAdmin && (
          <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => show(true)}>
            {words.servers.add}
          </Button>
        )}
      </PageHead>
      {query.isPending && <Loading />}
      {query.data === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {places?.length === 0 && (
        <Nothing title={words.servers.none} more={words.servers.noneMore}>
          {isAdmin && (
            <Button component={Link} to={'/start' as never}>
              {words.servers.start}
            </Button>
          )}
        </Nothing>
      )}
      {places !== undefined && places.length > 0 && <Found places={places} isCut={query.data?.isCut === true} />}
      <Modal opened={add && isAdmin} onClose={() => show(false)} title={words.servers.add} size="lg">
        <Paste
          done={(servers) => {
            const only = servers.length === 1 ? servers[0] : undefined;
            if (only === undefined) show(false);
            else void navigate({ to: '/servers/$id', params: { id: only.id } as never });
          }}
        />
      </Modal>
    </>
  );
}
