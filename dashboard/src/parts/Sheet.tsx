// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What lies over the page until it is closed: a question in the middle (on a phone: at the bottom,
// where the thumb is), or a story at the side.
import { Drawer, Group, Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState, type ReactNode } from 'react';

import { words } from '../words/words';

interface Props {
  opened: boolean;
  close: () => void;
  title: ReactNode;
  side?: boolean;
  children: ReactNode;
}

function Inside({ part: Part, title, children }: { part: typeof Modal | typeof Drawer; title: ReactNode; children: ReactNode }) {
  return (
    <Part.Body>
      <Group justify="space-between" wrap="nowrap" mb="md">
        <Part.Title fw={650} fz="lg">
          {title}
        </Part.Title>
        <Part.CloseButton aria-label={words.close} size="lg" />
      </Group>
      {children}
    </Part.Body>
  );
}

export function Sheet({ opened, close, title, side = false, children }: Props) {
  const fits = useMediaQuery('(max-width: 48em)') === true;
  // A phone that is turned keeps the one that was opened, with what was typed there.
  const [isNarrow, setNarrow] = useState(fits);
  if (!opened && fits !== isNarrow) setNarrow(fits);
  if (!side && !isNarrow)
    return (
      <Modal.Root opened={opened} onClose={close} centered>
        <Modal.Overlay />
        <Modal.Content>
          <Inside part={Modal} title={title}>
            {children}
          </Inside>
        </Modal.Content>
      </Modal.Root>
    );
  return (
    <Drawer.Root opened={opened} onClose={close} position={side ? 'right' : 'bottom'} size={isNarrow ? '100%' : 'xl'}>
      <Drawer.Overlay />
      <Drawer.Content {...(!side && { h: 'auto', mah: '95%' })}>
        <Inside part={Drawer} title={title}>
          {children}
        </Inside>
      </Drawer.Content>
    </Drawer.Root>
  );
}
