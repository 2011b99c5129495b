// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import type { ToolRow } from '../../src/pages/policies/data';
import { bookOf } from '../../src/pages/policies/model/select';
import { readTree } from '../../src/pages/policies/model/tree';
import { planOf, type Which } from '../../src/pages/policies/tools/many';
import { filteredRows, rowsOf, setOutcome } from '../../src/pages/policies/tools/rows';

const TOOLS = [
  ['get', 'Read', 'low'],
  ['put', 'Write', 'medium'],
  ['post', 'Write', 'medium'],
  ['drop', 'Destructive', 'critical'],
  ['pay', 'Financial', 'critical'],
  ['p*', 'Write', 'medium'],
].map(([name, category, severity]) => ({ name, category, severity, summary: '' }) as ToolRow);

const TEXT = `{
  "version": "1",
  "default": "deny",
  "hide": ["@financial"],
  "tools": {
    "@read": {},
    "put": { "require": [ { "conditions": [] } ], "reason": "why" },
    "drop": { "action": "require_approval", "reason": "Sure?" }
  }
}
`;

const tree = readTree(TEXT);
const rows = rowsOf(bookOf(tree), TOOLS);
const plan = (which: Which, outcome: 'allow' | 'ask' | 'deny', isOneRule = false) => planOf(tree, TOOLS, rows, which, outcome, isOneRule);
const toolsOf = (text: string) => JSON.parse(text).tools as Record<string, unknown>;

describe('what setting many would change', () => {
  test('each tool of a category that can be named', () => {
    const { text, changes, stay, locked } = plan({ by: 'category', value: 'Write' }, 'ask');
    expect(changes).toEqual([
      { name: 'put', before: 'custom', after: 'ask', loses: true },
      { name: 'post', before: 'deny', after: 'ask', loses: false },
    ]);
    expect([stay, locked]).toEqual([1, 1]); // a tool whose name is a pattern
    expect(toolsOf(text)).toEqual({ ...toolsOf(TEXT), put: { action: 'require_approval' }, post: { action: 'require_approval' } });
  });
  test('one rule for the category leaves what has a rule of its own', () => {
    const { text, changes, stay } = plan({ by: 'category', value: 'Write' }, 'ask', true);
    expect(changes.map(({ name, after }) => [name, after])).toEqual([
      ['@write', 'ask'],
      ['post', 'ask'],
      ['p*', 'ask'],
    ]);
    expect(stay).toBe(1);
    expect(toolsOf(text)).toEqual({ ...toolsOf(TEXT), '@write': { action: 'require_approval' } });
  });
  test('what is so already keeps its reason, what is hidden by a pattern stays', () => {
    const { text, changes, stay, locked } = plan({ by: 'severity', value: 'critical' }, 'ask');
    expect([text, changes, stay, locked]).toEqual([TEXT, [], 2, 1]);
  });
  test('a tool that is so by the default gets a rule that says so', () => {
    const { changes, text } = plan({ by: 'chosen', names: new Set(['post']) }, 'deny');
    expect(changes).toEqual([{ name: 'post', before: 'deny', after: 'deny', loses: false }]);
    expect(toolsOf(text).post).toEqual({ action: 'deny' });
  });
});

test('another word for a rule leaves its reason', () => {
  expect(toolsOf(setOutcome(tree, ['drop', 'get'], 'deny'))).toMatchObject({
    drop: { action: 'deny', reason: 'Sure?' },
    get: { action: 'deny' },
  });
  expect(toolsOf(setOutcome(tree, ['drop'], 'allow')).drop).toEqual({ reason: 'Sure?' });
});

test('rows of one severity, with the rules for its categories', () => {
  const names = (severity: string) => filteredRows(rows, { severity }).map((row) => row.name);
  expect(names('low')).toEqual(['@read', 'get']);
  expect(names('critical')).toEqual(['drop', 'pay']);
});
