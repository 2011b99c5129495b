// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What every page has around it: where one can go, who one is, and whether the gateway answers.
import {
  Alert,
  AppShell,
  Badge,
  Burger,
  Button,
  Group,
  Menu,
  Modal,
  NavLink,
  Stack,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconActivity,
  IconAffiliate,
  IconBook2,
  IconChevronDown,
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
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, type ComponentType } from 'react';

import { useIsAway } from '../api/presence';
import { waitingCountQuery } from '../api/questions';
import { signInAddress, signOut, useMay, useSession, type Role } from '../api/session';
import { words } from '../words/words';
import classes from './Frame.module.css';
import { useProclaimed } from './proclaim';

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

function Navigation({ close }: { close: () => void }) {
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

function Account() {
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

/** After a change of page the reader of a screen reader starts at its content. */
function useFocusAtStart() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with each new path, though it is not read
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return main;
}

export function Frame() {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const isAway = useIsAway();
  const main = useFocusAtStart();
  const navigate = useNavigate();
  useProclaimed(useCallback((id: string) => void navigate({ to: '/inbox/$id', params: { id } }), [navigate]));
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', sm: 'lg' }}
    >
      <a href="#main" className={classes.skip}>
        {words.skip}
      </a>
      <AppShell.Header className={classes.bar}>
        <Burger
          opened={isOpen}
          onClick={toggle}
          hiddenFrom="sm"
          size="sm"
          transitionDuration={0}
          aria-label={isOpen ? words.nav.close : words.nav.open}
          aria-expanded={isOpen}
        />
        <Link to="/" className={classes.brand}>
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M4 21V8l4-3.5h8L20 8v13" />
            <path d="M9 21v-7a3 3 0 0 1 6 0v7M2.5 21h19" />
          </svg>
          {words.product}
        </Link>
        <Group ml="auto" gap="xs">
          <Account />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navigation}>
        <Navigation close={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className={classes.main}>
        {isAway && (
          <Alert color="yellow" variant="light" mb="md" role="status">
            {words.trouble.unreachable}
          </Alert>
        )}
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

/** Over a page whose session has ended; what was typed stays below. */
export function Ended() {
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} title={words.account.ended}>
      <Stack>
        <Text size="sm">{words.account.endedMore}</Text>
        <Button component="a" href={signInAddress()} data-autofocus>
          {words.account.signIn}
        </Button>
        <Button component="a" variant="default" href="/sign-in" target="_blank">
          {words.account.elsewhere}
        </Button>
      </Stack>
    </Modal>
  );
}
