"""Golden sessions: every line of a payload file is one hook run, in order; the tree that `view --json` then shows must be the one in
tests/golden/<name>.tree, which was written from the contract of the dialect and not from what the program printed.

A tree has no ids, times or durations: siblings stand in order of their start; a line has the span's name, ERROR where its status is that, and
the attributes of SHOWN under short names. A file whose name says user-prompt holds values of USER_PROMPT (IDE 0.12) instead of payloads.

SPANHOOK_GOLDEN=write writes what came out beside the expected files as <name>.tree.new, to be read and judged."""

import difflib
import hashlib
import json
import os
import re
import subprocess

from events import BINARY, quiet
from harness import ROOT, SHARED, Skip, attributes_of, payload_lines

GOLDEN = ROOT / "tests" / "golden"
SHOWN = (("tool", "gen_ai.tool.name"), ("mcp", "mcp.server.name"), ("success", "tool.success"), ("call", "gen_ai.tool.call.id"),
         ("skill", "gen_ai.skill.name"), ("resource", "gen_ai.skill.resource.name"), ("exit", "process.exit.code"), ("error", "error.type"),
         ("source", "duration.source"), ("outcome", "spanhook.outcome"), ("preview", "prompt.preview"), ("answer", "response.length"),
         ("event", "spanhook.event"))
# Nothing of it is shown where the span's name already says so, or where every span of that kind has it.
EVENT_SPANS = ("event.",)


def play(home, path):
    environment = quiet(home, OTEL_TRACES_EXPORTER="none")
    for line in payload_lines(path):
        if "user-prompt" in path.name:
            child = subprocess.Popen([BINARY, "hook"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=home.path,
                                     env={**environment, "USER_PROMPT": line.decode()})
            child.wait(timeout=20)  # stdin stays open and silent
            assert (child.returncode, child.stdout.read(), child.stderr.read()) == (0, b"", b""), line
            child.stdin.close()
        else:
            home.hook(line, env=environment)


def shown(span):
    about = attributes_of(span)
    name = span["name"]
    parts = [name]
    if span.get("status", {}).get("code") == 2:
        parts.append("ERROR")
    for label, key in SHOWN:
        value = about.get(key)
        if value is None or value == "" and label != "answer":
            continue
        if label == "tool" and name == f"tool.{value}" or label == "event" and not name.startswith(EVENT_SPANS):
            continue
        if isinstance(value, bool):
            value = str(value).lower()
        parts.append(f"{label}={json.dumps(value, ensure_ascii=False) if label == 'preview' else value}")
    return " ".join(parts)


def newest(spans):
    """The root is sent at the start and again at each stop: the last of equal ids counts."""
    return list({(span["traceId"], span["spanId"]): span for _, span in spans}.values())


def tree(spans):
    lines = []

    def below(parent, trace, depth):
        children = [span for span in spans if span["traceId"] == trace and span.get("parentSpanId", "") == parent]
        for span in sorted(children, key=lambda span: (int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))):
            lines.append("  " * depth + shown(span))
            below(span["spanId"], trace, depth + 1)

    traces = {}
    for span in spans:
        traces.setdefault(span["traceId"], []).append(int(span["startTimeUnixNano"]))
    for trace in sorted(traces, key=lambda trace: min(traces[trace])):
        below("", trace, 0)
    return lines


def check_shape(spans):
    """What holds for every span of every session."""
    ids = {(span["traceId"], span["spanId"]) for span in spans}
    assert len(ids) == len(spans)
    for span in spans:
        about = attributes_of(span)
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"]) and re.fullmatch("[0-9a-f]{16}", span["spanId"]), span
        assert span["traceId"][8:] == hashlib.sha256(about["session.id"].encode()).hexdigest()[:24], span
        parent = span.get("parentSpanId", "")
        assert parent == "" or (span["traceId"], parent) in ids, span
        assert (parent == "") == (span["name"] == "session"), span
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert 0 < start <= end, span
        status = span.get("status", {})
        assert status.get("code", 0) in (0, 2), "success leaves the status unset"
        assert (status.get("code") == 2) == ("error.type" in about), about
        if span["name"].startswith(("tool.", "skill.")):
            assert about["gen_ai.operation.name"] == "execute_tool" and about["tool.name"], about
            assert "duration.source" not in about or abs(about["duration_ms"] - (end - start) / 1e6) < 0.1, (about, end - start)
        if about.get("spanhook.outcome") in ("no_result", "interrupted"):
            assert about.get("tool.success") not in (True, "true"), "no invented success"
    roots = {span["traceId"]: span for span in spans if span["name"] == "session"}
    for span in spans:
        root = roots[span["traceId"]]
        assert int(root["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]), span
        # the trace id begins with the second of its start; a second trace of the same session in the same second takes the next one
        assert 0 <= int(root["traceId"][:8], 16) - int(root["startTimeUnixNano"]) // 10**9 < len(roots), root


def compare(home, path, expected):
    if not expected.exists():
        raise AssertionError(f"{expected.name} is missing")
    play(home, path)
    spans = newest(home.view_json(env=quiet(home, OTEL_TRACES_EXPORTER="none")))
    lines = tree(spans)
    wanted = expected.read_text().splitlines()
    if os.environ.get("SPANHOOK_GOLDEN") == "write":
        expected.with_suffix(".tree.new").write_text("\n".join(lines) + "\n")
    difference = "\n".join(difflib.unified_diff(wanted, lines, expected.name, "as it is", lineterm=""))
    assert not difference, "\n" + difference
    check_shape(spans)

    # what is archived is what was shown, but for what is still open
    home.flush(env=quiet(home, OTEL_TRACES_EXPORTER="none"))
    archived = {span["spanId"]: span for span in newest(home.archive())}
    open_ids = {span["spanId"] for span in spans if attributes_of(span).get("spanhook.outcome") == "open" or span["name"] == "session"}
    for span in spans:
        if span["spanId"] not in open_ids:
            assert archived.get(span["spanId"]) == span, (archived.get(span["spanId"]), span)
    texts = [line.decode(errors="replace") for line in payload_lines(path)]
    kept = b"".join(file.read_bytes() for file in home.state.rglob("*") if file.is_file()).decode(errors="replace")
    for text in texts:
        for secret in re.findall(r'"(?:stdout|file_text|content|newStr|sql)":"((?:[^"\\]|\\.){6,})"', text):
            assert secret not in kept, f"content of a tool call was stored: {secret}"


def own(path):
    def run(home):
        compare(home, path, path.with_suffix(".tree"))
    return run


def shared(name):
    def run(home):
        path = SHARED / "fixtures" / "agents" / f"{name}.jsonl"
        if not path.exists():
            raise Skip(f"fixture {path.name} is not here")
        compare(home, path, GOLDEN / f"{name}.tree")
    return run


for _path in sorted(GOLDEN.glob("*.jsonl")):
    globals()["test_golden_" + re.sub(r"\W", "_", _path.stem)] = own(_path)
for _path in sorted(GOLDEN.glob("kiro-*.tree")):
    globals()["test_shared_" + re.sub(r"\W", "_", _path.stem)] = shared(_path.stem)


def test_golden_view_of_a_live_session(home):
    """While a call runs, the view shows it and the session as open; the archive does not hold it."""
    path = GOLDEN / "v2.jsonl"
    environment = quiet(home, OTEL_TRACES_EXPORTER="none")
    for line in payload_lines(path)[:5]:
        home.hook(line, env=environment)
    home.flush(env=environment)
    spans = newest(home.view_json(env=environment))
    assert [span["name"] for span in sorted(spans, key=lambda span: int(span["startTimeUnixNano"]))] == ["session", "user.prompt", "tool.glob", "tool.shell"]
    by_name = {span["name"]: attributes_of(span) for span in spans}
    assert by_name["tool.shell"]["spanhook.outcome"] == "open"
    assert "tool.shell" not in {span["name"] for _, span in home.archive()}
    shown_text = home.run("view", env=environment)
    assert shown_text.returncode == 0 and b"tool.shell" in shown_text.stdout and b"\x1b" not in shown_text.stdout
