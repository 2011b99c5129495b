// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A dialog with a form. What the gateway shows once of what was made takes the form's place.
import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';

import { words } from '../words/words';
import { Trouble } from './states';

interface Props {
  title: string;
  close: () => void;
  submit: string;
  save: { mutate: () => void; isPending: boolean; error: unknown };
  isUsable?: boolean;
  isToldAtField?: boolean; // the mistake stands at the field that it is about
  once?: ReactNode;
  size?: string;
  children: ReactNode;
}

function Once({ close, children }: { close: () => void; children: ReactNode }) {
  return (
    <Stack>
      {children}
      <Group justify="flex-end">
        <Button onClick={close} data-autofocus>
          {words.once.done}
        </Button>
      </Group>
    </Stack>
  );
}

export function FormDialog({ title, close, submit, save, isUsable = true, isToldAtField = false, once, size = 'md', children }: Props) {
  const send = (event: React.FormEvent) => {
    event.preventDefault();
    if (isUsable) save.mutate();
  };
  return (
    <Modal opened onClose={close} title={title} size={size}>
      {once !== undefined ? (
        <Once close={close}>{once}</Once>
      ) : (
        <form onSubmit={send}>
          <Stack>
            {children}
            {save.error !== null && !isToldAtField && <Trouble error={save.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {words.servers.remove.cancel}
              </Button>
              <Button type="submit" loading={save.isPending} disabled={!isUsable}>
                {submit}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
