// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The tools of a server and what the policy says of each: to pick, to filter, to set many at once.
import { Alert, Button, Group, NativeSelect, Select, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useState } from 'react';

import { serversQuery } from '../../../api/queries';
import { visible } from '../../../parts/unseen';
import { Loading, Trouble } from '../../../parts/states';
import { words } from '../../../words/words';
import { toolsQuery, type ToolRow } from '../data';
import { useEditing } from '../draft';
import { put } from '../model/edit';
import { toolSelector } from '../model/faults';
import { bookOf, OUTCOMES, type Outcome, type Word } from '../model/select';
import { Filters, type SearchProps, type ToolsSearch } from './Filters';
import type { Which } from './many';
import { filteredRows, inherit, lockOf, losesConditions, rowsOf, setOutcome, type Row } from './rows';
import { RuleDrawer } from './RuleDrawer';
import { SetMany } from './SetMany';
import { ToolTable, type Actions } from './ToolTable';

const said = words.policies.tools;
const NO_TOOLS: ToolRow[] = [];

function Bulk({ chosen, set }: { chosen: ReadonlySet<string>; set: (outcome: Word) => void }) {
  const data = [{ value: '', label: said.setAll }, ...OUTCOMES.map((value) => ({ value, label: said.outcomes[value] }))];
  return (
    <Group gap="xs" role="status">
      <Text size="sm" fw={600}>
        {said.selected(chosen.size)}
      </Text>
      <NativeSelect
        aria-label={said.setAll}
        data={data}
        value=""
        size="xs"
        onChange={(event) => {
          const { value } = event.currentTarget;
          if (value !== '') set(value as Word);
        }}
      />
    </Group>
  );
}

function AddRule({ add }: { add: (name: string) => void }) {
  const [name, setName] = useState('');
  const fault = name === '' ? undefined : toolSelector(name);
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
      <Group gap="xs" align="flex-end">
        <TextInput
          label={said.addRuleLabel}
          inputWrapperOrder={['label', 'error', 'input']}
          error={fault}
          placeholder={said.addRuleHint}
          value={name}
          w={{ base: '100%', xs: 320 }}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" leftSection={<IconPlus size={14} />} disabled={!isAble}>
          {said.addRule}
        </Button>
      </Group>
    </form>
  );
}

function ServerPick({ search, change }: SearchProps) {
  const servers = useQuery(serversQuery);
  if (servers.data?.items.length === 0) return <Text c="dimmed">{said.noServers}</Text>;
  return (
    <Select
      aria-label={said.server}
      placeholder={said.pickServer}
      data={(servers.data?.items ?? []).map((server) => server.name)}
      value={search.server ?? null}
      searchable
      w={{ base: '100%', xs: 260 }}
      onChange={(next) => change({ server: next ?? undefined })}
    />
  );
}

const count = (rows: Row[]): string => {
  const tools = rows.filter((row) => row.tool !== undefined).length;
  return said.shown(tools, rows.length - tools);
};
const howMany = (shown: Row[], all: Row[]): string => (shown.length === all.length ? count(all) : said.filtered(shown.length, count(all)));

function useRows(tools: ToolRow[], search: ToolsSearch) {
  const { tree } = useEditing();
  const book = useMemo(() => bookOf(tree), [tree]);
  const rows = useMemo(() => rowsOf(book, tools), [book, tools]);
  const text = useDeferredValue(search.text);
  const { category, severity, outcome } = search;
  const filter = useMemo(() => ({ text, category, severity, outcome }), [text, category, severity, outcome]);
  return { all: rows, shown: useMemo(() => filteredRows(rows, filter), [rows, filter]) };
}

function useActions(shown: Row[], open: (row: Row) => void) {
  const { tree, edit, isReadOnly } = useEditing();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const set = (row: Row, outcome: Outcome | 'inherit') => {
    if (outcome === 'custom') return open(row);
    if (outcome === 'inherit') return edit((now) => inherit(now, row.name));
    if (losesConditions(tree, row.name)) notifications.show({ message: said.replaced(visible(row.name, 60)) });
    edit((now) => setOutcome(now, [row.name], outcome));
  };
  const actions: Actions = {
    isReadOnly,
    chosen,
    set,
    open,
    choose: (name, on) => setChosen((before) => new Set(on ? [...before, name] : [...before].filter((each) => each !== name))),
    chooseAll: (on) => setChosen(new Set(on ? shown.filter((row) => lockOf(row) === undefined).map((row) => row.name) : [])),
  };
  return { actions, chosen, clear: () => setChosen(new Set()) };
}

// What the filters already say is meant.
function filteredBy({ category, severity }: ToolsSearch): Which | undefined {
  if (category !== undefined) return { by: 'category', value: category };
  return severity === undefined ? undefined : { by: 'severity', value: severity };
}

export function Tools({ search, change }: SearchProps) {
  const { edit, isReadOnly } = useEditing();
  const query = useQuery(toolsQuery(search.server ?? ''));
  const tools = query.data?.tools ?? NO_TOOLS;
  const { all, shown } = useRows(tools, search);
  const { actions, chosen, clear } = useActions(shown, (row) => change({ rule: row.name }));
  const [asked, ask] = useState<{ which: Which | undefined; outcome: Word | undefined }>();
  const open = all.find((row) => row.name === search.rule);
  const add = (name: string) => {
    edit((now) => (bookOf(now).entries.some((entry) => entry.selector === name) ? now.text : put(now, ['tools', name], {})));
    change({ rule: name });
  };
  return (
    <Stack gap="sm">
      <Group gap="xs" align="flex-start">
        <ServerPick search={search} change={change} />
        <Filters search={search} change={change} />
        {!isReadOnly && tools.length > 0 && (
          <Button variant="default" onClick={() => ask({ which: filteredBy(search), outcome: undefined })}>
            {words.policies.many.open}
          </Button>
        )}
      </Group>
      {search.server !== undefined && query.isPending && <Loading rows={8} />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data === null && (
        <Alert color="gray" variant="light" title={said.unseen(search.server ?? '')}>
          {said.unseenMore}
        </Alert>
      )}
      <Group justify="space-between" mih={30}>
        <Text size="sm" c="dimmed" role="status">
          {howMany(shown, all)}
        </Text>
        {chosen.size > 0 && !isReadOnly && (
          <Bulk chosen={chosen} set={(outcome) => ask({ which: { by: 'chosen', names: chosen }, outcome })} />
        )}
      </Group>
      {shown.length > 0 && <ToolTable rows={shown} actions={actions} />}
      {shown.length === 0 && all.length > 0 && (
        <Group>
          <Text>{said.none}</Text>
          <Button
            variant="default"
            size="xs"
            onClick={() => change({ text: undefined, category: undefined, severity: undefined, outcome: undefined })}
          >
            {said.clear}
          </Button>
        </Group>
      )}
      {!isReadOnly && <AddRule add={add} />}
      <SetMany
        opened={asked !== undefined}
        tools={tools}
        rows={all}
        which={asked?.which}
        outcome={asked?.outcome}
        close={() => ask(undefined)}
        done={() => {
          ask(undefined);
          clear();
        }}
      />
      <RuleDrawer name={search.rule} tool={open?.tool} said={open?.said} close={() => change({ rule: undefined })} />
    </Stack>
  );
}
