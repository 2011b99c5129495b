// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The parsing corpus of test/json (make_corpus.py): every file gives the verdict of its folder.
#include "lib/unit.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "json/json.h"

#include <dirent.h>

static void read_file(const char *folder, const char *name, struct buffer *out)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s/%s", JSON_CORPUS, folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    buffer_clear(out);
    char *room = buffer_reserve(out, 65536);
    buffer_commit(out, fread(room, 1, 65536, file));
    fclose(file);
}

// The scanner sees an exact heap copy, so that a sanitizer notices a read behind the end.
static int scan(struct json_doc *doc, struct slice text, char **ret_copy, struct error *error)
{
    *ret_copy = memory_copy_string(text.data, text.length);
    *ret_copy = memory_try_resize(*ret_copy, text.length == 0 ? 1 : text.length);
    return json_scan(doc, slice_of(*ret_copy, text.length), NULL, error, NULL);
}

// What was accepted survives both writers unchanged in value.
static void check_round_trip(const struct json_doc *doc, const char *name)
{
    struct json_doc again;
    struct buffer compact, canonical, twice;
    json_doc_init(&again);
    buffer_init(&compact, 0);
    buffer_init(&canonical, 0);
    buffer_init(&twice, 0);
    json_write_compact(&compact, doc, 0);
    assert_int_equal(json_scan(&again, buffer_slice(&compact), NULL, NULL, NULL), 0);
    if (!json_equal(doc, 0, &again, 0))
        fail_msg("%s: the compact form differs", name);
    assert_int_equal(json_write_canonical(&canonical, doc, 0), 0);
    assert_int_equal(json_scan(&again, buffer_slice(&canonical), NULL, NULL, NULL), 0);
    if (!json_equal(doc, 0, &again, 0))
        fail_msg("%s: the canonical form differs", name);
    assert_int_equal(json_write_canonical(&twice, &again, 0), 0);
    assert_true(slice_equal(buffer_slice(&canonical), buffer_slice(&twice)));
    json_doc_release(&again);
    buffer_release(&compact);
    buffer_release(&canonical);
    buffer_release(&twice);
}

static void check_file(const char *folder, const char *name, int wanted)
{
    struct buffer text;
    struct json_doc doc;
    struct error error = {0};
    char *copy;
    buffer_init(&text, 0);
    json_doc_init(&doc);
    read_file(folder, name, &text);
    int result = scan(&doc, buffer_slice(&text), &copy, &error);
    if (result != wanted)
        fail_msg("%s/%s: wanted %s, got %s (%s)", folder, name, error_name(wanted),
                 error_name(result), error.text);
    for (const char *c = error.text; *c != '\0'; c++)
        assert_in_range(*c, ' ', '~');
    if (result == 0)
        check_round_trip(&doc, name);
    memory_free(copy);
    json_doc_release(&doc);
    buffer_release(&text);
}

static int check_folder(const char *folder, int wanted)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", JSON_CORPUS, folder);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (strstr(entry->d_name, ".json") != NULL) {
            check_file(folder, entry->d_name, wanted);
            count++;
        }
    closedir(directory);
    return count;
}

static void conforming_texts_are_accepted(void **state)
{
    (void)state;
    assert_in_range(check_folder("accept", 0), 80, 1000);
}

static void malformed_texts_are_refused(void **state)
{
    (void)state;
    assert_in_range(check_folder("refuse", ERROR_SYNTAX), 120, 1000);
}

static int code_of(const char *verdict)
{
    for (int code = -64; code < 0; code++)
        if (strcmp(error_name(code), verdict) == 0)
            return code;
    assert_string_equal(verdict, "accept");
    return 0;
}

static void choices_are_as_the_manifest_says(void **state)
{
    (void)state;
    FILE *manifest = fopen(JSON_CORPUS "/implementation/manifest.txt", "r");
    assert_non_null(manifest);
    char line[256], name[128], verdict[64];
    int count = 0;
    while (fgets(line, sizeof line, manifest) != NULL) {
        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%127s %63s", name, verdict), 2);
        check_file("implementation", name, code_of(verdict));
        count++;
    }
    fclose(manifest);
    assert_in_range(count, 50, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conforming_texts_are_accepted),
        cmocka_unit_test(malformed_texts_are_refused),
        cmocka_unit_test(choices_are_as_the_manifest_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
