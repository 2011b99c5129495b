// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { summaryQuery } from '../../api/queries';
import { authorizationsQuery, credentialsQuery, knownServerQuery, serverDecisionsQuery, type Server } from '../../api/servers';
import { useMay } from '../../api/session';
import { CategoryMark, type Category } from '../../parts/Grade';
import { Outcome } from '../../parts/Outcome';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatMicroseconds, formatNumber, words } from '../../words/words';
import { countsBy, latencyOf, pinningOf, type Place } from './places';
import { eraOf } from './Seen';
import { State, stateOf } from './State';
import { Trial } from './Trial';

const DAY = 86_400;
const { facts } = words.servers;

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0}>
        {children}
      </Text>
    </div>
  );
}

function Auth({ server }: { server: Server }) {
  const credentials = useQuery(credentialsQuery(server.id)).data?.items ?? [];
  const authorizations = useQuery(authorizationsQuery(server.id)).data?.items ?? [];
  const said = authorizations.filter((item) => item.grant === '').map((item) => words.servers.auth.oauth[item.state]);
  if (credentials.length > 0) said.push(words.servers.auth.count(credentials.length, formatNumber(credentials.length)));
  return <>{said.length === 0 ? words.servers.auth.none : said.join(', ')}</>;
}

function Latency({ name }: { name: string }) {
  const query = useQuery(serverDecisionsQuery(name));
  const latency = latencyOf(query.data?.items ?? []);
  if (latency === undefined) return <>{facts.latencyNone}</>;
  return <>{facts.latencyOf(formatMicroseconds(latency.median), formatMicroseconds(latency.slow), formatNumber(latency.count))}</>;
}

function Facts({ place, server }: { place: Place; server: Server | undefined }) {
  const isAdmin = useMay('admin');
  const known = useQuery(knownServerQuery(place.name)).data;
  const calls = sumOf(useQuery(summaryQuery('outcome', DAY, DAY, { server: place.name })).data?.items);
  return (
    <Paper p="md">
      <SimpleGrid component="dl" m={0} cols={{ base: 1, xs: 2, md: 3 }} spacing="md">
        <Fact label={words.servers.columns.state}>
          <State state={stateOf(place.disabled, calls.all, calls.failed, place.seen)} />
        </Fact>
        <Fact label={facts.transport}>{words.servers.form.transports[place.transport]}</Fact>
        <Fact label={place.transport === 'stdio' ? facts.command : facts.url}>
          <Code>
            <Name text={place.where} most={1000} />
          </Code>
        </Fact>
        <Fact label={facts.era}>{eraOf(place.seen)}</Fact>
        <Fact label={facts.answered}>
          <When at={place.seen.answered_at} />
        </Fact>
        <Fact label={facts.failed}>
          <When at={place.seen.failed_at} />
        </Fact>
        <Fact label={facts.latency}>
          <Latency name={place.name} />
        </Fact>
        {isAdmin && server !== undefined && (
          <Fact label={facts.auth}>
            <Auth server={server} />
          </Fact>
        )}
        {server !== undefined && <Fact label={words.servers.facts.pinning}>{facts.pinnings[pinningOf(server.settings)]}</Fact>}
        <Fact label={facts.seen}>{known == null ? words.when.never : <When at={known.server.seen} />}</Fact>
        {server !== undefined && (
          <Fact label={facts.changed}>
            <When at={server.changed_at} />
          </Fact>
        )}
      </SimpleGrid>
    </Paper>
  );
}

function sumOf(items: readonly { key: string | null; count: number }[] = []) {
  const counts = countsBy(items);
  return { all: [...counts.values()].reduce((sum, count) => sum + count, 0), failed: counts.get('failed') ?? 0, counts };
}

function Traffic({ place }: { place: Place }) {
  const query = useQuery(summaryQuery('outcome', DAY, DAY, { server: place.name }));
  const { all, counts } = sumOf(query.data?.items);
  return (
    <Paper p="md">
      <Title order={2} mb="xs">
        {words.servers.traffic}
      </Title>
      {query.isPending && <Loading rows={2} />}
      {query.data === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && all === 0 && <Text c="dimmed">{words.servers.trafficNone}</Text>}
      <Group gap="xl">
        {[...counts].map(([outcome, count]) => (
          <Group key={outcome} gap="xs">
            <Outcome outcome={outcome} />
            <Text fw={600}>{formatNumber(count)}</Text>
          </Group>
        ))}
        {all > 0 && (
          <Anchor component={Link} to="/decisions" search={{ server: place.name } as never} size="sm">
            {words.servers.allDecisions}
          </Anchor>
        )}
      </Group>
    </Paper>
  );
}

const ORDER: Category[] = ['Financial', 'Destructive', 'Execute', 'Unknown', 'Write', 'Read'];

function Categories({ place }: { place: Place }) {
  const known = useQuery(knownServerQuery(place.name)).data;
  if (known == null || known.tools.length === 0) return null;
  return (
    <Paper p="md">
      <Title order={2} mb="xs">
        {words.count.tools(known.server.tools, formatNumber(known.server.tools))}
      </Title>
      <Group gap="xl">
        {ORDER.filter((category) => known.server.categories[category] > 0).map((category) => (
          <Anchor
            key={category}
            component={Link}
            to="/servers/$id"
            params={{ id: place.id } as never}
            search={{ tab: 'tools', category } as never}
            underline="hover"
          >
            <CategoryMark category={category} /> {formatNumber(known.server.categories[category])}
          </Anchor>
        ))}
      </Group>
    </Paper>
  );
}

export function Overview({ place, server }: { place: Place; server: Server | undefined }) {
  return (
    <Stack>
      <Facts place={place} server={server} />
      <Traffic place={place} />
      <Categories place={place} />
      {server !== undefined && <Trial server={server} />}
    </Stack>
  );
}
