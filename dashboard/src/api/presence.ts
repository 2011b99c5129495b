// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether the gateway answers. Every request tells; while none is answered it is asked again and again, and
// who waits for it is told when it is back.
import { useSyncExternalStore } from 'react';

const FIRST_MS = 1000;
const MOST_MS = 8000;
const PROBE_MS = 5000;

let away = false;
let wait = FIRST_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
const readers = new Set<() => void>();
const waiting = new Set<() => void>();

function tell(is: boolean): void {
  away = is;
  for (const call of readers) call();
}

/** It answered, whatever it said. */
export function heard(): void {
  clearTimeout(timer);
  timer = undefined;
  wait = FIRST_MS;
  if (!away) return;
  tell(false);
  for (const call of [...waiting]) call();
}

/** It did not. */
export function missed(): void {
  if (!away) tell(true);
  if (timer !== undefined) return;
  timer = setTimeout(() => {
    timer = undefined;
    void answers();
  }, wait);
  wait = Math.min(2 * wait, MOST_MS);
}

/** Asks it now. */
export async function answers(): Promise<boolean> {
  try {
    await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(PROBE_MS) });
    heard();
    return true;
  } catch {
    missed();
    return false;
  }
}

/** Calls back each time that it answers again; ends by what is returned. */
export function onBack(call: () => void): () => void {
  waiting.add(call);
  return () => waiting.delete(call);
}

function back(): Promise<void> {
  if (!away) return Promise.resolve();
  return new Promise((done) => {
    const end = onBack(() => {
      end();
      done();
    });
  });
}

/** A file of the dashboard, also when it can only be had later. One that a gateway that answers does not have is an error. */
export async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (await answers()) throw error;
      await back();
    }
  }
}

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  return () => readers.delete(reader);
}

export const isAway = (): boolean => away;
export const useIsAway = (): boolean => useSyncExternalStore(subscribe, isAway);

// A network that has come back may have brought it.
if (typeof window !== 'undefined') window.addEventListener('online', () => away && void answers());
