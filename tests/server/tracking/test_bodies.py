"""The bytes of a request become events or a plain refusal, whatever they are, and at a bounded cost."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server.running import run
from trato.errors import BadBody, BodyTooLarge, TooMuchAtOnce
from trato.server.limits import Limits
from trato.server.tracking.bodies import CALLS, DEEPEST, events_in, gather, read_events, unpack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

LIMITS = Limits()
EVENT = {"type": "track", "event": "Order Completed", "userId": "ana", "messageId": "1"}

texts = st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
events = st.dictionaries(
    texts.filter(lambda name: name not in {"writeKey", "context", "sentAt", "type"}), plain, max_size=4
)


def batch(*items: object, **more: object) -> bytes:
    return json.dumps({"batch": list(items), **more}).encode()


PACKED = gzip.compress(batch(EVENT), mtime=0)


def read(raw: bytes, encoding: str | None = None, call: str = "batch", limits: Limits = LIMITS) -> Any:
    return read_events(raw, encoding, call, limits)


class TestBatch:
    @given(
        st.lists(events, max_size=5),
        st.booleans(),
        st.sampled_from([None, "gzip", "x-gzip", "GZIP ", "identity", "br"]),
    )
    def test_the_items_come_as_they_were_sent(
        self, sent: list[dict[str, Any]], packed: bool, said: str | None
    ) -> None:
        # Whatever the header says, the bytes decide.
        raw = batch(*sent, writeKey="tk")
        found = read(gzip.compress(raw) if packed else raw, said)
        assert list(found.events) == sent
        assert found.write_key == "tk"

    def test_what_the_batch_says_holds_where_an_item_says_nothing(self) -> None:
        context = {"locale": "es", "page": {"path": "/"}}
        own = {"page": {"path": "/cart"}}
        items = (
            {**EVENT, "context": own},
            EVENT,
            {**EVENT, "sentAt": "2026-01-02T00:00:00Z", "context": "?"},
        )
        found = read(
            batch(*items, context=context, sentAt="2026-01-01T00:00:00Z", integrations={"All": True})
        )
        assert [one["context"] for one in found.events] == [{"locale": "es", **own}, context, context]
        assert [one["sentAt"][:10] for one in found.events] == ["2026-01-01", "2026-01-01", "2026-01-02"]
        assert all(one["integrations"] == {"All": True} for one in found.events)

    def test_traits_stand_where_segment_puts_them(self) -> None:
        said = {"type": "identify", "context": {"traits": {"email": "a@example.org"}}}
        (moved,) = read(batch(said)).events
        assert moved == {**said, "traits": {"email": "a@example.org"}}
        assert read(json.dumps(said).encode(), call="identify").events == (moved,)
        for other in ({**said, "traits": {}}, {**said, "type": "track"}, {"type": "identify", "context": {}}):
            assert read(batch(other)).events == (other,)

    def test_no_key_stays_in_an_event(self) -> None:
        found = read(batch({**EVENT, "writeKey": "of the item"}))
        assert found.events == (EVENT,)
        assert found.write_key is None

    @pytest.mark.parametrize(
        "wrong", [b"{}", b'{"batch": {}}', b'{"batch": [1]}', b'{"batch": [null]}', b"[]", b"1", b'"x"', b""]
    )
    def test_what_is_no_batch_is_refused(self, wrong: bytes) -> None:
        with pytest.raises(BadBody):
            read(wrong)

    def test_more_events_than_may_be(self) -> None:
        assert len(read(batch(*[{}] * 2_500)).events) == 2_500
        with pytest.raises(BodyTooLarge, match="2,501 events"):
            read(batch(*[{}] * 2_501))

    def test_a_large_batch_is_taken_and_a_large_event_is_not(self) -> None:
        item = {**EVENT, "text": "x" * 30_000}
        assert len(read(batch(*[item] * 138)).events) == 138  # 4.1 MB
        with pytest.raises(BodyTooLarge, match="event 1 has"):
            read(batch(EVENT, {**EVENT, "text": "ñ" * 16_400}))


@pytest.mark.parametrize(("path", "call"), [(path, call) for path, call in CALLS.items() if call != "batch"])
def test_the_path_says_what_a_single_event_is(path: str, call: str) -> None:
    assert CALLS[path] == call
    found = read(json.dumps({"type": "other", "writeKey": "tk", "userId": "ana"}).encode(), call=call)
    assert found.events == ({"type": call, "userId": "ana"},)
    assert found.write_key == "tk"


class TestUnpacking:
    def test_deflate_with_and_without_its_frame(self) -> None:
        raw = batch(EVENT)
        bare = zlib.compressobj(wbits=-15)
        assert unpack(zlib.compress(raw), "deflate", 1_000) == raw
        assert unpack(bare.compress(raw) + bare.flush(), "deflate", 1_000) == raw

    def test_several_members_are_one_body(self) -> None:
        assert unpack(gzip.compress(b'{"a"') + gzip.compress(b":1}") + b"\0\0", "gzip", 1_000) == b'{"a":1}'

    @pytest.mark.parametrize(
        ("raw", "why"),
        [
            (PACKED[:-5], "cut off"),
            (PACKED[:9], "cut off"),
            (PACKED[:-8] + bytes(8), "damaged"),
            (PACKED + b"more", "behind"),
            (gzip.compress(PACKED), "twice"),
            (gzip.compress(b"") * 100, "too many parts"),
            (b"\x1f\x8b", "cut off"),
        ],
        ids=["no end", "no body", "checksum", "more behind", "twice", "many members", "two bytes"],
    )
    def test_what_cannot_be_unpacked(self, raw: bytes, why: str) -> None:
        for said in ("gzip", None, "br"):
            with pytest.raises(BadBody, match=why):
                read(raw, said)

    def test_another_packing(self) -> None:
        with pytest.raises(BadBody, match="not known here"):
            read(b"\x28\xb5\x2f\xfd", "zstd")

    @pytest.mark.parametrize("said", ["gzip", None, "deflate"])
    def test_a_bomb_costs_no_more_than_the_limit(self, said: str | None) -> None:
        packing = zlib.compressobj(9, wbits=15 if said == "deflate" else 31)
        bomb = (
            b"".join(packing.compress(b" " * 2**20) for _ in range(256)) + packing.flush()
        )  # 256 MB in 256 KB
        tracemalloc.start()
        with pytest.raises(BodyTooLarge):
            read(bomb, said)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert most < 4 * LIMITS.unpacked

    def test_plain_and_packed_have_the_same_limit(self) -> None:
        small = Limits(unpacked=100)
        for raw in (b" " * 101 + b"{}", gzip.compress(b" " * 101 + b"{}")):
            with pytest.raises(BodyTooLarge):
                read(raw, limits=small)


class TestJson:
    @pytest.mark.parametrize(
        "wrong",
        [
            b"{",
            b"\xff\xfe{}",
            '{"batch": []}'.encode("utf-16"),
            b'{"batch": [{"event": "\xc3"}]}',
            b'{"batch": [{"n": NaN}]}',
            b'{"batch": [{"n": -Infinity}]}',
            b'{"batch": [{"n": 1e999}]}',
            b'{"batch": [{"n": -1E+400}]}',
            b'{"batch": [{"n": ' + b"9" * 400 + b".5}]}",
            b'{"batch": [{"n": ' + b"9" * 5_000 + b"}]}",
            b'{"batch": [' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"]}",
            b"[" * 100_000,
            b'{"batch": [{"event": "' + b"\x01" + b'"}]}',
            b'{"batch": []} {}',
            b"a=1&data=%7B%22batch%22%3A%5B%5D%7D",
        ],
    )
    def test_what_is_no_json_of_ours(self, wrong: bytes) -> None:
        with pytest.raises(BadBody) as refused:
            read(wrong)
        assert len(refused.value.message) < 200

    def test_the_deepest_that_is_read(self) -> None:
        def nested(levels: int) -> bytes:
            return b'{"batch": [' + b'{"a":' * levels + b"1" + b"}" * levels + b"]}"

        assert read(nested(DEEPEST - 2))
        with pytest.raises(BadBody, match="nested"):
            read(nested(DEEPEST + 1))

    def test_of_a_key_that_stands_twice_the_last_counts(self) -> None:
        assert read(b'{"batch": [{"event": "a", "event": "b"}]}').events == ({"event": "b"},)

    def test_a_byte_order_mark_is_skipped(self) -> None:
        assert read(b"\xef\xbb\xbf" + batch(EVENT)).events == (EVENT,)

    def test_half_a_character_is_mended_and_a_whole_one_stays(self) -> None:
        raw = rb'{"batch": [{"event": "a\ud83d", "k\udc00": ["\u0000", "\ud83d\ude00", "\\ud83d"]}]}'
        assert read(raw).events == ({"event": "a\ufffd", "k\ufffd": ["\ufffd", "\U0001f600", "\\ud83d"]},)

    @given(st.binary(max_size=200), st.sampled_from([None, "gzip", "deflate", "br", "§"]))
    def test_any_bytes_are_events_or_a_refusal(self, raw: bytes, said: str | None) -> None:
        for body in (raw, gzip.compress(raw), b'{"batch":[{"a":"' + raw + b'"}]}'):
            try:
                found = read(body, said)
            except (BadBody, BodyTooLarge):
                continue
            json.dumps(found.events, allow_nan=False, ensure_ascii=False).encode()


class TestGathering:
    @staticmethod
    async def stream(parts: Sequence[bytes], pause: float = 0) -> AsyncIterator[bytes]:
        for part in parts:
            await asyncio.sleep(pause)
            yield part

    def gathered(
        self, parts: Sequence[bytes], declared: str | None = None, limits: Limits = LIMITS, pause: float = 0
    ) -> bytes:
        return run(gather(self.stream(parts, pause), declared, limits, lambda _: None))

    @given(st.lists(st.binary(max_size=20), max_size=20), st.sampled_from([None, "0", "7", "-1", "x", "²"]))
    def test_pieces_are_one_body_whatever_was_declared(
        self, parts: list[bytes], declared: str | None
    ) -> None:
        assert self.gathered(parts, declared) == b"".join(parts)

    def test_a_body_beyond_the_limit_is_read_and_dropped(self) -> None:
        left = iter([b"x" * 60] * 3)
        with pytest.raises(BodyTooLarge):
            self.gathered(list(left), limits=Limits(body=100))

    def test_an_endless_body_is_not_read_to_its_end(self) -> None:
        read: list[bytes] = []

        async def endless() -> AsyncIterator[bytes]:
            while True:
                read.append(b"x" * 50)
                yield read[-1]

        with pytest.raises(BodyTooLarge):
            run(gather(endless(), None, Limits(body=100), lambda _: None))
        assert len(read) < 20

    @pytest.mark.parametrize("declared", ["999999999", "9" * 5_000])
    def test_a_body_declared_far_too_large_is_not_read(self, declared: str) -> None:
        async def never() -> AsyncIterator[bytes]:
            raise AssertionError
            yield b""

        with pytest.raises(BodyTooLarge):
            run(gather(never(), declared, LIMITS, lambda _: None))

    def test_what_is_held_is_told_as_it_comes_and_may_be_refused(self) -> None:
        told: list[int] = []
        with pytest.raises(BodyTooLarge):
            run(gather(self.stream([b"x" * 40] * 4), None, Limits(body=100), told.append))
        assert told == [40, 80, 0, 0]

        def full(size: int) -> None:
            told.append(size)
            raise TooMuchAtOnce("too much is under way", seconds=1)

        with pytest.raises(TooMuchAtOnce):
            run(gather(self.stream([b"x"] * 4), None, LIMITS, full))
        assert told[4:] == [1]

    def test_a_body_that_trickles_in_is_given_up(self) -> None:
        with pytest.raises(BadBody, match="did not come within"):
            self.gathered([b"x"] * 1_000, limits=Limits(patience=0.05), pause=0.01)


def test_small_and_large_bodies_are_read_the_same() -> None:
    for raw in (batch(EVENT), batch(*[EVENT] * 1_000), gzip.compress(batch(EVENT))):
        assert run(events_in(raw, None, "batch", LIMITS)) == read(raw)
