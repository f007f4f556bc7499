"""A server on the Python SDK before 2026-07-28, which knows nothing of traces: each tool reads the context from _meta itself, with the
official OpenTelemetry propagator, as servers in the field do.

  python server-first.py OTLP-ENDPOINT"""

import sys

from mcp.server.fastmcp import Context, FastMCP
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider(resource=Resource({"service.name": "interop-server"}))
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(sys.argv[1] + "/v1/traces")))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("interop")
server = FastMCP("interop-first")


def traced(ctx, name):
    meta = ctx.request_context.meta
    carrier = meta.model_dump() if meta else {}
    return tracer.start_as_current_span(f"tools/call {name}", context=propagate.extract(carrier), kind=trace.SpanKind.SERVER,
                                        attributes={"jsonrpc.request.id": ctx.request_id})


@server.tool()
def add(a: int, b: int, ctx: Context) -> int:
    with traced(ctx, "add"), tracer.start_as_current_span("adding"):
        return a + b


@server.tool()
def fail(why: str, ctx: Context) -> str:
    with traced(ctx, "fail"):
        raise RuntimeError(why)


server.run()
