#include "src/engine/local_entries.hpp"

#include <utility>

namespace reprise::engine {

std::shared_ptr<const local_entry> make_local_entry(std::shared_ptr<const std::string> bytes) {
  const auto decoded = core::decode_entry(*bytes);
  if (!decoded) return nullptr;
  return std::make_shared<const local_entry>(local_entry{std::move(bytes), *decoded});
}

}  // namespace reprise::engine
