#include "server/http/reply.hpp"

#include "server/http/api_style.hpp"

#include <boost/json/serializer.hpp>

#include <array>
#include <cstddef>

namespace bookings::http {
namespace {

// The only table from errc to what a client sees. `message` is for people, `code` for programs; neither tells anything
// about our inside. Retry-After: a full queue or a locked store is worth a second try after a second; who exceeds a
// limit that is counted by the minute is certainly welcome again after one.
constexpr std::array table{
    errc_row{errc::malformed, 400, "malformed", "The request is not well-formed"},
    errc_row{errc::invalid_field, 400, "invalid_field", "A field is missing, unknown or has a wrong value"},
    errc_row{errc::unprocessable, 422, "unprocessable", "The request is well-formed but cannot be carried out"},
    errc_row{errc::unauthorized, 401, "unauthorized", "Sign in first: the token is missing, wrong or expired"},
    errc_row{errc::wrong_credentials, 401, "wrong_credentials", "Email or password is wrong"},
    errc_row{errc::blocked, 403, "blocked", "This account is blocked"},
    errc_row{errc::forbidden, 403, "forbidden", "You may not do this"},
    errc_row{errc::not_found, 404, "not_found", "There is no such thing"},
    errc_row{errc::method_not_allowed, 405, "method_not_allowed", "This path does not take this method"},
    errc_row{errc::email_taken, 409, "email_taken", "Another account has this email address"},
    errc_row{errc::overlap, 409, "overlap", "The teacher has another lesson at that time"},
    errc_row{errc::lessons_to_come, 409, "lessons_to_come", "There are accepted lessons to come: cancel them first"},
    errc_row{errc::wrong_state, 409, "wrong_state", "Its present state does not allow this"},
    errc_row{errc::already_reviewed, 409, "already_reviewed", "This booking has been reviewed already"},
    errc_row{errc::transaction_used, 409, "transaction_used", "Another payment names this transaction"},
    errc_row{errc::idempotency_mismatch, 409, "idempotency_mismatch", "This key was used for another request"},
    errc_row{errc::in_progress, 409, "in_progress", "The first request with this Idempotency-Key is under way", 1},
    errc_row{errc::body_too_large, 413, "body_too_large", "The request's body is too large"},
    errc_row{errc::unsupported_media_type, 415, "unsupported_media_type", "Send the body as application/json"},
    errc_row{errc::too_many_requests, 429, "too_many_requests", "Too many attempts: try again later", 60},
    errc_row{errc::overloaded, 503, "overloaded", "The server is busy: try again soon", 1},
    errc_row{errc::store_unavailable, 503, "store_unavailable", "The data cannot be reached: try again soon", 1},
    errc_row{errc::not_acknowledged, 503, "not_acknowledged",
             "The change was made, but cannot be confirmed everywhere yet: look at it again soon", 1},
    errc_row{errc::cache_unavailable, 503, "cache_unavailable", "The cache cannot be looked at now: is Redis there?", 1},
    errc_row{errc::gateway_unavailable, 503, "gateway_unavailable", "The payment gateway cannot be used at the moment", 60},
    errc_row{errc::unsettled, 503, "unsettled", "A change of somebody else is not confirmed everywhere yet: try again soon",
             1},
    errc_row{errc::store_too_new, 500, "store_too_new", "The server is older than its data"},
    errc_row{errc::internal, 500, "internal", "Something went wrong on our side"},
};

// The row of each errc stands at its number, so that looking it up is an index.
constexpr bool in_order() {
  for (std::size_t at = 0; at < table.size(); ++at) {
    if (static_cast<std::size_t>(table[at].error) != at + 1) return false;
  }
  return table.back().error == errc::internal;
}
static_assert(in_order(), "one row for each errc, in the order of errc.hpp");

struct refusal_row {
  unsigned status;
  std::string_view code, message;
};
constexpr std::array refusals{
    // in the order of `refusal`
    refusal_row{408, "request_timeout", "The request took too long to arrive"},
    refusal_row{414, "target_too_long", "The request's target is too long"},
    refusal_row{431, "headers_too_large", "The request's headers are too large"},
};

const errc_row& row_of(boost::system::error_code error) noexcept {
  const auto number = static_cast<std::size_t>(error.value());
  if (error.category() != errc_category() || number < 1 || number > table.size()) return table.back();
  return table[number - 1];
}

// Serializes straight into `out`: no second copy of a long list.
void append_json(std::string& out, const boost::json::value& value) {
  boost::json::serializer serializer;
  serializer.reset(&value);
  while (!serializer.done()) {
    const auto before = out.size();
    const auto room = before < 4096 ? std::size_t{4096} : before;
    out.resize(before + room);
    const auto written = serializer.read(out.data() + before, room);
    out.resize(before + written.size());
  }
}

void append_json(std::string& out, std::string_view text) {
  append_json(out, boost::json::value(boost::json::string(text)));
}

// `before` and `behind` stand around each message.
void append_fields(std::string& out, std::string_view name, const std::vector<field_error>& fields, std::string_view before,
                   std::string_view behind) {
  if (fields.empty()) return;
  out.append(",\"").append(name).append("\":{");
  for (const auto& field : fields) {
    if (out.back() != '{') out += ',';
    append_json(out, field.name);
    out.append(":").append(before);
    append_json(out, field.message);
    out.append(behind);
  }
  out += '}';
}

std::string plain_failure(std::string_view code, std::string_view message, std::string_view request_id,
                          const std::vector<field_error>& fields) {
  std::string text = R"({"success":false,"error":{"code":")";
  text.append(code).append(R"(","message":")").append(message).append("\"");
  append_fields(text, "fields", fields, "", "");
  text += ",\"requestId\":";
  append_json(text, request_id);
  text += "}}";
  return text;
}

// The message stands on top, and says by itself what is wrong: such front ends show it as it is. `errors` is as in
// Mongoose's ValidationError.
std::string express_failure(std::string_view code, std::string_view message, std::string_view request_id,
                            const std::vector<field_error>& fields) {
  std::string all;
  for (const auto& field : fields) all.append(all.empty() ? "" : "; ").append(field.name).append(" ").append(field.message);
  std::string text = R"({"success":false,"message":)";
  append_json(text, fields.empty() ? message : std::string_view(all));
  text.append(R"(,"code":")").append(code).append("\"");
  append_fields(text, "errors", fields, R"({"message":)", "}");
  text += ",\"requestId\":";
  append_json(text, request_id);
  text += '}';
  return text;
}

reply failure_form(unsigned status, std::string_view code, std::string_view message, std::string_view request_id,
                   const std::vector<field_error>& fields) {
  reply answer;
  answer.status = status;
  answer.own(present_api_style() == api_style::plain ? plain_failure(code, message, request_id, fields)
                                                     : express_failure(code, message, request_id, fields));
  return answer;
}

// Who signs in is given a token; in Express's style it is looked for beside `success`, and so is what comes with it.
void append_sign_in(std::string& out, const boost::json::value& data) {
  const auto* object = data.if_object();
  if (present_api_style() == api_style::plain || object == nullptr || !object->contains("token")) return;
  for (const auto& member : *object) {
    out += ',';
    append_json(out, std::string_view(member.key()));
    out += ':';
    append_json(out, member.value());
  }
}

}  // namespace

reply success(unsigned status, boost::json::value data) {
  data = in_present_style(std::move(data));
  std::string text = R"({"success":true,"data":)";
  append_json(text, data);
  append_sign_in(text, data);
  text += '}';
  reply answer;
  answer.status = status;
  answer.own(std::move(text));
  return answer;
}

reply success_list(boost::json::array rows, std::int64_t total, const page_request& page) {
  const auto count = rows.size();
  std::string text = R"({"success":true,"data":)";
  append_json(text, in_present_style(std::move(rows)));
  text.append(",\"count\":").append(std::to_string(count));
  text.append(",\"total\":").append(std::to_string(total));
  text.append(",\"page\":").append(std::to_string(page.number));
  text.append(",\"limit\":").append(std::to_string(page.limit)).append("}");
  reply answer;
  answer.own(std::move(text));
  return answer;
}

reply failure(boost::system::error_code error, std::string_view request_id, const std::vector<field_error>& fields) {
  const auto& row = row_of(error);
  auto answer = failure_form(row.status, row.code, row.message, request_id, fields);
  if (row.status == 401) answer.set("WWW-Authenticate", "Bearer");  // RFC 9110, section 15.5.2: each 401 names a scheme
  if (row.retry_after > 0) answer.set("Retry-After", std::to_string(row.retry_after));
  return answer;
}

reply too_many_requests(std::chrono::seconds wait, std::string_view request_id) {
  const auto& row = row_of(errc::too_many_requests);
  auto answer = failure_form(row.status, row.code, row.message, request_id, {});
  answer.set("Retry-After", std::to_string(wait.count()));
  return answer;
}

reply failure(refusal why, std::string_view request_id) {
  const auto& row = refusals[static_cast<std::size_t>(why)];
  return failure_form(row.status, row.code, row.message, request_id, {});
}

unsigned status_of(boost::system::error_code error) noexcept { return row_of(error).status; }

std::span<const errc_row> errc_rows() noexcept { return table; }

}  // namespace bookings::http
