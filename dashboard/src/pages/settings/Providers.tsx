// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { providersQuery, removeProvider, type Provider } from '../../api/administer';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { RowActions } from '../../parts/RowActions';
import { Nothing } from '../../parts/states';
import { words } from '../../words/words';
import { ProviderForm } from './ProviderForm';

const { providers: says } = words.settings;

function Row({ provider, edit, remove }: { provider: Provider; edit: () => void; remove: () => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Group gap="xs">
          <Name text={provider.title || provider.name} />
          {provider.disabled && (
            <Badge size="sm" color="gray" variant="light">
              {words.settings.channels.disabled}
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td maw={300}>
        <Text size="sm">
          <Name text={provider.issuer} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">
          {provider.domains.length > 0 && <Name text={says.fromDomains(provider.domains.join(', '))} />}
          {provider.claim !== '' && <Name text={says.fromClaim(provider.claim, provider.claim_value)} />}
          {provider.domains.length === 0 && provider.claim === '' && says.invited}
        </Text>
      </Table.Td>
      <Table.Td>{words.account.roles[provider.role]}</Table.Td>
      <RowActions edit={{ label: says.edit(provider.name), act: edit }} remove={{ label: says.remove(provider.name), act: remove }} />
    </Table.Tr>
  );
}

export function Providers() {
  const query = useQuery(providersQuery);
  const [edited, setEdited] = useState<Provider | 'new'>();
  const [asked, setAsked] = useState<Provider>();
  return (
    <Stack>
      <Group justify="space-between">
        <Text c="dimmed" maw={620}>
          {says.more}
        </Text>
        <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setEdited('new')}>
          {says.add}
        </Button>
      </Group>
      <Items query={query} none={<Nothing title={says.none} more={says.noneMore} />}>
        {(items) => (
          <Listing label={says.title} heads={[says.name, says.issuer, says.who, says.role, '']} minWidth={760}>
            {items.map((provider) => (
              <Row key={provider.id} provider={provider} edit={() => setEdited(provider)} remove={() => setAsked(provider)} />
            ))}
          </Listing>
        )}
      </Items>
      {edited !== undefined && <ProviderForm provider={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      {asked !== undefined && (
        <Ask
          title={says.removeTitle}
          more={says.removeMore(asked.title || asked.name)}
          button={says.removeButton}
          act={() => removeProvider(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </Stack>
  );
}
