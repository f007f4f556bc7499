#!/usr/bin/env python3
"""The figures of the MCP shim, measured: a table on stdout and build/bench-mcp.json.

    tools/bench_mcp.py [--quick] [--only NAME[,NAME…]] [--binary build/spanhook] [--relay build/mcp_relay] [--peer build/mcp_peer]

The client and the server are build/mcp_peer. Beside the shim run the server alone and build/mcp_relay, a bare relay, in both its forms; the
faster one is the floor. All of them take turns in one run, so that what else the machine does meets them alike; medians are compared.
Nothing here fails a build: the table says ok or over. `--binary build/mcp_relay` measures the measuring: what is not noise is then 1.0."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from bench import Bench, parse_arguments, quantile

KIB, MIB = 1 << 10, 1 << 20
LARGE = 256 * MIB
SHIMS = ("shim", "shim, no injection")
RELAYS = ("relay", "relay, poll")


def median(values):
    return quantile(values, 0.5)


class Held:
    """The commands after their rounds, still running until the `with` ends; the numbers are by the commands' names."""

    def __init__(self, process, names, state):
        self.process, self.names, self.state, self.rounds = process, names, state, {name: [] for name in names}
        for line in process.stdout:
            word, *numbers = line.split()
            numbers = dict(zip(names, map(int, numbers)))
            if word == "pid":
                self.pid = numbers
            elif word == "round":
                for name, nanoseconds in numbers.items():
                    self.rounds[name].append(nanoseconds)
            elif word == "seen":
                self.seen = numbers
                return
        raise SystemExit(f"bench: {' '.join(process.args)}: exits {process.wait()} before its rounds are done")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        rest = [int(number) for number in self.process.communicate()[0].split()[1:]]
        self.status, self.max_rss, self.ending = (dict(zip(self.names, rest[first::3])) for first in range(3))
        if self.process.returncode != 0 or any(self.status.values()):
            raise SystemExit(f"bench: {' '.join(self.process.args)}: exits {self.process.returncode}, of the commands {self.status}")


class ShimBench(Bench):
    def __init__(self, arguments):
        super().__init__(arguments)
        self.shim, self.relay, self.peer = arguments.binary, arguments.relay, arguments.peer
        self.folder = tempfile.mkdtemp(prefix="spanhook-bench-")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def state(self):
        """A state folder, empty, so that no recorder begins by reading what another has written."""
        return tempfile.mkdtemp(prefix="state-", dir=self.folder)

    def command(self, state, name, *server):
        """How the server is started alone, behind a relay, or behind the shim, which records into the state folder."""
        shim = [self.shim, "mcp", "--name", "bench", "--session", name.replace(" ", "-"), "--state", state]
        return {"server": [], "relay": [self.relay, "--"], "relay, poll": [self.relay, "--poll", "--"], "shim": [*shim, "--"],
                "shim, no injection": [*shim, "--no-inject", "--"]}[name] + list(server)

    def own_environment(self):
        return self.environment(self.folder, SPANHOOK_RELAY="off")

    def ask(self, rounds, block, shape, request, answer, names, before=(), processors=None):
        """Times the rounds of each name's command and holds the commands; `before` is put before each command, as strace is."""
        state = self.state()
        arguments = [self.peer, "time", "--hold", str(rounds), str(block), shape, str(request)]
        for name in names:
            arguments += ["+", *before, *self.command(state, name, self.peer, "serve", shape, str(answer))]
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.own_environment(),
                                   preexec_fn=processors and (lambda: os.sched_setaffinity(0, processors)))
        return Held(process, names, pathlib.Path(state))

    def recorders(self, pid):
        """The other processes of a shim or a relay: its children that are the same program."""
        line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        others = [int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*")]
        return [other for other in others if of_process(other, "cmdline") == line and parent_of(other) == pid]


def of_process(pid, what):
    try:
        return pathlib.Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def parent_of(pid):
    fields = of_process(pid, "stat").rsplit(b")", 1)[-1].split()
    return int(fields[1]) if fields else None


def status_of(pid, key):
    """A number of /proc/PID/status: KiB, or a count."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def microseconds(nanoseconds):
    return f"{nanoseconds / 1e3:.1f} µs"


def bench_latency(bench):
    """Once with all on one processor, where every run comes out the same, and decides; once where the scheduler likes: there it keeps a chain
    of processes on one processor or on two for as long as they live, which makes 10 or 30 µs of the same relay."""
    names = ["server", *RELAYS, *SHIMS]
    runs, rounds = (2, 1000) if bench.quick else (5, 2000)
    one = {max(os.sched_getaffinity(0))}
    added = {}
    for place, processors in (("one processor", one), ("any processor", None)):
        took, seen = {name: [] for name in names}, {}
        for number in range(runs):
            order = names[number % len(names):] + names[:number % len(names)]
            with bench.ask(rounds, 50, "text", KIB, KIB, order, processors=processors) as held:
                seen = held.seen
            for name in names:
                took[name].append(held.rounds[name])
        every = {name: [value for run in took[name] for value in run] for name in names}
        added[place] = {name: median(every[name]) - median(every["server"]) for name in names}
        floor = min(RELAYS, key=added[place].get)
        bench.details[f"latency, {place}"] = {
            name: {"rounds": len(every[name]), "p50_ns": median(every[name]), "p99_ns": quantile(every[name], 0.99),
                   "added_p50_ns": added[place][name], "of_floor": added[place][name] / added[place][floor],
                   "p50_ns_of_runs": [median(run) for run in took[name]], "request_bytes": seen[name]} for name in names}
    here, anywhere = added["one processor"], added["any processor"]
    floor = min(RELAYS, key=here.get)
    for name in RELAYS:
        bench.row(f"1 KiB there and back, {name} adds", f"{microseconds(here[name])}, on any processor {microseconds(anywhere[name])}", "", None)
    for name in SHIMS:
        bench.row(f"1 KiB there and back, {name} adds", f"{microseconds(here[name])}, on any processor {microseconds(anywhere[name])}", "40 µs",
                  here[name] <= 40e3 and anywhere[name] <= 40e3)
        bench.row(f"… as a multiple of what {floor} adds", f"{here[name] / here[floor]:.2f}", "1.5", here[name] <= 1.5 * here[floor])


def bench_flood(bench):
    """As many rounds without a pause: what recording does to the messages that wait for it, and whether it keeps up."""
    rounds = 2000 if bench.quick else 10000
    names = ["server", "relay", "shim"]
    with bench.ask(rounds, rounds, "text", KIB, KIB, names) as held:
        pass
    for _ in range(100):
        counts = [sum(path.read_bytes().count(b'"op":"%s"' % op) for path in held.state.glob("ops/*.log")) for op in (b"request", b"response")]
        if min(counts) == rounds:
            break
        time.sleep(0.05)
    mean = {name: sum(held.rounds[name]) / rounds for name in names}
    bench.details["flood"] = {name: {"mean_ns": mean[name], "p50_ns": median(held.rounds[name]), "p99_ns": quantile(held.rounds[name], 0.99),
                                     "max_ns": max(held.rounds[name]), "ending_ns": held.ending[name]} for name in names} | {"requests": counts[0], "responses": counts[1]}
    bench.row(f"{rounds:,} of them in a row, on average", f"shim adds {microseconds(mean['shim'] - mean['server'])}, "
              f"relay {microseconds(mean['relay'] - mean['server'])}", "", None)
    bench.row("… recorded of them", f"{min(counts):,}", f"{rounds:,}", min(counts) == rounds)
    bench.row("… then from its client's end to its own", f"{held.ending['shim'] / 1e6:.1f} ms, relay {held.ending['relay'] / 1e6:.1f} ms", "", None)


def bench_throughput(bench):
    """The best of many decides: three processes want two processors, so that on a shared machine the same program's medians differ by half
    from run to run, while its best is the same within a few hundredths. The medians are told."""
    names = [*RELAYS, *SHIMS, "server"]
    runs, rounds = (2, 4) if bench.quick else (5, 6)
    for shape in ("text", "dense"):
        for direction, request, answer in (("to the server", LARGE, KIB), ("from the server", KIB, LARGE)):
            took = {name: [] for name in names}
            for _ in range(runs):
                with bench.ask(rounds, 1, shape, request, answer, names) as held:
                    pass
                for name in names:
                    took[name] += held.rounds[name]
            best = {name: LARGE / MIB / (min(took[name]) / 1e9) for name in names}
            half = {name: LARGE / MIB / (median(took[name]) / 1e9) for name in names}
            floor, half_floor = max(RELAYS, key=best.get), max(half[name] for name in RELAYS)
            bench.details[f"256 MiB {direction}, {shape}"] = {
                name: {"best_mib_per_s": best[name], "p50_mib_per_s": half[name], "best_of_floor": best[name] / best[floor],
                       "p50_of_floor": half[name] / half_floor, "ns": took[name]} for name in names}
            for name in SHIMS:
                share = best[name] / best[floor]
                bench.row(f"256 MiB {direction}, {shape}, {name}",
                          f"{best[name]:.0f} MiB/s, {floor} {best[floor]:.0f}: {100 * share:.0f} %, medians {100 * half[name] / half_floor:.0f} %",
                          "80 %", share >= 0.8)


def bench_memory(bench):
    """After a message of 256 MiB each way: the peaks of the shim's processes, and what they share counted once (PSS, at the end)."""
    for shape in ("text", "dense"):
        with bench.ask(2, 1, shape, LARGE, LARGE, ["relay", *SHIMS]) as held:
            found = {}
            for name in held.names:
                processes = [held.pid[name], *bench.recorders(held.pid[name])]
                found[name] = {"pids": processes, "hwm": [status_of(pid, "VmHWM") for pid in processes], "pss": [pss_of(pid) for pid in processes]}
        bench.details[f"memory, {shape}"] = {name: {"vm_hwm_kib": values["hwm"], "pss_kib": values["pss"], "max_rss_kib": held.max_rss[name]}
                                             for name, values in found.items()}
        for name in SHIMS:
            peak = sum(found[name]["hwm"])
            bench.row(f"memory, 256 MiB both ways, {shape}, {name}",
                      f"{' + '.join(map(str, found[name]['hwm']))} KiB, relay {' + '.join(map(str, found['relay']['hwm']))}", "2048 KiB", peak < 2048)


def pss_of(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)


def bench_start(bench):
    names = ["server", "relay", "shim"]
    arguments = [bench.peer, "start", str(50 if bench.quick else 400)]
    for name in names:
        arguments += ["+", *bench.command(bench.state(), name, bench.peer, "clock")]
    output = subprocess.run(arguments, check=True, capture_output=True, text=True, env=bench.own_environment()).stdout
    took = dict(zip(names, zip(*([int(number) for number in line.split()] for line in output.splitlines()))))
    half = {name: median(took[name]) for name in names}
    bench.details["start"] = {name: {"p50_ns": half[name], "p99_ns": quantile(took[name], 0.99)} for name in names}
    bench.row("the server starts later by", f"{microseconds(half['shim'] - half['server'])}, relay {microseconds(half['relay'] - half['server'])}", "",
              None)


def bench_idle(bench):
    seconds = 2
    with bench.ask(20, 1, "text", KIB, KIB, ["shim"]) as held:
        time.sleep(4)  # what the recorder holds back or waits for is over
        processes = [held.pid["shim"], *bench.recorders(held.pid["shim"])]
        before = [used(pid) for pid in processes]
        time.sleep(seconds)
        after = [used(pid) for pid in processes]
    spent = [(late[0] - early[0], late[1] - early[1]) for early, late in zip(before, after)]
    bench.details["idle"] = {"seconds": seconds, "ns_and_wakeups": spent}
    bench.row(f"idle for {seconds} s: time and wake-ups", ", ".join(f"{microseconds(time_used)} {wakeups}" for time_used, wakeups in spent), "", None)


def used(pid):
    """Nanoseconds on a processor, and how often it fell asleep of itself."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]), status_of(pid, "voluntary_ctxt_switches")


# -- counted, not timed: a long run minus a short one, by the round ----------------------------------------------------------------------

FEW, MANY = 100, 1100


def a_round(count):
    """What count(rounds) counts by key, for one round."""
    few, many = count(FEW), count(MANY)
    if few is None or many is None:
        return None
    return {key: round((many[key] - few.get(key, 0)) / (MANY - FEW), 3) for key in many}


def bench_system_calls(bench):
    if not shutil.which("strace"):
        return bench.skip("system calls of a round", "no strace")

    def count(rounds, name):
        """{(process, call): count}; which process a trace is of shows in its command and in its place."""
        with tempfile.TemporaryDirectory() as folder:
            with bench.ask(rounds, rounds, "text", KIB, KIB, [name], ("strace", "-ff", "-qq", "-o", f"{folder}/trace")):
                pass
            calls = {}
            for number, path in enumerate(sorted(pathlib.Path(folder).iterdir(), key=lambda path: int(path.suffix[1:]))):
                lines = path.read_text(errors="replace").splitlines()
                server = any(line.startswith("execve(") and '"serve"' in line and '"--"' not in line for line in lines)
                process = "server" if server else "itself" if number == 0 else "other"
                for line in lines:
                    key = (process, line.split("(")[0])
                    calls[key] = calls.get(key, 0) + 1
            return calls or None

    for name in ("relay", *SHIMS):
        calls = a_round(lambda rounds: count(rounds, name))
        if calls is None:
            return bench.skip("system calls of a round", "strace cannot trace here")
        by_process = {process: {call: value for (owner, call), value in calls.items() if owner == process and value >= 0.005}
                      for process in ("itself", "other", "server")}
        bench.details[f"system calls of a round, {name}"] = by_process
        bench.row(f"system calls of a round, {name}", f"{sum(by_process['itself'].values()):.2f} + {sum(by_process['other'].values()):.2f}", "", None)


def bench_instructions(bench):
    if not shutil.which("valgrind"):
        return bench.skip("instructions of a round", "no valgrind")

    def count(rounds, name):
        with tempfile.TemporaryDirectory() as folder:
            with bench.ask(rounds, rounds, "text", KIB, KIB, [name], ("valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/%p")) as held:
                others = bench.recorders(held.pid[name])
            for _ in range(100):  # one that outlives the shim writes its file later
                if not any(pathlib.Path(f"/proc/{pid}").exists() for pid in others):
                    break
                time.sleep(0.05)
            counts = {"itself": 0, "other": 0}
            for path in pathlib.Path(folder).iterdir():
                process = "itself" if path.name == str(held.pid[name]) else "other"
                for line in path.read_text(errors="replace").splitlines():
                    if line.startswith("totals:"):
                        counts[process] += int(line.split()[1])
            return counts

    for name in SHIMS:
        counts = a_round(lambda rounds: count(rounds, name))
        bench.details[f"instructions of a round, {name}"] = counts
        bench.row(f"instructions of a round, {name}", f"{counts['itself']:,.0f} + {counts['other']:,.0f}", "", None)


BENCHES = {"latency": bench_latency, "flood": bench_flood, "throughput": bench_throughput, "memory": bench_memory, "start": bench_start,
           "idle": bench_idle, "calls": bench_system_calls, "instructions": bench_instructions}


def main():
    arguments = parse_arguments("the MCP shim", BENCHES, {"binary": "spanhook", "relay": "mcp_relay", "peer": "mcp_peer"}, "bench-mcp.json")
    bench = ShimBench(arguments)
    try:
        bench.run(BENCHES, arguments.only)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
