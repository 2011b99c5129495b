// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The calls of the decision log under the text as it is: what this would have changed.
import { Alert, Button, Group, NativeSelect, Paper, Select, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { grantsQuery, serversQuery } from '../../../api/queries';
import { Loading, Trouble } from '../../../parts/states';
import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { useKept } from './kept';
import { PERIODS, playedOf, type Period, type Wanted } from './play';
import { replayQuery, type Played } from './queries';
import { Replayed } from './Replayed';

const said = words.policies.replay;

interface State extends Wanted {
  played: Played | undefined;
  time: number; // when; asking again is another question
}

const FIRST: State = { period: 'week', calls: 'policy', server: '', grant: '', played: undefined, time: 0 };

function Choices({ wanted, change }: { wanted: Wanted; change: (by: Partial<State>) => void }) {
  const servers = useQuery(serversQuery);
  const grants = useQuery(grantsQuery);
  const periods = (Object.keys(PERIODS) as Period[]).map((value) => ({ value, label: said.periods[value] }));
  const whiches = (['policy', 'all'] as const).map((value) => ({ value, label: said.whiches[value] }));
  const labels = [...new Set((grants.data?.items ?? []).map((grant) => grant.label))];
  const names = [...new Set((servers.data?.items ?? []).map((server) => server.name))];
  const pick = (label: string, data: string[], value: string, set: (next: string) => void) => (
    <Select
      label={label}
      placeholder={said.any}
      data={data}
      value={value || null}
      searchable
      clearable
      onChange={(next) => set(next ?? '')}
    />
  );
  return (
    <Group gap="xs" align="flex-end" grow preventGrowOverflow={false}>
      <NativeSelect
        label={said.period}
        data={periods}
        value={wanted.period}
        onChange={(event) => change({ period: event.currentTarget.value as Period })}
      />
      <NativeSelect
        label={said.which}
        data={whiches}
        value={wanted.calls}
        onChange={(event) => change({ calls: event.currentTarget.value as Wanted['calls'] })}
      />
      {pick(said.server, names, wanted.server, (server) => change({ server }))}
      {pick(said.grant, labels, wanted.grant, (grant) => change({ grant }))}
    </Group>
  );
}

export function Replay({ policy, isBad }: { policy: { id: string }; isBad: boolean }) {
  const { tree } = useEditing();
  const [state, change] = useKept<State>(`replay ${policy.id}`, FIRST);
  const { played, time } = state;
  const query = useQuery(replayQuery(policy.id, played, time));
  const play = () => {
    const now = Date.now();
    change({ played: playedOf(state, tree.text, now), time: now });
  };
  const isOld = played !== undefined && played.document !== tree.text;
  return (
    <Stack gap="md">
      <Paper p="sm" component="section" aria-label={said.title}>
        <Title order={2}>{said.title}</Title>
        <Text size="xs" c="dimmed" mb="xs">
          {said.more}
        </Text>
        <Choices wanted={state} change={change} />
        <Group mt="sm" gap="sm">
          <Button onClick={play} disabled={isBad} loading={query.isFetching}>
            {played === undefined ? said.play : said.again}
          </Button>
          {isBad && <Text size="sm">{said.mistakes}</Text>}
        </Group>
      </Paper>
      <Paper p="sm" component="section" aria-label={said.title2}>
        <Title order={2} mb="xs">
          {said.title2}
        </Title>
        {isOld && query.data !== undefined && (
          <Alert color="gray" variant="light" mb="xs" py="xs">
            {said.changed}
          </Alert>
        )}
        {played === undefined && <Text size="sm">{said.begin}</Text>}
        {query.isFetching && (
          <>
            <Text size="sm" role="status" mb="xs">
              {said.playing}
            </Text>
            <Loading rows={4} />
          </>
        )}
        {query.error !== null && !query.isFetching && <Trouble error={query.error} retry={() => void query.refetch()} />}
        {query.data !== undefined && !query.isFetching && <Replayed replayed={query.data} />}
      </Paper>
    </Stack>
  );
}
