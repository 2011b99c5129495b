// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One grant: what it reaches, what its limits stand at, what it did.
import { Alert, Anchor, Button, Paper, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';

import { membersQuery } from '../../api/administer';
import { grantState, oneGrantQuery, resumeGrant, type Grant } from '../../api/grants';
import { Problem } from '../../api/problem';
import { askAgain, policiesQuery, serversQuery } from '../../api/queries';
import { isDeclared } from '../../api/servers';
import { useMay, useSession } from '../../api/session';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { Name, Plain } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { useNow, When } from '../../parts/When';
import { words } from '../../words/words';
import { Actions } from './Actions';
import { Calls } from './Calls';
import { Counters, Exceptions } from './Counters';
import { DeclaredGrantPage } from './Declared';
import { Fact, Facts, Part, Tags } from './facts';
import { GrantStateMark, ModeMark } from './Marks';
import { Clients } from './NewToken';

function Paused({ grant }: { grant: Grant }) {
  const may = useMay('policy_manager');
  const resuming = useMutation({
    mutationFn: () => resumeGrant(grant),
    onSettled: () => askAgain(['grants']),
  });
  return (
    <Alert color="red" variant="light" title={words.grants.paused} mb="md">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          <Plain text={grant.paused_why} /> (<When at={grant.paused_at} />)
        </Text>
        {resuming.error !== null && <Trouble error={resuming.error} />}
        {may && (
          <Button size="xs" loading={resuming.isPending} onClick={() => resuming.mutate()}>
            {words.grants.resume}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function Owner({ id }: { id: string }) {
  const session = useSession();
  const members = useQuery({ ...membersQuery, enabled: session.role === 'admin' });
  if (id === session.member) return words.grants.you;
  const member = members.data?.items.find((one) => one.id === id);
  return member === undefined ? words.grants.nobody : <Name text={member.name || member.email} />;
}

function OfGrant({ grant }: { grant: Grant }) {
  const state = grantState(grant, useNow());
  const { columns } = words.grants;
  return (
    <Facts>
      <Fact label={columns.state}>
        <GrantStateMark state={state} />
      </Fact>
      <Fact label={columns.mode}>
        <ModeMark mode={grant.mode} />
      </Fact>
      <Fact label={columns.used}>
        <When at={grant.used_at} />
      </Fact>
      <Fact label={columns.expires}>
        <When at={grant.expires_at} />
      </Fact>
      <Fact label={words.grants.owner}>
        <Owner id={grant.owner} />
      </Fact>
      <Fact label={words.grants.form.tags}>
        <Tags tags={grant.tags} />
      </Fact>
    </Facts>
  );
}

function Reached({ grant }: { grant: Grant }) {
  const servers = useQuery(serversQuery).data?.items ?? [];
  const policies = useQuery(policiesQuery).data?.items ?? [];
  const { form } = words.grants;
  if (grant.servers.length === 0) return <Text c="dimmed">{words.grants.noServers}</Text>;
  return (
    <Listing label={form.servers} heads={[words.decisions.server, form.policy, form.version]} minWidth={320}>
      {grant.servers.map((reach) => (
        <Table.Tr key={reach.server}>
          <Table.Th scope="row">
            <Anchor size="sm" component={Link} to={`/servers/${reach.server}` as never}>
              <Name text={servers.find((one) => one.id === reach.server)?.name ?? reach.server} />
            </Anchor>
          </Table.Th>
          <Table.Td>
            {reach.policy === null ? (
              <Text size="sm" c="var(--critical)">
                {form.noPolicy}
              </Text>
            ) : (
              <Anchor size="sm" component={Link} to={`/policies/${reach.policy}` as never}>
                <Name text={policies.find((one) => one.id === reach.policy)?.name ?? reach.policy} />
              </Anchor>
            )}
          </Table.Td>
          <Table.Td>{reach.policy_version === 'latest' ? form.latest : reach.policy_version}</Table.Td>
        </Table.Tr>
      ))}
    </Listing>
  );
}

function Whole({ grant }: { grant: Grant }) {
  const state = grantState(grant, useNow());
  const may = useMay('policy_manager');
  return (
    <>
      <PageHead title={grant.label}>
        <Actions grant={grant} state={state} />
      </PageHead>
      {grant.paused_at !== null && state === 'paused' && <Paused grant={grant} />}
      <Stack gap="lg">
        <OfGrant grant={grant} />
        <Part
          title={words.grants.form.servers}
          aside={
            may && (
              <Anchor size="sm" component={Link} to={`/stack?grant=${encodeURIComponent(grant.id)}` as never}>
                {words.grants.stack}
              </Anchor>
            )
          }
        >
          <Reached grant={grant} />
        </Part>
        <Part
          title={words.grants.calls}
          aside={
            <Anchor size="sm" component={Link} to={`/decisions?grant=${encodeURIComponent(grant.label)}` as never}>
              {words.grants.allCalls}
            </Anchor>
          }
        >
          <Calls label={grant.label} />
        </Part>
        {may && (
          <Part title={words.grants.limits}>
            <Counters grant={grant} />
          </Part>
        )}
        <Part title={words.grants.exceptions}>
          <Exceptions grant={grant.id} />
        </Part>
        {state !== 'revoked' && (
          <Part title={words.grants.connect}>
            <Paper p="md">
              <Clients grant={grant.id} />
            </Paper>
          </Part>
        )}
      </Stack>
    </>
  );
}

function Recorded({ id }: { id: string }) {
  const query = useQuery(oneGrantQuery(id));
  if (query.isPending) return <Loading rows={10} />;
  if (query.error instanceof Problem && query.error.status === 404) return <Nothing title={words.grants.gone} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return <Whole grant={query.data} />;
}

export function GrantPage() {
  const { id } = useParams({ from: '/grants/$id' });
  return isDeclared(id) ? <DeclaredGrantPage key={id} id={id} /> : <Recorded key={id} id={id} />;
}
