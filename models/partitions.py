"""Which partition and which customer group a key belongs to: Kafka's murmur2, so every client agrees.

Source: Apache Kafka, ``org.apache.kafka.common.utils.Utils.murmur2``; seed 0x9747b28c.
"""

import struct
from functools import lru_cache

from models.cells import GROUPS
from models.identifiers import Partition

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Return the unsigned 32-bit murmur2 hash of ``key``.

    >>> murmur2(b"21") - 2**32, murmur2(b"foobar") - 2**32
    (-973932308, -790332482)
    """
    length = len(key)
    h = (0x9747B28C ^ length) & _MASK
    whole = length & ~3
    for word in struct.unpack_from(f"<{whole // 4}I", key):
        k = (word * _M) & _MASK
        k = ((k ^ (k >> 24)) * _M) & _MASK
        h = ((h * _M) & _MASK) ^ k
    if whole < length:
        h = ((h ^ int.from_bytes(key[whole:], "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=1 << 16)
def positive_hash(key: bytes) -> int:
    """Return the non-negative hash that partitions and groups are taken from."""
    return murmur2(key) & 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> Partition:
    """Return the partition of ``key`` among ``partitions``."""
    return Partition(positive_hash(key) % partitions)


def group_of(key: bytes) -> int:
    """Return which of the 32 customer groups ``key`` belongs to.

    A customer stays in one for good, whatever the number of partitions.
    """
    return positive_hash(key) % GROUPS


def other_count(has: int, built_from: int) -> str:
    """Return what a log of ``has`` partitions means for a store that was built from ``built_from``, and the remedy.

    >>> other_count(20, 16).partition(":")[0]
    'the log has 20 partitions, but this store was built from one of 16'
    """
    return (
        f"the log has {has} partitions, but this store was built from one of {built_from}: customers come by other "
        "partitions now, and none can be taken away again; name the right log, or begin with a new, empty database "
        f"and RESSENTI_PARTITIONS={has}: what the log still holds is folded anew"
    )
