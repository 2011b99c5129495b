// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the build refuses in a file of data/attacks, with file and line, and what `policy check` says of the policies in them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { ROOT, scratch } from '../lib/scratch.mjs';
import { load, SLUGS } from './lib.mjs';

const GOOD = `{
  "slug": "made-up", "name": "Made up", "summary": "S.", "meaning": ["M."], "how": ["H."],
  "example": { "story": ["T."],
    "steps": [ { "who": "agent", "server": "s", "says": "A.", "request": { "method": "tools/list" },
      "answer": { "tools": [] }, "protected": { "outcome": "denied", "rule": "/x", "says": "P." } } ] },
  "notice": ["N."],
  "defence": { "policies": { "s": { "version": "1", "default": "deny" } }, "stops": ["S."], "lets_through": ["L."] },
  "categories": ["Read"], "signals": ["takes-url"],
  "fits": [ { "categories": ["Read"], "signals": ["takes-url"], "why": "{tool} reads {words}." } ],
  "references": [ { "title": "R", "url": "https://example.com/" } ]
}
`;

function make(t, text, name = 'made-up.json') {
  const folder = scratch(t), file = path.join(folder, name), out = path.join(folder, 'out.h');
  fs.writeFileSync(file, text);
  const done = spawnSync('python3', [path.join(ROOT, 'src/catalogue/make_attacks.py'), file, out], { encoding: 'utf8' });
  return { ...done, stderr: done.stderr.replaceAll(folder + '/', ''), made: fs.existsSync(out) };
}

test('a file as it should be becomes a header', t => {
  const { status, stderr, made } = make(t, GOOD);
  assert.deepEqual([status, stderr, made], [0, '', true]);
});

// what is written otherwise, the line and a part of the complaint
const WRONG = [
  ['"name": "Made up"', '"nam": "Made up"', 2, "unknown member 'nam'"],
  ['"name": "Made up", ', '', 1, "no member 'name'"],
  ['"notice": ["N."],', '"notice": ["N."], "notice": ["O."],', 6, "'notice' stands twice"],
  ['"notice": ["N."]', '"notice": []', 6, "'notice': want a list of texts"],
  ['"notice": ["N."]', '"notice": [1]', 6, "'notice': want a list of texts"],
  ['"who": "agent"', '"who": "dog"', 4, "'who': want one of"],
  ['"server": "s", ', '', 4, "a step with a request needs 'server'"],
  ['"server": "s"', '"server": "t"', 4, "no policy for the server 't'"],
  ['"outcome": "denied"', '"outcome": "gone"', 5, "'outcome': want one of"],
  ['"outcome": "denied"', '"outcome": "allowed"', 4, 'no step is stopped'],
  ['"outcome": "denied"', '"outcome": "changed"', 5, 'needs the \'answer\''],
  ['"rule": "/x", ', '', 5, "needs its 'rule'"],
  ['"policies": { "s": { "version": "1", "default": "deny" } }', '"policies": {}', 7, "'policies': want an object of objects"],
  ['"categories": ["Read"], "signals": ["takes-url"],\n  "fits"', '"categories": ["Reed"], "signals": ["takes-url"],\n  "fits"', 8, "'categories': want a list of some of"],
  ['"categories": ["Read"], "signals": ["takes-url"],\n  "fits"', '"categories": [], "signals": ["takes-url"],\n  "fits"', 9, "'Read' is not among the pattern's own categories"],
  ['"signals": ["takes-url"], "why"', '"signals": [], "why"', 9, 'no signal whose {words} could be quoted'],
  ['{tool} reads', '{toll} reads', 9, 'does not name the {tool}'],
  ['{tool} reads', '{tool} {reads}', 9, 'no other place'],
  ['https://example.com/', 'http://example.com/', 10, "'url': want an address"],
  ['"slug": "made-up"', '"slug": 7', 2, "'slug': want the name of the file"],
  ['"request": { "method": "tools/list" }', '"request": { "method": NaN }', 4, 'NaN is no JSON'],
  ['"title": "R",', '"title": "R"', 10, "Expecting ',' delimiter"],
];
for (const [from, to, line, complaint] of WRONG) {
  test(`refused: ${to || 'without ' + from}`, t => {
    assert.equal(GOOD.split(from).length, 2, 'stands once');
    const { status, stderr, made } = make(t, GOOD.replace(from, to));
    assert.equal(status, 1);
    assert.ok(stderr.startsWith(`make_attacks.py: made-up.json:${line}: `), stderr);
    assert.ok(stderr.includes(complaint), stderr);
    assert.equal(made, false);
  });
}

test('refused: a slug that is not the name of the file', t => {
  assert.match(make(t, GOOD, 'other.json').stderr, /other\.json:2: 'slug': want the name of the file/);
});

for (const slug of SLUGS) {
  test(`${slug}: its policies pass \`policy check\` without a warning`, t => {
    const folder = scratch(t);
    for (const [name, document] of Object.entries(load(slug).defence.policies)) {
      const file = path.join(folder, name + '.json');
      fs.writeFileSync(file, JSON.stringify(document, null, 2));
      const { status, stdout, stderr } = spawnSync(BINARY, ['policy', 'check', file], { encoding: 'utf8' });
      assert.deepEqual([status, stdout, stderr], [0, '1 file, 0 errors, 0 warnings\n', '']);
    }
  });
}

test('the patterns that a stack\'s combinations name are these', t => {
  const tool = (name, description, ...names) => ({ name, description, inputSchema: { type: 'object', properties: Object.fromEntries(names.map(property => [property, { type: 'string' }])) } });
  const file = path.join(scratch(t), 'tools.json');
  fs.writeFileSync(file, JSON.stringify({ servers: [
    { server: 'mail', tools: [tool('read_inbox', 'Reads the e-mails of the inbox.', 'folder'), tool('send_email', 'Sends an e-mail to anybody.', 'to', 'body')] },
    { server: 'web', tools: [tool('fetch_page', 'Fetches a web page.', 'url'), tool('run_command', 'Runs a shell command.', 'command'), tool('delete_repository', 'Deletes a repository.'), tool('pay_invoice', 'Pays an invoice.'), tool('send_emai1', 'Sends an e-mail.', 'to')] },
  ] }));
  const { status, stdout, stderr } = spawnSync(BINARY, ['stack', '--from', file, '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const named = JSON.parse(stdout).combinations.flatMap(({ attacks }) => attacks);
  assert.ok(named.length > 0);
  assert.deepEqual(named.filter(slug => !SLUGS.includes(slug)), []);
});
