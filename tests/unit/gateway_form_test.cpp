// Forms, and the customer as the gateway takes one.
#include "server/payments/gateway_customer.hpp"
#include "server/payments/web_form.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bookings {
namespace {

constexpr std::size_t many = 100;

TEST(web_form, each_value_is_escaped) {
  EXPECT_EQ(to_form({}), "");
  EXPECT_EQ(to_form({{"a", "1"}, {"b", ""}}), "a=1&b=");
  EXPECT_EQ(to_form({{"a&b", "x=y&z"}}), "a%26b=x%3Dy%26z");
  EXPECT_EQ(to_form({{"n", "R\xc3\xa9my + Co. 100%\n"}}), "n=R%C3%A9my%20%2B%20Co.%20100%25%0A");
  EXPECT_EQ(to_form({{"p", "a-b_c.d~e"}}), "p=a-b_c.d~e");
}

TEST(web_form, what_is_written_is_read_again) {
  form_fields fields;
  for (int byte = 1; byte < 256; ++byte)
    fields.emplace_back("n" + std::to_string(byte), std::string(3, static_cast<char>(byte)));
  EXPECT_EQ(parse_form(to_form(fields), 300), fields);
}

TEST(web_form, plus_is_a_blank_and_order_and_repetitions_stay) {
  const form_fields wanted{{"b", "x y"}, {"a", ""}, {"b", "2"}, {"c", ""}};
  EXPECT_EQ(parse_form("b=x+y&&a=&b=2&c", many), wanted);
}

TEST(web_form, broken_one_is_absent) {
  for (const std::string form : {"a=%", "a=%4", "a=%zz", "a=%00", "=x", "%=1", "a=1&=2", "a=%g0"})
    EXPECT_FALSE(parse_form(form, many)) << form;
  EXPECT_FALSE(parse_form("a=1&b=2&c=3", 2));
  EXPECT_TRUE(parse_form("a=1&b=2", 2));
}

gateway_customer whole() {
  gateway_customer customer;
  customer.name = "Ayesha Rahman";
  customer.email = "ayesha@example.com";
  customer.phone = "+880 1711-000000";
  customer.address = "12 Green Road";
  customer.city = "Dhaka";
  customer.postcode = "1205";
  customer.country = "Bangladesh";
  return customer;
}

TEST(gateway_customer, whole_one_has_no_faults) {
  EXPECT_TRUE(faults_of(whole()).empty());
  EXPECT_EQ(fitted(whole()), whole());
}

TEST(gateway_customer, each_missing_member_is_named) {
  const std::vector<std::pair<std::string, std::string gateway_customer::*>> members{
      {"name", &gateway_customer::name},      {"email", &gateway_customer::email},
      {"phone", &gateway_customer::phone},    {"address", &gateway_customer::address},
      {"city", &gateway_customer::city},      {"postcode", &gateway_customer::postcode},
      {"country", &gateway_customer::country}};
  for (const auto& [name, member] : members)
    for (const std::string nothing : {"", "  \t\n "}) {
      auto customer = whole();
      customer.*member = nothing;
      const auto faults = faults_of(customer);
      ASSERT_EQ(faults.size(), 1u) << name;
      EXPECT_EQ(faults[0].member, name);
      EXPECT_EQ(faults[0].why, "is needed by the payment gateway");
    }
  EXPECT_EQ(faults_of({}).size(), members.size());
}

TEST(gateway_customer, email_and_phone_are_never_cut) {
  auto customer = whole();
  customer.email.assign(40, 'a').append("@example.com");  // 52 bytes
  ASSERT_EQ(faults_of(customer).size(), 1u);
  EXPECT_EQ(faults_of(customer)[0].member, "email");
  customer = whole();
  customer.email = "no address";
  EXPECT_EQ(faults_of(customer).size(), 1u);
  for (const auto phone : {"017110000001711000000", "call me", "12345", "0171100000;0"}) {
    customer = whole();
    customer.phone = phone;
    ASSERT_EQ(faults_of(customer).size(), 1u) << phone;
    EXPECT_EQ(faults_of(customer)[0].member, "phone");
  }
}

TEST(gateway_customer, long_texts_are_cut_between_characters) {
  auto customer = whole();
  for (int i = 0; i < 30; ++i) customer.name += "\xe0\xa6\x86";  // three bytes each
  customer.address = std::string(300, 'x');
  customer.postcode = std::string(40, '1');
  const auto fits = fitted(customer);
  EXPECT_LE(fits.name.size(), 50u);
  EXPECT_GE(fits.name.size(), 48u);
  EXPECT_EQ((fits.name.size() - std::string("Ayesha Rahman").size()) % 3, 0u);
  EXPECT_EQ(fits.address.size(), 50u);
  EXPECT_EQ(fits.postcode.size(), 30u);
}

TEST(gateway_customer, texts_are_one_line) {
  EXPECT_EQ(one_line("  12 Green Road,\n Dhaka\r\n", 50), "12 Green Road,  Dhaka");
  EXPECT_EQ(one_line("a\x7f\x1b[31mb", 50), "a  [31mb");
  EXPECT_EQ(one_line("ab cd", 3), "ab");
}

TEST(cut_utf8, never_ends_within_a_character) {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";  // 1, 2, 3 and 4 bytes
  const std::vector<std::size_t> ends{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
  for (std::size_t most = 0; most < ends.size(); ++most) EXPECT_EQ(cut_utf8(text, most).size(), ends[most]) << most;
  EXPECT_EQ(cut_utf8("\x80\x80\x80", 2), "") << "no UTF-8, and no reason to read beyond it";
}

}  // namespace
}  // namespace bookings
