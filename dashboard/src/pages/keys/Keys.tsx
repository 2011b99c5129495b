// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { keysQuery, membersQuery, revokeKey, type Key } from '../../api/administer';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Nothing } from '../../parts/states';
import { useNow, When } from '../../parts/When';
import { words } from '../../words/words';
import { MakeKey } from './MakeKey';

const { keys: says } = words;

function stateOf(key: Key, now: Date): keyof typeof says.states {
  if (key.revoked_at !== null) return 'revoked';
  return key.expires_at !== null && new Date(key.expires_at) <= now ? 'expired' : 'active';
}

function Row({ item, revoke }: { item: Key; revoke: () => void }) {
  const state = stateOf(item, useNow());
  const members = useQuery(membersQuery).data?.items;
  const author = members?.find((member) => member.id === item.created_by);
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Name text={item.label} />
      </Table.Th>
      <Table.Td>{words.account.roles[item.role]}</Table.Td>
      <Table.Td>{author !== undefined && <Name text={author.name || author.email} />}</Table.Td>
      <Table.Td>
        <When at={item.used_at} />
      </Table.Td>
      <Table.Td>
        <When at={item.expires_at} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" c={state === 'active' ? undefined : 'dimmed'}>
          {says.states[state]}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        {state === 'active' && (
          <Button size="xs" variant="default" onClick={revoke} aria-label={says.revokeOf(item.label)}>
            {says.revoke}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function All() {
  const query = useQuery(keysQuery);
  const [asked, setAsked] = useState<Key>();
  const { columns } = says;
  return (
    <>
      <Items query={query} rows={6} none={<Nothing title={says.none} more={says.noneMore} />}>
        {(items) => (
          <Listing
            label={says.title}
            heads={[columns.label, columns.role, columns.author, columns.used, columns.expires, columns.state, '']}
            minWidth={760}
          >
            {items.map((key) => (
              <Row key={key.id} item={key} revoke={() => setAsked(key)} />
            ))}
          </Listing>
        )}
      </Items>
      {asked !== undefined && (
        <Ask
          title={says.revokeTitle}
          more={says.revokeMore(asked.label)}
          button={says.revoke}
          act={() => revokeKey(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

export function Keys() {
  const [isMaking, setMaking] = useState(false);
  return (
    <>
      <PageHead title={says.title}>
        <Only least="admin" silent>
          <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setMaking(true)}>
            {says.make.button}
          </Button>
        </Only>
      </PageHead>
      <Only least="admin">
        <All />
        {isMaking && <MakeKey close={() => setMaking(false)} />}
      </Only>
    </>
  );
}
