// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { knownServerQuery, type KnownTool } from '../../api/servers';
import { useMay } from '../../api/session';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Judge } from './Judge';
import type { Place } from './places';
import { ToolTable } from './ToolTable';

export function Tools({ place }: { place: Place }) {
  const query = useQuery(knownServerQuery(place.name));
  const { text = '', category } = useSearch({ from: '/servers/$id' });
  const navigate = useNavigate({ from: '/servers/$id' });
  const mayJudge = useMay('policy_manager');
  const [judged, setJudged] = useState<KnownTool>();
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (query.data === null) return <Nothing title={words.servers.tools.none} more={words.servers.tools.noneMore} />;
  if (query.data.tools.length === 0) return <Nothing title={words.servers.tools.empty} />;
  const { server, tools } = query.data;
  return (
    <Stack>
      <Group gap="lg">
        <Anchor href={`/catalogue/${encodeURIComponent(server.slug)}`} size="sm">
          {words.servers.tools.catalogue}
        </Anchor>
        <Anchor component={Link} to={'/stack' as never} search={{ servers: [server.name] } as never} size="sm">
          {words.servers.tools.stack}
        </Anchor>
      </Group>
      <ToolTable
        tools={tools}
        text={text}
        category={category}
        change={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}
        {...(mayJudge ? { judge: setJudged } : {})}
      />
      {judged !== undefined && <Judge id={place.id} tool={judged} close={() => setJudged(undefined)} />}
    </Stack>
  );
}
