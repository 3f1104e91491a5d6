"""What a lock or a transaction protects: the places that are used under it, and what belongs together there."""

from typing import Literal, NamedTuple, TypeAlias

from ctxreview.model.kinds import Certainty
from ctxreview.model.regions import Region
from ctxreview.model.source import Lines

Standing = Literal["protected", "partly", "used"]
"""``protected``: what was read of the code writes it under the lock alone; ``partly``: under it and without it; ``used``: it is used
under the lock, and nothing says that the lock is what keeps it together."""


class Access(NamedTuple):
    """A read or write of a place outside the lock, in ``member`` or in the function ``through`` which that calls.

    ``under`` are other locks that are held there, ``at_once`` says that it is one indivisible or ordered step.
    """

    member: str
    at: Lines
    writes: bool
    through: str = ""
    under: tuple[str, ...] = ()
    at_once: bool = False


class ProtectedPlace(NamedTuple):
    """State of the type, by its name, or a variable that delegates share.

    ``written_in`` and ``read_in`` are the members that do so under the lock, ``shared_in`` those that write it under a hold that
    others have at the same time; ``without`` are accesses that are not under it, constructors aside. ``unsure`` are
    accesses of which it is not known whether they are under it.
    """

    name: str
    standing: Standing
    written_in: tuple[str, ...] = ()
    read_in: tuple[str, ...] = ()
    shared_in: tuple[str, ...] = ()
    without: tuple[Access, ...] = ()
    unsure: tuple[Access, ...] = ()


class Group(NamedTuple):
    """Places that are written in one go, without letting the lock go in between, in each of ``members``."""

    places: tuple[str, ...]
    members: tuple[str, ...]


class Step(NamedTuple):
    """Something that is done at a place: what is called or written there, or the member that does it."""

    name: str
    at: Lines


class LockProtection(NamedTuple):
    """What the lock of ``region`` protects, as far as its file shows it.

    ``lock`` is its name as people read it; ``takers`` are all places that take it, named by their member. ``private`` says that
    no other file can use what it protects, ``left_out`` how many functions that may use it were not looked at.
    """

    region: Region
    lock: str
    certainty: Certainty
    places: tuple[ProtectedPlace, ...] = ()
    groups: tuple[Group, ...] = ()
    takers: tuple[Step, ...] = ()
    private: bool = True
    left_out: int = 0

    def of(self, standing: Standing) -> tuple[ProtectedPlace, ...]:
        """The places of one standing."""
        return tuple(p for p in self.places if p.standing == standing)


class Decision(NamedTuple):
    """A read of rows on which writes depend, by data or by a condition."""

    read: Step
    writes: tuple[Step, ...]


class TransactionProtection(NamedTuple):
    """What the transaction of ``region`` keeps together.

    ``writes`` are what is changed or sent under it, in order; ``decisions`` the reads of rows under it on which these depend.
    ``isolation`` is the level that the source names, ``hints`` are statements under it that ask for locks.
    """

    region: Region
    certainty: Certainty
    writes: tuple[Step, ...] = ()
    decisions: tuple[Decision, ...] = ()
    isolation: str = ""
    hints: tuple[Step, ...] = ()


Protection: TypeAlias = LockProtection | TransactionProtection
