// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What every page has around it: where one can go, who one is, and whether the gateway answers.
import { Alert, AppShell, Burger, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback, useEffect, useRef } from 'react';

import { useIsAway } from '../api/presence';
import { words } from '../words/words';
import { Account } from './Account';
import classes from './Frame.module.css';
import { Navigation } from './Navigation';
import { useProclaimed } from './proclaim';

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
