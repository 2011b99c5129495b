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
import { TabList } from '../../parts/TabList';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { Builder } from './Builder';
import { policyQuery, versionQuery, type Policy, type Version } from './data';
import { useDraft, type Base, type Drafting } from './draft';
import { useSaving } from './Save';
import { useVerdict } from './Verdict';
import type { VersionSearch } from './versions/OneVersion';
import { Versions } from './versions/Versions';

const said = words.policies;

export interface PolicySearch extends VersionSearch {
  tab?: 'versions' | undefined;
}

interface EditProps {
  policy: Policy;
  draft: Drafting;
  search: PolicySearch;
  change: (by: PolicySearch, isStep?: boolean) => void;
}

function Edit({ policy, draft, search, change }: EditProps) {
  const { base, setBase } = draft;
  const { text } = draft.tree;
  const verdict = useVerdict(text);
  const isBad = draft.tree.root === undefined || verdict.state === 'bad';
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

// The draft outlives the change from one tab to the other.
function Tabbed({ policy, version }: { policy: Policy; version: Version }) {
  const search: PolicySearch = useSearch({ from: '/policies/$id' });
  const navigate = useNavigate({ from: '/policies/$id' });
  const draft = useDraft(policy.id, { etag: policy.version, number: version.head.number, text: version.text });
  const { text } = draft.tree;
  const isChanged = text !== draft.base.text;
  const tab = search.tab ?? 'edit';
  const change = (by: PolicySearch, isStep = false) =>
    void navigate({ search: (old) => filled({ ...old, ...by }), replace: !isStep, resetScroll: false });
  const pick = (next: string | null) => void navigate({ search: next === 'versions' ? { tab: 'versions' } : {} });
  const isBack = (base: Base) => {
    if (isChanged) return; // what was written stays, and is told of the newer version
    draft.setBase(base);
    draft.edit(() => base.text);
  };
  return (
    <Tabs value={tab} onChange={pick} keepMounted={false}>
      <TabList value={tab} mb="sm">
        <Tabs.Tab value="edit">{said.tabs.edit}</Tabs.Tab>
        <Tabs.Tab value="versions">{said.tabs.versions}</Tabs.Tab>
      </TabList>
      <Tabs.Panel value="edit">
        <Edit policy={policy} draft={draft} search={search} change={change} />
      </Tabs.Panel>
      <Tabs.Panel value="versions">
        <Versions policy={policy} draft={isChanged ? text : undefined} search={search} change={change} isBack={isBack} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Whole({ policy }: { policy: Policy }) {
  const [number] = useState(policy.latest); // what is edited stays, whatever comes meanwhile
  const query = useQuery(versionQuery(policy.id, number));
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return query.data === undefined ? <Loading rows={10} /> : <Tabbed policy={policy} version={query.data} />;
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
      {policy !== undefined && may && <Whole key={policy.id} policy={policy} />}
    </>
  );
}
