// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Every policy that stands somewhere in the repository, good or bad, as [where, text].
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/scratch.mjs';

const read = name => fs.readFileSync(path.join(ROOT, name), 'utf8');
const list = (folder, ending) => fs.readdirSync(path.join(ROOT, folder)).filter(name => name.endsWith(ending)).sort().map(name => `${folder}/${name}`);
const isPolicy = value => value?.version === '1' && typeof value.default === 'string';

function within(value) {
  if (typeof value !== 'object' || value === null) return [];
  return isPolicy(value) ? [value] : Object.values(value).flatMap(within);
}

const rule = text => `{"version":"1","default":"deny","tools":{"t":${text}}}`;
const WRAPPED = {
  '': text => text,
  rule,
  limit: text => rule(`{"limits":[${text}]}`),
  predicate: text => rule(`{"require":[${text}]}`),
  condition: text => rule(`{"require":[{"conditions":[${text}]}]}`),
};

// The blocks of a page that are a policy or a part of one.
function ofPage(name) {
  return [...read(name).matchAll(/^```json ?(\w*)\n([^`]*)^```/gm)].flatMap(([, kind, text], index) => {
    const whole = WRAPPED[kind]?.(text);
    if (whole === undefined) return [];
    try {
      return within(JSON.parse(whole)).map(policy => [`${name} ${index}`, JSON.stringify(policy)]);
    } catch {
      return []; // a part of a file, or several
    }
  });
}

// test/policy/README.md has the format.
function ofRows(name) {
  const all = [];
  let block;
  for (const line of read(name).split('\n')) {
    const [, word, rest] = /^(policy|document|cond) (.*)$/.exec(line) ?? [];
    if (word) all.push(block = { word, text: rest });
    else if (/^\s/.test(line) && block) block.text += `\n${line}`;
    else block = undefined;
  }
  return all.filter(({ text }) => !text.startsWith('@')).map(({ word, text }, index) => {
    const listed = `[{"conditions":[${text}]}]`;
    return [`${name} ${word} ${index}`, word === 'cond' ? rule(`{"require":${listed},"deny_if":${listed},"approve_if":${listed}}`) : text];
  });
}

export function policies() {
  const files = [...list('data/policies', '.json').filter(name => !name.endsWith('.cases.json')), ...list('fuzz/corpus/policy_document', ''),
    ...list('fuzz/corpus/policy_lint', '')];
  const front = [...list('fuzz/corpus/policy_decide', ''), ...list('fuzz/corpus/results', '')];
  return [
    ...files.map(name => [name, read(name)]),
    ...front.map(name => [name, read(name).split('\n---')[0]]),
    ...[...list('data/attacks', '.json'), ...list('bench/replay', '.json')].flatMap(name =>
      within(JSON.parse(read(name))).map((policy, index) => [`${name} ${index}`, JSON.stringify(policy)])),
    ...[...list('docs', '.md'), 'README.md'].flatMap(ofPage),
    ...list('test/policy', '.rows').flatMap(ofRows),
  ];
}

const predicate = condition => rule(`{"deny_if":[{"conditions":[${condition}]}]}`);
const limits = (count, more = '') => rule(`{"limits":[${Array.from({ length: count }, (_, index) => `{"counter":"c${index}","window":"day","max":1}`).join(',')}]${more}}`);

/** One of each that only the checker can know, and its good neighbour. */
export const named = () => [
  ['a key twice', '{"version":"1","default":"deny","default":"deny"}'],
  ['an expression', predicate('{"path":"args.x","op":"regex","value":"a("}')],
  ['an expression of nothing', rule('{"results":{"redact":[{"type":"regex","pattern":"x*"}]}}')],
  ['a host', predicate('{"path":"args.x","op":"url_host_in","value":"a b"}')],
  ['a network', predicate('{"path":"args.x","op":"cidr_in","value":["10.0.0.0/33"]}')],
  ['a counter twice', rule('{"limits":[{"counter":"c","window":"day","max":1},{"counter":"c","window":"1d","max":2}]}')],
  ['many limits', limits(65)],
  ['enforced within what observes', rule('{"mode":"observe","deny_if":[{"conditions":[],"mode":"enforce"}]}')],
  ['many digits', rule('{"limits":[{"counter":"c","window":"day","max":1234567890123456789012345678901234567}]}')],
  ['a frame', rule('{"results":{"redact":[{"path":"result.content[*]"}]}}')],
  ['367 days', rule('{"rate_limit":{"max":1,"window":"367d"}}')],
  ['366 days', rule('{"rate_limit":{"max":1,"window":"366d"}}')],
];
