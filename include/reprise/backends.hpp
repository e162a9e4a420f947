// The places where entries can live.
#pragma once

#include "reprise/backend.hpp"
#include "reprise/environment.hpp"
#include "reprise/redis_options.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace reprise {

// One standalone Redis or Valkey server. One connection for each executor (an io_context that one thread runs), and one
// more, on the first, for what may take long. REQUIRES: at least one executor; they outlive the backend's calls.
std::shared_ptr<backend> make_redis_backend(redis_options options, std::vector<boost::asio::any_io_executor> io_threads);

struct memory_options {  // of make_memory_backend()
  // Keys and values together; beyond it the least recently used entries go.
  std::size_t largest_bytes = 256 * 1024 * 1024;
};

// This process's own memory: a Redis with an identity of its own that lives as long as the object.
std::shared_ptr<backend> make_memory_backend(memory_options options, std::shared_ptr<environment> world);

}  // namespace reprise
