#include "store/agent_log.h"

#include "store/file.h"

#define ENDING ".agent"
#define RECORD_MAX (8 * OP_SESSION_ID_MAX)

void agent_log_name(struct slice identity, char name[static OPLOG_NAME_MAX])
{
    char key[SESSION_KEY_HEX + 1];
    session_key(identity, key);
    oplog_name(key, ENDING, name);
}

bool agent_log_is_name(const char *name)
{
    const struct slice text = slice_of(name), ending = SLICE(ENDING);
    return text.length == SESSION_KEY_HEX + ending.length && slice_ends_with(text, ending) &&
           file_is_hex(slice_part(text, 0, SESSION_KEY_HEX));
}

bool agent_log_append(int ops_folder, struct slice identity, const struct op *op)
{
    char name[OPLOG_NAME_MAX], storage[RECORD_MAX];
    struct op slim = {.kind = op->kind, .time = op->time, .session_id = op->session_id, .agent = op->agent};
    struct buffer record;
    enum counter lost;

    for (size_t i = 0; i < sizeof slim.id; i++)
        slim.id[i] = op->id[i];
    agent_log_name(identity, name);
    buffer_init_fixed(&record, storage, sizeof storage);
    return op_encode(&slim, &record) && oplog_append_to(ops_folder, name, buffer_slice(&record), &lost);
}
