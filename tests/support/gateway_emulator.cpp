#include "tests/support/gateway_emulator.hpp"

#include "tests/support/http_client.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace bookings::tests {
namespace {

constexpr std::chrono::seconds longest_wait{20};

// Runs the words with their standard output in a pipe, whose other end is returned. The child dies with the thread that
// starts it.
int spawn(const std::vector<std::string>& words, pid_t& child) {
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const auto parent = ::getpid();
  child = ::fork();
  if (child == 0) {  // other threads may hold locks: nothing here allocates
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  if (child < 0) ::close(ends[0]);
  if (child < 0) throw std::runtime_error("fork failed");
  return ends[0];
}

std::string first_line(int descriptor) {
  std::string line;
  for (char c; ::read(descriptor, &c, 1) == 1 && c != '\n';) line += c;
  ::close(descriptor);
  return line;
}

}  // namespace

gateway_emulator::gateway_emulator(std::vector<std::string> arguments) {
  std::vector<std::string> words{"/usr/bin/python3", REPRISE_SOURCE_TREE "/tests/support/sslcommerz_emulator.py"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  url_ = first_line(spawn(words, process_));
  if (!url_.starts_with("http")) throw std::runtime_error("the emulator does not start");
}

gateway_emulator::~gateway_emulator() { kill(); }

std::uint16_t gateway_emulator::port() const {
  return static_cast<std::uint16_t>(std::stoi(url_.substr(url_.rfind(':') + 1)));
}

boost::json::value gateway_emulator::tell(std::string_view name, std::string_view json) const {
  return exchange("POST /emulator/" + std::string(name) + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
                  "Content-Length: " + std::to_string(json.size()) + "\r\n\r\n" + std::string(json));
}

boost::json::value gateway_emulator::ask(std::string_view name) const {
  return exchange("GET /emulator/" + std::string(name) + " HTTP/1.1\r\nHost: x\r\n\r\n");
}

std::size_t gateway_emulator::calls(std::string_view operation) const {
  const auto log = ask("log");
  return static_cast<std::size_t>(std::count_if(log.as_array().begin(), log.as_array().end(), [&](const auto& each) {
    return each.at("operation").as_string() == operation;
  }));
}

bool gateway_emulator::has_calls(std::string_view operation, std::size_t count) const {
  const auto limit = std::chrono::steady_clock::now() + longest_wait;
  while (calls(operation) < count) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

void gateway_emulator::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

boost::json::value gateway_emulator::exchange(const std::string& request) const {
  raw_client client(port());
  client.send(request);
  const auto got = client.receive();
  if (got.status != 200) throw std::runtime_error("the emulator does not take it: " + got.body);
  return boost::json::parse(got.body);
}

}  // namespace bookings::tests
