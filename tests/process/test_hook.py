"""The hook against bad inputs and a bad environment: fault rows H01 to H28, on the release binary."""

import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

from events import (BINARY, SESSION, call, compact, event, finish, frame, local, only_log, post, pre, prompt, quiet, send, spawn, state_bytes, stop)
from harness import Skip, attributes_of, frames, open_files, until

# A silent or endless stdin is waited for this long; above it stands only what a loaded machine adds.
DEADLINE = 2.0
SLACK = 1.0
STRACE = shutil.which("strace")


def need_strace():
    if not STRACE:
        raise Skip("strace is not installed")
    return STRACE


def last_op(home):
    ops = home.ops()
    assert ops, "no op was written"
    return ops[-1]


def attributes(op):
    return op.get("a", {})


def unparsed(home):
    """The one op of a payload that could not be used: an event of its own with size and hash, nothing of the content."""
    ops = home.ops()
    assert len(ops) == 1, ops
    assert ops[0]["op"] == "point" and ops[0]["event"] == "unparsed", ops[0]
    return ops[0]


# -- input ---------------------------------------------------------------------------------------------------------------------------

def test_H01_empty_stdin(home):
    send(home, b"", env=quiet(home))
    assert home.ops() == []
    assert home.counters()["input_empty"] == 1


def test_H02_stdin_stays_open(home):
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    start = time.monotonic()
    child.wait(timeout=20)
    took = time.monotonic() - start
    assert took < DEADLINE + SLACK, f"took {took:.2f} s"
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert home.ops() == []
    assert home.counters()["input_timeout"] == 1


def test_H02_silent_stdin_with_user_prompt_json(home):
    """IDE 0.12: the data is in USER_PROMPT, stdin is opened and neither written nor closed. It must not cost the whole deadline."""
    value = '{"toolName":"fsWrite","toolArgs":{},"toolResult":"wrote src/cart.ts","toolSuccess":true}'
    child = call(home, stdin=subprocess.PIPE, env=quiet(home, USER_PROMPT=value))
    start = time.monotonic()
    child.wait(timeout=20)
    assert time.monotonic() - start < 1.0
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert last_op(home)["tool"] == "fsWrite"
    assert home.counters()["input_timeout"] == 0


def test_H03_one_byte_at_a_time(home):
    canary = b"CANARYCANARYCANARYCANARYCANARYCANARYCANARY"
    payload = b'{"hook_event_name":"' + canary
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    start = time.monotonic()
    for byte in payload:
        try:
            child.stdin.write(bytes([byte]))
            child.stdin.flush()
        except BrokenPipeError:
            break
        if child.poll() is not None:
            break
        time.sleep(0.1)
    child.wait(timeout=20)
    took = time.monotonic() - start
    assert took < DEADLINE + SLACK, f"took {took:.2f} s"
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert b"CANARY" not in state_bytes(home)
    assert home.counters()["input_timeout"] == 1


def test_H03_slow_but_complete(home):
    """A payload in small pieces that ends in time is a payload like any other, and nobody waits for a closed stdin after its end."""
    payload = compact(prompt("slow but whole"))
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    for start in range(0, len(payload), 16):
        child.stdin.write(payload[start:start + 16])
        child.stdin.flush()
        time.sleep(0.03)
    before = time.monotonic()
    child.wait(timeout=20)  # stdin is still open here
    assert time.monotonic() - before < DEADLINE + SLACK
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert last_op(home)["op"] == "prompt"


def test_H04_fifty_megabytes(home):
    """No broken pipe for the agent, the call is still paired, and the output's size is known though the output is not kept."""
    send(home, pre(), env=quiet(home))
    size = 50 * 1024 * 1024
    head = compact(post())[:-1].replace(b'"tool_response":{"items":[{"Text":"done"}]', b'"tool_response":{"items":[{"Text":"')
    head = head[:head.index(b'"Text":"') + len(b'"Text":"')]
    payload = head + b"CANARY " * (size // 7) + b'"}]}}'
    json.loads(payload)
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    child.stdin.write(payload)  # raises BrokenPipeError if the hook stops reading
    child.stdin.close()
    child.wait(timeout=30)
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    ops = home.ops()
    assert [op["op"] for op in ops] == ["start", "end"], ops
    assert ops[0]["key"] == ops[1]["key"]
    assert attributes(ops[1])["spanhook.output.size"] >= size - 16
    assert b"CANARY" not in state_bytes(home)


def test_H04_fifty_megabytes_that_are_not_json(home):
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    child.stdin.write(b'{"hook_event_name":"stop","assistant_response":' + b"CANARY " * (50 * 1024 * 1024 // 7))
    child.stdin.close()
    child.wait(timeout=30)
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert b"CANARY" not in state_bytes(home)
    assert home.counters()["json_bad"] == 1


def test_H05_truncated_json(home):
    payload = compact(pre())[:-7]
    send(home, payload, env=quiet(home))
    op = unparsed(home)
    assert attributes(op)["spanhook.payload.size"] == len(payload)
    assert attributes(op)["spanhook.payload.sha256"] == hashlib.sha256(payload).hexdigest()
    assert home.counters()["json_bad"] == 1


def test_H06_what_jsmn_accepts_and_json_does_not(home):
    bad = [b'{"a":1}{"b":2}', b'{"a"}', b'{}garbage', b'[1 2]', b"tru", b"01", b'{"a":}', b'{"a" "b"}', b'{"a"::::1}', b"{},", b":{}", b"[1,]", b"[,1]",
           b"nul", b"-", b"1e", b"1.2.3", b"1abc", b"{'a':1}", b"{a:1}", b'{"a":1}]', b'{"a":"\x01"}', b'{"a":"\\x"}', b"\xef\xbb\xbf{}x"]
    for payload in bad:
        send(home, payload, env=quiet(home))
    ops = home.ops()
    assert len(ops) == len(bad)
    assert {op["event"] for op in ops} == {"unparsed"}, [(payload, op["event"]) for payload, op in zip(bad, ops) if op["event"] != "unparsed"]
    assert home.counters()["json_bad"] == len(bad)


def test_H06_json_that_is_no_object(home):
    """Valid JSON, but nothing an agent sends: recorded as unparsed, never as an event."""
    for payload in (b"[]", b"7", b'"text"', b"null", b'[{"hook_event_name":"stop"}]'):
        send(home, payload, env=quiet(home))
    assert {op["event"] for op in home.ops()} == {"unparsed"}


def test_H07_nul_inside(home):
    for payload in (b'{"hook_event_name":"stop"}\0', b'{"hook_event_name":\0"stop"}', b'{"hook_event_name":"st\0op"}', b"\0"):
        send(home, payload, env=quiet(home))
    assert [op["event"] for op in home.ops()] == ["unparsed"] * 4
    assert home.counters()["json_bad"] == 4


def test_H08_a_hundred_thousand_brackets(home):
    payload = b'{"hook_event_name":"preToolUse","tool_input":' + b"[" * 100_000
    send(home, payload, env=quiet(home))
    unparsed(home)
    assert home.counters()["json_bad"] == 1


def test_H08_brackets_that_close(home):
    """The same depth as valid JSON: too deep to be looked into, whatever stands around it is no reason to crash."""
    payload = compact(pre())[:-1] + b',"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    send(home, payload, env=quiet(home))
    assert len(home.ops()) == 1


def test_H09_two_hundred_thousand_keys(home):
    payload = compact({"hook_event_name": "preToolUse", "session_id": SESSION, "tool_name": "shell",
                       "tool_input": {f"k{number}": 0 for number in range(200_000)}})
    send(home, payload, env=quiet(home))
    assert len(home.ops()) == 1


def test_H10_malformed_utf8(home):
    cases = [b"\xff\xfe", b"\xc0\xaf", b"\xe2\x82", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\\ud83d", b"\\udc00\\ud83d"]
    for case in cases:
        send(home, compact(prompt("MARK"))[:-1].replace(b"MARK", b"a" + case + b"z") + b"}", env=quiet(home))
    log = only_log(home).read_bytes()
    log.decode("utf-8")  # strictly
    ops = frames(log)
    assert len(ops) == len(cases)
    for op in ops:
        assert op["op"] == "prompt"
        preview = attributes(op)["prompt.preview"]
        assert preview.startswith("a") and preview.endswith("z") and "\ufffd" in preview, preview
        preview.encode("utf-8")  # no lone surrogate came through as an escape
    assert home.counters()["utf8_replaced"] >= 1


def test_H11_control_characters_in_a_tool_name(home):
    name = "a\u0000b\u001b]0;owned\u0007c\u009bd\u202ee\rf"
    payload = json.dumps(pre(name), ensure_ascii=True).encode()
    send(home, payload, env=quiet(home))
    send(home, json.dumps(stop(), ensure_ascii=True).encode(), env=quiet(home))
    assert home.ops()[0]["op"] == "start"
    assert b"\x1b" not in only_log(home).read_bytes() and b"\0" not in only_log(home).read_bytes()
    for arguments in (["view"], ["sessions"], ["status"]):
        shown = home.run(*arguments)
        text = shown.stdout.decode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069]", text), (arguments, text)
    assert home.run("view").returncode == 0
    for line in home.run("view", "--json").stdout.splitlines():
        json.loads(line)


def test_H12_duplicate_keys(home):
    payload = b'{"hook_event_name":"userPromptSubmit","session_id":"first","prompt":"x","session_id":"second"}'
    send(home, payload, env=quiet(home))
    assert last_op(home)["s"] == "second"


def test_H13_wrong_types(home):
    environment = quiet(home, KIRO_SESSION_ID="from-the-environment")
    for value in (b"7", b"null", b"{}", b"[]", b"true", b'""'):
        send(home, b'{"hook_event_name":"userPromptSubmit","prompt":"x","session_id":' + value + b"}", env=environment)
    for member in (b'"tool_name":7', b'"tool_name":null,"tool_input":7', b'"tool_name":{},"tool_input":"text"', b'"tool_name":[],"tool_input":[[]]'):
        send(home, b'{"hook_event_name":"preToolUse",' + member + b"}", env=environment)
    for member in (b'"tool_response":7', b'"tool_response":null', b'"tool_response":[1,null]', b'"tool_response":{"items":7}',
                   b'"tool_response":{"items":[7,null,{"Text":7},{"Json":"x"},{"Json":{"exit_status":{}}}]}',
                   b'"tool_response":{"success":"no","error":7}', b'"tool_response":{"success":true,"result":[[[]]]}'):
        send(home, b'{"hook_event_name":"postToolUse","tool_name":"shell",' + member + b"}", env=environment)
    for member in (b'"prompt":7', b'"prompt":null', b'"prompt":{"a":1}'):
        send(home, b'{"hook_event_name":"userPromptSubmit",' + member + b"}", env=environment)
    ops = home.ops()
    assert len(ops) == 20
    assert {op["s"] for op in ops} == {"from-the-environment"}
    for value in (b"7", b"null", b"{}"):
        send(home, b'{"session_id":"typed","hook_event_name":' + value + b"}", env=environment)
    assert len(home.ops()) == 23
    assert home.flush(env=local(home)).returncode == 0 and home.view_json()


def test_H14_session_id_as_a_path(home):
    hostile = ["../../.ssh/authorized_keys", "/etc/passwd", "a\nb", "x" * 10_240, "..", ".", "con\u0000", "%2e%2e/"]
    for identity in hostile:
        send(home, prompt(session=identity), env=quiet(home))
    outside = [path for path in home.path.rglob("*") if path.is_file() and home.state not in path.parents]
    assert outside == [], outside
    for path in (home.state / "ops").iterdir():
        assert re.fullmatch(r"[0-9a-f]{32}\.(log|pos|agent)|p-[0-9a-f]{32}-\w+\.log|relay\.\w+|counters", path.name), path.name
    assert len(home.ops()) == len(hostile)
    names = {path.name for path in (home.state / "ops").glob("*.log")}
    for identity in hostile:
        kept = identity.encode()
        if len(kept) > 512:  # OP_SESSION_ID_MAX: the start, and a digest of the whole
            kept = kept[:512 - 65] + b"-" + hashlib.sha256(kept).hexdigest().encode()
        assert hashlib.sha256(kept).hexdigest()[:32] + ".log" in names, identity[:80]


# -- environment ---------------------------------------------------------------------------------------------------------------------

def files_below(*folders):
    return sorted(str(path) for folder in folders for path in pathlib.Path(folder).rglob("*") if path.is_file())


def test_H16_home_missing_relative_or_a_file(home):
    empty = home.path / "elsewhere"
    empty.mkdir(mode=0o700)
    plain = home.path / "plain"
    plain.write_text("a file")
    before = files_below(home.path)
    for value in (None, "", "relative/home", str(plain)):
        environment = quiet(home, HOME=value, TMPDIR=str(empty))
        send(home, prompt(), env=environment)
    assert files_below(home.path) == before, "something was written without a home"


def test_H16_runtime_dir_is_the_fallback(home):
    runtime = home.path / "runtime"
    runtime.mkdir(mode=0o700)
    send(home, prompt(), env=quiet(home, HOME=None, XDG_RUNTIME_DIR=str(runtime)))
    logs = list((runtime / "spanhook" / "ops").glob("*.log"))
    assert len(logs) == 1 and len(frames(logs[0].read_bytes())) == 1


def test_H16_home_not_writable(home):
    if os.geteuid() == 0:
        sealed = pathlib.Path("/proc/self/spanhook-home")  # root passes every mode; nothing can be created here
    else:
        sealed = home.path / "sealed"
        sealed.mkdir(mode=0o500)
    send(home, prompt(), env=quiet(home, HOME=str(sealed)))
    assert home.ops() == []


def test_H16_where_the_state_goes(home):
    for name, expected in (("SPANHOOK_HOME", ""), ("XDG_STATE_HOME", "spanhook")):
        folder = home.path / name
        send(home, prompt(), env=quiet(home, **{name: str(folder)}))
        assert len(list((folder / expected / "ops").glob("*.log"))) == 1, name
    folders = [home.path / "SPANHOOK_HOME", home.path / "SPANHOOK_HOME" / "ops", home.path / "XDG_STATE_HOME" / "spanhook"]
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders)
    assert all(path.stat().st_mode & 0o777 == 0o600 for folder in folders for path in folder.rglob("*") if path.is_file())


def test_H17_project_files_set_no_endpoint_and_proxies_are_ignored(home):
    """A repository's files must not redirect what is sent; a proxy variable must not see it either."""
    from harness import Backend
    with Backend() as real, Backend() as evil:
        project = home.path / "project"
        for folder in (".kiro", ".kiro/settings", ".kiro/hooks", ".spanhook", ".config"):
            (project / folder).mkdir(parents=True, exist_ok=True)
        for name in (".env", ".kiro/.env", ".spanhook/config", ".spanhook.yaml", "spanhook.yaml", ".kiro/settings/spanhook.json"):
            (project / name).write_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={evil.url}\nendpoint: {evil.url}\n")
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=real.url, http_proxy=evil.url, HTTP_PROXY=evil.url, ALL_PROXY=evil.url,
                               all_proxy=evil.url, https_proxy=evil.url)
        for payload in (spawn(), prompt(), stop()):
            subprocess.run([BINARY, "hook"], input=compact(payload), env=environment, cwd=project, check=True)
        flushed = subprocess.run([BINARY, "flush"], env=environment, cwd=project, capture_output=True)
        assert flushed.returncode == 0, flushed
        assert real.spans() and not evil.requests


def test_H18_closed_descriptors(home):
    for closed in ((1,), (0, 1), (0, 1, 2), (1, 2), (0,)):
        command = ["sh", "-c", 'exec "$0" hook ' + " ".join(f"{number}>&-" if number else "<&-" for number in closed), BINARY]
        result = subprocess.run(command, input=compact(prompt(f"closed {closed}")), env=quiet(home), capture_output=True, timeout=20)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), (closed, result)
    log = home.state / "ops"
    written = b"".join(path.read_bytes() for path in log.glob("*.log"))
    rebuilt = b"".join(frame(match) for match in re.findall(rb"\nS1 [0-9a-f]{8} [0-9a-f]{8} ([^\n]*)\n", written))
    assert written == rebuilt, "something that is no frame stands in the log"
    assert len(frames(written)) == 2, "stdin was open in two of the five"
    # the descriptor the log was opened on, as the kernel saw it
    trace = home.path / "trace"
    command = [need_strace(), "-o", str(trace), "-e", "trace=openat,open,write,fcntl,dup", "sh", "-c", 'exec "$0" hook 0<&- 1>&- 2>&-', BINARY]
    subprocess.run(command, env=quiet(home, USER_PROMPT='{"toolName":"x","toolArgs":{}}'), timeout=20)
    for line in trace.read_text().splitlines():
        match = re.match(r'write\((\d+), "\\nS1 ', line)
        assert not match or int(match.group(1)) > 2, line


def test_H19_stdout_full_or_closed_pipe(home):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([BINARY, "hook"], input=compact(prompt()), stdout=full, stderr=full, env=quiet(home), timeout=20)
        assert result.returncode == 0
        result = subprocess.run([BINARY, "hook"], input=b"{", stdout=full, stderr=full, env=quiet(home), timeout=20)
        assert result.returncode == 0
    read_end, write_end = os.pipe()
    os.close(read_end)
    result = subprocess.run([BINARY, "hook"], input=compact(prompt()), stdout=write_end, stderr=write_end, env=quiet(home), timeout=20)
    os.close(write_end)
    assert result.returncode == 0
    assert sorted(op["op"] for op in home.ops()) == ["point", "prompt", "prompt"]


def test_H20_few_descriptors(home):
    for count in (3, 4, 5, 6):
        send(home, prompt(), env=quiet(home), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)))
    send(home, prompt(), env=home.env(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)))


def test_H20_little_address_space(home):
    for size in (64, 16, 8, 4):
        limit = size * 1024 * 1024
        send(home, prompt(), env=quiet(home), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def test_H20_small_files_only(home):
    send(home, prompt("before"), env=quiet(home))
    size = only_log(home).stat().st_size
    for limit in (0, 1, size, size + 1, size + 40, size + 100):
        send(home, prompt("limited"), env=quiet(home), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    send(home, prompt("after"), env=quiet(home))
    previews = [attributes(op)["prompt.preview"] for op in home.ops()]
    assert previews[0] == "before" and previews[-1] == "after" and len(previews) == 2, previews
    assert home.counters()["dropped_enospc"] >= 1


def injected(home, rules, payload, env=None, follow=False):
    """One hook run under strace with these injections; returns (status, lines of the trace)."""
    trace = home.path / "trace"
    command = [need_strace(), *(["-f"] if follow else []), "-o", str(trace)]
    for rule in rules:
        command += ["-e", f"inject={rule}"]
    child = subprocess.Popen([*command, BINARY, "hook"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=env or quiet(home), cwd=home.path)
    out, err = child.communicate(compact(payload) if isinstance(payload, dict) else payload, timeout=60)
    lines = trace.read_text(errors="replace").splitlines()
    if any("unexpected" in line.lower() for line in err.decode(errors="replace").splitlines()):
        raise Skip("strace cannot trace here: " + err.decode(errors="replace")[:200])
    assert out == b"", out
    return child.returncode, lines


def calls_of(lines):
    return [match.group(1) for line in lines if (match := re.match(r"(?:\d+ +)?(\w+)\(", line))]


def test_H21_every_allocation_fails(home):
    """malloc of a static program ends in brk and mmap: each of them fails once, then all of them from each on."""
    payload = post(response={"items": [{"Text": "x" * 300_000}]})
    _, lines = injected(home, [], payload)
    names = calls_of(lines)
    for name in ("brk", "mmap", "mremap"):
        for number in range(1, names.count(name) + 1):
            for when in (str(number), f"{number}+"):
                status, _ = injected(home, [f"{name}:error=ENOMEM:when={when}"], payload)
                assert status == 0, (name, when, status)
    injected(home, ["brk,mmap,mremap:error=ENOMEM"], payload)
    before = len(home.ops())
    send(home, prompt("after"), env=quiet(home))
    assert len(home.ops()) == before + 1


def test_H21_each_system_call_fails_once(home):
    """Beyond allocation: every call of a run fails once with what it may fail with. The hook's manners hold each time."""
    _, lines = injected(home, [], prompt())
    names = calls_of(lines)
    for name in sorted(set(names) - {"execve", "exit_group", "exit", "rt_sigreturn", "arch_prctl", "set_tid_address"}):
        for error in ("EIO", "EMFILE" if name in ("openat", "open") else "EINTR"):
            status, _ = injected(home, [f"{name}:error={error}:when=1"], prompt(f"{name} {error}"))
            assert status == 0, (name, error, status)
    send(home, prompt("after"), env=quiet(home))
    assert attributes(last_op(home))["prompt.preview"] == "after"


def test_H22_getrandom_blocked(home):
    seen = set()
    for number in range(3):
        status, lines = injected(home, ["getrandom:error=EPERM"], prompt(f"number {number}"))
        assert status == 0
    if "getrandom" not in calls_of(lines):
        raise AssertionError("the hook does not call getrandom: this test needs another way to take its random source away")
    for op in home.ops():
        assert re.fullmatch("[0-9a-f]{16}", op["id"]) and int(op["id"], 16), op
        assert "spanhook.id.source" in attributes(op), op
        seen.add(op["id"])
    assert len(seen) == 3
    send(home, prompt("with a source"), env=quiet(home))
    assert "spanhook.id.source" not in attributes(last_op(home))


def test_H23_clock_jumps(home):
    """The clock as ops carry it: a day back between start and end, ten years ahead, and standing at 0."""
    send(home, spawn(), env=quiet(home))
    for tool in ("back", "ahead", "zero"):
        send(home, pre(tool), env=quiet(home))
    log, starts = only_log(home), {op["tool"]: op for op in home.ops() if op["op"] == "start"}
    day = 86_400 * 10**9
    times = {"back": starts["back"]["t"] - day, "ahead": starts["ahead"]["t"] + 3_653 * day, "zero": 0}
    with open(log, "ab") as out:
        for number, (tool, at) in enumerate(times.items()):
            start = starts[tool]
            since_boot = start["m"] + 2 * 10**9 if start.get("m") else 0
            out.write(frame({**start, "op": "end", "event": "postToolUse", "id": f"00000000000000{number + 1:02x}", "t": at, "m": since_boot,
                             "result": "success"}))
    send(home, stop(), env=quiet(home))
    spans = {span["name"]: span for _, span in home.view_json()}
    for tool in times:
        span = spans[f"tool.{tool}"]
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert 0 <= end - start < day, (tool, start, end)
        assert attributes_of(span).get("spanhook.clock_suspect") is True, (tool, attributes_of(span))
    assert all(int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]) for span in spans.values())


def whole_or_absent(home, before):
    """The log holds what it held, perhaps one more whole record, and no byte between frames."""
    after = home.ops()
    assert len(after) - len(before) in (0, 1) and after[:len(before)] == before, (before, after)
    return len(after) - len(before)


def test_H24_signals_at_each_system_call(home):
    send(home, spawn(), env=quiet(home))
    _, lines = injected(home, [], prompt())
    lines = [line for line in lines if calls_of([line])]
    names = calls_of(lines)
    write_at = max(number for number, line in enumerate(lines) if "write(" in line and "S1 " in line)
    for name in sorted(set(names) - {"execve"}):
        for signal_name in ("SIGTERM", "SIGINT", "SIGHUP"):
            before = home.ops()
            status, _ = injected(home, [f"{name}:signal={signal_name}:when=1"], prompt(f"{name} {signal_name}"))
            number = getattr(signal, signal_name)
            added = whole_or_absent(home, before)
            assert status in (0, -number, 128 + number), (name, signal_name, status)
            if status == 0:
                assert added == 1, (name, signal_name, "exit 0 but no record")
            if names.index(name) >= write_at:
                assert status == 0, (name, signal_name, "the record is written: nothing may be seen by the agent")
    # while the record is being written no signal is taken
    occurrence = names[:write_at + 1].count("write")
    for signal_name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE"):
        before = home.ops()
        status, _ = injected(home, [f"write:signal={signal_name}:when={occurrence}"], prompt(signal_name))
        assert (status, whole_or_absent(home, before)) == (0, 1), signal_name


def test_H26_process_group_killed_after_the_hook(home):
    """The agent kills its group as soon as the hook is back: the record is there, and the relay lives in a session of its own."""
    environment = home.env(SPANHOOK_RELAY_LINGER_SECONDS="30")
    script = f"'{BINARY}' hook; kill -KILL 0"
    child = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                             cwd=home.path, start_new_session=True)
    out, err = child.communicate(compact(prompt()), timeout=20)
    assert (child.returncode, out, err) == (-signal.SIGKILL, b"", b"")
    assert len(home.ops()) == 1
    lock = home.state / "ops" / "relay.lock"
    pid = until(lambda: lock.exists() and lock.read_text().split() and int(lock.read_text().split()[0]), what="a relay")
    assert os.getsid(pid) == pid and os.getpgid(pid) != child.pid
    assert all(os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null" for number in (0, 1, 2))
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    held = open_files(pid).values()
    assert not any(name.startswith("pipe:") for name in held), held


def test_H26_relay_started_by_a_hook_holds_no_pipe(home):
    start = time.monotonic()
    child = call(home, stdin=subprocess.PIPE, env=home.env(SPANHOOK_RELAY_LINGER_SECONDS="30"))
    child.stdin.write(compact(prompt()))
    child.stdin.close()
    assert child.stdout.read() == b"" and child.stderr.read() == b""  # EOF, though the relay runs on
    assert child.wait(timeout=20) == 0
    assert time.monotonic() - start < 1.0
    until(lambda: (home.state / "ops" / "relay.lock").exists() and (home.state / "ops" / "relay.lock").read_text().strip(), what="a relay")


def test_H27_binary_replaced_removed_or_linked(home):
    copy = home.path / "spanhook-copy"
    shutil.copy2(BINARY, copy)
    child = subprocess.Popen([copy, "hook"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=quiet(home), cwd=home.path)
    time.sleep(0.1)
    copy.unlink()
    out, err = child.communicate(compact(prompt("removed")), timeout=20)
    assert (child.returncode, out, err) == (0, b"", b"")
    link = home.path / "linked"
    link.symlink_to(BINARY)
    result = subprocess.run([link, "hook"], input=compact(prompt("linked")), env=quiet(home), capture_output=True, timeout=20)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert [attributes(op)["prompt.preview"] for op in home.ops()] == ["removed", "linked"]


def test_H27_binary_gone_when_a_relay_is_due(home):
    """The hook cannot start a relay from a file that is no longer there: silent, and the record is kept."""
    copy = home.path / "spanhook-copy"
    shutil.copy2(BINARY, copy)
    child = subprocess.Popen([copy, "hook"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home.env(), cwd=home.path)
    time.sleep(0.1)
    copy.unlink()
    out, err = child.communicate(compact(prompt("removed")), timeout=20)
    assert (child.returncode, out, err) == (0, b"", b"")
    assert len(home.ops()) == 1


def test_H28_folder_of_another_user(home):
    if os.geteuid() != 0:
        raise Skip("needs root to give a folder away")
    foreign = home.path / "foreign"
    (foreign / "ops").mkdir(parents=True, mode=0o700)
    for folder in (foreign, foreign / "ops"):
        os.chown(folder, 65534, 65534)
    send(home, prompt(), env=quiet(home, SPANHOOK_HOME=str(foreign)))
    assert files_below(foreign) == []


def test_H28_other_uid_than_the_folders_owner(home):
    """Started as another user (sudo, setuid) with the first one's HOME: refused, nothing of the owner's is touched."""
    if os.geteuid() != 0:
        raise Skip("needs root to become another user")
    send(home, prompt(), env=quiet(home))
    before = state_bytes(home)
    for path in [home.path, home.path / ".local", home.path / ".local" / "state", home.state, home.state / "ops"]:
        path.chmod(0o755)
    binary = home.path / "spanhook-copy"
    shutil.copy2(BINARY, binary)
    result = subprocess.run([binary, "hook"], input=compact(prompt()), env=quiet(home), capture_output=True, timeout=20, user=65534, group=65534)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
    assert state_bytes(home).replace(binary.read_bytes(), b"") == before


# -- manners that no row names ---------------------------------------------------------------------------------------------------------

def test_unknown_events_and_arguments_are_never_refused(home):
    send(home, event("PostFileSave", file_path="src/cart.ts"), env=quiet(home))
    send(home, event("SomethingNew"), env=quiet(home))
    send(home, {"session_id": SESSION, "cwd": "/"}, env=quiet(home), arguments=("hook", "--event", "USERPROMPTSUBMIT"))
    for arguments in (("hook", "--nonsense"), ("hook", "--agent"), ("hook", "--agent", "other"), ("hook", "stray"), ("hook", "--prompt-chars", "x"),
                      ("hook", "--prompt-chars", "-1"), ("hook", "--prompt-chars", "99999999999999999999")):
        send(home, prompt(), env=quiet(home), arguments=arguments)
    ops = home.ops()
    assert [op["op"] for op in ops[:3]] == ["point", "point", "prompt"], ops
    assert [op["event"] for op in ops[:2]] == ["PostFileSave", "SomethingNew"]


def test_event_names_compare_without_case(home):
    for name, kind in (("agentspawn", "session"), ("SESSIONSTART", "session"), ("UserPromptSubmit", "prompt"), ("PRETOOLUSE", "start"),
                       ("posttooluse", "end"), ("sToP", "stop")):
        send(home, event(name, tool_name="shell", tool_input={"a": 1}, prompt="x"), env=quiet(home))
        assert last_op(home)["op"] == kind, name


def test_prompt_preview_counts_characters(home):
    """200 characters, not bytes, and never half of one; --prompt-chars N; 0 is none."""
    text = "ä€🛒" * 100
    send(home, prompt(text), env=quiet(home))
    send(home, prompt(text), env=quiet(home), arguments=("hook", "--prompt-chars", "7"))
    send(home, prompt(text), env=quiet(home), arguments=("hook", "--prompt-chars", "0"))
    send(home, prompt(text), env=quiet(home), arguments=("hook", "--prompt-chars", "1000"))
    previews = [attributes(op).get("prompt.preview", "") for op in home.ops()]
    assert previews == [text[:200], text[:7], "", text], previews


def test_no_content_and_no_secret_reaches_the_disk(home):
    secrets = ["AKIAIOSFODNN7EXAMPLQ", "ghp_" + "a1B2" * 9, "sk-ant-api03-" + "x" * 93 + "AA", "hunter2hunter2"]
    send(home, spawn(), env=quiet(home))
    send(home, prompt(f"key {secrets[0]} and {secrets[1]} then https://user:{secrets[3]}@host/ end"), env=quiet(home))
    send(home, pre(tool_input={"command": f"export KEY={secrets[2]} CANARYINPUT"}), env=quiet(home))
    send(home, post(tool_input={"command": f"export KEY={secrets[2]} CANARYINPUT"},
                    response={"success": False, "error": [f"CANARYERROR {secrets[0]}"]}), env=quiet(home))
    send(home, post("other", response={"items": [{"Text": f"CANARYOUTPUT {secrets[0]}"}]}), env=quiet(home))
    send(home, stop(f"CANARYANSWER {secrets[0]}"), env=quiet(home))
    home.flush(env=local(home))
    written = state_bytes(home)
    for text in [*secrets, "CANARYINPUT", "CANARYOUTPUT", "CANARYANSWER"]:
        assert text.encode() not in written, text
    assert b"[redacted]" in written


def test_v1_sessions_of_two_agents_do_not_mix(home):
    """Classic payloads have no session id: each agent process is a session of its own, also behind a shell."""
    script = ('for event in agentSpawn userPromptSubmit stop; do printf \'{"hook_event_name":"%s","cwd":"/","prompt":"x"}\' $event'
              ' | bash -c "$SPANHOOK hook"; done')
    agent = home.path / "kiro-cli-agent"
    agent.symlink_to(shutil.which("python3"))
    code = f"import subprocess; subprocess.run(['bash', '-c', {script!r}], check=True)"
    environment = quiet(home, SPANHOOK=BINARY)
    for _ in range(2):
        result = subprocess.run([agent, "-c", code], env=environment, cwd=home.path, capture_output=True, timeout=30)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b""), result
    ops = home.ops()
    sessions = {op["s"] for op in ops}
    assert len(ops) == 6 and len(sessions) == 2, sessions
    assert all([op["op"] for op in ops if op["s"] == identity] == ["session", "prompt", "stop"] for identity in sessions)


def test_disabled_records_nothing(home):
    for name in ("OTEL_SDK_DISABLED", "SPANHOOK_SDK_DISABLED"):
        send(home, prompt(), env=quiet(home, **{name: "true"}))
    assert home.ops() == []


def test_stdin_may_be_a_file_or_dev_null(home):
    path = home.path / "payload"
    path.write_bytes(compact(prompt("from a file")))
    with open(path, "rb") as source:
        finish(call(home, stdin=source, env=quiet(home)), 1.0)
    finish(call(home, stdin=subprocess.DEVNULL, env=quiet(home)), 1.0)
    assert [attributes(op)["prompt.preview"] for op in home.ops()] == ["from a file"]


def test_writer_that_stalls_after_the_object_is_not_waited_for_long(home):
    """The object is complete: stdin is drained without blocking beyond what the agent still has to write."""
    child = call(home, stdin=subprocess.PIPE, env=quiet(home))
    child.stdin.write(compact(prompt("complete")))
    child.stdin.flush()
    start = time.monotonic()
    child.wait(timeout=20)
    assert time.monotonic() - start < 1.0, "the hook waited for EOF after a complete object"
    assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b"")
    assert attributes(last_op(home))["prompt.preview"] == "complete"
