// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "secret/secret_internal.h"

#include "base/codec.h"
#include "base/memory.h"
#include "base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024, NUMBER_MAX = 999999999 };

static bool is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool parse_number(struct slice *text, uint32_t *ret)
{
    uint32_t number = 0;
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9' &&
           digits < 9)
        number = number * 10 + (uint32_t)(text->data[digits++] - '0');
    if (digits == 0 || number == 0 || digits >= text->length || text->data[digits] != ':')
        return false;
    *text = slice_of(text->data + digits + 1, text->length - digits - 1);
    *ret = number;
    return true;
}

static bool parse_key(struct slice word, struct secret_key *ret)
{
    return parse_number(&word, &ret->number) && codec_read_hex(word, ret->bytes, SECRET_KEY_SIZE);
}

// False when the number is taken or there are too many.
static bool insert(struct secret_keys *keys, const struct secret_key *key)
{
    size_t place = 0;
    while (place < keys->count && keys->items[place].number < key->number)
        place++;
    if (keys->count == SECRET_KEYS_MAX ||
        (place < keys->count && keys->items[place].number == key->number))
        return false;
    memmove(&keys->items[place + 1], &keys->items[place],
            (keys->count - place) * sizeof *keys->items);
    keys->items[place] = *key;
    keys->count++;
    return true;
}

// The next word that is no comment; false at the end.
static bool next_word(struct slice *text, struct slice *ret)
{
    size_t at = 0;
    for (;;) {
        while (at < text->length && is_separator(text->data[at]))
            at++;
        if (at == text->length || text->data[at] != '#')
            break;
        while (at < text->length && text->data[at] != '\n')
            at++;
    }
    size_t start = at;
    while (at < text->length && !is_separator(text->data[at]))
        at++;
    *ret = slice_of(text->data + start, at - start);
    *text = slice_of(text->data + at, text->length - at);
    return ret->length > 0;
}

struct secret_keys *secret_keys_new(void)
{
    struct secret_keys *keys = memory_try_new(sizeof *keys);
    if (keys != NULL)
        atomic_init(&keys->references, 1);
    return keys;
}

int secret_keys_parse(struct slice text, struct secret_keys **ret, struct error *error)
{
    struct secret_keys *keys = secret_keys_new();
    struct secret_key key = {0};
    struct slice word;
    bool good = true;
    if (keys == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    while (good && next_word(&text, &word))
        good = parse_key(word, &key) && insert(keys, &key);
    memory_wipe(&key, sizeof key);
    if (good && keys->count > 0) {
        *ret = keys;
        return 0;
    }
    size_t count = keys->count;
    secret_keys_unref(keys);
    return error_set(error, ERROR_CONFIG,
                     "key %zu is not of the form NUMBER:64-HEXADECIMAL-DIGITS with a number of its "
                     "own from 1 on",
                     count + 1);
}

struct secret_keys *secret_keys_ref(struct secret_keys *keys)
{
    atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
    return keys;
}

void secret_keys_unref(struct secret_keys *keys)
{
    if (keys == NULL || atomic_fetch_sub_explicit(&keys->references, 1, memory_order_acq_rel) != 1)
        return;
    memory_wipe(keys, sizeof *keys);
    memory_free(keys);
}

size_t secret_keys_count(const struct secret_keys *keys)
{
    return keys->count;
}

uint32_t secret_keys_newest(const struct secret_keys *keys)
{
    return keys->items[keys->count - 1].number;
}

bool secret_keys_hold(const struct secret_keys *keys, const struct secret_keys *these)
{
    bool all = true;
    for (size_t i = 0; i < these->count && all; i++) {
        const struct secret_key *key = secret_key_find(keys, these->items[i].number);
        all = key != NULL && memcmp(key->bytes, these->items[i].bytes, SECRET_KEY_SIZE) == 0;
    }
    return all;
}

int secret_keys_join(const struct secret_keys *keys, const struct secret_keys *older,
                     struct secret_keys **ret, struct error *error)
{
    struct secret_keys *joined = secret_keys_new();
    if (joined == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    memcpy(joined->items, keys->items, sizeof keys->items);
    joined->count = keys->count;
    // Without an old one, what was sealed under it a while ago does not open; nothing that is kept.
    for (size_t i = older->count; i > 0 && joined->count < SECRET_KEYS_MAX; i--)
        if (older->items[i - 1].number < secret_keys_newest(keys))
            (void)insert(joined, &older->items[i - 1]);
    *ret = joined;
    return 0;
}

int secret_keys_trim(const struct secret_keys *keys, struct secret_keys **ret, struct error *error)
{
    struct secret_keys *trimmed = secret_keys_new();
    if (trimmed == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    trimmed->items[0] = keys->items[keys->count - 1];
    trimmed->count = 1;
    *ret = trimmed;
    return 0;
}

// ---- Files

static int read_file(int fd, const char *path, char *text, size_t *ret_length, struct error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(error, ERROR_CONFIG, "the key file '%s' is not a file", path);
    if ((status.st_mode & 077) != 0)
        return error_set(error, ERROR_CONFIG,
                         "the key file '%s' is open to others than its owner; chmod 600", path);
    *ret_length = 0;
    for (ssize_t got; *ret_length < FILE_MAX; *ret_length += (size_t)got) {
        got = read(fd, text + *ret_length, FILE_MAX - *ret_length);
        if (got < 0)
            return error_set(error, ERROR_IO, "the key file '%s' cannot be read: %s", path,
                             strerror(errno));
        if (got == 0)
            return 0;
    }
    return error_set(error, ERROR_CONFIG, "the key file '%s' is too large", path);
}

int secret_keys_load(const char *path, struct secret_keys **ret, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO,
                         "the key file '%s' cannot be opened: %s", path, strerror(errno));
    struct error inner = {0};
    size_t length = 0;
    char *text = memory_new(FILE_MAX);
    int result = read_file(fd, path, text, &length, error);
    if (result == 0) {
        result = secret_keys_parse(slice_of(text, length), ret, &inner);
        if (result != 0)
            error_set(error, result, "the key file '%s': %s", path, inner.text);
    }
    memory_wipe(text, FILE_MAX);
    memory_free(text);
    close(fd);
    return result;
}

static void write_key(struct buffer *out, const struct secret_key *key)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * SECRET_KEY_SIZE];
    for (size_t i = 0; i < SECRET_KEY_SIZE; i++) {
        text[2 * i] = digits[key->bytes[i] >> 4];
        text[2 * i + 1] = digits[key->bytes[i] & 15];
    }
    buffer_append_format(out, "%u:", key->number);
    buffer_append(out, slice_of(text, sizeof text));
    buffer_append_string(out, "\n");
    memory_wipe(text, sizeof text);
}

static int write_whole(int fd, struct slice text)
{
    while (text.length > 0) {
        ssize_t done = write(fd, text.data, text.length);
        if (done <= 0)
            return ERROR_IO;
        text = slice_of(text.data + done, text.length - (size_t)done);
    }
    return fsync(fd) == 0 ? 0 : ERROR_IO;
}

static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? memory_copy_string(".", 1)
                                 : memory_copy_string(path, (size_t)(slash - path) + 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd); // where a folder cannot be synced there is nothing more to do
        close(fd);
    }
    memory_free(folder);
}

static int write_file(const char *path, struct slice text, struct error *error)
{
    char noise[17];
    struct buffer name;
    random_hex(noise, 8);
    buffer_init(&name, 0);
    buffer_append_format(&name, "%s.%s", path, noise);
    buffer_append(&name, slice_of("", 1));
    int fd = name.failed
                 ? -1
                 : open(buffer_slice(&name).data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int result = fd < 0 ? ERROR_IO : write_whole(fd, text);
    if (fd >= 0 && close(fd) != 0)
        result = ERROR_IO;
    if (result == 0 && rename(buffer_slice(&name).data, path) != 0)
        result = ERROR_IO;
    if (result != 0)
        error_set(error, result, "the key file '%s' cannot be written: %s", path, strerror(errno));
    if (result != 0 && fd >= 0)
        unlink(buffer_slice(&name).data);
    buffer_release(&name);
    sync_folder(path);
    return result;
}

static int write_keys(const char *path, const struct secret_key *keys, size_t count,
                      struct error *error)
{
    struct buffer text;
    buffer_init(&text, 0);
    buffer_reserve(&text, FILE_MAX); // so that no copy is left behind by growing
    for (size_t i = 0; i < count; i++)
        write_key(&text, &keys[i]);
    int result = text.failed ? error_set(error, ERROR_NO_MEMORY, "out of memory")
                             : write_file(path, buffer_slice(&text), error);
    buffer_wipe(&text);
    return result;
}

int secret_keys_add_to_file(const char *path, const struct secret_keys *keys, struct error *error)
{
    struct secret_keys more = {.count = 0};
    if (keys != NULL) {
        memcpy(more.items, keys->items, sizeof keys->items);
        more.count = keys->count;
    }
    struct secret_key key = {.number = keys == NULL ? 1 : secret_keys_newest(keys) + 1};
    random_bytes(key.bytes, sizeof key.bytes);
    int result = key.number <= NUMBER_MAX && insert(&more, &key)
                     ? write_keys(path, more.items, more.count, error)
                     : error_set(error, ERROR_LIMIT, "there are too many keys in '%s'", path);
    memory_wipe(&more, sizeof more);
    memory_wipe(&key, sizeof key);
    return result;
}

int secret_keys_trim_file(const char *path, const struct secret_keys *keys, struct error *error)
{
    return write_keys(path, &keys->items[keys->count - 1], 1, error);
}
