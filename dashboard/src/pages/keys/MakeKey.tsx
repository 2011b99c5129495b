// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Select, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { makeKey } from '../../api/administer';
import { Problem } from '../../api/problem';
import type { Role } from '../../api/session';
import { FormDialog } from '../../parts/FormDialog';
import { Once } from '../../parts/Once';
import { RoleSelect } from '../../parts/RoleSelect';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { make: says } = words.keys;
const DAY_MS = 86_400_000;
const LIFETIMES = Object.entries(says.lifetimes).map(([value, label]) => ({ value, label }));

/** "0": it does not end by itself. */
const expiryOf = (days: string): string | null => (days === '0' ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString());

export function MakeKey({ close }: { close: () => void }) {
  const [draft, set] = useDraft<{ label: string; role: Role; days: string }>({ label: '', role: 'viewer', days: '90' });
  const make = useMutation({
    mutationFn: () => makeKey({ label: draft.label.trim(), role: draft.role, expires_at: expiryOf(draft.days) }),
  });
  const fault = make.error instanceof Problem ? make.error.fault('label') : undefined;
  return (
    <FormDialog
      title={says.title}
      close={close}
      submit={says.submit}
      save={make}
      isToldAtField={fault !== undefined}
      once={
        make.data?.token !== undefined ? <Once title={says.made(make.data.label)} text={make.data.token} label={says.key} /> : undefined
      }
    >
      <TextInput
        label={says.label}
        description={says.labelHint}
        required
        data-autofocus
        maxLength={120}
        value={draft.label}
        error={fault}
        onChange={(event) => set({ label: event.currentTarget.value })}
      />
      <RoleSelect
        label={says.role}
        description={words.members.invite.roles[draft.role]}
        value={draft.role}
        onChange={(role) => set({ role })}
      />
      <Select
        label={says.lifetime}
        data={LIFETIMES}
        value={draft.days}
        allowDeselect={false}
        onChange={(days) => set({ days: days ?? '90' })}
      />
    </FormDialog>
  );
}
