// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Questions to people: those that wait, as they come and go, and each with what helps to answer it.
import { queryOptions } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

import { elements, isNull, member, readJson, textOf, type JsonNode } from '../parts/json';
import type { Difference } from '../parts/Values';
import { api, got, type Schemas } from './client';
import { listen } from './events';
import { askAgain } from './queries';

export type Question = Schemas['Question'];
export type QuestionState = Question['state'];

export interface Waiting {
  state: 'opening' | 'open' | 'broken';
  questions: Question[]; // the newest first
  told: ReadonlySet<string>; // since the stream was opened last
  isLevel: boolean;
  isKnown: boolean; // was level once
}

export type WaitingEvent = { kind: 'open' | 'broken' | 'level' } | { kind: 'question'; question: Question };

export const emptyWaiting: Waiting = { state: 'opening', questions: [], told: new Set(), isLevel: false, isKnown: false };

export function nextWaiting(waiting: Waiting, event: WaitingEvent): Waiting {
  switch (event.kind) {
    case 'open':
      return { ...waiting, state: 'open', told: new Set(), isLevel: false };
    case 'broken':
      return { ...waiting, state: 'broken' };
    case 'level':
      return { ...waiting, isLevel: true, isKnown: true, questions: waiting.questions.filter((one) => waiting.told.has(one.id)) };
    case 'question': {
      const others = waiting.questions.filter((one) => one.id !== event.question.id);
      const questions = event.question.state === 'asked' ? [event.question, ...others] : others;
      questions.sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
      return { ...waiting, questions, told: new Set(waiting.told).add(event.question.id) };
    }
  }
}

// At once, but not for each of many.
const PAUSE_MS = 1000;
let pause: ReturnType<typeof setTimeout> | undefined;
let isOwed = false;

function askNow(): void {
  isOwed = pause !== undefined;
  if (isOwed) return;
  void askAgain(['approvals']);
  pause = setTimeout(() => {
    pause = undefined;
    if (isOwed) askNow();
  }, PAUSE_MS);
}

// One listener for all of the page, while somebody wants it.
let waiting = emptyWaiting;
let end: (() => void) | undefined;
let staying = 0;
const readers = new Set<() => void>();
const heralds = new Set<(question: Question) => void>();

function tell(event: WaitingEvent): void {
  const before = waiting;
  waiting = nextWaiting(waiting, event);
  if (event.kind === 'question' && before.isKnown) {
    if (before.isLevel) askNow();
    const isNew = event.question.state === 'asked' && !before.questions.some((one) => one.id === event.question.id);
    if (isNew) for (const call of heralds) call(event.question);
  }
  if (event.kind === 'level') void askAgain(['approvals', 'one']);
  for (const call of readers) call();
}

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  end ??= listen({
    questions: true,
    events: {
      approval: (data) => tell({ kind: 'question', question: data as Question }),
      level: () => tell({ kind: 'level' }),
    },
    whenOpen: () => tell({ kind: 'open' }),
    whenBroken: () => tell({ kind: 'broken' }),
    stays: () => staying > 0,
  });
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    end?.();
    end = undefined;
    waiting = emptyWaiting;
  };
}

/** The questions that wait now. */
export const useWaiting = (): Waiting => useSyncExternalStore(subscribe, () => waiting);

/** Calls back for each question that is asked from now on, also while nobody sees the page. */
export function herald(call: (question: Question) => void): () => void {
  const leave = subscribe(() => {});
  heralds.add(call);
  staying++;
  return () => {
    heralds.delete(call);
    staying--;
    leave();
  };
}

export interface WholeQuestion extends Omit<Schemas['QuestionWhole'], 'arguments'> {
  arguments: JsonNode | null; // as they were written
  differences: Map<string, Difference[]>; // by the id of the one that is compared with
}

function differenceOf(node: JsonNode): Difference {
  const bytesBefore = member(node, 'before_bytes');
  return {
    path: textOf(member(node, 'path')) ?? '',
    before: member(node, 'before'),
    now: member(node, 'now'),
    bytesBefore: bytesBefore?.kind === 'literal' ? bytesBefore.text : undefined,
  };
}

export function wholeOf(text: string): WholeQuestion {
  const tree = readJson(text);
  const given = member(tree, 'arguments');
  const differences = elements(member(tree, 'similar')).map((one): [string, Difference[]] => [
    textOf(member(one, 'id')) ?? '',
    elements(member(one, 'differences')).map(differenceOf),
  ]);
  return {
    ...(JSON.parse(text) as Schemas['QuestionWhole']),
    arguments: given === undefined || isNull(given) ? null : given,
    differences: new Map(differences),
  };
}

export function questionQuery(id: string) {
  return queryOptions({
    queryKey: ['approvals', 'one', id],
    queryFn: async () => wholeOf((await got(api.GET('/approvals/{id}', { params: { path: { id } }, parseAs: 'text' }))) as string),
    refetchInterval: 30_000,
  });
}

/** How many wait, for those who do not look at them. */
export const waitingCountQuery = queryOptions({
  queryKey: ['approvals', 'count'],
  queryFn: async () => (await got(api.GET('/approvals', { params: { query: { state: 'asked', limit: 100 } } }))).items.length,
  refetchInterval: 15_000,
});

/** The newest of them, whatever became of each; as many as a chart of them needs. */
export const latestQuestionsQuery = queryOptions({
  queryKey: ['approvals', 'latest'],
  queryFn: () => got(api.GET('/approvals', { params: { query: { limit: 500 } } })),
  refetchInterval: 30_000,
  staleTime: 5000,
});

export interface Answer {
  verb: 'approve' | 'deny';
  note: string;
  exception?: { minutes: number; uses?: number } | undefined;
}

export function answer(id: string, { verb, note, exception }: Answer) {
  const params = { path: { id } };
  if (verb === 'deny') return got(api.POST('/approvals/{id}/deny', { params, body: { note } }));
  return got(api.POST('/approvals/{id}/approve', { params, body: { note, ...(exception && { exception }) } }));
}

export function exceptionsQuery(grant?: string) {
  return queryOptions({
    queryKey: ['exceptions', grant ?? ''],
    queryFn: () => got(api.GET('/exceptions', { params: { query: { limit: 100, ...(grant === undefined ? {} : { grant }) } } })),
  });
}

export const revokeException = (id: string, version: number) =>
  got(api.POST('/exceptions/{id}/revoke', { params: { path: { id }, header: { 'If-Match': `"${version}"` } } }));
