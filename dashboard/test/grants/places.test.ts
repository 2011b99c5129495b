// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { placesOf, type DeclaredGrant } from '../../src/api/grants';

const grant = (servers: DeclaredGrant['servers'], policy: string | null): DeclaredGrant => ({
  id: 'file.a',
  label: 'a',
  source: { file: 'sallyport.json', line: 3 },
  mode: 'enforce',
  expires_at: null,
  tags: [],
  servers,
  policy,
});

test('what a grant of the configuration file reaches, however the file says it', () => {
  expect(placesOf(grant(['x', 'y'], 'all'))).toEqual([
    { server: 'x', policy: 'all' },
    { server: 'y', policy: 'all' },
  ]);
  expect(placesOf(grant({ x: 'one', y: null } as never, null))).toEqual([
    { server: 'x', policy: 'one' },
    { server: 'y', policy: null },
  ]);
  expect(placesOf(grant(['x'], null))).toEqual([{ server: 'x', policy: null }]);
  expect(placesOf(grant([], 'all'))).toEqual([]);
});
