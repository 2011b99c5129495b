// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a decision about a tool to a rule for it: what of the call counts is picked here, and looked at and saved in the builder.
import { Button, Checkbox, Radio, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { written, type JsonNode } from '../../parts/json';
import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { serverName, words } from '../../words/words';
import { toolsQuery } from '../policies/data';
import { propose } from '../policies/draft';
import { givenOf, ruled, WISHES, type Given, type Wish } from '../policies/model/fromCall';
import type { Row } from './case';

const said = words.decisions;

function usePolicy(name: string) {
  return useQuery({ queryKey: ['policies', 'named', name], queryFn: () => got(api.GET('/policies', { params: { query: { name } } })) });
}

function useOpening(row: Row, policy: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const tool = row.subject ?? '';
  const server = row.server === null ? '' : serverName(row.server);
  return useMutation({
    mutationFn: async ({ wish, given }: { wish: Wish; given: Given[] }) => {
      const known = server === '' ? null : await client.fetchQuery(toolsQuery(server));
      const category = known?.tools.find((each) => each.name === tool)?.category ?? 'Unknown';
      propose(policy, (tree) => ruled(tree, tool, category, wish, given));
      await navigate({ to: '/policies/$id', params: { id: policy }, search: { server: server || undefined, rule: tool } });
      notifications.show({ message: said.ruleMade });
    },
  });
}

function Likeness({ given, picked, pick }: { given: Given[]; picked: string[]; pick: (paths: string[]) => void }) {
  if (given.length === 0) return <Text size="sm">{said.noneLogged}</Text>;
  return (
    <Checkbox.Group label={said.like} value={picked} onChange={pick}>
      <Stack gap={6} mt={4}>
        {given.map(({ path, node }) => (
          <Checkbox
            key={path}
            value={path}
            size="xs"
            label={
              <Text span inherit ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                <Name text={`${path} = ${written(node)}`} most={200} />
              </Text>
            }
          />
        ))}
        {picked.length === 0 && <Text size="sm">{said.likeAll}</Text>}
      </Stack>
    </Checkbox.Group>
  );
}

interface Props {
  row: Row;
  values: JsonNode | undefined; // of the arguments, where they are logged
}

export function MakeRule({ row, values }: Props) {
  const query = usePolicy(String(row.policy ?? ''));
  const policy = query.data?.items[0]?.id;
  const given = givenOf(values);
  const [wish, setWish] = useState<Wish>(row.outcome === 'denied' || row.outcome === 'hidden' ? 'only' : 'deny');
  const [picked, setPicked] = useState(() => given.map((each) => each.path));
  const open = useOpening(row, policy ?? '');
  if (query.isPending) return <Loading rows={3} />;
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (policy === undefined) return <Text size="sm">{said.noPolicy}</Text>;
  return (
    <Stack gap="sm" align="flex-start">
      <Text size="sm" c="dimmed">
        {said.makeRuleMore}
      </Text>
      <Radio.Group label={said.wish} value={wish} onChange={(next) => setWish(next as Wish)}>
        <Stack gap={6} mt={4}>
          {WISHES.map((each) => (
            <Radio key={each} value={each} size="xs" label={said.wishes[each]} />
          ))}
        </Stack>
      </Radio.Group>
      <Likeness given={given} picked={picked} pick={setPicked} />
      {row.rule?.startsWith('/hide') && <Text size="sm">{said.isHidden}</Text>}
      {open.error !== null && <Trouble error={open.error} />}
      <Button
        size="xs"
        loading={open.isPending}
        onClick={() => open.mutate({ wish, given: given.filter((each) => picked.includes(each.path)) })}
      >
        {said.openRule}
      </Button>
    </Stack>
  );
}
