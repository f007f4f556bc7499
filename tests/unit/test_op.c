#include "trace/op.h"

#include "trace/names.h"

#include "check.h"

static char record_storage[OP_SIZE_MAX], text_storage[4 * OP_SIZE_MAX];
static jsmntok_t tokens[OP_TOKENS_MAX];

TEST(round_trip)
{
    struct op op = {.kind = OP_END, .id = "00000000000000ab", .time = UINT64_C(1790000000123456789), .since_boot = 5, .input_key = 0xfedc,
                    .session_id = SLICE("s\"1\n"), .agent = SLICE("kiro"), .event = SLICE("postToolUse"), .tool = SLICE("@a/b"),
                    .call_id = SLICE("c"), .result = OP_RESULT_FAILURE, .skill = SLICE("notes"), .service_name = SLICE("svc"),
                    .resource_attributes = SLICE("a=b")};
    struct op decoded;
    struct buffer record, text;
    attribute_set_string(&op.attributes, "text", SLICE("€\t"));
    attribute_set_integer(&op.attributes, "integer", -7);
    attribute_set_double(&op.attributes, "double", 1.5);
    attribute_set_boolean(&op.attributes, "boolean", true);
    buffer_init_fixed(&record, record_storage, sizeof record_storage);
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    CHECK(op_encode(&op, &record));
    for (size_t i = 0; i < record.length; i++)
        CHECK((unsigned char)record.data[i] >= 0x20);
    CHECK(op_decode(buffer_slice(&record), &decoded, &text, tokens));
    CHECK_EQ_INT(decoded.kind, OP_END);
    CHECK_EQ_TEXT(slice_of(decoded.id), "00000000000000ab");
    CHECK(decoded.time == op.time && decoded.since_boot == 5 && decoded.input_key == 0xfedc);
    CHECK_EQ_TEXT(decoded.session_id, "s\"1\n");
    CHECK_EQ_TEXT(decoded.agent, "kiro");
    CHECK_EQ_TEXT(decoded.event, "postToolUse");
    CHECK_EQ_TEXT(decoded.tool, "@a/b");
    CHECK_EQ_TEXT(decoded.call_id, "c");
    CHECK_EQ_INT(decoded.result, OP_RESULT_FAILURE);
    CHECK_EQ_TEXT(decoded.skill, "notes");
    CHECK_EQ_TEXT(decoded.service_name, "svc");
    CHECK_EQ_TEXT(decoded.resource_attributes, "a=b");
    CHECK_EQ_INT(decoded.attributes.count, 4);
    CHECK_EQ_TEXT(attribute_string(&decoded.attributes, "text"), "€\t");
    CHECK_EQ_INT(attribute_integer(&decoded.attributes, "integer", 0), -7);
    CHECK(attribute_find(&decoded.attributes, "double")->value.number > 1.4);
    CHECK(attribute_find(&decoded.attributes, "boolean")->value.boolean);
}

TEST(round_trip_of_requests)
{
    struct op op = {.kind = OP_REQUEST, .id = "00000000000000ab", .time = 9, .event = SLICE("tools/call"),
                    .trace = SLICE("0123456789abcdef0123456789abcdef"), .parent = SLICE("fedcba9876543210"),
                    .link = SLICE("00000000000000cd"), .message = SLICE("no"), .serves = true, .progress_count = 2, .progress_dropped = 3};
    struct op decoded;
    struct buffer record, text;
    op.progress[0] = (struct op_progress){.time = 1, .progress = 0.5, .total = 2, .has_total = true};
    op.progress[1] = (struct op_progress){.time = 2, .progress = 1e300};
    buffer_init_fixed(&record, record_storage, sizeof record_storage);
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    CHECK(op_encode(&op, &record));
    CHECK(op_decode(buffer_slice(&record), &decoded, &text, tokens));
    CHECK_EQ_TEXT(decoded.trace, "0123456789abcdef0123456789abcdef");
    CHECK_EQ_TEXT(decoded.parent, "fedcba9876543210");
    CHECK_EQ_TEXT(decoded.link, "00000000000000cd");
    CHECK_EQ_TEXT(decoded.message, "no");
    CHECK(decoded.serves && decoded.progress_count == 2 && decoded.progress_dropped == 3);
    CHECK(decoded.progress[0].has_total && decoded.progress[0].total > 1.9 && decoded.progress[0].progress < 0.6);
    CHECK(!decoded.progress[1].has_total);
    buffer_clear(&text);
    CHECK(op_decode(SLICE("{\"v\":1,\"op\":\"request\",\"id\":\"00000000000000ab\",\"t\":1,\"trace\":\"xyz\",\"parent\":7,"
                          "\"progress\":[[1],[],7,[2,3]]}"), &decoded, &text, tokens));
    CHECK(decoded.trace.length == 0 && decoded.parent.length == 0 && decoded.progress_count == 1);
}

static bool decodes(const char *json)
{
    struct op op;
    struct buffer text;
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    return op_decode(slice_of(json), &op, &text, tokens);
}

TEST(S24_newer_or_damaged_ops_are_refused)
{
    CHECK(decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"00000000000000ab\",\"t\":1}"));
    CHECK(decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"00000000000000ab\",\"t\":1,\"new\":{\"x\":[1]}}"));
    CHECK(!decodes("{\"v\":2,\"op\":\"prompt\",\"id\":\"00000000000000ab\",\"t\":1}"));
    CHECK(!decodes("{\"v\":1,\"op\":\"dance\",\"id\":\"00000000000000ab\",\"t\":1}"));
    CHECK(!decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"0000000000000000\",\"t\":1}"));
    CHECK(!decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"ab\",\"t\":1}"));
    CHECK(!decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"00000000000000ab\",\"t\":-1}"));
    CHECK(!decodes("{\"v\":1,\"op\":\"prompt\",\"id\":\"00000000000000ab\"}"));
    CHECK(!decodes("{\"v\":1"));
    CHECK(!decodes("[]"));
}

TEST(H14_keys_of_hostile_session_ids_are_plain_hex)
{
    char key[SESSION_KEY_HEX + 1];
    session_key(SLICE("../../.ssh/authorized_keys"), key);
    CHECK_EQ_INT(strlen(key), SESSION_KEY_HEX);
    CHECK_EQ_INT(strspn(key, "0123456789abcdef"), SESSION_KEY_HEX);
}

static const struct check_test tests[] = {CASE(round_trip), CASE(round_trip_of_requests), CASE(S24_newer_or_damaged_ops_are_refused),
                                          CASE(H14_keys_of_hostile_session_ids_are_plain_hex)};
CHECK_MAIN(tests)
