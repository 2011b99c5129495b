// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who one is, and what is one's own: the password, light or dark, the way out.
import { Avatar, Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { organisationQuery } from '../api/administer';
import { signOut, useSession } from '../api/session';
import { Name } from '../parts/Plain';
import { words } from '../words/words';
import classes from './Frame.module.css';

/** The first letter that is seen. */
const initial = (name: string): string => (name.match(/[\p{L}\p{N}]/u)?.[0] ?? '').toUpperCase();

/** Of which organisation one is a member; asked for when the menu is opened. */
function Organisation() {
  const { data } = useQuery(organisationQuery);
  if (data === undefined) return null;
  return (
    <Text size="xs" component="div">
      <Name text={data.name} most={60} />
    </Text>
  );
}

export function Account() {
  const session = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = session.name || session.email;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={words.account.menu(name)}>
          <Avatar size={26} radius="xl" color="accent" aria-hidden="true">
            <span className={classes.initial} data-initial={initial(name)} />
          </Avatar>
          <Text size="sm" truncate maw={180} visibleFrom="xs" component="span">
            {name}
          </Text>
          <IconChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.email} &middot; {words.account.roles[session.role]}
          <Organisation />
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
