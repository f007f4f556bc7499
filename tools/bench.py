#!/usr/bin/env python3
"""The figures of the hook, measured: a table on stdout and build/bench.json.

    tools/bench.py [--quick] [--only NAME[,NAME…]] [--binary build/spanhook] [--floor build/floor] [--spawner build/spawn]

Every timing is taken against build/floor, an empty static program that reads the same stdin, in the same run: each hook start has a floor start
beside it, so that what else the machine does meets both. Medians are compared. Nothing here fails a build: the table says ok or over."""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[1]
SESSION = "7b1f3a52-0f61-4a0c-8f0d-3f8d5b1c2e44"


# -- payloads ----------------------------------------------------------------------------------------------------------------------------

def session_payloads():
    """One turn as Kiro v2 sends it, with inputs and outputs of usual size; played again and again."""
    def event(name, **members):
        return json.dumps({"hook_event_name": name, "cwd": "/home/dev/shop", "session_id": SESSION, **members}, separators=(",", ":"))

    lines = [event("userPromptSubmit", prompt="Find out why the build of the cart module breaks, mend it and run the tests again. " * 3)]
    for number in range(9):
        tool_input = {"command": f"make -C module-{number} check", "__tool_use_purpose": "Build one module and look at what it says"}
        output = {"items": [{"Json": {"exit_status": "exit status: 0", "stdout": "compiling a file of the module\n" * 40, "stderr": ""}}]}
        lines += [event("preToolUse", tool_name="shell", tool_input=tool_input),
                  event("postToolUse", tool_name="shell", tool_input=tool_input, tool_response=output)]
    return lines + [event("stop", assistant_response="The total is misspelt in src/cart.ts; mended, all tests pass. " * 5)]


# -- backends ----------------------------------------------------------------------------------------------------------------------------

class Answering:
    def __init__(self):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hung:
    """Accepts and never answers."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def accept(self):
        try:
            while True:
                self.held.append(self.socket.accept()[0])
        except OSError:
            pass

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        for connection in [self.socket, *self.held]:
            connection.close()


class Refusing:
    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.url = f"http://127.0.0.1:{taken.getsockname()[1]}"

    def close(self):
        pass


class Nothing:
    url = None

    def close(self):
        pass


# -- running -----------------------------------------------------------------------------------------------------------------------------

class Bench:
    """What is measured, where, and the table of it; tools/bench_mcp.py makes its own of it, too."""

    def __init__(self, arguments):
        self.quick, self.output = arguments.quick, arguments.output
        self.rows, self.details = [], {}

    def home(self):
        return pathlib.Path(tempfile.mkdtemp(prefix="spanhook-bench-"))

    @staticmethod
    def environment(home, **changes):
        environment = {"HOME": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "OTEL_TRACES_EXPORTER": "none"}
        environment.update(changes)
        return {name: value for name, value in environment.items() if value is not None}

    def row(self, figure, measured, bar, ok):
        self.rows.append({"figure": figure, "measured": measured, "bar": bar, "verdict": {True: "ok", False: "over", None: ""}[ok]})

    def skip(self, figure, why):
        self.row(figure, f"not measured: {why}", "", None)

    def run(self, benches, only):
        """Runs those of the benches that are named, all without a name; prints the table, writes the output."""
        for name in only.split(",") if only else benches:
            print(f"bench: {name} …", file=sys.stderr, flush=True)
            benches[name](self)
        widths = [max(len(row[key]) for row in self.rows) for key in ("figure", "measured", "bar")]
        for row in [{"figure": "figure", "measured": "measured", "bar": "bar", "verdict": ""}, *self.rows]:
            print(f"{row['figure']:{widths[0]}}  {row['measured']:{widths[1]}}  {row['bar']:{widths[2]}}  {row['verdict']}".rstrip())
        machine = {"cpus": os.cpu_count(), "kernel": os.uname().release, "machine": os.uname().machine, "load": os.getloadavg()[0]}
        pathlib.Path(self.output).write_text(json.dumps({"quick": self.quick, "machine": machine, "table": self.rows, "figures": self.details},
                                                        indent=1) + "\n")


class HookBench(Bench):
    def __init__(self, arguments):
        super().__init__(arguments)
        self.hook, self.floor, self.spawner = arguments.binary, arguments.floor, arguments.spawner

    def spawn(self, runs, payload_file, environment, *programs):
        """[[one dict a run] for each program]"""
        command = [self.spawner, str(runs), str(payload_file)]
        for program in programs:
            command += ["--", *program]
        output = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        measures = [[] for _ in programs]
        for line in output.splitlines():
            values = list(map(int, line.split()))
            for number, into in enumerate(measures):
                nanoseconds, faults, rss, status, printed = values[5 * number:5 * number + 5]
                into.append({"ms": nanoseconds / 1e6, "faults": faults, "rss": rss, "status": status, "printed": printed})
        return measures


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def relay_of(home):
    try:
        pid = int((home / ".local/state/spanhook/ops/relay.lock").read_text().split()[0])
        return pid if b"relay" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() else None
    except (OSError, ValueError, IndexError):
        return None


def end_relay(home):
    pid = relay_of(home)
    if pid:
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            if not pathlib.Path(f"/proc/{pid}").exists() or relay_of(home) is None:
                return
            time.sleep(0.02)


SITUATIONS = {
    "no relay": (Nothing, {"SPANHOOK_RELAY": "off"}),
    "relay idle": (Nothing, {}),
    "relay running": (Answering, {}),
    "backend hung": (Hung, {}),
    "backend refusing": (Refusing, {}),
}


def bench_latency(bench):
    runs = 300 if bench.quick else 2000
    for name, (backend_type, changes) in SITUATIONS.items():
        home, backend = bench.home(), backend_type()
        try:
            payloads = home / "payloads"
            payloads.write_text("\n".join(session_payloads()) + "\n")
            environment = bench.environment(home, SPANHOOK_RELAY_LINGER_SECONDS="600", **changes)
            if backend.url:
                environment.pop("OTEL_TRACES_EXPORTER")
                environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = backend.url
            if name == "relay idle":
                # the hooks write where a relay holds the lock and has nothing to do: it is stopped as soon as it is there
                bench.spawn(1, payloads, environment, [bench.hook, "hook"])
                for _ in range(100):
                    if relay_of(home):
                        break
                    time.sleep(0.02)
                time.sleep(0.3)
                if relay_of(home):
                    os.kill(relay_of(home), signal.SIGSTOP)
            else:
                bench.spawn(20, payloads, environment, [bench.hook, "hook"])
                time.sleep(0.2)
            hooks, floors = bench.spawn(runs, payloads, environment, [bench.hook, "hook"], [bench.floor])
            if name == "relay idle" and relay_of(home):
                os.kill(relay_of(home), signal.SIGCONT)
            bad = sum(run["status"] != 0 or run["printed"] for run in hooks)
            ours, floor = [run["ms"] for run in hooks], [run["ms"] for run in floors]
            half, floor_half = quantile(ours, 0.5), quantile(floor, 0.5)
            late, floor_late = quantile(ours, 0.99), quantile(floor, 0.99)
            ratio = half / floor_half
            bench.details[name] = {"runs": runs, "hook_p50_ms": half, "hook_p99_ms": late, "floor_p50_ms": floor_half, "floor_p99_ms": floor_late,
                                   "ratio_p50": ratio, "difference_p50_ms": half - floor_half, "difference_p99_ms": late - floor_late,
                                   "not_silent_or_not_0": bad, "hook_minflt": quantile([run["faults"] for run in hooks], 0.5),
                                   "floor_minflt": quantile([run["faults"] for run in floors], 0.5), "hook_maxrss_kib": max(run["rss"] for run in hooks)}
            bench.row(f"hook p50, {name}", f"{half:.3f} ms, floor {floor_half:.3f} ms, ratio {ratio:.2f}", "ratio 2.0", ratio <= 2.0)
            bench.row(f"hook p99, {name}", f"{late:.3f} ms, floor {floor_late:.3f} ms", "floor + 1 ms", late <= floor_late + 1.0)
            if bad:
                bench.row(f"hook manners, {name}", f"{bad} of {runs} runs printed or failed", "0", False)
        finally:
            end_relay(home)
            backend.close()
            shutil.rmtree(home, ignore_errors=True)


def bench_article(bench):
    missing = [tool for tool in ("bash", "jq", "curl", "python3") if not shutil.which(tool)]
    if missing:
        return bench.skip("against the shell hook", "no " + ", ".join(missing))
    home, backend = bench.home(), Answering()
    try:
        payloads = home / "payloads"
        payloads.write_text("\n".join(session_payloads()) + "\n")
        environment = bench.environment(home, OTEL_TRACES_EXPORTER=None, OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, KIRO_SESSION_ID=SESSION)
        hooks, scripts = bench.spawn(10 if bench.quick else 40, payloads, environment, [bench.hook, "hook"], [str(ROOT / "tools" / "article-hook.sh")])
        ours, theirs = quantile([run["ms"] for run in hooks], 0.5), quantile([run["ms"] for run in scripts], 0.5)
        bench.details["article"] = {"runs": len(scripts), "hook_p50_ms": ours, "script_p50_ms": theirs, "times": theirs / ours}
        bench.row("against the shell hook", f"{theirs:.0f} ms against {ours:.3f} ms, {theirs / ours:.0f} times", "100 times", theirs / ours >= 100)
    finally:
        end_relay(home)
        backend.close()
        shutil.rmtree(home, ignore_errors=True)


def strace_count(program, payload, environment):
    with tempfile.NamedTemporaryFile() as trace:
        subprocess.run(["strace", "-c", "-o", trace.name, *program], input=payload, env=environment, capture_output=True, check=True)
        lines = pathlib.Path(trace.name).read_text().splitlines()
    calls = {}
    for line in lines:
        fields = line.split()
        if len(fields) >= 5 and fields[0].replace(".", "").isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls


def bench_system_calls(bench):
    if not shutil.which("strace"):
        return bench.skip("system calls of a hook", "no strace")
    home = bench.home()
    try:
        payload = session_payloads()[2].encode()
        for label, changes in (("no relay wanted", {"SPANHOOK_RELAY": "off"}), ("relay running", {"SPANHOOK_RELAY_LINGER_SECONDS": "600"})):
            environment = bench.environment(home, **changes)
            for _ in range(2):
                subprocess.run([bench.hook, "hook"], input=payload, env=environment, check=True)
            time.sleep(0.2)
            try:
                calls = strace_count([bench.hook, "hook"], payload, environment)
                floor = strace_count([bench.floor], payload, environment)
            except subprocess.CalledProcessError:
                return bench.skip("system calls of a hook", "strace cannot trace here")
            bench.details[f"system calls, {label}"] = {"hook": calls, "floor": floor}
            bench.row(f"system calls, {label}", f"{sum(calls.values())}, floor {sum(floor.values())}", "", None)
    finally:
        end_relay(home)
        shutil.rmtree(home, ignore_errors=True)


def bench_memory(bench):
    home = bench.home()
    try:
        payloads = home / "payloads"
        environment = bench.environment(home, SPANHOOK_RELAY="off")
        payloads.write_text("\n".join(session_payloads()) + "\n")
        hooks, floors = bench.spawn(60, payloads, environment, [bench.hook, "hook"], [bench.floor])
        faults, floor_faults = quantile([run["faults"] for run in hooks], 0.5), quantile([run["faults"] for run in floors], 0.5)
        rss, floor_rss = max(run["rss"] for run in hooks), max(run["rss"] for run in floors)
        bench.details["memory"] = {"hook_minflt": faults, "floor_minflt": floor_faults, "hook_maxrss_kib": rss, "floor_maxrss_kib": floor_rss}
        bench.row("page faults of a hook", f"{faults}, floor {floor_faults}", "", None)
        bench.row("memory of a hook", f"{rss} KiB, floor {floor_rss} KiB", "", None)
        head = '{"hook_event_name":"postToolUse","session_id":"large","tool_name":"shell","tool_input":{},"tool_response":{"items":[{"Text":"'
        with open(payloads, "w") as out:
            out.write(head + "x" * (50 << 20) + '"}]}}\n')
        [large] = bench.spawn(3, payloads, environment, [bench.hook, "hook"])
        worst = max(run["rss"] for run in large)
        bench.details["50 MiB"] = {"hook_maxrss_kib": worst, "ms": min(run["ms"] for run in large)}
        bench.row("50 MiB of tool_response", f"{worst} KiB, {min(run['ms'] for run in large):.0f} ms", "16384 KiB", worst <= 16384)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def bench_instructions(bench):
    if not shutil.which("valgrind"):
        return bench.skip("instructions of a hook", "no valgrind")
    home = bench.home()
    try:
        environment = bench.environment(home, SPANHOOK_RELAY="off")
        payload = session_payloads()[2].encode()
        counts = {}
        for label, program in (("hook", [bench.hook, "hook"]), ("floor", [bench.floor])):
            result = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={home}/callgrind", *program], input=payload, env=environment,
                                    capture_output=True, text=False)
            for line in result.stderr.decode(errors="replace").splitlines():
                if "Collected :" in line:
                    counts[label] = int(line.split()[-1])
        if len(counts) < 2:
            return bench.skip("instructions of a hook", "valgrind cannot run it")
        bench.details["instructions"] = counts
        bench.row("instructions of a hook", f"{counts['hook']:,}, floor {counts['floor']:,}", "", None)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def bench_json(bench):
    """The whole run minus an empty hook run, best of several: starting, reading the pipe and parsing."""
    home = bench.home()
    try:
        environment = bench.environment(home, SPANHOOK_RELAY="off")
        payloads = home / "payloads"
        large = 4 << 20
        head = '{"hook_event_name":"preToolUse","session_id":"worst","tool_name":"shell","tool_input":'
        cases = {
            "1 MiB of brackets": "[" * (1 << 20),
            "1 MiB of brackets that close": head + "[" * (1 << 19) + "]" * (1 << 19) + "}",
            "4 MiB of empty objects": head + "[" + "{}," * (large // 3) + "{}]}",
            "4 MiB of keys": head + "{" + ",".join(f'"k{number}":0' for number in range(large // 13)) + "}}",
            "4 MiB of one key": head + "{" + '"a":0,' * (large // 6) + '"a":0}}',
            "4 MiB of nested arrays": head + "[" + ("[" * 30 + "]" * 30 + ",") * (large // 61) + "0]}",
            "4 MiB of nested objects": head + "[" + ('{"a":' * 20 + "0" + "}" * 20 + ",") * (large // 122) + "0]}",
            "4 MiB of escapes": head + '"' + "\\u0041" * (large // 6) + '"}',
            "4 MiB of zeros": head + "[" + "0," * (large // 2) + "0]}",
            "4 MiB of text": head + '"' + "x" * large + '"}',
        }
        runs = 5 if bench.quick else 15
        payloads.write_text(" \n")
        [empty] = bench.spawn(50, payloads, environment, [bench.hook, "hook"])
        base = quantile([run["ms"] for run in empty], 0.5)
        for label, text in cases.items():
            payloads.write_text(text + "\n")
            [measured] = bench.spawn(runs, payloads, environment, [bench.hook, "hook"])
            took = quantile([run["ms"] for run in measured], 0.5) - base
            bench.details[label] = {"ms": took, "hook_maxrss_kib": max(run["rss"] for run in measured)}
            bench.row(label, f"{took:.1f} ms", "50 ms", took <= 50)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def bench_binary(bench):
    data = pathlib.Path(bench.hook).read_bytes()
    if data[:5] != b"\x7fELF\x02":
        return bench.skip("binary", "no 64-bit ELF")
    order = "<" if data[5] == 1 else ">"
    offset, = struct.unpack_from(order + "Q", data, 32)
    size, count = struct.unpack_from(order + "HH", data, 54)
    kinds = {struct.unpack_from(order + "I", data, offset + number * size)[0] for number in range(count)}
    dynamic, interpreter = 2 in kinds, 3 in kinds
    bench.details["binary"] = {"bytes": len(data), "dynamic_section": dynamic, "interpreter": interpreter}
    bench.row("binary", f"{len(data) / 1024:.0f} KiB", "1024 KiB", len(data) < 1 << 20)
    bench.row("dynamic section", "yes" if dynamic else "none", "none", not dynamic and not interpreter)


BENCHES = {"binary": bench_binary, "latency": bench_latency, "article": bench_article, "calls": bench_system_calls, "memory": bench_memory,
           "instructions": bench_instructions, "json": bench_json}


def parse_arguments(what, benches, programs, output):
    """The options every bench has; programs are the names of those in build/ it needs, by the option that names another."""
    parser = argparse.ArgumentParser(description=f"measures {what}; prints a table, writes build/{output}")
    parser.add_argument("--quick", action="store_true", help="fewer runs, for CI")
    parser.add_argument("--only", default="", help="comma-separated: " + " ".join(benches))
    parser.add_argument("--output", default=str(ROOT / "build" / output))
    for option, name in programs.items():
        parser.add_argument(f"--{option}", default=str(ROOT / "build" / name))
    arguments = parser.parse_args()
    for option in programs:
        if not os.access(getattr(arguments, option), os.X_OK):
            sys.exit(f"bench: {getattr(arguments, option)} is not there: run make {output.removesuffix('.json')}")
    return arguments


def main():
    arguments = parse_arguments("the hook", BENCHES, {"binary": "spanhook", "floor": "floor", "spawner": "spawn"}, "bench.json")
    HookBench(arguments).run(BENCHES, arguments.only)


if __name__ == "__main__":
    main()
