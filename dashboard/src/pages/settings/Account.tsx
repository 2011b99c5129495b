// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';

import { changePassword } from '../../api/administer';
import { Problem } from '../../api/problem';
import { useSession } from '../../api/session';
import { Trouble } from '../../parts/states';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { account: says } = words.settings;
const LEAST = 12;

export function Account() {
  const session = useSession();
  const [draft, set] = useDraft({ old: '', fresh: '', repeat: '' });
  const save = useMutation({
    mutationFn: () => changePassword({ password: draft.old, new_password: draft.fresh }),
    onSuccess: () => {
      set({ old: '', fresh: '', repeat: '' });
      notifications.show({ message: says.changed });
    },
  });
  const isShort = draft.fresh !== '' && draft.fresh.length < LEAST;
  const differs = draft.repeat !== '' && draft.repeat !== draft.fresh;
  const isReady = draft.old !== '' && draft.fresh.length >= LEAST && draft.repeat === draft.fresh;
  const fault = (field: string) => (save.error instanceof Problem ? save.error.fault(field) : undefined);
  return (
    <Paper p="md" maw={520}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) save.mutate();
        }}
      >
        <Stack>
          <div>
            <Title order={2}>{says.title}</Title>
            <Text size="sm" c="dimmed">
              {session.email} &middot; {words.account.roles[session.role]}
            </Text>
          </div>
          <input type="text" name="username" autoComplete="username" value={session.email} readOnly hidden />
          <PasswordInput
            label={says.old}
            autoComplete="current-password"
            value={draft.old}
            error={fault('password')}
            onChange={(event) => set({ old: event.currentTarget.value })}
          />
          <PasswordInput
            label={says.fresh}
            description={says.freshHint}
            autoComplete="new-password"
            value={draft.fresh}
            error={isShort ? says.short : fault('new_password')}
            onChange={(event) => set({ fresh: event.currentTarget.value })}
          />
          <PasswordInput
            label={says.repeat}
            autoComplete="new-password"
            value={draft.repeat}
            error={differs && says.differs}
            onChange={(event) => set({ repeat: event.currentTarget.value })}
          />
          {save.error !== null && fault('password') === undefined && fault('new_password') === undefined && <Trouble error={save.error} />}
          <Group>
            <Button type="submit" disabled={!isReady} loading={save.isPending}>
              {says.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}
