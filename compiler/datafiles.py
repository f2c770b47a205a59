"""The old name of `compiler.data`."""

from compiler.data.model import DataFile
from compiler.data.sources import MAX_REPORTED_ROWS, folder_digest, read_source

__all__ = ["MAX_REPORTED_ROWS", "DataFile", "folder_digest", "read_source"]
