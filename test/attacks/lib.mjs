// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Plays the worked example of an attack pattern (data/attacks, docs/attacks.md): servers that answer what the file says, an
// agent that makes every call of the story whatever it is told, and the gateway between them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { makeData } from '../lib/database.mjs';
import { ALLOW_ALL, BINARY, sanitizerOptions, startGateway } from '../lib/gateway.mjs';
import { modern, Session } from '../lib/mcp.mjs';
import { People } from '../lib/pinned.mjs';
import { eventually, ROOT, scratch } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { assertUnknownTool } from '../lib/wire.mjs';

const FOLDER = path.join(ROOT, 'data/attacks');
export const SLUGS = fs.readdirSync(FOLDER).filter(name => name.endsWith('.json')).map(name => name.slice(0, -5)).sort();
export const load = slug => JSON.parse(fs.readFileSync(path.join(FOLDER, slug + '.json'), 'utf8'));
export const requests = attack => attack.example.steps.filter(step => step.request);

// One fake server for each of the story, and the gateway before them. With `protect` everything is as the pattern's own file
// says: agents reach the servers that there are policies for. Without it they reach all, and everything is allowed.
export async function stage(t, attack, protect) {
  const { policies, settings = {} } = attack.defence;
  const fakes = {}, servers = {}, documents = {};
  for (const name of new Set([...Object.keys(policies), ...requests(attack).map(step => step.server)])) {
    fakes[name] = await FakeUpstream.start(t, { onMessage: (message, context) => answer(fakes[name], message, context) });
    const { pinning } = (protect && settings.servers?.[name]) || {};
    servers[name] = { url: fakes[name].url, ...(pinning ? { pinning } : {}) };
    documents[name] = (protect && policies[name]) || ALLOW_ALL;
  }
  const reach = Object.fromEntries(Object.keys(protect ? policies : fakes).map(name => [name, name]));
  const labels = new Set(requests(attack).map(step => step.grant ?? 'agent'));
  const grants = Object.fromEntries([...labels].map(label => [label, { servers: reach, ...(protect ? settings.grants?.[label] : {}) }]));
  const setup = { servers, policies: documents, grants };
  if (!Object.values(servers).some(server => server.pinning)) return { fakes, gateway: await startGateway(t, setup), settled: () => {} };
  const data = await makeData(scratch(t), BINARY, { PATH: process.env.PATH, HOME: scratch(t), ...sanitizerOptions() });
  const gateway = await startGateway(t, setup, { args: ['--data', data.folder] });
  return { fakes, gateway, settled: server => settled(new People(gateway, data.key), server, servers[server].pinning) };
}

// What a pinned server listed first is accepted by a thread of its own.
async function settled(people, server, pinning) {
  people.server = 'file.' + server;
  if (pinning) await eventually(async () => (await people.list('accepted')).length > 0, 'the first list is accepted');
}

// What the story says that the server answers now.
function answer(fake, { method }, context) {
  if (method !== 'tools/list' && method !== 'tools/call') return false;
  context.modern = context.message.params?._meta !== undefined;
  const { error } = fake.says;
  if (error) context.error(error.code, error.message, error.data);
  else context.result({ ...fake.says, ...(context.modern && method === 'tools/list' ? { ttlMs: 0, cacheScope: 'private' } : {}) });
  return true;
}

// An agent that speaks the given era: ask(server, request) is the JSON-RPC answer, or { refused } when HTTP says no.
export function agent(gateway, era, label) {
  const sessions = {};
  return async (server, { method, params }) => {
    let answered;
    if (era === 'modern') {
      answered = await modern(gateway, server, method, params, { label });
    } else {
      try {
        sessions[server] ??= await Session.open(gateway, { server, label });
      } catch (error) {
        return { refused: Number(/initialize: (\d+)/.exec(error.message)?.[1]) };
      }
      answered = await sessions[server].post({ jsonrpc: '2.0', id: sessions[server].next++, method, params });
    }
    return answered.status === 200 ? answered.messages.at(-1) : { refused: answered.status };
  };
}

// A result without what an era adds to it.
function plain({ result, error }) {
  if (error) return { error };
  const { resultType, ttlMs, cacheScope, ...rest } = result;
  return rest;
}

// Every request of the story, in order.
export async function play(t, attack, { protect, era }) {
  const { fakes, gateway, settled } = await stage(t, attack, protect);
  const agents = {};
  for (const [index, step] of requests(attack).entries()) {
    const { grant = 'agent' } = step, fake = fakes[step.server], where = `step ${index + 1} (${step.says})`;
    fake.says = step.answer;
    for (let time = 1; time <= (step.times ?? 1); time++) {
      const before = fake.of(step.request.method).length;
      agents[grant] ??= agent(gateway, era, grant);
      const got = await agents[grant](step.server, step.request);
      const reached = fake.of(step.request.method).length - before;
      if (protect) assertProtected(step, time, got, reached, where);
      else assertSucceeded(step, got, reached, where);
    }
    if (step.request.method === 'tools/list') await settled(step.server);
  }
  return { fakes, gateway };
}

function assertSucceeded(step, got, reached, where) {
  assert.equal(reached, 1, where + ' reaches the server');
  assert.deepEqual(plain(got), step.answer, where);
}

function assertProtected({ server, request, answer: whole, protected: expected }, time, got, reached, where) {
  const { outcome, rule, allowed = 0 } = expected;
  if (outcome === 'allowed' || outcome === 'not-stopped' || time <= allowed) return assertSucceeded({ answer: whole }, got, reached, where);
  if (outcome === 'changed') {
    assert.equal(reached, 1, where + ' reaches the server');
    return assert.deepEqual(plain(got), expected.answer, where);
  }
  assert.equal(reached, rule?.includes('/results/') ? 1 : 0, where + ' does not reach the server');
  if (outcome === 'refused') return assert.ok([401, 403, 404].includes(got.refused), where + ' is refused: ' + JSON.stringify(got));
  assert.equal(got.refused, undefined, where);
  if (outcome === 'hidden') return assertUnknownTool(got, request.params.name);
  return assertDecided(got, rule, server, where);
}

// The denial's own form is held by test/wire; here it is which rule of which policy.
function assertDecided(got, rule, policy, where) {
  assert.equal(got.result?.isError, true, where + ' is denied: ' + JSON.stringify(got));
  const decision = got.result._meta['sallyport/decision'];
  assert.deepEqual([decision.outcome, decision.rule, decision.policy], ['denied', rule, policy], where);
}
