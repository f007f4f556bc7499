"""Many hooks at once, and a storm of SIGKILL on hooks and relays while the backend comes and goes.

SPANHOOK_STORM=N makes both N times as large (default 1)."""

import collections
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

from events import Batch, SESSION, local, post, pre, prompt, spawn, stop
from harness import BINARY, Backend, attributes_of, frames, spans_of

SCALE = max(1, int(os.environ.get("SPANHOOK_STORM", "1")))
EVENTS = 10_000 * SCALE
KILLS = 2_000 * SCALE
AT_ONCE = 64


def test_H25_64_hooks_at_once_10000_events(home):
    """None lost, none mixed, pairing right. Half of a round are the posts of the round before, in another order than their pres, so that
    only the input tells the calls apart: call n has n characters of input and exit code n."""
    batch = Batch(home)
    calls = EVENTS // 2
    rng = random.Random(25)

    def request(number):
        return pre("shell", {"command": "x" * number}, session=SESSION)

    def answer(number):
        return post("shell", {"command": "x" * number}, {"items": [{"Json": {"exit_status": f"exit status: {number}", "stdout": "", "stderr": ""}}]},
                    session=SESSION)

    batch.run([spawn()])
    batch.run([prompt("10,000 events")])
    half, before = AT_ONCE // 2, []
    for first in range(1, calls + 1, half):
        numbers = list(range(first, min(first + half, calls + 1)))
        round_of = [answer(number) for number in before] + [request(number) for number in numbers]
        rng.shuffle(round_of)
        batch.run(round_of)
        before = numbers
    batch.run([answer(number) for number in before])
    batch.run([stop()])
    batch.close()

    logs = list((home.state / "ops").glob("*.log"))
    assert [path.name for path in logs] == [hashlib.sha256(SESSION.encode()).hexdigest()[:32] + ".log"], logs
    data = logs[0].read_bytes()
    ops = frames(data)
    assert data.count(b"\nS1 ") == len(ops) == 2 * calls + 3, (data.count(b"\nS1 "), len(ops))
    assert len({op["id"] for op in ops}) == len(ops), "two ops share an id"

    flushed = home.flush(env=local(home), timeout=100)
    assert flushed.returncode == 0, flushed
    spans = {span["spanId"]: span for _, span in home.archive() if span["name"] == "tool.shell"}
    assert len(spans) == calls
    smallest = min(attributes_of(span)["spanhook.input.size"] for span in spans.values())
    seen = set()
    for span in spans.values():
        about = attributes_of(span)
        number = about["process.exit.code"]
        assert about["spanhook.input.size"] - smallest == number - 1, about
        assert span["status"].get("code") == 2
        seen.add(number)
    assert seen == set(range(1, calls + 1))
    assert all(value == 0 for name, value in home.counters().items() if name.startswith("dropped") or name in ("frame_bad", "op_bad"))


class Weather:
    """A backend on one port that is up, refuses, hangs, or answers 503, changing all the time. What it took with 200 it keeps."""

    def __init__(self):
        self.taken, self.lock, self.mood = collections.defaultdict(set), threading.Lock(), "up"
        self.requests = self.deliveries = 0
        self.backend = Backend(self.answer)
        self.backend.server.handle_error = lambda *ignored: None  # killed senders break their connections
        self.port, self.url = self.backend.port, self.backend.url

    def answer(self, handler, body):
        mood = self.mood
        self.requests += 1
        if mood == "busy":
            handler.reply(503, b"")
        elif mood == "hung":
            time.sleep(0.5)
        elif mood == "deaf":  # takes the spans and breaks off before the answer: a duplicate must follow
            self.keep(body)
        else:
            self.keep(body)
            handler.reply(200, b"{}")

    def keep(self, body):
        with self.lock:
            for _, span in spans_of(json.loads(body)):
                self.deliveries += span["name"] != "session"
                # the root is sent again at each stop by design; everything else is the same span each time
                content = json.dumps(span, sort_keys=True) if span["name"] != "session" else ""
                self.taken[span["name"]].add((span["traceId"], span["spanId"], content))

    def change(self, mood):
        if mood == "down" and self.backend:
            self.backend.close()
            self.backend = None
        elif mood != "down" and not self.backend:
            self.backend = Backend(self.answer, self.port)
            self.backend.server.handle_error = lambda *ignored: None
        self.mood = mood


def test_S06_S07_kill_storm_of_hooks_and_relays(home):
    sys.setswitchinterval(0.0002)  # the threads below must not delay each other by more than a hook lives
    rng = random.Random(67)
    weather = Weather()
    environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=weather.url, SPANHOOK_RELAY_LINGER_SECONDS="1")
    batch = Batch(home, env=environment)
    hook_goal, relay_goal = KILLS * 3 // 4, KILLS // 4
    hook_kills = relay_kills = number = 0
    acked, running = [], threading.Event()
    running.set()

    def kill_relays():
        nonlocal relay_kills
        random_here = random.Random(68)
        while running.is_set():
            if relay_kills > hook_kills:  # in step, so that relays die as long as hooks do
                time.sleep(0.01)
            child = subprocess.Popen([BINARY, "relay"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            time.sleep(random_here.choice((0.002, 0.01, 0.03, 0.08)) * random_here.uniform(0.5, 1.5))
            if child.poll() is None:
                child.kill()
                relay_kills += 1
            child.wait()
            # and the one that a hook has started, if it holds the lock
            try:
                pid = int((home.state / "ops" / "relay.lock").read_text().split()[0])
                if pid != child.pid and b"relay" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
                    relay_kills += 1
            except (OSError, ValueError, IndexError):
                pass

    def change_weather():
        random_here = random.Random(69)
        while running.is_set():
            weather.change(random_here.choice(("up", "up", "down", "busy", "hung", "deaf")))
            time.sleep(random_here.uniform(0.05, 0.4))

    threads = [threading.Thread(target=kill_relays), threading.Thread(target=change_weather)]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + 150 * SCALE
        while hook_kills < hook_goal or relay_kills < relay_goal:
            assert time.monotonic() < deadline, f"only {hook_kills} hooks and {relay_kills} relays killed"
            # two at once, so that they meet in one log; each may be killed at any moment of its life
            flight = []
            for _ in range(2):
                name, session = f"k{number}", f"session {number % 7}"
                number += 1
                flight.append((name, batch.start(rng.choice((pre, post, post))(name, session=session))))
            if hook_kills < hook_goal:
                for _, pid in flight:
                    moment = time.perf_counter() + rng.uniform(0, 0.0006)
                    while time.perf_counter() < moment:
                        pass
                    os.kill(pid, signal.SIGKILL)
            for name, pid in flight:
                _, status = os.waitpid(pid, 0)
                if status == 0:
                    acked.append(name)
                else:
                    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
                    hook_kills += 1
    finally:
        running.clear()
        for thread in threads:
            thread.join()
    weather.change("up")
    batch.close()
    for session in range(7):
        batch = Batch(home, env=environment)
        batch.run([stop(session=f"session {session}")])
        batch.close()
    home.stop_relay()
    flushed = home.flush("--timeout", "60", env=environment, timeout=90)
    assert flushed.returncode == 0, flushed

    lost = [name for name in acked if f"tool.{name}" not in weather.taken]
    different = sum(len(spans) for name, spans in weather.taken.items() if name != "session")
    print(f"    {hook_kills} hooks and {relay_kills} relays killed, {len(acked)} of {number} records acknowledged, {weather.requests} requests, "
          f"{weather.deliveries - different} duplicates, {len(lost)} lost")
    assert not lost, f"{len(lost)} of {len(acked)} acknowledged records never arrived: {lost[:10]}"
    mixed = {name: spans for name, spans in weather.taken.items() if name.startswith("tool.k") and len(spans) > 1}
    assert not mixed, f"{len(mixed)} spans arrived with different ids or contents: {next(iter(mixed.items()))}"
    assert hook_kills >= hook_goal and relay_kills >= relay_goal
    assert weather.deliveries > different, "no duplicate in all the storm: it shows nothing"
    weather.change("down")


test_H25_64_hooks_at_once_10000_events.timeout = 240 * SCALE
test_S06_S07_kill_storm_of_hooks_and_relays.timeout = 300 * SCALE
