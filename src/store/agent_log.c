#include "store/agent_log.h"

#include "store/file.h"

#define PREFIX "a-"
#define RECORD_MAX (8 * OP_SESSION_ID_MAX)

static void make_key(struct slice identity, char key[static OPLOG_NAME_MAX])
{
    char hash[SESSION_KEY_HEX + 1];
    struct buffer text;
    session_key(identity, hash);
    buffer_init_fixed(&text, key, OPLOG_NAME_MAX);
    buffer_append_text(&text, PREFIX);
    buffer_append_text(&text, hash);
    if (!buffer_text(&text))
        key[0] = '\0';
}

void agent_log_name(struct slice identity, char name[static OPLOG_NAME_MAX])
{
    char key[OPLOG_NAME_MAX];
    make_key(identity, key);
    oplog_name(key, ".log", name);
}

bool agent_log_is_name(const char *name)
{
    const struct slice text = slice_of(name), prefix = SLICE(PREFIX), ending = SLICE(".log");
    return text.length == prefix.length + SESSION_KEY_HEX + ending.length && slice_starts_with(text, prefix) &&
           slice_ends_with(text, ending) && file_is_hex(slice_part(text, prefix.length, SESSION_KEY_HEX));
}

bool agent_log_append(int ops_folder, struct slice identity, const struct op *op)
{
    char key[OPLOG_NAME_MAX], storage[RECORD_MAX];
    struct op slim = {.kind = op->kind, .time = op->time, .session_id = op->session_id, .agent = op->agent};
    struct buffer record;
    enum counter lost;

    for (size_t i = 0; i < sizeof slim.id; i++)
        slim.id[i] = op->id[i];
    make_key(identity, key);
    buffer_init_fixed(&record, storage, sizeof storage);
    return op_encode(&slim, &record) && oplog_append(ops_folder, key, buffer_slice(&record), &lost);
}
