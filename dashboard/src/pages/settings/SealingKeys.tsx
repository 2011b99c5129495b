// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The keys that secrets are sealed with: how many there are, and a new one, made while the gateway works.
import { Alert, Button, Group, Modal, Paper, Progress, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconKey } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { keepingQuery, renewSealingKey, sealingQuery, type Resealing, type Sealing } from '../../api/keeping';
import { Copied } from '../../parts/Copied';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';

const { keys: says } = words.settings.keeping;

const countOf = (keys: number): string => (keys === 1 ? says.one : says.several(formatNumber(keys)));

function Running({ last: { sealed, left } }: { last: Resealing }) {
  const all = sealed + left;
  return (
    <Stack gap={4}>
      <Progress.Root size="md">
        <Progress.Section value={all === 0 ? 0 : (100 * sealed) / all} aria-label={says.progress} />
      </Progress.Root>
      <Text size="sm">{says.running(formatNumber(sealed), formatNumber(all))}</Text>
    </Stack>
  );
}

function Ended({ last }: { last: Resealing }) {
  const isGood = last.state === 'done';
  const Icon = isGood ? IconCircleCheck : IconAlertTriangle;
  return (
    <Alert
      color={isGood ? 'accent' : 'red'}
      variant="light"
      role={isGood ? 'status' : 'alert'}
      icon={<Icon aria-hidden="true" />}
      title={isGood ? says.done(formatNumber(last.key)) : says.failed}
    >
      <Stack gap={4}>
        {last.text !== null && <Text size="sm">{last.text}</Text>}
        <Text size="sm">{isGood ? says.doneMore : says.failedMore}</Text>
        <Text size="sm">
          {isGood && says.records(last.sealed, formatNumber(last.sealed))} {says.asked} <Name text={last.asked_by.label} />,{' '}
          <When at={last.ended_at ?? last.started_at} />
        </Text>
      </Stack>
    </Alert>
  );
}

function Unfinished() {
  return (
    <Alert color="yellow" variant="light" role="status" icon={<IconAlertTriangle aria-hidden="true" />} title={says.unfinished}>
      <Text size="sm">{says.unfinishedMore}</Text>
    </Alert>
  );
}

/** Before it begins: what happens then, and what the admin has to do himself. */
function Question({ opened, unfinished, close }: { opened: boolean; unfinished: boolean; close: () => void }) {
  const run = useMutation({ mutationFn: renewSealingKey, onSuccess: close });
  const leave = () => {
    run.reset();
    close();
  };
  return (
    <Modal opened={opened} onClose={leave} title={unfinished ? says.askFinish : says.ask}>
      <Stack>
        <Text size="sm">{unfinished ? says.askFinishMore : says.askMore}</Text>
        <Text size="sm">{says.askCopy}</Text>
        {run.error !== null && <Trouble error={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={leave} data-autofocus>
            {says.notNow}
          </Button>
          <Button loading={run.isPending} onClick={() => run.mutate()}>
            {unfinished ? says.finish : says.start}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** The button, and what comes of it. */
function Change({ sealing: { unfinished, last } }: { sealing: Sealing }) {
  const [asks, setAsks] = useState(false);
  const isRunning = last?.state === 'running';
  return (
    <>
      <Group>
        <Button leftSection={<IconKey size={16} aria-hidden="true" />} loading={isRunning} onClick={() => setAsks(true)}>
          {unfinished ? says.finish : says.start}
        </Button>
      </Group>
      <Stack gap="sm" aria-live="polite">
        {unfinished && <Unfinished />}
        {isRunning && <Running last={last} />}
        {last !== null && !isRunning && <Ended last={last} />}
      </Stack>
      <Question opened={asks} unfinished={unfinished} close={() => setAsks(false)} />
    </>
  );
}

function Own() {
  const query = useQuery(sealingQuery);
  if (query.isPending) return <Loading rows={2} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const { source, keys, newest } = query.data;
  return (
    <>
      <Text size="sm">
        {countOf(keys)} {keys === 1 && says.newest(formatNumber(newest))}
      </Text>
      {source === 'file' ? <Change sealing={query.data} /> : <Text size="sm">{says.environment}</Text>}
    </>
  );
}

function Others({ keys }: { keys: number }) {
  return (
    <>
      <Text size="sm">{countOf(keys)}</Text>
      <Text size="sm">{says.others}</Text>
    </>
  );
}

export function SealingKeys() {
  const query = useQuery(keepingQuery);
  return (
    <Paper p="md" component="section" aria-label={says.title}>
      <Stack gap="sm">
        <Title order={2}>{says.title}</Title>
        {query.isPending && <Loading rows={2} />}
        {query.data !== undefined && (query.data.may_change ? <Own /> : <Others keys={query.data.sealing_keys} />)}
        {query.isError && query.data === undefined && <Trouble error={query.error} retry={() => void query.refetch()} />}
        <Text size="sm">{says.more}</Text>
        <Copied text={says.commandText} label={says.command} />
      </Stack>
    </Paper>
  );
}
