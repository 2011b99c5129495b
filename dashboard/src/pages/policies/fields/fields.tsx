// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Fields that show one member of the policy and write it back; what is empty is left out of the text.
import { Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { prune, put, Raw } from '../model/edit';
import { anyNumber, type Check } from '../model/faults';
import { nodeAt, stringsOf, wordAt, type Path, type Tree } from '../model/tree';

export interface Field {
  path: Path;
  label: string;
  description?: string;
  placeholder?: string;
  width?: number | string;
  /** How much of the path stays when it becomes empty; all of it but the member without this. */
  keep?: number;
  check?: Check;
}

/** Fields of one line stand in one line, however much is said of each. */
export const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

/** What is being typed, as long as the policy says beside it what it did then: Undo and other hands go before it. */
export function useTyped(known: string) {
  const [typed, setTyped] = useState<{ text: string; known: string }>();
  return {
    shown: typed !== undefined && typed.known === known ? typed.text : known,
    type: (text: string, willBe: string) => setTyped({ text, known: willBe }),
    forget: () => setTyped(undefined),
  };
}

/** `required`: it must be there, if empty. */
export function TextAt({
  path,
  label,
  description,
  placeholder,
  width,
  keep = path.length - 1,
  check,
  lines = false,
  mono = false,
  required = false,
}: Field & { lines?: boolean; mono?: boolean; required?: boolean }) {
  const { tree, edit, isReadOnly } = useEditing();
  const node = nodeAt(tree, path);
  const value = wordAt(tree, path) ?? '';
  const change = (text: string) =>
    edit((now) => (text === '' && !required ? prune(now, path, keep) : put(now, path, text)), `text:${path.join('/')}`);
  const isText = node === undefined || node.type === 'string';
  const isChecked = node !== undefined || required;
  const shared = {
    label,
    description,
    placeholder,
    w: width,
    inputWrapperOrder: ORDER,
    value,
    readOnly: isReadOnly,
    error: isText ? isChecked && check?.(value) : words.policies.notText,
    styles: mono ? { input: { fontFamily: 'var(--mantine-font-family-monospace)' } } : undefined,
    onChange: (event: { currentTarget: { value: string } }) => change(event.currentTarget.value),
  };
  return lines ? <Textarea autosize minRows={1} maxRows={6} {...shared} /> : <TextInput {...shared} />;
}

/** A number as its digits; what is none yet, or is out of its bounds, stays in the field and out of the policy. */
export function NumberAt({
  path,
  label,
  description,
  placeholder,
  width,
  keep = path.length - 1,
  check = anyNumber,
  write = (tree, value) => put(tree, path, value),
  required = false,
}: Field & { required?: boolean; write?: (tree: Tree, value: Raw) => string }) {
  const { tree, edit, isReadOnly } = useEditing();
  const known = wordAt(tree, path) ?? '';
  const { shown, type, forget } = useTyped(known);
  const change = (text: string) => {
    const given = text.trim();
    const isEmpty = given === '' && !required;
    const isGood = !isEmpty && check(given) === undefined;
    type(text, isEmpty || isGood ? given : known);
    if (isGood) edit((now) => write(now, new Raw(given)), `number:${path.join('/')}`);
    if (isEmpty) edit((now) => prune(now, path, keep), `number:${path.join('/')}`);
  };
  const fault = shown.trim() === '' && !required ? undefined : check(shown.trim());
  return (
    <TextInput
      label={label}
      description={description}
      placeholder={placeholder}
      w={width}
      inputWrapperOrder={ORDER}
      inputMode="decimal"
      value={shown}
      readOnly={isReadOnly}
      error={fault}
      onChange={(event) => change(event.currentTarget.value)}
      onBlur={() => {
        if (fault === undefined) forget();
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
      inputWrapperOrder={ORDER}
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
  check,
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
      inputWrapperOrder={ORDER}
      data={suggestions}
      value={value}
      readOnly={isReadOnly}
      error={value.flatMap((each) => check?.(each) ?? [])[0]}
      onChange={(next) => edit((now) => (next.length === 0 ? prune(now, path, keep) : put(now, path, next)))}
    />
  );
}
