// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Times: a text such as "90s", or whole seconds as a number.
import { Autocomplete, TextInput } from '@mantine/core';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { prune, put, Raw, type Value } from '../model/edit';
import { duration, window } from '../model/faults';
import { wordAt, type Path } from '../model/tree';
import { ORDER, type Field } from './fields';

const WINDOWS = ['second', 'minute', 'hour', 'day', 'week', 'month', '30s', '15m', '12h'];

// Digits alone are a number in the policy: whole seconds.
const timeOf = (text: string): Value => (/^[1-9]\d*$/.test(text) ? new Raw(text) : text);

/** A time such as "90s", or whole seconds. */
export function DurationAt({ path, label, description, placeholder, width, keep = path.length - 1 }: Omit<Field, 'check'>) {
  const { tree, edit, isReadOnly } = useEditing();
  const value = wordAt(tree, path) ?? '';
  const change = (text: string) =>
    edit((now) => (text === '' ? prune(now, path, keep) : put(now, path, timeOf(text))), `time:${path.join('/')}`);
  return (
    <TextInput
      label={label}
      description={description}
      placeholder={placeholder}
      w={width}
      inputWrapperOrder={ORDER}
      value={value}
      readOnly={isReadOnly}
      error={value === '' ? undefined : duration(value)}
      onChange={(event) => change(event.currentTarget.value.trim())}
    />
  );
}

/** A window: a word, a duration, or whole seconds. */
export function WindowAt({ path, label, width }: { path: Path; label: string; width?: number }) {
  const { tree, edit, isReadOnly } = useEditing();
  const value = wordAt(tree, path) ?? '';
  return (
    <Autocomplete
      label={label}
      placeholder={words.policies.limit.windowHint}
      w={width}
      data={WINDOWS}
      value={value}
      readOnly={isReadOnly}
      error={window(value)}
      onChange={(next) => edit((now) => put(now, path, timeOf(next.trim())), `window:${path.join('/')}`)}
    />
  );
}
