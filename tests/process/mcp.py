"""What the tests of `spanhook mcp` share: a client and a server that a test plays itself, servers as programs, an agent process that runs
hooks and shims, and a strict reader of JSON lines that says where a trace context may stand.

A test holds both ends: it is the client on the shim's pipes, and the puppet, a small process that the shim starts as its server, hands
its own stdin and stdout to the test and then only waits to be told how to end. So every byte and its time are the test's. (A stubborn one
keeps them open besides and ignores signals.)"""

import contextlib
import json
import json.scanner
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

from events import local
from harness import BINARY, attributes_of

PYTHON = [sys.executable, "-I", "-S"]
MODERN = "2026-07-28"
INITIALIZE_ERA = "2025-11-25"

PUPPET = r"""
import os, signal, socket, sys
if "stubborn" in sys.argv:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
socket.send_fds(line, [str(os.getpid()).encode()], [0, 1])
if "stubborn" not in sys.argv:
    os.close(0)
    os.close(1)
order = line.recv(64).split()
if order and order[0] == b"kill":
    os.kill(os.getpid(), int(order[1]))
os._exit(int(order[1]) if order else 0)
"""

# A server as a program: answers every request at once, after what its arguments ask for, and ends at EOF.
SERVER = r"""
import json, os, signal, sys, time
out = os.fdopen(os.dup(1), "wb", buffering=0)
def answer(message, **members):
    out.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **members}, separators=(",", ":")).encode() + b"\n")
for option in sys.argv[1:]:
    name, _, value = option.partition("=")
    if name == "ignore":
        signal.signal(int(value), signal.SIG_IGN)
    if name == "stderr":
        os.write(2, value.encode())
status = 0
while True:
    line = sys.stdin.buffer.readline()
    if not line:
        break
    message = json.loads(line)
    if "method" not in message or "id" not in message:
        continue
    arguments = message.get("params", {}).get("arguments", {})
    time.sleep(arguments.get("sleep", 0))
    if "status" in arguments:
        status = arguments["status"]
        sys.exit(status)
    if message["method"] == "server/discover" and "old" in sys.argv:
        answer(message, error={"code": -32601, "message": "Method not found"})
    elif "fail" in arguments:
        answer(message, error={"code": -32000, "message": arguments["fail"]})
    else:
        answer(message, result={"content": [], "pid": os.getpid()})
if "stay" in sys.argv:
    time.sleep(60)
"""


# -- messages ------------------------------------------------------------------------------------------------------------------------

def request(number, method, params=None):
    message = {"jsonrpc": "2.0", "id": number, "method": method}
    if params is not None:
        message["params"] = params
    return message


def call(number, tool="query", arguments=None, **members):
    return request(number, "tools/call", {"name": tool, "arguments": {} if arguments is None else arguments, **members})


def notification(method, params=None):
    message = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return message


def result(number, value=None):
    return {"jsonrpc": "2.0", "id": number, "result": {"content": []} if value is None else value}


def error(number, code=-32603, text="Internal error"):
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}


def cancelled(number):
    return notification("notifications/cancelled", {"requestId": number, "reason": "no longer wanted"})


def initialize(number=0, version=INITIALIZE_ERA):
    return request(number, "initialize", {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})


def initialized(number=0, version=INITIALIZE_ERA):
    return result(number, {"protocolVersion": version, "capabilities": {}, "serverInfo": {"name": "puppet", "version": "1"}})


def modern(message, **meta):
    """The same request as the stateless revision has it."""
    params = dict(message.get("params", {}))
    params["_meta"] = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}, **meta}
    return {**message, "params": params}


def bytes_of(message):
    if isinstance(message, (bytes, bytearray, memoryview)):
        return message
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


# -- pipes ---------------------------------------------------------------------------------------------------------------------------

class End:
    """One party of the conversation: the descriptor it reads and the one it writes."""

    def __init__(self, reads, writes):
        self.reads, self.writes, self.pending = reads, writes, b""

    def send(self, *messages):
        for message in messages:
            rest = memoryview(bytes_of(message))
            while rest:
                rest = rest[os.write(self.writes, rest):]

    def more(self, timeout):
        """What can be read now; b"" at EOF."""
        if not select.select([self.reads], [], [], max(timeout, 0))[0]:
            raise AssertionError(f"nothing came; had {self.pending[:200]!r}")
        return os.read(self.reads, 1 << 20)

    def line(self, timeout=10):
        """The next line with its newline, or what there is at EOF."""
        deadline = time.monotonic() + timeout
        pieces = [self.pending]
        while b"\n" not in pieces[-1]:
            self.pending = b""
            piece = self.more(deadline - time.monotonic())
            if not piece:
                self.pending = b""
                return b"".join(pieces)
            pieces.append(piece)
        whole = b"".join(pieces)
        line, newline, self.pending = whole.partition(b"\n")
        return line + newline

    def message(self, timeout=10):
        return json.loads(self.line(timeout))

    def take(self, count, timeout=20):
        deadline = time.monotonic() + timeout
        pieces, length = [self.pending], len(self.pending)
        while length < count:
            self.pending = b"".join(pieces)
            piece = self.more(deadline - time.monotonic())
            assert piece, f"EOF after {length} of {count} bytes"
            pieces.append(piece)
            length += len(piece)
        whole = b"".join(pieces)
        self.pending = whole[count:]
        return whole[:count]

    def rest(self, timeout=20):
        """Everything up to EOF."""
        deadline = time.monotonic() + timeout
        pieces, self.pending = [self.pending], b""
        while True:
            piece = self.more(deadline - time.monotonic())
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)

    def silent(self, seconds):
        assert not self.pending, self.pending
        assert not select.select([self.reads], [], [], seconds)[0], "something came"

    def close_writing(self):
        if self.writes is not None:
            os.close(self.writes)
            self.writes = None

    def close_reading(self):
        if self.reads is not None:
            os.close(self.reads)
            self.reads = None

    def close(self):
        self.close_writing()
        self.close_reading()


def stuff(end):
    """Writes until nothing more goes in for a while; returns how many bytes did. The end does not block from then on."""
    os.set_blocking(end.writes, False)
    written, quiet_since = 0, time.monotonic()
    while time.monotonic() - quiet_since < 0.3:
        try:
            written += os.write(end.writes, b"x" * 4096)
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return written


def at_once(*functions, timeout=60):
    """Runs them in threads; their results in order. The first that fails fails the test."""
    results, failures = [None] * len(functions), []

    def run(place, function):
        try:
            results[place] = function()
        except BaseException as failure:  # handed on below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    while any(thread.is_alive() for thread in threads) and not failures:
        assert time.monotonic() < deadline, f"not done within {timeout} s"
        time.sleep(0.005)
    if failures:
        raise failures[0]
    return results


def passed(sender, message, receiver):
    """A line on its way; one that the pipes may not hold is written while it is read."""
    data = bytes_of(message)
    if len(data) < 32768:
        sender.send(data)
        return receiver.line()
    return at_once(lambda: sender.send(data), receiver.line)[1]


# -- processes -----------------------------------------------------------------------------------------------------------------------

def processes(home):
    """The living processes that were started with this home in their environment, but for a relay: pid → command line."""
    found, mark = {}, str(home.path).encode()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes():
                command = (folder / "cmdline").read_bytes().split(b"\0")
                if command[1:2] != [b"relay"]:
                    found[int(folder.name)] = b" ".join(command).decode(errors="replace")[:200]
    return found


def nothing_left(home, within=3.0):
    deadline = time.monotonic() + within
    while left := processes(home):
        assert time.monotonic() < deadline, f"still there after {within} s: {left}"
        time.sleep(0.01)


def end_all(home):
    for pid in processes(home):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def stat_of(pid):
    """Fields of /proc/PID/stat behind the name: state, ppid, pgrp, session, …"""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_ticks(pid):
    fields = stat_of(pid)
    return int(fields[11]) + int(fields[12])


def memory_kib(home, what="VmHWM"):
    """The most that one of our own processes, shim or recorder, has had in memory (VmRSS: has now). It must be there."""
    found = [int(re.search(what + r":\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) for pid in shims(home)]
    assert found, "no shim runs"
    return max(found)


def shims(home):
    """Our own processes of this home: the shim and its recorder."""
    return [pid for pid, command in processes(home).items() if command.startswith(str(BINARY) + " mcp")]


def script(home, text, name="server.py"):
    """A Python program in the home; returns the command."""
    path = home.path / name
    path.write_text(text)
    return [*PYTHON, str(path)]


class Agent:
    """An agent: a process of its own that runs hooks through `bash -c` and starts shims as its children."""

    PROGRAM = r"""
import json, os, socket, subprocess, sys
line = socket.socket(fileno=int(sys.argv[1]))
started = {}
while True:
    data, descriptors, _, _ = socket.recv_fds(line, 1 << 20, 3)
    if not data:
        break
    order = json.loads(data)
    if order["do"] == "hooks":
        running = [subprocess.Popen(["bash", "-c", order["command"]], env=order["env"], cwd=order["cwd"], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in order["payloads"]]
        answer = []
        for child, payload in zip(running, order["payloads"]):
            out, err = child.communicate(payload.encode(), timeout=30)
            answer.append([child.returncode, out.decode(), err.decode()])
    elif order["do"] == "start":
        child = subprocess.Popen(order["command"], env=order["env"], cwd=order["cwd"], stdin=descriptors[0], stdout=descriptors[1],
                                 stderr=descriptors[2])
        started[child.pid] = child
        answer = child.pid
    else:
        answer = started[order["pid"]].poll()
    for descriptor in descriptors:
        os.close(descriptor)
    line.sendall(json.dumps(answer).encode())
"""

    def __init__(self, home, env=None):
        self.home, self.env = home, env or local(home)
        self.socket, other = socket.socketpair()
        # The mark of this home is in its environment only by way of its children's: it is no process that a test waits for.
        self.process = subprocess.Popen([*script(home, self.PROGRAM, "agent.py"), str(other.fileno())], pass_fds=[other.fileno()],
                                        env={"PATH": os.environ["PATH"]}, cwd=home.path)
        home.children.append(self.process)
        other.close()
        self.socket.settimeout(60)

    def ask(self, order, descriptors=()):
        data = json.dumps(order).encode()
        if descriptors:
            socket.send_fds(self.socket, [data], descriptors)
        else:
            self.socket.sendall(data)
        return json.loads(self.socket.recv(1 << 20))

    def hook(self, *payloads, env=None):
        """One hook run for each, all at once; done when all are."""
        texts = [json.dumps(payload, ensure_ascii=False, separators=(",", ":")) for payload in payloads]
        ended = self.ask({"do": "hooks", "command": f"'{BINARY}' hook", "payloads": texts, "env": env or self.env, "cwd": str(self.home.path)})
        assert all(one == [0, "", ""] for one in ended), ended

    def start(self, command, stdin, stdout, stderr, env):
        pid = self.ask({"do": "start", "command": command, "env": env, "cwd": str(self.home.path)}, [stdin, stdout, stderr])
        return AgentsChild(self, pid)

    def close(self):
        self.socket.close()
        self.process.wait(timeout=20)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


class AgentsChild:
    """A child of the agent with the manners of a Popen."""

    def __init__(self, agent, pid):
        self.agent, self.pid, self.returncode = agent, pid, None

    def poll(self):
        if self.returncode is None:
            self.returncode = self.agent.ask({"do": "poll", "pid": self.pid})
        return self.returncode

    def wait(self, timeout=30):
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("shim", timeout)
            time.sleep(0.005)
        return self.returncode


class Shim:
    """A shim with the test as its client. Without a command its server is a puppet, and the test is that, too (`server`)."""

    def __init__(self, home, *options, command=None, env=None, agent=None, stubborn=False, prefix=(), **popen):
        self.home, self.server, self.server_pid, self.puppet = home, None, None, None
        env = env or local(home)
        listener = None
        if command is None:
            path = home.path / f"puppet{len(list(home.path.glob('puppet*')))}"
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            listener.listen(1)
            listener.settimeout(20)
            command = [*script(home, PUPPET, path.name + ".py"), str(path), *(["stubborn"] if stubborn else [])]
        self.command = [*prefix, BINARY, "mcp", *map(str, options), "--", *map(str, command)]
        self.noise = home.path / f"stderr{len(list(home.path.glob('stderr*')))}"
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        own_stderr = popen.pop("stderr", None)
        with open(self.noise, "wb") as noise:
            stderr = noise.fileno() if own_stderr is None else own_stderr
            if agent:
                self.process = agent.start(self.command, theirs_in, theirs_out, stderr, env)
            else:
                self.process = subprocess.Popen(self.command, stdin=theirs_in, stdout=theirs_out, stderr=stderr, env=env,
                                                cwd=popen.pop("cwd", home.path), **popen)
        os.close(theirs_in)
        os.close(theirs_out)
        self.pid = self.process.pid
        self.client = End(ours_in, ours_out)
        try:
            if listener:
                self.puppet, _ = listener.accept()
                self.puppet.settimeout(20)
                told, descriptors, _, _ = socket.recv_fds(self.puppet, 64, 2)
                self.server_pid = int(told)
                self.server = End(*descriptors)
        except BaseException:
            print("stderr:", self.stderr())
            self.close()
            raise
        finally:
            if listener:
                listener.close()

    def stderr(self):
        return self.noise.read_bytes()

    def wait(self, timeout=10):
        return self.process.wait(timeout=timeout)

    def release(self):
        """Leaves the server's pipes to the server alone."""
        if self.server:
            self.server.close()

    def end_server(self, status=0, kill=None):
        """The server ends, by exit or signal; what it has written stays in its pipe."""
        self.release()
        with contextlib.suppress(OSError):
            self.puppet.sendall(f"kill {int(kill)}".encode() if kill else f"exit {status}".encode())

    def finish(self, status=0, within=5.0):
        """The orderly end: the client closes, the server sees it and ends. Nothing more may have come on the way."""
        self.client.close_writing()
        if self.server and self.server.reads is not None:
            rest = self.server.rest()
            assert rest == b"", f"the server got {rest[:300]!r}"
            self.end_server(status)
        rest = self.client.rest()
        assert rest == b"", f"the client got {rest[:300]!r}"
        assert self.wait(within) == status, (self.process.returncode, self.stderr()[-500:])
        nothing_left(self.home)

    def close(self):
        self.client.close()
        self.release()
        if self.puppet:
            self.puppet.close()
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
        end_all(self.home)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        if kind:
            with contextlib.suppress(OSError):
                print("stderr of the shim:", self.stderr()[-2000:].decode(errors="replace"))
        self.close()

    # -- whole exchanges

    def to_server(self, *messages):
        """Sends each and returns the lines that the server got."""
        received = []
        for message in messages:
            received.append(passed(self.client, message, self.server))
        return received if len(received) != 1 else received[0]

    def to_client(self, *messages):
        received = []
        for message in messages:
            received.append(passed(self.server, message, self.client))
        return received if len(received) != 1 else received[0]

    def exchange(self, message, answer=None, wait=0.0):
        """A request and its answer; returns the line that the server got."""
        got = self.to_server(message)
        time.sleep(wait)
        answer = result(message["id"]) if answer is None else answer
        assert self.to_client(answer) == bytes_of(answer)
        return got


# -- spans ---------------------------------------------------------------------------------------------------------------------------

CLIENT, SERVER_KIND = 3, 2


class Span:
    """A span of the archive: its JSON members and its attributes."""

    def __init__(self, span):
        self.span, self.name, self.kind = span, span["name"], span.get("kind", 0)
        self.trace, self.id, self.parent = span["traceId"], span["spanId"], span.get("parentSpanId", "")
        self.about = attributes_of(span)
        self.start, self.end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        self.status, self.message = span.get("status", {}).get("code", 0), span.get("status", {}).get("message", "")
        self.events = [(event["name"], int(event["timeUnixNano"]), attributes_of(event)) for event in span.get("events", [])]
        self.links = [(link["traceId"], link["spanId"]) for link in span.get("links", [])]

    def __getitem__(self, name):
        return self.about.get(name)

    @property
    def seconds(self):
        return (self.end - self.start) / 1e9

    def __repr__(self):
        return f"<{self.name} kind {self.kind} {self.trace}/{self.id} below {self.parent} status {self.status} {self.about}>"


def all_spans(home, env=None):
    """Folds what there is; every span of the archive. Only roots may come more than once, and the last counts: backends do not replace."""
    flushed = home.flush(env=env or local(home))
    assert flushed.returncode == 0, flushed
    found = {}
    for _, span in home.archive():
        place = (span["traceId"], span["spanId"])
        assert place not in found or "parentSpanId" not in span, f"twice in the archive: {Span(found[place])} and {Span(span)}"
        found[place] = span
    return [Span(span) for span in found.values()]


def mcp_spans(home, count, env=None, within=6.0):
    """The shim's own spans in order of their start, of which there must be so many."""
    deadline = time.monotonic() + within
    while True:
        spans = sorted((span for span in all_spans(home, env) if span.kind in (CLIENT, SERVER_KIND)), key=lambda span: (span.start, span.end))
        if len(spans) >= count or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert len(spans) == count, f"{len(spans)} spans, expected {count}: {spans}"
    return spans


def near(seconds, expected, slack=0.25):
    """A time that a loaded machine may lengthen, but nothing may shorten."""
    assert expected - 0.01 <= seconds <= expected + slack, f"{seconds:.3f} s, expected {expected} s"


def own_session():
    """The name of the session of a shim that this process started and nobody else knows."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"pid-{os.getpid()}-{stat_of(os.getpid())[19]}-{boot}"


# -- a strict reader of lines ----------------------------------------------------------------------------------------------------------

_scan = json.scanner.c_make_scanner(json.JSONDecoder(strict=True))
_blank = re.compile(r"[ \t\r\n]*")
TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def _skip(text, at):
    return _blank.match(text, at).end()


def _members(text, at):
    """The members of the object at `at` as (raw key, key, start of the value, end of it, value), and where it ends."""
    found, at = [], _skip(text, at + 1)
    if text[at] == "}":
        return found, at
    while True:
        key_at = at
        if text[at] != '"':
            raise ValueError("no key")
        key, at = _scan(text, at)
        raw = text[key_at + 1:at - 1]
        at = _skip(text, at)
        if text[at] != ":":
            raise ValueError("no colon")
        start = _skip(text, at + 1)
        value, end = _scan(text, start)
        found.append((raw, key, start, end, value))
        at = _skip(text, end)
        if text[at] == "}":
            return found, at
        if text[at] != ",":
            raise ValueError("no comma")
        at = _skip(text, at + 1)


def is_traceparent(value):
    found = TRACEPARENT.fullmatch(value) if isinstance(value, str) else None
    return bool(found) and found[1] != "ff" and set(found[2]) != {"0"} and set(found[3]) != {"0"}


def verdict(line):
    """What may happen to a line from client to server: ("same",), ("splice", first, last, before, after): the traceparent stands between
    `before` and `after` at some place from first to last, ("replace", at): 16 digits at this place are others; ("either", …) before what
    is not laid down."""
    text = line.decode("latin-1")
    try:
        at = _skip(text, 0)
        if text[at] != "{":
            return ("same",)
        members, end = _members(text, at)
        if _skip(text, end + 1) != len(text):
            return ("same",)
    except (ValueError, StopIteration, IndexError, RecursionError):
        return ("same",)
    top = {raw: (start, value) for raw, _, start, _, value in members}
    doubtful = len({key for _, key, _, _, _ in members}) < len(members)
    if not isinstance(top.get("method", (0, None))[1], str) or type(top.get("id", (0, None))[1]) not in (int, str):
        return ("same",)
    if "result" in top or "error" in top:
        return ("same",)
    if not isinstance(top.get("params", (0, None))[1], dict):
        return ("same",)
    params, params_end = _members(text, top["params"][0])
    if any("\\" in raw for raw, _, _, _, _ in params):
        return ("same",)
    metas = [member for member in params if member[0] == "_meta"]
    if len(metas) > 1:
        doubtful = True
    if not metas:
        return _splice(text, params, top["params"][0], params_end, '"_meta":{"traceparent":"', '"}', doubtful)
    if not isinstance(metas[0][4], dict):
        return ("same",)
    meta, meta_end = _members(text, metas[0][2])
    if any("\\" in raw for raw, _, _, _, _ in meta):
        return ("same",)
    traces = [member for member in meta if member[0] == "traceparent"]
    if not traces:
        return _splice(text, meta, metas[0][2], meta_end, '"traceparent":"', '"', doubtful)
    if len(traces) > 1 or doubtful:
        return ("either", "replace", traces[0][2] + 1 + 36)
    raw = text[traces[0][2] + 1:traces[0][3] - 1]
    return ("replace", traces[0][2] + 1 + 36) if is_traceparent(raw) else ("same",)


def _splice(text, members, start, end, before, after, doubtful):
    first = members[-1][3] if members else start + 1
    found = ("splice", first, end, ("," if members else "") + before, after)
    return ("either", *found) if doubtful else found


def spliced(line, received, verdict_of=verdict):
    """Fails unless `received` is the line with exactly what may have happened to it. Returns (trace id, span id) that the server was told,
    or None where the line is untouched."""
    judged = verdict_of(line)
    either = judged[0] == "either"
    if either:
        judged = judged[1:]
    if either and received == line:
        return None
    if judged[0] == "same":
        assert received == line, f"changed: {line[:300]!r} to {received[:400]!r}"
        return None
    if judged[0] == "replace":
        at = judged[1]
        assert len(received) == len(line) and received[:at] == line[:at] and received[at + 16:] == line[at + 16:], (line[:300], received[:400])
        told = received[at - 36:at + 19].decode()
        assert is_traceparent(told) and received[at:at + 16] != line[at:at + 16], told
        return told[3:35], told[36:52]
    _, first, last, before, after = judged
    length = len(before) + 55 + len(after)
    assert len(received) == len(line) + length, f"no splice of {length} bytes: {line[:300]!r} became {received[:400]!r}"
    for at in range(first, last + 1):
        told = received[at + len(before):at + len(before) + 55].decode("latin-1")
        if (received[:at] == line[:at] and received[at + length:] == line[at:] and received[at:at + len(before)] == before.encode() and
                received[at + length - len(after):at + length] == after.encode() and is_traceparent(told)):
            assert told.startswith("00-") and told.endswith("-01"), told
            return told[3:35], told[36:52]
    raise AssertionError(f"not a splice at its place: {line[:300]!r} became {received[:400]!r}")
