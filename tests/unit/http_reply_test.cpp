#include "server/http/reply.hpp"

#include "server/http/reply_head.hpp"

#include <boost/json/parse.hpp>

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace bookings::http {
namespace {

namespace json = boost::json;

json::object body_of(const reply& answer) { return json::parse(std::string(answer.head) + std::string(answer.body)).as_object(); }

std::string header_of(const reply& answer, std::string_view name) { return std::string(answer.headers.find(name)); }

TEST(reply_table, each_errc_has_one_row_at_its_number) {
  std::set<std::string_view> codes;
  std::size_t number = 0;
  for (const auto& row : errc_rows()) {
    EXPECT_EQ(static_cast<std::size_t>(row.error), ++number);
    EXPECT_TRUE(codes.insert(row.code).second) << row.code;
    EXPECT_EQ(status_of(row.error), row.status);
    const auto answer = failure(row.error, "id-1");
    EXPECT_EQ(answer.status, row.status);
    const auto body = body_of(answer);
    const auto& error = body.at("error").as_object();
    EXPECT_EQ(error.at("code").as_string(), row.code);
    EXPECT_EQ(error.at("message").as_string(), row.message);
    EXPECT_EQ(error.at("requestId").as_string(), "id-1");
  }
  EXPECT_EQ(number, static_cast<std::size_t>(errc::internal));
}

TEST(reply_table, statuses_are_those_of_the_contract) {
  const std::map<errc, unsigned> wanted{
      {errc::malformed, 400},         {errc::invalid_field, 400},      {errc::unprocessable, 422},
      {errc::unauthorized, 401},      {errc::wrong_credentials, 401},  {errc::forbidden, 403},
      {errc::blocked, 403},            {errc::lessons_to_come, 409},
      {errc::not_found, 404},         {errc::method_not_allowed, 405}, {errc::email_taken, 409},
      {errc::overlap, 409},           {errc::wrong_state, 409},        {errc::body_too_large, 413},
      {errc::already_reviewed, 409},  {errc::transaction_used, 409},
      {errc::too_many_requests, 429}, {errc::overloaded, 503},         {errc::unsupported_media_type, 415},
      {errc::store_unavailable, 503}, {errc::not_acknowledged, 503}, {errc::unsettled, 503},
      {errc::cache_unavailable, 503},
      {errc::gateway_unavailable, 503},
      {errc::store_too_new, 500},      {errc::internal, 500},
      {errc::idempotency_mismatch, 409}, {errc::in_progress, 409}};
  EXPECT_EQ(wanted.size(), errc_rows().size());
  for (const auto& [error, status] : wanted) EXPECT_EQ(status_of(error), status) << static_cast<int>(error);
}

TEST(failure, foreign_error_is_internal_and_tells_nothing) {
  const auto answer = failure(make_error_code(boost::system::errc::io_error), "id-1");
  EXPECT_EQ(answer.status, 500u);
  EXPECT_EQ(body_of(answer).at("error").at("code").as_string(), "internal");
}

TEST(failure, busy_server_says_when_to_come_back) {
  EXPECT_EQ(header_of(failure(errc::overloaded, ""), "Retry-After"), "1");
  EXPECT_EQ(header_of(failure(errc::store_unavailable, ""), "Retry-After"), "1");
  EXPECT_NE(header_of(failure(errc::too_many_requests, ""), "Retry-After"), "");
  EXPECT_EQ(header_of(failure(errc::in_progress, ""), "Retry-After"), "1");
  EXPECT_EQ(header_of(too_many_requests(std::chrono::seconds(7), ""), "Retry-After"), "7");
  EXPECT_EQ(header_of(failure(errc::not_found, ""), "Retry-After"), "");
}

TEST(failure, fields_are_a_member_each_and_escaped) {
  const auto answer = failure(errc::invalid_field, "id-1", {{"a\"b", "is unknown"}, {"c", "is missing"}});
  const auto body = body_of(answer);
  const auto& fields = body.at("error").at("fields").as_object();
  EXPECT_EQ(fields.at("a\"b").as_string(), "is unknown");
  EXPECT_EQ(fields.at("c").as_string(), "is missing");
  EXPECT_FALSE(body_of(failure(errc::malformed, "")).at("error").as_object().contains("fields"));
}

TEST(failure, refusals_have_the_same_form) {
  const std::map<refusal, unsigned> wanted{
      {refusal::request_timeout, 408}, {refusal::target_too_long, 414}, {refusal::headers_too_large, 431}};
  for (const auto& [why, status] : wanted) {
    const auto answer = failure(why, "id-1");
    EXPECT_EQ(answer.status, status);
    EXPECT_FALSE(body_of(answer).at("success").as_bool());
    EXPECT_EQ(body_of(answer).at("error").at("requestId").as_string(), "id-1");
  }
}

TEST(success, data_is_wrapped) {
  const auto answer = success(201, json::object{{"id", 1}});
  EXPECT_EQ(answer.status, 201u);
  EXPECT_EQ(answer.body, R"({"success":true,"data":{"id":1}})");
}

TEST(success, long_data_is_whole) {
  json::array rows;
  for (int at = 0; at < 5'000; ++at) rows.emplace_back("row " + std::to_string(at));
  const auto answer = success_list(rows, 9'999, {3, 100});
  const auto body = body_of(answer);
  EXPECT_EQ(body.at("data").as_array(), rows);
  EXPECT_EQ(body.at("count").as_int64(), 5'000);
  EXPECT_EQ(body.at("total").as_int64(), 9'999);
  EXPECT_EQ(body.at("page").as_int64(), 3);
  EXPECT_EQ(body.at("limit").as_int64(), 100);
}

TEST(append_head, common_headers_and_the_replys_own_are_there) {
  auto answer = success(200, 1);
  answer.set("ETag", "W/\"1\"");
  std::string head;
  append_head(head, answer, "id-1", connection_header::close);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\nDate: "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  for (const auto* line :
       {"\r\nX-Request-Id: id-1\r\n", "\r\nX-Content-Type-Options: nosniff\r\n", "\r\nConnection: close\r\n",
        "\r\nContent-Length: 25\r\n", "\r\nContent-Type: application/json; charset=utf-8\r\n", "\r\nETag: W/\"1\"\r\n",
        " GMT\r\n"}) {
    EXPECT_NE(head.find(line), head.npos) << line << "in" << head;
  }
}

TEST(append_head, header_with_a_line_end_is_left_out) {
  auto answer = success(200, 1);
  answer.set("X-Good", "1");
  answer.set("X-Bad", "1\r\nX-Forged: 1");
  answer.set("X-Worse\n", "1");
  answer.content_type = "text/plain\nX-Forged: 1";
  std::string head;
  append_head(head, answer, "id\r\nX-Forged: 1", connection_header::none);
  EXPECT_EQ(head.find("Forged"), head.npos);
  EXPECT_EQ(head.find("Worse"), head.npos);
  EXPECT_NE(head.find("X-Good: 1"), head.npos);
}

TEST(append_head, not_modified_has_no_length_and_no_type) {
  reply answer;
  answer.status = 304;
  std::string head;
  append_head(head, answer, "id-1", connection_header::none);
  EXPECT_EQ(head.find("Content-Length"), head.npos);
  EXPECT_EQ(head.find("Content-Type:"), head.npos);
}

TEST(append_head, reply_that_says_nothing_is_for_no_cache_and_no_page) {
  const auto answer = success(200, 1);
  std::string head;
  append_head(head, answer, "id-1", connection_header::none);
  for (const auto* line : {"\r\nCache-Control: no-store\r\n", "\r\nReferrer-Policy: no-referrer\r\n",
                           "\r\nX-Frame-Options: DENY\r\n",
                           "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"})
    EXPECT_NE(head.find(line), head.npos) << line;
}

TEST(append_head, replys_own_cache_and_page_rules_stand_alone) {
  auto answer = success(200, 1);
  answer.set("Cache-Control", "private, no-cache");
  answer.set("Content-Security-Policy", "default-src 'self'");
  std::string head;
  append_head(head, answer, "id-1", connection_header::none);
  EXPECT_EQ(head.find("no-store"), head.npos);
  EXPECT_EQ(head.find("default-src 'none'"), head.npos);
  EXPECT_NE(head.find("Cache-Control: private, no-cache\r\n"), head.npos);
}

TEST(request_id, made_ones_are_valid_and_differ) {
  const auto one = make_request_id(), other = make_request_id();
  EXPECT_NE(one, other);
  EXPECT_TRUE(is_request_id(one));
  EXPECT_TRUE(is_request_id(std::string(64, 'a')));
  for (const auto& text :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\r\n"), std::string("é")}) {
    EXPECT_FALSE(is_request_id(text)) << text;
  }
}

}  // namespace
}  // namespace bookings::http
