#include "src/backends/redis/wire_tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/verify_context.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <stdexcept>
#include <utility>

namespace reprise::redis {
namespace {

namespace ssl = boost::asio::ssl;

std::optional<redis_tls_fault> load_authorities(SSL_CTX* context, const redis_tls& tls) {
  if (tls.ca_file.empty()) return {};
  const auto fault = [](std::string what) { return redis_tls_fault{redis_tls_fault::file::ca, std::move(what)}; };
  if (!std::ifstream(tls.ca_file)) return fault("cannot be read");
  if (SSL_CTX_load_verify_file(context, tls.ca_file.c_str()) == 1) return {};
  return fault("holds no certificate (PEM)");
}

std::optional<redis_tls_fault> load_own(SSL_CTX* context, const redis_tls& tls) {
  using file = redis_tls_fault::file;
  const auto fault = [](file which, const char* what) { return redis_tls_fault{which, what}; };
  if (tls.cert_file.empty() && tls.key_file.empty()) return {};
  if (tls.cert_file.empty()) return fault(file::cert, "is missing, where there is a key");
  if (tls.key_file.empty()) return fault(file::key, "is missing, where there is a certificate");
  if (!std::ifstream(tls.cert_file)) return fault(file::cert, "cannot be read");
  if (!std::ifstream(tls.key_file)) return fault(file::key, "cannot be read");
  // Without this, OpenSSL would ask for it on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context, tls.cert_file.c_str()) != 1)
    return fault(file::cert, "holds no certificate (PEM)");
  ERR_clear_error();
  if (SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context) == 1)
    return {};
  const auto error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) == ERR_LIB_X509 && ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
    return fault(file::key, "is not the key of the certificate");
  return fault(file::key, "holds no key (PEM, not encrypted)");
}

std::optional<redis_tls_fault> load(SSL_CTX* context, const redis_tls& tls) {
  ERR_clear_error();
  auto fault = load_authorities(context, tls);
  if (!fault) fault = load_own(context, tls);
  ERR_clear_error();  // whoever uses OpenSSL next on this thread must not find ours
  return fault;
}

std::string name_of(redis_tls_fault::file which, const redis_tls& tls) {
  switch (which) {
    case redis_tls_fault::file::ca:
      return "the file of authorities " + tls.ca_file;
    case redis_tls_fault::file::cert:
      return "the client's certificate " + tls.cert_file;
    case redis_tls_fault::file::key:
      return "the client's key " + tls.key_file;
  }
  return {};
}

bool is_address(const std::string& host) {
  boost::system::error_code wrong;
  boost::asio::ip::make_address(host, wrong);
  return !wrong;
}

// 0: not told.
std::time_t end_of(const X509* certificate) {
  std::tm end{};
  return certificate != nullptr && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1 ? ::timegm(&end) : 0;
}

std::string words_for(int check, int depth, const std::string& name) {
  const std::string which = depth == 0 ? "the server's certificate " : "a certificate in the server's chain ";
  switch (check) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return which + "has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return which + "is not valid yet";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "the server's certificate is of an unknown authority";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return which + "is self-signed, and not a known authority";
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return which + "is not for the name " + name;
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return which + "is not for the address " + name;
    default:
      return which + "is refused: " + X509_verify_cert_error_string(check);
  }
}

// The name that the server is asked for, kept with the context: Boost.Redis shows nobody its stream.
int name_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(kept); });
  return index;
}

void ask_for_name(const SSL* stream, int where, int) {
  if (where != SSL_CB_HANDSHAKE_START) return;
  const auto* name = static_cast<std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(stream), name_index()));
  if (name != nullptr) SSL_set_tlsext_host_name(const_cast<SSL*>(stream), name->c_str());
}

// What is verified, and what is asked for (RFC 6066 section 3: no addresses, and no dot at the end).
void expect_name(SSL_CTX* context, std::string name) {
  auto* expected = SSL_CTX_get0_param(context);
  bool is_set = false;
  if (is_address(name)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1;
  } else {
    if (name.ends_with('.')) name.pop_back();
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    is_set = !name.empty() && X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1;
    auto kept = std::make_unique<std::string>(std::move(name));
    if (is_set && SSL_CTX_set_ex_data(context, name_index(), kept.get()) == 1) {
      kept.release();
      SSL_CTX_set_info_callback(context, ask_for_name);
    }
  }
  if (!is_set) throw std::runtime_error("no name to verify the server's certificate by");
}

}  // namespace

ssl::context make_tls_context(const redis_options& options, const std::shared_ptr<wire_trouble>& trouble) {
  ssl::context context(ssl::context::tls_client);
  auto* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer);
  if (!options.tls) return context;
  const auto& tls = *options.tls;
  const auto name = tls.server_name.empty() ? options.host : tls.server_name;
  expect_name(native, name);
  context.set_verify_callback([trouble, name](bool is_good, ssl::verify_context& checked) {
    auto* at = checked.native_handle();
    if (!is_good)
      trouble->certificate = words_for(X509_STORE_CTX_get_error(at), X509_STORE_CTX_get_error_depth(at), name);
    if (X509_STORE_CTX_get_error_depth(at) == 0) trouble->certificate_ends = end_of(X509_STORE_CTX_get_current_cert(at));
    return is_good;
  });
  // Without authorities every certificate is refused: so nothing is sent where a file was lost.
  if (const auto fault = load(native, tls))
    trouble->files = name_of(fault->which, tls) + " " + fault->what;
  else
    SSL_CTX_set_default_verify_paths(native);
  ERR_clear_error();
  return context;
}

std::string explain_tls(boost::system::error_code error, const wire_trouble& trouble) {
  if (error == ssl::error::stream_truncated) return "the server closed the connection";
  if (error.category() != boost::asio::error::get_ssl_category()) return {};
  if (!trouble.certificate.empty()) return trouble.certificate;
  switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "the server does not speak TLS (" + error.message() + ")";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the server demands a client's certificate";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return "the server refuses the TLS handshake: perhaps it demands a client's certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      return "the server refuses the client's certificate (" + error.message() + ")";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "the server speaks no TLS 1.2 or newer";
    default:
      return "TLS failed: " + error.message();
  }
}

}  // namespace reprise::redis

namespace reprise {

std::optional<redis_tls_fault> find_fault(const redis_tls& tls) {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  return redis::load(context.native_handle(), tls);
}

}  // namespace reprise
