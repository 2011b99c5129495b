// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A control plane behind its API for one test, and a client that holds every answer to docs/openapi.json.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { BINARY, sanitizerOptions } from './gateway.mjs';
import { MODULES, ROOT, scratch } from './scratch.mjs';

const Ajv = createRequire(path.join(MODULES, 'x.js'))('ajv/dist/2020.js').default;
const PROGRAM = path.join(path.dirname(BINARY), '../test/admin/admin_server');
export const document = JSON.parse(fs.readFileSync(path.join(ROOT, 'docs/openapi.json'), 'utf8'));
export const routes = JSON.parse(execFileSync(PROGRAM, ['--routes'], { encoding: 'utf8' }));

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(document, 'api');
const pointer = (...parts) => 'api#/' + parts.map(p => encodeURIComponent(String(p).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
export const seen = new Set(); // "GET /servers 200"

// The documented path that a real one is an example of; literal parts win.
export function templateOf(real) {
  const parts = real.split('?')[0].split('/');
  const fits = template => { const t = template.split('/'); return t.length === parts.length && t.every((p, i) => p.startsWith('{') || p === parts[i]); };
  return Object.keys(document.paths).filter(fits).sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

function holds(reference, value, what) {
  const check = ajv.getSchema(reference);
  assert.ok(check, 'no schema at ' + reference);
  assert.ok(check(value), `${what}: ${JSON.stringify(check.errors?.slice(0, 3))}\n${JSON.stringify(value)}`);
}

function judge(method, target, sent, status, headers, body) {
  const template = templateOf(target);
  const operation = document.paths[template]?.[method.toLowerCase()];
  const what = `${method} ${target} ${status}`;
  if (!operation) return assert.ok(status === 404 || status === 405, what + ' is not documented');
  const where = ['paths', template, method.toLowerCase()];
  assert.ok(operation.responses[status], `${what} is not documented: ${JSON.stringify(body)}`);
  seen.add(`${method} ${template} ${status}`);
  if (status >= 400) {
    assert.equal(headers.get('content-type'), 'application/problem+json', what);
    holds(pointer('components', 'schemas', 'Problem'), body, what);
    assert.equal(body.status, status);
    return;
  }
  const type = headers.get('content-type')?.split(';')[0];
  if (status === 204 || status === 303) assert.equal(body, null, what);
  else if (type !== 'application/json') assert.ok(operation.responses[status].content[type], `${what} is ${type}`);
  else holds(pointer(...where, 'responses', status, 'content', 'application/json', 'schema'), body, what);
  if (operation.requestBody && sent !== undefined && !(typeof sent === 'string')) holds(pointer(...where, 'requestBody', 'content', 'application/json', 'schema'), sent, 'the body of ' + what);
}

export class Api {
  constructor(port, headers = {}) { this.port = port; this.headers = headers; }
  as(key) { return new Api(this.port, { Authorization: 'Bearer ' + key }); }

  async call(method, target, body, headers = {}) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1${target}`, {
      method, redirect: 'manual', body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...this.headers, ...headers },
    });
    // What has no end is only begun.
    const type = answer.headers.get('content-type') ?? '';
    if (type === 'text/event-stream') await answer.body.cancel();
    const text = type === 'text/event-stream' ? '' : await answer.text();
    const json = text === '' || !/json$/.test(type) || type.includes('ndjson') ? null : JSON.parse(text);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    judge(method, target, body, answer.status, answer.headers, json);
    return { status: answer.status, body: json, text, headers: answer.headers, etag: answer.headers.get('etag') };
  }
  // The body of an answer that must have this status.
  async must(status, method, target, body, headers) {
    const answer = await this.call(method, target, body, headers);
    assert.equal(answer.status, status, `${method} ${target}: ${answer.text}`);
    return answer;
  }
  // A problem's name, "invalid", with this status.
  async refused(status, name, method, target, body, headers) {
    const answer = await this.must(status, method, target, body, headers);
    assert.equal(answer.body.type, 'urn:sallyport:problem:' + name, answer.text);
    return answer.body;
  }
}

// { api, acme, umbrella, setup, stop, kill }: with `seed`, two organisations that have one of everything.
// `kib`: no file of it may become larger, as if the disk was full.
export async function startApi(t, { seed = true, loopback = false, open = false, folder = path.join(scratch(t), 'data'), kib, env = {} } = {}) {
  const command = kib ? ['bash', '-c', `trap '' XFSZ; ulimit -f ${kib}; exec "$0" "$1"`, PROGRAM, folder] : [PROGRAM, folder];
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH, ...sanitizerOptions(), ...(seed ? { SEED: '1' } : {}), ...(loopback ? { ALLOW_LOOPBACK: '1' } : {}), ...(open ? { CATALOGUE_PUBLIC: '1' } : {}), ...env } });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', d => { log += d; });
  const exited = once(child, 'exit');
  const lines = readline.createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), exited.then(() => { throw new Error('admin_server ended: ' + log); })]);
  const state = { ...JSON.parse(first[0]), folder, log: () => log };
  // A question as the gateway would ask it (test/admin/ask.h); its id. One at a time.
  state.ask = async (owner, question) => {
    const answer = once(lines, 'line');
    child.stdin.write(JSON.stringify({ organisation: owner.organisation, grant: owner.grant, server: owner.server, ...question }) + '\n');
    const id = (await answer)[0], now = Date.now();
    while (Date.now() === now); // ids are in order of milliseconds
    return id;
  };
  let stopped;
  state.stop = () => (stopped ??= (async () => {
    child.stdin.end();
    const [code] = await exited;
    assert.equal(code, 0, 'admin_server ended badly:\n' + log);
    assert.doesNotMatch(log, /Sanitizer|runtime error:/);
  })());
  state.kill = () => (stopped ??= (async () => {
    child.kill('SIGKILL');
    await exited;
  })());
  t.after(state.stop);
  state.api = new Api(state.port);
  return state;
}
