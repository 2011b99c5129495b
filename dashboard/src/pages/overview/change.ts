// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A row of the audit as a line: what it was about, and where that can be looked at.
import type { AuditRow } from '../../api/administer';

const NAMES = ['name', 'label', 'title', 'email', 'tool'];
const MASKED = '(secret)';
const PAGES: Record<string, string> = { server: '/servers', policy: '/policies', grant: '/grants' };

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

/** Its own page while there is one, or else what the audit has of it. */
export function placeOfChange({ action, object }: Pick<AuditRow, 'action' | 'object'>): string {
  const [kind = '', verb] = action.split('.');
  const page = Object.hasOwn(PAGES, kind) && verb !== 'remove' ? PAGES[kind] : undefined;
  return page === undefined ? `/audit?object=${encodeURIComponent(object)}` : `${page}/${encodeURIComponent(object)}`;
}
