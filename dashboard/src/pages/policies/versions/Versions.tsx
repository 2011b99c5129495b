// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// All versions of a policy, the newest first, or the one that the address names.
import { Anchor, Badge, Button, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { grantsQuery } from '../../../api/queries';
import { Listing } from '../../../parts/Listing';
import { Name } from '../../../parts/Plain';
import { Loading, Trouble } from '../../../parts/states';
import { When } from '../../../parts/When';
import { words } from '../../../words/words';
import type { Policy, VersionHead } from '../data';
import type { Base } from '../draft';
import { historyQuery } from './data';
import { OneVersion, type VersionSearch } from './OneVersion';

const said = words.policies.versions;
const SHOWN_AT_FIRST = 100;

interface Props {
  policy: Policy;
  /** What is written and not saved; undefined: nothing. */
  draft: string | undefined;
  search: VersionSearch;
  change: (by: VersionSearch) => void;
  isBack: (base: Base) => void;
}

/** How many grants stay at each version, whatever comes after it. */
function useBound(policy: Policy): (number: number) => number {
  const grants = useQuery(grantsQuery).data?.items ?? [];
  const reached = grants.flatMap((grant) => (grant.revoked_at === null ? grant.servers : []));
  return (number) => reached.filter((each) => each.policy === policy.id && each.policy_version === number).length;
}

function Row({ policy, head, bound }: { policy: Policy; head: VersionHead; bound: number }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Anchor
          component={Link}
          to={'/policies/$id' as never}
          params={{ id: policy.id } as never}
          search={{ tab: 'versions', version: head.number } as never}
        >
          {said.number(head.number)}
        </Anchor>{' '}
        {head.number === policy.latest && <Badge>{said.newest}</Badge>}
        {bound > 0 && <Badge>{said.bound(bound)}</Badge>}
      </Table.Th>
      <Table.Td>
        <When at={head.created_at} />
      </Table.Td>
      <Table.Td>
        <Name text={head.author} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" c={head.note === '' ? 'dimmed' : undefined}>
          {head.note === '' ? said.noNote : <Name text={head.note} most={300} />}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

function History({ policy }: { policy: Policy }) {
  const query = useQuery(historyQuery(policy.id, policy.latest));
  const bound = useBound(policy);
  const [most, setMost] = useState(SHOWN_AT_FIRST);
  if (query.isPending) return <Loading />;
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const { heads, isWhole } = query.data;
  const { columns } = said;
  return (
    <Stack gap="sm" align="stretch">
      <Listing label={said.list} heads={[columns.number, columns.when, columns.who, columns.note]}>
        {heads.slice(0, most).map((head) => (
          <Row key={head.id} policy={policy} head={head} bound={bound(head.number)} />
        ))}
      </Listing>
      {!isWhole && <Text size="sm">{said.tooMany}</Text>}
      {heads.length > most && (
        <Button variant="default" size="xs" w="fit-content" onClick={() => setMost(most + 500)}>
          {said.more}
        </Button>
      )}
    </Stack>
  );
}

export function Versions(props: Props) {
  const { policy, search } = props;
  return search.version === undefined ? (
    <History policy={policy} />
  ) : (
    <OneVersion key={search.version} {...props} number={search.version} />
  );
}
