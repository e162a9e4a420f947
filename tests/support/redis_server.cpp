#include "tests/support/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

namespace reprise::testing {
namespace {

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

pid_t run(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  return pid;
}

}  // namespace

redis_server::redis_server(std::vector<std::string> more_arguments)
    : more_arguments_(std::move(more_arguments)), port_(free_port()) {
  start();
}

redis_server::~redis_server() { kill(); }

void redis_server::start() {
  std::vector<std::string> words{"redis-server", "--bind", "127.0.0.1", "--port",       std::to_string(port_),
                                 "--save",       "",       "--dir",     "/tmp",         "--appendonly", "no"};
  words.insert(words.end(), more_arguments_.begin(), more_arguments_.end());
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  pid_ = run(words, nowhere);
  ::close(nowhere);
  for (int i = 0; i < 500; ++i) {
    const auto said = command({"ping"});
    if (said == "PONG" || said.starts_with("NOAUTH")) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("redis-server did not answer");
}

void redis_server::pause() { ::kill(pid_, SIGSTOP); }
void redis_server::resume() { ::kill(pid_, SIGCONT); }

void redis_server::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string redis_server::command(const std::vector<std::string>& words) const {
  std::vector<std::string> all{"redis-cli", "-p", std::to_string(port_)};
  all.insert(all.end(), words.begin(), words.end());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = run(all, ends[1]);
  ::close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  if (said.ends_with('\n')) said.pop_back();
  return said;
}

}  // namespace reprise::testing
