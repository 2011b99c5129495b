// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which grants reach the gravest tools, and what their policies leave possible of it.
import type { Schemas } from '../../api/client';
import { grantState, type Grant } from '../../api/grants';
import type { KnownServer } from '../../api/servers';
import { severityOf, type Category, type Severity } from '../../parts/Grade';

export interface Risk {
  grant: Grant;
  severity: Severity; // the gravest that it reaches
  tools: number; // of this severity
}

const GRAVEST_FIRST: Severity[] = ['critical', 'high', 'unknown', 'medium', 'low'];

/** A server without a policy denies everything, unless the grant only observes. */
function countsOf(grant: Grant, servers: ReadonlyMap<string, KnownServer>): Map<Severity, number> {
  const counts = new Map<Severity, number>();
  for (const { server, policy } of grant.servers) {
    const known = policy === null && grant.mode === 'enforce' ? undefined : servers.get(server);
    for (const [category, count] of Object.entries(known?.categories ?? {})) {
      const severity = severityOf[category as Category];
      counts.set(severity, (counts.get(severity) ?? 0) + count);
    }
  }
  return counts;
}

/** Of the grants that are in use, those that reach the gravest tools, the gravest first; `servers` by id. */
export function gravest(grants: readonly Grant[], servers: ReadonlyMap<string, KnownServer>, now: Date, most: number): Risk[] {
  const counted = grants
    .filter((grant) => grantState(grant, now) === 'active')
    .map((grant) => ({ grant, counts: countsOf(grant, servers) }));
  const at = (counts: Map<Severity, number>, severity: Severity) => counts.get(severity) ?? 0;
  counted.sort((a, b) => {
    const severity = GRAVEST_FIRST.find((each) => at(a.counts, each) !== at(b.counts, each));
    return severity === undefined ? a.grant.label.localeCompare(b.grant.label) : at(b.counts, severity) - at(a.counts, severity);
  });
  return counted
    .flatMap(({ grant, counts }) => {
      const severity = GRAVEST_FIRST.find((each) => at(counts, each) > 0);
      return severity === undefined ? [] : [{ grant, severity, tools: at(counts, severity) }];
    })
    .slice(0, most);
}

type State = Schemas['Stack']['combinations'][number]['now'];
const STATES: State[] = ['possible', 'restricted', 'needs-person', 'broken'];

export interface Left {
  state: State;
  count: number;
}

/** The worst state of its dangerous combinations, and how many have it. A grant that only observes stops none of them. */
export function leftOf({ grant, stack }: Schemas['StackOfGrant']): Left | undefined {
  const states = stack.combinations.map((each) => (grant.mode === 'observe' ? 'possible' : each.now));
  const state = STATES.find((each) => states.includes(each));
  return state === undefined ? undefined : { state, count: states.filter((each) => each === state).length };
}

/** Before those of whose combinations less is left; as they were where that is the same, or not known. */
export function worstFirst<T extends { left: Left | undefined }>(risks: readonly T[]): T[] {
  const rank = (left: Left | undefined) => (left === undefined ? STATES.length : STATES.indexOf(left.state));
  return [...risks].sort((a, b) => rank(a.left) - rank(b.left) || (b.left?.count ?? 0) - (a.left?.count ?? 0));
}
