// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From what people have at hand to servers: a URL, a command line, or a client's whole configuration.

import type { Draft, Secret } from '../../api/servers';
import { isFault, isToml, readToml } from './toml';

export type Pasted =
  | { kind: 'empty' }
  | { kind: 'servers'; drafts: Draft[]; left: string[] }
  | { kind: 'wrong'; why: 'json' | 'none' | 'quote' }
  | { kind: 'wrong'; why: 'toml'; line: number; text: string };

const DRAFTS_MOST = 50;

/** 1 to 64 letters, digits, - and _, as names of servers are. */
export function nameFrom(text: string, taken: ReadonlySet<string> = new Set()): string {
  const base =
    text
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 60) || 'server';
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  return name;
}

function hostName(url: string): string {
  try {
    const labels = new URL(url).hostname.split('.').filter((label) => !['www', 'mcp', 'api', ''].includes(label));
    return labels.length > 1 ? (labels[labels.length - 2] ?? '') : (labels[0] ?? '');
  } catch {
    return '';
  }
}

/** Words of a command line as a POSIX shell would part them; nothing is expanded. Undefined: a quote is open. */
export function wordsOf(line: string): string[] | undefined {
  const found: string[] = [];
  const pattern = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/gsy;
  let at = 0;
  while (line.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    found.push((match[1] ?? '').replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, unquote));
  }
  return found;
}

function unquote(_whole: string, escaped?: string, double?: string, single?: string): string {
  return escaped ?? single ?? (double ?? '').replace(/\\(["\\$`])/g, '$1');
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

// ${env:TOKEN}, ${input:key}, $TOKEN: the value is not in the configuration.
const isPlaceholder = (value: string): boolean => /\$\{[^}]*\}|^\$\w+$|^<[^>]*>$/.test(value.trim());

function secretsOf(value: unknown, place: Secret['place']): Secret[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).map(([name, given]) => {
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    return { place, name, value: isPlaceholder(text) ? '' : text };
  });
}

function draftOf(name: string, entry: unknown, taken: Set<string>): Draft | undefined {
  if (!isRecord(entry)) return undefined;
  const url = textOf(entry.url) || textOf(entry.serverUrl) || textOf(entry.httpUrl);
  const program = textOf(entry.command);
  if ((url === '') === (program === '')) return undefined;
  const made = nameFrom(name, taken);
  taken.add(made);
  const kind = textOf(entry.type) || textOf(entry.transport);
  if (url !== '')
    return { name: made, transport: kind === 'sse' ? 'sse' : 'http', url, command: [], secrets: secretsOf(entry.headers, 'header') };
  const rest = Array.isArray(entry.args) ? entry.args.map(String) : [];
  return { name: made, transport: 'stdio', url: '', command: [program, ...rest], secrets: secretsOf(entry.env, 'environment') };
}

const LISTS = ['mcpServers', 'servers', 'mcp_servers', 'context_servers'];

function entriesOf(value: Record<string, unknown>): [string, unknown][] {
  for (const key of LISTS) if (isRecord(value[key])) return Object.entries(value[key]);
  if (isRecord(value.mcp)) return entriesOf(value.mcp);
  if ('url' in value || 'command' in value || 'serverUrl' in value) return [[textOf(value.name), value]];
  return Object.entries(value);
}

function readConfiguration(text: string, taken: Set<string>): Pasted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    try {
      value = JSON.parse(`{${text}}`); // one entry, cut out of its file
    } catch {
      return { kind: 'wrong', why: 'json' };
    }
  }
  return isRecord(value) ? readEntries(entriesOf(value), taken) : { kind: 'wrong', why: 'none' };
}

function readEntries(entries: [string, unknown][], taken: Set<string>): Pasted {
  const drafts: Draft[] = [];
  const left: string[] = [];
  for (const [name, entry] of entries) {
    const url = isRecord(entry) ? textOf(entry.url) : '';
    const draft = drafts.length < DRAFTS_MOST ? draftOf(name || hostName(url), entry, taken) : undefined;
    if (draft === undefined) left.push(name);
    else drafts.push(draft);
  }
  return drafts.length > 0 ? { kind: 'servers', drafts, left } : { kind: 'wrong', why: 'none' };
}

// What is known of a server of Codex; one that has more than that asks for what only that client does.
const CODEX = ['command', 'args', 'url', 'env', 'http_headers', 'bearer_token_env_var'];
const CODEX_OWN = ['enabled', 'startup_timeout_sec', 'startup_timeout_ms', 'tool_timeout_sec'];

function codexEntry(entry: unknown): unknown {
  if (!isRecord(entry) || Object.keys(entry).some((key) => !CODEX.includes(key) && !CODEX_OWN.includes(key))) return undefined;
  const token = textOf(entry.bearer_token_env_var);
  const headers = { ...(isRecord(entry.http_headers) && entry.http_headers), ...(token !== '' && { Authorization: `\${${token}}` }) };
  return { command: entry.command, args: entry.args, url: entry.url, env: entry.env, headers };
}

function readCodex(text: string, taken: Set<string>): Pasted {
  const read = readToml(text);
  if (isFault(read)) return { kind: 'wrong', why: 'toml', line: read.line, text: read.text };
  return readEntries(
    Object.entries(read).map(([name, entry]) => [name, codexEntry(entry)]),
    taken,
  );
}

// "npx -y @scope/server-files@1.2 /srv": what says most about the server.
function programName(command: string[]): string {
  const runners = /^(npx|uvx|uv|pipx|bunx|node|python3?|docker|deno|run|exec|env)$/;
  const bare = (word: string): string => word.split('/').pop() ?? word;
  const word = command.find((part) => !part.startsWith('-') && !runners.test(bare(part)) && !/^[A-Z_]+=/.test(part)) ?? command[0] ?? '';
  return bare(word)
    .replace(/(.)@[^@]*$/, '$1')
    .replace(/\.(m?js|py|sh|ts)$/, '')
    .replace(/^(mcp-server-|server-|mcp-)|(-mcp-server|-mcp|-server)$/g, '');
}

/** `names` are taken already. */
export function readPasted(text: string, names: Iterable<string> = []): Pasted {
  const taken = new Set(names);
  const given = text.trim();
  if (given === '') return { kind: 'empty' };
  if (given.startsWith('{') || /^"[^"]*"\s*:/.test(given)) return readConfiguration(given.replace(/,\s*$/, ''), taken);
  if (isToml(given)) return readCodex(given, taken);
  const blank = { command: [], secrets: [] };
  if (/^https?:\/\/\S+$/i.test(given)) {
    const transport = /\/sse\/?$/.test(given) ? 'sse' : 'http';
    return { kind: 'servers', drafts: [{ ...blank, name: nameFrom(hostName(given), taken), transport, url: given }], left: [] };
  }
  const command = wordsOf(given);
  if (command === undefined) return { kind: 'wrong', why: 'quote' };
  const draft: Draft = { name: nameFrom(programName(command), taken), transport: 'stdio', url: '', command, secrets: [] };
  return { kind: 'servers', drafts: [draft], left: [] };
}
