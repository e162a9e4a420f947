// The server's side of traces: which are recorded, how they begin, and what is written of them.
#include "server/tracing/begin_trace.hpp"
#include "server/tracing/carrier.hpp"
#include "server/tracing/otlp.hpp"
#include "server/tracing/sampler.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace bookings::tracing {
namespace {

constexpr std::string_view good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct nobody final : reprise::span_recorder {
  void record(reprise::finished_span) noexcept override {}
};

TEST(trace_sampler, ratio_takes_its_part_and_always_the_same) {
  sampler tenth{sampler::kind::ratio, true, 0.1};
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto one = reprise::make_trace(true);
    taken += tenth.takes(one, false);
    EXPECT_EQ(tenth.takes(one, false), tenth.takes(one, false));
  }
  EXPECT_NEAR(taken, 2'000, 200);
  tenth.ratio = 0;
  EXPECT_FALSE(tenth.takes(reprise::make_trace(true), false));
  tenth.ratio = 1;
  EXPECT_TRUE(tenth.takes(reprise::make_trace(true), false));
}

TEST(trace_carrier, is_read_again_and_anything_else_is_none) {
  auto from = *reprise::parse_traceparent(good);
  from.state = "a=\"b\",c=d";
  const auto found = parse_carrier(to_carrier(from));
  ASSERT_TRUE(found);
  EXPECT_EQ(reprise::to_traceparent(*found), good);
  EXPECT_EQ(found->state, from.state);
  for (const auto* text : {"", "{", "[]", "null", "{}", R"({"traceparent":1})", R"({"traceparent":"00-x"})"})
    EXPECT_FALSE(parse_carrier(text)) << text;
}

TEST(begin_trace, two_parents_are_none_and_states_are_one_list) {
  http::request what;
  what.headers.insert("traceparent", good);
  what.headers.insert("tracestate", "a=1");
  what.headers.insert("tracestate", "");
  what.headers.insert("tracestate", "b=2");
  const auto one = begin_trace(what, {}, nullptr);
  ASSERT_TRUE(one);
  EXPECT_EQ(reprise::to_traceparent(one->of->now()), good);
  EXPECT_EQ(one->of->now().state, "a=1,b=2");
  what.headers.insert("traceparent", good);
  EXPECT_FALSE(begin_trace(what, {}, nullptr));
  EXPECT_NE(begin_trace(what, {}, std::make_shared<nobody>())->of->now().trace, one->of->now().trace);
}

TEST(begin_trace, state_that_is_too_long_or_not_printable_is_left_out) {
  for (const auto& state : {std::string(513, 'x'), std::string("a=\xff")}) {
    http::request what;
    what.headers.insert("traceparent", good);
    what.headers.insert("tracestate", state);
    EXPECT_EQ(begin_trace(what, {}, nullptr)->of->now().state, "");
  }
}

TEST(begin_trace, decision_is_passed_on) {
  http::request what;
  what.headers.insert("traceparent", good);
  const sampler none{sampler::kind::always_off, false, 1};
  const auto off = begin_trace(what, none, std::make_shared<nobody>());
  EXPECT_FALSE(off->of->is_recorded());
  EXPECT_FALSE(off->of->now().is_sampled);
}

TEST(otlp, span_is_written_as_the_protocol_has_it) {
  reprise::finished_span one;
  one.as = *reprise::parse_traceparent(good);
  one.as.state = "a=b";
  one.parent = {0, 1, 2, 3, 4, 5, 6, 7};
  one.name = "GET /\"x\"";
  one.kind = reprise::span_kind::server;
  one.began = std::chrono::system_clock::time_point(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  one.took = std::chrono::nanoseconds(11);
  one.values = {{"n", std::int64_t{-7}}, {"t", std::string("\xc3\xa9")}};
  one.has_failed = true;
  const auto all = boost::json::parse(to_otlp_json(std::span(&one, 1), {"s", "1", "i", "d"}));
  const auto& of_resource = all.at("resourceSpans").at(0);
  EXPECT_EQ(of_resource.at("resource").at("attributes").at(0),
            boost::json::parse(R"({"key":"service.name","value":{"stringValue":"s"}})"));
  EXPECT_EQ(of_resource.at("scopeSpans").at(0).at("spans").at(0), boost::json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "parentSpanId": "0001020304050607",
    "traceState": "a=b", "flags": 1, "name": "GET /\"x\"", "kind": 2,
    "startTimeUnixNano": "1700000000123456789", "endTimeUnixNano": "1700000000123456800",
    "attributes": [{"key": "n", "value": {"intValue": "-7"}}, {"key": "t", "value": {"stringValue": "é"}}],
    "status": {"code": 2}})"));
}

}  // namespace
}  // namespace bookings::tracing
