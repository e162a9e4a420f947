#include "src/backends/redis/server_facts.hpp"

#include <gtest/gtest.h>

namespace reprise::redis {
namespace {

server_facts usable() { return {"7.0.15", "standalone", "master", "run", "replication"}; }

TEST(server_facts, are_read_line_by_line) {
  const auto facts = read_facts("# Server\r\nredis_version:7.2.4\r\nredis_mode:cluster\r\nrun_id:abc\r\n",
                                "# Replication\r\nrole:slave\r\nmaster_replid:def\r\nmaster_replid2:0\r\n");
  EXPECT_EQ(facts.version, "7.2.4");
  EXPECT_EQ(facts.mode, "cluster");
  EXPECT_EQ(facts.run_id, "abc");
  EXPECT_EQ(facts.role, "slave");
  EXPECT_EQ(facts.replication_id, "def");
}

TEST(server_facts, of_valkey_8_have_their_mode_under_another_name) {
  const auto info = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\nserver_mode:cluster\r\nrun_id:abc\r\n";
  EXPECT_EQ(read_facts(info, "").mode, "cluster");
}

TEST(server_facts, of_anything_are_empty) {
  for (const auto* text : {"", "\r\n", ":", "run_id", "run_id:", "xrun_id:1\r\n", "role :master"}) {
    const auto facts = read_facts(text, text);
    EXPECT_TRUE(facts.run_id.empty() && facts.role.empty()) << text;
    EXPECT_FALSE(identity_of(facts).has_value());
    EXPECT_FALSE(why_unusable(facts).empty());
  }
}

TEST(server_facts, make_an_identity_of_run_and_replication) {
  EXPECT_EQ(identity_of(usable()).value(), "run/replication");
  auto replica = usable();
  replica.role = "slave";
  EXPECT_EQ(identity_of(replica).error(), errc::wrong_role);
  for (auto server_facts::*part : {&server_facts::role, &server_facts::run_id, &server_facts::replication_id}) {
    auto facts = usable();
    (facts.*part).clear();
    EXPECT_EQ(identity_of(facts).error(), errc::bad_reply);
    EXPECT_NE(why_unusable(facts).find("is not told"), std::string::npos);
  }
}

TEST(server_facts, oldest_version_is_6_2) {
  auto facts = usable();
  for (const auto* good : {"6.2.0", "6.2", "6.10.1", "7.0.15", "10.0.0", ""}) {  // none told: HELLO 3 was understood
    facts.version = good;
    EXPECT_EQ(why_unusable(facts), "") << good;
  }
  for (const auto* old : {"6.1.240", "6.0.16", "5.0.14", "2.8", "6", "x", "6.x"}) {
    facts.version = old;
    EXPECT_NE(why_unusable(facts).find("6.2 is the oldest"), std::string::npos) << old;
  }
}

TEST(server_facts, of_a_node_of_a_cluster_have_its_epoch_in_the_identity) {
  const auto facts = read_facts("txt:run_id:abc\r\nredis_mode:cluster\r\n", "role:master\r\nmaster_replid:def\r\n",
                                "txt:cluster_state:ok\r\ncluster_current_epoch:9\r\ncluster_my_epoch:7\r\n");
  EXPECT_EQ(facts.cluster_state, "ok") << "RESP3 has the text's format before its first line";
  EXPECT_EQ(identity_of(facts).value(), "abc/def/7");
  EXPECT_EQ(why_unusable(facts, "cluster"), "");
  EXPECT_NE(why_unusable(facts).find("use redis+cluster://"), std::string::npos);
  auto down = facts;
  down.cluster_state = "fail";
  EXPECT_EQ(identity_of(down).error(), errc::refused);
  EXPECT_NE(why_unusable(down, "cluster").find("cluster_state:fail"), std::string::npos);
  auto silent = facts;
  silent.config_epoch.clear();
  EXPECT_EQ(identity_of(silent).error(), errc::bad_reply);
  EXPECT_NE(why_unusable(silent, "cluster").find("is not told"), std::string::npos);
}

TEST(server_facts, name_what_is_no_master_of_one_server) {
  for (const auto& [mode, word] : {std::pair{"sentinel", "a sentinel"}, {"cluster", "a node of a cluster"}}) {
    auto facts = usable();
    facts.mode = mode;
    EXPECT_NE(why_unusable(facts).find(word), std::string::npos);
  }
}

}  // namespace
}  // namespace reprise::redis
