// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Rows about a change hold only what differs: names of what is there come from its lists.
import { useQuery } from '@tanstack/react-query';

import { membersQuery } from '../../api/administer';
import { grantsQuery, policiesQuery, serversQuery } from '../../api/queries';
import { useMay } from '../../api/session';

/** By id, of what is there now. */
export function useNames(): Map<string, string> {
  const isAdmin = useMay('admin');
  const servers = useQuery(serversQuery).data?.items ?? [];
  const policies = useQuery(policiesQuery).data?.items ?? [];
  const grants = useQuery(grantsQuery).data?.items ?? [];
  const members = useQuery({ ...membersQuery, enabled: isAdmin }).data?.items ?? [];
  return new Map([
    ...[...servers, ...policies].map(({ id, name }) => [id, name] as const),
    ...grants.map(({ id, label }) => [id, label] as const),
    ...members.map(({ id, name, email }) => [id, name || email] as const),
  ]);
}
