"""What process-level tests share: the release binary, temporary homes, hook runs, fake OTLP backends.

Standard library only. A test module has functions named test_*; each gets a fresh Home as its only argument. run.py finds and
runs them. The binary under test is $SPANHOOK_BINARY (default build/spanhook)."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(os.environ.get("SPANHOOK_BINARY", ROOT / "build" / "spanhook"))
SHARED = pathlib.Path(os.environ.get("SPANHOOK_SHARED", ROOT.parent / "shared"))


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why. CI (CI=true) counts it as a failure unless the test says otherwise."""


def fixture(*parts):
    path = SHARED / "fixtures" / pathlib.Path(*parts)
    if not path.exists():
        raise Skip(f"fixture {'/'.join(parts)} is not here")
    return path


def payload_lines(path):
    return [line for line in pathlib.Path(path).read_bytes().split(b"\n") if line]


class Home:
    """A temporary HOME with its state folder; nothing outside is touched."""

    def __init__(self, parent=None):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="spanhook-test-", dir=parent))
        self.state = self.path / ".local" / "state" / "spanhook"
        self.environment = {
            "HOME": str(self.path),
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            # a port nobody listens on, so that a test never talks to a collector that happens to run here
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        }
        self.children = []

    def env(self, **changes):
        environment = dict(self.environment)
        for name, value in changes.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = str(value)
        return environment

    def run(self, *arguments, stdin=b"", timeout=30, env=None, **options):
        """Runs the binary; returns the CompletedProcess with bytes."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        return subprocess.run([BINARY, *map(str, arguments)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout, env=env or self.env(), cwd=options.pop("cwd", self.path), **options)

    def hook(self, payload, *arguments, env=None, check=True, timeout=30):
        """One hook run with this payload; checks the manners every run owes the agent."""
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
        result = self.run("hook", *arguments, stdin=payload, env=env, timeout=timeout)
        if check:
            assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), result
        return result

    def flush(self, *arguments, env=None, timeout=60):
        return self.run("flush", *arguments, env=env, timeout=timeout)

    def ops(self):
        """Payloads of all whole frames of all op logs, in file order, as objects."""
        found = []
        folder = self.state / "ops"
        for log in sorted(folder.glob("*.log")) if folder.exists() else []:
            found += frames(log.read_bytes())
        return found

    def archive(self):
        """Every span of the archive as (resource attributes, span)."""
        spans = []
        for path in sorted((self.state / "traces").glob("*.jsonl")):
            for line in filter(None, path.read_text().split("\n")):
                spans += spans_of(json.loads(line))
        return spans

    def view_json(self, *arguments, env=None):
        result = self.run("view", *arguments, "--json", env=env)
        assert result.returncode == 0, result
        return [span for line in filter(None, result.stdout.decode().split("\n")) for span in spans_of(json.loads(line))]

    def counters(self):
        result = self.run("status", "--json")
        assert result.returncode == 0, result
        return json.loads(result.stdout)["counters"]

    def stop_relay(self):
        """Ends a relay that runs for this home, by the pid its lock file names."""
        try:
            pid = int((self.state / "ops" / "relay.lock").read_text().split()[0])
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"relay" in command:
                os.kill(pid, signal.SIGTERM)
        except (OSError, ValueError, IndexError):
            pass

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.wait()
        self.stop_relay()
        for _ in range(20):
            shutil.rmtree(self.path, ignore_errors=True)
            if not self.path.exists():
                break
            time.sleep(0.05)


def frames(data):
    """A second implementation of the op log's reader, as an oracle: the JSON objects of all whole frames."""
    found, position = [], 0
    while True:
        position = data.find(b"\nS1 ", position)
        if position < 0:
            return found
        header = data[position + 4:position + 22]
        try:
            length, checksum = int(header[0:8], 16), int(header[9:17], 16)
            payload = data[position + 22:position + 22 + length]
            if len(payload) == length and crc32c(payload) == checksum and data[position + 22 + length:position + 23 + length] == b"\n":
                found.append(json.loads(payload))
        except ValueError:
            pass
        position += 1


_CRC_TABLE = []
for _index in range(256):
    _value = _index
    for _ in range(8):
        _value = (_value >> 1) ^ (0x82F63B78 if _value & 1 else 0)
    _CRC_TABLE.append(_value)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC_TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def value_of(any_value):
    for kind, convert in (("stringValue", str), ("intValue", int), ("doubleValue", float), ("boolValue", bool)):
        if kind in any_value:
            return convert(any_value[kind])
    return any_value


def attributes_of(owner):
    return {item["key"]: value_of(item["value"]) for item in owner.get("attributes", [])}


def spans_of(traces_data):
    return [(attributes_of(resource_spans.get("resource", {})), span)
            for resource_spans in traces_data.get("resourceSpans", [])
            for scope_spans in resource_spans.get("scopeSpans", [])
            for span in scope_spans.get("spans", [])]


class Backend:
    """An OTLP/HTTP backend on loopback that records what it is sent. `answer(handler, body)` decides; default: 200 {}."""

    def __init__(self, answer=None, port=0):
        self.requests, self.lock = [], threading.Lock()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with backend.lock:
                    backend.requests.append((self.path, dict(self.headers), body))
                if answer:
                    answer(self, body)
                else:
                    self.reply(200, b"{}")

            def reply(self, status, body=b"", content_type="application/json", **headers):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def spans(self):
        with self.lock:
            bodies = [body for _, _, body in self.requests]
        return [span for body in bodies for span in spans_of(json.loads(body))]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


class RawServer:
    """A TCP server on loopback for peers that do not speak HTTP well: `talk(connection)` gets each connection, in a thread."""

    def __init__(self, talk):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.accepted, self.open = 0, []

        def serve():
            while True:
                try:
                    connection, _ = self.socket.accept()
                except OSError:
                    return
                self.accepted += 1
                self.open.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()

    def close(self):
        # shutdown() wakes the accept() in the thread; close() alone would not
        for connection in [self.socket, *self.open]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


def open_files(pid):
    """What the descriptors of a process lead to; it may open and close some meanwhile."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(number)] = os.readlink(f"/proc/{pid}/fd/{number}")
    return found


def until(condition, timeout=10, what="condition"):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)
