// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a grant is: for a new one, and to change one.
import { Alert, Button, Group, Radio, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';

import type { Schemas } from '../../api/client';
import type { Grant, Reach } from '../../api/grants';
import { Problem } from '../../api/problem';
import { askAgain } from '../../api/queries';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Reaches } from './Reaches';

type Draft = Required<Pick<Schemas['GrantNew'], 'label' | 'tags' | 'mode'>> & { expires: string; servers: Reach[] };

const pad = (value: number): string => String(value).padStart(2, '0');

/** As the browser's field for dates and times has it, in the reader's zone. */
export function localTime(instant: string | null): string {
  if (instant === null) return '';
  const at = new Date(instant);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

const draftOf = (grant: Grant | undefined): Draft => ({
  label: grant?.label ?? '',
  tags: grant?.tags ?? [],
  mode: grant?.mode ?? 'enforce',
  expires: localTime(grant?.expires_at ?? null),
  servers: grant?.servers ?? [],
});

function bodyOf(draft: Draft, grant: Grant | undefined): Schemas['GrantNew'] {
  const kept = grant !== undefined && draft.expires === localTime(grant.expires_at);
  const expires_at = draft.expires === '' ? null : new Date(draft.expires).toISOString();
  return { label: draft.label.trim(), tags: draft.tags, mode: draft.mode, servers: draft.servers, ...(kept ? {} : { expires_at }) };
}

interface Props<T> {
  grant?: Grant;
  save: (body: Schemas['GrantNew']) => Promise<T>;
  done: (saved: T) => void;
  verb: string;
  children?: ReactNode;
}

export function GrantForm<T>({ grant, save, done, verb, children }: Props<T>) {
  const [draft, setDraft] = useState(() => draftOf(grant));
  const saving = useMutation({
    mutationFn: () => save(bodyOf(draft, grant)),
    onSuccess: (saved) => {
      void askAgain(['grants']);
      done(saved);
    },
  });
  const change = (by: Partial<Draft>) => setDraft((old) => ({ ...old, ...by }));
  const problem = saving.error instanceof Problem ? saving.error : undefined;
  const isLost = problem?.status === 412;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <TextInput
            label={words.grants.form.label}
            description={words.grants.form.labelMore}
            required
            data-autofocus
            value={draft.label}
            error={problem?.fault('label')}
            onChange={(event) => change({ label: event.currentTarget.value })}
          />
          <TagsInput
            label={words.grants.form.tags}
            description={words.grants.form.tagsMore}
            value={draft.tags}
            error={problem?.fault('tags')}
            onChange={(tags) => change({ tags })}
          />
        </SimpleGrid>
        <Reaches value={draft.servers} change={(servers) => change({ servers })} />
        {problem?.fault('servers') !== undefined && <Text c="var(--critical)">{problem.fault('servers')}</Text>}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Radio.Group label={words.grants.form.mode} value={draft.mode} onChange={(mode) => change({ mode: mode as Draft['mode'] })}>
            <Stack gap={6} mt={6}>
              <Radio value="enforce" label={words.grants.modes.enforce} description={words.grants.form.enforceMore} />
              <Radio value="observe" label={words.grants.modes.observe} description={words.grants.form.observeMore} />
            </Stack>
          </Radio.Group>
          <TextInput
            type="datetime-local"
            label={words.grants.form.expires}
            description={words.grants.form.expiresMore}
            value={draft.expires}
            error={problem?.fault('expires_at')}
            onChange={(event) => change({ expires: event.currentTarget.value })}
          />
        </SimpleGrid>
        {children}
        {isLost && (
          <Alert color="yellow" role="alert" title={words.grants.form.lost}>
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{words.grants.form.lostMore}</Text>
              <Button variant="default" size="xs" onClick={() => void askAgain(['grants']).then(() => saving.reset())}>
                {words.grants.form.lostTake}
              </Button>
            </Stack>
          </Alert>
        )}
        {saving.error !== null && !isLost && <Trouble error={saving.error} />}
        <Group>
          <Button type="submit" loading={saving.isPending}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
