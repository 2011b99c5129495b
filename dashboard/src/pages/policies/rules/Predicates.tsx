// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A list of predicates: `require`, `deny_if` or `approve_if` of a rule, or `deny_if` of results.
import { ActionIcon, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { PickAt, TextAt } from '../fields/fields';
import { Fold } from '../fields/Fold';
import { drop, prune, put, shift, type Value } from '../model/edit';
import { itemsAt, nodeAt, stringAt, type Path } from '../model/tree';
import placeClasses from '../place.module.css';
import { usePlace } from '../place';
import { Condition, Quantifier, useArguments } from './Condition';

const said = words.policies.rule;

export function modeChoices() {
  return (['enforce', 'observe'] as const).map((value) => ({ value, label: said.modes[value] }));
}

interface Props {
  path: Path; // of the list
  title: string;
  hint: string;
  add: string;
  isRequire?: boolean;
  /** How much of the path stays when the list's last part goes. */
  keep: number;
  /** Where a new condition begins. */
  first?: string;
}

function useFirst(first: string | undefined): Value {
  const [argument] = useArguments();
  return { path: first ?? argument?.path ?? 'args', op: 'exists', value: true };
}

function Conditions({ path, isRequire, first }: { path: Path; isRequire: boolean; first: string | undefined }) {
  const { tree, edit, isReadOnly } = useEditing();
  const list = [...path, 'conditions'];
  const conditions = itemsAt(tree, list);
  const one = useFirst(first);
  return (
    <Stack gap={6}>
      {conditions.length === 0 && (
        <Text size="sm" fw={600}>
          {said.always}
        </Text>
      )}
      {conditions.map((_, index) => (
        <Stack key={index} gap={2}>
          <Condition path={[...list, index]} number={index + 1} remove={() => edit((now) => drop(now, [...list, index]))} />
          <Quantifier subject={stringAt(tree, [...list, index, 'path']) ?? ''} isRequire={isRequire} />
        </Stack>
      ))}
      {!isReadOnly && (
        <Button
          variant="subtle"
          size="compact-xs"
          w="fit-content"
          leftSection={<IconPlus size={12} />}
          onClick={() => edit((now) => put(now, [...list, conditions.length], one))}
        >
          {conditions.length === 0 ? said.addFirst : said.addCondition}
        </Button>
      )}
    </Stack>
  );
}

interface PredicateProps {
  path: Path;
  index: number;
  count: number;
  remove: () => void;
  isRequire: boolean;
  first: string | undefined;
}

function Order({ path, index, count, remove }: PredicateProps) {
  const { edit } = useEditing();
  return (
    <Group gap={4} ml="auto">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={said.earlier(index + 1)}
        disabled={index === 0}
        onClick={() => edit((now) => shift(now, path, -1))}
      >
        <IconArrowUp size={14} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={said.later(index + 1)}
        disabled={index === count - 1}
        onClick={() => edit((now) => shift(now, path, 1))}
      >
        <IconArrowDown size={14} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" aria-label={said.removePart(index + 1)} onClick={remove}>
        <IconTrash size={14} />
      </ActionIcon>
    </Group>
  );
}

function Predicate(props: PredicateProps) {
  const { path, index, isRequire, first } = props;
  const { tree, isReadOnly } = useEditing();
  const hasMore = nodeAt(tree, [...path, 'id']) !== undefined || nodeAt(tree, [...path, 'mode']) !== undefined;
  const place = usePlace<HTMLDivElement>(path);
  const more = (
    <Group gap="xs" align="flex-start">
      <TextAt path={[...path, 'id']} label={said.id} description={said.idHint} width={200} />
      <PickAt path={[...path, 'mode']} label={said.mode} choices={modeChoices()} usual="enforce" width={280} />
    </Group>
  );
  return (
    <Paper {...place} className={placeClasses.place ?? ''} p="xs" role="group" aria-label={said.predicate(index + 1)}>
      <Stack gap={6}>
        <Conditions path={path} isRequire={isRequire} first={first} />
        <TextAt path={[...path, 'on_deny']} label={said.onDeny} placeholder={said.onDenyHint} />
        <Fold isSet={hasMore} inside={more}>
          {(button) => (
            <Group gap={4}>
              {button}
              {!isReadOnly && <Order {...props} />}
            </Group>
          )}
        </Fold>
      </Stack>
    </Paper>
  );
}

export function Predicates({ path, title, hint, add, isRequire = false, keep, first }: Props) {
  const { tree, edit, isReadOnly } = useEditing();
  const items = itemsAt(tree, path);
  const one = useFirst(first);
  const removeAt = (index: number) => edit((now) => (items.length === 1 ? prune(now, path, keep) : drop(now, [...path, index])));
  return (
    <Stack gap="xs" role="group" aria-label={title}>
      <Group justify="space-between" gap="xs">
        <Title order={3}>{title}</Title>
        {!isReadOnly && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => edit((now) => put(now, [...path, items.length], { conditions: [one] }))}
          >
            {add}
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {hint}
      </Text>
      {items.map((_, index) => (
        <Predicate
          key={index}
          path={[...path, index]}
          index={index}
          count={items.length}
          isRequire={isRequire}
          first={first}
          remove={() => removeAt(index)}
        />
      ))}
    </Stack>
  );
}
