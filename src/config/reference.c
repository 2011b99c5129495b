// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The reference of docs/configuration.md, written from the same tables that read the file.
#include "config/config_internal.h"

static void append_range(struct buffer *out, const struct config_option *option)
{
    char least[CONFIG_AMOUNT_SIZE], most[CONFIG_AMOUNT_SIZE];
    switch (option->kind) {
    case OPTION_DURATION:
        config_show_duration((uint64_t)option->least, least);
        config_show_duration((uint64_t)option->most, most);
        buffer_append_format(out, "duration, %s to %s", least, most);
        break;
    case OPTION_BYTES:
        config_show_bytes((uint64_t)option->least, least);
        config_show_bytes((uint64_t)option->most, most);
        buffer_append_format(out, "size, %s to %s", least, most);
        break;
    default:
        buffer_append_format(out, "integer, %lld to %lld", (long long)option->least,
                             (long long)option->most);
        break;
    }
}

static void append_type(struct buffer *out, const struct config_option *option)
{
    switch (option->kind) {
    case OPTION_STRING: buffer_append_string(out, "string"); break;
    case OPTION_FILE: buffer_append_string(out, "path of a file"); break;
    case OPTION_NEW_FILE: buffer_append_string(out, "path"); break;
    case OPTION_OBJECT: buffer_append_string(out, "object"); break;
    case OPTION_CHOICE:
        for (size_t i = 0; option->choices[i] != NULL; i++)
            buffer_append_format(out, "%s`\"%s\"`", i == 0 ? "" : " or ", option->choices[i]);
        break;
    case OPTION_BYTES:
    case OPTION_COUNT:
    case OPTION_DURATION: append_range(out, option); break;
    default: buffer_append_string(out, option->type); break;
    }
}

static void append_table(struct buffer *out, const struct config_section *section)
{
    buffer_append_string(out, "| key | type | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < section->count; i++) {
        const struct config_option *option = &section->options[i];
        if (option->help == NULL)
            continue;
        buffer_append_format(out, "| `%s` | ", option->key);
        append_type(out, option);
        if (option->standard != NULL)
            buffer_append_format(out, " | `%s` | ", option->standard);
        else
            buffer_append_string(out, option->required ? " | required | " : " | | ");
        buffer_append_format(out, "%s |\n", option->help);
    }
}

static void append_section(struct buffer *out, const char *title,
                           const struct config_section *section)
{
    buffer_append_format(out, "### %s\n\n", title);
    append_table(out, section);
    buffer_append_string(out, "\n");
    for (size_t i = 0; i < section->count; i++)
        if (section->options[i].kind == OPTION_OBJECT) {
            buffer_append_format(out, "#### `%s`\n\n", section->options[i].key);
            append_table(out, section->options[i].section);
            buffer_append_string(out, "\n");
        }
}

void config_reference(struct buffer *out)
{
    append_section(out, "The document", &config_top_section);
    append_section(out, "A server", &config_server_section);
    append_section(out, "A grant", &config_grant_section);
    append_section(out, "A sink", &config_sink_section);
}
