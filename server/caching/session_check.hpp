// Holds a verified token against the account that it speaks for: is its version the user's present one, and the account
// neither blocked nor gone? Asked with every request that carries a token, so it goes through the cache, under the same
// promise as everything in it: one MGET and no store call on a hit, the store where the cache is away, and a logout on
// one node is seen by the next request on every other.
#pragma once

#include "reprise/response_cache.hpp"
#include "server/http/pipeline.hpp"
#include "server/stores/async_store.hpp"

#include <string_view>

namespace bookings::caching {

// Of the scopes sessions:user:<id>. The entry of a user is `{"version":3,"state":"active","role":"student"}`. Another
// form needs another prefix: nodes of both versions run side by side during an upgrade, and compare texts.
inline constexpr std::string_view sessions_prefix = "sessions";

// For http::pipeline_parts: errc::unauthorized where the token does not speak for anybody any more; the store's error
// where neither cache nor store can say. Both arguments must outlive it.
http::session_check make_session_check(reprise::response_cache& cache, async_store& stores);

}  // namespace bookings::caching
