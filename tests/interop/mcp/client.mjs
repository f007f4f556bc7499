// The official TypeScript clients as an agent would use them: plays the steps of a plan against one server and logs what it saw.
//
//   node client.mjs MODULES PLAN LOG
//
// The log has one object a line: {t:"wire"} for each message at the seam between client and stdio transport, whoever caused it,
// {t:"api"} for each step with its result, {t:"closed"} with how long close() took. Times are milliseconds of the wall clock.
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const [modules, planFile, logFile] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, "utf8"));
const need = createRequire(join(modules, "here.js"));
const now = () => performance.timeOrigin + performance.now();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const log = (entry) => appendFileSync(logFile, JSON.stringify(entry) + "\n");

// --- the two lines of the SDK: one package up to 2025-11-25, split packages since 2026-07-28 ---

function first() {
    const { Client } = need("@modelcontextprotocol/sdk/client/index.js");
    const { StdioClientTransport } = need("@modelcontextprotocol/sdk/client/stdio.js");
    const { InMemoryTaskStore } = need("@modelcontextprotocol/sdk/experimental/tasks");
    const types = need("@modelcontextprotocol/sdk/types.js");
    const taskStore = new InMemoryTaskStore();
    const client = new Client({ name: "interop", version: "1" }, {
        capabilities: { ...plan.capabilities, tasks: { requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } } },
        taskStore,
    });
    // A request with `task` is answered at once; its result waits in the store for tasks/result.
    const asTask = (answer) => async (request, extra) => {
        if (!request.params?.task) return answer(request);
        const task = await extra.taskStore.createTask({ ttl: 60000, pollInterval: 100 });
        await extra.taskStore.storeTaskResult(task.taskId, "completed", answer(request));
        return { task };
    };
    const schemas = { "sampling/createMessage": types.CreateMessageRequestSchema, "elicitation/create": types.ElicitRequestSchema,
                      "roots/list": types.ListRootsRequestSchema };
    return {
        client, StdioClientTransport,
        answer: (method, answer) => client.setRequestHandler(schemas[method], asTask(answer)),
        call: (params, options) => client.callTool(params, undefined, options),
        raw: (request, options) => client.request(request, types.ResultSchema, options),
        async task(params) {
            for await (const message of client.experimental.tasks.callToolStream(params)) {
                if (message.type === "result") return message.result;
                if (message.type === "error") throw message.error;
            }
            return undefined;
        },
        done: () => taskStore.cleanup(),
    };
}

function second() {
    const { Client } = need("@modelcontextprotocol/client");
    const { StdioClientTransport } = need("@modelcontextprotocol/client/stdio");
    const { z } = need("zod");
    const client = new Client({ name: "interop", version: "2" }, { capabilities: plan.capabilities, versionNegotiation: { mode: plan.mode } });
    return {
        client, StdioClientTransport,
        answer: (method, answer) => client.setRequestHandler(method, answer),
        call: (params, options) => client.callTool(params, options),
        raw: (request, options) => client.request(request, z.looseObject({}), options),
        done: () => {},
    };
}

const sdk = plan.sdk === 1 ? first() : second();
const { client, StdioClientTransport } = sdk;

// --- the seam: patched on the prototype, since the SDK starts transports of its own too (the probe's) ---

let connections = 0;
const { start, send } = StdioClientTransport.prototype;
const seen = (transport, direction, message) =>
    log({ t: "wire", conn: transport.interop, dir: direction, at: now(), size: Buffer.byteLength(JSON.stringify(message)), msg: message });
StdioClientTransport.prototype.start = function () {
    this.interop = ++connections;
    let handler = this.onmessage;
    Object.defineProperty(this, "onmessage", {
        get: () => (message, ...rest) => { seen(this, "in", message); return handler?.(message, ...rest); },
        set: (value) => { handler = value; },
    });
    return start.call(this);
};
StdioClientTransport.prototype.send = function (message, ...rest) {
    seen(this, "out", message);
    return send.call(this, message, ...rest);
};

sdk.answer("sampling/createMessage", () => ({ role: "assistant", model: "interop", content: { type: "text", text: "sampled" }, stopReason: "endTurn" }));
sdk.answer("elicitation/create", (request) =>
    (request.params?.mode === "url" ? { action: "accept" } : { action: "accept", content: plan.elicited ?? { name: "Ada" } }));
sdk.answer("roots/list", () => ({ roots: plan.roots ?? [] }));

// --- the steps ---

let listening;
const operations = {
    ping: () => client.ping(),
    discover: () => client.discover(),
    tools: () => client.listTools(),
    prompts: () => client.listPrompts(),
    resources: () => client.listResources(),
    templates: () => client.listResourceTemplates(),
    prompt: (step) => client.getPrompt({ name: step.name, arguments: step.arguments }),
    read: (step) => client.readResource({ uri: step.uri }),
    subscribe: (step) => client.subscribeResource({ uri: step.uri }),
    unsubscribe: (step) => client.unsubscribeResource({ uri: step.uri }),
    complete: (step) => client.complete({ ref: step.ref, argument: step.argument, ...(step.context && { context: step.context }) }),
    level: (step) => client.setLoggingLevel(step.level),
    roots_changed: () => client.sendRootsListChanged(),
    raw: (step) => sdk.raw({ method: step.method, params: step.params }),
    task: (step) => sdk.task({ name: step.name, arguments: step.arguments }),
    sleep: (step) => sleep(step.ms),
    // An agent tells its hooks of what it does: they are its children, as the server is.
    hook(step) {
        const { status } = spawnSync(plan.binary, ["hook"], { input: JSON.stringify(step.payload) });
        return { status };
    },
    all: (step) => Promise.all(step.steps.map(play)),
    async call(step) {
        const abort = new AbortController();
        const options = { timeout: step.timeout_ms, signal: abort.signal };
        if (step.progress) options.onprogress = () => {};   // counted at the seam: here the last may lose against the result
        const timer = step.cancel_ms && setTimeout(() => abort.abort("changed my mind"), step.cancel_ms);
        const params = { name: step.name, arguments: step.arguments, ...(step.meta && { _meta: step.meta }) };
        try {
            return await sdk.call(params, options);
        } finally {
            clearTimeout(timer);
        }
    },
    // Left open while the client goes: never awaited.
    leave(step) { operations.call(step).catch(() => {}); return sleep(200); },
    async listen(step) { listening = await client.listen(step.filter); return { honored: listening.honoredFilter ?? null }; },
    async unlisten() { await listening.close(); await sleep(100); },
};

async function play(step) {
    const entry = { t: "api", op: step.op, name: step.name ?? step.uri ?? step.method };
    const begun = now();
    try {
        entry.result = (await operations[step.op](step)) ?? null;
        entry.ok = true;
    } catch (error) {
        entry.ok = false;
        entry.error = { code: error.code ?? null, message: String(error.message ?? error) };
    }
    entry.begun = begun;
    entry.ended = now();
    if (step.op !== "all") log({ ...entry, step: plan.steps.flatMap((one) => one.steps ?? [one]).indexOf(step) });
}

const transport = new StdioClientTransport({ command: plan.command[0], args: plan.command.slice(1), stderr: "ignore" });
const begun = now();
await client.connect(transport);
log({ t: "open", begun, ended: now(), protocol: client.getNegotiatedProtocolVersion?.() ?? null, pid: process.pid });
for (const step of plan.steps) await play(step);
if (plan.life === "stay") {
    log({ t: "staying" });
    await sleep(600000);
}
const closing = now();
await client.close();
sdk.done();
log({ t: "closed", begun: closing, ended: now() });
