// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Each row: a document (with ' for ") and the exact list of what is said about it. "@" stands for
// "sallyport.json" in the list.
#include "workspace.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
// What every document without grants hears besides.
#define NO_GRANTS "@:1:1: warning: there are no grants: nobody can call anything\n"
#define UNREACHED "server 'a' is reached by no grant\n"
#define GRANT(members) "{ 'grants': { 'g': { " members " } } }"
#define SERVER(members) "{ 'servers': { 'a': { " members " } } }"

struct row {
    const char *document;
    const char *problems;
};

static const struct row syntax_rows[] = {
    {"", "@:1:1: error: "},
    {"{ 'listen': }", "@:1:13: error: "},
    {"{\n  'a': 1,\n  'a': 2 }", "@:3:3: error: "},
    {"{} x", "@:1:4: error: "},
};

static const struct row top_rows[] = {
    {"[]", "@:1:1: error: the configuration must be an object, not an array\n"},
    {"null", "@:1:1: error: the configuration must be an object, not null\n"},
    {"{ 'polices': {} }",
     NO_GRANTS "@:1:3: error: unknown key 'polices'; did you mean 'policies'?\n"},
    {"{\n  'zzzzzz': 1 }",
     NO_GRANTS "@:2:3: error: unknown key 'zzzzzz'; 'sallyport help config' lists what "
               "there is\n"},
    {"{ 'bad\\u000akey\\u001b': 1, 'sErvers': {} }",
     NO_GRANTS "@:1:3: error: unknown key 'bad?key?'; 'sallyport help config' lists what "
               "there is\n"
               "@:1:28: error: unknown key 'sErvers'; did you mean 'servers'?\n"},
    {"{ 'listen': 8700 }", NO_GRANTS "@:1:13: error: 'listen' must be a string, not a number\n"},
    {"{ 'listen': ':8700' }",
     NO_GRANTS "@:1:13: error: 'listen' must be an IP address (or localhost) and a port, like "
               "\"127.0.0.1:8700\" or \"[::1]:8700\"\n"},
    {"{ 'listen': 'a\\u0000' }",
     NO_GRANTS "@:1:13: error: 'listen' must not hold a NUL character\n"},
    {"{ 'listen': '${BASE}:1' }",
     NO_GRANTS "@:1:13: error: 'listen' is taken as it stands: ${NAME} is replaced only in a "
               "server's 'url', 'headers' and 'env', and a sink's 'url', 'headers' and 'secret'\n"},
    {"{ 'listen': '0.0.0.0:1' }",
     NO_GRANTS "@:1:13: warning: 'listen' is not loopback and there is no 'tls': tokens cross the "
               "network readable by anybody\n"
               "@:1:13: warning: 'listen' is not loopback and there are no 'allowed_hosts': "
               "requests that name another host are refused\n"},
    {"{ 'tls': { 'key': 'nowhere.pem' } }",
     NO_GRANTS "@:1:10: error: 'tls' needs 'certificate'\n"
               "@:1:19: error: 'nowhere.pem' cannot be read: No such file or directory\n"},
    {"{ 'tls': { 'key': 'key.pem', 'certificate': 'policies' } }",
     NO_GRANTS "@:1:45: error: 'policies' is a folder\n"},
    {"{ 'tls': true }", NO_GRANTS "@:1:10: error: 'tls' must be an object, not true\n"},
    {"{ 'allowed_hosts': 'a' }",
     NO_GRANTS "@:1:20: error: 'allowed_hosts' must be an array, not a string\n"},
    {"{ 'allowed_hosts': ['a', 1, 'http://b', [{'c':2}], ''] }", NO_GRANTS
     "@:1:26: error: an element of 'allowed_hosts' must be a string, not a number\n"
     "@:1:29: error: an allowed host is a name like \"gateway.example.com\", without scheme, path "
     "or wildcard\n"
     "@:1:41: error: an element of 'allowed_hosts' must be a string, not an array\n"
     "@:1:52: error: an allowed host is a name like \"gateway.example.com\", without scheme, path "
     "or wildcard\n"},
    {"{ 'trusted_proxies': ['10.0.0.0/8', 'proxy', '10.0.0.1/8', '::/0'] }", NO_GRANTS
     "@:1:37: error: 'proxy' is neither an address nor a range like 10.0.0.0/8 or 2001:db8::/32\n"
     "@:1:46: error: '10.0.0.1/8' has bits behind its first 8; leave them 0\n"
     "@:1:60: error: 'trusted_proxies' must not have everybody: any client could then say that it "
     "is another one\n"},
    {"{ 'outside': { 'allow': ['10.0.0.0/8', 'here', '10.0.0.1/8'] } }", NO_GRANTS
     "@:1:40: error: 'here' is neither an address nor a range like 10.0.0.0/8 or 2001:db8::/32\n"
     "@:1:48: error: '10.0.0.1/8' has bits behind its first 8; leave them 0\n"},
    {"{ 'public_url': 'gateway.example.com' }", NO_GRANTS
     "@:1:17: error: 'public_url' is like \"https://gateway.example.com\", without a path\n"},
    {"{ 'public_url': 'https://gateway.example.com/x' }", NO_GRANTS
     "@:1:17: error: 'public_url' is like \"https://gateway.example.com\", without a path\n"},
    {"{ 'public_url': 'http://gateway.example.com:8080' }", NO_GRANTS
     "@:1:17: warning: 'public_url' is not https: passwords and sessions cross the network "
     "readable by anybody\n"},
    {"{ 'forwarded_header': 'X-Real-IP' }",
     NO_GRANTS "@:1:23: error: 'forwarded_header' must be \"X-Forwarded-For\" or \"Forwarded\", "
               "not \"X-Real-IP\"\n"},
    {"{ 'allowed_origins': ['app.example.com', 'https://a/', 'https://a', '*'] }", NO_GRANTS
     "@:1:23: error: an allowed origin is like \"https://app.example.com\", without path or "
     "wildcard\n"
     "@:1:42: error: an allowed origin is like \"https://app.example.com\", without path or "
     "wildcard\n"
     "@:1:69: error: an allowed origin is like \"https://app.example.com\", without path or "
     "wildcard\n"},
    {"{ 'decision_log': 'nowhere/d.jsonl', 'limits_file': '' }",
     NO_GRANTS "@:1:19: error: the folder 'nowhere/' does not exist\n"
               "@:1:53: error: 'limits_file' must not be empty\n"},
    {"{ 'decision_log': 'policies', 'upstream_ca': 'nowhere' }",
     NO_GRANTS "@:1:19: error: 'policies' is a folder\n"
               "@:1:46: error: 'nowhere' cannot be read: No such file or directory\n"},
    {"{ 'metrics': 'all' }",
     NO_GRANTS "@:1:14: error: 'metrics' must be \"loopback\" or \"public\", not \"all\"\n"},
    {"{ 'log': { 'level': 'loud', 'format': null, 'colour': 1 } }",
     NO_GRANTS "@:1:21: error: 'level' must be \"debug\" or \"info\" or \"warning\" or \"error\", "
               "not \"loud\"\n"
               "@:1:39: error: 'format' must be a string, not null\n"
               "@:1:45: error: unknown key 'colour'; 'log' has level, format\n"},
    {"{ 'limits': { 'message_bytes': 1023, 'sessions_per_grant': 0,\n"
     "  'session_idle': '5', 'calls_per_grant': '5', 'drain': -1 } }",
     NO_GRANTS
     "@:1:32: error: 'message_bytes' must be from 1 KiB to 1 GiB\n"
     "@:1:60: error: 'sessions_per_grant' must be from 1 to 100000\n"
     "@:2:19: error: 'session_idle' must be a duration like \"10s\" or a whole number of seconds, "
     "from 1s to 7d\n"
     "@:2:43: error: 'calls_per_grant' must be a whole number, from 1 to 100000\n"
     "@:2:57: error: 'drain' must be a duration like \"10s\" or a whole number of seconds, from 0s "
     "to 1h\n"},
    {"{ 'limits': { 'message_bytes': '1GiB', 'session_idle': 1.5, 'drain': '3601s' } }", NO_GRANTS
     "@:1:56: error: 'session_idle' must be a duration like \"10s\" or a whole number of seconds, "
     "from 1s to 7d\n"
     "@:1:70: error: 'drain' must be from 0s to 1h\n"},
    {"{ 'limits': { 'message_bytes': 1073741825, 'session_idle': 99999999999999999 } }",
     NO_GRANTS "@:1:32: error: 'message_bytes' must be from 1 KiB to 1 GiB\n"
               "@:1:60: error: 'session_idle' must be from 1s to 7d\n"},
};

static const struct row server_rows[] = {
    {"{ 'servers': [] }", NO_GRANTS "@:1:14: error: 'servers' must be an object, not an array\n"},
    {"{ 'servers': { 'a b': { 'url': 'http://h' } } }",
     NO_GRANTS "@:1:16: error: server names have 1 to 64 letters, digits, '_' and '-'\n"
               "@:1:16: warning: server 'a b' is reached by no grant\n"},
    {"{ 'servers': { 'a': 'http://h' } }", NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:21: error: 'a' must be an object, not a string\n"},
    {SERVER(""),
     NO_GRANTS "@:1:16: warning: " UNREACHED "@:1:21: error: a server needs 'command' or 'url'\n"},
    {SERVER("'url': 'http://h', 'command': ['sh']"),
     NO_GRANTS "@:1:16: warning: " UNREACHED
               "@:1:42: error: a server has either 'command' or 'url', not both\n"},
    {SERVER("'comand': ['sh']"),
     NO_GRANTS "@:1:16: warning: " UNREACHED "@:1:21: error: a server needs 'command' or 'url'\n"
               "@:1:23: error: unknown key 'comand'; did you mean 'command'?\n"},
    {SERVER("'command': 'sh -c x'"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:34: error: 'command' must be an array, not a string\n"},
    {SERVER("'command': []"),
     NO_GRANTS "@:1:16: warning: " UNREACHED "@:1:34: error: 'command' must name a program\n"},
    {SERVER("'command': ['', 1]"),
     NO_GRANTS "@:1:16: warning: " UNREACHED "@:1:35: error: 'command' must name a program\n"
               "@:1:39: error: an element of 'command' must be a string, not a number\n"},
    {SERVER("'command': ['no-such-program', '${HOME}']"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:35: warning: program 'no-such-program' was not found\n"
     "@:1:54: warning: ${...} is not replaced in 'command': anybody on the machine can "
     "read command lines; use 'env'\n"},
    {SERVER("'command': ['sh'], 'headers': {}, 'transport': 'http'"),
     NO_GRANTS "@:1:16: warning: " UNREACHED
               "@:1:42: error: 'headers' goes with 'url', which this server does not have\n"
               "@:1:57: error: 'transport' goes with 'url', which this server does not have\n"},
    {SERVER("'url': 'http://h', 'env': {}, 'inherit_env': [], 'share': 'server'"),
     NO_GRANTS "@:1:16: warning: " UNREACHED
               "@:1:42: error: 'env' goes with 'command', which this server does not have\n"
               "@:1:53: error: 'inherit_env' goes with 'command', which this server does not "
               "have\n"
               "@:1:72: error: 'share' goes with 'command', which this server does not have\n"},
    {SERVER("'command': ['sh'], 'env': { 'A=B': 'x', 'C': 1, 'D': '${NOPE}' }"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:51: error: 'A=B' is no name of an environment variable\n"
     "@:1:68: error: 'C' must be a string, not a number\n"
     "@:1:77: error: environment variable 'NOPE' is not set\n"},
    {SERVER("'command': ['sh'], 'inherit_env': ['HOME', 'NOPE', '1', null]"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:66: warning: environment variable 'NOPE' is not set\n"
     "@:1:74: error: '1' is no name of an environment variable\n"
     "@:1:79: error: an element of 'inherit_env' must be a string, not null\n"},
    {SERVER("'url': 'ftp://h', 'transport': 'ws', 'share': 'all'"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:30: error: 'url' must begin with http:// or https://\n"
     "@:1:54: error: 'transport' must be \"http\" or \"sse\", not \"ws\"\n"
     "@:1:60: error: 'share' goes with 'command', which this server does not have\n"
     "@:1:69: error: 'share' must be \"session\" or \"server\", not \"all\"\n"},
    {SERVER("'url': 'https://u:${KRAKEN_TOKEN}@h'"),
     NO_GRANTS "@:1:16: warning: " UNREACHED
               "@:1:30: error: 'url' must not hold a user name or password; use 'headers'\n"},
    {SERVER("'url': 'http://${NOPE}/${ALSO_NOPE}'"), NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:38: error: environment variable 'NOPE' is not set\n"
     "@:1:46: error: environment variable 'ALSO_NOPE' is not set\n"},
    {SERVER("'url': 'http://h', 'headers': {\n 'X-A': '${NOPE', 'X-B': 'a${}', 'X-C': '${1}',\n"
            " 'X-D': '${EMPTY}', 'X-\\u0045': 'a\\u0062${NOPE}' }"),
     NO_GRANTS
     "@:1:16: warning: " UNREACHED
     "@:2:10: error: '${' must be followed by the name of a variable and '}'; write '$${' for a "
     "plain '${'\n"
     "@:2:28: error: '${' must be followed by the name of a variable and '}'; write '$${' for a "
     "plain '${'\n"
     "@:2:42: error: '${' must be followed by the name of a variable and '}'; write '$${' for a "
     "plain '${'\n"
     "@:3:10: warning: environment variable 'EMPTY' is empty\n"
     "@:3:41: error: environment variable 'NOPE' is not set\n"},
    {SERVER("'url': 'http://h', 'headers': { 'Host': 'x', 'mcp-session-id': 'x', 'a b': 'x',\n"
            " 'X': 'a\\nb', 'Y': '${LINES}', 'x': '', 'TRANSFER-encoding': '', 'Mcp-Param-x': '',"
            " 'Z': 1 }"),
     NO_GRANTS
     "@:1:16: warning: " UNREACHED "@:1:55: error: header 'Host' is set by the gateway itself\n"
     "@:1:68: error: header 'mcp-session-id' is set by the gateway itself\n"
     "@:1:91: error: 'a b' is no name of an HTTP header\n"
     "@:2:7: error: the value of header 'X' holds a line break or another control character\n"
     "@:2:20: error: the value of header 'Y' holds a line break or another control character\n"
     "@:2:32: error: header 'x' is there already, in another spelling\n"
     "@:2:41: error: header 'TRANSFER-encoding' is set by the gateway itself\n"
     "@:2:66: error: header 'Mcp-Param-x' is set by the gateway itself\n"
     "@:2:90: error: 'Z' must be a string, not a number\n"},
    {SERVER("'url': 'http://h.example.com', 'headers': { 'authorization': 'x' }"),
     NO_GRANTS "@:1:16: warning: " UNREACHED
               "@:1:30: warning: 'url' is not https: the Authorization header crosses the network "
               "readable by anybody\n"},
    {SERVER("'url': 'http://h', 'timeouts': { 'connect': 0, 'answer': '25h', 'idle': 1 },\n"
            "'max_message_bytes': '2GiB', 'max_calls': 1e9"),
     NO_GRANTS "@:1:16: warning: " UNREACHED "@:1:67: error: 'connect' must be from 100ms to 10m\n"
               "@:1:80: error: 'answer' must be from 1s to 1d\n"
               "@:1:87: error: unknown key 'idle'; 'timeouts' has connect, answer\n"
               "@:2:22: error: 'max_message_bytes' must be from 1 KiB to 1 GiB\n"
               "@:2:43: error: 'max_calls' must be from 1 to 100000\n"},
};

static const struct row grant_rows[] = {
    {"{ 'grants': 1 }", "@:1:13: error: 'grants' must be an object, not a number\n"},
    {"{ 'grants': {} }", "@:1:13: warning: there are no grants: nobody can call anything\n"},
    {GRANT(""), "@:1:20: error: a grant needs 'servers'\n"
                "@:1:20: error: a grant needs 'token_sha256' or 'token_env'\n"},
    {"{ 'grants': { '': { 'token_sha256': '" HASH "', 'servers': {} } } }",
     "@:1:15: error: grant names have 1 to 64 letters, digits, '_' and '-'\n"
     "@:1:116: warning: grant '' reaches no server\n"},
    {GRANT("'token': 'abc', 'servers': {}"),
     "@:1:22: error: 'token' is not accepted: a token in the file would be readable by whoever "
     "reads the file; give its hash as 'token_sha256' ('sallyport token' makes both), or name an "
     "environment variable in 'token_env'\n"
     "@:1:49: warning: grant 'g' reaches no server\n"},
    {GRANT("'token_sha256': 'sp_secret', 'servers': []"),
     "@:1:38: error: 'token_sha256' must be 64 hexadecimal digits ('sallyport token' prints "
     "them)\n"
     "@:1:62: warning: grant 'g' reaches no server\n"},
    {GRANT("'token_sha256': '" HASH "', 'token_env': 'CI_TOKEN', 'servers': 3"),
     "@:1:106: error: a grant has either 'token_sha256' or 'token_env', not both\n"
     "@:1:142: error: 'servers' of a grant must be an object (server to policy) or a list of "
     "servers\n"},
    {GRANT("'token_env': 'SHORT', 'servers': {}"),
     "@:1:35: error: the token in environment variable 'SHORT' must have 20 to 4096 characters\n"
     "@:1:55: warning: grant 'g' reaches no server\n"},
    {GRANT("'token_env': 'NOPE', 'servers': {}"),
     "@:1:35: error: environment variable 'NOPE' is not set\n"
     "@:1:54: warning: grant 'g' reaches no server\n"},
    {GRANT("'token_env': 'A B', 'servers': {}"),
     "@:1:35: error: 'A B' is no name of an environment variable\n"
     "@:1:53: warning: grant 'g' reaches no server\n"},
    {GRANT("'token_env': 'CI_TOKEN', 'servers': {}, 'mode': 'watch', 'expires': 'soon',\n"
           "'tags': ['', 1], 'toker_env': 1"),
     "@:1:58: warning: grant 'g' reaches no server\n"
     "@:1:70: error: 'mode' must be \"enforce\" or \"observe\", not \"watch\"\n"
     "@:1:90: error: 'expires' must be a time like \"2027-01-01T00:00:00Z\"\n"
     "@:2:10: error: tags have 1 to 64 bytes\n"
     "@:2:14: error: an element of 'tags' must be a string, not a number\n"
     "@:2:18: error: unknown key 'toker_env'; did you mean 'token_env'?\n"},
    {GRANT("'token_env': 'CI_TOKEN', 'servers': {}, 'expires': '2020-01-01T00:00:00Z'"),
     "@:1:58: warning: grant 'g' reaches no server\n"
     "@:1:73: warning: grant 'g' has expired\n"},
    {"{ 'grants': { 'a': { 'token_env': 'CI_TOKEN', 'servers': {} },\n"
     "  'b': { 'token_env': 'CI_TOKEN', 'servers': {} } } }",
     "@:1:58: warning: grant 'a' reaches no server\n"
     "@:2:23: error: grant 'b' has the same token as grant 'a'\n"
     "@:2:46: warning: grant 'b' reaches no server\n"},
    {"{ 'servers': { 'files': { 'url': 'http://h' } }, 'policies': { 'good': "
     "'policies/good.json' },\n"
     "'grants': { 'g': { 'token_env': 'CI_TOKEN',\n"
     "  'servers': { 'file': 'good', 'files': 'goood', 'other': null } } } }",
     "@:3:16: error: there is no server 'file'; did you mean 'files'?\n"
     "@:3:41: error: there is no policy 'goood'; did you mean 'good'?\n"
     "@:3:50: error: there is no server 'other'\n"},
    {"{ 'servers': { 'files': { 'url': 'http://h' } },\n"
     "'grants': { 'g': { 'token_env': 'CI_TOKEN', 'servers': ['files', 'files', 'x', 7] } } }",
     "@:2:56: warning: grant 'g' has no 'policy': every call is denied\n"
     "@:2:66: error: server 'files' is listed twice\n"
     "@:2:75: error: there is no server 'x'\n"
     "@:2:80: error: an element of 'servers' must be a string, not a number\n"},
    {"{ 'servers': { 'files': { 'url': 'http://h' } },\n"
     "'grants': { 'g': { 'token_env': 'CI_TOKEN', 'policy': 'p', 'servers': {'files': null } } } }",
     "@:2:45: error: 'policy' goes with a list of servers; here 'servers' names a policy for "
     "each\n"
     "@:2:81: warning: no policy for server 'files': every call is denied\n"},
};

static const struct row policy_rows[] = {
    {"{ 'policies': { 'good': 'policies/good.json', 'x y': 'policies/good.json' } }",
     NO_GRANTS "@:1:17: warning: policy 'good' is used by no grant\n"
               "@:1:47: error: policy names have 1 to 64 letters, digits, '_' and '-'\n"
               "@:1:47: warning: policy 'x y' is used by no grant\n"},
    {"{ 'policies': { 'a': 'policies/none.json' } }",
     NO_GRANTS "@:1:17: warning: policy 'a' is used by no grant\n"
               "@:1:22: error: 'policies/none.json' cannot be read: No such file or directory\n"},
    {"{ 'policies': { 'a': 'policies' } }",
     NO_GRANTS "@:1:17: warning: policy 'a' is used by no grant\n"
               "@:1:22: error: 'policies' cannot be read: Is a directory\n"},
    {"{ 'policies': { 'a': {} } }",
     NO_GRANTS "@:1:17: warning: policy 'a' is used by no grant\n"
               "@:1:22: error: 'a' must be a string, not an object\n"},
};

static void expand_name(const char *list, struct buffer *out)
{
    buffer_init(out, 0);
    for (; *list != '\0'; list++) {
        bool name = *list == '@' && list[1] == ':';
        buffer_append(out, name ? SLICE_LITERAL("sallyport.json") : slice_of(list, 1));
    }
    buffer_append(out, slice_of("", 1));
}

static void check_row(const struct row *row, bool prefix)
{
    struct config *config = NULL;
    struct buffer said, expected;
    int result = workspace_load(row->document, &config, &said);
    expand_name(row->problems, &expected);
    const char *text = buffer_slice(&said).data, *wanted = buffer_slice(&expected).data;
    bool same = prefix ? strncmp(text, wanted, strlen(wanted)) == 0 : strcmp(text, wanted) == 0;
    if (!same)
        fail_msg("%s\nsaid:\n%swanted:\n%s", row->document, text, wanted);
    bool has_error = strstr(wanted, " error: ") != NULL;
    assert_int_equal(result, has_error ? ERROR_CONFIG : 0);
    assert_int_equal(config == NULL, has_error);
    config_free(config);
    buffer_release(&said);
    buffer_release(&expected);
}

#define CHECK_ROWS(rows, prefix)                                                                   \
    for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++)                                     \
    check_row(&(rows)[i], prefix)

static void finds_broken_json(void **state)
{
    (void)state;
    CHECK_ROWS(syntax_rows, true);
}

static void finds_problems_of_the_document(void **state)
{
    (void)state;
    CHECK_ROWS(top_rows, false);
}

static void finds_problems_of_servers(void **state)
{
    (void)state;
    CHECK_ROWS(server_rows, false);
}

static void finds_problems_of_grants(void **state)
{
    (void)state;
    CHECK_ROWS(grant_rows, false);
}

static void finds_problems_of_policies(void **state)
{
    (void)state;
    CHECK_ROWS(policy_rows, false);
}

static void passes_on_what_policies_say(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct buffer said;
    workspace_write("policies/bad.json", "{ 'version': '1',\n  'defaults': 'deny' }");
    int result =
        workspace_load("{ 'zzzzzz': 1, 'policies': { 'b': 'policies/bad.json' } }", &config, &said);
    const char *text = buffer_slice(&said).data;
    assert_int_equal(result, ERROR_CONFIG);
    // The configuration's own problems come first, then the policy's under its own name.
    const char *own = strstr(text, "sallyport.json:1:3: error: unknown key 'zzzzzz'");
    const char *other = strstr(text, "policies/bad.json:2:3: error: ");
    assert_non_null(own);
    assert_non_null(other);
    assert_true(own < other);
    buffer_release(&said);
}

static void says_when_the_file_is_missing(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_problems problems;
    assert_int_equal(config_load("nowhere.json", NULL, &config, &problems), ERROR_CONFIG);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].at.line, 0);
    struct buffer out;
    buffer_init(&out, 0);
    config_problems_print(&problems, &out);
    assert_true(slice_equal_string(
        buffer_slice(&out), "nowhere.json: error: cannot be read: No such file or directory\n"));
    buffer_release(&out);
    config_problems_release(&problems);
    assert_null(config);
}

static void never_prints_secrets(void **state)
{
    (void)state;
    static const char *const documents[] = {
        SERVER("'url': 'http://kraken-secret', 'headers': { 'a': 'kraken-secret\\n' }"),
        SERVER("'url': 'nonsense:${KRAKEN_TOKEN}', 'headers': { 'host': '${KRAKEN_TOKEN}' }"),
        SERVER("'url': 'http://${KRAKEN_TOKEN}@h'"),
        SERVER("'command': ['sh'], 'env': { 'A B': '${KRAKEN_TOKEN}' }"),
        GRANT("'token_sha256': 'kraken-secret', 'servers': {}"),
        GRANT("'token': 'kraken-secret', 'servers': {}")};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct config *config = NULL;
        struct buffer said;
        workspace_load(documents[i], &config, &said);
        assert_null(strstr(buffer_slice(&said).data, "kraken-secret"));
        assert_true(strlen(buffer_slice(&said).data) > 0);
        config_free(config);
        buffer_release(&said);
    }
}

// A server with `count` members in one of its objects.
static char *repeat(const char *head, const char *member, int count)
{
    size_t size = strlen(head) + (size_t)count * (strlen(member) + 16) + 16, length = 0;
    char *text = calloc(1, size);
    assert_non_null(text);
    length += (size_t)snprintf(text, size, "{ 'servers': { 'a': { %s: {", head);
    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, size - length, "%s'%s%d':''", i == 0 ? "" : ",",
                                   member, i);
    snprintf(text + length, size - length, "} } } }");
    return text;
}

static void bounds_headers_and_variables(void **state)
{
    (void)state;
    static const struct {
        const char *head, *member;
        int count;
        const char *sentence; // NULL: fine
    } rows[] = {
        {"'url':'http://h','headers'", "x", 32, NULL},
        {"'url':'http://h','headers'", "x", 33, "error: more than 32 headers\n"},
        {"'command':['sh'],'env'", "x", 2045, NULL},
        {"'command':['sh'],'env'", "x", 2046, "error: more than 2045 environment variables\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *document = repeat(rows[i].head, rows[i].member, rows[i].count);
        struct config *config = NULL;
        struct buffer said;
        int result = workspace_load(document, &config, &said);
        if (rows[i].sentence != NULL)
            assert_non_null(strstr(buffer_slice(&said).data, rows[i].sentence));
        assert_int_equal(result, rows[i].sentence == NULL ? 0 : ERROR_CONFIG);
        config_free(config);
        buffer_release(&said);
        free(document);
    }
}

static void bounds_the_list(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_problems problems;
    FILE *file = fopen("sallyport.json", "w");
    assert_non_null(file);
    fputs("{", file);
    for (int i = 0; i < 3000; i++)
        fprintf(file, "%s\"zzzzzz%d\":1\n", i == 0 ? "" : ",", i);
    fputs("}", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(config_load("sallyport.json", NULL, &config, &problems), ERROR_CONFIG);
    assert_int_equal(problems.count, CONFIG_PROBLEMS_MAX);
    assert_true(problems.cut);
    config_problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_broken_json),
        cmocka_unit_test(finds_problems_of_the_document),
        cmocka_unit_test(finds_problems_of_servers),
        cmocka_unit_test(finds_problems_of_grants),
        cmocka_unit_test(finds_problems_of_policies),
        cmocka_unit_test(passes_on_what_policies_say),
        cmocka_unit_test(says_when_the_file_is_missing),
        cmocka_unit_test(never_prints_secrets),
        cmocka_unit_test(bounds_headers_and_variables),
        cmocka_unit_test(bounds_the_list),
    };
    return cmocka_run_group_tests(tests, workspace_enter, workspace_leave);
}
