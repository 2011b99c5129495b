// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { leavesOf, member, printed, readJson, textOf, written } from '../../src/parts/json';

test('numbers stay as they were written, and no member is lost', () => {
  const text = '{"amount": 90071992547409931.10, "__proto__": {"x": 1e400}, "a": 1, "a": 2, "10": [], "9": "\\u0041\\"}"}';
  const node = readJson(text);
  expect(leavesOf(node, 'args').map((leaf) => [leaf.path, written(leaf.node)])).toEqual([
    ['args.amount', '90071992547409931.10'],
    ['args.__proto__.x', '1e400'],
    ['args.a', '1'],
    ['args.a', '2'],
    ['args.10', '[]'],
    ['args.9', '"A\\"}"'],
  ]);
});

test('paths are written as policies write them', () => {
  const node = readJson('{"odd key": {"a.b": [{"": null}]}, "é": true}');
  expect(leavesOf(node, 'args').map((leaf) => leaf.path)).toEqual(['args["odd key"]["a.b"][0][""]', 'args.é']);
});

test('the value that a pointer names is marked, and nothing else', () => {
  const policy = readJson('{"tools": {"a/b": {"deny_if": [{"reason": "x"}, {"reason": "y"}]}, "c": {}}}');
  const marked = printed(policy, '/tools/a~1b/deny_if/1').filter((line) => line.marked);
  expect(marked.map((line) => line.text.trim())).toEqual(['{"reason": "y"}']);
  expect(printed(policy, '/tools/none').some((line) => line.marked)).toBe(false);
  expect(
    readJson(
      printed(policy)
        .map((line) => line.text)
        .join('\n'),
    ),
  ).toEqual(policy);
});

test('half a text is refused', () => {
  for (const text of ['{', '[1', '{"a": ', '[1 2]']) expect(() => readJson(text)).toThrow();
  expect(textOf(member(readJson('{"a": "b"}'), 'a'))).toBe('b');
});
