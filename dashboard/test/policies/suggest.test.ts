// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the editor offers at a place of a text, where `|` is the cursor, and what it says of a word.
import { describe, expect, test } from 'vitest';

import { argumentsOf, opsOf } from '../../src/pages/policies/model/arguments';
import { wordBefore } from '../../src/pages/policies/text/complete';
import { aboutAt, suggestionsAt, toolAt, type Known } from '../../src/pages/policies/text/suggest';

const KNOWN: Known = {
  tools: [
    { name: 'read_file', about: 'Reads a file.' },
    { name: 'say "hi"', about: '' },
  ],
  arguments: argumentsOf({
    type: 'object',
    properties: {
      path: { type: 'string', description: 'which file' },
      mode: { type: 'string', enum: ['append', 'replace'] },
      lines: { type: 'integer' },
      tags: { type: 'array', items: { type: 'string' } },
    },
  }),
};
const NOTHING: Known = { tools: [], arguments: [] };

function at(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('|');
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}
const offered = (marked: string, known = KNOWN) => {
  const { text, offset } = at(marked);
  return suggestionsAt(text, offset, known);
};
const labels = (marked: string, known = KNOWN) => offered(marked, known).options.map(({ label }) => label);
const said = (marked: string, known = KNOWN) => {
  const { text, offset } = at(marked);
  return aboutAt(text, offset, known)?.text;
};
const rule = (inside: string) => `{ "version": "1", "default": "deny", "tools": { "read_file": ${inside} } }`;
const condition = (inside: string) => rule(`{ "deny_if": [ { "conditions": [ ${inside} ] } ] }`);

describe('members', () => {
  test('of the document, but for those that are there', () => {
    const { isKey, options } = offered('{ "version": "1", "|" }');
    expect(isKey).toBe(true);
    expect(options.map(({ label }) => label)).toEqual([
      'description',
      'default',
      'list',
      'hide',
      'all_tools',
      'tools',
      'resources',
      'prompts',
      'methods',
      'results',
      'runaway',
    ]);
    expect(options.every(({ about }) => about.length > 10)).toBe(true);
    expect(options.map(({ begins }) => begins)).toEqual(['""', '""', '""', '[]', '{}', '{}', '{}', '{}', '{}', '{}', '{}']);
  });
  test('the one under the cursor is offered again', () => expect(labels('{ "version": "1", "def|ault": "deny" }')).toContain('default'));
  test('without a quote, in an empty document', () => expect(labels('{ | }')).toContain('version'));
  test('tools of the server, then categories', () => {
    expect(labels('{ "tools": { "|" } }').slice(0, 3)).toEqual(['read_file', 'say "hi"', '@read']);
    expect(offered('{ "tools": { "|" } }').options[1]?.json).toBe('"say \\"hi\\""');
    expect(labels('{ "tools": { "read_file": {}, "|" } }')).not.toContain('read_file');
    expect(labels('{ "prompts": { "|" } }')).toEqual(['default', '*']);
  });
  test.each([
    [
      'a rule',
      rule('{ "|" }'),
      ['action', 'mode', 'reason', 'require', 'deny_if', 'approve_if', 'limits', 'rate_limit', 'approval', 'results'],
    ],
    [
      'all_tools has no action',
      '{ "all_tools": { "|" } }',
      ['mode', 'reason', 'require', 'deny_if', 'approve_if', 'limits', 'rate_limit', 'approval', 'results'],
    ],
    ['a predicate', rule('{ "require": [ { "|" } ] }'), ['conditions', 'id', 'on_deny', 'mode']],
    ['a condition on order', condition('{ "op": "lt", "|" }'), ['path', 'value', 'as']],
    ['another condition takes no as', condition('{ "op": "eq", "|" }'), ['path', 'value']],
    ['a redaction of a kind', '{ "results": { "redact": [ { "type": "personal", "|" } ] } }', ['kinds', 'with']],
    ['a fuse', '{ "runaway": { "identical_calls": { "|" } } }', ['max', 'window']],
    [
      'a method',
      '{ "methods": { "|" } }',
      ['sampling/createMessage', 'elicitation/create', 'completion/complete', 'notifications/message'],
    ],
  ])('of %s', (_, marked, expected) => expect(labels(marked)).toEqual(expected));
  test('none where the language has none', () => expect(labels('{ "unheard_of": { "|" } }')).toEqual([]));
});

describe('values', () => {
  test.each([
    ['an outcome', rule('{ "action": "|" }'), ['allow', 'deny', 'hide', 'require_approval']],
    ['the version', '{ "version": "|" }', ['1']],
    ['what is hidden', '{ "hide": [ "@read", "|" ] }', ['read_file', 'say "hi"', '@write', '@execute', '@destructive', '@financial', '*']],
    [
      'kinds of personal data',
      '{ "results": { "redact": [ { "type": "personal", "kinds": [ "|" ] } ] } }',
      ['email', 'phone', 'card', 'iban', 'ssn', 'national_id', 'ip'],
    ],
    ['a window', rule('{ "rate_limit": { "window": "|" } }'), ['second', 'minute', 'hour', 'day', 'week', 'month']],
    ['whether it exists', condition('{ "path": "args.path", "op": "exists", "value": | }'), ['true', 'false']],
    ['what the argument may be', condition('{ "path": "args.mode", "op": "eq", "value": "|" }'), ['append', 'replace']],
    ['one of a list', condition('{ "path": "args.mode", "op": "in", "value": [ "|" ] }'), ['append', 'replace']],
    [
      'a category',
      condition('{ "path": "tool.category", "op": "neq", "value": "|" }'),
      ['Read', 'Write', 'Execute', 'Destructive', 'Financial', 'Unknown'],
    ],
    ['nothing of another operator', condition('{ "path": "args.mode", "op": "regex", "value": "|" }'), []],
    ['an amount', rule('{ "limits": [ { "increment_from": "|" } ] }'), ['args.path', 'args.mode', 'args.lines']],
    ['a part of results', rule('{ "results": { "redact": [ { "path": "|" } ] } }'), ['result.structuredContent', 'result.content[*].text']],
  ])('%s', (_, marked, expected) => expect(labels(marked)).toEqual(expected));
  test('paths: the arguments, then what is around a call', () => {
    const { options } = offered(condition('{ "path": "|" }'));
    expect(options.map(({ label }) => label).slice(0, 6)).toEqual([
      'args.path',
      'args.mode',
      'args.lines',
      'args.tags',
      'args.tags[*]',
      'tool.name',
    ]);
    expect(options[0]?.about).toBe('which file');
    expect(labels(rule('{ "limits": [ { "per": "|" } ] }'))).not.toContain('args.tags[*]');
    expect(labels('{ "results": { "deny_if": [ { "conditions": [ { "path": "|" } ] } ] } }')[0]).toBe('result.isError');
  });
  test('operators, each with what it means', () => {
    const { options } = offered(condition('{ "path": "args.path", "op": "|" }'), NOTHING);
    expect(new Set(options.map(({ label }) => label))).toEqual(new Set(opsOf('any')));
    expect(options.length).toBe(22);
    expect(options.every(({ about }) => about.startsWith('It ') || about.startsWith('A ') || about.startsWith('The '))).toBe(true);
  });
  test('in a text that is no JSON yet', () => {
    expect(labels('{ "version": "1", "default": "|')).toEqual(['allow', 'deny']);
    expect(labels('{ "tools": { "read_file": { "action": "|" }')).toContain('hide');
  });
});

describe('what a word means', () => {
  test.each([
    ['{ "def|ault": "deny" }', /^What happens to a tool/],
    ['{ "tools": { "read|_file": {} } }', /^Reads a file/],
    ['{ "tools": { "@re|ad": {} } }', /only read/],
    [rule('{ "act|ion": "deny" }'), /require_approval/],
    [condition('{ "path": "args.pa|th", "op": "lt", "value": 1 }'), /^which file/],
    [condition('{ "path": "args.x", "op": "l|t", "value": 1 }'), /^It is less/],
    [condition('{ "path": "args.x", "op": "lt", "val|ue": 1 }'), /^A number, exact/],
    [condition('{ "path": "args.x", "op": "in", "val|ue": [] }'), /^A list of values/],
    [rule('{ "limits": [ { "win|dow": 1 } ] }'), /^In which time/],
  ])('%s', (marked, expected) => expect(said(marked)).toMatch(expected));
  test('nothing of what the language does not know, nor between words', () => {
    expect(said('{ "unheard|_of": 1 }')).toBeUndefined();
    expect(said('{ | "default": "deny" }')).toBeUndefined();
  });
});

test('the tool that a place is about', () => {
  const of = (marked: string) => toolAt(at(marked).text, at(marked).offset);
  expect(of(condition('{ "path": "|" }'))).toBe('read_file');
  expect(of('{ "tools": { "read|_file": {} } }')).toBeUndefined();
  expect(of('{ "all_tools": { "|" } }')).toBeUndefined();
});

test('the word before the cursor', () => {
  expect(wordBefore('  "a": "de')).toBe('"de');
  expect(wordBefore('  "a": "de" ')).toBe('');
  expect(wordBefore('  "a": tr')).toBe('tr');
  expect(wordBefore('  "say \\"h')).toBe('"say \\"h');
});
