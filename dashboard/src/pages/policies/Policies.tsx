// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// All policies.
import { ActionIcon, Anchor, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { askAgain, grantsQuery, policiesQuery } from '../../api/queries';
import { useMay } from '../../api/session';
import { Name } from '../../parts/Plain';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { Sheet } from '../../parts/Sheet';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { removePolicy, type Policy } from './data';

const said = words.policies;

function Remove({ policy, close }: { policy: Policy; close: () => void }) {
  const remove = useMutation({
    mutationFn: () => removePolicy(policy),
    onSuccess: () => {
      void askAgain(['policies']);
      close();
    },
  });
  return (
    <Sheet opened close={close} title={said.removeTitle}>
      <Stack>
        <Text size="sm">{said.removeMore(policy.name)}</Text>
        {remove.error !== null && <Trouble error={remove.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {said.cancel}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {said.removeDo}
          </Button>
        </Group>
      </Stack>
    </Sheet>
  );
}

function Row({ policy, used, remove }: { policy: Policy; used: number | undefined; remove: (() => void) | undefined }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Anchor renderRoot={(props) => <Link to="/policies/$id" params={{ id: policy.id }} {...props} />}>
          <bdi>{policy.name}</bdi>
        </Anchor>
      </Table.Th>
      <Table.Td maw={360}>
        <Text size="sm" truncate c="dimmed">
          <Name text={policy.note} />
        </Text>
      </Table.Td>
      <Table.Td>{policy.latest}</Table.Td>
      <Table.Td>{used === undefined ? '' : said.usedBy(used)}</Table.Td>
      <Table.Td>
        <When at={policy.changed_at} />
      </Table.Td>
      {remove !== undefined && (
        <Table.Td ta="right">
          <ActionIcon variant="subtle" color="gray" aria-label={said.remove(policy.name)} onClick={remove}>
            <IconTrash size={16} />
          </ActionIcon>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function AddButton() {
  return (
    <Button leftSection={<IconPlus size={16} />} renderRoot={(props) => <Link to="/policies/new" {...props} />}>
      {said.add}
    </Button>
  );
}

export function Policies() {
  const query = useQuery(policiesQuery);
  const grants = useQuery(grantsQuery);
  const may = useMay('policy_manager');
  const [gone, setGone] = useState<Policy>();
  const used = (policy: Policy) =>
    grants.data?.items.filter((grant) => grant.servers.some((server) => server.policy === policy.id || server.policy === policy.name))
      .length;
  const { columns } = said;
  const heads = [columns.name, columns.note, columns.version, columns.used, columns.changed, ...(may ? [columns.actions] : [])];
  return (
    <>
      <PageHead title={said.title}>{may && <AddButton />}</PageHead>
      {query.isPending && <Loading />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data?.items.length === 0 && (
        <Nothing title={said.none} more={said.noneMore}>
          {may && <AddButton />}
        </Nothing>
      )}
      {query.data !== undefined && query.data.items.length > 0 && (
        <Listing label={said.title} heads={heads}>
          {query.data.items.map((policy) => (
            <Row key={policy.id} policy={policy} used={used(policy)} remove={may ? () => setGone(policy) : undefined} />
          ))}
        </Listing>
      )}
      {gone !== undefined && <Remove policy={gone} close={() => setGone(undefined)} />}
    </>
  );
}
