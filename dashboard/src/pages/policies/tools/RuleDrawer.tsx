// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One entry of `tools` in full, beside what is known of the tool.
import { Accordion, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { CategoryMark, SeverityMark } from '../../../parts/Grade';
import { Name } from '../../../parts/Plain';
import { Sheet } from '../../../parts/Sheet';
import { visible } from '../../../parts/unseen';
import { words } from '../../../words/words';
import { toolQuery, type ToolRow } from '../data';
import { useEditing } from '../draft';
import { argumentsOf } from '../model/arguments';
import { put, Raw } from '../model/edit';
import type { Said } from '../model/select';
import { nodeAt, sourceOf } from '../model/tree';
import { ArgumentsProvider } from '../rules/Condition';
import { Rule } from '../rules/Rule';
import { inherit } from './rows';

const said = words.policies;

interface Props {
  name: string | undefined;
  tool: ToolRow | undefined;
  said: Said | undefined;
  close: () => void;
}

function About({ tool, why, description }: { tool: ToolRow; why: string; description: string }) {
  return (
    <Accordion variant="contained">
      <Accordion.Item value="about">
        <Accordion.Control>
          <Group gap="sm">
            <CategoryMark category={tool.category} />
            <SeverityMark severity={tool.severity} />
            <Text size="sm">{said.rule.definition}</Text>
          </Group>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs">
            {why !== '' && (
              <Text size="sm">
                {said.tools.why}: <Name text={why} most={600} />
              </Text>
            )}
            <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              <Name text={description} most={4000} />
            </Text>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function useTool(tool: ToolRow | undefined) {
  const query = useQuery({ ...toolQuery(tool ?? ({} as ToolRow)), enabled: tool !== undefined });
  const definition = tool === undefined ? undefined : (query.data?.definition as Record<string, unknown> | undefined);
  const schema = definition?.inputSchema;
  return {
    arguments: useMemo(() => argumentsOf(schema), [schema]),
    why: tool === undefined ? '' : (query.data?.verdict.why ?? ''),
    description: typeof definition?.description === 'string' ? definition.description : '',
  };
}

function None({ name, by }: { name: string; by: Said | undefined }) {
  const { tree, edit, isReadOnly } = useEditing();
  const rule = by?.entry?.rule;
  return (
    <Stack align="flex-start">
      <Text>{said.rule.none(by?.entry === undefined ? said.tools.by.default : visible(by.entry.selector, 80))}</Text>
      {!isReadOnly && (
        <Group gap="xs">
          <Button onClick={() => edit((now) => put(now, ['tools', name], {}))} data-autofocus>
            {said.rule.make}
          </Button>
          {rule !== undefined && (
            <Button variant="default" onClick={() => edit((now) => put(now, ['tools', name], new Raw(sourceOf(tree, rule))))}>
              {said.rule.copy}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}

function Content({ name, tool, by, close }: { name: string; tool: ToolRow | undefined; by: Said | undefined; close: () => void }) {
  const { tree, edit, isReadOnly } = useEditing();
  const known = useTool(tool);
  const path = ['tools', name];
  const is = nodeAt(tree, path) !== undefined;
  return (
    <ArgumentsProvider value={known.arguments}>
      <Stack gap="md">
        {tool !== undefined && <About tool={tool} why={known.why} description={known.description} />}
        {is ? <Rule path={path} keep={2} /> : <None name={name} by={by} />}
        <Group justify="space-between">
          {is && !isReadOnly ? (
            <Button
              variant="subtle"
              color="red"
              onClick={() => {
                edit((now) => inherit(now, name));
                close();
              }}
            >
              {said.rule.remove}
            </Button>
          ) : (
            <span />
          )}
          <Button variant="default" onClick={close}>
            {said.close}
          </Button>
        </Group>
      </Stack>
    </ArgumentsProvider>
  );
}

export function RuleDrawer({ name, tool, said: by, close }: Props) {
  return (
    <Sheet side opened={name !== undefined} close={close} title={<Name text={said.rule.of(name ?? '')} most={160} />}>
      {name !== undefined && <Content key={name} name={name} tool={tool} by={by} close={close} />}
    </Sheet>
  );
}
