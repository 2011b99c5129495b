// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is called, with what, by whom and when.
import { Accordion, Autocomplete, Group, NativeSelect, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { serversQuery } from '../../../api/queries';
import { Name } from '../../../parts/Plain';
import { words } from '../../../words/words';
import type { ToolRow } from '../data';
import { Arguments } from './Arguments';
import { isCount, SUBJECTS, type Asked, type Field } from './call';

const said = words.policies.trying;

export interface CallProps {
  asked: Asked;
  change: (by: Partial<Asked>) => void;
  server: string | undefined;
  pickServer: (server: string | undefined) => void;
  tools: ToolRow[];
  tool: ToolRow | undefined;
  fields: Field[] | undefined;
  /** Labels of those that there are. */
  grants: string[];
  /** Of the grant that was named. */
  tags: string[];
}

function Server({ server, pickServer }: Pick<CallProps, 'server' | 'pickServer'>) {
  const servers = useQuery(serversQuery);
  return (
    <Select
      label={said.server}
      placeholder={said.anyServer}
      data={(servers.data?.items ?? []).map((each) => each.name)}
      value={server ?? null}
      searchable
      clearable
      onChange={(next) => pickServer(next ?? undefined)}
    />
  );
}

function What({ asked, change, server, pickServer, tools }: CallProps) {
  const subjects = SUBJECTS.map((value) => ({ value, label: said.subjects[value] }));
  const isTool = asked.subject === 'tool';
  return (
    <>
      <Group grow align="flex-start" gap="xs">
        <Server server={server} pickServer={pickServer} />
        <NativeSelect
          label={said.subject}
          data={subjects}
          value={asked.subject}
          onChange={(event) => change({ subject: event.currentTarget.value as Asked['subject'] })}
        />
      </Group>
      <Autocomplete
        label={said.names[asked.subject]}
        data={isTool ? [...new Set(tools.map((each) => each.name))] : []}
        limit={100}
        value={asked.name}
        renderOption={({ option }) => <Name text={option.value} most={80} />}
        onChange={(name) => change({ name })}
        onOptionSubmit={(name) => name !== asked.name && change({ name, text: asked.isJson ? asked.text : '{}' })}
      />
    </>
  );
}

function Context({ asked, change, tool, grants, tags }: Pick<CallProps, 'asked' | 'change' | 'tool' | 'grants' | 'tags'>) {
  const categories = Object.entries(words.category).map(([value, label]) => ({ value, label }));
  const catalogued = words.category[tool?.category ?? 'Unknown'];
  return (
    <Stack gap="xs">
      <Autocomplete
        label={said.grant}
        description={said.grantHint}
        data={grants}
        limit={100}
        renderOption={({ option }) => <Name text={option.value} most={80} />}
        value={asked.grant}
        onChange={(grant) => change({ grant, tags: undefined })}
      />
      <TagsInput label={said.tags} value={asked.tags ?? tags} maxTags={32} onChange={(next) => change({ tags: next })} />
      <TextInput
        label={said.client}
        description={said.clientHint}
        value={asked.client}
        onChange={(event) => change({ client: event.currentTarget.value })}
      />
      {asked.subject === 'tool' && (
        <Select
          label={said.category}
          placeholder={said.asCatalogued(catalogued)}
          data={categories}
          value={asked.category ?? null}
          clearable
          onChange={(next) => change({ category: next ?? undefined })}
        />
      )}
      <TextInput
        label={said.calls}
        inputMode="numeric"
        value={asked.calls}
        error={isCount(asked.calls) ? undefined : words.policies.notWhole}
        onChange={(event) => change({ calls: event.currentTarget.value })}
      />
      <TextInput
        label={said.time}
        description={said.timeHint}
        type="datetime-local"
        value={asked.time}
        onChange={(event) => change({ time: event.currentTarget.value })}
      />
    </Stack>
  );
}

export function CallForm(props: CallProps) {
  const { asked, change, tool, fields, grants, tags } = props;
  const hasArguments = asked.subject === 'tool' || asked.subject === 'prompt';
  return (
    <Stack gap="sm">
      <What {...props} />
      {hasArguments && (
        <Arguments
          key={`${props.server} ${asked.name}`}
          fields={asked.subject === 'tool' ? fields : undefined}
          text={asked.text}
          isJson={asked.isJson}
          change={change}
        />
      )}
      <Accordion variant="contained">
        <Accordion.Item value="context">
          <Accordion.Control>{said.context}</Accordion.Control>
          <Accordion.Panel>
            <Context asked={asked} change={change} tool={tool} grants={grants} tags={tags} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Stack>
  );
}
