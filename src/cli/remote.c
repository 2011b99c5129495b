// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// One call to the API at a time, on a loop of its own that stops with the answer.
#include "cli/remote_internal.h"

#include "net/net.h"

#include <stdio.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, MEMORY_MAX = 1024 * 1024, TIMEOUT_MS = 60000 };

// ---- Where, and with which key

// "https://host:port", without a path; the port may be missing.
static bool split_url(const char *url, struct http_client_options *ret, char address[300])
{
    struct slice rest = slice_from_string(url), host;
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};
    ret->tls = slice_starts_with(rest, schemes[1]);
    if (!ret->tls && !slice_starts_with(rest, schemes[0]))
        return false;
    rest.data += schemes[ret->tls].length;
    rest.length -= schemes[ret->tls].length;
    if (rest.length > 0 && rest.data[rest.length - 1] == '/')
        rest.length--;
    if (rest.length == 0 || rest.length > 255 || memchr(rest.data, '/', rest.length) != NULL)
        return false;
    const char *close = memchr(rest.data, ']', rest.length);
    size_t skip = close == NULL ? 0 : (size_t)(close - rest.data);
    bool port = memchr(rest.data + skip, ':', rest.length - skip) != NULL;
    snprintf(address, 300, "%.*s%s", SLICE_PRINT(rest), port ? "" : ret->tls ? ":443" : ":80");
    if (!config_split_address(slice_from_string(address), &host, &ret->port))
        return false;
    ret->host = host;
    return true;
}

static int take_key(struct remote *remote, const struct cli_arguments *arguments,
                    const char *const *environment)
{
    const char *name = arguments->values[REMOTE_KEY_ENV];
    name = name == NULL ? "SALLYPORT_KEY" : name;
    const char *key = config_variable(environment, slice_from_string(name));
    if (key == NULL || *key == '\0')
        return cli_complain(CLI_USAGE,
                            "the environment variable '%s' with an API key is not set; admins make "
                            "keys, see docs/api.md",
                            name);
    buffer_reserve(&remote->authorization, strlen(key) + 8); // growing would leave a copy behind
    buffer_append_string(&remote->authorization, "Bearer ");
    buffer_append_string(&remote->authorization, key);
    return remote->authorization.failed ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
}

int remote_open(struct remote *remote, const struct cli_arguments *arguments,
                const char *const *environment)
{
    struct http_client_options options = {.head_timeout_ms = TIMEOUT_MS};
    struct error error = {0};
    char address[300];
    *remote = (struct remote){.json = arguments->values[REMOTE_JSON] != NULL};
    buffer_init(&remote->authorization, 0);
    buffer_init(&remote->body, ANSWER_MAX);
    json_doc_init(&remote->doc);
    arena_init(&remote->arena, MEMORY_MAX);
    const char *url = arguments->values[REMOTE_GATEWAY];
    if (url == NULL)
        url = config_variable(environment, SLICE_LITERAL("SALLYPORT_URL"));
    if (url == NULL || *url == '\0')
        url = "http://127.0.0.1:8700";
    if (!split_url(url, &options, address))
        return cli_complain(CLI_USAGE, "'%s' must be http://HOST:PORT or https://HOST:PORT", url);
    if (!options.tls && !config_is_loopback(options.host))
        return cli_complain(CLI_USAGE, "'%s' would show the key to the network; use https://", url);
    int exit_code = take_key(remote, arguments, environment);
    if (exit_code != CLI_OK)
        return exit_code;
    if (options.tls && net_tls_client(NULL, &remote->tls, &error) != 0)
        return cli_complain(CLI_FAILED, "%s", error.text);
    options.tls_context = remote->tls;
    remote->loop = loop_new();
    remote->client = remote->loop == NULL ? NULL : http_client_new(remote->loop, &options);
    return remote->client == NULL ? cli_complain(CLI_FAILED, "out of memory") : CLI_OK;
}

void remote_close(struct remote *remote)
{
    if (remote->client != NULL)
        http_client_free(remote->client);
    loop_free(remote->loop);
    net_tls_free(remote->tls);
    buffer_wipe(&remote->authorization);
    buffer_wipe(&remote->body);
    json_doc_release(&remote->doc);
    arena_release(&remote->arena);
}

// ---- A call

static void head_cb(void *argument, const struct http_response *head)
{
    ((struct remote *)argument)->status = head->status;
}

static void body_cb(void *argument, struct slice data)
{
    struct remote *remote = argument;
    if (remote->take == NULL || remote->status != 200)
        buffer_append(&remote->body, data);
    else if (remote->failure == 0 && remote->take(remote->take_argument, data) != 0) {
        remote->failure = ERROR_CANCELLED;
        snprintf(remote->text, sizeof remote->text, "%s", "what it says cannot be written");
        loop_stop(remote->loop);
    }
}

static void end_cb(void *argument)
{
    loop_stop(((struct remote *)argument)->loop);
}

static void error_cb(void *argument, int code, bool sent, const char *text)
{
    struct remote *remote = argument;
    (void)sent;
    remote->failure = code;
    snprintf(remote->text, sizeof remote->text, "%s", text);
    loop_stop(remote->loop);
}

static int start(struct remote *remote, const char *method, struct slice target, struct slice body,
                 const char *if_match)
{
    struct http_header headers[5];
    size_t count = 0;
    struct http_call *call;
    if (remote->last_event.length > 0)
        headers[count++] = (struct http_header){SLICE_LITERAL("Last-Event-ID"), remote->last_event};
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Authorization"), buffer_slice(&remote->authorization)};
    headers[count++] =
        (struct http_header){SLICE_LITERAL("Accept"), SLICE_LITERAL("application/json")};
    if (if_match != NULL)
        headers[count++] =
            (struct http_header){SLICE_LITERAL("If-Match"), slice_from_string(if_match)};
    if (body.data != NULL)
        headers[count++] =
            (struct http_header){SLICE_LITERAL("Content-Type"), SLICE_LITERAL("application/json")};
    const struct http_call_request request = {.method = slice_from_string(method),
                                              .target = target,
                                              .headers = headers,
                                              .header_count = count,
                                              .body = body};
    const struct http_call_events events = {.on_head = head_cb,
                                            .on_body = body_cb,
                                            .on_end = end_cb,
                                            .on_error = error_cb,
                                            .argument = remote};
    return http_client_start(remote->client, &request, &events, &call);
}

static uint32_t small_number(struct remote *remote, uint32_t object, const char *name)
{
    uint32_t node = json_get(&remote->doc, object, name);
    int64_t number = 0;
    bool good = node != JSON_NONE && json_integer(&remote->doc, node, &number) == 0 && number > 0 &&
                number <= INT32_MAX;
    return good ? (uint32_t)number : 0;
}

static void print_fault(struct remote *remote, uint32_t item, struct buffer *out)
{
    uint32_t line = small_number(remote, item, "line"),
             column = small_number(remote, item, "column");
    buffer_append_string(out, "\n  ");
    if (remote->write_place != NULL) {
        remote->write_place(remote->place_argument, out, remote_text(remote, item, "field"), line,
                            column);
    } else {
        remote_print_value(out, remote, json_get(&remote->doc, item, "field"));
        if (line > 0)
            buffer_append_format(out, ":%u:%u", line, column);
    }
    buffer_append_string(out, ": ");
    remote_print_value(out, remote, json_get(&remote->doc, item, "detail"));
}

// "sallyport: DETAIL", then a line for each fault.
static int print_problem(struct remote *remote)
{
    struct buffer out;
    buffer_init(&out, 0);
    uint32_t detail = json_get(&remote->doc, 0, "detail");
    if (detail == JSON_NONE)
        return cli_complain(CLI_FAILED, "the gateway answered with status %d", remote->status);
    buffer_append_string(&out, "sallyport: ");
    remote_print_value(&out, remote, detail);
    uint32_t errors = json_get(&remote->doc, 0, "errors");
    for (uint32_t item = errors == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, errors);
         item != JSON_NONE; item = json_next_element(&remote->doc, errors, item))
        print_fault(remote, item, &out);
    buffer_append_string(&out, "\n");
    fwrite(buffer_slice(&out).data, 1, buffer_slice(&out).length, stderr);
    buffer_release(&out);
    return CLI_FAILED;
}

int remote_call(struct remote *remote, const char *method, struct slice target, struct slice body,
                const char *if_match)
{
    struct slice whole = arena_format(&remote->arena, "/api/v1%.*s", SLICE_PRINT(target));
    struct error error = {0};
    buffer_clear(&remote->body);
    remote->failure = whole.data == NULL ? ERROR_NO_MEMORY : 0;
    remote->status = 0;
    if (remote->failure == 0)
        remote->failure = start(remote, method, whole, body, if_match);
    if (remote->failure != 0)
        return cli_complain(CLI_FAILED, "%s", error_text(remote->failure));
    loop_run(remote->loop);
    if (remote->failure != 0)
        return cli_complain(CLI_FAILED, "the gateway cannot be asked: %s", remote->text);
    if (remote->body.failed)
        return cli_complain(CLI_FAILED, "the answer is too large");
    bool empty = remote->status == 204 || (remote->take != NULL && remote->status == 200);
    if (!empty && json_scan(&remote->doc, buffer_slice(&remote->body), NULL, &error, NULL) != 0)
        return cli_complain(CLI_FAILED, "what answers (status %d) is no Sallyport API",
                            remote->status);
    return remote->status < 300 ? CLI_OK : print_problem(remote);
}

// ---- Answers

struct slice remote_text(struct remote *remote, uint32_t object, const char *name)
{
    uint32_t node = json_get(&remote->doc, object, name);
    if (node == JSON_NONE || json_type(&remote->doc, node) != JSON_STRING)
        return (struct slice){"", 0};
    struct slice text = json_string(&remote->doc, node, &remote->arena);
    return text.data == NULL ? (struct slice){"", 0} : text;
}

void remote_print_value(struct buffer *out, struct remote *remote, uint32_t node)
{
    if (node == JSON_NONE)
        return;
    struct slice text = json_raw(&remote->doc, node);
    if (json_type(&remote->doc, node) == JSON_STRING)
        text = json_string(&remote->doc, node, &remote->arena);
    else if (json_type(&remote->doc, node) == JSON_NULL)
        text = SLICE_LITERAL("-");
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_append(out, c < 0x20 || c == 0x7F ? SLICE_LITERAL("?") : slice_of(text.data + i, 1));
    }
}

// Everything but letters, digits, - _ and . is percent-encoded.
struct slice remote_encode(struct remote *remote, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(text), used = 0;
    char *out = length > 4096 ? NULL : arena_take(&remote->arena, 3 * length + 1);
    for (size_t i = 0; out != NULL && i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.';
        if (plain) {
            out[used++] = (char)c;
        } else {
            out[used++] = '%';
            out[used++] = digits[c >> 4];
            out[used++] = digits[c & 15];
        }
    }
    return slice_of(out, used);
}

// JSON_NONE: none has this name, or a call failed and *ret_exit says so.
static uint32_t find_named(struct remote *remote, const char *path, const char *find_by,
                           struct slice value, int *ret_exit)
{
    struct slice target =
        arena_format(&remote->arena, "%s?%s=%.*s", path, find_by, SLICE_PRINT(value));
    *ret_exit = remote_call(remote, "GET", target, (struct slice){0}, NULL);
    uint32_t items = *ret_exit == CLI_OK ? json_get(&remote->doc, 0, "items") : JSON_NONE;
    return items == JSON_NONE ? JSON_NONE : json_first_element(&remote->doc, items);
}

struct slice remote_find(struct remote *remote, const char *path, const char *find_by,
                         const char *name, uint32_t *ret_node)
{
    struct slice none = {0}, value = remote_encode(remote, name), target;
    int exit_code = CLI_OK;
    if (value.data == NULL) {
        cli_complain(CLI_FAILED, "the name is too long");
        return none;
    }
    *ret_node = *find_by == '\0' ? JSON_NONE : find_named(remote, path, find_by, value, &exit_code);
    if (exit_code != CLI_OK)
        return none;
    if (*ret_node != JSON_NONE)
        return arena_format(&remote->arena, "%s/%.*s", path,
                            SLICE_PRINT(remote_text(remote, *ret_node, "id")));
    target = arena_format(&remote->arena, "%s/%.*s", path, SLICE_PRINT(value));
    *ret_node = 0;
    if (target.data == NULL || remote_call(remote, "GET", target, none, NULL) != CLI_OK)
        return none;
    return target;
}
