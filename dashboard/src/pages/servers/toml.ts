// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The tables [mcp_servers.NAME] of a TOML file, as Codex writes them. Other tables are read over. What
// is written in a way that is not known here is a fault of its line: half a file is never taken.

export type TomlValue = string | number | boolean | TomlValue[] | { [name: string]: TomlValue };
export type Table = { [name: string]: TomlValue };
export interface TomlFault {
  line: number;
  text: string; // of the line
}

class Unknown extends Error {}

// A name of the file's is no member that all objects have.
const empty = (): Table => Object.create(null) as Table;

const LIST = 'mcp_servers';
const DEPTH_MOST = 16;
const BARE = /[A-Za-z0-9_-]+/y;
const BASIC = /"(?:[^"\\\n\r]|\\.)*"(?!")/y;
const LITERAL = /'[^'\n\r]*'(?!')/y;
const WORD = /true\b|false\b|[+-]?[0-9][0-9A-Za-z_.:+-]*/y;

class Reader {
  at = 0;
  constructor(readonly text: string) {}

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  need(pattern: RegExp): string {
    const found = this.take(pattern);
    if (found === undefined) throw new Unknown();
    return found;
  }

  blanks(): void {
    this.take(/[ \t]*/y);
  }

  /** Blanks, comments and line ends. */
  space(): void {
    this.take(/(?:[ \t\r\n]|#[^\n]*)*/y);
  }

  lineEnd(): void {
    this.need(/[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y);
  }

  string(): string | undefined {
    const literal = this.take(LITERAL);
    if (literal !== undefined) return literal.slice(1, -1);
    const basic = this.take(BASIC);
    return basic === undefined ? undefined : unescaped(basic);
  }

  key(): string[] {
    const parts: string[] = [];
    do {
      this.blanks();
      parts.push(this.string() ?? this.need(BARE));
      this.blanks();
    } while (this.take(/\./y) !== undefined);
    return parts;
  }

  value(depth = 0): TomlValue {
    if (depth > DEPTH_MOST) throw new Unknown();
    if (this.take(/\[/y) !== undefined) return this.list(depth);
    if (this.take(/\{/y) !== undefined) return this.inline(depth);
    const text = this.string();
    if (text !== undefined) return text;
    const word = this.need(WORD);
    if (word === 'true' || word === 'false') return word === 'true';
    const number = Number(word.replaceAll('_', ''));
    return Number.isNaN(number) ? word : number; // a date, which no server needs
  }

  list(depth: number): TomlValue[] {
    const values: TomlValue[] = [];
    for (this.space(); this.take(/\]/y) === undefined; this.space()) {
      values.push(this.value(depth + 1));
      this.space();
      if (this.take(/,/y) === undefined && this.text[this.at] !== ']') throw new Unknown();
    }
    return values;
  }

  inline(depth: number): Table {
    const table = empty();
    this.blanks();
    if (this.take(/\}/y) !== undefined) return table;
    do {
      put(table, this.pair(depth));
      this.blanks();
    } while (this.take(/,/y) !== undefined);
    this.need(/\}/y);
    return table;
  }

  pair(depth: number): [string[], TomlValue] {
    const key = this.key();
    this.need(/=[ \t]*/y);
    return [key, this.value(depth + 1)];
  }
}

// What TOML escapes beyond JSON is refused with the rest.
function unescaped(text: string): string {
  try {
    return JSON.parse(text.replaceAll('\t', '\\t')) as string;
  } catch {
    throw new Unknown();
  }
}

const isTable = (value: TomlValue | undefined): value is Table =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;

function tableAt(root: Table, path: readonly string[]): Table {
  let table = root;
  for (const name of path) {
    table[name] ??= empty();
    const next = table[name];
    if (!isTable(next)) throw new Unknown();
    table = next;
  }
  return table;
}

function put(table: Table, [key, value]: [string[], TomlValue]): void {
  const name = key.at(-1) ?? '';
  const place = tableAt(table, key.slice(0, -1));
  if (name in place) throw new Unknown(); // twice: which one is meant is not known
  place[name] = value;
}

/** The table that the heading begins: of servers, or one that is read over. */
function heading(reader: Reader, root: Table): Table {
  const isList = reader.take(/\[/y) !== undefined;
  const key = reader.key();
  reader.need(isList ? /\]\]/y : /\]/y);
  if (key[0] !== LIST) return empty();
  if (isList) throw new Unknown();
  return tableAt(root, key);
}

/** The servers' tables by their names, or the line that is not understood. */
export function readToml(text: string): Table | TomlFault {
  const root = empty();
  const reader = new Reader(text);
  let table = root;
  let start = 0;
  try {
    for (reader.space(); reader.at < text.length; reader.space()) {
      start = reader.at;
      if (reader.take(/\[/y) !== undefined) table = heading(reader, root);
      else put(table, reader.pair(0));
      reader.lineEnd();
    }
    return tableAt(root, [LIST]);
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return { line: text.slice(0, start).split('\n').length, text: text.slice(start).split('\n')[0]?.trim() ?? '' };
  }
}

export const isFault = (read: Table | TomlFault): read is TomlFault => Object.getPrototypeOf(read) !== null;
export const isToml = (text: string): boolean => /^[ \t]*\[[^\]\n]+\][ \t]*(?:#.*)?\r?$/m.test(text);
