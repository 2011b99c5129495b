// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What an admin wants to know of the records that the gateway keeps: that they are whole, and how long they are
// kept.
import { Paper, Stack, Text, Title } from '@mantine/core';

import { Copied } from '../../parts/Copied';
import { words } from '../../words/words';
import { Proofs } from './Proofs';

const { kept, keys } = words.settings.keeping;

/** What is done at the gateway's machine. */
function ByCommand({ says }: { says: typeof kept | typeof keys }) {
  return (
    <Paper p="md">
      <Stack gap="sm">
        <Title order={2}>{says.title}</Title>
        <Text size="sm">{says.more}</Text>
        <Copied text={says.commandText} label={says.command} />
      </Stack>
    </Paper>
  );
}

export function Keeping() {
  return (
    <Stack maw={860}>
      <Proofs />
      <ByCommand says={kept} />
      <ByCommand says={keys} />
    </Stack>
  );
}
