// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Table, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { invitationsQuery, takeBack, type Invitation } from '../../api/administer';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { useNow, When } from '../../parts/When';
import { words } from '../../words/words';

const { invitations: says } = words.members;

function stateOf(invitation: Invitation, now: Date): keyof typeof says.states {
  if (invitation.accepted_at !== null) return 'accepted';
  return invitation.expires_at !== null && new Date(invitation.expires_at) <= now ? 'expired' : 'open';
}

function Row({ invitation, remove }: { invitation: Invitation; remove: () => void }) {
  const state = stateOf(invitation, useNow());
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Name text={invitation.email} />
      </Table.Th>
      <Table.Td>{words.account.roles[invitation.role]}</Table.Td>
      <Table.Td>{says.states[state]}</Table.Td>
      <Table.Td>
        <When at={state === 'accepted' ? invitation.accepted_at : invitation.expires_at} />
      </Table.Td>
      <Table.Td>
        {state !== 'accepted' && (
          <ActionIcon variant="subtle" color="red" aria-label={says.takeBack(invitation.email)} onClick={remove}>
            <IconTrash size={16} aria-hidden="true" />
          </ActionIcon>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

export function Invitations() {
  const query = useQuery(invitationsQuery);
  const [asked, setAsked] = useState<Invitation>();
  const { columns } = says;
  return (
    <>
      <Items query={query} rows={2} none={<Text c="dimmed">{says.none}</Text>}>
        {(items) => (
          <Listing label={says.title} heads={[columns.email, columns.role, columns.state, columns.when, '']} minWidth={520}>
            {items.map((invitation) => (
              <Row key={invitation.id} invitation={invitation} remove={() => setAsked(invitation)} />
            ))}
          </Listing>
        )}
      </Items>
      {asked !== undefined && (
        <Ask
          title={says.takeBackTitle}
          more={says.takeBackMore(asked.email)}
          button={says.takeBackButton}
          act={() => takeBack(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
