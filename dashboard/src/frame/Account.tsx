// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who one is, and what is one's own: the password, light or dark, the way out.
import { Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import { signOut, useSession } from '../api/session';
import { words } from '../words/words';
import classes from './Frame.module.css';

export function Account() {
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = session.name || session.email;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={words.account.menu(name)}>
          <Text size="sm" truncate maw={180}>
            {name}
          </Text>
          <IconChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.email} &middot; {words.account.roles[session.role]}
        </Menu.Label>
        <Menu.Item component={Link} to="/settings" search={{ tab: 'account' } as never}>
          {words.settings.tabs.account}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{words.account.theme}</Menu.Label>
        {(['light', 'dark', 'auto'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            aria-current={scheme === colorScheme || undefined}
            fw={scheme === colorScheme ? 650 : 400}
          >
            {words.account.themes[scheme]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{words.account.signOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
