"""The relay and flush: what they make of op logs over time, and the settings that change it."""

import json
import os
import pathlib
import signal
import subprocess
import time

from harness import BINARY, Backend, attributes_of, until

SESSION = "0f3b2a4c-1111-4222-8333-944455556666"


def event(name, **members):
    return {"hook_event_name": name, "cwd": "/home/dev/shop", "session_id": SESSION, **members}


def start(command="make"):
    return event("preToolUse", tool_name="shell", tool_input={"command": command})


def end(command="make"):
    return event("postToolUse", tool_name="shell", tool_input={"command": command}, tool_response={"items": [{"Text": "ok"}]})


def quiet(home, **changes):
    return home.env(SPANHOOK_RELAY="off", **changes)


def archived(home):
    return [(span["name"], attributes_of(span)) for _, span in home.archive()]


def relay_pid(home):
    lock = home.state / "ops" / "relay.lock"
    return until(lambda: lock.exists() and lock.read_text().strip() and int(lock.read_text()), what="a relay")


def alive(pid):
    try:
        return b"relay" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_idle_session_is_closed_without_inventing_success(home):
    env = quiet(home, SPANHOOK_IDLE_SECONDS=1, OTEL_TRACES_EXPORTER="none")
    home.hook(event("userPromptSubmit", prompt="go"), env=env)
    home.hook(start(), env=env)
    assert home.flush(env=env).returncode == 0
    assert [name for name, _ in archived(home)] == ["session", "user.prompt"]
    time.sleep(1.3)
    assert home.flush(env=env).returncode == 0
    name, about = next((name, about) for name, about in archived(home) if name == "tool.shell")
    assert about["spanhook.outcome"] == "no_result" and about["tool.success"] == "unknown"
    assert "duration_ms" not in about and "duration.source" not in about
    # once: another look adds nothing, and a late end does not reach back
    before = len(archived(home))
    assert home.flush(env=env).returncode == 0
    assert len(archived(home)) == before
    home.hook(end(), env=env)
    assert home.flush(env=env).returncode == 0
    assert archived(home)[-1][1]["spanhook.outcome"] == "no_start"


def test_root_once_is_sent_when_the_session_is_over(home):
    env = quiet(home, SPANHOOK_ROOT="once", SPANHOOK_IDLE_SECONDS=1, OTEL_TRACES_EXPORTER="none")
    home.hook(event("agentSpawn"), env=env)
    home.hook(event("userPromptSubmit", prompt="go"), env=env)
    home.hook(event("stop", assistant_response="done"), env=env)
    assert home.flush(env=env).returncode == 0
    assert [name for name, _ in archived(home)] == ["user.prompt", "turn.complete"]
    assert [span["name"] for _, span in home.view_json(env=env)][0] == "session"  # the viewer needs no waiting
    time.sleep(1.3)
    assert home.flush(env=env).returncode == 0
    assert [name for name, _ in archived(home)] == ["user.prompt", "turn.complete", "session"]


def test_root_is_sent_at_the_start_and_again_at_each_stop(home):
    env = quiet(home, OTEL_TRACES_EXPORTER="none")
    home.hook(event("agentSpawn"), env=env)
    for turn in range(2):
        home.hook(event("userPromptSubmit", prompt="go"), env=env)
        home.hook(event("stop", assistant_response="done"), env=env)
    assert home.flush(env=env).returncode == 0
    roots = [span for _, span in home.archive() if span["name"] == "session"]
    assert len(roots) == 3 and len({root["spanId"] for root in roots}) == 1
    ends = [int(root["endTimeUnixNano"]) for root in roots]
    assert ends == sorted(ends) and roots[0]["startTimeUnixNano"] == roots[0]["endTimeUnixNano"]
    assert attributes_of(roots[2])["spanhook.turns"] == 2


def test_names_of_the_conventions(home):
    env = quiet(home, SPANHOOK_NAMES="semconv", OTEL_TRACES_EXPORTER="none")
    home.hook(event("agentSpawn"), env=env)
    read = {"tool_name": "read", "tool_input": {"operations": [{"path": "/x/.kiro/skills/notes/SKILL.md"}]}}
    home.hook(event("preToolUse", **read), env=env)
    home.hook(event("postToolUse", **read, tool_response={"items": []}), env=env)
    assert home.flush(env=env).returncode == 0
    assert [name for name, _ in archived(home)] == ["invoke_agent kiro", "execute_tool read notes"]


def test_service_and_resource_of_the_agents_environment(home):
    env = quiet(home, OTEL_SERVICE_NAME="stripped", SPANHOOK_SERVICE_NAME="jarvis", OTEL_RESOURCE_ATTRIBUTES="team=a%2Cb,service.name=no",
                OTEL_TRACES_EXPORTER="none")
    home.hook(event("userPromptSubmit", prompt="go"), env=env)
    assert home.flush(env=quiet(home, OTEL_TRACES_EXPORTER="none")).returncode == 0
    resource = home.archive()[0][0]
    assert resource["service.name"] == "jarvis" and resource["team"] == "a,b" and resource["session.id"] == SESSION


def test_default_service_name(home):
    home.hook(event("userPromptSubmit", prompt="go"), env=quiet(home))
    assert home.flush(env=quiet(home, OTEL_TRACES_EXPORTER="none")).returncode == 0
    assert home.archive()[0][0]["service.name"] == "kiro-agent"


def test_disabled_records_nothing(home):
    home.hook(event("userPromptSubmit", prompt="go"), env=home.env(OTEL_SDK_DISABLED="true"))
    assert not home.state.exists()
    home.hook(event("userPromptSubmit", prompt="go"), env=quiet(home, OTEL_SDK_DISABLED="true", SPANHOOK_SDK_DISABLED="false"))
    assert len(home.ops()) == 1


def test_relay_delivers_by_itself_and_ends(home):
    with Backend() as backend:
        env = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, SPANHOOK_RELAY_LINGER_SECONDS=1)
        home.hook(event("agentSpawn"), env=env)
        pid = relay_pid(home)
        home.hook(event("userPromptSubmit", prompt="go"), env=env)
        home.hook(start(), env=env)
        home.hook(end(), env=env)
        home.hook(event("stop", assistant_response="done"), env=env)
        until(lambda: len(backend.spans()) >= 5, what="delivery")
        assert [span["name"] for _, span in backend.spans()] == ["session", "user.prompt", "tool.shell", "turn.complete", "session"]
        until(lambda: not alive(pid), timeout=10, what="the end of an idle relay")


def test_only_one_relay_and_flush_takes_over_from_it(home):
    with Backend() as backend:
        env = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url, SPANHOOK_RELAY_LINGER_SECONDS=60)
        home.hook(event("agentSpawn"), env=env)
        pid = relay_pid(home)
        assert home.run("relay", env=env, timeout=10).returncode == 0  # the second leaves at once
        assert alive(pid)
        assert home.flush(env=env).returncode == 0
        until(lambda: not alive(pid), what="the hand-over")
        assert len(backend.spans()) == 1
        # and a hook that comes right after starts the next one
        home.hook(event("userPromptSubmit", prompt="go"), env=env)
        until(lambda: len(backend.spans()) == 2, what="delivery by the next relay")


def age(path, hours):
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_old_log_is_deleted_once_archived_and_the_archive_shows_the_session(home):
    env = quiet(home, OTEL_TRACES_EXPORTER="none")
    for payload in (event("agentSpawn"), event("userPromptSubmit", prompt="go"), start(), end(), event("stop", assistant_response="x")):
        home.hook(payload, env=env)
    log = next((home.state / "ops").glob("*.log"))
    age(log, 25)
    assert home.flush(env=env).returncode == 0  # archives, and closes the session with an idle op
    age(log, 25)
    assert home.flush(env=env).returncode == 0
    age(log, 25) if log.exists() else None
    assert home.flush(env=env).returncode == 0
    assert not log.exists() and not log.with_suffix(".pos").exists()
    assert [span["name"] for _, span in home.view_json(env=env)] == ["session", "user.prompt", "tool.shell", "turn.complete"]
    listed = json.loads(home.run("sessions", "--json", env=env).stdout)["sessions"]
    assert [session["session_id"] for session in listed] == [SESSION]
    # the session goes on: a new log, a new trace, nothing mixed
    time.sleep(1.1)  # a trace id begins with the second
    home.hook(event("userPromptSubmit", prompt="again"), env=env)
    assert home.flush(env=env).returncode == 0
    assert len({span["traceId"] for _, span in home.archive()}) == 2


def test_relay_killed_at_any_time_repeats_only_equal_ids(home):
    with Backend() as backend:
        env = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=backend.url)
        home.hook(event("agentSpawn"), env=env)
        for turn in range(12):
            home.hook(event("userPromptSubmit", prompt=f"turn {turn}"), env=env)
            try:
                os.kill(relay_pid(home), signal.SIGKILL)
            except ProcessLookupError:
                pass
            home.hook(event("stop", assistant_response="x"), env=env)
        assert home.flush(env=env).returncode == 0
        prompts = {}
        for _, span in backend.spans():
            if span["name"] == "user.prompt":
                prompts.setdefault(span["spanId"], set()).add(json.dumps(span, sort_keys=True))
        assert len(prompts) == 12 and all(len(forms) == 1 for forms in prompts.values())


def test_disabled_hook_still_takes_its_payload(home):
    result = home.run("hook", stdin=json.dumps(event("userPromptSubmit", prompt="x" * 1000000)), env=home.env(OTEL_SDK_DISABLED="true"))
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")  # run() would have raised BrokenPipeError


def test_flush_says_what_is_wrong_with_the_lock(home):
    home.hook(event("agentSpawn"), env=quiet(home))
    lock = home.state / "ops" / "relay.lock"
    lock.unlink(missing_ok=True)
    lock.symlink_to(home.path / "elsewhere")
    begun = time.monotonic()
    result = home.flush(env=quiet(home))
    assert result.returncode == 1 and b"relay.lock" in result.stderr and result.stderr.count(b"\n") == 1
    assert time.monotonic() - begun < 5


def test_two_calls_without_arguments_do_not_take_each_others_end(home):
    env = quiet(home, OTEL_TRACES_EXPORTER="none")
    listing = {"tool_name": "list", "tool_input": {"path": "src", "__tool_use_purpose": "a"}}
    plain = {"tool_name": "list", "tool_input": {"__tool_use_purpose": "b"}}
    home.hook(event("preToolUse", **listing), env=env)
    home.hook(event("preToolUse", **plain), env=env)
    home.hook(event("postToolUse", **plain, tool_response={"success": False, "error": ["no"]}), env=env)
    home.hook(event("postToolUse", **listing, tool_response={"items": []}), env=env)
    assert home.flush(env=env).returncode == 0
    calls = [about for name, about in archived(home) if name == "tool.list"]
    assert [call["tool.success"] for call in calls] == ["false", "true"]
    assert all("spanhook.outcome" not in call for call in calls)


def test_long_session_ids_that_begin_alike_stay_apart(home):
    env = quiet(home, OTEL_TRACES_EXPORTER="none")
    for end in "ab":
        home.hook({"hook_event_name": "userPromptSubmit", "session_id": "x" * 600 + end, "prompt": end}, env=env)
    assert home.flush(env=env).returncode == 0
    assert len({span["traceId"] for _, span in home.archive()}) == 2


def test_relay_that_cannot_begin_is_not_started_by_every_hook(home):
    env = home.env(OTEL_TRACES_EXPORTER="none")
    home.hook(event("agentSpawn"), env=quiet(home))
    (home.state / "traces").symlink_to("/nowhere")
    for _ in range(10):
        home.hook(event("userPromptSubmit", prompt="go"), env=env)
    time.sleep(0.3)
    log = (home.state / "ops" / "spanhook.log").read_text()
    assert 1 <= len({line.split()[1] for line in log.splitlines()}) <= 2, log


def test_deadline_holds_with_the_alarm_blocked_by_the_agent(home):
    begun = time.monotonic()
    child = subprocess.Popen(["strace", "-o", "/dev/null", "-e", "inject=openat:delay_enter=4000000:when=1+", BINARY, "hook"],
                             stdin=subprocess.PIPE, env=quiet(home), cwd=home.path,
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM}))
    child.communicate(json.dumps(event("agentSpawn")).encode(), timeout=60)
    assert child.returncode == 0 and time.monotonic() - begun < 5.5


def test_flush_does_not_wait_for_an_attempt_that_comes_too_late(home):
    with Backend(lambda handler, body: handler.reply(401, b"{}")) as backend:
        home.hook(event("agentSpawn"), env=quiet(home))
        begun = time.monotonic()
        result = home.flush(env=quiet(home, OTEL_EXPORTER_OTLP_ENDPOINT=backend.url))
        assert result.returncode == 1 and b"401" in result.stderr, result
        assert time.monotonic() - begun < 5 and len(backend.requests) == 1
