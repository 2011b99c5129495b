// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What servers and clients of other makes would read in a message: jansson's parse, names compared
// exactly or without case, the first or the last of several members. Behind the gateway each must
// see what was judged.
#pragma once

#include "base/slice.h"

enum { OTHER_NAME = 256, OTHER_LIST = 64 };

enum other_reader { OTHER_EXACT, OTHER_FIRST, OTHER_LAST, OTHER_READERS };

struct other_message {
    bool readable; // an object that jansson can parse
    enum other_reader reader;
    char method[OTHER_NAME];
    char name[OTHER_NAME]; // params.name
    bool has_volume;
    double volume; // params.arguments.volume, a number
    size_t tools;  // entries of result.tools, the first OTHER_LIST of them below
    char tool[OTHER_LIST][OTHER_NAME];
};

void other_read(struct slice text, enum other_reader reader, struct other_message *ret);
