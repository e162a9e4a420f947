#include "server/ops/live_viewers.hpp"

#include "server/ops/live.hpp"
#include "server/ops/live_points.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace bookings::ops {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t most_pieces = 32;
constexpr auto look_again = 1s;  // whether the viewer may still look
constexpr auto longest_look = 15min;

// Wakes a stream that waits, from any thread.
struct bell : std::enable_shared_from_this<bell> {
  explicit bell(const asio::any_io_executor& executor) : timer(executor, clock::time_point::max()) {}
  void ring() {
    asio::post(timer.get_executor(), [self = shared_from_this()] { self->timer.cancel(); });
  }
  asio::steady_timer timer;
};

}  // namespace

struct live_viewers::shared {
  std::mutex mutex;  // guards all but `count`
  std::deque<std::shared_ptr<const std::string>> pieces;
  std::uint64_t end = 0;  // the number behind the last piece
  std::vector<std::shared_ptr<bell>> bells;
  bool is_closed = false;
  std::atomic<std::size_t> count{0};

  void ring_all() {
    for (const auto& each : bells) each->ring();
  }
};

class live_viewers::stream final : public http::body_stream {
 public:
  stream(std::shared_ptr<shared> from, std::shared_ptr<bell> own, std::uint64_t next,
         std::shared_ptr<const std::string> first, permission may_look)
      : from_(std::move(from)),
        bell_(std::move(own)),
        next_(next),
        first_(std::move(first)),
        may_look_(std::move(may_look)) {}

  ~stream() override {
    const std::lock_guard lock(from_->mutex);
    std::erase(from_->bells, bell_);
    from_->count = from_->bells.size();
  }

  asio::awaitable<std::shared_ptr<const std::string>> next() override {
    if (first_) co_return std::exchange(first_, nullptr);
    while (!is_over_) {
      if (clock::now() - began_ > longest_look) break;
      if (clock::now() - asked_ > look_again) {
        asked_ = clock::now();
        const bool may_look = co_await may_look_();
        if (!may_look) {
          is_over_ = true;
          co_return std::make_shared<const std::string>(event_text("ended", R"({"why":"session"})"));
        }
      }
      bool is_late = false;
      auto piece = take(is_late);
      if (is_late) break;
      if (piece) co_return piece;
      boost::system::error_code rung;
      co_await bell_->timer.async_wait(asio::redirect_error(asio::use_awaitable, rung));
    }
    co_return nullptr;
  }

 private:
  // Null: there is none yet, or (`is_late`) there never will be. Whoever rings after the look cancels a wait that has
  // not begun: not lost, since what rings is posted to the thread that will wait.
  std::shared_ptr<const std::string> take(bool& is_late) {
    const std::lock_guard lock(from_->mutex);
    const auto oldest = from_->end - from_->pieces.size();
    is_late = from_->is_closed || next_ < oldest;
    if (is_late || next_ == from_->end) return nullptr;
    return from_->pieces[static_cast<std::size_t>(next_++ - oldest)];
  }

  const std::shared_ptr<shared> from_;
  const std::shared_ptr<bell> bell_;
  std::uint64_t next_;
  std::shared_ptr<const std::string> first_;
  const permission may_look_;
  const clock::time_point began_ = clock::now();
  clock::time_point asked_ = began_;
  bool is_over_ = false;
};

live_viewers::live_viewers() : shared_(std::make_shared<shared>()) {}
live_viewers::~live_viewers() { close(); }

std::size_t live_viewers::size() const noexcept { return shared_->count; }

void live_viewers::tell(std::string_view event, std::string_view data) {
  auto piece = std::make_shared<const std::string>(event_text(event, data));
  const std::lock_guard lock(shared_->mutex);
  shared_->pieces.push_back(std::move(piece));
  if (shared_->pieces.size() > most_pieces) shared_->pieces.pop_front();
  ++shared_->end;
  shared_->ring_all();
}

void live_viewers::close() {
  const std::lock_guard lock(shared_->mutex);
  shared_->is_closed = true;
  shared_->ring_all();
}

std::shared_ptr<http::body_stream> live_viewers::add(const asio::any_io_executor& executor,
                                                     std::shared_ptr<const std::string> first, permission may_look) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->is_closed || shared_->bells.size() >= live::most_viewers) return nullptr;
  auto own = std::make_shared<bell>(executor);
  shared_->bells.push_back(own);
  shared_->count = shared_->bells.size();
  return std::make_shared<stream>(shared_, std::move(own), shared_->end, std::move(first), std::move(may_look));
}

}  // namespace bookings::ops
