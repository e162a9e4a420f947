// One connection to one Redis, for asking it what it is and what it lets its user do: for `bookings-server doctor`, a
// script, a test. Not for what serves requests: each call blocks the calling thread, until its answer or its deadline.
//
// Not thread-safe. A connection that has ended stays ended: make another probe.
#pragma once

#include "reprise/errc.hpp"
#include "reprise/redis_options.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reprise {

struct redis_answer {  // one reply of the server
  enum class kind {  // what a reply may be
    text,     // also numbers and truth values, as the protocol writes them
    list,     // also maps and sets: of a map its keys and values by turns
    nothing,  // null
    refusal,  // the server's error, in `text`, one line that may be logged
  };
  kind is = kind::nothing;  // which
  std::string text{};  // of a text or a refusal
  std::vector<redis_answer> items{};  // of a list
};

class redis_probe {
 public:
  // Never more than 4 MiB are read for one answer, whatever the options say.
  explicit redis_probe(redis_options options);
  ~redis_probe();
  redis_probe(const redis_probe&) = delete;
  redis_probe& operator=(const redis_probe&) = delete;

  // How far a connection came that did not come about.
  enum class step {
    files,     // of the TLS options
    name,      // its host's name was not resolved
    reaching,  // nobody answers at the address
    tls,       // the handshake: also where a certificate was refused, by either side
    greeting,  // what answers is no Redis that speaks RESP3
    login,     // user, password, database; or the server takes no more clients
  };
  struct fault {  // why there is no connection
    step at;  // how far it came
    std::string why;  // as the log of a server has it; without user and password
  };
  // Connects, verifies, logs in. Absent: it is connected. REQUIRES: called once.
  std::optional<fault> connect();
  bool is_connected() const noexcept;
  // When the server's certificate ends. Absent without TLS, and where none was shown.
  std::optional<std::chrono::system_clock::time_point> certificate_ends() const;

  // One command. A refusal is an answer. errc::timed_out, errc::unavailable where the connection has ended,
  // errc::bad_reply.
  result<redis_answer> ask(const std::vector<std::string>& command, std::chrono::milliseconds limit);

  // The next message that the server sent without being asked, its words one after the other; absent where none came
  // within the limit.
  std::optional<std::vector<std::string>> next_push(std::chrono::milliseconds limit);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace reprise
