#include "server/cache_source.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <iostream>
#include <stdexcept>

namespace bookings {
namespace {

namespace json = boost::json;

constexpr long most_milliseconds = 15'000;
constexpr std::size_t most_bytes = 64 * 1024 * 1024;

// One server, and the token that it is asked with. Not thread-safe.
class server_link {
 public:
  explicit server_link(std::string url) : url_(std::move(url)), curl_(curl_easy_init(), curl_easy_cleanup) {
    if (!curl_) throw std::runtime_error("libcurl cannot be initialised");
    while (url_.ends_with('/')) url_.pop_back();
  }
  void use_token(const std::string& token) { authorization_ = "Authorization: Bearer " + token; }

  std::string escaped(const std::string& text) const {
    const std::unique_ptr<char, void (*)(void*)> made(
        curl_easy_escape(curl_.get(), text.data(), static_cast<int>(text.size())), curl_free);
    return made.get();
  }

  // The reply's `data`. Throws usage_error for 400, and std::runtime_error for every other refusal.
  json::value ask(const std::string& path, const std::string& body = {}) {
    std::string reply;
    std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(nullptr, curl_slist_free_all);
    const auto add = [&](const std::string& line) {
      headers.reset(curl_slist_append(headers.release(), line.c_str()));
    };
    if (!authorization_.empty()) add(authorization_);
    if (!body.empty()) add("Content-Type: application/json");
    const auto target = url_ + path;
    auto* curl = curl_.get();
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, target.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, most_milliseconds);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(
        curl, CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t, std::size_t count, void* to) -> std::size_t {
          auto& text = *static_cast<std::string*>(to);
          if (text.size() + count > most_bytes) return 0;
          text.append(bytes, count);
          return count;
        });
    if (!body.empty()) {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    if (const auto error = curl_easy_perform(curl); error != CURLE_OK)
      throw std::runtime_error(fmt::format("cannot reach {}: {}", url_, curl_easy_strerror(error)));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return take(status, reply);
  }

 private:
  json::value take(long status, const std::string& reply) const {
    boost::system::error_code broken;
    const auto parsed = json::parse(reply, broken);
    const auto* object = broken ? nullptr : parsed.if_object();
    if (object == nullptr)
      throw std::runtime_error(fmt::format("{} answered {} and no JSON: is it a bookings-server?", url_, status));
    if (status == 200) return object->contains("data") ? object->at("data") : json::value();
    const auto* error = object->if_contains("error");
    const auto* told = error != nullptr && error->is_object() ? error->as_object().if_contains("message")
                                                              : object->if_contains("message");
    const auto why =
        told != nullptr && told->is_string() ? plain(std::string_view(told->as_string())) : std::to_string(status);
    if (status == 400) throw usage_error(why);
    throw std::runtime_error(fmt::format("{} refused: {}", url_, why));
  }

  std::string url_, authorization_;
  std::unique_ptr<CURL, void (*)(CURL*)> curl_;
};

std::string read_token(const std::string& path) {
  std::ifstream file;
  if (path != "-") file.open(path);
  auto& from = path == "-" ? std::cin : file;
  std::string token;
  if (!(from >> token)) throw usage_error("there is no token in " + path);
  return token;
}

void sign_in(server_link& to, const cache_question& wanted, const config& settings, const secrets& secret) {
  if (!wanted.token_file.empty()) return to.use_token(read_token(wanted.token_file));
  if (!settings.admin_email || !secret.admin_password)
    throw usage_error("who are you? Set ADMIN_EMAIL and ADMIN_PASSWORD, or give --token-file");
  const json::value body{{"email", *settings.admin_email}, {"password", *secret.admin_password}};
  to.use_token(std::string(to.ask("/api/auth/login", json::serialize(body)).at("token").as_string()));
}

class running_server final : public cache_source {
 public:
  explicit running_server(std::unique_ptr<server_link> at) : at_(std::move(at)) {}

  json::value stats() override { return at_->ask("/api/cache/stats"); }
  json::value keys(const std::string& of, const std::string& cursor) override {
    return at_->ask("/api/cache/keys?limit=1000&prefix=" + at_->escaped(of) +
                    (cursor.empty() ? "" : "&cursor=" + at_->escaped(cursor)));
  }
  json::value purge(const std::string& prefix, const std::string& user) override {
    json::object body{{"prefix", prefix}};
    if (!user.empty()) body["userId"] = user;
    return at_->ask("/api/cache/invalidate", json::serialize(body));
  }

 private:
  const std::unique_ptr<server_link> at_;
};

}  // namespace

std::unique_ptr<cache_source> ask_server(const cache_question& wanted, const config& settings, const secrets& secret) {
  auto at = std::make_unique<server_link>(
      wanted.server.empty() ? fmt::format("http://{}:{}", settings.host, settings.port) : wanted.server);
  sign_in(*at, wanted, settings, secret);
  return std::make_unique<running_server>(std::move(at));
}

}  // namespace bookings
