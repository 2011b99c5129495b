// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What helps to answer a question, part by part. A part without anything to say is not there.
import { Anchor, Badge, Group, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { WholeQuestion } from '../../api/questions';
import { Outcome } from '../../parts/Outcome';
import { Name, Plain } from '../../parts/Plain';
import { When } from '../../parts/When';
import { formatNumber, formatSeconds, words } from '../../words/words';
import { QuestionMark } from './QuestionMark';

interface Props {
  question: WholeQuestion;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={4}>
      <Title order={3}>{title}</Title>
      {children}
    </Stack>
  );
}

type Stand = WholeQuestion['limits'][number];

const share = (part: string, of: string): number => Math.min(100, Math.max(0, (Number(part) / Number(of)) * 100 || 0));

function Limit({ limit }: { limit: Stand }) {
  const span = limit.window_seconds === null ? words.grants.counters.month : formatSeconds(limit.window_seconds);
  const shown = limit.now ?? limit.then;
  const used = shown === null ? 0 : share(shown.used, shown.max);
  return (
    <div>
      <Group justify="space-between" gap="xs" title={limit.rule}>
        <Text size="sm">
          <Name text={limit.counter} /> ({span})
        </Text>
        <Text size="sm" ta="right">
          {limit.then !== null && words.inbox.limitThen(limit.then.used, limit.then.amount, limit.then.max)}
          {limit.now !== null && words.inbox.limitNow(limit.now.used, limit.now.max)}
          {limit.now?.fits === false && (
            <Text span inherit fw={600} c="var(--critical)">
              {' '}
              {words.inbox.limitFull}
            </Text>
          )}
        </Text>
      </Group>
      {shown !== null && (
        <Progress.Root size="sm" aria-hidden="true">
          <Progress.Section value={used} color="var(--soft)" />
          <Progress.Section value={Math.min(100 - used, share(shown.amount, shown.max))} color="var(--write)" />
        </Progress.Root>
      )}
    </div>
  );
}

export function Limits({ question }: Props) {
  if (question.limits.length === 0) return null;
  return (
    <Part title={words.inbox.limits}>
      {question.limits.map((limit) => (
        <Limit key={limit.rule} limit={limit} />
      ))}
    </Part>
  );
}

export function Votes({ question }: Props) {
  if (question.approvers < 2 && question.votes.length === 0) return null;
  return (
    <Part title={words.inbox.votes}>
      {question.approvers > 1 && <Text size="sm">{words.inbox.votesOf(String(question.yes), String(question.approvers))}</Text>}
      {question.votes.map((vote, index) => (
        <Text key={index} size="sm">
          <Outcome outcome={vote.yes ? 'allowed' : 'denied'} /> &middot; <Name text={vote.label} /> <When at={vote.at} />
          {vote.note !== '' && (
            <>
              : <Plain text={vote.note} />
            </>
          )}
        </Text>
      ))}
    </Part>
  );
}

export function Exceptions({ question }: Props) {
  if (question.exceptions.length === 0) return null;
  return (
    <Part title={words.inbox.exceptions}>
      {question.exceptions.map((one) => (
        <Text key={one.id} size="sm">
          {one.same ? words.inbox.exceptionSame : words.inbox.exceptionOther}{' '}
          {words.inbox.uses(one.uses, formatNumber(one.uses), one.most_uses === 0 ? '' : formatNumber(one.most_uses))}, {words.inbox.until}{' '}
          <When at={one.expires_at} />, <Name text={one.author} />
        </Text>
      ))}
      <Anchor size="sm" component={Link} to={`/grants/${encodeURIComponent(question.grant)}` as never}>
        {words.inbox.exceptionsAll}
      </Anchor>
    </Part>
  );
}

export function Earlier({ question }: Props) {
  if (question.similar.length === 0) return null;
  return (
    <Part title={words.inbox.earlier}>
      {question.similar.map((one) => (
        <Group key={one.id} gap="xs">
          <QuestionMark state={one.state} />
          <Anchor size="sm" component={Link} to={`/inbox/${one.id}` as never}>
            <When at={one.at} />
          </Anchor>
          {one.same && (
            <Badge variant="light" color="gray">
              {words.inbox.same}
            </Badge>
          )}
          {one.note !== '' && (
            <Text size="sm" c="dimmed">
              <Plain text={one.note} most={200} />
            </Text>
          )}
        </Group>
      ))}
    </Part>
  );
}

const countsOf = (counts: { name: string | null; count: number }[], other: string): [string, string][] =>
  counts.map((one) => [one.name ?? other, formatNumber(one.count)]);

export function Recent({ question }: Props) {
  const { recent } = question;
  return (
    <Part title={words.inbox.recent}>
      {recent === null && <Text c="dimmed">{words.inbox.recentAway}</Text>}
      {recent !== null && recent.decisions.length === 0 && <Text c="dimmed">{words.inbox.recentNone}</Text>}
      {recent !== null && recent.decisions.length > 0 && (
        <>
          <Group gap="md">
            {countsOf(recent.outcomes, words.inbox.others).map(([name, count], index) => (
              <Text key={index} size="sm">
                {count} <Outcome outcome={name} />
              </Text>
            ))}
          </Group>
          <Table aria-label={words.inbox.recent} highlightOnHover={false}>
            <Table.Tbody>
              {recent.decisions.map((row) => (
                <Table.Tr key={row.seq}>
                  <Table.Td>
                    <When at={row.time} />
                  </Table.Td>
                  <Table.Td>
                    <Outcome outcome={row.outcome} />
                  </Table.Td>
                  <Table.Td>
                    <Anchor size="sm" ff="monospace" component={Link} to={`/decisions/${row.seq}` as never}>
                      <Name text={row.subject ?? row.method ?? ''} />
                    </Anchor>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
    </Part>
  );
}

export function Known({ question }: Props) {
  const { known } = question;
  if (known === null) return null;
  return (
    <Part title={words.inbox.known}>
      <Text size="sm">
        <Plain text={known.summary} most={600} />
      </Text>
      {known.overridden && <Text size="sm">{words.inbox.overridden}</Text>}
      <Anchor size="sm" href={known.page}>
        {words.inbox.page}
      </Anchor>
    </Part>
  );
}
