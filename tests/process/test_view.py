"""What people see: view, sessions, help, completion. Run on the release binary, where it matters in a pseudo-terminal."""

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time

from events import BINARY, compact, frame, only_log, post, pre, prompt, quiet, send, spawn, stop
from harness import Skip, attributes_of, spans_of

SESSION = "7d1c4e52-90ab-4f36-8b1d-5e2a7c9f0d13"
START = 1_790_000_000_000_000_000  # ns
MS = 1_000_000
SGR = re.compile("\x1b\\[[0-9;]*m")


def op(kind, number, at, session=SESSION, **members):
    """An op log record at START + at ms."""
    return frame({"v": 1, "op": kind, "id": f"{number:016x}", "t": START + at * MS, "m": 0, "s": session, "agent": "kiro", **members})


def write_log(home, *records, session=SESSION):
    """Puts records into the session's log as hooks would; the folders are made by a hook."""
    if not (home.state / "ops").exists():
        send(home, prompt(session="folder-maker"), env=quiet(home))
        only_log(home).unlink()
    path = home.state / "ops" / (hashlib.sha256(session.encode()).hexdigest()[:32] + ".log")
    with open(path, "ab") as log:
        log.write(b"".join(records))
    path.chmod(0o600)


def two_turns(home, session=SESSION, base=0):
    n = 1000 * (base + 1)
    write_log(
        home,
        op("session", n + 1, base, session, event="agentSpawn"),
        op("prompt", n + 2, base + 200, session, event="userPromptSubmit", a={"prompt.preview": "Prepare release notes", "spanhook.prompt.length": 21}),
        op("start", n + 3, base + 1000, session, tool="read", key="00000000000000aa", skill="release-notes"),
        op("end", n + 4, base + 1800, session, tool="read", key="00000000000000aa", result="success"),
        op("start", n + 5, base + 2000, session, tool="shell", key="00000000000000bb"),
        op("end", n + 6, base + 4000, session, tool="shell", key="00000000000000bb", result="failure", a={"process.exit.code": 2, "error.type": "2"}),
        op("stop", n + 7, base + 5000, session),
        op("prompt", n + 8, base + 6000, session, a={"prompt.preview": "Thanks"}),
        op("stop", n + 9, base + 6500, session),
        session=session)


def lines_of(result):
    assert result.returncode == 0, result
    return result.stdout.decode().splitlines()


def in_terminal(home, *arguments, width=100, env=None):
    """Runs the binary in a pseudo-terminal of that width; everything it wrote there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    child = subprocess.Popen([BINARY, *arguments], stdin=slave, stdout=slave, stderr=slave, env=env or utf8(home, TERM="xterm"), cwd=home.path)
    os.close(slave)
    written, deadline = b"", time.monotonic() + 20
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            written += piece
    os.close(master)
    assert child.wait(timeout=20) == 0, written
    return written.decode()


def utf8(home, **changes):
    return quiet(home, LC_ALL="C.UTF-8", TZ="UTC0", **changes)


# ---- view -------------------------------------------------------------------------------------------------------------------------------


def test_view_shows_the_waterfall(home):
    two_turns(home)
    lines = lines_of(home.run("view", "--width", "100", env=utf8(home)))
    assert lines[0] == "session 7d1c4e52  2026-09-21 14:13:20  6.5s  2 turns, 2 tools, 1 skill, 1 error", lines[0]
    rows = {re.sub("^[├└]─ ", "", line).split("  ")[0].strip(): line for line in lines[1:]}
    assert lines[1].startswith("session ") and "[====" in lines[1] and lines[1].endswith("6.5s")
    assert lines[2].startswith('├─ user.prompt  "Prepare rel') and lines[2].rstrip().endswith("[=]")
    assert "800ms" in rows["skill.release-notes"]
    assert rows["tool.shell"].endswith("2.0s  ✗ exit 2")
    assert lines[-1].startswith("└─ turn.complete") and lines[-1].endswith("turn 500ms")
    starts = [line.index("[") for line in lines[1:]]
    assert starts[0] == min(starts) and starts[2:5] == sorted(starts[2:5])


def test_view_widths(home):
    two_turns(home)
    for width in (40, 57, 80, 132, 400):
        for environment in (utf8(home), quiet(home)):
            lines = lines_of(home.run("view", "--width", str(width), env=environment))
            assert max(map(len, lines)) <= width and any(len(line) > width * 0.7 for line in lines), lines
    assert max(map(len, lines_of(home.run("view", env=utf8(home, COLUMNS="66"))))) <= 66
    assert max(map(len, lines_of(home.run("view", env=utf8(home))))) <= 80
    for wrong in ("39", "401", "x", "", "-80", "1e2"):
        result = home.run("view", "--width", wrong)
        assert result.returncode == 2 and result.stdout == b"" and result.stderr.count(b"\n") == 1, (wrong, result)


def test_view_takes_the_width_of_the_terminal(home):
    two_turns(home)
    for width in (60, 120):
        shown = SGR.sub("", in_terminal(home, "view", width=width)).split("\r\n")
        assert width * 0.7 < max(map(len, shown)) <= width, shown


def test_view_without_utf8_locale_is_ascii(home):
    two_turns(home)
    for locale in ({"LC_ALL": "C"}, {"LANG": "de_DE.ISO-8859-1"}, {}):
        result = home.run("view", env=quiet(home, **locale))
        result.stdout.decode("ascii")
        assert b"|- tool.shell" in result.stdout and b"`- turn.complete" in result.stdout and b"x exit 2" in result.stdout


def test_V02_escape_sequences_in_a_terminal(home):
    names = ["\x1b]0;owned\x07", "\x1b[2J\x1b[31m", "\u009b2J", "first\rsecond", "a\u202eb\u2066c", "x\n[fake]", "\x1bPq\x1b\\", "\x7f\x08\x08"]
    write_log(home, op("session", 1, 0), op("prompt", 2, 1, a={"prompt.preview": "\x1b]52;c;aGk=\x07"}),
              *(op("end", 10 + index, 10 + index, tool=name, result="failure", a={"error.type": name}) for index, name in enumerate(names)))
    write_log(home, op("session", 3, 50, "\x1b[?1049h\x1b]0;id\x07"), session="\x1b[?1049h\x1b]0;id\x07")
    for locale in ("C.UTF-8", "C"):
        for arguments in (("view", SESSION), ("view",), ("sessions",), ("view", "--color", "never", SESSION)):
            shown = in_terminal(home, *arguments, width=200, env=quiet(home, LC_ALL=locale, TERM="xterm"))
            plain = SGR.sub("", shown) if "never" not in arguments else shown
            found = re.findall("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)|(?<!\r)\n", plain)
            assert not found, (arguments, found, plain)
            # our own colours are single attributes and every one is taken back before the line ends
            for line in shown.split("\r\n"):
                state = SGR.findall(line)
                assert set(state) <= {f"\x1b[{code}m" for code in (0, 1, 2, 31, 32, 33, 35, 36)}, state
                assert not state or state[-1] == "\x1b[0m", line
    assert "\\x1b]0;owned\\x07" in in_terminal(home, "view", SESSION, width=200)
    for line in lines_of(home.run("view", SESSION, "--json")):
        assert not re.search("[\x00-\x1f\x7f]", line)


def test_colour(home):
    two_turns(home)
    assert "\x1b[" in in_terminal(home, "view")
    assert "\x1b[31m" in in_terminal(home, "view")
    assert "\x1b" not in in_terminal(home, "view", env=utf8(home, TERM="xterm", NO_COLOR="1"))
    assert "\x1b" not in in_terminal(home, "view", env=utf8(home, TERM="xterm", NO_COLOR="1", FORCE_COLOR="1"))
    assert "\x1b" not in in_terminal(home, "view", env=utf8(home, TERM="dumb"))
    assert "\x1b" not in in_terminal(home, "view", "--color", "never")
    assert "\x1b[" in in_terminal(home, "view", env=utf8(home, TERM="xterm", NO_COLOR=""))
    assert b"\x1b" not in home.run("view", env=utf8(home)).stdout
    assert b"\x1b[" in home.run("view", env=utf8(home, FORCE_COLOR="1")).stdout
    assert b"\x1b[" in home.run("view", "--color=always", env=utf8(home)).stdout
    coloured = home.run("view", "--color", "always", env=utf8(home)).stdout.decode()
    assert SGR.sub("", coloured) == home.run("view", env=utf8(home)).stdout.decode()
    result = home.run("view", "--color", "sometimes")
    assert result.returncode == 2 and result.stderr.count(b"\n") == 1


def test_view_of_a_live_session(home):
    environment = utf8(home)
    for payload in (spawn(), prompt("Build it"), pre("read", {"path": "a"}), post("read", {"path": "a"}), pre("shell", {"command": "make"})):
        send(home, payload, env=environment)
    lines = lines_of(home.run("view", env=environment))
    assert "live" in lines[0], lines
    assert lines[1].rstrip().endswith("open") and lines[1].count(">") == 1
    assert lines[-1].startswith("└─ tool.shell") and "~" in lines[-1] and lines[-1].endswith("open"), lines
    spans = [span for line in lines_of(home.run("view", "--json", env=environment)) for _, span in spans_of(json.loads(line))]
    about = {span["name"]: (attributes_of(span), span) for span in spans}
    assert about["tool.shell"][0]["spanhook.outcome"] == about["session"][0]["spanhook.outcome"] == "open"
    assert abs(int(about["tool.shell"][1]["endTimeUnixNano"]) - time.time_ns()) < 60e9
    assert "spanhook.outcome" not in about["tool.read"][0]
    assert json.loads(home.run("sessions", "--json").stdout)["sessions"][0]["live"] is True
    assert b" live " in home.run("sessions").stdout
    # and it changes with the session
    send(home, post("shell", {"command": "make"}), env=environment)
    send(home, stop(), env=environment)
    lines = lines_of(home.run("view", env=environment))
    assert "live" not in lines[0] and not any("open" in line for line in lines), lines


def test_a_session_that_nobody_closed_is_not_live_for_ever(home):
    now = time.time_ns()
    at = (now - START) // MS - 3 * 3600 * 1000
    write_log(home, op("session", 1, at), op("prompt", 2, at + 10, a={"prompt.preview": "x"}), op("start", 3, at + 1000, tool="shell"))
    lines = lines_of(home.run("view", env=utf8(home)))
    assert "live" not in lines[0] and lines[-2].endswith("no result"), lines
    assert json.loads(home.run("sessions", "--json").stdout)["sessions"][0]["live"] is False


def test_view_reads_the_archive_when_the_log_is_gone(home):
    two_turns(home)
    environment = utf8(home, OTEL_TRACES_EXPORTER="none")
    before = home.run("view", "--json", env=environment).stdout
    assert home.flush(env=environment).returncode == 0
    assert home.run("view", "--json", env=environment).stdout == before
    shown = home.run("view", env=environment).stdout
    for path in (home.state / "ops").glob("*.log"):
        path.unlink()
    assert home.run("view", env=environment).stdout == shown
    assert sorted(home.run("view", "--json", env=environment).stdout.splitlines()) == sorted(before.splitlines())
    # what is no OTLP is passed over, what somebody else wrote is shown
    with open(next((home.state / "traces").glob("*.jsonl")), "ab") as archive:
        archive.write(b"not JSON\n{}\n" + compact({"resourceSpans": [{"scopeSpans": [{"spans": [
            {"traceId": "ABCDEF0123456789ABCDEF0123456789", "spanId": "1111111111111111", "name": "from elsewhere",
             "startTimeUnixNano": START, "endTimeUnixNano": str(START + 5 * MS)}]}]}]}) + b"\n")
    assert home.run("view", SESSION, env=environment).stdout == shown
    foreign = lines_of(home.run("view", "abcdef01", env=environment))
    assert foreign[0].startswith("trace abcdef01") and foreign[1].startswith("from elsewhere"), foreign


def test_V02_events_and_links(home):
    """As JSON they come out as they went in, whatever is in them; the waterfall has no line for them."""
    two_turns(home)
    environment = utf8(home, OTEL_TRACES_EXPORTER="none")
    home.flush(env=environment)
    events = [{"timeUnixNano": str(START + 2 * MS), "name": "progress", "attributes": [
                  {"key": "spanhook.progress", "value": {"doubleValue": 0.5}}, {"key": "spanhook.progress.total", "value": {"doubleValue": 3}}]},
              {"timeUnixNano": str(START + 1 * MS), "name": "\x1b]0;owned\x07\x7f", "attributes": [
                  {"key": "\x1b[2J", "value": {"stringValue": "\x1b[31m\n"}}, {"key": "whole", "value": {"intValue": "-7"}}]}]
    links = [{"traceId": "abcdef0123456789abcdef0123456788", "spanId": "2222222222222222"}]
    span = {"traceId": "abcdef0123456789abcdef0123456789", "spanId": "1111111111111111", "name": "tools/call search", "kind": 3,
            "startTimeUnixNano": str(START), "endTimeUnixNano": str(START + 5 * MS), "events": events, "droppedEventsCount": 3, "links": links}
    with open(next((home.state / "traces").glob("*.jsonl")), "ab") as archive:
        archive.write(compact({"resourceSpans": [{"scopeSpans": [{"spans": [{**span, "links": [{"traceId": "\x1b[2J"}, *links]}]}]}]}) + b"\n")
    [line] = lines_of(home.run("view", "abcdef01", "--json", env=environment))
    assert not re.search("[\x00-\x1f\x7f]", line), line
    assert spans_of(json.loads(line))[0][1] == span
    shown = lines_of(home.run("view", "abcdef01", env=environment))
    assert len(shown) == 2 and shown[1].startswith("tools/call search ") and "owned" not in shown[1], shown


def test_view_finds_sessions(home):
    two_turns(home)
    two_turns(home, "7d1c9999-another", base=100_000)
    two_turns(home, "b0000000", base=200_000)
    newest = lines_of(home.run("view", env=utf8(home)))[0]
    assert newest.startswith("session b0000000 "), newest
    for wanted in (SESSION, "7d1c4", "7d1c4e52-90ab"):
        assert lines_of(home.run("view", wanted, env=utf8(home)))[0].startswith("session 7d1c4e52 ")
    trace = json.loads(lines_of(home.run("view", "7d1c4", "--json"))[0])
    trace = spans_of(trace)[0][1]["traceId"]
    assert lines_of(home.run("view", trace[:12].upper(), env=utf8(home)))[0].startswith("session 7d1c4e52 ")
    several = home.run("view", "7d1c", env=utf8(home))
    assert several.returncode == 1 and several.stdout == b""
    assert SESSION.encode() in several.stderr and b"7d1c9999-another" in several.stderr and b"b0000000" not in several.stderr
    none = home.run("view", "nothing", env=utf8(home))
    assert none.returncode == 1 and none.stdout == b"" and none.stderr.count(b"\n") == 1 and b"spanhook sessions" in none.stderr
    assert home.run("view", "a", "b").returncode == 2


def test_view_names_the_other_traces_of_a_session(home):
    two_turns(home)
    two_turns(home, base=50_000)
    two_turns(home, base=90_000)
    lines = lines_of(home.run("view", env=utf8(home)))
    assert "2 other traces of this session" in lines[-3], lines
    for line in lines[-2:]:
        command = re.fullmatch(r"  spanhook view ([0-9a-f]+)  \S+ \S+  2 turns, 2 tools, 1 skill, 1 error", line)
        assert command, line
        other = lines_of(home.run("view", command[1], env=utf8(home)))
        assert other[0].startswith("session 7d1c4e52 ") and other[0] != lines[0] and line.split("  ")[2] in other[0]
    # as JSON the whole session, or the one trace that was asked for
    everything = [spans_of(json.loads(line))[0][1]["traceId"] for line in lines_of(home.run("view", "--json"))]
    assert len(set(everything)) == 3 and everything == sorted(everything)
    one = [spans_of(json.loads(line))[0][1]["traceId"] for line in lines_of(home.run("view", everything[0][:8], "--json"))]
    assert set(one) == {everything[0]}


def test_view_before_anything_was_recorded(home):
    for environment in (quiet(home), quiet(home, SPANHOOK_HOME=home.path / "elsewhere")):
        result = home.run("view", env=environment)
        assert result.returncode == 1 and result.stdout == b"" and result.stderr.count(b"\n") == 1
        assert b"spanhook install kiro" in result.stderr
        assert json.loads(home.run("sessions", "--json", env=environment).stdout)["sessions"] == []
        assert b"spanhook install kiro" in home.run("sessions", env=environment).stdout
    assert not (home.path / "elsewhere").exists() and not home.state.exists(), "looking must not make anything"


def with_unreadable_log(home, session, *arguments):
    """The binary with an op log that gives an I/O error."""
    if not shutil.which("strace"):
        raise Skip("strace is not here")
    log = home.state / "ops" / (hashlib.sha256(session.encode()).hexdigest()[:32] + ".log")
    command = ["strace", "-o", "/dev/null", "-P", str(log), "-e", "trace=pread64", "-e", "inject=pread64:error=EIO", BINARY, *arguments]
    result = subprocess.run(command, capture_output=True, env=utf8(home), cwd=home.path, timeout=60)
    errors = b"".join(line for line in result.stderr.splitlines(keepends=True) if not line.startswith(b"strace:"))
    return result.returncode, result.stdout.decode(), errors.decode(), log.name


def test_a_bad_log_does_not_hide_the_others(home):
    two_turns(home)
    two_turns(home, "bad-session", base=100_000)
    two_turns(home, "other-session", base=200_000)
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "sessions")
    assert code == 0 and errors.count("\n") == 1 and name in errors and "I/O error" in errors and "memory" not in errors, errors
    assert "7d1c4e52" in shown and "other-se" in shown and "bad-sess" not in shown, shown
    code, shown, errors, _ = with_unreadable_log(home, "bad-session", "sessions", "--json")
    assert code == 0 and json.loads(shown)["incomplete"] is True and len(json.loads(shown)["sessions"]) == 2
    for arguments in ([], ["other"], ["7d1c", "--json"]):
        code, shown, errors, name = with_unreadable_log(home, "bad-session", "view", *arguments)
        assert code == 0 and shown and errors.count("\n") == 1 and name in errors, (arguments, shown, errors)
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "view", "bad-session")
    assert code == 1 and shown == "" and name in errors and errors.splitlines()[-1].startswith("spanhook view: no session"), errors
    assert home.run("sessions").stderr == b""
    # the only one there is
    for session in (SESSION, "other-session"):
        (home.state / "ops" / (hashlib.sha256(session.encode()).hexdigest()[:32] + ".log")).unlink()
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "sessions")
    assert code == 0 and shown == "" and name in errors
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "view")
    assert code == 1 and shown == "" and name in errors and "install" not in errors
    # what was archived of it is still listed; asked for, the session is said not to be whole
    assert home.flush(env=quiet(home, OTEL_TRACES_EXPORTER="none")).returncode == 0
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "sessions")
    assert code == 0 and "bad-sess" in shown and name in errors
    code, shown, errors, name = with_unreadable_log(home, "bad-session", "view", "bad-session")
    assert code == 1 and shown == "" and "I/O error" in errors.splitlines()[-1]


def test_status_before_anything_was_recorded(home):
    for environment, place in ((quiet(home), home.state), (quiet(home, SPANHOOK_HOME=home.path / "elsewhere"), home.path / "elsewhere")):
        result = home.run("status", env=environment)
        assert result.returncode == 0 and result.stderr == b"", result
        assert str(place).encode() in result.stdout and b"nothing yet" in result.stdout and b"spanhook install kiro" in result.stdout
        before = json.loads(home.run("status", "--json", env=environment).stdout)
        assert before["state"] == str(place) and before["destinations"] == [] and not any(before["counters"].values())
    assert not (home.path / "elsewhere").exists() and not (home.path / ".local").exists(), "looking must not make anything"
    send(home, prompt(), env=quiet(home))
    after = json.loads(home.run("status", "--json", env=quiet(home)).stdout)
    assert set(before) == set(after) and set(before["counters"]) == set(after["counters"])
    assert set(before["queue"]) == set(after["queue"]) and set(before["archive"]) == set(after["archive"])


def test_what_was_recorded_in_the_place_instead_is_found(home):
    runtime = home.path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = quiet(home, HOME="/proc/nobody", XDG_RUNTIME_DIR=runtime)
    assert b"nothing yet" in home.run("status", env=environment).stdout
    send(home, prompt(), env=environment)
    assert json.loads(home.run("status", "--json", env=environment).stdout)["state"] == str(runtime / "spanhook")
    assert len(json.loads(home.run("sessions", "--json", env=environment).stdout)["sessions"]) == 1


def test_status_says_why_nothing_is_sent(home):
    two_turns(home)

    def status(**changes):
        environment = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=None, **changes)
        text = home.run("status", env=environment)
        assert text.returncode == 0 and text.stderr == b"", text
        return text.stdout.decode(), json.loads(home.run("status", "--json", env=environment).stdout)

    text, data = status(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="ftp://x")
    assert "\nsending   nothing: " in text and "switched off" not in text and data["sending"] is False and data["error"] in text
    assert data["destinations"] == [] and "warning" not in data
    text, data = status(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="ftp://x", OTEL_EXPORTER_OTLP_TIMEOUT="soon")
    assert "\nsending   nothing: " in text and "\nwarning   OTEL_EXPORTER_OTLP_TIMEOUT" in text and data["error"] and data["warning"] in text
    text, data = status(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="ftp://x", OTEL_TRACES_EXPORTER="none")
    assert "\nsending   switched off by OTEL_TRACES_EXPORTER\n" in text and "nothing:" not in text
    assert data["sending"] is False and "error" not in data and data["destinations"] == []
    text, data = status()
    assert data["sending"] is True and [entry["current"] for entry in data["destinations"]] == [True]
    assert "sending" not in text and "warning" not in text and data["destinations"][0]["url"] in text


def test_S26_status_warns_of_an_archive_file_dated_in_the_future(home):
    two_turns(home)
    environment = quiet(home, OTEL_TRACES_EXPORTER="none")
    assert "dated_ahead" not in json.loads(home.run("status", "--json", env=environment).stdout)["archive"]
    ahead = home.state / "traces" / "2099-01-01.jsonl"
    ahead.touch(mode=0o600)
    home.flush(env=environment)
    assert ahead.read_bytes().count(b"\n") > 3 and len(list((home.state / "traces").iterdir())) == 1
    warnings = [line for line in home.run("status", env=environment).stdout.decode().splitlines() if line.startswith("warning ")]
    assert len(warnings) == 1 and "2099-01-01.jsonl" in warnings[0] and "clock" in warnings[0], warnings
    assert json.loads(home.run("status", "--json", env=environment).stdout)["archive"]["dated_ahead"] == "2099-01-01.jsonl"


def test_a_full_disk_is_told(home):
    two_turns(home)
    for arguments in (["help"], ["help", "view"], ["view", "--help"], ["--help"], ["-h"], ["--version"], ["-V"], ["status"], ["sessions"], ["view"]):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE, env=quiet(home), cwd=home.path)
        assert result.returncode == 1 and result.stderr.count(b"\n") == 1 and b"cannot write: No space left" in result.stderr, (arguments, result)


def test_a_closed_pipe_ends_quietly(home):
    records = [op("session", 1, 0)]
    for index in range(4000):
        records.append(op("end", 10 + index, 10 + index, tool=f"tool-{index}-" + "x" * 60, result="success"))
    write_log(home, *records)
    for arguments in ("view", "view --json", "sessions", "completion bash"):
        for guard in ("", "trap '' PIPE; "):
            command = f'{guard}{{ "$0" {arguments}; echo $? >status; }} | head -n 1'
            result = subprocess.run(["sh", "-c", command, BINARY], env=utf8(home), cwd=home.path, capture_output=True, timeout=30)
            assert result.stderr == b"" and result.stdout.count(b"\n") == 1, (arguments, result)
            assert (home.path / "status").read_text() == "0\n", arguments
    full = subprocess.run(["sh", "-c", '"$0" view >/dev/full', BINARY], env=utf8(home), cwd=home.path, capture_output=True, timeout=30)
    assert full.returncode == 1 and full.stderr.count(b"\n") == 1


def test_view_of_many_spans(home):
    """Every span is there once, in bounded memory."""
    records = [op("session", 1, 0), op("prompt", 2, 1)]
    for index in range(5_000):
        records.append(op("end", 10 + index, 10 + index, tool=f"t{index}", result="success"))
    write_log(home, *records)
    result = home.run("view", env=utf8(home))
    assert len(lines_of(result)) == 5_003
    spans = home.view_json()
    assert len({span["spanId"] for _, span in spans}) == len(spans) == 5_002


# ---- sessions ---------------------------------------------------------------------------------------------------------------------------


def test_sessions_table(home):
    two_turns(home)
    two_turns(home, "b0000000-1", base=100_000)
    lines = lines_of(home.run("sessions", env=utf8(home)))
    assert lines[0].split() == ["START", "LENGTH", "TURNS", "TOOLS", "SKILLS", "ERRORS", "SESSION", "PROMPT"], lines
    assert lines[1].split()[:8] == ["2026-09-21", "14:15", "6.5s", "2", "2", "1", "1", "b0000000"] and "Prepare" in lines[1], lines
    assert lines[2].split()[7] == "7d1c4e52" and len(lines) == 3
    assert max(map(len, lines)) <= 80
    wide = lines_of(home.run("sessions", env=utf8(home, COLUMNS="130")))
    assert "TRACE" in wide[0] and wide[1].endswith("Prepare release notes"), wide
    limited = lines_of(home.run("sessions", "--limit", "1", env=utf8(home)))
    assert limited[1] == lines[1] and "not shown" in limited[2] and len(limited) == 3, limited


def test_sessions_json(home):
    two_turns(home)
    two_turns(home, base=50_000)
    two_turns(home, "\x1b[31m\u202e", base=100_000)
    found = json.loads(home.run("sessions", "--json").stdout)
    assert found["schema_version"] == 1 and found["more"] is False and found["incomplete"] is False
    first, second, third = found["sessions"]
    assert first["session_id"] == "\x1b[31m\u202e"
    assert second["session_id"] == third["session_id"] == SESSION and second["trace_id"] != third["trace_id"]
    assert third == {"session_id": SESSION, "trace_id": third["trace_id"], "start": "2026-09-21T14:13:20Z", "end": "2026-09-21T14:13:26Z",
                     "start_unix_nano": str(START), "duration_ms": 6500, "turns": 2, "tools": 2, "skills": 1, "errors": 1, "live": False,
                     "prompt": "Prepare release notes"}, third
    assert re.fullmatch("[0-9a-f]{32}", third["trace_id"])
    limited = json.loads(home.run("sessions", "--json", "--limit=2").stdout)
    assert limited["sessions"] == found["sessions"][:2] and limited["more"] is True
    for wrong in ("-1", "x", "100001"):
        assert home.run("sessions", "--limit", wrong).returncode == 2
    assert b"\x1b" not in home.run("sessions", "--json").stdout


def test_short_ids_tell_sessions_apart(home):
    for index in range(3):
        two_turns(home, f"common-prefix-{index}", base=index * 10_000)
    lines = lines_of(home.run("sessions", env=utf8(home)))
    shown = [re.search(r"common-prefix-\d", line) for line in lines[1:]]
    assert all(shown), lines
    assert lines_of(home.run("view", shown[1][0], env=utf8(home)))[0].startswith("session common-prefix-1 ")


def test_older_days_are_read_when_they_are_needed(home):
    """The newest days are enough for the newest sessions; a session that goes over midnight is still whole."""
    environment = utf8(home, OTEL_TRACES_EXPORTER="none")
    day = 24 * 3600 * 1000
    for index in range(6):
        two_turns(home, f"session-{index}", base=index * day)
    two_turns(home, "session-3", base=4 * day + 1000)
    everything = home.run("sessions", "--json", "--limit", "0", env=environment).stdout
    views = [home.run("view", f"session-{index}", env=environment).stdout for index in range(6)]
    newest = home.run("view", env=environment).stdout
    home.flush(env=environment)
    for path in (home.state / "ops").glob("*.log"):
        path.unlink()
    written = next((home.state / "traces").glob("*.jsonl"))
    days = {}
    for line in written.read_bytes().splitlines(keepends=True):
        end = int(spans_of(json.loads(line))[0][1]["endTimeUnixNano"])
        days.setdefault(time.strftime("%Y-%m-%d", time.gmtime(end // 10**9)), []).append(line)
    written.unlink()
    for name, lines in days.items():
        (home.state / "traces" / f"{name}.jsonl").write_bytes(b"".join(lines))
        (home.state / "traces" / f"{name}.jsonl").chmod(0o600)
    assert len(days) == 6
    assert home.run("sessions", "--json", "--limit", "0", env=environment).stdout == everything
    whole = json.loads(everything)["sessions"]
    for limit in range(1, 8):
        assert json.loads(home.run("sessions", "--json", "--limit", limit, env=environment).stdout)["sessions"] == whole[:limit], limit
    assert home.run("view", env=environment).stdout == newest
    assert [home.run("view", f"session-{index}", env=environment).stdout for index in range(6)] == views
    assert home.run("view", "session-", env=environment).stderr.count(b"session-") >= 6


def test_sessions_counts_what_was_archived_once(home):
    two_turns(home)
    environment = quiet(home, OTEL_TRACES_EXPORTER="none")
    before = home.run("sessions", "--json", env=environment).stdout
    home.flush(env=environment)
    assert home.run("sessions", "--json", env=environment).stdout == before
    archive = next((home.state / "traces").glob("*.jsonl"))
    archive.write_bytes(archive.read_bytes() * 2)  # a crash between archiving and noting it
    assert home.run("sessions", "--json", env=environment).stdout == before
    for path in (home.state / "ops").glob("*.log"):
        path.unlink()
    assert home.run("sessions", "--json", env=environment).stdout == before


# ---- the command line -------------------------------------------------------------------------------------------------------------------


def verbs(home):
    return re.findall(r"^  (\w+) {2,}\S", home.run("help").stdout.decode(), re.M)


def test_usage(home):
    none = home.run()
    assert none.returncode == 2 and none.stdout == b"" and b"usage: spanhook VERB" in none.stderr
    assert home.run("--help").stdout == home.run("-h").stdout == home.run("help").stdout == none.stderr
    version = home.run("--version")
    assert version.returncode == 0 and re.fullmatch(rb"spanhook \d+\.\d+\.\d+\n", version.stdout) and home.run("-V").stdout == version.stdout
    names = verbs(home)
    assert {"view", "sessions", "hook", "flush", "status", "install", "uninstall", "doctor", "help", "completion"} <= set(names)
    assert "relay" not in names
    for name in names:
        about = home.run("help", name)
        assert about.returncode == 0 and about.stderr == b"" and f"usage: spanhook {name}".encode() in about.stdout
        assert max(map(len, about.stdout.decode().splitlines())) <= 110
        narrow = home.run("help", name, env=home.env(COLUMNS=50)).stdout.decode()
        assert narrow.split() == about.stdout.decode().split()
        assert home.run(name, "--help").stdout == about.stdout


def test_mistakes_are_one_line(home):
    for arguments, hint in ((["veiw"], b'"view"'), (["sesions"], b'"sessions"'), (["statsu"], b'"status"'), (["xyzzy"], b"spanhook help"),
                            (["help", "flsh"], b'"flush"'), (["\x1b[2J"], b"spanhook help"), (["--nope"], b"spanhook help"), ([""], b"spanhook help"),
                            (["view", "--nope"], b"--nope"), (["view", "--width"], b"--width"), (["view", "--json=1"], b"--json"),
                            (["sessions", "x"], b'"x"'), (["view", "\x1b[2J", "y"], b"view"), (["completion", "tcsh"], b"bash"), (["completion"], b"bash"),
                            (["--version", "x"], b'"x"'), (["-V", "view"], b'"view"'), (["--help", "\x1b[2J"], b"--help"), (["-h", "x", "y"], b'"x"')):
        result = home.run(*arguments)
        assert result.returncode == 2 and result.stdout == b"" and result.stderr.count(b"\n") == 1 and hint in result.stderr, (arguments, result)
        assert b"\x1b" not in result.stderr


def test_options_in_every_form(home):
    two_turns(home)
    plain = home.run("view", "--width", "60", SESSION).stdout
    assert home.run("view", "--width=60", "--", SESSION).stdout == plain and home.run("view", SESSION, "--width", "90", "--width", "60").stdout == plain
    assert home.run("view", "--", "--json").returncode == 1


def test_completion_scripts(home):
    bash = home.run("completion", "bash")
    assert bash.returncode == 0
    script = home.path / "completion.bash"
    script.write_bytes(bash.stdout)
    subprocess.run(["bash", "-n", script], check=True)

    def complete(*words):
        program = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _spanhook; printf "%s\\n" "${COMPREPLY[@]}"'
        result = subprocess.run(["bash", "--norc", "-c", program, "bash", script, "spanhook", *words], capture_output=True, check=True)
        assert result.stderr == b"", result.stderr
        return result.stdout.decode().split()

    assert complete("vi") == ["view"] and set(verbs(home)) <= set(complete(""))
    assert complete("view", "--c") == ["--color"] and complete("view", "--color", "") == ["auto", "always", "never"]
    assert complete("view", "--color", "=", "ne") == ["never"] and complete("view", "--color", "=") == ["auto", "always", "never"]
    assert complete("view", "--width", "") == [] and complete("install", "") == ["kiro"] and complete("completion", "z") == ["zsh"]
    assert complete("help", "sess") == ["sessions"] and "--help" in complete("flush", "-")
    for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
        script = home.path / f"completion.{shell}"
        result = home.run("completion", shell)
        script.write_bytes(result.stdout)
        for name in verbs(home):
            assert name.encode() in result.stdout
        if shutil.which(shell):
            subprocess.run([*check, script], check=True)
