#include "server/web/web_engine.hpp"

#include <signal.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace bookings {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds longest_nap = 60s;  // orders wake it

void start_libcurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a process, and thread-safe by that
  if (started != CURLE_OK) throw std::runtime_error("libcurl does not start");
}

// A write to a connection that the other side has closed would end the process; with the signal blocked on the thread
// that writes, it is an error like any other.
void ignore_broken_pipes() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

web_failure not_sent(std::string why) { return {web_failure::kind::not_sent, std::move(why)}; }

// Where libcurl's own words say more than the code does, and hold nothing but names of hosts and certificates.
bool has_safe_words(CURLcode code) noexcept {
  constexpr std::array codes{CURLE_COULDNT_RESOLVE_PROXY,    CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
                             CURLE_SSL_CONNECT_ERROR,        CURLE_SSL_CERTPROBLEM,      CURLE_SSL_CIPHER,
                             CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,   CURLE_SSL_ISSUER_ERROR};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

web_client::engine::engine(web_client_options options) : options_(std::move(options)) {
  start_libcurl();
  multi_.reset(curl_multi_init());
  if (!multi_) throw std::runtime_error("libcurl does not start");
}

web_client::engine::~engine() = default;

void web_client::engine::add(call_id id, web_request asked, handler tell) {
  auto added = std::make_unique<call>();
  added->id = id;
  added->deadline = clock::now() + asked.time;
  added->asked = std::move(asked);
  {
    const std::lock_guard lock(mutex_);
    if (!is_closing_ && calls_ < options_.most_in_flight + options_.most_waiting) {
      ++calls_;
      added->tell = std::move(tell);
      added_.push_back(std::move(added));
    }
  }
  if (added) return tell(not_sent("too many calls wait already, or no more are made"));
  curl_multi_wakeup(multi_.get());
}

void web_client::engine::cancel(call_id id) {
  {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
  }
  curl_multi_wakeup(multi_.get());
}

void web_client::engine::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  curl_multi_wakeup(multi_.get());
}

std::size_t web_client::engine::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void web_client::engine::run() {
  ignore_broken_pipes();
  while (take_orders()) {
    drop_late();
    start_waiting();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    finish_done();
    // What has ended made room: whoever waits does not wait for the next event.
    if (!waiting_.empty() && running_.size() < options_.most_in_flight) continue;
    wait();
  }
  end_all();
}

// False where it is time to end.
bool web_client::engine::take_orders() {
  std::vector<call_id> cancelled;
  bool is_closing = false;
  {
    const std::lock_guard lock(mutex_);
    for (auto& each : added_) waiting_.push_back(std::move(each));
    added_.clear();
    cancelled.swap(cancelled_);
    is_closing = is_closing_;
  }
  for (const auto id : cancelled) cancel_now(id);
  return !is_closing;
}

// Nothing where the call has been answered meanwhile.
void web_client::engine::cancel_now(call_id id) {
  const auto waits = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& each) { return each->id == id; });
  if (waits != waiting_.end()) {
    auto ended = std::move(*waits);
    waiting_.erase(waits);
    return answer(std::move(ended), not_sent("cancelled before its turn"));
  }
  const auto runs =
      std::find_if(running_.begin(), running_.end(), [&](const auto& each) { return each.second->id == id; });
  if (runs == running_.end()) return;
  auto ended = std::move(runs->second);
  running_.erase(runs);
  curl_multi_remove_handle(multi_.get(), ended->easy.get());
  const auto kind = has_left(*ended) ? web_failure::kind::unknown : web_failure::kind::not_sent;
  answer(std::move(ended), web_failure{kind, "cancelled under way"});
}

void web_client::engine::drop_late() {
  const auto now = clock::now();
  std::deque<call_pointer> in_time;
  for (auto& each : waiting_) {
    if (each->deadline > now)
      in_time.push_back(std::move(each));
    else
      answer(std::move(each), not_sent("its turn did not come in time"));
  }
  waiting_.swap(in_time);
}

void web_client::engine::start_waiting() {
  while (!waiting_.empty() && running_.size() < options_.most_in_flight) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    auto* easy = prepare(*next) ? next->easy.get() : nullptr;
    if (easy == nullptr || curl_multi_add_handle(multi_.get(), easy) != CURLM_OK)
      answer(std::move(next), not_sent("libcurl does not take the call"));
    else
      running_.emplace(easy, std::move(next));
  }
}

bool web_client::engine::prepare(call& what) {
  what.easy.reset(curl_easy_init());
  what.most_reply_bytes = options_.most_reply_bytes;
  if (!what.easy) return false;
  bool is_set = true;
  const auto set = [&](CURLoption option, auto value) {
    is_set = is_set && curl_easy_setopt(what.easy.get(), option, value) == CURLE_OK;
  };
  const bool is_secure = what.asked.url.starts_with("https://");
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(what.deadline - clock::now());
  set(CURLOPT_URL, what.asked.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, is_secure ? "https" : "http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_USERAGENT, "bookings-server");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.authorities_file.empty()) set(CURLOPT_CAINFO, options_.authorities_file.c_str());
  if (options_.through == proxies::none) set(CURLOPT_PROXY, "");
  set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left.count())));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_time.count()));
  if (what.asked.how == repeatable::once) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
  if (!what.asked.body.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, what.asked.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(what.asked.body.size()));
    is_set = is_set && add_header(what, "Content-Type: " + what.asked.content_type);
  }
  for (const auto& line : what.asked.headers) is_set = is_set && add_header(what, line);
  if (what.headers) set(CURLOPT_HTTPHEADER, what.headers.get());
  set(CURLOPT_ERRORBUFFER, what.words);
  set(CURLOPT_WRITEFUNCTION, &engine::receive);
  set(CURLOPT_WRITEDATA, &what);
  return is_set;
}

bool web_client::engine::add_header(call& what, const std::string& line) {
  auto* longer = curl_slist_append(what.headers.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)what.headers.release();  // it is a part of the longer one
  what.headers.reset(longer);
  return true;
}

std::size_t web_client::engine::receive(char* bytes, std::size_t /*one*/, std::size_t count, void* into) {
  auto& what = *static_cast<call*>(into);
  if (what.body.size() + count > what.most_reply_bytes) {
    what.is_too_large = true;
    return 0;  // ends the call
  }
  what.body.append(bytes, count);
  return count;
}

void web_client::engine::finish_done() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto code = message->data.result;  // read before the handle goes, which `message` is a part of
    const auto found = running_.find(message->easy_handle);
    if (found == running_.end()) continue;
    auto done = std::move(found->second);
    running_.erase(found);
    curl_multi_remove_handle(multi_.get(), done->easy.get());
    auto outcome = outcome_of(*done, code);
    answer(std::move(done), std::move(outcome));
  }
}

web_result web_client::engine::outcome_of(call& what, CURLcode code) {
  if (code != CURLE_OK) return failure_of(what, code);
  long status = 0;
  curl_easy_getinfo(what.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  web_reply replied;
  replied.status = static_cast<int>(status);
  replied.body = std::move(what.body);
  return replied;
}

web_failure web_client::engine::failure_of(const call& what, CURLcode code) {
  web_failure failed;
  failed.what = has_left(what) ? web_failure::kind::unknown : web_failure::kind::not_sent;
  if (what.is_too_large)
    failed.why = "the reply is larger than " + std::to_string(what.most_reply_bytes) + " bytes";
  else if (has_safe_words(code) && what.words[0] != '\0')
    failed.why = what.words;
  else
    failed.why = curl_easy_strerror(code);
  return failed;
}

// The bytes of requests that were written, the head's among them: on this connection and on one before it, if any.
bool web_client::engine::has_left(const call& what) {
  long bytes = 0;
  return curl_easy_getinfo(what.easy.get(), CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

void web_client::engine::wait() {
  auto nap = longest_nap;
  for (const auto& each : waiting_)
    nap = std::min(nap, std::chrono::ceil<std::chrono::milliseconds>(each->deadline - clock::now()));
  curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(std::max(nap, 0ms).count()), nullptr);
}

void web_client::engine::end_all() {
  take_orders();  // nothing is added any more, but something may have been before
  while (!waiting_.empty()) cancel_now(waiting_.front()->id);
  while (!running_.empty()) cancel_now(running_.begin()->second->id);
}

// The place is given back before the caller goes on, who may want it again.
void web_client::engine::answer(call_pointer what, web_result outcome) {
  {
    const std::lock_guard lock(mutex_);
    --calls_;
  }
  what->tell(std::move(outcome));
}

}  // namespace bookings
