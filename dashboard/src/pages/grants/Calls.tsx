// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of tools that a grant made last, as it makes them; how sessions begin and what else is said has its place in the list of all.
import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { api, got } from '../../api/client';
import { Listing } from '../../parts/Listing';
import { Outcome } from '../../parts/Outcome';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { serverName, words } from '../../words/words';
import { useLive } from '../decisions/live';

const MOST = 10;
const METHOD = 'tools/call';

export function Calls({ label }: { label: string }) {
  const past = useQuery({
    queryKey: ['decisions', 'list', 'of', label],
    queryFn: () => got(api.GET('/decisions', { params: { query: { grant: label, method: METHOD, limit: MOST } } })),
  });
  const live = useLive({ grant: label, method: METHOD }, true);
  const seen = new Set(live.rows.map((row) => row.seq));
  const rows = [...live.rows, ...(past.data?.items ?? []).filter((row) => !seen.has(row.seq))].slice(0, MOST);
  const { columns } = words.decisions;
  if (past.isPending) return <Loading rows={3} />;
  if (past.error !== null && past.data === undefined) return <Trouble error={past.error} retry={() => void past.refetch()} />;
  if (rows.length === 0) return <Text c="dimmed">{words.grants.noCalls}</Text>;
  return (
    <Listing label={words.grants.calls} heads={[columns.time, columns.outcome, columns.what, columns.server, columns.rule]}>
      {rows.map((row) => (
        <Table.Tr key={row.seq}>
          <Table.Td>
            <When at={row.time} clock />
          </Table.Td>
          <Table.Td>
            <Outcome outcome={row.outcome} />
          </Table.Td>
          <Table.Td>
            <Anchor size="sm" ff="monospace" component={Link} to={`/decisions/${row.seq}` as never}>
              <Name text={row.subject ?? row.method ?? ''} />
            </Anchor>
          </Table.Td>
          <Table.Td>{row.server !== null && <Name text={serverName(row.server)} />}</Table.Td>
          <Table.Td>{row.rule !== undefined && <Name text={row.rule} />}</Table.Td>
        </Table.Tr>
      ))}
    </Listing>
  );
}
