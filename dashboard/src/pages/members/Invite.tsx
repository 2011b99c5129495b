// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { invite } from '../../api/administer';
import { Problem } from '../../api/problem';
import type { Role } from '../../api/session';
import { Once } from '../../parts/Once';
import { RoleSelect } from '../../parts/RoleSelect';
import { Trouble } from '../../parts/states';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { invite: says } = words.members;

const linkOf = (token: string): string => `${location.origin}/invitation#${token}`;

export function Invite({ close }: { close: () => void }) {
  const [draft, set] = useDraft<{ email: string; role: Role }>({ email: '', role: 'viewer' });
  const make = useMutation({ mutationFn: () => invite({ email: draft.email.trim(), role: draft.role }) });
  const fault = make.error instanceof Problem ? make.error.fault('email') : undefined;
  return (
    <Modal opened onClose={close} title={says.title}>
      {make.data?.token !== undefined ? (
        <Stack>
          <Once title={says.made(make.data.email)} more={says.madeMore} text={linkOf(make.data.token)} label={says.link} />
          <Group justify="flex-end">
            <Button onClick={close}>{words.once.done}</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <Stack>
            <TextInput
              label={says.email}
              type="email"
              required
              data-autofocus
              value={draft.email}
              error={fault}
              onChange={(event) => set({ email: event.currentTarget.value })}
            />
            <RoleSelect label={says.role} description={says.roles[draft.role]} value={draft.role} onChange={(role) => set({ role })} />
            {make.error !== null && fault === undefined && <Trouble error={make.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {words.servers.remove.cancel}
              </Button>
              <Button type="submit" loading={make.isPending}>
                {says.submit}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
