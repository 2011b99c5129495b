// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools with what they do.
import { ActionIcon, Anchor, Badge, Chip, Group, Stack, Table, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { memo, useDeferredValue, useMemo } from 'react';

import type { KnownTool } from '../../api/servers';
import { Find } from '../../parts/Find';
import { CategoryMark, type Category } from '../../parts/Grade';
import { Listing } from '../../parts/Listing';
import { visible } from '../../parts/unseen';
import { PartByPart } from '../../parts/PartByPart';
import { Name } from '../../parts/Plain';
import { Nothing } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, words } from '../../words/words';

const ORDER: Category[] = ['Financial', 'Destructive', 'Execute', 'Unknown', 'Write', 'Read'];

interface Filter {
  text?: string | undefined;
  category?: Category | undefined;
}

interface Props {
  tools: KnownTool[];
  text: string;
  category: Category | undefined;
  change: (filter: Filter) => void;
  judge?: (tool: KnownTool) => void;
}

const Row = memo(function Row({ tool, judge }: { tool: KnownTool; judge: Props['judge'] }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} maw={320}>
        <Anchor href={`/catalogue/${encodeURIComponent(tool.server_slug)}/${encodeURIComponent(tool.slug)}`} ff="monospace" size="sm">
          <Name text={tool.name} most={120} />
        </Anchor>
      </Table.Th>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <CategoryMark category={tool.category} />
          {tool.overridden && <Badge>{words.servers.tools.overridden}</Badge>}
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" lineClamp={2}>
          <Name text={tool.summary} />
        </Text>
      </Table.Td>
      <Table.Td>
        <When at={tool.changed} />
      </Table.Td>
      {judge !== undefined && (
        <Table.Td>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={words.servers.tools.judge(visible(tool.name, 60))}
            onClick={() => judge(tool)}
          >
            <IconPencil size={16} aria-hidden="true" />
          </ActionIcon>
        </Table.Td>
      )}
    </Table.Tr>
  );
});

function Categories({ tools, category, change }: Pick<Props, 'tools' | 'category' | 'change'>) {
  const counts = useMemo(() => {
    const made = new Map<Category, number>();
    for (const tool of tools) made.set(tool.category, (made.get(tool.category) ?? 0) + 1);
    return made;
  }, [tools]);
  return (
    <Group gap="xs" role="group" aria-label={words.servers.tools.categories}>
      {ORDER.filter((each) => counts.has(each)).map((each) => (
        <Chip key={each} size="sm" checked={category === each} onChange={(checked) => change({ category: checked ? each : undefined })}>
          {words.category[each]} {formatNumber(counts.get(each) ?? 0)}
        </Chip>
      ))}
    </Group>
  );
}

function Rows({ tools, judge }: { tools: readonly KnownTool[]; judge: Props['judge'] }) {
  const { columns } = words.servers.tools;
  const heads = [columns.name, columns.category, columns.summary, columns.changed];
  return (
    <Listing label={words.servers.tabs.tools} heads={judge === undefined ? heads : [...heads, columns.judge]} minWidth={720}>
      {tools.map((tool) => (
        <Row key={tool.slug} tool={tool} judge={judge} />
      ))}
    </Listing>
  );
}

export function ToolTable({ tools, text, category, change, judge }: Props) {
  const wanted = useDeferredValue(text).toLowerCase();
  const found = useMemo(
    () =>
      tools.filter(
        (tool) =>
          (category === undefined || tool.category === category) &&
          (wanted === '' || tool.name.toLowerCase().includes(wanted) || tool.summary.toLowerCase().includes(wanted)),
      ),
    [tools, category, wanted],
  );
  return (
    <Stack gap="sm">
      <Group gap="md">
        <Find label={words.servers.tools.find} text={text} change={(next) => change({ text: next })} />
        <Categories tools={tools} category={category} change={change} />
      </Group>
      {found.length === 0 && <Nothing title={words.servers.tools.noneFound} />}
      {found.length > 0 && (
        <PartByPart key={`${wanted} ${category}`} items={found}>
          {(shown) => <Rows tools={shown} judge={judge} />}
        </PartByPart>
      )}
    </Stack>
  );
}
