// Reads the JSON body of a request, for controllers. The getters never throw and never stop: each notes what is wrong
// and returns an empty value, and failure() answers with everything at once:
//
//   http::body_reader body(request);
//   auto title = body.text("title", 1, 120);
//   auto price = body.number("price");
//   if (auto failed = body.failure()) co_return *failed;
//
// Strict: the body must be one JSON object in UTF-8, at most 32 levels deep, with no member twice (else
// errc::malformed); a member that no getter asked for is wrong, and so is null. In Express's style (api_style.hpp) unknown
// members are ignored, and `gigId` may be called `gig`. One thread; the request must outlive
// the reader.
#pragma once

#include "server/domain/id.hpp"
#include "server/domain/time.hpp"
#include "server/http/reply.hpp"
#include "server/http/request.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bookings::http {

class body_reader {
 public:
  explicit body_reader(const request& from);
  ~body_reader();
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;

  // Text without the white space around it, least to most bytes long. No control characters but "\n" and "\t".
  std::string text(std::string_view name, std::size_t least, std::size_t most);
  std::optional<std::string> optional_text(std::string_view name, std::size_t least, std::size_t most);

  // Text exactly as it is, but without NUL: a password.
  std::string secret(std::string_view name, std::size_t least, std::size_t most);

  // A whole number; 60.0 is one too, as JSON does not tell them apart.
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t least, std::int64_t most);

  // A finite number.
  double number(std::string_view name);
  std::optional<double> optional_number(std::string_view name);

  // One of some names. Returns the element of `names` (empty where the member is wrong), which lives as long as they
  // do.
  std::string_view one_of(std::string_view name, std::span<const std::string_view> names);
  std::optional<std::string_view> optional_one_of(std::string_view name, std::span<const std::string_view> names);

  // 24 hex digits; RFC 3339.
  bookings::id id(std::string_view name);
  time_point time(std::string_view name);

  // An object in the object. The reader belongs to this one, whose failure() speaks for it too ("customer.name"). Null
  // where there is no such member, or where it is no object.
  body_reader* optional_object(std::string_view name);

  // Notes what a controller finds wrong itself. Only the first fault of a member is kept.
  void reject(std::string_view name, std::string_view message);
  // Was anything noted for this member?
  bool is_rejected(std::string_view name) const noexcept;

  // After the last getter. Absent where all is well; else the reply to give: errc::malformed, or errc::invalid_field
  // with a field for each wrong member and each unknown one.
  std::optional<reply> failure();

 private:
  enum class presence { required, optional };

  body_reader(const request& from, const boost::json::object& members, std::string prefix);
  const boost::json::value* find(std::string_view name, presence which);
  std::optional<std::string> read_text(std::string_view name, std::size_t least, std::size_t most, presence which);
  std::optional<std::int64_t> read_integer(std::string_view name, std::int64_t least, std::int64_t most,
                                           presence which);
  std::optional<double> read_number(std::string_view name, presence which);
  std::optional<std::string_view> read_one_of(std::string_view name, std::span<const std::string_view> names,
                                              presence which);
  void collect(std::vector<field_error>& into);

  const request& from_;
  std::array<unsigned char, 2048> first_bytes_;  // most bodies fit: no allocation for their tree
  boost::json::monotonic_resource memory_;       // before what lies in it
  boost::json::value root_;
  const boost::json::object* members_ = nullptr;  // null where the body is malformed: then getters do nothing
  std::string prefix_;                            // "customer." in an inner reader
  std::vector<std::string> asked_;
  std::vector<field_error> errors_;
  std::vector<std::unique_ptr<body_reader>> inner_;
};

}  // namespace bookings::http
