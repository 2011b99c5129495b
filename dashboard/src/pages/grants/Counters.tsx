// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the limits of a grant stand at, and the calls that it may run without being asked about.
import { Button, Group, Progress, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '../../api/client';
import { limitsQuery, resetLimits, type Grant } from '../../api/grants';
import { askAgain } from '../../api/queries';
import { exceptionsQuery, revokeException } from '../../api/questions';
import { useMay } from '../../api/session';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { Sheet } from '../../parts/Sheet';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, formatSeconds, serverName, words } from '../../words/words';

function Reset({ grant }: { grant: Grant }) {
  const [isOpen, setOpen] = useState(false);
  const resetting = useMutation({
    mutationFn: () => resetLimits(grant.id),
    onSuccess: () => {
      setOpen(false);
      void askAgain(['limits']);
    },
  });
  return (
    <>
      <Button variant="default" size="xs" mt="xs" onClick={() => setOpen(true)}>
        {words.grants.reset}
      </Button>
      <Sheet opened={isOpen} close={() => setOpen(false)} title={words.grants.resetTitle}>
        <Stack>
          <Text size="sm">
            <Name text={grant.label} />: {words.grants.resetMore}
          </Text>
          {resetting.error !== null && <Trouble error={resetting.error} />}
          <Group grow>
            <Button variant="default" data-autofocus onClick={() => setOpen(false)}>
              {words.grants.keep}
            </Button>
            <Button color="danger" loading={resetting.isPending} onClick={() => resetting.mutate()}>
              {words.grants.reset}
            </Button>
          </Group>
        </Stack>
      </Sheet>
    </>
  );
}

export function Counters({ grant }: { grant: Grant }) {
  const query = useQuery(limitsQuery(grant.id));
  const isAdmin = useMay('admin');
  const { counters } = words.grants;
  if (query.isPending) return <Loading rows={2} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (query.data.items.length === 0) return <Text c="dimmed">{words.grants.noLimits}</Text>;
  return (
    <>
      <Listing label={words.grants.limits} heads={[counters.counter, counters.server, counters.window, counters.used, counters.frees]}>
        {query.data.items.map((one, index) => (
          <Table.Tr key={index}>
            <Table.Th scope="row">
              <Name text={one.counter} />
              {one.per !== '' && (
                <Text size="xs" c="dimmed">
                  <Name text={one.per} />
                </Text>
              )}
              {one.scope === 'runaway' && <Text size="xs">{counters.fuse}</Text>}
            </Table.Th>
            <Table.Td>
              <Name text={serverName(one.server)} />
            </Table.Td>
            <Table.Td>{one.window_seconds === null ? counters.month : formatSeconds(one.window_seconds)}</Table.Td>
            <Table.Td>
              {one.used === '' ? counters.full : counters.of(one.used, one.max ?? '')}
              {one.max !== null && (
                <Progress size="sm" value={Math.min(100, (Number(one.used) / Number(one.max)) * 100 || 0)} aria-hidden="true" />
              )}
            </Table.Td>
            <Table.Td>
              <When at={one.frees_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Listing>
      {isAdmin && <Reset grant={grant} />}
    </>
  );
}

function Exception({ one }: { one: Schemas['Exception'] }) {
  const may = useMay('policy_manager');
  const revoking = useMutation({
    mutationFn: () => revokeException(one.id, one.version),
    onSettled: () => askAgain(['exceptions']),
  });
  return (
    <Table.Tr>
      <Table.Th scope="row">
        <Name text={one.tool} />
      </Table.Th>
      <Table.Td>
        <Name text={serverName(one.server_name)} />
      </Table.Td>
      <Table.Td>{words.inbox.uses(one.uses, formatNumber(one.uses), one.most_uses === 0 ? '' : formatNumber(one.most_uses))}</Table.Td>
      <Table.Td>
        <When at={one.expires_at} />
      </Table.Td>
      <Table.Td>
        <Name text={one.author} />
      </Table.Td>
      <Table.Td>
        {one.live && may ? (
          <Button size="compact-xs" variant="outline" color="danger" loading={revoking.isPending} onClick={() => revoking.mutate()}>
            {words.grants.revoke}
          </Button>
        ) : one.live ? (
          words.grants.exceptionLive
        ) : (
          words.grants.exceptionOver
        )}
        {revoking.error !== null && <Trouble error={revoking.error} />}
      </Table.Td>
    </Table.Tr>
  );
}

export function Exceptions({ grant }: { grant: string }) {
  const query = useQuery(exceptionsQuery(grant));
  const { exceptionHeads: heads } = words.grants;
  if (query.isPending) return <Loading rows={2} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (query.data.items.length === 0) return <Text c="dimmed">{words.grants.noExceptions}</Text>;
  return (
    <Listing label={words.grants.exceptions} heads={[heads.tool, heads.server, heads.uses, heads.until, heads.author, heads.state]}>
      {query.data.items.map((one) => (
        <Exception key={one.id} one={one} />
      ))}
    </Listing>
  );
}
