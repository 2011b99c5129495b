// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Menu } from '@mantine/core';
import { IconBell, IconBellOff } from '@tabler/icons-react';

import { words } from '../../words/words';
import { chime, setHerald, useHerald } from '../../frame/proclaim';

/** Asks to be told of new questions by a notification or a sound; never asks the browser by itself. */
export function Herald() {
  const wish = useHerald();
  const isOn = wish.notify || wish.sound;
  const isPossible = 'Notification' in window;
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
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Button
          variant="default"
          size="xs"
          leftSection={isOn ? <IconBell size={14} aria-hidden="true" /> : <IconBellOff size={14} aria-hidden="true" />}
        >
          {isOn ? words.inbox.herald.on : words.inbox.herald.off}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          disabled={!isPossible || Notification.permission === 'denied'}
          onClick={() => void notify()}
          role="menuitemcheckbox"
          aria-checked={wish.notify}
        >
          {wish.notify ? words.inbox.herald.notifyOff : words.inbox.herald.notify}
        </Menu.Item>
        <Menu.Item onClick={sound} role="menuitemcheckbox" aria-checked={wish.sound}>
          {wish.sound ? words.inbox.herald.soundOff : words.inbox.herald.sound}
        </Menu.Item>
        <Menu.Label maw={260}>
          {isPossible && Notification.permission === 'denied' ? words.inbox.herald.denied : words.inbox.herald.more}
        </Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
