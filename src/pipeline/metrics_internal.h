// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pipeline/pipeline_internal.h"

struct metrics_set *metrics_set_new(struct pipeline *pipeline);
void metrics_set_free(struct metrics_set *metrics, struct pipeline_ledger *ledger);
void metrics_count(struct metrics_set *metrics, enum outcome outcome);
void metrics_time(struct metrics_set *metrics, const struct exchange *ex, uint64_t now_us);
void metrics_sessions(struct metrics_set *metrics, int change);
void metrics_in_flight(struct metrics_set *metrics, int change);
size_t metrics_calls(const struct metrics_set *metrics); // in flight
void metrics_look_at_servers(struct pipeline *pipeline);
void metrics_write(struct pipeline *pipeline, struct buffer *out);
