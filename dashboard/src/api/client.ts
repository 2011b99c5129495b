// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The one way to the gateway: its public API, with the session's cookie and the token against
// forged requests. Types are made from docs/openapi.json.
import createClient, { type Middleware } from 'openapi-fetch';

import { heard, missed } from './presence';
import { Problem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Session = Schemas['Session'];

export const ROOT = '/api/v1';

const ANSWER_MS = 30_000;
const CHANGE_MS = 120_000; // some of them try a server out

let token = '';
let whenEnded: () => void = () => {};
let renew: () => Promise<boolean> = () => Promise.resolve(false);

/** The token that changes must carry; of the session that was read last. */
export function carry(csrfToken: string): void {
  token = csrfToken;
}

/** Called when the gateway says that nobody is signed in any more. */
export function onEnded(call: () => void): void {
  whenEnded = call;
}

/** Called when another session of the same browser has come in place of ours: true when its token was carried here. */
export function onRenewed(call: () => Promise<boolean>): void {
  renew = call;
}

/** What is not answered in time is not waited for. */
async function timed(request: Request): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('', 'TimeoutError')), request.method === 'GET' ? ANSWER_MS : CHANGE_MS);
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, late.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

/** A change that was refused for its token alone goes again with the right one. */
async function send(request: Request): Promise<Response> {
  const spare = request.method === 'GET' ? undefined : request.clone();
  const response = await timed(request);
  if (spare === undefined || response.status !== 403) return response;
  const { kind } = await problemOf(response.clone());
  if (kind !== 'csrf' || !(await renew())) return response;
  spare.headers.set('X-CSRF-Token', token);
  return timed(spare);
}

/** The page itself does not want the answer any more. */
const isUnwanted = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && token !== '') request.headers.set('X-CSRF-Token', token);
    return request;
  },
  async onResponse({ response }) {
    heard();
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 401) whenEnded();
    throw problem;
  },
  onError({ error }) {
    if (isUnwanted(error)) return error;
    missed();
    return new Problem('unreachable', 0, '');
  },
};

export const api = createClient<paths>({ baseUrl: ROOT, credentials: 'same-origin', fetch: send });
api.use(guard);

/** What an answer holds; failures were thrown by then. */
export async function got<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Problem('other', 0, '');
  return data;
}
