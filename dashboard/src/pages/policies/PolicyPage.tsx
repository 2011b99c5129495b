// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One policy: its newest version in the builder.
import { Alert, Badge, Button, Group, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { filled } from '../../api/queries';
import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Builder, type BuilderSearch } from './Builder';
import { policyQuery, versionQuery, type Policy, type Version } from './data';
import { useDraft } from './draft';
import { useSaving } from './Save';
import { useVerdict } from './Verdict';

const said = words.policies;

function Edit({ policy, version }: { policy: Policy; version: Version }) {
  const search = useSearch({ from: '/policies/$id' });
  const navigate = useNavigate({ from: '/policies/$id' });
  const draft = useDraft(policy.id, { etag: policy.version, number: version.head.number, text: version.text });
  const { base, setBase } = draft;
  const { text } = draft.tree;
  const verdict = useVerdict(text);
  const isBad = draft.tree.root === undefined || verdict.state === 'bad';
  const change = (by: BuilderSearch) => void navigate({ search: (old) => filled({ ...old, ...by }), replace: true, resetScroll: false });
  const { button, newer } = useSaving({
    policy,
    base,
    text,
    isBad,
    isChanged: text !== base.text,
    saved: (now) => setBase({ ...now, text }),
    take: (theirs) => {
      setBase({ etag: policy.version, number: theirs.head.number, text: theirs.text });
      draft.edit(() => theirs.text);
    },
  });
  return (
    <>
      {newer}
      {draft.isKept && text !== base.text && (
        <Alert color="gray" variant="light" mb="sm" role="status">
          <Group justify="space-between">
            <Text size="sm">{said.draftKept}</Text>
            <Button size="compact-sm" variant="default" onClick={() => draft.edit(() => base.text)}>
              {said.discard}
            </Button>
          </Group>
        </Alert>
      )}
      <Builder draft={draft} policy={policy} verdict={verdict} isReadOnly={false} search={search} change={change}>
        {button}
      </Builder>
    </>
  );
}

function Whole({ policy }: { policy: Policy }) {
  const [number] = useState(policy.latest); // what is edited stays, whatever comes meanwhile
  const query = useQuery(versionQuery(policy.id, number));
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return query.data === undefined ? <Loading rows={10} /> : <Edit policy={policy} version={query.data} />;
}

export function PolicyPage() {
  const { id } = useParams({ from: '/policies/$id' });
  const query = useQuery(policyQuery(id));
  const may = useMay('policy_manager');
  const policy = query.data;
  return (
    <>
      <PageHead title={policy?.name ?? said.title}>
        {policy !== undefined && <Badge variant="light" tt="none">{`v${policy.latest}`}</Badge>}
      </PageHead>
      {query.isPending && <Loading />}
      {query.error !== null && policy === undefined && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {policy !== undefined && !may && <Nothing title={said.mayNot} more={said.mayNotMore} />}
      {policy !== undefined && may && (
        <Tabs value="edit">
          <Tabs.List mb="sm">
            <Tabs.Tab value="edit">{said.tabs.edit}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="edit">
            <Whole key={policy.id} policy={policy} />
          </Tabs.Panel>
        </Tabs>
      )}
    </>
  );
}
