// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What people answer to questions (docs/approvals.md). All of it runs inside of jobs of the store,
// of which one writes at a time: two answers are never both the deciding one.
#include "control/control_internal.h"

enum { VOTES_MAX = 1000 };

// ---- Who answers

struct voter {
    struct slice id, label; // a member's, or of a key that nobody made
    bool person, may;
};

static bool may_approve(enum store_role role)
{
    return role == STORE_POLICY_MANAGER || role == STORE_ADMIN;
}

// Somebody who is not there any more may do nothing.
static int read_member(struct store_view *view, struct slice organisation, struct slice id,
                       struct voter *ret, struct error *error)
{
    struct store_member member = {.role = STORE_VIEWER};
    int result = store_get_member(view, organisation, id, &member, error);
    *ret = (struct voter){.id = id, .person = true};
    if (result != 0)
        return result == ERROR_NOT_FOUND ? 0 : result;
    ret->label = member.email;
    ret->may = !member.disabled && may_approve(member.role);
    return 0;
}

// A key stands for the member who made it.
static int read_key(struct store_view *view, struct slice organisation, struct slice id,
                    int64_t now_ms, struct voter *ret, struct error *error)
{
    struct store_api_key key = {.role = STORE_VIEWER};
    int result = store_get_api_key(view, organisation, id, &key, error);
    *ret = (struct voter){.id = id};
    if (result != 0)
        return result == ERROR_NOT_FOUND ? 0 : result;
    bool good = may_approve(key.role) && key.revoked_ms == 0 &&
                (key.expires_ms == 0 || key.expires_ms > now_ms);
    if (key.created_by.length == 0) {
        ret->label = key.label;
        ret->may = good;
        return 0;
    }
    result = read_member(view, organisation, key.created_by, ret, error);
    ret->may = ret->may && good;
    return result;
}

static int read_voter(struct store_view *view, const struct control_who *who, int64_t now_ms,
                      struct voter *ret, struct error *error)
{
    *ret = (struct voter){.may = false};
    if (who->kind == STORE_BY_MEMBER)
        return read_member(view, who->organisation, who->id, ret, error);
    return who->kind == STORE_BY_KEY
               ? read_key(view, who->organisation, who->id, now_ms, ret, error)
               : 0;
}

int control_find_maker(struct store_view *view, const struct control_who *who, struct slice *ret,
                       struct error *error)
{
    struct store_api_key key = {.role = STORE_VIEWER};
    *ret = who->kind == STORE_SYSTEM ? (struct slice){"", 0} : who->id;
    if (who->kind != STORE_BY_KEY)
        return 0;
    int result = store_get_api_key(view, who->organisation, who->id, &key, error);
    if (result == 0 && key.created_by.length > 0)
        *ret = key.created_by;
    return result;
}

// ---- Votes

static int list_votes(struct store_view *view, const struct store_question *question,
                      const struct store_vote **ret, size_t *ret_count, struct error *error)
{
    const struct store_page page = {.limit = VOTES_MAX};
    return store_list_vote(view, question->head.organisation, question->head.id, &page, ret,
                           ret_count, NULL, error);
}

// Nobody of whom we know made one that the configuration file declares.
static int find_owner(struct store_view *view, const struct store_question *question,
                      struct slice *ret, struct error *error)
{
    struct store_grant grant = {.mode = STORE_ENFORCE};
    int result = store_get_grant(view, question->head.organisation, question->grant, &grant, error);
    *ret = result == 0 ? grant.owner : (struct slice){0};
    return result == ERROR_NOT_FOUND ? 0 : result;
}

// May this voter be one of several?
static bool fits(const struct store_question *question, const struct voter *voter,
                 struct slice owner)
{
    return question->approvers <= 1 ||
           (voter->person && (owner.length == 0 || !slice_equal(voter->id, owner)));
}

// ---- What somebody may do

// In the order of enum control_standing.
static const char *const sentences[] = {
    [CONTROL_MAY_ANSWER] = "",
    [CONTROL_IS_OVER] = "this is decided already, or over",
    [CONTROL_HAS_EXPIRED] = "this has expired; when the agent calls again it is asked anew",
    [CONTROL_HAS_NO_ROLE] = "only policy managers and admins answer this",
    [CONTROL_HAS_SAID_YES] = "you have said yes already; this needs somebody else, too",
    [CONTROL_OWNS_GRANT] = "this needs several people, and not the one who made the grant: you",
    [CONTROL_IS_NOBODY] = "this needs several people, and no person stands behind this API key",
};

const char *control_standing_text(enum control_standing standing)
{
    return sentences[standing];
}

static bool has_said_yes(const struct store_vote *votes, size_t count, struct slice member)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(votes[i].member, member))
            return votes[i].yes;
    return false;
}

// Whether they may approve; who may not because of the last three may still deny.
static int judge(struct store_view *view, const struct store_question *question,
                 const struct voter *voter, int64_t now_ms, enum control_standing *ret,
                 struct error *error)
{
    const struct store_vote *votes = NULL;
    struct slice owner = {0};
    size_t count = 0;
    int result = 0;
    *ret = question->state != STORE_ASKED   ? CONTROL_IS_OVER
           : question->expires_ms <= now_ms ? CONTROL_HAS_EXPIRED
           : !voter->may                    ? CONTROL_HAS_NO_ROLE
                                            : CONTROL_MAY_ANSWER;
    if (*ret != CONTROL_MAY_ANSWER)
        return 0;
    result = list_votes(view, question, &votes, &count, error);
    if (result == 0)
        result = find_owner(view, question, &owner, error);
    if (result != 0)
        return result;
    if (has_said_yes(votes, count, voter->id))
        *ret = CONTROL_HAS_SAID_YES;
    else if (!fits(question, voter, owner))
        *ret = voter->person ? CONTROL_OWNS_GRANT : CONTROL_IS_NOBODY;
    return 0;
}

int control_may_answer(struct store_view *view, const struct store_question *question,
                       const struct control_who *who, int64_t now_ms, enum control_standing *ret,
                       struct error *error)
{
    struct voter voter;
    int result = read_voter(view, who, now_ms, &voter, error);
    return result == 0 ? judge(view, question, &voter, now_ms, ret, error) : result;
}

// ---- Counting

static int read_vote(struct store_view *view, const struct store_vote *vote, int64_t now_ms,
                     struct voter *ret, struct error *error)
{
    int result = read_member(view, vote->head.organisation, vote->member, ret, error);
    if (result != 0 || ret->label.length > 0)
        return result;
    return read_key(view, vote->head.organisation, vote->member, now_ms, ret, error);
}

int control_count_votes(struct store_view *view, const struct store_question *question,
                        int64_t now_ms, int64_t *ret, struct error *error)
{
    const struct store_vote *votes = NULL;
    struct slice owner = {0};
    size_t count = 0;
    int64_t yes = 0;
    int result = list_votes(view, question, &votes, &count, error);
    if (result == 0)
        result = find_owner(view, question, &owner, error);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct voter voter;
        result = read_vote(view, &votes[i], now_ms, &voter, error);
        yes += result == 0 && votes[i].yes && voter.may && fits(question, &voter, owner);
    }
    if (result == 0)
        *ret = yes;
    return result;
}

// ---- An answer

// A member's second thought, which can only be a no, takes the place of the first.
static int keep_vote(struct store_view *view, const struct store_question *question,
                     const struct voter *voter, const struct control_reply *reply,
                     struct error *error)
{
    const struct store_vote *votes = NULL;
    struct store_vote vote = {.head.organisation = question->head.organisation,
                              .question = question->head.id,
                              .member = voter->id,
                              .label = voter->label,
                              .yes = reply->yes,
                              .note = reply->note};
    size_t count = 0;
    int result = list_votes(view, question, &votes, &count, error);
    for (size_t i = 0; result == 0 && i < count; i++)
        if (slice_equal(votes[i].member, voter->id)) {
            vote.head = votes[i].head;
            return store_change_vote(view, &vote, error);
        }
    return result == 0 ? store_add_vote(view, &vote, error) : result;
}

// The call that waits is one of its uses.
static int add_exception(struct store_view *view, struct store_question *question,
                         const struct voter *voter, const struct control_reply *reply,
                         struct error *error)
{
    struct store_exception row = {.head.organisation = question->head.organisation,
                                  .grant = question->grant,
                                  .grant_label = question->grant_label,
                                  .server = question->server,
                                  .server_name = question->server_name,
                                  .tool = question->tool,
                                  .print = question->print,
                                  .most_uses = reply->uses,
                                  .uses = 1,
                                  .expires_ms = reply->now_ms + reply->minutes * 60000,
                                  .author = voter->label,
                                  .question = question->head.id,
                                  .note = reply->note};
    int result = store_add_exception(view, &row, error);
    question->exception = row.head.id;
    return result;
}

static int check_reply(const struct store_question *question, const struct control_reply *reply,
                       struct error *error)
{
    if (reply->note.length > CONTROL_NOTE_MAX)
        return error_set(error, ERROR_RANGE, "the note has more than %d bytes", CONTROL_NOTE_MAX);
    if (reply->minutes == 0 && reply->uses == 0)
        return 0;
    if (!reply->yes || reply->minutes < 1 || reply->minutes > CONTROL_EXCEPTION_MINUTES_MAX ||
        reply->uses < 0 || reply->uses == 1 || reply->uses > CONTROL_EXCEPTION_USES_MAX)
        return error_set(error, ERROR_RANGE,
                         "an exception goes with an approval, for 1 to %d minutes and 2 to %d uses",
                         CONTROL_EXCEPTION_MINUTES_MAX, CONTROL_EXCEPTION_USES_MAX);
    if (question->approvers > 1)
        return error_set(error, ERROR_RANGE,
                         "what needs several people is decided each time: no exception can be made "
                         "of it");
    return 0;
}

static int say_no(struct store_question *question, const struct control_reply *reply)
{
    question->state = STORE_REFUSED;
    question->decided_ms = reply->now_ms;
    question->note = reply->note;
    return 0;
}

static int say_yes(struct store_view *view, struct store_question *question,
                   const struct voter *voter, const struct control_reply *reply,
                   struct error *error)
{
    int64_t yes = 0;
    int result = control_count_votes(view, question, reply->now_ms, &yes, error);
    if (result != 0 || yes < question->approvers || yes < 1)
        return result;
    question->state = STORE_APPROVED;
    question->decided_ms = reply->now_ms;
    question->note = reply->note;
    return reply->minutes > 0 ? add_exception(view, question, voter, reply, error) : 0;
}

static int answer(struct store_view *view, struct store_question *question,
                  const struct voter *voter, const struct control_reply *reply, struct error *error)
{
    enum store_question_state before = question->state;
    int result = keep_vote(view, question, voter, reply, error);
    if (result == 0)
        result =
            reply->yes ? say_yes(view, question, voter, reply, error) : say_no(question, reply);
    return result != 0 || question->state == before ? result
                                                    : store_change_question(view, question, error);
}

int control_answer_question(struct store_view *view, const struct control_reply *reply,
                            struct store_question *ret, struct error *error)
{
    enum control_standing standing = CONTROL_IS_OVER;
    struct voter voter;
    int result = store_get_question(view, reply->who.organisation, reply->question, ret, error);
    if (result == 0)
        result = read_voter(view, &reply->who, reply->now_ms, &voter, error);
    if (result == 0)
        result = judge(view, ret, &voter, reply->now_ms, &standing, error);
    if (result != 0)
        return result;
    bool stops =
        standing == CONTROL_HAS_EXPIRED || (standing == CONTROL_HAS_SAID_YES && reply->yes);
    if (standing == CONTROL_IS_OVER)
        return error_set(error, ERROR_EXISTS, "this is decided or over already: it is '%s'",
                         store_question_words[ret->state]);
    if (stops)
        return error_set(error, ERROR_EXISTS, "%s", sentences[standing]);
    if (standing == CONTROL_HAS_NO_ROLE || (standing != CONTROL_MAY_ANSWER && reply->yes))
        return error_set(error, ERROR_DENIED, "%s", sentences[standing]);
    result = check_reply(ret, reply, error);
    return result == 0 ? answer(view, ret, &voter, reply, error) : result;
}

// ---- Exceptions

int control_revoke_exception(struct store_view *view, struct slice organisation, struct slice id,
                             int64_t version, int64_t now_ms, struct store_exception *ret,
                             struct error *error)
{
    int result = store_get_exception(view, organisation, id, ret, error);
    if (result != 0)
        return result;
    if (version != 0 && version != ret->head.version)
        return error_set(error, ERROR_CONFLICT, "the exception was changed meanwhile");
    if (ret->revoked_ms != 0)
        return error_set(error, ERROR_EXISTS, "the exception was revoked already");
    ret->revoked_ms = now_ms;
    return store_change_exception(view, ret, error);
}
