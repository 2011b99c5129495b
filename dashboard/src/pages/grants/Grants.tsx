// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Button, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { grantState, type Grant } from '../../api/grants';
import { grantsQuery } from '../../api/queries';
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

export function Grants() {
  const query = useQuery(grantsQuery);
  const may = useMay('admin');
  const mint = (
    <Button size="xs" renderRoot={(props) => <Link to="/grants/new" {...props} />}>
      {words.grants.mint}
    </Button>
  );
  const { columns } = words.grants;
  return (
    <>
      <PageHead title={words.grants.title}>{may && mint}</PageHead>
      {query.isPending && <Loading />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && (
        <Nothing title={words.grants.none} more={words.grants.noneMore}>
          {may && mint}
        </Nothing>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <Listing
          label={words.grants.title}
          heads={[columns.label, columns.servers, columns.mode, columns.used, columns.expires, columns.state]}
        >
          {query.data.items.map((grant) => (
            <Row key={grant.id} grant={grant} />
          ))}
        </Listing>
      )}
    </>
  );
}
