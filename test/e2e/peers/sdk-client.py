# SPDX-FileCopyrightText: 2026 The Sallyport authors
# SPDX-License-Identifier: Apache-2.0
"""The official Python SDK as a client: plays one conversation and prints what it heard as JSON.

usage: sdk-client.py URL MODE    the token is in TOKEN; MODE: "session" for SDK 1.x, else a mode of the client of SDK 2.x
"""
import asyncio
import json
import os
import sys

import mcp
from mcp import types

URL, MODE = sys.argv[1:]
HEADERS = {"Authorization": "Bearer " + os.environ["TOKEN"]}
heard = {"questions": [], "progress": [], "lines": []}


async def elicit(context, params):
    heard["questions"].append(params.message)
    return types.ElicitResult(action="accept", content={"name": "guest"})


async def sample(context, params):
    heard["questions"].append(params.messages[0].content.text)
    return types.CreateMessageResult(role="assistant", model="none", content=types.TextContent(type="text", text="Paris"))


async def roots(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///work", name="work")])


async def progress(done, total, message):
    heard["progress"].append(done)


def text(result):
    return "".join(part.text for part in result.content)


def failed(result):
    return getattr(result, "is_error", None) or getattr(result, "isError", None) or False


async def play(client):
    heard["tools"] = sorted(tool.name for tool in (await client.list_tools()).tools)
    for tool in ("ask", "think", "where"):
        heard[tool] = text(await client.call_tool(tool, {}))
    echo = await client.call_tool("echo", {"message": "h\u00e9llo"})
    heard["echo"] = [text(echo), getattr(echo, "structured_content", None) or getattr(echo, "structuredContent", None)]
    denied = await client.call_tool("echo", {"message": "bad"})
    heard["denied"] = [failed(denied), text(denied)]
    await client.call_tool("count", {}, progress_callback=progress)
    heard["resource"] = (await client.read_resource("test://watched")).contents[0].text
    heard["prompt"] = (await client.get_prompt("greet", {"name": "you"})).messages[0].content.text


async def main():
    from mcp.client import streamable_http as http

    callbacks = {"elicitation_callback": elicit, "sampling_callback": sample, "list_roots_callback": roots}
    async with http.create_mcp_http_client(headers=HEADERS) as connection:
        transport = http.streamable_http_client(URL, http_client=connection)
        if MODE == "session":
            async with transport as (read, write, _), mcp.ClientSession(read, write, **callbacks) as session:
                heard["version"] = (await session.initialize()).protocolVersion
                await play(session)
        else:
            async with mcp.Client(transport, mode=MODE, **callbacks) as client:
                heard["version"] = client.protocol_version
                await play(client)
    print(json.dumps(heard))


asyncio.run(main())
