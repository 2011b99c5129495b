// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// For how long the logs are kept: what of it can be changed, and what that would delete.
import type { Schemas } from '../../api/client';
import type { Kept } from '../../api/keeping';

export const SETTINGS = ['logTime', 'logSize', 'auditTime'] as const;
export type Setting = (typeof SETTINGS)[number];

export interface Standing {
  setting: Setting;
  value: number | null; // seconds or bytes; null: all of it
  saidBy: Schemas['KeptBy'];
  pending: Schemas['KeptPending'];
}

export type Wishes = Partial<Record<Setting, number | null>>;

const DAY = 86_400;
const DAY_MS = DAY * 1000;
export const WAIT_DAYS = 7; // as the gateway has what is shorter wait

/** What a field counts in, and the least and most that the gateway takes. */
export const UNITS: Record<Setting, { one: number; least: number; most: number }> = {
  logTime: { one: DAY, least: 7, most: 36_500 },
  logSize: { one: 2 ** 30, least: 1, most: 2 ** 20 },
  auditTime: { one: DAY, least: 7, most: 36_500 },
};

export function standingsOf({ decision_log: log, admin_audit: audit }: Kept): Standing[] {
  const ofAudit: Standing = {
    setting: 'auditTime',
    value: audit.keep_seconds,
    saidBy: audit.keep_seconds_said_by,
    pending: audit.keep_seconds_pending,
  };
  if (log === null) return [ofAudit];
  return [
    { setting: 'logTime', value: log.keep_seconds, saidBy: log.keep_seconds_said_by, pending: log.keep_seconds_pending },
    { setting: 'logSize', value: log.keep_bytes, saidBy: log.keep_bytes_said_by, pending: log.keep_bytes_pending },
    ofAudit,
  ];
}

export const isOperators = ({ saidBy }: Standing): boolean => saidBy === 'file' || saidBy === 'start';

export const isShorter = (value: number | null, than: number | null): boolean => value !== null && (than === null || value < than);

export function bodyOf({ logTime, logSize, auditTime }: Wishes): Schemas['KeepingChange'] {
  const log = { ...(logTime !== undefined && { keep_seconds: logTime }), ...(logSize !== undefined && { keep_bytes: logSize }) };
  return {
    ...(Object.keys(log).length > 0 && { decision_log: log }),
    ...(auditTime !== undefined && { admin_audit: { keep_seconds: auditTime } }),
  };
}

/** How much the decision log grows; undefined: it is too young to tell. */
export function bytesADay({ decision_log: log }: Kept, now: Date): number | undefined {
  if (log === null || log.oldest_at === null) return undefined;
  const days = (now.getTime() - Date.parse(log.oldest_at)) / DAY_MS;
  return days < 1 ? undefined : log.bytes / days;
}

/** What would be deleted on the day when a shorter time or smaller size takes effect. */
export type Effect =
  | { kind: 'unknown' | 'nothing' }
  | { kind: 'rows'; from: Date; to: Date; bytes?: number } // about so many
  | { kind: 'bytes'; bytes: number };

function effectOfSize(value: number, known: Kept, now: Date): Effect {
  if (known.decision_log === null) return { kind: 'nothing' };
  const then = known.decision_log.bytes + WAIT_DAYS * (bytesADay(known, now) ?? 0);
  return then <= value ? { kind: 'nothing' } : { kind: 'bytes', bytes: Math.round(then - value) };
}

export function effectOf(setting: Setting, value: number, known: Kept, now: Date): Effect {
  if (setting === 'logSize') return effectOfSize(value, known, now);
  const { oldest_at: oldest } = (setting === 'logTime' ? known.decision_log : known.admin_audit) ?? { oldest_at: null };
  if (oldest === null) return { kind: 'unknown' };
  const from = new Date(oldest);
  const to = new Date(now.getTime() + WAIT_DAYS * DAY_MS - value * 1000);
  if (from >= to) return { kind: 'nothing' };
  const rate = setting === 'logTime' ? bytesADay(known, now) : undefined;
  if (rate === undefined) return { kind: 'rows', from, to };
  const days = (Math.min(to.getTime(), now.getTime()) - from.getTime()) / DAY_MS;
  return { kind: 'rows', from, to, bytes: Math.round(rate * days) };
}
