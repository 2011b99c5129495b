// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What waits for people: the list, and beside it (on a phone: after it) the question.
import { Anchor, Badge, Group, Kbd, Paper, SegmentedControl, Text, VisuallyHidden } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router';

import { api, got } from '../../api/client';
import { useWaiting, type Question } from '../../api/questions';
import { SeverityMark, type Severity } from '../../parts/Grade';
import { PageHead } from '../../parts/PageHead';
import { Name } from '../../parts/Plain';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { formatNumber, serverName, words } from '../../words/words';
import { Herald } from './Herald';
import classes from './inbox.module.css';
import { QuestionMark } from './QuestionMark';

export const severityOf = (text: string): Severity => (Object.hasOwn(words.severity, text) ? (text as Severity) : 'unknown');

function Item({ question, isOpen, show }: { question: Question; isOpen: boolean; show: 'over' | undefined }) {
  return (
    <li>
      <Link
        to="/inbox/$id"
        params={{ id: question.id }}
        search={{ show }}
        className={classes.item ?? ''}
        aria-current={isOpen ? 'true' : undefined}
      >
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text fw={600} size="sm" truncate className={classes.tool ?? ''}>
            <Name text={question.tool} />
          </Text>
          {question.state === 'asked' ? <SeverityMark severity={severityOf(question.severity)} /> : <QuestionMark state={question.state} />}
        </Group>
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Text size="sm" c="dimmed" truncate>
            <Name text={question.grant_label} /> &rarr; <Name text={serverName(question.server_name)} />
          </Text>
          <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            <When at={question.created_at} />
          </Text>
        </Group>
      </Link>
    </li>
  );
}

const PAGE = 50;

function useOver(isOn: boolean) {
  return useInfiniteQuery({
    queryKey: ['approvals', 'list'],
    queryFn: ({ pageParam }) => got(api.GET('/approvals', { params: { query: { limit: PAGE, ...(pageParam && { after: pageParam }) } } })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: isOn,
  });
}

function Items({ questions, open, show }: { questions: Question[]; open: string | undefined; show: 'over' | undefined }) {
  return (
    <ul className={classes.items}>
      {questions.map((question) => (
        <Item key={question.id} question={question} isOpen={question.id === open} show={show} />
      ))}
    </ul>
  );
}

function Over({ open }: { open: string | undefined }) {
  const query = useOver(true);
  const questions = (query.data?.pages.flatMap((page) => page.items) ?? []).filter((one) => one.state !== 'asked');
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (questions.length === 0 && !query.hasNextPage) return <Nothing title={words.inbox.noneOver} />;
  return (
    <>
      <Items questions={questions} open={open} show="over" />
      {query.hasNextPage && (
        <Anchor component="button" p="sm" onClick={() => void query.fetchNextPage()}>
          {words.inbox.older}
        </Anchor>
      )}
    </>
  );
}

function Open({ open }: { open: string | undefined }) {
  const waiting = useWaiting();
  if (!waiting.isLevel && waiting.questions.length === 0) return <Loading />;
  if (waiting.questions.length === 0) return <Nothing title={words.inbox.none} more={words.inbox.noneMore} />;
  return <Items questions={waiting.questions} open={open} show={undefined} />;
}

/** j and k go through what waits. */
function useWalk(open: string | undefined) {
  const { questions } = useWaiting();
  const navigate = useNavigate();
  const go = (by: number) => {
    const at = questions.findIndex((one) => one.id === open);
    const next = questions[at < 0 ? 0 : at + by];
    if (next !== undefined) void navigate({ to: '/inbox/$id', params: { id: next.id }, replace: open !== undefined });
  };
  useHotkeys([
    ['j', () => go(1)],
    ['k', () => go(-1)],
  ]);
}

export function Inbox() {
  const { id } = useParams({ strict: false });
  const { show } = useSearch({ from: '/inbox' });
  const navigate = useNavigate();
  const waiting = useWaiting();
  useWalk(id);
  const count = waiting.questions.length;
  return (
    <>
      <PageHead title={words.inbox.title}>
        <Badge variant="light" color={waiting.state === 'open' ? 'accent' : 'gray'}>
          {waiting.state === 'open' ? words.inbox.live : words.inbox.broken}
        </Badge>
        <Herald />
      </PageHead>
      <VisuallyHidden role="status">{waiting.isLevel ? words.inbox.count(count, formatNumber(count)) : ''}</VisuallyHidden>
      <div className={classes.columns} data-opened={id === undefined ? undefined : ''}>
        <Paper className={classes.list} component="section" aria-label={words.inbox.list}>
          <Group p="xs" justify="space-between">
            <SegmentedControl
              size="xs"
              data={[
                { value: 'asked', label: words.inbox.waiting(formatNumber(count)) },
                { value: 'over', label: words.inbox.over },
              ]}
              value={show ?? 'asked'}
              aria-label={words.inbox.list}
              onChange={(value) => void navigate({ to: '/inbox', search: { show: value === 'over' ? 'over' : undefined }, replace: true })}
            />
          </Group>
          {show === 'over' ? <Over open={id} /> : <Open open={id} />}
        </Paper>
        <section className={classes.question} aria-label={words.inbox.question}>
          <Outlet />
        </section>
      </div>
      <Text size="xs" c="dimmed" mt="md" visibleFrom="md">
        <Kbd size="xs">j</Kbd> <Kbd size="xs">k</Kbd> {words.inbox.keys.walk} &middot; <Kbd size="xs">a</Kbd> {words.inbox.keys.approve}{' '}
        &middot; <Kbd size="xs">d</Kbd> {words.inbox.keys.deny} &middot; <Kbd size="xs">Esc</Kbd> {words.inbox.keys.close}
      </Text>
    </>
  );
}

/** Beside the list, before one of it was picked. */
export function Unpicked() {
  return (
    <Paper>
      <Nothing title={words.inbox.unpicked} more={words.inbox.unpickedMore} />
    </Paper>
  );
}
