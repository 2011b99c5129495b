// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A grant of the configuration file: seen here, changed there.
import { Alert, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { placesOf, type DeclaredGrant } from '../../api/grants';
import { declaredQuery } from '../../api/servers';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Exceptions } from './Counters';
import { Fact, Facts, Part, Tags } from './facts';
import { ModeMark } from './Marks';

const { columns, form } = words.grants;

function Reached({ grant }: { grant: DeclaredGrant }) {
  const places = placesOf(grant);
  if (places.length === 0) return <Text c="dimmed">{words.grants.noServers}</Text>;
  return (
    <Listing label={form.servers} heads={[words.decisions.server, form.policy]} minWidth={320}>
      {places.map(({ server, policy }) => (
        <Table.Tr key={server}>
          <Table.Th scope="row">
            <Name text={server} />
          </Table.Th>
          <Table.Td>
            {policy === null ? (
              <Text size="sm" c="var(--critical)">
                {form.noPolicy}
              </Text>
            ) : (
              <Name text={policy} />
            )}
          </Table.Td>
        </Table.Tr>
      ))}
    </Listing>
  );
}

function Whole({ grant }: { grant: DeclaredGrant }) {
  return (
    <>
      <PageHead title={grant.label} />
      <Alert variant="light" mb="md">
        {words.grants.declaredAt(grant.source.file, grant.source.line)}
      </Alert>
      <Stack gap="lg">
        <Facts>
          <Fact label={columns.mode}>
            <ModeMark mode={grant.mode} />
          </Fact>
          <Fact label={columns.expires}>
            <When at={grant.expires_at} />
          </Fact>
          <Fact label={form.tags}>
            <Tags tags={grant.tags} />
          </Fact>
        </Facts>
        <Part title={form.servers}>
          <Reached grant={grant} />
        </Part>
        <Part title={words.grants.calls}>
          <Text c="dimmed">{words.grants.declaredCalls}</Text>
        </Part>
        <Part title={words.grants.exceptions}>
          <Exceptions grant={grant.id} />
        </Part>
      </Stack>
    </>
  );
}

export function DeclaredGrantPage({ id }: { id: string }) {
  const query = useQuery(declaredQuery);
  if (query.isPending) return <Loading rows={10} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const found = query.data.grants.find((grant) => grant.id === id);
  return found === undefined ? <Nothing title={words.grants.gone} /> : <Whole grant={found} />;
}
