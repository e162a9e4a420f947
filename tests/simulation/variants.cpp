#include "tests/simulation/variants.hpp"

namespace reprise::simulation {
namespace {

constexpr variant table[] = {
    {"generation", "the check of the generation at the commit of a fill",
     [](rule_set& rules) { rules.engine.commit_without_generation_check = true; }},
    {"collapse", "collapsing by generation: by key alone", [](rule_set& rules) { rules.engine.collapse_by_key_alone = true; }},
    {"order", "commit first, then invalidate", [](rule_set& rules) { rules.commit_before_invalidate = false; }},
    {"outbox", "rows in the outbox", [](rule_set& rules) { rules.store.has_outbox = false; }},
    {"replay", "the replay before trust",
     [](rule_set& rules) {
       rules.engine.trust_without_replay = true;
       rules.aimed_at = bit(fault::cut_redis);
     }},
    {"waiting", "waiting for other nodes' leases", [](rule_set& rules) { rules.engine.answer_without_waiting = true; }},
    {"lease", "leases: trust has no end of its own", [](rule_set& rules) { rules.engine.trust_without_lease = true; }},
    {"late", "a renewal that answers too late is none",
     [](rule_set& rules) {
       rules.engine.accept_late_renewals = true;
       rules.is_cluster = false;
       rules.aimed_at = bit(fault::cut_store);
     }},
    {"idempotent", "an idempotent repetition waits as the write does", [](rule_set& rules) { rules.repetitions_wait = false; }},
    {"connections", "one identity for all connections of a node",
     [](rule_set& rules) { rules.redis.one_identity_for_all_connections = false; }},
    {"replid", "the replication id in the identity", [](rule_set& rules) { rules.redis.identity_has_replication_id = false; }},
    {"names", "a name of its own for the lease of each process",
     [](rule_set& rules) {
       rules.nodes_have_fresh_names = false;
       rules.engine.node = "the only one";
       rules.aimed_at = bit(fault::kill);
     }},
    {"skew", "leases read after the commit", [](rule_set& rules) { rules.store.leases_read_after_commit = false; }},
    {"intents", "an intent collects no acknowledgement",
     [](rule_set& rules) {
       rules.store.intents_collect_no_acknowledgements = false;
       rules.kind = store_kind::intents;
     }},
    {"barrier", "a fill's barrier on a store with several primaries",
     [](rule_set& rules) {
       rules.store.fills_wait_for_a_barrier = false;
       rules.kind = store_kind::intents;
     }},
    {"nonce", "a nonce in the stamp",
     [](rule_set& rules) {
       rules.store.has_nonces = false;
       rules.aimed_at = bit(fault::split);
     }},
    {"tables", "the table's hash in the identity towards the log",
     [](rule_set& rules) {
       rules.engine.identity_without_table = true;
       rules.always_two_tables = true;
     }},
    {"stamp", "the table's hash in the stamp, by itself and by the nonce",
     [](rule_set& rules) {
       rules.engine.stamp_without_table = true;
       rules.store.nonces_are_of_identities = false;
       rules.always_two_tables = true;
     }},
    {"unknown", "a row that cannot be read is everything",
     [](rule_set& rules) {
       rules.engine.unknown_rows_touch_nothing = true;
       rules.always_two_tables = true;
     }},
    {"news", "a tracked generation is kept only if no news of it came since it was asked for",
     [](rule_set& rules) {
       rules.engine.keep_generations_of_late_replies = true;
       rules.local = local_copies::tracked;
     }},
    {"emptied", "a server that takes over another's data ends its sessions",
     [](rule_set& rules) { rules.redis.emptied_data_ends_sessions = false; }},
    {"redirects", "MOVED and ASK are errors: what another server executed counts as done here",
     [](rule_set& rules) {
       rules.redis.redirects_are_errors = false;
       rules.is_cluster = true;
       rules.aimed_at = bit(fault::split);
     }},
    {"slots", "the slots in a cluster's identity",
     [](rule_set& rules) {
       rules.redis.identity_has_slots = false;
       rules.is_cluster = true;
     }},
    {"epochs", "the config epochs in a cluster's identity",
     [](rule_set& rules) {
       rules.redis.identity_has_epochs = false;
       rules.is_cluster = true;
     }},
    {"moved", "MOVED is no acknowledgement of an invalidation",
     [](rule_set& rules) {
       rules.redis.moved_is_no_acknowledgement = false;
       rules.is_cluster = true;
     }},
    {"absent", "an invalidation names a key that is never there",
     [](rule_set& rules) {
       rules.redis.invalidations_name_an_absent_key = false;
       rules.is_cluster = true;
     }},
    {"tenure", "an invalidation counts only where the master's config epoch is still what the view names",
     [](rule_set& rules) {
       rules.redis.invalidations_see_the_epoch = false;
       rules.is_cluster = true;
     }},
};

}  // namespace

std::span<const variant> variants() noexcept { return table; }

}  // namespace reprise::simulation
