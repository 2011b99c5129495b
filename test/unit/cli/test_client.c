// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Which TOML of a client is understood for certain, and what is left alone.
#include "base/memory.h"
#include "cli/client_internal.h"
#include "lib/unit.h"

static struct client_file file;

static const struct client_server *only_server_of(const char *text)
{
    buffer_clear(&file.text);
    buffer_append_string(&file.text, text);
    memset(file.servers, 0, CLIENT_SERVERS_MAX * sizeof *file.servers);
    file.count = 0;
    assert_int_equal(client_read_toml(&file), CLI_OK);
    assert_int_equal(file.count, 1);
    return &file.servers[0];
}

static int setup(void **state)
{
    (void)state;
    file = (struct client_file){.kind = CLIENT_CODEX, .path = "config.toml"};
    buffer_init(&file.text, 0);
    arena_init(&file.arena, 1024 * 1024);
    file.servers = memory_try_new(CLIENT_SERVERS_MAX * sizeof *file.servers);
    assert_non_null(file.servers);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    memory_free(file.servers);
    arena_release(&file.arena);
    buffer_release(&file.text);
    return 0;
}

static void texts_of_one_line_are_read(void **state)
{
    (void)state;
    const struct client_server *server = only_server_of("[mcp_servers.a]\ncommand = 'it'\n"
                                                        "args = [\"a\\tb\", '\\n', '']\n");
    assert_string_equal(server->why_not, "");
    assert_int_equal(server->command_count, 4);
    assert_true(slice_equal_string(server->command[0], "it"));
    assert_true(slice_equal_string(server->command[1], "a\tb"));
    assert_true(slice_equal_string(server->command[2], "\\n"));
    assert_int_equal(server->command[3].length, 0);
}

// Their quotation marks are three on each side, which are no part of the text.
static void texts_of_several_lines_are_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[mcp_servers.a]\nurl = '''https://a.example/mcp'''\n",
        "[mcp_servers.a]\nurl = \"\"\"https://a.example/mcp\"\"\"\n",
        "[mcp_servers.a]\ncommand = '''run'''\n",
        "[mcp_servers.a]\ncommand = 'run'\nargs = ['''x''']\n",
        "[mcp_servers.a]\ncommand = 'run'\nenv = { A = '''x''' }\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_not_equal(only_server_of(texts[i])->why_not, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_of_one_line_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_of_several_lines_are_left_alone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
