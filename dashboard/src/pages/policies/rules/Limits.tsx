// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Limits, in words: how often, or how much in all, in which time, for whom.
import { ActionIcon, Autocomplete, Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { NumberAt, ORDER, PickAt, TextAt } from '../fields/fields';
import { Fold } from '../fields/Fold';
import { WindowAt } from '../fields/times';
import { AROUND } from '../model/arguments';
import { chain, drop, prune, put } from '../model/edit';
import { amount, argumentPath, counter, onePath, twinFault } from '../model/faults';
import { limitSentence } from '../model/limit';
import { itemsAt, membersOf, nodeAt, stringAt, type Node, type Path, type Tree } from '../model/tree';
import placeClasses from '../place.module.css';
import { usePlace } from '../place';
import { useArguments } from './Condition';
import { modeChoices } from './Predicates';

const said = words.policies.limit;
// Nothing picked is calls; while the field is being emptied it stays empty.
function Amount({ path }: { path: Path }) {
  const { tree, edit, isReadOnly } = useEditing();
  const [isEmptied, setEmptied] = useState(false);
  const from = [...path, 'increment_from'];
  const value = stringAt(tree, from);
  const numbers = useArguments().filter((each) => ['number', 'string', 'any'].includes(each.type) && !each.path.includes('[*]'));
  const change = (next: string) => {
    setEmptied(next === '');
    const isCalls = next === said.calls || next === '';
    edit(
      (now) => (isCalls ? chain(now, [(one) => drop(one, from), (one) => drop(one, [...path, 'as'])]) : put(now, from, next)),
      `amount:${path.join('/')}`,
    );
  };
  return (
    <Autocomplete
      label={said.what}
      placeholder={said.calls}
      w={200}
      data={[said.calls, ...numbers.map((each) => each.path)]}
      value={value ?? (isEmptied ? '' : said.calls)}
      readOnly={isReadOnly}
      error={value !== undefined && argumentPath(value)}
      onChange={change}
      onBlur={() => setEmptied(false)}
    />
  );
}

function Per({ path }: { path: Path }) {
  const { tree, edit, isReadOnly } = useEditing();
  const own = useArguments().filter((each) => !each.path.includes('[*]'));
  const at = [...path, 'per'];
  const value = stringAt(tree, at);
  return (
    <Autocomplete
      label={said.per}
      description={said.perHint}
      w={220}
      inputWrapperOrder={ORDER}
      data={[...own, ...AROUND].map((each) => each.path)}
      value={value ?? ''}
      readOnly={isReadOnly}
      error={value !== undefined && onePath(value)}
      onChange={(next) => edit((now) => (next === '' ? drop(now, at) : put(now, at, next)), `per:${path.join('/')}`)}
    />
  );
}

// Of amounts only, unless the policy says it where it is of no use.
function AsNumber({ path }: { path: Path }) {
  const { tree, edit, isReadOnly } = useEditing();
  const at = [...path, 'as'];
  const is = nodeAt(tree, at) !== undefined;
  const isOfUse = nodeAt(tree, [...path, 'increment_from']) !== undefined;
  if (!is && !isOfUse) return null;
  return (
    <Checkbox
      size="xs"
      w="100%"
      label={words.policies.condition.as}
      checked={is}
      disabled={isReadOnly}
      error={!isOfUse && words.policies.faults.asNeedsAmount}
      onChange={(event) => {
        const on = event.currentTarget.checked;
        edit((now) => (on ? put(now, at, 'number') : drop(now, at)));
      }}
    />
  );
}

function More({ path }: { path: Path }) {
  const choices = (of: Record<string, string>) => Object.entries(of).map(([value, label]) => ({ value, label }));
  return (
    <Group gap="xs" align="flex-start">
      <Per path={path} />
      <PickAt path={[...path, 'algorithm']} label={said.algorithm} choices={choices(said.algorithms)} usual="sliding" width={220} />
      <PickAt path={[...path, 'count']} label={said.count} choices={choices(said.counts)} usual="all" width={200} />
      <PickAt path={[...path, 'mode']} label={words.policies.rule.mode} choices={modeChoices()} usual="enforce" width={260} />
    </Group>
  );
}

const SAID_ABOVE = new Set(['counter', 'window', 'max', 'scope', 'increment_from', 'as', 'on_deny']);
const hasMore = (node: Node | undefined): boolean => membersOf(node).some(({ name }) => !SAID_ABOVE.has(name));

function Limit({ path, node, remove }: { path: Path; node: Node; remove: () => void }) {
  const { tree, isReadOnly } = useEditing();
  const name = stringAt(tree, [...path, 'counter']) ?? '';
  const scopes = Object.entries(said.scopes).map(([value, label]) => ({ value, label }));
  const place = usePlace<HTMLDivElement>(path);
  return (
    <Paper {...place} className={placeClasses.place ?? ''} p="xs" role="group" aria-label={limitSentence(tree, node)}>
      <Stack gap={6}>
        <Text size="sm" fw={600}>
          {limitSentence(tree, node)}
        </Text>
        <Group gap="xs" align="flex-start">
          <NumberAt path={[...path, 'max']} label={said.max} width={110} required check={amount} />
          <Amount path={path} />
          <WindowAt path={[...path, 'window']} label={said.window} width={130} />
          <PickAt path={[...path, 'scope']} label={said.scope} choices={scopes} usual="grant" width={150} />
          <TextAt
            path={[...path, 'counter']}
            label={said.counter}
            width={150}
            required
            check={(text) => counter(text) ?? twinFault(tree, path)}
          />
        </Group>
        <AsNumber path={path} />
        <TextAt path={[...path, 'on_deny']} label={words.policies.rule.onDeny} placeholder={words.policies.rule.onDenyHint} />
        <Fold isSet={hasMore(node)} inside={<More path={path} />}>
          {(button) => (
            <Group gap={4}>
              {button}
              {!isReadOnly && (
                <ActionIcon ml="auto" variant="subtle" color="gray" aria-label={said.remove(name)} onClick={remove}>
                  <IconTrash size={14} />
                </ActionIcon>
              )}
            </Group>
          )}
        </Fold>
      </Stack>
    </Paper>
  );
}

function Rate({ path, keep }: { path: Path; keep: number }) {
  const { tree, edit, isReadOnly } = useEditing();
  const node = nodeAt(tree, path);
  const place = usePlace<HTMLDivElement>(path);
  if (node === undefined) return null;
  return (
    <Paper {...place} className={placeClasses.place ?? ''} p="xs" role="group" aria-label={said.rate}>
      <Stack gap={6}>
        <Text size="sm" fw={600}>
          {limitSentence(tree, node, true)}
        </Text>
        <Group gap="xs" align="flex-start">
          <NumberAt path={[...path, 'max']} label={said.max} width={110} required check={amount} />
          <WindowAt path={[...path, 'window']} label={said.window} width={130} />
          <PickAt path={[...path, 'mode']} label={words.policies.rule.mode} choices={modeChoices()} usual="enforce" width={260} />
          {!isReadOnly && (
            <ActionIcon
              ml="auto"
              variant="subtle"
              color="gray"
              aria-label={said.remove(said.rate)}
              onClick={() => edit((now) => prune(now, path, keep))}
            >
              <IconTrash size={14} />
            </ActionIcon>
          )}
        </Group>
        <TextAt path={[...path, 'on_deny']} label={words.policies.rule.onDeny} placeholder={words.policies.rule.onDenyHint} />
      </Stack>
    </Paper>
  );
}

// A name that no limit of the list has, so that two of them are not one by accident.
function freshCounter(tree: Tree, list: Path): string {
  const taken = new Set(itemsAt(tree, list).map((_, index) => stringAt(tree, [...list, index, 'counter'])));
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'calls' : `calls_${number}`;
    if (!taken.has(name)) return name;
  }
}

/** `limits` and `rate_limit` of the rule at a path. */
export function Limits({ rule, keep }: { rule: Path; keep: number }) {
  const { tree, edit, isReadOnly } = useEditing();
  const list = [...rule, 'limits'];
  const rate = [...rule, 'rate_limit'];
  const items = itemsAt(tree, list);
  const add = () =>
    edit((now) => put(now, [...list, itemsAt(now, list).length], { counter: freshCounter(now, list), window: 'minute', max: 10 }));
  const removeAt = (index: number) => edit((now) => (items.length === 1 ? prune(now, list, keep) : drop(now, [...list, index])));
  return (
    <Stack gap="xs" role="group" aria-label={words.policies.rule.limits}>
      <Group justify="space-between" gap="xs">
        <Title order={3}>{words.policies.rule.limits}</Title>
        {!isReadOnly && (
          <Group gap="xs">
            {nodeAt(tree, rate) === undefined && (
              <Button
                variant="default"
                size="compact-sm"
                leftSection={<IconPlus size={14} />}
                onClick={() => edit((now) => put(now, rate, { max: 10, window: 'minute' }))}
              >
                {said.addRate}
              </Button>
            )}
            <Button variant="default" size="compact-sm" leftSection={<IconPlus size={14} />} onClick={add}>
              {said.add}
            </Button>
          </Group>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {words.policies.rule.limitsHint}
      </Text>
      <Rate path={rate} keep={keep} />
      {items.map((node, index) => (
        <Limit key={index} path={[...list, index]} node={node} remove={() => removeAt(index)} />
      ))}
    </Stack>
  );
}
