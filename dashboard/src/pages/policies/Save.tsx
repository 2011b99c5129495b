// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Saving a new version: with a note, and without losing anything when somebody else was faster.
import { Alert, Button, Group, Paper, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Problem } from '../../api/problem';
import { askAgain } from '../../api/queries';
import { Name } from '../../parts/Plain';
import { Sheet } from '../../parts/Sheet';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { addVersion, versionQuery, type Policy, type Version } from './data';
import { Difference } from './versions/Difference';

const said = words.policies.save;

interface Props {
  policy: Policy; // as it is now at the gateway
  /** The number of changes and the version that the text is based upon. */
  base: { etag: number; number: number };
  text: string;
  isChanged: boolean;
  isBad: boolean;
  saved: (now: { number: number; etag: number }) => void;
  take: (version: Version) => void;
}

function useSave({ policy, base, text, saved }: Props) {
  return useMutation({
    mutationFn: ({ note, etag }: { note: string; etag?: number }) => {
      const mine = policy.latest === base.number ? policy.version : base.etag; // another name is no conflict
      return addVersion(policy.id, etag ?? mine, note, text);
    },
    onSuccess: (now) => {
      notifications.show({ message: said.saved(now.number) });
      saved(now);
      void askAgain(['policies']);
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 412) void askAgain(['policies', 'one', policy.id]);
    },
  });
}

/** What somebody else changed since the version that one's own text began with. */
function Theirs({ policy, from }: { policy: Policy; from: number }) {
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {said.changed}
      </Text>
      <Difference id={policy.id} from={from} to={policy.latest} />
    </Stack>
  );
}

interface NewerProps {
  policy: Policy;
  from: number;
  isSaving: boolean;
  isBad: boolean;
  put: () => void;
  take: (version: Version) => void;
}

export function Newer({ policy, from, isSaving, isBad, put, take }: NewerProps) {
  const latest = useQuery(versionQuery(policy.id, policy.latest));
  return (
    <Alert color="yellow" variant="light" title={said.newer(policy.latest)} mb="sm" role="alert">
      <Stack gap="sm">
        <Text size="sm">{said.newerMore}</Text>
        {latest.data !== undefined && (
          <Text size="sm">
            <Name text={said.theirs(latest.data.head.author, latest.data.head.note)} />
          </Text>
        )}
        <Paper p="sm">
          <Theirs policy={policy} from={from} />
        </Paper>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={put} loading={isSaving} disabled={isBad}>
            {said.mine}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={latest.data === undefined}
            onClick={() => latest.data !== undefined && take(latest.data)}
          >
            {said.take}
          </Button>
          <Text size="xs">{said.takeMore}</Text>
        </Group>
      </Stack>
    </Alert>
  );
}

/** The button, the question for a note, and what goes wrong; `newer` is what to show above the builder. */
export function useSaving(props: Props) {
  const { policy, base, isChanged, isBad, take } = props;
  const [isOpen, setOpen] = useState(false);
  const [note, setNote] = useState('');
  const save = useSave(props);
  const isNewer = policy.latest > base.number;
  const go = (etag?: number) =>
    save.mutate(
      { note, ...(etag === undefined ? {} : { etag }) },
      {
        onSuccess: () => {
          setNote('');
          setOpen(false);
        },
        onError: (error) => {
          if (error instanceof Problem && error.status === 412) setOpen(false);
        },
      },
    );
  const isLost = save.error instanceof Problem && save.error.status === 412;
  const button = (
    <Group gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {isChanged ? said.unsaved : said.none}
      </Text>
      <Button disabled={!isChanged || isBad} onClick={() => setOpen(true)} title={isBad ? said.bad : undefined}>
        {said.action}
      </Button>
      <Sheet opened={isOpen} close={() => setOpen(false)} title={said.title}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            go();
          }}
        >
          <Stack>
            <Textarea
              label={said.note}
              description={said.noteHint}
              autosize
              minRows={2}
              value={note}
              data-autofocus
              onChange={(event) => setNote(event.currentTarget.value)}
            />
            <Text size="sm" c="dimmed">
              {said.latest}
            </Text>
            {save.error !== null && !isLost && <Trouble error={save.error} />}
            <Group justify="flex-end">
              <Button type="submit" loading={save.isPending}>
                {said.action}
              </Button>
            </Group>
          </Stack>
        </form>
      </Sheet>
    </Group>
  );
  const newer = isNewer ? (
    <Newer policy={policy} from={base.number} isSaving={save.isPending} isBad={isBad} put={() => go(policy.version)} take={take} />
  ) : null;
  return { button, newer };
}
