"""The client and the load generator against a small server that counts what it is asked."""

import asyncio
import json

import pytest

from evaluation.bench.client import Line, WrongAnswerError, words_of
from evaluation.bench.load import load
from evaluation.bench.measures import holds, summary


class Peer:
    """Answers each message with its own text, on connections kept open."""

    def __init__(self, status=200):
        self.status = status
        self.asked = []
        self.connections = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        self.connections += 1
        while head := await reader.readline():
            fields = {}
            while (line := await reader.readline()).strip():
                name, _, value = line.decode().partition(":")
                fields[name.lower()] = value.strip()
            body = json.loads(await reader.readexactly(int(fields["content-length"])))
            self.asked.append((head.split()[1].decode(), body["sender"], body["message"]))
            answer = json.dumps([{"text": body["message"]}]).encode()
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (self.status, len(answer)) + answer)
        writer.close()


async def test_several_questions_go_over_one_connection():
    async with Peer() as peer:
        line = await Line.open(peer.url)
        said = [words_of((await line.ask("one", text))[1]) for text in ("甲", "乙")]
        await line.close()
    assert said == ["甲", "乙"]
    assert peer.connections == 1
    assert peer.asked[0] == ("/webhooks/rest/webhook", "one", "甲")


async def test_another_status_than_200_is_no_answer():
    async with Peer(status=503) as peer:
        line = await Line.open(peer.url)
        with pytest.raises(WrongAnswerError, match="503"):
            await line.ask("one", "甲")
        await line.close()


async def test_the_load_is_bounded_by_its_count_and_each_sender_keeps_one_connection():
    async with Peer() as peer:
        told = await load(peer.url, senders=4, count=48, salt="s")
    assert told["messages"] == len(peer.asked) == 48
    assert told["silent"] == 0
    assert peer.connections == 4


async def test_no_conversation_of_the_load_is_longer_than_five_turns():
    async with Peer() as peer:
        await load(peer.url, senders=2, count=24, salt="s")
    senders = [sender for _, sender, _ in peer.asked]
    assert max(senders.count(sender) for sender in senders) == 5
    assert len(set(senders)) == 6


def test_a_figure_must_stand_alone():
    assert holds("公需45学时", "45")
    assert not holds("公需145学时", "45")
    assert not holds("公需45.5学时", "45")


def test_only_right_answers_count_for_the_latency_and_their_share_is_told():
    asked = [(0.010, True), (0.020, True), (0.001, False), (0.030, True)]
    assert summary("account", asked) == {"account_right": 0.75, "account_p50": 20.0, "account_p95": 30.0}


def test_few_right_answers_give_no_latency():
    assert summary("account", [(0.010, True), *[(0.001, False)] * 9]) == {"account_right": 0.1}
