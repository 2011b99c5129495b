// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where one can go.
import { Badge, NavLink, Text } from '@mantine/core';
import {
  IconActivity,
  IconAffiliate,
  IconBook2,
  IconGauge,
  IconHistory,
  IconInbox,
  IconKey,
  IconLicense,
  IconServer2,
  IconSettings,
  IconShieldCheck,
  IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import type { ComponentType } from 'react';

import { waitingCountQuery } from '../api/questions';
import { useMay, type Role } from '../api/session';
import { words } from '../words/words';
import classes from './Frame.module.css';

interface Place {
  to: string;
  name: keyof typeof words.nav & string;
  icon: ComponentType<{ size?: number; stroke?: number }>;
  least?: Role;
  outside?: boolean; // a page that the gateway writes itself
}

const WAITING_MOST = 99;

const PLACES: { group: keyof typeof words.nav.groups; items: Place[] }[] = [
  {
    group: 'watch',
    items: [
      { to: '/', name: 'overview', icon: IconGauge },
      { to: '/inbox', name: 'inbox', icon: IconInbox },
      { to: '/decisions', name: 'decisions', icon: IconActivity },
    ],
  },
  {
    group: 'govern',
    items: [
      { to: '/servers', name: 'servers', icon: IconServer2 },
      { to: '/policies', name: 'policies', icon: IconShieldCheck },
      { to: '/grants', name: 'grants', icon: IconLicense },
      { to: '/stack', name: 'stack', icon: IconAffiliate },
      { to: '/catalogue', name: 'catalogue', icon: IconBook2, outside: true },
    ],
  },
  {
    group: 'administer',
    items: [
      { to: '/members', name: 'members', icon: IconUsers, least: 'admin' },
      { to: '/keys', name: 'keys', icon: IconKey, least: 'admin' },
      { to: '/audit', name: 'audit', icon: IconHistory, least: 'admin' },
      { to: '/settings', name: 'settings', icon: IconSettings, least: 'admin' },
    ],
  },
];

function useIsHere(to: string): boolean {
  const path = useRouterState({ select: (state) => state.location.pathname });
  return to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
}

/** How many questions wait for people. */
function WaitingBadge() {
  const { data: count = 0 } = useQuery(waitingCountQuery);
  if (count === 0) return null;
  return (
    <Badge size="sm" circle={count < 10} aria-label={words.inbox.count(count, String(count))}>
      {count > WAITING_MOST ? `${WAITING_MOST}+` : count}
    </Badge>
  );
}

function Way({ place, close }: { place: Place; close: () => void }) {
  const isHere = useIsHere(place.to);
  const may = useMay(place.least ?? 'viewer');
  if (!may) return null;
  const Icon = place.icon;
  const label = words.nav[place.name] as string;
  const shared = { label, leftSection: <Icon size={18} stroke={1.7} />, className: classes.way };
  if (place.outside === true) return <NavLink {...shared} href={place.to} />;
  return (
    <NavLink
      {...shared}
      renderRoot={(props) => <Link to={place.to} {...props} />}
      active={isHere}
      {...(place.to === '/inbox' && { rightSection: <WaitingBadge /> })}
      aria-current={isHere ? 'page' : undefined}
      onClick={close}
    />
  );
}

export function Navigation({ close }: { close: () => void }) {
  const isAdmin = useMay('admin');
  return (
    <nav aria-label={words.nav.label}>
      {PLACES.filter((part) => isAdmin || part.group !== 'administer').map((part) => (
        <div key={part.group} className={classes.group}>
          <Text size="xs" c="dimmed" fw={600} px="sm" pb={4}>
            {words.nav.groups[part.group]}
          </Text>
          {part.items.map((place) => (
            <Way key={place.to} place={place} close={close} />
          ))}
        </div>
      ))}
    </nav>
  );
}
