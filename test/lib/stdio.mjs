// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client on pipes: starts a program that speaks MCP on standard input and output, line by line.
import { spawn } from 'node:child_process';
import { alive, descendants, eventually } from './scratch.mjs';

export class Pipe {
  constructor(t, command, args, { env = {}, cwd } = {}) {
    this.lines = [];
    this.rest = '';
    this.stderr = '';
    this.next = 1;
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd, env: { PATH: process.env.PATH, HOME: '/', ...env } });
    this.exited = new Promise(resolve => this.child.once('exit', (code, signal) => { this.exit = { code, signal }; resolve(this.exit); }));
    this.child.stderr.setEncoding('utf8').on('data', d => { this.stderr += d; });
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', d => {
      const parts = (this.rest + d).split('\n');
      this.rest = parts.pop();
      this.lines.push(...parts);
    });
    t.after(async () => {
      const family = descendants(this.child.pid);
      if (!this.exit) this.child.kill('SIGKILL');
      await this.exited;
      family.filter(alive).forEach(pid => process.kill(pid, 'SIGKILL'));
    });
  }

  get messages() { return this.lines.map(line => JSON.parse(line)); }
  write(text) { this.child.stdin.write(text); return this; }
  send(message) { return this.write(JSON.stringify(message) + '\n'); }

  answerTo(id) {
    return eventually(() => this.messages.find(m => m.id === id && m.method === undefined) ?? (this.exit && { gone: this.exit }),
      () => `an answer to ${JSON.stringify(id)}; came: ${this.lines.join('\n')}\nstderr: ${this.stderr}`);
  }
  request(method, params = {}) {
    const id = this.next++;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.answerTo(id);
  }
  call(name, args) { return this.request('tools/call', { name, ...(args === undefined ? {} : { arguments: args }) }); }
  async open({ version = '2025-11-25', capabilities = {} } = {}) {
    this.initialize = await this.request('initialize', { protocolVersion: version, capabilities, clientInfo: { name: 'pipe-test', version: '1' } });
    this.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return this;
  }
  async toolNames() { return (await this.request('tools/list')).result.tools.map(t => t.name); }
}
