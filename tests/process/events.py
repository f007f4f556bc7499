"""Payloads as the Kiro dialects send them, raw starts of the hook, and op log frames written by hand: what the fault tests build on."""

import json
import os
import pathlib
import signal
import subprocess
import time

from harness import BINARY, Skip, crc32c

SESSION = "5f0c7c1e-3f52-4f0e-9a57-1d0c2b3a4e5f"


def event(name, session=SESSION, **members):
    payload = {"hook_event_name": name, "cwd": "/home/dev/shop"}
    if session is not None:
        payload["session_id"] = session
    payload.update(members)
    return payload


def spawn(session=SESSION):
    return event("agentSpawn", session)


def prompt(text="Run the tests.", session=SESSION):
    return event("userPromptSubmit", session, prompt=text)


def pre(tool="shell", tool_input=None, session=SESSION, **members):
    return event("preToolUse", session, tool_name=tool, tool_input={"command": "make"} if tool_input is None else tool_input, **members)


def post(tool="shell", tool_input=None, response=None, session=SESSION, **members):
    response = {"items": [{"Text": "done"}]} if response is None else response
    return event("postToolUse", session, tool_name=tool, tool_input={"command": "make"} if tool_input is None else tool_input,
                 tool_response=response, **members)


def stop(text="Done.", session=SESSION):
    return event("stop", session, assistant_response=text)


def compact(payload):
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def frame(payload):
    """One op log record, made independently of the product."""
    if isinstance(payload, dict):
        payload = compact(payload)
    return b"\nS1 %08x %08x " % (len(payload), crc32c(payload)) + payload + b"\n"


def only_log(home):
    """The one session log of this home."""
    logs = [path for path in (home.state / "ops").glob("*.log") if not path.name.startswith("p-")]
    assert len(logs) == 1, logs
    return logs[0]


def call(home, arguments=("hook",), stdin=subprocess.DEVNULL, env=None, prefix=(), **options):
    """Starts the binary and leaves it to the caller; stdout and stderr are pipes as an agent's are."""
    child = subprocess.Popen([*prefix, BINARY, *arguments], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=env or home.env(), cwd=home.path, **options)
    home.children.append(child)
    return child


def finish(child, within, manners=True):
    """Reads both pipes to EOF, as an agent does; returns the exit status and the seconds it took from here."""
    start = time.monotonic()
    out, err = child.communicate(timeout=within + 20)
    took = time.monotonic() - start
    assert took < within, f"took {took:.2f} s, allowed {within} s"
    if manners:
        assert (child.returncode, out, err) == (0, b"", b""), (child.returncode, out, err)
    return child.returncode, took


def send(home, payload, within=1.0, env=None, arguments=("hook",), manners=True, prefix=(), **options):
    """One hook run with this payload on a pipe, within a time. Writing never raises: an agent ignores it too."""
    if isinstance(payload, (dict, list)):
        payload = compact(payload)
    child = call(home, arguments, stdin=subprocess.PIPE, env=env, prefix=prefix, **options)
    start = time.monotonic()
    out, err = child.communicate(payload, timeout=within + 30)
    took = time.monotonic() - start
    assert took < within, f"took {took:.2f} s, allowed {within} s"
    if manners:
        assert (child.returncode, out, err) == (0, b"", b""), (child.returncode, out[:300], err[:300])
    return child.returncode


def quiet(home, **changes):
    """Environment of a hook that starts no relay, so that what a test finds is the hook's own work."""
    return home.env(SPANHOOK_RELAY="off", **changes)


def local(home):
    """Environment of a flush that has nowhere to send to: it folds, archives and is done."""
    return quiet(home, OTEL_TRACES_EXPORTER="none")


def state_bytes(home):
    """Everything spanhook has written below this home."""
    return b"".join(path.read_bytes() for path in sorted(home.path.rglob("*")) if path.is_file() and not path.is_symlink())


def small_disk(home, size):
    """A tmpfs of this size as SPANHOOK_HOME; unmounted by drop_disk."""
    if os.geteuid() != 0:
        raise Skip("needs root to mount a small disk")
    folder = home.path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "none", folder], capture_output=True)
    if mounted.returncode != 0:
        raise Skip("cannot mount a tmpfs here: " + mounted.stderr.decode().strip())
    home.state = folder
    home.environment["SPANHOOK_HOME"] = str(folder)
    return folder


def drop_disk(home):
    """Ends the relays that work on the disk (their lock file may have had no room for the pid) and unmounts it."""
    wanted = f"SPANHOOK_HOME={home.path / 'disk'}".encode()
    for _ in range(100):
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if b"relay" in (process / "cmdline").read_bytes() and wanted in (process / "environ").read_bytes().split(b"\0"):
                    os.kill(int(process.name), signal.SIGTERM)
            except OSError:
                pass
        if subprocess.run(["umount", home.path / "disk"], capture_output=True).returncode == 0:
            return
        time.sleep(0.05)
    subprocess.run(["umount", "-l", home.path / "disk"])


def fill(folder):
    """Takes all that is left of the disk; returns the file to delete."""
    path = folder / "filler"
    with open(path, "wb", buffering=0) as out:
        for size in (65536, 4096, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                pass
    return path


class Batch:
    """Starts many hooks at once with as little of our own time between them as the system allows, and waits for all of them."""

    def __init__(self, home, env=None, binary=BINARY):
        self.home, self.binary = home, binary
        self.env = env or quiet(home)
        self.noise = home.path / "noise"
        self.noise_fd = os.open(self.noise, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def start(self, payload, arguments=("hook",)):
        """posix_spawn with the whole payload already in the pipe (it must fit: 64 KiB). Returns the pid."""
        data = payload if isinstance(payload, bytes) else compact(payload)
        assert len(data) < 65536
        read_end, write_end = os.pipe()
        os.write(write_end, data)
        os.close(write_end)
        actions = [(os.POSIX_SPAWN_DUP2, read_end, 0), (os.POSIX_SPAWN_DUP2, self.noise_fd, 1), (os.POSIX_SPAWN_DUP2, self.noise_fd, 2)]
        try:
            return os.posix_spawn(self.binary, [self.binary, *arguments], self.env, file_actions=actions)
        finally:
            os.close(read_end)

    def run(self, payloads):
        """All at once; every one must exit 0."""
        pids = [self.start(payload) for payload in payloads]
        for pid in pids:
            _, status = os.waitpid(pid, 0)
            assert status == 0, f"a hook ended with status {status}"

    def close(self):
        os.close(self.noise_fd)
        written = pathlib.Path(self.noise).read_bytes()
        assert written == b"", f"hooks wrote to stdout or stderr: {written[:200]!r}"
