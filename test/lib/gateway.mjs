// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Starts `sallyport serve` for one test: a configuration of its own in a scratch folder, a free port, fresh
// tokens. When the test ends the gateway must stop by SIGTERM with status 0 and leave no child behind;
// otherwise the test fails, whatever it was about.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { alive, descendants, eventually, newToken, scratch, sha256, ROOT } from './scratch.mjs';
import { DATA, fillData, makeData } from './database.mjs';
import { exchange } from './raw.mjs';

export const BINARY = process.env.SALLYPORT ?? path.join(ROOT, 'build/src/sallyport');
// Every test of this folder's users may also run against several workers.
const WORKERS = process.env.TEST_WORKERS ? { workers: Number(process.env.TEST_WORKERS) } : {};
export const ALLOW_ALL = { version: '1', default: 'allow', resources: { default: 'allow' }, prompts: { default: 'allow' } };

// The one place that knows how a configuration file is written.
//   servers:  name -> { url, headers?, type? } or { command: [...], env?, ... }, given to the gateway as they are
//   policies: name -> policy document
//   grants:   label -> { servers: [name] | { name: policy }, policy?, mode?, expires?, tags? }
export function configuration(folder, { servers, policies = {}, grants, extra = {} }, tokens) {
  const config = { listen: '127.0.0.1:0', decision_log: 'decisions.jsonl', ...WORKERS, servers, policies: {}, grants: {}, ...extra };
  for (const [name, document] of Object.entries(policies)) {
    config.policies[name] = name + '.policy.json';
    writeWhole(path.join(folder, config.policies[name]), typeof document === 'string' ? document : JSON.stringify(document, null, 2));
  }
  for (const [label, grant] of Object.entries(grants)) {
    tokens[label] ??= newToken();
    const { servers: reach, policy, ...rest } = grant;
    const list = Array.isArray(reach) ? Object.fromEntries(reach.map(name => [name, policy])) : reach;
    config.grants[label] = { token_sha256: sha256(tokens[label]), servers: list, ...rest };
  }
  return config;
}

// Replaces a file in one step, as an editor or a deployment does.
export function writeWhole(file, text) {
  fs.writeFileSync(file + '.new', text);
  fs.renameSync(file + '.new', file);
}

export class Gateway {
  constructor(t, folder) {
    this.t = t;
    this.folder = folder;
    this.tokens = {};
    this.stderr = '';
    this.stopped = false;
    this.inDatabase = DATA;
  }

  get configFile() { return path.join(this.folder, 'sallyport.json'); }
  get logFile() { return path.join(this.folder, 'decisions.jsonl'); }
  url(server) { return `http://127.0.0.1:${this.port}/mcp/${server}`; }
  auth(label = Object.keys(this.tokens)[0]) { return { Authorization: 'Bearer ' + this.tokens[label] }; }

  configure(setup) {
    this.setup = setup;
    if (this.inDatabase) {
      this.pending = Boolean(this.filled);
      this.saidBefore = this.stderr.length;
      const { extra = {} } = setup;
      writeWhole(this.configFile, JSON.stringify({ listen: '127.0.0.1:0', decision_log: 'decisions.jsonl', outside: { allow: ['127.0.0.0/8', '::1'] }, ...WORKERS, ...extra }));
      return;
    }
    writeWhole(this.configFile, JSON.stringify(configuration(this.folder, setup, this.tokens), null, 2));
  }
  policyFile(name) { return path.join(this.folder, name + '.policy.json'); }

  async start({ args = [], env = {}, waitReady = true } = {}) {
    const own = { PATH: process.env.PATH, HOME: this.folder, TMPDIR: process.env.TMPDIR ?? '/tmp', ...sanitizerOptions(), ...env };
    // A test that has a folder of its own is about the database already.
    this.inDatabase &&= !args.includes('--data');
    const data = this.inDatabase && await makeData(this.folder, BINARY, own);
    if (data) args = ['--data', data.folder, '--allow-commands', ...args];
    else if (DATA) this.configure(this.setup);
    this.child = spawn(BINARY, ['serve', '--config', this.configFile, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: own,
    });
    this.exited = new Promise(resolve => this.child.once('exit', (code, signal) => { this.exit = { code, signal }; resolve(this.exit); }));
    this.child.stderr.setEncoding('utf8').on('data', d => { this.stderr += d; });
    const line = await eventually(() => /listening on \S+?:(\d+)/.exec(this.stderr) ?? (this.exit && { gone: true }), () => 'the gateway listens; its log:\n' + this.stderr);
    if (line.gone) throw new Error(`the gateway ended at once (${JSON.stringify(this.exit)}):\n${this.stderr}`);
    this.port = Number(line[1]);
    this.key = data && data.key;
    if (data && !this.filled) await fillData(this, data.key, this.setup, own);
    this.filled = true;
    if (waitReady) await eventually(async () => (await exchange(this.port, 'GET', '/readyz')).status === 200, () => '/readyz is 200; log:\n' + this.stderr);
    return this;
  }

  // Rows of the decision log so far.
  rows(filter = () => true) {
    if (!fs.existsSync(this.logFile)) return [];
    const lines = fs.readFileSync(this.logFile, 'utf8').split('\n');
    lines.pop(); // empty, or a line still being written
    return lines.map(line => JSON.parse(line)).map(row => (this.inDatabase && row.server ? { ...row, server: row.server.replace(/^default\//, '') } : row)).filter(filter);
  }
  // Waits for as many rows as wanted; the writer is a thread of its own.
  async waitRows(filter, count = 1) {
    await eventually(() => this.rows(filter).length >= count, () => `${count} rows; the log has:\n` + this.rows().map(r => JSON.stringify(r)).join('\n') + '\nstderr:\n' + this.stderr);
    return this.rows(filter);
  }

  async waitLog(pattern) {
    if (this.pending && pattern.test('the configuration was loaded anew')) return this.refill();
    return eventually(() => pattern.exec(this.stderr), () => `the log says ${pattern}; it says:\n${this.stderr}`);
  }

  // What a changed file would bring, by the API.
  async refill() {
    this.pending = false;
    await fillData(this, this.key, this.setup, process.env, true);
    return eventually(() => /the configuration was loaded anew/.exec(this.stderr.slice(this.saidBefore)), () => 'the options are loaded anew:\n' + this.stderr);
  }

  signal(name) {
    if (!(this.pending && name === 'SIGHUP')) process.kill(this.child.pid, name);
  }

  // SIGTERM, then the promises above: status 0, in time, no child left.
  async stop({ expectCode = 0 } = {}) {
    if (this.stopped || !this.child) return;
    this.stopped = true;
    const children = descendants(this.child.pid);
    if (!this.exit) this.signal('SIGTERM');
    const timer = setTimeout(() => process.kill(this.child.pid, 'SIGKILL'), 20000);
    const { code, signal } = await this.exited;
    clearTimeout(timer);
    const log = '\nstderr:\n' + this.stderr.slice(-4000);
    assert.equal(signal, null, 'the gateway died of a signal' + log);
    assert.equal(code, expectCode, 'exit status' + log);
    assert.doesNotMatch(this.stderr, /AddressSanitizer|LeakSanitizer|runtime error:|ThreadSanitizer/, 'a sanitizer spoke');
    await eventually(() => children.every(pid => !alive(pid)), () => 'no child is left; living: ' + children.filter(alive), 5000)
      .catch(e => { children.filter(alive).forEach(pid => process.kill(pid, 'SIGKILL')); throw e; });
  }
}

export function sanitizerOptions() {
  return { ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=16', UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1:exitcode=99', TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1:exitcode=99' };
}

// startGateway(t, { servers, policies, grants, extra }, { args, env }): running and ready.
export async function startGateway(t, setup, options = {}) {
  const gateway = new Gateway(t, scratch(t));
  gateway.configure(setup);
  t.after(() => gateway.stop(options));
  return gateway.start(options);
}
