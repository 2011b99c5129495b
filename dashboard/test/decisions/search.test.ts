// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { askedOf, followedOf, instantOf, localOf } from '../../src/pages/decisions/search';

const now = new Date('2026-03-04T12:00:00.000Z');

test('a time that counts back from now is an instant when it is asked', () => {
  expect(askedOf({ last: 'hour', tool: 'pay' }, now)).toEqual({ from: '2026-03-04T11:00:00.000Z', to: undefined, tool: 'pay' });
  expect(askedOf({ last: 'week' }, now).from).toBe('2026-02-25T12:00:00.000Z');
  expect(askedOf({ from: '2026-01-01', to: '2026-01-02' }, now)).toEqual({ from: '2026-01-01', to: '2026-01-02' });
  expect(followedOf({ from: '2026-01-01', to: '2026-01-02', grant: 'a' })).toEqual({ grant: 'a' });
});

test('instants and the fields of local time', () => {
  for (const local of ['2026-03-04T12:34', '2026-12-31T23:59', '0099-01-01T00:00']) expect(localOf(instantOf(local))).toBe(local);
  for (const none of [undefined, '', 'yesterday']) expect(localOf(none)).toBe('');
  expect(instantOf('')).toBeUndefined();
  expect(instantOf('no time')).toBeUndefined();
});
