// Tells the service manager how the program is: READY=1, STOPPING=1 (systemd's sd_notify(3), "Type=notify").
#pragma once

#include <string_view>

namespace bookings {

// One datagram to the socket that NOTIFY_SOCKET names. Without one, and where it cannot be sent, nothing happens: whoever
// waits for it has a limit of its own.
void tell_service_manager(std::string_view state) noexcept;

}  // namespace bookings
