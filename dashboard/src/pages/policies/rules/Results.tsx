// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A block `results`: what of an answer may come back.
import { ActionIcon, Button, Group, MultiSelect, Paper, Select, Stack, Text, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { NumberAt, PickAt, TextAt } from '../fields/fields';
import { OF_RESULTS } from '../model/arguments';
import { chain, drop, prune, put, type Value } from '../model/edit';
import { place, replaced, whole } from '../model/faults';
import { itemsAt, membersOf, nodeAt, stringAt, stringsOf, type Path, type Tree } from '../model/tree';
import placeClasses from '../place.module.css';
import { usePlace } from '../place';
import { ArgumentsProvider } from './Condition';
import { modeChoices, Predicates } from './Predicates';

const said = words.policies.results;
const bytes = whole(0);
const PERSONAL = ['email', 'phone', 'card', 'iban', 'ssn', 'national_id', 'ip'];

const FIRST: Record<string, Record<string, Value>> = {
  secrets: { type: 'secrets' },
  personal: { type: 'personal' },
  regex: { type: 'regex', pattern: '\\b[0-9]{16}\\b' },
  path: { path: 'result.structuredContent.' },
};

// What is put in its place stays.
function become(tree: Tree, path: Path, kind: string): string {
  const first = Object.entries(FIRST[kind] ?? {});
  const stay = new Set(['with', ...first.map(([name]) => name)]);
  return chain(tree, [
    ...first.map(
      ([name, value]) =>
        (now: Tree) =>
          put(now, [...path, name], value),
    ),
    ...membersOf(nodeAt(tree, path)).flatMap(({ name }) => (stay.has(name) ? [] : [(now: Tree) => drop(now, [...path, name])])),
  ]);
}

function Item({ path, number, remove }: { path: Path; number: number; remove: () => void }) {
  const { tree, edit, isReadOnly } = useEditing();
  const kind = stringAt(tree, [...path, 'type']) ?? 'path';
  const kinds = [...stringsOf(nodeAt(tree, [...path, 'kinds']))];
  const here = usePlace<HTMLDivElement>(path);
  return (
    <Paper {...here} className={placeClasses.place ?? ''} p="xs" role="group" aria-label={`${said.redact} ${number}`}>
      <Group gap="xs" align="flex-start">
        <Select
          label={said.redact}
          data={Object.entries(said.kinds).map(([value, label]) => ({ value, label }))}
          value={kind}
          allowDeselect={false}
          readOnly={isReadOnly}
          w={160}
          onChange={(next) => next !== null && edit((now) => become(now, path, next))}
        />
        {kind === 'regex' && <TextAt path={[...path, 'pattern']} label={said.pattern} width={260} mono required check={replaced} />}
        {kind === 'path' && <TextAt path={[...path, 'path']} label={said.path} width={300} mono required check={place} />}
        {kind === 'personal' && (
          <MultiSelect
            label={said.personalKinds}
            data={[...new Set([...PERSONAL, ...kinds])]}
            value={kinds}
            readOnly={isReadOnly}
            w={260}
            onChange={(next) => edit((now) => (next.length === 0 ? drop(now, [...path, 'kinds']) : put(now, [...path, 'kinds'], next)))}
          />
        )}
        <TextAt path={[...path, 'with']} label={said.with} placeholder={said.withHint} width={190} />
        {!isReadOnly && (
          <ActionIcon ml="auto" variant="subtle" color="gray" aria-label={said.removeItem(number)} onClick={remove}>
            <IconTrash size={14} />
          </ActionIcon>
        )}
      </Group>
    </Paper>
  );
}

function Redactions({ path, keep }: { path: Path; keep: number }) {
  const { tree, edit, isReadOnly } = useEditing();
  const list = [...path, 'redact'];
  const items = itemsAt(tree, list);
  return (
    <Stack gap="xs" role="group" aria-label={said.redact}>
      <Group justify="space-between" gap="xs">
        <Title order={3}>{said.redact}</Title>
        {!isReadOnly && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} />}
            onClick={() => edit((now) => put(now, [...list, items.length], { type: 'secrets' }))}
          >
            {said.addRedact}
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {said.redactHint}
      </Text>
      {items.map((_, index) => (
        <Item
          key={index}
          path={[...list, index]}
          number={index + 1}
          remove={() => edit((now) => (items.length === 1 ? prune(now, list, keep) : drop(now, [...list, index])))}
        />
      ))}
    </Stack>
  );
}

function Block({ path }: { path: Path }) {
  const binaries = Object.entries(said.binaries).map(([value, label]) => ({ value, label }));
  return (
    <ArgumentsProvider value={OF_RESULTS}>
      <Group gap="xs" align="flex-start">
        <NumberAt path={[...path, 'max_bytes']} label={said.maxBytes} placeholder={said.maxBytesHint} width={200} check={bytes} />
        <PickAt path={[...path, 'binary']} label={said.binary} choices={binaries} usual="deny" width={280} />
        <PickAt path={[...path, 'mode']} label={words.policies.rule.mode} choices={modeChoices()} usual="enforce" width={260} />
      </Group>
      <Redactions path={path} keep={path.length} />
      <Predicates
        path={[...path, 'deny_if']}
        title={said.denyIf}
        hint={said.denyIfHint}
        add={said.addDenial}
        keep={path.length}
        first="result.isError"
      />
    </ArgumentsProvider>
  );
}

/** The block at a path, or the way to one. */
export function Results({ path, title, more, keep }: { path: Path; title: string; more: string; keep: number }) {
  const { tree, edit, isReadOnly } = useEditing();
  const is = nodeAt(tree, path) !== undefined;
  const here = usePlace<HTMLDivElement>(path);
  return (
    <Stack {...here} gap="sm" role="group" aria-label={title}>
      <Group justify="space-between" gap="xs">
        <Title order={3}>{title}</Title>
        {!isReadOnly && (
          <Button
            variant={is ? 'subtle' : 'default'}
            color={is ? 'gray' : undefined}
            size="compact-sm"
            onClick={() => edit((now) => (is ? prune(now, path, keep) : put(now, path, { redact: [{ type: 'secrets' }] })))}
          >
            {is ? said.remove : said.make}
          </Button>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {is ? more : said.none}
      </Text>
      {is && <Block path={path} />}
    </Stack>
  );
}
