// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetch_internal.h"

#include <stdio.h>

static int read_origin(CURLU *parsed, struct url_origin *ret)
{
    char *scheme = NULL, *host = NULL, *port = NULL;
    bool whole = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    int length =
        whole ? snprintf(ret->text, sizeof ret->text, "%s://%s:%s", scheme, host, port) : -1;
    ret->plain = whole && strcmp(scheme, "http") == 0;
    bool good = length > 0 && (size_t)length < sizeof ret->text &&
                (ret->plain || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    return good ? 0 : ERROR_RANGE;
}

int fetch_url_check(const char *url, struct url_origin *ret, struct error *error)
{
    if (url == NULL || strnlen(url, FETCH_URL_MAX + 1) > FETCH_URL_MAX)
        return error_set(error, ERROR_RANGE, "the URL is longer than %d bytes", FETCH_URL_MAX);
    // libcurl takes fewer and more slashes than two.
    const char *colon = strchr(url, ':');
    if (colon == NULL || strncmp(colon, "://", 3) != 0 || colon[3] == '/' || colon[3] == '\\')
        return error_set(error, ERROR_RANGE, "the URL is not like https://example.com/");
    CURLU *parsed = curl_url();
    if (parsed == NULL)
        return error_set(error, ERROR_NO_MEMORY, "out of memory");
    int result = ERROR_RANGE;
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (code == CURLUE_OK)
        result = read_origin(parsed, ret);
    curl_url_cleanup(parsed);
    return result == 0 ? 0
                       : error_set(error, ERROR_RANGE,
                                   "the URL is not an http or https one without a user name");
}

bool fetch_header_is(const char *header, const char *name)
{
    size_t length = strlen(name);
    return strnlen(header, length + 1) > length && header[length] == ':' &&
           slice_equal_ignoring_case(slice_of(header, length), slice_from_string(name));
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool fetch_header_is_good(const char *header)
{
    static const char *const ours[] = {
        "Host",           "Content-Length",      "Transfer-Encoding", "Connection",
        "Expect",         "Proxy-Authorization", "Upgrade",           "TE",
        "Accept-Encoding"};
    const char *colon = strchr(header, ':');
    if (colon == NULL || colon == header)
        return false;
    for (const char *c = header; c < colon; c++)
        if (!is_name_character(*c))
            return false;
    for (const char *c = colon; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 ? *c != '\t' : *c == 0x7f)
            return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (fetch_header_is(header, ours[i]))
            return false;
    // libcurl understands an empty value as "do not send this one".
    return slice_trim(slice_from_string(colon + 1)).length > 0;
}
