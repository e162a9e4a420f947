// The client of SSLCommerz and certificates: whoever cannot show who they are is told nothing.
#include "tests/support/gateway_world.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace bookings {
namespace {

using namespace tests;
using kind = gateway_failure_kind;

// A key with a certificate that it signed itself, for one name, in a file that goes with this object.
class certificate {
 public:
  explicit certificate(const std::string& name) {
    auto folder = (std::filesystem::temp_directory_path() / "reprise-tls-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary directory");
    folder_ = folder;
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test" +
        (" -addext subjectAltName=" + name) + " -keyout " + folder + "/key -out " + folder + "/crt" +
        " 2>/dev/null && cat " + folder + "/key " + folder + "/crt > " + file();
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl makes no certificate");
  }
  ~certificate() { std::filesystem::remove_all(folder_); }
  certificate(const certificate&) = delete;
  std::string file() const { return folder_ + "/both.pem"; }

 private:
  std::string folder_;
};

gateway_result<gateway_session> open_at(const std::string& url, const std::string& authorities) {
  tests::loop loop;
  auto options = options_for(url);
  options.authorities_file = authorities;
  const auto gateway = make_sslcommerz_gateway(options);
  const auto wanted = session_request();
  return loop.run(gateway->open_session(wanted));
}

TEST(gateway_tls, certificate_of_nobody_is_refused_and_named) {
  const certificate own("IP:127.0.0.1");
  const gateway_emulator emulator({"--certificate", own.file()});
  const auto opened = open_at(emulator.url(), "");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::not_sent) << opened.error().why;
  EXPECT_NE(opened.error().why.find("self-signed certificate"), std::string::npos) << opened.error().why;
}

TEST(gateway_tls, certificate_of_an_authority_that_is_named_is_taken) {
  const certificate own("IP:127.0.0.1");
  const gateway_emulator emulator({"--certificate", own.file()});
  const auto opened = open_at(emulator.url(), own.file());
  EXPECT_TRUE(opened) << opened.error().why;
}

TEST(gateway_tls, certificate_for_another_name_is_refused) {
  const certificate other("DNS:gateway.example");
  const gateway_emulator emulator({"--certificate", other.file()});
  const auto opened = open_at(emulator.url(), other.file());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, kind::not_sent) << opened.error().why;
}

}  // namespace
}  // namespace bookings
