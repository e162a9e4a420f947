#include "server/auth/guard.hpp"
#include "server/auth/tokens.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <stdexcept>

namespace bookings::auth {
namespace {

using namespace std::chrono_literals;

const std::string first_secret(32, 'a'), second_secret(32, 'b');
const identity somebody{"65f0a1b2c3d4e5f601234567", role::teacher, 7};
constexpr std::int64_t start = 1'772'357'400;  // 2026-03-01T09:30:00Z
constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";

std::string base64url(std::string_view text) {
  constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string encoded(sodium_base64_encoded_len(text.size(), variant), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    variant);
  encoded.pop_back();
  return encoded;
}

std::string mac_of(std::string_view secret, std::string_view text) {
  crypto_auth_hmacsha256_state state;
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  return mac;
}

// A token with a right signature over whatever stands in it.
std::string signed_token(std::string_view header, std::string_view payload, std::string_view secret = first_secret) {
  auto text = base64url(header) + "." + base64url(payload);
  return text + "." + base64url(mac_of(secret, text));
}

std::string claims(std::string_view role = R"("student")", std::string_view iat = "1772357400",
                   std::string_view exp = "1772357460", std::string_view version = "1") {
  return R"({"sub":"65f0a1b2c3d4e5f601234567","role":)" + std::string(role) + R"(,"ver":)" + std::string(version) +
         R"(,"iat":)" + std::string(iat) + R"(,"exp":)" + std::string(exp) + "}";
}

class tokens : public testing::Test {
 protected:
  token_authority make(std::vector<std::string> secrets = {first_secret}) {
    return token_authority(secrets, 1h, [this] { return std::chrono::system_clock::time_point(now_); });
  }
  bool accepts(std::string_view token) {
    auto found = make().verify(token);
    EXPECT_TRUE(found || found.error() == errc::unauthorized);
    return found.has_value();
  }
  std::chrono::seconds now_{start};
};

TEST_F(tokens, issued_token_verifies_as_its_identity) {
  auto authority = make();
  auto found = authority.verify(authority.issue(somebody));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->user_id, somebody.user_id);
  EXPECT_EQ(found->role, role::teacher);
  EXPECT_EQ(found->token_version, 7);
}

TEST_F(tokens, handmade_token_with_right_claims_is_accepted) {
  EXPECT_TRUE(accepts(signed_token(good_header, claims())));
  EXPECT_TRUE(accepts(signed_token(R"({ "alg": "HS256", "kid": "1" })", claims()))) << "no typ, another order";
}

TEST_F(tokens, no_secret_throws) { EXPECT_THROW(make({}), std::invalid_argument); }

TEST_F(tokens, expiry_is_exact_to_the_second) {
  auto authority = make();
  auto token = authority.issue(somebody);
  now_ += 1h - 1s;
  EXPECT_TRUE(authority.verify(token));
  now_ += 1s;
  EXPECT_FALSE(authority.verify(token));
}

TEST_F(tokens, issue_time_ahead_is_accepted_within_the_skew) {
  auto authority = make();
  auto token = authority.issue(somebody);
  now_ -= 60s;
  EXPECT_TRUE(authority.verify(token));
  now_ -= 1s;
  EXPECT_FALSE(authority.verify(token));
}

TEST_F(tokens, rotation_first_secret_signs_and_both_verify) {
  auto old_authority = make({first_secret});
  auto rotating = make({second_secret, first_secret});
  auto new_authority = make({second_secret});
  EXPECT_TRUE(rotating.verify(old_authority.issue(somebody)));
  EXPECT_TRUE(new_authority.verify(rotating.issue(somebody)));
  EXPECT_FALSE(old_authority.verify(rotating.issue(somebody)));
}

TEST_F(tokens, other_algorithm_in_the_header_is_refused) {
  for (std::string_view header :
       {R"({"alg":"none","typ":"JWT"})", R"({"alg":"None"})", R"({"alg":"hs256"})", R"({"alg":"HS384"})",
        R"({"alg":"RS256"})", R"({"typ":"JWT"})", R"({"alg":["HS256"]})", R"({"alg":null})",
        R"({"alg":"HS256","typ":"JWE"})", R"({"alg":"HS256","typ":1})", R"({"alg":"HS256","crit":["x"]})", R"("HS256")",
        R"([{"alg":"HS256"}])", "", "{", R"({"alg":"HS256"} x)"})
    EXPECT_FALSE(accepts(signed_token(header, claims()))) << header;
}

TEST_F(tokens, unsigned_token_is_refused) {
  auto text = base64url(R"({"alg":"none"})") + "." + base64url(claims());
  EXPECT_FALSE(accepts(text));
  EXPECT_FALSE(accepts(text + "."));
  EXPECT_FALSE(accepts(base64url(good_header) + "." + base64url(claims()) + "."));
}

TEST_F(tokens, other_key_is_refused) {
  EXPECT_FALSE(accepts(signed_token(good_header, claims(), second_secret)));
  EXPECT_FALSE(accepts(signed_token(good_header, claims(), "")));
}

TEST_F(tokens, each_changed_character_is_refused) {
  auto token = signed_token(good_header, claims());
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = token[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(accepts(changed)) << "at " << i;
  }
}

TEST_F(tokens, each_truncation_is_refused) {
  auto token = signed_token(good_header, claims());
  for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(accepts(token.substr(0, size))) << size;
}

TEST_F(tokens, other_number_of_parts_is_refused) {
  auto token = signed_token(good_header, claims());
  for (const auto& text : {token + ".", token + ".AAAA", "." + token, std::string("."), std::string(".."),
                           std::string("..."), base64url(good_header)})
    EXPECT_FALSE(accepts(text)) << text;
}

TEST_F(tokens, base64_that_is_not_canonical_is_refused) {
  auto token = signed_token(good_header, claims());
  EXPECT_FALSE(accepts(token + "=")) << "padding";
  EXPECT_FALSE(accepts(token + " "));
  EXPECT_FALSE(accepts(" " + token));
  EXPECT_FALSE(accepts(token + "\n"));
  // 32 bytes are 43 characters, the last of which carries 4 bits: its lowest two are unused, and zero.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (std::size_t unused = 1; unused < 4; ++unused) {
    auto changed = token;
    changed.back() = alphabet[alphabet.find(token.back()) + unused];
    EXPECT_FALSE(accepts(changed)) << unused;
  }
  auto padded_payload = base64url(good_header) + "." + base64url(claims() + " ") + "=";
  EXPECT_FALSE(accepts(padded_payload + "." + base64url(mac_of(first_secret, padded_payload))));
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  auto standard_alphabet = base64url(good_header) + ".+/8";
  EXPECT_FALSE(accepts(standard_alphabet + "." + base64url(mac_of(first_secret, standard_alphabet))));
}

TEST_F(tokens, wrong_claims_are_refused) {
  for (std::string_view role : {R"("root")", R"("Student")", "1", "null", R"("")", R"(["student"])"})
    EXPECT_FALSE(accepts(signed_token(good_header, claims(role)))) << role;
  for (std::string_view number : {"1772357460.0", "1.77235746e9", R"("1772357460")", "null", "-1", "true",
                                  "99999999999999999999", "1772357400", "0"})
    EXPECT_FALSE(accepts(signed_token(good_header, claims(R"("student")", "1772357400", number)))) << "exp " << number;
  for (std::string_view number : {"1772357400.5", R"("0")", "null", "-5", "1772357461", "9223372036854775807"})
    EXPECT_FALSE(accepts(signed_token(good_header, claims(R"("student")", number)))) << "iat " << number;
  for (std::string_view version : {"1.0", R"("1")", "null", "-1", "99999999999999999999"})
    EXPECT_FALSE(accepts(signed_token(good_header, claims(R"("student")", "1772357400", "1772357460", version))))
        << "ver " << version;
  EXPECT_TRUE(accepts(signed_token(good_header, claims(R"("admin")", "0", "9223372036854775807"))));
}

TEST_F(tokens, missing_or_malformed_claims_are_refused) {
  for (std::string_view payload :
       {"", "{}", "[]", "null", R"({"role":"student","ver":1,"iat":1772357400,"exp":1772357460})",
        R"({"sub":"65f0a1b2c3d4e5f601234567","ver":1,"iat":1772357400,"exp":1772357460})",
        R"({"sub":"65f0a1b2c3d4e5f601234567","role":"student","ver":1,"exp":1772357460})",
        R"({"sub":"65f0a1b2c3d4e5f601234567","role":"student","ver":1,"iat":1772357400})",
        R"({"sub":"65f0a1b2c3d4e5f601234567","role":"student","iat":1772357400,"exp":1772357460})",
        R"({"sub":"*","role":"student","ver":1,"iat":1772357400,"exp":1772357460})",
        R"({"sub":"65F0A1B2C3D4E5F601234567","role":"student","ver":1,"iat":1772357400,"exp":1772357460})",
        R"({"sub":65,"role":"student","ver":1,"iat":1772357400,"exp":1772357460})"})
    EXPECT_FALSE(accepts(signed_token(good_header, payload))) << payload;
}

TEST_F(tokens, token_over_four_kibibytes_is_refused) {
  auto payload = claims();
  auto padded = [&](std::size_t bytes) { return signed_token(good_header, payload + std::string(bytes, ' ')); };
  EXPECT_TRUE(accepts(padded(2000)));
  auto huge = padded(3100);
  ASSERT_GT(huge.size(), largest_token_bytes);
  EXPECT_FALSE(accepts(huge));
}

TEST_F(tokens, deeply_nested_payload_is_refused) {
  EXPECT_FALSE(accepts(signed_token(good_header, std::string(1000, '[') + std::string(1000, ']'))));
}

// RFC 7515 appendix A.1: its key and its signature, over its header (with line breaks) and payload.
TEST_F(tokens, rfc_7515_example_has_our_signature) {
  constexpr std::string_view text =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
      "vbS9pc19yb290Ijp0cnVlfQ";
  constexpr std::string_view key_text =
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
  std::string key(64, '\0');
  std::size_t size = 0;
  ASSERT_EQ(sodium_base642bin(reinterpret_cast<unsigned char*>(key.data()), key.size(), key_text.data(),
                              key_text.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
            0);
  ASSERT_EQ(size, 64u);
  EXPECT_EQ(base64url(mac_of(key, text)), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  // The same key signs our own tokens, whose signatures this file's own code can check.
  auto token = make({key}).issue(somebody);
  auto dot = token.rfind('.');
  EXPECT_EQ(token.substr(dot + 1), base64url(mac_of(key, token.substr(0, dot))));
}

TEST_F(tokens, authorization_header_absent_is_nobody) {
  auto who = authenticate(make(), "");
  ASSERT_TRUE(who.has_value());
  EXPECT_FALSE(who->has_value());
}

TEST_F(tokens, authorization_header_with_a_token_is_its_identity) {
  auto authority = make();
  auto token = authority.issue(somebody);
  for (std::string scheme : {"Bearer ", "bearer ", "BEARER  "}) {
    auto who = authenticate(authority, scheme + token);
    ASSERT_TRUE(who.has_value()) << scheme;
    EXPECT_EQ((*who)->user_id, somebody.user_id);
  }
}

TEST_F(tokens, authorization_header_of_another_form_is_refused) {
  auto authority = make();
  auto token = authority.issue(somebody);
  for (const auto& header : {token, "Basic " + token, "Bearer" + token, std::string("Bearer"), std::string("Bearer "),
                             "Bearer " + token + " x", "Bearer\t" + token, std::string(" "), "Bearer " + token + ","})
    EXPECT_EQ(authenticate(authority, header).error(), errc::unauthorized) << header;
}

}  // namespace
}  // namespace bookings::auth
