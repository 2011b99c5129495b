// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tasks of legacy servers for clients of 2026-07-28 (bridge_tasks.c). Included by
// bridge_internal.h.
#pragma once

struct conversation;
struct exchange;
struct legacy_call;
struct upstream_message;

enum step_result tasks_step(struct exchange *ex); // tasks/get, tasks/update, tasks/cancel
bool tasks_known_to_client(const struct exchange *ex);
// Must the tools be listed before it is clear how this one is called?
bool tasks_need_list(const struct exchange *ex, const struct conversation *conversation);
void tasks_answer_unable(struct exchange *ex); // -32021
bool tasks_wanted(const struct exchange *ex, const struct conversation *conversation);
// A response that may be about a task.
enum tasks_taken { TASKS_NOT_THEIRS, TASKS_ANSWERED, TASKS_GONE_ON }; // the last as legacy_deliver
enum tasks_taken tasks_take(struct legacy_call *call, const struct upstream_message *message);
void tasks_ask(struct legacy_call *watch); // its exchange hears of the questions and ends
// The call that a server's request belongs to: a task's watch, or the one given.
struct legacy_call *tasks_asker(struct conversation *conversation, struct legacy_call *call,
                                const struct upstream_message *message);
void tasks_forget_watch(struct legacy_call *watch);
void tasks_release(struct conversation *conversation);
