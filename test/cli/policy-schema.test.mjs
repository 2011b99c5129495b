// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// docs/policy.schema.json says of a policy what the checker says of it: of every policy that the repository has, and of each with
// one thing changed. What the checker alone can know is listed here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { MODULES, ROOT, scratch } from '../lib/scratch.mjs';
import { run } from './command.mjs';
import { named, policies } from './policies.mjs';
import { mutants } from './policy-mutants.mjs';

const Ajv = createRequire(path.join(MODULES, 'x.js'))('ajv/dist/2020.js').default;
const schema = JSON.parse(fs.readFileSync(path.join(ROOT, 'docs/policy.schema.json'), 'utf8'));
const isValid = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: false }).compile(schema);

const isLong = source => {
  const [, digits, unit] = /^"([1-9]\d{0,7})([smhd])"/.exec(source) ?? [];
  return Number(digits) * { s: 1, m: 60, h: 3600, d: 86400 }[unit] > 366 * 86400;
};

// What a schema cannot say, or not in a way that anybody could read: [message, why, the text at the mistake's place].
const CHECKER_ALONE = [
  [/^duplicate key/, 'a reader of JSON has dropped the first of them before a schema is asked'],
  [/^wrong regular expression/, 'the syntax is PCRE2\'s'],
  [/^this expression also matches where nothing is/, 'it has to be run'],
  [/is not a host/, 'the strict form of hosts and addresses'],
  [/is not a network/, 'addresses and the length of their prefix'],
  [/is used twice in this rule/, 'two members of a list compared'],
  [/limits apply to one call here/, 'counted over several rules'],
  [/the rule around it only observes/, 'depends on what is around it, at any depth'],
  [/more than 36 significant digits/, 'digits that a reader of JSON does not keep'],
  [/is the frame of a result/, 'the same place can be written in two ways'],
  [/must be a duration/, 'the product of a number and a unit', isLong],
];
const seen = new Set();
const LONG = 10_000; // a text that is not changed in all ways

function known(problem, text) {
  const lines = text.split('\n');
  const source = [...lines[problem.line - 1] ?? ''].slice(problem.column - 1).join('');
  const entry = CHECKER_ALONE.find(([message, , holds]) => message.test(problem.text) && (holds === undefined || holds(source)));
  if (entry) seen.add(entry);
  return entry !== undefined;
}

// What the checker says of many texts, in few runs.
function checked(t, texts) {
  const folder = scratch(t, 'sallyport-schema-');
  const found = [];
  for (let from = 0; from < texts.length; from += 200) {
    const names = texts.slice(from, from + 200).map((text, index) => {
      fs.writeFileSync(path.join(folder, `${index}.json`), text);
      return `${index}.json`;
    });
    const report = JSON.parse(run(['policy', 'check', '--json', ...names], { cwd: folder }).out);
    assert.equal(report.files.length, names.length);
    found.push(...report.files.map(file => file.problems.filter(problem => problem.severity === 'error')));
  }
  return found;
}

// undefined where both agree
function difference(name, text, errors) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    return errors.length > 0 ? undefined : `${name}: no JSON, yet taken by the checker\n${text}`;
  }
  const valid = isValid(document);
  if (errors.length === 0 && !valid) return `${name}: the checker takes it, the schema does not: ${JSON.stringify(isValid.errors?.[0])}\n${text}`;
  const others = errors.filter(problem => !known(problem, text));
  return others.length > 0 && valid ? `${name}: the schema takes it, the checker says: ${others[0].line}:${others[0].column} ${others[0].text}\n${text}` : undefined;
}

function agree(t, documents) {
  const errors = checked(t, documents.map(([, text]) => text));
  const found = documents.flatMap(([name, text], index) => difference(name, text, errors[index]) ?? []);
  assert.equal(found.length, 0, `${found.length} of ${documents.length}:\n${found.slice(0, 10).map(one => one.slice(0, 1500)).join('\n')}`);
  return errors;
}

test('every policy of the repository', t => {
  const all = policies();
  const errors = agree(t, all);
  const good = all.filter((_, index) => errors[index].length === 0);
  assert.ok(good.length > 150 && all.length - good.length > 20, `${good.length} good ones of ${all.length}`);
});

test('a good one with one thing changed', t => {
  const errorsOf = checked(t, policies().map(([, text]) => text));
  const all = mutants(policies().filter(([, text], index) => text.length < LONG && errorsOf[index].length === 0), schema);
  const errors = agree(t, all);
  const good = errors.filter(each => each.length === 0).length;
  assert.ok(good > 1000 && errors.length - good > 2000, `${good} good ones of ${errors.length}`);
});

test('what the checker alone knows', t => {
  agree(t, named());
  assert.deepEqual(CHECKER_ALONE.filter(entry => !seen.has(entry)).map(([, why]) => why), []);
});

// What an editor shows of a member.
test('every member says what it is', () => {
  const silent = [];
  const walk = (node, where) => {
    if (Array.isArray(node)) return node.forEach((one, index) => walk(one, `${where}/${index}`));
    if (typeof node !== 'object' || node === null) return;
    const inner = /\/(if|then|else)(\/|$)|^#\/\$defs\/(ruleOfAllTools|conditionOf\w+|predicatesOf\w+)/.test(where);
    for (const [name, one] of Object.entries(node.properties ?? {}))
      if (!inner && typeof one.description !== 'string') silent.push(`${where}/properties/${name}`);
    for (const [name, one] of Object.entries(node)) walk(one, `${where}/${name}`);
  };
  walk(schema, '#');
  assert.deepEqual(silent, []);
});
