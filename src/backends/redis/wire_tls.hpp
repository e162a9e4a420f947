// TLS for a connection to a Redis. For wire.cpp alone.
#pragma once

#include "src/backends/redis/wire.hpp"

#include <boost/asio/ssl/context.hpp>

namespace reprise::redis {

// For one connection. Where a file cannot be used, `trouble` says so, and the context refuses every server.
boost::asio::ssl::context make_tls_context(const redis_options& options, const std::shared_ptr<wire_trouble>& trouble);

// Of an error of OpenSSL's; empty where it is none, or nothing more is known than its message.
std::string explain_tls(boost::system::error_code error, const wire_trouble& trouble);

}  // namespace reprise::redis
