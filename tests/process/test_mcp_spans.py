"""The spans of `spanhook mcp`: what they say, how requests and answers find each other, which session they are in, and how they join the calls
that the hook saw. Failure class R6; what must not be recorded."""

import contextlib
import os
import re
import signal
import time

from events import SESSION, local, post, pre, prompt, spawn, stop
from harness import until
from mcp import (CLIENT, INITIALIZE_ERA, MODERN, SERVER, SERVER_KIND, Agent, Shim, all_spans, bytes_of, call, cancelled, error, initialize, initialized,
                 mcp_spans, modern, near, nothing_left, notification, own_session, request, result, script, spliced, stat_of, verdict)

SECRET = "AKIAQ3EGRXZ7TLWMVB2K"
CANARY = "CANARY-7d41c09b"
OTHER = "9b0d6a52-1c7e-4e55-8a0e-0f2d6c1b7a44"


def one(home, asked, answered, options=(), wait=0.0):
    """A single exchange; its span."""
    with Shim(home, *options) as shim:
        shim.exchange(asked, answered, wait)
        shim.finish()
    [span] = mcp_spans(home, 1)
    return span


def recorded(home):
    return b"".join(path.read_bytes() for path in sorted(home.state.rglob("*")) if path.is_file())


def nowhere(home, *texts):
    """None of it is below the state folder, neither before nor after folding."""
    for _ in range(2):
        data = recorded(home)
        assert data, "nothing was recorded"
        for text in texts:
            text = text.encode()
            assert text not in data, f"{text!r} was recorded: {data[max(0, data.index(text) - 200):data.index(text) + 60]!r}"
        all_spans(home)


def outcome(span):
    return span["spanhook.outcome"]


# -- what a span says --------------------------------------------------------------------------------------------------------------------

def test_span_of_a_tool_call(home):
    asked, answered = call(17, "query", {"sql": "SELECT 1"}), result(17, {"content": [{"type": "text", "text": "1"}]})
    before = time.time_ns()
    with Shim(home, "--name", "db") as shim:
        told = spliced(bytes_of(asked), shim.exchange(asked, answered, 0.2))
        after = time.time_ns()
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert (span.name, span.kind, span.status, span.message) == ("tools/call query", CLIENT, 0, ""), span
    assert before <= span.start <= span.end <= after
    near(span.seconds, 0.2)
    near(span["duration_ms"] / 1000, 0.2)
    assert told == (span.trace, span.id)
    expected = {"mcp.method.name": "tools/call", "mcp.server.name": "db", "gen_ai.tool.name": "query", "gen_ai.operation.name": "execute_tool",
                "jsonrpc.request.id": "17", "network.transport": "pipe", "duration.source": "mcp_shim", "session.id": own_session(),
                "spanhook.request.size": len(bytes_of(asked)) - 1, "spanhook.response.size": len(bytes_of(answered)) - 1}
    assert {name: span[name] for name in expected} == expected, span
    for absent in ("spanhook.outcome", "error.type", "rpc.response.status_code", "mcp.result_type", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"):
        assert absent not in span.about, span
    assert span.events == [] and span.links == []


def test_span_of_a_prompt(home):
    span = one(home, request("p-1", "prompts/get", {"name": "review", "arguments": {"code": CANARY}}), result("p-1", {"messages": []}))
    assert span.name == "prompts/get review" and span["gen_ai.prompt.name"] == "review" and span["jsonrpc.request.id"] == "p-1", span
    assert "gen_ai.tool.name" not in span.about and "gen_ai.operation.name" not in span.about, span
    nowhere(home, CANARY)


def test_span_of_a_resource(home):
    span = one(home, request(2, "resources/read", {"uri": "file:///srv/notes.md"}), result(2, {"contents": []}))
    assert span.name == "resources/read" and span["mcp.resource.uri"] == "file:///srv/notes.md" and span["mcp.method.name"] == "resources/read", span


def test_spans_of_methods_without_names(home):
    methods = ["tools/list", "ping", "logging/setLevel", "completion/complete", "tasks/get", "server/discover", "something/new"]
    with Shim(home) as shim:
        for number, method in enumerate(methods):
            shim.exchange(request(number, method, {"name": "ignored"} if method == "something/new" else None))
        shim.finish()
    assert [span.name for span in mcp_spans(home, len(methods))] == methods


def test_initialize_era(home):
    """The whole dialogue of a handshake; the version that the server chose is on all that comes after it."""
    with Shim(home) as shim:
        shim.exchange(initialize(0), initialized(0))
        line = bytes_of(notification("notifications/initialized"))
        assert shim.to_server(line) == line
        shim.exchange(request(1, "tools/list", {}))
        shim.exchange(call(2))
        shim.finish()
    spans = mcp_spans(home, 3)
    assert [span.name for span in spans] == ["initialize", "tools/list", "tools/call query"], spans
    assert {span["mcp.protocol.version"] for span in spans[1:]} == {INITIALIZE_ERA}, spans
    assert len({(span.trace, span.parent) for span in spans}) == 1


def test_stateless_era(home):
    """server/discover first, then requests that each state their version."""
    with Shim(home) as shim:
        shim.exchange(modern(request(0, "server/discover")), result(0, {"resultType": "complete", "supportedVersions": [MODERN]}))
        shim.exchange(modern(call(1)), result(1, {"resultType": "complete", "content": []}))
        shim.finish()
    for span, name in zip(mcp_spans(home, 2), ("server/discover", "tools/call query")):
        assert span.name == name and span["mcp.protocol.version"] == MODERN and "mcp.result_type" not in span.about and span.status == 0, span


def test_discover_that_an_old_server_refuses(home):
    """The fallback to the handshake through one binary."""
    with Shim(home) as shim:
        shim.exchange(modern(request(0, "server/discover")), error(0, -32601, "Method not found"))
        shim.exchange(initialize(1), initialized(1))
        shim.exchange(call(2))
        shim.finish()
    discover, handshake, called = mcp_spans(home, 3)
    assert discover.status == 2 and discover["error.type"] == "-32601", discover
    assert handshake.status == called.status == 0


def test_discover_that_is_never_answered(home):
    """Silence means an old server: the shim must not say anything, nor be slow to pass on what comes next."""
    with Shim(home) as shim:
        shim.to_server(modern(request(0, "server/discover")))
        shim.client.silent(1)
        shim.to_server(cancelled(0))
        shim.exchange(initialize(1), initialized(1))
        shim.exchange(call(2))
        shim.finish()
    discover, handshake, called = mcp_spans(home, 3)
    assert (discover.name, outcome(discover)) == ("server/discover", "cancelled"), discover
    assert handshake.name == "initialize" and called.name == "tools/call query"


def test_error_response(home):
    span = one(home, call(1), error(1, -32602, "Unknown tool: query"))
    assert (span.status, span.message) == (2, "Unknown tool: query"), span
    assert span["error.type"] == "-32602" and span["rpc.response.status_code"] == "-32602" and "spanhook.outcome" not in span.about, span


def test_error_response_with_a_long_message(home):
    span = one(home, call(1), error(1, -32000, "\u00fcber " * 300))
    assert span.status == 2 and 150 < len(span.message) <= 200 and span.message == ("\u00fcber " * 300)[:len(span.message)], span.message


def test_error_response_with_escapes_in_its_message(home):
    answered = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"a \\"quoted\\" \\u00e9\\n\\ud83d\\ude00 \\ud800 end"}}\n'
    span = one(home, call(1), answered)
    assert span.status == 2 and "a \"quoted\" \u00e9" in span.message and span.message.endswith(" end"), span.message


def test_error_response_without_what_it_must_have(home):
    """Errors that are none of the specification's: still errors."""
    broken = [b'"error":{}', b'"error":"text"', b'"error":{"code":"E_FAIL","message":7}', b'"error":{"code":1.5,"message":null}']
    with Shim(home) as shim:
        for number, text in enumerate(broken):
            shim.exchange(call(number), b'{"jsonrpc":"2.0","id":%d,%s}\n' % (number, text))
        shim.finish()
    for span in mcp_spans(home, len(broken)):
        assert span.status == 2 and span["error.type"], span


def test_error_null_beside_a_result(home):
    span = one(home, call(1), b'{"jsonrpc":"2.0","id":1,"error":null,"result":{"content":[]}}\n')
    assert span.status == 0 and "error.type" not in span.about, span


def test_tool_error(home):
    span = one(home, call(1), result(1, {"content": [{"type": "text", "text": CANARY}], "isError": True}))
    assert (span.status, span.message, span["error.type"]) == (2, "", "tool_error"), span
    assert "rpc.response.status_code" not in span.about
    nowhere(home, CANARY)


def test_is_error_at_other_places(home):
    """In the content, false, or no boolean: no error."""
    values = [{"content": [{"isError": True}], "isError": False}, {"content": [], "structuredContent": {"isError": True}}, {"isError": "true"},
              {"isError": None}]
    with Shim(home) as shim:
        for number, value in enumerate(values):
            shim.exchange(call(number), result(number, value))
        shim.finish()
    assert [span.status for span in mcp_spans(home, len(values))] == [0] * len(values)


def test_never_answered(home):
    """The client left before the answer."""
    with Shim(home) as shim:
        shim.to_server(call(1))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert outcome(span) == "no_result" and span.status == 0 and "spanhook.response.size" not in span.about, span


def test_server_died(home):
    """With calls open: each ends as what it is, and those that were answered are as they were."""
    with Shim(home) as shim:
        shim.exchange(call(1))
        shim.to_server(call(2), request(3, "tools/list", {}))
        shim.end_server(kill=signal.SIGKILL)
        assert shim.client.rest() == b"" and shim.wait() == 137
    first, *others = mcp_spans(home, 3)
    assert first.status == 0 and "error.type" not in first.about
    for span in others:
        assert (span.status, span["error.type"], outcome(span)) == (2, "process_exit", "process_exit"), span


def test_server_exits_with_calls_open(home):
    with Shim(home, command=script(home, SERVER)) as shim:
        shim.client.send(call(1, "last", {"status": 5}))
        assert shim.client.rest() == b"" and shim.wait() == 5
    [span] = mcp_spans(home, 1)
    assert span.name == "tools/call last" and span["error.type"] == "process_exit" and span.status == 2, span


def test_shim_killed(home):
    """What was answered is recorded; what was open is closed as something, and claims no answer."""
    with Shim(home, command=script(home, SERVER)) as shim:
        shim.client.send(call(1))
        shim.client.line()
        shim.client.send(call(2, "slow", {"sleep": 20}))
        time.sleep(0.4)
        os.kill(shim.pid, signal.SIGKILL)
        shim.wait()
        nothing_left(home, 4)
    first, second = mcp_spans(home, 2)
    assert first.status == 0 and "spanhook.outcome" not in first.about, first
    assert second.name == "tools/call slow" and outcome(second) in ("no_result", "process_exit") and "spanhook.response.size" not in second.about, second


def test_notifications_make_no_spans(home):
    with Shim(home) as shim:
        shim.to_server(notification("notifications/initialized"), notification("notifications/roots/list_changed"), cancelled(99))
        shim.to_client(notification("notifications/message", {"level": "info", "data": CANARY}), notification("notifications/tools/list_changed"),
                       notification("notifications/progress", {"progressToken": 1, "progress": 1}))
        shim.exchange(call(1))
        shim.finish()
    mcp_spans(home, 1)
    nowhere(home, CANARY)


def test_batches(home):
    """One span for each request in them, in both directions."""
    asked = [call(1, "a"), notification("notifications/initialized"), call(2, "b"), request("3", "ping")]
    answered = [result("3"), error(2, -1, "no"), notification("notifications/message", {"data": ""}), result(1)]
    with Shim(home) as shim:
        line = bytes_of(asked)
        assert shim.to_server(line) == line
        time.sleep(0.2)
        assert shim.to_client(answered) == bytes_of(answered)
        shim.finish()
    spans = {span.name: span for span in mcp_spans(home, 3)}
    assert set(spans) == {"tools/call a", "tools/call b", "ping"}
    assert spans["tools/call b"].status == 2 and spans["tools/call a"].status == spans["ping"].status == 0
    for span in spans.values():
        near(span.seconds, 0.2)


def test_progress(home):
    with Shim(home) as shim:
        shim.to_server(call(1, "one", {}, _meta={"progressToken": "t"}), call(2, "two", {}, _meta={"progressToken": 7}))
        for step in range(3):
            time.sleep(0.05)
            shim.to_client(notification("notifications/progress", {"progressToken": "t", "progress": step + 0.5, "total": 4, "message": CANARY}))
        shim.to_client(notification("notifications/progress", {"progressToken": 7, "progress": 1}),
                       notification("notifications/progress", {"progressToken": "7", "progress": 9}))
        shim.to_client(result(1), result(2))
        shim.finish()
    first, second = mcp_spans(home, 2)
    assert [name for name, _, _ in first.events] == ["progress"] * 3, first.events
    assert [(about["spanhook.progress"], about["spanhook.progress.total"]) for _, _, about in first.events] == [(0.5, 4.0), (1.5, 4.0), (2.5, 4.0)]
    times = [when for _, when, _ in first.events]
    assert times == sorted(times) and first.start <= times[0] and times[-1] <= first.end
    assert [about for _, _, about in second.events] == [{"spanhook.progress": 1.0}], second.events
    nowhere(home, CANARY)


def test_progress_is_bounded(home):
    with Shim(home) as shim:
        shim.to_server(call(1, _meta={"progressToken": 1}))
        for step in range(500):
            shim.to_client(notification("notifications/progress", {"progressToken": 1, "progress": step, "total": 500}))
        shim.to_client(result(1))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert 1 <= len(span.events) <= 32, len(span.events)


def test_requests_of_the_server(home):
    """The other direction: kind SERVER, closed by the client's answer."""
    asked = [request(1, "roots/list"), request(2, "sampling/createMessage", {"messages": [{"role": "user", "content": {"type": "text", "text": CANARY}}]}),
             request("e", "elicitation/create", {"message": CANARY}), request(4, "ping")]
    with Shim(home) as shim:
        shim.to_server(call(1))
        for message in asked:
            assert shim.to_client(message) == bytes_of(message)
            time.sleep(0.1)
            answer = error(message["id"], -1, "declined") if message["id"] == "e" else result(message["id"], {"text": CANARY})
            assert shim.to_server(answer) == bytes_of(answer)
        shim.to_client(result(1))
        shim.finish()
    spans = mcp_spans(home, 5)
    assert [(span.name, span.kind) for span in spans] == [("tools/call query", CLIENT), *((message["method"], SERVER_KIND) for message in asked)], spans
    for span in spans[1:]:
        near(span.seconds, 0.1)
        assert span.trace == spans[0].trace and (span.status == 2) == (span.name == "elicitation/create"), span
    nowhere(home, CANARY)


def test_subscription(home):
    """Its request stays open for hours: it is told of at the acknowledgement, and its end makes no second span."""
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": 5}}
    with Shim(home) as shim:
        shim.to_server(modern(request(5, "subscriptions/listen", {"notifications": {"toolsListChanged": True}})))
        time.sleep(0.15)
        shim.to_client(notification("notifications/subscriptions/acknowledged", {"notifications": {}, **meta}))
        [span] = mcp_spans(home, 1)
        for _ in range(3):
            shim.to_client(notification("notifications/tools/list_changed", meta))
        shim.exchange(modern(call(6)))
        shim.to_client(result(5, {"resultType": "complete"}))
        shim.finish()
    listen, called = mcp_spans(home, 2)
    assert (listen.name, listen.id, outcome(listen), listen.status) == ("subscriptions/listen", span.id, "acknowledged", 0), listen
    near(listen.seconds, 0.15)
    assert called.name == "tools/call query"


def test_two_subscriptions(home):
    with Shim(home) as shim:
        shim.to_server(modern(request("a", "subscriptions/listen", {})), modern(request("b", "subscriptions/listen", {})))
        time.sleep(0.1)
        shim.to_client(notification("notifications/subscriptions/acknowledged", {"_meta": {"io.modelcontextprotocol/subscriptionId": "b"}}))
        time.sleep(0.2)
        shim.to_client(notification("notifications/subscriptions/acknowledged", {"_meta": {"io.modelcontextprotocol/subscriptionId": "a"}}))
        shim.finish()
    spans = {span["jsonrpc.request.id"]: span for span in mcp_spans(home, 2)}
    near(spans["b"].seconds, 0.1)
    near(spans["a"].seconds, 0.3)
    assert {outcome(span) for span in spans.values()} == {"acknowledged"}


def test_subscription_that_the_server_ends_before_it_begins(home):
    with Shim(home) as shim:
        shim.to_server(modern(request(5, "subscriptions/listen", {})), modern(call(6)))
        shim.to_client(cancelled(5), cancelled(6), result(6))
        shim.finish()
    spans = {span.name: span for span in mcp_spans(home, 2)}
    assert outcome(spans["subscriptions/listen"]) == "cancelled", spans
    assert outcome(spans["tools/call query"]) is None, "only subscriptions are the server's to cancel"


def test_input_required_and_its_retry(home):
    """The retry has a new id; the link says what it goes on with."""
    state = "opaque \"state\" \u00e9 " + CANARY + "x" * 3000
    with Shim(home) as shim:
        shim.exchange(modern(call(1, "deploy")), result(1, {"resultType": "input_required", "inputRequests": {"q": {"message": CANARY}}, "requestState": state}))
        shim.exchange(modern(call(2, "other")))
        shim.exchange(modern(call(3, "deploy", {}, requestState=state, inputResponses={"q": CANARY})), result(3, {"resultType": "complete", "content": []}))
        shim.finish()
    first, other, retry = mcp_spans(home, 3)
    assert first["mcp.result_type"] == "input_required" and first.status == 0 and first.links == [], first
    assert retry.links == [(first.trace, first.id)], retry.links
    assert other.links == [] and "mcp.result_type" not in retry.about
    nowhere(home, CANARY)


def test_input_required_with_two_rounds_at_once(home):
    with Shim(home) as shim:
        for number in (1, 2):
            shim.exchange(modern(call(number)), result(number, {"resultType": "input_required", "requestState": f"state {number}"}))
        for number in (2, 1):
            shim.exchange(modern(call(10 + number, requestState=f"state {number}")))
        shim.finish()
    spans = {span["jsonrpc.request.id"]: span for span in mcp_spans(home, 4)}
    for number in (1, 2):
        assert spans[f"1{number}"].links == [(spans[f"{number}"].trace, spans[f"{number}"].id)], spans


def test_sizes(home):
    """Bytes of the two lines as their senders wrote them, without the line's end."""
    for number, (asked, answered) in enumerate([
            (bytes_of(call(1, "q", {"t": "\u00e9" * 1000})), bytes_of(result(1, {"t": "x" * 70_000}))),
            (b'  {"jsonrpc":"2.0","id":1,"method":"ping"}  \r\n', b'\t{"jsonrpc":"2.0","id":1,"result":{}}\r\n')]):
        with Shim(home, "--session", f"s{number}") as shim:
            shim.to_server(asked)
            shim.to_client(answered)
            shim.finish()
        span = next(span for span in mcp_spans(home, number + 1) if span["session.id"] == f"s{number}")
        sizes = (span["spanhook.request.size"], span["spanhook.response.size"])
        assert sizes == (len(asked.rstrip(b"\r\n")), len(answered.rstrip(b"\r\n"))), (sizes, len(asked), len(answered))


def test_flush_while_calls_are_open(home):
    """What is under way is in no archive yet, and comes once, whole."""
    with Shim(home) as shim:
        shim.exchange(call(0, "before"))
        shim.to_server(call(1, "slow"))
        time.sleep(0.2)
        assert [span.name for span in mcp_spans(home, 1)] == ["tools/call before"]
        shim.to_server(call(2, "other"))
        shim.to_client(result(2))
        assert {span.name for span in mcp_spans(home, 2)} == {"tools/call before", "tools/call other"}
        shim.to_client(result(1))
        shim.finish()
    slow = {span.name: span for span in mcp_spans(home, 3)}["tools/call slow"]
    assert "spanhook.outcome" not in slow.about and slow.seconds >= 0.2, slow


# -- what must not be recorded --------------------------------------------------------------------------------------------------------------

def test_T06_secret_in_an_error_message(home):
    span = one(home, call(1), error(1, -32000, f"access denied for {SECRET}, password=hunter2hunter2"))
    assert span.status == 2 and "access denied" in span.message and "[redacted]" in span.message, span.message
    nowhere(home, SECRET, "hunter2hunter2")


def test_T06_secret_across_the_cut_of_an_error_message(home):
    """Redaction comes before the cut: no half of a secret is left at the end."""
    for number, length in enumerate((185, 195, 199)):
        with Shim(home, "--session", f"s{number}") as shim:
            shim.exchange(call(1), error(1, -32000, "e" * (length - 1) + " " + SECRET + " and more"))
            shim.finish()
    mcp_spans(home, 3)
    nowhere(home, SECRET, SECRET[:12])


def test_T06_secret_that_is_escaped_in_an_error_message(home):
    answered = b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"key \\u0041KIA' + SECRET[4:].encode() + b' \\u002d"}}\n'
    one(home, call(1), answered)
    nowhere(home, SECRET, SECRET[4:])


def test_T06_secret_at_the_bound_of_a_long_error_message(home):
    """However long the message: no part of a secret."""
    for number, length in enumerate((490, 500, 505, 511, 2000)):
        with Shim(home, "--session", f"s{number}") as shim:
            shim.exchange(call(1), error(1, -32000, ("e " * 1100)[:length] + SECRET + " " + "f " * 200))
            shim.finish()
    mcp_spans(home, 5)
    nowhere(home, SECRET, SECRET[:12])


def test_T06_secret_in_a_resource_uri(home):
    one(home, request(1, "resources/read", {"uri": f"https://ada:hunter2hunter2@example.net/x?token={SECRET}"}), error(1, -32002, "Resource not found"))
    nowhere(home, "hunter2hunter2", SECRET)


def uris_of(home, *uris):
    with Shim(home) as shim:
        for number, uri in enumerate(uris):
            shim.exchange(request(number, "resources/read", {"uri": uri}))
        shim.finish()
    return [span["mcp.resource.uri"] for span in mcp_spans(home, len(uris))]


def test_T06_resource_uri_without_query_and_fragment(home):
    """There signatures and keys stand, under names that nobody can list."""
    found = uris_of(home, f"https://blob.example.net/x?sv=2020&sig={CANARY}%2Bx%3D", f"https://host.example.net/y#access_token={CANARY}",
                    f"file:///srv/notes?{CANARY}#{CANARY}")
    assert found == ["https://blob.example.net/x", "https://host.example.net/y", "file:///srv/notes"], found
    nowhere(home, CANARY)


def test_T06_resource_uri_that_is_data(home):
    """What kind of data it is, not the data."""
    found = uris_of(home, f"data:text/plain;base64,{CANARY}", f"data:image/png,{CANARY}", f"data:,{CANARY}")
    assert found == ["data:text/plain", "data:image/png", "data:"], found
    nowhere(home, CANARY)


def test_T06_secret_across_the_cut_of_a_resource_uri(home):
    """256 bytes are kept: half a token, which is none to redaction, must not be."""
    tokens = ("ghp_" + "9kQ2mX7bT4" * 4, SECRET)
    found = uris_of(home, *("file:///" + "p" * (256 - 8 - 1 - kept) + "/" + token for token in tokens for kept in (1, 10, 17)))
    assert len(set(found)) == 3 and all(re.fullmatch("file:///p+/", uri) for uri in found), found
    nowhere(home, tokens[0][:8], SECRET[:8])


def test_arguments_and_results_are_never_recorded(home):
    """In any place that a message has for content."""
    canaries = [f"{CANARY}-{number}" for number in range(12)]
    with Shim(home, "--name", "db") as shim:
        shim.exchange(initialize(0) | {"extra": canaries[0]}, result(0, {"protocolVersion": INITIALIZE_ERA, "instructions": canaries[1]}))
        shim.exchange(call(1, "q", {"text": canaries[2], canaries[3]: 1}, extra=canaries[4], _meta={"note": canaries[5], "baggage": f"k={canaries[6]}"}),
                      result(1, {"content": [{"type": "text", "text": canaries[7]}], "structuredContent": {canaries[8]: 1}, "_meta": {"m": canaries[9]}}))
        shim.exchange(call(2), {"jsonrpc": "2.0", "id": 2, "error": {"code": -1, "message": "failed", "data": {"t": canaries[10]}}})
        shim.to_client(f"{canaries[11]}\n".encode())
        shim.finish()
    mcp_spans(home, 3)
    nowhere(home, *canaries)


def test_hostile_names(home):
    """Names that come from outside: control characters, very long ones, escapes, invalid UTF-8. The archive stays valid, the viewer harmless."""
    names = ["\x1b]0;owned\x07", "a\u202eb", "x" * 5000, "", "\u2028", "../../etc/passwd", "\U0001f600" * 300]
    with Shim(home, "--name", "ev\x1b[2Jil\u00e9") as shim:
        for number, name in enumerate(names):
            shim.exchange(call(number, name))
        shim.exchange(request("\x1b[31m" + "i" * 3000, "ping"))
        shim.exchange(request(100, "m\x1b[1m" + "n" * 3000))
        raw = b'{"jsonrpc":"2.0","id":101,"method":"tools/call","params":{"name":"bad \xff\xc0 \\ud800 name"}}\n'
        shim.to_server(raw)
        shim.to_client(result(101))
        shim.finish()
    spans = mcp_spans(home, len(names) + 3)
    assert all(len(span.name) < 1100 for span in spans)
    for path in (home.state / "traces").glob("*.jsonl"):
        path.read_bytes().decode("utf-8")
    shown = home.run("view")
    assert shown.returncode == 0 and not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e]", shown.stdout.decode()), shown.stdout[-2000:]


# -- requests and answers find each other ------------------------------------------------------------------------------------------------------

def by_name(home, count):
    spans = {span.name: span for span in mcp_spans(home, count)}
    assert len(spans) == count, spans
    return spans


def test_R6_equal_ids_in_both_directions(home):
    with Shim(home) as shim:
        shim.to_server(call(1, "theirs"))
        shim.to_client(request(1, "roots/list"))
        time.sleep(0.1)
        shim.to_client(error(1, -1, "to the client's request"))
        time.sleep(0.2)
        shim.to_server(result(1, {"roots": []}))
        shim.finish()
    spans = by_name(home, 2)
    assert spans["tools/call theirs"].status == 2 and spans["roots/list"].status == 0
    near(spans["tools/call theirs"].seconds, 0.1)
    near(spans["roots/list"].seconds, 0.3)


def test_R6_equal_ids_in_both_directions_answered_the_other_way_round(home):
    with Shim(home) as shim:
        shim.to_server(call(1, "theirs", _meta={"progressToken": 1}))
        shim.to_client(request(1, "sampling/createMessage", {"_meta": {"progressToken": 1}}))
        shim.to_server(notification("notifications/progress", {"progressToken": 1, "progress": 0.25}))
        shim.to_client(notification("notifications/progress", {"progressToken": 1, "progress": 0.75}))
        time.sleep(0.1)
        shim.to_server(error(1, -1, "to the server's request"))
        time.sleep(0.2)
        shim.to_client(result(1))
        shim.finish()
    spans = by_name(home, 2)
    assert spans["tools/call theirs"].status == 0 and spans["sampling/createMessage"].status == 2
    near(spans["tools/call theirs"].seconds, 0.3)
    near(spans["sampling/createMessage"].seconds, 0.1)
    for name, progress in (("tools/call theirs", 0.75), ("sampling/createMessage", 0.25)):
        assert [about["spanhook.progress"] for _, _, about in spans[name].events] == [progress], spans


def test_R6_one_id_again_and_again(home):
    with Shim(home) as shim:
        for number in range(20):
            shim.exchange(call(1, f"t{number}"), error(1) if number % 2 else None)
        shim.finish()
    spans = mcp_spans(home, 20)
    assert [(span.name, span.status) for span in spans] == [(f"tools/call t{number}", 2 * (number % 2)) for number in range(20)]
    assert len({span.id for span in spans}) == 20


def test_R6_number_and_string_are_two_ids(home):
    with Shim(home) as shim:
        shim.to_server(call(1, "number"), call("1", "string"))
        time.sleep(0.1)
        shim.to_client(error("1", -1, "string"))
        time.sleep(0.2)
        shim.to_client(result(1))
        shim.finish()
    spans = by_name(home, 2)
    assert spans["tools/call string"].status == 2 and spans["tools/call number"].status == 0
    near(spans["tools/call string"].seconds, 0.1)
    near(spans["tools/call number"].seconds, 0.3)
    assert {span["jsonrpc.request.id"] for span in spans.values()} == {"1"}


def test_R6_two_in_flight_with_one_id(home):
    """First in, first out."""
    with Shim(home) as shim:
        shim.to_server(call(7, "first"), call(7, "second"), call(7, "third"))
        shim.to_client(error(7, -1, "one"), result(7), error(7, -3, "three"))
        shim.to_client(result(7))
        shim.finish()
    spans = by_name(home, 3)
    assert [spans[f"tools/call {name}"]["error.type"] for name in ("first", "second", "third")] == ["-1", None, "-3"], spans


def test_R6_answers_in_another_order(home):
    with Shim(home) as shim:
        numbers = list(range(300))
        for number in numbers:
            shim.to_server(call(number, f"t{number}"))
        for number in numbers[::-1]:
            shim.to_client(error(number, -number, "") if number % 3 == 0 else result(number))
        shim.finish()
    for span in mcp_spans(home, 300):
        number = int(span["jsonrpc.request.id"])
        assert span.name == f"tools/call t{number}" and span.status == (2 if number % 3 == 0 else 0) and "spanhook.outcome" not in span.about, span


def test_R6_more_in_flight_than_anybody_has(home):
    """Thousands that are never answered: bounded, forwarded, and no crash; those that come after are seen."""
    with Shim(home) as shim:
        for start in range(0, 20_000, 100):
            lines = b"".join(bytes_of(call(number)) for number in range(start, start + 100))
            shim.client.send(lines)
            for _ in range(100):
                assert shim.server.line().endswith(b"\n")
        shim.exchange(call("late", "late"))
        shim.finish()
    spans = [span for span in all_spans(home) if span.kind == CLIENT]
    until(lambda: any(span.name == "tools/call late" for span in all_spans(home)), 5, "span of the late call")
    assert len(spans) <= 20_001


def test_R6_response_without_a_request(home):
    with Shim(home) as shim:
        shim.to_client(result(99), error("x"), {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
        shim.to_server(result(98))
        shim.exchange(call(1))
        shim.finish()
    mcp_spans(home, 1)


def test_R6_ids_that_mean_the_same(home):
    """A peer that parses and writes again may escape in another way."""
    pairs = [(b'"a/b"', b'"a\\/b"'), (b'"\\u0061bc"', b'"abc"'), ('"\u00e9"'.encode(), b'"\\u00e9"'),
             (b"12345678901234567890123", b"12345678901234567890123")]
    with Shim(home) as shim:
        for asked, answered in pairs:
            shim.to_server(b'{"jsonrpc":"2.0","id":' + asked + b',"method":"ping"}\n')
            shim.to_client(b'{"jsonrpc":"2.0","id":' + answered + b',"result":{}}\n')
        shim.finish()
    spans = mcp_spans(home, len(pairs))
    assert [span["jsonrpc.request.id"] for span in spans] == ["a/b", "abc", "\u00e9", "12345678901234567890123"]
    assert all("spanhook.response.size" in span.about and "spanhook.outcome" not in span.about for span in spans), spans


def test_R6_members_in_any_order(home):
    """id and method behind large members, result before id."""
    filler = b"x" * 200_000
    with Shim(home) as shim:
        shim.to_server(b'{"params":{"arguments":{"t":"' + filler + b'"},"name":"back"},"method":"tools/call","id":"far","jsonrpc":"2.0"}\n')
        shim.to_client(b'{"result":{"content":"' + filler + b'","isError":true},"id":"far","jsonrpc":"2.0"}\n')
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert span.name == "tools/call back" and span["jsonrpc.request.id"] == "far" and span["error.type"] == "tool_error", span


def test_cancelled_before_the_request(home):
    with Shim(home) as shim:
        shim.to_server(cancelled(1))
        shim.exchange(call(1))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert "spanhook.outcome" not in span.about and span.status == 0, span


def test_cancelled_during_the_call(home):
    """It ends there; a late answer is forwarded and makes nothing, and the id is free again."""
    with Shim(home) as shim:
        shim.to_server(call(1, "slow"))
        time.sleep(0.15)
        shim.to_server(cancelled(1))
        time.sleep(0.3)
        assert shim.to_client(result(1)) == bytes_of(result(1))
        shim.exchange(call(1, "again"))
        shim.finish()
    spans = by_name(home, 2)
    assert outcome(spans["tools/call slow"]) == "cancelled" and spans["tools/call slow"].status == 0, spans
    near(spans["tools/call slow"].seconds, 0.15)
    assert "spanhook.outcome" not in spans["tools/call again"].about


def test_cancelled_and_never_answered(home):
    with Shim(home) as shim:
        shim.to_server(call("c", "slow"), cancelled("c"))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert outcome(span) == "cancelled", span


def test_cancelled_after_the_answer(home):
    with Shim(home) as shim:
        shim.exchange(call(1))
        shim.to_server(cancelled(1))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert "spanhook.outcome" not in span.about and "spanhook.response.size" in span.about, span


def test_cancelled_with_the_id_of_the_other_type(home):
    with Shim(home) as shim:
        shim.to_server(call(1), cancelled("1"))
        shim.to_client(result(1))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert "spanhook.outcome" not in span.about, span


def test_server_cancels_its_own_request(home):
    """Ids are of a direction: the client's call with the same id goes on."""
    with Shim(home) as shim:
        shim.to_server(call(1))
        shim.to_client(request(1, "sampling/createMessage", {}), cancelled(1))
        shim.to_client(result(1))
        shim.finish()
    spans = by_name(home, 2)
    assert outcome(spans["sampling/createMessage"]) == "cancelled" and "spanhook.outcome" not in spans["tools/call query"].about, spans


# -- sessions --------------------------------------------------------------------------------------------------------------------------------

def session_of(home, *options, **environment):
    with Shim(home, *options, env=local(home) | environment) as shim:
        told = spliced(bytes_of(call(1)), shim.exchange(call(1)))
        shim.finish()
    [span] = mcp_spans(home, 1)
    assert told == (span.trace, span.id), span
    root = [other for other in all_spans(home) if other.id == span.parent]
    assert len(root) == 1 and root[0].name == "session" and root[0].trace == span.trace and root[0].parent == "", (span, root)
    assert root[0]["session.id"] == span["session.id"]
    return span["session.id"]


def test_session_of_its_own(home):
    assert session_of(home) == own_session()


def test_session_by_argument(home):
    assert session_of(home, "--session", "mine", KIRO_SESSION_ID="kiro", CLAUDE_CODE_SESSION_ID="claude") == "mine"


def test_session_of_kiro(home):
    assert session_of(home, KIRO_SESSION_ID="kiro", CLAUDE_CODE_SESSION_ID="claude") == "kiro"


def test_session_of_claude_code(home):
    assert session_of(home, CLAUDE_CODE_SESSION_ID="claude", CLAUDECODE="1") == "claude"


def test_session_that_is_empty(home):
    assert session_of(home, "--session", "", KIRO_SESSION_ID="", CLAUDE_CODE_SESSION_ID="") == own_session()


def test_session_that_is_hostile(home):
    session = "../../../" + "x" * 2000 + "\n"
    found = session_of(home, "--session", session)
    assert found.startswith("../../../x") and len(found) <= 512
    assert {path.parent.name for path in home.path.rglob("*.log")} <= {"ops", "spanhook"}


# -- joining with the hook ---------------------------------------------------------------------------------------------------------------------

TOOL = "@db/query"


def tool_input(arguments):
    return {**arguments, "__tool_use_purpose": "To know"}


def tools(spans, name=f"tool.{TOOL}"):
    return sorted((span for span in spans if span.name == name), key=lambda span: span.start)


def calls_of(spans):
    return {span["jsonrpc.request.id"]: span for span in spans if span.kind == CLIENT and span["mcp.method.name"] == "tools/call"}


@contextlib.contextmanager
def story(home, *options, env=None, session=SESSION, **more):
    """An agent with a session and a server that runs through the shim."""
    with Agent(home, env) as agent:
        agent.hook(spawn(session))
        agent.hook(prompt(session=session))
        with Shim(home, "--name", "db", *options, agent=agent, env=env, **more) as shim:
            yield agent, shim


def joined(tool, called, seconds, hook_seconds):
    """The MCP span is the child of the hook's span, which has its true times."""
    assert called.parent == tool.id and called.trace == tool.trace, (tool, called)
    assert (tool.start, tool.end) == (called.start, called.end), (tool, called)
    assert tool["duration.source"] == "mcp_shim", tool
    near(called.seconds, seconds)
    near(tool["duration_ms"] / 1000, seconds)
    assert abs(tool["duration_ms"] - called["duration_ms"]) < 1, (tool, called)
    if hook_seconds is not None:
        near(tool["spanhook.hook.duration_ms"] / 1000, hook_seconds, 0.6)


def test_join_one_call(home):
    """0.3 s from the hook to the call and from the answer to the hook are not the tool's time."""
    arguments = {"sql": "SELECT 1"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        time.sleep(0.3)
        told = spliced(bytes_of(call(1, "query", arguments)), shim.exchange(call(1, "query", arguments), wait=0.2))
        time.sleep(0.3)
        agent.hook(post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.2, 0.8)
    assert told == (called.trace, called.id)
    assert len({span.trace for span in spans}) == 1, "one call, one story"
    assert tool["tool.success"] == "true" and tool.status == 0 and called["session.id"] == SESSION, tool
    assert tool["mcp.server.name"] == called["mcp.server.name"] == "db"
    [root] = [span for span in spans if span.name == "session"]
    assert (root["spanhook.tool_calls"], root["spanhook.errors"]) == (1, 0), f"the call was counted twice: {root}"
    resources = {(about["service.name"], about["session.id"]) for about, _ in home.archive()}
    assert resources == {("kiro-agent", SESSION)}, resources


def test_join_with_a_flush_at_every_step(home):
    """The fold is stopped and begun anew between any two ops: nothing comes twice, nothing half."""
    arguments = {"sql": "SELECT 1"}
    with story(home) as (agent, shim):
        for number in range(2):
            agent.hook(pre(TOOL, tool_input(arguments)))
            all_spans(home)
            shim.to_server(call(number, "query", arguments))
            time.sleep(0.2)
            all_spans(home)
            shim.to_client(result(number))
            time.sleep(0.1)
            all_spans(home)
            agent.hook(post(TOOL, tool_input(arguments)))
            all_spans(home)
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    assert len(tools(spans)) == 2 and len({span.trace for span in spans}) == 1
    for number, tool in enumerate(tools(spans)):
        assert tool["duration.source"] == "mcp_shim" and calls_of(spans)[str(number)].parent == tool.id, spans
        assert (tool.start, tool.end) == (calls_of(spans)[str(number)].start, calls_of(spans)[str(number)].end)


def test_join_while_a_relay_runs(home):
    """The fold sees the ops as they come."""
    env = home.env(OTEL_TRACES_EXPORTER="none", SPANHOOK_RELAY_LINGER_SECONDS="2")
    with story(home, env=env) as (agent, shim):
        for number in range(3):
            arguments = {"sql": f"SELECT {number}"}
            agent.hook(pre(TOOL, tool_input(arguments)))
            time.sleep(0.3)
            shim.exchange(call(number, "query", arguments), wait=0.2)
            time.sleep(0.3)
            agent.hook(post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    for number, tool in enumerate(tools(spans)):
        joined(tool, calls_of(spans)[str(number)], 0.2, 0.8)
    assert len(tools(spans)) == 3 and len({span.trace for span in spans}) == 1


def test_join_parallel_calls_by_their_arguments(home):
    """Both hooks first, then both calls, answered in reverse order; members in another order, blanks and escapes make no difference."""
    long, short = {"sql": "SELECT '\u00e9' /* long */", "limit": 10, "nested": {"a": [1, None], "b": "x"}}, {"sql": "S"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(long)), pre(TOOL, tool_input(short)))
        shim.to_server(call(1, "query", short))
        shim.to_server(b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"arguments": { "nested":{"b":"\\u0078","a":[1, null]},"limit":10 , '
                       b'"sql":"SELECT \'\\u00e9\' \\/* long *\\/"},"name":"query"}}\n')
        time.sleep(0.2)
        shim.to_client(result(2))
        time.sleep(0.3)
        shim.to_client(result(1))
        agent.hook(post(TOOL, tool_input(short)), post(TOOL, tool_input(long)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    found = sorted(tools(spans), key=lambda span: span["spanhook.input.size"])
    assert len(found) == 2, found
    joined(found[0], calls_of(spans)["1"], 0.5, None)
    joined(found[1], calls_of(spans)["2"], 0.2, None)


def test_join_parallel_calls_with_and_without_arguments(home):
    """No arguments are told apart from some, whichever comes first."""
    with story(home) as (agent, shim):
        for number, orders in enumerate((({"a": 1}, {}), ({}, {"a": 1}))):
            for arguments in orders:
                agent.hook(pre(TOOL, arguments))
            for arguments, wait in zip(reversed(orders), (0.1, 0.3)):
                time.sleep(0.2)
                shim.exchange(call(f"{number} {len(arguments)}", "query", arguments), wait=wait)
            for arguments in orders:
                agent.hook(post(TOOL, arguments))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    found, called = tools(spans), calls_of(spans)
    assert len(found) == len(called) == 4, [(tool.id, tool.start % 10**11, tool.about) for tool in found]
    for number, waits in enumerate(((0.1, 0.3), (0.3, 0.1))):
        for count, wait in enumerate(waits):
            child = called[f"{number} {count}"]
            [tool] = [tool for tool in found if tool.id == child.parent]
            joined(tool, child, wait, None)
            assert (tool["spanhook.input.size"] > 2) == (count == 1), (tool, child)


def test_join_parallel_calls_that_are_equal(home):
    arguments = {"sql": "SELECT 1"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        agent.hook(pre(TOOL, tool_input(arguments)))
        shim.to_server(call(1, "query", arguments), call(2, "query", arguments))
        time.sleep(0.2)
        shim.to_client(result(1), result(2))
        agent.hook(post(TOOL, tool_input(arguments)), post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    called = calls_of(spans)
    assert {called["1"].parent, called["2"].parent} == {tool.id for tool in tools(spans)} and len(tools(spans)) == 2, spans
    for tool in tools(spans):
        assert tool["duration.source"] == "mcp_shim"
        near(tool["duration_ms"] / 1000, 0.2)


def test_join_calls_of_two_tools_and_two_servers(home):
    """The same tool's name and arguments at two servers: the server tells them apart."""
    with story(home) as (agent, shim), Shim(home, "--name", "other", agent=agent) as second:
        agent.hook(pre("@other/query", tool_input({"a": 1})), pre(TOOL, tool_input({"a": 1})), pre("@db/list", tool_input({"a": 1})))
        shim.to_server(call(1, "query", {"a": 1}), call(2, "list", {"a": 1}))
        second.to_server(call(1, "query", {"a": 1}))
        time.sleep(0.1)
        second.to_client(result(1))
        time.sleep(0.1)
        shim.to_client(result(1))
        time.sleep(0.1)
        shim.to_client(result(2))
        agent.hook(post("@other/query", tool_input({"a": 1})), post(TOOL, tool_input({"a": 1})), post("@db/list", tool_input({"a": 1})))
        agent.hook(stop())
        for one_of in (shim, second):
            one_of.client.close_writing()
            one_of.server.rest()
            one_of.end_server()
            assert one_of.wait() == 0
    spans = all_spans(home)
    for name, seconds in ((TOOL, 0.2), ("@other/query", 0.1), ("@db/list", 0.3)):
        [tool] = tools(spans, f"tool.{name}")
        [child] = [span for span in spans if span.parent == tool.id]
        joined(tool, child, seconds, None)
        assert f"@{child['mcp.server.name']}/{child['gen_ai.tool.name']}" == name


def test_join_post_hook_before_the_answer(home):
    """The agent timed the call out; the answer comes all the same."""
    arguments = {"sql": "slow"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        shim.to_server(call(1, "query", arguments))
        time.sleep(0.2)
        agent.hook(post(TOOL, tool_input(arguments), {"success": False, "error": ["timed out"]}))
        time.sleep(0.3)
        shim.to_client(result(1))
        until(lambda: calls_of(all_spans(home)), 3, "span of the call")
        assert len(tools(all_spans(home))) == 1, "nothing more is to come for the tool's span"
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    assert called.parent == tool.id and called.trace == tool.trace, (tool, called)
    near(called.seconds, 0.5, 0.4)
    assert "spanhook.outcome" not in called.about and tool.status == 2, (tool, called)


def test_join_v2_call_that_fails_and_gets_no_post_hook(home):
    """The hook alone would know nothing of its end."""
    arguments = {"sql": "bad"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        time.sleep(0.1)
        shim.exchange(call(1, "query", arguments), error(1, -32602, "no such table"), wait=0.2)
        time.sleep(0.3)
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.2, None)
    assert called.status == 2 and called["error.type"] == "-32602", called


def test_join_second_call_after_one_without_post_hook(home):
    """The failed call must not take the next one's answer."""
    arguments = {"sql": "same"}
    with story(home) as (agent, shim):
        for number, wait in ((1, 0.1), (2, 0.3)):
            agent.hook(pre(TOOL, tool_input(arguments)))
            shim.exchange(call(number, "query", arguments), error(1, -1, "x") if number == 1 else None, wait=wait)
            if number == 2:
                agent.hook(post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    first, second = tools(spans)
    joined(first, calls_of(spans)["1"], 0.1, None)
    joined(second, calls_of(spans)["2"], 0.3, None)
    assert second["tool.success"] == "true", second


def test_join_cancelled_call(home):
    arguments = {"sql": "long"}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        shim.to_server(call(1, "query", arguments))
        time.sleep(0.2)
        shim.to_server(cancelled(1))
        agent.hook(prompt("Something else"))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    assert called.parent == tool.id and outcome(called) == "cancelled", (tool, called)


def test_join_call_whose_request_never_comes(home):
    """A server without shim beside one that has it: the hook's call waits for a request, the relay archives what there is and ends, and
    another process takes it up where the wait is over."""
    env = home.env(OTEL_TRACES_EXPORTER="none", SPANHOOK_RELAY_LINGER_SECONDS="0")
    with story(home, env=env) as (agent, shim):
        shim.exchange(request(1, "tools/list", {}))
        agent.hook(pre("@other/query", {}))
        agent.hook(post("@other/query", {}))
        agent.hook(stop())
        until(lambda: [span for _, span in home.archive() if span["name"] == "turn.complete"], what="the relay's archive of the turn")
        home.stop_relay()
        shim.finish()
    found = until(lambda: tools(all_spans(home), "tool.@other/query"), 8, "the tool's span in the archive")
    assert len(found) == 1 and found[0]["duration.source"] != "mcp_shim" and found[0]["session.id"] == SESSION, found


def test_join_call_that_no_hook_saw(home):
    """Hooks of tools are not configured: the session's root is the parent."""
    with story(home) as (agent, shim):
        shim.exchange(call(1))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    called = calls_of(spans)["1"]
    [root] = [span for span in spans if span.name == "session"]
    assert (called.parent, called.trace, called["session.id"]) == (root.id, root.trace, SESSION), (called, root)


def test_join_hook_call_that_never_reached_the_server(home):
    """A denied call: its span is the hook's as ever, and takes nobody else's time."""
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input({"sql": "denied"})))
        agent.hook(pre(TOOL, tool_input({"sql": "allowed"})))
        shim.exchange(call(1, "query", {"sql": "allowed"}), wait=0.1)
        agent.hook(post(TOOL, tool_input({"sql": "allowed"})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    denied, allowed = tools(spans)
    if denied["spanhook.outcome"] is None:
        denied, allowed = allowed, denied
    assert outcome(denied) == "no_result" and denied["duration.source"] != "mcp_shim", denied
    joined(allowed, calls_of(spans)["1"], 0.1, None)


def test_join_v1_payloads_without_session_id(home):
    """Both sides find the same agent process."""
    arguments = {"sql": "SELECT 1"}
    with story(home, session=None) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments), session=None))
        time.sleep(0.3)
        shim.exchange(call(1, "query", arguments), wait=0.2)
        time.sleep(0.3)
        agent.hook(post(TOOL, tool_input(arguments), session=None))
        agent.hook(stop(session=None))
        pid = agent.process.pid
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.2, 0.8)
    assert called["session.id"].startswith(f"pid-{pid}-"), called
    assert len({span.trace for span in spans}) == 1


def test_join_server_started_before_the_first_hook(home):
    """Kiro starts its servers first: the handshake is held back until the session is known."""
    arguments = {"sql": "SELECT 1"}
    with Agent(home) as agent, Shim(home, "--name", "db", agent=agent) as shim:
        handshake = spliced(bytes_of(initialize(0)), shim.exchange(initialize(0), initialized(0)), lambda line: ("either", *verdict(line)))
        shim.exchange(request(1, "tools/list", {}))
        time.sleep(0.5)
        agent.hook(spawn())
        agent.hook(prompt())
        agent.hook(pre(TOOL, tool_input(arguments)))
        told = spliced(bytes_of(call(2, "query", arguments)), shim.exchange(call(2, "query", arguments), wait=0.1))
        agent.hook(post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["2"]
    joined(tool, called, 0.1, None)
    assert told == (called.trace, called.id)
    early = {span.name: span for span in spans if span.kind == CLIENT}
    assert early["initialize"]["session.id"] == early["tools/list"]["session.id"] == SESSION, early
    assert handshake in (None, (early["initialize"].trace, early["initialize"].id)), (handshake, early)


def test_join_hook_long_after_the_server_started(home):
    """The session becomes known only when the shim has given up waiting: what is called from then on is in it."""
    with Agent(home) as agent, Shim(home, "--name", "db", agent=agent) as shim:
        shim.exchange(initialize(0), initialized(0))
        time.sleep(3.6)
        agent.hook(spawn())
        agent.hook(prompt())
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        time.sleep(0.3)
        told = spliced(bytes_of(call(1, "query", {"a": 1})), shim.exchange(call(1, "query", {"a": 1}), wait=0.2))
        time.sleep(0.3)
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.2, 0.8)
    assert told == (called.trace, called.id) and called["session.id"] == SESSION


def test_join_session_switch(home):
    """/chat new: another session from the same agent process takes the later calls."""
    with story(home) as (agent, shim):
        told = {}
        for number, session in ((1, SESSION), (2, OTHER), (3, SESSION)):
            arguments = {"n": number}
            if number == 2:
                agent.hook(stop())
                agent.hook(spawn(session))
            agent.hook(prompt(session=session))
            agent.hook(pre(TOOL, tool_input(arguments), session=session))
            asked = call(number, "query", arguments)
            told[str(number)] = spliced(bytes_of(asked), shim.exchange(asked, wait=0.1))
            agent.hook(post(TOOL, tool_input(arguments), session=session))
            agent.hook(stop(session=session))
        shim.finish()
    spans = all_spans(home)
    called = calls_of(spans)
    assert [called[number]["session.id"] for number in "123"] == [SESSION, OTHER, SESSION], called
    assert {number: (span.trace, span.id) for number, span in called.items()} == told
    for tool in tools(spans):
        [child] = [span for span in called.values() if span.parent == tool.id]
        joined(tool, child, 0.1, None)
    assert len(tools(spans)) == 3 and called["1"].trace != called["2"].trace


def told_and_archived(shim, number, arguments):
    asked = call(number, "query", arguments)
    return spliced(bytes_of(asked), shim.exchange(asked, wait=0.1))


def test_join_two_sessions_taking_turns(home):
    """Requests right behind their hooks, which the shim cannot have heard of yet: each is in its own session all the same."""
    sessions = (SESSION, OTHER)
    with story(home) as (agent, shim):
        agent.hook(spawn(OTHER))
        agent.hook(prompt(session=OTHER))
        for number in range(12):
            session = sessions[number % 2]
            agent.hook(pre(TOOL, {}, session=session))
            shim.exchange(call(number, "query", {}))
            agent.hook(post(TOOL, {}, session=session))
        for session in sessions:
            agent.hook(stop(session=session))
        shim.finish()
    spans = all_spans(home)
    called, found = calls_of(spans), {(tool.trace, tool.id): tool for tool in tools(spans)}
    assert len(called) == len(found) == 12, spans
    assert [called[str(number)]["session.id"] for number in range(12)] == list(sessions) * 6, called
    for number in range(2, 12):
        child = called[str(number)]
        tool = found.get((child.trace, child.parent))
        assert tool and tool["session.id"] == child["session.id"], (number, child, found)


def test_own_session_of_two_servers(home):
    """Without hooks, too, all servers of an agent are in one trace, whenever they were started, and are told so."""
    told = {}
    with Agent(home) as agent, Shim(home, "--name", "a", agent=agent) as first:
        first.exchange(initialize(0), initialized(0))
        time.sleep(1.1)
        with Shim(home, "--name", "b", agent=agent) as second:
            second.exchange(initialize(0), initialized(0))
            time.sleep(0.3)
            for number in (0, 2):
                # both are on their way before either is recorded
                first.client.send(call(number, "query", {}))
                second.client.send(call(number + 1, "query", {}))
                for place, shim in enumerate((first, second), number):
                    told[str(place)] = spliced(bytes_of(call(place, "query", {})), shim.server.line())
                for place, shim in enumerate((first, second), number):
                    shim.to_client(result(place))
            for shim in (first, second):
                shim.client.close_writing()
                shim.server.rest()
                shim.end_server()
                assert shim.wait() == 0
        nothing_left(home)
        pid = agent.process.pid
    spans = all_spans(home)
    assert {number: (span.trace, span.id) for number, span in calls_of(spans).items()} == told
    assert len({span.trace for span in spans}) == 1, spans
    [session] = {span["session.id"] for span in spans}
    assert session.startswith(f"pid-{pid}-"), session


def test_join_second_trace_of_a_session(home):
    """The agent starts again with the same session: a new trace begins, for the calls, too."""
    with story(home) as (agent, shim):
        told = {}
        for number in range(3):
            agent.hook(pre(TOOL, tool_input({"n": number})))
            told[str(number)] = told_and_archived(shim, number, {"n": number})
            agent.hook(post(TOOL, tool_input({"n": number})))
            agent.hook(stop())
            time.sleep(1.1)  # traces of one session are told apart by their second
            agent.hook(spawn())
            agent.hook(prompt())
        shim.finish()
    spans = all_spans(home)
    called = calls_of(spans)
    assert {number: (span.trace, span.id) for number, span in called.items()} == told
    assert len({span.trace for span in called.values()}) == 3
    for number, tool in enumerate(tools(spans)):
        joined(tool, called[str(number)], 0.1, None)


def test_join_after_the_session_was_idle(home):
    """The relay has closed the session meanwhile: what comes then is where the server was told that it is."""
    env = home.env(OTEL_TRACES_EXPORTER="none", SPANHOOK_RELAY_LINGER_SECONDS="6", SPANHOOK_IDLE_SECONDS="1")
    with story(home, env=env) as (agent, shim):
        told = {}
        for number in range(2):
            agent.hook(prompt())
            agent.hook(pre(TOOL, tool_input({"n": number})))
            told[str(number)] = told_and_archived(shim, number, {"n": number})
            agent.hook(post(TOOL, tool_input({"n": number})))
            agent.hook(stop())
            until(lambda: [op["op"] for op in home.ops()].count("idle") == number + 1, 8, "the relay's idle op")
            time.sleep(0.3)
        shim.finish()
    spans = all_spans(home, env)
    called = calls_of(spans)
    assert {number: (span.trace, span.id) for number, span in called.items()} == told
    for number, tool in enumerate(tools(spans)):
        joined(tool, called[str(number)], 0.1, None)


def test_own_session_that_was_idle(home):
    """The same without any hook."""
    env = home.env(OTEL_TRACES_EXPORTER="none", SPANHOOK_RELAY_LINGER_SECONDS="6", SPANHOOK_IDLE_SECONDS="1")
    with Shim(home, env=env) as shim:
        told = {}
        for number in range(2):
            told[str(number)] = told_and_archived(shim, number, {})
            until(lambda: [op["op"] for op in home.ops()].count("idle") == number + 1, 8, "the relay's idle op")
            time.sleep(0.3)
        shim.finish()
    spans = all_spans(home, env)
    assert {number: (span.trace, span.id) for number, span in calls_of(spans).items()} == told
    for called in calls_of(spans).values():
        assert [span.name for span in spans if span.id == called.parent and span.trace == called.trace] == ["session"], spans


def test_join_two_agents_at_once(home):
    """Each shim finds its own agent's session, whoever ran a hook last."""
    with story(home) as (agent, shim), story(home, session=OTHER) as (other_agent, other_shim):
        for _ in range(2):
            agent.hook(pre(TOOL, tool_input({"a": 1})))
            other_agent.hook(pre(TOOL, tool_input({"a": 1}), session=OTHER))
            asked = call(1, "query", {"a": 1})
            other_shim.to_server(asked)
            shim.to_server(asked)
            time.sleep(0.1)
            shim.to_client(result(1))
            time.sleep(0.1)
            other_shim.to_client(result(1))
            agent.hook(post(TOOL, tool_input({"a": 1})))
            other_agent.hook(post(TOOL, tool_input({"a": 1}), session=OTHER))
        for one_of in (shim, other_shim):
            one_of.client.close_writing()
            one_of.server.rest()
            one_of.end_server()
            assert one_of.wait() == 0
    spans = all_spans(home)
    for session, seconds in ((SESSION, 0.1), (OTHER, 0.2)):
        found = [span for span in tools(spans) if span["session.id"] == session]
        assert len(found) == 2
        for tool in found:
            [child] = [span for span in spans if span.parent == tool.id]
            joined(tool, child, seconds, None)


def test_join_call_that_needs_input(home):
    """2026-07-28: the server asks back by its result, and the same call goes on with another request. It is one call of the tool."""
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        time.sleep(0.2)
        shim.exchange(modern(call(1, "query", {"a": 1})), result(1, {"resultType": "input_required", "requestState": "s", "inputRequests": {}}), wait=0.1)
        time.sleep(0.2)
        shim.exchange(modern(call(2, "query", {"a": 1}, requestState="s", inputResponses={})), result(2, {"resultType": "complete", "content": []}), wait=0.1)
        time.sleep(0.2)
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)
    assert called["1"].parent == called["2"].parent == tool.id and called["2"].links == [(called["1"].trace, called["1"].id)], spans
    # ends are starts and what a steady clock has counted since: two of them may differ by what the other clock was set in between
    assert tool.start == called["1"].start and abs(tool.end - called["2"].end) < 1_000_000, "the tool's time is that of all its rounds"
    near(tool["duration_ms"] / 1000, 0.4)


def test_join_server_without_a_name(home):
    """No --name: the tool's name has to do."""
    with Agent(home) as agent:
        agent.hook(spawn())
        with Shim(home, agent=agent) as shim:
            agent.hook(pre(TOOL, tool_input({"a": 1})))
            shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
            agent.hook(post(TOOL, tool_input({"a": 1})))
            agent.hook(stop())
            shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)


def test_join_other_spellings_of_the_tool(home):
    """mcp__server__tool, as Claude Code and others write it, with what they replace."""
    for number, (spelling, server, tool_name) in enumerate((("mcp__db__query", "db", "query"), ("mcp__my_db__list_all", "my.db", "list all"))):
        with Agent(home) as agent:
            agent.hook(spawn())
            with Shim(home, "--name", server, agent=agent) as shim:
                agent.hook(pre(spelling, tool_input({"a": 1})))
                shim.exchange(call(number, tool_name, {"a": 1}), wait=0.1)
                agent.hook(post(spelling, tool_input({"a": 1})))
                agent.hook(stop())
                shim.finish()
        spans = all_spans(home)
        [tool] = tools(spans, f"tool.{spelling}")
        joined(tool, calls_of(spans)[str(number)], 0.1, None)


def test_join_not_a_tool_of_another_name(home):
    """Names that only look alike are other tools."""
    with story(home) as (agent, shim):
        for name in ("@db/query_all", "@db2/query", "@other/query", "query", "@db/sub/query"):
            agent.hook(pre(name, tool_input({"a": 1})))
        shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [root] = [span for span in spans if span.name == "session"]
    assert calls_of(spans)["1"].parent == root.id, spans
    assert not [span for span in spans if span.name.startswith("tool.") and span["duration.source"] == "mcp_shim"]


def test_join_by_session_argument(home):
    """A hook and a shim that share no process, only the session's name."""
    with Shim(home, "--name", "db", "--session", SESSION) as shim, Agent(home) as agent:
        agent.hook(spawn())
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        asked = call(1, "query", {"a": 1})
        told = spliced(bytes_of(asked), shim.exchange(asked, wait=0.1))
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)
    assert told == (called.trace, called.id)


def test_join_by_a_session_id_that_is_too_long(home):
    """Hook and shim cut it in the same way."""
    session = "s" * 600 + "\u00e9" * 100
    with Shim(home, "--name", "db", "--session", session) as shim, Agent(home) as agent:
        agent.hook(spawn(session))
        agent.hook(pre(TOOL, tool_input({"a": 1}), session=session))
        shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
        agent.hook(post(TOOL, tool_input({"a": 1}), session=session))
        agent.hook(stop(session=session))
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)
    assert tool["session.id"] == called["session.id"]


def by_variable(home, session):
    environment = local(home) | {"KIRO_SESSION_ID": session}
    with Shim(home, "--name", "db", env=environment) as shim:
        home.hook(spawn(None), env=environment)
        home.hook(pre(TOOL, tool_input({"a": 1}), session=None), env=environment)
        shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
        home.hook(post(TOOL, tool_input({"a": 1}), session=None), env=environment)
        home.hook(stop(session=None), env=environment)
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)


def test_join_by_a_variable_that_both_have(home):
    """v1 payloads have no session id; both take it from the environment."""
    by_variable(home, "plain")


def test_join_by_a_variable_that_is_no_utf8(home):
    by_variable(home, b"\xff\xfe bad \xc3".decode("utf-8", "surrogateescape"))


def test_join_by_a_variable_that_is_too_long(home):
    by_variable(home, "v" * 700)


def test_join_shim_behind_shells(home):
    """npx and the like: the agent is further up."""
    with story(home, prefix=["sh", "-c", '"$@"; exit $?', "sh"]) as (agent, shim):
        assert shim.process.pid != int(stat_of(shim.server_pid)[1])
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)


def test_join_without_injection(home):
    """The join does not depend on what the server is told."""
    with story(home, "--no-inject") as (agent, shim):
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        asked = bytes_of(call(1, "query", {"a": 1}))
        assert shim.to_server(asked) == asked
        time.sleep(0.1)
        shim.to_client(result(1))
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)


def test_join_large_arguments(home):
    """Too large for a key: joined by session, server, tool and time."""
    arguments = {"text": "x" * 200_000}
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input(arguments)))
        shim.exchange(call(1, "query", arguments), wait=0.1)
        agent.hook(post(TOOL, tool_input(arguments)))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    joined(tool, called, 0.1, None)


def test_join_empty_arguments(home):
    """No arguments at all, an empty object, or none but the agent's own member."""
    with story(home) as (agent, shim):
        for number, params in enumerate(({"name": "query"}, {"name": "query", "arguments": {}}, {"name": "query", "arguments": None})):
            agent.hook(pre(TOOL, tool_input({})))
            shim.exchange(request(number, "tools/call", params), wait=0.1)
            agent.hook(post(TOOL, tool_input({})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    assert len(tools(spans)) == 3
    for number, tool in enumerate(tools(spans)):
        joined(tool, calls_of(spans)[str(number)], 0.1, None)


def test_join_with_the_agents_traceparent(home):
    """An agent that traces itself: its span is the parent, and the hook's span has the true time all the same."""
    inbound = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        time.sleep(0.2)
        shim.exchange(call(1, "query", {"a": 1}, _meta={"traceparent": inbound}), wait=0.1)
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    spans = all_spans(home)
    [tool], called = tools(spans), calls_of(spans)["1"]
    assert (called.trace, called.parent) == (inbound[3:35], inbound[36:52]), called
    assert tool["duration.source"] == "mcp_shim", tool
    near(tool["duration_ms"] / 1000, 0.1)


def test_view_shows_the_story(home):
    """What people see: the call below its tool, with its time."""
    with story(home) as (agent, shim):
        agent.hook(pre(TOOL, tool_input({"a": 1})))
        shim.exchange(call(1, "query", {"a": 1}), wait=0.1)
        agent.hook(post(TOOL, tool_input({"a": 1})))
        agent.hook(stop())
        shim.finish()
    shown = home.run("view", env=local(home)).stdout.decode()
    lines = shown.splitlines()
    place = next(number for number, line in enumerate(lines) if f"tool.{TOOL}" in line or TOOL in line)
    assert "tools/call query" in lines[place + 1], shown
