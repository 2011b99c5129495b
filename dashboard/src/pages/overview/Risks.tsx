// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The grants that reach the gravest tools. The catalogue says which with one request; what policies leave
// possible is asked of these few alone.
import { Group, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';

import { grantsQuery, serversQuery } from '../../api/queries';
import { declaredQuery, grantStackQuery, knownServersQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { SeverityMark } from '../../parts/Grade';
import { Name } from '../../parts/Plain';
import { useNow } from '../../parts/When';
import { formatNumber, words } from '../../words/words';
import { placesOf } from '../servers/places';
import { Line, Panel } from './Panel';
import { gravest, leftOf, worstFirst, type Left, type Risk } from './risk';

const { risks: says } = words.overview;
const MOST = 5;
const FRESH_MS = 300_000;

function Shown({ risk, left, isJudged }: { risk: Risk; left: Left | undefined; isJudged: boolean }) {
  const { grant, severity, tools } = risk;
  const id = encodeURIComponent(grant.id);
  return (
    <Line
      to={isJudged ? `/stack?grant=${id}` : `/grants/${id}`}
      mark={
        <Group gap="xs" wrap="nowrap">
          <SeverityMark severity={severity} />
          <Text span size="sm" c="dimmed">
            {words.count.tools(tools, formatNumber(tools))}
          </Text>
        </Group>
      }
      {...(isJudged && { aside: left === undefined ? says.noDanger : says.left[left.state](left.count, formatNumber(left.count)) })}
    >
      <Name text={grant.label} />
      {grant.mode === 'observe' && (
        <Text span size="sm" c="dimmed">
          {' '}
          ({says.observes})
        </Text>
      )}
    </Line>
  );
}

export function Risks() {
  const isJudged = useMay('policy_manager');
  const now = useNow();
  const grants = useQuery(grantsQuery);
  const servers = useQuery(serversQuery);
  const declared = useQuery(declaredQuery);
  const known = useQuery(knownServersQuery);
  const byId = new Map(
    placesOf(servers.data?.items ?? [], declared.data?.servers ?? []).flatMap((place) => {
      const each = known.data?.get(place.name);
      return each === undefined ? [] : [[place.id, each] as const];
    }),
  );
  const found = gravest(grants.data?.items ?? [], byId, now, MOST);
  const stacks = useQueries({
    queries: found.map(({ grant }) => ({ ...grantStackQuery(grant.id), enabled: isJudged, staleTime: FRESH_MS })),
  });
  const risks = found.map((risk, index) => {
    const answer = stacks[index]?.data;
    return { risk, isJudged: answer !== undefined, left: answer === undefined ? undefined : leftOf(answer) };
  });
  return (
    <Panel
      title={says.title}
      more={isJudged ? says.more : says.moreViewer}
      asked={[grants, servers, declared, known]}
      count={risks.length}
      none={says.none}
    >
      {worstFirst(risks).map(({ risk, left, isJudged: isKnown }) => (
        <Shown key={risk.grant.id} risk={risk} left={left} isJudged={isKnown} />
      ))}
    </Panel>
  );
}
