#include "check.h"

#include "base/buffer.h"
#include "base/hash.h"

static struct slice hex(const uint8_t digest[static SHA256_SIZE])
{
    static char storage[2 * SHA256_SIZE];
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    buffer_append_hex(&out, digest, SHA256_SIZE);
    return buffer_slice(&out);
}

TEST(published_sha256_values)
{
    uint8_t digest[SHA256_SIZE];
    hash_sha256(SLICE("abc"), digest);
    CHECK_EQ_TEXT(hex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256((struct slice){NULL, 0}, digest);
    CHECK_EQ_TEXT(hex(digest), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256(SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), digest);
    CHECK_EQ_TEXT(hex(digest), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(pieces_give_the_same_digest)
{
    const struct slice text = SLICE("The quick brown fox jumps over the lazy dog, and then over it again, and once more for "
                                    "the second block.");
    uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];
    hash_sha256(text, whole);
    for (size_t cut = 0; cut <= text.length; cut++) {
        struct sha256 hash;
        sha256_init(&hash);
        sha256_update(&hash, slice_part(text, 0, cut));
        sha256_update(&hash, slice_part(text, cut, text.length));
        sha256_final(&hash, pieces);
        CHECK(memcmp(whole, pieces, sizeof whole) == 0);
    }
}

TEST(published_fnv1a_values)
{
    CHECK(fnv1a(FNV1A_START, SLICE("")) == UINT64_C(0xcbf29ce484222325));
    CHECK(fnv1a(FNV1A_START, SLICE("a")) == UINT64_C(0xaf63dc4c8601ec8c));
    CHECK(fnv1a(FNV1A_START, SLICE("foobar")) == UINT64_C(0x85944171f73967e8));
    CHECK(fnv1a(fnv1a(FNV1A_START, SLICE("foo")), SLICE("bar")) == UINT64_C(0x85944171f73967e8));
    CHECK(fnv1a(FNV1A_START, SLICE("\xff")) == UINT64_C(0xaf64724c8602eb6e));
}

static const struct check_test tests[] = {CASE(published_sha256_values), CASE(pieces_give_the_same_digest), CASE(published_fnv1a_values)};
CHECK_MAIN(tests)
