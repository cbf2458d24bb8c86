"""The environment, in which every variable may be given as a file: NAME_FILE holds the path."""

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping


class _Values(FileAwareMapping):  # type: ignore[misc]  # ships no types
    """Editors end a file with a line break; no value of ours ends with one."""

    def __getitem__(self, key: str) -> str:
        try:
            value: str = super().__getitem__(key)
        except OSError as error:
            raise ImproperlyConfigured(f"{key}_FILE names a file that cannot be read: {error}") from error
        return value.strip()


class Environment(environ.Env):  # type: ignore[misc]  # ships no types
    """Reads settings from the environment and from the files that it names."""

    ENVIRON = _Values()
