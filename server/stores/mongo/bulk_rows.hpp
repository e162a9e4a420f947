// The collections as rows, for copying (server/stores/bulk.hpp).
#pragma once

#include "server/stores/bulk.hpp"
#include "server/stores/mongo/link.hpp"

namespace bookings::mongo {

// As bulk_reader and bulk_target say. Throw failure; bad_document where one cannot be read.
std::int64_t count_records(link& on, record_kind kind);
std::vector<record> read_records(link& on, record_kind kind, const std::string& after, std::size_t limit);
void add_records(link& on, record_kind kind, const std::vector<record>& rows);
// Leaves what a server has changed since it was copied as it is; returns how many were corrected.
std::int64_t correct_records(link& on, record_kind kind, const std::vector<record>& rows);
void remove_records(link& on, record_kind kind, const std::vector<std::string>& keys);

}  // namespace bookings::mongo
