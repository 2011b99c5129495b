// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { Kept } from '../../src/api/keeping';
import { bodyOf, bytesADay, effectOf, isOperators, isShorter, standingsOf } from '../../src/pages/settings/retention';

const NOW = new Date('2026-06-01T00:00:00Z');
const DAY = 86_400;
const GIB = 2 ** 30;
const ago = (days: number): string => new Date(NOW.getTime() - days * DAY * 1000).toISOString();
const known = (days: number, bytes: number): Kept => ({
  version: 1,
  may_change: true,
  sealing_keys: 1,
  sealing_unfinished: false,
  admin_audit: { keep_seconds: null, keep_seconds_said_by: 'default', keep_seconds_pending: null, oldest_at: ago(days) },
  decision_log: {
    keep_seconds: 365 * DAY,
    keep_seconds_said_by: 'file',
    keep_seconds_pending: null,
    keep_bytes: null,
    keep_bytes_said_by: 'database',
    keep_bytes_pending: { value: GIB, takes_effect_at: ago(-3) },
    files: 1,
    bytes,
    oldest_at: ago(days),
  },
});

describe('how long logs are kept', () => {
  it('knows what is shorter: for ever is longer than anything', () => {
    expect([isShorter(7, 8), isShorter(7, null), isShorter(null, 7), isShorter(7, 7), isShorter(null, null)]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('lists what there is, and whose word it is', () => {
    expect(standingsOf(known(10, GIB)).map((standing) => [standing.setting, isOperators(standing)])).toEqual([
      ['logTime', true],
      ['logSize', false],
      ['auditTime', false],
    ]);
    expect(standingsOf({ ...known(10, GIB), decision_log: null }).map(({ setting }) => setting)).toEqual(['auditTime']);
  });

  it('sends only what was wished', () => {
    expect(bodyOf({ logSize: null })).toEqual({ decision_log: { keep_bytes: null } });
    expect(bodyOf({ auditTime: 5, logTime: 3 })).toEqual({ decision_log: { keep_seconds: 3 }, admin_audit: { keep_seconds: 5 } });
  });

  it('says what would be deleted in seven days', () => {
    const log = known(100, 100 * GIB);
    expect(bytesADay(log, NOW)).toBe(GIB);
    expect(effectOf('logTime', 90 * DAY, log, NOW)).toEqual({
      kind: 'rows',
      from: new Date(ago(100)),
      to: new Date(ago(83)),
      bytes: 17 * GIB,
    });
    expect(effectOf('logTime', 107 * DAY, log, NOW)).toEqual({ kind: 'nothing' });
    expect(effectOf('auditTime', 30 * DAY, log, NOW)).toEqual({ kind: 'rows', from: new Date(ago(100)), to: new Date(ago(23)) });
    expect(effectOf('logSize', 8 * GIB, log, NOW)).toEqual({ kind: 'bytes', bytes: 99 * GIB });
    expect(effectOf('logSize', 108 * GIB, log, NOW)).toEqual({ kind: 'nothing' });
  });

  it('does not guess from a log that is too young', () => {
    expect(bytesADay(known(0.5, GIB), NOW)).toBeUndefined();
    expect(effectOf('logSize', 2 * GIB, known(0.5, GIB), NOW)).toEqual({ kind: 'nothing' });
  });
});
