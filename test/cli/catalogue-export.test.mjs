// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport catalogue export`: a folder of pages in which every link leads to a file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';

const run = (...args) => spawnSync(BINARY, args, { encoding: 'utf8' });
function filled(t) {
  const folder = scratch(t), data = path.join(folder, 'data'), file = path.join(folder, 'tools.json');
  fs.mkdirSync(data, { mode: 0o700 });
  for (const [name, tools] of [['acme/files', [{ name: 'delete_file', description: 'Deletes a file.' }, { name: 'a"><b>/../x', description: 'Reads.' }, { name: '..' }]], ['</x>', [{ name: 'Read_File' }, { name: 'read_file' }]]]) {
    fs.writeFileSync(file, JSON.stringify({ tools }));
    const { status, stderr } = run('scan', '--from', file, '--name', name, '--data', data);
    assert.equal(status, 0, stderr);
  }
  return { folder, data, out: path.join(folder, 'site') };
}
const files = folder => fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter(e => e.isFile()).map(e => path.join(e.parentPath ?? e.path, e.name));

test('every link of every page leads to a file, and sitemaps name all pages', t => {
  const { data, out } = filled(t);
  const { status, stdout, stderr } = run('catalogue', 'export', out, '--data', data, '--base-url', 'https://tools.example.com/sub/');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\d+ pages of 2 servers are in '/);
  const pages = files(out).filter(f => f.endsWith('.html'));
  assert.equal(pages.filter(f => f.includes('/catalogue/') && !/\/(attacks|risk|-)[/.]/.test(f)).length, 2 + 5);
  for (const page of pages) {
    const text = fs.readFileSync(page, 'utf8');
    assert.doesNotMatch(text, /<form|noindex/, page);
    for (const [, link] of text.matchAll(/ (?:href|src)="(\/[^"#]*)"/g)) {
      assert.ok(link.startsWith('/sub/'), link);
      assert.ok(fs.existsSync(path.join(out, decodeURIComponent(link.slice('/sub'.length)))), `${page}: ${link}`);
    }
  }
  assert.equal(fs.readFileSync(path.join(out, 'index.html'), 'utf8'), fs.readFileSync(path.join(out, 'catalogue.html'), 'utf8'));
  const [, map] = /<loc>https:\/\/tools\.example\.com\/sub(\/sitemap-1\.xml)<\/loc>/.exec(fs.readFileSync(path.join(out, 'sitemap.xml'), 'utf8'));
  const listed = [...fs.readFileSync(path.join(out, map), 'utf8').matchAll(/<loc>https:\/\/tools\.example\.com\/sub(\/[^<]+)<\/loc>/g)].map(m => path.join(out, decodeURIComponent(m[1])));
  for (const page of pages.filter(f => /\/catalogue\//.test(f))) assert.ok(listed.includes(page) , page);
  assert.match(fs.readFileSync(path.join(out, 'robots.txt'), 'utf8'), /Sitemap: https:\/\/tools\.example\.com\/sub\/sitemap\.xml/);
  assert.match(fs.readFileSync(path.join(out, 'llms.txt'), 'utf8'), /5 tools of 2 MCP servers/);
});

test('what is there stays, and a failure leaves nothing behind', t => {
  const { folder, data, out } = filled(t);
  fs.mkdirSync(out);
  const there = run('catalogue', 'export', out, '--data', data);
  assert.equal(there.status, 1);
  assert.match(there.stderr, /is there already/);
  assert.deepEqual(fs.readdirSync(out), []);
  fs.writeFileSync(path.join(folder, 'file'), '');
  const below = run('catalogue', 'export', path.join(folder, 'file/site'), '--data', data);
  assert.equal(below.status, 1);
  assert.match(below.stderr, /cannot be written/);
  for (const url of ['ftp://x', 'tools.example.com', 'https://', 'https:///x', 'https://a/"x', 'javascript:alert(1)']) assert.equal(run('catalogue', 'export', path.join(folder, 'x'), '--data', data, '--base-url', url).status, 2, url);
  assert.equal(run('catalogue', 'export', path.join(folder, 'x')).status, 2);
  assert.equal(run('catalogue', 'export', path.join(folder, 'x'), '--data', data, '--quiet').stdout, '');
  assert.deepEqual(fs.readdirSync(folder).filter(n => n.includes('partial')), []);
});
