/* Every name that spanhook puts on a span, in one place.
 *
 * Convention snapshot: OpenTelemetry GenAI and MCP conventions of 2026-10-07; general conventions 1.44.0. The names without a
 * registered counterpart (tool.name, tool.success, duration_ms, prompt.preview, response.length) are those of the published
 * hook script that people have dashboards for; those under "spanhook." are our own. */
#ifndef SPANHOOK_TRACE_NAMES_H
#define SPANHOOK_TRACE_NAMES_H

#define NAME_SCOPE "spanhook"

/* Span names, in the default naming. Tools and skills append their name. */
#define NAME_SPAN_SESSION "session"
#define NAME_SPAN_PROMPT "user.prompt"
#define NAME_SPAN_TURN "turn.complete"
#define NAME_SPAN_TOOL_PREFIX "tool."
#define NAME_SPAN_SKILL_PREFIX "skill."
#define NAME_SPAN_EVENT_PREFIX "event."
/* Span names with naming "semconv". */
#define NAME_SPAN_INVOKE_AGENT "invoke_agent"
#define NAME_SPAN_EXECUTE_TOOL "execute_tool"

/* Resource */
#define NAME_SERVICE_NAME "service.name"
#define NAME_SERVICE_VERSION "service.version"
#define NAME_TELEMETRY_DISTRO_NAME "telemetry.distro.name"
#define NAME_TELEMETRY_DISTRO_VERSION "telemetry.distro.version"

/* Identity */
#define NAME_SESSION_ID "session.id"
#define NAME_CONVERSATION_ID "gen_ai.conversation.id"
#define NAME_AGENT_NAME "gen_ai.agent.name"

/* The published script's names */
#define NAME_TOOL_NAME "tool.name"
#define NAME_TOOL_SUCCESS "tool.success"
#define NAME_DURATION_MS "duration_ms"
#define NAME_PROMPT_PREVIEW "prompt.preview"
#define NAME_RESPONSE_LENGTH "response.length" /* bytes; above 16 KiB those of its JSON, escapes included */

/* GenAI, MCP, process, errors */
#define NAME_OPERATION "gen_ai.operation.name"
#define NAME_GEN_AI_TOOL_NAME "gen_ai.tool.name"
#define NAME_GEN_AI_TOOL_CALL_ID "gen_ai.tool.call.id"
#define NAME_SKILL_NAME "gen_ai.skill.name"
#define NAME_SKILL_RESOURCE "gen_ai.skill.resource.name"
#define NAME_MCP_METHOD "mcp.method.name"
#define NAME_MCP_SERVER "mcp.server.name"
#define NAME_MCP_PROTOCOL_VERSION "mcp.protocol.version"
#define NAME_MCP_RESOURCE_URI "mcp.resource.uri"
#define NAME_MCP_RESULT_TYPE "mcp.result_type"
#define NAME_PROMPT_NAME "gen_ai.prompt.name"
#define NAME_REQUEST_ID "jsonrpc.request.id"
#define NAME_JSONRPC_VERSION "jsonrpc.protocol.version"
#define NAME_STATUS_CODE "rpc.response.status_code"
#define NAME_TRANSPORT "network.transport"
#define NAME_EXIT_CODE "process.exit.code"
#define NAME_ERROR_TYPE "error.type"

/* Our own */
#define NAME_DURATION_SOURCE "duration.source"
#define NAME_OUTCOME "spanhook.outcome"
#define NAME_HOOK_DURATION_MS "spanhook.hook.duration_ms" /* of a call whose true duration somebody else has measured */
#define NAME_REQUEST_SIZE "spanhook.request.size" /* bytes of the message */
#define NAME_RESPONSE_SIZE "spanhook.response.size"
#define NAME_EVENT_PROGRESS "progress" /* the name of a span event */
#define NAME_PROGRESS "spanhook.progress"
#define NAME_PROGRESS_TOTAL "spanhook.progress.total"
#define NAME_TURN "spanhook.turn"
#define NAME_TURN_DURATION_MS "spanhook.turn.duration_ms"
#define NAME_TURN_TOOL_CALLS "spanhook.turn.tool_calls"
#define NAME_TURNS "spanhook.turns"
#define NAME_TOOL_CALLS "spanhook.tool_calls"
#define NAME_SKILL_LOADS "spanhook.skill_loads"
#define NAME_ERRORS "spanhook.errors"
#define NAME_INPUT_SIZE "spanhook.input.size"
#define NAME_OUTPUT_SIZE "spanhook.output.size"
#define NAME_PROMPT_LENGTH "spanhook.prompt.length" /* characters; above 16 KiB bytes of its JSON */
#define NAME_EVENT "spanhook.event"
#define NAME_DIALECT "spanhook.dialect"
#define NAME_PAYLOAD_SIZE "spanhook.payload.size"
#define NAME_PAYLOAD_HASH "spanhook.payload.sha256"
#define NAME_TRUNCATED "spanhook.truncated"
#define NAME_CLOCK_SUSPECT "spanhook.clock_suspect"
#define NAME_ID_SOURCE "spanhook.id.source"

#endif
