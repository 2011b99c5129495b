// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Servers of the database and of the configuration file in one form.
import type { Schemas } from '../../api/client';
import { serverName } from '../../words/words';

export interface Place {
  id: string;
  name: string;
  transport: 'http' | 'sse' | 'stdio';
  where: string; // URL or command
  disabled: boolean;
  isPinned: boolean;
  seen: Schemas['ServerSeen'];
  declared?: Schemas['DeclaredSource'];
}

type Declared = Schemas['Declared']['servers'][number];

/** As a shell would take it back. */
export function commandLine(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

export function pinningOf(settings: Record<string, unknown>): 'off' | 'warn' | 'quarantine' {
  const { pinning } = settings;
  return pinning === 'warn' || pinning === 'quarantine' ? pinning : 'off';
}

export function placeOf(server: Schemas['Server']): Place {
  const { id, name, transport, disabled, seen } = server;
  const where = transport === 'stdio' ? commandLine(server.command) : server.url;
  return { id, name, transport, where, disabled, isPinned: pinningOf(server.settings) !== 'off', seen };
}

export function placeOfDeclared(server: Declared): Place {
  const { id, name, transport, source, seen } = server;
  const where = server.url ?? commandLine(server.command ?? []);
  // What is pinned is not told of the file's; asking for what waits is harmless where nothing is.
  return { id, name, transport, where, disabled: false, isPinned: true, declared: source, seen };
}

export function placesOf(servers: readonly Schemas['Server'][], declared: readonly Declared[]): Place[] {
  return [...servers.map(placeOf), ...declared.map(placeOfDeclared)].sort((a, b) => a.name.localeCompare(b.name));
}

type Counts = readonly { key: string | null; count: number }[];

export function countsBy(items: Counts = [], keyOf = (key: string) => key): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { key, count } of items) if (key !== null) sums.set(keyOf(key), (sums.get(keyOf(key)) ?? 0) + count);
  return sums;
}

/** In the log, a server has its organisation's name before its own. */
export const countsByServer = (items?: Counts) => countsBy(items, serverName);

export interface Latency {
  median: number; // microseconds
  slow: number; // 95 of 100 were faster
  count: number;
}

/** Of calls that reached the server: the time that was not the gateway's own. */
export function latencyOf(rows: readonly Record<string, unknown>[]): Latency | undefined {
  const times: number[] = [];
  for (const { method, outcome, total_us, decide_us } of rows)
    if (method === 'tools/call' && outcome === 'allowed' && typeof total_us === 'number' && typeof decide_us === 'number')
      times.push(Math.max(0, total_us - decide_us));
  if (times.length === 0) return undefined;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
  return { median: at(0.5), slow: at(0.95), count: times.length };
}
