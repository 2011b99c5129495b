// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Button, Group, PasswordInput, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '../../api/client';
import { grantsQuery } from '../../api/queries';
import { credentialsQuery, removeCredential, setCredential, type Server } from '../../api/servers';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Ask } from '../../parts/Ask';

type Credential = Schemas['Credential'];
const { credentials: says, columns } = words.servers;

function Row({ credential, remove }: { credential: Credential; remove: () => void }) {
  const grants = useQuery(grantsQuery).data?.items;
  const grant = grants?.find((item) => item.id === credential.grant)?.label ?? credential.grant;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Name text={credential.name} />
        {credential.grant !== '' && (
          <Text size="sm" c="dimmed">
            <Name text={says.ofGrant(grant)} />
          </Text>
        )}
      </Table.Th>
      <Table.Td>{says.places[credential.place]}</Table.Td>
      <Table.Td>
        <When at={credential.changed_at} />
      </Table.Td>
      <Table.Td>
        <ActionIcon variant="subtle" color="red" aria-label={says.remove(credential.name)} onClick={remove}>
          <IconTrash size={16} aria-hidden="true" />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}

/** Adds one, or replaces the one of the same name. */
export function CredentialForm({ server, done }: { server: Server; done?: () => void }) {
  const place = server.transport === 'stdio' ? 'environment' : 'header';
  const first = place === 'header' ? 'Authorization' : '';
  const [name, setName] = useState(first);
  const [value, setValue] = useState('');
  const save = useMutation({
    mutationFn: () => setCredential(server.id, { place, name: name.trim(), value }),
    onSuccess: () => {
      setValue('');
      notifications.show({ message: says.given });
      done?.();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '' && value !== '') save.mutate();
      }}
    >
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <TextInput label={says.places[place]} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <PasswordInput
            label={says.value}
            value={value}
            flex={1}
            miw={180}
            autoComplete="off"
            {...(place === 'header' ? { placeholder: 'Bearer \u2026' } : {})}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={save.isPending} disabled={name.trim() === '' || value === ''}>
            {says.set}
          </Button>
        </Group>
        {save.error !== null && <Trouble error={save.error} />}
      </Stack>
    </form>
  );
}

export function Credentials({ server }: { server: Server }) {
  const query = useQuery(credentialsQuery(server.id));
  const [asked, setAsked] = useState<Credential>();
  return (
    <Stack>
      <div>
        <Title order={2}>{says.title}</Title>
        <Text size="sm" c="dimmed">
          {says.more}
        </Text>
      </div>
      <Items query={query} rows={2} none={<Text c="dimmed">{says.none}</Text>}>
        {(items) => (
          <Listing label={says.title} heads={[says.name, says.place, columns.changed, says.act]} minWidth={420}>
            {items.map((item) => (
              <Row key={item.id} credential={item} remove={() => setAsked(item)} />
            ))}
          </Listing>
        )}
      </Items>
      <CredentialForm server={server} />
      {asked !== undefined && (
        <Ask
          title={says.removeTitle}
          more={says.removeMore(asked.name)}
          button={says.remove(asked.name)}
          act={() => removeCredential(server.id, asked.id)}
          close={() => setAsked(undefined)}
        />
      )}
    </Stack>
  );
}
