// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the dashboard says, and numbers and times as its reader writes them.
import { en, type Words } from './en';

export const words: Words = en;

const numbers = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });

export const formatNumber = (value: number): string => numbers.format(value);
export const formatCompact = (value: number): string => compact.format(value);

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];
const RELATIVE_MOST = 7 * 86_400_000;

/** "3 min ago" up to a week, then the day. */
export function formatAgo(instant: Date, now: Date): string {
  const past = now.getTime() - instant.getTime();
  if (Math.abs(past) >= RELATIVE_MOST) return date.format(instant);
  for (const [unit, size] of STEPS) if (Math.abs(past) >= size) return relative.format(-Math.trunc(past / size), unit);
  return words.when.now;
}

const isSameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

/** The time of day, with the day when it is another one. */
export function formatClock(instant: Date, now: Date): string {
  return isSameDay(instant, now) ? time.format(instant) : `${date.format(instant)}, ${time.format(instant)}`;
}

const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DAY_S = 86_400;

/** At an axis whose marks are so many seconds apart: the time of day, and at midnight the day. */
export const formatTick = (instant: Date, seconds: number): string =>
  seconds >= DAY_S || (instant.getHours() === 0 && instant.getMinutes() === 0) ? day.format(instant) : hour.format(instant);

/** From an instant on for so many seconds. */
export const formatBucket = (start: Date, seconds: number): string =>
  `${day.format(start)}, ${hour.formatRange(start, new Date(start.getTime() + seconds * 1000))}`;

export const formatExact = (instant: Date): string => words.when.exact(instant.toISOString().replace('T', ' ').replace('Z', ''));

export function formatMicroseconds(value: number): string {
  if (value < 1000) return `${numbers.format(value)} \u00b5s`;
  if (value < 1_000_000) return `${numbers.format(Math.round(value / 100) / 10)} ms`;
  return `${numbers.format(Math.round(value / 100_000) / 10)} s`;
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** As its reader sorts names: "agent 9" before "Agent 10". */
export const byName = <T>(items: readonly T[], nameOf: (item: T) => string): T[] =>
  items.toSorted((a, b) => names.compare(nameOf(a), nameOf(b)));

const SIZES: [unit: string, bytes: number][] = [
  ['terabyte', 1e12],
  ['gigabyte', 1e9],
  ['megabyte', 1e6],
  ['kilobyte', 1e3],
];

/** "512 byte", "1.4 MB". */
export function formatBytes(bytes: number): string {
  const [unit, size] = SIZES.find(([, one]) => bytes >= one) ?? ['byte', 1];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / size);
}

const SPANS: [unit: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A span of time in the largest unit that it is a whole number of: "1 day", "90 minutes". */
export function formatSeconds(seconds: number): string {
  const [unit, size] = SPANS.find(([, one]) => seconds >= one && seconds % one === 0) ?? ['second', 1];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(seconds / size);
}

/** A server's own name, without that of its organisation, which the gateway writes before it. */
export const serverName = (shown: string): string => shown.slice(shown.lastIndexOf('/') + 1);
