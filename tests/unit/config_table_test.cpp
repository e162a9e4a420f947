// The whole table of configuration variables: each refuses what is wrong, takes what is right, and stands in
// .env.example.
#include "server/config_table.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bookings {
namespace {

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

// A value that each variable refuses, and one that it takes, with others that it has to come with.
struct sample {
  std::string name, wrong, right;
  variables with = {};
};
const std::vector<sample> samples{
    {"HOST", "not a host!", "0.0.0.0"},
    {"PORT", "65536", "0"},
    {"WORKERS", "0", "256"},
    {"API_STYLE", "koa", "express"},
    {"DEPLOYMENT_ID", "a/b", "shop-1.eu_west"},
    {"STORE_URL", "postgres://host/db", "sqlite:/var/lib/x.db"},
    {"MONGO_COLLECTIONS", "bookings", "bookings=lessons"},
    {"MONGO_FIELDS", "bookings.studnt=pupil", "bookings.student=pupil"},
    {"STORE_DELAY_MS", "-1", "200"},
    {"ORIGIN_READS", "0", "100000"},
    {"REDIS_URL", "http://hunter2", "redis://:hunter2@host:6379/0"},
    {"REDIS_HOST", "a b", "redis"},
    {"REDIS_PORT", "tcp://10.0.0.1:6379", "6380"},
    {"REDIS_PASSWORD", "hunter2\n", "hunter2"},
    {"REDIS_CA_FILE", "/nonexistent/ca.pem", REPRISE_SOURCE_TREE "/README.md"},
    {"REDIS_CERT_FILE", "/", REPRISE_SOURCE_TREE "/README.md"},
    {"REDIS_KEY_FILE", "/nonexistent/key.pem", REPRISE_SOURCE_TREE "/README.md"},
    {"REDIS_SERVER_NAME", "-x-", "redis.example"},
    {"REDIS_SENTINEL_USER", "a\nb", "watcher"},
    {"REDIS_SENTINEL_PASSWORD", "hunter2\n", "hunter2"},
    {"REDIS_DEADLINE_MS", "50ms", "1"},
    {"QUEUE_REDIS_URL", "redis://hunter2@", "rediss://host"},
    {"CACHE_TTL", "0", "10m"},
    {"CACHE_L1_BYTES", "64 apples", "0"},
    {"CACHE_L1_MODE", "on", "tracked"},
    {"JWT_SECRET", "hunter2", "hunter2hunter2hunter2hunter2hunt"},
    {"JWT_TTL", "7 weeks", "45s"},
    {"ADMIN_EMAIL", "hunter2", "admin@example.org"},
    {"ADMIN_PASSWORD", "hunter2", "hunter22"},
    {"AUTH_RATE_LIMIT", "many", "0"},
    {"CORS_ORIGINS", "https://app.example/path", "https://app.example, http://localhost:3000"},
    {"TRUSTED_PROXIES", "proxy.example", "10.0.0.0/8,::1"},
    {"LOG_LEVEL", "loud", "debug"},
    {"LOG_FORMAT", "xml", "json"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://collector:4318/v1"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "hunter2", "api-key=hunter2,x-tenant=a%20b"},
    {"OTEL_SERVICE_NAME", "a\nb", "bookings"},
    {"OTEL_TRACES_SAMPLER", "sometimes", "parentbased_traceidratio"},
    {"OTEL_TRACES_SAMPLER_ARG", "1.5", "0.01"},
    {"SSLCOMMERZ_STORE_ID",
     "a\x01",
     "shop",
     {{"SSLCOMMERZ_STORE_PASSWORD", "hunter2"}, {"PUBLIC_URL", "https://shop.example"}}},
    {"SSLCOMMERZ_STORE_PASSWORD",
     "hunter2\x7f",
     "hunter2",
     {{"SSLCOMMERZ_STORE_ID", "shop"}, {"PUBLIC_URL", "https://shop.example"}}},
    {"SSLCOMMERZ_BASE_URL", "http://gateway.example", "http://127.0.0.1:9000"},
    {"PUBLIC_URL", "https://u:hunter2@shop.example", "https://shop.example/"},
};

TEST(config_samples, cover_each_row_of_the_table) {
  std::set<std::string> sampled, known;
  for (const auto& each : samples) sampled.insert(each.name);
  for (const auto& row : config_table()) known.insert(row.name);
  EXPECT_EQ(sampled, known);
}

TEST(config_samples, wrong_value_is_one_error_that_names_the_variable) {
  for (const auto& each : samples) {
    auto found = load({{each.name, each.wrong}});
    ASSERT_EQ(found.errors.size(), 1u) << each.name << ": " << joined(found.errors);
    EXPECT_TRUE(found.errors[0].starts_with(each.name + " in the environment: ")) << found.errors[0];
    EXPECT_TRUE(contains(found.errors, "Allowed: ")) << found.errors[0];
    EXPECT_EQ(found.errors[0].find("hunter2"), std::string::npos) << found.errors[0];
    EXPECT_EQ(found.errors[0].find('\n'), std::string::npos) << found.errors[0];
  }
}

TEST(config_samples, right_value_is_no_error) {
  for (const auto& each : samples) {
    auto given = each.with;
    given[each.name] = each.right;
    auto found = load(given);
    EXPECT_TRUE(found.errors.empty()) << joined(found.errors);
    EXPECT_EQ(joined(found.warnings).find("hunter2"), std::string::npos) << joined(found.warnings);
  }
}

TEST(config_samples, empty_value_is_no_value) {
  variables all;
  for (const auto& row : config_table()) all[row.name] = "";
  auto found = load(all, all);
  EXPECT_TRUE(found.errors.empty()) << joined(found.errors);
  EXPECT_EQ(found.warnings.size(), 1u) << joined(found.warnings);
  EXPECT_EQ(found.value.port, 8080);
}

const std::filesystem::path source_tree = REPRISE_SOURCE_TREE;

// .env.example: under a comment with its meaning, NAME=default.
struct example_row {
  std::string meaning, preset;
};

std::map<std::string, example_row> read_example() {
  std::map<std::string, example_row> found;
  std::ifstream file(source_tree / ".env.example");
  EXPECT_TRUE(file) << "no .env.example in " << source_tree;
  std::string comment;
  for (std::string line; std::getline(file, line);) {
    bool is_comment = line.starts_with("#");
    auto equals = line.find('=');
    if (!is_comment && equals != std::string::npos) {
      EXPECT_TRUE(found.emplace(line.substr(0, equals), example_row{comment, line.substr(equals + 1)}).second) << line;
    }
    comment = is_comment && line.size() > 2 ? line.substr(2) : "";
  }
  return found;
}

TEST(env_example, lists_each_variable_of_the_table_with_default_and_meaning) {
  auto example = read_example();
  for (const auto& row : config_table()) {
    ASSERT_TRUE(example.contains(row.name)) << row.name;
    EXPECT_EQ(example[row.name].preset, row.preset) << row.name;
    const auto& meaning = row.meaning;
    EXPECT_EQ(example[row.name].meaning, meaning);
    example.erase(row.name);
  }
  EXPECT_TRUE(example.empty()) << "not in the table: " << example.begin()->first;
}

TEST(env_example, copied_as_it_is_changes_nothing) {
  auto found = load_config({}, source_tree / ".env.example", {});
  EXPECT_TRUE(found.errors.empty()) << joined(found.errors);
  EXPECT_EQ(found.warnings, load({}).warnings);
}

}  // namespace
}  // namespace bookings
