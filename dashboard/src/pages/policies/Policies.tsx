// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// All policies.
import { ActionIcon, Anchor, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { askAgain, grantsQuery, policiesQuery } from '../../api/queries';
import { useMay } from '../../api/session';
import { Find } from '../../parts/Find';
import { Listing } from '../../parts/Listing';
import { PageHead } from '../../parts/PageHead';
import { PartByPart } from '../../parts/PartByPart';
import { Name } from '../../parts/Plain';
import { Sheet } from '../../parts/Sheet';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { byName, words } from '../../words/words';
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
          <Button color="danger" loading={remove.isPending} onClick={() => remove.mutate()}>
            {said.removeDo}
          </Button>
        </Group>
      </Stack>
    </Sheet>
  );
}

// By what a grant names a policy with, its id or its name: each grant once.
function uses(grants: { servers: { policy: string | null }[] }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const grant of grants)
    for (const named of new Set(grant.servers.map((reach) => reach.policy)))
      if (named !== null) counts.set(named, (counts.get(named) ?? 0) + 1);
  return counts;
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

function Rows({ policies, remove }: { policies: readonly Policy[]; remove: ((policy: Policy) => void) | undefined }) {
  const grants = useQuery(grantsQuery).data?.items;
  const used = useMemo(() => grants && uses(grants), [grants]);
  const { columns } = said;
  const heads = [columns.name, columns.note, columns.version, columns.used, columns.changed];
  return (
    <Listing label={said.title} heads={remove === undefined ? heads : [...heads, columns.actions]}>
      {policies.map((policy) => (
        <Row
          key={policy.id}
          policy={policy}
          used={used && (used.get(policy.id) ?? 0) + (used.get(policy.name) ?? 0)}
          remove={remove && (() => remove(policy))}
        />
      ))}
    </Listing>
  );
}

const matches = (policy: Policy, text: string): boolean =>
  policy.name.toLowerCase().includes(text.toLowerCase()) || policy.note.toLowerCase().includes(text.toLowerCase());

function Found({ policies, isCut, remove }: { policies: Policy[]; isCut: boolean; remove: ((policy: Policy) => void) | undefined }) {
  const { text = '' } = useSearch({ from: '/policies' });
  const navigate = useNavigate({ from: '/policies' });
  const found = useMemo(
    () =>
      byName(
        policies.filter((policy) => matches(policy, text)),
        (policy) => policy.name,
      ),
    [policies, text],
  );
  return (
    <Stack gap="sm">
      {policies.length > 5 && (
        <Find label={said.find} text={text} change={(next) => void navigate({ search: { text: next }, replace: true })} />
      )}
      {found.length === 0 && <Nothing title={said.noneFound} />}
      {found.length > 0 && (
        <PartByPart key={text} items={found} isCut={isCut}>
          {(shown) => <Rows policies={shown} remove={remove} />}
        </PartByPart>
      )}
    </Stack>
  );
}

export function Policies() {
  const query = useQuery(policiesQuery);
  const may = useMay('policy_manager');
  const [gone, setGone] = useState<Policy>();
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
        <Found policies={query.data.items} isCut={query.data.isCut} remove={may ? setGone : undefined} />
      )}
      {gone !== undefined && <Remove policy={gone} close={() => setGone(undefined)} />}
    </>
  );
}
