#include "server/payments/answers.hpp"

#include "server/config_values.hpp"

#include <boost/json.hpp>

#include <optional>

namespace bookings {
namespace {

namespace json = boost::json;

constexpr std::size_t most_words = 200, most_text = 100, most_url = 2'048, most_attempts = 100;

gateway_failure unknown(std::string why) { return {gateway_failure_kind::unknown, std::move(why)}; }

gateway_failure refused(std::string_view operation, std::string_view words) {
  std::string why(operation);
  why += " refused";
  if (!words.empty()) why += ": " + std::string(words);
  return {gateway_failure_kind::refused, std::move(why)};
}

// The body as an object; absent for anything else. Boost.JSON refuses bytes that are not UTF-8, and bounds the depth.
std::optional<json::object> read_object(std::string_view body) {
  boost::system::error_code failed;
  auto value = json::parse(body, failed);
  if (failed || !value.is_object()) return {};
  return std::move(value.get_object());
}

gateway_failure no_object(std::string_view operation) {
  return unknown(std::string(operation) + ": the answer is no JSON object");
}

// A member as text: numbers as they would be written, everything else that is no text as nothing.
std::string text_of(const json::object& from, std::string_view name, std::size_t most = most_text) {
  const auto* value = from.if_contains(name);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) return one_line(*text, most);
  if (value->is_int64() || value->is_uint64()) return json::serialize(*value);
  return {};
}

// Most amounts come as texts. One that comes as a number is exact as well: parse_money() refuses what is not.
std::optional<money> money_of(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) return parse_decimal_money(*text);
  if (value->is_number()) return parse_money(value->to_number<double>());
  return {};
}

// The gateway's reason for a no, under whichever name it stands.
std::string words_of(const json::object& from) {
  for (const auto name : {"failedreason", "errorReason", "error", "message"}) {
    if (auto words = text_of(from, name, most_words); !words.empty()) return words;
  }
  return {};
}

// Did the service behind the address take the call at all? Where it says nothing, the rest of the answer decides.
std::optional<gateway_failure> refused_by_service(const json::object& answer, std::string_view operation) {
  const auto state = text_of(answer, "APIConnect");
  if (state.empty() || state == "DONE") return {};
  auto words = words_of(answer);
  return refused(operation, words.empty() ? state : state + ", " + words);
}

gateway_transaction transaction_of(const json::object& from) {
  gateway_transaction said;
  said.transaction_id = text_of(from, "tran_id");
  said.validation_id = text_of(from, "val_id");
  said.status_text = text_of(from, "status");
  said.status = parse_gateway_status(said.status_text);
  said.amount = money_of(from, "amount");
  said.currency = text_of(from, "currency");
  said.customer_amount = money_of(from, "currency_amount");
  said.customer_currency = text_of(from, "currency_type");
  said.bank_transaction_id = text_of(from, "bank_tran_id");
  said.risk_level = text_of(from, "risk_level");
  said.risk_title = text_of(from, "risk_title");
  said.card_type = text_of(from, "card_type");
  return said;
}

bool is_customer_url(const std::string& url, customer_urls allowed) {
  // parse_http_url() takes no query, and a session's address may have one.
  const auto address = std::string_view(url).substr(0, url.find_first_of("?#"));
  const auto parts = allowed == customer_urls::secure ? parse_http_url(address) : parse_secure_url(address);
  return parts && (parts->is_secure || allowed == customer_urls::this_machine);
}

}  // namespace

gateway_result<gateway_session> read_session_answer(std::string_view body, customer_urls allowed) {
  const auto answer = read_object(body);
  if (!answer) return no_object("session");
  const auto status = text_of(*answer, "status");
  if (status == "FAILED" || status == "FAIL" || status == "failed") return refused("session", words_of(*answer));
  if (status != "SUCCESS") return unknown("session: the answer has no status that is known");
  gateway_session opened;
  opened.key = text_of(*answer, "sessionkey");
  if (const auto* url = answer->if_contains("GatewayPageURL"); url != nullptr && url->is_string())
    opened.customer_url = url->get_string();
  const bool is_plain = one_line(opened.customer_url, most_url) == opened.customer_url;
  if (!is_plain || !is_customer_url(opened.customer_url, allowed))
    return unknown("session: the answer says SUCCESS and has no page for the customer");
  if (opened.key.empty()) return unknown("session: the answer says SUCCESS and has no session key");
  return opened;
}

gateway_result<gateway_transaction> read_validation_answer(std::string_view body) {
  const auto answer = read_object(body);
  if (!answer) return no_object("validation");
  if (auto failed = refused_by_service(*answer, "validation")) return *failed;
  if (text_of(*answer, "status").empty()) return unknown("validation: the answer has no status");
  return transaction_of(*answer);
}

gateway_result<std::vector<gateway_transaction>> read_query_answer(std::string_view body) {
  const auto answer = read_object(body);
  if (!answer) return no_object("query");
  if (auto failed = refused_by_service(*answer, "query")) return *failed;
  const auto count = text_of(*answer, "no_of_trans_found");
  const auto* attempts = answer->if_contains("element");
  if (count.empty()) return unknown("query: the answer does not say how many transactions there are");
  if (count == "0") return std::vector<gateway_transaction>();
  if (attempts == nullptr || !attempts->is_array() || attempts->get_array().empty())
    return unknown("query: the answer counts transactions and has none");
  if (attempts->get_array().size() > most_attempts) return unknown("query: the answer has too many transactions");
  std::vector<gateway_transaction> all;
  for (const auto& each : attempts->get_array()) {
    if (!each.is_object()) return unknown("query: the answer has something that is no transaction");
    all.push_back(transaction_of(each.get_object()));
  }
  return all;
}

gateway_result<gateway_refund> read_refund_answer(std::string_view body) {
  const auto answer = read_object(body);
  if (!answer) return no_object("refund");
  if (auto failed = refused_by_service(*answer, "refund")) return *failed;
  gateway_refund said;
  said.status_text = text_of(*answer, "status");
  if (said.status_text.empty()) return unknown("refund: the answer has no status");
  said.status = parse_gateway_refund_status(said.status_text);
  said.refund_id = text_of(*answer, "refund_trans_id");
  said.reference = text_of(*answer, "refund_ref_id");
  said.bank_transaction_id = text_of(*answer, "bank_tran_id");
  said.reason = text_of(*answer, "errorReason", most_words);
  return said;
}

}  // namespace bookings
