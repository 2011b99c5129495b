// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { caseOf, type Row } from '../../src/pages/decisions/case';

const ROW = {
  time: '2026-11-21T09:18:10.123Z',
  id: '5f0c',
  organisation: 'org_1',
  grant: 'ci-runner',
  server: 'acme/kraken',
  client: 'claude-code',
  direction: 'client',
  method: 'tools/call',
  subject: 'add_order',
  outcome: 'denied',
  rule: '/tools/add_order/deny_if/0',
  policy: 'small-orders',
  policy_version: '7',
  decide_us: 14,
  total_us: 31,
  seq: 1041,
  link: '6444',
};

// As the story calls it: with the row as it was written.
function textFor(row: object, text = JSON.stringify(row)): string {
  const made = caseOf(JSON.parse(text) as Row, text);
  if (made === undefined) throw new Error('no case');
  return made;
}
const caseFor = (row: object): unknown => JSON.parse(textFor(row)).cases[0];

describe('a case of a policy test', () => {
  it('expects what was decided, by its rule, in the situation of the call', () => {
    expect(caseFor({ ...ROW, arguments: { pair: 'XBTEUR', volume: 2 } })).toEqual({
      name: 'add_order, decision 1041',
      tool: 'add_order',
      arguments: { pair: 'XBTEUR', volume: 2 },
      server: 'kraken',
      grant: 'ci-runner',
      client: 'claude-code',
      time: '2026-11-21T09:18:10.123Z',
      expect: 'deny',
      rule: '/tools/add_order/deny_if/0',
    });
  });
  it.each([
    ['allowed', 'allow'],
    ['failed', 'allow'],
    ['denied', 'deny'],
    ['hidden', 'hide'],
    ['pending', 'ask'],
    ['observed', 'observe'],
  ])('%s is %s', (outcome, expected) => expect(caseFor({ ...ROW, outcome })).toMatchObject({ expect: expected }));
  it.each([
    ['tools/call', 'tool', 'x'],
    ['resources/read', 'resource', 'x'],
    ['prompts/get', 'prompt', 'x'],
    ['sampling/createMessage', 'method', 'sampling/createMessage'],
  ])('%s is about a %s', (method, kind, what) => expect(caseFor({ ...ROW, method, subject: 'x' })).toMatchObject({ [kind]: what }));
  it('keeps the digits and the order of what was sent', () => {
    const numbers = '{"b":90071992547409931.10,"a":1e2,"z":[0.10]}';
    const made = textFor({}, `${JSON.stringify(ROW).slice(0, -1)},"arguments":${numbers}}`);
    for (const digits of ['90071992547409931.10', '1e2', '0.10']) expect(made).toContain(digits);
    expect(made.indexOf('"b"')).toBeLessThan(made.indexOf('"a"'));
  });
  it('leaves out what nobody knows, and rules that stand in no policy', () => {
    const { rule: _rule, client: _client, ...rest } = ROW;
    const made = caseFor({ ...rest, grant: null, server: null });
    expect(Object.keys(made as object)).toEqual(['name', 'tool', 'time', 'expect']);
    expect(caseFor({ ...ROW, rule: '(default deny)' })).not.toHaveProperty('rule');
    expect(caseFor(ROW)).not.toHaveProperty('arguments');
  });
  it('has nothing unseen in it, and still means the same', () => {
    const evil = 'a\u202e"b\\\u200b\n<b>\ud800';
    const row = { ...ROW, subject: evil, client: evil, arguments: { [evil]: evil } };
    const made = textFor(row);
    expect(made).not.toMatch(/[\u202e\u200b]/);
    expect(caseFor(row)).toMatchObject({ tool: evil, client: evil, arguments: { [evil]: evil } });
  });
  it('is none where no policy was asked', () => {
    const { policy: _policy, ...bare } = ROW;
    const none = [bare, { ...ROW, outcome: 'refused' }, { ...ROW, subject: undefined }, { ...ROW, method: null }];
    for (const row of none) expect(caseOf(row as unknown as Row, JSON.stringify(row))).toBeUndefined();
  });
});
