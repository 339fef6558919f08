"""`record`: frames from a server on 127.0.0.1 to segments on disk, whole or not at all."""

import asyncio
from pathlib import Path

import pytest

from genesis.adapters.clock_system import SystemClock
from genesis.adapters.frames_file import FrameRecorder, RecordedFrame, RecordingConnector, recorded_frames
from genesis.adapters.memory.clock import ManualClock
from genesis.app.commands.record import _record
from genesis.domain.channel import BookChannel, Channel, TradesChannel
from genesis.domain.units import Symbol
from genesis.ports.errors import InputError, StoreError
from tests.fakes.socket_server import loopback, memory


async def test_what_came_is_on_disk_word_for_word(tmp_path: Path) -> None:
    async with loopback() as world, asyncio.timeout(10):
        channels: list[Channel] = [TradesChannel(Symbol("tBTCUSD")), BookChannel(Symbol("tBTCUSD"))]
        recorder = await _record(channels, tmp_path, 0.2, world.url)
    recorded = list(recorded_frames(tmp_path))
    assert len(recorded) == recorder.frames >= 6
    assert recorded[0].frame == world.exchange.greeting
    assert [frame.received_us for frame in recorded] == sorted(frame.received_us for frame in recorded)
    assert [path.suffix for path in tmp_path.iterdir()] == [".zst"]


async def test_segments_appear_whole_and_in_order(tmp_path: Path) -> None:
    clock = ManualClock()
    recorder = FrameRecorder(tmp_path, clock, segment_bytes=200)
    async with memory() as world, asyncio.TaskGroup() as tasks:
        socket = await RecordingConnector(world.connector, recorder).connect(world.url)
        running = tasks.create_task(recorder.run())
        await asyncio.sleep(0)
        await socket.receive()
        for i in range(20):
            clock.move(0.001)
            world.exchange.peer().data(7, f"[{i},1,1]")
            await socket.receive()
        running.cancel()
    assert len(list(tmp_path.glob("*.frames.zst"))) > 3
    assert [frame.frame for frame in recorded_frames(tmp_path)][1:] == [f"[7,[{i},1,1]]" for i in range(20)]


async def test_frames_beyond_the_bound_are_dropped_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genesis.adapters.frames_file.WAITING_CHARS_MAX", 10)
    clock = ManualClock()
    recorder = FrameRecorder(tmp_path, clock)
    for text in ("12345", "12345", "67890", "abcde"):
        recorder.take("c", text)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run())
        await asyncio.sleep(0)
        running.cancel()
    now_us = clock.now_us()
    assert list(recorded_frames(tmp_path)) == [
        RecordedFrame(now_us, "c", "12345"),
        RecordedFrame(now_us, "c", "12345"),
        RecordedFrame(now_us, "c", None),
    ]
    assert (recorder.frames, recorder.dropped) == (2, 2)


async def test_a_folder_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = FrameRecorder(tmp_path / "file", ManualClock())
    recorder.take("c", "x")
    with pytest.raises(StoreError, match="file"):
        recorder._write(recorder._taken())


async def test_frames_are_written_while_others_come(tmp_path: Path) -> None:
    recorder = FrameRecorder(tmp_path, SystemClock(), segment_bytes=2000)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(recorder.run(every_s=0.001))
        for i in range(5000):
            recorder.take("c", str(i))
            if i % 50 == 0:
                await asyncio.sleep(0)
        running.cancel()
    assert [frame.frame for frame in recorded_frames(tmp_path)] == [str(i) for i in range(5000)]


@pytest.mark.parametrize("content", [b"nonsense", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_recording_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.frames.zst"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"1\.frames\.zst"):
        list(recorded_frames(path))


def test_a_folder_without_recordings_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no recorded frames"):
        list(recorded_frames(tmp_path))
