// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "workspace.h"

#include "base/memory.h"

#define HASH_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HASH_B "FF23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char whole[] =
    "{ 'listen': '[::1]:0', 'tls': { 'certificate': 'certificate.pem', 'key': 'key.pem' },\n"
    "  'allowed_hosts': ['gateway.example.com'], 'allowed_origins': ['https://app.example.com'],\n"
    "  'public_url': 'https://Gateway.example.com:443/', 'outside': { 'allow': ['10.0.0.0/8'] },\n"
    "  'trusted_proxies': ['10.0.0.0/8', '::1'], 'forwarded_header': 'Forwarded',\n"
    "  'servers': {\n"
    "    'files': { 'command': ['./program', '-y', '/srv/f\\u00e4'], 'share': 'server',\n"
    "               'env': { 'TOKEN': 'a${KRAKEN_TOKEN}b$${x}$', 'HOME': '/h' } },\n"
    "    'kraken': { 'url': 'https://mcp.example.com/mcp',\n"
    "                'headers': { 'Authorization': 'Bearer ${KRAKEN_TOKEN}' },\n"
    "                'timeouts': { 'connect': 3, 'answer': '2m' },\n"
    "                'max_message_bytes': '1 MiB', 'max_calls': 7 },\n"
    "    'older': { 'url': '${BASE}/sse', 'transport': 'sse' } },\n"
    "  'policies': { 'good': 'policies/good.json' },\n"
    "  'grants': {\n"
    "    'dev-laptop': { 'token_sha256': '" HASH_A "', 'mode': 'observe', 'tags': ['x', 'y'],\n"
    "                    'servers': { 'kraken': 'good', 'older': null },\n"
    "                    'expires': '2100-01-01T00:00:00Z' },\n"
    "    'ci': { 'token_env': 'CI_TOKEN', 'servers': ['files', 'older'], 'policy': 'good' } },\n"
    "  'decision_log': 'decisions.jsonl', 'limits_file': '/tmp/limits.db',\n"
    "  'decision_log_key': '/tmp/log.key', 'audit_on_failure': 'allow',\n"
    "  'decision_log_keep': '90d', 'decision_log_keep_bytes': '10 GiB',\n"
    "  'limits': { 'message_bytes': 65536, 'sessions_per_grant': 3, 'session_idle': '90s',\n"
    "              'calls_per_grant': 4, 'drain': 0,\n"
    "              'message_time': 9, 'question_time': '1d', 'left_call_time': '90s', "
    "'keep_alive': '40s' },\n"
    "  'metrics': 'public', 'upstream_ca': 'certificate.pem',\n"
    "  'log': { 'level': 'debug', 'format': 'json' } }\n";

static struct config *load_good(const char *text, const char *expected_warnings)
{
    struct config *config = NULL;
    struct buffer out;
    int result = workspace_load(text, &config, &out);
    assert_string_equal(buffer_slice(&out).data, expected_warnings);
    assert_int_equal(result, 0);
    assert_non_null(config);
    buffer_release(&out);
    return config;
}

static struct config *load_whole(void)
{
    return load_good(
        whole,
        "sallyport.json:16:61: warning: no policy for server 'older': every call is denied\n");
}

static void reads_the_document(void **state)
{
    (void)state;
    struct config *config = load_whole();
    assert_string_equal(config->path, "sallyport.json");
    assert_string_equal(config->listen, "[::1]:0");
    assert_string_equal(config->tls_certificate, "certificate.pem");
    assert_string_equal(config->tls_key, "key.pem");
    assert_string_equal(config->public_url, "https://Gateway.example.com");
    assert_int_equal(config->outside_allow_count, 1);
    assert_int_equal(config->outside_allow[0].bits, 104);
    assert_int_equal(config->allowed_host_count, 2);
    assert_true(slice_equal_string(config->allowed_hosts[1], "Gateway.example.com"));
    assert_true(slice_equal_string(config->allowed_hosts[0], "gateway.example.com"));
    assert_int_equal(config->allowed_origin_count, 1);
    assert_true(slice_equal_string(config->allowed_origins[0], "https://app.example.com"));
    assert_int_equal(config->trusted_proxy_count, 2);
    assert_int_equal(config->trusted_proxies[0].bits, 104);
    assert_int_equal(config->forwarded_header, HTTP_FORWARDED);
    assert_string_equal(config->decision_log, "decisions.jsonl");
    assert_string_equal(config->decision_log_key, "/tmp/log.key");
    assert_int_equal(config->audit_on_failure, AUDIT_ALLOW);
    assert_int_equal(config->decision_log_keep_ms, INT64_C(90) * 86400000);
    assert_int_equal(config->decision_log_keep_bytes, INT64_C(10) << 30);
    assert_string_equal(config->limits_file, "/tmp/limits.db");
    assert_string_equal(config->upstream_ca, "certificate.pem");
    assert_true(config->metrics_public);
    assert_int_equal(config->message_max_bytes, 65536);
    assert_int_equal(config->sessions_max_per_grant, 3);
    assert_int_equal(config->session_idle_ms, 90000);
    assert_int_equal(config->message_time_ms, 9000);
    assert_int_equal(config->question_time_ms, 86400000);
    assert_int_equal(config->left_call_time_ms, 90000);
    assert_int_equal(config->keep_alive_ms, 40000);
    assert_int_equal(config->calls_max_per_grant, 4);
    assert_int_equal(config->drain_ms, 0);
    assert_int_equal(config->log_level, LOG_DEBUG);
    assert_int_equal(config->log_format, LOG_JSON);
    assert_int_equal(config->watched_count, 2);
    assert_string_equal(config->watched[0], "sallyport.json");
    assert_string_equal(config->watched[1], "policies/good.json");
    config_free(config);
}

static void reads_child_servers(void **state)
{
    (void)state;
    struct config *config = load_whole();
    assert_int_equal(config->server_count, 3);
    const struct upstream_options *files = &config->servers[0];
    assert_true(slice_equal_string(files->name, "files"));
    assert_int_equal(files->transport, UPSTREAM_CHILD);
    assert_int_equal(files->sharing, UPSTREAM_SHARED);
    assert_string_equal(files->command[0], "./program");
    assert_string_equal(files->command[2], "/srv/f\xC3\xA4");
    assert_null(files->command[3]);
    assert_string_equal(files->environment[0], "TOKEN=akraken-secretb${x}$");
    assert_string_equal(files->environment[1], "HOME=/h"); // its own, not the inherited one
    assert_string_equal(files->environment[2], "PATH=/usr/bin:/bin");
    assert_null(files->environment[3]);
    assert_int_equal(files->message_max, 16777216);
    assert_int_equal(files->calls_max, 512);
    config_free(config);
}

static void reads_remote_servers(void **state)
{
    (void)state;
    struct config *config = load_whole();
    const struct upstream_options *kraken = &config->servers[1], *older = &config->servers[2];
    assert_int_equal(kraken->transport, UPSTREAM_HTTP);
    assert_true(kraken->tls);
    assert_true(slice_equal_string(kraken->host, "mcp.example.com"));
    assert_int_equal(kraken->port, 443);
    assert_true(slice_equal_string(kraken->target, "/mcp"));
    assert_int_equal(kraken->header_count, 1);
    assert_true(slice_equal_string(kraken->headers[0].name, "Authorization"));
    assert_true(slice_equal_string(kraken->headers[0].value, "Bearer kraken-secret"));
    assert_int_equal(kraken->connect_timeout_ms, 3000);
    assert_int_equal(kraken->answer_timeout_ms, 120000);
    assert_int_equal(kraken->message_max, 1048576);
    assert_int_equal(kraken->calls_max, 7);
    assert_int_equal(older->transport, UPSTREAM_SSE);
    assert_false(older->tls);
    assert_int_equal(older->port, 1);
    assert_true(slice_equal_string(older->target, "/sse"));
    assert_int_equal(older->connect_timeout_ms, 10000);
    assert_int_equal(older->answer_timeout_ms, 300000);
    config_free(config);
}

static void reads_grants(void **state)
{
    (void)state;
    struct config *config = load_whole();
    assert_int_equal(config->policy_count, 1);
    assert_true(slice_equal_string(config->policies[0].name, "good"));
    assert_non_null(config->policies[0].policy);
    assert_int_equal(config->grant_count, 2);
    const struct config_grant *laptop = &config->grants[0], *ci = &config->grants[1];
    unsigned char hash[32];
    assert_true(slice_equal_string(laptop->grant.label, "dev-laptop"));
    assert_true(identity_parse_hash(SLICE_LITERAL(HASH_A), hash));
    assert_memory_equal(laptop->token_sha256, hash, 32);
    assert_int_equal(laptop->grant.mode, IDENTITY_OBSERVE);
    assert_int_equal(laptop->grant.tag_count, 2);
    assert_true(slice_equal_string(laptop->grant.tags[1], "y"));
    assert_int_equal(laptop->grant.expires_ms, 4102444800000);
    assert_int_equal(laptop->grant.reach_count, 2);
    assert_true(slice_equal_string(laptop->grant.reach[0].server, "kraken"));
    assert_int_equal(laptop->grant.reach[0].policy, 0);
    assert_int_equal(laptop->grant.reach[1].policy, -1);
    identity_hash_token(SLICE_LITERAL("ci-token-of-thirty-characters"), hash);
    assert_memory_equal(ci->token_sha256, hash, 32);
    assert_int_equal(ci->grant.mode, IDENTITY_ENFORCE);
    assert_int_equal(ci->grant.expires_ms, 0);
    assert_int_equal(ci->grant.reach_count, 2);
    assert_int_equal(ci->grant.reach[1].policy, 0);
    config_free(config);
}

static void fills_in_defaults(void **state)
{
    (void)state;
    struct config *config = load_good(
        "{}", "sallyport.json:1:1: warning: there are no grants: nobody can call anything\n");
    assert_string_equal(config->listen, "127.0.0.1:8700");
    assert_null(config->tls_certificate);
    assert_null(config->decision_log);
    assert_null(config->decision_log_key);
    assert_int_equal(config->audit_on_failure, AUDIT_DENY);
    assert_int_equal(config->decision_log_keep_ms, 0);
    assert_int_equal(config->decision_log_keep_bytes, 0);
    assert_null(config->limits_file);
    assert_null(config->upstream_ca);
    assert_false(config->metrics_public);
    assert_int_equal(config->message_max_bytes, 4194304);
    assert_int_equal(config->sessions_max_per_grant, 1000);
    assert_int_equal(config->session_idle_ms, 1800000);
    assert_int_equal(config->message_time_ms, 120000);
    assert_int_equal(config->question_time_ms, 3600000);
    assert_int_equal(config->left_call_time_ms, 300000);
    assert_int_equal(config->keep_alive_ms, 15000);
    assert_int_equal(config->calls_max_per_grant, 1000);
    assert_int_equal(config->drain_ms, 30000);
    assert_int_equal(config->log_level, LOG_INFO);
    assert_int_equal(config->log_format, LOG_TEXT);
    config_free(config);
}

static void joins_paths_with_the_folder(void **state)
{
    (void)state;
    char path[200];
    struct config *config = NULL;
    struct config_problems problems;
    workspace_write("sallyport.json", whole);
    snprintf(path, sizeof path, "%s/sallyport.json", workspace_path);
    assert_int_equal(config_load(path, workspace_environment, &config, &problems), 0);
    config_problems_release(&problems);
    snprintf(path, sizeof path, "%s/policies/good.json", workspace_path);
    assert_string_equal(config->policies[0].path, path);
    snprintf(path, sizeof path, "%s/decisions.jsonl", workspace_path);
    assert_string_equal(config->decision_log, path);
    assert_string_equal(config->decision_log_key, "/tmp/log.key");
    assert_int_equal(config->audit_on_failure, AUDIT_ALLOW);
    assert_int_equal(config->decision_log_keep_ms, INT64_C(90) * 86400000);
    assert_int_equal(config->decision_log_keep_bytes, INT64_C(10) << 30);
    assert_string_equal(config->limits_file, "/tmp/limits.db");
    config_free(config);
}

// A server with one member exchanged: is it the same as before?
static bool same_after(const char *server, const char *other)
{
    char text[600];
    struct config *a = NULL, *b = NULL;
    struct buffer out;
    snprintf(text, sizeof text, "{ 'servers': { %s } }", server);
    assert_int_equal(workspace_load(text, &a, &out), 0);
    buffer_release(&out);
    snprintf(text, sizeof text, "{ 'listen': '127.0.0.1:1', 'servers': { %s } }", other);
    assert_int_equal(workspace_load(text, &b, &out), 0);
    buffer_release(&out);
    bool same = upstream_options_equal(&a->servers[0], &b->servers[0]);
    config_free(a);
    config_free(b);
    return same;
}

static void knows_servers_that_did_not_change(void **state)
{
    (void)state;
    static const char remote[] = "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' } }";
    static const char child[] = "'a': { 'command': ['x', 'y'], 'env': { 'E': '1' } }";
    static const char *const other_remotes[] = {
        "'b': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' } }",
        "'a': { 'url': 'https://h/x', 'headers': { 'A': '1', 'B': '2' } }",
        "'a': { 'url': 'http://i/x', 'headers': { 'A': '1', 'B': '2' } }",
        "'a': { 'url': 'http://h:81/x', 'headers': { 'A': '1', 'B': '2' } }",
        "'a': { 'url': 'http://h/y', 'headers': { 'A': '1', 'B': '2' } }",
        "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' }, 'transport': 'sse' }",
        "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' }, 'max_calls': 1 }",
        "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' }, 'max_message_bytes': 2000 "
        "}",
        "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' }, 'timeouts': {'connect': 1} "
        "}",
        "'a': { 'url': 'http://h/x', 'headers': { 'A': '1', 'B': '2' }, 'timeouts': {'answer': 1} "
        "}"};
    static const char *const other_children[] = {
        "'a': { 'command': ['x'], 'env': { 'E': '1' } }",
        "'a': { 'command': ['x', 'y', 'z'], 'env': { 'E': '1' } }",
        "'a': { 'command': ['x', 'z'], 'env': { 'E': '1' } }",
        "'a': { 'command': ['x', 'y'], 'env': { 'E': '2' } }",
        "'a': { 'command': ['x', 'y'], 'env': { 'E': '1' }, 'share': 'server' }",
        "'a': { 'command': ['x', 'y'], 'env': { 'E': '1' }, 'inherit_env': [] }"};
    assert_true(same_after(remote, remote));
    assert_true(same_after(child, child));
    // Headers are exchanged while it serves.
    assert_true(same_after(remote, "'a': { 'url': 'http://h/x', 'headers': { 'C': '2' } }"));
    assert_false(same_after(remote, child));
    assert_false(same_after(child, remote));
    for (size_t i = 0; i < sizeof other_remotes / sizeof *other_remotes; i++)
        if (same_after(remote, other_remotes[i]))
            fail_msg("taken for the same: %s", other_remotes[i]);
    for (size_t i = 0; i < sizeof other_children / sizeof *other_children; i++)
        if (same_after(child, other_children[i]))
            fail_msg("taken for the same: %s", other_children[i]);
}

static void finds_programs(void **state)
{
    (void)state;
    char path[200];
    const char *environment[] = {path, NULL};
    snprintf(path, sizeof path, "PATH=/nowhere:%s", workspace_path);
    assert_true(config_finds_program("program", environment));
    assert_true(config_finds_program("./program", environment));
    assert_false(config_finds_program("key.pem", environment));  // not executable
    assert_false(config_finds_program("policies", environment)); // a folder
    assert_false(config_finds_program("", environment));
    snprintf(path, sizeof path, "PATH=:/nowhere");
    assert_true(config_finds_program("program", environment)); // an empty entry is here
    snprintf(path, sizeof path, "PATH=/nowhere");
    assert_false(config_finds_program("program", environment));
    assert_false(config_finds_program("program", NULL));
}

static void reads_a_text_without_a_file(void **state)
{
    (void)state;
    static const char text[] =
        "{ \"policies\": { \"good\": \"policies/good.json\" }, \"servers\": { \"s\": { \"url\": "
        "\"http://h\" } }, \"grants\": { \"g\": { \"token_env\": \"CI_TOKEN\", \"servers\": { "
        "\"s\": "
        "\"good\" } } } }";
    struct config *config = NULL;
    struct config_problems problems;
    assert_int_equal(
        config_load_text(slice_from_string(text), workspace_environment, &config, &problems), 0);
    assert_int_equal(problems.count, 0);
    config_problems_release(&problems);
    assert_int_equal(config->watched_count, 1); // there is no file of its own to watch
    assert_string_equal(config->watched[0], "policies/good.json");
    config_free(config);
    assert_int_equal(config_load_text(SLICE_LITERAL("{ \"x\": 1"), NULL, &config, &problems),
                     ERROR_CONFIG);
    assert_string_equal(problems.items[0].file, "(command line)");
    config_problems_release(&problems);
}

// Whatever allocation fails: no leak, no crash, no half-loaded configuration.
static void survives_short_memory(void **state)
{
    (void)state;
    workspace_write("sallyport.json", whole);
    for (size_t repeat = 0; repeat < 2; repeat++) {
        int result = ERROR_NO_MEMORY;
        size_t failed = 0;
        for (size_t number = 1; result != 0; number++) {
            struct config *config = NULL;
            struct config_problems problems;
            memory_fail_at(number, repeat * 1000000);
            result = config_load("sallyport.json", workspace_environment, &config, &problems);
            memory_fail_at(0, 0);
            assert_true((result == 0) == (config != NULL));
            config_problems_release(&problems);
            config_free(config);
            failed += result != 0;
            assert_true(number < 100000);
        }
        assert_true(failed > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_document),
        cmocka_unit_test(reads_child_servers),
        cmocka_unit_test(reads_remote_servers),
        cmocka_unit_test(reads_grants),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(joins_paths_with_the_folder),
        cmocka_unit_test(knows_servers_that_did_not_change),
        cmocka_unit_test(finds_programs),
        cmocka_unit_test(reads_a_text_without_a_file),
        cmocka_unit_test(survives_short_memory),
    };
    return cmocka_run_group_tests(tests, workspace_enter, workspace_leave);
}
