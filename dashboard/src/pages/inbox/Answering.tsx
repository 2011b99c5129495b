// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The two buttons, and what is asked before either counts. What was typed stays when the answer
// could not be given.
import { Alert, Button, Group, NumberInput, SegmentedControl, Stack, Switch, Text, Textarea } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { askAgain } from '../../api/queries';
import { answer, type Answer, type WholeQuestion } from '../../api/questions';
import { Name } from '../../parts/Plain';
import { Sheet } from '../../parts/Sheet';
import { Trouble } from '../../parts/states';
import { serverName, words } from '../../words/words';
import { useBegun, type While } from './begun';
import classes from './inbox.module.css';

const SPANS = ['15', '60', '480', '1440'] as const;
const NOTE_MOST = 1000;
const USES_MOST = 100;

function AllowForAWhile({ value, change }: { value: While; change: (next: While) => void }) {
  return (
    <Stack gap="xs">
      <Switch
        label={words.inbox.answer.while}
        description={words.inbox.answer.whileMore}
        checked={value.isOn}
        onChange={(event) => change({ ...value, isOn: event.currentTarget.checked })}
      />
      {value.isOn && (
        <Group align="end">
          <SegmentedControl
            aria-label={words.inbox.answer.span}
            data={SPANS.map((span) => ({ value: span, label: words.inbox.answer.spans[span] }))}
            value={value.minutes}
            onChange={(minutes) => change({ ...value, minutes })}
          />
          <NumberInput
            label={words.inbox.answer.uses}
            placeholder={words.inbox.answer.anyUses}
            min={2}
            max={USES_MOST}
            allowDecimal={false}
            value={value.uses}
            w={150}
            onChange={(uses) => change({ ...value, uses: typeof uses === 'number' ? uses : '' })}
          />
        </Group>
      )}
    </Stack>
  );
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

function exceptionOf({ isOn, minutes, uses }: While): Answer['exception'] {
  if (!isOn) return undefined;
  return { minutes: Number(minutes), ...(uses !== '' && { uses }) };
}

interface DialogProps {
  question: WholeQuestion;
  verb: Answer['verb'];
  close: (isGiven: boolean) => void;
}

function Dialog({ question, verb, close }: DialogProps) {
  const [{ note, forAWhile }, change, drop] = useBegun(question.id, verb);
  const given = useMutation({
    mutationFn: (sent: Answer) => answer(question.id, sent),
    onSettled: () => askAgain(['approvals']),
    onSuccess: () => {
      drop();
      close(true);
    },
  });
  const isOver = question.state !== 'asked' && !given.isPending;
  const isTooLong = bytesOf(note) > NOTE_MOST;
  const isApproval = verb === 'approve';
  const send = () => {
    if (isOver || isTooLong || given.isPending) return;
    given.mutate({ verb, note, ...(isApproval && { exception: exceptionOf(forAWhile) }) });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack>
        <Text size="sm">
          <Name text={question.grant_label} /> &rarr; <Name text={question.tool} /> ({words.inbox.on}{' '}
          <Name text={serverName(question.server_name)} />)
        </Text>
        <Textarea
          label={words.inbox.answer.note}
          description={words.inbox.answer.noteMore}
          value={note}
          autosize
          minRows={2}
          data-autofocus
          error={isTooLong ? words.inbox.answer.noteLong : undefined}
          onChange={(event) => change({ note: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
          }}
        />
        {isApproval && question.approvers === 1 && <AllowForAWhile value={forAWhile} change={(next) => change({ forAWhile: next })} />}
        {isOver && (
          <Alert color="yellow" variant="light" role="alert">
            {words.inbox.endings[question.state]} {words.inbox.answer.late}
          </Alert>
        )}
        {given.error !== null && <Trouble error={given.error} />}
        <Group grow preventGrowOverflow={false}>
          <Button
            variant="default"
            size="md"
            px="xs"
            onClick={() => {
              drop();
              close(false);
            }}
          >
            {words.inbox.answer.cancel}
          </Button>
          <Button
            type="submit"
            size="md"
            px="xs"
            color={isApproval ? 'accent' : 'danger'}
            loading={given.isPending}
            disabled={isOver || isTooLong}
          >
            {isApproval ? (forAWhile.isOn ? words.inbox.answer.approveWhile : words.inbox.answer.approve) : words.inbox.answer.deny}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Calls `whenLeft` when the dialog is closed and the buttons that opened it are gone: there the reader was. */
function useWayBack(mayAnswer: boolean, whenLeft: () => void): (isGiven: boolean) => void {
  const [isLeft, setLeft] = useState(false);
  useEffect(() => {
    if (!isLeft || mayAnswer) return;
    setLeft(false);
    whenLeft();
  }, [isLeft, mayAnswer, whenLeft]);
  return (isGiven) => setLeft(isGiven || !mayAnswer);
}

interface Props {
  question: WholeQuestion;
  whenLeft: () => void;
}

export function Answering({ question, whenLeft }: Props) {
  const [verb, setVerb] = useState<Answer['verb']>();
  const isAsked = question.state === 'asked';
  const may = { approve: isAsked && question.may.approve, deny: isAsked && question.may.deny };
  const leave = useWayBack(may.approve || may.deny, whenLeft);
  const begin = (next: Answer['verb']) => {
    if (may[next]) setVerb(next);
  };
  const close = (isGiven: boolean) => {
    setVerb(undefined);
    leave(isGiven);
  };
  useHotkeys([
    ['a', () => begin('approve')],
    ['d', () => begin('deny')],
  ]);
  return (
    <>
      {isAsked && (
        <div className={classes.bar}>
          {question.may.why !== '' && (
            <Text size="sm" mb="xs" c="dimmed">
              {question.may.why}
            </Text>
          )}
          {(may.approve || may.deny) && (
            <Group grow>
              <Button size="md" variant="outline" color="danger" disabled={!may.deny} onClick={() => begin('deny')}>
                {words.inbox.answer.deny}
              </Button>
              <Button size="md" disabled={!may.approve} onClick={() => begin('approve')}>
                {words.inbox.answer.approveBegin}
              </Button>
            </Group>
          )}
        </div>
      )}
      <Sheet
        opened={verb !== undefined}
        close={() => close(false)}
        title={verb === 'deny' ? words.inbox.answer.denyTitle : words.inbox.answer.approveTitle}
      >
        {verb !== undefined && <Dialog question={question} verb={verb} close={close} />}
      </Sheet>
    </>
  );
}
