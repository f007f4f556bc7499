"""The bounds of the hook's cost and its behaviour where the machine has nothing left: disk, file size, home, descriptors, hostile JSON, memory."""

import os
import resource
import shutil
import subprocess
import threading
import time

from events import compact, drop_disk, event, fill, pre, prompt, quiet, send, small_disk, spawn, stop
from harness import BINARY, Skip

# Seconds of processor time beyond an empty hook run. The bar is 0.050 and the bench judges it; twice that shows what a test must: nothing is
# quadratic, on any machine.
PARSE_ALLOWED = 0.100
RSS_ALLOWED = 16 * 1024 * 1024


def limited():
    """The address space holds everything that can be resident, so this bound proves the other; ru_maxrss cannot, because it begins at what the
    process that started the hook had, and Python has more than the bound."""
    resource.setrlimit(resource.RLIMIT_AS, (RSS_ALLOWED, RSS_ALLOWED))


def measured(home, payload, runs=1):
    """Runs the hook with its payload on a pipe, within the memory bound; returns the best (processor seconds, wall seconds). Processor time is what
    the hook costs; wall time on a busy machine is also what others cost."""
    best_cpu = best_wall = float("inf")
    for _ in range(runs):
        child = subprocess.Popen([BINARY, "hook"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=quiet(home),
                                 preexec_fn=limited)
        start = time.monotonic()

        def feed():
            try:
                with child.stdin as pipe:
                    pipe.write(payload)
            except BrokenPipeError:
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = status
        feeder.join()
        assert status == 0, status
        best_cpu = min(best_cpu, usage.ru_utime + usage.ru_stime)
        best_wall = min(best_wall, wall)
    return best_cpu, best_wall


def judged(home, what, payload):
    empty, _ = measured(home, b"", runs=5)
    cpu, wall = measured(home, payload, runs=5)
    took = cpu - empty
    print(f"    {what}: {took * 1000:.1f} ms of processor time beyond an empty run, {wall * 1000:.0f} ms wall")
    assert took < PARSE_ALLOWED, f"{what}: {took * 1000:.1f} ms"


# -- nothing left ------------------------------------------------------------------------------------------------------------------------

def test_disk_full_and_back(home):
    folder = small_disk(home, "128k")
    try:
        send(home, spawn(), env=quiet(home))
        filler = fill(folder)
        for number in range(40):
            send(home, prompt(f"lost {number} " + "x" * 150), env=home.env())
        lost = 40 - sum(op["op"] == "prompt" for op in home.ops())  # the last page of the log has room for a few
        assert lost >= 20 and home.counters()["dropped_enospc"] == lost, (lost, home.counters())
        shown = home.run("status")
        assert shown.returncode == 0 and b"lost" in shown.stdout, shown
        filler.unlink()
        send(home, prompt("after"), env=quiet(home))
        assert home.ops()[-1]["a"]["prompt.preview"] == "after"
    finally:
        drop_disk(home)


def test_disk_full_from_the_start(home):
    folder = small_disk(home, "64k")
    try:
        filler = fill(folder)
        for _ in range(3):
            send(home, prompt(), env=home.env())
        filler.unlink()
        send(home, prompt("after"), env=quiet(home))
        assert [op["a"]["prompt.preview"] for op in home.ops()][-1] == "after"
    finally:
        drop_disk(home)


def test_no_inodes_left(home):
    if os.geteuid() != 0:
        raise Skip("needs root to mount a small disk")
    folder = home.path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=3,mode=700", "none", folder], capture_output=True).returncode != 0:
        raise Skip("cannot mount a tmpfs here")
    try:
        environment = home.env(SPANHOOK_HOME=str(folder))
        for _ in range(3):
            send(home, prompt(), env=environment)
    finally:
        drop_disk(home)


def test_file_size_limit_does_not_kill(home):
    """SIGXFSZ has a deadly default; the limit may already be passed when the hook starts."""
    for limit in (0, 1, 100, 1000):
        send(home, prompt("x" * 190), env=home.env(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    send(home, prompt("after"), env=quiet(home))
    assert home.ops()[-1]["a"]["prompt.preview"] == "after"


def test_read_only_home(home):
    folder = small_disk(home, "64k")
    try:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        send(home, prompt(), env=home.env())
        send(home, b"{", env=home.env())
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        send(home, prompt("after"), env=quiet(home))
        assert [op["a"]["prompt.preview"] for op in home.ops()] == ["after"]
    finally:
        drop_disk(home)


def test_missing_home(home):
    environment = {"PATH": "/usr/bin:/bin"}
    send(home, prompt(), env=environment)
    send(home, prompt(), env={})
    for verb in ("view", "sessions", "status", "flush"):
        result = home.run(verb, env=environment)
        assert result.returncode == 1 and result.stdout == b"" and result.stderr.count(b"\n") == 1, (verb, result)


def test_closed_stdio_with_a_relay_to_start(home):
    for closed in ("0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"):
        result = subprocess.run(["sh", "-c", f'exec "$0" hook {closed}', BINARY], input=compact(prompt()), capture_output=True, timeout=20,
                                env=home.env(SPANHOOK_RELAY_LINGER_SECONDS="1"))
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), (closed, result)


def test_processes_exhausted(home):
    """No process may be started any more: no relay, no word, and the record is there."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    trace = home.path / "trace"
    result = subprocess.run([strace, "-o", trace, "-e", "inject=/^(clone3?|v?fork)$:error=EAGAIN", BINARY, "hook"], input=compact(prompt()),
                            env=home.env(), capture_output=True, timeout=20)
    assert (result.returncode, result.stdout) == (0, b""), result
    assert "EAGAIN" in trace.read_text(), "the hook started no process: this test needs another way to see that"
    assert len(home.ops()) == 1


# -- hostile JSON ------------------------------------------------------------------------------------------------------------------------

def test_one_mebibyte_of_brackets(home):
    judged(home, "1 MiB of [", b"[" * (1 << 20))
    judged(home, "1 MiB of [ in tool_input", b'{"hook_event_name":"preToolUse","tool_name":"x","tool_input":' + b"[" * (1 << 20))
    judged(home, "512 Ki of [ and ]", b'{"hook_event_name":"preToolUse","tool_name":"x","tool_input":' + b"[" * (1 << 19) + b"]" * (1 << 19) + b"}")
    judged(home, '1 MiB of {"a":', b'{"a":' * ((1 << 20) // 5))


def test_four_mebibytes_of_the_worst(home):
    size = 4 << 20
    head = b'{"hook_event_name":"preToolUse","session_id":"worst","tool_name":"shell","tool_input":'
    cases = {
        "empty objects": b"[" + b"{}," * (size // 3) + b"{}]",
        "many keys": b"{" + b",".join(b'"k%d":0' % number for number in range(size // 13)) + b"}",
        "one key again and again": b"{" + b'"a":0,' * (size // 6) + b'"a":0}',
        "zeros": b"[" + b"0," * (size // 2) + b"0]",
        "escapes": b'"' + b"\\u0041" * (size // 6) + b'"',
        "surrogate pairs": b'"' + b"\\ud83d\\ude00" * (size // 12) + b'"',
        "malformed utf-8": b'"' + b"\xf0\x9f\x98" * (size // 3) + b'"',
        "long number": b"1" * size,
        "blanks": b" " * size + b"1",
        "strings": b"[" + b'"",' * (size // 3) + b'""]',
        "arrays in arrays": b"[" + (b"[" * 30 + b"]" * 30 + b",") * (size // 61) + b"0]",
        "one-letter keys in deep objects": b"[" + (b'{"a":' * 20 + b"0" + b"}" * 20 + b",") * (size // 122) + b"0]",
    }
    for what, value in cases.items():
        judged(home, "4 MiB, " + what, head + value + b"}")
    response = b'{"hook_event_name":"postToolUse","session_id":"worst","tool_name":"shell","tool_input":{},"tool_response":'
    judged(home, "4 MiB, items", response + b'{"items":[' + b'{"Text":""},' * (size // 12) + b'{"Text":""}]}}')
    judged(home, "4 MiB, newlines before Exit Code", response + b'"' + b"\\nExit Code: " * (size // 13) + b'1"}')
    judged(home, "4 MiB, unterminated", response + b'"' + b"x" * size)
    judged(home, "4 MiB of secrets in a prompt", b'{"hook_event_name":"userPromptSubmit","prompt":"' + b"AKIAIOSFODNN7EXAMPLQ " * (size // 21) + b'"}')
    judged(home, "4 MiB of half secrets in a prompt", b'{"hook_event_name":"userPromptSubmit","prompt":"' + b"password=" * (size // 9) + b'"}')


# -- memory ------------------------------------------------------------------------------------------------------------------------------

def test_fifty_mebibytes_within_sixteen(home):
    size = 50 << 20
    measured(home, compact(pre(session="large")))
    head = b'{"hook_event_name":"postToolUse","cwd":"/","session_id":"large","tool_name":"shell","tool_input":{"command":"make"},"tool_response":{"items":['
    shapes = {"one text": head + b'{"Text":"' + b"x" * size + b'"}]}}',
              "many texts": head + b'{"Text":"0123456789abcdef"},' * (size // 28) + b'{"Text":""}]}}',
              "response first": b'{"tool_response":{"items":[{"Text":"' + b"\\n" * (size // 2) + b'"}]},"hook_event_name":"postToolUse","session_id":"large",'
                                b'"tool_name":"shell","tool_input":{"command":"make"}}'}
    for what, payload in shapes.items():
        _, wall = measured(home, payload)
        print(f"    50 MiB, {what}: {wall * 1000:.0f} ms within {RSS_ALLOWED >> 20} MiB")
    ops = home.ops()
    assert [op["op"] for op in ops] == ["start", "end", "end", "end"], [(op["op"], op["event"]) for op in ops]
    assert len({op["key"] for op in ops}) == 1 and {op["s"] for op in ops} == {"large"}
    assert all(op["a"]["spanhook.output.size"] >= size - 1000 for op in ops[1:]), [op["a"] for op in ops[1:]]


def test_large_input_prompt_and_answer(home):
    """Other members than tool_response may be large, too."""
    size = 8 << 20
    for payload in (prompt("y" * size), pre(tool_input={"command": "z" * size}), stop("w" * size)):
        measured(home, compact(payload))
    ops = home.ops()
    assert [op["op"] for op in ops] == ["prompt", "start", "stop"], [(op["op"], op["event"]) for op in ops]
    assert ops[0]["a"]["prompt.preview"] == "y" * 200
    assert ops[2]["a"]["response.length"] == size


def test_record_never_passes_its_bound(home):
    """Names and ids as large as a payload can carry: cut, and the record stays small."""
    send(home, pre("t" * 300_000, session="s" * 300_000), env=quiet(home))
    send(home, prompt("p" * 300_000), env=quiet(home), arguments=("hook", "--prompt-chars", "1000000"))
    send(home, event("e" * 300_000), env=quiet(home))
    ops = home.ops()
    assert len(ops) == 3
    assert sum(path.stat().st_size for path in (home.state / "ops").glob("*.log")) < 3 * 256 * 1024
