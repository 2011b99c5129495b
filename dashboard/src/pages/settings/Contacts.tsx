// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What strangers wrote by the contact form. All of it is theirs: shown as text, never as a link.
import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { contactsQuery, endContact, removeContact, type Contact } from '../../api/administer';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Name, Plain } from '../../parts/Plain';
import { Nothing, Trouble } from '../../parts/states';
import { visible } from '../../parts/unseen';
import { When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';

const { contacts: says } = words.settings;

function Message({ contact, remove }: { contact: Contact; remove: () => void }) {
  const ending = useMutation({ mutationFn: () => endContact(contact) });
  return (
    <Paper p="md" component="article" aria-label={visible(contact.name || contact.email, 80)}>
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Text size="sm">
            <Text span inherit fw={600}>
              <Name text={contact.name} />
            </Text>{' '}
            <Name text={says.from(contact.email)} most={300} />
          </Text>
          <Text size="sm" c="dimmed">
            <When at={contact.created_at} />
          </Text>
        </Group>
        <Text size="sm" component="div">
          <Plain text={contact.text} />
        </Text>
        {ending.error !== null && <Trouble error={ending.error} />}
        <Group gap="xs">
          {contact.done_at === null ? (
            <Button size="xs" loading={ending.isPending} onClick={() => ending.mutate()}>
              {says.done}
            </Button>
          ) : (
            <Text size="sm" c="dimmed">
              <Name text={says.answered(contact.done_by)} most={300} /> <When at={contact.done_at} />
            </Text>
          )}
          <Button size="xs" variant="default" onClick={remove}>
            {says.remove}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

export function Contacts() {
  const query = useQuery(contactsQuery);
  const [asked, setAsked] = useState<Contact>();
  return (
    <Stack>
      <Text c="dimmed" maw={620}>
        {says.more}
      </Text>
      <Items query={query} none={<Nothing title={says.none} more={says.noneMore} />}>
        {(items) => (
          <>
            {items.map((contact) => (
              <Message key={contact.id} contact={contact} remove={() => setAsked(contact)} />
            ))}
            {query.data?.next !== null && <Text c="dimmed">{says.older(formatNumber(items.length))}</Text>}
          </>
        )}
      </Items>
      {asked !== undefined && (
        <Ask
          title={says.removeTitle}
          more={says.removeMore(visible(asked.name || asked.email, 80))}
          button={says.remove}
          act={() => removeContact(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </Stack>
  );
}
