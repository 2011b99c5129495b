// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What can be done with a grant. What ends something asks first, and names it.
import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { changeGrant, removeGrant, revokeGrant, rotateGrant, type Grant, type GrantState } from '../../api/grants';
import { askAgain } from '../../api/queries';
import { useMay } from '../../api/session';
import { Name } from '../../parts/Plain';
import { Sheet } from '../../parts/Sheet';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { GrantForm } from './GrantForm';
import { NewToken } from './NewToken';

const OVERLAPS = ['0', '3600', '86400', '604800'] as const;

interface Props {
  grant: Grant;
  close: () => void;
}

function Rotate({ grant, close }: Props) {
  const [overlap, setOverlap] = useState<string>('0');
  const rotating = useMutation({
    mutationFn: () => rotateGrant(grant, Number(overlap)),
    onSuccess: () => askAgain(['grants']),
  });
  if (rotating.data !== undefined)
    return (
      <Stack>
        <NewToken grant={grant.id} token={rotating.data.token ?? ''} />
        <Button onClick={close}>{words.grants.taken}</Button>
      </Stack>
    );
  return (
    <Stack>
      <Text size="sm">{words.grants.rotateMore}</Text>
      <Select
        label={words.grants.overlap}
        data={OVERLAPS.map((value) => ({ value, label: words.grants.overlaps[value] }))}
        value={overlap}
        allowDeselect={false}
        onChange={(value) => setOverlap(value ?? '0')}
      />
      {rotating.error !== null && <Trouble error={rotating.error} />}
      <Button loading={rotating.isPending} onClick={() => rotating.mutate()}>
        {words.grants.rotate}
      </Button>
    </Stack>
  );
}

function Ending({ grant, close, isRemoval }: Props & { isRemoval: boolean }) {
  const navigate = useNavigate();
  const ending = useMutation({
    mutationFn: async () => void (isRemoval ? await removeGrant(grant) : await revokeGrant(grant)),
    onSuccess: async () => {
      close();
      if (isRemoval) await navigate({ to: '/grants' });
      await askAgain(['grants']);
    },
  });
  return (
    <Stack>
      <Text size="sm">
        <Name text={grant.label} />: {isRemoval ? words.grants.removeMore : words.grants.revokeMore}
      </Text>
      {ending.error !== null && <Trouble error={ending.error} />}
      <Group grow>
        <Button variant="default" onClick={close} data-autofocus>
          {words.grants.keep}
        </Button>
        <Button color="danger" loading={ending.isPending} onClick={() => ending.mutate()}>
          {isRemoval ? words.grants.remove : words.grants.revoke}
        </Button>
      </Group>
    </Stack>
  );
}

type What = 'edit' | 'rotate' | 'revoke' | 'remove';

export function Actions({ grant, state }: { grant: Grant; state: GrantState }) {
  const may = useMay('admin');
  const [what, setWhat] = useState<What>();
  const close = () => setWhat(undefined);
  if (!may) return null;
  const titles: Record<What, string> = {
    edit: words.grants.edit,
    rotate: words.grants.rotateTitle,
    revoke: words.grants.revokeTitle,
    remove: words.grants.removeTitle,
  };
  const button = (name: What, label: string, color?: string) => (
    <Button size="xs" variant={color === undefined ? 'default' : 'outline'} {...(color && { color })} onClick={() => setWhat(name)}>
      {label}
    </Button>
  );
  return (
    <>
      {state !== 'revoked' && button('edit', words.grants.edit)}
      {state !== 'revoked' && button('rotate', words.grants.rotate)}
      {state === 'revoked' ? button('remove', words.grants.remove, 'danger') : button('revoke', words.grants.revoke, 'danger')}
      <Sheet
        opened={what !== undefined}
        close={close}
        title={what === undefined ? '' : titles[what]}
        side={what === 'edit' || what === 'rotate'}
      >
        {what === 'edit' && <GrantForm grant={grant} save={(body) => changeGrant(grant, body)} done={close} verb={words.grants.save} />}
        {what === 'rotate' && <Rotate grant={grant} close={close} />}
        {(what === 'revoke' || what === 'remove') && <Ending grant={grant} close={close} isRemoval={what === 'remove'} />}
      </Sheet>
    </>
  );
}
