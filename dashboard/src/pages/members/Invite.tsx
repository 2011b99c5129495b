// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { invite } from '../../api/administer';
import { Problem } from '../../api/problem';
import type { Role } from '../../api/session';
import { FormDialog } from '../../parts/FormDialog';
import { Once } from '../../parts/Once';
import { RoleSelect } from '../../parts/RoleSelect';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { invite: says } = words.members;

const linkOf = (token: string): string => `${location.origin}/invitation#${token}`;

export function Invite({ close }: { close: () => void }) {
  const [draft, set] = useDraft<{ email: string; role: Role }>({ email: '', role: 'viewer' });
  const make = useMutation({ mutationFn: () => invite({ email: draft.email.trim(), role: draft.role }) });
  const fault = make.error instanceof Problem ? make.error.fault('email') : undefined;
  return (
    <FormDialog
      title={says.title}
      close={close}
      submit={says.submit}
      save={make}
      isToldAtField={fault !== undefined}
      once={
        make.data?.token !== undefined ? (
          <Once title={says.made(make.data.email)} more={says.madeMore} text={linkOf(make.data.token)} label={says.link} />
        ) : undefined
      }
    >
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
    </FormDialog>
  );
}
