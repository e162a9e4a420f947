// The tables as rows, for copying (server/stores/bulk.hpp).
#pragma once

#include "server/stores/bulk.hpp"
#include "server/stores/sqlite/connection.hpp"

namespace bookings::sqlite {

// As bulk_reader and bulk_target say, in whatever transaction is open; SQLite's failures are thrown as they are.
std::int64_t count_records(connection& on, record_kind kind);
std::vector<record> read_records(connection& on, record_kind kind, const std::string& after, std::size_t limit);
enum class existing { stays, becomes_this };
// Throws std::runtime_error that names the row where a rule of the tables stands against it.
void write_records(connection& on, record_kind kind, const std::vector<record>& rows, existing row);
void remove_records(connection& on, record_kind kind, const std::vector<std::string>& keys);

}  // namespace bookings::sqlite
