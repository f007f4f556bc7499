"""`spanhook mcp` is transparent: what the client writes is what the server reads, and back, byte for byte, but for the trace context that is
spliced into requests. Failure classes R1 to R4, R7, R8 and row V04, the cases of the injection, splits, back-pressure, identity at scale.

MCP_MESSAGES=N sends N generated messages instead of 20,000."""

import array
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import termios
import time
import traceback

from events import local
from harness import BINARY
from mcp import (SERVER, End, Shim, at_once, bytes_of, call, error, initialize, mcp_spans, memory_kib, modern, notification, request, result, script,
                 spliced, verdict)

MESSAGES = int(os.environ.get("MCP_MESSAGES", "20000"))
# The sanitizers' own memory is none of ours.
MEMORY_KIB = 65536 if b"__asan_init" in pathlib.Path(BINARY).read_bytes() else 2048
INBOUND = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACES = [INBOUND, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"]

# What is no request, or none that may be touched, in either direction.
FOREIGN = [
    b"\n", b"\r\n", b"   \n", b"\t\r\n", b"hello, world\n", b"Server listening on stdio\r\n", b"[INFO] ready\n", b"{\n", b"}\n", b"{}\n", b"[]\n", b"[[]]\n",
    b"null\n", b"true\n", b"7\n", b'"text"\n', b"\0\n", b"\0\0{}\0\n", b"\xff\xfe\xfd\n", b"\xc0\xaf\xed\xa0\x80\n", b"\xef\xbb\xbf{}\n", b"a\rb\rc\n",
    b'{"jsonrpc":"2.0"\n', b'{"jsonrpc":"2.0","id":1,\n', b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q\n', b'{"a":"\x01\x02\x1b[2J"}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":[1,2,\n', b"'single'\n", b'{"id":1}{"id":2}\n', b"Content-Length: 12\r\n\r\n",
    b"\xe2\x82\n", b'{"jsonrpc":"2.0","method":"\\ud800"}\n', b"]" * 500 + b"\n", b"[" * 5000 + b"\n", b'{"a":' * 700 + b"\n", b'"' * 99 + b"\n", b"\\" * 99 + b"\n",
]
BATCHES = [
    b'[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q","arguments":{}}},{"jsonrpc":"2.0","id":2,"method":"ping","params":{}}]\n',
    b' [ {"jsonrpc":"2.0","method":"notifications/initialized"} , {"jsonrpc":"2.0","id":"x","method":"prompts/get","params":{"_meta":{}}} ] \r\n',
    b'[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"error":{"code":-1,"message":"m"}},7,null,[],"x"]\n',
]
# What stays as it is on the way from client to server although the splice is on.
UNTOUCHED = [bytes_of(message) for message in (
    notification("notifications/initialized"), notification("notifications/cancelled", {"requestId": 1}),
    notification("notifications/progress", {"progressToken": 1, "progress": 0.5, "_meta": {}}), result(1), result("a", {"roots": [], "_meta": {}}), error(2),
    request(3, "ping"), request(4, "tools/list", []), request(5, "tools/list", "text"), request(6, "tools/list", 7))]


def whole(home, to_server, to_client, options=(), size=None):
    """Both streams at once and to their ends, in pieces of some size; what came out at either end."""
    def pieces(end, data):
        step = size or len(data) or 1
        for at in range(0, len(data), step):
            end.send(data[at:at + step])
        end.close_writing()

    with Shim(home, *options) as shim:
        _, _, at_server, at_client = at_once(lambda: pieces(shim.client, to_server), lambda: pieces(shim.server, to_client), shim.server.rest, shim.client.rest)
        shim.end_server()
        assert shim.wait() == 0
        assert shim.stderr() == b"", shim.stderr()
    return at_server, at_client


def same(sent, got, what):
    if sent == got:
        return
    place = next((at for at, (one, other) in enumerate(zip(sent, got)) if one != other), min(len(sent), len(got)))
    raise AssertionError(f"{what}: {len(sent)} bytes became {len(got)}, at {place}: {sent[place - 40:place + 60]!r} is {got[place - 40:place + 60]!r}")


def through(home, *lines, options=("--session", "known")):
    """Lines from client to server, one after the other; what the server got for each. With a session that is known from the start, as
    otherwise only calls have a trace that is sure."""
    with Shim(home, *options) as shim:
        got = [shim.to_server(line) for line in lines]
        shim.finish()
    return got


def injected(home, line):
    """The line goes through with exactly a splice (or a replaced span id); what the server was told."""
    line = bytes_of(line)
    [got] = through(home, line)
    told = spliced(line, got)
    assert told, f"nothing was injected: {got[:300]!r}"
    json.loads(got)
    return told


def untouched(home, *lines):
    lines = [bytes_of(line) for line in lines]
    for line, got in zip(lines, through(home, *lines)):
        same(line, got, "a line that must not be changed")


# -- transparency ----------------------------------------------------------------------------------------------------------------------

def test_identical_without_injection(home):
    requests = [bytes_of(call(number, "q", {"n": number})) for number in range(50)]
    stream = b"".join(FOREIGN + BATCHES + UNTOUCHED + requests) * 3
    at_server, at_client = whole(home, stream, stream[::-1], ["--no-inject"])
    same(stream, at_server, "client to server")
    same(stream[::-1], at_client, "server to client")


def test_identical_without_injection_byte_by_byte(home):
    stream = b"".join(FOREIGN[:20] + BATCHES + UNTOUCHED) + bytes_of(call(1))
    at_server, at_client = whole(home, stream, stream, ["--no-inject"], size=1)
    same(stream, at_server, "client to server")
    same(stream, at_client, "server to client")


def test_foreign_lines_with_injection_on(home):
    stream = b"".join(FOREIGN)
    at_server, at_client = whole(home, stream, stream)
    same(stream, at_server, "client to server")
    same(stream, at_client, "server to client")


def test_batches_are_untouched(home):
    stream = b"".join(BATCHES)
    at_server, at_client = whole(home, stream, stream)
    same(stream, at_server, "client to server")
    same(stream, at_client, "server to client")


def test_notifications_and_answers_of_the_client_are_untouched(home):
    untouched(home, *UNTOUCHED)


def test_server_to_client_is_never_touched(home):
    """Requests of the server, its notifications, and results that look like requests inside."""
    stream = b"".join(map(bytes_of, [request(1, "roots/list", {}), request("1", "sampling/createMessage", {"messages": [], "_meta": {}}),
                                     notification("notifications/message", {"_meta": {"traceparent": INBOUND}}), result(1, {"params": {"_meta": {}}, "method": "x"}),
                                     request(9, "elicitation/create", {"_meta": {"traceparent": INBOUND}})]))
    _, at_client = whole(home, b"", stream)
    same(stream, at_client, "server to client")


def test_nul_bytes_and_invalid_utf8_inside_of_messages(home):
    lines = [b'{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"a\xff\xfe\xc0b"}}\n', b'{"jsonrpc":"2.0","method":"x\0y"}\n', b"\0" * 70000 + b"\n",
             bytes(range(256)) * 300 + b"\n", b'{"jsonrpc":"2.0","id":1,"result":{"t":"\xed\xa0\x80\xf5\x80"}}\n']
    at_server, at_client = whole(home, b"".join(lines), b"".join(lines))
    same(b"".join(lines), at_server, "client to server")
    same(b"".join(lines), at_client, "server to client")


def test_invalid_utf8_in_a_request(home):
    """What is in a string is nobody's business: the request is one all the same."""
    line = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q","arguments":{"t":"\xff\xc0\xaf\xed\xa0\x80"}}}\n'
    [got] = through(home, line)
    assert spliced(line, got)


def test_partial_line_at_eof(home):
    """What has no newline is flushed as it is, wherever it is cut."""
    line = bytes_of(call(1, "q", {"a": {"b": [1, "x"]}}, _meta={"progressToken": 1}))
    for cut in (1, 2, 20, line.index(b"params"), line.index(b'"_meta"') + 3, line.index(b'"_meta"') + 9, line.index(b"progressToken") + 5):
        for options in ([], ["--no-inject"]):
            at_server, at_client = whole(home, line[:cut], line[:cut], options)
            same(line[:cut], at_server, f"client to server, cut at {cut}")
            same(line[:cut], at_client, f"server to client, cut at {cut}")


def test_partial_line_in_the_middle_of_a_traceparent(home):
    line = bytes_of(call(1, _meta={"traceparent": INBOUND}))
    for cut in range(line.index(b"traceparent") - 3, line.index(b"traceparent") + 70, 4):
        at_server, _ = whole(home, line[:cut], b"")
        if cut <= line.index(b"-01") + 3:
            same(line[:cut], at_server, f"cut at {cut}")


def test_whole_request_without_newline_at_eof(home):
    """It is complete but for its end; changed or not, the server gets all of it and nothing strange."""
    line = bytes_of(call(1))[:-1]
    at_server, _ = whole(home, line, b"")
    if at_server != line:
        assert spliced(line, at_server)


def test_nothing_is_held_back(home):
    """A server that reads bytes, not lines, gets what has come: no line end is waited for, either way."""
    with Shim(home) as shim:
        for data in (b"x", b"no line", b"\n", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q","arguments":{"text":"' + b"y" * 500):
            shim.client.send(data)
            same(data, shim.server.take(len(data), 2), "client to server")
            shim.server.send(data)
            same(data, shim.client.take(len(data), 2), "server to client")
        shim.client.send(b'"}}}\n')
        assert shim.server.line().endswith(b'"}}}\n')
        shim.finish()


# -- descriptors ---------------------------------------------------------------------------------------------------------------------------

def raw_run(home, stdin, stdout, *command, options=()):
    return subprocess.Popen([BINARY, "mcp", *options, "--", *command], stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=local(home), cwd=home.path)


def test_sockets_in_place_of_pipes(home):
    """What Node gives its children: socket pairs, each half closed on its own."""
    ours_in, theirs_in = socket.socketpair()
    ours_out, theirs_out = socket.socketpair()
    data = b"".join(FOREIGN + BATCHES) * 50 + b"x" * 3_000_000
    child = raw_run(home, theirs_in, theirs_out, "cat")
    theirs_in.close()
    theirs_out.close()
    end = End(ours_out.fileno(), ours_in.fileno())
    _, got = at_once(lambda: (end.send(data), ours_in.shutdown(socket.SHUT_WR)), end.rest)
    same(data, got, "through sockets and back")
    assert (child.wait(timeout=10), child.stderr.read()) == (0, b"")
    child.stderr.close()


def test_one_socket_both_ways(home):
    """stdin and stdout are one descriptor, as inetd gives it."""
    ours, theirs = socket.socketpair()
    child = raw_run(home, theirs, theirs, "cat")
    theirs.close()
    end = End(ours.fileno(), ours.fileno())
    data = b"y" * 2_000_000 + b"\n"
    _, got = at_once(lambda: (end.send(data), ours.shutdown(socket.SHUT_WR)), end.rest)
    same(data, got, "through one socket and back")
    assert (child.wait(timeout=10), child.stderr.read()) == (0, b"")
    child.stderr.close()


def test_files_in_place_of_pipes(home):
    data = b"".join(FOREIGN + BATCHES) * 300
    (home.path / "in").write_bytes(data)
    with open(home.path / "in", "rb") as reads, open(home.path / "out", "wb") as writes:
        child = raw_run(home, reads, writes, "cat", options=["--no-inject"])
        assert (child.wait(timeout=10), child.stderr.read()) == (0, b"")
        child.stderr.close()
    same(data, (home.path / "out").read_bytes(), "from file to file")


def test_flags_of_the_descriptors_are_left_alone(home):
    """Others may hold the same open file: it must not stop blocking for them, not even while we run."""
    for make in (os.pipe, lambda: [end.detach() for end in socket.socketpair()]):
        theirs_in, ours_out = make()
        ours_in, theirs_out = make()
        child = raw_run(home, theirs_in, theirs_out, "cat")
        end = End(ours_in, ours_out)
        line = bytes_of(notification("notifications/initialized"))
        end.send(line)
        assert end.line() == line
        assert [os.get_blocking(given) for given in (theirs_in, theirs_out)] == [True, True]
        for given in (theirs_in, theirs_out):
            os.close(given)
        end.close_writing()
        assert end.rest() == b"" and child.wait(timeout=10) == 0
        end.close_reading()
        child.stderr.close()


def test_descriptors_that_do_not_block(home):
    """The client has made its ends so, and we inherit it."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    os.set_blocking(theirs_in, False)
    os.set_blocking(theirs_out, False)
    child = raw_run(home, theirs_in, theirs_out, "cat", options=["--no-inject"])
    os.close(theirs_in)
    os.close(theirs_out)
    end = End(ours_in, ours_out)
    data = b"z" * 3_000_000
    _, got = at_once(lambda: (end.send(data), end.close_writing()), lambda: (time.sleep(0.5), end.rest())[1])
    same(data, got, "through and back")
    assert child.wait(timeout=10) == 0
    end.close()
    child.stderr.close()


def test_streams_that_are_closed(home):
    """No stdin is EOF; no stdout is a reader that is gone. No crash, no hang, and no other file gets the bytes."""
    for closed, command, expected in (((0,), ["cat"], (0,)), ((1,), ["sh", "-c", "cat; exit 3"], (3,)), ((0, 1), ["sh", "-c", "cat; exit 3"], (3,)),
                                      ((1,), ["sh", "-c", "echo x; echo y; exit 3"], (3, 1, 141)), ((0, 1, 2), ["sh", "-c", "exit 5"], (5,))):
        child = subprocess.Popen([BINARY, "mcp", "--", *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=local(home),
                                 cwd=home.path, preexec_fn=lambda: [os.close(number) for number in closed])
        assert child.wait(timeout=10) in expected, (closed, command, child.returncode)
    for path in (home.state / "ops").glob("*.log"):
        assert b"x\ny\n" not in path.read_bytes()


# -- lines without limit -----------------------------------------------------------------------------------------------------------------

def megabytes(count, number=1):
    """A request with that many MiB of arguments, and an answer of that size."""
    filler = (b"abcdefghijklmnopqrstuvwxyz {}[]:,\\\"\\\\\\n0123456789" * 30000)[:1 << 20]
    filler = filler[:filler.rindex(b"0")]
    asked = b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"big","arguments":{"text":"' % number + filler * count + b'"}}}\n'
    answered = b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"' % number + filler * count + b'"}],"isError":false}}\n'
    return asked, answered


def big(home, options=()):
    asked, answered = megabytes(16)
    with Shim(home, *options) as shim:
        _, got = at_once(lambda: shim.client.send(asked), shim.server.line)
        told = spliced(asked, got, verdict if not options else lambda line: ("same",))
        _, back = at_once(lambda: shim.server.send(answered), shim.client.line)
        same(answered, back, "server to client")
        peak = memory_kib(home)
        shim.finish()
    assert peak < MEMORY_KIB, peak
    [span] = mcp_spans(home, 1)
    assert span.name == "tools/call big", span
    assert (span["spanhook.request.size"], span["spanhook.response.size"]) == (len(asked) - 1, len(answered) - 1), span
    return told, span


def test_R1_line_of_16_mebibytes(home):
    told, span = big(home)
    assert told == (span.trace, span.id)


def test_R1_line_of_16_mebibytes_without_injection(home):
    told, _ = big(home, ["--no-inject"])
    assert told is None


def test_R1_lines_around_powers_of_two(home):
    """4 KiB, 64 KiB, 1 MiB, 10 MiB are where others have their limits."""
    with Shim(home) as shim:
        for number, size in enumerate(size + off for size in (4096, 65536, 1 << 20, 10 << 20) for off in (-1, 0, 1)):
            asked = bytes_of(call(number, "q", {"t": ""}))
            asked = asked.replace(b'"t":""', b'"t":"' + b"z" * (size - len(asked)) + b'"')
            assert len(asked) == size
            answered = bytes_of(result(number, {"t": "y" * size}))
            _, got = at_once(lambda: shim.client.send(asked), shim.server.line)
            assert spliced(asked, got)
            _, back = at_once(lambda: shim.server.send(answered), shim.client.line)
            same(answered, back, "server to client")
        shim.finish()
    mcp_spans(home, 12)


def test_R1_no_newline_for_a_long_time(home):
    """A stream without any line end grows nothing."""
    data = b"x" * (1 << 20)
    with Shim(home) as shim:
        for _ in range(40):
            at_once(lambda: shim.client.send(data), lambda: same(data, shim.server.take(len(data)), "client to server"))
            at_once(lambda: shim.server.send(data), lambda: same(data, shim.client.take(len(data)), "server to client"))
        peak = memory_kib(home)
        assert peak < MEMORY_KIB, peak
        shim.finish()


def test_V04_100_megabytes_without_newline_then_death(home):
    """100 MB without newline, invalid JSON, then the server dies: all of it arrives, in order, and the exit code, too."""
    size = 100_000_000
    command = script(home, "import os, sys\n"
                           "block = bytes(range(11, 256)) * 4000\n"
                           f"rest = {size}\n"
                           "while rest:\n"
                           "    rest -= os.write(1, block[:rest])\n"
                           "os.write(1, b'{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{]}\\n{{{\\n')\n"
                           "os._exit(3)\n")
    expected = bytes(range(11, 256)) * 4000
    with Shim(home, command=command) as shim:
        shim.client.send(call(1))
        digest, length, peak = hashlib.sha256(), 0, 0
        while length < size:
            data = shim.client.take(min(len(expected), size - length))
            digest.update(data)
            length += len(data)
            if length % (20 * len(expected)) == 0:
                peak = max(peak, memory_kib(home))
        check = hashlib.sha256()
        for at in range(0, size, len(expected)):
            check.update(expected[:size - at])
        assert digest.digest() == check.digest()
        assert shim.client.rest() == b'{"jsonrpc":"2.0","id":1,"result":{]}\n{{{\n'
        assert shim.wait() == 3
        assert 0 < peak < MEMORY_KIB, peak


# -- every split -------------------------------------------------------------------------------------------------------------------------

def unread(descriptor):
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def in_two(end, line, at):
    """Two pieces, of which the shim has read the first before the second is written."""
    end.send(line[:at])
    deadline = time.monotonic() + 5
    while unread(end.writes):
        assert time.monotonic() < deadline, "the shim does not read"
    end.send(line[at:])


SPLIT = [
    bytes_of(call(7, "q", {"_meta": {"a": 1}, "id": "}"})),
    bytes_of(modern(call("\u00e9\\", "q"), progressToken="t")),
    bytes_of(call(8, _meta={"x": [], "traceparent": INBOUND, "y": "\\"})),
    b' { "id" : 9 , "params" : { } , "method" : "ping" }\r\n',
    bytes_of(notification("notifications/cancelled", {"requestId": 7})),
    BATCHES[1],
]


def test_every_split_with_injection(home):
    with Shim(home, "--session", "known") as shim:
        for line in SPLIT:
            for at in range(1, len(line)):
                in_two(shim.client, line, at)
                try:
                    spliced(line, shim.server.line(5))
                except AssertionError as failure:
                    raise AssertionError(f"split at {at}: {failure}") from failure
        shim.finish()


def no_requests(filler):
    """Requests but for their end, with so much behind the place of a splice."""
    whole_one = bytes_of(call(7, "q", {"text": "x" * filler}))[:-1]
    late = b'{"jsonrpc":"2.0","params":{"name":"q","arguments":{"text":"' + b"x" * filler + b'"}},"id":8,"method":"tools/call"'
    meta = b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"_meta":{"progressToken":1},"name":"' + b"x" * filler + b'"}'
    traced = b'{"jsonrpc":"2.0","id":10,"method":"tools/call","params":{"_meta":{"traceparent":"' + INBOUND.encode() + b'"},"name":"' + \
        b"x" * filler + b'"}'
    lines = [whole_one[:-1], whole_one[:-1] + b"garbage}", whole_one[:-1] + b",}", whole_one[:-1] + b"]", whole_one + b"}", whole_one + b" x"]
    return [line + b"\n" for line in (*lines, late, late + b" 7}", meta, meta + b"x}", traced, traced + b"x}")]


def test_every_split_of_what_is_no_json(home):
    """It looks like a request until shortly before its end: untouched, wherever it is cut."""
    with Shim(home, "--session", "known") as shim:
        for line in no_requests(0):
            assert verdict(line) == ("same",), line
            for at in range(1, len(line)):
                in_two(shim.client, line, at)
                same(line, shim.server.line(5), f"split at {at}")
        shim.finish()


def test_long_lines_that_are_no_json(home):
    """The same with nearly as much behind the place of the splice as is held back for it."""
    with Shim(home, "--session", "known") as shim:
        for line in no_requests(3500):
            assert verdict(line) == ("same",), line
            for at in [*range(1, 140), *range(140, len(line) - 20, 331), *range(len(line) - 20, len(line))]:
                in_two(shim.client, line, at)
                same(line, shim.server.line(5), f"split at {at}")
        shim.finish()


def test_every_split_without_injection(home):
    with Shim(home, "--no-inject") as shim:
        for line in SPLIT + [b"\xff\xfe not json \0\r\n"]:
            for at in range(1, len(line)):
                in_two(shim.client, line, at)
                same(line, shim.server.line(5), f"client to server, split at {at}")
                in_two(shim.server, line, at)
                same(line, shim.client.line(5), f"server to client, split at {at}")
        shim.finish()


# -- injection ---------------------------------------------------------------------------------------------------------------------------

def test_inject_as_new_meta(home):
    told = injected(home, call(1))
    [span] = mcp_spans(home, 1)
    assert told == (span.trace, span.id), span


def test_inject_before_the_session_is_known(home):
    """Nobody has told of a session: what comes before the first call is told no trace, or the right one."""
    with Shim(home) as shim:
        told = [spliced(line, got, lambda line: ("either", *verdict(line)))
                for line, got in ((bytes_of(message), shim.exchange(message)) for message in (initialize(0), request(1, "tools/list", {}), call(2)))]
        shim.finish()
    assert told[2], "the call was told nothing"
    for span, ids in zip(mcp_spans(home, 3), told):
        assert ids in (None, (span.trace, span.id)), (span, ids)


def test_inject_into_meta_behind_arguments(home):
    injected(home, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "q", "arguments": {"_meta": {}}, "_meta": {"progressToken": 1}}})


def test_inject_into_meta_before_arguments(home):
    injected(home, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": {"progressToken": 1}, "name": "q", "arguments": {"a": [{}]}}})


def test_inject_into_meta_of_the_stateless_era(home):
    injected(home, modern(call(1)))


def test_inject_into_empty_params(home):
    injected(home, request(1, "tools/list", {}))


def test_inject_into_empty_meta(home):
    injected(home, call(1, _meta={}))


def test_inject_with_white_space_inside(home):
    lines = [b'\t{ "jsonrpc" : "2.0" , "id" : 1 , "method" : "tools/list" , "params" : { \t } }  \r\n',
             b' {"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"cursor" : "x"  }}\n',
             b'{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{  }}}\n',
             b'{"jsonrpc":"2.0","id":4,"method":"tools/list","params":\t{"_meta" :\t{ "a" : 1\t}\t, "b" : 2 } }\t\r\n']
    for line, got in zip(lines, through(home, *lines)):
        assert spliced(line, got), (line, got)
        json.loads(got)


def test_inject_keeps_the_line_end(home):
    lines = [bytes_of(call(number))[:-1] + end for number, end in enumerate((b"\n", b"\r\n", b" \n", b"\r\r\n"))]
    for line, got in zip(lines, through(home, *lines)):
        spliced(line, got)


def test_inject_with_ids_of_all_kinds(home):
    ids = [0, -1, 9223372036854775807, 18446744073709551615, 123456789012345678901234567890, "1", "", "a\"b\\c", "\u2028\U0001f600", "x" * 500]
    lines = [bytes_of(request(number, "tools/list", {})) for number in ids]
    for line, got in zip(lines, through(home, *lines)):
        assert spliced(line, got), line
        assert json.loads(got)["id"] == json.loads(line)["id"]


def test_inject_with_ids_that_are_none(home):
    """Against the specification; nothing but a splice may happen, and nothing may break."""
    ids = (b"null", b"true", b"1.5", b"{}", b"[1]", b'{"a":{"b":[]}}', b"1e9")
    lines = [b'{"jsonrpc":"2.0","id":%s,"method":"tools/list","params":{}}\n' % text for text in ids]
    for line, got in zip(lines, through(home, *lines)):
        if got != line:
            spliced(line, got, lambda line: ("splice", len(line) - 3, len(line) - 3, '"_meta":{"traceparent":"', '"}'))


def test_inject_not_into_notifications_of_other_names(home):
    """No id, no request, whatever its method is called."""
    untouched(home, notification("vendor/event", {"a": 1}), notification("tools/call", {"name": "q", "_meta": {}}))


def test_inject_leaves_an_escaped_meta_key_alone(home):
    """It may be the key, or not: a second one would be worse than none."""
    untouched(home, b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q","\\u005fmeta":{"a":1}}}\n',
              b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_met\\u0061":{},"name":"q"}}\n')


def test_inject_leaves_an_escaped_traceparent_key_alone(home):
    untouched(home, b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"trace\\u0070arent":"' + INBOUND.encode() + b'"}}}\n')


def test_inject_with_two_metas(home):
    """Which of them counts is the reader's choice: whatever is told, both tell the same, and nothing else is changed."""
    lines = [b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":1},"_meta":{"b":2}}}\n',
             b'{"jsonrpc":"2.0","id":2,"method":"ping","params":{"_meta":{},"x":1,"_meta":{}}}\n',
             b'{"jsonrpc":"2.0","id":3,"method":"ping","params":{"_meta":7,"_meta":{}}}\n']
    for line, got in zip(lines, through(home, *lines)):
        json.loads(got)
        told = set(re.findall(rb',?("traceparent":"[^"]*")', got))
        assert len(told) <= 1, got
        assert re.sub(rb',?"traceparent":"00-[0-9a-f]{32}-[0-9a-f]{16}-01"', b"", got) == line, got


def test_inject_with_method_behind_params(home):
    lines = [b'{"jsonrpc":"2.0","params":{"name":"q","arguments":{}},"id":1,"method":"tools/call"}\n',
             b'{"params":{"_meta":{"a":1}},"method":"ping","id":2,"jsonrpc":"2.0"}\n',
             b'{"id":3,"params":{},"method":"tools/list"}\n']
    for line, got in zip(lines, through(home, *lines)):
        assert spliced(line, got), line


def test_inject_not_into_notifications_with_method_behind_params(home):
    untouched(home, b'{"jsonrpc":"2.0","params":{"requestId":1},"method":"notifications/cancelled"}\n',
              b'{"params":{"_meta":{"a":1}},"method":"notifications/progress","jsonrpc":"2.0"}\n',
              b'{"jsonrpc":"2.0","params":{"_meta":{"traceparent":"' + INBOUND.encode() + b'"}},"method":"notifications/roots/list_changed"}\n')


def test_inject_not_into_answers_that_have_params(home):
    untouched(home, b'{"jsonrpc":"2.0","id":1,"result":{"method":"ping","params":{}}}\n', b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","data":{"params":{}}}}\n')


def test_inject_with_much_behind_params(home):
    """Where the method comes late, and very late."""
    for size in (10, 5000, 100_000):
        line = b'{"jsonrpc":"2.0","params":{"a":1},"x":"' + b"y" * size + b'","method":"tools/list","id":1}\n'
        [got] = through(home, line)
        if got != line:
            assert spliced(line, got)


def test_inject_not_where_meta_is_no_object(home):
    untouched(home, *(call(1, _meta=value) for value in ([], "text", 7, None, True, [{}])))


def test_inject_looks_at_the_right_keys_only(home):
    """Names of the path at other places, in strings, in arrays, at other depths."""
    lines = [bytes_of(message) for message in (
        call(1, "q", {"_meta": {"traceparent": INBOUND}, "params": {"_meta": {}}}), call(2, "q", {"a": [{"_meta": {}}, {"traceparent": "x"}]}),
        {"_meta": {}, "jsonrpc": "2.0", "id": 3, "method": "ping", "params": {"_metadata": {}, "meta": {}, "_META": {}}},
        call(4, "q", {"text": '"_meta":{"traceparent":"' + INBOUND + '"}'}), call(5, "q", {}, _meta={"_meta": {"traceparent": INBOUND}, "params": {}}),
        call(6, "q", {}, **{"": {}, "_meta ": {}}))]
    for line, got in zip(lines, through(home, *lines)):
        assert spliced(line, got), line


def test_inbound_traceparent_is_the_parent(home):
    """Its span id gives way to ours, in place; the span is its child."""
    line = bytes_of(call(1, _meta={"progressToken": 3, "traceparent": INBOUND, "tracestate": "a=b"}))
    [got] = through(home, line)
    told = spliced(line, got)
    assert got.count(b"traceparent") == 1 and b'"tracestate":"a=b"' in got
    [span] = mcp_spans(home, 1)
    assert (span.trace, span.id) == told and span.parent == INBOUND[36:52] and span.trace == INBOUND[3:35], span


def test_inbound_traceparent_keeps_its_flags(home):
    line = bytes_of(call(1, _meta={"traceparent": INBOUND[:-2] + "00"}))
    [got] = through(home, line)
    assert spliced(line, got) and b'-00"' in got


def test_inbound_traceparent_without_injection(home):
    """The server is left alone, the parent counts all the same."""
    line = bytes_of(call(1, _meta={"traceparent": INBOUND}))
    [got] = through(home, line, options=["--no-inject"])
    assert got == line
    [span] = mcp_spans(home, 1)
    assert span.trace == INBOUND[3:35] and span.parent == INBOUND[36:52], span


def test_malformed_traceparent_is_untouched(home):
    bad = ["", "x", INBOUND[:-1], INBOUND + "0", INBOUND.upper(), INBOUND.replace("-", "_"), "00-" + "0" * 32 + INBOUND[35:], INBOUND[:36] + "0" * 16 + "-01",
           "ff" + INBOUND[2:], "0g" + INBOUND[2:], INBOUND + "\n", " " + INBOUND, INBOUND * 20, INBOUND + "0" * 3000, "0" * 200_000, None, 7, {}, [INBOUND], True]
    untouched(home, *(call(number, _meta={"traceparent": value}) for number, value in enumerate(bad)))
    for span in mcp_spans(home, len(bad)):
        assert span.trace != INBOUND[3:35], span


def test_other_trace_keys_are_untouched(home):
    line = bytes_of(call(1, _meta={"tracestate": "vendor=1", "baggage": "k=v"}))
    [got] = through(home, line)
    assert spliced(line, got) and b'"tracestate":"vendor=1","baggage":"k=v"' in got


def test_each_request_gets_its_own_span_id(home):
    with Shim(home) as shim:
        told = [spliced(bytes_of(call(number)), shim.exchange(call(number))) for number in range(200)]
        shim.finish()
    assert len({span for _, span in told}) == 200 and len({trace for trace, _ in told}) == 1


def test_R7_numbers_stay_as_they_are(home):
    numbers = b'{"a":9007199254740993,"b":1e400,"c":-0,"d":1.0,"e":0.1e-7,"f":123456789012345678901234567890,"g":1E+2,"h":4.35}'
    line = b'{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/call","params":{"name":"q","arguments":' + numbers + b"}}\n"
    back = b'{"jsonrpc":"2.0","id":9007199254740993,"result":' + numbers + b"}\n"
    with Shim(home) as shim:
        assert spliced(line, shim.to_server(line))
        assert shim.to_client(back) == back
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert span["jsonrpc.request.id"] == "9007199254740993" and "spanhook.outcome" not in span.about, span


def test_R8_strict_servers(home):
    """--no-inject changes nothing at all; without it a request that has no params gets none."""
    lines = [bytes_of(call(1)), bytes_of(modern(call(2))), bytes_of(request(3, "ping"))]
    assert through(home, *lines, options=["--no-inject"]) == lines
    assert through(home, lines[2]) == [lines[2]]


# -- pollution, stderr -------------------------------------------------------------------------------------------------------------------

def test_R4_pollution_of_stdout(home):
    """Lines that are none pass through at their place, and the calls around them are seen all the same."""
    noise = [b"Starting\xe2\x80\xa6\n", b"\x1b[32mINFO\x1b[0m listening\r\n", b"npm warn deprecated\n", b"{not json}\n", b"\n"]
    with Shim(home) as shim:
        assert shim.to_client(*noise) == noise
        for number in range(3):
            shim.client.send(call(number))
            shim.server.line()
            shim.server.send(noise[number], result(number), noise[number + 1])
            assert [shim.client.line() for _ in range(3)] == [noise[number], bytes_of(result(number)), noise[number + 1]]
        shim.finish()
    for span in mcp_spans(home, 3):
        assert "spanhook.outcome" not in span.about and span.status == 0, span


def test_R4_pollution_in_front_of_a_message(home):
    """Text without a newline before the answer: one line, no message, and bytes as they are."""
    with Shim(home) as shim:
        shim.to_server(call(1))
        line = b"Debugger attached." + bytes_of(result(1))
        assert shim.to_client(line) == line
        assert shim.exchange(call(2))
        shim.finish()
    mcp_spans(home, 2)


def test_R4_nothing_of_our_own_on_stdout(home):
    """Not at the start, not at the end, not when something fails."""
    with Shim(home, "--inspect", "--name", "x") as shim:
        shim.client.silent(0.5)
        shim.exchange(call(1), error(1))
        shim.client.silent(0.3)
        shim.finish(7)


def test_R3_stderr_is_the_servers_own(home):
    with Shim(home) as shim:
        theirs = os.readlink(f"/proc/{shim.server_pid}/fd/2")
        assert theirs == str(shim.noise), theirs
        with open(f"/proc/{shim.server_pid}/fd/2", "ab") as out:
            out.write(b"warning: \xff\0 from the server\n" * 100_000)
        shim.exchange(call(1))
        shim.finish()
        assert shim.stderr() == b"warning: \xff\0 from the server\n" * 100_000


def test_R3_flood_on_stderr_that_nobody_reads(home):
    """The server's thread that writes there is stuck; the wire is not."""
    reads, writes = os.pipe()
    with Shim(home, stderr=writes, command=script(home, "import os, threading\n"
                                                        "threading.Thread(target=lambda: [os.write(2, b'e' * 4096) for _ in range(1000)], daemon=True).start()\n"
                                                        + SERVER.replace("sys.exit(status)", "os._exit(status)") + "os._exit(0)\n")) as shim:
        os.close(writes)
        for number in range(20):
            shim.client.send(call(number))
            assert json.loads(shim.client.line())["id"] == number
        shim.client.close_writing()
        assert shim.client.rest() == b"" and shim.wait() == 0
    os.close(reads)


# -- back-pressure -----------------------------------------------------------------------------------------------------------------------

def test_client_that_does_not_read_for_seconds(home):
    """The server's flood waits; requests pass meanwhile; nothing grows; then all of it is there."""
    flood = b"".join(bytes_of(notification("notifications/message", {"data": f"{number} " + "x" * 1000})) for number in range(8000))
    with Shim(home) as shim:
        def play():
            for number in range(20):
                line = bytes_of(call(number))
                assert spliced(line, shim.to_server(line))
                time.sleep(0.1)
            grown = memory_kib(home)
            assert grown < MEMORY_KIB, grown
            same(flood, shim.client.take(len(flood)), "server to client")

        at_once(lambda: shim.server.send(flood), play)
        shim.finish()


def test_server_that_does_not_read_for_seconds(home):
    flood = b"".join(bytes_of(notification("notifications/progress", {"progressToken": number, "progress": 1, "t": "x" * 1000})) for number in range(8000))
    with Shim(home) as shim:
        def play():
            for number in range(20):
                line = bytes_of(request(number, "roots/list", {}))
                same(line, shim.to_client(line), "server to client")
                time.sleep(0.1)
            grown = memory_kib(home)
            assert grown < MEMORY_KIB, grown
            same(flood, shim.server.take(len(flood)), "client to server")

        at_once(lambda: shim.client.send(flood), play)
        shim.finish()


def test_both_floods_and_nobody_reads(home):
    requests = b"".join(bytes_of(call(number, "q", {"t": "x" * 3000})) for number in range(1500))
    answers = b"".join(bytes_of(result(number, {"t": "y" * 3000})) for number in range(1500))
    with Shim(home, "--no-inject") as shim:
        def read():
            time.sleep(2)
            assert memory_kib(home) < MEMORY_KIB
            same(answers, shim.client.take(len(answers)), "server to client")
            same(requests, shim.server.take(len(requests)), "client to server")

        at_once(lambda: shim.client.send(requests), lambda: shim.server.send(answers), read)
        shim.finish()


# -- at scale ----------------------------------------------------------------------------------------------------------------------------

WORDS = ["id", "method", "params", "_meta", "traceparent", "result", "error", "name", "arguments", "jsonrpc", "isError", "uri", "code", "x", "", "a b",
         "\u00e9", "\U0001f600"]
TEXTS = ["", "text", "}{][", 'a "quote"', "\\", '\\\\"', '{"_meta":{}}', "tab\there", "line\nend", "\u2028", "\U0001f600 \u00e9"]
METHODS = ["initialize", "ping", "tools/list", "tools/call", "prompts/get", "resources/read", "server/discover", "subscriptions/listen", "completion/complete",
           "tasks/get", "no such method", "\u00fc/\u00df"]
IDS = ["%d", '"%d"', '"r-%d"', "-%d", '"\\u0061%d"', "9007199254%d", '"\u00e9%d\\\\"']


class Generator:
    """A seeded stream of messages: templates of all shapes with room for an id, drawn anew for every block."""

    TEMPLATES = 500

    def __init__(self, seed, to_server):
        self.random, self.to_server = random.Random(seed), to_server
        self.templates = [self.template() for _ in range(self.TEMPLATES)]

    def blank(self):
        return self.random.choice(["", "", "", "", " ", "\t", "  ", " \t "])

    def string(self, text=None):
        pick = self.random
        if text is None:
            text = pick.choice([*TEXTS, "x" * pick.randrange(300)])
        written = json.dumps(text, ensure_ascii=pick.random() < 0.3)
        return written.replace("/", "\\/") if pick.random() < 0.2 else written

    def value(self, depth):
        pick = self.random
        kind = pick.randrange(10 if depth > 0 else 6)
        if kind < 2:
            return self.string()
        if kind < 4:
            return pick.choice(["0", "-0", "1", "-17", "3.5", "1e400", "-1E-7", "9007199254740993", "123456789012345678901234567890", "0.1e+10"])
        if kind < 6:
            return pick.choice(["true", "false", "null"])
        if kind < 8:
            return self.object([(self.string(pick.choice(WORDS) + str(number)), self.value(depth - 1)) for number in range(pick.randrange(5))])
        return "[" + self.blank() + ",".join(self.blank() + self.value(depth - 1) + self.blank() for _ in range(pick.randrange(5))) + "]"

    def object(self, members):
        written = [self.blank() + key + self.blank() + ":" + self.blank() + value + self.blank() for key, value in members]
        return "{" + (",".join(written) or self.blank()) + "}"

    def meta(self):
        pick, members = self.random, []
        if pick.random() < 0.5:
            members += [('"io.modelcontextprotocol/protocolVersion"', '"2026-07-28"'), ('"io.modelcontextprotocol/clientCapabilities"', self.value(2))]
        if pick.random() < 0.4:
            members.append(('"progressToken"', pick.choice(["7", '"token"'])))
        if pick.random() < 0.2:
            members.append(('"traceparent"', '"' + pick.choice(TRACES + ["", "00-zz", INBOUND[:-1]]) + '"'))
        if pick.random() < 0.2:
            members.append(('"tracestate"', self.string("a=b")))
        pick.shuffle(members)
        return pick.choice([self.object(members)] * 12 + ["7", "null", "[]", '""'])

    def params(self, method):
        pick = self.random
        if pick.random() < 0.05:
            return self.value(1)
        members = []
        if method in ("tools/call", "prompts/get") or pick.random() < 0.2:
            members += [('"name"', self.string(pick.choice(["query", "fetch", "say", "\u00e9"]))), ('"arguments"', self.value(5))]
        if pick.random() < 0.2:
            members.append(('"uri"', self.string("file:///x")))
        if pick.random() < 0.3:
            members.append((self.string("key" + str(pick.randrange(9))), self.value(3)))
        if pick.random() < 0.5:
            members.append(('"_meta"', self.meta()))
        pick.shuffle(members)
        return self.object(members)

    def one(self):
        """A message with @ where its id is written."""
        pick = self.random
        kind, members = pick.random(), [('"jsonrpc"', '"2.0"')]
        if kind < 0.45:
            method = pick.choice(METHODS)
            members += [('"id"', "@"), ('"method"', self.string(method).replace("\\/", "/"))]
            if pick.random() < 0.9:
                members.append(('"params"', self.params(method)))
        elif kind < 0.6:
            members.append(('"method"', '"notifications/' + pick.choice(["initialized", "cancelled", "progress", "message", "subscriptions/acknowledged"]) + '"'))
            if pick.random() < 0.9:
                members.append(('"params"', self.object([('"requestId"', "@"), ('"progressToken"', pick.choice(["7", '"token"'])),
                                                         ('"progress"', "0.5"), ('"_meta"', self.meta())])))
        elif kind < 0.85:
            members += [('"id"', "@"), ('"result"', self.value(5))]
        else:
            members += [('"id"', "@"), ('"error"', self.object([('"code"', "-32000"), ('"message"', self.string()), ('"data"', self.value(3))]))]
        if pick.random() < 0.2:
            pick.shuffle(members)
        return self.object(members)

    def template(self):
        pick = self.random
        shape = pick.random()
        if shape < 0.05:
            text = pick.choice(["", "plain text @", "[INFO] @", "{@", "[@", "\x00@", '{"a":@', "7", "null"])
        elif shape < 0.12:
            text = "[" + ",".join(self.blank() + self.one() for _ in range(pick.randrange(1, 5))) + self.blank() + "]"
        elif shape < 0.13:
            text = '{"jsonrpc":"2.0","id":@,"method":"tools/call","params":{"name":"deep","arguments":' + "[" * 400 + "]" * 400 + "}}"
        else:
            text = self.blank() + self.one() + self.blank()
        text = text.replace("@", pick.choice(IDS).replace("%d", "@")) + pick.choice(["\n", "\n", "\n", "\r\n"])
        # a single id is filled in; where there are more, or none, the message is what it is
        parts = text.split("@")
        if len(parts) != 2:
            parts = ["1".join(parts), None]
        return [None if part is None else part.encode() for part in parts]

    def messages(self, count):
        """Blocks as (template, whole line) pairs: one list for each block."""
        pick, number = self.random, 0
        while number < count:
            block = []
            for template in pick.choices(range(self.TEMPLATES), k=min(500, count - number)):
                before, after = self.templates[template]
                number += 1
                # ids come back now and then, while they are in flight and after
                block.append((template, before if after is None else b"%s%d%s" % (before, 100000 + number - number % 7, after)))
            yield block


class Judge:
    """Removes what a strict reader of the template says was spliced."""

    def __init__(self, generator):
        self.rules = []
        for before, after in generator.templates:
            judged = verdict(before if after is None else before + b"100000" + after)
            # places are counted from the end, as an id is of no fixed length
            length = len(before) + (0 if after is None else 6 + len(after))
            if judged[0] == "splice":
                self.rules.append(("splice", length - judged[1], length - judged[2], *judged[3:]))
            elif judged[0] == "replace":
                self.rules.append(("replace", length - judged[1]))
            else:
                self.rules.append(judged)
        self.told = set()
        self.counts = dict.fromkeys(("same", "splice", "replace", "either"), 0)

    def check(self, template, line, received):
        rule = self.rules[template]
        self.counts[rule[0]] += 1
        if rule[0] == "same":
            assert received == line, f"changed: {line[:300]!r} to {received[:400]!r}"
            return
        if rule[0] == "splice":
            told = spliced(line, received, lambda _: ("splice", len(line) - rule[1], len(line) - rule[2], rule[3], rule[4]))
        elif rule[0] == "replace":
            told = spliced(line, received, lambda _: ("replace", len(line) - rule[1]))
        else:
            told = spliced(line, received)
        if told:
            assert told[1] not in self.told, f"span id {told[1]} twice"
            self.told.add(told[1])


def write_stream(end, seed, count, to_server):
    """Random-sized pieces, from single bytes to more than a pipe holds."""
    generator, sizes = Generator(seed, to_server), random.Random(seed + 1)
    for block in generator.messages(count):
        data, at = memoryview(b"".join(line for _, line in block)), 0
        while at < len(data):
            size = sizes.randint(1, sizes.choice((1, 40, 1000, 5000, 70_000, 150_000)))
            end.send(data[at:at + size])
            at += size
    end.close_writing()


def read_identical(end, seed, count, to_server):
    generator, expected, got = Generator(seed, to_server), hashlib.sha256(), hashlib.sha256()
    for block in generator.messages(count):
        data = b"".join(line for _, line in block)
        expected.update(data)
        received = end.take(len(data), 60)
        got.update(received)
        if expected.digest() != got.digest():
            same(data, received, "a generated block")
    assert end.rest() == b""


def read_spliced(end, seed, count, to_server):
    generator = Generator(seed, to_server)
    judge = Judge(generator)
    for block in generator.messages(count):
        for template, line in block:
            judge.check(template, line, end.line(60))
    assert end.rest() == b""
    assert min(judge.counts["same"], judge.counts["splice"], judge.counts["replace"]) > 0, judge.counts
    assert judge.counts["either"] == 0, judge.counts


def in_processes(*functions, forked):
    """Each in a process of its own, so that they do not share one interpreter; `forked` runs when all have begun. All must end well."""
    pids = []
    for function in functions:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.alarm(0)
                function()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        pids.append(pid)
    forked()
    failed = False
    try:
        while pids and not failed:
            for pid in list(pids):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    pids.remove(pid)
                    failed |= status != 0
            time.sleep(0.01)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert not failed, "a stream is not what it was, see above"


def at_scale(home, options, read_at_server):
    seed, half = 20260728, MESSAGES // 2
    with Shim(home, *options) as shim:
        def alone(end, way, work, *arguments):
            """With one end of one pipe only, so that an EOF is one."""
            def run():
                for other in (shim.client, shim.server):
                    if other is not end or way != "reads":
                        other.close_reading()
                    if other is not end or way != "writes":
                        other.close_writing()
                work(end, *arguments)
            return run

        def ours():
            shim.client.close()
            shim.server.close()

        start = time.monotonic()
        in_processes(alone(shim.client, "writes", write_stream, seed, half, True), alone(shim.server, "reads", read_at_server, seed, half, True),
                     alone(shim.server, "writes", write_stream, seed + 1, half, False), alone(shim.client, "reads", read_identical, seed + 1, half, False),
                     forked=ours)
        took = time.monotonic() - start
        shim.end_server()
        assert shim.wait() == 0
        assert shim.stderr() == b"", shim.stderr()[:500]
        print(f"    {MESSAGES} messages in {took:.1f} s")


def test_identity_at_scale_without_injection(home):
    at_scale(home, ["--no-inject"], read_identical)


def test_identity_at_scale_with_injection(home):
    at_scale(home, ["--session", "scale"], read_spliced)


test_identity_at_scale_without_injection.timeout = 60 + MESSAGES // 2000
test_identity_at_scale_with_injection.timeout = 60 + MESSAGES // 1000
