// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which address shows which page. Pages come when they are gone to; filters stand in the address.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent as lazyComponent } from '@tanstack/react-router';

import { GRANT_STATES, type GrantState } from './api/grants';
import { patiently } from './api/presence';
import type { BuilderSearch } from './pages/policies/Builder';
import type { PolicySearch } from './pages/policies/PolicyPage';
import { Frame } from './frame/Frame';
import { LASTS, NAMED, type DecisionSearch } from './pages/decisions/search';
import { Loading, Nothing, Trouble } from './parts/states';
import { words } from './words/words';

const root = createRootRoute({
  component: Frame,
  notFoundComponent: () => <Nothing title={words.trouble.notFound} more={words.trouble.notFoundMore} />,
});

// Without this, a page that is gone to while the gateway is away would load the window anew, from nowhere.
const lazyRouteComponent: typeof lazyComponent = (load, name) => lazyComponent(() => patiently(load), name);

// A name of digits in a link that this router did not write arrives as a number.
const text = (value: unknown): string | undefined => {
  const said = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof said === 'string' && said !== '' ? said : undefined;
};

const CATEGORIES = ['Read', 'Write', 'Execute', 'Destructive', 'Financial', 'Unknown'] as const;
const OUTCOMES = ['free', 'limited', 'depends', 'asks', 'denied', 'hidden'] as const;

export interface StartSearch {
  step?: 'server' | 'tools' | 'grant' | 'connect' | undefined;
  servers?: string[] | undefined; // ids
  policies?: string[] | undefined; // "SERVER POLICY", ids
  mode?: 'observe' | undefined;
  grant?: string | undefined;
}
export interface StackSearch {
  grant?: string | undefined;
  servers?: string[] | undefined; // names
  view?: 'starter' | undefined;
  outcome?: (typeof OUTCOMES)[number] | undefined;
  text?: string | undefined;
}
export interface ServerSearch {
  tab?: 'overview' | 'tools' | 'changes' | 'settings' | undefined;
  text?: string | undefined;
  category?: (typeof CATEGORIES)[number] | undefined;
  state?: 'waiting' | 'accepted' | 'rejected' | undefined;
  definition?: string | undefined;
}

export type Range = 'hour' | 'day' | 'week';
const isRange = (value: unknown): value is Range => value === 'hour' || value === 'day' || value === 'week';

const SETTINGS_TABS = ['account', 'organisation', 'channels', 'providers', 'contacts', 'keeping', 'about'] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: (given: Record<string, unknown>): { range?: Range } => (isRange(given.range) ? { range: given.range } : {}),
  component: lazyRouteComponent(() => import('./pages/overview/Overview'), 'Overview'),
});

const decisions = createRoute({
  getParentRoute: () => root,
  path: '/decisions',
  validateSearch: (given: Record<string, unknown>): DecisionSearch => ({
    outcome: text(given.outcome),
    grant: text(given.grant),
    server: text(given.server),
    text: text(given.text),
    last: oneOf(given.last, LASTS),
    from: text(given.from),
    to: text(given.to),
    ...Object.fromEntries(NAMED.map((name) => [name, text(given[name])])),
  }),
  component: lazyRouteComponent(() => import('./pages/decisions/Decisions'), 'Decisions'),
});

const decision = createRoute({
  getParentRoute: () => decisions,
  path: '$number',
  component: lazyRouteComponent(() => import('./pages/decisions/Story'), 'Story'),
});

const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  validateSearch: (given: Record<string, unknown>): { show?: 'over' | undefined } => (given.show === 'over' ? { show: 'over' } : {}),
  component: lazyRouteComponent(() => import('./pages/inbox/Inbox'), 'Inbox'),
});

const unpicked = createRoute({
  getParentRoute: () => inbox,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/inbox/Inbox'), 'Unpicked'),
});

const question = createRoute({
  getParentRoute: () => inbox,
  path: '$id',
  component: lazyRouteComponent(() => import('./pages/inbox/Question'), 'Question'),
});

const list = (value: unknown): string[] | undefined => {
  const items = Array.isArray(value) ? value.filter((item) => typeof item === 'string' && item !== '') : [];
  return items.length > 0 ? items.slice(0, 100) : undefined;
};
const oneOf = <T extends string>(value: unknown, all: readonly T[]): T | undefined => all.find((item) => item === value);

const start = createRoute({
  getParentRoute: () => root,
  path: '/start',
  validateSearch: (given: Record<string, unknown>): StartSearch => ({
    step: oneOf(given.step, ['server', 'tools', 'grant', 'connect']),
    servers: list(given.servers),
    policies: list(given.policies),
    mode: oneOf(given.mode, ['observe']),
    grant: text(given.grant),
  }),
  component: lazyRouteComponent(() => import('./pages/start/Start'), 'Start'),
});

const stack = createRoute({
  getParentRoute: () => root,
  path: '/stack',
  validateSearch: (given: Record<string, unknown>): StackSearch => ({
    grant: text(given.grant),
    servers: list(given.servers),
    view: oneOf(given.view, ['starter']),
    outcome: oneOf(given.outcome, OUTCOMES),
    text: text(given.text),
  }),
  component: lazyRouteComponent(() => import('./pages/stack/Stack'), 'StackPage'),
});

const server = createRoute({
  getParentRoute: () => root,
  path: '/servers/$id',
  validateSearch: (given: Record<string, unknown>): ServerSearch => ({
    tab: oneOf(given.tab, ['overview', 'tools', 'changes', 'settings']),
    text: text(given.text),
    category: oneOf(given.category, CATEGORIES),
    state: oneOf(given.state, ['waiting', 'accepted', 'rejected']),
    definition: text(given.definition),
  }),
  component: lazyRouteComponent(() => import('./pages/servers/ServerPage'), 'ServerPage'),
});

const servers = createRoute({
  getParentRoute: () => root,
  path: '/servers',
  validateSearch: (given: Record<string, unknown>): { text?: string | undefined; add?: boolean | undefined } => ({
    text: text(given.text),
    add: given.add === true ? true : undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/servers/Servers'), 'Servers'),
});

const grants = createRoute({
  getParentRoute: () => root,
  path: '/grants',
  validateSearch: (given: Record<string, unknown>): { text?: string | undefined; state?: GrantState | undefined } => ({
    text: text(given.text),
    state: oneOf(given.state, GRANT_STATES),
  }),
  component: lazyRouteComponent(() => import('./pages/grants/Grants'), 'Grants'),
});

// The builder's page is large and comes late; its search is plain words.
const SECTIONS = ['all', 'results', 'resources', 'prompts', 'methods', 'runaway', 'general'] as const;

const builderSearch = (given: Record<string, unknown>): BuilderSearch => ({
  section: SECTIONS.find((section) => section === given.section),
  view: oneOf(given.view, ['json', 'try', 'replay']),
  server: text(given.server),
  text: text(given.text),
  category: text(given.category),
  severity: text(given.severity),
  outcome: text(given.outcome),
  rule: text(given.rule),
});

const whole = (value: unknown): number | undefined => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined);

const policySearch = (given: Record<string, unknown>): PolicySearch => ({
  ...builderSearch(given),
  tab: oneOf(given.tab, ['versions']),
  version: whole(given.version),
  against: given.against === 'draft' ? 'draft' : whole(given.against),
  show: oneOf(given.show, ['document']),
});

const policies = createRoute({
  getParentRoute: () => root,
  path: '/policies',
  validateSearch: (given: Record<string, unknown>): { text?: string | undefined } => ({ text: text(given.text) }),
  component: lazyRouteComponent(() => import('./pages/policies/Policies'), 'Policies'),
});

const newPolicy = createRoute({
  getParentRoute: () => root,
  path: '/policies/new',
  validateSearch: builderSearch,
  component: lazyRouteComponent(() => import('./pages/policies/NewPolicy'), 'NewPolicy'),
});

const policy = createRoute({
  getParentRoute: () => root,
  path: '/policies/$id',
  validateSearch: policySearch,
  component: lazyRouteComponent(() => import('./pages/policies/PolicyPage'), 'PolicyPage'),
});

const newGrant = createRoute({
  getParentRoute: () => root,
  path: '/grants/new',
  component: lazyRouteComponent(() => import('./pages/grants/NewGrant'), 'NewGrant'),
});

const grant = createRoute({
  getParentRoute: () => root,
  path: '/grants/$id',
  component: lazyRouteComponent(() => import('./pages/grants/GrantPage'), 'GrantPage'),
});

const members = createRoute({
  getParentRoute: () => root,
  path: '/members',
  component: lazyRouteComponent(() => import('./pages/members/Members'), 'Members'),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('./pages/keys/Keys'), 'Keys'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (given: Record<string, unknown>): { object?: string | undefined } => ({ object: text(given.object) }),
  component: lazyRouteComponent(() => import('./pages/audit/Audit'), 'Audit'),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  validateSearch: (given: Record<string, unknown>): { tab?: SettingsTab | undefined } => ({ tab: oneOf(given.tab, SETTINGS_TABS) }),
  component: lazyRouteComponent(() => import('./pages/settings/SettingsPage'), 'SettingsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    overview,
    start,
    inbox.addChildren([unpicked, question]),
    decisions.addChildren([decision]),
    servers,
    server,
    stack,
    grants,
    newGrant,
    grant,
    policies,
    newPolicy,
    policy,
    members,
    keys,
    audit,
    settings,
  ]),
  defaultPreload: 'intent',
  defaultPendingMs: 200,
  defaultPendingComponent: () => <Loading />,
  defaultErrorComponent: ({ error, reset }) => <Trouble error={error} retry={reset} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
