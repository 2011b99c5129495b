// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A definition beside the one that was accepted: first in words, then line by line.
import { Code, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import type { Schemas } from '../../api/client';
import { definitionQuery } from '../../api/servers';
import { LineBox, LineRow, type ChangedLine } from '../../parts/Lines';
import { visible } from '../../parts/unseen';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { formatNumber, words } from '../../words/words';

type Definition = Schemas['Definition'];
const { changes } = words.servers;
const LINES_MOST = 2000;
const LINE_MOST = 4000;

function said({ accepted, diff }: Definition): string {
  if (accepted === null) return changes.isNew;
  if (diff === null) return changes.tooLong;
  const count = (change: 'added' | 'removed'): number => diff.filter((line) => line.change === change).length;
  const [added, removed] = [count('added'), count('removed')];
  if (added + removed === 0) return changes.same;
  return changes.differs(added, removed, { added: formatNumber(added), removed: formatNumber(removed) });
}

function linesOf(definition: Definition): ChangedLine[] {
  if (definition.diff !== null && definition.accepted !== null) return definition.diff;
  return JSON.stringify(definition.definition, null, 2)
    .split('\n')
    .map((text) => ({ change: 'same', text }));
}

export function DefinitionDiff({ id, fingerprint }: { id: string; fingerprint: string }) {
  const query = useQuery(definitionQuery(id, fingerprint));
  if (query.isPending) return <Loading rows={3} />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const lines = linesOf(query.data).slice(0, LINES_MOST);
  return (
    <Stack gap="xs">
      <Text size="sm">{said(query.data)}</Text>
      <LineBox label={changes.diff(visible(query.data.tool, 60))}>
        {lines.map((line, index) => (
          <LineRow key={index} line={line} most={LINE_MOST} />
        ))}
      </LineBox>
      <Text size="sm" c="dimmed">
        {changes.fingerprint}{' '}
        <Code>
          <Name text={fingerprint} />
        </Code>
      </Text>
    </Stack>
  );
}
