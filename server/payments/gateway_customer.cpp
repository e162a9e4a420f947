#include "server/payments/gateway_customer.hpp"

#include "server/domain/user.hpp"

#include <algorithm>

namespace bookings {
namespace {

// What the gateway takes at most. It counts characters and we count bytes: that way nothing is refused, whatever it
// counts, and the worst that happens is a name cut shorter than it would have to be.
constexpr std::size_t most_text = 50, most_postcode = 30, most_phone = 20;

constexpr std::string_view is_missing = "is needed by the payment gateway";
constexpr std::string_view is_no_email = "must be an email address of at most 50 characters for the payment gateway";
constexpr std::string_view is_no_phone = "must be a phone number of at most 20 characters for the payment gateway";

bool is_blank(char c) noexcept { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

bool is_missing_in(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_blank); }

// Digits, at least six of them, with what people put between them.
bool is_phone(std::string_view text) noexcept {
  if (text.size() > most_phone) return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool is_known = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || std::string_view("+-() .").find(c) != std::string_view::npos;
  });
  return is_known && std::count_if(text.begin(), text.end(), is_digit) >= 6;
}

}  // namespace

std::vector<customer_fault> faults_of(const gateway_customer& customer) {
  std::vector<customer_fault> faults;
  const auto need = [&](std::string_view member, std::string_view text) {
    if (is_missing_in(text)) faults.push_back({member, is_missing});
    return !is_missing_in(text);
  };
  const auto whole = [](const std::string& text) { return one_line(text, text.size()); };
  need("name", customer.name);
  const auto email = whole(customer.email);
  if (need("email", email) && (email.size() > most_text || !normalize_email(email)))
    faults.push_back({"email", is_no_email});
  if (need("phone", customer.phone) && !is_phone(whole(customer.phone))) faults.push_back({"phone", is_no_phone});
  need("address", customer.address);
  need("city", customer.city);
  need("postcode", customer.postcode);
  need("country", customer.country);
  return faults;
}

gateway_customer fitted(const gateway_customer& customer) {
  gateway_customer fits;
  fits.name = one_line(customer.name, most_text);
  fits.email = one_line(customer.email, most_text);
  fits.phone = one_line(customer.phone, most_phone);
  fits.address = one_line(customer.address, most_text);
  fits.city = one_line(customer.city, most_text);
  fits.postcode = one_line(customer.postcode, most_postcode);
  fits.country = one_line(customer.country, most_text);
  return fits;
}

std::string_view cut_utf8(std::string_view text, std::size_t most_bytes) noexcept {
  if (text.size() <= most_bytes) return text;
  std::size_t end = most_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string one_line(std::string_view text, std::size_t most_bytes) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  std::string line(cut_utf8(text, most_bytes));
  std::replace_if(line.begin(), line.end(), is_blank, ' ');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace bookings
