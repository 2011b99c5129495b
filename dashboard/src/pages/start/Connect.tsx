// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What to write into which client, and then the first call as it comes.
import { Alert, Anchor, Button, Group, Loader, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { oneGrantQuery, rotateGrant, type Grant } from '../../api/grants';
import { askAgain } from '../../api/queries';
import { Copied } from '../../parts/Copied';
import { Listing } from '../../parts/Listing';
import { Outcome } from '../../parts/Outcome';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { useLive, type Decision } from '../decisions/live';
import { Clients } from '../grants/NewToken';
import { keepToken, tokenOf } from './token';

function Token({ grant, token, took }: { grant: Grant; token: string | undefined; took: () => void }) {
  const rotate = useMutation({
    mutationFn: () => rotateGrant(grant, 0),
    onSuccess: (fresh) => {
      keepToken(grant.id, fresh.token ?? '');
      void askAgain(['grants']);
      took();
    },
  });
  return (
    <Stack gap="xs">
      <Title order={2}>{words.start.token}</Title>
      {token !== undefined ? (
        <>
          <Copied text={token} label={words.start.token} />
          <Text size="sm" c="dimmed">
            {words.start.tokenOnce}
          </Text>
        </>
      ) : (
        <Group>
          <Text size="sm">{words.start.tokenGone}</Text>
          <Button variant="default" size="xs" loading={rotate.isPending} onClick={() => rotate.mutate()}>
            {words.start.rotate}
          </Button>
        </Group>
      )}
      {rotate.error !== null && <Trouble error={rotate.error} />}
    </Stack>
  );
}

function Row({ row }: { row: Decision }) {
  return (
    <Table.Tr>
      <Table.Td>
        <When at={row.time} clock />
      </Table.Td>
      <Table.Td>
        <Outcome outcome={row.outcome} />
      </Table.Td>
      <Table.Td ff="monospace">
        <Name text={`${row.method ?? ''} ${row.subject ?? ''}`.trim()} most={120} />
      </Table.Td>
      <Table.Td>{row.reason !== undefined && <Name text={row.reason} />}</Table.Td>
    </Table.Tr>
  );
}

function FirstCall({ grant }: { grant: Grant }) {
  // What came before this page was open (after a refresh), and what comes.
  const past = useQuery({
    queryKey: ['decisions', 'of grant', grant.id],
    queryFn: () => got(api.GET('/decisions', { params: { query: { grant: grant.label, limit: 20 } } })),
  });
  const live = useLive({ grant: grant.label }, true);
  const seen = new Set(live.rows.map((row) => row.seq));
  const rows = [...live.rows, ...(past.data?.items ?? []).filter((row) => !seen.has(row.seq))].slice(0, 20);
  const has = rows.length > 0;
  return (
    <Paper p="md">
      <Stack gap="sm">
        <div role="status">
          {has ? (
            <Group gap="xs" c="var(--good)">
              <IconCircleCheck size={20} aria-hidden="true" />
              <Text fw={600}>{words.start.arrived}</Text>
            </Group>
          ) : (
            <Group gap="xs">
              <Loader size="xs" aria-hidden="true" />
              <Text fw={600}>{words.start.waiting}</Text>
            </Group>
          )}
          <Text size="sm" c="dimmed">
            {has ? words.start.arrivedMore : words.start.waitingMore}
          </Text>
        </div>
        {has && (
          <Listing
            label={words.start.calls}
            heads={[
              words.decisions.columns.time,
              words.decisions.columns.outcome,
              words.decisions.columns.what,
              words.decisions.columns.rule,
            ]}
            minWidth={520}
          >
            {rows.map((row) => (
              <Row key={row.seq} row={row} />
            ))}
          </Listing>
        )}
        {has && <Next grant={grant} />}
      </Stack>
    </Paper>
  );
}

function Next({ grant }: { grant: Grant }) {
  const policy = grant.servers.find((reach) => reach.policy !== null)?.policy;
  return (
    <Group gap="lg" aria-label={words.start.next} role="group">
      <Button component={Link} to="/">
        {words.start.done}
      </Button>
      {policy != null && (
        <Anchor component={Link} to={`/policies/${policy}` as never} size="sm">
          {words.start.toPolicy}
        </Anchor>
      )}
      <Anchor component={Link} to={'/stack' as never} search={{ grant: grant.id } as never} size="sm">
        {words.start.toStack}
      </Anchor>
      <Anchor component={Link} to="/decisions" search={{ grant: grant.label } as never} size="sm">
        {words.start.toDecisions}
      </Anchor>
    </Group>
  );
}

export function Connect({ grant: id }: { grant: string }) {
  const query = useQuery(oneGrantQuery(id));
  const [, setTaken] = useState(0);
  const token = tokenOf(id);
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return (
    <Stack>
      <Paper p="md">
        <Stack>
          <Token grant={query.data} token={token} took={() => setTaken((count) => count + 1)} />
          <Clients grant={id} {...(token === undefined ? {} : { token })} />
        </Stack>
      </Paper>
      {query.data.revoked_at !== null && <Alert color="yellow">{words.grants.states.revoked}</Alert>}
      <FirstCall grant={query.data} />
    </Stack>
  );
}
