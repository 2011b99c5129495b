# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Instructions per call of five paths, counted by callgrind over the real gateway (all of its threads), held to
bench/instructions.tsv. A path is run twice, with few calls and with many; the difference has no start and no end in it.

usage: guard.py [--update] [PATH...]

The build without a profile is counted, which is the same each time. What depends on the time rather than on calls is left out, and so is the inside of libcrypto: counters are kept in memory, not in a file. Exit code 1 when a path needs more than 3 % above its figure. A compiler or processor that the file does not know is no
failure but is said so: the last line is "guard: N passed, N failed, N skipped". --update writes the figures anew.
"""
import argparse
import os
import re
import shutil
import subprocess

import candidates
from candidates import ROOT, SECOND, UNGUIDED, tool

BASELINES = os.path.join(ROOT, "bench", "instructions.tsv")
ALLOWED = 1.03
TRIES = 3
# path: (few calls, many calls, load options); the last goes over pipes.
PATHS = {
    "call": (200, 1700, ["--kind", "call"]),
    "deny": (200, 1700, ["--kind", "deny"]),
    "stream": (200, 1700, ["--kind", "stream"]),
    "list": (2, 12, ["--kind", "list", "--hidden", "write_"]),
    "pipe": (200, 1700, []),
}


def wrapper(out):
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"]


def counted(out):
    """What the program and its libraries ran, but for libcrypto: valgrind shows it a processor without instructions for SHA-256, so a
    hash would count for some twenty times what it is. Self costs only: the line behind a `calls=` repeats what the callee has."""
    total, skipped, repeated, names = 0, False, False, {}
    with open(out, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line[0] in "0123456789+-*":
                if not repeated and not skipped:
                    total += int(line.split()[1])
                repeated = False
            elif line.startswith("ob="):
                number, _, name = line[3:].strip().partition(" ")
                names.setdefault(number, name)
                skipped = "libcrypto" in names[number]
            elif line.startswith("cob="):
                number, _, name = line[4:].strip().partition(" ")
                names.setdefault(number, name)
            elif line.startswith("calls="):
                repeated = True
    if total == 0:
        raise SystemExit(f"guard: callgrind left no sum in {out}")
    return total


def run_http(name, calls, options, ports):
    out = tool(f"guard-{name}-{calls}.out")
    gateway = candidates.Gateway(*ports, name="sallyport-guard", wrapper=wrapper(out), limits_file=False, binary=UNGUIDED)
    try:
        url = gateway.urls["big" if name == "list" else "plain"]
        candidates.load(url, None, ["--calls", str(calls), *options])
    finally:
        gateway.process.terminate()
        gateway.process.wait()
    return counted(out)


def run_pipe(calls):
    out = tool(f"guard-pipe-{calls}.out")
    if os.path.exists(tool("guard.jsonl")):
        os.unlink(tool("guard.jsonl"))
    command = [*wrapper(out), UNGUIDED, "run", "--policy", candidates.policy(), "--decision-log", tool("guard.jsonl"), "--", tool("child")]
    done = subprocess.run(["taskset", "-c", str(SECOND), tool("pipes"), "--calls", str(calls), "--", *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"guard: pipe: {done.stdout}{done.stderr}")
    return counted(out)


def per_call(name, ports, enough):
    """The least of some tries: a busy machine adds instructions (more wake-ups, answers in pieces), nothing takes any away."""
    few, many, options = PATHS[name]
    run = (lambda calls: run_pipe(calls)) if name == "pipe" else (lambda calls: run_http(name, calls, options, ports))
    least = None
    for _ in range(TRIES):
        value = (run(many) - run(few)) / (many - few)
        least = value if least is None else min(least, value)
        if least <= enough:
            break
    return least


def toolchain():
    """What the count depends on besides the code. Processors differ in the string functions that libc picks for them."""
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next((line for line in file if line.startswith(("flags", "Features"))), "")
    vectors = "avx2" if " avx2 " in flags else "plain"  # valgrind shows a program nothing beyond
    return f"{compiler}, {os.uname().machine}, {vectors}"


def read_baselines():
    """{(toolchain, path): instructions}"""
    if not os.path.exists(BASELINES):
        return {}
    with open(BASELINES, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in list(file)[1:]]
    return {(row[0], row[1]): float(row[2]) for row in rows}


def write_baselines(known):
    with open(BASELINES, "w", encoding="utf-8") as file:
        file.write("toolchain\tpath\tinstructions_per_call\n")
        for (chain, path), value in sorted(known.items()):
            file.write(f"{chain}\t{path}\t{value:.0f}\n")


def count_all(names, enough):
    candidates.make_certificates()
    upstream = candidates.Upstream("guard-upstream")
    big = candidates.Upstream("guard-big", "--big-list")
    try:
        return {name: per_call(name, (upstream.port, big.port), enough.get(name, 0)) for name in names}
    finally:
        upstream.stop()
        big.stop()


def compare(figures, known, chain):
    passed = failed = 0
    for name, value in figures.items():
        base = known[(chain, name)]
        bad = value > base * ALLOWED
        failed += bad
        passed += not bad
        print(f"guard: {name:7} {value:12.0f} instructions a call, {100 * (value / base - 1):+.2f} % {'TOO MANY' if bad else 'ok'}")
    if failed:
        print("guard: when the work is worth it: ./dev bench guard --update, and say in the commit what it buys")
    print(f"guard: {passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("paths", nargs="*", choices=[[], *PATHS])
    options = parser.parse_args()
    names, chain, known = options.paths or list(PATHS), toolchain(), read_baselines()
    if shutil.which("valgrind") is None:
        print(f"guard: skipped, there is no valgrind here\nguard: 0 passed, 0 failed, {len(names)} skipped")
        return 0
    missing = [name for name in names if (chain, name) not in known]
    if missing and not options.update:
        print(f"guard: skipped, bench/instructions.tsv has no figures for '{chain}'")
        print(f"guard: 0 passed, 0 failed, {len(names)} skipped")
        return 0
    figures = count_all(names, {} if options.update else {name: ALLOWED * known[(chain, name)] for name in names})
    if options.update:
        known.update({(chain, name): value for name, value in figures.items()})
        write_baselines(known)
        for name, value in figures.items():
            print(f"guard: {name:7} {value:12.0f} instructions a call, written down")
        return 0
    return compare(figures, known, chain)


if __name__ == "__main__":
    raise SystemExit(main())
