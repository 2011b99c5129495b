// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What tests use of the program that runs them, and nothing more.
declare module 'node:child_process' {
  export function spawnSync(
    program: string,
    args: string[],
    options: { cwd: string; encoding: 'utf8' },
  ): { stdout: string; stderr: string };
}
declare module 'node:fs' {
  export function mkdtempSync(prefix: string): string;
  export function writeFileSync(name: string, text: string): void;
  export function rmSync(name: string, options: { recursive: boolean }): void;
}
declare module 'node:os' {
  export function tmpdir(): string;
}
declare const process: { env: Record<string, string | undefined> };
