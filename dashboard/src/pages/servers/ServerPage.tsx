// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One server: of the database, or, read only, of the configuration file.
import { Alert, Badge, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';

import { declaredQuery, definitionsQuery, isDeclared, serverQuery, type Server } from '../../api/servers';
import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { TabList } from '../../parts/TabList';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { formatNumber, words } from '../../words/words';
import { Changes } from './Changes';
import { Overview } from './Overview';
import { placeOf, placeOfDeclared, type Place } from './places';
import { Settings } from './Settings';
import { Tools } from './Tools';

export type ServerTab = keyof typeof words.servers.tabs;

function Waiting({ place }: { place: Place }) {
  const query = useQuery({ ...definitionsQuery(place.id, 'waiting'), enabled: place.isPinned });
  const count = query.data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <Badge size="sm" aria-label={words.servers.waiting(count, formatNumber(count))}>
      {formatNumber(count)}
    </Badge>
  );
}

function Whole({ place, server }: { place: Place; server: Server | undefined }) {
  const { tab = 'overview' } = useSearch({ from: '/servers/$id' });
  const navigate = useNavigate({ from: '/servers/$id' });
  const maySet = useMay('admin') && server !== undefined;
  const { tabs } = words.servers;
  const shown = tab === 'settings' && !maySet ? 'overview' : tab;
  return (
    <>
      <PageHead title={place.name} />
      {place.declared !== undefined && (
        <Alert variant="light" mb="md">
          {words.servers.declaredAt(place.declared.file, place.declared.line)}
        </Alert>
      )}
      <Tabs
        value={shown}
        keepMounted={false}
        onChange={(value) => void navigate({ search: (before) => ({ ...before, tab: (value ?? 'overview') as ServerTab }) })}
      >
        <TabList value={shown} mb="md">
          <Tabs.Tab value="overview">{tabs.overview}</Tabs.Tab>
          <Tabs.Tab value="tools">{tabs.tools}</Tabs.Tab>
          <Tabs.Tab value="changes" rightSection={<Waiting place={place} />}>
            {tabs.changes}
          </Tabs.Tab>
          {maySet && <Tabs.Tab value="settings">{tabs.settings}</Tabs.Tab>}
        </TabList>
        <Tabs.Panel value="overview">
          <Overview place={place} server={server} />
        </Tabs.Panel>
        <Tabs.Panel value="tools">
          <Tools place={place} />
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <Changes place={place} />
        </Tabs.Panel>
        {maySet && (
          <Tabs.Panel value="settings">
            <Settings server={server} />
          </Tabs.Panel>
        )}
      </Tabs>
    </>
  );
}

function Declared({ id }: { id: string }) {
  const query = useQuery(declaredQuery);
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const found = query.data.servers.find((server) => server.id === id);
  if (found === undefined) return <Nothing title={words.trouble.notFound} more={words.trouble.notFoundMore} />;
  return <Whole place={placeOfDeclared(found)} server={undefined} />;
}

function Recorded({ id }: { id: string }) {
  const query = useQuery(serverQuery(id));
  if (query.isPending) return <Loading />;
  if (query.data === undefined)
    return (
      <>
        <PageHead title={words.servers.title} />
        <Trouble error={query.error} retry={() => void query.refetch()} />
      </>
    );
  return <Whole place={placeOf(query.data)} server={query.data} />;
}

export function ServerPage() {
  const { id } = useParams({ from: '/servers/$id' });
  return isDeclared(id) ? <Declared key={id} id={id} /> : <Recorded key={id} id={id} />;
}
