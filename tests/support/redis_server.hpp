// A real redis-server for tests: on a free loopback port, without persistence, stopped by its pid.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reprise::testing {

// Not thread-safe.
class redis_server {
 public:
  explicit redis_server(std::vector<std::string> more_arguments = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  void pause();   // SIGSTOP
  void resume();  // SIGCONT
  void kill();    // SIGKILL
  void start();   // again, on the same port
  // What redis-cli prints, without the last line break.
  std::string command(const std::vector<std::string>& words) const;

 private:
  std::vector<std::string> more_arguments_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace reprise::testing
