// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Going back: the bytes of an older version become the newest one, after what that changes was seen.
import { Alert, Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Problem } from '../../../api/problem';
import { askAgain } from '../../../api/queries';
import { Sheet } from '../../../parts/Sheet';
import { Trouble } from '../../../parts/states';
import { words } from '../../../words/words';
import type { Policy } from '../data';
import { rollBack } from './data';
import { Difference } from './Difference';

const said = words.policies.versions;

interface Props {
  policy: Policy; // as it is now at the gateway
  number: number;
  opened: boolean;
  close: () => void;
  saved: (now: { number: number; etag: number }) => void;
}

// The state of the policy that was looked at; what somebody saves meanwhile is not gone back from unseen.
function useGoing({ policy, number, close, saved }: Props) {
  const [seen, setSeen] = useState({ latest: policy.latest, etag: policy.version });
  const run = useMutation({
    mutationFn: (note: string) => rollBack(policy.id, policy.latest === seen.latest ? policy.version : seen.etag, number, note),
    onSuccess: (now) => {
      notifications.show({ message: said.saved(number, now.number) });
      saved(now);
      close();
      void askAgain(['policies']);
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 412) void askAgain(['policies', 'one', policy.id]);
    },
  });
  const look = () => {
    run.reset();
    setSeen({ latest: policy.latest, etag: policy.version });
  };
  return { seen, run, look };
}

function Question(props: Props) {
  const { policy, number, close } = props;
  const { seen, run, look } = useGoing(props);
  const [note, setNote] = useState(said.noteOf(number));
  const isLost = run.error instanceof Problem && run.error.status === 412;
  const isNewer = policy.latest !== seen.latest;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run.mutate(note);
      }}
    >
      <Stack>
        <Text size="sm">{said.rollBackMore(number)}</Text>
        {isNewer && (
          <Alert color="yellow" variant="light" role="alert" title={words.policies.save.newer(policy.latest)}>
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{said.newerMore}</Text>
              <Button size="xs" variant="default" onClick={look}>
                {said.lookAgain}
              </Button>
            </Stack>
          </Alert>
        )}
        <section aria-label={said.effect(seen.latest)}>
          <Text size="sm" fw={600} mb={4}>
            {said.effect(seen.latest)}
          </Text>
          <Difference id={policy.id} from={seen.latest} to={number} short />
        </section>
        <Textarea
          label={words.policies.save.note}
          autosize
          minRows={2}
          value={note}
          data-autofocus
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Text size="sm" c="dimmed">
          {words.policies.save.latest}
        </Text>
        {run.error !== null && !(isLost && isNewer) && <Trouble error={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {words.policies.cancel}
          </Button>
          <Button type="submit" loading={run.isPending}>
            {said.rollBackDo}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function RollBack(props: Props) {
  return (
    <Sheet opened={props.opened} close={props.close} title={said.rollBackTitle(props.number)}>
      <Question {...props} />
    </Sheet>
  );
}
