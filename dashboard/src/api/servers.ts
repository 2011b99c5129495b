// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the pages about servers and stacks ask for, and change.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from './client';
import { Problem } from './problem';
import { askAgain, queryClient } from './queries';
import { whole, type Page } from './whole';

export type Server = Schemas['Server'];
export type Trial = Schemas['Trial'];
export type KnownServer = Schemas['CatalogueServer'];
export type KnownTool = Schemas['CatalogueRow'];
export type DefinitionState = Schemas['DefinitionHead']['state'];

export interface Secret {
  place: 'header' | 'environment';
  name: string;
  value: string; // empty: it must still be given
}

export interface Draft {
  name: string;
  transport: 'http' | 'sse' | 'stdio';
  url: string;
  command: string[];
  secrets: Secret[];
}

const CATALOGUE_PAGE = 200;

/** The configuration file's servers have these ids; they are changed there. */
export const isDeclared = (id: string): boolean => id.startsWith('file.');

export const serverQuery = (id: string) =>
  queryOptions({
    queryKey: ['servers', 'one', id],
    queryFn: () => got(api.GET('/servers/{id}', { params: { path: { id } } })),
    enabled: !isDeclared(id),
  });

export const declaredQuery = queryOptions({
  queryKey: ['declared'],
  queryFn: () => got(api.GET('/declared')),
});

/** What the catalogue knows of the organisation's own servers, by name. */
export const knownServersQuery = queryOptions({
  queryKey: ['catalogue', 'own'],
  queryFn: async () => {
    const read = (page: Page) => got(api.GET('/catalogue/servers', { params: { query: { own: true, ...page } } }));
    const { items } = await whole(read, CATALOGUE_PAGE);
    return new Map<string, KnownServer>(items.map((server) => [server.name, server]));
  },
});

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** null: nobody has listed its tools yet. */
export const knownServerQuery = (name: string) =>
  queryOptions({
    queryKey: ['catalogue', 'server', name],
    queryFn: async () => {
      const known = await orNull(got(api.GET('/catalogue/servers/{server}', { params: { path: { server: name } } })));
      return known?.server.shared === true ? null : known;
    },
    enabled: name !== '',
  });

export const pastQuery = (name: string) =>
  queryOptions({
    queryKey: ['catalogue', 'past', name],
    queryFn: () => orNull(got(api.GET('/catalogue/servers/{server}/history', { params: { path: { server: name } } }))),
    enabled: name !== '',
  });

export const starterQuery = (name: string) =>
  queryOptions({
    queryKey: ['catalogue', 'starter', name],
    queryFn: () => orNull(got(api.GET('/catalogue/servers/{server}/starter', { params: { path: { server: name } } }))),
    enabled: name !== '',
  });

/** Kept as the last trial left it; only a person's click makes another. */
export const trialQuery = (id: string) =>
  queryOptions({
    queryKey: ['trial', id],
    queryFn: async () => {
      const trial = await got(api.POST('/servers/{id}/test', { params: { path: { id } } }));
      void askAgain(['definitions'], ['servers'], ...(trial.catalogued ? [['catalogue']] : []));
      return trial;
    },
    staleTime: Infinity,
    gcTime: 600_000,
    retry: false,
    enabled: false,
    meta: { isByHand: true },
  });

export const definitionsQuery = (id: string, state: DefinitionState) =>
  queryOptions({
    queryKey: ['definitions', id, state],
    queryFn: () => whole((page) => got(api.GET('/servers/{id}/definitions', { params: { path: { id }, query: { state, ...page } } }))),
  });

const AT_ONCE = 3;

/** How many definitions wait, by server: all of these are asked, a few at a time. */
export const waitingDefinitionsQuery = (ids: string[]) =>
  queryOptions({
    queryKey: ['definitions', 'waiting', ids],
    queryFn: async ({ signal }) => {
      const counts = new Map<string, number>();
      const left = [...ids];
      const ask = async () => {
        for (let id = left.shift(); id !== undefined; id = left.shift()) {
          const params = { path: { id }, query: { state: 'waiting', limit: 1000 } } as const;
          const page = await orNull(got(api.GET('/servers/{id}/definitions', { params, signal }))); // null: it is gone
          counts.set(id, page?.items.length ?? 0);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, ask));
      return counts;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });

export const definitionQuery = (id: string, fingerprint: string) =>
  queryOptions({
    queryKey: ['definitions', id, 'one', fingerprint],
    queryFn: () => got(api.GET('/servers/{id}/definitions/{fingerprint}', { params: { path: { id, fingerprint } } })),
  });

export const credentialsQuery = (id: string) =>
  queryOptions({
    queryKey: ['credentials', id],
    queryFn: () => whole((query) => got(api.GET('/servers/{id}/credentials', { params: { path: { id }, query } }))),
  });

export const authorizationsQuery = (id: string) =>
  queryOptions({
    queryKey: ['authorizations', id],
    queryFn: () => whole((query) => got(api.GET('/servers/{id}/authorizations', { params: { path: { id }, query } }))),
  });

export const organisationQuery = queryOptions({
  queryKey: ['organisation'],
  queryFn: () => got(api.GET('/organisation')),
});

export const serverDecisionsQuery = (server: string) =>
  queryOptions({
    queryKey: ['decisions', 'latest', server],
    queryFn: () => got(api.GET('/decisions', { params: { query: { server, limit: 200 } } })),
    refetchInterval: 10_000,
    enabled: server !== '',
  });

export const grantStackQuery = (id: string) =>
  queryOptions({
    queryKey: ['grants', 'stack', id],
    queryFn: () => got(api.GET('/grants/{id}/stack', { params: { path: { id } } })),
  });

export const serversStackQuery = (names: string[]) =>
  queryOptions({
    queryKey: ['catalogue', 'stack', names],
    queryFn: () => got(api.GET('/catalogue/stack', { params: { query: { server: names } } })),
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
  });

export const catalogueSearchQuery = (text: string) =>
  queryOptions({
    queryKey: ['catalogue', 'servers', text],
    queryFn: () => got(api.GET('/catalogue/servers', { params: { query: { limit: 50, ...(text === '' ? {} : { text }) } } })),
    placeholderData: keepPreviousData,
  });

// ---- Changes

export const ifMatch = (version: number) => ({ 'If-Match': `"${version}"` });

export async function addServer(draft: Draft): Promise<Server> {
  const { name, transport, url, command } = draft;
  const where = transport === 'stdio' ? { command } : { url };
  const server = await got(api.POST('/servers', { body: { name, transport, ...where } }));
  await askAgain(['servers']);
  return server;
}

export async function setCredential(id: string, secret: Secret): Promise<void> {
  await api.POST('/servers/{id}/credentials', { params: { path: { id } }, body: { ...secret } });
  await askAgain(['credentials']);
}

export async function removeCredential(id: string, credential: string): Promise<void> {
  const params = { path: { id, credential }, header: { 'If-Match': '*' } };
  await api.DELETE('/servers/{id}/credentials/{credential}', { params });
  await askAgain(['credentials']);
}

export async function changeServer(server: Server, change: Schemas['ServerChange']): Promise<void> {
  const params = { path: { id: server.id }, header: ifMatch(server.version) };
  await api.PATCH('/servers/{id}', { params, body: change });
  await askAgain(['servers'], ['definitions']);
}

export async function removeServer(server: Server): Promise<void> {
  const params = { path: { id: server.id }, header: ifMatch(server.version) };
  await api.DELETE('/servers/{id}', { params });
  queryClient.removeQueries({ queryKey: ['servers', 'one', server.id] });
  await askAgain(['servers']);
}

export async function judgeDefinitions(id: string, verdict: 'accept' | 'reject', fingerprints: string[], note: string): Promise<void> {
  const request = { params: { path: { id } }, body: { fingerprints, ...(note === '' ? {} : { note }) } };
  if (verdict === 'accept') await api.POST('/servers/{id}/definitions/accept', request);
  else await api.POST('/servers/{id}/definitions/reject', request);
  await askAgain(['definitions'], ['catalogue']);
}

export async function beginAuthorization(id: string, body: Schemas['AuthorizationNew']): Promise<Schemas['Authorization']> {
  const begun = await got(api.POST('/servers/{id}/authorizations', { params: { path: { id } }, body }));
  await askAgain(['authorizations']);
  return begun;
}

export async function removeAuthorization(id: string, authorization: string): Promise<void> {
  const params = { path: { id, authorization }, header: { 'If-Match': '*' } };
  await api.DELETE('/servers/{id}/authorizations/{authorization}', { params });
  await askAgain(['authorizations']);
}

/** The catalogue's copy follows a moment later: what is shown is changed here. */
export async function setOverride(id: string, tool: KnownTool, category: Schemas['OverrideNew']['category'], note: string): Promise<void> {
  const body = { tool: tool.name, category, ...(note === '' ? {} : { note }) };
  await api.POST('/servers/{id}/overrides', { params: { path: { id } }, body });
  queryClient.setQueryData(knownServerQuery(tool.server).queryKey, (known) =>
    known == null
      ? known
      : { ...known, tools: known.tools.map((each) => (each.slug === tool.slug ? { ...each, category, overridden: true } : each)) },
  );
}
