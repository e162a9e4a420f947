#include "server/http/io_threads.hpp"

#include <spdlog/spdlog.h>

#include <pthread.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace bookings::http {

io_threads::io_threads(std::size_t count) {
  if (count == 0) throw std::logic_error("there must be an I/O thread");
  for (std::size_t index = 0; index < count; ++index) {
    // The hint 1 says that one thread runs the context, which spares wake-ups; posting from other threads stays
    // allowed.
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    guards_.push_back(boost::asio::make_work_guard(*contexts_.back()));
  }
}

io_threads::~io_threads() {
  stop();
  join();
}

void io_threads::start() {
  for (std::size_t index = 0; index < contexts_.size(); ++index) {
    {
      const std::scoped_lock lock(mutex_);
      ++running_;
    }
    threads_.emplace_back([this, index] { run(index); });
  }
}

void io_threads::run(std::size_t index) noexcept {
  const auto name = "io-" + std::to_string(index);
  pthread_setname_np(pthread_self(), name.c_str());
  try {
    contexts_[index]->run();
  } catch (const std::exception& error) {
    spdlog::critical("[Server] An exception escaped on {}: {}", name, error.what());
    std::terminate();
  }
  {
    const std::scoped_lock lock(mutex_);
    --running_;
  }
  returned_.notify_all();
}

bool io_threads::finish(std::chrono::steady_clock::duration longest) {
  for (auto& guard : guards_) guard.reset();
  std::unique_lock lock(mutex_);
  return returned_.wait_for(lock, longest, [this] { return running_ == 0; });
}

void io_threads::stop() {
  for (auto& guard : guards_) guard.reset();
  for (auto& context : contexts_) context->stop();
}

void io_threads::join() {
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace bookings::http
