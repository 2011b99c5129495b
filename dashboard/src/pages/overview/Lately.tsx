// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who changed what lately; for those who may read the audit.
import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { latelyQuery, type AuditRow } from '../../api/administer';
import { Name } from '../../parts/Plain';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Deed } from '../audit/Deed';
import { useNames } from '../audit/names';
import { calledOf, isChange, placeOfChange } from '../audit/row';
import { Line, Panel } from './Panel';

const { lately: says } = words.overview;
const MOST = 8;

function Shown({ row, name }: { row: AuditRow; name: string }) {
  return (
    <Line to={placeOfChange(row)} aside={<When at={row.time} />}>
      <Deed row={row} name={name} />
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
        <Shown key={row.seq} row={row} name={calledOf(row, names)} />
      ))}
    </Panel>
  );
}
