#!/bin/bash
# What a hook made of shell tools costs: the yardstick of tools/bench.py. It does for each event what the published hook script does, with
# the same tools (jq, python3, sha256sum, curl): one trace a session, state in files, tool calls paired by a pending file, one POST a span
# in the background. Written for the measurement; not meant to be used.
set -u
endpoint=${OTEL_EXPORTER_OTLP_ENDPOINT:-http://localhost:4318}
state=${ARTICLE_HOOK_HOME:-$HOME/.article-hook}
mkdir -p "$state/log" "$state/pending"

payload=$(cat)
member() { jq -r "$1" <<<"$payload"; }
nanoseconds() { python3 -c 'import time; print(time.time_ns())'; }
fresh_id() { python3 -c 'import os; print(os.urandom(8).hex())'; }

kind=$(member '.hook_event_name // "unknown"')
session=${KIRO_SESSION_ID:-$(member '.session_id // "unknown"')}
time_now=$(nanoseconds)

begun=$state/$session.begun
if [ "$kind" = agentSpawn ] || [ ! -f "$begun" ]; then
    printf '%08x' "$(date +%s)" >"$begun"
fi
trace=$(cat "$begun")$(printf %s "$session" | sha256sum | cut -c 1-24)
root=$(cat "$state/$session.root" 2>/dev/null)

# post NAME SPAN START END ATTRIBUTES PARENT
post() {
    local parent=
    [ -n "$6" ] && parent="\"parentSpanId\":\"$6\","
    printf '{"time":%s,"trace":"%s","name":"%s"}\n' "$3" "$trace" "$1" >>"$state/log/$(date +%F).jsonl"
    curl -s -o /dev/null -X POST -H 'Content-Type: application/json' "$endpoint/v1/traces" -d '{"resourceSpans":[{"resource":{"attributes":[
{"key":"service.name","value":{"stringValue":"article-hook"}},{"key":"session.id","value":{"stringValue":"'"$session"'"}}]},
"scopeSpans":[{"scope":{"name":"article-hook"},"spans":[{"traceId":"'"$trace"'","spanId":"'"$2"'",'"$parent"'"name":"'"$1"'","kind":1,
"startTimeUnixNano":"'"$3"'","endTimeUnixNano":"'"$4"'","attributes":['"$5"'],"status":{"code":1}}]}]}]}' >/dev/null 2>&1
}
text_attribute() { printf '{"key":"%s","value":{"stringValue":"%s"}}' "$1" "$2"; }

case $kind in
agentSpawn)
    root=$(fresh_id)
    echo "$root" >"$state/$session.root"
    echo "$time_now" >"$state/$session.start"
    post session "$root" "$time_now" "$time_now" "$(text_attribute session.id "$session")" '' &
    ;;
userPromptSubmit)
    preview=$(member '.prompt // ""' | head -c 200 | tr '\n"\\' "  /")
    end=$(python3 -c "print($time_now + 10**7)")
    post user.prompt "$(fresh_id)" "$time_now" "$end" "$(text_attribute prompt.preview "$preview")" "$root" &
    ;;
preToolUse)
    tool=$(member '.tool_name // "unknown"')
    path=$(member '.tool_input | .operations[0].path? // .path? // ""' 2>/dev/null)
    name=tool.$tool
    case $path in
    */skills/*/*) name=skill.$(sed -n 's|.*skills/\([^/]*\)/.*|\1|p' <<<"$path") ;;
    esac
    echo "$(fresh_id) $time_now $name $tool" >"$state/pending/$session"
    ;;
postToolUse)
    if read -r span start name tool <"$state/pending/$session" 2>/dev/null; then
        rm -f "$state/pending/$session"
        success=$(member '.tool_response.success? // "unknown"')
        length=$(python3 -c "print(round(($time_now - $start) / 1e6, 1))")
        post "$name" "$span" "$start" "$time_now" "$(text_attribute tool.name "$tool"),$(text_attribute tool.success "$success"),{\"key\":\"duration_ms\",\"value\":{\"doubleValue\":$length}}" "$root" &
    fi
    ;;
stop)
    length=$(member '.assistant_response // ""' | wc -c)
    end=$(python3 -c "print($time_now + 10**7)")
    post turn.complete "$(fresh_id)" "$time_now" "$end" "{\"key\":\"response.length\",\"value\":{\"intValue\":\"$length\"}}" "$root" &
    if [ -f "$state/$session.start" ]; then
        post session "$root" "$(cat "$state/$session.start")" "$time_now" "$(text_attribute session.id "$session")" '' &
    fi
    ;;
esac
exit 0
