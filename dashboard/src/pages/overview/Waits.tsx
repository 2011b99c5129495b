// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What waits for people: calls, definitions of tools, paused grants, and what strangers wrote.
import { useQuery } from '@tanstack/react-query';

import { contactsQuery } from '../../api/administer';
import { grantState } from '../../api/grants';
import { keepingQuery, type Kept } from '../../api/keeping';
import { grantsQuery, serversQuery } from '../../api/queries';
import { useWaiting } from '../../api/questions';
import { declaredQuery, waitingDefinitionsQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { Name } from '../../parts/Plain';
import { useNow, When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';
import { placesOf } from '../servers/places';
import { standingsOf } from '../settings/retention';
import { Line, Panel } from './Panel';

const { waits: says } = words.overview;
const LINES_MOST = 4; // of a kind

function useDefinitions() {
  const servers = useQuery(serversQuery);
  const declared = useQuery(declaredQuery);
  const isKnown = servers.data !== undefined && declared.data !== undefined;
  const pinned = placesOf(servers.data?.items ?? [], declared.data?.servers ?? []).filter((place) => place.isPinned);
  const answer = useQuery({ ...waitingDefinitionsQuery(pinned.map(({ id }) => id)), enabled: isKnown });
  const waiting = pinned.map((place) => ({ place, count: answer.data?.get(place.id) ?? 0 })).filter(({ count }) => count > 0);
  return { waiting, queries: [servers, declared, answer] };
}

function Definitions({ waiting }: Pick<ReturnType<typeof useDefinitions>, 'waiting'>) {
  const left = waiting.length - LINES_MOST;
  return (
    <>
      {waiting.slice(0, LINES_MOST).map(({ place, count }) => (
        <Line
          key={place.id}
          to={`/servers/${encodeURIComponent(place.id)}?tab=changes`}
          aside={says.definitions(count, formatNumber(count))}
        >
          <Name text={place.name} />
        </Line>
      ))}
      {left > 0 && <Line to="/servers">{says.moreServers(left, formatNumber(left))}</Line>}
    </>
  );
}

function usePaused() {
  const query = useQuery({ ...grantsQuery, refetchInterval: 30_000 });
  const now = useNow();
  return { query, paused: query.data?.items.filter((grant) => grantState(grant, now) === 'paused') ?? [] };
}

function Paused({ paused }: { paused: ReturnType<typeof usePaused>['paused'] }) {
  const left = paused.length - LINES_MOST;
  return (
    <>
      {paused.slice(0, LINES_MOST).map((grant) => (
        <Line
          key={grant.id}
          to={`/grants/${encodeURIComponent(grant.id)}`}
          aside={
            <>
              {says.paused} <When at={grant.paused_at} />
            </>
          }
        >
          <Name text={grant.label} />
        </Line>
      ))}
      {left > 0 && <Line to="/grants">{says.morePaused(left, formatNumber(left))}</Line>}
    </>
  );
}

/** When less of the logs will be kept first. */
function earliestOf(kept: Kept): string | undefined {
  const times = standingsOf(kept).flatMap(({ pending }) => (pending === null ? [] : [pending.takes_effect_at]));
  return times.sort()[0];
}

export function Waits() {
  const isAdmin = useMay('admin');
  const { questions, isKnown } = useWaiting();
  const definitions = useDefinitions();
  const { query: grants, paused } = usePaused();
  const contacts = useQuery({ ...contactsQuery, enabled: isAdmin, refetchInterval: 60_000 });
  const written = contacts.data?.items.filter((contact) => contact.done_at === null) ?? [];
  const keeping = useQuery({ ...keepingQuery, enabled: isAdmin, refetchInterval: 60_000 });
  const lessAt = keeping.data === undefined ? undefined : earliestOf(keeping.data);
  const oldest = questions.at(-1);
  const calls = { isPending: !isKnown, data: isKnown || undefined, error: null, refetch: () => {} };
  const count =
    (questions.length > 0 ? 1 : 0) + definitions.waiting.length + paused.length + written.length + (lessAt === undefined ? 0 : 1);
  return (
    <Panel
      title={says.title}
      asked={[calls, ...definitions.queries, grants, ...(isAdmin ? [contacts, keeping] : [])]}
      count={count}
      none={says.none}
    >
      {oldest !== undefined && (
        <Line to="/inbox" aside={<When at={oldest.created_at} />}>
          {says.calls(questions.length, formatNumber(questions.length))}
        </Line>
      )}
      {lessAt !== undefined && (
        <Line to="/settings?tab=keeping" aside={<When at={lessAt} />}>
          {says.retention}
        </Line>
      )}
      <Paused paused={paused} />
      <Definitions waiting={definitions.waiting} />
      {written.length > 0 && (
        <Line to="/settings?tab=contacts" aside={<When at={written.at(-1)?.created_at ?? null} />}>
          {says.contacts(written.length, formatNumber(written.length))}
        </Line>
      )}
    </Panel>
  );
}
