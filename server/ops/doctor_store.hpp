// The checks of the store. They change nothing of it.
#pragma once

#include "server/ops/doctor_judgements.hpp"
#include "server/stores/inspection.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bookings::ops {

struct store_patient {
  std::string address;                                      // as it may be shown
  std::filesystem::path file;                               // empty where it is no file
  std::function<std::unique_ptr<store_inspection>()> open;  // throws where it cannot be looked at
  bool has_cache = false;
  std::string redis_identity;  // of the Redis that this process would use; empty where it is not known
};

std::vector<examined> examine_store(const store_patient& patient);

}  // namespace bookings::ops
