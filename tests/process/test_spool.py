"""Op log, archive and cursor under faults: fault rows S*, by meaning, on the release binary.

The rows speak of a shared spool with sealed segments; here a session's log is the segment, the archive file the sealed one, the cursor
(and ops/<key>.pos) the offset."""

import hashlib
import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

from events import (BINARY, SESSION, Batch, call, compact, drop_disk, fill, frame, local, only_log, post, pre, prompt, quiet, send, small_disk, spawn, stop)
from harness import Backend, RawServer, Skip, until


# -- helpers ---------------------------------------------------------------------------------------------------------------------------

def previews(home):
    return [op["a"]["prompt.preview"] for op in home.ops() if op["op"] == "prompt"]


def named_points(session, count, first=0):
    """Hand-made ops: `count` point events with the names p0, p1, … each its own span id."""
    base = 1_790_000_000_000_000_000
    return [{"v": 1, "op": "point", "id": hashlib.sha256(f"{session}/{number}".encode()).hexdigest()[:16], "t": base + number * 1_000_000,
             "m": 1 + number * 1_000_000, "s": session, "agent": "kiro", "event": f"p{number}"} for number in range(first, first + count)]


def log_path(home, session):
    return home.state / "ops" / (hashlib.sha256(session.encode()).hexdigest()[:32] + ".log")


def make_state(home):
    """The folders as the product makes them, so that logs can be put there by hand."""
    send(home, b"", env=quiet(home))
    assert (home.state / "ops").is_dir()


def put_log(home, ops, session=None):
    path = log_path(home, session or ops[0]["s"])
    with open(path, "ab") as out:
        out.write(b"".join(frame(op) for op in ops))
    path.chmod(0o600)
    return path


def points_sent(backend):
    return [(span["name"], span["spanId"]) for _, span in backend.spans() if span["name"].startswith("event.p")]


def archived_points(home):
    return [span["name"] for _, span in home.archive() if span["name"].startswith("event.p")]


def relay(home, env=None, **options):
    return call(home, ("relay",), env=env, **options)


def expect_points(names, count):
    missing = {f"event.p{number}" for number in range(count)} - set(names)
    assert not missing, f"{len(missing)} of {count} are missing: {sorted(missing)[:5]}"


# -- the log's writer --------------------------------------------------------------------------------------------------------------------

def test_S01_disk_full_in_mid_record(home):
    folder = small_disk(home, "64k")
    try:
        kept = 0
        for number in range(200):
            send(home, prompt(f"{number:04d} " + "x" * 190), env=quiet(home))
            found = len(previews(home))
            if found == kept:
                break
            kept = found
        assert 10 < kept < 200, kept
        for number in range(5):
            send(home, prompt(f"lost {number}" + "x" * 190), env=quiet(home))
        assert len(previews(home)) == kept
        assert home.counters()["dropped_enospc"] >= 5, home.counters()
        # space comes back: what was there is there, the torn frame costs itself, the next record is whole
        subprocess.run(["mount", "-o", "remount,size=256k", folder], check=True)
        send(home, prompt("after"), env=quiet(home))
        texts = previews(home)
        assert len(texts) == kept + 1 and texts[-1] == "after"
        assert [text[:4] for text in texts[:-1]] == [f"{number:04d}" for number in range(kept)]
    finally:
        drop_disk(home)


def test_S01_torn_frame_costs_only_itself(home):
    """A frame cut at every length, with a whole one behind it: the reader finds exactly the others."""
    make_state(home)
    ops = named_points("torn", 60)
    whole = [frame(op) for op in ops]
    parts = [whole[0]]
    for number in range(1, 59):
        parts.append(whole[number][:number * len(whole[number]) // 60])
        parts.append(frame({**ops[number], "event": f"q{number}"}))
    parts.append(whole[59])
    log_path(home, "torn").write_bytes(b"".join(parts))
    log_path(home, "torn").chmod(0o600)
    home.flush(env=local(home))
    names = {span["name"] for _, span in home.archive()}
    assert {"event.p0", "event.p59"} <= names
    assert {f"event.q{number}" for number in range(1, 59)} <= names
    assert not any(f"event.p{number}" in names for number in range(1, 59))
    assert home.counters()["frame_bad"] >= 50


def test_S02_disk_full_for_the_relay(home):
    """With the archive's disk full the relay keeps what it has, says so, goes on delivering, and archives when space is back."""
    folder = small_disk(home, "512k")
    try:
        with Backend() as backend:
            environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
            send(home, spawn(), env=quiet(home))
            send(home, prompt(), env=quiet(home))
            assert home.flush(env=environment).returncode == 0
            first = {span["spanId"] for _, span in backend.spans()}
            assert first
            for number in range(20):
                send(home, post(f"p{number}"), env=quiet(home))
            filler = fill(folder)
            flushed = home.flush("--timeout", "3", env=environment)
            assert flushed.returncode == 1 and flushed.stderr.count(b"\n") == 1, flushed
            assert home.counters()["archive_errors"] >= 1
            filler.unlink()
            assert home.flush(env=environment).returncode == 0
            names = {span["name"] for _, span in backend.spans()}
            assert {f"tool.p{number}" for number in range(20)} <= names
            for path in (folder / "traces").glob("*.jsonl"):
                for line in path.read_bytes().splitlines():
                    json.loads(line)
    finally:
        drop_disk(home)


def test_S02_cursor_cannot_be_stored(home):
    """A failed cursor write costs duplicates only."""
    make_state(home)
    put_log(home, named_points("cursor", 50))
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        assert home.flush(env=environment).returncode == 0
        cursors = home.state / "cursors"
        put_log(home, named_points("cursor", 10, first=50))
        shutil.rmtree(cursors)
        cursors.write_text("in the way")
        home.flush("--timeout", "3", env=environment)
        cursors.unlink()
        assert home.flush(env=environment).returncode == 0
        sent = points_sent(backend)
        expect_points([name for name, _ in sent], 60)
        assert len(set(sent)) == 60, "a duplicate has another id"


def test_S03_errors_of_the_write(home):
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    send(home, prompt("before"), env=quiet(home))
    expected = {"EDQUOT": "dropped_enospc", "ENOSPC": "dropped_enospc", "EROFS": "dropped_io", "EIO": "dropped_io"}
    for error, counter in expected.items():
        count = home.counters()[counter]
        trace = home.path / "trace"
        result = subprocess.run([strace, "-o", trace, "-P", only_log(home), "-e", f"inject=write:error={error}", BINARY, "hook"],
                                input=compact(prompt(f"lost {error}")), env=quiet(home), capture_output=True, timeout=30)
        assert result.returncode == 0 and result.stdout == b"", result
        assert error in trace.read_text()
        assert home.counters()[counter] == count + 1, (error, counter, home.counters())
    send(home, prompt("after"), env=quiet(home))
    assert previews(home) == ["before", "after"]


def test_S03_read_only_file_system(home):
    folder = small_disk(home, "256k")
    try:
        send(home, prompt("before"), env=quiet(home))
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        send(home, prompt("lost"), env=quiet(home))
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        send(home, prompt("after"), env=quiet(home))
        assert previews(home) == ["before", "after"]
    finally:
        drop_disk(home)


def test_S04_short_write(home):
    """RLIMIT_FSIZE makes real short writes: the whole frame is tried once more, else dropped; its rest never comes later."""
    send(home, prompt("first"), env=quiet(home))
    size = only_log(home).stat().st_size
    limit = size + 60
    send(home, prompt("cut " * 40), env=quiet(home), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert only_log(home).stat().st_size in (size, limit)
    assert home.counters()["dropped_enospc"] == 1
    for number in range(3):
        send(home, prompt(f"later {number}"), env=quiet(home))
    assert previews(home) == ["first", "later 0", "later 1", "later 2"]
    home.flush(env=local(home))
    assert sum(span["name"] == "user.prompt" for _, span in home.archive()) == 4


def test_S04_whole_frame_once_more(home):
    """The first write is cut short and the second could succeed: the whole frame is there, once."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    send(home, prompt("first"), env=quiet(home))
    trace = home.path / "trace"
    result = subprocess.run([strace, "-o", trace, "-P", only_log(home), "-e", "inject=write:retval=10:when=1", BINARY, "hook"],
                            input=compact(prompt("second")), env=quiet(home), capture_output=True, timeout=30)
    assert (result.returncode, result.stdout) == (0, b""), result
    assert "INJECTED" in trace.read_text()
    assert previews(home) == ["first", "second"]
    assert home.counters()["dropped_enospc"] == 0


def test_S05_interrupted_calls_are_repeated(home):
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    send(home, prompt("zero"), env=quiet(home))
    for number, name in enumerate(("write", "openat", "flock", "read", "close")):
        trace = home.path / "trace"
        result = subprocess.run([strace, "-o", trace, "-e", f"inject={name}:error=EINTR:when=1", BINARY, "hook"],
                                input=compact(prompt(f"number {number}")), env=quiet(home), capture_output=True, timeout=30)
        assert (result.returncode, result.stdout) == (0, b""), (name, result)
    assert previews(home) == ["zero", *(f"number {number}" for number in range(5))]


def test_S06_hook_killed_at_each_system_call(home):
    """Not yet written: absent. Written: present. Never half, and the one after it is whole."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    send(home, prompt("zero"), env=quiet(home))
    trace = home.path / "trace"
    subprocess.run([strace, "-o", trace, BINARY, "hook"], input=compact(prompt("one")), env=quiet(home), capture_output=True, timeout=30)
    lines = [line for line in trace.read_text().splitlines() if "(" in line and not line.startswith(("+", "-"))]
    names = [line.split("(", 1)[0] for line in lines]
    # the first one goes to the session's log, the second one to the agent's
    write_at = min(number for number, line in enumerate(lines) if line.startswith("write(") and "S1 " in line)
    expected = ["zero", "one"]
    for number, name in enumerate(names):
        if name in ("execve", "exit_group"):
            continue
        occurrence = names[:number + 1].count(name)
        result = subprocess.run([strace, "-o", trace, "-e", f"inject={name}:signal=SIGKILL:when={occurrence}", BINARY, "hook"],
                                input=compact(prompt(f"{number}")), env=quiet(home), capture_output=True, timeout=30)
        assert result.stdout == b""
        if number > write_at:  # the kill comes before the call it is at
            expected.append(f"{number}")
        assert previews(home) == expected, (number, name)
    send(home, prompt("after"), env=quiet(home))
    assert previews(home) == [*expected, "after"]


# -- the relay ---------------------------------------------------------------------------------------------------------------------------

def test_S07_relay_killed_at_each_system_call(home):
    """SIGKILL at the n-th call of each kind that writes or sends, each also twice in a row: nothing lost, duplicates have equal ids."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    make_state(home)
    expected = killed = 0
    with Backend() as backend:
        backend.server.handle_error = lambda *ignored: None  # killed senders break their connections
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        for name in ("openat", "flock", "pwrite64", "write", "writev", "sendto", "sendmsg", "recvfrom", "recvmsg", "read", "connect", "ftruncate",
                     "unlinkat", "close", "fstat", "mmap", "poll", "ppoll", "getdents64"):
            for when in (1, 2, 3, 5, 8):
                put_log(home, named_points("points", 3, first=expected))
                expected += 3
                for _ in range(2):
                    # flush is the relay's loop in the foreground
                    result = subprocess.run([strace, "-f", "-o", home.path / "trace", "-e", f"inject={name}:signal=SIGKILL:when={when}", BINARY, "flush"],
                                            env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
                    killed += result.returncode == -signal.SIGKILL or result.returncode == 128 + signal.SIGKILL
        assert home.flush(env=environment).returncode == 0
        sent = points_sent(backend)
        expect_points([name for name, _ in sent], expected)
        assert len(set(sent)) == expected, "a duplicate has another id"
        expect_points(archived_points(home), expected)
        assert killed >= 40, f"only {killed} kills: this shows too little"


def test_S08_relay_killed_again_and_again(home):
    """A backlog drains although the relay is killed every few milliseconds, and no span is sent more than some ten times."""
    make_state(home)
    count = 4000
    put_log(home, named_points("points", count))
    rng = random.Random(8)
    with Backend() as backend:
        backend.server.handle_error = lambda *ignored: None
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        kills, deadline = 0, time.monotonic() + 30
        while time.monotonic() < deadline:
            child = relay(home, env=environment)
            time.sleep(rng.uniform(0.005, 0.06))
            child.kill()
            child.communicate()
            kills += 1
            if kills % 10 == 0 and len(set(points_sent(backend))) == count:
                break
        assert kills >= 10, "too few kills to show anything"
        assert home.flush(env=environment).returncode == 0
        sent = points_sent(backend)
        expect_points([name for name, _ in sent], count)
        assert len(set(sent)) == count, "a duplicate has another id"
        most = max(sum(1 for _ in group) for group in group_by_name(sent))
        assert most <= 12, f"a span was sent {most} times"


def group_by_name(sent):
    groups = {}
    for item in sent:
        groups.setdefault(item, []).append(item)
    return groups.values()


def test_S09_log_deleted_between_open_and_lock(home):
    """The hook has the log open and waits for its lock while the deleter unlinks it: the record goes into the log of that name, not into
    a file that nobody sees any more."""
    strace = shutil.which("strace")
    if not strace:
        raise Skip("strace is not installed")
    send(home, prompt("before"), env=quiet(home))
    path = only_log(home)
    trace = home.path / "trace"
    child = subprocess.Popen([strace, "-o", trace, "-e", "trace=flock", "-e", "inject=flock:delay_enter=700000:when=1", BINARY, "hook"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet(home))
    home.children.append(child)
    child.stdin.write(compact(prompt("after")))
    child.stdin.close()

    def opened():
        for pid in pathlib.Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split():
            try:
                if str(path) in [os.readlink(link) for link in pathlib.Path(f"/proc/{pid}/fd").iterdir()]:
                    return True
            except OSError:
                pass
        return False

    until(opened, timeout=5, what="the hook has the log open")
    path.unlink()
    send(home, prompt("meanwhile"), env=quiet(home))  # makes a new log of that name
    child.wait(timeout=20)
    assert (child.returncode, child.stdout.read()) == (0, b"")
    assert previews(home) == ["meanwhile", "after"]


def test_S09_writers_race_the_deleter(home):
    """Logs are deleted while hooks write to them: the inode check keeps every record. The clock of the files is set back so that the
    relay takes each log for old at once."""
    make_state(home)
    batch, sessions, deletions = Batch(home), 12, 0
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        running = threading.Event()
        running.set()

        def age():
            nonlocal deletions
            before = set()
            while running.is_set():
                logs = set((home.state / "ops").glob("*.log"))
                deletions += len(before - logs)
                before = logs
                for path in logs:
                    try:
                        os.utime(path, (1, 1))
                    except OSError:
                        pass
                time.sleep(0.002)

        def delete():
            while running.is_set():
                subprocess.run([BINARY, "flush", "--timeout", "2"], env=environment, capture_output=True)

        threads = [threading.Thread(target=age), threading.Thread(target=delete)]
        for thread in threads:
            thread.start()
        try:
            # some sessions write while others are quiet long enough to be deleted, and go on after that
            for number in range(60):
                batch.run([post(f"p{number * 16 + k}", session=f"session {(number + k % 4) % sessions}") for k in range(16)])
                time.sleep(0.03)
        finally:
            running.clear()
            for thread in threads:
                thread.join()
        batch.close()
        assert home.flush(env=environment).returncode == 0
        assert deletions >= 4, f"only {deletions} deletions seen: this shows nothing"
        names = {span["name"] for _, span in backend.spans()}
        missing = {f"tool.p{number}" for number in range(960)} - names
        assert not missing, f"{len(missing)} of 960 lost: {sorted(missing)[:5]}"


def test_S10_stopped_writer_holds_its_lock(home):
    """A writer stopped with the shared lock in hand: other sessions drain, its own after SIGCONT, and no hook waits."""
    make_state(home)
    put_log(home, named_points("stopped", 5))
    put_log(home, named_points("other", 5, first=5))
    path = log_path(home, "stopped")
    # the lock is taken by another program, as a stopped hook would hold it
    holder = subprocess.Popen(["flock", "-s", path, "sleep", "60"], start_new_session=True)
    try:
        until(lambda: subprocess.run(["flock", "-xn", path, "true"]).returncode == 1, what="the lock is held")
        with Backend() as backend:
            environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
            assert home.flush(env=environment).returncode in (0, 1)
            assert {f"event.p{number}" for number in range(5, 10)} <= {name for name, _ in points_sent(backend)}
            send(home, prompt(session="stopped"), env=quiet(home))
            os.killpg(holder.pid, signal.SIGKILL)
            holder.wait()
            assert home.flush(env=environment).returncode == 0
            expect_points([name for name, _ in points_sent(backend)], 10)
    finally:
        if holder.poll() is None:
            os.killpg(holder.pid, signal.SIGKILL)
            holder.wait()


def test_S10_log_locked_for_deletion(home):
    """The deleter is stopped with the exclusive lock in hand: hooks do not wait, and what they write comes through."""
    make_state(home)
    put_log(home, named_points("locked", 1))
    path = log_path(home, "locked")
    holder = subprocess.Popen(["flock", "-x", path, "sleep", "60"], start_new_session=True)
    try:
        until(lambda: subprocess.run(["flock", "-sn", path, "true"]).returncode == 1, what="the lock is held")
        for number in range(1, 4):
            send(home, post(f"p{number}", session="locked"), env=quiet(home))
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
    with Backend() as backend:
        assert home.flush(env=home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)).returncode == 0
        names = [span["name"] for _, span in backend.spans()]
        assert sorted(name for name in names if name.startswith("tool.p")) == ["tool.p1", "tool.p2", "tool.p3"], names


def test_S11_two_relays(home):
    make_state(home)
    put_log(home, named_points("points", 300))
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, SPANHOOK_RELAY_LINGER_SECONDS="2")
        relays = [relay(home, env=environment) for _ in range(4)]
        until(lambda: len(points_sent(backend)) >= 300, what="everything is sent")
        until(lambda: sum(child.poll() is None for child in relays) <= 1, what="all relays but one have ended")
        for child in relays:
            child.wait(timeout=20)
        sent = points_sent(backend)
        assert len(sent) == 300, f"{len(sent)} spans sent, 300 meant"


def test_S12_old_lock_with_a_reused_pid(home):
    make_state(home)
    put_log(home, named_points("points", 5))
    lock = home.state / "ops" / "relay.lock"
    lock.write_text(f"{os.getpid()}\n")
    lock.chmod(0o600)
    with Backend() as backend:
        child = relay(home, env=home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, SPANHOOK_RELAY_LINGER_SECONDS="1"))
        child.communicate(timeout=20)
        expect_points([name for name, _ in points_sent(backend)], 5)


def test_S13_flipped_bits(home):
    """One damaged byte anywhere in a frame: this record is rejected, the next is read, and it is counted."""
    make_state(home)
    target = frame(named_points("flip", 1)[0])
    rng = random.Random(13)
    parts, expected = [], set()
    for number in range(1, 200):
        damaged = bytearray(target)
        place = number % len(damaged) if number < len(damaged) else rng.randrange(len(damaged))
        damaged[place] ^= 1 << rng.randrange(8)
        parts.append(bytes(damaged))
        parts.append(frame(named_points("flip", 1, first=number)[0]))
        expected.add(f"event.p{number}")
    log_path(home, "flip").write_bytes(b"".join(parts))
    log_path(home, "flip").chmod(0o600)
    home.flush(env=local(home))
    names = set(archived_points(home))
    assert expected <= names, sorted(expected - names)[:5]
    assert names - expected <= {"event.p0"}, names - expected  # a flip in the frame's outer newline may leave the record valid
    counters = home.counters()
    assert counters["frame_bad"] + counters["frame_unknown"] >= 150, counters


def test_S14_impossible_lengths(home):
    make_state(home)
    first, second = (frame(op) for op in named_points("length", 2))
    bad = [b"\nS1 00000000 00000000 \n", b"\nS1 ffffffff 00000000 {}\n", b"\nS1 00040001 00000000 {}\n", b"\nS1 7fffffff 12345678 ", b"\nS1 0000zzzz 00000000 {}\n",
           b"\nS1 -0000001 00000000 {}\n"]
    log_path(home, "length").write_bytes(first + b"".join(bad) + second)
    log_path(home, "length").chmod(0o600)
    start = time.monotonic()
    home.flush(env=local(home))
    assert time.monotonic() - start < 10
    expect_points(archived_points(home), 2)


def test_S15_forged_frame_in_a_payload(home):
    """Text that looks like a frame stays text: as the agent's own newline it is escaped, and below a valid CRC nothing is looked for."""
    forged = frame(named_points(SESSION, 1)[0]).decode()
    send(home, spawn(), env=quiet(home))
    send(home, prompt(forged), env=quiet(home))
    send(home, pre(forged), env=quiet(home))
    send(home, stop(forged), env=quiet(home))
    home.flush(env=local(home))
    assert archived_points(home) == []
    assert len(home.ops()) == 4


def test_S16_zeros_and_garbage_at_the_tail(home):
    make_state(home)
    for number, tail in enumerate((b"\0" * 4096, random.Random(16).randbytes(4096), b"\n" * 4096, b"\nS1 " * 1024)):
        session = f"tail {number}"
        path = put_log(home, named_points(session, 2))
        with open(path, "ab") as out:
            out.write(tail)
        send(home, post("after", session=session), env=quiet(home))
        send(home, stop(session=session), env=quiet(home))
    home.flush(env=local(home))
    names = [span["name"] for _, span in home.archive()]
    assert names.count("event.p0") == 4 and names.count("event.p1") == 4 and names.count("tool.after") == 4, names


def test_S17_positions_missing_torn_or_foreign(home):
    """Position of a log and cursor of a destination: whatever stands in them, nothing is lost and duplicates have equal ids."""
    make_state(home)
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        put_log(home, named_points("points", 5))
        put_log(home, named_points("foreign", 400, first=10_000))
        assert home.flush(env=environment).returncode == 0
        foreign = log_path(home, "foreign").with_suffix(".pos")
        position = log_path(home, "points").with_suffix(".pos")
        expected = 5
        damages = [lambda data: None, lambda data: b"", lambda data: data[:7], lambda data: bytes(len(data)), lambda data: b"\xff" * len(data),
                   lambda data: foreign.read_bytes() if foreign.exists() else b"9" * 64, lambda data: data[:-1] + b"?"]
        for target in ("position", "cursor"):
            for damage in damages:
                files = [position] if target == "position" else list((home.state / "cursors").iterdir())
                for path in files:
                    data = damage(path.read_bytes() if path.exists() else b"")
                    if data is None:
                        path.unlink(missing_ok=True)
                    else:
                        path.write_bytes(data)
                        path.chmod(0o600)
                put_log(home, named_points("points", 3, first=expected))
                expected += 3
                flushed = home.flush(env=environment)
                assert flushed.returncode == 0, (target, flushed)
        sent = [item for item in points_sent(backend) if int(item[0][7:]) < 10_000]
        expect_points([name for name, _ in sent], expected)
        assert len(set(sent)) == expected, "a duplicate has another id"


def test_S18_files_deleted_under_the_relay(home):
    make_state(home)
    put_log(home, named_points("points", 20))
    gone = threading.Event()

    def answer(handler, body):
        if not gone.is_set():
            for folder in ("ops", "traces"):
                for path in (home.state / folder).glob("*"):
                    if path.suffix in (".log", ".jsonl", ".pos"):
                        path.unlink()
            gone.set()
        handler.reply(200, b"{}")

    with Backend(answer) as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        child = relay(home, env={**environment, "SPANHOOK_RELAY_LINGER_SECONDS": "3"})
        until(gone.is_set, what="a request")
        send(home, post("p900"), env=quiet(home))
        until(lambda: any(span["name"] == "tool.p900" for _, span in backend.spans()), what="the next record is sent")
        before = os.times()
        time.sleep(0.5)
        assert child.poll() is None or child.returncode == 0
        stat = pathlib.Path(f"/proc/{child.pid}/stat")
        if stat.exists() and before:
            first = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13]))
            time.sleep(0.5)
            second = sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) if stat.exists() else first
            assert second - first < 20, "the relay spins"


def test_S19_log_is_something_else(home):
    """Symlink, FIFO, folder, socket, hard link in the log's place: not followed, not opened, no hang, the target unchanged."""
    make_state(home)
    target = home.path / "target"
    target.write_bytes(b"precious")

    def fifo(path):
        os.mkfifo(path, 0o600)

    def folder(path):
        path.mkdir(mode=0o700)

    def sock(path):
        server = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(path.parent)
        server.bind(path.name)
        os.chdir(here)
        server.close()

    makers = {"symlink": lambda path: path.symlink_to(target), "dangling": lambda path: path.symlink_to(home.path / "made-by-nobody"), "fifo": fifo,
              "folder": folder, "socket": sock, "hard": lambda path: os.link(target, path)}
    for name, make in makers.items():
        make(log_path(home, name))
        send(home, prompt(session=name), env=quiet(home))
    assert target.read_bytes() == b"precious" and not (home.path / "made-by-nobody").exists()
    send(home, prompt(session="usual"), env=quiet(home))
    start = time.monotonic()
    assert home.flush(env=local(home)).returncode in (0, 1)
    for verb in ("view", "sessions", "status"):
        home.run(verb)
    assert time.monotonic() - start < 15
    assert any(span["name"] == "user.prompt" for _, span in home.archive())
    assert target.read_bytes() == b"precious"


def test_S19_archive_lock_and_counters_are_symlinks(home):
    make_state(home)
    target = home.path / "target"
    target.write_bytes(b"precious")
    put_log(home, named_points("points", 3))
    (home.state / "traces").mkdir(exist_ok=True, mode=0o700)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    for path in (home.state / "traces" / f"{today}.jsonl", home.state / "ops" / "relay.lock", home.state / "ops" / "counters"):
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    send(home, b"{", env=quiet(home))
    send(home, prompt(), env=home.env())
    home.flush("--timeout", "1", env=local(home))
    assert target.read_bytes() == b"precious"


def test_S20_folder_is_a_symlink_or_open_to_others(home):
    real = home.path / "real"
    real.mkdir(mode=0o700)
    link = home.path / "link"
    link.symlink_to(real)
    send(home, prompt(), env=quiet(home, SPANHOOK_HOME=str(link)))
    assert list(real.rglob("*")) == []
    wide = home.path / "wide"
    wide.mkdir()
    wide.chmod(0o777)
    send(home, prompt(), env=quiet(home, SPANHOOK_HOME=str(wide)))
    assert not [path for path in wide.rglob("*") if path.is_file()]
    inner = home.path / "inner"
    inner.mkdir(mode=0o700)
    (inner / "ops").symlink_to(real)
    send(home, prompt(), env=quiet(home, SPANHOOK_HOME=str(inner)))
    assert list(real.rglob("*")) == []
    for folder in (link, wide, inner):
        result = home.run("status", env=quiet(home, SPANHOOK_HOME=str(folder)))
        assert result.returncode == 1 and result.stderr.count(b"\n") == 1, (folder, result)


def test_S21_archive_passes_its_bound(home):
    """Over the bound the oldest file goes, what was not sent of it is counted, and the newest stays."""
    make_state(home)
    send(home, spawn(), env=quiet(home))
    send(home, prompt(), env=quiet(home))
    home.flush("--timeout", "1")
    [first] = (home.state / "traces").glob("*.jsonl")
    line = [line for line in first.read_bytes().splitlines(keepends=True) if b'"user.prompt"' in line][0]
    lines_each = 64 * 1024 * 1024 // len(line)
    old = [home.state / "traces" / f"{day}.jsonl" for day in ("2001-01-01", "2001-01-02")]
    recent = [home.state / "traces" / (time.strftime("%Y-%m-%d", time.gmtime(time.time() - ago * 86_400)) + ".jsonl") for ago in (5, 4, 3, 2)]
    for path in old:
        path.write_bytes(line * 10)
    for path in recent:
        path.write_bytes(line * lines_each)
    for path in (*old, *recent):
        path.chmod(0o600)
    send(home, post("newest"), env=quiet(home))
    home.flush("--timeout", "2")
    left = sorted(path.name for path in (home.state / "traces").glob("*.jsonl"))
    assert not any(path.name in left for path in old), left
    assert recent[0].name not in left and recent[-1].name in left, left
    assert sum(path.stat().st_size for path in (home.state / "traces").glob("*.jsonl")) <= 256 * 1024 * 1024
    assert any(b'"tool.newest"' in path.read_bytes() for path in (home.state / "traces").glob("*.jsonl"))
    assert home.counters()["dropped_quota"] == 20 + lines_each, (home.counters(), lines_each)


def test_S23_twenty_thousand_foreign_files(home):
    send(home, prompt("before"), env=quiet(home))
    folder = home.state / "ops"
    for number in range(20_000):
        (folder / f"foreign-{number}.tmp").touch()
    for name in ("x.log", "deadbeef.log", "p-.log", ".hidden", "a b.log", "0" * 33 + ".log", "Z" * 32 + ".log"):
        (folder / name).write_bytes(frame(named_points("foreign", 1)[0]))
    names = {path.name for path in folder.iterdir()}
    start = time.monotonic()
    send(home, prompt("after"), within=0.5, env=quiet(home))
    home.flush(env=local(home))
    assert time.monotonic() - start < 8
    assert archived_points(home) == []
    assert sum(span["name"] == "user.prompt" for _, span in home.archive()) == 2
    assert names <= {path.name for path in folder.iterdir()}, "a foreign file was deleted"


def test_S24_records_of_a_later_version(home):
    """A downgrade: frames and ops of a version this program does not know stay where they are; what it knows is used."""
    make_state(home)
    ops = named_points("later", 4)
    data = frame(ops[0]) + frame(ops[1]).replace(b"\nS1 ", b"\nS2 ") + frame({**ops[2], "v": 2}) + frame({**ops[2], "op": "somersault"}) + frame(ops[3])
    path = log_path(home, "later")
    path.write_bytes(data)
    path.chmod(0o600)
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        home.flush(env=environment)
        assert {name for name, _ in points_sent(backend)} == {"event.p0", "event.p3"}
        os.utime(path, (1, 1))
        home.flush(env=environment)
        home.run("relay", env={**environment, "SPANHOOK_RELAY_LINGER_SECONDS": "1"}, timeout=60)
    assert path.exists() and path.read_bytes().startswith(data), "data of a later version was removed"
    counters = home.counters()
    assert counters["frame_unknown"] >= 1 and counters["op_bad"] >= 2, counters


def test_S26_clock_jumps_back(home):
    """Archive days that lie in the future of the clock: nothing is overwritten, everything drains in order."""
    make_state(home)
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        put_log(home, named_points("points", 5))
        assert home.flush(env=environment).returncode == 0
        [today] = (home.state / "traces").glob("*.jsonl")
        future = today.with_name("2099-12-31.jsonl")
        today.rename(future)
        before = future.read_bytes()
        put_log(home, named_points("points", 5, first=5))
        assert home.flush(env=environment).returncode == 0
        expect_points([name for name, _ in points_sent(backend)], 10)
        assert future.read_bytes().startswith(before)
        expect_points(archived_points(home), 10)


def test_S27_state_restored_from_a_backup(home):
    """Old logs and positions come back: sent again under the same ids."""
    make_state(home)
    with Backend() as backend:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        for payload in (spawn(), prompt(), pre(), post()):
            send(home, payload, env=quiet(home))
        put_log(home, named_points("points", 5))
        backup = home.path / "backup"
        shutil.copytree(home.state, backup)
        assert home.flush(env=environment).returncode == 0
        first = {(span["traceId"], span["spanId"], span["name"]) for _, span in backend.spans()}
        shutil.rmtree(home.state)
        shutil.copytree(backup, home.state)
        assert home.flush(env=environment).returncode == 0
        second = {(span["traceId"], span["spanId"], span["name"]) for _, span in backend.spans()}
        assert first == second, first ^ second


def test_S30_stopped_with_a_backlog(home):
    """SIGTERM, as at a reboot, with the destination down: all is sent after the next start."""
    make_state(home)
    put_log(home, named_points("points", 50))
    child = relay(home, env=home.env(SPANHOOK_RELAY_LINGER_SECONDS="30"))
    until(lambda: len(archived_points(home)) == 50, what="the archive has everything")
    child.send_signal(signal.SIGTERM)
    child.wait(timeout=5)
    with Backend() as backend:
        assert home.flush(env=home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)).returncode == 0
        sent = points_sent(backend)
        expect_points([name for name, _ in sent], 50)
        assert len(sent) == 50


def test_S31_log_passes_its_bound(home):
    """A session's log at its bound: new ops are dropped and counted, what is there stays readable."""
    make_state(home)
    path = put_log(home, named_points("big", 3))
    with open(path, "ab") as out:
        out.truncate(64 * 1024 * 1024)
    send(home, prompt("too much", session="big"), env=quiet(home))
    assert home.counters()["dropped_log_quota"] == 1
    assert path.stat().st_size == 64 * 1024 * 1024
    send(home, prompt("elsewhere", session="small"), env=quiet(home))
    home.flush(env=local(home))
    expect_points(archived_points(home), 3)
    assert sum(span["name"] == "user.prompt" for _, span in home.archive()) == 1


def test_hung_backend_does_not_hold_up_hooks_or_the_archive(home):
    with RawServer(lambda connection: None) as hung:
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=hung.url, OTEL_EXPORTER_OTLP_TIMEOUT="1500")
        send(home, spawn(), env=environment)
        until(lambda: hung.accepted, what="a connection")
        for number in range(20):
            send(home, post(f"p{number}"), env=environment)
        until(lambda: sum(span["name"].startswith("tool.p") for _, span in home.archive()) == 20, timeout=30, what="the archive has everything")
