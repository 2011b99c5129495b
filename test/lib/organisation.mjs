// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An organisation at random, as POST /apply takes it.
export const DENY = '{"version": "1",\n  "default": "deny"}\n', ALLOW = '{"version":"1","default":"allow"}';

export function generator(seed) {
  let state = seed >>> 0;
  const next = () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { below: n => Math.floor(next() * n), pick: list => list[Math.floor(next() * list.length)], chance: p => next() < p };
}

const DOCUMENTS = [DENY, ALLOW, '{ "version" : "1", "default":"deny", "tools": {"x": {}} }', '{"version":"1","default":"allow","tools":{"\\u0079":{"action":"deny"}}}'];
export function someState(random) {
  const servers = ['a', 'b', 'c', 'd'].filter(() => random.chance(0.6)).map(name => ({ name, transport: random.pick(['http', 'sse']), url: `https://${random.below(3)}.example.com/${name}`,
    command: [], settings: random.pick([{}, { era: 'legacy' }, { max_calls: 3, era: 'legacy' }]), disabled: random.chance(0.2), credentials: [] }));
  const policies = ['p', 'q', 'r'].filter(() => random.chance(0.7)).map(name => ({ name, note: random.pick(['', 'why', 'ü\n']), document: random.pick(DOCUMENTS), versions: [] }));
  const grants = ['x', 'y', 'z', 'ö "'].filter(() => random.chance(0.7)).map(label => ({ label, tags: random.pick([[], ['t'], ['u', 't']]), mode: random.pick(['enforce', 'observe']),
    expires_at: random.pick([null, '2099-05-05T05:05:05.000Z']), servers: servers.filter(() => random.chance(0.5)).map(s => (random.chance(0.3) || policies.length === 0
      ? { server: s.name, policy: null } : { server: s.name, policy: random.pick(policies).name, policy_version: 'latest' })) }));
  const channels = ['c', 'C', 'd'].filter(() => random.chance(0.5)).map(name => ({ name, kind: name === 'd' ? 'mail' : 'webhook',
    ...(name === 'd' ? { to: random.pick([['a@example.com'], ['b@example.com', 'a@example.com']]) } : { url: `https://${random.below(3)}.example.com/hook` }),
    events: random.pick([['approval.asked', 'approval.decided'], ['grant.paused']]), arguments: random.chance(0.3), disabled: random.chance(0.2) }));
  const providers = ['i', 'j'].filter(() => random.chance(0.5)).map(name => ({ name, title: random.pick(['', 'Ünser "Login"']), issuer: `https://${random.below(2)}.example.com/`, client_id: 'us',
    scopes: random.pick(['openid email profile', 'openid']), domains: random.pick([[], ['example.com', 'example.org']]), ...random.pick([{ claim: '', claim_value: '' }, { claim: 'team', claim_value: 'ops' }]),
    role: random.pick(['viewer', 'admin']), disabled: random.chance(0.2), has_client_secret: false }));
  const decided = make => servers.filter(() => random.chance(0.5)).map(s => ({ server: s.name, tools: ['Z', 'read_it', '@ü'].filter(() => random.chance(0.6)).flatMap(make) })).filter(s => s.tools.length > 0);
  const overrides = decided(tool => [{ tool, category: random.pick(['Read', 'Financial']), note: random.pick(['', 'why']) }]);
  const definitions = decided(tool => ['x', 'y'].filter(() => random.chance(0.6)).map(title => ({ tool, state: random.pick(['accepted', 'rejected']), note: '', definition: { name: tool, title } })));
  return { servers, policies, grants, channels, providers, overrides, definitions };
}
