// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The arguments of a call: a field for each that the tool declares, or their JSON. Both write the same text.
import { Button, Group, Select, Stack, Text, Textarea } from '@mantine/core';
import { useMemo } from 'react';

import { visible } from '../../../parts/unseen';
import { words } from '../../../words/words';
import { EditingProvider, useEditing, type Editing } from '../draft';
import { NumberAt, TextAt } from '../fields/fields';
import { prune, put, Raw, type Value } from '../model/edit';
import type { Check } from '../model/faults';
import { nodeAt, readTree, sourceOf, type Path } from '../model/tree';
import { Checked } from '../rules/Operand';
import { coveredOf, isCovered, isObjectText, type Field } from './call';

const said = words.policies.trying;
const json: Check = (text) => (text === '' || readTree(text).root !== undefined ? undefined : words.policies.notJson);

/** Fields that write one of some values, as JSON, or leave the argument out. */
function Pick({ path, label, about, choices }: { path: Path; label: string; about: string; choices: Value[] }) {
  const { tree, edit } = useEditing();
  const node = nodeAt(tree, path);
  const known = choices.map((choice) => JSON.stringify(choice));
  return (
    <Select
      label={label}
      description={about}
      placeholder={said.leftOut}
      data={[...new Set(known)].map((value) => ({ value, label: visible(value.replace(/^"(.*)"$/, '$1'), 80) }))}
      value={node === undefined ? null : sourceOf(tree, node)}
      clearable
      onChange={(next) => edit((now) => (next === null ? prune(now, path, 0) : put(now, path, new Raw(next))))}
    />
  );
}

function Json({ path, label, about }: { path: Path; label: string; about: string }) {
  const { tree, edit } = useEditing();
  const node = nodeAt(tree, path);
  return (
    <Stack gap={2}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      {about !== '' && (
        <Text size="xs" c="dimmed">
          {about}
        </Text>
      )}
      <Checked
        label={label}
        known={node === undefined ? '' : sourceOf(tree, node)}
        check={json}
        write={(text) => edit((now) => (text === '' ? prune(now, path, 0) : put(now, path, new Raw(text))))}
      />
    </Stack>
  );
}

function One({ field }: { field: Field }) {
  const path = [field.name];
  const name = visible(field.name, 80);
  const label = field.required ? said.required(name) : name;
  const about = visible(field.about, 160);
  if (field.choices.length > 0) return <Pick path={path} label={label} about={about} choices={field.choices} />;
  if (field.type === 'boolean') return <Pick path={path} label={label} about={about} choices={[true, false]} />;
  if (field.type === 'number') return <NumberAt path={path} label={label} description={about} placeholder={said.leftOut} />;
  if (field.type === 'string') return <TextAt path={path} label={label} description={about} placeholder={said.leftOut} />;
  return <Json path={path} label={label} about={about} />;
}

interface Props {
  /** Undefined: there is no form for them. */
  fields: Field[] | undefined;
  text: string;
  isJson: boolean;
  change: (by: { text?: string; isJson?: boolean }) => void;
}

function Form({ fields, text, change }: Pick<Props, 'text' | 'change'> & { fields: Field[] }) {
  const tree = useMemo(() => readTree(text), [text]);
  const editing = useMemo<Editing>(() => {
    const edit: Editing['edit'] = (by) => change({ text: by(tree) });
    return { tree, isReadOnly: false, edit, put: (path, value) => edit((now) => put(now, path, value)) };
  }, [tree, change]);
  return (
    <EditingProvider value={editing}>
      {fields.map((field) => (
        <One key={field.name} field={field} />
      ))}
    </EditingProvider>
  );
}

export function Arguments({ fields, text, isJson: isText, change }: Props) {
  const isForm = fields !== undefined && !isText && isCovered(text, fields);
  return (
    <Stack gap="xs" role="group" aria-label={said.arguments}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {said.arguments}
        </Text>
        {fields !== undefined && (
          <Button
            variant="subtle"
            size="compact-xs"
            disabled={!isObjectText(text)}
            onClick={() => change(isForm ? { isJson: true } : { isJson: false, text: coveredOf(text, fields) })}
          >
            {isForm ? said.asJson : said.asForm}
          </Button>
        )}
      </Group>
      {isForm ? (
        <Form fields={fields} text={text} change={change} />
      ) : (
        <Textarea
          aria-label={said.arguments}
          autosize
          minRows={4}
          maxRows={16}
          value={text}
          error={isObjectText(text) ? undefined : said.notObject}
          ff="monospace"
          spellCheck={false}
          onChange={(event) => change({ text: event.currentTarget.value })}
        />
      )}
    </Stack>
  );
}
