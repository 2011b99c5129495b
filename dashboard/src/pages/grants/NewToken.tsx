// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A token, this once, and what to write into which client.
import { Alert, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { clientsQuery } from '../../api/grants';
import { Copied } from '../../parts/Copied';
import { Loading, Trouble } from '../../parts/states';
import { words } from '../../words/words';

export function NewToken({ grant, token }: { grant: string; token: string }) {
  return (
    <Stack>
      <Alert color="yellow" variant="light" title={words.grants.tokenOnce}>
        <Copied text={token} label={words.grants.token} />
      </Alert>
      <Clients grant={grant} token={token} />
    </Stack>
  );
}

export function Clients({ grant, token }: { grant: string; token?: string }) {
  const query = useQuery(clientsQuery(grant));
  const [client, setClient] = useState<string>();
  if (query.isPending) return <Loading rows={3} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const { snippets, placeholder } = query.data;
  const shown = snippets.find((one) => one.client === client) ?? snippets[0];
  if (shown === undefined) return null;
  const text = shown.token === 'inline' && token !== undefined ? shown.text.replaceAll(placeholder, token) : shown.text;
  const where = shown.file === '' ? words.grants.run : words.grants.putInto(shown.file);
  return (
    <Stack gap="xs">
      <Select
        label={words.grants.client}
        data={snippets.map((one) => ({ value: one.client, label: one.title }))}
        value={shown.client}
        allowDeselect={false}
        maw={280}
        onChange={(value) => setClient(value ?? undefined)}
      />
      <Text size="sm">{where}</Text>
      <Copied text={text} label={token === undefined ? where : words.grants.ready(where)} />
      {shown.token === 'environment' && <Text size="sm">{words.grants.environment}</Text>}
      {shown.token === 'asked' && <Text size="sm">{words.grants.asked}</Text>}
    </Stack>
  );
}
