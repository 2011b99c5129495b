// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One condition: what is looked at, how it is compared, with what.
import { ActionIcon, Autocomplete, Checkbox, Group, Select, Text } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { createContext, useContext } from 'react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { ORDER } from '../fields/fields';
import { argumentAt, AROUND, OF_RESULTS, operandOf, opsOf, type Argument } from '../model/arguments';
import { chain, drop, put } from '../model/edit';
import { callPath, resultPath } from '../model/faults';
import { nodeAt, stringAt, type Path, type Tree } from '../model/tree';
import { firstValue, Operand } from './Operand';

const said = words.policies.condition;

const Context = createContext<Argument[]>([]);
export const ArgumentsProvider = Context.Provider;

export const useArguments = (): Argument[] => useContext(Context);

const ORDERS = ['lt', 'lte', 'gt', 'gte'];

// The value stays where the new operator takes one of its kind.
export function changeOp(tree: Tree, path: Path, op: string, argument: Argument | undefined): string {
  const before = stringAt(tree, [...path, 'op']) ?? '';
  const stays = operandOf(before) === operandOf(op);
  const edits = [(now: Tree) => put(now, [...path, 'op'], op)];
  if (!stays) edits.push((now) => put(now, [...path, 'value'], firstValue(op, argument)));
  if (ORDERS.includes(op) && argument?.type === 'string') edits.push((now) => put(now, [...path, 'as'], 'number'));
  if (!ORDERS.includes(op)) edits.push((now) => drop(now, [...path, 'as']));
  return chain(tree, edits);
}

function opChoices(argument: Argument | undefined, op: string) {
  const fitting = opsOf(argument?.type ?? 'any');
  const all = fitting.includes(op) || op === '' ? fitting : [...fitting, op];
  return all.map((value) => ({ value, label: said.ops[value] ?? value }));
}

export function Condition({ path, number, remove }: { path: Path; number: number; remove: () => void }) {
  const { tree, edit, isReadOnly } = useEditing();
  const known = useArguments();
  const subject = stringAt(tree, [...path, 'path']) ?? '';
  const op = stringAt(tree, [...path, 'op']) ?? '';
  const argument = argumentAt(known, subject) ?? argumentAt(AROUND, subject);
  const own = known.map((each) => each.path);
  const groups = [
    { group: said.groups.args, items: own.length === 0 ? ['args'] : own },
    { group: said.groups.around, items: AROUND.map((each) => each.path) },
  ];
  const isUnknown = own.length > 0 && argument === undefined && /^args[.[]/.test(subject);
  return (
    <Group role="group" aria-label={said.group(number)} gap={6} align="flex-start" wrap="wrap">
      <Autocomplete
        aria-label={said.path}
        data={groups}
        value={subject}
        readOnly={isReadOnly}
        w={{ base: '100%', xs: 220 }}
        description={isUnknown ? said.unknownPath : undefined}
        inputWrapperOrder={ORDER}
        error={(known === OF_RESULTS ? resultPath : callPath)(subject)}
        onChange={(next) => edit((now) => put(now, [...path, 'path'], next), `path:${path.join('/')}`)}
      />
      <Select
        aria-label={said.op}
        data={opChoices(argument, op)}
        value={op}
        allowDeselect={false}
        readOnly={isReadOnly}
        w={{ base: '100%', xs: 190 }}
        onChange={(next) => next !== null && edit((now) => changeOp(now, path, next, argument))}
      />
      <Operand key={op} path={[...path, 'value']} op={op} argument={argument} />
      {!isReadOnly && (
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={said.remove} onClick={remove}>
          <IconX size={16} />
        </ActionIcon>
      )}
      {ORDERS.includes(op) && (
        <Checkbox
          size="xs"
          w="100%"
          label={said.as}
          checked={nodeAt(tree, [...path, 'as']) !== undefined}
          disabled={isReadOnly}
          onChange={(event) => {
            const on = event.currentTarget.checked;
            edit((now) => (on ? put(now, [...path, 'as'], 'number') : drop(now, [...path, 'as'])));
          }}
        />
      )}
    </Group>
  );
}

/** Words about the quantifier of a path, or nothing. */
export function Quantifier({ subject, isRequire }: { subject: string; isRequire: boolean }) {
  if (!subject.includes('[*]')) return null;
  return (
    <Text size="xs" c="dimmed">
      {isRequire ? said.quantifierAll : said.quantifierAny}
    </Text>
  );
}
