"""The installation in numbers, as Prometheus reads them. A fixed number of queries counts; no tenant is named."""

from collections.abc import Iterable, Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from petra import heartbeat
from remediation.census import Census, census
from tenants.models import CallCount

Counts = dict[tuple[int, str], int]


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Installation())
    return generate_latest(registry)


class _Installation(Collector):
    def collect(self) -> Iterable[Metric]:
        now = timezone.now()
        counted = census(now=now)
        yield from _work(counted)
        since = counted.due_since
        seconds = max(0.0, (now - since).total_seconds()) if since else 0.0
        yield _gauge("petra_queue_age_seconds", "Age of the oldest action run that is due and not taken.", seconds)
        yield _gauge("petra_passwords_waiting", "Issued passwords that nobody has seen yet.", counted.passwords)
        yield _circuits(counted)
        if (age := heartbeat.age()) is not None:
            yield _gauge("petra_beat_age_seconds", "Seconds since beat rang and a worker heard it.", age)
        yield _calls()


def _work(counted: Census) -> Iterator[Metric]:
    yield _by_state("petra_action_runs", "Action runs by step and state.", counted.runs)
    yield _by_state("petra_work_orders", "Work orders by step and state.", counted.orders)
    yield _by_state("petra_scans", "Searches by step and state.", counted.scans)


def _by_state(name: str, documentation: str, counts: Counts) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=["step", "state"])
    for (step, state), count in sorted(counts.items()):
        family.add_metric([str(step), state], count)
    return family


def _circuits(counted: Census) -> Metric:
    documentation = "Tenants in which a service of Microsoft does not answer."
    family = GaugeMetricFamily("petra_open_circuits", documentation, labels=["service"])
    for service, count in counted.open_circuits.items():
        family.add_metric([service], count)
    return family


def _calls() -> Metric:
    family = CounterMetricFamily(
        "petra_microsoft_calls", "Requests to Microsoft by service and result.", labels=["service", "result"]
    )
    for service, result, count in CallCount.objects.order_by("service", "result").values_list(
        "service", "result", "count"
    ):
        family.add_metric([service, result], count)
    return family


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value=value)
