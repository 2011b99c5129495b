// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What one agent can do with all of its tools together: a grant's under its policies, or servers as if nothing judged.
import { Alert, Anchor, MultiSelect, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import type { Schemas } from '../../api/client';
import { grantsQuery, serversQuery } from '../../api/queries';
import { catalogueSearchQuery, grantStackQuery, serversStackQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { visible } from '../../parts/unseen';
import { Loading, Nothing, Trouble } from '../../parts/states';
import type { StackSearch } from '../../router';
import { words } from '../../words/words';
import type { View } from './Danger';
import { Dangers } from './Dangers';
import { Outcomes } from './Outcomes';
import { Worst } from './Worst';

type Change = (change: StackSearch) => void;

function OfGrant({ grant, change }: { grant: string | undefined; change: Change }) {
  const grants = useQuery(grantsQuery).data?.items.filter((item) => item.revoked_at === null) ?? [];
  return (
    <Select
      label={words.stack.grant}
      placeholder={words.stack.chooseGrant}
      data={grants.map((item) => ({ value: item.id, label: visible(item.label, 80) }))}
      value={grant ?? null}
      searchable
      maw={420}
      onChange={(value) => change({ grant: value ?? undefined, servers: undefined })}
    />
  );
}

function OfServers({ servers, change }: { servers: string[]; change: Change }) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed, 200);
  const own = useQuery(serversQuery).data?.items.map((server) => server.name) ?? [];
  const known = useQuery(catalogueSearchQuery(text)).data?.items.map((server) => server.name) ?? [];
  const names = [...new Set([...servers, ...own, ...known])];
  return (
    <MultiSelect
      label={words.stack.servers}
      placeholder={servers.length === 0 ? words.stack.chooseServers : words.stack.findServers}
      data={names.map((name) => ({ value: name, label: visible(name, 80) }))}
      value={servers}
      searchable
      searchValue={typed}
      maxValues={100}
      maw={640}
      onSearchChange={setTyped}
      onChange={(value) => change({ servers: value, grant: undefined })}
    />
  );
}

function Answer({
  search,
  change,
  query,
  isJudged,
}: {
  search: StackSearch;
  change: Change;
  query: { data: Schemas['StackOfServers'] | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  isJudged: boolean;
}) {
  if (query.data === undefined) return query.isPending ? <Loading /> : <Trouble error={query.error} retry={() => void query.refetch()} />;
  const { stack, missing, shared } = query.data;
  const view: View = search.view ?? 'now';
  const data = [
    { value: 'now', label: isJudged ? words.stack.views.now : words.stack.noPolicies },
    { value: 'starter', label: words.stack.views.starter },
  ];
  return (
    <Stack>
      {missing.length > 0 && <Alert color="yellow">{words.stack.missing(missing.map((name) => visible(name, 80)).join(', '))}</Alert>}
      {shared.length > 0 && isJudged && (
        <Alert color="yellow">{words.stack.shared(shared.map((name) => visible(name, 80)).join(', '))}</Alert>
      )}
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label={words.stack.view}
        data={data}
        value={view}
        onChange={(value) => change({ view: value === 'starter' ? 'starter' : undefined })}
      />
      <Dangers key={stack.servers.map((server) => server.name).join(' ')} stack={stack} view={view} />
      <Worst stack={stack} view={view} />
      <Outcomes tools={stack.tools} view={view} search={search} change={change} />
    </Stack>
  );
}

function GrantAnswer({ grant, ...rest }: { grant: string; search: StackSearch; change: Change }) {
  const query = useQuery(grantStackQuery(grant));
  return (
    <>
      {query.data?.grant.mode === 'observe' && (
        <Alert color="yellow" mb="md">
          {words.stack.observes}
        </Alert>
      )}
      <Answer {...rest} query={query} isJudged />
    </>
  );
}

function ServersAnswer({ servers, ...rest }: { servers: string[]; search: StackSearch; change: Change }) {
  const query = useQuery(serversStackQuery(servers));
  const address = `/catalogue/stack?${servers.map((name) => `server=${encodeURIComponent(name)}`).join('&')}`;
  return (
    <Stack>
      <Answer {...rest} query={query} isJudged={false} />
      <Anchor href={address} size="sm">
        {words.stack.page}
      </Anchor>
    </Stack>
  );
}

export function StackPage() {
  const search = useSearch({ from: '/stack' });
  const navigate = useNavigate({ from: '/stack' });
  const maySeeGrants = useMay('policy_manager');
  const [kind, setKind] = useState<'grant' | 'servers'>(
    search.servers !== undefined || (search.grant === undefined && !maySeeGrants) ? 'servers' : 'grant',
  );
  const asked = search.servers !== undefined ? 'servers' : search.grant !== undefined ? 'grant' : undefined;
  // Back and forward go from the one to the other, too.
  useEffect(() => {
    if (asked !== undefined) setKind(asked);
  }, [asked]);
  const change: Change = (part) => void navigate({ search: (before) => ({ ...before, ...part }), replace: part.text !== undefined });
  return (
    <>
      <PageHead title={words.stack.title} />
      <Stack>
        <Text c="dimmed">{words.stack.lead}</Text>
        <SegmentedControl
          w="fit-content"
          aria-label={words.stack.of}
          data={[
            { value: 'grant', label: words.stack.ofGrant },
            { value: 'servers', label: words.stack.ofServers },
          ]}
          value={kind}
          onChange={(value) => setKind(value as typeof kind)}
        />
        {kind === 'grant' && !maySeeGrants && <Nothing title={words.stack.forbidden} />}
        {kind === 'grant' && maySeeGrants && <OfGrant grant={search.grant} change={change} />}
        {kind === 'servers' && <OfServers servers={search.servers ?? []} change={change} />}
        {kind === 'grant' && maySeeGrants && search.grant !== undefined && (
          <GrantAnswer grant={search.grant} search={search} change={change} />
        )}
        {kind === 'servers' && search.servers !== undefined && <ServersAnswer servers={search.servers} search={search} change={change} />}
        {(kind === 'grant' ? search.grant === undefined && maySeeGrants : search.servers === undefined) && (
          <Nothing title={words.stack.choose} more={words.stack.chooseMore} />
        )}
      </Stack>
    </>
  );
}
