// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { begunOf } from '../../src/pages/inbox/begun';

const NOTHING = { note: '', forAWhile: { isOn: false, minutes: '15', uses: '' } };

test('an answer that was begun comes back as it was', () => {
  const begun = { note: 'A known\nsupplier.', forAWhile: { isOn: true, minutes: '60', uses: 3 } };
  expect(begunOf(JSON.stringify(begun))).toEqual(begun);
});

test.each([null, '', '{', '7', '{"note": 7}', '{"forAWhile": 7}', '{"forAWhile": {"isOn": "yes", "minutes": 15, "uses": "3"}}'])(
  'what is none of it is nothing: %s',
  (kept) => expect(begunOf(kept)).toEqual(NOTHING),
);
