// An MCP server on the official TypeScript SDK of 2026-07-28: no handshake, no requests of its own, input_required instead.
//
//   node server.mjs MODULES
import { createRequire } from "node:module";
import { join } from "node:path";

const need = createRequire(join(process.argv[2], "here.js"));
const { McpServer, ResourceTemplate, acceptedContent, completable, inputRequired } = need("@modelcontextprotocol/server");
const { serveStdio } = need("@modelcontextprotocol/server/stdio");
const { z } = need("zod");
const text = (value) => ({ content: [{ type: "text", text: value }] });

serveStdio(() => {
    const server = new McpServer({ name: "interop", version: "2" }, {
        capabilities: { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true }, prompts: {}, logging: {}, completions: {} },
    });
    server.registerTool("add", { inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) },
        ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { sum: a + b } }));
    server.registerTool("fail", { inputSchema: z.object({ why: z.string() }) }, ({ why }) => { throw new Error(why); });
    server.registerTool("slow", { inputSchema: z.object({ seconds: z.number(), steps: z.number() }) }, async ({ seconds, steps }, context) => {
        const { progressToken } = context.mcpReq._meta ?? {};
        for (let step = 1; step <= steps; step++) {
            await new Promise((resolve) => setTimeout(resolve, seconds * 1000 / steps));
            if (context.mcpReq.signal.aborted) break;
            if (progressToken !== undefined) {
                await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: step, total: steps } });
            }
        }
        return text("done");
    });
    server.registerTool("carrier", {}, (context) => text(JSON.stringify(context.mcpReq._meta ?? {})));
    // Asked twice: each answer comes in a request of its own, with the state of the one before.
    server.registerTool("greet", { inputSchema: z.object({ greeting: z.string() }) }, ({ greeting }, context) => {
        const given = acceptedContent(context.mcpReq.inputResponses, "who");
        const state = context.mcpReq.requestState();
        if (!given) {
            return inputRequired({
                inputRequests: { who: inputRequired.elicit({ message: "Who is there?", requestedSchema: z.object({ name: z.string() }) }) },
                requestState: "asked-once",
            });
        }
        if (state === "asked-once") {
            return inputRequired({
                inputRequests: { who: inputRequired.elicit({ message: "Who again?", requestedSchema: z.object({ name: z.string() }) }) },
                requestState: "asked-twice",
            });
        }
        return text(`${greeting}, ${given.name}`);
    });
    server.registerTool("touch", {}, async () => {
        server.sendToolListChanged();
        await server.server.sendResourceUpdated({ uri: "note://one" });
        return text("touched");
    });
    server.registerResource("one", "note://one", {}, (uri) => ({ contents: [{ uri: uri.href, text: "the first note" }] }));
    server.registerResource("other", new ResourceTemplate("note://other/{name}", { list: undefined }), {},
        (uri, { name }) => ({ contents: [{ uri: uri.href, text: `the note ${name}` }] }));
    server.registerPrompt("ask", {
        argsSchema: z.object({ topic: completable(z.string(), (value) => ["rust", "ruby"].filter((word) => word.startsWith(value))) }),
    }, ({ topic }) => ({ messages: [{ role: "user", content: { type: "text", text: `Tell me about ${topic}` } }] }));
    return server;
});
