// The checks up to a connection: name, port, TLS, greeting, login.
#include "server/ops/doctor_examination.hpp"
#include "server/ops/doctor_network.hpp"

#include <fmt/format.h>

#include <utility>

namespace bookings::ops {
namespace {

using step = reprise::redis_probe::step;

constexpr const char* fix_address = "see that the server runs there, and that no firewall is between";

}  // namespace

finding examination::name() {
  const auto& options = patient_.options;
  if (!options.unix_socket.empty()) return skipped("a Unix socket has none");
  auto found = look_up(options.host, options.connect_deadline);
  if (!found.why.empty())
    return bad(options.host + ": " + found.why, "correct the host in the URL, or see this machine's resolver");
  addresses_ = std::move(found.addresses);
  std::string all;
  for (const auto& each : addresses_) all += (all.empty() ? "" : ", ") + each;
  return good(all == options.host ? all + " is an address" : options.host + " is " + all);
}

finding examination::port() {
  const auto& options = patient_.options;
  if (!options.unix_socket.empty()) {
    const auto found = reach_socket(options.unix_socket, options.connect_deadline);
    if (!found.why.empty())
      return bad(options.unix_socket + ": " + found.why,
                 "see that the server makes this socket, and that this user may write to it");
    return good("somebody listens on " + options.unix_socket);
  }
  std::string good_ones, bad_ones;
  for (const auto& each : addresses_) {
    const auto found = reach(each, options.port, options.connect_deadline);
    auto& list = found.why.empty() ? good_ones : bad_ones;
    list += (list.empty() ? "" : ", ") + each + " port " + std::to_string(options.port);
    if (found.why.empty())
      list += fmt::format(" in {:.2f} ms", static_cast<double>(found.took.count()) / 1000);
    else
      list += ": " + found.why;
  }
  if (good_ones.empty()) return bad(bad_ones, fix_address);
  // A name of IPv4 and IPv6, and a server that listens on one of them: connecting takes the one that answers.
  return good("reached " + good_ones + (bad_ones.empty() ? "" : "; not reached " + bad_ones));
}

// Connects at its first call: TLS, greeting and login are one attempt, and each check takes its part of what became of
// it.
const std::optional<reprise::redis_probe::fault>& examination::connected() {
  if (!std::exchange(was_tried_, true)) fault_ = probe_.connect();
  return fault_;
}

finding examination::tls() {
  const bool is_used = patient_.options.tls && patient_.options.unix_socket.empty();
  if (!is_used) return skipped("not used by this URL");
  const auto& fault = connected();
  if (fault && (fault->at == step::files || fault->at == step::tls))
    return bad(fault->why,
               "renew the certificate, or see REDIS_CA_FILE, REDIS_CERT_FILE, REDIS_KEY_FILE and REDIS_SERVER_NAME");
  if (fault && fault->at != step::login && fault->at != step::greeting) return bad(fault->why, fix_address);
  return judge_certificate(probe_.certificate_ends(), std::chrono::system_clock::now());
}

finding examination::protocol() {
  const auto& fault = connected();
  if (!fault || fault->at == step::login) return good("the server speaks RESP3");
  return bad(fault->why, "see host, port and scheme of the URL (rediss:// for TLS)");
}

finding examination::login() {
  const auto& fault = connected();
  if (!fault) {
    const auto& user = patient_.options.user;
    return good(fmt::format("as {}, database {}", user.empty() ? "the default user" : user, patient_.options.database));
  }
  if (fault->why.find("max number of clients") != fault->why.npos)
    return bad(fault->why, "raise maxclients, or look who holds the others (CLIENT LIST)");
  return bad(
      fault->why,
      "see user, password and database of the URL, and REDIS_PASSWORD (reserved characters are percent-encoded)");
}

}  // namespace bookings::ops
