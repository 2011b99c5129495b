// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Anchor, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { mintGrant, type Minted } from '../../api/grants';
import { useMay, useSession } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Nothing } from '../../parts/states';
import { words } from '../../words/words';
import { GrantForm } from './GrantForm';
import { NewToken } from './NewToken';

function Made({ grant }: { grant: Minted }) {
  return (
    <Paper p="md">
      <Stack>
        <Text fw={600}>
          {words.grants.made} <Name text={grant.label} />
        </Text>
        <NewToken grant={grant.id} token={grant.token ?? ''} />
        <Group>
          <Button renderRoot={(props) => <Link to="/grants/$id" params={{ id: grant.id }} {...props} />}>{words.grants.toGrant}</Button>
        </Group>
      </Stack>
    </Paper>
  );
}

export function NewGrant() {
  const may = useMay('admin');
  const { role } = useSession();
  const [made, setMade] = useState<Minted>();
  return (
    <>
      <PageHead title={words.grants.mint}>
        <Anchor component={Link} to="/grants" size="sm">
          {words.grants.all}
        </Anchor>
      </PageHead>
      {!may && <Nothing title={words.trouble.forbidden(words.account.roles[role])} />}
      {may && made !== undefined && <Made grant={made} />}
      {may && made === undefined && (
        <Paper p="md">
          <GrantForm save={mintGrant} done={setMade} verb={words.grants.mint} />
        </Paper>
      )}
    </>
  );
}
