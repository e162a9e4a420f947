// HTTP calls to somebody else's server, that may take seconds: libcurl's multi interface on a thread of its own, with a
// coroutine in front. It waits for nothing on an I/O thread, nor on those of the store or of password hashes.
//
//   web_client client({.most_in_flight = 32});
//   const auto replied = co_await client.send(asked);
//
// It knows nothing of who is called. Certificates are verified, TLS is 1.2 at least, and no redirect is followed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bookings {

// once: on a connection of its own. On one that is kept, libcurl sends a request a second time where the first got no
// answer at all because the server was closing the connection: harmless for questions, not for what moves money.
enum class repeatable { freely, once };

struct web_request {
  std::string url;   // http:// or https://
  std::string body;  // not empty: a POST; empty: a GET
  std::string content_type = "application/x-www-form-urlencoded";  // of the body
  std::vector<std::string> headers = {};                           // more of them: "name: value"
  std::chrono::milliseconds time{15'000};  // for all of it, waiting for its turn included
  repeatable how = repeatable::freely;
};

struct web_reply {
  int status = 0;
  std::string body;
};

struct web_failure {
  enum class kind {
    not_sent,  // not a byte of the request has left
    unknown,   // it has, at least in part
  };
  kind what = kind::unknown;
  std::string why;  // in words; never a part of the URL behind its host, of the body, of headers, or of the reply
};

[[noreturn]] inline void throw_exception_from_error(const web_failure& failed,
                                                    const boost::source_location& /*where*/) {
  throw std::logic_error("a reply was taken that is not there: " + failed.why);
}

using web_result = boost::system::result<web_reply, web_failure>;

enum class proxies { of_environment, none };  // https_proxy, no_proxy and so on; none: for servers on this machine

struct web_client_options {
  std::chrono::milliseconds connect_time{5'000};  // for name, connection and TLS
  std::size_t most_in_flight = 32;                // calls at once
  std::size_t most_waiting = 1'024;               // beyond those; one more is not_sent at once
  std::size_t most_reply_bytes = 1024 * 1024;     // a larger body is cut off, and the call is unknown
  proxies through = proxies::of_environment;
  std::string authorities_file = {};  // PEM; empty: the system's
};

// Thread-safe. The execution contexts of its callers must outlive it; its end is as close(), and waits for its thread.
class web_client {
 public:
  explicit web_client(web_client_options options);
  ~web_client();
  web_client(const web_client&) = delete;
  web_client& operator=(const web_client&) = delete;

  // Any reply, whatever its status, is a reply. Where the caller's executor has a trace (reprise/trace.hpp), the call is a
  // span of it, and tells it to the server. Resumes on the caller's executor. Cancellation (terminal, partial or
  // total) ends the call at once, as not_sent where it waits for its turn or connects, else as unknown: nobody can call
  // back what has been sent.
  boost::asio::awaitable<web_result> send(const web_request& asked);

  // Ends all calls as if each had been cancelled. Further ones are not_sent. Does not wait for that.
  void close();

  // Calls that wait or run.
  std::size_t calls() const;

 private:
  class engine;
  static boost::asio::awaitable<web_result> call(std::shared_ptr<engine> with, web_request asked);
  static boost::asio::awaitable<web_result> call_traced(std::shared_ptr<engine> with, std::unique_ptr<web_request> asked);

  std::shared_ptr<engine> engine_;
  std::thread thread_;
};

}  // namespace bookings
