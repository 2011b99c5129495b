// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the real programs are, and how to run one to its end.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { eventually, LIB, MODULES } from './scratch.mjs';

const inModules = (...parts) => path.join(MODULES, ...parts);
export const NODE = process.execPath;
export const PROGRAMS = {
  everything: inModules('@modelcontextprotocol/server-everything/dist/index.js'),
  filesystem: inModules('@modelcontextprotocol/server-filesystem/dist/index.js'),
  memory: inModules('@modelcontextprotocol/server-memory/dist/index.js'),
  dbhub: inModules('@bytebase/dbhub/dist/index.js'),
  ccxt: inModules('@mcpfun/mcp-server-ccxt/bin/cli.js'),
  inspector: inModules('@modelcontextprotocol/inspector/clients/launcher/build/index.js'),
  conformance01: inModules('conformance-0.1/dist/index.js'),
  conformance02: inModules('conformance-0.2/dist/index.js'),
  confUpstream: path.join(LIB, 'conf-upstream.mjs'),
  fakeExchange: path.join(LIB, 'child.mjs'),
};

// Runs a program to its end: { code, stdout, stderr }.
export function run(command, args, { env = {}, cwd, timeoutMs = 120000, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '', stderr = '';
    child.stdout.setEncoding('utf8').on('data', d => { stdout += d; });
    child.stderr.setEncoding('utf8').on('data', d => { stderr += d; });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.on('error', reject);
    child.on('close', (code, signal) => { clearTimeout(timer); resolve({ code, signal, stdout, stderr }); });
  });
}

// Starts a program that says on stderr or stdout that it listens; resolves with the match of `ready`.
export async function startProgram(t, args, ready, { env = {} } = {}) {
  const child = spawn(NODE, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', d => { output += d; });
  const ended = new Promise(resolve => child.once('exit', resolve));
  t.after(async () => { child.kill('SIGKILL'); await ended; });
  const match = await eventually(() => ready.exec(output) ?? (child.exitCode !== null && { gone: true }), () => `${args[0]} listens: ${output}`);
  if (match.gone) throw new Error(`${args[0]} ended: ${output}`);
  return match;
}

export async function confUpstream(t, era = '') {
  const match = await startProgram(t, [PROGRAMS.confUpstream, 'http', '0', era], /127\.0\.0\.1:(\d+)\/mcp/);
  return `http://127.0.0.1:${match[1]}/mcp`;
}
