#include "server/payments/sslcommerz.hpp"

#include "server/config_values.hpp"
#include "server/payments/answers.hpp"
#include "server/web/web_client.hpp"
#include "server/payments/web_form.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace bookings {
namespace {

namespace asio = boost::asio;

constexpr std::string_view session_path = "/gwprocess/v4/api.php",
                           validation_path = "/validator/api/validationserverAPI.php",
                           transaction_path = "/validator/api/merchantTransIDvalidationAPI.php";
constexpr std::size_t most_id = 30, most_reference = 100, most_url = 255, most_product = 255, most_remarks = 255,
                      most_why = 300;

gateway_failure refused(std::string why) { return {gateway_failure_kind::refused, std::move(why)}; }

bool is_reference(std::string_view text, std::size_t most) noexcept {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// What the gateway would refuse anyhow, or misread.
std::optional<gateway_failure> wrong_in(const gateway_session_request& wanted) {
  if (!is_reference(wanted.transaction_id, most_id)) return refused("session: the transaction id is none");
  if (!check_gateway_amount(wanted.amount)) return refused("session: the amount is out of the gateway's range");
  if (one_line(wanted.product, most_product).empty()) return refused("session: there is nothing to pay for");
  const auto faults = faults_of(wanted.customer);
  if (!faults.empty())
    return refused("session: the customer's " + std::string(faults[0].member) + " " + std::string(faults[0].why));
  return {};
}

std::optional<gateway_failure> wrong_in(const gateway_refund_request& wanted) {
  if (!is_reference(wanted.refund_id, most_id)) return refused("refund: the refund's id is none");
  if (wanted.bank_transaction_id.empty()) return refused("refund: the bank's transaction id is missing");
  if (wanted.amount <= money{0}) return refused("refund: the amount is nothing");
  if (one_line(wanted.remarks, most_remarks).empty()) return refused("refund: it has no remarks");
  return {};
}

// What a reply that is no 200 means: a 4xx says that nothing was done, but for 408, a time-out; 429 that it was too
// much now. All others leave it open.
gateway_failure_kind meaning_of(int status) noexcept {
  if (status == 429) return gateway_failure_kind::not_sent;
  if (status >= 400 && status < 500 && status != 408) return gateway_failure_kind::refused;
  return gateway_failure_kind::unknown;
}

bool is_on_this_machine(std::string_view url) {
  const auto at = url.find("://");
  return at != std::string_view::npos && parse_secure_url("http" + std::string(url.substr(at))).has_value();
}

void replace_all(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
    text.replace(at, secret.size(), "***");
}

// The shop at the gateway: how its requests are made, and how their replies are read. Shared with the calls under way,
// which may resume when the client is gone already.
class shop {
 public:
  explicit shop(sslcommerz_options options);

  const sslcommerz_options& options() const noexcept { return options_; }
  web_request session(const gateway_session_request& wanted) const;
  web_request question(std::string_view path, form_fields fields) const;

  gateway_result<gateway_session> opened(const web_result& replied) const;
  // As `read` makes it of the body.
  template <class T>
  gateway_result<T> answered(std::string_view operation, const web_result& replied,
                             gateway_result<T> (*read)(std::string_view body)) const;
  gateway_result<gateway_refund> refunded(const web_result& replied) const;

 private:
  // The body; absent where the reply is none that has an answer.
  gateway_result<std::string_view> body_of(std::string_view operation, const web_result& replied) const;
  gateway_failure shown(gateway_failure failed) const;
  std::string without_secrets(std::string text) const;

  const sslcommerz_options options_;
  const customer_urls urls_;
};

class sslcommerz final : public payment_gateway {
 public:
  explicit sslcommerz(sslcommerz_options options)
      : shop_(std::make_shared<const shop>(std::move(options))), client_(client_options(shop_->options())) {}

  // In each of these: after co_await nothing of this object, which may have ended meanwhile.

  asio::awaitable<gateway_result<gateway_session>> open_session(const gateway_session_request& wanted) override {
    if (const auto wrong = wrong_in(wanted)) co_return *wrong;
    const auto from = shop_;
    const auto asked = from->session(wanted);
    const auto replied = co_await client_.send(asked);
    co_return from->opened(replied);
  }

  asio::awaitable<gateway_result<gateway_transaction>> validate(const std::string& validation_id) override {
    if (validation_id.empty() || validation_id.size() > most_reference)
      co_return refused("validation: the validation id is none");
    const auto from = shop_;
    const auto asked = from->question(validation_path, {{"val_id", validation_id}, {"v", "1"}});
    const auto replied = co_await client_.send(asked);
    auto answer = from->answered("validation", replied, read_validation_answer);
    // Whoever was asked for one payment and speaks of another has not answered.
    if (answer && !answer->validation_id.empty() && answer->validation_id != validation_id)
      co_return gateway_failure{gateway_failure_kind::unknown, "validation: the answer is to another question"};
    co_return answer;
  }

  asio::awaitable<gateway_result<std::vector<gateway_transaction>>> query(const std::string& transaction_id) override {
    if (!is_reference(transaction_id, most_id)) co_return refused("query: the transaction id is none");
    const auto from = shop_;
    const auto asked = from->question(transaction_path, {{"tran_id", transaction_id}, {"v", "1"}});
    const auto replied = co_await client_.send(asked);
    co_return from->answered("query", replied, read_query_answer);
  }

  asio::awaitable<gateway_result<gateway_refund>> refund(const gateway_refund_request& wanted) override {
    if (const auto wrong = wrong_in(wanted)) co_return *wrong;
    const auto from = shop_;
    auto asked = from->question(transaction_path, {{"bank_tran_id", wanted.bank_transaction_id},
                                                   {"refund_amount", to_decimal(wanted.amount)},
                                                   {"refund_remarks", one_line(wanted.remarks, most_remarks)},
                                                   {"refund_trans_id", wanted.refund_id},
                                                   {"v", "1"}});
    asked.how = repeatable::once;  // a GET by form alone
    const auto replied = co_await client_.send(asked);
    auto answer = from->refunded(replied);
    if (answer) answer->refund_id = wanted.refund_id;
    co_return answer;
  }

  asio::awaitable<gateway_result<gateway_refund>> refund_status(const std::string& reference) override {
    if (reference.empty() || reference.size() > most_reference) co_return refused("refund: the reference is none");
    const auto from = shop_;
    const auto asked = from->question(transaction_path, {{"refund_ref_id", reference}, {"v", "1"}});
    const auto replied = co_await client_.send(asked);
    auto answer = from->refunded(replied);
    if (answer) answer->reference = reference;
    co_return answer;
  }

  notification_result read_notification(std::string_view form) const override {
    return bookings::read_notification(form, shop_->options().store_password);
  }

  void close() override { client_.close(); }

 private:
  static web_client_options client_options(const sslcommerz_options& from);

  const std::shared_ptr<const shop> shop_;
  web_client client_;
};

web_client_options sslcommerz::client_options(const sslcommerz_options& from) {
  web_client_options options;
  options.connect_time = from.connect_time;
  options.most_in_flight = from.most_in_flight;
  options.most_waiting = from.most_waiting;
  options.through = is_on_this_machine(from.base_url) ? proxies::none : proxies::of_environment;
  options.authorities_file = from.authorities_file;
  return options;
}

sslcommerz_options checked(sslcommerz_options options) {
  if (!parse_secure_url(options.base_url) || options.base_url.ends_with('/'))
    throw std::invalid_argument("the gateway's address is no https:// URL, or has a slash at its end");
  if (!parse_secure_url(options.public_url) || options.public_url.ends_with('/') ||
      options.public_url.size() + gateway_success_path.size() > most_url)
    throw std::invalid_argument("the public address is no https:// URL, has a slash at its end, or is too long");
  if (options.store_id.empty() || options.store_password.empty())
    throw std::invalid_argument("the shop's id or password at the gateway is missing");
  return options;
}

shop::shop(sslcommerz_options options)
    : options_(checked(std::move(options))),
      urls_(options_.base_url.starts_with("https://") ? customer_urls::secure : customer_urls::this_machine) {}

web_request shop::session(const gateway_session_request& wanted) const {
  const auto customer = fitted(wanted.customer);
  const auto back = [this](std::string_view path) { return options_.public_url + std::string(path); };
  web_request asked;
  asked.url = options_.base_url + std::string(session_path);
  asked.time = options_.session_time;
  asked.how = repeatable::once;
  asked.body = to_form({{"store_id", options_.store_id},
                        {"store_passwd", options_.store_password},
                        {"total_amount", to_decimal(wanted.amount)},
                        {"currency", std::string(currency)},
                        {"tran_id", wanted.transaction_id},
                        {"success_url", back(gateway_success_path)},
                        {"fail_url", back(gateway_fail_path)},
                        {"cancel_url", back(gateway_cancel_path)},
                        {"ipn_url", back(gateway_notification_path)},
                        {"cus_name", customer.name},
                        {"cus_email", customer.email},
                        {"cus_add1", customer.address},
                        {"cus_city", customer.city},
                        {"cus_postcode", customer.postcode},
                        {"cus_country", customer.country},
                        {"cus_phone", customer.phone},
                        {"shipping_method", "NO"},
                        {"num_of_item", "1"},
                        {"product_name", one_line(wanted.product, most_product)},
                        {"product_category", "Tutoring"},
                        {"product_profile", "non-physical-goods"}});
  return asked;
}

web_request shop::question(std::string_view path, form_fields fields) const {
  fields.emplace_back("store_id", options_.store_id);
  fields.emplace_back("store_passwd", options_.store_password);
  fields.emplace_back("format", "json");
  web_request asked;
  asked.url = options_.base_url + std::string(path) + "?" + to_form(fields);
  asked.time = options_.call_time;
  return asked;
}

gateway_result<gateway_session> shop::opened(const web_result& replied) const {
  const auto body = body_of("session", replied);
  if (!body) return body.error();
  auto answer = read_session_answer(*body, urls_);
  if (!answer) return shown(answer.error());
  return answer;
}

template <class T>
gateway_result<T> shop::answered(std::string_view operation, const web_result& replied,
                                 gateway_result<T> (*read)(std::string_view body)) const {
  const auto body = body_of(operation, replied);
  if (!body) return body.error();
  auto answer = read(*body);
  if (!answer) return shown(answer.error());
  return answer;
}

gateway_result<gateway_refund> shop::refunded(const web_result& replied) const {
  auto answer = answered("refund", replied, read_refund_answer);
  if (answer) answer->reason = without_secrets(answer->reason);
  return answer;
}

gateway_result<std::string_view> shop::body_of(std::string_view operation, const web_result& replied) const {
  if (!replied) {
    const bool is_unknown = replied.error().what == web_failure::kind::unknown;
    return shown({is_unknown ? gateway_failure_kind::unknown : gateway_failure_kind::not_sent,
                  std::string(operation) + ": " + replied.error().why});
  }
  if (replied->status != 200)
    return shown({meaning_of(replied->status),
                  std::string(operation) + ": the gateway answered with status " + std::to_string(replied->status)});
  return std::string_view(replied->body);
}

gateway_failure shop::shown(gateway_failure failed) const {
  failed.why = one_line(without_secrets(failed.why), most_why);
  return failed;
}

// The gateway may repeat in its words what it was sent.
std::string shop::without_secrets(std::string text) const {
  replace_all(text, options_.store_password);
  replace_all(text, options_.store_id);
  return text;
}

}  // namespace

std::string_view to_text(gateway_failure_kind value) noexcept {
  switch (value) {
    case gateway_failure_kind::not_sent:
      return "not sent";
    case gateway_failure_kind::refused:
      return "refused";
    case gateway_failure_kind::unknown:
      return "unknown";
  }
  return "";
}

std::unique_ptr<payment_gateway> make_sslcommerz_gateway(sslcommerz_options options) {
  return std::make_unique<sslcommerz>(std::move(options));
}

}  // namespace bookings
