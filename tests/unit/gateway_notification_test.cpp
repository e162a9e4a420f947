// Notifications: the signature, and what is believed of a form. The vectors were made with md5sum and sha256sum.
#include "server/payments/notification.hpp"
#include "server/payments/web_form.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace bookings {
namespace {

using kind = notification_fault::kind;

constexpr std::string_view password = "qwerty", transaction = "65a4f0c2b1e2d3a4f5b6c7d8";

// printf 'amount=1250.00&bank_tran_id=…&…&store_passwd=%s&tran_id=…' $(printf qwerty | md5sum) | md5sum
form_fields signed_fields() {
  return {{"amount", "1250.00"},
          {"bank_tran_id", "1501241113BhCJmkFSSmNo"},
          {"status", "VALID"},
          {"tran_id", std::string(transaction)},
          {"val_id", "150124111jmh7ANbJFv0NU4"},
          {"card_type", "BKASH-BKash"},
          {"error", ""},
          {"card_issuer", "A & B Bank"},
          {"verify_sign", "535efba51871c06c0754a74addaa7757"},
          {"verify_key", "amount,bank_tran_id,status,tran_id,val_id,card_type,error,card_issuer"},
          {"verify_sign_sha2", "29b4b1016a06cdaac5c63a388f5ddb6acc07f5f6ac8beb861835e9678f0aa9e8"}};
}

std::string& field(form_fields& fields, std::string_view name) {
  return std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.first == name; })->second;
}

void drop(form_fields& fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& each) { return each.first == name; });
}

notification_result read(const form_fields& fields) { return read_notification(to_form(fields), password); }

kind fault_of(const form_fields& fields) {
  const auto found = read(fields);
  EXPECT_FALSE(found) << "a notification was believed";
  return found ? kind{-1} : found.error().what;
}

TEST(notification, signed_one_is_read) {
  const auto found = read(signed_fields());
  ASSERT_TRUE(found) << found.error().why;
  EXPECT_EQ(found->transaction_id, transaction);
  EXPECT_EQ(found->validation_id, "150124111jmh7ANbJFv0NU4");
  EXPECT_EQ(found->status, "VALID");
}

TEST(notification, order_of_fields_makes_no_difference) {
  auto fields = signed_fields();
  std::reverse(fields.begin(), fields.end());
  field(fields, "verify_key") = "val_id,tran_id,status,error,card_type,card_issuer,bank_tran_id,amount";
  EXPECT_TRUE(read(fields));
}

TEST(notification, either_signature_is_enough) {
  for (const auto name : {"verify_sign", "verify_sign_sha2"}) {
    auto fields = signed_fields();
    drop(fields, name);
    EXPECT_TRUE(read(fields)) << name;
    field(fields, name == std::string_view("verify_sign") ? "verify_sign_sha2" : "verify_sign").back() ^= 1;
    EXPECT_EQ(fault_of(fields), kind::wrong_signature);
  }
}

TEST(notification, each_signature_that_is_there_has_to_be_right) {
  for (const auto name : {"verify_sign", "verify_sign_sha2"})
    for (const auto& wrong : {std::string(32, '0'), std::string(64, '0'), std::string("x")}) {
      auto fields = signed_fields();
      field(fields, name) = wrong;
      EXPECT_EQ(fault_of(fields), kind::wrong_signature) << name << " " << wrong;
    }
  auto upper = signed_fields();
  for (char& c : field(upper, "verify_sign")) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(fault_of(upper), kind::wrong_signature);
}

TEST(notification, altered_field_is_found) {
  for (const auto name :
       {"amount", "bank_tran_id", "status", "tran_id", "val_id", "card_type", "error", "card_issuer"}) {
    auto fields = signed_fields();
    field(fields, name) += "1";
    EXPECT_EQ(fault_of(fields), kind::wrong_signature) << name;
    fields = signed_fields();
    drop(fields, name);
    EXPECT_EQ(fault_of(fields), kind::wrong_signature) << "without " << name;
  }
}

TEST(notification, another_password_is_found) {
  EXPECT_FALSE(read_notification(to_form(signed_fields()), "qwertz"));
  EXPECT_FALSE(read_notification(to_form(signed_fields()), ""));
}

TEST(notification, password_of_the_form_itself_does_not_count) {
  // Signed with the password "x", whose MD5 the form brings along.
  const form_fields forged{{"status", "VALID"},
                           {"store_passwd", "9dd4e461268c8034f5c8564e155c67a6"},
                           {"tran_id", std::string(transaction)},
                           // printf 'status=VALID&store_passwd=9dd4…67a6&tran_id=65a4…c7d8' | md5sum
                           {"verify_sign", "30dd582e8c57a47ddae2d3b16508a01f"},
                           {"verify_key", "status,store_passwd,tran_id"}};
  ASSERT_TRUE(read_notification(to_form(forged), "x")) << "the vector itself is wrong";
  EXPECT_EQ(fault_of(forged), kind::wrong_signature);
}

TEST(notification, unsigned_one_is_refused) {
  auto fields = signed_fields();
  drop(fields, "verify_key");
  EXPECT_EQ(fault_of(fields), kind::not_signed);
  fields = signed_fields();
  field(fields, "verify_key") = "nothing,of,this";
  EXPECT_EQ(fault_of(fields), kind::not_signed);
  fields = signed_fields();
  drop(fields, "verify_sign");
  drop(fields, "verify_sign_sha2");
  EXPECT_EQ(fault_of(fields), kind::not_signed);
  fields = signed_fields();
  field(fields, "verify_sign") = field(fields, "verify_sign_sha2") = "";
  EXPECT_EQ(fault_of(fields), kind::not_signed);
  EXPECT_EQ(fault_of({}), kind::not_signed);
}

TEST(notification, unsigned_field_is_not_believed) {
  // Signed are status and tran_id alone: printf 'status=FAILED&store_passwd=…&tran_id=…' | md5sum
  form_fields fields{{"status", "FAILED"},
                     {"tran_id", std::string(transaction)},
                     {"val_id", "somebody-elses"},
                     {"verify_sign", "8f293904440ebf45460aee3955a8824f"},
                     {"verify_key", "status,tran_id"}};
  const auto found = read(fields);
  ASSERT_TRUE(found) << found.error().why;
  EXPECT_EQ(found->validation_id, "");
}

TEST(notification, field_that_stands_twice_is_refused) {
  auto fields = signed_fields();
  fields.emplace_back("tran_id", "000000000000000000000000");
  EXPECT_EQ(fault_of(fields), kind::malformed);
  fields = signed_fields();
  fields.emplace_back("verify_key", "status");
  EXPECT_EQ(fault_of(fields), kind::malformed);
}

TEST(notification, broken_and_huge_forms_are_refused) {
  EXPECT_EQ(read_notification("tran_id=%zz", password).error().what, kind::malformed);
  EXPECT_EQ(read_notification(std::string(most_notification_bytes + 1, 'a'), password).error().what, kind::malformed);
  form_fields many;
  for (std::size_t i = 0; i <= most_notification_fields; ++i) many.emplace_back("f" + std::to_string(i), "1");
  EXPECT_EQ(fault_of(many), kind::malformed);
}

TEST(notification, claimed_id_needs_no_signature_and_is_one) {
  EXPECT_EQ(claimed_transaction_id("a=1&tran_id=65a4f0c2b1e2d3a4f5b6c7d8"), transaction);
  for (const std::string form : {"", "a=1", "tran_id=", "tran_id=a%20b", "tran_id=a%0Ab", "tran_id=a&tran_id=b",
                                 "tran_id=0123456789012345678901234567890", "tran_id=%3Cscript%3E"})
    EXPECT_FALSE(claimed_transaction_id(form)) << form;
}

}  // namespace
}  // namespace bookings
