// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs of the official MCP conformance suites, and what they said.
import fs from 'node:fs';
import path from 'node:path';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';

export const SETS = {
  '0.1.16': { scored: 32, era: 'legacy', args: url => [PROGRAMS.conformance01, 'server', '--url', url, '--suite', 'all'] },
  '2025-11-25': { scored: 30, era: 'legacy', args: url => [PROGRAMS.conformance02, 'server', '--url', url, '--requirements', '2025-11-25', '--timeout', '40000'] },
  '2026-07-28': { scored: 37, era: 'modern', args: url => [PROGRAMS.conformance02, 'server', '--url', url, '--requirements', '2026-07-28', '--timeout', '40000'] },
};

export function keep(name, text) {
  const folder = process.env.SALLYPORT_SCRATCH;
  if (folder) fs.writeFileSync(path.join(folder, `conformance-${name}.log`), text);
}

// { scenarios: { name: { passed, failed, scored } }, output } of one run against a server.
export async function runSet(name, url, label) {
  const { stdout, stderr } = await run(NODE, SETS[name].args(url), { timeoutMs: 800000 });
  const scenarios = {};
  for (const [, scenario, passed, failed] of stdout.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm)) scenarios[scenario] = { passed: Number(passed), failed: Number(failed), scored: true };
  for (const [, scenario] of stdout.matchAll(/^ {2}[✓✗] (\S+) \([a-z-]+\)$/gm)) if (scenarios[scenario]) scenarios[scenario].scored = false;
  keep(`${name}-${label}`, stdout + stderr);
  return { scenarios, output: stdout + stderr };
}

// What the suite itself printed about one scenario, for a failure's message.
export function excerpt(output, name) {
  const at = output.lastIndexOf(`'${name}'`);
  return output.slice(at, at + 1800);
}
