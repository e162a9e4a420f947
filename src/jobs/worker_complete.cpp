// Completions of one turn of the event loop, written together: what they have in common is then done once.
#include "src/jobs/worker_impl.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::jobs {
namespace {

namespace asio = boost::asio;

constexpr std::size_t most_completed_a_call = 64;  // Redis does nothing else meanwhile
// What goes in one turn is one write, which Redis answers as a whole. After so many turns the write before is on its
// way.
constexpr int turns_of_a_write = 4;

}  // namespace

void worker::impl::complete(completion one) {
  completing_.push_back(std::move(one));
  // In two halves, each a write of its own: Redis works on one while we work on the other. Together they would take
  // turns.
  const auto half = std::min(most_completed_a_call, (options_.concurrency + 1) / 2);
  if (completing_.size() >= half) return send_completions();
  if (std::exchange(is_completing_posted_, true)) return;
  send_completions_after(turns_of_a_write);
}

void worker::impl::send_completions_after(int turns) {
  asio::post(executor_, [self = shared_from_this(), turns] {
    if (turns > 0) return self->send_completions_after(turns - 1);
    self->is_completing_posted_ = false;
    self->send_completions();
  });
}

void worker::impl::send_completions() {
  if (completing_.empty()) return;
  const auto all = std::make_shared<std::vector<completion>>(std::exchange(completing_, {}));
  if (const auto error = calls_->begin()) return end_completions(*all, error);
  const auto now = std::to_string(now_in_milliseconds()), lock = std::to_string(options_.lock_duration.count());
  const auto max = options_.limiter.most > 0 ? std::to_string(options_.limiter.most) : std::string();
  const auto duration = options_.limiter.most > 0 ? std::to_string(options_.limiter.each.count()) : std::string();
  const std::string_view keys[] = {keys_.meta,      keys_.active, keys_.stalled,     keys_.events,
                                   keys_.completed, keys_.wait,   keys_.prioritized, keys_.pc,
                                   keys_.delayed,   keys_.marker, keys_.limiter};
  std::vector<std::string_view> arguments{keys_.prefix, now, lock, options_.name, max, duration};
  std::vector<std::string> made;
  made.reserve(all->size());
  for (const auto& each : *all) {
    made.push_back(std::to_string(each.job->what.attempts_made + 1));
    arguments.insert(arguments.end(),
                     {each.job->what.id, each.job->token(), each.returns, made.back(), each.next_token});
  }
  calls_->push_script(script::complete, keys, arguments);
  calls_->finish(options_.deadline, [self = shared_from_this(), all](boost::system::error_code error, reply answer) {
    if (!error && answer.is_error(0)) error = errc::refused;
    if (error) return self->end_completions(*all, error);
    self->take_completions(*all, answer);
  });
  calls_->flush();
}

void worker::impl::end_completions(std::vector<completion>& all, boost::system::error_code why) {
  for (auto& each : all) std::move(each.done)(why, 0, nullptr);
}

// [as take's answer, the n-th job under the n-th token of those that completed …, "code code …"]
void worker::impl::take_completions(std::vector<completion>& all, const reply& answer) {
  std::vector<int> codes;
  const auto text = answer.text(answer.size() - 1);
  for (auto at = text.data(); at < text.data() + text.size();) {
    int code = 0;
    at = std::from_chars(at, text.data() + text.size(), code).ptr + 1;
    codes.push_back(code);
  }
  if (codes.size() != all.size()) return end_completions(all, errc::bad_reply);
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (codes[i] == 0 && !all[i].next_token.empty()) tokens.push_back(all[i].next_token);
  auto found = taken_from(answer, tokens, true);
  limit_until(found.limited);
  auto next = found.jobs.begin();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool gets_one = codes[i] == 0 && !all[i].next_token.empty() && next != found.jobs.end();
    std::move(all[i].done)(boost::system::error_code(), codes[i], gets_one ? std::move(*next++) : nullptr);
  }
}

}  // namespace reprise::jobs
