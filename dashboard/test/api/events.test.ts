// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// All that listen share as few connections as can be.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { listen, planOf, type Listener } from '../../src/api/events';

interface Opened {
  path: string;
  isOver: boolean;
  events: Record<string, (data: unknown) => void>;
  whenOpen: () => void;
  stays: () => boolean;
}

const opened = vi.hoisted((): Opened[] => []);
vi.mock('../../src/api/stream', () => ({
  follow: (options: Opened) => {
    const one = { ...options, isOver: false };
    opened.push(one);
    return () => {
      one.isOver = true;
    };
  },
}));

const ends: (() => void)[] = [];
const paths = () => opened.filter(({ isOver }) => !isOver).map(({ path }) => path);
const settled = () => Promise.resolve();

function add(wants: Partial<Listener>) {
  const heard: unknown[] = [];
  const tell = (name: string) => (data: unknown) => heard.push([name, data]);
  const events = {
    ...(wants.questions && { approval: tell('approval') }),
    ...(wants.decisions !== undefined && { decision: tell('decision') }),
  };
  const end = listen({ events, whenOpen: () => heard.push('open'), whenBroken: () => heard.push('broken'), ...wants });
  ends.push(end);
  return { heard, end };
}

beforeEach(() => void opened.splice(0));
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await settled();
});

test('questions come beside decisions, and each hears its own', async () => {
  const questions = add({ questions: true });
  const decisions = add({ decisions: '' });
  await settled();
  expect(paths()).toEqual(['/decisions/stream?beside=approvals']);
  opened[0]?.whenOpen();
  opened[0]?.events.approval?.(1);
  opened[0]?.events.decision?.(2);
  opened[0]?.events.level?.({});
  expect(questions.heard).toEqual(['open', ['approval', 1]]);
  expect(decisions.heard).toEqual(['open', ['decision', 2]]);
});

test('alone they have a connection of their own, and give it back', async () => {
  const questions = add({ questions: true });
  await settled();
  expect(paths()).toEqual(['/approvals/stream']);
  const decisions = add({ decisions: 'outcome=denied' });
  await settled();
  expect(paths()).toEqual(['/decisions/stream?outcome=denied&beside=approvals']);
  questions.end();
  await settled();
  expect(paths()).toEqual(['/decisions/stream?outcome=denied']);
  decisions.end();
  await settled();
  expect(paths()).toEqual([]);
});

test('who comes and goes at once opens nothing, and who left hears nothing more', async () => {
  const decisions = add({ decisions: '' });
  await settled();
  const brief = add({ questions: true });
  brief.end();
  await settled();
  expect(opened).toHaveLength(1);
  decisions.end();
  opened[0]?.events.decision?.(1);
  expect(decisions.heard).toEqual([]);
});

test('who comes to a connection is told its beginning, too', async () => {
  add({ decisions: '' });
  await settled();
  const second = add({ decisions: '' });
  await settled();
  expect(paths()).toEqual(['/decisions/stream']);
  expect(opened).toHaveLength(2);
  opened[1]?.whenOpen();
  expect(second.heard).toEqual(['open']);
});

test('other filters need another one; questions come by the first', () => {
  const of = (wants: Partial<Listener>): Listener => ({ events: {}, whenOpen: () => {}, whenBroken: () => {}, ...wants });
  const both = of({ decisions: 'server=a', questions: true });
  const [other, questions] = [of({ decisions: 'server=b' }), of({ questions: true })];
  expect([...planOf([both, other, questions])]).toEqual([
    ['/decisions/stream?server=a&beside=approvals', [both, questions]],
    ['/decisions/stream?server=b', [other]],
  ]);
  expect(planOf([])).toEqual(new Map());
});

test('a connection stays while one of its members does', async () => {
  let stays = false;
  add({ decisions: '' });
  add({ questions: true, stays: () => stays });
  await settled();
  expect(opened[0]?.stays()).toBe(false);
  stays = true;
  expect(opened[0]?.stays()).toBe(true);
});
