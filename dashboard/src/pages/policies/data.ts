// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies and the tools that they are about, as the gateway knows them. Documents come and go as
// text: JSON.parse would lose digits of numbers.
import { queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { nodeAt, readTree, sourceOf } from './model/tree';

export type Policy = Schemas['Policy'];
export type ToolRow = Schemas['CatalogueRow'];
export type Found = Schemas['Checked']['problems'][number];
export type VersionHead = Schemas['VersionHead'];

export function policyQuery(id: string) {
  return queryOptions({
    queryKey: ['policies', 'one', id],
    queryFn: () => got(api.GET('/policies/{id}', { params: { path: { id } } })),
    refetchInterval: 10_000,
  });
}

export interface Version {
  head: VersionHead;
  text: string;
}

/** A version with its document byte for byte. */
export async function fetchVersion(id: string, number: number): Promise<Version> {
  const body = await got(
    api.GET('/policies/{id}/versions/{number}', { params: { path: { id, number: String(number) } }, parseAs: 'text' }) as Promise<{
      data?: unknown;
    }>,
  );
  const tree = readTree(String(body));
  const node = nodeAt(tree, ['document']);
  if (node === undefined) throw new Problem('other', 0, '');
  return { head: JSON.parse(String(body)) as VersionHead, text: sourceOf(tree, node) };
}

export function versionQuery(id: string, number: number) {
  return queryOptions({
    queryKey: ['policies', 'version', id, number],
    queryFn: () => fetchVersion(id, number),
    staleTime: Infinity,
  });
}

const HARMLESS = '{ "version": "1", "default": "deny" }';

/** What the gateway finds wrong with a text. */
export function checkQuery(text: string) {
  return queryOptions({
    queryKey: ['policies', 'check', text],
    queryFn: ({ signal }) => got(api.POST('/policies/check', { body: { document: text === '' ? HARMLESS : text }, signal })),
    staleTime: Infinity,
    gcTime: 30_000,
  });
}

export type Sentence = Schemas['PolicySummary']['sentences'][number];

/** What a text means; a text with mistakes is refused. */
export function summaryQuery(text: string) {
  return queryOptions({
    queryKey: ['policies', 'summary', text],
    queryFn: ({ signal }) => got(api.POST('/policies/summary', { body: { document: text }, signal })),
    staleTime: Infinity,
    gcTime: 30_000,
    retry: (count, error) => error instanceof Problem && error.passes && count < 4,
  });
}

export type Linted = Schemas['Linted'];
export type Finding = Linted['findings'][number];

/** Whose tools a policy is held against. */
export type Whose = { server?: string; policy?: string };

/** What lint says of a text without mistakes. Where the tools that were meant are not known, of the text alone. */
export function lintQuery(text: string, whose: Whose) {
  const ask = (by: Whose, signal: AbortSignal) => got(api.POST('/policies/lint', { body: { document: text, ...by }, signal }));
  return queryOptions({
    queryKey: ['policies', 'lint', text, whose],
    queryFn: async ({ signal }): Promise<Linted> => {
      try {
        return await ask(whose, signal);
      } catch (error) {
        const isUnknown = error instanceof Problem && (error.fault('server') ?? error.fault('policy')) !== undefined;
        if (!isUnknown) throw error;
        return ask({}, signal);
      }
    },
    staleTime: 60_000,
    gcTime: 60_000,
  });
}

export async function addPolicy(name: string, note: string, text: string): Promise<Policy> {
  return got(api.POST('/policies', { body: { name, note, document: text } }));
}

/** A new version on top of the state of the policy that `etag` (its number of changes) names; its number and the state after it. */
export async function addVersion(id: string, etag: number, note: string, text: string): Promise<{ number: number; etag: number }> {
  const { data, response } = await api.POST('/policies/{id}/versions', {
    params: { path: { id }, header: { 'If-Match': `"${etag}"` } },
    body: { document: text, note },
  });
  const now = Number((response.headers.get('etag') ?? '').replaceAll('"', ''));
  return { number: data?.number ?? 0, etag: now };
}

export async function removePolicy(policy: Policy): Promise<void> {
  await api.DELETE('/policies/{id}', { params: { path: { id: policy.id }, header: { 'If-Match': `"${policy.version}"` } } });
}

/** The tools of a server that the catalogue knows; undefined: it has seen none yet. */
export function toolsQuery(server: string) {
  return queryOptions({
    queryKey: ['catalogue', 'tools', server],
    queryFn: async () => {
      const found = await got(api.GET('/catalogue/servers', { params: { query: { text: server, limit: 200 } } }));
      const named = found.items.filter((item) => item.name === server);
      const known = named.find((item) => !item.shared) ?? named[0];
      if (known === undefined) return null;
      return got(api.GET('/catalogue/servers/{server}', { params: { path: { server: known.slug } } }));
    },
    enabled: server !== '',
  });
}

export function toolQuery(row: ToolRow) {
  return queryOptions({
    queryKey: ['catalogue', 'tool', row.server_slug, row.slug],
    queryFn: () =>
      got(api.GET('/catalogue/servers/{server}/tools/{tool}', { params: { path: { server: row.server_slug, tool: row.slug } } })),
  });
}
