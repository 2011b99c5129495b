// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How soon the dashboard can be used: from the request of an address to its heading on the screen and a main thread that has
// nothing left to do, with an empty cache each time. usage: window.mjs [ROUNDS]
import { dashboard } from '../test/lib/window.mjs';

const ROUNDS = Number(process.argv[2] ?? 11);
const PAGES = ['/', '/decisions', '/servers', '/grants', '/policies', '/inbox'];
const ends = [];
const t = { name: 'bench', after: end => ends.push(end), skip: why => console.error(why), diagnostic: console.error };

const here = await dashboard(t);
if (!here) process.exit(1);
console.log('page\tmedian ms\tworst ms\tKiB of files');
for (const address of PAGES) {
  const times = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const page = await here.open();
    const files = [];
    page.on('requestfinished', request => { if (!new URL(request.url()).pathname.startsWith('/api/')) files.push(request.sizes()); });
    await page.goto(here.base + address, { waitUntil: 'commit' });
    times.push(await page.evaluate(usable));
    bytes = (await Promise.all(files)).reduce((sum, sizes) => sum + sizes.responseBodySize, 0);
    await page.context().close();
  }
  times.sort((a, b) => a - b);
  console.log([address, Math.round(times[ROUNDS >> 1]), Math.round(times.at(-1)), Math.round(bytes / 1024)].join('\t'));
}
for (const end of ends.reverse()) await end();

// In the page: milliseconds from the start of the navigation.
function usable() {
  return new Promise((done, fail) => {
    const look = () => {
      if (performance.now() > 20_000) fail(new Error('no heading within 20 seconds: ' + location.pathname));
      else if (document.querySelector('h1') === null) requestAnimationFrame(look);
      else requestIdleCallback(() => done(performance.now()));
    };
    look();
  });
}
