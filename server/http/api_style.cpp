#include "server/http/api_style.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <atomic>
#include <utility>

namespace bookings::http {
namespace {

std::atomic<api_style> present{api_style::plain};

// Ours, and Mongoose's. Not every name that ends in "Id": a transactionId is no reference.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> references{
    {{"gigId", "gig"}, {"teacherId", "teacher"}, {"bookingId", "booking"}}};

std::string_view shown_name(std::string_view name) noexcept {
  if (name == "id") return "_id";
  const auto other = other_name(name);
  return other.empty() ? name : other;
}

}  // namespace

void use_api_style(api_style wanted) noexcept { present.store(wanted, std::memory_order_relaxed); }

api_style present_api_style() noexcept { return present.load(std::memory_order_relaxed); }

boost::json::value in_present_style(boost::json::value data) {
  if (present_api_style() == api_style::plain) return data;
  if (auto* array = data.if_array()) {
    for (auto& each : *array) each = in_present_style(std::move(each));
  } else if (auto* object = data.if_object()) {
    boost::json::object shown(object->storage());
    for (auto& member : *object) shown.emplace(shown_name(member.key()), in_present_style(std::move(member.value())));
    data = std::move(shown);
  }
  return data;
}

std::string_view other_name(std::string_view name) noexcept {
  if (present_api_style() == api_style::plain) return {};
  for (const auto& [ours, other] : references)
    if (ours == name) return other;
  return {};
}

void take_other_names(parameters& query) {
  if (present_api_style() == api_style::plain) return;
  for (auto& parameter : query)
    for (const auto& [ours, other] : references)
      if (parameter.first == other) parameter.first = ours;
}

}  // namespace bookings::http
