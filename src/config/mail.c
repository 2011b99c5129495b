// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The mail server that notices to people are sent by.
#include "config/config_internal.h"

#include "fetch/fetch.h"

static const char *const securities[] = {[CONFIG_MAIL_STARTTLS] = "starttls",
                                         [CONFIG_MAIL_TLS] = "tls",
                                         [CONFIG_MAIL_NONE] = "none",
                                         [CONFIG_MAIL_INSECURE] = "insecure",
                                         NULL};

static void read_server(struct config_loader *loader, uint32_t node, void *target)
{
    struct config_mail *mail = &((struct config *)target)->mail;
    struct slice text = config_plain_string(loader, node), host;
    if (text.data == NULL)
        return;
    if (!config_split_host(text, &host, &mail->port) || host.length == 0) {
        config_complain(loader, CONFIG_ERROR, node,
                        "'server' must be a host and a port, like \"smtp.example.com:587\"");
        return;
    }
    mail->host = arena_copy(&loader->config->arena, host).data;
    loader->no_memory = loader->no_memory || mail->host == NULL;
}

static void read_from(struct config_loader *loader, uint32_t node, void *target)
{
    struct config_mail *mail = &((struct config *)target)->mail;
    struct slice text = config_plain_string(loader, node);
    if (text.data != NULL && !fetch_mail_address_is_good(text))
        config_complain(loader, CONFIG_ERROR, node,
                        "'from' must be an address alone, like \"sallyport@example.com\"");
    else
        mail->from = text.data;
}

static const char *read_word(struct config_loader *loader, uint32_t node)
{
    struct slice text = config_expanded_string(loader, node);
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F) {
            config_complain(loader, CONFIG_ERROR, node, "'%.*s' must not have control characters",
                            CONFIG_SHOWN(config_key_of(loader, node)));
            return NULL;
        }
    return text.data;
}

static void read_user(struct config_loader *loader, uint32_t node, void *target)
{
    ((struct config *)target)->mail.user = read_word(loader, node);
}

static void read_password(struct config_loader *loader, uint32_t node, void *target)
{
    ((struct config *)target)->mail.password = read_word(loader, node);
}

static const struct config_option mail_options[] = {
    {.key = "server",
     .kind = OPTION_CALL,
     .required = true,
     .read = read_server,
     .type = "string",
     .help = "host and port, like `smtp.example.com:587`"},
    {.key = "security",
     .kind = OPTION_CHOICE,
     .offset = offsetof(struct config, mail.security),
     .choices = securities,
     .standard = "starttls",
     .help = "TLS by `STARTTLS` or from the first byte; `none` goes only to this machine, "
             "`insecure` anywhere, and never with a password"},
    {.key = "from",
     .kind = OPTION_CALL,
     .required = true,
     .read = read_from,
     .type = "string",
     .help = "the sender's address"},
    {.key = "user",
     .kind = OPTION_CALL,
     .read = read_user,
     .type = "string",
     .help = "to log in with; may have `${NAME}`"},
    {.key = "password",
     .kind = OPTION_CALL,
     .read = read_password,
     .type = "string",
     .help = "the same; the environment is the place for it: `${SMTP_PASSWORD}`"},
};
const struct config_section config_mail_section = {"'mail'", mail_options,
                                                   sizeof mail_options / sizeof *mail_options};

void config_check_mail(struct config_loader *loader, uint32_t node)
{
    if (node == JSON_NONE || json_type(&loader->doc, node) != JSON_OBJECT)
        return;
    bool user = json_get(&loader->doc, node, "user") != JSON_NONE;
    bool password = json_get(&loader->doc, node, "password") != JSON_NONE;
    if (user != password)
        config_complain(loader, CONFIG_ERROR, node, "'user' and 'password' go together");
}
