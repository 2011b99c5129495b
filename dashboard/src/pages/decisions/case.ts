// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A case of `sallyport policy test` (docs/policy.md) that expects what was decided.
import { member, readJson, written } from '../../parts/json';
import { quoted } from '../../parts/unseen';
import { serverName, words } from '../../words/words';
import type { Decision } from './live';

const EXPECT: Record<string, string> = {
  allowed: 'allow',
  failed: 'allow',
  denied: 'deny',
  hidden: 'hide',
  pending: 'ask',
  observed: 'observe',
};
const KINDS: Record<string, string> = { 'tools/call': 'tool', 'resources/read': 'resource', 'prompts/get': 'prompt' };

export type Row = Decision & Record<string, unknown>;

/** Undefined where no policy was asked. `text` is the row as it was written, for its numbers. */
export function caseOf(row: Row, text: string): string | undefined {
  const expect = EXPECT[row.outcome];
  const kind = KINDS[row.method ?? ''] ?? 'method';
  const what = kind === 'method' ? row.method : row.subject;
  if (expect === undefined || what == null || row.policy === undefined) return undefined;
  const given = member(readJson(text), 'arguments');
  const lines: [string, string | undefined][] = [
    ['name', quoted(words.decisions.testName(what, String(row.seq)))],
    [kind, quoted(what)],
    ['arguments', given === undefined ? undefined : written(given)],
    ['server', row.server === null ? undefined : quoted(serverName(row.server))],
    ['grant', row.grant === null ? undefined : quoted(row.grant)],
    ['client', row.client === undefined ? undefined : quoted(String(row.client))],
    ['time', quoted(row.time)],
    ['expect', quoted(expect)],
    ['rule', row.rule?.startsWith('/') ? quoted(row.rule) : undefined],
  ];
  const said = lines.filter(([, value]) => value !== undefined).map(([name, value]) => `    "${name}": ${value}`);
  return `{\n  "cases": [{\n${said.join(',\n')}\n  }]\n}\n`;
}
