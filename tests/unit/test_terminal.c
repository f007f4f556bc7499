#include "report/terminal.h"

#include "report/code_point_width.h"
#include "report/screen_text.h"

#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int null_fd;

static void clear_environment(void)
{
    static const char *const names[] = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM", "LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

static struct terminal detect(long width, enum terminal_colour colour)
{
    struct terminal terminal;
    terminal_detect(&terminal, null_fd, width, colour);
    return terminal;
}

TEST(width)
{
    null_fd = open("/dev/null", O_WRONLY);
    clear_environment();
    CHECK_EQ_INT(detect(0, TERMINAL_COLOUR_AUTO).width, 80);
    setenv("COLUMNS", "132", 1);
    CHECK_EQ_INT(detect(0, TERMINAL_COLOUR_AUTO).width, 132);
    CHECK_EQ_INT(detect(100, TERMINAL_COLOUR_AUTO).width, 100);
    CHECK_EQ_INT(detect(1, TERMINAL_COLOUR_AUTO).width, TERMINAL_WIDTH_MIN);
    CHECK_EQ_INT(detect(5000, TERMINAL_COLOUR_AUTO).width, TERMINAL_WIDTH_MAX);
    setenv("COLUMNS", "99999999999999999999", 1);
    CHECK_EQ_INT(detect(0, TERMINAL_COLOUR_AUTO).width, 80);
    setenv("COLUMNS", "0", 1);
    CHECK_EQ_INT(detect(0, TERMINAL_COLOUR_AUTO).width, 80);
    setenv("COLUMNS", "-4", 1);
    CHECK_EQ_INT(detect(0, TERMINAL_COLOUR_AUTO).width, 80);
}

TEST(colour)
{
    enum terminal_colour parsed;
    clear_environment();
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).colour); /* no terminal */
    CHECK(detect(0, TERMINAL_COLOUR_ALWAYS).colour);
    setenv("FORCE_COLOR", "1", 1);
    CHECK(detect(0, TERMINAL_COLOUR_AUTO).colour);
    CHECK(!detect(0, TERMINAL_COLOUR_NEVER).colour);
    setenv("FORCE_COLOR", "0", 1);
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).colour);
    setenv("FORCE_COLOR", "1", 1);
    setenv("NO_COLOR", "", 1);
    CHECK(detect(0, TERMINAL_COLOUR_AUTO).colour); /* empty does not count */
    setenv("NO_COLOR", "1", 1);
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).colour);
    CHECK(terminal_colour_parse("never", &parsed) && parsed == TERMINAL_COLOUR_NEVER);
    CHECK(!terminal_colour_parse("sometimes", &parsed) && !terminal_colour_parse("", &parsed));
}

TEST(locale)
{
    clear_environment();
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).unicode);
    setenv("LANG", "en_US.UTF-8", 1);
    CHECK(detect(0, TERMINAL_COLOUR_AUTO).unicode);
    setenv("LC_CTYPE", "C", 1);
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).unicode);
    setenv("LC_ALL", "C.utf8", 1);
    CHECK(detect(0, TERMINAL_COLOUR_AUTO).unicode);
    setenv("LC_ALL", "de_DE.ISO-8859-1", 1);
    CHECK(!detect(0, TERMINAL_COLOUR_AUTO).unicode);
    setenv("LC_ALL", "", 1);
    setenv("LC_CTYPE", "", 1);
    CHECK(detect(0, TERMINAL_COLOUR_AUTO).unicode);
}

static void check_text(struct slice source, size_t columns, bool unicode, const char *expected, size_t expected_columns)
{
    char storage[512];
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    CHECK_EQ_INT(screen_text_append(&out, source, columns, unicode), expected_columns);
    CHECK_EQ_TEXT(buffer_slice(&out), expected);
}

TEST(V02_escape_sequences)
{
    check_text(SLICE("\033]0;x\007"), 100, true, "\\x1b]0;x\\x07", 12);
    check_text(SLICE("\033[2J\rx\n\ty\177"), 100, true, "\\x1b[2J\\rx\\n\\ty\\x7f", 19);
    check_text(SLICE("\0"), 100, true, "\\x00", 4);
    check_text(SLICE("\302\233x\302\205"), 100, true, "\\u009bx\\u0085", 13);
    check_text(SLICE("\233m\377\302"), 100, true, "\\x9bm\\xff\\xc2", 13);
    check_text(SLICE("\342\200\256a\342\201\246\342\200\217\330\234"), 100, true, "\\u202ea\\u2066\\u200f\\u061c", 25);
    check_text(SLICE("\342\200\250\342\200\251\342\200\213\357\273\277"), 100, true, "\\u2028\\u2029\\u200b\\ufeff", 24);
    check_text(SLICE("\363\240\201\201"), 100, true, "\\U000e0041", 10);
}

TEST(no_control_character_gets_through)
{
    char storage[256];
    for (uint32_t code_point = 0; code_point < 0x3000; code_point++) {
        char source[4];
        struct buffer out, in;
        uint8_t first;
        const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
        const bool direction = (code_point >= 0x2028 && code_point <= 0x202e) || (code_point >= 0x2060 && code_point <= 0x206f);
        if (!control && !direction)
            continue;
        buffer_init_fixed(&in, source, sizeof source);
        if (code_point < 0x80) {
            buffer_append_byte(&in, (char)code_point);
        } else if (code_point < 0x800) {
            buffer_append_byte(&in, (char)(0xc0 | code_point >> 6));
            buffer_append_byte(&in, (char)(0x80 | (code_point & 0x3f)));
        } else {
            buffer_append_byte(&in, (char)(0xe0 | code_point >> 12));
            buffer_append_byte(&in, (char)(0x80 | (code_point >> 6 & 0x3f)));
            buffer_append_byte(&in, (char)(0x80 | (code_point & 0x3f)));
        }
        buffer_init_fixed(&out, storage, sizeof storage);
        screen_text_append(&out, buffer_slice(&in), 100, true);
        first = (uint8_t)out.data[0];
        CHECK(first == '\\' && out.length >= 2);
    }
}

TEST(columns_of_characters)
{
    CHECK_EQ_INT(code_point_width('a'), 1);
    CHECK_EQ_INT(code_point_width(0x0301), 0);
    CHECK_EQ_INT(code_point_width(0x200d), 0);
    CHECK_EQ_INT(code_point_width(0xfe0f), 0);
    CHECK_EQ_INT(code_point_width(0x65e5), 2);
    CHECK_EQ_INT(code_point_width(0xac00), 2);
    CHECK_EQ_INT(code_point_width(0x1f600), 2);
    CHECK_EQ_INT(code_point_width(0x20000), 2);
    CHECK_EQ_INT(code_point_width(0x00e9), 1);
    CHECK_EQ_INT(code_point_width(0x2026), 1);
    CHECK_EQ_INT(code_point_width(0x2500), 1);
    CHECK_EQ_INT(code_point_width(0x10ffff), 1);
    CHECK_EQ_INT(screen_text_width(SLICE("a日本é😀e\314\201"), 100, true), 9);
    CHECK_EQ_INT(screen_text_width(SLICE("a日本"), 3, true), 3);
}

TEST(cutting)
{
    check_text(SLICE("abcdef"), 6, true, "abcdef", 6);
    check_text(SLICE("abcdefg"), 6, true, "abcde…", 6);
    check_text(SLICE("abcdefg"), 6, false, "abc...", 6);
    check_text(SLICE("abcdefg"), 2, false, "..", 2);
    check_text(SLICE("abcdefg"), 1, true, "…", 1);
    check_text(SLICE("abcdefg"), 0, true, "", 0);
    check_text(SLICE(""), 0, true, "", 0);
    check_text(SLICE("日本語"), 6, true, "日本語", 6);
    check_text(SLICE("日本語の"), 6, true, "日本…", 5); /* half a wide character is none */
    check_text(SLICE("e\314\201e\314\201e\314\201"), 2, true, "e\314\201…", 2); /* an accent stays with its letter */
    check_text(SLICE("ab\033cd"), 5, true, "ab…", 3);
    check_text(SLICE("żółw"), 100, false, "\\u017c\\u00f3\\u0142w", 19);
}

static const struct check_test tests[] = {
    CASE(width),
    CASE(colour),
    CASE(locale),
    CASE(V02_escape_sequences),
    CASE(no_control_character_gets_through),
    CASE(columns_of_characters),
    CASE(cutting),
};
CHECK_MAIN(tests)
