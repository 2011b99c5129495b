// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The description of the API, docs/openapi.json.
#include "admin/admin_internal.h"

#include "openapi_json.h"

int admin_openapi(struct admin_request *request, struct store_view *view, struct error *error)
{
    (void)view;
    (void)error;
    buffer_append(&request->out, slice_of(openapi_text, sizeof openapi_text));
    request->status = 200;
    return 0;
}
