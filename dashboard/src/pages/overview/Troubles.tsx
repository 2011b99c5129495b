// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What does not work: servers, by the rule of their page, and parts of the gateway itself.
import { useQuery } from '@tanstack/react-query';

import { healthQuery } from '../../api/health';
import { serversQuery, summaryQuery } from '../../api/queries';
import { declaredQuery } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { formatNumber, words } from '../../words/words';
import { countsByServer, placesOf } from '../servers/places';
import { State, stateOf } from '../servers/State';
import { Line, Panel } from './Panel';

const { troubles: says } = words.overview;
const DAY = 86_400;
const LINES_MOST = 6;

export function Troubles() {
  const servers = useQuery(serversQuery);
  const declared = useQuery(declaredQuery);
  const health = useQuery(healthQuery);
  const all = useQuery(summaryQuery('server', DAY, DAY));
  const failures = useQuery(summaryQuery('server', DAY, DAY, { outcome: 'failed' }));
  const calls = countsByServer(all.data?.items);
  const failed = countsByServer(failures.data?.items);
  const places = placesOf(servers.data?.items ?? [], declared.data?.servers ?? []).map((place) => ({
    ...place,
    calls: calls.get(place.name) ?? 0,
    failed: failed.get(place.name) ?? 0,
  }));
  const troubled = places.filter((place) => stateOf(place.disabled, place.calls, place.failed, place.seen) === 'trouble');
  troubled.sort((a, b) => b.failed / Math.max(1, b.calls) - a.failed / Math.max(1, a.calls));
  const down = health.data?.parts.filter((part) => !part.up) ?? [];
  const left = troubled.length - LINES_MOST;
  return (
    <Panel
      title={says.title}
      asked={[servers, declared, all, failures, health]}
      count={troubled.length + down.length}
      none={places.length === 0 ? says.noServers : says.none}
    >
      {down.map((part) => (
        <Line key={part.name} to="/settings?tab=about" aside={says.down}>
          {words.settings.about.parts[part.name] ?? part.name}
        </Line>
      ))}
      {troubled.slice(0, LINES_MOST).map((place) => (
        <Line
          key={place.id}
          to={`/servers/${encodeURIComponent(place.id)}`}
          mark={<State state="trouble" />}
          aside={place.calls === 0 ? words.servers.seen.failed : says.failed(formatNumber(place.failed), formatNumber(place.calls))}
        >
          <Name text={place.name} />
        </Line>
      ))}
      {left > 0 && <Line to="/servers">{says.more(left, formatNumber(left))}</Line>}
    </Panel>
  );
}
