// Redis switched off and on by hand, for a demonstration (`serve --demo`): a backend around another one. While it is
// off the session is ended and none can be opened, as where the server is away.
//
// Thread-safe, as every backend.
#pragma once

#include "reprise/backend.hpp"

#include <memory>

namespace bookings::ops {

class demo_switch {
 public:
  virtual ~demo_switch() = default;
  virtual void turn(bool on) = 0;
  virtual bool is_on() const noexcept = 0;
};

struct switched_backend {
  std::shared_ptr<reprise::backend> where;  // to be used in the place of `inner`
  std::shared_ptr<demo_switch> by;
};
switched_backend make_switched_backend(std::shared_ptr<reprise::backend> inner);

}  // namespace bookings::ops
