// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON as it was written: numbers digit by digit, members in their order, also those that the
// language's own objects would lose (a repeated name, "__proto__").
import { quoted } from './unseen';

export type JsonNode =
  | { kind: 'object'; members: [name: string, value: JsonNode][] }
  | { kind: 'array'; items: JsonNode[] }
  | { kind: 'string'; value: string }
  | { kind: 'literal'; text: string };

// A string, a word or number, or one sign. The text was written by a program: it is well-formed.
const TOKEN = /[\t\n\r ]*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\t\n\r {}[\]:,"]+)/gy;

class Reader {
  private readonly tokens: string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = Array.from(text.matchAll(TOKEN), ([, token]) => token ?? '');
  }

  private next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new SyntaxError('the text ends too early');
    return token;
  }

  private isNext(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private list(end: string, take: () => void): void {
    if (this.isNext(end)) return;
    do take();
    while (this.isNext(','));
    if (!this.isNext(end)) throw new SyntaxError(`there is no ${end}`);
  }

  value(): JsonNode {
    const token = this.next();
    if (token === '{') {
      const members: [string, JsonNode][] = [];
      this.list('}', () => {
        const name = JSON.parse(this.next()) as string;
        this.next(); // the colon
        members.push([name, this.value()]);
      });
      return { kind: 'object', members };
    }
    if (token === '[') {
      const items: JsonNode[] = [];
      this.list(']', () => items.push(this.value()));
      return { kind: 'array', items };
    }
    return token.startsWith('"') ? { kind: 'string', value: JSON.parse(token) as string } : { kind: 'literal', text: token };
  }
}

export const readJson = (text: string): JsonNode => new Reader(text).value();

export function member(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.find(([own]) => own === name)?.[1] : undefined;
}

export const elements = (node: JsonNode | undefined): JsonNode[] => (node?.kind === 'array' ? node.items : []);
export const textOf = (node: JsonNode | undefined): string | undefined => (node?.kind === 'string' ? node.value : undefined);
export const isNull = (node: JsonNode | undefined): boolean => node === undefined || (node.kind === 'literal' && node.text === 'null');

// biome-ignore lint/suspicious/noControlCharactersInRegex: a name with one is no plain name
const PLAIN = /^[^\x00-\x20\x7f.[\]"*'\\]+$/;

/** A member's name behind a path, as policies write it: `.name` or `["odd name"]`. */
const step = (name: string): string => (PLAIN.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`);

export interface Leaf {
  path: string;
  node: JsonNode;
}

/** Each value that holds no others, with the path that policies name it by. */
export function leavesOf(node: JsonNode, path: string): Leaf[] {
  if (node.kind === 'object' && node.members.length > 0) return node.members.flatMap(([name, value]) => leavesOf(value, path + step(name)));
  if (node.kind === 'array' && node.items.length > 0) return node.items.flatMap((value, index) => leavesOf(value, `${path}[${index}]`));
  return [{ path, node }];
}

/** On one line, as it could stand in a document. */
export function written(node: JsonNode): string {
  switch (node.kind) {
    case 'object':
      return `{${node.members.map(([name, value]) => `${quoted(name)}: ${written(value)}`).join(', ')}}`;
    case 'array':
      return `[${node.items.map(written).join(', ')}]`;
    case 'string':
      return quoted(node.value);
    case 'literal':
      return node.text;
  }
}

export interface Line {
  text: string;
  marked: boolean;
}

const SHORT = 90;

/** Line by line, as people write it; those of the value that the JSON Pointer names are marked. */
export function printed(root: JsonNode, pointer = ''): Line[] {
  const lines: Line[] = [];
  const print = (node: JsonNode, own: string, indent: string, before: string, after: string, inside: boolean) => {
    const marked = inside || (pointer !== '' && own === pointer);
    const put = (text: string) => lines.push({ text, marked });
    const short = written(node);
    const isMarkInside = pointer.startsWith(`${own}/`);
    const children: [string, string, JsonNode][] =
      node.kind === 'object'
        ? node.members.map(([name, value]) => [`${quoted(name)}: `, name.replaceAll('~', '~0').replaceAll('/', '~1'), value])
        : node.kind === 'array'
          ? node.items.map((value, index) => ['', String(index), value])
          : [];
    if (children.length === 0 || (!isMarkInside && indent !== '' && short.length + indent.length < SHORT)) {
      put(indent + before + short + after);
      return;
    }
    const [start, end] = node.kind === 'object' ? ['{', '}'] : ['[', ']'];
    put(indent + before + start);
    children.forEach(([name, key, value], index) => {
      print(value, `${own}/${key}`, `${indent}  `, name, index < children.length - 1 ? ',' : '', marked);
    });
    put(indent + end + after);
  };
  print(root, '', '', '', '', false);
  return lines;
}
