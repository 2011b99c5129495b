// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A call, and what the text as it is would make of it: answered anew with each change of either.
import { Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { grantsQuery, serversQuery } from '../../../api/queries';
import { Name } from '../../../parts/Plain';
import { Loading, Trouble } from '../../../parts/states';
import { words } from '../../../words/words';
import { toolQuery, toolsQuery, type ToolRow } from '../data';
import { useEditing } from '../draft';
import type { Verdict } from '../Verdict';
import { callText, fieldsOf, FIRST, isWhole, type Asked } from './call';
import { CallForm } from './CallForm';
import { Explained, InForce } from './Explained';
import { useKept } from './kept';
import { explainGrantQuery, explainQuery } from './queries';

const said = words.policies.trying;
const WAIT_MS = 350;

interface Props {
  policy: { id: string };
  verdict: Verdict;
  server: string | undefined;
  pickServer: (server: string | undefined) => void;
}

function useTool(server: string | undefined, name: string) {
  const query = useQuery(toolsQuery(server ?? ''));
  const tools: ToolRow[] = query.data?.tools ?? [];
  const tool = tools.find((each) => each.name === name);
  const whole = useQuery({ ...toolQuery(tool ?? ({} as ToolRow)), enabled: tool !== undefined });
  const definition = tool === undefined ? undefined : (whole.data?.definition as Record<string, unknown> | undefined);
  const schema = definition?.inputSchema;
  return { tools, tool, fields: useMemo(() => fieldsOf(schema), [schema]) };
}

function Answer({ policy, asked, call, isBad }: { policy: string; asked: Asked; call: string; isBad: boolean }) {
  const { tree } = useEditing();
  const [text] = useDebouncedValue(tree.text, WAIT_MS);
  const query = useQuery({ ...explainQuery(policy, text, call), placeholderData: keepPreviousData, enabled: !isBad && isWhole(asked) });
  if (isBad) return <Text size="sm">{said.mistakes}</Text>;
  if (!isWhole(asked)) return <Text size="sm">{said.nothing}</Text>;
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return query.data === undefined ? <Loading rows={4} /> : <Explained told={query.data} />;
}

/** The grants that are in force, and the one of a label. */
function useGrants(label: string) {
  const query = useQuery(grantsQuery);
  const all = query.data?.items.filter((each) => each.revoked_at === null) ?? [];
  return { labels: [...new Set(all.map((each) => each.label))], grant: all.find((each) => each.label === label) };
}

/** The same call under what is in force for the grant that was named, where it reaches the server. */
function Now({ label, server, call }: { label: string; server: string; call: string }) {
  const { grant } = useGrants(label);
  const servers = useQuery(serversQuery);
  const id = servers.data?.items.find((each) => each.name === server)?.id;
  const reaches = id !== undefined && (grant?.servers.some((each) => each.server === id) ?? false);
  const query = useQuery({
    ...explainGrantQuery(grant?.id ?? '', server, call),
    placeholderData: keepPreviousData,
    enabled: reaches,
  });
  if (!reaches) return null;
  return (
    <Paper p="sm" component="section" aria-label={said.inForce(label)}>
      <Title order={2}>
        <Name text={said.inForce(label)} most={80} />
      </Title>
      <Text size="xs" c="dimmed" mb="xs">
        {said.inForceMore}
      </Text>
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.error === null && query.data === undefined && <Loading rows={2} />}
      {query.data?.answer.now !== undefined && <InForce now={query.data.answer.now} />}
    </Paper>
  );
}

export function TryCall({ policy, verdict, server, pickServer }: Props) {
  const [asked, change] = useKept<Asked>(`try ${policy.id}`, FIRST);
  const { tools, tool, fields } = useTool(server, asked.subject === 'tool' ? asked.name : '');
  const { labels, grant } = useGrants(asked.grant);
  const known = { category: tool?.category, tags: grant?.tags };
  const [call] = useDebouncedValue(isWhole(asked) ? callText(asked, server, known) : '', WAIT_MS);
  const isReady = call !== '';
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Paper p="sm" component="section" aria-label={said.title}>
        <Title order={2}>{said.title}</Title>
        <Text size="xs" c="dimmed" mb="xs">
          {said.more}
        </Text>
        <CallForm
          asked={asked}
          change={change}
          server={server}
          pickServer={pickServer}
          tools={tools}
          tool={tool}
          fields={fields}
          grants={labels}
          tags={grant?.tags ?? []}
        />
      </Paper>
      <Stack gap="md">
        <Paper p="sm" component="section" aria-label={said.result}>
          <Title order={2} mb="xs">
            {said.result}
          </Title>
          {isReady || verdict.state === 'bad' || !isWhole(asked) ? (
            <Answer policy={policy.id} asked={asked} call={call} isBad={verdict.state === 'bad'} />
          ) : (
            <Loading rows={4} />
          )}
        </Paper>
        {isReady && asked.grant !== '' && server !== undefined && <Now label={asked.grant} server={server} call={call} />}
      </Stack>
    </SimpleGrid>
  );
}
