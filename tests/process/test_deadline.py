"""One slow system call must not hold up the agent: strace delays each kind of call that a hook makes by 4 s, once and every time. What the
hook takes beyond the delayed call's own wait stays under 1 s. Where every call of a kind is slow, the deadline ends the hook at the first one
after it is armed; arming it takes calls, too, so that two of them may have been waited for."""

import concurrent.futures
import os
import re
import shutil
import subprocess
import time

from events import compact, post, prompt, quiet, send, spawn
from harness import BINARY, Home, Skip, frames

DELAY = 4.0
ALLOWED = 1.0
AT_A_TIME = 16
STRACE = shutil.which("strace")


def names_of_calls(home, env, payload):
    """The names of the system calls that one hook run makes, as strace sees them."""
    trace = home.path / "trace"
    result = subprocess.run([STRACE, "-o", trace, BINARY, "hook"], input=payload, env=env, capture_output=True, timeout=30)
    lines = trace.read_text(errors="replace").splitlines() if trace.exists() else []
    names = {match.group(1) for line in lines if (match := re.match(r"(\w+)\(", line))}
    if not names:
        raise Skip("strace cannot trace here: " + result.stderr.decode(errors="replace")[:200])
    return names


def timed(name, when, relay, payload, prepare):
    """One hook under a delay, in a home of its own; returns the seconds until exit and EOF on both pipes, and its exit status."""
    home = Home()
    try:
        for earlier in prepare:
            send(home, earlier, within=10, env=quiet(home))
        env = home.env(SPANHOOK_RELAY_LINGER_SECONDS="1") if relay else quiet(home)
        trace = os.path.join(home.path, "trace")
        command = [STRACE, "-o", trace, "-e", f"trace={name}", "-e", f"inject={name}:delay_enter={int(DELAY * 1e6)}:when={when}", BINARY, "hook"]
        start = time.monotonic()
        result = subprocess.run(command, input=payload, env=env, capture_output=True, timeout=120)
        return time.monotonic() - start, result, frames(b"".join(path.read_bytes() for path in (home.state / "ops").glob("*.log")))
    finally:
        home.close()


def delayed_runs(home, relay):
    if not STRACE:
        raise Skip("strace is not installed")
    env = home.env(SPANHOOK_RELAY_LINGER_SECONDS="1") if relay else quiet(home)
    payload = compact(prompt("delayed"))
    names = names_of_calls(home, env, payload)               # the first run of a home: folders are made
    names |= names_of_calls(home, env, payload)              # and one that finds them there
    cases = [(name, when, first) for name in sorted(names) for when in ("1", "1+") for first in (True, False)]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        runs = {case: pool.submit(timed, case[0], case[1], relay, payload, () if case[2] else (spawn(),)) for case in cases}
    wrong = []
    for (name, when, first), run in runs.items():
        took, result, ops = run.result()
        waits = 2 if when == "1+" and name.startswith("rt_sig") else 1
        if took - waits * DELAY >= ALLOWED:
            wrong.append(f"{name} when={when} {'first run' if first else 'later run'}: {took:.2f} s")
        if (result.returncode, result.stdout) != (0, b"") or (result.stderr and b"strace" not in result.stderr):
            wrong.append(f"{name} when={when}: exit {result.returncode}, stdout {result.stdout[:80]!r}, stderr {result.stderr[:80]!r}")
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n      " + "\n      ".join(wrong)
    print(f"    {len(cases)} runs over {len(names)} kinds of calls: {' '.join(sorted(names))}")


def test_each_call_delayed_by_4_s(home):
    delayed_runs(home, relay=False)


def test_each_call_delayed_by_4_s_while_starting_a_relay(home):
    delayed_runs(home, relay=True)


def test_delay_with_a_large_payload(home):
    """Reading in pieces: a delay at every read adds up unless a deadline ends it. The agent's pipe is drained all the same."""
    if not STRACE:
        raise Skip("strace is not installed")
    payload = compact(post(response={"items": [{"Text": "x" * 2_000_000}]}))
    took, result, _ = timed("read,poll,ppoll,readv,recvfrom", "1+", False, payload, ())
    assert (result.returncode, result.stdout) == (0, b""), result
    assert took - DELAY < ALLOWED, f"{took:.2f} s"
