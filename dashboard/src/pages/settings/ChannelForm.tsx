// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Checkbox, SegmentedControl, Stack, Switch, TagsInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { addChannel, changeChannel, type Channel, type ChannelEvent } from '../../api/administer';
import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { FormDialog } from '../../parts/FormDialog';
import { Once } from '../../parts/Once';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { channels: says } = words.settings;
const EVENTS = Object.keys(says.events) as ChannelEvent[];
const KINDS = (Object.keys(says.kinds) as Channel['kind'][]).map((value) => ({ value, label: says.kinds[value] }));
const ADDRESSES_MOST = 20;

interface Draft {
  name: string;
  kind: Channel['kind'];
  url: string;
  to: string[];
  events: ChannelEvent[];
  shows: boolean;
  isOn: boolean;
}

const draftOf = (channel: Channel | undefined): Draft => ({
  name: channel?.name ?? '',
  kind: channel?.kind ?? 'webhook',
  url: channel?.url ?? '',
  to: channel?.to ?? [],
  events: channel?.events ?? EVENTS,
  shows: channel?.arguments ?? false,
  isOn: channel?.disabled !== true,
});

function bodyOf(draft: Draft): Schemas['ChannelChange'] & { name: string } {
  const where = draft.kind === 'webhook' ? { url: draft.url.trim() } : { to: draft.to };
  return { name: draft.name.trim(), events: draft.events, arguments: draft.shows, disabled: !draft.isOn, ...where };
}

interface FieldsProps {
  draft: Draft;
  isNew: boolean;
  set: (change: Partial<Draft>) => void;
  fault: (field: string) => string | undefined;
}

function Fields({ draft, isNew, set, fault }: FieldsProps) {
  return (
    <>
      <TextInput
        label={says.name}
        description={says.nameHint}
        required
        data-autofocus
        maxLength={64}
        value={draft.name}
        error={fault('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {isNew && (
        <SegmentedControl
          aria-label={says.kind}
          data={KINDS}
          value={draft.kind}
          onChange={(kind) => set({ kind: kind as Draft['kind'] })}
        />
      )}
      {draft.kind === 'webhook' ? (
        <TextInput
          label={says.url}
          description={says.urlHint}
          required
          value={draft.url}
          error={fault('url')}
          onChange={(event) => set({ url: event.currentTarget.value })}
        />
      ) : (
        <TagsInput
          label={says.to}
          description={says.toHint}
          maxTags={ADDRESSES_MOST}
          value={draft.to}
          error={fault('to')}
          onChange={(to) => set({ to })}
        />
      )}
      <Checkbox.Group
        label={says.about}
        value={draft.events}
        error={fault('events')}
        onChange={(events) => set({ events: events as ChannelEvent[] })}
      >
        <Stack gap={6} mt={6}>
          {EVENTS.map((event) => (
            <Checkbox key={event} value={event} label={says.events[event]} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Switch
        label={says.shows}
        description={says.showsHint}
        checked={draft.shows}
        onChange={(event) => set({ shows: event.currentTarget.checked })}
      />
      <Switch label={says.isOn} checked={draft.isOn} onChange={(event) => set({ isOn: event.currentTarget.checked })} />
    </>
  );
}

export function ChannelForm({ channel, close }: { channel: Channel | undefined; close: () => void }) {
  const [draft, set] = useDraft(() => draftOf(channel));
  const save = useMutation({
    mutationFn: async (): Promise<string | undefined> => {
      if (channel !== undefined) await changeChannel(channel, bodyOf(draft));
      else return (await addChannel({ ...bodyOf(draft), kind: draft.kind })).secret;
      return undefined;
    },
    onSuccess: (secret) => secret === undefined && close(),
  });
  const fault = (field: string) => (save.error instanceof Problem ? save.error.fault(field) : undefined);
  const isUsable = draft.events.length > 0 && (draft.kind === 'webhook' ? draft.url.trim() !== '' : draft.to.length > 0);
  return (
    <FormDialog
      title={channel === undefined ? says.add : says.edit(channel.name)}
      close={close}
      submit={says.save}
      save={save}
      isUsable={isUsable}
      once={save.data !== undefined ? <Once title={says.secret} text={save.data} label={says.secret} more={says.secretMore} /> : undefined}
    >
      <Fields draft={draft} isNew={channel === undefined} set={set} fault={fault} />
    </FormDialog>
  );
}
