"""Trainings as iterators: records as they come, a bar that shows how far they are, and the summary at the end."""

from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import Self

from service.client.progress import Progress
from service.client.training import Course, TrainingRecord


class _Watched(Course):
    """A course that shows how far it is."""

    def __init__(self, steps: int, progress: bool | None) -> None:
        super().__init__()
        self._progress = Progress(steps, progress)

    def _seen(self, record: TrainingRecord) -> TrainingRecord:
        accuracy = "" if record.accuracy is None else f"  accuracy {record.accuracy:.3f}"
        self._progress.show(record.step, f"loss {record.loss:.4g}{accuracy}", self.drawn)
        return record

    def _finish(self) -> None:
        """Raise NoAnswer unless the last record has come."""
        end, done = self.summary, len(self.losses)
        self._progress.show(done, f"loss {end.loss.end:.4g} at the end", self.drawn, last=True)


class Training(_Watched):
    """A training that is going on: iterate over its records, then read its `summary`.

    As a context manager, or when it is closed, it hangs up, which stops the training.
    """

    def __init__(self, pieces: Generator[bytes], steps: int, progress: bool | None) -> None:
        super().__init__(steps, progress)
        self._pieces = pieces
        self._records = self._all()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> TrainingRecord:
        return next(self._records)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._records.close()
        self._pieces.close()

    def _all(self) -> Generator[TrainingRecord]:
        for piece in self._pieces:
            for record in self.hear(piece):
                yield self._seen(record)
        self._finish()


class AsyncTraining(_Watched):
    """The same, iterated over with `async for`; see Training."""

    def __init__(self, pieces: AsyncGenerator[bytes], steps: int, progress: bool | None) -> None:
        super().__init__(steps, progress)
        self._pieces = pieces
        self._records = self._all()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TrainingRecord:
        return await anext(self._records)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Hang up."""
        await self._records.aclose()
        await self._pieces.aclose()

    async def _all(self) -> AsyncGenerator[TrainingRecord]:
        async for piece in self._pieces:
            for record in self.hear(piece):
                yield self._seen(record)
        self._finish()
