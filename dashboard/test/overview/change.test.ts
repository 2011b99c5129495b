// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { isChange, nameOf, placeOfChange } from '../../src/pages/overview/change';

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
