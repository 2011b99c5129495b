// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the pages about grants ask for, and change.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from './client';

export type Grant = Schemas['Grant'];
export type Minted = Schemas['GrantMinted'];
export type Reach = NonNullable<Schemas['GrantNew']['servers']>[number];
export type DeclaredGrant = Schemas['Declared']['grants'][number];
export const GRANT_STATES = ['active', 'paused', 'expired', 'revoked'] as const;
export type GrantState = (typeof GRANT_STATES)[number];

export function grantState(grant: Grant, now: Date): GrantState {
  if (grant.revoked_at !== null) return 'revoked';
  if (grant.expires_at !== null && new Date(grant.expires_at) <= now) return 'expired';
  return grant.paused_at === null ? 'active' : 'paused';
}

export const declaredState = (grant: DeclaredGrant, now: Date): GrantState =>
  grant.expires_at !== null && new Date(grant.expires_at) <= now ? 'expired' : 'active';

export interface DeclaredPlace {
  server: string;
  policy: string | null;
}

/** The file has servers with a policy each, or a list of servers that have one together. */
export function placesOf({ servers, policy }: DeclaredGrant): DeclaredPlace[] {
  if (Array.isArray(servers)) return servers.map((server) => ({ server: String(server), policy }));
  return Object.entries(servers).map(([server, own]) => ({ server, policy: typeof own === 'string' ? own : policy }));
}

export const oneGrantQuery = (id: string) =>
  queryOptions({ queryKey: ['grants', 'one', id], queryFn: () => got(api.GET('/grants/{id}', { params: { path: { id } } })) });

export const clientsQuery = (id: string) =>
  queryOptions({ queryKey: ['grants', 'clients', id], queryFn: () => got(api.GET('/grants/{id}/snippets', { params: { path: { id } } })) });

export const limitsQuery = (grant: string) =>
  queryOptions({
    queryKey: ['limits', grant],
    queryFn: () => got(api.GET('/limits', { params: { query: { grant, limit: 200 } } })),
    refetchInterval: 10_000,
  });

const at = (grant: Grant) => ({ path: { id: grant.id }, header: { 'If-Match': `"${grant.version}"` } });

export const mintGrant = (body: Schemas['GrantNew']) => got(api.POST('/grants', { body }));
export const changeGrant = (grant: Grant, body: Schemas['GrantChange']) => got(api.PATCH('/grants/{id}', { params: at(grant), body }));
export const revokeGrant = (grant: Grant) => got(api.POST('/grants/{id}/revoke', { params: at(grant) }));
export const resumeGrant = (grant: Grant) => got(api.POST('/grants/{id}/resume', { params: at(grant) }));
export const rotateGrant = (grant: Grant, overlap: number): Promise<Minted> =>
  got(api.POST('/grants/{id}/rotate', { params: at(grant), body: { overlap_seconds: overlap } }));
export const removeGrant = (grant: Grant) => api.DELETE('/grants/{id}', { params: at(grant) });
export const resetLimits = (grant: string) => got(api.POST('/limits/reset', { body: { grant } }));
