// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The worked example of every attack pattern, against the real gateway: without the pattern's policies the attack succeeds,
// with them it ends as its page says. Messages and policies are those of data/attacks, so that page and test cannot differ.
import test from 'node:test';
import { load, play, SLUGS } from './lib.mjs';

// These have a test of their own.
const OWN = ['token-mis-redemption'];

for (const slug of SLUGS.filter(name => !OWN.includes(name))) {
  for (const era of ['legacy', 'modern']) {
    test(`${slug}: succeeds without the policies (${era})`, async t => { await play(t, load(slug), { protect: false, era }); });
    test(`${slug}: ends as the page says with the policies (${era})`, async t => { await play(t, load(slug), { protect: true, era }); });
  }
}
