// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { readJson } from '../../src/parts/json';
import { givenOf, ruled, type Wish } from '../../src/pages/policies/model/fromCall';
import { readTree } from '../../src/pages/policies/model/tree';

const policy = (rest: object) => readTree(JSON.stringify({ version: '1', default: 'deny', ...rest }, null, 2));
const given = givenOf(readJson('{"amount": 500.10, "to": "a\\u202eb"}'));
const conditions = [
  { path: 'args.amount', op: 'eq', value: 500.1 },
  { path: 'args.to', op: 'eq', value: 'a\u202eb' },
];
const toolsAfter = (rest: object, wish: Wish, picked = given): unknown =>
  JSON.parse(ruled(policy(rest), 'pay', 'Financial', wish, picked)).tools;

describe('what conditions can be about', () => {
  const paths = (text: string) => givenOf(readJson(text)).map((each) => each.path);
  test('each single value, by the path that policies name it by', () => {
    expect(paths('{"a": {"b c": [1, null]}, "x.y": true, "e": {}}')).toEqual([
      'args.a["b c"][0]',
      'args.a["b c"][1]',
      'args["x.y"]',
      'args.e',
    ]);
  });
  test('nothing that the log shows in place of a value', () => {
    const masked = [
      '[redacted]',
      'key [redacted] end',
      'abc\u2026 [2000 bytes in all]',
      '[left out: 70000 bytes]',
      '{"a": 1}',
      'a\ufffdb',
      'x'.repeat(3000),
    ];
    expect(paths(JSON.stringify({ masked, fine: 'a[b]' }))).toEqual(['args.fine']);
  });
  test('no arguments, or none that are logged', () => {
    expect([givenOf(undefined), paths('{}'), paths('[1]')]).toEqual([[], [], []]);
  });
  test('numbers keep their digits', () => {
    expect(ruled(policy({}), 'pay', 'Financial', 'only', given)).toContain('"value": 500.10');
  });
});

describe('a tool that may be called', () => {
  const own = { tools: { pay: { deny_if: [{ conditions: [] }], reason: 'why' } } };
  test('its own rule is added to', () => {
    expect(toolsAfter(own, 'deny')).toEqual({ pay: { deny_if: [{ conditions: [] }, { conditions }], reason: 'why' } });
    expect(toolsAfter(own, 'ask')).toEqual({ pay: { ...own.tools.pay, approve_if: [{ conditions }] } });
    expect(toolsAfter(own, 'only')).toEqual({ pay: { ...own.tools.pay, require: [{ conditions }] } });
  });
  test('what a pattern or a category says of it is kept in its own rule', () => {
    const limited = { rate_limit: { max: 3, window: 'minute' } };
    expect(toolsAfter({ tools: { 'p*': limited } }, 'deny')).toEqual({ 'p*': limited, pay: { ...limited, deny_if: [{ conditions }] } });
    expect(toolsAfter({ tools: { '@financial': limited } }, 'only')).toEqual({
      '@financial': limited,
      pay: { ...limited, require: [{ conditions }] },
    });
  });
  test('by the default', () => {
    expect(toolsAfter({ default: 'allow' }, 'deny')).toEqual({ pay: { deny_if: [{ conditions }] } });
  });
  test('without values, of every call', () => {
    expect(toolsAfter({ tools: { pay: {} } }, 'deny', [])).toEqual({ pay: { action: 'deny' } });
    expect(toolsAfter({ tools: { pay: {} } }, 'ask', [])).toEqual({ pay: { action: 'require_approval' } });
  });
});

describe('a tool that is denied is never opened further than was wished for', () => {
  test('by the default', () => {
    expect(toolsAfter({}, 'deny')).toEqual({ pay: { action: 'deny' } });
    expect(toolsAfter({}, 'ask')).toEqual({ pay: { action: 'require_approval', require: [{ conditions }] } });
    expect(toolsAfter({}, 'only')).toEqual({ pay: { require: [{ conditions }] } });
  });
  test('by a rule, or by a pattern', () => {
    const denied = { action: 'deny', reason: 'No.' };
    expect(toolsAfter({ tools: { pay: denied } }, 'only')).toEqual({ pay: { reason: 'No.', require: [{ conditions }] } });
    expect(toolsAfter({ tools: { '*': denied } }, 'ask')).toEqual({
      '*': denied,
      pay: { action: 'require_approval', reason: 'No.', require: [{ conditions }] },
    });
    expect(toolsAfter({ tools: { '*': denied } }, 'deny')).toEqual({ '*': denied, pay: denied });
  });
  test('by two patterns that are equally specific', () => {
    const tied = { 'pa*': {}, '*ay': {} };
    expect(toolsAfter({ tools: tied }, 'deny')).toEqual({ ...tied, pay: { action: 'deny' } });
    expect(toolsAfter({ tools: tied }, 'only')).toEqual({ ...tied, pay: { require: [{ conditions }] } });
  });
});

test('a text with a mistake, and a name that is a pattern, are left as they are', () => {
  expect(ruled(readTree('{"tools":'), 'pay', 'Unknown', 'deny', given)).toBe('{"tools":');
  expect(ruled(policy({}), 'p*', 'Unknown', 'deny', given)).toBe(policy({}).text);
});
