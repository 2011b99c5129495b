// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The parts of a policy that are about no single tool.
import { ActionIcon, Alert, Button, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { Name } from '../../../parts/Plain';
import { visible } from '../../../parts/unseen';
import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { PickAt, TagsAt, TextAt } from '../fields/fields';
import { prune, put } from '../model/edit';
import { method, toolSelector, type Check } from '../model/faults';
import { CATEGORIES, selectorOf } from '../model/select';
import { membersAt, wordAt, type Path } from '../model/tree';
import { usePlace } from '../place';
import { Results } from '../rules/Results';
import { Rule } from '../rules/Rule';

const said = words.policies;
const choicesOf = (of: Record<string, string>) => Object.entries(of).map(([value, label]) => ({ value, label }));

export function General() {
  const { tree } = useEditing();
  return (
    <Stack gap="md">
      <TextAt path={['description']} label={said.general.description} description={said.general.descriptionHint} lines />
      <Group gap="md" align="flex-start">
        <PickAt
          path={['default']}
          label={said.general.default}
          choices={choicesOf(said.general.defaults)}
          usual="deny"
          always
          width={220}
        />
        <PickAt path={['list']} label={said.general.list} choices={choicesOf(said.general.lists)} usual="all" width={280} />
      </Group>
      {wordAt(tree, ['default']) === 'allow' && (
        <Alert color="yellow" variant="light">
          {said.general.defaultRisk}
        </Alert>
      )}
      <TagsAt
        path={['hide']}
        label={said.general.hide}
        description={said.general.hideHint}
        placeholder="withdraw_*"
        check={toolSelector}
        suggestions={CATEGORIES.map(selectorOf)}
      />
    </Stack>
  );
}

export function EveryTool() {
  return (
    <Stack gap="md">
      <Text c="dimmed">{said.all.more}</Text>
      <Rule path={['all_tools']} keep={0} hasAction={false} />
    </Stack>
  );
}

export function TopResults() {
  return (
    <Stack gap="xl">
      <Results path={['results']} title={said.results.top} more={said.results.topMore} keep={0} />
      <Results path={['all_tools', 'results']} title={said.results.all} more={said.results.allMore} keep={0} />
    </Stack>
  );
}

/** A name for a new member of an object. */
export function NewName({ label, place, check, add }: { label: string; place: Path; check: Check; add: (name: string) => void }) {
  const { tree } = useEditing();
  const [name, setName] = useState('');
  const isThere = membersAt(tree, place).some((member) => member.name === name);
  const fault = name === '' ? undefined : (check(name) ?? (isThere ? said.others.isThere : undefined));
  const isAble = name !== '' && fault === undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isAble) return;
        add(name);
        setName('');
      }}
    >
      <Group gap="xs" align="flex-start">
        <TextInput
          aria-label={label}
          placeholder={label}
          value={name}
          error={fault}
          w={{ base: '100%', xs: 320 }}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" leftSection={<IconPlus size={14} />} disabled={!isAble}>
          {said.others.add}
        </Button>
      </Group>
    </form>
  );
}

export function Methods() {
  const { tree, edit, isReadOnly } = useEditing();
  const verdicts = [
    { value: 'allow', label: said.tools.outcomes.allow },
    { value: 'deny', label: said.tools.outcomes.deny },
  ];
  return (
    <Stack gap="sm">
      <Text c="dimmed">{said.methods.more}</Text>
      {membersAt(tree, ['methods']).map(({ name, value }) => (
        <Group key={name} gap="sm" wrap="nowrap">
          <Text ff="monospace" size="sm" miw={0} w={280} truncate>
            <Name text={name} />
          </Text>
          <Select
            aria-label={`${said.methods.verdict}: ${visible(name, 60)}`}
            data={verdicts}
            value={String(value.value)}
            allowDeselect={false}
            readOnly={isReadOnly}
            w={120}
            onChange={(next) => next !== null && edit((now) => put(now, ['methods', name], next))}
          />
          {!isReadOnly && (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={said.others.remove(visible(name, 60))}
              onClick={() => edit((now) => prune(now, ['methods', name], 0))}
            >
              <IconTrash size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {!isReadOnly && (
        <NewName
          label={said.methods.method}
          place={['methods']}
          check={method}
          add={(name) => edit((now) => put(now, ['methods', name], 'deny'))}
        />
      )}
    </Stack>
  );
}

/** `isPlace`: nothing within the section can be gone to by itself. */
export function SectionTitle({ isPlace, children }: { isPlace: boolean; children: string }) {
  const place = usePlace<HTMLHeadingElement>([]);
  return (
    <Title {...(isPlace ? place : {})} order={2} mb="sm" w="fit-content">
      {children}
    </Title>
  );
}
