// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// An MCP server on standard input and output for tests: no allocations, no library. What a call
// does depends on the tool's name.
//
//   child [record FILE] [quit STATUS]
//
// `record` appends "METHOD NAME" of every message; `quit` exits at once.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int record_fd = -1;
static char held_id[256];   // of a "hold" call that waits for "release"
static char asking_id[256]; // of an "ask" call that waits for the client's answer
static char question_id[32];

static void write_all(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, text, length);
        if (written <= 0)
            exit(1);
        text += written;
        length -= (size_t)written;
    }
}

static void say(const char *text)
{
    write_all(text, strlen(text));
}

// The raw value behind `"name":` up to the next comma or brace outside a string; "" when absent.
static void member(const char *line, const char *name, char *value, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = strstr(line, wanted);
    size_t n = 0;
    bool string = false;
    value[0] = '\0';
    if (at == NULL)
        return;
    for (at += strlen(wanted); *at != '\0' && n + 1 < size; at++) {
        if (*at == '"')
            string = !string;
        if (!string && (*at == ',' || *at == '}' || *at == ']'))
            break;
        value[n++] = *at;
    }
    value[n] = '\0';
}

static void answer(const char *id, const char *result)
{
    char line[4096];
    snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n", id, result);
    say(line);
}

static void answer_error(const char *id, const char *text)
{
    char line[1024];
    snprintf(line, sizeof line,
             "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32600,\"message\":\"%s\"}}\n", id,
             text);
    say(line);
}

static void text_answer(const char *id, const char *text)
{
    char result[512];
    snprintf(result, sizeof result, "{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}]}", text);
    answer(id, result);
}

static void garbage(void)
{
    say("this is no JSON\n\n{\"jsonrpc\":\"2.0\"\n[]\n{\"jsonrpc\":\"2.0\",\"id\":\n\xff\xfe\n");
    say("{\"jsonrpc\":\"2.0\",\"id\":424242,\"result\":{}}\n"); // nobody asked
}

static void progress(const char *line)
{
    char token[256], text[512];
    member(line, "progressToken", token, sizeof token);
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"
             "\"progressToken\":%s,\"progress\":1}}\n",
             token);
    say(text);
}

static void ask(const char *id)
{
    static unsigned questions;
    char line[256];
    snprintf(asking_id, sizeof asking_id, "%s", id);
    snprintf(question_id, sizeof question_id, "\"ask-%u\"", ++questions);
    snprintf(
        line, sizeof line,
        "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"elicitation/create\",\"params\":{"
        "\"message\":\"sure?\",\"requestedSchema\":{\"type\":\"object\",\"properties\":{}}}}\n",
        question_id);
    say(line);
}

static void call(const char *line, const char *id, const char *name)
{
    if (strstr(line, "io.modelcontextprotocol/protocolVersion") != NULL) { // of the newer era
        answer_error(id, "no session");
        return;
    }
    if (strcmp(name, "\"die\"") == 0) {
        say("{\"jsonrpc\":\"2.0\",\"id\":");
        exit(3);
    }
    if (strcmp(name, "\"silent\"") == 0)
        return;
    if (strcmp(name, "\"hold\"") == 0) {
        snprintf(held_id, sizeof held_id, "%s", id);
        return;
    }
    if (strcmp(name, "\"release\"") == 0) { // the younger call is answered first
        text_answer(id, "release");
        text_answer(held_id, "hold");
        return;
    }
    if (strcmp(name, "\"ask\"") == 0) {
        ask(id);
        return;
    }
    if (strcmp(name, "\"garbage\"") == 0)
        garbage();
    if (strcmp(name, "\"stream\"") == 0)
        progress(line);
    if (strcmp(name, "\"twice\"") == 0)
        text_answer(id, "first");
    if (strcmp(name, "\"errors\"") == 0)
        (void)!write(STDERR_FILENO, "a line for the log\n", 19);
    text_answer(id, id[0] == '"' ? "string" : "plain");
}

static void record(const char *method, const char *name)
{
    char line[600];
    if (record_fd < 0)
        return;
    int length = snprintf(line, sizeof line, "%s %s\n", method, name);
    if (write(record_fd, line, (size_t)length) != length)
        exit(1);
}

static void handle(const char *line)
{
    char id[256], method[256], name[256], version[64], result[256];
    const char *params = strstr(line, "\"params\"");
    member(line, "id", id, sizeof id);
    member(line, "method", method, sizeof method);
    member(params == NULL ? "" : params, "name", name, sizeof name);
    record(method, name);
    if (method[0] == '\0' && asking_id[0] != '\0' && strcmp(id, question_id) == 0) {
        text_answer(asking_id, "asked");
        asking_id[0] = '\0';
    }
    if (id[0] == '\0' || method[0] == '\0')
        return;
    if (strcmp(method, "\"initialize\"") == 0) {
        member(line, "protocolVersion", version, sizeof version);
        snprintf(result, sizeof result,
                 "{\"protocolVersion\":%s,\"capabilities\":{\"tools\":{}},"
                 "\"serverInfo\":{\"name\":\"child\",\"version\":\"1\"}}",
                 version);
        answer(id, result);
    } else if (strcmp(method, "\"tools/list\"") == 0)
        answer(id, "{\"tools\":[{\"name\":\"plain\",\"inputSchema\":{\"type\":\"object\"}},"
                   "{\"name\":\"drop\",\"inputSchema\":{\"type\":\"object\"}},"
                   "{\"name\":\"s\\u0065cret\",\"inputSchema\":{\"type\":\"object\"}}]}");
    else if (strcmp(method, "\"tools/call\"") == 0)
        call(line, id, name);
    else
        answer(id, "{}");
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "quit") == 0)
            return (int)strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "record") == 0)
            record_fd = open(argv[i + 1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    static char line[1024 * 1024];
    while (fgets(line, sizeof line, stdin) != NULL)
        handle(line);
    return 0;
}
