// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Problem details (RFC 9457): what is wrong, where in the request, and what to do.
#include "admin/admin_internal.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

struct meaning {
    int code, status;
    const char *type;
    const char *advice; // NULL: the error's own text says it all
};
static const struct meaning meanings[] = {
    {ERROR_NOT_FOUND, 404, "not-found", NULL},
    {ERROR_EXISTS, 409, "conflict", NULL},
    {ERROR_CONFLICT, 412, "lost-update", "read it again and repeat the change with its new ETag"},
    {ERROR_RANGE, 422, "invalid", NULL},
    {ERROR_TYPE, 422, "invalid", NULL},
    {ERROR_CONFIG, 422, "invalid", NULL},
    {ERROR_UNSUPPORTED, 422, "invalid", NULL},
    {ERROR_SYNTAX, 400, "malformed", NULL},
    {ERROR_AMBIGUOUS, 400, "malformed", NULL},
    {ERROR_TOO_LARGE, 413, "too-large", NULL},
    {ERROR_DENIED, 403, "forbidden", NULL},
    {ERROR_LIMIT, 429, "too-many", NULL},
    {ERROR_NO_MEMORY, 503, "unavailable", NULL},
    {ERROR_IO, 503, "unavailable", NULL},
};

int admin_fault(struct admin_request *request, const char *field, uint32_t node,
                struct error *error, const char *format, ...)
{
    char text[400];
    struct admin_problem *problem = &request->problem;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (problem->fault_count < ERRORS_MAX) {
        struct admin_fault *fault = &problem->faults[problem->fault_count++];
        *fault = (struct admin_fault){.field = admin_keep(request, slice_from_string(field)),
                                      .text = admin_keep(request, slice_from_string(text))};
        if (node != JSON_NONE)
            fault->at = json_position(request->doc.text, json_at(&request->doc, node)->start);
    }
    return *field == '\0' ? error_set(error, ERROR_RANGE, "%s", text)
                          : error_set(error, ERROR_RANGE, "'%s' %s", field, text);
}

int admin_refuse(struct admin_request *request, int status, const char *type, int code,
                 struct error *error, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    request->problem.status = status;
    request->problem.type = type;
    return error_set(error, code, "%s", text);
}

static void write_faults(struct buffer *out, const struct admin_problem *problem)
{
    for (size_t i = 0; i < problem->fault_count; i++) {
        const struct admin_fault *fault = &problem->faults[i];
        buffer_append_string(out, i == 0 ? ",\"errors\":[{\"field\":" : ",{\"field\":");
        json_write_string(out, fault->field);
        buffer_append_string(out, ",\"detail\":");
        json_write_string(out, fault->text);
        if (fault->at.line > 0)
            buffer_append_format(out, ",\"line\":%u,\"column\":%u", fault->at.line,
                                 fault->at.column);
        buffer_append_string(out, "}");
    }
    if (problem->fault_count > 0)
        buffer_append_string(out, "]");
}

static struct meaning meaning_of(const struct admin_problem *problem, int result)
{
    struct meaning meaning = {result, 500, "internal", NULL};
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].code == result)
            meaning = meanings[i];
    if (problem->status != 0) {
        meaning.status = problem->status;
        meaning.type = problem->type;
    }
    return meaning;
}

void admin_problem_write(struct admin_request *request, int result, const struct error *error)
{
    struct buffer *out = &request->out;
    struct meaning meaning = meaning_of(&request->problem, result);
    const char *text = error != NULL && error->text[0] != '\0' ? error->text : error_text(result);
    bool own = meaning.status >= 500 && request->problem.status == 0;
    if (own) { // nobody outside needs to know which file
        log_event(LOG_ERROR, "admin", "%.*s %.*s failed: %s", SLICE_PRINT(request->method),
                  SLICE_PRINT(request->path), text);
        text = "the gateway could not do this now; its log says why";
    }
    buffer_clear(out);
    request->status = meaning.status;
    request->problem.detail = admin_keep(request, slice_from_string(text));
    buffer_append_format(out,
                         "{\"type\":\"urn:sallyport:problem:%s\",\"title\":\"%s\",\"status\":%d",
                         meaning.type, http_status_text(meaning.status), meaning.status);
    buffer_append_string(out, ",\"detail\":");
    json_write_string(out, slice_from_string(text));
    if (meaning.advice != NULL) {
        out->length--; // into the same string
        buffer_append_format(out, "; %s\"", meaning.advice);
    }
    write_faults(out, &request->problem);
    buffer_append_string(out, "}");
}
