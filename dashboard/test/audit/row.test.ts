// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { calledOf, isChange, nameOf, pageOf, placeOfChange } from '../../src/pages/audit/row';

test('what people changed, not what came with it', () => {
  const shown = ['grant.add', 'grant.change', 'policy.add', 'question.change', 'contact.remove', 'reaching.add'];
  const aside = ['session.add', 'reach.add', 'grant_token.add', 'policy_version.add', 'question.add', 'contact.add', 'audit.checkpoint'];
  expect([...shown, ...aside].filter((action) => isChange({ action }))).toEqual(shown);
  expect(isChange({ action: 'grant.add', note: 'checkpoint' })).toBe(false);
});

test('a name, of after or else before, that is not a secret', () => {
  expect(nameOf({ after: { label: 'ci' }, before: { label: 'old' } })).toBe('ci');
  expect(nameOf({ after: { name: '(secret)' }, before: { name: 'old' } })).toBe('old');
  expect(nameOf({ after: { name: 7 } })).toBe('');
});

test('it leads to its page while that is there', () => {
  expect(placeOfChange({ action: 'grant.change', object: 'grt_1' })).toBe('/grants/grt_1');
  expect(placeOfChange({ action: 'grant.remove', object: 'grt_1' })).toBe('/audit?object=grt_1');
  expect(placeOfChange({ action: 'member.add', object: 'a&b' })).toBe('/audit?object=a%26b');
  expect(placeOfChange({ action: 'constructor.add', object: 'x' })).toBe('/audit?object=x');
});

test('it has its name of now, else that of then, else that of what it belongs to', () => {
  const names = new Map([
    ['grt_1', 'ci'],
    ['srv_1', 'files'],
  ]);
  expect(calledOf({ object: 'grt_1', after: { label: 'old' } }, names)).toBe('ci');
  expect(calledOf({ object: 'grt_2', after: { label: 'old' } }, names)).toBe('old');
  expect(calledOf({ object: 'rch_1', before: { server: 'srv_1' } }, names)).toBe('files');
  expect(calledOf({ object: 'rch_1', before: { server: 'srv_9' } }, names)).toBe('');
});

test('it leads to what is there alone', () => {
  const names = new Map([
    ['grt_1', 'ci'],
    ['mem_1', 'Ada'],
  ]);
  expect(pageOf({ action: 'grant.change', object: 'grt_1' }, names)).toBe('/grants/grt_1');
  expect(pageOf({ action: 'member.change', object: 'mem_1' }, names)).toBe('/members');
  expect(pageOf({ action: 'grant.change', object: 'grt_2' }, names)).toBeUndefined();
});
