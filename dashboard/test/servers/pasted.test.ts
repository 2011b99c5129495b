// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { nameFrom, readPasted, wordsOf } from '../../src/pages/servers/pasted';

const only = (text: string, names: string[] = []) => {
  const read = readPasted(text, names);
  if (read.kind !== 'servers') throw new Error(read.kind);
  expect(read.drafts).toHaveLength(1);
  return read.drafts[0];
};

describe('what is pasted', () => {
  it('is a URL', () => {
    expect(only('  https://mcp.linear.app/mcp \n')).toEqual({
      name: 'linear',
      transport: 'http',
      url: 'https://mcp.linear.app/mcp',
      command: [],
      secrets: [],
    });
    expect(only('http://127.0.0.1:3000/sse')?.transport).toBe('sse');
    expect(only('https://mcp.linear.app/mcp', ['linear'])?.name).toBe('linear-2');
  });
  it('is a command, parted as a shell would', () => {
    expect(only('npx -y @modelcontextprotocol/server-filesystem@1.2 "/srv/my files"')).toMatchObject({
      name: 'filesystem',
      transport: 'stdio',
      command: ['npx', '-y', '@modelcontextprotocol/server-filesystem@1.2', '/srv/my files'],
    });
    expect(only('uvx mcp-server-git')?.name).toBe('git');
    expect(wordsOf(`a 'b c'd "e\\"f" g\\ h ''`)).toEqual(['a', 'b cd', 'e"f', 'g h', '']);
    expect(readPasted(`echo "no end`)).toEqual({ kind: 'wrong', why: 'quote' });
  });
  it('is a whole configuration of a client', () => {
    const text = JSON.stringify({
      mcpServers: {
        'my files': { command: 'npx', args: ['files', '/srv'], env: { KEY: 'hush', OTHER: `\${env:OTHER}` } },
        web: { type: 'sse', url: 'https://web.example.com/sse', headers: { Authorization: `Bearer \${input:token}` } },
        odd: { command: 'a', url: 'https://b.example.com' },
        none: 7,
      },
    });
    expect(readPasted(text)).toEqual({
      kind: 'servers',
      left: ['odd', 'none'],
      drafts: [
        {
          name: 'my-files',
          transport: 'stdio',
          url: '',
          command: ['npx', 'files', '/srv'],
          secrets: [
            { place: 'environment', name: 'KEY', value: 'hush' },
            { place: 'environment', name: 'OTHER', value: '' },
          ],
        },
        {
          name: 'web',
          transport: 'sse',
          url: 'https://web.example.com/sse',
          command: [],
          secrets: [{ place: 'header', name: 'Authorization', value: '' }],
        },
      ],
    });
  });
  it('is a part of one', () => {
    expect(only('{"url": "https://a.example.com/mcp"}')?.name).toBe('example');
    expect(only('"notes": {"command": "notes-mcp"},')).toMatchObject({ name: 'notes', command: ['notes-mcp'] });
    expect(only('{"servers": {"x": {"type": "http", "url": "https://x.example.com"}}, "inputs": []}')?.name).toBe('x');
  });
  it('is the file of Codex', () => {
    const file = `model = "o" # what is not about servers is read over
sandbox = { writable = ["/a", '/b'], since = 1979-05-27T07:32:00Z }
[mcp_servers.files]
command = "npx"
args = [
  "-y", # comments, and a comma at the end
  "files\\\\ \\u00e9",
]
startup_timeout_sec = 20
[mcp_servers.files.env]
KEY = "hush"
[[projects]]
path = "[mcp_servers.trap]"
[mcp_servers."a web.site"]
url = 'https://web.example.com/mcp'
http_headers = { X-Team = "a" }
bearer_token_env_var = "WEB_TOKEN"
[mcp_servers.there]
command = "there"
cwd = "/srv"
`;
    expect(readPasted(file.replaceAll('\n', '\r\n'))).toEqual(readPasted(file));
    expect(readPasted(file)).toEqual({
      kind: 'servers',
      left: ['there'],
      drafts: [
        {
          name: 'files',
          transport: 'stdio',
          url: '',
          command: ['npx', '-y', 'files\\ é'],
          secrets: [{ place: 'environment', name: 'KEY', value: 'hush' }],
        },
        {
          name: 'a-web-site',
          transport: 'http',
          url: 'https://web.example.com/mcp',
          command: [],
          secrets: [
            { place: 'header', name: 'X-Team', value: 'a' },
            { place: 'header', name: 'Authorization', value: '' },
          ],
        },
      ],
    });
  });
  it('names the line of a TOML file that is not understood, and takes nothing of the rest', () => {
    const head = '[mcp_servers.a]\ncommand = "a"\n';
    const wrong = [
      'args = ["a" "b"]',
      'args = ["a"',
      'env = { A = "1"',
      'command = "twice"',
      'note = """long"""',
      "note = '''long'''",
      'note = "no end',
      'note = "\\q"',
      'note',
      'note = what',
      '[mcp_servers.a.command]',
      '[[mcp_servers.a]]',
      '[mcp_servers',
      '[]',
      'x = 1 y = 2',
    ];
    for (const text of wrong) expect(readPasted(head + text)).toEqual({ kind: 'wrong', why: 'toml', line: 3, text });
    for (const text of ['[tools]\nx = 1', '[mcp_servers]', '[mcp_servers.a]'])
      expect(readPasted(text)).toEqual({ kind: 'wrong', why: 'none' });
    expect(readPasted(`${head}[mcp_servers.__proto__]\ncommand = "b"`)).toMatchObject({ drafts: [{ name: 'a' }, { name: '__proto__' }] });
    expect(readPasted(`${head}x = ${'['.repeat(5000)}`)).toMatchObject({ kind: 'wrong', why: 'toml', line: 3 });
  });
  it('is nothing of use', () => {
    expect(readPasted(' \n')).toEqual({ kind: 'empty' });
    for (const text of ['{"a": ', '{', '{"mcpServers": ']) expect(readPasted(text)).toEqual({ kind: 'wrong', why: 'json' });
    for (const text of ['{}', '{"mcpServers": {}}', '{"a": [1]}']) expect(readPasted(text)).toEqual({ kind: 'wrong', why: 'none' });
  });
  it('gives names that servers may have, whatever it is called', () => {
    expect(nameFrom('@scope/näme of \u202ea "server"')).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(nameFrom('a'.repeat(10_000))).toHaveLength(60);
    expect(nameFrom('\u200b')).toBe('server');
    expect(only('{"__proto__x": {"url": "https://x.example.com"}}')?.name).toBe('__proto__x');
  });
});
