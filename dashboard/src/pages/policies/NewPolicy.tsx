// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A policy that does not exist yet.
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { askAgain, filled } from '../../api/queries';
import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { Nothing, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Builder, type BuilderSearch } from './Builder';
import { addPolicy } from './data';
import { NOTHING, useDraft } from './draft';
import { useVerdict } from './Verdict';

const said = words.policies;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

function New() {
  const search = useSearch({ from: '/policies/new' });
  const navigate = useNavigate({ from: '/policies/new' });
  const [name, setName] = useState('');
  const draft = useDraft('new', NOTHING);
  const verdict = useVerdict(draft.tree.text);
  const save = useMutation({
    mutationFn: () => addPolicy(name, '', draft.tree.text),
    onSuccess: (policy) => {
      draft.edit(() => NOTHING.text);
      void askAgain(['policies']);
      void navigate({ to: '/policies/$id', params: { id: policy.id }, search: (old) => old });
    },
  });
  const isGood = NAME.test(name);
  const change = (by: BuilderSearch, isStep = false) =>
    void navigate({ search: (old) => filled({ ...old, ...by }), replace: !isStep, resetScroll: false });
  return (
    <form onSubmit={(event) => event.preventDefault()}>
      <Stack gap="sm">
        <TextInput
          label={said.name}
          description={said.nameHint}
          value={name}
          maw={420}
          error={name !== '' && !isGood ? said.nameBad : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        {save.error !== null && <Trouble error={save.error} />}
      </Stack>
      <Group mt="md" />
      <Builder draft={draft} verdict={verdict} isReadOnly={false} search={search} change={change}>
        <Button
          onClick={() => save.mutate()}
          disabled={!isGood || verdict.state === 'bad' || draft.tree.root === undefined}
          loading={save.isPending}
        >
          {said.save.create}
        </Button>
      </Builder>
    </form>
  );
}

export function NewPolicy() {
  const may = useMay('policy_manager');
  return (
    <>
      <PageHead title={said.newTitle} />
      {may ? <New /> : <Nothing title={said.mayNot} more={said.mayNotMore} />}
    </>
  );
}
