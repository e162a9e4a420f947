// Reads behind a reply, and replies after their time: early_refresh, stale_while_revalidate, stale_if_error. What is
// served or stored here obeys the same rules as everything else: an entry is served only while its generation was its
// scope's when this request looked, and stored only while its generation is the captured one.
#include "reprise/trace.hpp"
#include "src/engine/engine.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace reprise {

// Everything that a read behind a reply needs, since the request is gone by then.
struct response_cache::impl::behind {
  behind(impl& engine, const visit& from, origin made, const backend::value& entry)
      : policy(from.policy), request_id(from.request.request_id), read(std::move(made)),
        request(policy, asked(request_id), from.count, engine.settings_.deadline), owner(from.owner), at(engine.refreshes_) {
    request.read = &read;
    request.where = from.where;
    request.key = from.key;
    request.generation_key = from.generation_key;
    request.ticket = from.ticket;
    request.mode = from.mode;
    request.unusable = core::beginning_of(entry.text);
  }
  ~behind() { at.leave(request.key); }
  behind(const behind&) = delete;

  static cache_request asked(std::string_view request_id) {
    cache_request made;
    made.request_id = request_id;
    return made;
  }

  const cache_policy policy;
  const std::string request_id;
  const origin read;
  visit request;
  const std::shared_ptr<const void> owner;  // the engine
  engine::refreshes& at;
};

void response_cache::impl::refresh_behind(const visit& request, const backend::value& entry,
                                          const boost::asio::any_io_executor& on) {
  if (!refreshes_.enter(request.key)) return;
  std::unique_ptr<behind> work;
  try {
    work = std::make_unique<behind>(*this, request, (*request.again)(), entry);
  } catch (...) {
    refreshes_.leave(request.key);
    throw;
  }
  boost::asio::co_spawn(beside(on), refresh(std::move(work)), boost::asio::detached);
}

auto response_cache::impl::refresh(std::unique_ptr<behind> work) -> awaitable<void> {
  auto& request = work->request;
  const auto executor = co_await boost::asio::this_coro::executor;
  const span whole(executor, "refresh");
  const auto token = world_->random_hex(8);
  auto begun = co_await begin(request, token);
  if (!begun || !trust_.holds(request.ticket)) co_return;
  if (begun->entry) {  // another node has read it: what is kept here is no longer the newest
    const auto judged = judge(request, begun->generation, begun->entry->text);
    if (judged.what == core::verdict::hit) keep(request, *begun->entry);
  }
  if (!begun->locked) co_return;
  request.count.refreshes.fetch_add(1, std::memory_order_relaxed);
  bool alone = false;
  try {
    (void)co_await lead(request, *begun, token, alone);
  } catch (const std::exception& error) {
    // Whoever reads it when its time is over will meet the same, and answer for it.
    log_request(spdlog::level::warn, request, std::string("refresh failed: ") + error.what());
  }
}

auto response_cache::impl::fill_or_stale(visit& request, std::optional<std::string> seen, const backend::value& entry,
                                         const core::decoded_entry& decoded) -> awaitable<result<cached_reply>> {
  std::exception_ptr thrown;
  result<cached_reply> answer = errc::overloaded;
  try {
    answer = co_await fill(request, std::move(seen));
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown || !answer || answer->status >= 500)
    if (auto stale = answer_hit(request, entry, decoded)) co_return std::move(*stale);
  if (thrown) std::rethrow_exception(thrown);
  co_return answer;
}

}  // namespace reprise
