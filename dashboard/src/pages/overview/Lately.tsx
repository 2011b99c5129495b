// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who changed what lately; for those who may read the audit.
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { latelyQuery, type AuditRow } from '../../api/administer';
import { grantsQuery, policiesQuery, serversQuery } from '../../api/queries';
import { Name } from '../../parts/Plain';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { isChange, nameOf, placeOfChange } from './change';
import { Line, Panel } from './Panel';

const { lately: says } = words.overview;
const MOST = 8;

/** Rows about a change hold only what differs: names of what is there come from its lists. */
function useNames(): Map<string, string> {
  const servers = useQuery(serversQuery).data?.items ?? [];
  const policies = useQuery(policiesQuery).data?.items ?? [];
  const grants = useQuery(grantsQuery).data?.items ?? [];
  return new Map([
    ...[...servers, ...policies].map(({ id, name }) => [id, name] as const),
    ...grants.map(({ id, label }) => [id, label] as const),
  ]);
}

function Shown({ row, name }: { row: AuditRow; name: string }) {
  return (
    <Line to={placeOfChange(row)} aside={<When at={row.time} />}>
      <Text span inherit ff="monospace">
        {row.action}
      </Text>
      {name !== '' && (
        <>
          {' '}
          <Name text={name} most={60} />
        </>
      )}
      <Text span size="sm" c="dimmed">
        {' '}
        {says.by} <Name text={row.actor.label || words.audit.kinds[row.actor.kind]} most={60} />
      </Text>
    </Line>
  );
}

export function Lately() {
  const query = useQuery(latelyQuery);
  const names = useNames();
  const rows = query.data?.items.filter(isChange).slice(0, MOST) ?? [];
  return (
    <Panel title={says.title} asked={[query]} count={rows.length} none={says.none}>
      {rows.map((row) => (
        <Shown key={row.seq} row={row} name={names.get(row.object) ?? nameOf(row)} />
      ))}
    </Panel>
  );
}
