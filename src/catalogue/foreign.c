// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Descriptions in Chinese, Japanese and Korean: no spaces part their words, so that the verbs are
// looked for as they stand. Only the first sentence counts, and only where no word of the lists
// said what the tool does.
#include "catalogue/catalogue_internal.h"

enum { SENTENCE_MOST = 240, LEADS_WITHIN = 12 };

static const struct {
    const char *text;
    uint8_t verb;
} verbs[] = {
    {"获取", VERB_LOOK},       {"查询", VERB_LOOK},    {"查看", VERB_LOOK},
    {"搜索", VERB_LOOK},       {"列出", VERB_LOOK},    {"读取", VERB_LOOK},
    {"返回", VERB_LOOK},       {"检索", VERB_LOOK},    {"查找", VERB_LOOK},
    {"获得", VERB_LOOK},       {"显示", VERB_LOOK},    {"分析", VERB_THINK},
    {"计算", VERB_THINK},      {"检查", VERB_THINK},   {"验证", VERB_THINK},
    {"创建", VERB_CREATE},     {"新建", VERB_CREATE},  {"添加", VERB_STORE},
    {"保存", VERB_STORE},      {"写入", VERB_STORE},   {"上传", VERB_STORE},
    {"更新", VERB_CHANGE},     {"修改", VERB_CHANGE},  {"编辑", VERB_CHANGE},
    {"设置", VERB_CHANGE},     {"移动", VERB_CHANGE},  {"重命名", VERB_CHANGE},
    {"生成", VERB_PRODUCE},    {"发送", VERB_SEND},    {"发布", VERB_TALK},
    {"执行", VERB_RUN},        {"运行", VERB_RUN},     {"调用", VERB_RUN},
    {"启动", VERB_START},      {"停止", VERB_STOP},    {"重启", VERB_START},
    {"部署", VERB_DEPLOY},     {"安装", VERB_INSTALL}, {"点击", VERB_ACT},
    {"删除", VERB_DESTROY},    {"清空", VERB_DESTROY}, {"清除", VERB_DESTROY},
    {"销毁", VERB_DESTROY},    {"卸载", VERB_DESTROY}, {"移除", VERB_DESTROY},
    {"支付", VERB_PAY},        {"转账", VERB_PAY},     {"购买", VERB_PAY},
    {"下单", VERB_PAY},        {"付款", VERB_PAY},     {"退款", VERB_PAY},
    {"卖出", VERB_PAY},        {"买入", VERB_PAY},     {"提现", VERB_PAY},
    {"取得", VERB_LOOK},       {"検索", VERB_LOOK},    {"一覧", VERB_LOOK},
    {"表示", VERB_LOOK},       {"確認", VERB_LOOK},    {"作成", VERB_CREATE},
    {"追加", VERB_STORE},      {"登録", VERB_STORE},   {"変更", VERB_CHANGE},
    {"編集", VERB_CHANGE},     {"設定", VERB_CHANGE},  {"送信", VERB_SEND},
    {"投稿", VERB_TALK},       {"実行", VERB_RUN},     {"起動", VERB_START},
    {"削除", VERB_DESTROY},    {"消去", VERB_DESTROY}, {"支払", VERB_PAY},
    {"購入", VERB_PAY},        {"送金", VERB_PAY},     {"注文する", VERB_PAY},
    {"注文を出", VERB_PAY},    {"返金", VERB_PAY},     {"조회", VERB_LOOK},
    {"검색", VERB_LOOK},       {"가져", VERB_LOOK},    {"목록", VERB_LOOK},
    {"생성", VERB_CREATE},     {"추가", VERB_STORE},   {"수정", VERB_CHANGE},
    {"업데이트", VERB_CHANGE}, {"실행", VERB_RUN},     {"전송", VERB_SEND},
    {"삭제", VERB_DESTROY},    {"결제", VERB_PAY},     {"송금", VERB_PAY},
    {"구매", VERB_PAY},        {"주문하", VERB_PAY},
};

// "已删除的文件", "削除されたファイル": participles.
static bool is_participle(struct slice text, size_t at, size_t end)
{
    static const char *const before[] = {"已", "被"}, *const behind[] = {"された", "済み", "된"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t length = strlen(before[i]);
        if (at >= length && memcmp(text.data + at - length, before[i], length) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        if (slice_starts_with(slice_of(text.data + end, text.length - end),
                              slice_from_string(behind[i])))
            return true;
    return false;
}

static size_t sentence_length(struct slice text)
{
    static const struct slice stop = SLICE_LITERAL("。");
    size_t end = 0;
    while (end < text.length && end < SENTENCE_MOST && text.data[end] != '\n' &&
           !slice_starts_with(slice_of(text.data + end, text.length - end), stop))
        end++;
    return end;
}

// The verb that starts here; its length, or 0.
static size_t verb_at(struct slice text, size_t at, uint8_t *ret_verb)
{
    struct slice rest = slice_of(text.data + at, text.length - at);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (slice_starts_with(rest, slice_from_string(verbs[i].text))) {
            *ret_verb = verbs[i].verb;
            return strlen(verbs[i].text);
        }
    return 0;
}

struct act foreign_read(struct slice text)
{
    enum { PERCENT = 85 };
    struct act best = {0};
    text.length = sentence_length(text);
    for (size_t at = 0; at < text.length; at++) {
        uint8_t verb = VERB_NONE;
        size_t length = (unsigned char)text.data[at] >= 0xE3 ? verb_at(text, at, &verb) : 0;
        if (length == 0 || is_participle(text, at, at + length))
            continue;
        struct rule rule = rule_of(verb, NOUN_NONE);
        if (best.weight == 0 || rule.category > best.category)
            best = (struct act){.verb = verb,
                                .category = rule.category,
                                .weight = rule.weight * PERCENT / 100,
                                .at = at,
                                .length = length};
        // Chinese puts the verb first.
        if (verb == VERB_LOOK && at < LEADS_WITHIN)
            break;
    }
    return best;
}
