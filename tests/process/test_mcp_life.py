"""The life of `spanhook mcp`: how it starts, hands on signals, EOF and exit status, and that nothing is left whatever dies first. Failure classes
R2, R5, R9 to R11, rows V05 and V06, environment, and a state folder that cannot be written."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import time

from events import drop_disk, fill, local, quiet, send, prompt, small_disk
from harness import BINARY, Skip, open_files, until
from mcp import (PYTHON, SERVER, Agent, Shim, at_once, bytes_of, call, cpu_ticks, end_all, mcp_spans, nothing_left, processes, result, script, shims, spliced,
                 stat_of, stuff, verdict)

# A server that knows neither EOF nor SIGTERM. It says when it is there.
DEAF = """
import signal, sys, time, os
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
os.write(1, b"ready\\n")
while True:
    time.sleep(1)
"""
FLOOD = """
import os, sys
while True:
    os.write(1, b'{"jsonrpc":"2.0","method":"notifications/message","params":{}}\\n' * 100)
"""


def run(home, *command, options=(), stdin=b"", env=None, timeout=20):
    """A shim from start to end with a command that needs no dialogue."""
    ended = subprocess.run([BINARY, "mcp", *options, "--", *map(str, command)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env=env or local(home), cwd=home.path, timeout=timeout)
    nothing_left(home)
    return ended


def exits(home, status, *command, **options):
    ended = run(home, *command, **options)
    assert ended.returncode == status, ended
    return ended


def gone(shim, within):
    """Nothing is left of the tree, and how long it took."""
    start = time.monotonic()
    nothing_left(shim.home, within)
    return time.monotonic() - start


def ready(shim, line=b"ready\n"):
    assert shim.client.line() == line


def recorder_of(shim):
    [pid] = [pid for pid in shims(shim.home) if pid != shim.pid]
    return pid


def zombies(parent):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = stat_of(folder.name)
            if fields[0] == "Z" and int(fields[1]) == parent:
                found.append(folder.name)
    return found


def idle(pid, seconds=2.0):
    before = cpu_ticks(pid)
    time.sleep(seconds)
    used = cpu_ticks(pid) - before
    assert used <= 2, f"{used} ticks of processor time in {seconds} s of nothing"


# -- exit status -----------------------------------------------------------------------------------------------------------------------

def test_exit_status_is_the_servers(home):
    for status in (0, 1, 7, 42, 125, 126, 127, 255):
        exits(home, status, "sh", "-c", f"exit {status}")


def test_exit_status_of_a_signal(home):
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGPIPE):
        exits(home, 128 + number, "sh", "-c", f"ulimit -c 0; kill -{int(number)} $$")


def test_exit_127_command_not_found(home):
    for command in ("no-such-command-anywhere", "/nowhere/at/all", "./missing"):
        ended = exits(home, 127, command)
        assert ended.stdout == b"" and ended.stderr.count(b"\n") == 1 and command.encode() in ended.stderr, ended


def test_exit_126_cannot_be_run(home):
    plain = home.path / "plain"
    plain.write_text("#!/bin/sh\nexit 0\n")
    plain.chmod(0o644)
    for command in (plain, home.path):
        ended = exits(home, 126, command)
        assert ended.stdout == b"" and ended.stderr.count(b"\n") == 1, ended


def test_exit_2_usage(home):
    for arguments in (["mcp"], ["mcp", "--"], ["mcp", "--name"], ["mcp", "--no-such-option", "--", "true"], ["mcp", "--name", "x", "--"]):
        ended = home.run(*arguments)
        assert ended.returncode == 2 and ended.stdout == b"" and ended.stderr, (arguments, ended)


def test_exit_2_name_that_is_an_option(home):
    """A forgotten SERVER: what was meant as an option must not become the name."""
    for name in ("--inspect", "--no-inject", "--"):
        ended = home.run("mcp", "--name", name, "--", "true")
        assert ended.returncode == 2 and ended.stdout == b"" and ended.stderr, (name, ended)


def test_arguments_reach_the_server_as_they_are(home):
    """Options behind -- are the command's, empty ones and such with blanks stay."""
    words = ["--name", "", "a b", "*", "$HOME", "--", "-x", "\u00e9\n"]
    ended = exits(home, 0, sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))", *words)
    assert json.loads(ended.stdout) == words


def test_options_end_at_the_command(home):
    ended = exits(home, 0, "sh", "-c", 'echo "$@"', "sh", "--no-inject", "--inspect", options=["--name", "x"])
    assert ended.stdout == b"--no-inject --inspect\n" and ended.stderr == b"", ended


# -- the end of the server ---------------------------------------------------------------------------------------------------------------

def test_R2_output_at_exit_is_whole(home):
    """Much more than a pipe holds, written right before the exit; the client takes its time."""
    size = 3_000_000
    text = f"import os\ndata = b'0123456789' * {size // 10}\nwhile data:\n    data = data[os.write(1, data):]\nos._exit(5)\n"
    with Shim(home, command=script(home, text)) as shim:
        got = b""
        while len(got) < size:
            got += shim.client.take(min(100_000, size - len(got)))
            time.sleep(0.01)
        assert shim.client.rest() == b""
        assert got == b"0123456789" * (size // 10)
        assert shim.wait() == 5


def test_R2_server_dies_with_64_kib_unread_by_the_client(home):
    """The server is long dead when the client begins to read."""
    with Shim(home) as shim:
        data = b"y" * 200_000 + b"\n"
        at_once(lambda: (shim.server.send(data), shim.end_server(9)), lambda: (time.sleep(1), shim.client.take(len(data))))
        assert shim.client.rest() == b"" and shim.wait() == 9


def test_server_dies_with_64_kib_unread_by_it(home):
    """What the client has written and nobody will read must not keep the shim."""
    with Shim(home) as shim:
        assert stuff(shim.client) > 65536
        shim.end_server(4)
        start = time.monotonic()
        assert shim.wait() == 4
        assert time.monotonic() - start < 1
        assert shim.client.rest() == b""
        nothing_left(home)


def test_server_dies_while_the_client_waits(home):
    """The client's stdin is open and quiet: EOF on stdout and the exit status tell it."""
    with Shim(home) as shim:
        shim.to_server(call(1))
        start = time.monotonic()
        shim.end_server(kill=signal.SIGKILL)
        assert shim.client.rest() == b""
        assert shim.wait() == 128 + signal.SIGKILL
        assert time.monotonic() - start < 1
        nothing_left(home)


def test_server_that_closes_stdout_and_lives_on(home):
    """The client sees the EOF at once; the server may still read, and its exit status counts."""
    with Shim(home) as shim:
        shim.server.send(b"last words\n")
        shim.server.close_writing()
        assert shim.client.line() == b"last words\n"
        assert shim.client.rest(3) == b""
        idle(shim.pid, 0.5)
        shim.client.send(b"still there?\n")
        assert shim.server.line() == b"still there?\n"
        shim.client.close_writing()
        assert shim.server.rest() == b""
        shim.end_server(3)
        assert shim.wait() == 3


def test_server_that_closes_stdin_and_lives_on(home):
    """What the client still writes is lost, and no reason to end: the server may have more to say."""
    with Shim(home) as shim:
        shim.server.close_reading()
        with contextlib.suppress(BrokenPipeError):
            shim.client.send(b"nobody hears this\n" * 10)
        time.sleep(0.3)
        shim.server.send(b"but I speak\n")
        assert shim.client.line() == b"but I speak\n"
        idle(shim.pid, 0.5)
        shim.end_server(0)
        assert shim.client.rest() == b"" and shim.wait() == 0


def test_grandchild_that_holds_stdout(home):
    """The server has ended, a left-over child of it holds the pipe: waited for within a bound, then it goes, too."""
    with Shim(home, command=["sh", "-c", "sleep 30 & echo here; exit 6"]) as shim:
        assert shim.client.line() == b"here\n"
        start = time.monotonic()
        assert shim.wait(10) == 6
        took = time.monotonic() - start
        assert took < 6, f"{took:.1f} s"
        assert shim.client.rest() == b""
        nothing_left(home)


def test_grandchild_that_holds_stdout_and_ignores_sigterm(home):
    with Shim(home, command=["sh", "-c", "trap '' TERM; sleep 30 & echo here; exit 6"]) as shim:
        assert shim.client.rest() == b"here\n"
        assert shim.wait(6) == 6
        nothing_left(home, 5)


def test_grandchild_that_talks_on(home):
    """A left-over that writes all the time: the wait is bounded all the same."""
    with Shim(home, command=["sh", "-c", "while :; do echo more; sleep 0.1; done & exit 6"]) as shim:
        assert shim.client.line() == b"more\n"
        _, status = at_once(lambda: shim.client.rest(12), lambda: shim.wait(10), timeout=14)
        assert status == 6
        nothing_left(home, 5)


def test_grandchild_that_says_something_late(home):
    with Shim(home, command=["sh", "-c", "(sleep 0.3; echo late) & echo first; exit 0"]) as shim:
        assert shim.client.rest() == b"first\nlate\n"
        assert shim.wait() == 0
        nothing_left(home)


# -- the end of the client ---------------------------------------------------------------------------------------------------------------

def test_V05_client_closes_stdin(home):
    with Shim(home, command=script(home, SERVER)) as shim:
        shim.client.send(call(1))
        assert shim.client.message()["id"] == 1
        start = time.monotonic()
        shim.client.close_writing()
        assert shim.client.rest() == b"" and shim.wait() == 0
        assert time.monotonic() - start < 1
        nothing_left(home)


def test_V05_sigterm(home):
    with Shim(home, command=script(home, SERVER)) as shim:
        shim.client.send(call(1))
        assert shim.client.message()["id"] == 1
        start = time.monotonic()
        os.kill(shim.pid, signal.SIGTERM)
        assert shim.wait() == 128 + signal.SIGTERM
        assert shim.client.rest() == b""
        assert time.monotonic() - start < 1
        nothing_left(home)


def test_V05_sigint_and_sighup(home):
    for number in (signal.SIGINT, signal.SIGHUP):
        with Shim(home, command=["sh", "-c", "echo ready; exec sleep 30"]) as shim:
            ready(shim)
            os.kill(shim.pid, number)
            assert shim.wait(2) == 128 + number
            nothing_left(home)


def test_V05_no_zombies(home):
    """Neither of the server, nor of anything of our own, during and after."""
    with Shim(home) as shim:
        shim.exchange(call(1))
        time.sleep(0.3)
        assert zombies(shim.pid) == []
        shim.finish()
    assert zombies(os.getpid()) == []


def test_V05_no_zombies_of_relays(home):
    """Without hooks the recorder starts the relay, again and again where it ends: what it started for that is gone."""
    env = home.env(OTEL_TRACES_EXPORTER="none", SPANHOOK_RELAY_LINGER_SECONDS="30")
    lock, seen = home.state / "ops" / "relay.lock", set()

    def another():
        """A relay that was not seen before: the lock's text may be that of one that has ended."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text().split()[0])
            if pid not in seen and b"relay" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None

    with Shim(home, env=env) as shim:
        for number in range(3):
            deadline = time.monotonic() + 10
            while not (pid := another()):
                assert time.monotonic() < deadline, f"no relay was started for call {number}"
                shim.exchange(call(number))
                time.sleep(0.2)
            seen.add(pid)
            os.kill(pid, signal.SIGTERM)
            until(lambda: not pathlib.Path(f"/proc/{pid}").exists() or stat_of(pid)[0] == "Z", what="end of the relay")
        shim.exchange(call(3))
        recorder = recorder_of(shim)
        until(lambda: zombies(recorder) == [], 3, f"end of all zombies below {recorder}")
        shim.finish()


def test_signals_go_to_the_server_once(home):
    """A server that handles them goes on, and the shim with it."""
    text = ("import os, signal, time\n"
            "def tell(number, frame):\n"
            "    os.write(1, b'%d\\n' % number)\n"
            "for number in (1, 2, 3, 10, 12, 15):\n"
            "    signal.signal(number, tell)\n"
            "os.write(1, b'ready\\n')\n"
            "while os.read(0, 100):\n"
            "    pass\n")
    with Shim(home, command=script(home, text)) as shim:
        ready(shim)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT, signal.SIGTERM):
            os.kill(shim.pid, number)
            assert shim.client.line(3) == b"%d\n" % number
            shim.client.silent(0.1)
        shim.client.close_writing()
        assert shim.client.rest() == b"" and shim.wait() == 0


def test_sigterm_that_the_server_answers_with_a_status(home):
    with Shim(home, command=["sh", "-c", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done"]) as shim:
        ready(shim)
        os.kill(shim.pid, signal.SIGTERM)
        assert shim.wait(3) == 3
        nothing_left(home)


def chain(home, text=SERVER):
    """claude → npx → sh → node: the server is the grandchild of shells that do not exec."""
    inner = " ".join(script(home, text))
    return ["sh", "-c", f"sh -c '{inner}; exit $?'; exit $?"]


def test_R5_chain_ends_at_eof(home):
    with Shim(home, command=chain(home)) as shim:
        shim.client.send(call(1))
        assert shim.client.message()["id"] == 1
        assert len(processes(home)) >= 4
        shim.client.close_writing()
        assert shim.wait(2) == 0
        nothing_left(home)


def test_R5_chain_ends_at_sigterm(home):
    with Shim(home, command=chain(home)) as shim:
        shim.client.send(call(1))
        assert shim.client.message()["id"] == 1
        os.kill(shim.pid, signal.SIGTERM)
        assert shim.wait(2) == 128 + signal.SIGTERM
        nothing_left(home)


def test_R5_chain_ends_with_the_shim_killed(home):
    with Shim(home, command=chain(home, DEAF)) as shim:
        ready(shim)
        os.kill(shim.pid, signal.SIGKILL)
        nothing_left(home, 4)


def test_R5_shim_killed(home):
    """PDEATHSIG or the recorder: a server that knows neither EOF nor SIGTERM goes with the shim."""
    with Shim(home, command=script(home, DEAF)) as shim:
        ready(shim)
        os.kill(shim.pid, signal.SIGKILL)
        nothing_left(home, 4)


def test_R5_shim_and_recorder_killed(home):
    """Nobody of ours is left to see to it: the kernel tells the server."""
    with Shim(home, command=["sh", "-c", "echo ready; exec sleep 30"]) as shim:
        ready(shim)
        for pid in sorted(shims(home), key=lambda pid: pid == shim.pid):
            os.kill(pid, signal.SIGKILL)
        nothing_left(home, 2)


def test_signals_go_to_the_whole_group(home):
    """A shell that waits for its child hears of SIGTERM only afterwards: the child must be told, too."""
    inner = " ".join(script(home, "import os, signal, time\n"
                                  "signal.signal(signal.SIGTERM, lambda *ignored: (os.write(1, b'told\\n'), os._exit(0)))\n"
                                  "os.write(1, b'ready\\n')\n"
                                  "time.sleep(30)\n"))
    with Shim(home, command=["sh", "-c", f"trap : TERM; {inner}; exit 4"]) as shim:
        ready(shim)
        os.kill(shim.pid, signal.SIGTERM)
        assert shim.client.line(2) == b"told\n"
        assert shim.wait(2) == 4
        nothing_left(home)


def test_R5_group_of_the_shim_killed(home):
    """killpg SIGKILL at the shim's group, as the Python client does."""
    with Shim(home, command=chain(home, DEAF), start_new_session=True) as shim:
        ready(shim)
        os.killpg(shim.pid, signal.SIGKILL)
        nothing_left(home, 4)


def test_R5_group_of_the_shim_terminated(home):
    with Shim(home, command=chain(home), start_new_session=True) as shim:
        shim.client.send(call(1))
        assert shim.client.message()["id"] == 1
        os.killpg(shim.pid, signal.SIGTERM)
        assert shim.wait(2) == 128 + signal.SIGTERM
        nothing_left(home)


def test_R5_closing_as_the_typescript_client_does(home):
    """End of stdin, 2 s, SIGTERM, 2 s, SIGKILL, to the shim alone; the server knows none of it."""
    with Shim(home, command=chain(home, DEAF)) as shim:
        ready(shim)
        shim.client.close_writing()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                shim.wait(2)
                break
            os.kill(shim.pid, number)
        shim.wait(2)
        nothing_left(home, 4)


def test_R5_closing_as_the_python_client_does(home):
    """killpg SIGTERM, then, after 2 s, killpg SIGKILL."""
    with Shim(home, command=chain(home, DEAF), start_new_session=True) as shim:
        ready(shim)
        shim.client.close_writing()
        os.killpg(shim.pid, signal.SIGTERM)
        try:
            shim.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(shim.pid, signal.SIGKILL)
            shim.wait(2)
        nothing_left(home, 4)


def test_R5_server_that_ignores_sigterm_and_eof(home):
    """The client has closed and sent SIGTERM, and then is gone itself: the shim escalates on its own."""
    with Shim(home, command=script(home, DEAF)) as shim:
        ready(shim)
        shim.client.close()
        os.kill(shim.pid, signal.SIGTERM)
        nothing_left(home, 15)
        assert shim.wait() == 128 + signal.SIGKILL


def test_R5_agent_dies(home):
    """No signal, only EOF: a server that does not care for it must not live for ever."""
    with Agent(home) as agent, Shim(home, command=script(home, DEAF), agent=agent) as shim:
        ready(shim)
        os.kill(agent.process.pid, signal.SIGKILL)
        shim.process.returncode = 0  # nobody is there to ask
        shim.client.close()
        nothing_left(home, 15)


def test_R5_agent_dies_with_the_pipes_full(home):
    """A server that has never read: the shim, which cannot pass on what it has, must see all the same that nobody is there."""
    with Agent(home) as agent, Shim(home, command=["sh", "-c", "echo ready; exec sleep 60"], agent=agent) as shim:
        ready(shim)
        assert stuff(shim.client) > 65536
        os.kill(agent.process.pid, signal.SIGKILL)
        shim.process.returncode = 0  # nobody is there to ask
        shim.client.close()
        nothing_left(home, 8)


def test_R5_shim_killed_that_records_nothing(home):
    """Switched off is only the recording: a server that ignores TERM and EOF goes with the shim."""
    with Shim(home, command=script(home, DEAF), env=local(home) | {"OTEL_SDK_DISABLED": "true"}) as shim:
        ready(shim)
        os.kill(shim.pid, signal.SIGKILL)
        nothing_left(home, 5)


def test_R5_recorder_killed_and_then_the_shim(home):
    """The helper has died before: another sees to the end of a server that ignores TERM and EOF."""
    with Shim(home, command=script(home, DEAF)) as shim:
        ready(shim)
        killed = recorder_of(shim)
        os.kill(killed, signal.SIGKILL)
        time.sleep(0.3)
        os.kill(shim.pid, signal.SIGKILL)
        nothing_left(home, 5)


def test_R5_epipe_ends_a_flood(home):
    """The client has closed its end, the server goes on writing: it gets the EPIPE that it would have got without us."""
    with Shim(home, command=script(home, FLOOD)) as shim:
        shim.client.take(100_000)
        shim.client.close_reading()
        assert shim.wait(5) in (1, 128 + signal.SIGPIPE)
        nothing_left(home)


def test_R5_epipe_ignored_by_the_server(home):
    """The server swallows its EPIPE and goes on: no busy loop of ours, and SIGTERM still ends it."""
    text = "import os, time\nwhile True:\n    try:\n        os.write(1, b'x' * 1000 + b'\\n')\n    except OSError:\n        time.sleep(0.02)\n"
    with Shim(home, command=script(home, text)) as shim:
        shim.client.take(10_000)
        shim.client.close_reading()
        time.sleep(0.3)
        if shim.process.poll() is None:
            idle(shim.pid, 1)
            os.kill(shim.pid, signal.SIGTERM)
        shim.wait(3)
        nothing_left(home)


def test_R5_reader_gone_while_the_server_is_quiet(home):
    """The closed end alone must not wake us all the time; the next line of the server finds it out."""
    with Shim(home) as shim:
        shim.client.close_reading()
        idle(shim.pid, 1)
        shim.client.send(call(1))
        assert shim.server.line()
        with contextlib.suppress(BrokenPipeError):
            for _ in range(100):
                shim.server.send(b"x" * 10_000)
                time.sleep(0.005)
            raise AssertionError("the server never sees that its reader is gone")
        shim.client.close_writing()
        shim.end_server(0)
        shim.wait(3)
        nothing_left(home)


def test_R5_idle_uses_no_processor(home):
    """While nothing happens for 2 s, neither the shim nor its recorder uses any."""
    with Shim(home, "--name", "x") as shim:
        shim.exchange(call(1))
        time.sleep(0.5)
        before = {pid: cpu_ticks(pid) for pid in shims(home)}
        assert shim.pid in before
        time.sleep(2)
        used = {pid: cpu_ticks(pid) - ticks for pid, ticks in before.items()}
        assert max(used.values()) <= 1, used
        shim.finish()


def test_R5_idle_while_a_peer_is_full(home):
    """Bytes that cannot go on must not be asked for again and again."""
    with Shim(home) as shim:
        for end in (shim.client, shim.server):
            stuff(end)
        idle(shim.pid, 2)


def test_R5_idle_after_the_client_has_closed(home):
    with Shim(home, stubborn=True) as shim:
        shim.client.close_writing()
        assert shim.server.rest() == b""
        idle(shim.pid, 1)
        shim.end_server(0)
        assert shim.wait(3) == 0


# -- the process that the server is ----------------------------------------------------------------------------------------------------------

def test_server_has_its_own_group(home):
    with Shim(home) as shim:
        fields, ours = stat_of(shim.server_pid), stat_of(shim.pid)
        assert int(fields[2]) == shim.server_pid and fields[2] != ours[2], (fields, ours)
        assert fields[3] == ours[3], "the session is the client's"
        shim.finish()


def test_server_stays_in_the_group_on_a_terminal(home):
    """A person at a terminal presses Ctrl-C: the terminal's signal must reach the server."""
    master, slave = pty.openpty()
    tell = "import os, signal, time; os.write(1, b'%d %d\\n' % (os.getpgrp(), os.getpid())); time.sleep(20)"
    child = subprocess.Popen([BINARY, "mcp", "--", *PYTHON, "-c", tell], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=local(home),
                             cwd=home.path, start_new_session=True)
    try:
        assert select.select([child.stdout], [], [], 10)[0]
        group, pid = map(int, child.stdout.readline().split())
        assert group == os.getpgid(child.pid) and group != pid, (group, pid)
        os.killpg(child.pid, signal.SIGTERM)
        assert child.wait(timeout=5) == 128 + signal.SIGTERM
        nothing_left(home)
    finally:
        child.stdout.close()
        os.close(master)
        os.close(slave)
        if child.poll() is None:
            child.kill()
            child.wait()
        end_all(home)


def test_server_inherits_nothing_but_its_three_descriptors(home):
    with Shim(home, stubborn=True) as shim:
        names = sorted(os.listdir(f"/proc/{shim.server_pid}/fd"), key=int)
        assert names == ["0", "1", "2", "3"], names  # 3 is the puppet's own
        shim.client.close_writing()
        shim.end_server()
        shim.wait()


def test_server_has_the_signals_that_the_shim_was_given(home):
    """Masks and ignored signals are inherited: ours must not leak, and the client's must not be lost."""
    def seen(*command, **options):
        text = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=local(home), timeout=10, **options).stdout.decode()
        return re.findall(r"Sig(?:Blk|Ign|Cgt):\s+(\w+)", text)

    def before():
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)

    plain = ["cat", "/proc/self/status"]
    for options in ({}, {"preexec_fn": before}, {"restore_signals": False}):
        assert seen(*plain, **options) == seen(BINARY, "mcp", "--", *plain, **options) != [], options


def ignore_sigchld():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def test_sigchld_ignored_by_the_client(home):
    """Then the system tells nobody that a child has ended, and how: the shim must learn it all the same. On one processor, as the child's
    end may come before anybody waits for it."""
    def before():
        ignore_sigchld()
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])

    for number in range(20):
        child = subprocess.Popen([BINARY, "mcp", "--", "/nowhere/at/all"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=local(home), cwd=home.path, preexec_fn=before)
        home.children.append(child)
        assert child.wait(timeout=5) == 127, f"start {number}: {child.returncode}"
        child.stdin.close()
    nothing_left(home)


def test_sigchld_ignored_is_so_for_the_server(home):
    """What the client has set is the server's, as without us."""
    def ignored(*command):
        shown = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=local(home), timeout=10, preexec_fn=ignore_sigchld)
        return int(re.search(rb"SigIgn:\s+(\w+)", shown.stdout)[1], 16)

    plain = ["cat", "/proc/self/status"]
    direct, shimmed = ignored(*plain), ignored(BINARY, "mcp", "--", *plain)
    assert direct == shimmed and direct & 1 << (signal.SIGCHLD - 1), f"{direct:x} without, {shimmed:x} with"


def test_recorder_holds_none_of_the_clients_pipes(home):
    """Whoever waits for EOF on them must not wait for our own helper."""
    with Shim(home) as shim:
        shim.exchange(call(1))
        pipes = {f"pipe:[{os.fstat(end).st_ino}]" for end in (shim.client.reads, shim.client.writes)}
        others = [pid for pid in shims(home) if pid != shim.pid]
        for pid in others:
            held = set(open_files(pid).values())
            assert not held & pipes, (held, pipes)
            assert stat_of(pid)[3] != stat_of(shim.pid)[3], "the recorder is in the client's session"
        shim.finish()


def test_R9_start_is_not_delayed(home):
    """Time from the start of the shim to the first byte of the server, against the server alone."""
    def first_byte(command):
        start = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=local(home), cwd=home.path)
        assert child.stdout.read(1) == b"x"
        took = time.monotonic() - start
        child.stdin.close()
        child.stdout.close()
        child.wait(timeout=10)
        return took

    plain = ["sh", "-c", "printf x"]
    direct = statistics.median(first_byte(plain) for _ in range(15))
    shimmed = statistics.median(first_byte([BINARY, "mcp", "--name", "x", "--", *plain]) for _ in range(15))
    assert shimmed - direct < 0.02, f"{direct * 1000:.1f} ms without, {shimmed * 1000:.1f} ms with"


def test_R9_start_does_not_wait_for_the_state_folder(home):
    """The server is started before anything of ours is opened."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    trace = home.path / "trace"
    traced = [strace, "-f", "-o", trace, "-e", "trace=execve,fork,vfork,clone,clone3,open,openat,mkdir,mkdirat,socket,connect"]
    ended = subprocess.run([*traced, BINARY, "mcp", "--name", "x", "--", "/bin/true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env=local(home) | {"ASAN_OPTIONS": "detect_leaks=0"}, timeout=30)
    lines = trace.read_text().splitlines() if trace.exists() else []
    if not any("execve" in line for line in lines):
        raise Skip("strace cannot trace here: " + ended.stderr.decode(errors="replace")[:200])
    assert ended.returncode == 0, ended
    main, server = lines[0].split()[0], next(line for line in lines if 'execve("/bin/true"' in line).split()[0]
    started = next(number for number, line in enumerate(lines) if line.split()[0] == main and re.search(r"(fork|clone)\w*\(", line))
    early = [line for line in lines[1:started] if "/dev/null" not in line]
    assert not early, early
    returned = next(line for line in lines[started:] if line.split()[0] == main and re.search(r"(fork|clone).* = \d+$", line))
    assert returned.endswith(f" {server}"), f"the first process is not the server: {lines[:started + 3]}"


# -- environment -------------------------------------------------------------------------------------------------------------------------

def bare(home, *names):
    values = {"HOME": str(home.path), "LOGNAME": "dev", "PATH": os.environ["PATH"], "SHELL": "/bin/sh", "TERM": "dumb", "USER": "dev"}
    return {name: values[name] for name in names}


def environment_of(pid):
    pairs = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def test_environment_of_six_variables(home):
    environment = bare(home, "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
    with Shim(home, "--name", "db", env=environment) as shim:
        line = bytes_of(call(1))
        assert spliced(line, shim.exchange(call(1)))
        assert environment_of(shim.server_pid) == environment
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert span["mcp.server.name"] == "db" and span.name == "tools/call query", span


def test_R11_only_path_and_all_by_arguments(home):
    """No HOME, nothing: name, session and state folder come by argv."""
    home.state = home.path / "elsewhere"
    environment = {"PATH": f"{os.environ['PATH']}:{home.path}"}
    with Shim(home, "--name", "db", "--session", "from-argv", "--state", home.state, env=environment) as shim:
        assert spliced(bytes_of(call(1)), shim.exchange(call(1)))
        shim.finish()
    [span] = mcp_spans(home, 1, env=local(home) | {"SPANHOOK_HOME": str(home.state)})
    assert span["mcp.server.name"] == "db" and span["session.id"] == "from-argv", span
    assert not (home.path / ".local").exists()


def test_only_path_and_no_arguments(home):
    """Nowhere to record to: the wire works all the same."""
    environment = {"PATH": f"{os.environ['PATH']}:{home.path}"}
    with Shim(home, env=environment) as shim:
        for number in range(5):
            spliced(bytes_of(call(number)), shim.exchange(call(number)))
        shim.finish(3)


def test_environment_is_handed_on(home):
    """Nothing is added (a TRACEPARENT for the process would be wrong), nothing is taken."""
    environment = local(home) | {"FOO": "bar", "EMPTY": "", "KIRO_SESSION_ID": "s"}
    with Shim(home, "--session", "x", env=environment) as shim:
        assert environment_of(shim.server_pid) == environment
        assert os.readlink(f"/proc/{shim.server_pid}/cwd") == str(home.path)
        shim.finish()


# -- recording fails ---------------------------------------------------------------------------------------------------------------------

def dialogue(home, status=0, env=None, options=(), calls=40, between=None):
    """Calls with injection, as far as there is a trace to tell of; every byte is checked, and so are the exit status and what is left."""
    with Shim(home, *options, env=env) as shim:
        for number in range(calls):
            line = bytes_of(call(number, "q", {"text": "x" * (number * 100)}))
            spliced(line, shim.to_server(line), lambda line: ("either", *verdict(line)))
            assert shim.to_client(bytes_of(result(number))) == bytes_of(result(number))
            noise = b"\xff noise\n"
            assert shim.to_client(noise) == noise
            if between and number == calls // 2:
                between(shim)
        shim.finish(status)
        assert shim.stderr() == b"", shim.stderr()


def test_V06_state_folder_missing(home):
    assert not home.state.exists()
    dialogue(home, 3)
    mcp_spans(home, 40)


def test_V06_state_folder_cannot_be_made(home):
    (home.path / ".local").write_text("in the way")
    dialogue(home, 3)


def test_V06_state_folder_is_a_file(home):
    home.state.parent.mkdir(parents=True)
    home.state.write_text("in the way")
    dialogue(home, 3)
    assert home.state.read_text() == "in the way"


def test_V06_state_folder_is_not_ours(home):
    """Writable for all: refused as by the hook, and none of the wire's business."""
    home.state.mkdir(parents=True)
    home.state.chmod(0o777)
    dialogue(home, 3)
    assert not list(home.state.rglob("*.log"))


def test_V06_state_folder_read_only(home):
    folder = small_disk(home, "256k")
    try:
        send(home, prompt("before"), env=quiet(home))
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        dialogue(home, 3)
    finally:
        drop_disk(home)


def test_V06_disk_full(home):
    folder = small_disk(home, "128k")
    try:
        send(home, prompt("before"), env=quiet(home))
        filler = fill(folder)
        dialogue(home, 3)
        counters = home.counters()
        assert counters["dropped_enospc"] >= 1, counters
        filler.unlink()
        dialogue(home, 3, calls=4)
    finally:
        drop_disk(home)


def test_V06_disk_full_in_the_middle(home):
    folder = small_disk(home, "128k")
    try:
        send(home, prompt("before"), env=quiet(home))
        dialogue(home, 3, between=lambda shim: fill(folder))
    finally:
        drop_disk(home)


def test_V06_state_folder_deleted_in_the_middle(home):
    dialogue(home, 3, between=lambda shim: shutil.rmtree(home.state, ignore_errors=True))


def test_R10_recorder_killed(home):
    """Our helper dies: the wire, the exit status and the end of all processes are as ever."""
    def kill(shim):
        others = [pid for pid in shims(home) if pid != shim.pid]
        for pid in others:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)

    dialogue(home, 3, between=kill)


def test_R10_recorder_stopped(home):
    """It hangs as on a dead disk: nobody waits for it."""
    def halt(shim):
        for pid in shims(home):
            if pid != shim.pid:
                os.kill(pid, signal.SIGSTOP)

    with Shim(home) as shim:
        shim.exchange(call(0))
        halt(shim)
        for number in range(1, 3000):
            line = bytes_of(call(number))
            assert spliced(line, shim.to_server(line))
            assert shim.to_client(bytes_of(result(number))) == bytes_of(result(number))
        shim.client.close_writing()
        assert shim.server.rest() == b""
        shim.end_server(3)
        assert shim.client.rest() == b""
        assert shim.wait(5) == 3


def test_R10_recorder_slow(home):
    """Every write of it takes 20 ms, as on a dying disk: it does not set the pace, not even when no more can be told to it."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    with Shim(home, command=["cat"]) as shim:
        shim.client.send(call(0))
        shim.client.line()
        tracer = subprocess.Popen([strace, "-q", "-p", str(recorder_of(shim)), "-e", "trace=write,writev,pwrite64", "-e",
                                   "inject=write,writev,pwrite64:delay_enter=20000", "-o", "/dev/null"], stderr=subprocess.PIPE)
        home.children.append(tracer)
        traced = f"TracerPid:\t{tracer.pid}\n"
        until(lambda: tracer.poll() is not None or traced in pathlib.Path(f"/proc/{recorder_of(shim)}/status").read_text(), what="strace")
        if tracer.poll() is not None:
            raise Skip("strace cannot trace here: " + tracer.stderr.read().decode(errors="replace")[:200])
        took, late, start = [], 0, time.monotonic()
        while (now := time.monotonic()) - start < 5:
            line = bytes_of(call(len(took) + 1))
            shim.client.send(line)
            shim.client.line()
            took.append(time.monotonic() - now)
            late += now - start > 1  # what can be told at all is by then
        assert statistics.median(took) < 0.01, f"median {statistics.median(took) * 1000:.2f} ms"
        assert late > 2000, f"only {late} round trips in 4 s: the recorder sets the pace"
        tracer.kill()
        tracer.wait(timeout=10)
        tracer.stderr.close()


def test_R10_no_processes_to_be_had(home):
    """A limit that lets the server start but nothing else: the wire comes first."""
    def limit():
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    with Shim(home, preexec_fn=limit, command=script(home, SERVER.replace("sys.exit(status)", "os._exit(status)"))) as shim:
        for number in range(5):
            shim.client.send(call(number))
            assert shim.client.message()["id"] == number
        shim.client.close_writing()
        assert shim.client.rest() == b"" and shim.wait() == 0
        nothing_left(home)


def test_switched_off_by_the_environment(home):
    """As for the hook: a relay of bytes and no more."""
    with Shim(home, env=local(home) | {"OTEL_SDK_DISABLED": "true"}) as shim:
        shim.exchange(call(1))
        shim.finish(3)
    assert home.ops() == []
