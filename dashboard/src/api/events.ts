// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Who listens to events of the gateway. All of a page listens by as few connections as can be: questions to people come beside
// decisions, and there is a second connection only where two listen to different decisions.
import { follow } from './stream';

export interface Listener {
  /** Decisions that fit this filter, as a query of the API; '' all of them. */
  decisions?: string;
  questions?: boolean;
  events: Record<string, (data: unknown) => void>;
  whenOpen: () => void;
  whenBroken: () => void;
  stays?: () => boolean; // also while nobody sees the page
}

interface Connection {
  members: Listener[];
  end: () => void;
}

const NAMES = ['decision', 'missed', 'approval', 'level'];

const listeners = new Set<Listener>();
const connections = new Map<string, Connection>(); // by what they ask for
let isDue = false;

function pathOf(decisions: string, withQuestions: boolean): string {
  const query = [decisions, withQuestions ? 'beside=approvals' : ''].filter((part) => part !== '').join('&');
  return `/decisions/stream${query === '' ? '' : `?${query}`}`;
}

/** What is to be asked for, by whom. */
export function planOf(all: Listener[]): Map<string, Listener[]> {
  const filters = [...new Set(all.flatMap(({ decisions }) => decisions ?? []))];
  const asking = all.filter(({ questions }) => questions === true);
  const plan = new Map<string, Listener[]>();
  if (filters.length === 0 && asking.length > 0) plan.set('/approvals/stream', asking);
  filters.forEach((filter, index) => {
    const beside = index === 0 ? asking : [];
    const members = new Set([...all.filter(({ decisions }) => decisions === filter), ...beside]);
    plan.set(pathOf(filter, beside.length > 0), [...members]);
  });
  return plan;
}

function connect(path: string, members: Listener[]): void {
  const connection: Connection = { members, end: () => {} };
  const each = (call: (member: Listener) => void) => connection.members.forEach(call);
  connections.set(path, connection);
  connection.end = follow({
    path,
    events: Object.fromEntries(NAMES.map((name) => [name, (data: unknown) => each((member) => member.events[name]?.(data))])),
    whenOpen: () => each((member) => member.whenOpen()),
    whenBroken: () => each((member) => member.whenBroken()),
    stays: () => connection.members.some((member) => member.stays?.() === true),
  });
}

// Whoever comes to a connection is told its beginning, too: it is begun anew.
function arrange(): void {
  isDue = false;
  const plan = planOf([...listeners]);
  for (const [path, connection] of connections) {
    const members = plan.get(path);
    if (members?.every((member) => connection.members.includes(member))) {
      connection.members = members;
      plan.delete(path);
    } else {
      connection.end();
      connections.delete(path);
    }
  }
  for (const [path, members] of plan) connect(path, members);
}

// Parts of a page come and go together.
function soon(): void {
  if (!isDue) queueMicrotask(arrange);
  isDue = true;
}

/** Listens until what is returned is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  soon();
  return () => {
    listeners.delete(listener);
    for (const connection of connections.values()) connection.members = connection.members.filter((member) => member !== listener);
    soon();
  };
}
