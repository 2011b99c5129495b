// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Paper, Stack } from '@mantine/core';

import type { Server } from '../../api/servers';
import { Credentials } from './Credentials';
import { Edit } from './Edit';
import { Oauth } from './Oauth';
import { Remove } from './Remove';

export function Settings({ server }: { server: Server }) {
  return (
    <Stack maw={720}>
      <Paper p="md">
        <Edit server={server} />
      </Paper>
      <Paper p="md">
        <Credentials server={server} />
      </Paper>
      {server.transport !== 'stdio' && (
        <Paper p="md">
          <Oauth server={server} />
        </Paper>
      )}
      <Paper p="md">
        <Remove server={server} />
      </Paper>
    </Stack>
  );
}
