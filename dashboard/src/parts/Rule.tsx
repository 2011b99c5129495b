// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A rule where it stands: in the version of the policy that decided.
import { Alert, Anchor, Box, Group, ScrollArea, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';

import { api, got } from '../api/client';
import { Problem } from '../api/problem';
import { useMay } from '../api/session';
import { words } from '../words/words';
import { member, printed, readJson } from './json';
import { Name } from './Plain';
import { Loading, Trouble } from './states';
import classes from './Rule.module.css';

const LINE_MOST = 4000;

interface Props {
  policy: string; // its name
  version: string;
  rule: string;
  tool?: string | undefined;
}

async function documentOf(name: string, version: string) {
  const found = await got(api.GET('/policies', { params: { query: { name } } }));
  const id = found.items[0]?.id;
  if (id === undefined) return { id, number: undefined, document: undefined };
  try {
    const params = { path: { id, number: version.replace(':', '-') } };
    const tree = readJson((await got(api.GET('/policies/{id}/versions/{number}', { params, parseAs: 'text' }))) as string);
    return { id, number: member(tree, 'number'), document: member(tree, 'document') };
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return { id, number: undefined, document: undefined };
    throw error;
  }
}

function usePolicy(name: string, version: string, isOn: boolean) {
  return useQuery({
    queryKey: ['policies', 'document', name, version],
    queryFn: () => documentOf(name, version),
    enabled: isOn && name !== '',
    staleTime: 600_000,
  });
}

function SourceLine({ text, isMarked, first }: { text: string; isMarked: boolean; first: boolean }) {
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = line.current?.closest<HTMLElement>('[data-radix-scroll-area-viewport], .mantine-ScrollArea-viewport');
    if (first && line.current !== null && box != null) box.scrollTop = Math.max(0, line.current.offsetTop - 40);
  }, [first]);
  return (
    <div ref={line} className={classes.line} data-marked={isMarked || undefined}>
      <Name text={text} most={LINE_MOST} />
    </div>
  );
}

export function Rule({ policy, version, rule, tool }: Props) {
  const may = useMay('policy_manager');
  const query = usePolicy(policy, version, may);
  const lines = query.data?.document === undefined ? [] : printed(query.data.document, rule);
  const firstMarked = lines.findIndex((line) => line.marked);
  const id = query.data?.id;
  return (
    <Box>
      <Group gap="xs" mb={4}>
        <Text size="sm">
          {words.rule.of} <Name text={policy} />,{' '}
          {words.rule.version(query.data?.number?.kind === 'literal' ? query.data.number.text : version)}
        </Text>
        {id !== undefined && (
          <Anchor
            size="sm"
            component={Link}
            to={(tool === undefined ? `/policies/${id}` : `/policies/${id}?rule=${encodeURIComponent(tool)}`) as never}
          >
            {words.rule.open}
          </Anchor>
        )}
      </Group>
      {!may && <Text c="dimmed">{words.rule.notYours}</Text>}
      {may && query.isPending && policy !== '' && <Loading rows={3} />}
      {query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && query.data.document === undefined && <Text c="dimmed">{words.rule.away}</Text>}
      {lines.length > 0 && firstMarked < 0 && (
        <Alert color="gray" variant="light" mb={4} py="xs">
          {words.rule.nowhere(rule)}
        </Alert>
      )}
      {lines.length > 0 && (
        <ScrollArea.Autosize
          mah={280}
          type="auto"
          className={classes.source ?? ''}
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': words.rule.label }}
        >
          <pre className={classes.text}>
            {lines.map((line, index) => (
              <SourceLine key={index} text={line.text} isMarked={line.marked} first={index === firstMarked} />
            ))}
          </pre>
        </ScrollArea.Autosize>
      )}
    </Box>
  );
}
