"""An MCP server on the official Python SDK that traces itself with the official OpenTelemetry SDK.

  python server.py OTLP-ENDPOINT|-

The SDK's own middleware reads the context from _meta and opens a SERVER span for each message. It serves both eras: the handshake's and
2026-07-28's. The endpoint is an argument, since clients do not hand their environment on."""

import sys
from typing import Annotated

import anyio
from mcp import MCPError
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from mcp.types import Completion
from opentelemetry import trace
from pydantic import BaseModel

if sys.argv[1] != "-":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "interop-server"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(sys.argv[1] + "/v1/traces")))
    trace.set_tracer_provider(provider)

server = MCPServer("interop", version="1")


class Name(BaseModel):
    name: str


@server.tool()
def add(a: int, b: int) -> int:
    with trace.get_tracer("interop").start_as_current_span("adding"):
        return a + b


@server.tool()
def fail(why: str) -> str:
    raise RuntimeError(why)


@server.tool()
def refuse() -> str:
    raise MCPError(-32050, "not today")


@server.tool()
async def slow(seconds: float, steps: int, ctx: Context) -> str:
    for step in range(steps):
        await anyio.sleep(seconds / steps)
        await ctx.report_progress(step + 1, steps, "on the way")
    return "done"


@server.tool()
def carrier(ctx: Context) -> dict:
    """What the request carried in _meta."""
    return {"meta": dict(ctx.request_context.meta or {})}


@server.tool()
async def ping_back(ctx: Context) -> str:
    await ctx.session.send_ping()
    return "pong"


@server.tool()
async def touch(ctx: Context) -> str:
    await ctx.notify_tools_changed()
    await ctx.notify_resource_updated("note://one")
    return "touched"


def whose(ctx: Context) -> Elicit[Name]:
    return Elicit("Who is there?", Name)


@server.tool()
def greet(who: Annotated[Name, Resolve(whose)]) -> str:
    return f"Good day, {who.name}"


@server.resource("note://one")
def note() -> str:
    return "the first note"


@server.resource("note://other/{name}")
def other(name: str) -> str:
    return f"the note {name}"


@server.prompt()
def ask(topic: str) -> str:
    return f"Tell me about {topic}"


@server.completion()
async def complete(ref, argument, context):
    return Completion(values=[word for word in ("rust", "ruby", "scheme") if word.startswith(argument.value)])


server.run()
