#include "tests/support/redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace reprise::testing {
namespace {

constexpr std::chrono::seconds longest_start{20};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return name;
  const auto* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');)
    if (const auto file = directory + "/" + name; ::access(file.c_str(), X_OK) == 0) return file;
  throw std::runtime_error(name + " is not installed");
}

// REDIS_SERVER may name another one, such as Valkey's.
std::string server_program() {
  const auto* given = std::getenv("REDIS_SERVER");
  return given != nullptr && *given != 0 ? given : "redis-server";
}

// `output`: where the child's standard output goes. The child dies with the thread that starts it.
pid_t spawn(const std::vector<std::string>& words, int output) {
  const auto program = find_program(words.front());
  std::vector<char*> pointers;
  for (const auto& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {  // other threads may hold locks: nothing here allocates
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execv(program.c_str(), pointers.data());
    ::_exit(127);
  }
  return child;
}

}  // namespace

std::uint16_t free_port() {
  const descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  socklen_t bytes = sizeof address;
  if (::bind(socket.number(), reinterpret_cast<sockaddr*>(&address), bytes) != 0 ||
      ::getsockname(socket.number(), reinterpret_cast<sockaddr*>(&address), &bytes) != 0)
    throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

redis_server::redis_server(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  auto name = (std::filesystem::temp_directory_path() / "reprise-redis-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  directory_ = name;
  // Between finding a port and listening on it, somebody else may take it.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    if (start()) return;
  }
  std::filesystem::remove_all(directory_);
  throw std::runtime_error("redis-server does not start");
}

redis_server::~redis_server() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool redis_server::start() {
  std::vector<std::string> words{server_program(), "--port",       std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
                                 "--appendonly", "no",           "--dir",               directory_};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  const descriptor log(::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  process_ = spawn(words, log.number());
  const auto limit = std::chrono::steady_clock::now() + longest_start;
  while (std::chrono::steady_clock::now() < limit) {
    if (is_answering()) return true;
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill();
  return false;
}

// PING is answered with PONG, or with NOAUTH where there is a password; while data is being loaded with LOADING.
bool redis_server::is_answering() const {
  const descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port_);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  const timeval limit{1, 0};
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  constexpr std::string_view ping = "PING\r\n";
  if (::send(socket.number(), ping.data(), ping.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(ping.size())) return false;
  char answer[64];
  const auto bytes = ::recv(socket.number(), answer, sizeof answer, 0);
  const std::string_view text(answer, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  return text.starts_with("+PONG") || text.starts_with("-NOAUTH");
}

void redis_server::pause() { ::kill(process_, SIGSTOP); }
void redis_server::resume() { ::kill(process_, SIGCONT); }

void redis_server::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void redis_server::restart() {
  kill();
  if (!start()) throw std::runtime_error("redis-server does not start again");
}

std::string redis_server::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words{"redis-cli", "-h", "127.0.0.1", "-p", std::to_string(port_)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const descriptor reading(ends[0]);
  pid_t child = 0;
  {
    const descriptor writing(ends[1]);
    child = spawn(words, writing.number());
  }
  std::string text;
  char part[4096];
  for (ssize_t bytes; (bytes = ::read(reading.number(), part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(bytes));
  ::waitpid(child, nullptr, 0);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> redis_server::lines(const std::vector<std::string>& arguments) const {
  std::istringstream text(command(arguments));
  std::vector<std::string> all;
  for (std::string line; std::getline(text, line);)
    if (!line.empty()) all.push_back(line);
  return all;
}

}  // namespace reprise::testing
