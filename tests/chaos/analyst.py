"""An analyst who works through the six steps of one incident over HTTP, presses twice, and does not give up at once."""

import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from django.db import DatabaseError, close_old_connections, connection

from incidents.enums import IncidentState
from incidents.models import Incident
from remediation.actions.registry import ACTIONS
from remediation.enums import RETRIABLE_STATES, WAITING_STATES, RunState, ScanState, Step
from remediation.models import ActionRun, Scan
from tenants.scoping import tenant_scope
from tests.chaos.seed import PASSWORD
from tests.fixtures.stack import _csrf

ROUNDS = 10  # times that "Retry failed", or a new search, is pressed
PATIENCE = 240.0  # seconds until something that does not come to its end is called stuck
UNDOABLE = {key for key, action in ACTIONS.items() if action.can_undo}


class Stuck(Exception):
    """Something did not come to an end in time."""


@dataclass
class Analyst:
    """Drives one incident. `posts` keeps what was posted and answered, for the verdict."""

    url: str
    slug: str
    incident: Incident
    seed: int
    emails: tuple[str, str]
    posts: list[dict[str, Any]] = field(default_factory=list)
    is_hasty: bool = False  # presses step 3 before step 2 is through
    password: str = ""  # the last one that was revealed

    def __post_init__(self) -> None:
        self._dice = random.Random(f"analyst {self.seed} {self.slug}")  # noqa: S311 - chance, not secrecy
        self._sessions: dict[str, requests.Session] = {}

    @property
    def _page(self) -> str:
        return f"{self.url}/t/{self.slug}/incidents/{self.incident.pk}/"

    def work(self, is_over: Callable[[], bool]) -> None:
        """The six steps, again and again until it `is_over`; between two times what can be taken back is taken back."""
        self._take_steps()
        while not is_over():
            self._take_back()
            self._take_steps()

    def _take_steps(self) -> None:
        with tenant_scope([self.incident.tenant_id]):
            self._search()
            self.press(Step.CONTAIN)
            for step in (Step.RETRACT, Step.PERSISTENCE):
                self._until_searched(step)
                self.press(step, all="on")
                if not self.is_hasty:
                    self._until_done(step)
            self.press(Step.PASSWORD, again="on")
            for step in (Step.CONTAIN, Step.RETRACT, Step.PERSISTENCE, Step.PASSWORD):
                self._until_done(step)
            self._reveal()
            self.press(Step.RE_ENABLE, reason="The attacker is out.")
            self._until_done(Step.RE_ENABLE)
            self.press(Step.REMEDIATED, reason="Chaos is over.")

    def press(self, step: Step, **form: str) -> None:
        """Press a step's button; now and then the same form arrives twice, or a colleague presses at the same time."""
        form = {"key": uuid.UUID(int=self._dice.getrandbits(128)).hex, **form}
        self._post(f"steps/{step}/press/", form)
        if self._dice.random() < 0.5:
            self._post(f"steps/{step}/press/", form)
        if self._dice.random() < 0.3 and step != Step.PASSWORD:
            other = form | {"key": uuid.UUID(int=self._dice.getrandbits(128)).hex}
            self._post(f"steps/{step}/press/", other, by=1)

    def _search(self) -> None:
        for step in (Step.RETRACT, Step.PERSISTENCE):
            self._post(f"steps/{step}/scan/", {})

    def _until_searched(self, step: Step) -> None:
        """Until a search of the step saw everything, or was tried often enough."""
        scans = Scan.objects.filter(step=step).order_by("pk")
        for _ in range(ROUNDS):
            going = scans.filter(state__in=[ScanState.QUEUED, ScanState.RUNNING])
            self._wait(lambda going=going: not self._read(going.exists), f"the search of step {step}")
            if self._read(scans.last).is_whole:
                return
            self._post(f"steps/{step}/scan/", {})

    def _until_done(self, step: Step) -> None:
        """Until nothing of a step runs; what failed is tried again, a few times."""
        for _ in range(ROUNDS):
            self._wait(lambda: not self._runs(step, *WAITING_STATES), f"step {step}")
            if not self._runs(step, *RETRIABLE_STATES):
                return
            self._post(f"steps/{step}/retry/", {})
        self._wait(lambda: not self._runs(step, *WAITING_STATES), f"step {step}")

    def _take_back(self) -> None:
        """Open the incident again, and undo the steps 2 and 3, as far as they can be."""
        with tenant_scope([self.incident.tenant_id]):
            self._post("reopen/", {}, below="")
            to_undo = self._latest(RunState.SUCCEEDED, RunState.UNDO_FAILED)
            for _ in range(ROUNDS):
                if to_undo:
                    self._post("undo/", {"runs": to_undo, "confirmed": "on"})
                for step in (Step.RETRACT, Step.PERSISTENCE):
                    self._wait(lambda step=step: not self._runs(step, *WAITING_STATES), f"undo of step {step}")
                to_undo = self._latest(RunState.UNDO_FAILED)

    def _latest(self, *states: RunState) -> list[int]:
        """The last run of each target of the steps 2 and 3, of those that can be undone and are in these states."""
        wanted = ActionRun.objects.filter(step__in=(Step.RETRACT, Step.PERSISTENCE), action_key__in=UNDOABLE)
        runs = self._read(lambda: list(wanted.order_by("pk")))
        latest = {(run.step, run.action_key, run.target_key): run for run in runs}.values()
        return [run.pk for run in latest if run.state in states]

    def _reveal(self) -> None:
        """Look at the new password, as the one who pressed."""
        runs = self._read(lambda: list(ActionRun.objects.filter(action_key="reset_password").order_by("pk")))
        if runs and runs[-1].state == RunState.SUCCEEDED:
            page = self._post(f"passwords/{runs[-1].pk}/reveal/", {})
            shown = re.search(r'id="new-password"[^>]*>([^<]+)<', page)
            self.password = shown[1].strip() if shown else ""

    def _runs(self, step: Step, *states: RunState) -> bool:
        return bool(self._read(ActionRun.objects.filter(step=step, state__in=states).exists))

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > deadline:
                raise Stuck(f"{self.slug}: {what} did not come to an end within {PATIENCE:.0f} seconds.")
            time.sleep(0.15)

    @staticmethod
    def _read(query: Callable[[], Any]) -> Any:
        """Ask the database, patiently: it may be restarting."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return query()
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                connection.close()
                time.sleep(0.2)
            finally:
                close_old_connections()

    def _post(self, path: str, form: dict[str, Any], *, by: int = 0, below: str = "remediation/") -> str:
        """Post a form, and the very same again when no answer came or the console was not well."""
        address = self._page + below + path
        for _ in range(30):
            try:
                data = {"tenant": self.slug, **form}
                answer = self._session(by).post(address, data=data, timeout=60, allow_redirects=False)
            except (requests.RequestException, IndexError) as error:  # no answer, or no form to sign in with
                status, text = 0, str(error)
            else:
                status, text = answer.status_code, answer.text
            self.posts.append({"path": address, "status": status, "key": form.get("key", "")})
            if 0 < status < 500:
                return text
            self._sessions.clear()
            time.sleep(0.5)
        raise Stuck(f"{self.slug}: {path} was answered with {status} thirty times: {text[:200]}")

    def _session(self, by: int) -> requests.Session:
        email = self.emails[by]
        if email not in self._sessions:
            session = requests.Session()
            form = session.get(f"{self.url}/sign-in/", timeout=30)
            session.headers["X-CSRFToken"] = _csrf(form.text)
            page = session.post(f"{self.url}/sign-in/", data={"login": email, "password": PASSWORD}, timeout=30)
            session.headers["X-CSRFToken"] = _csrf(page.text)
            self._sessions[email] = session
        return self._sessions[email]


def is_remediated(incident: Incident) -> bool:
    """Whether step 6 was taken."""
    with tenant_scope([incident.tenant_id]):
        return Incident.objects.get(pk=incident.pk).state == IncidentState.REMEDIATED
