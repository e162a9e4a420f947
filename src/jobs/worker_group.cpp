// Outcomes of jobs that end in one turn of the event loop are written by one call, which takes as many jobs: for Redis
// that is half the work of a call each. For plain jobs that have completed, and are kept alike.
#include "src/jobs/worker_impl.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_jobs_a_call = 64;
constexpr std::size_t most_bytes_a_call = 256 * 1024;

bool are_alike(const retention& a, const retention& b) noexcept {
  return a.count == b.count && a.age == b.age && a.limit == b.limit;
}

template <class T>
std::string text_of(const std::optional<T>& number) {
  return number ? std::to_string(*number) : std::string();
}

}  // namespace

struct worker::impl::finish_group {
  struct entry {
    std::shared_ptr<running> one;
    std::string returns, made;
    asio::any_completion_handler<void(written)> done;
  };
  retention keep;
  std::vector<entry> entries;
  std::size_t bytes = 0;
};

bool worker::impl::is_plain(const job& what, const outcome& came) noexcept {
  return came.what() == outcome::kind::completed && what.deduplication_id.empty() && what.parent_key.empty();
}

asio::awaitable<worker::impl::written> worker::impl::finish_together(std::shared_ptr<running> one,
                                                                     const outcome& what) {
  const auto& keep =
      one->what.options.remove_on_complete ? *one->what.options.remove_on_complete : options_.remove_on_complete;
  auto returns = boost::json::serialize(what.returns());
  if (finishing_ && (finishing_->entries.size() >= most_jobs_a_call || finishing_->bytes >= most_bytes_a_call ||
                     !are_alike(finishing_->keep, keep)))
    finishing_ = nullptr;  // it goes by itself
  if (!finishing_) {
    finishing_ = std::make_shared<finish_group>();
    finishing_->keep = keep;
    // Behind what is ready in this turn, which joins it.
    asio::post(executor_, [self = shared_from_this(), group = finishing_] {
      asio::co_spawn(
          self->executor_, [self, group] { return self->write_group(group); }, asio::detached);
    });
  }
  const auto group = finishing_;
  group->bytes += returns.size();
  auto made = std::to_string(one->what.attempts_made + 1);
  auto token = asio::use_awaitable;
  co_return co_await asio::async_initiate<decltype(token), void(written)>(
      [&](auto waiting) {
        group->entries.push_back({std::move(one), std::move(returns), std::move(made), std::move(waiting)});
      },
      token);
}

asio::awaitable<void> worker::impl::write_group(std::shared_ptr<finish_group> group) {
  const auto self = shared_from_this();
  if (finishing_ == group) finishing_ = nullptr;
  auto& entries = group->entries;
  const bool takes_next = may_take() && fibers_ <= options_.concurrency && limited_until_ <= clock::now();
  const auto token = new_token();
  const auto now = std::to_string(now_in_milliseconds()), lock = std::to_string(options_.lock_duration.count());
  const auto wanted = std::to_string(takes_next ? entries.size() : 0);
  const bool is_limited = options_.limiter.most > 0;
  const auto max = is_limited ? std::to_string(options_.limiter.most) : std::string();
  const auto duration = is_limited ? std::to_string(options_.limiter.each.count()) : std::string();
  const auto kept = text_of(group->keep.count), limit = text_of(group->keep.limit);
  const auto age = group->keep.age ? std::to_string(group->keep.age->count()) : std::string();
  const std::string_view keys[] = {keys_.meta,    keys_.wait,    keys_.active,   keys_.prioritized,
                                   keys_.pc,      keys_.delayed, keys_.marker,   keys_.events,
                                   keys_.limiter, keys_.stalled, keys_.completed};
  std::vector<std::string_view> arguments{keys_.prefix, now,      token, lock, wanted, options_.name,
                                          max,          duration, kept, age,  limit};
  for (const auto& each : entries)
    arguments.insert(arguments.end(), {each.one->what.id, each.one->token(), each.returns, each.made});
  bool is_unsure = false;
  const auto answer = co_await write(entries.front().one->what.id, script::finish_many, keys, arguments, is_unsure);
  std::vector<written> outcomes(entries.size());
  taken found;
  if (answer) {
    bool was_executed = false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto& code = outcomes[i].code;
      code = answer->integer(4 + i).value_or(-1);
      if (is_unsure && (code == -1 || code == -2 || code == -3)) {
        was_executed = true;
        code = 0;
      }
      if (code >= 0) count(settlement::kind::completed);
    }
    // After an earlier try that was executed, everything that either took stands under the token.
    if (was_executed && takes_next)
      found = co_await reclaim(token);
    else
      found = taken_from(*answer, token, true, answer->next(3));
    meet_limit(found.limited);
  }
  auto next = found.jobs.begin();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // As many are taken as were finished.
    if (outcomes[i].code == 0 && next != found.jobs.end()) outcomes[i].next = std::move(*next++);
    std::move(entries[i].done)(std::move(outcomes[i]));
  }
}

}  // namespace reprise::jobs
