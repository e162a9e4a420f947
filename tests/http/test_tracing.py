"""Traces: what comes in with a request is gone on with, recorded where a collector is configured, and passed on."""
import json
import uuid

import pytest

from conftest import free_port, until
from test_payments import started, show
from test_reviews import make_lesson
from collector import Collector

SERVER_KIND, CLIENT_KIND, CONSUMER_KIND = 2, 3, 5


@pytest.fixture
def collector():
    here = Collector()
    yield here
    here.stop()


def new_trace(sampled=True):
    trace, parent = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    return trace, parent, {"traceparent": f"00-{trace}-{parent}-0{int(sampled)}"}


def tree(spans, parent):
    """The names below a span, in the order in which they began."""
    below = sorted((each for each in spans if each.parent == parent), key=lambda each: each.began)
    return [each.name if not tree(spans, each.id) else [each.name, *tree(spans, each.id)] for each in below]


def whole(collector, trace, root="GET /api/bookings"):
    """A span is recorded when it ends, and the request's is the last one."""
    return until(lambda: any(each.name == root for each in collector.of(trace)) and collector.of(trace), "the trace")


@pytest.fixture
def server(start, redis_server, collector):
    return start(REDIS_URL=redis_server.url, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url + "/").wait_caching()


def test_spans_of_a_miss_a_hit_and_a_write(server, collector):
    student, teacher = server.register("student"), server.register("teacher")
    gig = server.make_gig(teacher)
    trace, parent, headers = new_trace()
    reply = server.get("/api/bookings", student["token"], headers=headers | {"tracestate": "vendor=1"})
    assert reply.headers["X-Cache"] == "MISS"
    spans = whole(collector, trace)
    fill = ["fill", ["origin", "list_bookings"], "store"]
    assert tree(spans, parent) == [["GET /api/bookings", "lookup", ["fill", ["origin", "find_session"], "store"], fill]]
    by_name = {each.name: each for each in spans}
    request = by_name["GET /api/bookings"]
    assert request.kind == SERVER_KIND and not request.failed and request.state == "vendor=1"
    assert request.values == {"http.request.method": "GET", "http.route": "/api/bookings", "http.response.status_code": 200,
                              "reprise.outcome": "MISS", "reprise.request_id": reply.headers["X-Request-Id"]}
    assert by_name["lookup"].values == {"reprise.prefix": "sessions,bookings"}
    assert by_name["list_bookings"].kind == CLIENT_KIND
    assert by_name["list_bookings"].values["db.system.name"] in ("sqlite", "mongodb")
    assert by_name["store"].values == {"reprise.outcome": "stored"}
    for each in spans:
        assert each.name == "GET /api/bookings" or request.began <= each.began and each.ended <= request.ended

    trace, parent, headers = new_trace()
    assert server.get("/api/bookings", student["token"], headers=headers).headers["X-Cache"] == "HIT"
    assert tree(whole(collector, trace), parent) == [["GET /api/bookings", "lookup"]]

    trace, parent, headers = new_trace()
    body = {"gigId": gig["id"], "scheduledAt": "2030-01-15T10:00:00Z"}
    assert server.post("/api/bookings", student["token"], json=body, headers=headers).status_code == 201
    spans = whole(collector, trace, "POST /api/bookings")
    (posted, *below), = tree(spans, parent)
    assert posted == "POST /api/bookings" and "invalidate" in below
    assert [each.values for each in spans if each.name == "invalidate"] == [{"reprise.scopes": 2}]
    resource = collector.resources[0]
    assert resource["service.name"] == "bookings-server" and resource["deployment.environment.name"] == "default"
    assert server.metric('bookings_trace_spans_total{result="sent"}') >= len(spans)


def test_request_without_a_trace_begins_one(server, collector):
    server.get("/api/gigs")
    request = until(lambda: collector.named("GET /api/gigs"), "the trace")[0]
    assert request.parent is None
    server.get("/nothing/here?secret=1")
    lost = until(lambda: collector.named("GET unmatched"), "the trace")[0]
    assert lost.trace != request.trace and "secret" not in str(collector.spans)


@pytest.mark.parametrize("header", [
    "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "00-0af7651916cd43dd8448eb211c80319c", "x" * 5000])
def test_broken_traceparent_is_as_none(server, collector, header):
    assert server.get("/api/gigs", headers={"traceparent": header}).status_code == 200
    request = until(lambda: collector.named("GET /api/gigs"), "the trace")[0]
    assert request.parent is None and request.trace != "0af7651916cd43dd8448eb211c80319c"


def test_what_is_not_sampled_elsewhere_is_not_recorded_here(server, collector):
    trace, _, headers = new_trace(sampled=False)
    server.get("/api/gigs", headers=headers)
    server.get("/api/users/6b0b51d33eb315123e277f63")
    until(lambda: collector.named("GET /api/users/:id"), "a later trace")
    assert not collector.of(trace)


@pytest.mark.parametrize("sampler, argument, recorded", [
    ("always_off", "1", (False, False)), ("parentbased_always_off", "1", (False, True)),
    ("parentbased_traceidratio", "0", (False, True)), ("traceidratio", "1", (True, True))])
def test_samplers(start, collector, sampler, argument, recorded):
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_TRACES_SAMPLER=sampler,
                   OTEL_TRACES_SAMPLER_ARG=argument, OTEL_SERVICE_NAME="mine")
    trace, _, headers = new_trace()
    server.get("/health")
    server.get("/api/gigs", headers=headers)
    server.stop()  # sends what waits
    assert (bool(collector.named("GET /health")), bool(collector.of(trace))) == recorded
    assert all(each["service.name"] == "mine" for each in collector.resources)


def test_collector_that_refuses_or_is_away_costs_spans_and_no_request(start, collector):
    away = start(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    assert away.get("/api/gigs").status_code == 200
    collector.status = 400
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_HEADERS="api-key=hunter%202")
    assert server.get("/api/gigs").status_code == 200
    until(lambda: server.metric('bookings_trace_spans_total{result="dropped"}'), "spans to be dropped")
    assert server.metric('bookings_trace_spans_total{result="sent"}') == 0
    assert collector.headers[0]["api-key"] == "hunter 2"
    assert "[Trace]" in server.log() and "answered 400" in server.log() and "hunter" not in server.log()


def test_passing_refusal_is_tried_again(start, collector):
    collector.status = 503
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    server.get("/api/gigs")
    until(lambda: collector.headers, "the first attempt")
    collector.status = 200
    until(lambda: collector.named("GET /api/gigs"), "the second one")
    assert server.metric('bookings_trace_spans_total{result="dropped"}') == 0


def test_trace_is_in_the_log_without_a_collector_too(start):
    server = start()
    trace, _, headers = new_trace()
    reply = server.get("/api/gigs", headers=headers)
    line = "GET /api/gigs answered 200 after"
    found = until(lambda: [each for each in server.log().splitlines() if line in each], "the line")[0]
    assert found.endswith(f"(request {reply.headers['X-Request-Id']}, trace {trace})")
    assert "bookings_trace_spans_total" not in server.get("/metrics").text


@pytest.mark.parametrize("collects", [True, False], ids=["recorded", "passed on alone"])
def test_payment_goes_on_with_the_trace_through_the_queue_to_the_gateway(start, redis_server, gateway, collector, collects):
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if collects else {}
    server = start(**gateway.environment(free_port()), REDIS_URL=redis_server.url, **endpoint).wait_caching()
    lesson = make_lesson(server, status="accepted")
    trace, parent, headers = new_trace()
    server.http.headers.update(headers)
    payment = started(server, lesson)
    server.http.headers.clear()
    assert show(server, payment, lesson["student"], wait=20)["status"] == "initiated"
    options = json.loads(redis_server.client.hget(f"bull:payments:{payment['id']}", "opts"))
    carried = json.loads(options["tm"])["traceparent"]
    sent = gateway.calls("session")[0]["traceparent"]
    assert carried.startswith(f"00-{trace}-") and sent.startswith(f"00-{trace}-")
    if not collects:
        assert carried == sent == headers["traceparent"]
        return
    spans = whole(collector, trace, "process payments")
    worked = next(each for each in spans if each.name == "process payments")
    asked = next(each for each in spans if each.name == "POST" and each.kind == CLIENT_KIND)
    assert worked.kind == CONSUMER_KIND and asked.parent == worked.id
    assert carried == f"00-{trace}-{worked.parent}-01" and sent == f"00-{trace}-{asked.id}-01"
    assert asked.values == {"server.address": "127.0.0.1", "http.response.status_code": 200}
    request = next(each for each in spans if each.kind == SERVER_KIND)
    assert request.name == "POST /api/payments/init" and worked.parent in [each.id for each in spans]
