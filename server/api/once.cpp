#include "server/api/once.hpp"

namespace bookings::api {

using boost::asio::awaitable;
using http::reply;

namespace {
constexpr std::string_view header_name = "Idempotency-Key";
}

class once::place {
 public:
  place(once& owner, const repetition_key& what)
      : owner_(owner), text_(what.user_id + "\n" + what.route + "\n" + what.key) {
    const std::lock_guard lock(owner_.mutex_);
    is_ours_ = owner_.under_way_.insert(text_).second;
  }
  ~place() {
    if (!is_ours_) return;
    const std::lock_guard lock(owner_.mutex_);
    owner_.under_way_.erase(text_);
  }
  place(const place&) = delete;
  explicit operator bool() const noexcept { return is_ours_; }

 private:
  once& owner_;
  std::string text_;
  bool is_ours_ = false;
};

reply once::to_reply(const kept_reply& kept) {
  reply answer;
  answer.status = kept.status;
  answer.own(kept.body);
  if (kept.is_repeated) answer.set("Idempotency-Replayed", "true");
  return answer;
}

awaitable<reply> once::pass(http::request& what, const http::route& where, const http::controller& next,
                            const http::around_stage& inner) {
  const auto header = what.headers.find(header_name);
  const std::string_view key = header->value();
  // Two of them are two readings of one request.
  if (what.headers.count(header_name) > 1 || !is_repetition_key(key))
    co_return http::failure(errc::invalid_field, what.request_id,
                            {{std::string(header_name), "must be one key of 1 to 255 printable ASCII characters"}});
  what.repetition.emplace();
  what.repetition->user_id = what.identity->user_id;
  what.repetition->route = "POST " + what.path;
  what.repetition->key = key;
  what.repetition->fingerprint = fingerprint_of(what.body);

  const place ours(*this, *what.repetition);
  if (!ours) co_return http::failure(errc::in_progress, what.request_id);
  const auto kept =
      co_await stores_.read("find_kept_reply", [&](store& s) { return s.find_kept_reply(*what.repetition); });
  if (kept) {
    if (const auto told = co_await invalidate_.after(*kept); !told)
      co_return http::failure(told.error(), what.request_id);
    co_return to_reply(kept->value);
  }
  if (kept.error() != errc::not_found) co_return http::failure(kept.error(), what.request_id);
  co_return co_await inner(what, where, next);
}

http::around_stage once::around(http::around_stage inner) {
  return [this, inner = std::move(inner)](http::request& what, const http::route& where,
                                          const http::controller& next) -> awaitable<reply> {
    const bool may_repeat = what.method == boost::beast::http::verb::post && what.identity &&
                            what.headers.find(header_name) != what.headers.end();
    return may_repeat ? pass(what, where, next, inner) : inner(what, where, next);
  };
}

}  // namespace bookings::api
