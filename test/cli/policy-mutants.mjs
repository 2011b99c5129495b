// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Documents with one thing changed, made by walking documents along the schema: each change once at each place of the schema, however
// often the place comes up, in the shortest document that has it.

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const at = (schema, reference) => reference.slice(2).split('/').reduce((node, step) => node[step], schema);

// Every schema that a place is held to, with what is referred to and what a condition adds.
function expand(root, node) {
  if (!isObject(node)) return [];
  const inner = [node.$ref === undefined ? undefined : at(root, node.$ref), node.then, node.else, ...(node.allOf ?? []), ...(node.anyOf ?? [])];
  return [node, ...inner.flatMap(one => expand(root, one))];
}

const member = (nodes, name) => nodes.flatMap(node => node.properties?.[name] ?? []);
const others = nodes => nodes.flatMap(node => (isObject(node.additionalProperties) ? [node.additionalProperties] : []));
const into = (root, nodes, step) => {
  const found = typeof step === 'number' ? nodes.flatMap(node => node.items ?? []) : member(nodes, step);
  return (found.length > 0 ? found : others(nodes)).flatMap(node => expand(root, node));
};

// The name of a member that the schema knows, or of its kind.
const kindOf = (nodes, step) => (typeof step === 'number' ? '#' : member(nodes, step).length > 0 ? step : '*');

// What else may stand in an object depends on these.
const CHOOSERS = ['op', 'type'];

function places(root, document) {
  const all = [];
  const walk = (value, nodes, path, place) => {
    const where = [place, ...CHOOSERS.map(name => (isObject(value) && typeof value[name] === 'string' ? value[name] : ''))].join(' ').trimEnd();
    all.push({ value, nodes, path, where });
    const inner = Array.isArray(value) ? value.map((one, index) => [index, one]) : isObject(value) ? Object.entries(value) : [];
    for (const [step, one] of inner) {
      const deeper = into(root, nodes, step);
      const shared = typeof one === 'object' ? deeper.find(node => node.$ref)?.$ref : undefined;
      walk(one, deeper, [...path, step], shared ?? `${where}/${kindOf(nodes, step)}`);
    }
  };
  walk(document, expand(root, root), [], '');
  return all;
}

const VALUES = [null, true, false, 0, -1, 1, 2, 1.5, 101, 1000001, 31622401, '', 'x', '1', '/x', '@read', '@reed', '*', '**', '90s', '5 s', '0s', '1w', 'minut', [], ['x'], [1], [''], {}, { x: 1 },
  'args', 'args.x', 'args..x', 'args.x[*]', 'args["a[*]"]', 'args[01]', 'args["x"][*].y', 'arg.x', 'result', 'result.x', 'result.a.b', 'result.a["é"]', 'grant.tags[*]', 'grant.tags[0][0]', 'tool.name', 'time.hour.x', 'args\u00a0x', 'args.\u00e9'];
const NAMES = ['x', '', '@read', '@reed', '*', '**', 'a*', '*?', 'default', 'action', 'mode', 'tools/call', 'tools/list', '/list', 'ping', 'a/*', 'notifications/message', 'notifications/progress', 'sampling/createMessage',
  '__proto__', 'value', 'as', 'path', 'pattern', 'kinds', 'type', 'per', 'increment_from', 'on_deny'];

const choices = nodes => nodes.flatMap(node => [...(node.enum ?? []), ...('const' in node ? [node.const] : [])]);
const edges = nodes => nodes.flatMap(node => [node.minimum, node.maximum].filter(Number.isFinite).flatMap(edge => [edge - 1, edge, edge + 1]));

// A copy with what the path leads to replaced; undefined takes it out. Names like __proto__ stay names.
function changed(value, [step, ...rest], by) {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.flatMap((one, index) => (index !== step ? [one] : [changed(one, rest, by)].filter(each => each !== undefined)));
  const entries = Object.entries(value).map(([name, one]) => [name, name === step ? changed(one, rest, by) : one]);
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
}

// Each with its name; made only when it is wanted.
function* changes({ value, nodes, path }) {
  for (const other of [...VALUES, ...choices(nodes), ...edges(nodes)]) yield [`= ${JSON.stringify(other)}`, () => other];
  if (path.length > 0) yield ['gone', () => undefined];
  if (Array.isArray(value)) for (const one of [null, 'x', 7, {}]) yield [`one more ${JSON.stringify(one)}`, () => [...value, one]];
  if (Array.isArray(value) && value.length > 0) yield ['twice', () => [...value, value[0]]];
  if (!isObject(value)) return;
  const known = nodes.flatMap(node => Object.keys(node.properties ?? {}));
  const more = (name, one) => Object.fromEntries([...Object.entries(value).filter(([key]) => key !== name), [name, one]]);
  for (const name of NAMES) for (const one of [{}, 'allow']) yield [`${name}: ${JSON.stringify(one)}`, () => more(name, one)];
  for (const name of new Set(known)) for (const one of [{}, [], 'x', 1, 'args.x']) yield [`${name}: ${JSON.stringify(one)}`, () => more(name, one)];
  for (const name of Object.keys(value))
    yield [`misspelt ${member(nodes, name).length > 0 ? name : '*'}`,
      () => Object.fromEntries(Object.entries(value).map(([key, one]) => [key === name ? `${key}s` : key, one]))];
}

export function mutants(documents, schema) {
  const made = new Set();
  const all = [];
  for (const [name, text] of [...documents].sort(([, a], [, b]) => a.length - b.length)) {
    let document;
    try {
      document = JSON.parse(text);
    } catch {
      continue;
    }
    for (const place of places(schema, document))
      for (const [what, by] of changes(place)) {
        const key = `${place.where} ${what}`;
        if (made.has(key)) continue;
        made.add(key);
        all.push([`${name}, ${key}`, JSON.stringify(changed(document, place.path, by()))]);
      }
  }
  return all;
}
