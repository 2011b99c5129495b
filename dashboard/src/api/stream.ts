// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Events of the gateway as they come. Browsers let a page have six connections to a gateway at most,
// so a page that nobody sees gives its own back, and takes it up again when it is seen.
import { api, ROOT } from './client';

export interface StreamOptions {
  path: string;
  events: Record<string, (data: unknown) => void>;
  whenOpen: () => void;
  whenBroken: () => void;
  stays?: () => boolean; // also while nobody sees the page
}

const AGAIN_MS = 3000;

/** Opens it, again and again until what is returned is called. */
export function follow(options: StreamOptions): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  };
  const open = () => {
    close();
    const own = new EventSource(ROOT + options.path);
    source = own;
    own.onopen = options.whenOpen;
    own.onerror = () => {
      options.whenBroken();
      if (own.readyState !== EventSource.CLOSED) return;
      // It was refused, and the browser leaves it at that: perhaps the session has ended, which this call finds out.
      void api.GET('/session').catch(() => {});
      timer = setTimeout(open, AGAIN_MS);
    };
    for (const [name, tell] of Object.entries(options.events)) own.addEventListener(name, (event) => tell(JSON.parse(event.data)));
  };
  const look = () => {
    if (document.hidden && options.stays?.() !== true) close();
    else if (source === undefined) open();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
}
