// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A part of the overview: a heading, and lines that lead to where more of it stands.
import { Anchor, Group, Paper, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Loading, Trouble } from '../../parts/states';
import classes from './Panel.module.css';

interface Asked {
  isPending: boolean;
  data: unknown;
  error: unknown;
  refetch: () => unknown;
}

interface Props {
  title: string;
  more?: string;
  asked: Asked[]; // what its lines are made of
  count: number; // of its lines
  none: ReactNode;
  children: ReactNode;
}

export function Panel({ title, more, asked, count, none, children }: Props) {
  const failed = asked.find((query) => query.data === undefined && query.error !== null);
  const isPending = failed === undefined && asked.some((query) => query.isPending);
  const retry = () => {
    for (const query of asked) if (query.error !== null) void query.refetch();
  };
  return (
    <Paper p="sm" component="section" aria-label={title} className={classes.panel}>
      <Title order={2}>{title}</Title>
      {more !== undefined && count > 0 && (
        <Text size="xs" c="dimmed">
          {more}
        </Text>
      )}
      {count > 0 && <ul className={classes.lines}>{children}</ul>}
      {isPending && <Loading rows={2} />}
      {failed !== undefined && <Trouble error={failed.error} retry={retry} />}
      {count === 0 && !isPending && failed === undefined && (
        <Text component="div" c="dimmed" size="sm" mt={6}>
          {none}
        </Text>
      )}
    </Paper>
  );
}

interface LineProps {
  to: string; // address, with its search
  children: ReactNode;
  mark?: ReactNode;
  aside?: ReactNode;
}

export function Line({ to, children, mark, aside }: LineProps) {
  return (
    <li>
      <Group justify="space-between" wrap="nowrap" gap="sm" className={classes.line}>
        <Anchor component={Link} to={to as never} size="sm" className={classes.what}>
          {children}
        </Anchor>
        {mark}
        {aside !== undefined && (
          <Text component="span" size="sm" c="dimmed" className={classes.aside}>
            {aside}
          </Text>
        )}
      </Group>
    </li>
  );
}
