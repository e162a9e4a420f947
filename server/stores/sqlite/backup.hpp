// A copy of the store's file, made while servers use it; its way back; and what becomes of a copy when a server is
// started on it.
//
// Entries in Redis are told from those of another store by the nonces in cache_identities. A copy that kept them would
// take entries of the store that went on living for its own: newer than what it holds itself. So a backup has none, and
// whatever Redis it meets starts cold. That holds however often the same backup is restored. A copy made by other means
// keeps them until restore() takes them away; docs/operations.md says what it means to put one in place by hand.
#pragma once

#include "server/domain/time.hpp"
#include "server/stores/sqlite/connection.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace bookings::sqlite {

enum class overwrite { no, yes };

struct backup_options {
  std::string from, to;  // paths of files
  overwrite existing = overwrite::no;
  // Called now and then with 0 to 100; false ends the backup. May be empty.
  std::function<bool(int percent)> progress = {};
};

// Copies one snapshot of the store, checks the copy, and only then gives it its name: `to` is whole and sound, or as it
// was. Readable to its owner alone, as the store is. Writers go on meanwhile; the log that they write is not cut back
// until the copy is done. Returns the copy's bytes. Throws std::runtime_error, which says what and why, also where
// progress ended it.
std::uintmax_t back_up(const backup_options& wanted);

// Puts a copy of the backup `from` in place of the store `to`. What is there now is kept under another name, which is
// returned. Any sound copy of a store will do, also one made by other means: it is set apart all the same. Throws
// std::runtime_error, also where a server uses the store. `existing` means nothing here.
std::optional<std::string> restore(const backup_options& wanted);

// What a backup says of itself until a server was started on it.
struct backup_mark {
  std::string of;  // the identity of the store that was copied
  time_point at{};
};

// Takes the mark off, if there is one, and with it every nonce. REQUIRES: the newest schema, no transaction. Several
// processes may call it at once: one of them gets the mark.
std::optional<backup_mark> settle_backup(connection& on);

}  // namespace bookings::sqlite
