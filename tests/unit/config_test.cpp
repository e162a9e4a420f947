#include "server/config.hpp"

#include "server/spelling.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <type_traits>

namespace bookings {
namespace {

using namespace std::chrono_literals;
using variables = std::map<std::string, std::string>;

load_result load(const variables& environment, const variables& flags = {}) {
  return load_config(environment, std::nullopt, flags);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& each : texts) all += each + "\n";
  return all;
}

bool contains(const std::vector<std::string>& texts, std::string_view part) {
  return joined(texts).find(part) != std::string::npos;
}

class config_file : public testing::Test {
 protected:
  ~config_file() override { std::filesystem::remove(file_); }
  load_result load_with(std::string_view text, const variables& environment = {}, const variables& flags = {}) {
    std::ofstream(file_) << text;
    return load_config(environment, file_, flags);
  }
  std::filesystem::path file_ =
      std::filesystem::path(testing::TempDir()) / ("config_test_" + std::to_string(std::random_device()()) + ".env");
};

TEST(config, nothing_set_has_the_defaults) {
  auto [value, secret, errors, warnings] = load({});
  EXPECT_TRUE(errors.empty()) << joined(errors);
  EXPECT_EQ(value.host, "127.0.0.1");
  EXPECT_EQ(value.port, 8080);
  EXPECT_GE(value.workers, 1);
  EXPECT_EQ(value.deployment_id, "default");
  EXPECT_EQ(value.store_url, "sqlite:data/bookings.db");
  EXPECT_EQ(value.sqlite_file, "data/bookings.db");
  EXPECT_EQ(value.store_delay, 0ms);
  EXPECT_EQ(value.origin_reads, 64);
  EXPECT_FALSE(value.redis);
  EXPECT_EQ(value.redis_deadline, 50ms);
  EXPECT_EQ(value.cache_ttl, 600s);
  EXPECT_EQ(value.cache_l1_bytes, 64u << 20);
  EXPECT_EQ(value.l1_mode, reprise::local_copies::validated);
  EXPECT_EQ(value.jwt_ttl, 7 * 24h);
  EXPECT_FALSE(value.admin_email);
  EXPECT_EQ(value.auth_rate_limit, 30);
  EXPECT_EQ(value.log_level, ops::log_level::info);
  EXPECT_EQ(value.log_format, ops::log_format::text);
  EXPECT_EQ(value.sslcommerz_base_url, "https://sandbox.sslcommerz.com");
  EXPECT_EQ(warnings.size(), 1u) << joined(warnings);
  EXPECT_TRUE(contains(warnings, "JWT_SECRET"));
}

TEST(config, all_errors_are_collected) {
  auto found = load({{"PORT", "x"}, {"CACHE_TTL", "y"}, {"LOG_LEVEL", "z"}}, {{"HOST", "?"}});
  EXPECT_EQ(found.errors.size(), 4u) << joined(found.errors);
}

TEST(config, limits_are_exact) {
  struct limit {
    const char *name, *text;
    bool is_good;
  };
  const std::string id_of_64(64, 'x'), id_of_65(65, 'x');
  for (const auto& [name, text, is_good] : std::vector<limit>{{"PORT", "65535", true},
                                                              {"PORT", "+1", false},
                                                              {"PORT", " 1", false},
                                                              {"PORT", "0x10", false},
                                                              {"PORT", "99999999999999999999", false},
                                                              {"WORKERS", "1", true},
                                                              {"WORKERS", "257", false},
                                                              {"ORIGIN_READS", "1", true},
                                                              {"ORIGIN_READS", "100001", false},
                                                              {"CACHE_TTL", "1", true},
                                                              {"CACHE_TTL", "365d", true},
                                                              {"CACHE_TTL", "366d", false},
                                                              {"JWT_TTL", "0s", false},
                                                              {"JWT_TTL", "99999999999999999d", false},
                                                              {"JWT_TTL", "7D", false},
                                                              {"JWT_TTL", "d", false},
                                                              {"CACHE_L1_BYTES", "off", false},
                                                              {"CACHE_L1_BYTES", "1024GiB", true},
                                                              {"CACHE_L1_BYTES", "1025GiB", false},
                                                              {"CACHE_L1_BYTES", "18446744073709551616", false},
                                                              {"DEPLOYMENT_ID", id_of_64.c_str(), true},
                                                              {"DEPLOYMENT_ID", id_of_65.c_str(), false},
                                                              {"HOST", "[::1]", true},
                                                              {"HOST", "::", true},
                                                              {"HOST", "[localhost]", false},
                                                              {"HOST", "localhost:80", false},
                                                              {"HOST", "1.2.3", false},
                                                              {"TRUSTED_PROXIES", "10.0.0.0/33", false},
                                                              {"TRUSTED_PROXIES", "2001:db8::/32", true},
                                                              {"TRUSTED_PROXIES", "10.0.0.1,", false},
                                                              {"CORS_ORIGINS", "null", false},
                                                              {"PUBLIC_URL", "http://localhost:8080", true},
                                                              {"PUBLIC_URL", "http://[::1]:8080", true},
                                                              {"PUBLIC_URL", "http://localhost.example", false},
                                                              {"PUBLIC_URL", "https://shop.example/?a", false}})
    EXPECT_EQ(load({{name, text}}).errors.empty(), is_good) << name << "=" << text;
}

TEST(config, sizes_and_durations_have_units) {
  for (const auto& [text, bytes] : std::map<std::string, std::uint64_t>{
           {"0", 0}, {"512", 512}, {"512B", 512}, {"1KiB", 1024}, {"2 mib", 2u << 20}, {"1GiB", 1u << 30},
           {"3MB", 3'000'000}})
    EXPECT_EQ(load({{"CACHE_L1_BYTES", text}}).value.cache_l1_bytes, bytes) << text;
  for (const auto& [text, seconds] : std::map<std::string, std::chrono::seconds>{
           {"90", 90s}, {"45s", 45s}, {"30m", 30min}, {"12h", 12h}, {"7d", 168h}})
    EXPECT_EQ(load({{"JWT_TTL", text}}).value.jwt_ttl, seconds) << text;
}

TEST_F(config_file, environment_wins_over_the_file_and_flags_over_both) {
  constexpr auto text = "PORT=1\nORIGIN_READS=1\nWORKERS=1\nJWT_SECRET=0123456789abcdef0123456789abcdef\n";
  auto found = load_with(text, {{"ORIGIN_READS", "2"}, {"WORKERS", "2"}}, {{"WORKERS", "3"}});
  EXPECT_EQ(found.value.port, 1);
  EXPECT_EQ(found.value.origin_reads, 2);
  EXPECT_EQ(found.value.workers, 3);
  EXPECT_TRUE(found.errors.empty() && found.warnings.empty()) << joined(found.errors) << joined(found.warnings);
}

TEST_F(config_file, empty_value_in_the_environment_leaves_the_files) {
  EXPECT_EQ(load_with("PORT=1\n", {{"PORT", ""}}).value.port, 1);
}

TEST_F(config_file, wrong_value_names_its_source) {
  EXPECT_TRUE(contains(load_with("PORT=x\n").errors, "PORT in " + file_.string() + ": \"x\" is not a whole number"));
  EXPECT_TRUE(contains(load_with("", {}, {{"PORT", "x"}}).errors, "--port (PORT): \"x\" is not a whole number"));
}

TEST_F(config_file, bad_line_is_an_error) {
  EXPECT_TRUE(contains(load_with("PORT=1\nnonsense\n").errors, file_.string() + ":2: "));
}

TEST(config, missing_file_is_no_error) {
  EXPECT_TRUE(load_config({}, std::filesystem::path("/nonexistent/.env"), {}).errors.empty());
}

TEST(config, unknown_flag_is_an_error) { EXPECT_TRUE(contains(load({}, {{"DANCE", "1"}}).errors, "--dance")); }

TEST_F(config_file, likely_misspelling_warns) {
  for (const auto& [slip, meant] : variables{{"REDIS_ULR", "REDIS_URL"},
                                             {"JWT_SECRETS", "JWT_SECRET"},
                                             {"REDISURL", "REDIS_URL"},
                                             {"redis_url", "REDIS_URL"},
                                             {"PROT", "PORT"},
                                             {"CACHE_TLL", "CACHE_TTL"}}) {
    auto warning = slip + " in " + file_.string() + " is not known: did you mean " + meant + "?";
    EXPECT_TRUE(contains(load_with(slip + "=x\n").warnings, warning)) << slip;
  }
  EXPECT_EQ(load_with("COMPOSE_PROJECT_NAME=x\n").warnings.size(), 1u);
}

TEST(config, likely_misspelling_in_the_environment_warns_where_it_begins_alike) {
  EXPECT_TRUE(contains(load({{"REDIS_ULR", "x"}}).warnings, "REDIS_ULR in the environment is not known"));
  EXPECT_TRUE(contains(load({{"PORTS", "x"}}).warnings, "did you mean PORT?"));
  auto usual = load({{"HOME", "x"}, {"PATH", "x"}, {"HOSTNAME", "x"}, {"SHELL", "x"}, {"PWD", "x"}, {"LOGNAME", "x"}});
  EXPECT_EQ(usual.warnings.size(), 1u) << joined(usual.warnings);
}

TEST(config, edit_distance_counts_each_kind_of_slip) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("PORT", "PORT"), 0u);
  EXPECT_EQ(edit_distance("PORT", "PROT"), 1u);
  EXPECT_EQ(edit_distance("PORT", "PORTS"), 1u);
  EXPECT_EQ(edit_distance("PORT", "POR"), 1u);
  EXPECT_EQ(edit_distance("PORT", "PART"), 1u);
  EXPECT_EQ(edit_distance("HOME", "HOST"), 2u);
  EXPECT_EQ(edit_distance("", "HOST"), 4u);
}

TEST(config, redis_url_is_an_endpoint_and_a_secret) {
  auto found = load({{"REDIS_URL", "redis://app:p%40ss@cache:6380/2"}, {"REDIS_HOST", "other"}});
  ASSERT_TRUE(found.value.redis) << joined(found.errors);
  EXPECT_EQ(found.value.redis->hosts, (std::vector<host_port>{{"cache", 6380}}));
  EXPECT_EQ(found.value.redis->database, 2);
  EXPECT_EQ(found.value.redis->user, "app");
  EXPECT_EQ(found.secret.redis_password, "p@ss");
}

TEST(config, redis_host_is_used_where_the_url_is_unset) {
  auto found = load({{"REDIS_HOST", "cache"}, {"REDIS_PASSWORD", "secret"}});
  ASSERT_TRUE(found.value.redis);
  EXPECT_EQ(found.value.redis->hosts, (std::vector<host_port>{{"cache", 6379}}));
  EXPECT_EQ(found.secret.redis_password, "secret");
  EXPECT_EQ(load({{"REDIS_HOST", "::1"}, {"REDIS_PORT", "7000"}}).value.redis->hosts.front().port, 7000);
  EXPECT_FALSE(load({{"REDIS_PORT", "7000"}}).value.redis) << "a port alone is no Redis";
}

TEST(config, redis_password_is_for_a_url_without_one) {
  EXPECT_EQ(load({{"REDIS_URL", "redis://cache"}, {"REDIS_PASSWORD", "outer"}}).secret.redis_password, "outer");
  EXPECT_EQ(load({{"REDIS_URL", "redis://app@cache"}, {"REDIS_PASSWORD", "outer"}}).secret.redis_password, "outer");
  EXPECT_EQ(load({{"REDIS_URL", "redis://:in@cache"}, {"REDIS_PASSWORD", "outer"}}).secret.redis_password, "in");
}

TEST(config, memory_is_a_redis) {
  EXPECT_EQ(load({{"REDIS_URL", "memory://"}}).value.redis->topology, redis_topology::memory);
}

TEST(config, options_of_a_redis_say_how_it_is_found) {
  const auto options = [](const load_result& of) { return redis_options_of(*of.value.redis, of.secret.redis_password, of.value, of.secret); };
  const auto sentinel = options(load({{"REDIS_URL", "rediss+sentinel://app:in@h1,h2:7/main/3"}, {"REDIS_SENTINEL_USER", "watcher"},
                                      {"REDIS_SENTINEL_PASSWORD", "seen"}}));
  ASSERT_TRUE(sentinel.sentinels && sentinel.tls);
  EXPECT_EQ(sentinel.sentinels->at, (std::vector<reprise::redis_address>{{"h1", 26379}, {"h2", 7}}));
  EXPECT_EQ(sentinel.sentinels->master_name, "main");
  EXPECT_EQ(sentinel.sentinels->user, "watcher");
  EXPECT_EQ(sentinel.sentinels->password, "seen");
  EXPECT_EQ(std::tie(sentinel.user, sentinel.password, sentinel.database), std::make_tuple("app", "in", 3));
  const auto cluster = options(load({{"REDIS_URL", "redis+cluster://:in@h1,[::1]:7"}}));
  EXPECT_FALSE(cluster.sentinels || cluster.tls);
  EXPECT_EQ(cluster.cluster, (std::vector<reprise::redis_address>{{"h1", 6379}, {"::1", 7}}));
  EXPECT_TRUE(options(load({{"REDIS_URL", "redis://h1"}})).cluster.empty());
}

TEST(config, store_url_names_a_file) {
  EXPECT_EQ(load({{"STORE_URL", "sqlite:/var/lib/b.db"}}).value.sqlite_file, "/var/lib/b.db");
  EXPECT_EQ(load({{"STORE_URL", "sqlite:///var/lib/b.db"}}).value.sqlite_file, "/var/lib/b.db");
  for (auto text : {"sqlite:", "sqlite://data/b.db", "sqlite::memory:", "sqlite:data/", "data/b.db"})
    EXPECT_EQ(load({{"STORE_URL", text}}).errors.size(), 1u) << text;
}

TEST(config, store_url_of_mongodb_is_a_secret_and_needs_a_database) {
  const std::string url = "mongodb://u:hunter2@one,two:27018/bookings?replicaSet=rs0";
  const auto found = load({{"STORE_URL", url}});
  EXPECT_TRUE(found.errors.empty());
  EXPECT_EQ(found.secret.mongodb_url, url);
  EXPECT_EQ(found.value.store_url, "mongodb://one,two:27018/bookings");
  EXPECT_TRUE(found.value.sqlite_file.empty());
  EXPECT_EQ(load({{"STORE_URL", "mongodb+srv://db.example.com/bookings"}}).value.store_url, "mongodb+srv://db.example.com/bookings");
  EXPECT_FALSE(load({}).secret.mongodb_url);
  for (auto text : {"mongodb://u:hunter2@host", "mongodb://u:hunter2@host/", "mongodb://u:hunter2@host/?w=1", "mongodb://", "mongodb:///x"}) {
    const auto wrong = load({{"STORE_URL", text}});
    ASSERT_EQ(wrong.errors.size(), 1u) << text;
    EXPECT_TRUE(contains(wrong.errors, "STORE_URL"));
    EXPECT_FALSE(contains(wrong.errors, "hunter2"));
  }
}

TEST(config, jwt_secrets_are_one_or_two_of_32_bytes) {
  const std::string a(32, 'a'), b(40, 'b');
  EXPECT_EQ(load({{"JWT_SECRET", a}}).secret.jwt_secrets, (std::vector{a}));
  EXPECT_EQ(load({{"JWT_SECRET", a + "," + b}}).secret.jwt_secrets, (std::vector{a, b}));
  EXPECT_TRUE(load({{"JWT_SECRET", a}}).warnings.empty());
  for (const auto& text : {std::string(31, 'a'), a + ",", "," + a, a + "," + a.substr(1), a + "," + b + "," + a,
                           a + ", " + b, a + "\n"})
    EXPECT_EQ(load({{"JWT_SECRET", text}}).errors.size(), 1u) << text;
}

TEST(config, jwt_secret_unset_is_random_each_time) {
  auto one = load({}).secret.jwt_secrets, other = load({}).secret.jwt_secrets;
  ASSERT_EQ(one.size(), 1u);
  EXPECT_GE(one[0].size(), 32u);
  EXPECT_NE(one, other);
}

TEST(config, admin_needs_email_and_password) {
  auto both = load({{"ADMIN_EMAIL", "Admin@Example.org"}, {"ADMIN_PASSWORD", "long enough"}});
  EXPECT_EQ(both.value.admin_email, "admin@example.org");
  EXPECT_EQ(both.secret.admin_password, "long enough");
  EXPECT_FALSE(contains(both.warnings, "ADMIN_EMAIL"));
  EXPECT_TRUE(contains(load({{"ADMIN_EMAIL", "admin@example.org"}}).warnings, "only together"));
}

TEST(config, payments_need_id_password_and_public_url) {
  const variables whole{{"SSLCOMMERZ_STORE_ID", "shop"},
                        {"SSLCOMMERZ_STORE_PASSWORD", "hunter2"},
                        {"PUBLIC_URL", "https://shop.example/"}};
  const auto good = load(whole);
  EXPECT_TRUE(good.errors.empty()) << joined(good.errors);
  EXPECT_EQ(good.value.sslcommerz_store_id, "shop");
  EXPECT_EQ(good.secret.sslcommerz_store_password, "hunter2");
  EXPECT_EQ(good.value.public_url, "https://shop.example");
  EXPECT_EQ(good.value.sslcommerz_base_url, "https://sandbox.sslcommerz.com");
  for (const auto& name : {"SSLCOMMERZ_STORE_ID", "SSLCOMMERZ_STORE_PASSWORD", "PUBLIC_URL"}) {
    auto part = whole;
    part.erase(name);
    const auto wrong = load(part);
    ASSERT_EQ(wrong.errors.size(), 1u) << name << ": " << joined(wrong.errors);
    EXPECT_TRUE(contains(wrong.errors, name)) << wrong.errors[0];
    EXPECT_FALSE(contains(wrong.errors, "hunter2"));
  }
  EXPECT_TRUE(load({{"PUBLIC_URL", "https://shop.example"}}).errors.empty()) << "an address alone asks for nothing";
}

TEST(config, public_url_leaves_room_for_the_gateways_paths) {
  variables given{{"SSLCOMMERZ_STORE_ID", "shop"}, {"SSLCOMMERZ_STORE_PASSWORD", "hunter2"}};
  const std::string begin = "https://shop.example/";
  given["PUBLIC_URL"] = begin + std::string(200 - begin.size(), 'a');
  EXPECT_TRUE(load(given).errors.empty());
  given["PUBLIC_URL"] += "a";
  EXPECT_TRUE(contains(load(given).errors, "PUBLIC_URL is too long"));
}

TEST(config, gateway_is_http_on_this_machine_alone) {
  EXPECT_TRUE(load({{"SSLCOMMERZ_BASE_URL", "http://localhost:9000/"}}).errors.empty());
  EXPECT_EQ(load({{"SSLCOMMERZ_BASE_URL", "http://localhost:9000/"}}).value.sslcommerz_base_url, "http://localhost:9000");
  for (const auto text : {"http://10.0.0.1", "http://sandbox.sslcommerz.com", "https://u:p@host", "https://host/?a=b",
                          "ftp://host", "sandbox.sslcommerz.com", "https://"})
    EXPECT_TRUE(contains(load({{"SSLCOMMERZ_BASE_URL", text}}).errors, "SSLCOMMERZ_BASE_URL")) << text;
}

template <class T>
concept printable = requires(std::ostream& out, const T& what) { out << what; };
static_assert(!printable<secrets>);

TEST(config, process_environment_is_what_getenv_sees) {
  auto found = process_environment();
  ASSERT_NE(std::getenv("PATH"), nullptr);
  EXPECT_EQ(found.at("PATH"), std::getenv("PATH"));
}

}  // namespace
}  // namespace bookings
