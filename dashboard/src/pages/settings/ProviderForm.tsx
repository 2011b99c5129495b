// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { PasswordInput, SimpleGrid, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { addProvider, changeProvider, type Provider } from '../../api/administer';
import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Role } from '../../api/session';
import { FormDialog } from '../../parts/FormDialog';
import { RoleSelect } from '../../parts/RoleSelect';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { providers: says } = words.settings;

interface Draft {
  name: string;
  title: string;
  issuer: string;
  client: string;
  secret: string; // empty: stays as it is
  domains: string[];
  claim: string;
  value: string;
  role: Role;
  isOn: boolean;
}
type Text = 'name' | 'title' | 'issuer' | 'client' | 'claim' | 'value';

const draftOf = (provider: Provider | undefined): Draft => ({
  name: provider?.name ?? '',
  title: provider?.title ?? '',
  issuer: provider?.issuer ?? '',
  client: provider?.client_id ?? '',
  secret: '',
  domains: provider?.domains ?? [],
  claim: provider?.claim ?? '',
  value: provider?.claim_value ?? '',
  role: provider?.role ?? 'viewer',
  isOn: provider?.disabled !== true,
});

const bodyOf = (draft: Draft): Schemas['ProviderNew'] => ({
  name: draft.name.trim(),
  title: draft.title.trim(),
  issuer: draft.issuer.trim(),
  client_id: draft.client.trim(),
  domains: draft.domains,
  claim: draft.claim.trim(),
  claim_value: draft.value,
  role: draft.role,
  disabled: !draft.isOn,
  ...(draft.secret === '' ? {} : { client_secret: draft.secret }),
});

interface FieldsProps {
  draft: Draft;
  hasSecret: boolean;
  set: (change: Partial<Draft>) => void;
  fault: (field: string) => string | undefined;
}

function Fields({ draft, hasSecret, set, fault }: FieldsProps) {
  const input = (field: Text, wire: string, label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      value={draft[field]}
      error={fault(wire)}
      onChange={(event) => set({ [field]: event.currentTarget.value })}
    />
  );
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {input('name', 'name', says.name)}
        {input('title', 'title', says.shown)}
      </SimpleGrid>
      {input('issuer', 'issuer', says.issuer, says.issuerHint)}
      {input('client', 'client_id', says.client)}
      <PasswordInput
        label={says.secret}
        description={hasSecret ? says.secretStays : says.secretHint}
        autoComplete="off"
        value={draft.secret}
        error={fault('client_secret')}
        onChange={(event) => set({ secret: event.currentTarget.value })}
      />
      <TagsInput
        label={says.domains}
        description={says.domainsHint}
        value={draft.domains}
        error={fault('domains')}
        onChange={(domains) => set({ domains })}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {input('claim', 'claim', says.claim)}
        {input('value', 'claim_value', says.value)}
      </SimpleGrid>
      <RoleSelect label={says.role} description={says.roleHint} value={draft.role} onChange={(role) => set({ role })} />
      <Switch label={says.isOn} checked={draft.isOn} onChange={(event) => set({ isOn: event.currentTarget.checked })} />
    </>
  );
}

export function ProviderForm({ provider, close }: { provider: Provider | undefined; close: () => void }) {
  const [draft, set] = useDraft(() => draftOf(provider));
  const save = useMutation({
    mutationFn: () => (provider === undefined ? addProvider(bodyOf(draft)) : changeProvider(provider, bodyOf(draft))),
    onSuccess: close,
  });
  const fault = (field: string) => (save.error instanceof Problem ? save.error.fault(field) : undefined);
  return (
    <FormDialog
      title={provider === undefined ? says.add : says.edit(provider.name)}
      close={close}
      submit={words.settings.channels.save}
      save={save}
      size="lg"
    >
      <Fields draft={draft} hasSecret={provider?.has_client_secret === true} set={set} fault={fault} />
    </FormDialog>
  );
}
