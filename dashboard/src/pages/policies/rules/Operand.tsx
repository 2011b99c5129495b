// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a condition compares with, in a field that fits the operator and the argument's type. Numbers
// keep their digits.
import { Group, Select, TagsInput, TextInput } from '@mantine/core';
import { useState } from 'react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { useTyped } from '../fields/fields';
import { isNumber, put, Raw, type Value } from '../model/edit';
import { anyNumber, expression, groundsFault, whole, type Check } from '../model/faults';
import { operandOf, type Argument } from '../model/arguments';
import { itemsOf, nodeAt, readTree, sourceOf, type Node, type Path, type Tree } from '../model/tree';

const said = words.policies.condition;

interface Props {
  path: Path; // of the value
  op: string;
  argument: Argument | undefined;
}

type Kind = keyof typeof said.kinds & ('string' | 'number' | 'boolean' | 'null' | 'json');

function kindOf(node: Node | undefined, argument: Argument | undefined): Kind {
  if (node === undefined) return argument?.type === 'number' || argument?.type === 'boolean' ? argument.type : 'string';
  return node.type === 'array' || node.type === 'object' || node.type === 'property' ? 'json' : node.type;
}

/** A field for text that is only written while it is good. */
export function Checked({ label, known, check, write }: { label: string; known: string; check: Check; write: (text: string) => void }) {
  const { isReadOnly } = useEditing();
  const { shown, type, forget } = useTyped(known);
  const fault = check(shown.trim());
  return (
    <TextInput
      aria-label={label}
      value={shown}
      readOnly={isReadOnly}
      error={fault}
      flex={1}
      miw={120}
      onChange={(event) => {
        const text = event.currentTarget.value;
        const isGood = check(text.trim()) === undefined;
        type(text, isGood ? text.trim() : known);
        if (isGood) write(text.trim());
      }}
      onBlur={() => {
        if (fault === undefined) forget();
      }}
    />
  );
}

const json: Check = (text) => (readTree(text).root === undefined ? words.policies.notJson : undefined);
const list: Check = (text) => (readTree(text).root?.type === 'array' ? undefined : words.policies.notList);
const count = whole(0);

function usePut(path: Path) {
  const { edit } = useEditing();
  return (value: Value) => edit((now) => put(now, path, value), `value:${path.join('/')}`);
}

function Words({ path, op, node, tree, argument }: Props & { node: Node | undefined; tree: Tree }) {
  const write = usePut(path);
  const { isReadOnly } = useEditing();
  const [isRefused, setRefused] = useState(false);
  const items = itemsOf(node);
  const isNumbers = items.length > 0 ? items.every((item) => item.type === 'number') : argument?.type === 'number';
  const isTexts = items.every((item) => item.type === 'string');
  const isList = node === undefined || node.type === 'array' || (node.type === 'string' && operandOf(op) === 'texts');
  if (!isList || (!isNumbers && !isTexts)) return <Json path={path} node={node} tree={tree} check={list} />;
  const shown =
    node?.type === 'string' ? [String(node.value)] : items.map((item) => (isNumbers ? sourceOf(tree, item) : String(item.value)));
  return (
    <TagsInput
      aria-label={said.values}
      data={argument?.choices.map(String) ?? []}
      value={shown}
      readOnly={isReadOnly}
      flex={1}
      miw={180}
      error={isRefused ? words.policies.notNumber : operandOf(op) === 'texts' && groundsFault(op, shown)}
      onChange={(next) => {
        const good = isNumbers ? next.filter(isNumber) : next;
        setRefused(good.length < next.length);
        write(isNumbers ? good.map((text) => new Raw(text)) : good);
      }}
    />
  );
}

function Json({ path, node, tree, check }: { path: Path; node: Node | undefined; tree: Tree; check: Check }) {
  const write = usePut(path);
  return (
    <Checked
      label={said.value}
      known={node === undefined ? '' : sourceOf(tree, node)}
      check={check}
      write={(text) => write(new Raw(text))}
    />
  );
}

function Truth({ path, node }: { path: Path; node: Node | undefined }) {
  const write = usePut(path);
  const { isReadOnly } = useEditing();
  const data = [
    { value: 'true', label: said.yes },
    { value: 'false', label: said.no },
  ];
  return (
    <Select
      aria-label={said.value}
      data={data}
      value={node === undefined ? null : String(node.value)}
      allowDeselect={false}
      readOnly={isReadOnly}
      w={110}
      onChange={(next) => write(next === 'true')}
    />
  );
}

interface TextProps {
  path: Path;
  node: Node | undefined;
  argument: Argument | undefined;
  check?: Check | undefined;
}

function Text({ path, node, argument, check }: TextProps) {
  const write = usePut(path);
  const { isReadOnly } = useEditing();
  const value = String(node?.value ?? '');
  const choices = argument?.type === 'string' ? argument.choices.map(String) : [];
  if (choices.length > 0 && (node === undefined || choices.includes(value)))
    return (
      <Select
        aria-label={said.value}
        data={choices}
        value={node === undefined ? null : value}
        allowDeselect={false}
        readOnly={isReadOnly}
        flex={1}
        miw={140}
        onChange={(next) => next !== null && write(next)}
      />
    );
  return (
    <TextInput
      aria-label={said.value}
      value={value}
      readOnly={isReadOnly}
      error={check?.(value)}
      flex={1}
      miw={140}
      onChange={(event) => write(event.currentTarget.value)}
    />
  );
}

const FIRST: Record<Kind, Value> = { string: '', number: 0, boolean: true, null: null, json: [] };

function Any({ path, node, tree, argument }: Props & { node: Node | undefined; tree: Tree }) {
  const write = usePut(path);
  const { isReadOnly } = useEditing();
  const kind = kindOf(node, argument);
  const kinds = (['string', 'number', 'boolean', 'null', 'json'] as const).map((value) => ({ value, label: said.kinds[value] }));
  const isPlain = argument !== undefined && argument.type === kind;
  return (
    <Group gap={6} flex={1} miw={140} wrap="nowrap" align="flex-start">
      {!isPlain && (
        <Select
          aria-label={said.kinds.label}
          data={kinds}
          value={kind}
          allowDeselect={false}
          readOnly={isReadOnly}
          w={104}
          onChange={(next) => next !== null && write(FIRST[next as Kind])}
        />
      )}
      {kind === 'string' && <Text path={path} node={node} argument={argument} />}
      {kind === 'number' && <Decimal path={path} node={node} tree={tree} check={anyNumber} />}
      {kind === 'boolean' && <Truth path={path} node={node} />}
      {kind === 'json' && <Json path={path} node={node} tree={tree} check={json} />}
    </Group>
  );
}

function Decimal({ path, node, tree, check }: { path: Path; node: Node | undefined; tree: Tree; check: Check }) {
  const write = usePut(path);
  return (
    <Checked
      label={said.value}
      known={node === undefined ? '' : sourceOf(tree, node)}
      check={check}
      write={(text) => write(new Raw(text))}
    />
  );
}

/** What goes without saying for an operator whose value does not fit any more. */
export function firstValue(op: string, argument: Argument | undefined): Value {
  const [choice] = argument?.choices ?? [];
  switch (operandOf(op)) {
    case 'list':
      return choice === undefined ? [] : [choice];
    case 'texts':
      return [];
    case 'decimal':
    case 'whole':
      return 0;
    case 'presence':
      return true;
    case 'text':
      return '';
    default:
      if (choice !== undefined) return choice;
      return argument?.type === 'number' ? 0 : argument?.type === 'boolean' ? true : '';
  }
}

export function Operand({ path, op, argument }: Props) {
  const { tree } = useEditing();
  const node = nodeAt(tree, path);
  const shared = { path, node, tree, argument };
  switch (operandOf(op)) {
    case 'list':
      return <Words {...shared} op={op} />;
    case 'texts':
      return <Words {...shared} op={op} argument={undefined} />;
    case 'decimal':
      return <Decimal path={path} node={node} tree={tree} check={anyNumber} />;
    case 'whole':
      return <Decimal path={path} node={node} tree={tree} check={count} />;
    case 'text':
      return <Text path={path} node={node} argument={undefined} check={op.endsWith('regex') ? expression : undefined} />;
    case 'presence':
      return <Presence path={path} node={node} />;
    default:
      return <Any {...shared} op={op} />;
  }
}

function Presence({ path, node }: { path: Path; node: Node | undefined }) {
  const write = usePut(path);
  const { isReadOnly } = useEditing();
  return (
    <Select
      aria-label={said.value}
      data={[
        { value: 'true', label: said.present },
        { value: 'false', label: said.absent },
      ]}
      value={node?.value === false ? 'false' : 'true'}
      allowDeselect={false}
      readOnly={isReadOnly}
      flex={1}
      miw={140}
      onChange={(next) => write(next === 'true')}
    />
  );
}
