// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Fields that show one member of the policy and write it back; what is empty is left out of the text.
import { Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { isNumber, prune, put, Raw } from '../model/edit';
import { nodeAt, stringsOf, wordAt, type Path } from '../model/tree';

interface Field {
  path: Path;
  label: string;
  description?: string;
  placeholder?: string;
  width?: number | string;
  /** How much of the path stays when it becomes empty; all of it but the member without this. */
  keep?: number;
}

export function TextAt({
  path,
  label,
  description,
  placeholder,
  width,
  keep = path.length - 1,
  lines = false,
  mono = false,
}: Field & { lines?: boolean; mono?: boolean }) {
  const { tree, edit, isReadOnly } = useEditing();
  const node = nodeAt(tree, path);
  const change = (text: string) => edit((now) => (text === '' ? prune(now, path, keep) : put(now, path, text)), `text:${path.join('/')}`);
  const shared = {
    label,
    description,
    placeholder,
    w: width,
    value: wordAt(tree, path) ?? '',
    readOnly: isReadOnly,
    error: node !== undefined && node.type !== 'string' ? words.policies.notText : undefined,
    styles: mono ? { input: { fontFamily: 'var(--mantine-font-family-monospace)' } } : undefined,
    onChange: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value),
  };
  return lines ? <Textarea autosize minRows={1} maxRows={6} {...shared} /> : <TextInput {...shared} />;
}

/** A number as its digits; what is none yet stays in the field and out of the policy. */
export function NumberAt({
  path,
  label,
  description,
  placeholder,
  width,
  keep = path.length - 1,
  whole = false,
  required = false,
}: Field & { whole?: boolean; required?: boolean }) {
  const { tree, edit, isReadOnly } = useEditing();
  const [typed, setTyped] = useState<string>();
  const known = wordAt(tree, path) ?? '';
  const isGood = (text: string) => (whole ? /^(0|[1-9]\d*)$/.test(text) : isNumber(text));
  const change = (text: string) => {
    const given = text.trim();
    setTyped(text);
    if (isGood(given)) edit((now) => put(now, path, new Raw(given)), `number:${path.join('/')}`);
    if (given === '' && !required) edit((now) => prune(now, path, keep), `number:${path.join('/')}`);
  };
  const shown = typed ?? known;
  const bad = shown.trim() === '' ? required : !isGood(shown.trim());
  return (
    <TextInput
      label={label}
      description={description}
      placeholder={placeholder}
      w={width}
      inputMode="decimal"
      value={shown}
      readOnly={isReadOnly}
      error={bad ? (whole ? words.policies.notWhole : words.policies.notNumber) : undefined}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={() => {
        if (!bad) setTyped(undefined);
      }}
    />
  );
}

interface Choice {
  value: string;
  label: string;
}

/** One of some words; the one that goes without saying is not written, unless `always`. */
export function PickAt({
  path,
  label,
  description,
  width,
  keep = path.length - 1,
  choices,
  usual,
  always = false,
}: Field & { choices: Choice[]; usual: string; always?: boolean }) {
  const { tree, edit, isReadOnly } = useEditing();
  const value = wordAt(tree, path) ?? usual;
  const known = choices.some((choice) => choice.value === value) ? choices : [...choices, { value, label: value }];
  return (
    <Select
      label={label}
      description={description}
      w={width}
      data={known}
      value={value}
      allowDeselect={false}
      readOnly={isReadOnly}
      onChange={(next) => {
        if (next !== null) edit((now) => (next === usual && !always ? prune(now, path, keep) : put(now, path, next)));
      }}
    />
  );
}

/** A list of texts. */
export function TagsAt({
  path,
  label,
  description,
  placeholder,
  width,
  keep = path.length - 1,
  suggestions = [],
}: Field & { suggestions?: string[] }) {
  const { tree, edit, isReadOnly } = useEditing();
  const node = nodeAt(tree, path);
  const value = node?.type === 'string' ? [node.value as string] : stringsOf(node);
  return (
    <TagsInput
      label={label}
      description={description}
      placeholder={value.length === 0 ? placeholder : undefined}
      w={width}
      data={suggestions}
      value={value}
      readOnly={isReadOnly}
      onChange={(next) => edit((now) => (next.length === 0 ? prune(now, path, keep) : put(now, path, next)))}
    />
  );
}
