"""`spanhook mcp --inspect`: a line on stderr for each message, and nothing else that is different."""

import os
import re

from mcp import (Shim, bytes_of, call, cancelled, error, initialize, initialized, mcp_spans, notification, request, result, spliced, verdict)


def test_inspect_tells_each_message(home):
    """Direction, method, id, size and time, one line a message, in the order in which they pass."""
    with Shim(home, "--inspect", "--name", "db") as shim:
        messages = [(True, initialize(0)), (False, initialized(0)), (True, notification("notifications/initialized")),
                    (True, call(41, "query", {"sql": "x" * 500})), (False, notification("notifications/progress", {"progressToken": 1, "progress": 1})),
                    (False, request("ask-1", "roots/list")), (True, result("ask-1", {"roots": []})), (False, result(41, {"content": []})),
                    (True, request(42, "ping")), (False, error(42, -32601, "no"))]
        for to_server, message in messages:
            if to_server:
                spliced(bytes_of(message), shim.to_server(message), lambda line: ("either", *verdict(line)))
            else:
                assert shim.to_client(message) == bytes_of(message)
        shim.finish()
        lines = shim.stderr().decode().splitlines()
    assert len(lines) == len(messages), "\n".join(lines)
    signs = {True: set(), False: set()}
    for (to_server, message), line in zip(messages, lines):
        if "method" in message:
            assert message["method"] in line, (message, line)
        if "id" in message:
            assert re.search(rf"(?<![\w-]){re.escape(str(message['id']))}(?![\w-])", line), (message, line)
        size = len(bytes_of(message)) - 1
        assert re.search(rf"\b{size}\b|\b{size + 1}\b", line) or size > 999, (size, line)
        assert re.search(r"\d", line)
        signs[to_server].add(frozenset(re.findall(r"[<>\u2190\u2192]|->|<-", line)))
    assert not signs[True] & signs[False], f"the direction cannot be told: {signs}"


def test_inspect_tells_the_time_of_an_answer(home):
    with Shim(home, "--inspect") as shim:
        shim.exchange(call(1), wait=0.25)
        shim.finish()
        lines = shim.stderr().decode().splitlines()
    assert len(lines) == 2, lines
    times = re.findall(r"(\d+(?:\.\d+)?) ?(ms|s)\b", lines[1])
    assert any(0.2 <= float(value) * (0.001 if unit == "ms" else 1) <= 0.6 for value, unit in times), lines


def test_inspect_tells_foreign_lines_and_batches(home):
    """They are named as what they are, and nothing of their content is shown as it is."""
    with Shim(home, "--inspect") as shim:
        noise = b"\x1b]0;owned\x07 plain \xff text\n"
        assert shim.to_client(noise) == noise
        batch = bytes_of([request(1, "ping"), call(2)])
        assert shim.to_server(batch) == batch
        shim.to_client([result(1), result(2)])
        shim.finish()
        text = shim.stderr()
    assert text.count(b"\n") >= 3, text
    text.decode("utf-8")
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", text), text


def test_inspect_with_hostile_names(home):
    with Shim(home, "--inspect") as shim:
        shim.exchange(call(1, "\x1b[2J\x07\u202e" + "n" * 5000))
        shim.exchange(request("\x1b[31m\n" + "i" * 5000, "m\r\n\x1b[1m" + "m" * 5000))
        shim.finish()
        text = shim.stderr()
    assert text.count(b"\n") == 4, text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e]", text.decode("utf-8")), text
    assert max(map(len, text.splitlines())) < 2000


def test_inspect_changes_nothing_else(home):
    """Bytes, splices, spans and the exit status are those of a run without it."""
    def dialogue(*options):
        with Shim(home, *options) as shim:
            got = [shim.exchange(call(number, "q", {"n": number}), error(number, -1, "no") if number == 2 else None) for number in range(5)]
            shim.to_server(call(9), cancelled(9))
            shim.finish(7)
            return [spliced(bytes_of(call(number, "q", {"n": number})), line) for number, line in enumerate(got)], shim.stderr()

    told, quiet = dialogue("--session", "a")
    told_inspected, lines = dialogue("--session", "b", "--inspect")
    assert quiet == b"" and lines and None not in told and None not in told_inspected
    spans = mcp_spans(home, 12)

    def shape(session):
        changing = {"session.id", "gen_ai.conversation.id", "duration_ms"}
        return [(span.name, span.status, {name: value for name, value in span.about.items() if name not in changing})
                for span in spans if span["session.id"] == session]

    assert shape("a") == shape("b")


def test_inspect_without_injection(home):
    with Shim(home, "--inspect", "--no-inject") as shim:
        line = bytes_of(call(1))
        assert shim.to_server(line) == line
        shim.to_client(result(1))
        shim.finish()
        assert shim.stderr().count(b"\n") == 2


def test_inspect_with_a_stderr_that_nobody_reads(home):
    """A full pipe costs lines, not the wire."""
    reads, writes = os.pipe()
    with Shim(home, "--inspect", stderr=writes) as shim:
        os.close(writes)
        for number in range(3000):
            asked = bytes_of(call(number))
            assert spliced(asked, shim.to_server(asked))
            shim.to_client(result(number))
        os.close(reads)
        for number in range(100):
            shim.exchange(call(number))
        shim.finish()


def test_inspect_with_stderr_closed(home):
    with Shim(home, "--inspect", preexec_fn=lambda: os.close(2)) as shim:
        for number in range(20):
            asked = bytes_of(call(number))
            assert spliced(asked, shim.exchange(asked and call(number)))
        shim.finish()
