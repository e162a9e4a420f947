// The thread of web_client: what waits, what runs, and who wants to know. For web_client.cpp alone.
#pragma once

#include "server/web/web_client.hpp"

#include <curl/curl.h>
#include <boost/compat/move_only_function.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bookings {

// add(), cancel(), close() and calls() are for any thread; they leave orders, which run() carries out on its own. Only
// run() touches libcurl, but for waking it.
class web_client::engine {
 public:
  // Called once, from any thread: brings the outcome to the caller's executor.
  using handler = boost::compat::move_only_function<void(web_result)>;
  using call_id = std::uint64_t;

  explicit engine(web_client_options options);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  call_id next_id() noexcept { return ++last_id_; }
  void add(call_id id, web_request asked, handler tell);
  void cancel(call_id id);
  void close();
  std::size_t calls() const;

  // Until close(); then every call has been answered.
  void run();

 private:
  using clock = std::chrono::steady_clock;
  struct free_easy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct free_multi {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct free_headers {
    void operator()(curl_slist* first) const noexcept { curl_slist_free_all(first); }
  };
  struct call {
    call_id id = 0;
    web_request asked;
    handler tell;
    clock::time_point deadline;
    std::unique_ptr<curl_slist, free_headers> headers = {};  // before `easy`, which refers to it
    std::unique_ptr<CURL, free_easy> easy = {};
    std::size_t most_reply_bytes = 0;
    std::string body = {};
    bool is_too_large = false;
    char words[CURL_ERROR_SIZE] = {};  // libcurl's, of a failure
  };
  using call_pointer = std::unique_ptr<call>;

  bool take_orders();
  void cancel_now(call_id id);
  void drop_late();
  void start_waiting();
  bool prepare(call& what);
  void finish_done();
  void wait();
  void end_all();

  static bool add_header(call& what, const std::string& line);
  static std::size_t receive(char* bytes, std::size_t one, std::size_t count, void* into);
  static web_result outcome_of(call& what, CURLcode code);
  static web_failure failure_of(const call& what, CURLcode code);
  static bool has_left(const call& what);
  void answer(call_pointer what, web_result outcome);

  const web_client_options options_;
  std::unique_ptr<CURLM, free_multi> multi_;
  std::atomic<call_id> last_id_{0};

  mutable std::mutex mutex_;  // of the four below
  std::vector<call_pointer> added_;
  std::vector<call_id> cancelled_;
  std::size_t calls_ = 0;
  bool is_closing_ = false;

  // of run() alone
  std::deque<call_pointer> waiting_;
  std::map<CURL*, call_pointer> running_;
};

}  // namespace bookings
