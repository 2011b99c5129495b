// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One version: what differs from another one or from the draft, the document, and the way back to it.
import { Anchor, Button, Group, SegmentedControl, Select, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { Problem } from '../../../api/problem';
import { Name } from '../../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../../parts/states';
import { When } from '../../../parts/When';
import { words } from '../../../words/words';
import { Builder, type BuilderSearch } from '../Builder';
import { versionQuery, type Policy, type Version } from '../data';
import type { Base, Draft } from '../draft';
import { readTree } from '../model/tree';
import { useVerdict } from '../Verdict';
import { Difference } from './Difference';
import { inOrder } from './hunks';
import { RollBack } from './RollBack';

const said = words.policies.versions;
const CHOICES_MOST = 200;

export interface VersionSearch extends BuilderSearch {
  version?: number | undefined;
  /** What it is compared with; the newest without it. */
  against?: number | 'draft' | undefined;
  show?: 'document' | undefined;
}

interface Props {
  policy: Policy;
  number: number;
  draft: string | undefined;
  search: VersionSearch;
  change: (by: VersionSearch) => void;
  /** The text of an older version is the newest now. */
  isBack: (base: Base) => void;
}

/** A draft that nothing changes. */
function useUnchanging(text: string): Draft {
  return useMemo(() => {
    const none = () => {};
    return { tree: readTree(text), canUndo: false, canRedo: false, undo: none, redo: none, edit: none };
  }, [text]);
}

function Document({ text, policy, search, change }: Pick<Props, 'policy' | 'search' | 'change'> & { text: string }) {
  const draft = useUnchanging(text);
  const verdict = useVerdict(text);
  return (
    <Builder draft={draft} policy={policy} verdict={verdict} isReadOnly search={search} change={change}>
      <Text size="sm" c="dimmed">
        {said.readOnly}
      </Text>
    </Builder>
  );
}

const nameOf = (side: number | 'draft'): string => (side === 'draft' ? said.draft : said.number(side));

/** What a version is compared with if nobody said: the newest, and the newest itself with what is not saved, or the one before it. */
function usualOf({ policy, number, draft }: Props): number | 'draft' | undefined {
  if (number !== policy.latest) return policy.latest;
  if (draft !== undefined) return 'draft';
  return number > 1 ? number - 1 : undefined;
}

function Compared(props: Props) {
  const { policy, number, draft, search, change } = props;
  const asked = search.against === 'draft' && draft === undefined ? undefined : search.against;
  const against = asked === number ? undefined : (asked ?? usualOf(props));
  const numbers = Array.from({ length: policy.latest }, (_, index) => policy.latest - index).filter((each) => each !== number);
  const choices = [
    ...(draft === undefined ? [] : [{ value: 'draft', label: said.draft }]),
    ...numbers.map((each) => ({ value: String(each), label: each === policy.latest ? said.newestOf(each) : said.number(each) })),
  ];
  if (against === undefined) return <Text size="sm">{said.only}</Text>;
  const [from, to] = inOrder(number, against);
  return (
    <Stack gap="sm">
      <Select
        label={said.against}
        data={choices}
        value={String(against)}
        allowDeselect={false}
        searchable
        limit={CHOICES_MOST}
        w={{ base: '100%', xs: 260 }}
        onChange={(next) => next !== null && change({ against: next === 'draft' ? 'draft' : Number(next) })}
      />
      <Title order={2}>{said.between(nameOf(from), nameOf(to))}</Title>
      <Difference id={policy.id} from={from} to={to === 'draft' ? (draft ?? '') : to} />
    </Stack>
  );
}

function Head({ policy, version, rollBack }: { policy: Policy; version: Version; rollBack: () => void }) {
  const { head } = version;
  return (
    <Stack gap={4}>
      <Anchor
        component={Link}
        to={'/policies/$id' as never}
        params={{ id: policy.id } as never}
        search={{ tab: 'versions' } as never}
        size="sm"
        w="fit-content"
      >
        <Group component="span" gap={4}>
          <IconArrowLeft size={14} aria-hidden="true" />
          {said.all}
        </Group>
      </Anchor>
      <Group justify="space-between" gap="xs">
        <Title order={2}>{head.number === policy.latest ? said.newestOf(head.number) : said.number(head.number)}</Title>
        {head.number !== policy.latest && (
          <Button variant="default" size="xs" onClick={rollBack}>
            {said.rollBack}
          </Button>
        )}
      </Group>
      <Text size="sm">
        <Name text={head.author} />, <When at={head.created_at} />
      </Text>
      {head.note !== '' && (
        <Text size="sm">
          <Name text={head.note} most={1000} />
        </Text>
      )}
    </Stack>
  );
}

export function OneVersion(props: Props) {
  const { policy, number, search, change, isBack } = props;
  const query = useQuery(versionQuery(policy.id, number));
  const [isAsking, setAsking] = useState(false);
  if (query.isPending) return <Loading rows={8} />;
  if (query.error instanceof Problem && query.error.status === 404)
    return (
      <Nothing title={said.gone}>
        <Anchor component={Link} to={'/policies/$id' as never} params={{ id: policy.id } as never} search={{ tab: 'versions' } as never}>
          {said.all}
        </Anchor>
      </Nothing>
    );
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const show = search.show ?? 'difference';
  return (
    <Stack gap="sm">
      <Head policy={policy} version={query.data} rollBack={() => setAsking(true)} />
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label={said.shows.label}
        data={[
          { value: 'difference', label: said.shows.difference },
          { value: 'document', label: said.shows.document },
        ]}
        value={show}
        onChange={(next) => change({ show: next === 'document' ? 'document' : undefined })}
      />
      {show === 'document' ? <Document text={query.data.text} policy={policy} search={search} change={change} /> : <Compared {...props} />}
      <RollBack
        policy={policy}
        number={number}
        opened={isAsking}
        close={() => setAsking(false)}
        saved={(now) => isBack({ ...now, text: query.data.text })}
      />
    </Stack>
  );
}
