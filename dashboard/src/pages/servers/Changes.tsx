// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Definitions that wait for somebody to look, and what the server's lists had before.
import { Alert, Anchor, Button, Checkbox, Group, Modal, Paper, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { definitionsQuery, judgeDefinitions, type DefinitionState } from '../../api/servers';
import { useMay } from '../../api/session';
import { visible } from '../../parts/unseen';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';
import { DefinitionDiff } from './DefinitionDiff';
import { Past } from './Past';
import type { Place } from './places';

type Head = Schemas['DefinitionHead'];
type Verdict = 'accept' | 'reject';
const { changes } = words.servers;
const STATES: DefinitionState[] = ['waiting', 'accepted', 'rejected'];

interface CardProps {
  place: Place;
  head: Head;
  mayJudge: boolean;
  isChosen: boolean;
  isOpen: boolean;
  choose: (is: boolean) => void;
  open: (is: boolean) => void;
}

function Card({ place, head, mayJudge, isChosen, isOpen, choose, open }: CardProps) {
  const name = visible(head.tool, 60);
  return (
    <Paper p="sm">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        {mayJudge && (
          <Checkbox aria-label={changes.choose(name)} checked={isChosen} onChange={(event) => choose(event.currentTarget.checked)} />
        )}
        <Stack gap={4} flex={1} miw={0}>
          <Group justify="space-between" gap="xs">
            <Text fw={600} ff="monospace">
              <Name text={head.tool} most={120} />
            </Text>
            <Text size="sm" c="dimmed">
              <When at={head.at} /> {head.author !== '' && <Name text={changes.by(head.author)} />}
            </Text>
          </Group>
          {head.note !== '' && (
            <Text size="sm">
              <Name text={head.note} most={500} />
            </Text>
          )}
          <Anchor component="button" type="button" size="sm" ta="left" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
            {isOpen ? changes.hide(name) : changes.look(name)}
          </Anchor>
          {isOpen && <DefinitionDiff id={place.id} fingerprint={head.fingerprint} />}
        </Stack>
      </Group>
    </Paper>
  );
}

interface JudgingProps {
  place: Place;
  verdict: Verdict;
  heads: Head[];
  close: () => void;
}

function Judging({ place, verdict, heads, close }: JudgingProps) {
  const [note, setNote] = useState('');
  const judge = useMutation({
    mutationFn: () =>
      judgeDefinitions(
        place.id,
        verdict,
        heads.map((head) => head.fingerprint),
        note,
      ),
    onSuccess: () => {
      notifications.show({ message: changes.done[verdict] });
      close();
    },
  });
  const count = formatNumber(heads.length);
  const title = verdict === 'accept' ? changes.acceptSome(heads.length, count) : changes.rejectSome(heads.length, count);
  const isMoved = judge.error instanceof Problem && judge.error.status === 409;
  return (
    <Modal opened onClose={close} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          judge.mutate();
        }}
      >
        <Stack>
          {heads.slice(0, 10).map((head) => (
            <Text key={head.fingerprint} size="sm">
              <Text span inherit ff="monospace">
                <Name text={head.tool} most={80} />
              </Text>{' '}
              <Text span inherit c="dimmed">
                {changes.fingerprint} {head.fingerprint.slice(0, 16)}
              </Text>
            </Text>
          ))}
          {heads.length > 10 && <Text size="sm">{words.stack.more(formatNumber(heads.length - 10))}</Text>}
          <TextInput
            label={changes.note}
            value={note}
            maxLength={500}
            data-autofocus
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {judge.error !== null && (isMoved ? <Alert color="yellow">{changes.moved}</Alert> : <Trouble error={judge.error} />)}
          <Group justify="flex-end">
            <Button type="submit" color={verdict === 'reject' ? 'red' : undefined} loading={judge.isPending}>
              {verdict === 'accept' ? changes.accept : changes.reject}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Heads({ place, heads, state }: { place: Place; heads: Head[]; state: DefinitionState }) {
  const mayJudge = useMay('policy_manager');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [verdict, setVerdict] = useState<Verdict>();
  const { definition } = useSearch({ from: '/servers/$id' });
  const navigate = useNavigate({ from: '/servers/$id' });
  const taken = heads.filter((head) => chosen.has(head.fingerprint));
  const choose = (fingerprint: string, is: boolean) => {
    const next = new Set(chosen);
    if (is) next.add(fingerprint);
    else next.delete(fingerprint);
    setChosen(next);
  };
  const all = taken.length === heads.length;
  return (
    <Stack gap="sm">
      {mayJudge && (
        <Group>
          <Checkbox
            label={changes.chooseAll}
            checked={all}
            indeterminate={!all && taken.length > 0}
            onChange={() => setChosen(all ? new Set() : new Set(heads.map((head) => head.fingerprint)))}
          />
          {state !== 'accepted' && (
            <Button size="xs" disabled={taken.length === 0} onClick={() => setVerdict('accept')}>
              {changes.accept}
            </Button>
          )}
          {state !== 'rejected' && (
            <Button size="xs" variant="default" disabled={taken.length === 0} onClick={() => setVerdict('reject')}>
              {changes.reject}
            </Button>
          )}
        </Group>
      )}
      {heads.map((head) => (
        <Card
          key={head.fingerprint}
          place={place}
          head={head}
          mayJudge={mayJudge}
          isChosen={chosen.has(head.fingerprint)}
          isOpen={definition === head.fingerprint}
          choose={(is) => choose(head.fingerprint, is)}
          open={(is) =>
            void navigate({ search: (before) => ({ ...before, definition: is ? head.fingerprint : undefined }), replace: true })
          }
        />
      ))}
      {verdict !== undefined && <Judging place={place} verdict={verdict} heads={taken} close={() => setVerdict(undefined)} />}
    </Stack>
  );
}

function Pinned({ place }: { place: Place }) {
  const { state = 'waiting' } = useSearch({ from: '/servers/$id' });
  const navigate = useNavigate({ from: '/servers/$id' });
  const query = useQuery(definitionsQuery(place.id, state));
  const heads = query.data?.items;
  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label={changes.state}
        data={STATES.map((value) => ({ value, label: changes.states[value] }))}
        value={state}
        onChange={(value) => void navigate({ search: (before) => ({ ...before, state: value as DefinitionState }), replace: true })}
      />
      {query.isPending && <Loading rows={3} />}
      {heads === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {heads?.length === 0 && <Nothing title={changes.none[state]} {...(place.isPinned ? {} : { more: changes.off })} />}
      {heads !== undefined && heads.length > 0 && <Heads key={state} place={place} heads={heads} state={state} />}
    </Stack>
  );
}

export function Changes({ place }: { place: Place }) {
  return (
    <Stack gap="xl">
      <Pinned place={place} />
      <div>
        <Title order={2} mb="xs">
          {changes.past}
        </Title>
        <Past name={place.name} />
      </div>
    </Stack>
  );
}
