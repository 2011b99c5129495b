# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""Starts and stops what is measured: upstream, nginx, haproxy and the gateway, each on its own core."""
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, ".dev", "bench")
GATEWAY = os.path.join(ROOT, "build-release", "src", "sallyport")
UNGUIDED = os.path.join(ROOT, "build-unguided", "src", "sallyport")  # the release build without a profile
CORES = sorted(os.sched_getaffinity(0))
FIRST = CORES[0]  # the candidate's
SECOND = CORES[1 % len(CORES)]  # load and upstream
PATH = os.environ["PATH"] + ":/usr/sbin"


def tool(name):
    return os.path.join(FOLDER, name)


def open_files():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """A child process on one core. Its output goes to FOLDER/NAME.log."""

    def __init__(self, name, command, core, environment=None):
        self.log = tool(name + ".log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(core)] + command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "PATH": PATH, **(environment or {})})
        self.name = name
        self.pid = self.process.pid

    def wait_for(self, ready):
        for _ in range(600):
            if self.process.poll() is not None:
                break
            found = ready()
            if found:
                return found
            time.sleep(0.02)
        with open(self.log, encoding="utf-8") as log:
            raise SystemExit(f"bench: {self.name} did not start: {log.read()}")

    def port_told(self):
        def ready():
            with open(self.log, encoding="utf-8") as log:
                found = re.search(r"listening on \S*:(\d+)", log.read())
            return int(found[1]) if found else None
        return self.wait_for(ready)

    def port_open(self, port):
        def ready():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        return self.wait_for(ready)

    def pids(self):
        """The process and its children (nginx works in one)."""
        found = [self.pid]
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat", encoding="utf-8") as stat:
                        parent = int(stat.read().rpartition(")")[2].split()[1])
                except OSError:
                    continue
                if parent == self.pid:
                    found.append(int(entry))
        return found

    def memory(self):
        """Resident and proportional kilobytes of the process and its children."""
        sums = {"Rss": 0, "Pss": 0, "Anonymous": 0}
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as rollup:
                for line in rollup:
                    key = line.split(":")[0]
                    if key in sums:
                        sums[key] += int(line.split()[1])
        return sums

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def fill(template, target, values):
    with open(os.path.join(ROOT, "bench", template), encoding="utf-8") as file:
        text = file.read()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    with open(tool(target), "w", encoding="utf-8") as file:
        file.write(text)
    return tool(target)


def make_certificates():
    """An authority and a certificate for 127.0.0.1, made once."""
    if os.path.exists(tool("server-and-key.pem")):
        return
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=FOLDER)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj", "/CN=bench authority")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    with open(tool("names"), "w", encoding="utf-8") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650", "-extfile", "names",
        "-out", "server.pem")
    with open(tool("server-and-key.pem"), "w", encoding="utf-8") as both:
        for name in ("server.pem", "server.key"):
            with open(tool(name), encoding="utf-8") as file:
                both.write(file.read())


def policy():
    """20 tools, each with two conditions and a limit; what begins with write_ is hidden."""
    rule = {"require": [{"conditions": [{"path": "args.path", "op": "within_path", "value": ["/srv/data"]}]}],
            "deny_if": [{"conditions": [{"path": "args.limit", "op": "gt", "value": 100}]}],
            "limits": [{"counter": "calls", "window": "minute", "max": 1000000000}]}
    names = ["read", "stream", "large"] + [f"tool_{i:04}" for i in range(17)]
    document = {"version": "1", "default": "deny", "hide": ["write_*"], "tools": {name: rule for name in names}}
    with open(tool("policy.json"), "w", encoding="utf-8") as file:
        json.dump(document, file)
    return tool("policy.json")


def token():
    if not os.path.exists(tool("token")):
        program = next(path for path in (GATEWAY, UNGUIDED) if os.path.exists(path))
        text = subprocess.run([program, "token"], check=True, capture_output=True, text=True).stdout
        with open(tool("token"), "w", encoding="utf-8") as file:
            file.write(text.split()[0])
    with open(tool("token"), encoding="utf-8") as file:
        return file.read()


class Upstream(Program):
    def __init__(self, name="upstream", *options):
        super().__init__(name, [tool("upstream"), *options], SECOND)
        self.port = self.port_told()
        self.urls = {"plain": f"http://127.0.0.1:{self.port}/mcp"}


class Nginx(Program):
    def __init__(self, upstream, big, core=FIRST):
        port, tls = free_port(), free_port()
        config = fill("nginx.conf.in", "nginx.conf", {"FOLDER": FOLDER, "UPSTREAM": upstream, "BIG": big, "PORT": port, "TLS": tls})
        super().__init__("nginx", ["nginx", "-c", config, "-e", tool("nginx.log")], core)
        self.port_open(tls)
        self.urls = {"plain": f"http://127.0.0.1:{port}/mcp", "tls": f"https://127.0.0.1:{tls}/mcp",
                     "big": f"http://127.0.0.1:{port}/mcp/big", "unbuffered": f"http://127.0.0.1:{port}/unbuffered/mcp"}


class Haproxy(Program):
    def __init__(self, upstream, big, core=FIRST):
        port, tls = free_port(), free_port()
        config = fill("haproxy.cfg.in", "haproxy.cfg", {"FOLDER": FOLDER, "UPSTREAM": upstream, "BIG": big, "PORT": port, "TLS": tls})
        super().__init__("haproxy", ["haproxy", "-db", "-f", config], core)
        self.port_open(tls)
        self.urls = {"plain": f"http://127.0.0.1:{port}/mcp", "tls": f"https://127.0.0.1:{tls}/mcp", "big": f"http://127.0.0.1:{port}/mcp/big"}


class Gateway(Program):
    """Everything on: token, policy, limits in a file, metrics, decision log."""

    def __init__(self, upstream, big, tls=False, core=FIRST, name="sallyport", command=None, wrapper=(), limits_file=True, limits=None, binary=None, policy_file=None):
        server = {"max_calls": 100000}
        config = {
            "listen": "127.0.0.1:0", "decision_log": f"{name}.jsonl", "limits_file": f"{name}.db",
            "limits": {"sessions_per_grant": 100000, "calls_per_grant": 100000, **(limits or {})},
            "servers": {"bench": {"url": f"http://127.0.0.1:{upstream}/mcp", **server},
                        "big": {"url": f"http://127.0.0.1:{big}/mcp", **server},
                        "legacy": {"url": f"http://127.0.0.1:{upstream}/mcp", "era": "legacy", **server}},
            "policies": {"bench": policy_file or policy()},
            "grants": {"bench": {"token_env": "BENCH_TOKEN", "servers": {"bench": "bench", "big": "bench", "legacy": "bench"}}},
        }
        if not limits_file:
            del config["limits_file"]
        if command:
            config["servers"]["child"] = {"command": command, "share": "server", **server}
            config["grants"]["bench"]["servers"]["child"] = "bench"
        if tls:
            config["tls"] = {"certificate": tool("server.pem"), "key": tool("server.key")}
        with open(tool(f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
        self.decisions = tool(f"{name}.jsonl")
        for file in (self.decisions, *(tool(f"{name}.db{end}") for end in ("", "-wal", "-shm", ".charges"))):
            if os.path.exists(file):
                os.unlink(file)
        super().__init__(name, [*wrapper, binary or GATEWAY, "serve", "--config", tool(f"{name}.json")], core, {"BENCH_TOKEN": token()})
        port = self.port_told()
        scheme = "https" if tls else "http"
        self.urls = {kind: f"{scheme}://127.0.0.1:{port}/mcp/{server}"
                     for kind, server in (("tls" if tls else "plain", "bench"), ("big", "big"), ("legacy", "legacy"), ("child", "child"))}

    def empty_log(self):
        """The log grows by some hundred bytes a call; every measurement begins with an empty file."""
        os.truncate(self.decisions, 0)


class DataGateway(Program):
    """The same with everything in a database: server, policy and grant come by the API."""

    def __init__(self, upstream, core=FIRST, name="sallyport-data"):
        config = {"listen": "127.0.0.1:0", "decision_log": f"{name}.jsonl", "limits_file": f"{name}.db", "outside": {"allow": ["127.0.0.0/8"]},
                  "limits": {"sessions_per_grant": 100000, "calls_per_grant": 100000}}
        with open(tool(f"{name}.json"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
        self.decisions = tool(f"{name}.jsonl")
        shutil.rmtree(tool(name), ignore_errors=True)
        for file in (self.decisions, *(tool(f"{name}.db{end}") for end in ("", "-wal", "-shm", ".charges"))):
            if os.path.exists(file):
                os.unlink(file)
        super().__init__(name, [GATEWAY, "serve", "--config", tool(f"{name}.json"), "--data", tool(name)], core)
        self.base = f"http://127.0.0.1:{self.port_told()}"
        self.fill_database(upstream)
        self.urls = {"plain": f"{self.base}/mcp/bench"}

    def ask(self, method, path, body, headers=None):
        """(body, headers) of an answer of the API."""
        request = urllib.request.Request(self.base + "/api/v1" + path, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})},
                                         method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer), answer.headers

    def setup_code(self):
        with open(self.log, encoding="utf-8") as log:
            found = re.search(r"/setup#(sp_[\w-]{43})\n", log.read())
        return found and found[1]

    def fill_database(self, upstream):
        who = {"email": "bench@example.com", "password": "a password of the bench"}
        self.ask("POST", "/setup", {"token": self.wait_for(self.setup_code), "name": "Bench", **who})
        session, headers = self.ask("POST", "/session", who)
        signed = {"Cookie": headers["Set-Cookie"].split(";")[0], "X-CSRF-Token": session["csrf_token"], "If-Match": "*"}
        with open(policy(), encoding="utf-8") as file:
            document = json.load(file)
        made, _ = self.ask("POST", "/apply", {
            "servers": [{"name": "bench", "transport": "http", "url": f"http://127.0.0.1:{upstream}/mcp", "settings": {"max_calls": 100000}}],
            "policies": [{"name": "bench", "document": document}],
            "grants": [{"label": "bench", "servers": [{"server": "bench", "policy": "bench"}]}]}, signed)
        self.token = made["tokens"][0]["token"]

    def empty_log(self):
        os.truncate(self.decisions, 0)


def load(url, program, extra, core=SECOND, pids=None):
    """One run of the load generator: {key: number}. Its complaints end the bench."""
    command = ["taskset", "-c", str(core), tool("load"), "--url", url, "--token-env", "BENCH_TOKEN", "--ca", tool("ca.pem")]
    for pid in pids if pids is not None else program.pids() if program else []:
        command += ["--pid", str(pid)]
    done = subprocess.run(command + extra, capture_output=True, text=True, env={**os.environ, "BENCH_TOKEN": getattr(program, "token", None) or token()})
    if done.returncode != 0:
        raise SystemExit(f"bench: {url} {' '.join(extra)}: {done.stdout}{done.stderr}")
    return figures(done.stdout)


def figures(line):
    return {key: float(value) for key, value in (pair.split("=") for pair in line.split())}
