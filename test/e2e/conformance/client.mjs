// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The client that the conformance suite starts with the address of its own server: puts a gateway in front of that
// server and lets the official SDK do through it what the scenario waits for.
//   node client.mjs ERA [REVISION] URL    ERA: legacy or modern, of the SDK's client; REVISION: of the server
// For a server of 2026-07-28 the configuration says so: the suite's servers of that revision answer initialize as well.
import { startGateway, ALLOW_ALL } from '../../lib/gateway.mjs';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [era, revision, url = revision] = process.argv.slice(2);
const ended = [];
const t = { after: f => ended.push(f) };

// Arguments that a tool's schema accepts; a value for everything it names.
function valueFor(schema) {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'number': case 'integer': return 42;
    case 'boolean': return true;
    case 'array': return [];
    case 'object': return argumentsFor(schema);
    default: return 'hello';
  }
}
const argumentsFor = schema => Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, s]) => [name, valueFor(s)]));
// The scenario json-schema-2020-12-preservation wants the schema of the other tool back.
const callOf = (tool, tools) => ({ name: tool.name, arguments: tool.name === 'json_schema_echo' ? { schema: tools[0].inputSchema } : argumentsFor(tool.inputSchema) });

async function play() {
  const gateway = await startGateway(t, { servers: { suite: { url, ...(revision === '2026-07-28' ? { era: 'modern' } : {}) } }, policies: { main: { ...ALLOW_ALL, methods: {} } }, grants: { agent: { servers: { suite: 'main' } } } });
  const client = new Client({ name: 'conformance-client', version: '1' }, {
    capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
    versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
  });
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }));
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
  client.setRequestHandler('sampling/createMessage', () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'yes' } }));
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url('suite')), { requestInit: { headers: gateway.auth() } }));
  const capabilities = client.getServerCapabilities() ?? {};
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
  const { tools } = await client.listTools(); // the SDK writes headers for arguments of tools that it knows
  const calls = context.toolCalls ?? tools.map(tool => callOf(tool, tools));
  for (const call of calls) await client.callTool(call).catch(e => console.error(`${call.name}: ${e.message}`));
  if (capabilities.prompts) {
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name }).catch(e => console.error(`${name}: ${e.message}`));
  }
  if (capabilities.resources) {
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri }).catch(e => console.error(`${uri}: ${e.message}`));
  }
  await client.close();
}

try {
  await play();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
for (const end of ended.reverse()) await end();
