// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What admins ask for and change: people, keys, channels, providers, the organisation, the audit.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { api, got, type Schemas } from './client';
import { askAgain } from './queries';
import { ifMatch } from './servers';
import { whole } from './whole';

export type Member = Schemas['Member'];
export type Invitation = Schemas['Invitation'];
export type Key = Schemas['Key'];
export type Organisation = Schemas['Organisation'];
export type Channel = Schemas['Channel'];
export type ChannelEvent = Channel['events'][number];
export type Provider = Schemas['Provider'];
export type Contact = Schemas['Contact'];
export type AuditRow = Schemas['AuditRow'];

const AUDIT_PAGE = 100;

export const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: () => whole((query) => got(api.GET('/members', { params: { query } }))),
});
export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: () => whole((query) => got(api.GET('/invitations', { params: { query } }))),
});
export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: () => whole((query) => got(api.GET('/keys', { params: { query } }))),
});
export const organisationQuery = queryOptions({ queryKey: ['organisation'], queryFn: () => got(api.GET('/organisation')) });
export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: () => whole((query) => got(api.GET('/channels', { params: { query } }))),
});
export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: () => whole((query) => got(api.GET('/providers', { params: { query } }))),
});

const CONTACTS_MOST = 200;
export const contactsQuery = queryOptions({
  queryKey: ['contacts'],
  queryFn: () => got(api.GET('/contacts', { params: { query: { limit: CONTACTS_MOST } } })),
});

export const auditQuery = (object: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['audit', object ?? ''],
    queryFn: ({ pageParam }) =>
      got(
        api.GET('/audit', {
          params: {
            query: {
              limit: AUDIT_PAGE,
              ...(object === undefined ? {} : { object }),
              ...(pageParam === undefined ? {} : { after: pageParam }),
            },
          },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });

const LATELY = 50;

/** Its newest rows, for a page that shows a few. */
export const latelyQuery = queryOptions({
  queryKey: ['audit', 'lately'],
  queryFn: () => got(api.GET('/audit', { params: { query: { limit: LATELY } } })),
  refetchInterval: 30_000,
});

// ---- Changes. What was changed is asked for anew, and so is the audit.

const again = (key: string) => askAgain([key], ['audit']);

const of = (record: { id: string; version: number }) => ({ path: { id: record.id }, header: ifMatch(record.version) });

export async function changeMember(member: Member, body: Schemas['MemberChange']): Promise<void> {
  await api.PATCH('/members/{id}', { params: of(member), body });
  await again('members');
}

export async function removeMember(member: Member): Promise<void> {
  await api.DELETE('/members/{id}', { params: of(member) });
  await again('members');
}

export async function invite(body: Schemas['InvitationNew']): Promise<Schemas['InvitationMinted']> {
  const made = await got(api.POST('/invitations', { body }));
  await again('invitations');
  return made;
}

export async function takeBack(invitation: Invitation): Promise<void> {
  await api.DELETE('/invitations/{id}', { params: of(invitation) });
  await again('invitations');
}

export async function makeKey(body: Schemas['KeyNew']): Promise<Schemas['KeyMinted']> {
  const made = await got(api.POST('/keys', { body }));
  await again('keys');
  return made;
}

export async function revokeKey(key: Key): Promise<void> {
  await api.POST('/keys/{id}/revoke', { params: of(key) });
  await again('keys');
}

export async function changeOrganisation(organisation: Organisation, body: Schemas['OrganisationChange']): Promise<void> {
  await api.PATCH('/organisation', { params: { header: ifMatch(organisation.version) }, body });
  await again('organisation');
}

/** With the secret, when one was made. */
export async function addChannel(body: Schemas['ChannelNew']): Promise<Schemas['ChannelMinted']> {
  const made = await got(api.POST('/channels', { body }));
  await again('channels');
  return made;
}

export async function changeChannel(channel: Channel, body: Schemas['ChannelChange']): Promise<void> {
  await api.PATCH('/channels/{id}', { params: of(channel), body });
  await again('channels');
}

export async function removeChannel(channel: Channel): Promise<void> {
  await api.DELETE('/channels/{id}', { params: of(channel) });
  await again('channels');
}

export const testChannel = (channel: Channel): Promise<Schemas['ChannelTest']> =>
  got(api.POST('/channels/{id}/test', { params: { path: { id: channel.id } } }));

export async function addProvider(body: Schemas['ProviderNew']): Promise<void> {
  await api.POST('/providers', { body });
  await again('providers');
}

export async function changeProvider(provider: Provider, body: Schemas['ProviderChange']): Promise<void> {
  await api.PATCH('/providers/{id}', { params: of(provider), body });
  await again('providers');
}

export async function removeProvider(provider: Provider): Promise<void> {
  await api.DELETE('/providers/{id}', { params: of(provider) });
  await again('providers');
}

export async function endContact(contact: Contact): Promise<void> {
  await api.POST('/contacts/{id}/done', { params: of(contact) });
  await again('contacts');
}

export async function removeContact(contact: Contact): Promise<void> {
  await api.DELETE('/contacts/{id}', { params: of(contact) });
  await again('contacts');
}

export async function changePassword(body: Schemas['PasswordChange']): Promise<void> {
  await api.PUT('/session/password', { body });
}
