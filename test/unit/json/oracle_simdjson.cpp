// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only C++ of the project, and never shipped: what simdjson makes of a text, in the flat form
// of oracle.h. Our headers are C, so the little that is needed is declared again here.
#include <simdjson.h>

#include <cstdint>
#include <cstring>

extern "C" {
struct buffer;
void oracle_flat(struct buffer *flat, char type, const void *eight_bytes);
void oracle_flat_bytes(struct buffer *flat, const char *data, size_t length);
int oracle_simdjson(const char *text, size_t length, struct buffer *flat);
}

namespace
{

void flatten(struct buffer *flat, simdjson::dom::element value);

void flatten_string(struct buffer *flat, std::string_view text)
{
    uint64_t length = text.size();
    oracle_flat(flat, 's', &length);
    oracle_flat_bytes(flat, text.data(), text.size());
}

void flatten_object(struct buffer *flat, simdjson::dom::object object)
{
    uint64_t count = object.size();
    oracle_flat(flat, '{', &count);
    for (auto field : object) {
        flatten_string(flat, field.key);
        flatten(flat, field.value);
    }
}

void flatten_array(struct buffer *flat, simdjson::dom::array array)
{
    uint64_t count = array.size();
    oracle_flat(flat, '[', &count);
    for (auto element : array)
        flatten(flat, element);
}

void flatten(struct buffer *flat, simdjson::dom::element value)
{
    using simdjson::dom::element_type;
    uint64_t none = 0;
    int64_t integer = 0;
    double real = 0;
    switch (value.type()) {
    case element_type::OBJECT: flatten_object(flat, value); return;
    case element_type::ARRAY: flatten_array(flat, value); return;
    case element_type::STRING: flatten_string(flat, value.get_string().value_unsafe()); return;
    case element_type::INT64:
        integer = value.get_int64().value_unsafe();
        oracle_flat(flat, 'i', &integer);
        return;
    case element_type::UINT64: // ours knows int64 and exact decimals
        real = static_cast<double>(value.get_uint64().value_unsafe());
        oracle_flat(flat, 'd', &real);
        return;
    case element_type::DOUBLE:
        real = value.get_double().value_unsafe();
        oracle_flat(flat, 'd', &real);
        return;
    case element_type::BOOL:
        oracle_flat(flat, value.get_bool().value_unsafe() ? 't' : 'f', &none);
        return;
    case element_type::NULL_VALUE: oracle_flat(flat, 'n', &none); return;
    }
}

} // namespace

int oracle_simdjson(const char *text, size_t length, struct buffer *flat)
{
    simdjson::dom::parser parser;
    simdjson::dom::element value;
    auto error = parser.parse(text, length).get(value);
    if (error == simdjson::SUCCESS)
        flatten(flat, value);
    return error == simdjson::SUCCESS ? 0 : error == simdjson::NUMBER_ERROR ? 2 : 1;
}
