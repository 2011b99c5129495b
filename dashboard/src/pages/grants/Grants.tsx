// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Badge, Button, Chip, Group, Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useDeferredValue, useMemo } from 'react';

import { declaredState, GRANT_STATES, grantState, placesOf, type DeclaredGrant, type Grant, type GrantState } from '../../api/grants';
import { grantsQuery } from '../../api/queries';
import { declaredQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { Find } from '../../parts/Find';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { PartByPart } from '../../parts/PartByPart';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { useNow, When } from '../../parts/When';
import { byName, formatNumber, words } from '../../words/words';
import { GrantStateMark, ModeMark } from './Marks';

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
      <Table.Td>
        <ModeMark mode={grant.mode} />
      </Table.Td>
      <Table.Td>
        <When at={grant.used_at} />
      </Table.Td>
      <Table.Td>
        <When at={grant.expires_at} />
      </Table.Td>
      <Table.Td>
        <GrantStateMark state={state} />
      </Table.Td>
    </Table.Tr>
  );
}

function DeclaredRow({ grant }: { grant: DeclaredGrant }) {
  const isOver = declaredState(grant, useNow()) === 'expired';
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
      <Table.Td>
        <ModeMark mode={grant.mode} />
      </Table.Td>
      <Table.Td />
      <Table.Td>
        <When at={grant.expires_at} />
      </Table.Td>
      <Table.Td>
        <GrantStateMark state={isOver ? 'expired' : 'active'} />
      </Table.Td>
    </Table.Tr>
  );
}

type Either = { grant: Grant; declared?: never } | { declared: DeclaredGrant; grant?: never };

function Rows({ grants }: { grants: readonly Either[] }) {
  const { columns } = words.grants;
  return (
    <Listing
      label={words.grants.title}
      heads={[columns.label, columns.servers, columns.mode, columns.used, columns.expires, columns.state]}
    >
      {grants.map(({ grant, declared }) =>
        grant === undefined ? <DeclaredRow key={declared.id} grant={declared} /> : <Row key={grant.id} grant={grant} />,
      )}
    </Listing>
  );
}

function States({
  counts,
  state,
  change,
}: {
  counts: Map<GrantState, number>;
  state: GrantState | undefined;
  change: (state?: GrantState) => void;
}) {
  return (
    <Group gap="xs" role="group" aria-label={words.grants.stateLabel}>
      {GRANT_STATES.filter((each) => counts.has(each)).map((each) => (
        <Chip key={each} size="sm" checked={state === each} onChange={(checked) => change(checked ? each : undefined)}>
          {words.grants.states[each]} {formatNumber(counts.get(each) ?? 0)}
        </Chip>
      ))}
    </Group>
  );
}

function useFound(grants: Grant[], declared: DeclaredGrant[], text: string, state: GrantState | undefined) {
  const now = useNow();
  return useMemo(() => {
    const counts = new Map<GrantState, number>();
    const wanted = text.toLowerCase();
    const counted = (each: GrantState) => {
      counts.set(each, (counts.get(each) ?? 0) + 1);
      return state === undefined || state === each;
    };
    const fits = (label: string, is: GrantState) => counted(is) && label.toLowerCase().includes(wanted);
    const found: Either[] = [
      ...grants.filter((grant) => fits(grant.label, grantState(grant, now))).map((grant) => ({ grant })),
      ...declared.filter((grant) => fits(grant.label, declaredState(grant, now))).map((grant) => ({ declared: grant })),
    ];
    return { counts, found: byName(found, (one) => (one.grant ?? one.declared).label) };
  }, [grants, declared, text, state, now]);
}

function Found({ grants, declared, isCut }: { grants: Grant[]; declared: DeclaredGrant[]; isCut: boolean }) {
  const { text = '', state } = useSearch({ from: '/grants' });
  const navigate = useNavigate({ from: '/grants' });
  const change = (by: { text?: string | undefined; state?: GrantState | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...by }), replace: true });
  const { counts, found } = useFound(grants, declared, useDeferredValue(text), state);
  return (
    <Stack gap="sm">
      {grants.length + declared.length > 5 && (
        <Group gap="md">
          <Find label={words.grants.find} text={text} change={(next) => change({ text: next })} />
          <States counts={counts} state={state} change={(next) => change({ state: next })} />
        </Group>
      )}
      {found.length === 0 && <Nothing title={words.grants.noneFound} />}
      {found.length > 0 && (
        <PartByPart key={`${text} ${state}`} items={found} isCut={isCut}>
          {(shown) => <Rows grants={shown} />}
        </PartByPart>
      )}
    </Stack>
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
      {query.data !== undefined && query.data.items.length + declared.length > 0 && (
        <Found grants={query.data.items} declared={declared} isCut={query.data.isCut} />
      )}
    </>
  );
}
