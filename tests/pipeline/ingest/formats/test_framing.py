"""Files of messages are cut into pieces, and damage costs what is damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.ingest.errors import UnusableInput
from pipeline.ingest.formats.iso20022 import framing
from pipeline.ingest.formats.iso20022.framing import Frame, Framer, Grammar

TRANSFERS = Grammar(frozenset({"Msg"}), frozenset(), "Rec")
STATEMENTS = Grammar(frozenset({"Msg"}), frozenset({"Stmt"}), "Rec")

HEAD = "<GrpHdr><MsgId>1</MsgId></GrpHdr>"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:x.001.001.01"


def one(*records: str, head: str = HEAD) -> str:
    return f'<Document xmlns="{NAMESPACE}"><Msg>{head}{"".join(records)}</Msg></Document>'


def rec(text: str) -> str:
    return f"<Rec><A>{text}</A></Rec>"


def cut(folder: Path, content: str | bytes, grammar: Grammar = TRANSFERS) -> list[Frame]:
    path = folder / "x.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Framer(path, grammar).frames())


def kinds(frames: list[Frame]) -> list[str]:
    return [frame.kind for frame in frames]


def records(frames: list[Frame]) -> list[str]:
    return [frame.raw.decode() for frame in frames if frame.kind == "record"]


def test_a_message_is_its_head_its_records_and_its_end(tmp_path: Path) -> None:
    frames = cut(tmp_path, one(rec("1"), rec("2")))
    assert kinds(frames) == ["message_head", "record", "record", "message_end"]
    assert frames[0].raw.decode() == HEAD
    assert frames[0].namespace == NAMESPACE
    assert records(frames) == [rec("1"), rec("2")]


@pytest.mark.parametrize(
    "content",
    [
        f"<Envelope><AppHdr/>{one(rec('1'))}<AppHdr/>{one(rec('2'))}</Envelope>",
        f'<?xml version="1.0"?>{one(rec("1"))}\n<?xml version="1.0" encoding="UTF-8"?>{one(rec("2"))}',
        one(rec("1")) + one(rec("2")),
        f"<Msg>{HEAD}{rec('1')}</Msg><Msg>{HEAD}{rec('2')}</Msg>",
    ],
    ids=["envelope", "declarations", "bare", "without Document"],
)
def test_several_messages_in_one_file_are_cut_however_they_are_put_together(tmp_path: Path, content: str) -> None:
    frames = cut(tmp_path, content)
    assert kinds(frames) == ["message_head", "record", "message_end"] * 2
    assert records(frames) == [rec("1"), rec("2")]


def test_prefixes_make_no_difference(tmp_path: Path) -> None:
    content = f'<p:Document xmlns:p="{NAMESPACE}"><p:Msg><p:H/><p:Rec a="1"/><p:Rec>x</p:Rec></p:Msg></p:Document>'
    frames = cut(tmp_path, content)
    assert frames[0].namespace == NAMESPACE
    assert records(frames) == ['<p:Rec a="1"/>', "<p:Rec>x</p:Rec>"]


def test_statements_hold_their_records(tmp_path: Path) -> None:
    content = one("<Stmt><Id>1</Id>", rec("1"), "<Addtl/></Stmt>", "<Stmt><Id>2</Id></Stmt>")
    frames = cut(tmp_path, content, STATEMENTS)
    assert kinds(frames) == [
        "message_head",
        "container_head",
        "record",
        "container_end",
        "container_head",
        "container_end",
        "message_end",
    ]
    assert [frame.raw.decode() for frame in frames if frame.kind == "container_head"] == ["<Id>1</Id>", "<Id>2</Id>"]


def test_tags_in_comments_and_cdata_are_text(tmp_path: Path) -> None:
    inside = "<Rec><A><![CDATA[</Rec><Rec>]]></A><!-- </Rec> --></Rec>"
    frames = cut(tmp_path, one(rec("1"), "<!-- <Rec> -->", inside))
    assert records(frames) == [rec("1"), inside]
    assert "fault" not in kinds(frames)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("<Rec><A>2</A>", "expected </Rec> before the next <Rec>"),
        ("<A>2</A></Rec>", "expected <Rec> before </Rec>"),
        ("<B>2</B>", "expected one Rec after the other"),
    ],
)
def test_a_broken_record_costs_itself_only(tmp_path: Path, broken: str, words: str) -> None:
    frames = cut(tmp_path, one(rec("1"), broken, rec("3")))
    assert records(frames) == [rec("1"), rec("3")]
    (fault,) = [frame for frame in frames if frame.kind == "fault"]
    assert words in fault.reason
    assert fault.raw.decode() == broken


def test_the_last_record_without_its_end_is_a_fault_of_its_message(tmp_path: Path) -> None:
    frames = cut(tmp_path, one(rec("1"), "<Rec>") + one(rec("2")))
    assert kinds(frames) == ["message_head", "record", "fault", "message_end", "message_head", "record", "message_end"]
    assert "expected </Rec> before </Msg>" in frames[2].reason


def test_records_outside_a_statement_are_faults(tmp_path: Path) -> None:
    frames = cut(
        tmp_path, one("<Sxmt><Id>1</Id>", rec("1"), "</Stmt><Stmt><Id>2</Id>", rec("2"), "</Stmt>"), STATEMENTS
    )
    assert records(frames) == [rec("2")]
    assert [frame.reason for frame in frames if frame.kind == "fault"] == ["expected Rec inside Stmt; found it outside"]


def test_other_messages_of_an_envelope_are_named(tmp_path: Path) -> None:
    foreign = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08"><FICdtTrf/></Document>'
    frames = cut(tmp_path, f"<E>{foreign}{one(rec('1'))}</E>")
    assert kinds(frames) == ["fault", "message_head", "record", "message_end"]
    assert "expected a Document with Msg; found urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08" in frames[0].reason


@pytest.mark.parametrize("keep", [len(one(rec("1"))) - 30, len(one(rec("1"), rec("2"))) - 20])
def test_a_file_that_ends_too_early_says_so(tmp_path: Path, keep: int) -> None:
    frames = cut(tmp_path, one(rec("1"), rec("2"))[:keep])
    assert frames[-1].kind == "message_end"
    assert frames[-2].kind == "fault"
    assert "it ends too early" in frames[-2].reason


def test_a_cut_archive_gives_what_came_before(tmp_path: Path) -> None:
    content = one(*(rec(f"{n:09d}{n * 7919 % 104729}") for n in range(20_000))).encode()
    frames = cut(tmp_path, gzip.compress(content)[:40_000])
    assert len(records(frames)) > 1_000
    assert "the file ends before the compressed data does" in frames[-2].reason


@pytest.mark.parametrize("content", ["", "<x/>", "no xml", "\0\0\0", "<Document></Document"])
def test_a_file_without_messages_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnusableInput, match="expected XML with Msg; found no such element"):
        cut(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    content = '<?xml version="1.0" encoding="UTF-16"?>' + one(rec("Zürich"))
    frames = cut(tmp_path, content.encode(encoding))
    assert records(frames) == [rec("Zürich")]
    assert frames[1].encoding == "utf-8"


def test_the_declared_encoding_goes_with_the_record(tmp_path: Path) -> None:
    content = '<?xml version="1.0" encoding="ISO-8859-1"?>' + one(rec("Zürich"))
    frames = cut(tmp_path, content.encode("latin-1"))
    assert frames[1].raw.decode(frames[1].encoding) == rec("Zürich")


def test_a_piece_without_end_does_not_fill_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_PIECE_BYTES", 1 << 20)
    endless = "<Rec>" + "x" * (9 << 20) + "</Rec>"
    path = tmp_path / "x.xml"
    path.write_text(one(rec("1"), endless, rec("3")))
    framer = Framer(path, TRANSFERS)
    frames = []
    for frame in framer.frames():
        frames.append(frame)
        assert len(framer._buffer) < 6 << 20
    assert records(frames) == [rec("1"), rec("3")]
    (fault,) = [frame for frame in frames if frame.kind == "fault"]
    assert "expected at most 1,048,576 bytes in one Rec" in fault.reason
    assert fault.raw.startswith(b"<Rec>xxx")
    assert len(fault.raw) == 65_536


@pytest.mark.parametrize("size", [1, 7, 64])
def test_where_the_file_is_read_from_block_to_block_makes_no_difference(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = one(rec("1"), "<!-- <Rec> -->", "<Rec><A/>", rec("<![CDATA[</Rec>]]>"), "<Rec/>") + one(rec("4"))[:-9]
    whole = cut(tmp_path, content)
    monkeypatch.setattr("pipeline.ingest.open._STEP_PLAIN", size)
    assert cut(tmp_path, content) == whole
