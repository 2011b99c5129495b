// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { Trouble } from './states';
import { words } from '../words/words';

interface Props {
  title: string;
  more: string; // what is destroyed, by name
  button: string;
  act: () => Promise<void>;
  close: () => void;
  done?: () => void;
}

/** Before something is destroyed. */
export function Ask({ title, more, button, act, close, done }: Props) {
  const run = useMutation({
    mutationFn: act,
    onSuccess: () => {
      close();
      done?.();
    },
  });
  return (
    <Modal opened onClose={close} title={title}>
      <Stack>
        <Text size="sm">{more}</Text>
        {run.error !== null && <Trouble error={run.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {words.servers.remove.cancel}
          </Button>
          <Button color="danger" loading={run.isPending} onClick={() => run.mutate()}>
            {button}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
