// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A change names the version that it was made of: of two editors the second is told.
import { Alert, Button, Group, JsonInput, Select, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Problem } from '../../api/problem';
import { queryClient } from '../../api/queries';
import { changeServer, serverQuery, type Server } from '../../api/servers';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { changeOf, formOf, isChanged, type Form } from './edited';

const { form: says, facts } = words.servers;

interface FieldsProps {
  form: Form;
  transport: Server['transport'];
  fault: (field: string) => string | undefined;
  set: (change: Partial<Form>) => void;
}

function Fields({ form, transport, fault, set }: FieldsProps) {
  const options = <K extends string>(labels: Record<K, string>) =>
    Object.entries(labels).map(([value, label]) => ({ value, label: String(label) }));
  return (
    <>
      <TextInput
        label={says.name}
        description={says.nameHint}
        value={form.name}
        maxLength={64}
        error={fault('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      {transport === 'stdio' ? (
        <TextInput
          label={says.command}
          description={says.commandHint}
          value={form.where}
          error={fault('command')}
          onChange={(event) => set({ where: event.currentTarget.value })}
        />
      ) : (
        <TextInput
          label={says.url}
          value={form.where}
          error={fault('url')}
          onChange={(event) => set({ where: event.currentTarget.value })}
        />
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label={says.pinning}
          data={options(facts.pinnings)}
          value={form.pinning}
          allowDeselect={false}
          onChange={(value) => set({ pinning: (value ?? 'off') as Form['pinning'] })}
        />
        <Select
          label={says.era}
          data={options(says.eras)}
          value={form.era}
          allowDeselect={false}
          onChange={(value) => set({ era: (value ?? 'auto') as Form['era'] })}
        />
      </SimpleGrid>
      <JsonInput
        label={says.other}
        description={says.otherHint}
        value={form.other}
        autosize
        minRows={2}
        maxRows={12}
        error={fault('settings')}
        onChange={(other) => set({ other })}
      />
      <Switch label={says.disabled} checked={form.disabled} onChange={(event) => set({ disabled: event.currentTarget.checked })} />
    </>
  );
}

export function Edit({ server }: { server: Server }) {
  const [base, setBase] = useState(server); // what the form was made of
  const [form, setForm] = useState(() => formOf(server));
  const change = changeOf(form, base);
  const save = useMutation({
    mutationFn: (over: Server) => changeServer(over, change.kind === 'good' ? change.change : {}),
    onSuccess: async () => {
      const fresh = await queryClient.fetchQuery({ ...serverQuery(server.id), staleTime: 0 });
      setBase(fresh);
      setForm(formOf(fresh));
      notifications.show({ message: says.saved });
    },
  });
  const isConflict = save.error instanceof Problem && save.error.status === 412;
  const fault = (field: string): string | undefined => {
    if (change.kind === 'wrong' && change.field === field) return change.field === 'command' ? says.commandWrong : says.otherWrong;
    return save.error instanceof Problem ? save.error.fault(field) : undefined;
  };
  const afresh = () => queryClient.fetchQuery({ ...serverQuery(server.id), staleTime: 0 });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (change.kind === 'good') save.mutate(base);
      }}
    >
      <Stack>
        <Fields form={form} transport={server.transport} fault={fault} set={(part) => setForm({ ...form, ...part })} />
        {isConflict && (
          <Alert color="yellow" variant="light" role="alert" title={says.conflict}>
            <Stack gap="xs">
              {says.conflictMore}
              <Group>
                <Button size="xs" onClick={() => void afresh().then((fresh) => save.mutate(fresh))}>
                  {says.mine}
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() =>
                    void afresh().then((fresh) => {
                      setBase(fresh);
                      setForm(formOf(fresh));
                      save.reset();
                    })
                  }
                >
                  {says.theirs}
                </Button>
              </Group>
            </Stack>
          </Alert>
        )}
        {save.error !== null && !isConflict && <Trouble error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!isChanged(form, base)}>
            {says.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
