// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The dangerous combinations: all in a few lines, then each. The first stands open, the others as soon as they are asked for.
import { Anchor, Paper, Stack, Text, Title } from '@mantine/core';
import { useRef, useState } from 'react';

import type { Schemas } from '../../api/client';
import { words } from '../../words/words';
import { Danger, StateMark, type Combination, type View } from './Danger';
import classes from './Danger.module.css';

const keyOf = (combination: Combination, index: number): string => `${combination.name} ${index}`;

export function Dangers({ stack, view }: { stack: Schemas['Stack']; view: View }) {
  const items = stack.combinations.map((combination, index) => ({ combination, key: keyOf(combination, index) }));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(items.slice(0, 1).map(({ key }) => key)));
  const places = useRef(new Map<string, HTMLElement>());
  const toggle = (key: string) =>
    setOpen((before) => (before.has(key) ? new Set([...before].filter((each) => each !== key)) : new Set([...before, key])));
  const go = (key: string) => {
    setOpen((before) => new Set([...before, key]));
    const place = places.current.get(key);
    place?.scrollIntoView({ block: 'start' });
    place?.querySelector('button')?.focus({ preventScroll: true });
  };
  return (
    <>
      <Paper px="md" py="sm" component="section" aria-label={words.stack.dangers}>
        <Title order={2} mb={4}>
          {words.stack.dangers}
        </Title>
        {items.length === 0 && <Text c="dimmed">{words.stack.dangersNone}</Text>}
        <ul className={classes.summary}>
          {items.map(({ combination, key }) => (
            <li key={key}>
              <StateMark state={combination[view]} />
              <Anchor component="button" type="button" size="sm" ta="left" onClick={() => go(key)}>
                {combination.title}
              </Anchor>
            </li>
          ))}
        </ul>
      </Paper>
      <Stack gap="xs">
        {items.map(({ combination, key }) => (
          <div
            key={key}
            className={classes.place}
            ref={(place) => {
              if (place === null) places.current.delete(key);
              else places.current.set(key, place);
            }}
          >
            <Danger combination={combination} view={view} servers={stack.servers} isOpen={open.has(key)} toggle={() => toggle(key)} />
          </div>
        ))}
      </Stack>
    </>
  );
}
