// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A gateway with a database before one fake server whose definitions are pinned, and what people do about them
// through the API. With TEST_DATA=1 the server is in the database, too.
import assert from 'node:assert/strict';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from './gateway.mjs';
import { DATA, makeData } from './database.mjs';
import { Session } from './mcp.mjs';
import { exchange } from './raw.mjs';
import { eventually, scratch } from './scratch.mjs';
import { FakeUpstream } from './upstream.mjs';

export async function pinned(t, { pinning = 'quarantine', policy = ALLOW_ALL, upstream = {}, server = {}, grant = {}, grants, extra = {}, fake, setup = {} } = {}) {
  fake ??= await FakeUpstream.start(t, upstream);
  const environment = { PATH: process.env.PATH, HOME: scratch(t), ...sanitizerOptions() };
  const data = DATA ? null : await makeData(scratch(t), BINARY, environment);
  const gateway = await startGateway(t, {
    servers: { fake: { ...(fake.url ? { url: fake.url } : {}), pinning, ...server } },
    policies: { main: policy },
    grants: grants ?? { agent: { servers: { fake: 'main' }, ...grant } },
    extra,
    ...setup,
  }, DATA ? {} : { args: ['--data', data.folder] });
  const key = DATA ? gateway.key : data.key;
  const people = new People(gateway, key);
  people.server = DATA ? (await people.ask('GET', '/servers?name=fake')).items[0].id : 'file.fake';
  return { fake, gateway, people, data, open: (more = {}) => Session.open(gateway, { server: 'fake', ...more }) };
}

export class People {
  constructor(gateway, key) { Object.assign(this, { gateway, key }); }
  async raw(method, target, body, headers = {}) {
    const answer = await exchange(this.gateway.port, method, '/api/v1' + target, { Authorization: 'Bearer ' + this.key, 'Content-Type': 'application/json', 'If-Match': '*', ...headers }, body && JSON.stringify(body));
    return { status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text), text: answer.text };
  }
  async ask(method, target, body) {
    const { status, body: answer, text } = await this.raw(method, target, body);
    assert.ok(status < 300, `${method} ${target}: ${status} ${text}`);
    return answer;
  }
  get at() { return `/servers/${this.server}/definitions`; }
  list(state = 'waiting') { return this.ask('GET', `${this.at}?state=${state}`).then(({ items }) => items); }
  async names(state) { return (await this.list(state)).map(({ tool }) => tool).sort(); }
  // Written down soon, by a thread of its own.
  async waits(state, ...names) {
    let last;
    await eventually(async () => { last = await this.names(state); return JSON.stringify(last) === JSON.stringify([...names].sort()); }, () => `${names} ${state}; there is ${last}\n${this.gateway.stderr}`);
    return this.list(state);
  }
  accept(...items) { return this.ask('POST', this.at + '/accept', { fingerprints: items.map(({ fingerprint }) => fingerprint), note: 'looked at it' }); }
  reject(...items) { return this.ask('POST', this.at + '/reject', { fingerprints: items.map(({ fingerprint }) => fingerprint) }); }
}
