// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What a running process holds: memory, descriptors, children.
import fs from 'node:fs';

// Resident memory in KiB.
export function memoryKiB(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

// What each open descriptor is.
export function descriptors(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
    try { return [fs.readlinkSync(`/proc/${pid}/fd/${fd}`)]; } catch { return []; }
  });
}
