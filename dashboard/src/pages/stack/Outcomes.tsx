// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of each tool.
import { Chip, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { IconArrowsSplit, IconCheck, IconEyeOff, IconGauge, IconHandStop, IconUserQuestion } from '@tabler/icons-react';
import { memo, useDeferredValue, useMemo } from 'react';

import type { Schemas } from '../../api/client';
import { Find } from '../../parts/Find';
import { CategoryMark } from '../../parts/Grade';
import { Listing } from '../../parts/Listing';
import { PartByPart } from '../../parts/PartByPart';
import { Name } from '../../parts/Plain';
import { Sign, type Look } from '../../parts/Sign';
import { Nothing } from '../../parts/states';
import type { StackSearch } from '../../router';
import { formatNumber, words } from '../../words/words';
import type { View } from './Danger';

type Tool = Schemas['Stack']['tools'][number];
type Outcome = Tool['now']['outcome'];
const LOOKS: Record<Outcome, Look> = {
  free: { icon: IconCheck, tone: 'high' },
  limited: { icon: IconGauge, tone: 'medium' },
  depends: { icon: IconArrowsSplit, tone: 'medium' },
  asks: { icon: IconUserQuestion, tone: 'low' },
  denied: { icon: IconHandStop, tone: 'good' },
  hidden: { icon: IconEyeOff, tone: 'good' },
};
const OUTCOMES = Object.keys(LOOKS) as Outcome[];

const Row = memo(function Row({ tool, view }: { tool: Tool; view: View }) {
  const { outcome, calls, rule } = tool[view];
  const isOpen = outcome === 'free' || outcome === 'limited' || outcome === 'depends';
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} maw={320}>
        <Text size="sm" ff="monospace">
          <Name text={tool.tool} most={120} />
        </Text>
        {tool.signals.length > 0 && (
          <Text size="xs" c="dimmed">
            {words.stack.signals(tool.signals.join(', '))}
          </Text>
        )}
      </Table.Th>
      <Table.Td>
        <Name text={tool.server} most={60} />
      </Table.Td>
      <Table.Td>
        <CategoryMark category={tool.category} />
      </Table.Td>
      <Table.Td>
        <Sign {...LOOKS[outcome]} word={words.stack.outcomes[outcome]} isStrong />
      </Table.Td>
      <Table.Td ta="right">{isOpen ? (calls === null ? words.stack.unlimited : formatNumber(calls)) : ''}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" ff="monospace">
          <Name text={rule} most={80} />
        </Text>
      </Table.Td>
    </Table.Tr>
  );
});

interface Props {
  tools: Tool[];
  view: View;
  search: StackSearch;
  change: (change: StackSearch) => void;
}

function Rows({ tools, view }: { tools: readonly Tool[]; view: View }) {
  const { columns } = words.stack;
  return (
    <Listing
      label={words.stack.tools}
      heads={[columns.tool, columns.server, columns.category, columns.outcome, columns.calls, columns.rule]}
      minWidth={820}
    >
      {tools.map((tool) => (
        <Row key={`${tool.server} ${tool.tool}`} tool={tool} view={view} />
      ))}
    </Listing>
  );
}

export function Outcomes({ tools, view, search, change }: Props) {
  const { text = '', outcome } = search;
  const wanted = useDeferredValue(text).toLowerCase();
  const counts = useMemo(() => {
    const made = new Map<Outcome, number>();
    for (const tool of tools) made.set(tool[view].outcome, (made.get(tool[view].outcome) ?? 0) + 1);
    return made;
  }, [tools, view]);
  const found = useMemo(
    () =>
      tools.filter(
        (tool) => (outcome === undefined || tool[view].outcome === outcome) && (wanted === '' || tool.tool.toLowerCase().includes(wanted)),
      ),
    [tools, view, outcome, wanted],
  );
  return (
    <Paper p="md">
      <Stack gap="sm">
        <Title order={2}>{words.stack.tools}</Title>
        <Group gap="md">
          <Find label={words.stack.find} text={text} change={(next) => change({ text: next })} />
          <Group gap="xs" role="group" aria-label={words.stack.outcome}>
            {OUTCOMES.filter((each) => counts.has(each)).map((each) => (
              <Chip key={each} size="sm" checked={outcome === each} onChange={(checked) => change({ outcome: checked ? each : undefined })}>
                {words.stack.outcomes[each]} {formatNumber(counts.get(each) ?? 0)}
              </Chip>
            ))}
          </Group>
        </Group>
        {found.length === 0 && <Nothing title={words.stack.noneFound} />}
        {found.length > 0 && (
          <PartByPart key={`${wanted} ${outcome}`} items={found}>
            {(shown) => <Rows tools={shown} view={view} />}
          </PartByPart>
        )}
      </Stack>
    </Paper>
  );
}
