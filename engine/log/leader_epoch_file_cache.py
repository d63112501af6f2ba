"""The leader epochs of a partition, in memory and on disk (KIP-101).

::

    epoch    0         3               4
    offset   0         120             400             log end
             |---------|---------------|---------------|
    end of epoch 0, 1 and 2: 120       of 3: 400       of 4: log end

A follower or a consumer that asks where an epoch ends finds out whether its log has parted from
the leader's.

System calls: LeaderEpochCheckpointFile's, with each change.

Kafka: org.apache.kafka.storage.internals.epoch.LeaderEpochFileCache
"""

import itertools

from engine.log.leader_epoch_checkpoint_file import EpochEntry, LeaderEpochCheckpointFile

UNDEFINED_EPOCH = -1
UNDEFINED_EPOCH_OFFSET = -1


class LeaderEpochFileCache:
    """Entries ascend in both epoch and offset; changing belongs to the log's lock."""

    def __init__(self, checkpoint: LeaderEpochCheckpointFile) -> None:
        self._checkpoint = checkpoint
        self._entries: tuple[EpochEntry, ...] = ()
        for entry in checkpoint.read():
            self._entries = self._with(entry)

    @property
    def entries(self) -> tuple[EpochEntry, ...]:
        """Epochs and their first offsets, ascending."""
        return self._entries

    @property
    def latest_epoch(self) -> int | None:
        """The last epoch, None if there is none."""
        return self._entries[-1].epoch if self._entries else None

    def assign(self, epoch: int, start_offset: int) -> None:
        """Notes that an epoch begins, unless it is the latest already.

        Entries that it contradicts, of the same or a later epoch or offset, go. ValueError for a
        negative epoch or offset.
        """
        if epoch < 0 or start_offset < 0:
            raise ValueError(f"Epoch {epoch} cannot begin at offset {start_offset}.")
        self._change(self._with(EpochEntry(epoch, start_offset)))

    def truncate_from_end(self, end_offset: int) -> None:
        """Forgets epochs that begin at or after the log's end."""
        self._change(tuple(entry for entry in self._entries if entry.start_offset < end_offset))

    def truncate_from_start(self, start_offset: int) -> None:
        """Forgets epochs that end before the log's start; the one that holds it begins there."""
        later = tuple(entry for entry in self._entries if entry.start_offset > start_offset)
        earlier = self._entries[: len(self._entries) - len(later)]
        first = (EpochEntry(earlier[-1].epoch, start_offset),) if earlier else ()
        self._change(first + later)

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The largest known epoch up to the one asked for, and where it ends.

        An epoch before all that are known ends where the first of them begins, and keeps its
        number. (-1, -1) for one after all of them.
        """
        if epoch == UNDEFINED_EPOCH or not self._entries:
            return UNDEFINED_EPOCH, UNDEFINED_EPOCH_OFFSET
        if epoch == self.latest_epoch:
            return epoch, log_end_offset
        higher = next((entry for entry in self._entries if entry.epoch > epoch), None)
        if higher is None:
            return UNDEFINED_EPOCH, UNDEFINED_EPOCH_OFFSET
        floor = max((e.epoch for e in self._entries if e.epoch <= epoch), default=epoch)
        return floor, higher.start_offset

    def epoch_for_offset(self, offset: int) -> int | None:
        """The epoch in which an offset was written, None if it is before all that are known."""
        earlier = itertools.takewhile(lambda entry: entry.start_offset <= offset, self._entries)
        return max((entry.epoch for entry in earlier), default=None)

    def previous_epoch(self, epoch: int) -> int | None:
        """The last known epoch before one, None if there is none."""
        return max((entry.epoch for entry in self._entries if entry.epoch < epoch), default=None)

    def _with(self, new: EpochEntry) -> tuple[EpochEntry, ...]:
        latest = self._entries[-1] if self._entries else None
        if latest and latest.epoch == new.epoch and latest.start_offset <= new.start_offset:
            return self._entries
        fitting = itertools.takewhile(
            lambda entry: entry.epoch < new.epoch and entry.start_offset < new.start_offset,
            self._entries,
        )
        return (*fitting, new)

    def _change(self, entries: tuple[EpochEntry, ...]) -> None:
        if entries != self._entries:
            self._checkpoint.write(entries)
            self._entries = entries
