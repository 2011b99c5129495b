// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Popover, Stack, Switch, Text } from '@mantine/core';
import { IconBell, IconBellOff } from '@tabler/icons-react';

import { words } from '../../words/words';
import { chime, setHerald, useHerald } from '../../frame/proclaim';

/** Asks to be told of new questions by a notification or a sound; never asks the browser by itself. */
export function Herald() {
  const wish = useHerald();
  const isOn = wish.notify || wish.sound;
  const isDenied = !('Notification' in window) || Notification.permission === 'denied';
  const notify = async () => {
    if (wish.notify) return setHerald({ ...wish, notify: false });
    const permission = await Notification.requestPermission();
    setHerald({ ...wish, notify: permission === 'granted' });
  };
  const sound = () => {
    if (!wish.sound) chime();
    setHerald({ ...wish, sound: !wish.sound });
  };
  return (
    <Popover position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={isOn ? <IconBell size={14} aria-hidden="true" /> : <IconBellOff size={14} aria-hidden="true" />}
        >
          {isOn ? words.inbox.herald.on : words.inbox.herald.off}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={words.inbox.herald.off}>
        <Stack gap="sm">
          <Switch label={words.inbox.herald.notify} disabled={isDenied} checked={wish.notify} onChange={() => void notify()} />
          <Switch label={words.inbox.herald.sound} checked={wish.sound} onChange={sound} />
          <Text size="sm" c="dimmed">
            {isDenied ? words.inbox.herald.denied : words.inbox.herald.more}
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
