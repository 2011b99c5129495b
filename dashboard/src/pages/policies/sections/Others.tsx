// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rules for resources or prompts: entries by name or pattern, and what no entry speaks of.
import { Accordion, Button, Select, Stack, Text } from '@mantine/core';

import { Name } from '../../../parts/Plain';
import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { prune, put } from '../model/edit';
import { otherSelector } from '../model/faults';
import { ruleOutcome } from '../model/select';
import { membersAt, pointerOf, wordAt } from '../model/tree';
import { usePlace, useTarget } from '../place';
import { Rule } from '../rules/Rule';
import { NewName } from './sections';

const said = words.policies;

function Entry({ place, name }: { place: string; name: string }) {
  const { edit, isReadOnly } = useEditing();
  return (
    <Stack gap="md">
      <Rule path={[place, name]} keep={2} />
      {!isReadOnly && (
        <Button variant="subtle" color="red" w="fit-content" onClick={() => edit((now) => prune(now, [place, name], 0))}>
          {said.rule.remove}
        </Button>
      )}
    </Stack>
  );
}

export function Others({ place }: { place: 'resources' | 'prompts' }) {
  const { tree, edit, isReadOnly } = useEditing();
  const entries = membersAt(tree, [place]).filter(({ name }) => name !== 'default');
  const fallback = [
    { value: '', label: said.others.asPolicy },
    { value: 'deny', label: said.general.defaults.deny },
    { value: 'allow', label: said.general.defaults.allow },
  ];
  const path = [place, 'default'];
  const here = usePlace<HTMLDivElement>([place]);
  const target = useTarget()?.pointer;
  const open = entries.map(({ name }) => name).filter((name) => `${target}/`.startsWith(`${pointerOf([place, name])}/`));
  return (
    <Stack {...here} gap="md">
      <Text c="dimmed">{said.others[place]}</Text>
      <Select
        label={said.others.default}
        data={fallback}
        value={wordAt(tree, path) ?? ''}
        allowDeselect={false}
        readOnly={isReadOnly}
        w={220}
        onChange={(next) => edit((now) => (next === '' || next === null ? prune(now, path, 0) : put(now, path, next)))}
      />
      {entries.length === 0 && <Text size="sm">{said.others.none}</Text>}
      <Accordion key={target} variant="contained" multiple defaultValue={open}>
        {entries.map(({ name, value }) => (
          <Accordion.Item key={name} value={name}>
            <Accordion.Control>
              <Text size="sm" ff="monospace" component="span" style={{ overflowWrap: 'anywhere' }}>
                <Name text={name} />
              </Text>{' '}
              <Text size="xs" c="dimmed" component="span">
                {said.tools.outcomes[ruleOutcome(value)]}
              </Text>
            </Accordion.Control>
            <Accordion.Panel>
              <Entry place={place} name={name} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {!isReadOnly && (
        <NewName
          label={place === 'resources' ? said.others.entry : said.others.prompt}
          place={[place]}
          check={otherSelector}
          add={(name) => edit((now) => put(now, [place, name], {}))}
        />
      )}
    </Stack>
  );
}
