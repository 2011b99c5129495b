// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An answer that somebody began: kept in the window's own storage until it is given or dropped, for the
// session may end in between.
import { useState } from 'react';

import type { Answer } from '../../api/questions';
import { useSession } from '../../api/session';

export interface While {
  isOn: boolean;
  minutes: string;
  uses: number | '';
}

export interface Begun {
  note: string;
  forAWhile: While;
}

const NOTHING: Begun = { note: '', forAWhile: { isOn: false, minutes: '15', uses: '' } };

/** What the window's storage has of it, whatever else may stand there. */
export function begunOf(kept: string | null): Begun {
  try {
    const { note, forAWhile = {} } = JSON.parse(kept ?? '{}') as { note?: unknown; forAWhile?: Partial<Record<keyof While, unknown>> };
    const { isOn, minutes, uses } = forAWhile;
    return {
      note: typeof note === 'string' ? note : '',
      forAWhile: {
        isOn: isOn === true,
        minutes: typeof minutes === 'string' ? minutes : NOTHING.forAWhile.minutes,
        uses: typeof uses === 'number' ? uses : '',
      },
    };
  } catch {
    return NOTHING;
  }
}

function read(key: string): Begun {
  try {
    return begunOf(sessionStorage.getItem(key));
  } catch {
    return NOTHING; // the browser keeps nothing here
  }
}

function keep(key: string, begun: Begun | undefined): void {
  try {
    if (begun === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(begun));
  } catch {
    // It holds until the page is left.
  }
}

/** The answer as far as it is written, how it is changed, and how it is dropped. */
export function useBegun(question: string, verb: Answer['verb']): [Begun, (by: Partial<Begun>) => void, () => void] {
  const key = `answer:${useSession().member}:${question}:${verb}`;
  const [begun, setBegun] = useState(() => read(key));
  const change = (by: Partial<Begun>) => {
    const next = { ...begun, ...by };
    setBegun(next);
    keep(key, next);
  };
  return [begun, change, () => keep(key, undefined)];
}
