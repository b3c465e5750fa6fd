"""Messages are made in a child process with limits, so that a bad template costs one message and no more."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType

from engine.channels.letter import letter_pdf
from engine.core.messages.facts import MessageFacts
from engine.core.messages.head import Template, Templates
from engine.core.messages.render import Message, render, render_one
from engine.core.problem import Place, Problem
from engine.errors import DunwellError
from engine.limited import allow_cpu, confine

PRELOADED = ("jinja2", "markdown_it", "babel.dates", "babel.numbers")  # what any message needs


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message may cost: seconds on the wall and of the processor, and bytes of memory and of result.

    `first` are seconds more for the first message of a child, which has to start and to load its libraries.
    """

    wall: float = 10.0
    cpu: int = 8
    memory: int = 1_500_000_000
    output: int = 20_000_000
    first: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """A message to make. `letter` also sets it as a PDF; `kind` is `script` for a call script; `own` are words of its own."""

    template: str
    facts: MessageFacts
    letter: bool = False
    kind: str = "message"
    own: Template | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """Either a message (with the letter's PDF, if it was asked for), or the problem that stopped this one."""

    message: Message | None = None
    pdf: bytes | None = None
    problem: Problem | None = None


class Renderer:
    """Makes messages in a limited child process; a context manager. It is started when first needed, and
    anew after its death.

    A child that was ended by the machine is not the template's last word, so nothing is kept of it: the same
    request
    may be made again.
    """

    def __init__(self, templates: Templates, limits: Limits = Limits()) -> None:  # a frozen value
        self._templates = templates
        self._limits = limits
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None
        # One question and its answer at a time: else one thread would read another's message.
        self._turn = threading.Lock()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def render(self, requests: Sequence[Request]) -> list[Rendered]:
        """One result for each request, in their order. Never raises for what a template does.

        Raises DunwellError where the child cannot be started.
        """
        answers: list[Rendered] = []
        with self._turn:
            while len(answers) < len(requests):
                answers += self._some(requests[len(answers) :])
        return answers

    def close(self) -> None:
        """End the child."""
        if self._pipe is not None:
            self._pipe.close()
        if self._child is not None:
            self._child.kill()
            self._child.join()
        self._child = self._pipe = None

    def _some(self, requests: Sequence[Request]) -> list[Rendered]:
        """The first answers, one at least: all of them, or up to the message that ended the child."""
        wall = self._limits.wall
        if self._child is None or not self._child.is_alive():
            self._start()
            wall += self._limits.first  # its libraries are loaded when they are first needed
        assert self._pipe is not None
        assert self._child is not None
        answers: list[Rendered] = []
        begun = time.monotonic()
        try:
            self._pipe.send(list(requests))
            for request in requests:
                begun = time.monotonic()
                if not self._pipe.poll(wall):
                    self.close()
                    sentence = f"this message took more than {self._limits.wall:g} seconds"
                    return [*answers, self._failed(request, sentence, "too-slow")]
                answers.append(self._pipe.recv())
                wall = self._limits.wall
        except (EOFError, OSError):
            self._child.join(5)
            cpu = self._child.exitcode in (-24, -9) and time.monotonic() - begun > 1
            self.close()
            request = requests[len(answers)]
            if cpu:
                sentence = f"this message took more than {self._limits.cpu} seconds of computing"
                return [*answers, self._failed(request, sentence, "too-slow")]
            sentence = "the process that makes messages ended while it made this one"
            return [*answers, self._failed(request, sentence, "ended")]
        return answers

    def _start(self) -> None:
        self.close()
        # A fork of this process would carry threads and open databases with it: the child is a fork of a clean one.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, *PRELOADED])
        ours, theirs = context.Pipe()
        self._child = context.Process(
            target=_work, args=(theirs, self._templates, self._limits), daemon=True, name="dunwell-render"
        )
        self._child.start()
        theirs.close()
        self._pipe = ours
        try:  # what is sent before it reads could fill the pipe, and wait for ever
            if not ours.poll(self._limits.first):
                raise EOFError
            ours.recv()
        except (EOFError, OSError):
            self.close()
            raise DunwellError(
                "the process that makes messages does not start", "“dunwell doctor” looks for the reason"
            ) from None

    def _failed(self, request: Request, sentence: str, code: str) -> Rendered:
        place = next(
            (each.place for each in self._templates.languages(request.template, request.kind).values()),
            Place(f"templates/{request.template}.md"),
        )
        suggestion = "look for a loop in it, or for a very long list of invoices"
        return Rendered(problem=Problem(place, sentence, suggestion, code))


def _work(pipe: Connection, templates: Templates, limits: Limits) -> None:
    """The child: some requests in, a result out for each, until the pipe is closed."""
    confine(limits.memory)
    pipe.send(None)  # it reads from now on
    while True:
        try:
            requests = pipe.recv()
        except (EOFError, OSError):
            return
        for request in requests:
            allow_cpu(limits.cpu)
            answer = _answer(templates, request, limits)
            try:
                pipe.send(answer)
            except OSError:  # who asked has ended
                return


def _answer(templates: Templates, request: Request, limits: Limits) -> Rendered:
    try:
        return _make(templates, request, limits)
    except MemoryError:
        return _stopped(request, "this message needs more memory than one may have", "too-large")
    except DunwellError as error:
        return _stopped(request, error.sentence, "letter", error.hint)
    except Exception as error:  # of the typesetter, say: this message fails, the next is tried
        hint = f"{type(error).__name__}: {error}"[:300]
        return _stopped(request, "this message could not be made", "failed", hint)


def _make(templates: Templates, request: Request, limits: Limits) -> Rendered:
    if request.own is not None:
        made = render_one(templates, request.own, request.facts)
    else:
        made = render(templates, request.template, request.facts, request.kind)
    if isinstance(made, Problem):
        return Rendered(problem=made)
    pdf = (
        letter_pdf(made, request.facts, templates.frames.get("_letter.html", "")) if request.letter else None
    )
    size = len(made.text) + len(made.html) + len(made.body) + len(pdf or b"")
    if size > limits.output:
        return _stopped(
            request, f"this message has {size:,} bytes, and may have {limits.output:,}", "too-large"
        )
    return Rendered(message=made, pdf=pdf)


def _stopped(request: Request, sentence: str, code: str, suggestion: str = "") -> Rendered:
    hint = suggestion or "look for a loop in the template, or for a very long list of invoices"
    return Rendered(problem=Problem(Place(f"templates/{request.template}.md"), sentence, hint, code))
