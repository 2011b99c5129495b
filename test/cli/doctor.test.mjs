// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `doctor`: each thing it looks at, well and unwell.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../lib/scratch.mjs';
import { BINARY, folderOf, run } from './command.mjs';

const GRANT = { token_sha256: '01'.repeat(32), servers: { s: 'p' } };
const POLICY = { version: '1', default: 'deny' };

function folder(t, config, files = {}) {
  return folderOf(t, { 'sallyport.json': { listen: '127.0.0.1:0', policies: { p: 'p.json' }, grants: { g: GRANT }, ...config }, 'p.json': POLICY, ...files });
}

// A port that somebody listens on until the test ends.
async function listening(t) {
  const server = net.createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return server.address().port;
}

// A port that nobody listens on any more.
async function silent() {
  const server = net.createServer();
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

// Does not block the servers of this process, unlike run().
async function doctor(cwd, env = {}, args = []) {
  const options = { cwd, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' };
  const done = await promisify(execFile)(BINARY, ['doctor', '--json', ...args], options).catch(error => error);
  const report = JSON.parse(done.stdout);
  return { code: done.code ?? 0, report, find: (check, status) => report.checks.filter(row => row.check === check && (!status || row.status === status)) };
}

test('a healthy installation', async t => {
  const port = await listening(t);
  const cwd = folder(t, { servers: { s: { url: `http://127.0.0.1:${port}/mcp` } }, decision_log: 'd.jsonl', limits_file: 'l.db' });
  const { code, report, find } = await doctor(cwd);
  assert.deepEqual(report.checks.filter(row => row.status === 'fail'), []);
  assert.equal(report.failures, 0);
  assert.equal(find('configuration', 'ok')[0].text, "'sallyport.json' has 1 server(s), 1 policies, 1 grant(s)");
  assert.equal(find('server s', 'ok')[0].text, `127.0.0.1 port ${port} answers`);
  for (const check of ['sallyport', 'OpenSSL', 'PCRE2', 'libuv', 'SQLite', 'clock', 'listen', 'permissions', 'decision log', 'signing key', 'limits file']) {
    assert.equal(find(check, 'ok').length, 1, check);
  }
  assert.equal(code, 0);
  assert.deepEqual(fs.readdirSync(cwd).sort(), ['p.json', 'sallyport.json'], 'it leaves nothing behind');
});

test('text for people ends with a summary', t => {
  const cwd = folder(t, { servers: { s: { command: ['no-such-program'] } } });
  const { code, out, err } = run(['doctor'], { cwd });
  assert.match(out, /^fail {2}server s: program 'no-such-program' was not found; install it or give its full path$/m);
  assert.match(out, /^warn {2}configuration: sallyport\.json:1:\d+: program 'no-such-program' was not found$/m);
  assert.match(out, /\n\d+ ok, \d+ to look at, 1 failed\n$/);
  // eslint-disable-next-line no-control-regex
  assert.match(out, /^[\n\x20-\x7e]*$/, 'no colours, no other characters');
  assert.deepEqual([code, err], [1, '']);
});

test('sinks of the decision log', async t => {
  const [open, closed] = [await listening(t), await silent()];
  const secret = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
  const sinks = [
    { name: 'there', kind: 'otlp', url: `http://127.0.0.1:${open}/v1/logs` },
    { name: 'gone', kind: 'webhook', url: `http://127.0.0.1:${closed}/${'hidden'}`, secret },
    { name: 'udp', kind: 'syslog', url: `udp://127.0.0.1:${closed}` },
    { name: 'local', kind: 'syslog', url: 'unix:/nowhere/log' },
  ];
  const { report, find } = await doctor(folder(t, { servers: { s: { url: `http://127.0.0.1:${open}/` } }, decision_log: 'd.jsonl', decision_log_sinks: sinks }));
  assert.equal(find('sink there', 'ok')[0].text, `127.0.0.1 port ${open} answers`);
  assert.match(find('sink gone', 'warn')[0].text, /it gets what is in the decision log once it can be reached$/);
  assert.match(find('sink udp', 'ok')[0].text, /whether they arrive nobody can tell$/);
  assert.equal(find('sink local', 'fail')[0].text, "'/nowhere/log': No such file or directory");
  assert.doesNotMatch(JSON.stringify(report), /hidden|whsec_/);
});

test('a server that nobody runs', async t => {
  const port = await silent();
  const { code, find } = await doctor(folder(t, { servers: { s: { url: `http://127.0.0.1:${port}/` } } }));
  assert.match(find('server s', 'fail')[0].text, /Connection refused; start the server or correct its url/);
  assert.equal(code, 1);
});

test('a server whose name does not resolve', async t => {
  const { code, find } = await doctor(folder(t, { servers: { s: { url: 'http://no-such-host.invalid/' } } }));
  assert.equal(find('server s', 'fail').length, 1);
  assert.equal(code, 1);
});

test('the address is taken', async t => {
  const port = await listening(t);
  const { code, find } = await doctor(folder(t, { listen: `127.0.0.1:${port}`, servers: { s: { command: ['sh'] } } }));
  assert.match(find('listen', 'warn')[0].text, /is taken; fine if that is the running gateway/);
  assert.equal(code, 0);
});

test('an address of another machine', async t => {
  const { code, find } = await doctor(folder(t, { listen: '192.0.2.1:1', servers: { s: { command: ['sh'] } } }));
  assert.match(find('listen', 'fail')[0].text, /192\.0\.2\.1:1: .*; choose another address or port/);
  assert.equal(code, 1);
});

test('a broken configuration: every problem is a line', async t => {
  const cwd = folderOf(t, { 'sallyport.json': '{\n  "lisen": 1,\n  "metrics": "x"\n}' });
  const { code, find } = await doctor(cwd);
  const texts = find('configuration', 'fail').map(row => row.text);
  assert.deepEqual(texts, [
    "sallyport.json:2:3: unknown key 'lisen'; did you mean 'listen'?",
    'sallyport.json:3:14: \'metrics\' must be "loopback" or "public", not "x"',
  ]);
  assert.equal(code, 1);
});

test('the file is named by flag, else by the environment', async t => {
  const cwd = folderOf(t, {});
  const named = row => row.find('configuration', 'fail')[0].text.split(':')[0];
  assert.equal(named(await doctor(cwd)), 'sallyport.json');
  assert.equal(named(await doctor(cwd, { SALLYPORT_CONFIG: 'env.json' })), 'env.json');
  assert.equal(named(await doctor(cwd, { SALLYPORT_CONFIG: 'env.json' }, ['--config', 'flag.json'])), 'flag.json');
});

test('who may read and write the file', async t => {
  const cwd = folder(t, { servers: { s: { command: ['sh'] } } });
  const file = path.join(cwd, 'sallyport.json');
  fs.chmodSync(file, 0o644);
  assert.equal((await doctor(cwd)).find('permissions', 'warn').length, 1);
  fs.chmodSync(file, 0o646);
  const open = await doctor(cwd);
  assert.match(open.find('permissions', 'fail')[0].text, /anybody may change/);
  assert.equal(open.code, 1);
});

test('a TLS key that everybody may read', async t => {
  const cwd = folder(t, { tls: { certificate: 'c.pem', key: 'k.pem' }, servers: { s: { command: ['sh'] } } }, { 'c.pem': 'x', 'k.pem': 'x' });
  assert.equal((await doctor(cwd)).find('tls key', 'ok').length, 1);
  fs.chmodSync(path.join(cwd, 'k.pem'), 0o644);
  assert.equal((await doctor(cwd)).find('tls key', 'warn').length, 1);
});

test('files that cannot be written', { skip: process.getuid() === 0 && 'root may write everything' }, async t => {
  const cwd = folder(t, { decision_log: 'd.jsonl', servers: { s: { command: ['sh'] } } }, { 'd.jsonl': '' });
  fs.chmodSync(path.join(cwd, 'd.jsonl'), 0o400);
  const { code, find } = await doctor(cwd);
  assert.equal(find('decision log', 'fail').length, 1);
  assert.equal(code, 1);
});

test('too few open files', { skip: process.platform === 'win32' }, async t => {
  const cwd = folder(t, { servers: { s: { command: ['sh'] } } });
  const done = await promisify(execFile)('sh', ['-c', 'ulimit -n 100; exec "$0" doctor --json', BINARY], { cwd, encoding: 'utf8' }).catch(error => error);
  const row = JSON.parse(done.stdout).checks.find(check => check.check === 'open files');
  assert.equal(row.status, 'fail');
  assert.match(row.text, /^at most 100; raise it with 'ulimit -n 4096'/);
});

test('the example of docs/configuration.md loads as it stands', async t => {
  const document = fs.readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8');
  // Only the address is exchanged: tests speak to nobody outside.
  const example = /```json\n([^]*?)```/.exec(document)[1].replace('https://mcp.example.com', 'https://127.0.0.1:1');
  const cwd = folderOf(t, { 'sallyport.json': example });
  fs.mkdirSync(path.join(cwd, 'policies'));
  fs.writeFileSync(path.join(cwd, 'policies/kraken.json'), JSON.stringify(POLICY));
  const { find } = await doctor(cwd, { KRAKEN_TOKEN: 'x', CI_TOKEN: 'a-token-of-more-than-20' });
  assert.deepEqual(find('configuration', 'fail'), []);
  assert.equal(find('configuration', 'ok').length, 1);
});
