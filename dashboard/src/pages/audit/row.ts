// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A row of the audit as a line: what it was about, and where that can be looked at.
import type { AuditRow } from '../../api/administer';

const NAMES = ['name', 'label', 'title', 'email', 'tool'];
const OWNERS = ['server', 'policy', 'grant', 'member'];
const MASKED = '(secret)';
const PAGES: Record<string, string> = { server: '/servers', policy: '/policies', grant: '/grants' };
const LISTS: Record<string, string> = { member: '/members' };

// Notes of the audit about itself, and what only comes with something else: sign-ins, parts of a grant or policy, what agents and strangers ask.
const ASIDE = /^(?:audit|session|reach|grant_token|policy_version)\.|^(?:question|contact)\.add$/;

export const isChange = ({ action, note }: Pick<AuditRow, 'action' | 'note'>): boolean => note === undefined && !ASIDE.test(action);

/** What people call it; empty when the row does not say. */
export function nameOf({ after, before }: { after?: object; before?: object }): string {
  for (const values of [after, before] as (Record<string, unknown> | undefined)[])
    for (const name of NAMES) {
      const value = values?.[name];
      if (typeof value === 'string' && value !== '' && value !== MASKED) return value;
    }
  return '';
}

/** What it is called now, or was; else what it belongs to. */
export function calledOf(row: { object: string; after?: object; before?: object }, names: Map<string, string>): string {
  const values: Record<string, unknown> = { ...row.before, ...row.after };
  const owner = OWNERS.map((member) => names.get(String(values[member] ?? ''))).find((name) => name !== undefined);
  return names.get(row.object) ?? (nameOf(row) || owner || '');
}

/** Its own page while there is one, or else what the audit has of it. */
export function placeOfChange({ action, object }: Pick<AuditRow, 'action' | 'object'>): string {
  const [kind = '', verb] = action.split('.');
  const page = Object.hasOwn(PAGES, kind) && verb !== 'remove' ? PAGES[kind] : undefined;
  return page === undefined ? `/audit?object=${encodeURIComponent(object)}` : `${page}/${encodeURIComponent(object)}`;
}

/** Where it can be looked at, for what is there. */
export function pageOf({ action, object }: Pick<AuditRow, 'action' | 'object'>, names: Map<string, string>): string | undefined {
  const [kind = ''] = action.split('.');
  if (!names.has(object)) return undefined;
  if (Object.hasOwn(LISTS, kind)) return LISTS[kind];
  return Object.hasOwn(PAGES, kind) ? `${PAGES[kind]}/${encodeURIComponent(object)}` : undefined;
}
