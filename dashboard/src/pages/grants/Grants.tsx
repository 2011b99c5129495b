// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Badge, Button, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { grantState, placesOf, type DeclaredGrant, type Grant } from '../../api/grants';
import { grantsQuery } from '../../api/queries';
import { declaredQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { useNow, When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';

function Row({ grant }: { grant: Grant }) {
  const state = grantState(grant, useNow());
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Anchor size="sm" fw={600} component={Link} to={`/grants/${grant.id}` as never}>
          <Name text={grant.label} />
        </Anchor>
      </Table.Th>
      <Table.Td>{words.count.servers(grant.servers.length, formatNumber(grant.servers.length))}</Table.Td>
      <Table.Td>{words.grants.modes[grant.mode]}</Table.Td>
      <Table.Td>
        <When at={grant.used_at} />
      </Table.Td>
      <Table.Td>
        <When at={grant.expires_at} />
      </Table.Td>
      <Table.Td>
        <Text
          size="sm"
          c={state === 'active' ? undefined : state === 'paused' ? 'var(--critical)' : 'dimmed'}
          fw={state === 'paused' ? 600 : undefined}
        >
          {words.grants.states[state]}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

function DeclaredRow({ grant, now }: { grant: DeclaredGrant; now: Date }) {
  const isOver = grant.expires_at !== null && new Date(grant.expires_at) <= now;
  const count = placesOf(grant).length;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Group gap="xs" wrap="nowrap">
          <Anchor size="sm" fw={600} component={Link} to={`/grants/${encodeURIComponent(grant.id)}` as never}>
            <Name text={grant.label} />
          </Anchor>
          <Badge>{words.servers.declared}</Badge>
        </Group>
      </Table.Th>
      <Table.Td>{words.count.servers(count, formatNumber(count))}</Table.Td>
      <Table.Td>{words.grants.modes[grant.mode]}</Table.Td>
      <Table.Td />
      <Table.Td>
        <When at={grant.expires_at} />
      </Table.Td>
      <Table.Td>{isOver && <Text c="dimmed">{words.grants.states.expired}</Text>}</Table.Td>
    </Table.Tr>
  );
}

function Rows({ grants, declared }: { grants: Grant[]; declared: DeclaredGrant[] }) {
  const now = useNow();
  const { columns } = words.grants;
  return (
    <Listing
      label={words.grants.title}
      heads={[columns.label, columns.servers, columns.mode, columns.used, columns.expires, columns.state]}
    >
      {grants.map((grant) => (
        <Row key={grant.id} grant={grant} />
      ))}
      {declared.map((grant) => (
        <DeclaredRow key={grant.id} grant={grant} now={now} />
      ))}
    </Listing>
  );
}

export function Grants() {
  const query = useQuery(grantsQuery);
  const declaring = useQuery(declaredQuery);
  const declared = declaring.data?.grants ?? [];
  const may = useMay('admin');
  const mint = (
    <Button size="xs" renderRoot={(props) => <Link to="/grants/new" {...props} />}>
      {words.grants.mint}
    </Button>
  );
  return (
    <>
      <PageHead title={words.grants.title}>{may && mint}</PageHead>
      {query.isPending && <Loading />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && declaring.data !== undefined && declared.length === 0 && (
        <Nothing title={words.grants.none} more={words.grants.noneMore}>
          {may && mint}
        </Nothing>
      )}
      {declaring.error !== null && <Trouble error={declaring.error} retry={() => void declaring.refetch()} />}
      {query.data !== undefined && query.data.items.length + declared.length > 0 && <Rows grants={query.data.items} declared={declared} />}
    </>
  );
}
