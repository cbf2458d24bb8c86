"""The embedded queue under many hands: every message arrives once, and whole."""

import json
import threading
from pathlib import Path
from queue import Empty

from kombu import Connection

from petra import file_queue


def connect(folder: Path) -> Connection:
    for name in ("messages", "control", "processed"):
        (folder / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
    }
    return Connection(f"{file_queue.SCHEME}://localhost", transport_options=options)


def send(folder: Path, sender: int, count: int) -> None:
    channel = connect(folder).default_channel
    for number in range(count):
        channel._put("bells", {"body": f"{sender}-{number}", "padding": "x" * 5000})


def take(folder: Path, arrived: list[str], sent: threading.Event) -> None:
    channel = connect(folder).default_channel
    while True:
        is_over = sent.is_set()
        try:
            arrived.append(channel._get("bells")["body"])
        except Empty:
            if is_over:
                return


def test_every_message_arrives_once_and_whole(tmp_path: Path):
    file_queue.register()
    arrived: list[str] = []
    sent = threading.Event()
    takers = [threading.Thread(target=take, args=(tmp_path, arrived, sent)) for _ in range(3)]
    senders = [threading.Thread(target=send, args=(tmp_path, sender, 300)) for sender in range(3)]
    for thread in (*takers, *senders):
        thread.start()
    for thread in senders:
        thread.join(30)
    sent.set()
    for thread in takers:
        thread.join(30)
    assert sorted(arrived) == sorted(f"{sender}-{number}" for sender in range(3) for number in range(300))
    assert list((tmp_path / "messages").iterdir()) == []
    assert list((tmp_path / "processed").iterdir()) == []


def test_a_draft_is_no_message(tmp_path: Path):
    file_queue.register()
    channel = connect(tmp_path).default_channel
    (tmp_path / "messages" / "1_x.bells.msg.draft").write_text(json.dumps({"half": "written"})[:5])
    try:
        channel._get("bells")
    except Empty:
        return
    raise AssertionError("a draft was taken for a message")
