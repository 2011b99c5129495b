// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a field says is wrong, the gateway's checker finds wrong, too; and what the field lets pass, so does the checker.
import { describe, expect, test } from 'vitest';

import * as faults from '../../src/pages/policies/model/faults';
import { readTree } from '../../src/pages/policies/model/tree';
import { mistakesOf, PROGRAM } from './checker';

interface Case {
  what: string;
  fault: (text: string) => string | undefined;
  /** The policy that says it, with the value in JSON. */
  policy: (json: string) => string;
  good: string[];
  bad: string[];
  isNumber?: boolean;
}

const tool = (rule: string): string => `{"version": "1", "default": "deny", "tools": {"t": ${rule}}}`;
const limit = (more: string): string => tool(`{"limits": [{"counter": "c", "window": "day", "max": 1, ${more}}]}`);
const one = (more: string): string => tool(`{"deny_if": [{"conditions": [{${more}}]}]}`);
const redact = (more: string): string => tool(`{"results": {"redact": [{${more}}]}}`);
const ground = (op: string, good: string[], bad: string[]): Case => ({
  what: op,
  fault: (text) => faults.groundsFault(op, [text]),
  policy: (json) => one(`"path": "args.a", "op": "${op}", "value": [${json}]`),
  good,
  bad,
});

const TIMES = ['1s', '90s', '15m', '2h', '366d', '9999999s'];
const NO_TIMES = ['', '0s', '05m', '1w', '367d', '1.5h', '-1s', '9999999d', '999999999s', 'soon'];
const PATHS = ['args', 'args.a', 'args["odd \\" key"]', 'args.a[0].b[*]', 'tool.name', 'grant.tags', 'grant.tags[*]', 'time.weekday'];
const NO_PATHS = ['', 'arg', 'args.', 'args..a', 'args[01]', 'args[x]', 'args.a b', 'tool', 'tool.name.a', 'time.minute', 'args["a]'];

const CASES: Case[] = [
  {
    what: 'approvers',
    fault: faults.whole(1, 100),
    policy: (json) => tool(`{"approval": {"approvers": ${json}}}`),
    good: ['1', '100'],
    bad: ['0', '101', '1.5', '-1', '99999999999999999999999'],
    isNumber: true,
  },
  {
    what: 'identical calls',
    fault: faults.whole(2, 1_000_000),
    policy: (json) => `{"version": "1", "default": "deny", "runaway": {"identical_calls": {"max": ${json}, "window": "day"}}}`,
    good: ['2', '1000000'],
    bad: ['0', '1', '1000001', '2.5'],
    isNumber: true,
  },
  {
    what: 'bytes',
    fault: faults.whole(0),
    policy: (json) => tool(`{"results": {"max_bytes": ${json}}}`),
    good: ['0', '9223372036854775807'],
    bad: ['-1', '0.5', '9223372036854775808'],
    isNumber: true,
  },
  {
    what: 'length',
    fault: faults.whole(0),
    policy: (json) => one(`"path": "args.a", "op": "length_gt", "value": ${json}`),
    good: ['0', '9223372036854775807'],
    bad: ['-1', '0.5', '9223372036854775808'],
    isNumber: true,
  },
  {
    what: 'what a limit holds',
    fault: faults.amount,
    policy: (json) => tool(`{"rate_limit": {"max": ${json}, "window": "day"}}`),
    good: ['0', '-0', '0.10', '1e3', '123456789012345678901234567890123456', '1000000000000000000000000000000000000000', '1e-40'],
    bad: ['-1', '1234567890123456789012345678901234567', '1e99999', '1e-99999'],
    isNumber: true,
  },
  {
    what: 'wait',
    fault: faults.duration,
    policy: (json) => tool(`{"approval": {"wait": ${json}}}`),
    good: TIMES,
    bad: [...NO_TIMES, 'day'],
  },
  {
    what: 'wait in seconds',
    fault: faults.duration,
    policy: (json) => tool(`{"approval": {"wait": ${json}, "expires": ${json}}}`),
    good: ['1', '3600', '31622400'],
    bad: ['0', '31622401', '1.5', '-1'],
    isNumber: true,
  },
  {
    what: 'window',
    fault: faults.window,
    policy: (json) => tool(`{"rate_limit": {"max": 1, "window": ${json}}}`),
    good: [...TIMES, 'second', 'minute', 'hour', 'day', 'week', 'month'],
    bad: [...NO_TIMES, 'year', 'days'],
  },
  {
    what: 'path',
    fault: faults.callPath,
    policy: (json) => one(`"path": ${json}, "op": "exists"`),
    good: PATHS,
    bad: [...NO_PATHS, 'result.a'],
  },
  {
    what: 'path of a result',
    fault: faults.resultPath,
    policy: (json) => tool(`{"results": {"deny_if": [{"conditions": [{"path": ${json}, "op": "exists"}]}]}}`),
    good: ['result', 'result.isError', 'result.content[*].text', 'tool.name'],
    bad: ['', 'results', 'args.a', 'result.'],
  },
  {
    what: 'amount',
    fault: faults.argumentPath,
    policy: (json) => limit(`"increment_from": ${json}`),
    good: ['args.a', 'args', 'args["[*]"]'],
    bad: ['', 'calls', 'args.a[*]', 'session.calls'],
  },
  {
    what: 'per',
    fault: faults.onePath,
    policy: (json) => limit(`"per": ${json}`),
    good: ['args.a', 'client.name', 'args["[*]"].b'],
    bad: ['', 'args.a[*]', 'grant.tags[*]'],
  },
  {
    what: 'what is taken out',
    fault: faults.place,
    policy: (json) => redact(`"path": ${json}`),
    good: ['result.structuredContent.name', 'result.content[*].text', 'result["a"]["b"]', 'result.messages[0].content.type'],
    bad: [
      '',
      'result',
      'result.content',
      'result.content[*]',
      'result.contents[0].type',
      'result.structuredContent.',
      'args.a',
      'tool.name',
    ],
  },
  {
    what: 'expression',
    fault: faults.expression,
    policy: (json) => one(`"path": "args.a", "op": "regex", "value": ${json}`),
    good: ['', 'a.b', 'x'.repeat(8192)],
    bad: ['x'.repeat(8193), 'ü'.repeat(4097)],
  },
  {
    what: 'expression that is replaced',
    fault: faults.replaced,
    policy: (json) => redact(`"type": "regex", "pattern": ${json}`),
    good: ['x+'],
    bad: [''],
  },
  {
    what: 'counter',
    fault: faults.counter,
    policy: (json) => tool(`{"limits": [{"counter": ${json}, "window": "day", "max": 1}]}`),
    good: ['a', 'a/b', '\u202e'],
    bad: ['', '/a'],
  },
  {
    what: 'entry of tools',
    fault: faults.toolSelector,
    policy: (json) => `{"version": "1", "default": "deny", "tools": {${json}: {}}}`,
    good: ['a', '*', 'a*', '?', '@read', 'default', 'a@b'],
    bad: ['**', '***', '@', '@reads'],
  },
  {
    what: 'hidden',
    fault: faults.toolSelector,
    policy: (json) => `{"version": "1", "default": "deny", "hide": [${json}]}`,
    good: ['a', '*', '@financial'],
    bad: ['**', '@x'],
  },
  {
    what: 'entry of resources',
    fault: faults.otherSelector,
    policy: (json) => `{"version": "1", "default": "deny", "resources": {${json}: {}}}`,
    good: ['file:///*', '*', '@other'],
    bad: ['**', '@read', 'default'],
  },
  {
    what: 'method',
    fault: faults.method,
    policy: (json) => `{"version": "1", "default": "deny", "methods": {${json}: "deny"}}`,
    good: ['sampling/createMessage', 'notifications/message', 'a/b', 'list', 'constructor'],
    bad: ['tools/call', 'resources/read', 'prompts/get', 'ping', 'tools/list', 'notifications/x', 'a*', 'tasks/get', 'initialize'],
  },
  ground('within_path', ['/', '/srv/../etc'], ['', 'srv', '/a\\b']),
  ground(
    'url_host_in',
    ['example.com', '*.example.com', 'EXAMPLE.com.', '10.0.0.1', '::1', '[::1]', 'a_b'],
    ['', '*', 'a b', 'a..b', '10.0.1', '0x7f', '-a', 'http://a'],
  ),
  ground(
    'cidr_in',
    ['10.0.0.0/8', '10.0.0.1', 'fd00::/8', '::1'],
    ['', '10.0.0/8', '10.0.0.0/33', '10.0.0.0/08', 'fd00::/129', 'example.com', '256.0.0.1'],
  ),
];

const jsonOf = ({ isNumber }: Case, text: string): string => (isNumber === true ? text : JSON.stringify(text));
const tried = CASES.flatMap((one) =>
  [...one.good.map((text) => ({ text, is: true })), ...one.bad.map((text) => ({ text, is: false }))].map(({ text, is }) => ({
    name: `${one.what}: ${text.slice(0, 40)}`,
    is,
    fault: one.fault(text),
    policy: one.policy(jsonOf(one, text)),
  })),
);

describe('a field', () => {
  test.each(CASES)('takes and refuses: $what', ({ fault, good, bad }) => {
    expect(good.filter((text) => fault(text) !== undefined)).toEqual([]);
    expect(bad.filter((text) => fault(text) === undefined)).toEqual([]);
  });
  test.skipIf(PROGRAM === undefined)('says what the gateway says', () => {
    const mistakes = mistakesOf(tried.map(({ policy }) => policy));
    expect(tried.flatMap(({ name, is }, index) => (is === (mistakes[index]?.length === 0) ? [] : [`${name}: ${mistakes[index]}`]))).toEqual(
      [],
    );
  });
});

describe('two limits of one rule', () => {
  const twins = (one: object, other: object) =>
    tool(JSON.stringify({ limits: [one, other].map((each) => ({ counter: 'c', max: 1, ...each })) }));
  const CASES: [string, boolean][] = [
    [twins({ window: 'minute' }, { window: '60s' }), true],
    [twins({ window: 'minute' }, { window: 60 }), true],
    [twins({ window: 'minute' }, { window: 'hour' }), false],
    [twins({ window: 'day' }, { window: 'day', algorithm: 'fixed' }), false],
    [twins({ window: 'month', algorithm: 'fixed' }, { window: '31d', algorithm: 'fixed' }), false],
    [twins({ window: 'month' }, { window: '31d' }), true],
    [twins({ window: 'day' }, { window: 'day', counter: 'd' }), false],
  ];
  test.each(CASES)('%s', (policy, isTwin) => {
    expect(faults.twinFault(readTree(policy), ['tools', 't', 'limits', 0])).toBeUndefined();
    expect(faults.twinFault(readTree(policy), ['tools', 't', 'limits', 1]) !== undefined).toBe(isTwin);
  });
  test.skipIf(PROGRAM === undefined)('are what the gateway takes for one', () => {
    expect(mistakesOf(CASES.map(([policy]) => policy)).map((each) => each.length > 0)).toEqual(CASES.map(([, isTwin]) => isTwin));
  });
});
