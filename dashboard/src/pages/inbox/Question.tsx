// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One question, with all that helps to answer it.
import { Alert, Anchor, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { IconArrowLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useRef, type Ref } from 'react';

import { questionQuery, useWaiting, type WholeQuestion } from '../../api/questions';
import { Problem } from '../../api/problem';
import { CategoryMark, SeverityMark, severityOf as severityOfCategory, type Category } from '../../parts/Grade';
import { Name, Plain } from '../../parts/Plain';
import { Rule } from '../../parts/Rule';
import { Loading, Nothing, Trouble } from '../../parts/states';
import { Values } from '../../parts/Values';
import { When } from '../../parts/When';
import { serverName, words } from '../../words/words';
import { Answering } from './Answering';
import { Earlier, Exceptions, Known, Limits, Recent, Votes } from './Help';
import { severityOf } from './Inbox';
import classes from './inbox.module.css';
import { QuestionMark } from './QuestionMark';

const isCategory = (text: string): text is Category => Object.hasOwn(severityOfCategory, text);

function Head({ question, title }: { question: WholeQuestion; title: Ref<HTMLHeadingElement> }) {
  return (
    <Stack gap={6}>
      <Title order={2} ref={title} tabIndex={-1} style={{ overflowWrap: 'anywhere' }}>
        <Name text={question.grant_label} /> {words.inbox.wants}{' '}
        <span className={classes.tool}>
          <Name text={question.tool} />
        </span>{' '}
        {words.inbox.on} <Name text={serverName(question.server_name)} />
      </Title>
      <Group gap="md">
        {isCategory(question.category) ? (
          <CategoryMark category={question.category} />
        ) : (
          <SeverityMark severity={severityOf(question.severity)} />
        )}
        {isCategory(question.category) && <SeverityMark severity={severityOf(question.severity)} />}
        <Text size="sm" c="dimmed">
          {words.inbox.asked} <When at={question.created_at} />
        </Text>
        {question.state === 'asked' && question.expires_at !== null && (
          <Text size="sm" c="dimmed">
            {words.inbox.expires} <When at={question.expires_at} />
          </Text>
        )}
        {question.client !== '' && (
          <Text size="sm" c="dimmed">
            {words.inbox.client} <Name text={question.client} />
          </Text>
        )}
      </Group>
      {question.reason !== '' && (
        <Text>
          <Plain text={question.reason} />
        </Text>
      )}
    </Stack>
  );
}

/** What became of it; said at once to those who do not see, too. */
function Ending({ question }: { question: WholeQuestion }) {
  const waiting = useWaiting();
  const next = waiting.questions.find((one) => one.id !== question.id);
  return (
    <div role="status">
      {question.state !== 'asked' && (
        <Alert color={question.state === 'approved' || question.state === 'ran' ? 'accent' : 'gray'} variant="light">
          <Group justify="space-between">
            <div>
              <QuestionMark state={question.state} /> {words.inbox.endings[question.state]}{' '}
              {question.decided_at !== null && <When at={question.decided_at} />}
              {question.note !== '' && (
                <Text size="sm">
                  <Plain text={question.note} />
                </Text>
              )}
            </div>
            {next !== undefined && (
              <Button variant="default" size="xs" renderRoot={(props) => <Link to="/inbox/$id" params={{ id: next.id }} {...props} />}>
                {words.inbox.next}
              </Button>
            )}
          </Group>
        </Alert>
      )}
    </div>
  );
}

function Arguments({ question }: { question: WholeQuestion }) {
  const last = question.similar[0];
  const differences = last === undefined ? undefined : question.differences.get(last.id);
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Title order={3}>{words.inbox.arguments}</Title>
        {last !== undefined && (
          <Text size="xs" c="dimmed">
            {last.same ? words.inbox.sameAsLast : last.differences === null ? words.inbox.notCompared : words.inbox.comparedWith}{' '}
            <When at={last.at} />
          </Text>
        )}
      </Group>
      {question.arguments === null ? (
        <Text size="sm" c="dimmed">
          {words.inbox.noValues}{' '}
          {question.argument_names.map((name, index) => (
            <span key={index}>
              {index > 0 && ', '}
              <Name text={name} />
            </span>
          ))}
        </Text>
      ) : (
        <Values label={words.inbox.arguments} root={question.arguments} {...(differences && { differences })} />
      )}
      {last !== undefined && last.more_differences > 0 && (
        <Text size="xs" c="dimmed">
          {words.inbox.moreDifferences(String(last.more_differences))}
        </Text>
      )}
    </Stack>
  );
}

function Story({ question }: { question: WholeQuestion }) {
  const title = useRef<HTMLHeadingElement>(null);
  const toTitle = useCallback(() => title.current?.focus(), []);
  return (
    <Paper p={{ base: 'sm', sm: 'md' }}>
      <Stack>
        <Head question={question} title={title} />
        <Ending question={question} />
        <Arguments question={question} />
        <Limits question={question} />
        <Votes question={question} />
        <Exceptions question={question} />
        <Earlier question={question} />
        <Recent question={question} />
        <Known question={question} />
        <div>
          <Title order={3} mb={4}>
            {words.inbox.why}
          </Title>
          <Rule policy={question.policy} version={question.policy_version} rule={question.rule} tool={question.tool} />
        </div>
      </Stack>
      <Answering key={question.id} question={question} whenLeft={toTitle} />
    </Paper>
  );
}

export function Question() {
  const { id } = useParams({ from: '/inbox/$id' });
  const { show } = useSearch({ from: '/inbox' });
  const query = useQuery(questionQuery(id));
  const isGone = query.error instanceof Problem && query.error.status === 404;
  return (
    <>
      <Anchor component={Link} to="/inbox" search={{ show } as never} hiddenFrom="md" size="sm" mb="xs" display="inline-flex" py={8}>
        <IconArrowLeft size={16} aria-hidden="true" /> {words.inbox.back}
      </Anchor>
      {query.isPending && <Loading rows={10} />}
      {isGone && <Nothing title={words.inbox.gone} more={words.inbox.goneMore} />}
      {query.error !== null && !isGone && query.data === undefined && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && !isGone && <Story question={query.data} />}
    </>
  );
}
