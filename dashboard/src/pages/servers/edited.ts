// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A server's record as a form, and back: only what was changed is sent.
import { isLosslessNumber, parse, stringify } from 'lossless-json';

import type { Schemas } from '../../api/client';
import { commandLine, pinningOf } from './places';
import { wordsOf } from './pasted';

type Server = Schemas['Server'];

export interface Form {
  name: string;
  where: string;
  pinning: 'off' | 'warn' | 'quarantine';
  era: 'auto' | 'modern' | 'legacy';
  other: string; // JSON
  disabled: boolean;
}

export type Edited = { kind: 'good'; change: Schemas['ServerChange'] } | { kind: 'wrong'; field: 'command' | 'settings' };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);

export function formOf(server: Server): Form {
  const { pinning: _pinning, era, ...other } = server.settings;
  return {
    name: server.name,
    where: server.transport === 'stdio' ? commandLine(server.command) : server.url,
    pinning: pinningOf(server.settings),
    era: era === 'modern' || era === 'legacy' ? era : 'auto',
    other: JSON.stringify(other, null, 2),
    disabled: server.disabled,
  };
}

export const isChanged = (form: Form, server: Server): boolean => JSON.stringify(form) !== JSON.stringify(formOf(server));

function settingsOf(form: Form): Record<string, unknown> | undefined {
  try {
    const value = parse(form.other.trim() === '' ? '{}' : form.other);
    if (!isRecord(value)) return undefined;
    const settings = JSON.parse(stringify(value) ?? '{}') as Record<string, unknown>;
    delete settings.pinning;
    delete settings.era;
    if (form.pinning !== 'off') settings.pinning = form.pinning;
    if (form.era !== 'auto') settings.era = form.era;
    return settings;
  } catch {
    return undefined;
  }
}

export function changeOf(form: Form, server: Server): Edited {
  const before = formOf(server);
  const change: Schemas['ServerChange'] = {};
  if (form.name !== before.name) change.name = form.name;
  if (form.disabled !== before.disabled) change.disabled = form.disabled;
  if (form.where !== before.where && server.transport !== 'stdio') change.url = form.where.trim();
  if (form.where !== before.where && server.transport === 'stdio') {
    const command = wordsOf(form.where);
    if (command === undefined) return { kind: 'wrong', field: 'command' };
    change.command = command;
  }
  if (form.other !== before.other || form.pinning !== before.pinning || form.era !== before.era) {
    const settings = settingsOf(form);
    if (settings === undefined) return { kind: 'wrong', field: 'settings' };
    change.settings = settings as Schemas['ServerChange']['settings'] & object;
  }
  return { kind: 'good', change };
}
