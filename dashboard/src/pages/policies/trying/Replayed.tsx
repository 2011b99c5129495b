// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a replay found: which calls would have come out otherwise, of which it cannot be told, and where it ended.
import { Alert, Badge, Button, Group as Row, List, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';

import { Nothing } from '../../../parts/states';
import { When } from '../../../parts/When';
import { formatNumber, words } from '../../../words/words';
import { ChangedGroup, UnsureGroup } from './ReplayedGroup';
import { factsOf, sectionsOf, stopsOf } from './play';
import type { Replayed as Answer } from './queries';
import classes from './trying.module.css';

const said = words.policies.replay;
const FIRST_MOST = 20;
const callsOf = (count: number) => said.calls(count, formatNumber(count));
const grantsOf = (count: number) => said.grants(count, formatNumber(count));

function Stops({ replayed }: { replayed: Answer }) {
  const stops = stopsOf(replayed);
  if (stops.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" py="xs" icon={<IconAlertTriangle aria-hidden="true" />} title={said.stopped}>
      <Stack gap={2}>
        {stops.map((stop) => (
          <Text size="sm" key={stop}>
            {stop}
          </Text>
        ))}
        {replayed.reached !== null && (
          <Text size="sm">
            {said.reached} <When at={replayed.reached} clock />
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

function Head({ replayed }: { replayed: Answer }) {
  const { calls, grants, changed, changed_grants, cannot_tell, first, last } = replayed;
  return (
    <Stack gap={4}>
      <Text size="sm" c="dimmed">
        {said.played(callsOf(calls), grantsOf(grants))} <When at={first} clock /> {said.to} <When at={last} clock />
      </Text>
      <Text fw={600} role="status">
        {changed === 0 ? said.wouldNone : said.would(callsOf(changed), grantsOf(changed_grants))}{' '}
        {cannot_tell > 0 && said.unsure(callsOf(cannot_tell))}
      </Text>
    </Stack>
  );
}

interface SectionProps<T> {
  title: string;
  calls: number;
  items: T[];
  more: number;
  show: (item: T) => ReactNode;
}

function Section<T>({ title, calls, items, more, show }: SectionProps<T>) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? items : items.slice(0, FIRST_MOST);
  return (
    <Stack gap={4} component="section" aria-label={title}>
      <Row gap="xs">
        <Title order={3}>{title}</Title>
        <Badge variant="light" color="gray">
          {callsOf(calls)}
        </Badge>
      </Row>
      <ul className={classes.groups}>
        {shown.map((item, index) => (
          <li key={index}>{show(item)}</li>
        ))}
      </ul>
      {shown.length < items.length && (
        <Button variant="default" size="compact-sm" w="fit-content" onClick={() => setAll(true)}>
          {said.all(formatNumber(items.length))}
        </Button>
      )}
      {more > 0 && shown.length === items.length && <Text size="xs">{said.moreGroups(callsOf(more))}</Text>}
    </Stack>
  );
}

function Facts({ replayed }: { replayed: Answer }) {
  return (
    <Stack gap={4}>
      <Title order={3}>{said.about}</Title>
      <List size="sm">
        {factsOf(replayed).map((fact) => (
          <List.Item key={fact}>{fact}</List.Item>
        ))}
      </List>
    </Stack>
  );
}

const sumOf = (items: { calls: number }[]): number => items.reduce((sum, item) => sum + item.calls, 0);

export function Replayed({ replayed }: { replayed: Answer }) {
  const { calls, changes, unsure, cannot_tell, more_cannot_tell } = replayed;
  if (calls === 0)
    return (
      <Stack gap="sm">
        <Stops replayed={replayed} />
        <Nothing title={said.none} more={said.noneMore} />
      </Stack>
    );
  return (
    <Stack gap="md">
      <Stops replayed={replayed} />
      <Head replayed={replayed} />
      {sectionsOf(replayed).map(({ to, calls: all, groups }) => (
        <Section
          key={to}
          title={said.groups[to]}
          calls={all}
          items={groups}
          more={all - sumOf(changes.filter((group) => group.to === to))}
          show={(group) => <ChangedGroup group={group} />}
        />
      ))}
      {cannot_tell > 0 && (
        <Section
          title={said.cannotTell}
          calls={cannot_tell}
          items={unsure}
          more={more_cannot_tell}
          show={(group) => <UnsureGroup group={group} />}
        />
      )}
      <Facts replayed={replayed} />
    </Stack>
  );
}
