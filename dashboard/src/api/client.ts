// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The one way to the gateway: its public API, with the session's cookie and the token against
// forged requests. Types are made from docs/openapi.json.
import createClient, { type Middleware } from 'openapi-fetch';

import { Problem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Session = Schemas['Session'];

export const ROOT = '/api/v1';

let token = '';
let whenEnded: () => void = () => {};

/** The token that changes must carry; of the session that was read last. */
export function carry(csrfToken: string): void {
  token = csrfToken;
}

/** Called when the gateway says that nobody is signed in any more. */
export function onEnded(call: () => void): void {
  whenEnded = call;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET' && token !== '') request.headers.set('X-CSRF-Token', token);
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 401) whenEnded();
    throw problem;
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return new Problem('unreachable', 0, '');
  },
};

export const api = createClient<paths>({ baseUrl: ROOT, credentials: 'same-origin' });
api.use(guard);

/** What an answer holds; failures were thrown by then. */
export async function got<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Problem('other', 0, '');
  return data;
}
