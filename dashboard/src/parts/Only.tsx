// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import type { ReactNode } from 'react';

import { useMay, useSession, type Role } from '../api/session';
import { words } from '../words/words';
import { Nothing } from './states';

interface Props {
  least: Role;
  silent?: boolean; // a button, for instance, is only left out
  children: ReactNode;
}

/** What a role may not see: said at once, in place of the gateway's refusal. */
export function Only({ least, silent = false, children }: Props) {
  const { role } = useSession();
  if (useMay(least)) return children;
  if (silent) return null;
  return <Nothing title={words.trouble.forbidden(words.account.roles[role])} more={words.trouble.forbiddenMore} />;
}
