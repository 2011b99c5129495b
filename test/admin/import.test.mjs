// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// `sallyport import CLIENT-CONFIG`: a client's servers go to the gateway, its file goes through the gateway, and back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startApi } from '../lib/api.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { scratch } from '../lib/scratch.mjs';

const ANY = { 'If-Match': '*' };
async function client(t) {
  const server = await startApi(t), dir = scratch(t), api = server.api.as(server.acme.keys.admin);
  const env = { PATH: process.env.PATH, ...sanitizerOptions(), SALLYPORT_URL: `http://127.0.0.1:${server.port}`, SALLYPORT_KEY: server.acme.keys.admin };
  const call = (...args) => new Promise(resolve => execFile(BINARY, ['import', ...args], { encoding: 'utf8', timeout: 60000, env }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err })));
  const must = async (...args) => { const done = await call(...args); assert.equal(done.code, 0, done.err + done.out); return done.out; };
  const put = (name, text) => { const file = path.join(dir, name); fs.mkdirSync(path.dirname(file), { recursive: true }); fs.writeFileSync(file, text); return file; };
  const names = async () => (await api.must(200, 'GET', '/servers')).body.items.map(s => s.name).sort();
  const secrets = async name => (await api.must(200, 'GET', `/servers/${(await api.must(200, 'GET', '/servers?name=' + name)).body.items[0].id}/credentials`)).body.items.map(c => `${c.place} ${c.name}`);
  return { ...server, api, dir, call, must, put, names, secrets, url: name => `http://127.0.0.1:${server.port}/mcp/${name}` };
}

test('HTTP servers: taken over, rewired, undone; every other byte stays', async t => {
  const { must, call, put, names, secrets, url, api } = await client(t);
  const text = `{\r
  "editor": {"theme": "dark"},   "numbers": [1,2.50e3],
  "mcpServers": {
    "web search": {"url": "https://search.example.com/mcp", "headers": {"X-Key": "hush-1", "Authorization": "Bearer hush-2"}, "alwaysAllow": ["a", "b"]},
\t"mine": { "url" : "https://mine.example.com/sse" , "type":"sse" },
    "elsewhere": {"url": "https://\${env:HOST}/mcp"},
    "files.d": {"url": "https://files.example.com/other", "headers": {"A": "\${input:x}"}}
  }
}\n\n`;
  const file = put('.cursor/mcp.json', text);
  fs.chmodSync(file, 0o640);
  const plan = await must(file, '--policy', 'careful', '--dry-run');
  assert.match(plan, /^\+ "web search": becomes server 'web-search' of the gateway, over HTTP, with 2 headers\n {4}sealed: "X-Key"\n {4}sealed: "Authorization"\n\+ "mine": /);
  assert.match(plan, /^\. "elsewhere": stays as it is: its URL has a variable that only the client fills in$/m);
  assert.match(plan, /^\. "files.d": stays as it is: a header or variable/m);
  assert.ok(!plan.includes('hush'));
  assert.equal(fs.readFileSync(file, 'utf8'), text);
  assert.deepEqual(await names(), ['files']);
  const done = await must(file, '--policy', 'careful', '--grant', 'editor');
  assert.ok(!done.includes('hush') && !done.includes('sp_'));
  assert.deepEqual(await names(), ['files', 'mine', 'web-search']);
  assert.deepEqual((await secrets('web-search')).sort(), ['header Authorization', 'header X-Key']);
  const now = fs.readFileSync(file, 'utf8'), parsed = JSON.parse(now).mcpServers;
  const [, token] = now.match(/Bearer (sp_[\w-]{43})/);
  assert.deepEqual(parsed['web search'], { url: url('web-search'), headers: { Authorization: 'Bearer ' + token }, alwaysAllow: ['a', 'b'] });
  assert.deepEqual(parsed.mine, { url: url('mine'), headers: { Authorization: 'Bearer ' + token } });
  assert.equal(now.replace(/("web search": )\{.*\}(?=,\n)/, '$1X').replace(/("mine": )\{.*\}(?=,\n)/, '$1Y'), text.replace(/("web search": )\{.*\}(?=,\n)/, '$1X').replace(/("mine": )\{.*\}(?=,\n)/, '$1Y'));
  assert.equal(fs.statSync(file).mode & 0o777, 0o640);
  assert.equal(fs.readFileSync(file + '.before-sallyport', 'utf8'), text);
  assert.equal(fs.statSync(file + '.before-sallyport').mode & 0o777, 0o640);
  const grant = (await api.must(200, 'GET', '/grants?label=editor')).body.items[0];
  assert.equal(grant.servers.length, 2);
  // Once more: nothing to take over is left, or a copy is in the way; and then back.
  assert.equal((await call(file, '--policy', 'careful')).code, 1);
  await must(file, '--undo');
  assert.equal(fs.readFileSync(file, 'utf8'), text);
  assert.equal(fs.readFileSync(file + '.undone-sallyport', 'utf8'), now);
  assert.match((await call(file, '--undo')).err, /there is no copy/);
  assert.match((await call(file, '--policy', 'careful', '--grant', 'editor')).err, /another grant 'editor' already|has such a grant already/);
  assert.match(await must(file, '--policy', 'careful', '--grant', 'other'), /^the gateway's own 'X-Key' of server 'web-search' stays$/m);
});

test('programs, and the way each client writes its file', async t => {
  const { must, put, api, url, secrets } = await client(t);
  await api.must(200, 'PATCH', '/organisation', { commands_allowed: true }, ANY);
  const desktop = put('claude_desktop_config.json', JSON.stringify({ mcpServers: { tool: { command: 'npx', args: ['-y', 'some server'], env: { TOKEN: 'hush', B: 'c' } }, ours: { command: '/usr/bin/sallyport', args: ['connect'] } } }));
  assert.match(await must(desktop, '--policy', 'careful'), /^\. "ours": stays as it is: it goes through Sallyport already$/m);
  const tool = (await api.must(200, 'GET', '/servers?name=tool')).body.items[0];
  assert.deepEqual([tool.transport, tool.command], ['stdio', ['npx', '-y', 'some server']]);
  assert.deepEqual((await secrets('tool')).sort(), ['environment B', 'environment TOKEN']);
  const read = file => JSON.parse(fs.readFileSync(file, 'utf8'));
  const rewired = read(desktop).mcpServers;
  assert.deepEqual([rewired.tool.command, rewired.tool.args, rewired.ours], ['sallyport', ['connect', url('tool'), '--token-env', 'SALLYPORT_TOKEN'], { command: '/usr/bin/sallyport', args: ['connect'] }]);
  assert.match(rewired.tool.env.SALLYPORT_TOKEN, /^sp_/);
  const code = put('.mcp.json', '{"mcpServers":{"a1":{"type":"http","url":"https://a.example.com/mcp"}}}');
  await must(code, '--policy', 'careful');
  assert.deepEqual([read(code).mcpServers.a1.type, read(code).mcpServers.a1.url], ['http', url('a1')]);
  const windsurf = put('windsurf/mcp_config.json', '{"mcpServers":{"a2":{"serverUrl":"https://a.example.com/mcp","disabledTools":["x"]}}}');
  await must(windsurf, '--policy', 'careful');
  assert.deepEqual([read(windsurf).mcpServers.a2.serverUrl, read(windsurf).mcpServers.a2.disabledTools], [url('a2'), ['x']]);
  const vscode = put('.vscode/mcp.json', '// for the team\n{\n  "servers": {\n    /* "old": {"url": "x"}, */\n    "a3": {"type": "http", "url": "https://a.example.com/mcp", }, // "}"\n  },\n}\n');
  await must(vscode, '--policy', 'careful');
  const now = fs.readFileSync(vscode, 'utf8');
  assert.match(now, new RegExp(`^// for the team\\n\\{\\n  "servers": \\{\\n    /\\* "old": \\{"url": "x"\\}, \\*/\\n    "a3": \\{ "type": "http", "url": "${url('a3')}", "headers": \\{ "Authorization": "Bearer sp_[\\w-]{43}" \\} \\}, // "\\}"\\n  \\},\\n\\}\\n$`));
  const named = put('any.json', '{"mcpServers":{"a4":{"url":"https://a.example.com/mcp"}}}');
  await must(named, '--policy', 'careful', '--client', 'cursor', '--grant', 'another');
  const real = put('dot/mcp.json', '{"mcpServers":{"a5":{"url":"https://a.example.com/mcp"}}}');
  fs.symlinkSync(real, named + '.link');
  await must(named + '.link', '--policy', 'careful', '--client', 'cursor', '--grant', 'linked');
  assert.ok(fs.lstatSync(named + '.link').isSymbolicLink() && read(real).mcpServers.a5.url === url('a5'));
});

test('Codex: tables of TOML, their comments and other members', async t => {
  const { must, call, put, names, secrets, url, api } = await client(t);
  await api.must(200, 'PATCH', '/organisation', { commands_allowed: true }, ANY);
  const text = `# mine
model = "o" # [mcp_servers.no]
notes = '''
[mcp_servers.no]
url = "https://no.example.com"
'''
list = [ "a]", # ]
  { x = "}" }, ]

[mcp_servers.web] # the web
startup_timeout_sec = 20
url = "https://web.example.com/mcp"
# about headers
http_headers = { "X-Key" = "hush-1", 'B' = 'c\\d' }
enabled_tools = [
  "one", # first
]

[mcp_servers."a tool"]
args = ["-y", 'x y', "\\u00e9"]
command = "npx"
[mcp_servers."a tool".env]
TOKEN = "hush-2"

# of the next
[mcp_servers.mine]
url = "https://mine.example.com/mcp"
bearer_token_env_var = "MINE"

[profiles.x]
model = "y"`;
  const file = put('.codex/config.toml', text);
  const plan = await must(file, '--policy', 'careful');
  assert.match(plan, /^\. "mine": stays as it is: it has 'bearer_token_env_var'/m);
  assert.ok(!plan.includes('hush') && !plan.includes('"no"'));
  assert.deepEqual(await names(), ['a-tool', 'files', 'web']);
  assert.deepEqual((await api.must(200, 'GET', '/servers?name=a-tool')).body.items[0].command, ['npx', '-y', 'x y', 'é']);
  assert.deepEqual([(await secrets('web')).sort(), await secrets('a-tool')], [['header B', 'header X-Key'], ['environment TOKEN']]);
  const now = fs.readFileSync(file, 'utf8'), [, token] = now.match(/Bearer (sp_[\w-]{43})/);
  const entry = name => `url = "${url(name)}"\nhttp_headers = { "Authorization" = "Bearer ${token}" }\n`;
  assert.equal(now, text.slice(0, text.indexOf('startup_')) + entry('web') + 'startup_timeout_sec = 20\n# about headers\nenabled_tools = [\n  "one", # first\n]\n\n[mcp_servers."a tool"]\n' + entry('a-tool') + text.slice(text.indexOf('\n# of the next')));
  await must(file, '--undo');
  assert.equal(fs.readFileSync(file, 'utf8'), text);
  for (const [broken, expected] of [
    ['[mcp_servers]\na = { url = "https://x.example.com" }\n', /:2:1: servers that are not written as \[mcp_servers.NAME\]/], ['mcp_servers.a.url = "https://x.example.com"\n', /not written as/], ['[[mcp_servers.a]]\n', /not written as/],
    ['[mcp_servers.a]\nurl = "https://x.example.com\n', /a string without an end/], ['[mcp_servers.a\nurl = 1', /a table's name without an end/], ['[mcp_servers.a]\nurl = "https://x.example.com" x\n', /something behind a value/],
    ['[mcp_servers.a]\nurl = "https://x.example.com"\n[mcp_servers.a]\n', /stands there twice/], ['[mcp_servers.a]\nenv.X = "y"\nurl = "https://x.example.com"\n', /nothing to take over/],
    ['[mcp_servers.a]\nurl = "https://x.example.com"\nenv = { A = "b" }\n', /nothing to take over/], ['[mcp_servers.a]\nurl = "https://x.example.com"\n[mcp_servers.a.tools.b]\nx = 1\n', /nothing to take over/],
    ['[mcp_servers.a]\ncommand = "x"\nargs = [1]\n', /nothing to take over/], ['[mcp_servers.a]\ncommand = "x"\nenv = { A = 1 }\n', /nothing to take over/], ['x = ' + '['.repeat(5000), /too deep/], ['x = """', /without an end/],
    ['\u0000', /left alone/], ['[mcp_servers.a]\nargs = [', /without an end/], ['', /nothing to take over/], ['[mcp_servers.a]', /nothing to take over/], ['[mcp_servers.a]\nargs=["a"', /without an end/],
    ['=', /a key is missing/], ['a', /without a value/], ['a=', /a value is missing/], ["'''", /left alone/], ['a."', /without an end/], ['[mcp_servers.a]\nurl = ""\n', /nothing to take over/], ['[mcp_servers.a]\nargs = []\n', /nothing to take over/],
    ['[mcp_servers.a]\ncommand = "x"\nargs = [ , ]\n', /nothing to take over/], ['[mcp_servers.a]\ncommand = "x"\nenv = { = "b" }\n', /nothing to take over/],
  ]) {
    fs.writeFileSync(file, broken);
    const done = await call(file, '--policy', 'careful', '--grant', 'z');
    assert.notEqual(done.code, 0, broken);
    assert.match(done.err, expected, broken);
    assert.doesNotMatch(done.err, /Sanitizer|runtime error/);
    assert.equal(fs.readFileSync(file, 'utf8'), broken);
  }
});

test('what is not understood is left alone, with the reason; half of it is never done silently', async t => {
  const { call, put, names, api, dir } = await client(t);
  const cases = [
    ['.mcp.json', '{"mcpServers":{', /\.mcp\.json:1:\d+: .*left alone/],
    ['.mcp.json', '{"servers":{}}', /has no object 'mcpServers'/],
    ['.mcp.json', '{"mcpServers":{"a":{"url":"x","url":"y"}}}', /left alone/],
    ['.mcp.json', '{"mcpServers":{"a":{"url":"https://x.example.com","command":"y"}}}', /nothing to take over/],
    ['.mcp.json', '{"mcpServers":{"a":{"command":"x","cwd":"/"},"b":{"command":"x","envFile":"e"},"c":7,"d":{},"e":{"command":["x"]},"f":{"url":"https://x.example.com","headers":{"A":7}}}}', /nothing to take over/],
    ['.mcp.json', '{"mcpServers":{"a":{"url":"ftp://x.example.com"}}}', /sallyport: /],
    ['.mcp.json', '{"mcpServers":{"files":{"url":"https://x.example.com/mcp"}}}', /another server 'files' already/],
    ['.mcp.json', '{"mcpServers":{"a":{"command":"x"}}}', /commands_allowed/],
    ['.mcp.json', '\ufeff{"mcpServers":{}}', /left alone/],
    ['.mcp.json', '{"mcpServers":{"a":{"url":"https://x.example.com"}}} // /* "', null],
    ['unknown.json', '{"mcpServers":{}}', /does not tell by its name/],
    ['.mcp.json', '/'.repeat(100) + '*"\\', /left alone/],
    ['.mcp.json', '"\\', /left alone/],
    ['.mcp.json', '', /left alone/],
  ];
  for (const [name, text, expected] of cases) {
    const file = put(name, text), done = await call(file, '--policy', 'careful', '--grant', 'x', ...(expected ? [] : ['--dry-run']));
    assert.equal(fs.readFileSync(file, 'utf8'), text);
    if (expected) { assert.notEqual(done.code, 0, text); assert.match(done.err, expected, text); } else assert.equal(done.code, 0, done.err);
  }
  assert.deepEqual(await names(), ['files']);
  const good = put('.mcp.json', '{"mcpServers":{"a":{"url":"https://x.example.com/mcp"}}}');
  assert.match((await call(good)).err, /--policy is needed/);
  assert.match((await call(good, '--policy', 'nothing')).err, /policy/);
  fs.writeFileSync(good + '.before-sallyport', 'mine');
  assert.match((await call(good, '--policy', 'careful')).err, /is there already, of an earlier import/);
  assert.equal(fs.readFileSync(good + '.before-sallyport', 'utf8'), 'mine');
  fs.rmSync(good + '.before-sallyport');
  assert.deepEqual(await names(), ['files'], 'nothing so far');
  // The header's value cannot be sent: the servers are there, the file is not touched, and both are said.
  const bad = put('b/.mcp.json', '{"mcpServers":{"b":{"url":"https://x.example.com/mcp","headers":{"X-A":"hush\\nhush"}}}}');
  const half = await call(bad, '--policy', 'careful', '--grant', 'half');
  assert.equal(half.code, 1);
  assert.match(half.err, /the gateway has the servers and the grant 'half', but .* is as it was/);
  assert.ok(!half.err.includes('hush'), half.err);
  assert.ok(fs.readdirSync(path.dirname(bad)).length === 1);
  assert.ok(dir && api);
});
