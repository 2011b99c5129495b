// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { emptyWaiting, nextWaiting, wholeOf, type Question, type WaitingEvent } from '../../src/api/questions';
import { written } from '../../src/parts/json';

const question = (id: string, state: Question['state'] = 'asked', created_at = '2026-01-01T00:00:00Z') =>
  ({ id, state, created_at }) as Question;
const told = (id: string, state?: Question['state']): WaitingEvent => ({ kind: 'question', question: question(id, state) });
const after = (...events: WaitingEvent[]) => events.reduce(nextWaiting, emptyWaiting);

test('questions come and go', () => {
  const waiting = after({ kind: 'open' }, told('a'), told('b'), { kind: 'level' }, told('a', 'approved'));
  expect(waiting.questions.map((one) => one.id)).toEqual(['b']);
  expect(waiting.isLevel).toBe(true);
});

test('what ended while nobody listened is gone when the stream is level again', () => {
  const waiting = after({ kind: 'open' }, told('a'), told('b'), { kind: 'level' }, { kind: 'broken' }, { kind: 'open' }, told('b'));
  expect(waiting.questions.map((one) => one.id)).toEqual(['b', 'a']);
  expect(nextWaiting(waiting, { kind: 'level' }).questions.map((one) => one.id)).toEqual(['b']);
});

test('arguments and differences are as they were written', () => {
  const whole = wholeOf(
    '{"id": "apr_1", "arguments": {"amount": 1.10}, "similar": [{"id": "apr_0", "differences": [{"path": "args.amount", "before": 12345678901234567890}, {"path": "args.long", "before": null, "before_bytes": 5000, "now": "x"}]}]}',
  );
  expect(whole.arguments && written(whole.arguments)).toBe('{"amount": 1.10}');
  const [first, second] = whole.differences.get('apr_0') ?? [];
  expect(first?.before && written(first.before)).toBe('12345678901234567890');
  expect(first?.now).toBeUndefined();
  expect(second?.bytesBefore).toBe('5000');
  expect(wholeOf('{"arguments": null}').arguments).toBeNull();
});
