// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Badge, Button, Group, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash, IconUserPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { changeMember, membersQuery, removeMember, type Member } from '../../api/administer';
import type { Schemas } from '../../api/client';
import { useSession } from '../../api/session';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import { RoleSelect } from '../../parts/RoleSelect';
import { Name } from '../../parts/Plain';
import { visible } from '../../parts/unseen';
import { sentence } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Invitations } from './Invitations';
import { Invite } from './Invite';

const { members: says } = words;

function Row({ member, remove }: { member: Member; remove: () => void }) {
  const isMe = useSession().member === member.id;
  const name = member.name || member.email;
  const change = useMutation({
    mutationFn: (body: Schemas['MemberChange']) => changeMember(member, body),
    onSuccess: () => notifications.show({ message: says.changed(visible(name)) }),
    onError: (error) => notifications.show({ color: 'red', title: words.trouble.title, message: sentence(error) }),
  });
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Group gap="xs">
          <Name text={name} />
          {isMe && (
            <Badge size="sm" variant="light">
              {says.you}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed" fw={400}>
          <Name text={member.email} />
        </Text>
      </Table.Th>
      <Table.Td>
        <RoleSelect
          aria-label={says.roleOf(name)}
          size="xs"
          w={160}
          value={member.role}
          disabled={change.isPending}
          onChange={(role) => role !== member.role && change.mutate({ role })}
        />
      </Table.Td>
      <Table.Td>
        <When at={member.signed_in_at} />
      </Table.Td>
      <Table.Td>
        <Switch
          aria-label={says.mayEnter(name)}
          checked={!member.disabled}
          disabled={change.isPending}
          onChange={(event) => change.mutate({ disabled: !event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <ActionIcon variant="subtle" color="red" aria-label={says.remove(name)} onClick={remove}>
          <IconTrash size={16} aria-hidden="true" />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}

function People() {
  const query = useQuery(membersQuery);
  const [asked, setAsked] = useState<Member>();
  const { columns } = says;
  return (
    <>
      <Items query={query} rows={6} none={null}>
        {(items) => (
          <Listing label={says.title} heads={[columns.name, columns.role, columns.signedIn, columns.active, '']} minWidth={620}>
            {items.map((member) => (
              <Row key={member.id} member={member} remove={() => setAsked(member)} />
            ))}
          </Listing>
        )}
      </Items>
      {asked !== undefined && (
        <Ask
          title={says.removeTitle}
          more={says.removeMore(asked.name || asked.email)}
          button={says.removeButton}
          act={() => removeMember(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

export function Members() {
  const [isInviting, setInviting] = useState(false);
  return (
    <>
      <PageHead title={says.title}>
        <Only least="admin" silent>
          <Button leftSection={<IconUserPlus size={16} aria-hidden="true" />} onClick={() => setInviting(true)}>
            {says.invite.button}
          </Button>
        </Only>
      </PageHead>
      <Only least="admin">
        <Stack gap="lg">
          <People />
          <Stack gap="sm">
            <Title order={2}>{says.invitations.title}</Title>
            <Invitations />
          </Stack>
        </Stack>
        {isInviting && <Invite close={() => setInviting(false)} />}
      </Only>
    </>
  );
}
