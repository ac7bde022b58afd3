import io
import stat
import struct
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.intake.archive import unpack
from cardio_dagster.intake.limits import IntakeLimits

LIMITS = replace(IntakeLimits(), max_file_mb=4, max_study_mb=10, max_files=50, ratio_floor_mb=1)


def pack(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def unpacked(tmp_path, archive, limits=LIMITS):
    target = tmp_path / "box" / "target"
    problems = unpack(archive, target, limits=limits)
    files = {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}
    everywhere = [p for p in tmp_path.rglob("*") if p.is_file() and p != archive]
    assert len(everywhere) == len(files), "something was written outside the target"
    return files, [p.code for p in problems]


def outcome_of(tmp_path, archive):
    """Return the files and codes, or the code by which the archive was refused whole; let any other error through."""
    try:
        return unpacked(tmp_path, archive)
    except StudyError as refused:
        return refused.problem.code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../evil", "E_INTAKE_001"),
        ("a/../../evil", "E_INTAKE_001"),
        ("/tmp/evil", "E_INTAKE_001"),
        ("C:/evil", "E_INTAKE_001"),
        ("C:\\evil", "E_INTAKE_001"),
        ("..\\..\\evil", "E_INTAKE_001"),
        ("\\\\host\\share\\evil", "E_INTAKE_001"),
        ("x" * 300, "E_INTAKE_001"),
        ("d/" * 40 + "x", "E_INTAKE_001"),
        ("a\nb", "E_INTAKE_004"),
        ("a\u202eb", "E_INTAKE_004"),
        ("a\u2028b", "E_INTAKE_004"),
    ],
)
def test_a_hostile_name_is_left_out_and_the_rest_unpacked(tmp_path, name, code):
    archive = pack(tmp_path / "a.zip", [(name, b"evil"), ("good", b"ok")])
    assert unpacked(tmp_path, archive) == ({"good": b"ok"}, [code])


def test_a_name_cut_by_nul_is_seen_whole(tmp_path):
    archive = pack(tmp_path / "a.zip", [("evil_nul.exe", b"evil")])
    archive.write_bytes(archive.read_bytes().replace(b"evil_nul", b"evil\0nul"))
    assert unpacked(tmp_path, archive) == ({}, ["E_INTAKE_004"])


def test_windows_separators_make_folders(tmp_path):
    archive = pack(tmp_path / "a.zip", [("a_b.csv", b"ok")])
    archive.write_bytes(archive.read_bytes().replace(b"a_b.csv", b"a\\b.csv"))
    assert unpacked(tmp_path, archive) == ({"a/b.csv": b"ok"}, [])


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_left_out(tmp_path, kind):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    archive = pack(tmp_path / "a.zip", [(info, b"/etc/passwd"), ("link/through", b"x")])
    assert unpacked(tmp_path, archive) == ({"link/through": b"x"}, ["E_INTAKE_003"])


def test_set_user_bits_do_not_survive(tmp_path):
    info = zipfile.ZipInfo("tool")
    info.external_attr = (stat.S_IFREG | 0o6777) << 16
    unpacked(tmp_path, pack(tmp_path / "a.zip", [(info, b"x")]))
    assert stat.S_IMODE((tmp_path / "box/target/tool").stat().st_mode) == 0o600


def test_a_bomb_is_left_out(tmp_path):
    archive = pack(tmp_path / "a.zip", [("bomb", bytes(3 * 2**20)), ("good", b"ok")])
    assert unpacked(tmp_path, archive) == ({"good": b"ok"}, ["E_INTAKE_002"])


def test_a_member_over_the_file_limit_is_left_out(tmp_path):
    archive = pack(tmp_path / "a.zip", [("big", bytes(5 * 2**20)), ("good", b"ok")], zipfile.ZIP_STORED)
    assert unpacked(tmp_path, archive) == ({"good": b"ok"}, ["E_HARD_004"])


@pytest.mark.parametrize(
    "members",
    [[(f"m{n}", b"x") for n in range(51)], [(f"m{n}", bytes(3 * 2**20)) for n in range(4)]],
    ids=["count", "total"],
)
def test_an_archive_beyond_its_limits_is_refused_whole(tmp_path, members):
    archive = pack(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    with pytest.raises(StudyError, match="E_INTAKE_002"):
        unpack(archive, tmp_path / "target", limits=LIMITS)
    assert not (tmp_path / "target").exists()


def test_a_list_of_members_too_long_for_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    archive = pack(tmp_path / "a.zip", [(f"{n:0200d}", b"") for n in range(300)])
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the list was read"))
    with pytest.raises(StudyError, match="list of members"):
        unpack(archive, tmp_path / "target", limits=LIMITS)


def test_a_long_list_of_members_in_zip64_is_refused_too(tmp_path):
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 10**9, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 4, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF - 2**31, 0xFFFFFFFF, 0)
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"PK\3\4" + end64 + locator + end.replace(struct.pack("<L", 0xFFFFFFFF - 2**31), b"\1\0\0\0"))
    with pytest.raises(StudyError, match="1000000000 bytes"):
        unpack(archive, tmp_path / "target", limits=LIMITS)


@pytest.mark.parametrize("declared", [10, 10**6])
def test_a_falsely_declared_size_is_found_out(tmp_path, declared):
    archive = pack(tmp_path / "a.zip", [("false", bytes(1000)), ("good", b"ok")], zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(struct.pack("<L", 1000), struct.pack("<L", declared)))
    outcome = outcome_of(tmp_path, archive)
    assert outcome in ("E_INTAKE_007", ({"good": b"ok"}, ["E_INTAKE_007"]))


def test_a_bomb_that_declares_ten_bytes_writes_no_more(tmp_path):
    archive = pack(tmp_path / "a.zip", [("bomb", bytes(3 * 2**20))])
    archive.write_bytes(archive.read_bytes().replace(struct.pack("<L", 3 * 2**20), struct.pack("<L", 10)))
    assert unpacked(tmp_path, archive) == ({}, ["E_INTAKE_007"])


def test_a_damaged_member_is_left_out(tmp_path):
    archive = pack(tmp_path / "a.zip", [("bad", b"0123456789"), ("good", b"ok")], zipfile.ZIP_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"0123456789", b"012345678X"))
    assert unpacked(tmp_path, archive) == ({"good": b"ok"}, ["E_INTAKE_007"])


def test_an_encrypted_member_is_left_out(tmp_path):
    archive = pack(tmp_path / "a.zip", [("bad", b"0123"), ("good", b"ok")])
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert unpacked(tmp_path, archive) == ({"good": b"ok"}, ["E_INTAKE_007"])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_expands_without_a_bound_is_left_out(tmp_path, method):
    archive = pack(tmp_path / "a.zip", [("a", b"x" * 100)], method)
    assert unpacked(tmp_path, archive) == ({}, ["E_INTAKE_007"])


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_truncated_archive_is_refused(tmp_path, keep):
    archive = pack(tmp_path / "a.zip", [("a", b"x" * 100)])
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(StudyError, match="E_INTAKE_007"):
        unpack(archive, tmp_path / "target", limits=LIMITS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_two_members_of_one_name_keep_the_first(tmp_path, names):
    archive = pack(tmp_path / "a.zip", [(names[0], b"first"), (names[1], b"second")])
    assert unpacked(tmp_path, archive) == ({names[0]: b"first"}, ["E_INTAKE_007"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_anywhere_raises_only_coded_errors_and_stays_inside(tmp_path_factory, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(
        buffer,
        "w",
        data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])),
    ) as archive:
        for number in range(data.draw(st.integers(1, 3))):
            archive.writestr(f"d/m{number}", data.draw(st.binary(max_size=200)))
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("zip")
    (folder / "a.zip").write_bytes(content)
    outcome = outcome_of(folder, folder / "a.zip")
    assert isinstance(outcome, tuple) or outcome in {"E_INTAKE_002", "E_INTAKE_007"}
