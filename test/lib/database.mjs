// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// With TEST_DATA=1 the tests' gateways have their servers, policies and grants from a database instead of the configuration
// file: startGateway puts what a test declares there through the API. What only a file can do is skipped, with the reason.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { exchange } from './raw.mjs';
import { eventually } from './scratch.mjs';

export const DATA = Boolean(process.env.TEST_DATA);
// For test(name, { skip: filesOnly('why') }, ...).
export const filesOnly = why => DATA && 'for configuration files: ' + why;

const PASSWORD = 'a password of the tests';
const ask = async (port, method, target, headers, body) => {
  const answer = await exchange(port, method, '/api/v1' + target, { 'Content-Type': 'application/json', ...headers }, typeof body === 'string' ? body : JSON.stringify(body));
  if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
  return { ...answer, body: answer.text === '' ? null : JSON.parse(answer.text) };
};

// A folder with an organisation that allows programs, its admin and a key; made once for a test file.
let template;
async function makeTemplate(binary, environment) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sallyport-data-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  fs.writeFileSync(path.join(folder, 'sallyport.json'), '{"listen":"127.0.0.1:0"}');
  const data = path.join(folder, 'data');
  const child = spawn(binary, ['serve', '--config', path.join(folder, 'sallyport.json'), '--data', data], { stdio: ['ignore', 'ignore', 'pipe'], env: environment });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', d => { log += d; });
  const ended = new Promise(resolve => child.once('exit', resolve));
  const [, port, token] = await eventually(() => /listening on \S+:(\d+)[^]*\/setup#(sp_[\w-]{43})\n/.exec(log), () => 'a gateway for the template:\n' + log);
  await ask(port, 'POST', '/setup', {}, { token, email: 'test@example.com', name: 'Test', password: PASSWORD });
  const session = await ask(port, 'POST', '/session', {}, { email: 'test@example.com', password: PASSWORD });
  const who = { Cookie: session.headers['set-cookie'].split(';')[0], 'X-CSRF-Token': session.body.csrf_token, 'If-Match': '*' };
  await ask(port, 'PATCH', '/organisation', who, { commands_allowed: true });
  const key = (await ask(port, 'POST', '/keys', who, { label: 'tests', role: 'admin' })).body.token;
  child.kill('SIGTERM');
  await ended;
  return { data, key };
}

export async function makeData(folder, binary, environment) {
  template ??= makeTemplate(binary, environment);
  const { data, key } = await template;
  const mine = path.join(folder, 'data');
  if (!fs.existsSync(mine)) {
    fs.cpSync(data, mine, { recursive: true });
    fs.chmodSync(mine, 0o700);
  }
  return { folder: mine, key };
}

// ---- From the words of a configuration file to those of the API

const ELSEWHERE = ['url', 'command', 'transport', 'headers', 'env'];
function serverOf([name, server]) {
  const settings = Object.fromEntries(Object.entries(server).filter(([key]) => !ELSEWHERE.includes(key)));
  const place = server.command ? { transport: 'stdio', command: server.command } : { transport: server.transport ?? 'http', url: server.url };
  return { name, ...place, ...(Object.keys(settings).length > 0 ? { settings } : {}) };
}
function grantOf([label, { servers, policy, mode, expires, tags }]) {
  const reach = Array.isArray(servers) ? servers.map(name => [name, policy]) : Object.entries(servers);
  return { label, ...(mode && { mode }), ...(expires && { expires_at: expires }), ...(tags && { tags }), servers: reach.map(([server, name]) => ({ server, ...(name && { policy: name }) })) };
}
const expanded = (value, environment) => value.replace(/\$(\$?)\{(\w+)\}/g, (all, escape, name) => (escape ? `\${${name}}` : environment[name] ?? ''));

// Puts everything there; the grants' tokens are then `tokens[label]`.
export async function fillData(gateway, key, { servers, policies = {}, grants }, environment, prune = false) {
  const who = { Authorization: 'Bearer ' + key, 'If-Match': '*' };
  // Documents as they were written: numbers may be longer than JavaScript's.
  const documents = Object.entries(policies).map(([name, text]) => `{"name":${JSON.stringify(name)},"document":${typeof text === 'string' ? text : JSON.stringify(text)}}`);
  const body = `{"servers":${JSON.stringify(Object.entries(servers).map(serverOf))},"policies":[${documents}],"grants":${JSON.stringify(Object.entries(grants).map(grantOf))},"prune":${prune}}`;
  const applied = await ask(gateway.port, 'POST', '/apply', who, body);
  for (const made of applied.body.tokens) gateway.tokens[made.label ?? made.grant] = made.token;
  for (const [name, server] of Object.entries(servers)) {
    const secrets = [...Object.entries(server.headers ?? {}).map(pair => ['header', ...pair]), ...Object.entries(server.env ?? {}).map(pair => ['environment', ...pair])];
    if (secrets.length === 0) continue;
    const { id } = (await ask(gateway.port, 'GET', '/servers?name=' + name, who)).body.items[0];
    for (const [place, secret, value] of secrets) await ask(gateway.port, 'POST', `/servers/${id}/credentials`, who, { place, name: secret, value: expanded(value, environment) });
  }
}
