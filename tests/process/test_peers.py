"""The sender against its peers: fault rows P01 to P12, on the release binary. The backlog is an archive written by hand, so that each test
says exactly what is to be sent; `flush` sends it, `status --json` tells what became of it."""

import datetime
import email.utils
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from events import post, pre, prompt, quiet, send, spawn, stop
from harness import BINARY, Backend, RawServer, spans_of

TRACE = "6553f100" + "ab" * 12
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
JSON_OK = JSON_HEAD + b"Content-Length: 2\r\n\r\n{}"


def span_line(number, size=0):
    """One line as the archive holds it; `size` more bytes of attribute."""
    span = {"traceId": TRACE, "spanId": f"{number + 1:016x}", "name": f"span {number}", "kind": 1,
            "startTimeUnixNano": str(1700000000000000000 + number), "endTimeUnixNano": str(1700000001000000000 + number),
            "attributes": [{"key": "filling", "value": {"stringValue": "x" * size}}], "status": {}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "kiro-agent"}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "spanhook", "version": "1"}, "spans": [span]}]}]},
                      separators=(",", ":")).encode() + b"\n"


def archive(home, lines, day=None):
    """Writes these lines as the archive's file of a day (today)."""
    folder = home.state / "traces"
    for path in (home.state, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    day = day or datetime.datetime.now(datetime.timezone.utc).date()
    path = folder / f"{day.isoformat()}.jsonl"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as out:
        out.write(b"".join(lines))


def backlog(home, count, size=0):
    archive(home, [span_line(number, size) for number in range(count)])


def to(home, peer, **changes):
    """Environment that sends to this peer."""
    url = peer if isinstance(peer, str) else peer.url
    return quiet(home, OTEL_EXPORTER_OTLP_ENDPOINT=url, **changes)


def flush(home, env, seconds=10):
    """Exit status and the one line, if any, that says what is not delivered."""
    result = home.flush("--timeout", seconds, env=env, timeout=seconds + 30)
    assert result.stdout == b"", result
    message = result.stderr.decode()
    assert message.count("\n") == (1 if result.returncode else 0), result
    return result.returncode, message


def destination(home, env):
    result = home.run("status", "--json", env=env)
    assert result.returncode == 0, result
    url = env["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    found = [entry for entry in json.loads(result.stdout)["destinations"] if entry["url"] == url]
    assert len(found) == 1, (url, result.stdout)
    return found[0]


def numbers(spans):
    return [int(span["name"].split()[1]) for _, span in spans]


def spans_in(body):
    return spans_of(json.loads(body))


def rejected_lines(home):
    """Every line of the rejected folder, oldest first."""
    return [line for path in sorted((home.state / "rejected").glob("*.jsonl")) for line in path.read_bytes().splitlines(keepends=True)]


def expect(home, env, **values):
    """What status says of the destination."""
    entry = destination(home, env)
    actual = {name: entry[name] for name in values}
    assert actual == values, entry


def expect_kept(home, env, count, seconds=2, words=()):
    """A flush that delivers nothing keeps everything and says why."""
    code, message = flush(home, env, seconds)
    assert code == 1, message
    for word in words:
        assert word in message, message
    expect(home, env, sent=0, rejected=0, pending=count)
    entry = destination(home, env)
    assert entry["failures"] >= 1 and entry["reason"], entry
    return message


def expect_all(home, env, backend, count):
    assert flush(home, env) == (0, "")
    expect(home, env, sent=count, rejected=0, pending=0, failures=0, reason="")
    assert numbers(backend.spans()) == list(range(count))


def read_request(connection):
    """One HTTP request off a raw connection; b"" when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return body


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# --- what is sent ---

def test_request_is_what_a_collector_expects(home):
    backlog(home, 3)
    with Backend() as backend:
        env = to(home, backend, OTEL_EXPORTER_OTLP_HEADERS="api-key=a%20b,x-tenant=7", SPANHOOK_EXPORTER_OTLP_TRACES_HEADERS="api-key=c%2Cd")
        expect_all(home, env, backend, 3)
        (path, headers, body), = backend.requests
    assert path == "/v1/traces"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("spanhook/")
    assert headers["Host"] == f"127.0.0.1:{backend.port}"
    assert headers["api-key"] == "c,d" and "x-tenant" not in headers
    assert int(headers["Content-Length"]) == len(body)
    # spans of one resource stand together
    assert len(json.loads(body)["resourceSpans"]) == 1


def test_one_connection_serves_many_requests(home):
    backlog(home, 1300)
    talks = []

    def talk(connection):
        talks.append(connection)
        while read_request(connection):
            connection.sendall(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n")

    with RawServer(talk) as server:
        env = to(home, server)
        assert flush(home, env) == (0, "")
        expect(home, env, sent=1300, pending=0)
    assert len(talks) == 1


def test_connection_closed_between_requests_costs_nothing(home):
    backlog(home, 1300)
    bodies = []

    def talk(connection):
        body = read_request(connection)
        if body:
            bodies.append(body)
            connection.sendall(JSON_OK)
            connection.close()

    with RawServer(talk) as server:
        env = to(home, server)
        assert flush(home, env) == (0, "")
        expect(home, env, sent=1300, pending=0, failures=0)
    assert numbers(span for body in bodies for span in spans_in(body)) == list(range(1300))


def test_each_destination_has_its_own_cursor(home):
    backlog(home, 2)
    with Backend() as first, Backend() as second:
        expect_all(home, to(home, first), first, 2)
        expect_all(home, to(home, second), second, 2)
        expect_all(home, to(home, first), first, 2)


def test_https_is_refused_with_advice(home):
    backlog(home, 1)
    code, message = flush(home, quiet(home, OTEL_EXPORTER_OTLP_ENDPOINT="https://127.0.0.1:1"), 2)
    assert code == 1 and "TLS" in message and "local collector" in message, message


def test_lines_that_are_no_otlp_are_set_aside(home):
    """Whole lines of rubbish in the archive, first, in between and last: set aside and counted, and all else arrives in order."""
    archive(home, [b"rubbish\n", span_line(0), b"[1,2]\n", b"{\"resourceSpans\":\n", span_line(1), span_line(2), b"\n", b"{}{}\n"])
    with Backend() as backend:
        env = to(home, backend)
        code, message = flush(home, env)
        assert code == 1 and "no OTLP JSON" in message, message
        expect(home, env, sent=3, pending=0)
        assert numbers(backend.spans()) == [0, 1, 2]
    assert span_line(0) not in rejected_lines(home) and b"rubbish\n" in rejected_lines(home)


def test_foreign_lines_are_counted_by_their_spans(home):
    many = {"resourceSpans": [{"scopeSpans": [{"spans": [json.loads(span_line(number))["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
                                                         for number in range(10)]}]}]}
    archive(home, [json.dumps(many, indent=None).encode() + b"\n", span_line(10)])
    with Backend() as backend:
        env = to(home, backend)
        assert flush(home, env) == (0, "")
        expect(home, env, sent=11, pending=0)
        assert numbers(backend.spans()) == list(range(11))


# --- fault rows ---

def test_P01_port_closed(home):
    port = free_port()
    env = to(home, f"http://127.0.0.1:{port}")
    backlog(home, 3)
    expect_kept(home, env, 3, words=("3 spans", "refused"))
    with Backend(port=port) as backend:
        expect_all(home, env, backend, 3)


def test_P01_hooks_do_not_wait_for_a_collector_that_is_down(home):
    env = home.env(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}", SPANHOOK_RELAY_LINGER_SECONDS="1")
    for payload in (spawn(), prompt(), pre(), post(), stop()):
        send(home, payload, within=1.0, env=env)


def test_P02_web_page_with_200(home):
    backlog(home, 3)
    page = b"<!doctype html><title>My app</title>"
    with Backend(lambda handler, body: handler.reply(200, page, "text/html; charset=utf-8")) as backend:
        expect_kept(home, to(home, backend), 3, words=("text/html",))
        assert len(backend.requests) == 1


def test_P02_json_that_is_no_answer(home):
    backlog(home, 1)
    with Backend(lambda handler, body: handler.reply(200, b'["hello"]')) as backend:
        expect_kept(home, to(home, backend), 1)


def test_P03_never_replies(home):
    backlog(home, 3)
    with RawServer(read_request) as server:
        start = time.monotonic()
        expect_kept(home, to(home, server, OTEL_EXPORTER_OTLP_TIMEOUT=400), 3, seconds=1, words=("in time",))
        assert time.monotonic() - start < 4


def test_P03_reset_in_mid_body_is_sent_again(home):
    backlog(home, 3)
    bodies = []

    def talk(connection):
        bodies.append(read_request(connection))
        if len(bodies) == 1:
            connection.sendall(JSON_HEAD + b"Content-Length: 20\r\n\r\n{\"partial")
            time.sleep(0.05)
            reset(connection)
        else:
            connection.sendall(JSON_OK)

    with RawServer(talk) as server:
        env = to(home, server)
        assert flush(home, env) == (0, "")
        expect(home, env, sent=3, pending=0, failures=0)
    assert len(bodies) == 2 and bodies[0] == bodies[1]


def test_P03_closed_without_a_word(home):
    backlog(home, 1)

    def talk(connection):
        read_request(connection)
        connection.close()

    with RawServer(talk) as server:
        expect_kept(home, to(home, server), 1, seconds=1)


def trickle(data, interval=0.05):
    def talk(connection):
        read_request(connection)
        try:
            for byte in data:
                connection.sendall(bytes([byte]))
                time.sleep(interval)
        except OSError:
            pass
    return talk


def pour(head, block):
    """Sends `block` for as long as the peer takes it."""
    def talk(connection):
        read_request(connection)
        try:
            connection.sendall(head)
            while True:
                connection.sendall(block)
        except OSError:
            pass
    return talk


def test_P04_reply_byte_by_byte(home):
    backlog(home, 2)
    with RawServer(trickle(JSON_OK)) as server:
        expect_kept(home, to(home, server, OTEL_EXPORTER_OTLP_TIMEOUT=500), 2, seconds=1)


def test_P04_endless_headers(home):
    backlog(home, 2)
    with RawServer(pour(b"HTTP/1.1 200 OK\r\n", b"X-Filling: " + b"x" * 1000 + b"\r\n")) as server:
        expect_kept(home, to(home, server), 2, seconds=1)


def test_P04_200_that_goes_on_for_ever_is_taken_once(home):
    for number, talk in enumerate((pour(JSON_HEAD + b"Content-Length: 1073741824\r\n\r\n{", b" " * 65536),
                                   pour(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"),
                                   pour(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"{}"))):
        archive(home, [span_line(number)])
        with RawServer(talk) as server:
            env = to(home, server)
            assert flush(home, env) == (0, ""), number
            expect(home, env, sent=number + 1, pending=0)
            assert server.accepted == 1


def test_P04_500_that_goes_on_for_ever_is_kept(home):
    backlog(home, 2)
    with RawServer(pour(b"HTTP/1.1 500 Oops\r\nContent-Length: 1073741824\r\n\r\n", b"x" * 65536)) as server:
        expect_kept(home, to(home, server), 2, seconds=1)


def test_P04_malformed_heads(home):
    backlog(home, 1)
    for head in (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"SSH-2.0-OpenSSH\r\n", JSON_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                 JSON_HEAD + b"Content-Length: +2\r\n\r\n{}"):
        def talk(connection, head=head):
            read_request(connection)
            connection.sendall(head)

        with RawServer(talk) as server:
            expect_kept(home, to(home, server), 1, seconds=1)


def test_P02_empty_or_plain_text_is_taken(home):
    for number, (body, kind) in enumerate(((b"", "text/html"), (b"", "text/plain"), (b"ok", "text/plain"))):
        archive(home, [span_line(number)])
        with Backend(lambda handler, _: handler.reply(200, body, kind)) as backend:
            env = to(home, backend)
            assert flush(home, env) == (0, "")
            expect(home, env, sent=number + 1, pending=0)


def gap_after(home, value, seconds):
    """Seconds between a 503 with this Retry-After and the next request; None when none came."""
    times = []

    def answer(handler, body):
        times.append(time.monotonic())
        if len(times) == 1:
            handler.reply(503, b"", "text/plain", Retry_After=value() if callable(value) else value)
        else:
            handler.reply(200, b"{}")

    with Backend(answer) as backend:
        code, _ = flush(home, to(home, backend), seconds)
    assert code == (0 if len(times) > 1 else 1)
    return times[1] - times[0] if len(times) > 1 else None


def test_P05_retry_after_in_seconds(home):
    backlog(home, 1)
    assert 1.9 < gap_after(home, "2", 10) < 4


def test_P05_retry_after_as_a_date(home):
    backlog(home, 1)
    gap = gap_after(home, lambda: email.utils.formatdate(time.time() + 3, usegmt=True), 10)
    assert 1.5 < gap < 5


def test_P05_retry_after_far_ahead(home):
    backlog(home, 1)
    assert gap_after(home, "999999999", 3) is None


def test_P05_retry_after_outlives_the_process(home):
    backlog(home, 1)
    times = []

    def answer(handler, body):
        times.append(time.monotonic())
        handler.reply(*((503, b"", "text/plain") if len(times) == 1 else (200, b"{}")), Retry_After="6")

    with Backend(answer) as backend:
        env = to(home, backend, SPANHOOK_RELAY_LINGER_SECONDS="20")
        code, message = flush(home, env, 1)
        assert code == 1 and "asked to wait until 20" in message, message
        code, message = flush(home, env, 1)
        assert code == 1 and "asked to wait until 20" in message and len(times) == 1, message
        relay = subprocess.Popen([BINARY, "relay"], env=env, cwd=home.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while len(times) < 2 and time.monotonic() < times[0] + 20:
                time.sleep(0.05)
        finally:
            relay.kill()
            relay.wait()
        assert 5.8 < times[1] - times[0] < 9


def test_P05_flush_forgets_plain_back_off(home):
    backlog(home, 1)
    statuses = [503] * 3
    with Backend(lambda handler, body: handler.reply(statuses.pop() if statuses else 200, b"{}")) as backend:
        env = to(home, backend)
        for _ in range(3):
            before = len(backend.requests)
            code, _ = flush(home, env, 1)
            assert len(backend.requests) > before or code == 0
        assert flush(home, env) == (0, "")


def test_P05_retry_after_garbage(home):
    backlog(home, 1)
    assert gap_after(home, "soon; maybe", 10) < 1.6  # the first window of the back-off


def test_P05_only_four_statuses_are_tried_again(home):
    for number, status in enumerate((429, 502, 503, 504)):
        archive(home, [span_line(number)])
        statuses = [status]

        def answer(handler, body):
            handler.reply(statuses.pop() if statuses else 200, b"{}")

        with Backend(answer) as backend:
            env = to(home, backend)
            assert flush(home, env) == (0, "")
            expect(home, env, sent=number + 1, rejected=0, pending=0)
            assert len(backend.requests) == 2


def poisoned(numbers_refused, status=400):
    """A backend that refuses every batch with one of these spans in it, and remembers what it took."""
    taken = []

    def answer(handler, body):
        found = numbers(spans_in(body))
        if any(number in numbers_refused for number in found):
            handler.reply(status, b'{"code":3,"message":"span is poison"}')
        else:
            taken.extend(found)
            handler.reply(200, b"{}")
    return answer, taken


def test_P06_one_poison_span(home):
    backlog(home, 100)
    answer, taken = poisoned({37})
    with Backend(answer) as backend:
        env = to(home, backend)
        flush(home, env)
        expect(home, env, sent=99, rejected=1, pending=0)
        assert len(backend.requests) < 30
    assert taken == [number for number in range(100) if number != 37]
    assert rejected_lines(home) == [span_line(37)]
    assert "span is poison" in (home.state / "rejected" / "reasons.log").read_text()
    counters = json.loads(home.run("status", "--json", env=env).stdout)["counters"]
    assert (counters["spans_sent"], counters["spans_rejected"]) == (99, 1)


def test_P06_first_and_last_and_neighbours(home):
    backlog(home, 64)
    answer, taken = poisoned({0, 31, 32, 63})
    with Backend(answer) as backend:
        env = to(home, backend)
        flush(home, env)
        expect(home, env, sent=60, rejected=4, pending=0)
    assert taken == [number for number in range(64) if number not in (0, 31, 32, 63)]


def test_P06_500_costs_the_poison_span_only(home):
    backlog(home, 100)
    answer, taken = poisoned({37, 99}, 500)
    with Backend(answer) as backend:
        env = to(home, backend)
        code, message = flush(home, env)
        assert code == 1 and "2 spans were refused" in message and "span is poison" in message and "rejected/" in message, message
        expect(home, env, sent=98, rejected=2, pending=0)
        bodies = [body for _, _, body in backend.requests]
        assert len(bodies) < 40 and len(set(bodies)) == len(bodies)  # none is sent twice
        assert flush(home, env) == (0, "")
    assert taken == [number for number in range(99) if number != 37]
    assert rejected_lines(home) == [span_line(37), span_line(99)]


def test_P06_a_run_of_poison_at_the_start(home):
    """More in a row than single requests alone would tell from a destination that takes nothing."""
    backlog(home, 700)
    answer, taken = poisoned(set(range(40)))
    with Backend(answer) as backend:
        env = to(home, backend)
        flush(home, env)
        expect(home, env, sent=660, rejected=40, pending=0)
    assert len(taken) == 660 and set(taken) == set(range(40, 700))
    assert rejected_lines(home) == [span_line(number) for number in range(40)]


def test_P06_all_refused_is_held(home):
    backlog(home, 600)
    for status in (400, 408, 415, 422, 500):
        answer, taken = poisoned(set(range(600)), status)
        with Backend(answer) as backend:
            env = to(home, backend)
            expect_kept(home, env, 600, words=(str(status), "span is poison"))
            assert len(backend.requests) <= 15
            assert taken == [] and rejected_lines(home) == []
    with Backend() as backend:
        expect_all(home, to(home, backend), backend, 600)


def test_P06_two_refused_are_held_and_one_is_set_aside(home):
    backlog(home, 2)
    answer, _ = poisoned({0, 1, 3})
    with Backend(answer) as backend:
        env = to(home, backend)
        expect_kept(home, env, 2, words=("everything is refused",))
        archive(home, [span_line(2)])
        assert flush(home, env)[0] == 1
        expect(home, env, sent=1, rejected=2, pending=0)
        archive(home, [span_line(3)])
        assert flush(home, env)[0] == 1
        expect(home, env, sent=1, rejected=3, pending=0)
    assert rejected_lines(home) == [span_line(0), span_line(1), span_line(3)]


def test_P06_killed_while_halving(home):
    """Nothing but the cursor is remembered: the next flush begins with a large batch again and comes to the same end."""
    backlog(home, 50)
    child = None
    answer, taken = poisoned({20})

    def kill_in_the_middle(handler, body):
        if child and len(backend.requests) == 4:
            os.kill(child.pid, signal.SIGKILL)
        answer(handler, body)

    with Backend(kill_in_the_middle) as backend:
        env = to(home, backend)
        child = subprocess.Popen([BINARY, "flush"], env=env, cwd=home.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert child.wait(20) == -signal.SIGKILL
        child = None
        flush(home, env)
        expect(home, env, pending=0, rejected=1)
    assert set(taken) == set(range(50)) - {20}
    assert len(rejected_lines(home)) == 1


def test_P06_rejected_folder_is_bounded(home):
    backlog(home, 120, size=60000)
    # one in four is taken: the destination is no wrong one
    answer, _ = poisoned(set(range(120)) - set(range(0, 120, 4)))
    with Backend(answer) as backend:
        env = to(home, backend)
        flush(home, env, 60)
        expect(home, env, rejected=90, pending=0)
    files = list((home.state / "rejected").glob("*.jsonl"))
    assert 3 * 1024 * 1024 < sum(path.stat().st_size for path in files) <= 4 * 1024 * 1024
    assert rejected_lines(home)[-1] == span_line(119, 60000)


def test_P07_batch_too_large_is_halved(home):
    backlog(home, 64)
    sizes = []

    def answer(handler, body):
        sizes.append(len(body))
        handler.reply(*((413, b"", "text/plain") if len(body) > 4000 else (200, b"{}")))

    with Backend(answer) as backend:
        env = to(home, backend)
        assert flush(home, env) == (0, "")
        expect(home, env, sent=64, rejected=0, pending=0)
    assert max(sizes) > 4000


def test_P07_single_span_too_large_is_set_aside(home):
    archive(home, [span_line(0), span_line(1, 50000), span_line(2)])
    with Backend(lambda handler, body: handler.reply(*((413, b"", "text/plain") if len(body) > 40000 else (200, b"{}")))) as backend:
        env = to(home, backend)
        flush(home, env)
        expect(home, env, sent=2, rejected=1, pending=0)
    assert rejected_lines(home) == [span_line(1, 50000)]


def test_P08_500_for_one_span_is_not_tried_again(home):
    backlog(home, 1)
    with Backend(lambda handler, body: handler.reply(500, b'{"code":13,"message":"broken"}')) as backend:
        env = to(home, backend)
        assert flush(home, env)[0] == 1
        expect(home, env, sent=0, rejected=1, pending=0)
        assert len(backend.requests) == 1
    assert rejected_lines(home) == [span_line(0)]


def test_P08_404_keeps_everything(home):
    backlog(home, 5)
    with Backend(lambda handler, body: handler.reply(404, b"not here", "text/plain")) as backend:
        expect_kept(home, to(home, backend), 5, words=("404", "not here"))
        assert len(backend.requests) == 1


def test_P08_redirect_is_not_followed(home):
    backlog(home, 5)
    with Backend() as elsewhere, Backend(lambda handler, body: handler.reply(301, b"", Location=elsewhere.url)) as backend:
        expect_kept(home, to(home, backend), 5, words=("301",))
        assert len(backend.requests) == 1 and elsewhere.requests == []


def test_P09_partial_success(home):
    backlog(home, 10)
    reply = b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"three were odd"}}'
    with Backend(lambda handler, body: handler.reply(200, reply)) as backend:
        env = to(home, backend)
        code, message = flush(home, env)
        assert code == 1 and "3 spans were refused" in message and "three were odd" in message, message
        expect(home, env, sent=7, rejected=3, pending=0, failures=0)
        assert len(backend.requests) == 1
    assert "three were odd" in (home.state / "rejected" / "reasons.log").read_text()


def test_P10_crash_before_the_cursor_is_stored(home):
    backlog(home, 20)
    child, started = None, threading.Event()

    def answer(handler, body):
        started.wait(20)  # the request may be here before Popen has returned
        if child:
            os.kill(child.pid, signal.SIGKILL)
        handler.reply(200, b"{}")

    with Backend(answer) as backend:
        env = to(home, backend)
        child = subprocess.Popen([BINARY, "flush"], env=env, cwd=home.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.set()
        assert child.wait(20) == -signal.SIGKILL
        child = None
        assert flush(home, env) == (0, "")
        first, second = (body for _, _, body in backend.requests)
        expect(home, env, sent=20, pending=0)
    assert first == second


def test_P11_after_a_day_of_outage(home):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    archive(home, [span_line(number) for number in range(1500)], today - datetime.timedelta(days=1))
    archive(home, [span_line(number) for number in range(1500, 1800)], today)
    sizes = []
    with Backend(lambda handler, body: (sizes.append(len(spans_in(body))), handler.reply(200, b"{}"))) as backend:
        env = to(home, backend)
        expect_all(home, env, backend, 1800)
        # live data is next in turn
        archive(home, [span_line(1800)])
        expect_all(home, env, backend, 1801)
    assert max(sizes) <= 512


def test_P12_not_allowed(home):
    backlog(home, 4)
    for status, words in ((401, "Unauthorized"), (403, "Forbidden")):
        with Backend(lambda handler, body: handler.reply(status, b'{"code":16,"message":"token expired"}')) as backend:
            expect_kept(home, to(home, backend), 4, words=(str(status), words, "token expired"))
            assert len(backend.requests) == 1


def test_P12_delivered_once_allowed(home):
    backlog(home, 4)
    with Backend(lambda handler, body: handler.reply(200, b"{}") if handler.headers["Authorization"] == "Bearer new" else
                 handler.reply(401, b"", "text/plain")) as backend:
        env = to(home, backend, OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20old")
        expect_kept(home, env, 4)
        env = to(home, backend, OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20new")
        assert flush(home, env) == (0, "")
        expect(home, env, sent=4, pending=0, failures=0)
