#!/bin/sh
# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
#
# The smallest fake MCP server on standard input and output, for tests that start very many: every request is answered
# with the same result, which serves for initialize, lists and calls alike.
while IFS= read -r line; do
    case $line in
        *'"id":'*) id=${line#*\"id\":} ;;
        *) continue ;;
    esac
    id=${id%%,*}
    id=${id%%\}*}
    printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"tiny","version":"1"},"tools":[],"content":[{"type":"text","text":"%s"}]}}\n' "$id" "$$"
done
