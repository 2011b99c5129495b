// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Events of the gateway as they come. Browsers let a page have six connections to a gateway at most,
// so a page that nobody sees gives its own back, and takes it up again when it is seen.
import { api, ROOT } from './client';
import { isAway, onBack } from './presence';

export interface StreamOptions {
  path: string;
  events: Record<string, (data: unknown) => void>;
  whenOpen: () => void;
  whenBroken: () => void;
  stays?: () => boolean; // also while nobody sees the page
}

const AGAIN_MS = 3000;
const AGAIN_MOST_MS = 30_000;

/** Opens it, again and again until what is returned is called. */
export function follow(options: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = AGAIN_MS;
  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  const broken = (own: EventSource) => {
    options.whenBroken();
    // Why is not told here: the gateway may be away, or the session over, which this call finds out.
    if (!isAway()) void api.GET('/session').catch(() => {});
    if (own.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    timer = setTimeout(open, wait);
    wait = Math.min(2 * wait, AGAIN_MOST_MS);
  };
  const open = () => {
    close();
    const own = new EventSource(ROOT + options.path);
    source = own;
    own.onopen = () => {
      wait = AGAIN_MS;
      options.whenOpen();
    };
    own.onerror = () => broken(own);
    for (const [name, tell] of Object.entries(options.events)) own.addEventListener(name, (event) => tell(JSON.parse(event.data)));
  };
  const look = () => {
    if (document.hidden && options.stays?.() !== true) close();
    else if (source === undefined) open();
  };
  const endBack = onBack(() => {
    if (source !== undefined && source.readyState !== EventSource.OPEN) open();
  });
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    endBack();
    close();
  };
}
