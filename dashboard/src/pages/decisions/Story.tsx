// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One decision: what happened, why, and what to do with it.
import { Anchor, Code, Group, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { api, got } from '../../api/client';
import { Problem } from '../../api/problem';
import { grantsQuery } from '../../api/queries';
import { Copied } from '../../parts/Copied';
import { Download } from '../../parts/Download';
import { member, printed, readJson } from '../../parts/json';
import { Only } from '../../parts/Only';
import { Outcome } from '../../parts/Outcome';
import { Name, Plain } from '../../parts/Plain';
import { Rule } from '../../parts/Rule';
import { Sheet } from '../../parts/Sheet';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { Values } from '../../parts/Values';
import { When } from '../../parts/When';
import { formatMicroseconds, serverName, words } from '../../words/words';
import { isNameable } from '../policies/model/select';
import { Others, Who } from './Around';
import { caseOf, type Row } from './case';
import { Charged } from './Charged';
import { MakeRule } from './MakeRule';

interface Told {
  row: Row;
  text: string; // as it was written
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={3} mb={4}>
        {title}
      </Title>
      {children}
    </section>
  );
}

function Head({ row }: { row: Row }) {
  const grants = useQuery(grantsQuery).data?.items ?? [];
  const grant = grants.find((one) => one.label === row.grant);
  return (
    <Stack gap={6}>
      <Text fw={600} ff="monospace" style={{ overflowWrap: 'anywhere' }}>
        <Name text={row.subject ?? row.method ?? ''} />
      </Text>
      <Group gap="md">
        <Outcome outcome={row.outcome} />
        <When at={row.time} clock />
        {row.method !== null && (
          <Text size="sm" c="dimmed" ff="monospace">
            <Name text={row.method} />
          </Text>
        )}
      </Group>
      <Group gap="xs">
        {row.grant !== null &&
          (grant === undefined ? (
            <Name text={row.grant} />
          ) : (
            <Anchor size="sm" component={Link} to={`/grants/${grant.id}` as never}>
              <Name text={row.grant} />
            </Anchor>
          ))}
        {row.server !== null && (
          <Text size="sm">
            &rarr; <Name text={serverName(row.server)} />
          </Text>
        )}
      </Group>
      {row.reason !== undefined && (
        <Text>
          <Plain text={row.reason} />
        </Text>
      )}
    </Stack>
  );
}

function Arguments({ row, text: written }: Told) {
  const values = member(readJson(written), 'arguments');
  const names = Array.isArray(row.argument_keys) ? (row.argument_keys as string[]) : [];
  const left = number(row.arguments_left_out);
  if (values === undefined && names.length === 0) return null;
  return (
    <Part title={words.decisions.arguments}>
      {values !== undefined ? (
        <Values label={words.decisions.arguments} root={values} />
      ) : (
        <>
          <Text size="sm" ff="monospace">
            <Name text={names.join(', ')} most={1000} />
          </Text>
          <Text size="sm" c="dimmed">
            {words.decisions.noValues}
          </Text>
        </>
      )}
      {left > 0 && <Text size="sm">{words.decisions.leftOut(String(left))}</Text>}
    </Part>
  );
}

function Timing({ row }: { row: Row }) {
  const total = Math.max(1, number(row.total_us));
  const share = (name: string) => (number(row[name]) / total) * 100;
  const names = (['decide_us', 'upstream_us', 'total_us'] as const).filter((name) => row[name] !== undefined);
  return (
    <Part title={words.decisions.timing}>
      <Progress.Root size="sm" aria-hidden="true" mb={4}>
        <Progress.Section value={share('decide_us')} color="var(--good)" />
        <Progress.Section value={share('upstream_us')} color="var(--read)" />
      </Progress.Root>
      <Group gap="md">
        {names.map((name) => (
          <Text key={name} size="sm">
            {words.decisions.timings[name]}: {formatMicroseconds(number(row[name]))}
          </Text>
        ))}
      </Group>
    </Part>
  );
}

function Outcomes({ row }: { row: Row }) {
  const approval = text(row.approval);
  const answer = text(row.answer);
  return (
    <>
      {approval.startsWith('apr_') && (
        <Anchor size="sm" component={Link} to={`/inbox/${approval}` as never}>
          {words.decisions.approval}
        </Anchor>
      )}
      {approval.startsWith('exc_') && <Text size="sm">{words.decisions.exception}</Text>}
      {(answer === 'error' || answer === 'not_run') && <Text size="sm">{words.decisions.answer[answer]}</Text>}
      {number(row.redacted) > 0 && <Text size="sm">{words.decisions.redacted(String(row.redacted))}</Text>}
    </>
  );
}

function Whole({ row, text: written }: Told) {
  const test = caseOf(row, written);
  return (
    <Stack>
      <Head row={row} />
      <Others row={row} />
      <Outcomes row={row} />
      <Charged row={row} />
      <Arguments row={row} text={written} />
      <Part title={words.decisions.rule}>
        {row.rule !== undefined && (
          <Group gap="md" mb={4}>
            <Text size="sm" ff="monospace">
              <Name text={row.rule} />
            </Text>
            <Anchor size="sm" component={Link} to={`/decisions?rule=${encodeURIComponent(row.rule)}` as never}>
              {words.decisions.similar}
            </Anchor>
          </Group>
        )}
        {row.policy === undefined ? (
          <Text c="dimmed">{words.decisions.noRule}</Text>
        ) : (
          <Rule policy={text(row.policy)} version={text(row.policy_version)} rule={row.rule ?? ''} tool={row.subject} />
        )}
      </Part>
      {row.method === 'tools/call' && row.policy !== undefined && isNameable(row.subject ?? '') && (
        <Only least="policy_manager" silent>
          <Part title={words.decisions.makeRule}>
            <MakeRule row={row} values={member(readJson(written), 'arguments')} />
          </Part>
        </Only>
      )}
      <Timing row={row} />
      <Who row={row} />
      {test !== undefined && (
        <Part title={words.decisions.makeTest}>
          <Text size="sm" c="dimmed" mb={4}>
            {words.decisions.makeTestMore}
          </Text>
          <Copied text={test} label={words.decisions.makeTest} />
          <Download text={test} name={`decision-${row.seq}.cases.json`} label={words.decisions.downloadTest} />
        </Part>
      )}
      <Part title={words.decisions.raw}>
        <Code block tabIndex={0} role="region" aria-label={words.decisions.raw}>
          <Plain
            text={printed(readJson(written))
              .map((line) => line.text)
              .join('\n')}
            most={600}
          />
        </Code>
      </Part>
    </Stack>
  );
}

async function rowOf(seq: string): Promise<Told> {
  const written = (await got(api.GET('/decisions/{number}', { params: { path: { number: seq } }, parseAs: 'text' }))) as string;
  return { row: JSON.parse(written) as Row, text: written };
}

export function Story() {
  const { number: seq } = useParams({ from: '/decisions/$number' });
  const navigate = useNavigate();
  const query = useQuery({ queryKey: ['decisions', 'story', seq], queryFn: () => rowOf(seq), staleTime: Infinity });
  const isGone = query.error instanceof Problem && (query.error.status === 404 || query.error.status === 400);
  return (
    <Sheet opened side close={() => void navigate({ to: '/decisions', search: true })} title={`${words.decisions.of} ${seq.slice(0, 20)}`}>
      {query.isPending && <Loading rows={10} />}
      {isGone && <Nothing title={words.decisions.gone} />}
      {query.error !== null && !isGone && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && <Whole row={query.data.row} text={query.data.text} />}
    </Sheet>
  );
}
