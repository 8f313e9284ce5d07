"""A model of buying through an API without idempotency keys, small enough to be explored whole.

It knows one account's items, the POSTs that were sent for them, and a client that may crash between any two steps. What
may happen is told by functions that give every next step; `explore` follows all of them, breadth first, so that the
first violation that is found has the shortest story. Time is a counter that ticks when nothing has to happen before.
Requests and answers may be lost or arrive late, and the provider's history may show a prediction late or never.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from batch.core import events as ev
from batch.core.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Fate(IntEnum):
    """What became of a POST at the provider; the client sees nothing of it but by an answer or a look."""

    UNDERWAY = 0  # it may still arrive, however long ago it was sent
    LOST = 1  # it never will
    DENIED = 2  # turned down: nothing was created
    RENDERING = 3  # accepted: it will be charged
    MADE = 4
    FAILED = 5  # accepted, and ended without a clip: a further attempt is allowed


class Shown(IntEnum):
    """Whether the provider's history shows a prediction."""

    NOT_YET = 0
    YES = 1
    NEVER = 2


class Answer(IntEnum):
    """Where the answer to a POST is."""

    NONE = 0
    UNDERWAY = 1
    LOST = 2


class Memory(IntEnum):
    """What the running process knows of an item, and a crash forgets."""

    NOTHING = 0
    ABOUT_TO_SEND = 1
    WAITS_FOR_ANSWER = 2


class Post(NamedTuple):
    """One POST, as the provider and the network have it. `age` counts ticks, first of the way, then of the lag."""

    fate: Fate = Fate.UNDERWAY
    shown: Shown = Shown.NOT_YET
    answer: Answer = Answer.NONE
    age: int = 0

    @property
    def charged(self) -> bool:
        """Whether there is a clip to pay for, or there will be."""
        return self.fate in {Fate.RENDERING, Fate.MADE}

    @property
    def exists(self) -> bool:
        """Whether it became a prediction."""
        return self.fate >= Fate.RENDERING


class Item(NamedTuple):
    """An item: its phase on disk, what the process remembers of it, and all POSTs that were sent for it.

    `waited` counts ticks since its answer was lost, up to the grace; `looked` tells whether the history was read since.
    """

    phase: Phase = Phase.PLANNED
    memory: Memory = Memory.NOTHING
    posts: tuple[Post, ...] = ()
    waited: int = 0
    looked: bool = False


class State(NamedTuple):
    """Everything. `items` are sorted, since their order means nothing."""

    items: tuple[Item, ...]
    up: bool = True
    crashes: int = 0


Kind = type[ev.Event] | None
"""The event of the program that a step stands for; None for what happens outside it."""


class Step(NamedTuple):
    """Something that may happen next: in words, as the program's event, and what follows."""

    words: str
    kind: Kind
    after: Item


class Move(NamedTuple):
    """A step of one item, or of all, in the whole."""

    words: str
    after: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a client does when it cannot know whether a POST was accepted.

    Attributes:
        unclear: The phase of an attempt whose answer is lost; `PLANNED` is a blind resubmission.
        unfound: The phase after the grace without a match.
        patient: Whether it waits for an answer as long as it lives.
    """

    unclear: Phase
    unfound: Phase
    patient: bool = False


OURS = Policy(unclear=Phase.UNCONFIRMED, unfound=Phase.HELD)
BLIND = Policy(unclear=Phase.PLANNED, unfound=Phase.HELD)
RESUBMITTING = Policy(unclear=Phase.UNCONFIRMED, unfound=Phase.PLANNED)
FORGETFUL = Policy(unclear=Phase.UNCONFIRMED, unfound=Phase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How large the world is, and how badly it behaves.

    Attributes:
        posts: Most POSTs for an item.
        concurrency: Most open POSTs, and most attempts that nobody has looked up before nothing new begins.
        grace: Ticks.
        late: Most ticks from sending a POST to its acceptance; None for any number.
        lag: Most ticks from acceptance to the history; None for any number, or never.
        silent: Nothing is ever answered or shown, which is the worst for what nobody knows.
    """

    policy: Policy = OURS
    items: int = 1
    posts: int = 2
    crashes: int = 2
    concurrency: int = 1
    grace: int = 1
    late: int | None = None
    lag: int | None = None
    silent: bool = False


# What the provider and the network may do


def outside(item: Item, setting: Setting) -> Iterator[Step]:
    """Give what may happen to an item's POSTs without the client."""
    if setting.silent:
        return
    for number, post in enumerate(item.posts):
        for words, after in _post_steps(post, endless=setting.lag is None):
            posts = (*item.posts[:number], after, *item.posts[number + 1 :])
            yield Step(f"{words} (POST {number + 1})", None, item._replace(posts=posts))


def _post_steps(post: Post, *, endless: bool) -> Iterator[tuple[str, Post]]:
    if post.fate is Fate.UNDERWAY:
        yield "the request is lost", post._replace(fate=Fate.LOST, age=0)
        yield "the provider accepts", Post(fate=Fate.RENDERING, answer=Answer.UNDERWAY)
        yield "the provider denies", Post(fate=Fate.DENIED, answer=Answer.UNDERWAY)
    if post.fate is Fate.RENDERING:
        yield "the clip is made", post._replace(fate=Fate.MADE)
        yield "the rendering fails", post._replace(fate=Fate.FAILED)
    if post.exists and post.shown is Shown.NOT_YET:
        yield "the history shows it", post._replace(shown=Shown.YES, age=0)
        if endless:
            yield "the history will never show it", post._replace(shown=Shown.NEVER, age=0)
    if post.answer is Answer.UNDERWAY:
        yield "the answer is lost", post._replace(answer=Answer.LOST)


# What the client may do


def inside(item: Item, setting: Setting, *, may_begin: bool) -> Iterator[Step]:
    """Give what a running client may do with an item."""
    match item.phase:
        case Phase.PLANNED if may_begin and len(item.posts) < setting.posts:
            after = item._replace(phase=Phase.SUBMITTING, memory=Memory.ABOUT_TO_SEND)
            yield Step("the intent is written", ev.Intended, after)
        case Phase.SUBMITTING if item.memory is Memory.ABOUT_TO_SEND:
            yield Step("no connection", ev.SubmitNotSent, item._replace(phase=Phase.PLANNED, memory=Memory.NOTHING))
            posts = (*item.posts, Post())
            yield Step("the POST is sent", None, item._replace(memory=Memory.WAITS_FOR_ANSWER, posts=posts))
        case Phase.SUBMITTING if item.memory is Memory.WAITS_FOR_ANSWER:
            yield from _answers(item, setting.policy)
        case Phase.UNCONFIRMED | Phase.HELD:
            yield from _looks(item, setting)
        case Phase.RUNNING:
            yield from _polls(item, setting)
        case Phase.RENDERED:
            yield Step("the clip is fetched", ev.Downloaded, item._replace(phase=Phase.DONE))


def _answers(item: Item, policy: Policy) -> Iterator[Step]:
    post = item.posts[-1]
    if not policy.patient:
        yield Step("the answer does not come", ev.SubmitUnclear, _unclear(item, policy))
    if post.answer is not Answer.UNDERWAY:
        return
    posts = (*item.posts[:-1], post._replace(answer=Answer.NONE))
    if post.exists:
        after = item._replace(phase=Phase.RUNNING, memory=Memory.NOTHING, posts=posts)
        yield Step("the answer brings the id", ev.SubmitAccepted, after)
    else:
        after = item._replace(phase=Phase.PLANNED, memory=Memory.NOTHING, posts=posts)
        yield Step("the answer is a denial", ev.SubmitDenied, after)


def _unclear(item: Item, policy: Policy) -> Item:
    return item._replace(phase=policy.unclear, memory=Memory.NOTHING, waited=0, looked=False)


def _looks(item: Item, setting: Setting) -> Iterator[Step]:
    """Look the attempt up by its upload's echo, which only its own POST can have brought there."""
    found = bool(item.posts) and item.posts[-1].exists and item.posts[-1].shown is Shown.YES
    if found:
        after = item._replace(phase=Phase.RUNNING, waited=0, looked=False)
        yield Step("the history has it: adopted", ev.Adopted, after)
    elif item.phase is Phase.UNCONFIRMED and item.waited >= setting.grace:
        after = item._replace(phase=setting.policy.unfound, waited=0, looked=False)
        yield Step(f"the grace is over: {after.phase}", ev.Held, after)
    elif item.phase is Phase.UNCONFIRMED:
        yield Step("the history does not have it", ev.LookedUp, item._replace(looked=True))


def _polls(item: Item, setting: Setting) -> Iterator[Step]:
    post = item.posts[-1]
    if post.fate is Fate.MADE:
        yield Step("a poll sees the clip", ev.Rendered, item._replace(phase=Phase.RENDERED))
    elif post.fate is Fate.FAILED:
        again = len(item.posts) < setting.posts
        after = item._replace(phase=Phase.PLANNED if again else Phase.FAILED)
        yield Step("a poll sees the failure", ev.Failed, after)


# The whole


def begin(setting: Setting) -> State:
    """Give the state before anything has happened."""
    return State(items=(Item(),) * setting.items, crashes=setting.crashes)


def moves(state: State, setting: Setting) -> Iterator[Move]:
    """Give everything that may happen next."""
    for number, step in steps(state, setting):
        items = (*state.items[:number], step.after, *state.items[number + 1 :])
        yield Move(step.words, state._replace(items=tuple(sorted(items))))
    if not state.up:
        items = tuple(sorted(_recovered(item, setting.policy) for item in state.items))
        yield Move("the process starts again", state._replace(items=items, up=True))
    elif state.crashes:
        items = tuple(sorted(item._replace(memory=Memory.NOTHING) for item in state.items))
        yield Move("the process dies", State(items=items, up=False, crashes=state.crashes - 1))
    if _may_tick(state, setting):
        items = tuple(sorted(_older(item, setting) for item in state.items))
        yield Move("time passes", state._replace(items=items))


def steps(state: State, setting: Setting) -> Iterator[tuple[int, Step]]:
    """Give each item's own next steps, with its place."""
    may_begin = state.up and _room(state, setting)
    for number, item in enumerate(state.items):
        if number and item == state.items[number - 1]:
            continue  # its twin's steps lead to the same states
        for step in outside(item, setting):
            yield number, step
        if state.up:
            for step in inside(item, setting, may_begin=may_begin):
                yield number, step


def _room(state: State, setting: Setting) -> bool:
    opened = sum(item.memory is not Memory.NOTHING for item in state.items)
    unknown = sum(item.phase is Phase.UNCONFIRMED and not item.looked for item in state.items)
    return opened < setting.concurrency and unknown < setting.concurrency


def _recovered(item: Item, policy: Policy) -> Item:
    """Start again with what is on disk: an intent without an answer may have been sent."""
    return _unclear(item, policy) if item.phase is Phase.SUBMITTING else item


def _may_tick(state: State, setting: Setting) -> bool:
    """Say whether time may pass before anything else: not past the moment by which something surely has happened."""
    for post in (post for item in state.items for post in item.posts):
        if post.fate is Fate.UNDERWAY and setting.late is not None and post.age >= setting.late:
            return False
        hidden = post.exists and post.shown is Shown.NOT_YET
        if hidden and setting.lag is not None and post.age >= setting.lag:
            return False
    return True


def _older(item: Item, setting: Setting) -> Item:
    waited = min(setting.grace, item.waited + 1) if item.phase is Phase.UNCONFIRMED else item.waited
    return item._replace(waited=waited, posts=tuple(_aged(post, setting) for post in item.posts))


def _aged(post: Post, setting: Setting) -> Post:
    """Count a tick where one is counted; elsewhere an age would only tell equal states apart."""
    travels = post.fate is Fate.UNDERWAY and setting.late is not None
    hidden = post.exists and post.shown is Shown.NOT_YET and setting.lag is not None
    return post._replace(age=post.age + 1) if travels or hidden else post


# Exploring


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """Every state that can be reached, in the order of the length of its story.

    Attributes:
        came_from: The move that first led to each state, and from where; nothing for the first state.
        after: The states that each may become.
    """

    came_from: dict[State, tuple[State, str] | None]
    after: dict[State, tuple[State, ...]]

    @property
    def ends(self) -> list[State]:
        """The states in which nothing can happen any more."""
        return [state for state, following in self.after.items() if not following]

    def first(self, wrong: Callable[[State], bool]) -> State | None:
        """Give the state nearest to the beginning of which this is true."""
        return next((state for state in self.came_from if wrong(state)), None)

    def story(self, state: State) -> str:
        """Tell the shortest way to a state, a line for each step."""
        lines = [f"  in the end: {state}"]
        before = self.came_from[state]
        while before is not None:
            lines.append(f"  {before[1]}")
            before = self.came_from[before[0]]
        return "\n".join(reversed(lines))

    def can_end(self) -> set[State]:
        """Give the states from which an end can be reached."""
        before: dict[State, list[State]] = {}
        for state, following in self.after.items():
            for later in following:
                before.setdefault(later, []).append(state)
        found = set(self.ends)
        waiting = list(found)
        while waiting:
            fresh = [state for state in before.get(waiting.pop(), ()) if state not in found]
            found.update(fresh)
            waiting.extend(fresh)
        return found


def explore(setting: Setting, *, until: Callable[[State], bool] | None = None) -> Explored:
    """Follow everything that may happen, breadth first; only as far as the first state of which `until` is true."""
    start = begin(setting)
    came_from: dict[State, tuple[State, str] | None] = {start: None}
    after: dict[State, tuple[State, ...]] = {}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        following = {move.after: move.words for move in moves(state, setting) if move.after != state}
        after[state] = tuple(following)
        for later, words in following.items():
            if later not in came_from:
                came_from[later] = (state, words)
                waiting.append(later)
                if until is not None and until(later):
                    return Explored(came_from=came_from, after=after)
    return Explored(came_from=came_from, after=after)


# What must never be


def charged_twice(state: State) -> bool:
    """Whether two clips of one item are paid for."""
    return any(sum(post.charged for post in item.posts) > 1 for item in state.items)


def sent_in_doubt(state: State) -> bool:
    """Whether a further POST was sent although the one before it may yet be charged, whether or not it was."""
    return any(post.charged or post.fate is Fate.UNDERWAY for item in state.items for post in item.posts[:-1])


KNOWN = frozenset({Phase.RUNNING, Phase.RENDERED, Phase.DONE})
IN_DOUBT = frozenset({Phase.SUBMITTING, Phase.UNCONFIRMED, Phase.HELD})


def lost(state: State) -> bool:
    """Whether a prediction that is paid for is neither known nor kept in doubt with its money reserved."""
    return any(
        post.charged and (item.phase not in KNOWN | IN_DOUBT or number < len(item.posts))
        for item in state.items
        for number, post in enumerate(item.posts, start=1)
    )


def exposure(state: State) -> int:
    """Count the attempts of which nobody can say, or has yet asked, whether they were accepted."""
    return sum(
        item.phase is Phase.SUBMITTING or (item.phase is Phase.UNCONFIRMED and not item.looked) for item in state.items
    )
