// The API's description (OpenAPI 3.1): written by hand in api/openapi.json, and held against the table of routes that
// serves, so that neither has a route that the other has not, or says another thing of who may call it.
#pragma once

#include "server/http/router.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bookings::ops {

// The document, on one line. Lives as long as the program.
std::string_view openapi_document() noexcept;

// What `document` and the routes disagree about, a line each, as a programmer is to read it; empty where they agree. An
// operation's `security` says who: {} among the alternatives is anyone, else the roles beside `token`, none of them
// meaning whoever is signed in. One with "x-only-in-demo" need not be served. Throws std::exception where the document
// is not of that form.
std::vector<std::string> openapi_differences(std::string_view document, const http::router& routes);

// GET /openapi.json, GET /docs and the files of that page; 404 for the page where the program was built without it.
void add_openapi_routes(http::router& routes);

}  // namespace bookings::ops
