// Memory of the simulation, which takes and gives back some million small pieces a second: lists of free pieces, one for each
// size, each thread's own. Nothing is returned to the system before the end. A tenth faster than malloc; without a sanitizer
// only, since it would see nothing.
#include <cstddef>
#include <cstdlib>
#include <new>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t step = 32, classes = 64;  // pieces of up to 2 KiB; larger ones are malloc's
constexpr std::size_t slab = 256 * 1024;

// In front of each piece: of which size it is. 0 is malloc's.
struct alignas(16) header {
  std::size_t size_class;
  header* next;
};

struct pool {
  header* free[classes + 1];
  char* fresh;
  std::size_t left;
};
thread_local constinit pool mine{};

void* take(std::size_t bytes) {
  const auto size_class = (bytes + step - 1) / step;
  if (size_class > classes || size_class == 0) {
    auto* piece = static_cast<header*>(std::malloc(sizeof(header) + bytes));
    if (piece == nullptr) throw std::bad_alloc();
    piece->size_class = 0;
    return piece + 1;
  }
  if (auto* piece = mine.free[size_class]) {
    mine.free[size_class] = piece->next;
    return piece + 1;
  }
  const auto whole = sizeof(header) + size_class * step;
  if (mine.left < whole) {
    mine.fresh = static_cast<char*>(std::malloc(slab));
    if (mine.fresh == nullptr) throw std::bad_alloc();
    mine.left = slab;
  }
  auto* piece = reinterpret_cast<header*>(mine.fresh);
  mine.fresh += whole;
  mine.left -= whole;
  piece->size_class = size_class;
  return piece + 1;
}

void give_back(void* memory) noexcept {
  if (memory == nullptr) return;
  auto* piece = static_cast<header*>(memory) - 1;
  if (piece->size_class == 0) return std::free(piece);
  piece->next = mine.free[piece->size_class];
  mine.free[piece->size_class] = piece;
}

}  // namespace

void* operator new(std::size_t bytes) { return take(bytes); }
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }

#endif
