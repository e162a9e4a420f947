// Fuzzes the request path: bodies, targets and headers, through real sockets, the real session, pipeline, controllers and
// an SQLite store, under whatever sanitizers this program is built with.
//
//   request_fuzz [--seconds N] [--seed S]          cases from 0 on, for N seconds (60)
//   request_fuzz --seed S --first C [--cases N]    those cases again: N of them (1) from number C
//
// Holds, for each case: the server answers or closes; what it sends is well-formed (reply_check.hpp) and never a 500; and
// a new connection is served afterwards. A case follows from seed and number alone, but the store remembers: where a case
// alone does not fail again, begin at 0.
#include "server/app.hpp"
#include "tests/fuzz/reply_check.hpp"
#include "tests/fuzz/request_maker.hpp"
#include "tests/support/http_client.hpp"

#include <boost/json/parse.hpp>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <stdexcept>

namespace bookings::fuzz {
namespace {

using tests::raw_client;

struct plan {
  std::chrono::seconds time{60};
  std::uint64_t seed = std::random_device()() | std::uint64_t{std::random_device()()} << 32;
  std::uint64_t first = 0, cases = 0;  // cases: 0 for as many as there is time for
};

plan read_arguments(int argc, char** argv) {
  plan wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (i + 1 == argc) throw std::invalid_argument(name + " needs a number");
    const std::uint64_t number = std::stoull(argv[++i]);
    if (name == "--seconds") wanted.time = std::chrono::seconds(number);
    else if (name == "--seed") wanted.seed = number;
    else if (name == "--first") wanted.first = number, wanted.cases = std::max<std::uint64_t>(wanted.cases, 1);
    else if (name == "--cases") wanted.cases = number;
    else throw std::invalid_argument("unknown: " + name);
  }
  return wanted;
}

// A server over a store of its own, with an account of each role, a gig and a booking.
class world {
 public:
  world() : folder_(std::filesystem::temp_directory_path() / ("request-fuzz-" + make_id())) {
    std::filesystem::create_directories(folder_);
    const auto loaded = load_config({{"STORE_URL", "sqlite:" + (folder_ / "fuzz.db").string()},
                                     {"REDIS_URL", "memory://"},
                                     {"PORT", "0"},
                                     {"WORKERS", "2"},
                                     {"AUTH_RATE_LIMIT", "0"},
                                     {"CORS_ORIGINS", "https://app.example"},
                                     {"TRUSTED_PROXIES", "127.0.0.1"},
                                     {"JWT_SECRET", std::string(40, 's')}},
                                    {}, {});
    if (!loaded.errors.empty()) throw std::runtime_error(loaded.errors.front());
    server_.emplace(loaded.value, loaded.secret, open_store(loaded.value, loaded.secret));
    server_->start();
    set_scene();
  }
  ~world() {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }
  const scene& known() const noexcept { return known_; }
  std::uint16_t port() const noexcept { return server_->port(); }

  // A case may have logged somebody out, or worse: without good tokens the next ones would reach little.
  void repair_scene() {
    if (!is_signed_in(known_.student_token) || !is_signed_in(known_.teacher_token)) set_scene();
  }

 private:
  void set_scene() {
    ++scenes_;
    const auto student = enlist("student"), teacher = enlist("teacher");
    known_.student_token = std::string(student.at("token").as_string());
    known_.teacher_token = std::string(teacher.at("token").as_string());
    known_.student_id = std::string(student.at("user").at("id").as_string());
    known_.teacher_id = std::string(teacher.at("user").at("id").as_string());
    known_.gig_id = make("/api/gigs", known_.teacher_token,
                         R"({"title":"Algebra","subject":"Mathematics","price":800,"description":"x"})");
    known_.booking_id = make("/api/bookings", known_.student_token,
                             R"({"scheduledAt":"2030-01-15T10:00:00Z","gigId":")" + known_.gig_id + "\"}");
  }
  bool is_signed_in(const std::string& token) {
    raw_client client(port());
    client.send("GET /api/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n");
    return client.receive().status == 200;
  }
  boost::json::object post(const std::string& path, const std::string& token, const std::string& body) {
    raw_client client(port());
    client.send("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n" + (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") +
                "\r\n" + body);
    const auto got = client.receive();
    if (got.status != 201) throw std::runtime_error(path + ": " + got.head + got.body);
    return boost::json::parse(got.body).at("data").as_object();
  }
  boost::json::object enlist(const std::string& role) {
    return post("/api/auth/register", "",
                R"({"name":"A","password":"long enough","email":")" + role + std::to_string(scenes_) +
                    R"(@example.com","role":")" + role + "\"}");
  }
  std::string make(const std::string& path, const std::string& token, const std::string& body) {
    return std::string(post(path, token, body).at("id").as_string());
  }

  std::filesystem::path folder_;
  std::optional<app> server_;
  scene known_;
  int scenes_ = 0;
};

// Empty: the server did well.
std::string run_case(world& here, std::uint64_t seed, std::uint64_t number, std::string& sent,
                     std::map<unsigned, std::size_t>& replies) {
  request_maker maker(here.known(), seed, number);
  sent = maker.make();
  raw_client client(here.port());
  std::size_t at = 0;
  for (const auto cut : maker.cuts(sent.size())) {
    client.send(std::string_view(sent).substr(at, cut - at));
    at = cut;
  }
  client.send(std::string_view(sent).substr(at));
  client.finish();  // so that nobody waits for the rest of what was cut off
  const auto received = client.receive_all();
  if (!received) return "neither an answer nor an end";
  const auto checked = check_replies(*received, sent);
  for (const auto& [status, count] : checked.replies) replies[status] += count;
  if (!checked.wrong.empty()) return checked.wrong;
  raw_client next(here.port());
  next.send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return next.receive().status == 200 ? "" : "the next connection was not served";
}

void print_bytes(const std::string& bytes) {
  std::fputs("  sent: ", stderr);
  for (const char c : bytes.substr(0, 4'000)) {
    if (c >= 0x20 && c < 0x7f && c != '\\') std::fputc(c, stderr);
    else std::fprintf(stderr, "\\x%02x%s", static_cast<unsigned char>(c), c == '\n' ? "\n        " : "");
  }
  std::fprintf(stderr, "\n  (%zu bytes)\n", bytes.size());
}

int run(const plan& wanted, const char* program) {
  std::printf("request_fuzz: seed %llu\n", static_cast<unsigned long long>(wanted.seed));
  std::fflush(stdout);
  world here;
  const auto end = std::chrono::steady_clock::now() + wanted.time;
  std::uint64_t number = wanted.first;
  std::map<unsigned, std::size_t> replies;
  const auto goes_on = [&] {
    return wanted.cases > 0 ? number < wanted.first + wanted.cases : std::chrono::steady_clock::now() < end;
  };
  for (; goes_on(); ++number) {
    std::string sent;
    const auto wrong = run_case(here, wanted.seed, number, sent, replies);
    if (wrong.empty()) {
      if (number % 64 == 0 || sent.find("/auth/") != sent.npos || sent.find("/users/me") != sent.npos) here.repair_scene();
      continue;
    }
    const auto seed = static_cast<unsigned long long>(wanted.seed), at = static_cast<unsigned long long>(number);
    std::fprintf(stderr, "request_fuzz: case %llu: %s\n", at, wrong.c_str());
    print_bytes(sent);
    std::fprintf(stderr, "  again: %s --seed %llu --first %llu\n  or all: %s --seed %llu --first 0 --cases %llu\n", program, seed,
                 at, program, seed, at + 1);
    return 1;
  }
  std::printf("request_fuzz: %llu cases, all well; replies:", static_cast<unsigned long long>(number - wanted.first));
  for (const auto& [status, count] : replies) std::printf(" %u: %zu", status, count);
  std::puts("");
  return 0;
}

}  // namespace
}  // namespace bookings::fuzz

int main(int argc, char** argv) {
  try {
    if (sodium_init() < 0) throw std::runtime_error("no source of randomness");
    spdlog::set_level(spdlog::level::err);
    return bookings::fuzz::run(bookings::fuzz::read_arguments(argc, argv), argv[0]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "request_fuzz: %s\n", error.what());
    return 2;
  }
}
