#include "store/settings.h"

#include "base/clock.h"

#include <stdlib.h>

#define SECONDS_MAX (366 * 24 * 3600)
#define LINGER_DEFAULT_SECONDS 60

static bool is_set_to(const char *name, const char *value)
{
    return slice_equal_ignoring_case(slice_of(getenv(name)), slice_of(value));
}

static uint64_t seconds(const char *name, uint64_t otherwise)
{
    uint64_t value;
    if (!slice_to_u64(slice_trim(slice_of(getenv(name))), &value) || value == 0 || value > SECONDS_MAX)
        value = otherwise;
    return value * NANOSECONDS_PER_SECOND;
}

struct fold_options settings_fold_options(void)
{
    return (struct fold_options){.root_once = is_set_to("SPANHOOK_ROOT", "once"), .names_semconv = is_set_to("SPANHOOK_NAMES", "semconv")};
}

uint64_t settings_idle_time(void)
{
    return seconds("SPANHOOK_IDLE_SECONDS", FOLD_IDLE_DEFAULT_SECONDS);
}

uint64_t settings_relay_linger(void)
{
    return seconds("SPANHOOK_RELAY_LINGER_SECONDS", LINGER_DEFAULT_SECONDS);
}

bool settings_relay_off(void)
{
    return is_set_to("SPANHOOK_RELAY", "off");
}
