// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The gateway's own authorization at a server. A person signs in at the authorization server, in a window of its own.
import { Accordion, Alert, Anchor, Badge, Button, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '../../api/client';
import { authorizationsQuery, beginAuthorization, removeAuthorization, type Server } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { Ask } from '../../parts/Ask';

type Authorization = Schemas['Authorization'];
const { oauth: says } = words.servers;

function One({ item, again, remove }: { item: Authorization; again: () => void; remove: () => void }) {
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <Badge>{says.states[item.state]}</Badge>
        <Text size="sm">
          {says.issuer}: <Name text={item.issuer} />
        </Text>
      </Group>
      {item.scope !== '' && (
        <Text size="sm" c="dimmed">
          {says.scope}: <Name text={item.scope} most={400} />
        </Text>
      )}
      {item.missing_scope !== '' && <Alert color="yellow">{says.missing(item.missing_scope)}</Alert>}
      {item.note !== '' && (
        <Text size="sm">
          <Name text={item.note} most={400} />
        </Text>
      )}
      {item.token_expires_at !== null && (
        <Text size="sm" c="dimmed">
          {says.until} <When at={item.token_expires_at} clock />
        </Text>
      )}
      <Group>
        {item.flow === 'authorization_code' && (
          <Button size="xs" variant="default" onClick={again}>
            {says.again}
          </Button>
        )}
        <Button size="xs" variant="default" onClick={remove}>
          {says.disconnect}
        </Button>
      </Group>
    </Stack>
  );
}

interface OwnClient {
  client_id: string;
  client_secret: string;
  scope: string;
}

function Client({ client, set }: { client: OwnClient; set: (client: OwnClient) => void }) {
  return (
    <Accordion variant="contained">
      <Accordion.Item value="own">
        <Accordion.Control>{says.advanced}</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs">
            <TextInput
              label={says.clientId}
              value={client.client_id}
              onChange={(event) => set({ ...client, client_id: event.currentTarget.value })}
            />
            <PasswordInput
              label={says.clientSecret}
              value={client.client_secret}
              autoComplete="off"
              onChange={(event) => set({ ...client, client_secret: event.currentTarget.value })}
            />
            <TextInput
              label={says.scopes}
              value={client.scope}
              onChange={(event) => set({ ...client, scope: event.currentTarget.value })}
            />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

// Only addresses that a browser opens as a page; what a server names elsewhere is not followed.
const isPage = (address: string): boolean => /^https?:\/\//i.test(address);

/** Begins, shows where to sign in, and sees when it is done. */
export function Connect({ server, isFirst }: { server: Server; isFirst: boolean }) {
  const [client, setClient] = useState<OwnClient>({ client_id: '', client_secret: '', scope: '' });
  const begin = useMutation({
    mutationFn: () => beginAuthorization(server.id, Object.fromEntries(Object.entries(client).filter(([, value]) => value !== ''))),
  });
  const address = begin.data?.authorization_url ?? '';
  return (
    <Stack gap="sm">
      {isFirst && (
        <Group>
          <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
            {says.connect}
          </Button>
        </Group>
      )}
      {isFirst && begin.data === undefined && <Client client={client} set={setClient} />}
      {begin.error !== null && <Trouble error={begin.error} />}
      {isPage(address) && (
        <Alert variant="light" role="status">
          <Stack gap="xs" align="flex-start">
            <Anchor href={address} target="_blank" rel="noopener noreferrer" fw={600}>
              {says.open}
            </Anchor>
            <Text size="sm">{says.opened}</Text>
          </Stack>
        </Alert>
      )}
    </Stack>
  );
}

export function Oauth({ server }: { server: Server }) {
  const query = useQuery({
    ...authorizationsQuery(server.id),
    refetchInterval: (asked) => (asked.state.data?.items.some((item) => item.state === 'needs_sign_in') === true ? 2000 : false),
  });
  const [asked, setAsked] = useState<Authorization>();
  const begin = useMutation({ mutationFn: () => beginAuthorization(server.id, {}) });
  const items = (query.data?.items ?? []).filter((item) => item.grant === '');
  const address = begin.data?.authorization_url ?? '';
  const isWaiting = items.some((item) => item.state === 'needs_sign_in');
  return (
    <Stack>
      <div>
        <Title order={2}>{says.title}</Title>
        <Text size="sm" c="dimmed">
          {says.more}
        </Text>
      </div>
      {query.isPending && <Loading rows={2} />}
      {query.data === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {items.map((item) => (
        <One key={item.id} item={item} again={() => begin.mutate()} remove={() => setAsked(item)} />
      ))}
      {begin.error !== null && <Trouble error={begin.error} />}
      {isPage(address) && (
        <Anchor href={address} target="_blank" rel="noopener noreferrer" fw={600}>
          {says.open}
        </Anchor>
      )}
      {query.data !== undefined && (items.length === 0 || isWaiting) && <Connect server={server} isFirst={items.length === 0} />}
      {asked !== undefined && (
        <Ask
          title={says.disconnectTitle}
          more={says.disconnectMore(asked.issuer)}
          button={says.disconnect}
          act={() => removeAuthorization(server.id, asked.id)}
          close={() => setAsked(undefined)}
        />
      )}
    </Stack>
  );
}
