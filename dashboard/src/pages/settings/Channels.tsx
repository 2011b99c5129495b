// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { channelsQuery, removeChannel, testChannel, type Channel } from '../../api/administer';
import { Ask } from '../../parts/Ask';
import { Items } from '../../parts/Items';
import { Listing } from '../../parts/Listing';
import { Name } from '../../parts/Plain';
import { RowActions } from '../../parts/RowActions';
import { Nothing, sentence } from '../../parts/states';
import { words } from '../../words/words';
import { ChannelForm } from './ChannelForm';

const { channels: says } = words.settings;

function Tested({ channel }: { channel: Channel }) {
  const run = useMutation({ mutationFn: () => testChannel(channel) });
  const good = run.data?.delivered === true;
  return (
    <Stack gap={4} align="flex-start">
      <Button size="xs" variant="default" loading={run.isPending} onClick={() => run.mutate()} aria-label={says.testOf(channel.name)}>
        {says.test}
      </Button>
      {(run.data !== undefined || run.error !== null) && (
        <Alert color={good ? 'accent' : 'red'} variant="light" p="xs" role="status">
          <Name text={run.data?.text ?? sentence(run.error)} most={400} />
        </Alert>
      )}
    </Stack>
  );
}

function Row({ channel, edit, remove }: { channel: Channel; edit: () => void; remove: () => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={600}>
        <Group gap="xs">
          <Name text={channel.name} />
          {channel.disabled && (
            <Badge size="sm" color="gray" variant="light">
              {says.disabled}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed" fw={400}>
          {says.kinds[channel.kind]}
        </Text>
      </Table.Th>
      <Table.Td maw={280}>
        <Text size="sm">
          <Name text={channel.url ?? (channel.to ?? []).join(', ')} />
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{channel.events.map((event) => says.events[event] ?? event).join(', ')}</Text>
      </Table.Td>
      <Table.Td>
        <Tested channel={channel} />
      </Table.Td>
      <RowActions edit={{ label: says.edit(channel.name), act: edit }} remove={{ label: says.remove(channel.name), act: remove }} />
    </Table.Tr>
  );
}

export function Channels() {
  const query = useQuery(channelsQuery);
  const [edited, setEdited] = useState<Channel | 'new'>();
  const [asked, setAsked] = useState<Channel>();
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
          <Listing label={says.title} heads={[says.name, says.where, says.about, says.test, '']} minWidth={760}>
            {items.map((channel) => (
              <Row key={channel.id} channel={channel} edit={() => setEdited(channel)} remove={() => setAsked(channel)} />
            ))}
          </Listing>
        )}
      </Items>
      {edited !== undefined && <ChannelForm channel={edited === 'new' ? undefined : edited} close={() => setEdited(undefined)} />}
      {asked !== undefined && (
        <Ask
          title={says.removeTitle}
          more={says.removeMore(asked.name)}
          button={says.removeButton}
          act={() => removeChannel(asked)}
          close={() => setAsked(undefined)}
        />
      )}
    </Stack>
  );
}
