// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A change names the version that it was made of: of two admins the second is told, and loses nothing.
import { Alert, Button, Group, JsonInput, Paper, Stack, Switch, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';

import { changeOrganisation, organisationQuery, type Organisation } from '../../api/administer';
import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { queryClient } from '../../api/queries';
import { Loading, Trouble } from '../../parts/states';
import { useDraft } from '../../parts/useDraft';
import { words } from '../../words/words';

const { organisation: says } = words.settings;

interface Draft {
  title: string;
  commands: boolean;
  logs: boolean;
  rules: string; // of what is left out, as JSON
}

const draftOf = (organisation: Organisation): Draft => ({
  title: organisation.title,
  commands: organisation.commands_allowed,
  logs: organisation.log_arguments !== null,
  rules: JSON.stringify(organisation.log_arguments ?? {}, null, 2),
});

function rulesOf(text: string): Schemas['ArgumentRules'] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schemas['ArgumentRules']) : undefined;
  } catch {
    return undefined;
  }
}

function Form({ organisation }: { organisation: Organisation }) {
  const [draft, set] = useDraft(() => draftOf(organisation));
  const rules = rulesOf(draft.rules);
  const save = useMutation({
    mutationFn: (over: Organisation) =>
      changeOrganisation(over, {
        title: draft.title.trim(),
        commands_allowed: draft.commands,
        log_arguments: draft.logs ? (rules ?? {}) : null,
      }),
    onSuccess: () => notifications.show({ message: says.saved }),
  });
  const isConflict = save.error instanceof Problem && save.error.status === 412;
  const fault = (field: string) => (save.error instanceof Problem ? save.error.fault(field) : undefined);
  const overTheirs = async () => save.mutate(await queryClient.fetchQuery({ ...organisationQuery, staleTime: 0 }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!draft.logs || rules !== undefined) save.mutate(organisation);
      }}
    >
      <Stack>
        <Title order={2}>{says.heading(organisation.name)}</Title>
        <TextInput
          label={says.title}
          description={says.titleHint}
          value={draft.title}
          error={fault('title')}
          onChange={(event) => set({ title: event.currentTarget.value })}
        />
        <Switch
          label={says.commands}
          description={says.commandsHint}
          checked={draft.commands}
          onChange={(event) => set({ commands: event.currentTarget.checked })}
        />
        <Switch
          label={says.logs}
          description={says.logsHint}
          checked={draft.logs}
          onChange={(event) => set({ logs: event.currentTarget.checked })}
        />
        {draft.logs && (
          <JsonInput
            label={says.rules}
            description={says.rulesHint}
            value={draft.rules}
            autosize
            minRows={4}
            maxRows={16}
            error={rules === undefined ? says.rulesWrong : fault('log_arguments')}
            onChange={(text) => set({ rules: text })}
          />
        )}
        {isConflict && (
          <Alert color="yellow" variant="light" role="alert" title={words.servers.form.conflict}>
            <Stack gap="xs" align="flex-start">
              {words.servers.form.conflictMore}
              <Button size="xs" onClick={() => void overTheirs()}>
                {words.servers.form.mine}
              </Button>
            </Stack>
          </Alert>
        )}
        {save.error !== null && !isConflict && <Trouble error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {says.submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function OrganisationForm() {
  const query = useQuery(organisationQuery);
  return (
    <Paper p="md" maw={720}>
      {query.isPending && <Loading />}
      {query.data === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && <Form organisation={query.data} />}
    </Paper>
  );
}
