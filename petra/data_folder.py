"""The data folder of an embedded installation: database, queue and keys. Made on first use, closed to other users."""

import os
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path


def data_folder(path: str) -> Path:
    """The folder as an absolute path, made with mode 0700 if it is not there."""
    folder = Path(path).expanduser().resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def key_material(folder: Path, name: str) -> str:
    """The key kept in `folder`/`name`, 32 random bytes as url-safe base64, made at the first call.

    Two processes that start at once get the same key: the file is created exclusively, the loser reads it.
    """
    path = folder / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    return key
