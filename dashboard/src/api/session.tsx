// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is signed in, and what happens when nobody is any more.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';

import { api, carry, got, onEnded, onRenewed, type Session } from './client';
import { Problem } from './problem';
import { askAllAgain } from './queries';

const Context = createContext<Session | undefined>(undefined);

export type Role = Session['role'];
const RANKS: Record<Role, number> = { viewer: 0, policy_manager: 1, admin: 2 };

export function useSession(): Session {
  const session = useContext(Context);
  if (session === undefined) throw new Error('outside of a session');
  return session;
}

/** May the reader do what needs this role? The gateway decides; this only spares a futile attempt. */
export const useMay = (least: Role): boolean => RANKS[useSession().role] >= RANKS[least];

/** Asked anew, when another session may have come in place of this one. Another person's page is not this one. */
async function renewed(known: Session): Promise<Session | undefined> {
  const session = await got(api.GET('/session')).catch(() => undefined);
  if (session !== undefined && session.member !== known.member) location.reload();
  return session?.member === known.member ? session : undefined;
}

/** Whoever signs in again in another window finds this page as it was left. */
function useReturn(isEnded: boolean, back: () => Promise<unknown>): void {
  useEffect(() => {
    if (!isEnded) return;
    const look = () => {
      if (!document.hidden) void back();
    };
    window.addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      window.removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [isEnded, back]);
}

/** The sign-in page, which leads back here. */
export function signInAddress(): string {
  return `/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`;
}

export async function signOut(): Promise<void> {
  await api.DELETE('/session');
  location.assign('/sign-in');
}

interface Props {
  children: ReactNode;
  loading: ReactNode;
  trouble: (error: unknown, retry: () => void) => ReactNode;
  ended: ReactNode;
}

export function SessionGate({ children, loading, trouble, ended }: Props) {
  const [isEnded, setEnded] = useState(false);
  const query = useQuery({ queryKey: ['session'], queryFn: () => got(api.GET('/session')), staleTime: Infinity });
  const isSignedOut = query.error instanceof Problem && query.error.status === 401;
  const queries = useQueryClient();
  const known = query.data;
  const renew = useCallback(async () => {
    const session = known === undefined ? undefined : await renewed(known);
    if (session === undefined) return false;
    carry(session.csrf_token);
    queries.setQueryData(['session'], session);
    setEnded(false);
    void askAllAgain();
    return true;
  }, [known, queries]);
  useReturn(isEnded, renew);
  useEffect(() => onEnded(() => setEnded(true)), []);
  useEffect(() => onRenewed(renew), [renew]);
  useEffect(() => {
    if (isSignedOut) location.replace(signInAddress());
  }, [isSignedOut]);
  if (query.data === undefined) return query.isPending || isSignedOut ? loading : trouble(query.error, () => void query.refetch());
  carry(query.data.csrf_token);
  return (
    <Context.Provider value={query.data}>
      {children}
      {isEnded && ended}
    </Context.Provider>
  );
}
