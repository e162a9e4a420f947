// A real redis-server for one test: on a free loopback port, in a directory of its own, with nothing written to disk. It
// can be stalled, killed and started again on the same port, and it ends with this object, or with the test program.
//
// Not thread-safe. Throws std::runtime_error where the server cannot be started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reprise::testing {

class redis_server {
 public:
  // `arguments` as on redis-server's command line, such as {"--requirepass", "secret"}. Returns when PING is answered.
  explicit redis_server(std::vector<std::string> arguments = {});
  ~redis_server();
  redis_server(const redis_server&) = delete;

  std::uint16_t port() const noexcept { return port_; }
  void pause();    // SIGSTOP: connections stay, nothing is answered
  void resume();   // SIGCONT
  void kill();     // SIGKILL, and waits until it is gone
  void restart();  // kills it where it runs; then a new one on the same port, empty
  // Runs redis-cli with these arguments; returns what it wrote, without the last line break.
  std::string command(const std::vector<std::string>& arguments) const;
  std::vector<std::string> lines(const std::vector<std::string>& arguments) const;

 private:
  bool start();
  bool is_answering() const;

  std::vector<std::string> arguments_;
  std::string directory_;
  std::uint16_t port_ = 0;
  pid_t process_ = 0;
};

// A port on the loopback that nothing listens on at this moment.
std::uint16_t free_port();

}  // namespace reprise::testing
