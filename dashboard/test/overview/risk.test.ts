// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { Grant } from '../../src/api/grants';
import type { KnownServer } from '../../src/api/servers';
import { gravest, leftOf, worstFirst } from '../../src/pages/overview/risk';

const NOW = new Date('2026-01-01T00:00:00Z');
const none = { Read: 0, Write: 0, Execute: 0, Destructive: 0, Financial: 0, Unknown: 0 };
const known = new Map(
  Object.entries({
    bank: { ...none, Financial: 1, Destructive: 1, Read: 9 },
    shell: { ...none, Execute: 40 },
    wiki: { ...none, Read: 500, Write: 2 },
  }).map(([id, categories]) => [id, { categories } as KnownServer]),
);
const grant = (label: string, servers: string[], more: Partial<Grant> = {}): Grant =>
  ({
    label,
    mode: 'enforce',
    revoked_at: null,
    expires_at: null,
    paused_at: null,
    servers: servers.map((server) => ({ server, policy: 'p', policy_version: 'latest' })),
    ...more,
  }) as Grant;
const said = (grants: Grant[], most = 9) =>
  gravest(grants, known, NOW, most).map((risk) => `${risk.grant.label} ${risk.severity} ${risk.tools}`);

test('one that moves money comes before many that run commands', () => {
  const grants = [grant('reader', ['wiki']), grant('runner', ['shell', 'wiki']), grant('payer', ['bank'])];
  expect(said(grants)).toEqual(['payer critical 2', 'runner high 40', 'reader medium 2']);
  expect(said(grants, 1)).toEqual(['payer critical 2']);
});

test('who cannot call is no risk: ended, paused, over, without a policy, or at a server that nothing is known of', () => {
  const past = '2025-01-01T00:00:00Z';
  const unjudged = [{ server: 'bank', policy: null, policy_version: null }] as never;
  expect(
    said([
      grant('revoked', ['bank'], { revoked_at: past }),
      grant('expired', ['bank'], { expires_at: past }),
      grant('paused', ['bank'], { paused_at: past }),
      grant('denied', [], { servers: unjudged }),
      grant('unknown', ['nobody']),
      grant('nowhere', []),
    ]),
  ).toEqual([]);
  expect(said([grant('observed', [], { servers: unjudged, mode: 'observe' })])).toEqual(['observed critical 2']);
});

const stack = (mode: 'enforce' | 'observe', ...states: string[]) =>
  ({ grant: { mode }, stack: { combinations: states.map((now) => ({ now })) } }) as never;

test('what is left is the worst state; a grant that only observes stops nothing', () => {
  expect(leftOf(stack('enforce', 'broken', 'restricted', 'needs-person', 'restricted'))).toEqual({ state: 'restricted', count: 2 });
  expect(leftOf(stack('observe', 'broken', 'restricted'))).toEqual({ state: 'possible', count: 2 });
  expect(leftOf(stack('enforce'))).toBeUndefined();
});

test('more that is possible comes first, and what is not known stays where it was', () => {
  const risks = [
    { name: 'a', left: undefined },
    { name: 'b', left: { state: 'restricted' as const, count: 9 } },
    { name: 'c', left: { state: 'possible' as const, count: 1 } },
    { name: 'd', left: { state: 'possible' as const, count: 2 } },
    { name: 'e', left: undefined },
  ];
  expect(worstFirst(risks).map((risk) => risk.name)).toEqual(['d', 'c', 'b', 'a', 'e']);
});
