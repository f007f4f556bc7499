"""The official Python clients as an agent would use them: the counterpart of client.mjs, which says what plan and log are.

  python client.py PLAN LOG

Works with both lines of the `mcp` package: ClientSession up to 1.x, Client since 2.0. With `otlp` in the plan the OpenTelemetry SDK is
set up, so that version 2 makes CLIENT spans of its own and sends their context in _meta."""

import contextlib
import datetime
import json
import os
import sys
import time

import anyio
import mcp
from mcp import StdioServerParameters, stdio_client, types

SECOND = hasattr(mcp, "Client")
ERRORS = (mcp.MCPError,) if SECOND else (mcp.McpError,)
plan = json.loads(open(sys.argv[1], encoding="utf-8").read())
sink = open(sys.argv[2], "a", encoding="utf-8")


def now():
    return time.time_ns() / 1e6


def log(**entry):
    sink.write(json.dumps(entry, default=str) + "\n")
    sink.flush()


def plain(value):
    return value.model_dump(mode="json", by_alias=True, exclude_unset=True) if hasattr(value, "model_dump") else value


# --- the seam between session and transport ---

def seen(direction, item):
    if not hasattr(item, "message"):
        return
    text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
    log(t="wire", conn=1, dir=direction, at=now(), size=len(text.encode()), msg=json.loads(text))


@contextlib.asynccontextmanager
async def watched(parameters):
    """stdio_client, with each message logged as it passes."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        async with stdio_client(parameters, errlog=nowhere) as (read, write):
            to_session, session_reads = anyio.create_memory_object_stream(0)
            session_writes, from_session = anyio.create_memory_object_stream(0)

            async def inward():
                async with to_session:
                    async for item in read:
                        seen("in", item)
                        try:
                            await to_session.send(item)
                        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                            return

            async def outward():
                async with from_session:
                    async for item in from_session:
                        seen("out", item)
                        await write.send(item)

            async with anyio.create_task_group() as group:
                group.start_soon(inward)
                group.start_soon(outward)
                try:
                    yield session_reads, session_writes
                finally:
                    # what the session has already handed over still goes out, as it would without this seam
                    session_writes.close()
                    with anyio.move_on_after(0.2, shield=True):
                        while from_session.statistics().tasks_waiting_send:
                            await anyio.sleep(0.01)
                    group.cancel_scope.cancel()


# --- what servers may ask ---

async def sampled(context, params):
    return types.CreateMessageResult(role="assistant", model="interop", content=types.TextContent(type="text", text="sampled"))


async def elicited(context, params):
    if getattr(params, "mode", "form") == "url":
        return types.ElicitResult(action="accept")
    return types.ElicitResult(action="accept", content=plan.get("elicited") or {"name": "Ada"})


async def roots(context):
    return types.ListRootsResult.model_validate({"roots": plan.get("roots") or []})


CALLBACKS = {}
if "sampling" in plan["capabilities"]:
    CALLBACKS["sampling_callback"] = sampled
if "elicitation" in plan["capabilities"]:
    CALLBACKS["elicitation_callback"] = elicited
if "roots" in plan["capabilities"]:
    CALLBACKS["list_roots_callback"] = roots


@contextlib.asynccontextmanager
async def connected(parameters):
    if SECOND:
        async with mcp.Client(watched(parameters), mode=plan["mode"], cache=None, **CALLBACKS) as client:
            yield client, client.session.protocol_version
    else:
        async with watched(parameters) as streams, mcp.ClientSession(*streams, **CALLBACKS) as session:
            yield session, (await session.initialize()).protocolVersion


# --- the steps ---

class Player:
    def __init__(self, client):
        self.client = client
        self.listening = None
        self.flat = [one for step in plan["steps"] for one in step.get("steps", [step])]

    async def ping(self, step):
        return await self.client.send_ping()

    async def tools(self, step):
        return await self.client.list_tools()

    async def prompts(self, step):
        return await self.client.list_prompts()

    async def resources(self, step):
        return await self.client.list_resources()

    async def templates(self, step):
        return await self.client.list_resource_templates()

    async def prompt(self, step):
        return await self.client.get_prompt(step["name"], step.get("arguments"))

    async def read(self, step):
        return await self.client.read_resource(step["uri"])

    async def subscribe(self, step):
        return await self.client.subscribe_resource(step["uri"])

    async def unsubscribe(self, step):
        return await self.client.unsubscribe_resource(step["uri"])

    async def complete(self, step):
        kind = types.PromptReference if step["ref"]["type"] == "ref/prompt" else types.ResourceTemplateReference
        context = step.get("context", {}).get("arguments")
        return await self.client.complete(kind.model_validate(step["ref"]), step["argument"], context)

    async def level(self, step):
        return await self.client.set_logging_level(step["level"])

    async def roots_changed(self, step):
        return await self.client.send_roots_list_changed()

    async def raw(self, step):
        if not SECOND:
            return "this line of the SDK sends known methods only"
        return await self.client.session.send_request(types.Request(method=step["method"], params=step.get("params")), types.EmptyResult)

    async def task(self, step):
        return "this line of the SDK is not asked for tasks here"

    async def sleep(self, step):
        await anyio.sleep(step["ms"] / 1000)

    async def hook(self, step):
        """An agent tells its hooks of what it does: they are its children, as the server is."""
        result = await anyio.run_process([plan["binary"], "hook"], input=json.dumps(step["payload"]).encode())
        return {"status": result.returncode}

    async def call(self, step):
        async def moved(done, total, message):
            """Counted at the seam."""

        options = {"progress_callback": moved} if step.get("progress") else {}
        if step.get("timeout_ms"):
            seconds = step["timeout_ms"] / 1000
            options["read_timeout_seconds"] = seconds if SECOND else datetime.timedelta(seconds=seconds)
        if step.get("meta"):
            options["meta"] = step["meta"]
        with anyio.move_on_after(step["cancel_ms"] / 1000) if step.get("cancel_ms") else contextlib.nullcontext() as scope:
            return await self.client.call_tool(step["name"], step.get("arguments"), **options)
        return {"cancelled": scope.cancelled_caught}

    async def leave(self, step):
        self.group.start_soon(self.call, step)
        await anyio.sleep(0.2)

    async def listen(self, step):
        wanted = step["filter"]
        self.listening = contextlib.AsyncExitStack()
        await self.listening.enter_async_context(self.client.listen(
            tools_list_changed=wanted.get("toolsListChanged", False), resource_subscriptions=wanted.get("resourceSubscriptions", ())))

    async def unlisten(self, step):
        await self.listening.aclose()
        await anyio.sleep(0.1)

    async def play(self, step):
        if step["op"] == "all":
            async with anyio.create_task_group() as group:
                for one in step["steps"]:
                    group.start_soon(self.play, one)
            return
        begun = now()
        entry = {"op": step["op"], "name": step.get("name") or step.get("uri") or step.get("method")}
        try:
            entry["result"] = plain(await getattr(self, step["op"])(step))
            entry["ok"] = True
        except ERRORS as error:
            entry["error"] = {"code": error.error.code, "message": error.error.message}
            entry["ok"] = False
        except Exception as error:  # what the SDK refuses by itself is a result like any other
            entry["error"] = {"code": None, "message": f"{type(error).__name__}: {error}"}
            entry["ok"] = False
        log(t="api", step=self.flat.index(step), begun=begun, ended=now(), **entry)

    async def all(self):
        async with anyio.create_task_group() as self.group:
            for step in plan["steps"]:
                await self.play(step)
            if plan.get("life") == "stay":
                log(t="staying")
                await anyio.sleep(600)
            self.group.cancel_scope.cancel()


async def main():
    parameters = StdioServerParameters(command=plan["command"][0], args=plan["command"][1:])
    begun = now()
    async with connected(parameters) as (client, protocol):
        log(t="open", begun=begun, ended=now(), protocol=protocol, pid=os.getpid())
        await Player(client).all()
        closing = now()
    log(t="closed", begun=closing, ended=now())


if plan.get("otlp"):
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "interop-client"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(plan["otlp"] + "/v1/traces")))
    trace.set_tracer_provider(provider)
anyio.run(main)
